from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import combinations, pairwise, permutations, product
from math import comb

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.matching.classes import course, pairs, people
from threefold.core.grouping import Group, Person
from threefold.core.roles import Role, Turning
from threefold.matching import (
    BRIEF,
    CourseProblem,
    Ground,
    Plan,
    Remainder,
    Together,
    bounds,
    explain,
    meetings,
    plan_course,
    repeats,
)
from threefold.matching.bounds.small_classes import LEAST_REPEATS

# Figures


@pytest.mark.parametrize(
    ("count", "sessions", "least", "ground"),
    [
        (15, 7, 0, Ground.NOTHING),
        (16, 10, 60, Ground.BY_PERSON),
        (17, 10, 74, Ground.BY_PERSON),
        (20, 12, 98, Ground.BY_PERSON),
        (13, 8, 42, Ground.BY_PERSON),
        (14, 8, 53, Ground.BY_PERSON),
        (12, 10, 54, Ground.BY_PERSON),
        (7, 2, 3, Ground.BY_PIGEONHOLE),
        (10, 4, 3, Ground.BY_PIGEONHOLE),
        (11, 4, 8, Ground.BY_TRYING),
        (12, 4, 0, Ground.NOTHING),
        (12, 5, 3, Ground.BY_TRYING),
        (12, 6, 7, Ground.BY_TRYING),
        (13, 5, 3, Ground.BY_TRYING),
    ],
)
def test_the_least_repeats_and_why(count: int, sessions: int, least: int, ground: Ground) -> None:
    limits = bounds(course(count, sessions))

    assert (limits.least_repeats, limits.ground) == (least, ground)


def test_one_keep_apart_pair_among_fifteen_costs_two_repeats() -> None:
    limits = bounds(course(15, 7, apart=pairs("AB")))

    assert limits.least_repeats == 2
    assert limits.stretched == (("A", 14, 13), ("B", 14, 13))


def test_two_who_may_meet_each_other_share_a_repeat() -> None:
    both_short = pairs("AC", "BD")

    assert bounds(course(15, 7, apart=both_short)).least_repeats == 2
    assert bounds(course(15, 7, apart=pairs("AB", "AC", "BC"))).least_repeats == 6


def test_three_who_are_twice_alone_together_repeat_whatever_comes_later() -> None:
    often = course(9, 4)
    problem = replace(often, present=(frozenset("ABC"), frozenset("ABC"), *often.present[2:]))

    assert bounds(problem).least_repeats == 3
    assert bounds(often).least_repeats == 0


def test_what_happened_before_makes_first_meetings_repeats() -> None:
    everyone = dict.fromkeys(map(frozenset, combinations(people(9), 2)), 1)

    limits = bounds(replace(course(9, 2), met=everyone))

    assert (limits.least_repeats, limits.least_most) == (18, 2)


def test_a_session_drawn_from_a_frozen_one_of_two_groups_repeats() -> None:
    held = {0: (Group(tuple("ABC")), Group(tuple("DEF")))}

    assert bounds(replace(course(6, 2), frozen=held)).least_repeats == 2


def test_pins_and_pairs_to_be_together_are_certain() -> None:
    trio = Group(tuple("ABC"))
    pinned = replace(course(9, 3), pinned={0: (trio,), 2: (trio,)})
    together = replace(course(9, 3), together=tuple(Together(frozenset("AB"), number) for number in range(3)))
    somewhere = replace(course(9, 3), together=(Together(frozenset("AB")),), met={frozenset("AB"): 1})

    assert (bounds(pinned).least_repeats, bounds(pinned).ground) == (3, Ground.SETTLED)
    assert bounds(together).least_repeats == 2
    assert bounds(somewhere).least_repeats == 1
    assert bounds(course(9, 3)).least_repeats == 0


def test_who_is_to_be_with_two_people_brings_those_together() -> None:
    chain = (Together(frozenset("AB"), 0), Together(frozenset("BC"), 0))

    assert bounds(replace(course(9, 1), together=chain, met={frozenset("AC"): 1})).least_repeats == 1


