"""A published plan mended: who moves, what repeats, who is owed what, and what nobody may touch."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as some

from tests.bench import problems
from tests.matching.classes import NAMES, WEEKS, course, pairs, people
from threefold.core.grouping import Group
from threefold.core.roles import Role, Turning
from threefold.matching.clash import ClashKind, NoPlan
from threefold.matching.instances import read_document
from threefold.matching.plan import Plan, check
from threefold.matching.problem import CourseProblem, Remainder, Together, shape
from threefold.matching.repair import RepairKind, RepairOption, RepairProblem, repair
from threefold.matching.repair.telling import say_option

# Kirkman's fifteen, week by week: nobody meets anybody twice (Kirkman 1850).
KIRKMAN = (
    "ABC DEF GHI JKL MNO",
    "ADG BEJ CFM HKN ILO",
    "AEN BDO CHL FIK GJM",
    "AIM BGL CDK EHO FJN",
    "AHJ BKM CEI DLN FGO",
    "AFL BIN CJO DHM EGK",
    "AKO BFH CGN DIJ ELM",
)


def seated(*weeks: str, turning: Turning = Turning.CLIENT_RESTS) -> Plan:
    return Plan(
        tuple(
            tuple(Group(tuple(group), tutor=len(group) == 2, turning=turning) for group in week.split())
            for week in weeks
        )
    )


def without(problem: CourseProblem, person: str, *sessions: int) -> CourseProblem:
    """The same course with somebody out."""
    present = [here - {person} if n in sessions else here for n, here in enumerate(problem.present)]
    return replace(problem, present=tuple(present))


def options(problem: RepairProblem, steps: int = 20_000) -> tuple[RepairOption, ...]:
    found = repair(problem, steps=steps)
    assert isinstance(found, tuple), found
    return found


def sizes(option: RepairOption, session: int) -> list[int]:
    return sorted(len(group.members) for group in option.plan.sessions[session])


FIFTEEN = course(15, 7)
PUBLISHED = seated(*KIRKMAN)


# --- somebody can't make it -------------------------------------------------------------------------------------


def test_the_published_fifteen_have_no_repeat() -> None:
    assert check(FIFTEEN, PUBLISHED) == ()
    assert max(Counter(pair for week in PUBLISHED.sessions for group in week for pair in group.pairs()).values()) == 1


def test_one_is_out_tonight_and_a_tutor_is_free_so_nobody_moves() -> None:
    problem = RepairProblem(without(FIFTEEN, "A", 3), PUBLISHED, frozenset(range(3)), free_tutors={3: 1})

    first, second, third = options(problem)

    assert (first.kind, sizes(first, 3)) == (RepairKind.FEWEST_MOVED, [2, 3, 3, 3, 3])
    assert first.consequences.moved == () == first.consequences.people_moved
    assert first.consequences.ended == ((3, "A"),)
    assert first.consequences.told == ("A", "I", "M")
    assert first.consequences.observed == ((3, Group(("I", "M"), tutor=True)),)
    assert first.consequences.repeats_added == 0 == first.least_moved
    assert first.plan.sessions[3][1:] == PUBLISHED.sessions[3][1:]
    assert (second.kind, sizes(second, 3)) == (RepairKind.OTHER_SIZES, [3, 3, 4, 4])
    assert (len(second.consequences.moved), second.least_moved) == (8, 8)
    assert second.consequences.observed == ()
    assert third.kind is RepairKind.OTHER_PEOPLE
    assert sizes(third, 3) == [3, 3, 4, 4]
    assert len(set(third.consequences.people_moved) - set(second.consequences.people_moved)) >= 2
    for option in (first, second, third):
        assert all(option.plan.sessions[n] == PUBLISHED.sessions[n] for n in range(7) if n != 3)


def test_one_is_out_tonight_and_no_tutor_is_free_so_two_triads_become_fours() -> None:
    problem = RepairProblem(without(FIFTEEN, "A", 3), PUBLISHED, frozenset(range(3)))

    first, *others = options(problem)

    assert sizes(first, 3) == [3, 3, 4, 4]
    assert len(first.consequences.moved) == 8 == first.least_moved
    # Fourteen people in two triads and two fours meet eighteen times; thirteen of those were planned before.
    assert first.consequences.repeats == 6 >= first.least_repeats
    assert {option.kind for option in others} <= {RepairKind.OTHER_PEOPLE, RepairKind.FEWEST_REPEATS}
    lost = first.consequences.minutes["A"]
    assert lost == {Role.COUNSELLOR: -1, Role.CLIENT: -1, Role.OBSERVER: -1}
    in_fours = {p for group in first.plan.sessions[3] if len(group.members) == 4 for p in group.members}
    gained = {person: roles for person, roles in first.consequences.minutes.items() if person != "A"}
    assert gained == {person: {Role.OBSERVER: 1} for person in in_fours}


def test_what_an_option_says_to_the_tutor() -> None:
    problem = RepairProblem(without(FIFTEEN, "A", 3), PUBLISHED, frozenset(range(3)), free_tutors={3: 1})
    names = {person: NAMES.get(person, person) for person in people(15)}

    first, second, _ = options(problem)

    assert say_option(first, names, WEEKS) == (
        "Nobody changes groups.",
        "A tutor observes Ioan and Mo in week 4.",
        "No meeting repeats that did not before.",
        "Amara has 3 rounds less practice.",
        "Ioan and Mo have 1 round less practice.",
        "Ioan and Mo are owed a turn as observer.",
    )
    assert say_option(second, names, WEEKS)[0] == "Eight people change groups; no repair moves fewer."


def test_one_leaves_for_good_and_every_week_moves_as_few_as_it_can() -> None:
    problem = RepairProblem(without(FIFTEEN, "A", 2, 3, 4, 5, 6), PUBLISHED, frozenset({0, 1}))

    first = options(problem)[0]

    assert len(first.consequences.moved) == 5 * 8 == first.least_moved
    assert first.plan.sessions[:2] == PUBLISHED.sessions[:2]
    assert {week for week, _ in first.consequences.moved} == {2, 3, 4, 5, 6}
    assert first.consequences.repeats == first.least_repeats == 25


def test_with_pairs_as_the_rule_a_leaver_moves_nobody() -> None:
    with_pairs = replace(without(FIFTEEN, "A", 3), remainder=Remainder.PAIRS_WITH_TUTORS)

    first, *others = options(RepairProblem(with_pairs, PUBLISHED, frozenset(range(3))))

    assert first.consequences.moved == ()
    assert others == []


def test_a_four_that_loses_one_becomes_a_triad_and_nothing_else_happens() -> None:
    thirteen = course(13, 1)
    published = seated("ABC DEF GHI JKLM")

    (only,) = options(RepairProblem(without(thirteen, "K", 0), published))

    assert only.plan == seated("ABC DEF GHI JLM")
    assert only.consequences.moved == ()
    assert only.consequences.told == ("J", "K", "L", "M")


def test_somebody_comes_back_and_the_plan_is_as_good_as_it_was() -> None:
    out = options(RepairProblem(without(FIFTEEN, "A", 3), PUBLISHED, frozenset(range(3))))[0]

    back = options(RepairProblem(FIFTEEN, out.plan, frozenset(range(3))))[0]

    assert sizes(back, 3) == [3, 3, 3, 3, 3]
    assert len(back.consequences.moved) == back.least_moved == 9
    assert back.consequences.repeats == 0
    assert {frozenset(group.members) for group in back.plan.sessions[3]} == {
        frozenset(group.members) for group in PUBLISHED.sessions[3]
    }


# --- somebody comes ---------------------------------------------------------------------------------------------


def test_a_newcomer_makes_one_four_and_moves_only_its_three() -> None:
    joined = replace(
        FIFTEEN,
        people=(*FIFTEEN.people, "New"),
        present=(*FIFTEEN.present[:4], *(h | {"New"} for h in FIFTEEN.present[4:])),
    )

    first = options(RepairProblem(joined, PUBLISHED, frozenset(range(4))))[0]

    assert [sizes(first, n) for n in (4, 5, 6)] == [[3, 3, 3, 3, 4]] * 3
    assert len(first.consequences.moved) == 3 * 4 == first.least_moved
    # Nobody has met the newcomer, who needs nine different people for it to stay so.
    assert first.consequences.repeats == 0


def test_a_newcomers_roles_before_count_towards_who_is_owed_what() -> None:
    """With one round a session, somebody who has only ever observed does not go on observing."""
    problem = replace(
        course(7, 2, away={0: "G"}),
        turning=Turning.ONE_ROUND,
        served={"G": {Role.OBSERVER: 4, Role.CLIENT: 4}},
    )
    published = seated("ABC DEF", "ABD CEF", turning=Turning.ONE_ROUND)

    first = options(RepairProblem(problem, published, frozenset({0})))[0]

    (four,) = [group for group in first.plan.sessions[1] if "G" in group.members]
    assert four.members[0] == "G"


def test_who_is_late_observes_first_and_nobody_moves() -> None:
    late = RepairProblem(course(6, 1), seated("ABC DEF"), late=frozenset({("A", 0)}))

    (only,) = options(late)

    assert only.consequences.moved == ()
    mended, other = only.plan.sessions[0]
    assert mended.rounds()[0]["A"] is Role.OBSERVER
    assert {p for _, p in only.consequences.turned} <= set("ABC")
    assert other == Group(tuple("DEF"))


# --- rules ------------------------------------------------------------------------------------------------------


def test_two_who_are_kept_apart_from_now_on_are_parted_in_the_weeks_to_come() -> None:
    problem = RepairProblem(replace(FIFTEEN, apart=pairs("AB", "AK")), PUBLISHED, frozenset({0}))

    first = options(problem)[0]

    assert first.plan.sessions[:6] == PUBLISHED.sessions[:6]  # A and B met in the week that is past
    assert not any({"A", "K"} <= set(group.members) for group in first.plan.sessions[6])
    assert len(first.consequences.moved) == 6  # one triad cannot be mended by itself


def test_two_who_are_to_be_together_from_now_on_are() -> None:
    together = replace(FIFTEEN, together=(Together(frozenset("AE"), 6),))

    first = options(RepairProblem(together, PUBLISHED, frozenset({0})))[0]

    assert any({"A", "E"} <= set(group.members) for group in first.plan.sessions[6])
    assert first.plan.sessions[:6] == PUBLISHED.sessions[:6]
    assert len(first.consequences.moved) == 6


def test_a_pinned_group_stays_while_the_others_are_mended_around_it() -> None:
    pinned = PUBLISHED.sessions[3][1]
    problem = replace(without(FIFTEEN, "A", 3), pinned={3: (pinned,)})

    for option in options(RepairProblem(problem, PUBLISHED, frozenset(range(3)))):
        assert pinned in option.plan.sessions[3]
        assert len(option.consequences.moved) == 8


def test_whoever_rests_from_now_on_is_nobodys_client_and_stays_in_the_group() -> None:
    resting = replace(FIFTEEN, rests=frozenset({("A", 4)}))

    (only,) = options(RepairProblem(resting, PUBLISHED, frozenset(range(4))))

    assert only.consequences.moved == ()
    (group,) = [group for group in only.plan.sessions[4] if "A" in group.members]
    assert Role.CLIENT not in [roles["A"] for roles in group.rounds()]


def test_a_session_mended_earlier_in_its_own_way_is_left_alone() -> None:
    observed = options(RepairProblem(without(FIFTEEN, "A", 3), PUBLISHED, frozenset(), {3: 1}))[0]
    later = RepairProblem(without(without(FIFTEEN, "A", 3), "B", 5), observed.plan)

    first = options(later)[0]

    assert first.plan.sessions[3] == observed.plan.sessions[3]


def test_a_session_with_nobody_left_to_sit_with_has_no_repair() -> None:
    alone = replace(course(3, 1), present=(frozenset("A"),))

    found = repair(RepairProblem(alone, seated("ABC")))

    assert isinstance(found, NoPlan)
    assert [clash.kind for clash in found.clashes] == [ClashKind.ONE_FREE]


def test_a_repair_that_contradicts_itself_is_the_callers_mistake() -> None:
    with pytest.raises(ValueError, match="number of sessions"):
        RepairProblem(FIFTEEN, seated("ABC"))
    with pytest.raises(ValueError, match="session"):
        RepairProblem(FIFTEEN, PUBLISHED, frozenset({7}))


# --- searching --------------------------------------------------------------------------------------------------


def test_the_same_repair_again_is_the_same_to_the_byte_and_a_stopped_one_that_of_fewer_steps() -> None:
    problem = RepairProblem(without(FIFTEEN, "A", 2, 3, 4, 5), PUBLISHED, frozenset({0, 1}))
    heard: list[tuple[int, int]] = []

    def stop_soon(steps: int, fewest: int) -> bool:
        heard.append((steps, fewest))
        return len(heard) < 3

    stopped = repair(replace(problem, course=replace(problem.course, met={frozenset("BC"): 1})), progress=stop_soon)

    assert isinstance(stopped, tuple)
    assert stopped[0].plan.steps == heard[-1][0] < 20_000
    anew = replace(problem, course=replace(problem.course, met={frozenset("BC"): 1}))
    again = repair(anew, steps=stopped[0].plan.steps)
    assert again == stopped


@pytest.mark.parametrize(
    ("name", "moved", "repeats"),
    [("repair-21-one", 56, 35), ("repair-21-pairs", 0, 0), ("repair-39-join", 33, 0)],
)
def test_published_plans_of_larger_classes_are_mended_with_the_least_moved_and_the_best_repeats_known(
    name: str, moved: int, repeats: int
) -> None:
    document = next(one for one in problems.repairs(Random(1)) if one["name"] == name)
    problem = read_document(document).problem
    assert isinstance(problem, RepairProblem)

    first = options(problem, 60_000)[0]

    assert (len(first.consequences.moved), first.least_moved) == (moved, moved)
    assert first.consequences.repeats == repeats == first.least_repeats


# --- any class at all -------------------------------------------------------------------------------------------


@some.composite
def torn_sessions(draw: some.DrawFn) -> RepairProblem:
    """One session of six to nine people who leave and come, some pairs kept apart."""
    before = draw(some.integers(6, 9))
    everybody = people(before + 2)
    remainder = draw(some.sampled_from(Remainder))
    order = draw(some.permutations(everybody[:before]))
    groups, at = [], 0
    for size in shape(before, remainder):
        groups.append(Group(tuple(order[at : at + size]), tutor=size == 2))
        at += size
    out = draw(some.sets(some.sampled_from(everybody[:before]), max_size=2))
    come = draw(some.sets(some.sampled_from(everybody[before:]), max_size=2))
    apart = draw(some.sets(some.sampled_from([frozenset(p) for p in combinations(everybody, 2)]), max_size=2))
    now = CourseProblem(
        everybody, (frozenset(everybody[:before]) - out | come,), apart=frozenset(apart), remainder=remainder
    )
    return RepairProblem(now, Plan((tuple(groups),)), free_tutors={0: draw(some.integers(0, 2))})


@given(problem=torn_sessions())
def test_no_seating_there_is_moves_fewer_than_the_first_option(problem: RepairProblem) -> None:
    now = problem.course
    here = now.here(0)
    left = [frozenset(group.members) & frozenset(here) for group in problem.published.sessions[0]]
    whole = all(group == frozenset(was.members) for group, was in zip(left, problem.published.sessions[0], strict=True))
    untouched = whole and sum(map(len, left)) == len(here) and not any(p <= g for p in now.apart for g in left)
    allowed = {
        tuple(sorted(sizes))
        for rule in Remainder
        for sizes in (shape(len(here), rule),)
        if rule is now.remainder
        or (sizes.count(2) <= problem.free_tutors[0] and sizes.count(4) <= shape(len(here), now.remainder).count(4))
    }
    costs = [
        sum(len(group) for group in seating if frozenset(group) not in left)
        for sizes in allowed
        for seating in seatings(here, sizes)
        if not any(pair <= set(group) for pair in now.apart for group in seating)
    ]

    found = repair(problem, steps=0)

    if isinstance(found, NoPlan):
        assert costs == [] or not untouched
        return
    first = found[0]
    if untouched:
        assert first.plan == problem.published
        return
    assert len(first.consequences.moved) == min(costs) >= first.least_moved
    assert not any(pair <= set(group.members) for pair in now.apart for group in first.plan.sessions[0])


def seatings(who: Sequence[str], sizes: Sequence[int]) -> Iterator[list[tuple[str, ...]]]:
    """Every way to divide so few people into groups of these sizes."""
    if not who:
        yield []
        return
    for size in set(sizes):
        rest = list(sizes)
        rest.remove(size)
        for others in combinations(who[1:], size - 1):
            left = [person for person in who[1:] if person not in others]
            yield from ([(who[0], *others), *more] for more in seatings(left, rest))


# The nine points of the affine plane of order three, line by line: nobody meets anybody twice.
NINE = ("ABC DEF GHI", "ADG BEH CFI", "AEI BFG CDH", "AFH BDI CEG")


@some.composite
def changed_courses(draw: some.DrawFn) -> RepairProblem:
    """Nine people over four weeks, after some change of who is there in weeks that are not settled."""
    settled = draw(some.integers(0, 3))
    join = frozenset({"New"} if draw(some.booleans()) else ())
    present = [
        frozenset("ABCDEFGHI") - draw(some.sets(some.sampled_from("ABCDEFGHI"), max_size=2)) | join
        if week >= settled
        else frozenset("ABCDEFGHI")
        for week in range(4)
    ]
    now = CourseProblem(
        (*"ABCDEFGHI", "New"),
        tuple(present),
        turning=draw(some.sampled_from(Turning)),
        remainder=draw(some.sampled_from(Remainder)),
    )
    published = seated(*NINE, turning=now.turning)
    late = draw(some.sets(some.tuples(some.sampled_from("ABC"), some.integers(settled, 3)), max_size=2))
    return RepairProblem(now, published, frozenset(range(settled)), {3: 2}, frozenset(late))


@given(problem=changed_courses())
def test_every_option_keeps_every_rule_and_touches_nothing_it_need_not(problem: RepairProblem) -> None:
    found = options(problem, 0)

    assert 1 <= len(found) <= 3
    ranks = [(len(one.consequences.moved), one.consequences.repeats) for one in found]
    assert ranks == sorted(ranks)
    for option in found:
        assert len(option.consequences.moved) >= option.least_moved
        assert option.consequences.repeats >= option.least_repeats
        for week, (old, new) in enumerate(zip(problem.published.sessions, option.plan.sessions, strict=True)):
            here = problem.course.present[week]
            if week in problem.settled:
                assert new == old
                continue
            placed = [person for group in new for person in group.members]
            assert sorted(placed) == sorted(here)
            tardy = {person for person, session in problem.late if session == week}
            untouched = here == {person for group in old for person in group.members}
            kept = [group for group in old if tardy.isdisjoint(group.members)]
            assert not untouched or [group for group in new if tardy.isdisjoint(group.members)] == kept
            moving = {person for session, person in option.consequences.moved if session == week}
            for group in old:
                if set(group.members) <= here - moving - tardy:
                    assert group in new


def test_where_nothing_can_be_tried_the_search_ends() -> None:
    """Everybody who is left goes on as they sat, which repeats; and the other way is as good as can be."""
    nine = replace(course(9, 2), remainder=Remainder.PAIR_WITH_TUTOR)
    published = seated("ABC DEF GHI", "ABC DEF GHI")

    first, other = options(RepairProblem(without(nine, "A", 1), published, frozenset({0})))

    assert (first.kind, first.consequences.moved, first.consequences.repeats) == (RepairKind.FEWEST_MOVED, (), 7)
    assert (other.kind, other.consequences.repeats, other.least_repeats) == (RepairKind.FEWEST_REPEATS, 0, 0)


def test_four_rounds_share_the_time_of_three() -> None:
    """Four rounds of 15 minutes are as much practice as three of 20; only who does what is another."""
    seven = replace(course(7, 1), round_minutes=20)
    published = seated("ABC DEFG")
    lengths = {(0, 3): 20, (0, 4): 15}

    (first, *_) = options(RepairProblem(without(seven, "G", 0), published, lengths=lengths))

    assert first.consequences.minutes == {
        "G": {Role.COUNSELLOR: -15, Role.CLIENT: -15, Role.OBSERVER: -30},
        **{one: {Role.COUNSELLOR: 5, Role.CLIENT: 5, Role.OBSERVER: -10} for one in "DEF"},
    }
