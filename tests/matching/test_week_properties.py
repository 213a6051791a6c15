from dataclasses import replace
from itertools import combinations
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.matching.weeks import best_by_trying
from threefold.core.roles import Role, Turning
from threefold.matching import Liking, WeekEffort, WeekPlan, WeekProblem, WeekSlot, check_week, plan_week


@st.composite
def weeks(draw: st.DrawFn, most_people: int, most_slots: int) -> WeekProblem:
    people = tuple(f"p{k}" for k in range(draw(st.integers(0, most_people))))
    slots = tuple(
        WeekSlot(f"s{k}", 60 * k, 60, in_room=capacity is not None, capacity=capacity)
        for k, capacity in enumerate(
            draw(st.lists(st.sampled_from([None, None, 0, 1, 2]), min_size=1, max_size=most_slots))
        )
    )
    names = [one.id for one in slots]
    offers = {
        person: draw(st.dictionaries(st.sampled_from(names), st.sampled_from(Liking), max_size=len(names)))
        for person in people
    }
    both = [frozenset(pair) for pair in combinations(people, 2)]
    some = st.frozensets(st.sampled_from(both), max_size=3) if both else st.just(frozenset())
    apart = draw(some)
    return WeekProblem(
        people,
        slots,
        offers,
        apart=apart,
        together=draw(some) - apart if draw(st.booleans()) else frozenset(),
        met=dict.fromkeys(draw(st.frozensets(st.sampled_from(both))) if both else (), 1),
        served={person: {Role.OBSERVER: draw(st.integers(0, 3))} for person in people[:3]},
        quads=draw(st.booleans()),
        tutors=draw(st.integers(0, 2)),
        turning=draw(st.sampled_from(Turning)),
        rests=frozenset(people[:1]) if draw(st.booleans()) else frozenset(),
        willing=frozenset(people[1:2]),
    )


def reached(plan: WeekPlan) -> tuple[int, int, int]:
    return plan.placed, plan.repeats, plan.odd


@given(weeks(most_people=7, most_slots=3))
def test_a_tiny_week_is_as_good_as_trying_everything(problem: WeekProblem) -> None:
    plan = plan_week(problem)

    assert check_week(problem, plan) == ()
    assert reached(plan) == best_by_trying(problem)
    assert plan.limits.most_placed >= plan.placed
    if plan.best:
        assert (plan.limits.least_repeats, plan.limits.least_odd) == (plan.repeats, plan.odd)


@given(weeks(most_people=13, most_slots=6), st.integers(0, 99))
def test_any_week_keeps_every_rule_and_its_limits(problem: WeekProblem, seed: int) -> None:
    plan = plan_week(problem, seed=seed, effort=WeekEffort(12, 5))

    assert check_week(problem, plan) == ()
    assert plan.placed <= plan.limits.most_placed <= len(problem.people)
    assert plan.limits.least_repeats is None or plan.limits.least_repeats <= plan.repeats
    assert plan.limits.least_odd is None or plan.limits.least_odd <= plan.odd
    assert plan == plan_week(problem, seed=seed, effort=WeekEffort(12, 5))


@given(weeks(most_people=10, most_slots=5))
def test_times_said_to_help_do_help(problem: WeekProblem) -> None:
    problem = replace(problem, together=frozenset())
    plan = plan_week(problem)

    for one in plan.unplaced:
        for added in one.helps:
            offers = {**problem.offers, one.person: {**problem.offers.get(one.person, {}), added: Liking.PREFERRED}}
            assert plan_week(replace(problem, offers=offers)).placed > plan.placed


def random_week(people: int, slots: int, each: int, met: int, seed: int, capacity: int | None = None) -> WeekProblem:
    draw = Random(seed)
    names = tuple(f"p{k}" for k in range(people))
    times = tuple(WeekSlot(f"s{k}", 60 * k, 60, k % 2 == 0, capacity if k % 2 == 0 else None) for k in range(slots))
    return WeekProblem(
        names,
        times,
        {name: {one.id: Liking.PREFERRED for one in draw.sample(times, draw.randint(1, each))} for name in names},
        apart=frozenset(frozenset(draw.sample(names, 2)) for _ in range(people // 6)),
        met={frozenset(draw.sample(names, 2)): 1 for _ in range(met)},
    )


@pytest.mark.parametrize(
    ("problem", "best"),
    [
        (random_week(60, 80, 5, 200, 1), None),
        (random_week(60, 60, 4, 200, 2, capacity=1), None),
        (random_week(120, 60, 9, 500, 3), (120, 0, 0)),
        (random_week(300, 100, 12, 1000, 4, capacity=2), (300, 0, 0)),
    ],
)
def test_larger_weeks_are_matched_to_the_proven_limit(problem: WeekProblem, best: tuple[int, int, int] | None) -> None:
    plan = plan_week(problem)

    assert plan.best
    assert best is None or reached(plan) == best


@pytest.mark.heavy
def test_ten_thousand_people_all_find_a_place() -> None:
    plan = plan_week(random_week(10_000, 380, 30, 40_000, 5))

    assert reached(plan) == (10_000, 0, 1)
    assert plan.best