@pytest.mark.parametrize(
    ("problem", "spread", "fours"),
    [
        (course(15, 7), 0, 0),
        (course(16, 10), 3, 1),
        (course(16, 8), 2, 0),
        (course(14, 6, remainder=Remainder.PAIR_WITH_TUTOR), 1, 0),
        (replace(course(10, 9), turning=Turning.ONE_ROUND), 2, 1),
        (replace(course(16, 8), turning=Turning.ONE_ROUND), 1, 0),
        (course(13, 4, away={0: "A", 1: "A", 2: "A"}), 1, 1),
    ],
)
def test_the_least_spread_of_roles_and_of_seats_in_fours(problem: CourseProblem, spread: int, fours: int) -> None:
    limits = bounds(problem)

    assert (limits.least_spread, limits.least_fours) == (spread, fours)


def test_role_minutes_served_before_count_in_minutes() -> None:
    had = {"A": {Role.COUNSELLOR: 60, Role.CLIENT: 0, Role.OBSERVER: 0}}
    problem = replace(course(3, 2), turning=Turning.ONE_ROUND, served=had, round_minutes=20)

    assert bounds(problem).least_spread == 40


# Against every plan there is


def every_seating(here: Sequence[Person], sizes: Sequence[int]) -> Iterator[tuple[Group, ...]]:
    """All ways to divide these people into groups of these sizes."""
    if not here:
        yield ()
        return
    first, rest = here[0], here[1:]
    for size in sorted(set(sizes)):
        left = list(sizes)
        left.remove(size)
        for mates in combinations(rest, size - 1):
            others = [person for person in rest if person not in mates]
            for groups in every_seating(others, left):
                yield (Group((first, *mates), tutor=size == 2), *groups)


def every_plan(problem: CourseProblem) -> Iterator[Plan]:
    """All plans that keep the rules, whoever begins."""

    def may_be(number: int, groups: Iterable[Group]) -> bool:
        there = {pair for group in groups for pair in group.pairs()}
        must = {rule.pair for rule in problem.together if rule.session == number}
        pinned = [set(group.members) for group in problem.pinned.get(number, ())]
        return (
            not there & problem.apart
            and must <= there
            and all(any(set(group.members) == pin for group in groups) for pin in pinned)
        )

    choices: list[list[tuple[Group, ...]]] = [
        [problem.frozen[number]]
        if number in problem.frozen
        else [
            groups for groups in every_seating(problem.here(number), problem.shapes()[number]) if may_be(number, groups)
        ]
        for number in range(len(problem.present))
    ]
    for sessions in product(*choices):
        plan = Plan(sessions)
        met = meetings(sessions)
        if all(met[rule.pair] for rule in problem.together if rule.session is None):
            yield plan


@st.composite
def tiny(draw: st.DrawFn) -> CourseProblem:
    """Three to seven people over one to three sessions, with every kind of rule."""
    everybody = people(draw(st.integers(3, 7)))
    sessions = draw(st.integers(1, 3 if len(everybody) < 7 else 2))
    someone, number = st.sampled_from(everybody), st.integers(0, sessions - 1)
    two = st.frozensets(someone, min_size=2, max_size=2)
    away = draw(st.lists(st.frozensets(someone, max_size=2), min_size=sessions, max_size=sessions))
    present = tuple(frozenset(everybody) - gone for gone in away)
    remainder = draw(st.sampled_from(Remainder))
    problem = CourseProblem(
        everybody,
        present,
        draw(st.frozensets(two, max_size=3)),
        remainder,
        together=tuple(Together(*rule) for rule in draw(st.lists(st.tuples(two, st.none() | number), max_size=2))),
        met=draw(st.dictionaries(two, st.integers(1, 2), max_size=5)),
        served=draw(
            st.dictionaries(someone, st.fixed_dictionaries({role: st.integers(0, 2) for role in Role}), max_size=2)
        ),
    )
    if draw(st.booleans()) and len(present[0]) > 1:
        seated = next(every_seating(problem.here(0), problem.shapes()[0]))
        kind = draw(st.sampled_from(("frozen", "pinned")))
        held, kept = ({0: seated}, {}) if kind == "frozen" else ({}, {0: seated[:1]})
        problem = replace(problem, frozen=held, pinned=kept)
    return problem


