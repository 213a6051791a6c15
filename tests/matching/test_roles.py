from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import permutations, product
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.matching.classes import course, people, planned
from threefold.core.grouping import Group, Person
from threefold.core.roles import Role, Turning
from threefold.matching import CourseProblem, Plan, Remainder, explain, plan_course
from threefold.matching.bounds.spread import least_fours, least_spread
from threefold.matching.roles import in_turn
from threefold.matching.roles.sharing import chosen_fairly
from threefold.matching.roles.thirds import coloured

COUNSELLOR, CLIENT, OBSERVER = Role

Groups = dict[int, list[list[Person]]]


def by_chance(problem: CourseProblem, seed: int = 1) -> Groups:
    """Groups drawn blindly for every open session, but for those pinned."""
    draw, groups = Random(seed), {}
    for number, sizes in problem.shapes().items():
        pinned = [g.members for g in problem.pinned.get(number, ())]
        waiting = [p for p in problem.here(number) if not any(p in members for members in pinned)]
        draw.shuffle(waiting)
        left = list(sizes)
        for members in pinned:
            left.remove(len(members))
        seats = iter(waiting)
        groups[number] = [[next(seats) for _ in range(size)] for size in left]
    return groups


def finished(problem: CourseProblem, groups: Groups | None = None, seed: int = 0) -> Plan:
    made = in_turn(problem, by_chance(problem) if groups is None else groups, Random(seed))
    return Plan(tuple(problem.frozen.get(n) or made[n] for n in range(len(problem.present))))


def roles_of(plan: Plan) -> dict[Person, list[Role]]:
    """Everybody's roles, round by round."""
    held: dict[Person, list[Role]] = {}
    for groups in plan.sessions:
        for group in groups:
            for roles in group.rounds():
                for person, role in roles.items():
                    held.setdefault(person, []).append(role)
    return held


def directions(plan: Plan) -> Counter[tuple[Person, Person]]:
    return Counter(both for groups in plan.sessions for group in groups for both in group.counselled())


def one_round(problem: CourseProblem) -> CourseProblem:
    return replace(problem, turning=Turning.ONE_ROUND)


# One round a session


@pytest.mark.parametrize("problem", [course(21, 10), course(12, 7), course(15, 6, away={2: "ABC", 3: "DEF", 5: "AGH"})])
def test_in_triads_every_three_sessions_somebody_attends_hold_each_role_once(problem: CourseProblem) -> None:
    plan = finished(one_round(problem))

    for roles in roles_of(plan).values():
        for first in range(0, len(roles), 3):
            three = roles[first : first + 3]
            assert len(set(three)) == len(three)
    assert explain(one_round(problem), plan).spread <= 1


def test_a_three_begun_before_is_finished_first() -> None:
    had = {"A": {COUNSELLOR: 20}, "B": {COUNSELLOR: 20, CLIENT: 20}, "C": {CLIENT: 20}, "D": {OBSERVER: 20}}
    problem = replace(one_round(course(9, 6)), served=had, round_minutes=20)

    roles = roles_of(finished(problem))

    assert set(roles["A"][:2]) == {CLIENT, OBSERVER}
    assert roles["B"][0] is OBSERVER
    assert set(roles["C"][:2]) == {COUNSELLOR, OBSERVER}
    assert set(roles["D"][:2]) == {COUNSELLOR, CLIENT}
    assert set(roles["A"][2:5]) == set(Role)


