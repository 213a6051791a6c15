from collections import Counter
from dataclasses import replace
from itertools import pairwise
from math import comb
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.matching.classes import course, fours, pairs, people, planned
from threefold.core.grouping import Group
from threefold.matching import (
    BRIEF,
    CourseProblem,
    Effort,
    Plan,
    Remainder,
    Together,
    bounds,
    check,
    meetings,
    plan_course,
    repeats,
    shape,
)
from threefold.matching.course.search import LONG
from threefold.matching.course.seats import Places


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

    plan = planned(plan_course(problem, effort=BRIEF))

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
    no_quads = {count: shape(count, Remainder.PAIRS_WITH_TUTORS) for count in (2, 4, 5, 7, 8)}

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
    assert no_quads == {2: (2,), 4: (2, 2), 5: (3, 2), 7: (3, 2, 2), 8: (3, 3, 2)}
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

    plan = planned(plan_course(joined, seed=2, effort=BRIEF))

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
    ((moves, fewest),) = heard
    assert 0 < moves == plan.steps < 500_000 < Effort().moves(problem)
    assert repeats(plan, {}) <= fewest


@pytest.mark.parametrize("after", [1, 3, 12])
def test_a_search_that_was_stopped_is_found_again_by_its_steps(after: int) -> None:
    problem = course(14, 8, apart=pairs("AB", "CD"), away={2: "EF"})  # of which no bound is ever reached
    assert Places(problem).total * 12_000 > LONG, "so that it runs in two lanes"
    heard: list[int] = []

    def stop(moves: int, _fewest: int) -> bool:
        heard.append(moves)
        return len(heard) < after

    stopped = planned(plan_course(problem, seed=5, progress=stop))
    again = planned(plan_course(problem, seed=stopped.seed or 0, effort=Effort.exactly(stopped.steps)))

    assert again == stopped
    assert again.steps == stopped.steps == heard[-1]


@pytest.mark.parametrize(
    ("count", "sessions", "least", "share"),
    [(16, 10, 60, {2, 3}), (17, 10, 74, {4, 5}), (20, 12, 98, {4, 5}), (13, 8, 42, {2, 3}), (14, 8, 53, {4, 5})],
)
def test_fours_are_shared_within_one_and_nobody_meets_three_times(
    count: int, sessions: int, least: int, share: set[int]
) -> None:
    plan = planned(plan_course(course(count, sessions)))

    assert repeats(plan, {}) == least
    assert max(meetings(plan.sessions).values()) == 2
    assert set(fours(plan).values()) == share


def apart(plan: Plan, count: int) -> int:
    """By how much seats in fours differ between the one who has most and the one who has fewest."""
    had = [fours(plan)[person] for person in people(count)]
    return max(had) - min(had)


@pytest.mark.parametrize(("count", "sessions", "least"), [(7, 6, 33), (10, 8, 51), (7, 12, 87)])
def test_fours_are_within_one_of_each_other_where_that_costs_no_repeat(count: int, sessions: int, least: int) -> None:
    plan = planned(plan_course(course(count, sessions), effort=Effort.exactly(8_000_000)))

    assert (repeats(plan, {}), apart(plan, count)) == (least, 1)


def test_where_even_fours_cost_repeats_the_choice_is_the_tutors() -> None:
    problem = course(13, 4)  # sixteen seats in fours among thirteen people

    spared = planned(plan_course(problem, effort=Effort.exactly(3_000_000)))
    shared = planned(plan_course(replace(problem, even_quads=True), effort=Effort.exactly(3_000_000)))

    assert (repeats(spared, {}), apart(spared, 13)) == (0, 3)
    assert (repeats(shared, {}), apart(shared, 13)) == (6, 1)


def test_sessions_that_are_over_count_among_the_fours_to_be_shared() -> None:
    before = (Group(tuple("ABC")), Group(tuple("DEFG")))
    problem = replace(course(7, 4), frozen={0: before, 1: before}, even_quads=True)

    plan = planned(plan_course(problem, effort=Effort.exactly(3_000_000)))

    assert sorted(fours(plan).values()) == [2, 2, 2, 2, 2, 3, 3]