@given(tiny())
@settings(max_examples=60, deadline=None)
def test_no_plan_at_all_lies_below_a_bound(problem: CourseProblem) -> None:
    plans = list(every_plan(problem))
    assume(plans)

    limits = bounds(problem)

    before = Counter(problem.met)
    assert limits.least_repeats <= min(repeats(plan, problem.met) for plan in plans)
    assert limits.least_most <= min(max((before + meetings(plan.sessions)).values(), default=0) for plan in plans)
    assert all(limits.meetings == meetings(plan.sessions).total() for plan in plans)
    told = [explain(problem, plan) for plan in plans[:: 1 + len(plans) // 50]]
    here = frozenset().union(*problem.present)
    assert all(limits.least_spread <= some.spread for some in told)
    fours = [[count for person, count in some.fours.items() if person in here] for some in told]
    assert all(limits.least_fours <= max(counts, default=0) - min(counts, default=0) for counts in fours)


@given(st.integers(7, 24), st.integers(1, 8), st.sampled_from(Remainder), st.data())
@settings(max_examples=15, deadline=None)
def test_no_bound_lies_above_what_is_planned(
    count: int, sessions: int, remainder: Remainder, data: st.DataObject
) -> None:
    someone = st.sampled_from(people(count))
    two = st.frozensets(someone, min_size=2, max_size=2)
    away = {number: "".join(data.draw(st.frozensets(someone, max_size=3))) for number in range(sessions)}
    problem = course(count, sessions, away=away, remainder=remainder, apart=data.draw(st.frozensets(two, max_size=3)))

    plan = plan_course(problem, effort=BRIEF)

    assume(isinstance(plan, Plan))
    assert isinstance(plan, Plan)
    limits, told = bounds(problem), explain(problem, plan)
    assert limits.least_repeats <= told.repeats
    assert limits.least_most <= told.figures.most_together
    assert limits.least_spread <= told.spread


# Small classes, by trying


class Sessions:
    """All sessions of a class as sets of pairs, a bit for each: repeats are meetings less different pairs."""

    def __init__(self, sizes: Sequence[int]) -> None:
        everybody = people(sum(sizes))
        self.bit = {frozenset(pair): 1 << place for place, pair in enumerate(combinations(everybody, 2))}
        self.all = [self.pairs_of(groups) for groups in every_seating(everybody, sizes)]
        ends = [sum(sizes[:place]) for place in range(len(sizes) + 1)]
        self.rows = [everybody[first:end] for first, end in pairwise(ends)]
        self.first = self.pairs_of([Group(row) for row in self.rows])
        self.each = sum(comb(size, 2) for size in sizes)

    def pairs_of(self, groups: Iterable[Group]) -> int:
        return sum(self.bit[pair] for group in groups for pair in group.pairs())

    def up_to_renaming(self, sessions: Iterable[int]) -> list[int]:
        """One session of each kind, where people may change names as long as the first session stays."""
        renamings = []
        for row in self.rows:
            renamings += [{one: other, other: one} for one, other in pairwise(row)]
        for row, other_row in combinations(self.rows, 2):
            if len(row) == len(other_row):
                renamings.append(dict(zip(row + other_row, other_row + row, strict=True)))
        return self.kinds(sessions, renamings)

    def kinds(self, sessions: Iterable[int], renamings: Sequence[dict[Person, Person]]) -> list[int]:
        moved = [
            [(bit, self.bit[frozenset(names.get(person, person) for person in pair)]) for pair, bit in self.bit.items()]
            for names in renamings
        ]
        waiting, found = set(sessions), []
        while waiting:
            found.append(min(waiting))
            reached = [found[-1]]
            waiting.discard(found[-1])
            while reached:
                session = reached.pop()
                for moves in moved:
                    renamed = sum(new for old, new in moves if session & old)
                    if renamed in waiting:
                        waiting.discard(renamed)
                        reached.append(renamed)
        return found


@pytest.mark.parametrize(("sizes", "count", "least"), [((3, 3), 3, 5), ((3, 2, 2), 4, 1)])
def test_every_plan_of_a_tiny_class_has_so_many_repeats(sizes: tuple[int, ...], count: int, least: int) -> None:
    """Unions of pairs, session by session."""
    sessions = Sessions(sizes)

    unions = {sessions.first}
    for _ in range(count - 1):
        unions = {union | session for union in unions for session in sessions.all}

    assert LEAST_REPEATS[sizes][count] == least == count * sessions.each - max(map(int.bit_count, unions))


@pytest.mark.parametrize(
    "sizes", [(3, 3, 3, 3), pytest.param((3, 3, 3, 4), marks=pytest.mark.heavy)], ids=["twelve", "thirteen"]
)
def test_five_sessions_of_twelve_or_thirteen_people_have_three_repeats(sizes: tuple[int, ...]) -> None:
    """With two repeats at most, three of the five sessions have no pair in common (sessions with a pair in common
    are joined by at most three edges, and three only form a triangle): from such three everything is tried."""
    sessions = Sessions(sizes)
    strangers = [session for session in sessions.all if not session & sessions.first]
    fewest = 5 * sessions.each
    for second in sessions.up_to_renaming(strangers):
        for third in strangers:
            if third & second:
                continue
            three = sessions.first | second | third
            close = [(shared, some) for some in sessions.all if (shared := (some & three).bit_count()) <= 2]
            some_way = [
                5 * sessions.each - (three | one | other).bit_count()
                for (shared, one), (also, other) in product(close, close)
                if shared + also <= 2
            ]
            fewest = min([fewest, *some_way])
            assert fewest >= LEAST_REPEATS[sizes][5] == 3


@pytest.mark.heavy
def test_four_sessions_of_eleven_people_have_eight_repeats() -> None:
    """Every second session up to renaming, with every third and fourth."""
    numpy = pytest.importorskip("numpy")
    sessions = Sessions((3, 4, 4))
    every = numpy.array(sessions.all, dtype=numpy.uint64)
    most = 0
    for second in sessions.up_to_renaming(sessions.all):
        three = every | numpy.uint64(sessions.first | second)
        most = max(most, *(int(numpy.bitwise_count(one | every).max()) for one in three))

    assert 4 * sessions.each - most == LEAST_REPEATS[3, 4, 4][4] == 8


@pytest.mark.heavy
def test_six_sessions_of_twelve_people_have_seven_repeats() -> None:
    """With six, everybody meets everybody and each person one other twice.

    Sessions with a pair in common are then joined by six edges at most. Either three sessions have none in common,
    or there are two threes, each of whose sessions share one pair with both others, and none across.
    """
    sessions = Sessions((3, 3, 3, 3))
    everything = sum(sessions.bit.values())
    first = sessions.first
    strangers = [session for session in sessions.all if not session & first]
    (second,) = sessions.up_to_renaming(strangers)

    def whole(three: int) -> bool:
        shared = sorted((count, some) for some in sessions.all if (count := (some & three).bit_count()) <= 6)
        for place, (least, one) in enumerate(shared):
            if least > 2:
                return False
            for also, other in shared[place:]:
                missing = everything & ~(three | one | other)
                if (
                    least + also + also <= 6
                    and missing.bit_count() <= 12 - also
                    and any(
                        not missing & ~last for count, last in shared if count >= also and least + also + count <= 6
                    )
                ):
                    return True
        return False

    thirds = [third for third in strangers if not third & second]
    both_stay = _renamings_of_rows_and_columns(sessions, second)
    assert not any(whole(first | second | third) for third in sessions.kinds(thirds, both_stay))

    near_first = [some for some in sessions.all if (some & first).bit_count() == 1 and not some & second]
    near_second = [some for some in sessions.all if (some & second).bit_count() == 1 and not some & first]
    for b, e in product(near_first, near_second):
        if b & e:
            continue
        for c in near_first:
            if c & e or (c & b).bit_count() != 1:
                continue
            assert not any((first | second | b | c | e | f) == everything for f in near_second if not f & (b | c))


def _renamings_of_rows_and_columns(sessions: Sessions, second: int) -> list[dict[Person, Person]]:
    """The ways to rename people that leave both of two sessions without a common pair as they are."""
    groups = [set(row) for row in sessions.rows]
    across: list[set[Person]] = []
    for pair, bit in sessions.bit.items():
        if second & bit:
            touching = next((group for group in across if group & pair), None)
            if touching is None:
                across.append(set(pair))
            else:
                touching |= pair
    # Each row misses one column: number the columns after it, and people by row and column.
    numbered = [next(column for column in across if not column & row) for row in groups]
    at = {
        (i, j): next(iter(row & column))
        for i, row in enumerate(groups)
        for j, column in enumerate(numbered)
        if row & column
    }
    return [{at[i, j]: at[order[i], order[j]] for i, j in at} for order in permutations(range(4))]


def test_the_proofs_cover_every_fact() -> None:
    assert {sizes: set(known) for sizes, known in LEAST_REPEATS.items()} == {
        (3, 3): {3},
        (3, 2, 2): {4},
        (3, 4, 4): {4},
        (3, 3, 3, 3): {5, 6},
        (3, 3, 3, 4): {5},
    }