@pytest.mark.parametrize(
    ("count", "sessions", "remainder", "least"),
    [
        (9, 4, Remainder.QUADS, 1),
        (9, 3, Remainder.QUADS, 0),
        (10, 9, Remainder.QUADS, 2),
        (7, 6, Remainder.QUADS, 2),
        (8, 8, Remainder.QUADS, 2),
        (16, 8, Remainder.QUADS, 1),
        (22, 11, Remainder.QUADS, 1),
        (31, 15, Remainder.QUADS, 2),
        (16, 8, Remainder.PAIRS_WITH_TUTORS, 1),
        (14, 6, Remainder.PAIR_WITH_TUTOR, 2),
    ],
)
def test_the_least_possible_spread_is_reached_whatever_the_groups(
    count: int, sessions: int, remainder: Remainder, least: int
) -> None:
    problem = one_round(course(count, sessions, remainder=remainder))

    for seed in range(2):
        plan = finished(problem, by_chance(problem, seed))
        assert explain(problem, plan).spread == least_spread(problem) == least


@pytest.mark.parametrize(("count", "sessions"), [(10, 9), (16, 10), (23, 12), (25, 12)])
def test_with_one_round_nobody_counsels_the_same_person_twice(count: int, sessions: int) -> None:
    assert set(directions(finished(one_round(course(count, sessions)))).values()) == {1}


def test_a_debt_is_repaid_with_the_rounds_there_are() -> None:
    never_client = {person: {COUNSELLOR: 2, CLIENT: 0, OBSERVER: 1} for person in "ABC"}
    never_counsellor = {person: {COUNSELLOR: 0, CLIENT: 2, OBSERVER: 1} for person in "DEF"}
    problem = replace(one_round(course(6, 3)), served=never_client | never_counsellor)
    groups = {0: [list("ADE"), list("BCF")], 1: [list("BDF"), list("ACE")], 2: [list("CEF"), list("ABD")]}

    told = explain(problem, finished(problem, groups))

    assert told.spread == least_spread(problem) == 0
    assert told.roles == "Everybody takes each role equally often."


def every_way(groups: Sequence[Sequence[Person]]) -> Iterator[list[Group]]:
    """All choices of counsellor and client in every group."""
    for orders in product(*[permutations(group, 2) for group in groups]):
        yield [
            Group((*two, *(p for p in group if p not in two)), turning=Turning.ONE_ROUND)
            for two, group in zip(orders, groups, strict=True)
        ]


def spread_of(groups: Sequence[Group], before: Mapping[Person, Mapping[Role, int]]) -> int:
    held: dict[Person, Counter[Role]] = {person: Counter(roles) for person, roles in before.items()}
    for group in groups:
        for roles in group.rounds():
            for person, role in roles.items():
                held.setdefault(person, Counter())[role] += 1
    return max(max(some[r] for r in Role) - min(some[r] for r in Role) for some in held.values())


@given(st.integers(3, 5), st.integers(1, 3), st.sampled_from(Remainder), st.integers(0, 99))
@settings(max_examples=25, deadline=None)
def test_no_choice_of_roles_is_more_even(count: int, sessions: int, remainder: Remainder, seed: int) -> None:
    problem = one_round(course(count, sessions, remainder=remainder))
    groups = by_chance(problem, seed)

    reached = explain(problem, finished(problem, groups)).spread

    flat = [group for number in groups for group in groups[number]]
    assert least_spread(problem) <= reached == min(spread_of(way, {}) for way in every_way(flat))


@st.composite
def histories(draw: st.DrawFn) -> CourseProblem:
    """Small courses with one round, absences, people who rest and any past."""
    everybody = people(draw(st.integers(3, 16)))
    sessions = draw(st.integers(1, 6))
    someone = st.sampled_from(everybody)
    away = draw(st.lists(st.frozensets(someone, max_size=3), min_size=sessions, max_size=sessions))
    rests = draw(st.frozensets(st.tuples(someone, st.integers(0, sessions - 1)), max_size=6))
    return CourseProblem(
        everybody,
        tuple(frozenset(everybody) - gone if len(everybody) > 5 else frozenset(everybody) for gone in away),
        remainder=draw(st.sampled_from(Remainder)),
        turning=draw(st.sampled_from(Turning)),
        rests=rests,
        willing=draw(st.frozensets(someone, max_size=6)),
        served=draw(
            st.dictionaries(someone, st.fixed_dictionaries({role: st.integers(0, 3) for role in Role}), max_size=6)
        ),
    )


