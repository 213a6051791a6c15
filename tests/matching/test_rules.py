from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.matching.classes import people, planned
from threefold.core.grouping import Group
from threefold.core.roles import Role
from threefold.matching import (
    Clash,
    CourseProblem,
    Effort,
    NoPlan,
    Plan,
    Remainder,
    bounds,
    check,
    explain,
    meetings,
    plan_course,
    repeats,
    swap,
)

QUICK = Effort(20)


@st.composite
def problems(draw: st.DrawFn) -> CourseProblem:
    """Any class of 3 to 60 with absences and keep-apart pairs, some of which make a plan impossible."""
    everybody = people(draw(st.integers(3, 60)))
    someone = st.sampled_from(everybody)
    sessions = draw(st.integers(1, 6))
    away = draw(st.lists(st.frozensets(someone, max_size=8), min_size=sessions, max_size=sessions))
    two = st.frozensets(someone, min_size=2, max_size=2)
    return CourseProblem(
        everybody,
        tuple(frozenset(everybody) - gone for gone in away),
        draw(st.frozensets(two, max_size=8)),
        draw(st.sampled_from(Remainder)),
        draw(st.dictionaries(two, st.integers(1, 3), max_size=6)),
    )


@given(problems(), st.integers(0, 3))
@settings(max_examples=40, deadline=None)
def test_a_plan_keeps_every_rule_or_the_clash_is_named(problem: CourseProblem, seed: int) -> None:
    answer = plan_course(problem, seed=seed, effort=QUICK)

    if isinstance(answer, NoPlan):
        assert answer.clashes
        assert all(clash.ways for clash in answer.clashes)
        return
    assert check(problem, answer) == ()
    assert plan_course(problem, seed=seed, effort=QUICK) == answer


@given(problems())
@settings(max_examples=40, deadline=None)
def test_no_bound_lies_above_what_was_reached(problem: CourseProblem) -> None:
    answer = plan_course(problem, effort=QUICK)
    if isinstance(answer, NoPlan):
        return
    limits, told = bounds(problem), explain(problem, answer)

    assert limits.meetings == meetings(answer.sessions).total()
    assert limits.least_repeats <= repeats(answer, problem.met) == told.repeats
    assert limits.least_most <= told.figures.most_together
    assert told.figures.pairs_met <= told.figures.pairs_possible


@given(problems(), st.data())
@settings(max_examples=30, deadline=None)
def test_frozen_sessions_are_never_touched(problem: CourseProblem, data: st.DataObject) -> None:
    first = plan_course(problem, effort=QUICK)
    if isinstance(first, NoPlan):
        return
    kept = data.draw(st.frozensets(st.integers(0, len(problem.present) - 1)))
    frozen = replace(problem, frozen={number: first.sessions[number] for number in kept})
    open_still = [number for number in range(len(problem.present)) if number not in kept]
    if open_still:  # one more absence elsewhere
        away = data.draw(st.sampled_from(open_still))
        somebody = data.draw(st.sampled_from(problem.people))
        present = list(frozen.present)
        present[away] -= {somebody}
        frozen = replace(frozen, present=tuple(present))

    second = plan_course(frozen, seed=1, effort=QUICK)

    if isinstance(second, Plan):
        assert all(second.sessions[number] == first.sessions[number] for number in kept)
        assert bounds(frozen).least_repeats <= repeats(second, problem.met)


@given(problems())
@settings(max_examples=30, deadline=None)
def test_everybody_is_counsellor_and_client_once_in_every_session(problem: CourseProblem) -> None:
    answer = plan_course(problem, effort=QUICK)
    if isinstance(answer, NoPlan):
        return
    attended = {person: sum(person in here for here in problem.present) for person in problem.people}
    turns = explain(problem, answer).turns

    assert {person: roles[Role.COUNSELLOR] for person, roles in turns.items()} == attended
    assert {person: roles[Role.CLIENT] for person, roles in turns.items()} == attended


SIX = CourseProblem(tuple("ABCDEF"), (frozenset("ABCDEF"),), frozenset({frozenset("AB")}))
GOOD = Plan(((Group(tuple("ACD")), Group(tuple("BEF"))),))


@pytest.mark.parametrize(
    ("groups", "broken"),
    [
        ((Group(tuple("ACD")), Group(tuple("BEF"))), ()),
        ((Group(tuple("ABD")), Group(tuple("CEF"))), ("session 0: A and B sit together",)),
        ((Group(tuple("ACD")), Group(tuple("BE"))), ("session 0: F has no place", "session 0: groups of [2, 3]")),
        (
            (Group(tuple("ACD")), Group(tuple("BEA"))),
            ("session 0: F has no place", "session 0: A has 2 places", "session 0: A and B sit together"),
        ),
        ((Group(tuple("ACD")), Group(tuple("BEZ"))), ("session 0: F has no place", "session 0: Z is not there")),
        (
            (Group(tuple("ACD"), tutor=True), Group(tuple("BEF"))),
            ("session 0: a tutor belongs with a pair, and only there",),
        ),
        ((Group(tuple("ACDE")), Group(tuple("BF"), tutor=True)), ("session 0: groups of [2, 4]",)),
    ],
)
def test_a_broken_plan_is_recognised(groups: tuple[Group, ...], broken: tuple[str, ...]) -> None:
    found = check(SIX, Plan((groups,)))

    assert tuple(said for said in found if said in broken) == broken
    assert bool(found) == bool(broken)


def test_a_plan_for_other_sessions_is_recognised() -> None:
    assert check(SIX, Plan(())) == ("0 sessions are planned of 1",)
    frozen = replace(SIX, frozen={0: GOOD.sessions[0]})
    moved = Plan(((Group(tuple("CAD")), Group(tuple("BEF"))),))
    assert check(frozen, GOOD) == ()
    assert check(frozen, moved) == ("session 0: it was frozen and has changed",)


def test_two_people_change_places_and_turns() -> None:
    assert swap(SIX, GOOD, 0, "C", "F") == Plan(((Group(tuple("AFD")), Group(tuple("BEC"))),))
    assert swap(SIX, GOOD, 0, "A", "D") == Plan(((Group(tuple("DCA")), Group(tuple("BEF"))),))
    assert swap(SIX, planned(swap(SIX, GOOD, 0, "C", "F")), 0, "C", "F") == GOOD


@pytest.mark.parametrize(
    ("one", "other", "kind", "whom"),
    [
        ("A", "E", "side_by_side", ("A", "B")),
        ("C", "C", "same_person", ("C",)),
    ],
)
def test_a_swap_that_breaks_a_rule_is_declined(one: str, other: str, kind: str, whom: tuple[str, ...]) -> None:
    answer = swap(SIX, GOOD, 0, one, other)

    assert isinstance(answer, NoPlan)
    assert [(clash.kind, clash.sessions, clash.people) for clash in answer.clashes] == [(kind, (0,), whom)]


def test_nobody_is_swapped_in_a_settled_session_or_with_somebody_who_is_away() -> None:
    settled = swap(replace(SIX, frozen={0: GOOD.sessions[0]}), GOOD, 0, "C", "F")
    away = swap(replace(SIX, people=tuple("ABCDEFG")), GOOD, 0, "C", "G")

    assert isinstance(settled, NoPlan)
    assert isinstance(away, NoPlan)
    clashes: list[Clash] = [*settled.clashes, *away.clashes]
    assert [(clash.kind, clash.people) for clash in clashes] == [("frozen", ("C", "F")), ("not_there", ("G",))]
