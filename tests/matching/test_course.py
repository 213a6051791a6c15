from collections import Counter
from dataclasses import replace
from itertools import pairwise

import pytest

from tests.matching.classes import course, fours, pairs, people, planned
from threefold.core.grouping import Group
from threefold.matching import (
    BRIEF,
    Effort,
    Plan,
    Remainder,
    bounds,
    check,
    meetings,
    plan_course,
    repeats,
    shape,
)


def test_sixteen_people_over_ten_weeks_repeat_as_little_as_can_be_and_share_the_four_fairly() -> None:
    problem = course(16, 10)

    plan = planned(plan_course(problem))

    assert repeats(plan, {}) == bounds(problem).least_repeats == 60
    counts = meetings(plan.sessions)
    assert (len(counts), max(counts.values())) == (120, 2)
    assert Counter(fours(plan).values()) == {2: 8, 3: 8}
    assert all([len(g.members) for g in groups] == [3, 3, 3, 3, 4] for groups in plan.sessions)


@pytest.mark.parametrize(
    ("count", "sessions", "least"),
    [(9, 4, 0), (15, 7, 0), (18, 8, 0), (21, 10, 0), (30, 12, 0), (12, 10, 54), (13, 8, 42), (17, 10, 74)],
)
def test_classes_that_mathematics_knows_are_planned_at_its_limit(count: int, sessions: int, least: int) -> None:
    problem = course(count, sessions)

    plan = planned(plan_course(problem))

    assert repeats(plan, {}) == bounds(problem).least_repeats == least


def test_a_keep_apart_pair_never_meets_and_costs_little() -> None:
    problem = course(15, 7, apart=pairs("AB"))

    plan = planned(plan_course(problem))

    assert meetings(plan.sessions)[frozenset("AB")] == 0
    assert bounds(problem).least_repeats == 2
    assert 2 <= repeats(plan, {}) <= 8  # by chance it would be thirty-six


@pytest.mark.parametrize("count", range(3, 61))
@pytest.mark.parametrize("remainder", Remainder)
def test_every_class_from_three_to_sixty_has_a_plan(count: int, remainder: Remainder) -> None:
    problem = course(count, 3, remainder=remainder, away={1: "A", 2: "AB"} if count > 4 else None)

    plan = planned(plan_course(problem, effort=Effort(10)))

    assert check(problem, plan) == ()


def test_what_a_class_is_divided_into() -> None:
    quads = {count: shape(count, Remainder.QUADS) for count in range(12)}
    with_pairs = {count: shape(count, Remainder.PAIR_WITH_TUTOR) for count in range(12)}

    assert quads == {
        0: (),
        1: (),
        2: (2,),
        3: (3,),
        4: (4,),
        5: (3, 2),
        6: (3, 3),
        7: (3, 4),
        8: (4, 4),
        9: (3, 3, 3),
        10: (3, 3, 4),
        11: (3, 4, 4),
    }
    assert with_pairs == {**quads, 8: (3, 3, 2), 11: (3, 3, 3, 2)}


def test_only_a_pair_has_a_tutor_beside_it() -> None:
    plan = planned(plan_course(course(11, 4, remainder=Remainder.PAIR_WITH_TUTOR), effort=BRIEF))

    assert [[len(g.members) for g in groups] for groups in plan.sessions] == [[3, 3, 3, 2]] * 4
    assert all(group.tutor == (len(group.members) == 2) for groups in plan.sessions for group in groups)


def test_thirty_sessions_of_a_small_class_are_no_trouble() -> None:
    problem = course(4, 30)

    plan = planned(plan_course(problem, effort=BRIEF))

    assert check(problem, plan) == ()
    assert set(meetings(plan.sessions).values()) == {30}
    begun = Counter(groups[0].members[0] for groups in plan.sessions)
    assert sorted(begun.values()) == [7, 7, 8, 8]


def test_who_begins_goes_round_and_people_meet_again_the_other_way_round() -> None:
    plan = planned(plan_course(course(16, 10)))

    first = Counter(group.members[0] for groups in plan.sessions for group in groups)
    counselled = Counter(both for groups in plan.sessions for group in groups for both in group.counselled())

    assert max(first.values()) - min(first.values()) <= 2
    assert set(counselled.values()) == {1}


def test_people_who_meet_again_do_so_weeks_apart_as_far_as_can_be() -> None:
    plan = planned(plan_course(course(16, 10)))

    met = [{pair for group in groups for pair in group.pairs()} for groups in plan.sessions]
    running = sum(len(earlier & later) for earlier, later in pairwise(met))

    assert running <= 4  # twelve of the sixty, were the sessions in any order


def test_the_same_problem_and_seed_give_the_same_plan_and_another_seed_another() -> None:
    problem = course(14, 6, apart=pairs("AB", "CD"), away={2: "EF"})

    plan = plan_course(problem, seed=1, effort=BRIEF)

    assert plan_course(problem, seed=1, effort=BRIEF) == plan
    assert plan_course(problem, seed=2, effort=BRIEF) != plan


def test_frozen_sessions_stay_and_the_rest_is_planned_around_them() -> None:
    problem = course(12, 6)
    before = planned(plan_course(problem, seed=1, effort=BRIEF))
    held = {0: before.sessions[0], 1: before.sessions[1]}
    joined = replace(problem, people=(*problem.people, "New"), frozen=held)
    joined = replace(joined, present=problem.present[:2] + (problem.present[2] | {"New"},) * 4)

    plan = planned(plan_course(joined, seed=2))

    assert plan.sessions[:2] == before.sessions[:2]
    assert [sum(len(g.members) for g in groups) for groups in plan.sessions] == [12, 12, 13, 13, 13, 13]
    assert repeats(plan, {}) <= bounds(joined).least_repeats + 3


def test_a_past_session_may_hold_somebody_who_has_left() -> None:
    problem = replace(course(6, 2), frozen={0: (Group(("A", "B", "Left")), Group(("C", "D", "E")))})

    plan = planned(plan_course(problem, effort=BRIEF))

    assert plan.sessions[0] == problem.frozen[0]
    assert check(problem, plan) == ()


def test_people_who_met_before_are_put_together_last() -> None:
    problem = replace(course(9, 1), met=dict.fromkeys(pairs("AB", "AC", "BC", "DE", "DF", "EF"), 1))

    plan = planned(plan_course(problem))

    assert repeats(plan, problem.met) == 0


def test_the_search_tells_how_it_goes_and_can_be_stopped() -> None:
    problem = course(23, 12)
    heard: list[tuple[int, int]] = []

    def stop_at_once(moves: int, fewest: int) -> bool:
        heard.append((moves, fewest))
        return False

    plan = planned(plan_course(problem, progress=stop_at_once))

    assert check(problem, plan) == ()
    moves, fewest = heard[0]
    assert 20_000 <= moves < 60_000 < Effort().moves(problem)
    assert repeats(plan, {}) == fewest


def test_a_plan_with_nothing_left_to_plan_is_the_frozen_one() -> None:
    first = (Group(("A", "B", "C")),)
    problem = replace(course(3, 1), frozen={0: first})

    assert plan_course(problem) == Plan((first,))


def test_a_problem_that_contradicts_itself_is_the_callers_mistake() -> None:
    good = course(6, 2)
    for wrong in (
        {"people": (*people(6), "A")},
        {"present": (frozenset("AZ"),)},
        {"apart": pairs("AZ")},
        {"met": {frozenset("A"): 1}},
        {"frozen": {2: ()}},
    ):
        with pytest.raises(ValueError, match=r"two|twice|session|people"):
            replace(good, **wrong)