@given(histories(), st.integers(0, 3))
@settings(max_examples=30, deadline=None)
def test_whoever_rests_is_nobodys_client_and_no_bound_lies_above(problem: CourseProblem, seed: int) -> None:
    groups = by_chance(problem, seed)

    made = in_turn(problem, groups, Random(seed))

    for number, some in made.items():
        assert [sorted(group.members) for group in some] == [sorted(group) for group in groups[number]]
        for group in some:
            assert group.turning is problem.turning
            assert group.tutor == (len(group.members) == 2)
            clients = Counter(client for _, client in group.counselled())
            assert not any((client, number) in problem.rests for client in clients)
            twice = {person for person, times in clients.items() if times > 1}
            assert twice == ({group.twice} if group.twice else set()) <= problem.willing
    plan = Plan(tuple(made[number] for number in range(len(problem.present))))
    told = explain(problem, plan)
    assert least_spread(problem) <= told.spread
    fours = [count for person, count in told.fours.items() if any(person in here for here in problem.present)]
    assert least_fours(problem) <= max(fours) - min(fours)


def test_the_same_chance_makes_the_same_choice() -> None:
    for problem in (course(14, 5), one_round(course(14, 5)), one_round(course(15, 5))):
        groups = by_chance(problem)
        assert in_turn(problem, groups, Random(3)) == in_turn(problem, groups, Random(3))


def test_where_only_one_may_be_client_they_are() -> None:
    problem = replace(one_round(course(3, 1)), rests=frozenset({("A", 0), ("C", 0)}))

    (group,) = finished(problem).sessions[0]

    assert [client for _, client in group.counselled()] == ["B"]
    assert group.rests == {"A", "C"}


def test_where_everybody_rests_no_round_is_held() -> None:
    problem = replace(one_round(course(3, 2)), rests=frozenset((person, 0) for person in "ABC"))

    plan = finished(problem)

    assert [len(group.rounds()) for groups in plan.sessions for group in groups] == [0, 1]


# Rounds inside a session


@pytest.mark.parametrize("turning", [Turning.CLIENT_RESTS, Turning.CLIENT_COUNSELS])
@pytest.mark.parametrize(("count", "sessions"), [(13, 8), (16, 10)])
def test_people_who_meet_again_do_so_the_other_way_round(count: int, sessions: int, turning: Turning) -> None:
    problem = replace(course(count, sessions), turning=turning)

    plan = planned(plan_course(problem))

    assert set(directions(plan).values()) == {1}
    for last in (0, -1):
        places = Counter(dict.fromkeys(problem.people, 0))
        places.update(group.members[last] for groups in plan.sessions for group in groups)
        assert max(places.values()) - min(places.values()) <= 1


def test_meetings_of_the_past_are_turned_too() -> None:
    problem = replace(course(3, 1), counselled={("A", "B"): 1, ("B", "C"): 1, ("C", "A"): 1})

    (group,) = finished(problem).sessions[0]

    assert set(group.counselled()) == {("B", "A"), ("C", "B"), ("A", "C")}


def test_whoever_owes_counselling_is_never_last() -> None:
    problem = replace(course(6, 4), served={"A": {COUNSELLOR: 0, CLIENT: 6, OBSERVER: 6}})

    plan = finished(problem)

    assert all(group.members[-1] != "A" for groups in plan.sessions for group in groups)


@pytest.mark.parametrize("turning", [Turning.CLIENT_RESTS, Turning.CLIENT_COUNSELS])
def test_a_willing_member_takes_the_place_of_whoever_rests(turning: Turning) -> None:
    problem = replace(course(3, 1), turning=turning, rests=frozenset({("A", 0)}), willing=frozenset("C"))

    (group,) = finished(problem).sessions[0]

    assert (group.rests, group.twice) == (frozenset("A"), "C")
    assert Counter(client for _, client in group.counselled()) == {"B": 1, "C": 2}
    assert Counter(counsellor for counsellor, _ in group.counselled()) == {"A": 1, "B": 1, "C": 1}