@settings(max_examples=15, deadline=None)
@given(st.integers(7, 17), st.integers(1, 6), st.randoms(use_true_random=False))
def test_even_fours_are_never_less_even_than_without_the_choice_nor_below_the_bound(
    count: int, sessions: int, draw: Random
) -> None:
    away = {number: draw.choice(people(count)) for number in range(sessions) if draw.random() < 0.3}
    problem = course(count, sessions, away=away)

    made = {
        even: planned(plan_course(replace(problem, even_quads=even), effort=Effort.exactly(200_000)))
        for even in (False, True)
    }

    uneven = {even: sum(comb(times, 2) for times in fours(plan).values()) for even, plan in made.items()}
    assert uneven[True] <= uneven[False]
    assert apart(made[True], count) >= bounds(problem).least_fours
    assert check(problem, made[True]) == ()


def test_pins_and_people_to_be_together_are_kept_and_the_rest_is_planned_around_them() -> None:
    pin = Group(("C", "H", "A"))
    problem = replace(
        course(16, 6, apart=pairs("AB", "PO")),
        pinned={2: (pin,)},
        together=(Together(frozenset("DE"), 1), Together(frozenset("EF"), 1), Together(frozenset("GP"))),
    )

    plan = planned(plan_course(problem, effort=BRIEF))

    assert pin in plan.sessions[2]
    assert any({"D", "E", "F"} <= set(group.members) for group in plan.sessions[1])
    assert meetings(plan.sessions)[frozenset("GP")] >= 1
    assert repeats(plan, {}) <= 4


def test_groups_mix_experience_and_grant_wishes_where_that_costs_no_repeat() -> None:
    new, old = people(24)[:12], people(24)[12:]
    plain = course(24, 3)
    problem = replace(plain, experience=dict.fromkeys(new, 1) | dict.fromkeys(old, 3), wishes=pairs("AM", "BN", "CO"))

    plan = planned(plan_course(problem, effort=BRIEF))

    assert repeats(plan, {}) == 0
    assert all(0 < len(set(group.members) & set(new)) < 3 for groups in plan.sessions for group in groups)
    assert all(meetings(plan.sessions)[pair] == 1 for pair in problem.wishes)


def test_pairs_with_tutors_leave_nobody_in_a_four() -> None:
    plan = planned(plan_course(course(16, 8, remainder=Remainder.PAIRS_WITH_TUTORS)))

    assert repeats(plan, {}) == 0
    assert all(sorted(len(g.members) for g in groups) == [2, 2, 3, 3, 3, 3] for groups in plan.sessions)
    assert Counter(p for groups in plan.sessions for g in groups if g.tutor for p in g.members) == dict.fromkeys(
        people(16), 2
    )


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("count", "sessions", "known"), [(31, 15, 33), (19, 8, 4), (24, 12, 14), (29, 12, 9), (22, 10, 12), (12, 5, 3)]
)
def test_where_no_bound_is_reached_the_best_known_is(count: int, sessions: int, known: int) -> None:
    assert repeats(planned(plan_course(course(count, sessions))), {}) <= known


@pytest.mark.heavy
def test_a_thousand_people_over_twelve_sessions_never_repeat() -> None:
    assert repeats(planned(plan_course(course(1000, 12))), {}) == 0


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


def test_a_known_design_is_no_answer_where_it_would_leave_a_group_nobody_to_be_client() -> None:
    """A design laid over these people put the three who rest into one group, and was taken for a plan."""
    people = tuple("ABCDEFGHIJKLMNOPQRST")
    problem = CourseProblem(
        people=people,
        present=(frozenset(people),),
        apart=frozenset(map(frozenset, ("DA", "LQ", "RE", "BA"))),
        together=(Together(frozenset("JT")),),
        rests=frozenset((person, 0) for person in "JRT"),
    )
    plan = plan_course(problem, seed=0, effort=Effort(200))
    assert isinstance(plan, Plan)
    assert all(set(group.members) - set("JRT") for group in plan.sessions[0])