def test_of_two_who_are_willing_the_one_who_has_been_client_less_is_asked() -> None:
    had = {"B": {COUNSELLOR: 4, CLIENT: 4, OBSERVER: 4}, "C": {COUNSELLOR: 4, CLIENT: 2, OBSERVER: 4}}
    problem = replace(course(3, 1), rests=frozenset({("A", 0)}), willing=frozenset("BC"), served=had)

    assert finished(problem).sessions[0][0].twice == "C"


def test_where_nobody_is_willing_the_round_lost_is_that_of_whoever_counselled_most() -> None:
    had = {person: {COUNSELLOR: count, CLIENT: 3, OBSERVER: 3} for person, count in {"A": 3, "B": 4, "C": 3}.items()}
    problem = replace(course(3, 1), rests=frozenset({("A", 0)}), served=had)

    (group,) = finished(problem).sessions[0]

    assert sorted(counsellor for counsellor, _ in group.counselled()) == ["A", "C"]


def test_pinned_groups_come_out_as_they_are_whether_given_or_not() -> None:
    pinned = Group(tuple("CAB"))
    problem = replace(course(6, 1), pinned={0: (pinned,)})

    for groups in ({0: [list("DEF")]}, {0: [list("ABC"), list("DEF")]}):
        made = in_turn(problem, groups, Random(0))
        assert made[0][0] == pinned
        assert [sorted(group.members) for group in made[0][1:]] == [list("DEF")]


def test_roles_in_frozen_sessions_count() -> None:
    held = Group(tuple("ABC"), turning=Turning.ONE_ROUND)
    problem = replace(one_round(course(3, 3)), frozen={0: (held,)})

    roles = roles_of(finished(problem))

    assert all(set(some) == set(Role) for some in roles.values())


def test_a_large_course_keeps_its_threes() -> None:
    problem = one_round(course(300, 6))

    plan = finished(problem)

    assert all(len(set(roles[first : first + 3])) == 3 for roles in roles_of(plan).values() for first in (0, 3))


# What it stands on


@given(st.lists(st.permutations(range(12)), min_size=1, max_size=9))
@settings(max_examples=30, deadline=None)
def test_three_colours_suffice(rows: list[list[int]]) -> None:
    edges = [
        (person * 3 + row // 3, row * 4 + seat // 3)
        for row, seats in enumerate(rows)
        for seat, person in enumerate(seats)
    ]

    colours = coloured(edges)

    for side in (0, 1):
        ends = Counter((edge[side], colour) for edge, colour in zip(edges, colours, strict=True))
        assert set(ends.values()) == {1}


def test_a_fourth_edge_at_one_end_is_refused() -> None:
    with pytest.raises(ValueError, match="four"):
        coloured([(0, 0), (0, 1), (0, 2), (0, 3)])


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_somebody_is_chosen_in_every_group_exactly_when_that_can_be(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 4))
    group = st.lists(st.integers(0, count - 1), min_size=1, max_size=count, unique=True)
    groups = data.draw(st.lists(group, min_size=1, max_size=4))
    most = data.draw(st.lists(st.integers(0, 3), min_size=count, max_size=count))
    least = [data.draw(st.integers(0, limit)) for limit in most]

    found = chosen_fairly(groups, [1] * len(groups), least, most)

    ways = [Counter(way) for way in product(*groups)]
    can_be = any(
        all(low <= way[p] <= high for p, (low, high) in enumerate(zip(least, most, strict=True))) for way in ways
    )
    assert (found is not None) == can_be
    if found is not None:
        times = Counter(person for some in found for person in some)
        assert all(len(some) == 1 and some <= set(group) for some, group in zip(found, groups, strict=True))
        assert all(low <= times[p] <= high for p, (low, high) in enumerate(zip(least, most, strict=True)))
