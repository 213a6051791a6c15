import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.examples import some
from tests.matching.classes import people, planned
from threefold.core.grouping import Group
from threefold.core.roles import Role, Turning
from threefold.matching import (
    Clash,
    CourseProblem,
    Effort,
    NoPlan,
    Plan,
    Remainder,
    Together,
    bounds,
    check,
    explain,
    meetings,
    plan_course,
    repeats,
    say_clash,
    swap,
)
from threefold.matching.wire import plan_in, plan_out, problem_in, problem_out

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
        turning=draw(st.sampled_from(Turning)),
        together=tuple(
            Together(pair, session)
            for pair, session in draw(
                st.lists(st.tuples(two, st.none() | st.integers(0, sessions - 1)), max_size=2, unique_by=str)
            )
        ),
        rests=draw(st.frozensets(st.tuples(someone, st.integers(0, sessions - 1)), max_size=6)),
        willing=draw(st.frozensets(someone, max_size=6)),
        met=draw(st.dictionaries(two, st.integers(1, 3), max_size=6)),
        experience=draw(st.dictionaries(someone, st.integers(1, 3), max_size=6)),
        wishes=draw(st.frozensets(two, max_size=3)),
        even_quads=draw(st.booleans()),
    )


@st.composite
def pinned_from(draw: st.DrawFn, problem: CourseProblem, plan: Plan) -> CourseProblem:
    """The same problem with a few of the plan's groups pinned."""
    groups = [(number, group) for number, groups in enumerate(plan.sessions) for group in groups]
    some = draw(st.lists(st.sampled_from(groups), max_size=4, unique=True))
    return replace(problem, pinned={n: tuple(group for at, group in some if at == n) for n, _ in some})


@given(problems(), st.integers(0, 3))
@some(everyday=12, thorough=60)
def test_a_plan_keeps_every_rule_or_the_clash_is_named(problem: CourseProblem, seed: int) -> None:
    answer = plan_course(problem, seed=seed, effort=QUICK)

    if isinstance(answer, NoPlan):
        assert answer.clashes
        assert all(clash.ways for clash in answer.clashes)
        return
    assert check(problem, answer) == ()
    assert plan_course(problem, seed=seed, effort=QUICK) == answer


@given(problems())
@some(everyday=12, thorough=60)
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
@some(everyday=12, thorough=60)
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


@given(problems(), st.data())
@some(everyday=10, thorough=40)
def test_pinned_groups_stay_while_others_are_planned_around_them(problem: CourseProblem, data: st.DataObject) -> None:
    first = plan_course(problem, effort=QUICK)
    if isinstance(first, NoPlan):
        return
    pinned = data.draw(pinned_from(problem, first))

    second = plan_course(pinned, seed=1, effort=QUICK)

    assert isinstance(second, Plan)
    assert check(pinned, second) == ()
    assert all(group in second.sessions[number] for number, groups in pinned.pinned.items() for group in groups)


@given(problems())
@some(everyday=12, thorough=60)
def test_a_problem_and_its_plan_survive_the_wire(problem: CourseProblem) -> None:
    answer = plan_course(problem, effort=QUICK)
    if isinstance(answer, Plan):
        assert plan_in(json.loads(json.dumps(plan_out(answer)))) == answer
        problem = replace(problem, frozen={0: answer.sessions[0]})

    assert problem_in(json.loads(json.dumps(problem_out(problem)))) == problem


@given(problems())
@some(everyday=12, thorough=60)
def test_everybody_is_counsellor_and_client_once_in_every_session(problem: CourseProblem) -> None:
    problem = replace(problem, turning=Turning.CLIENT_COUNSELS, rests=frozenset())
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


DEF = frozenset("DEF")
ONE_ROUND = replace(SIX, turning=Turning.ONE_ROUND, rests=frozenset({("C", 0)}))


@pytest.mark.parametrize(
    ("problem", "groups", "broken"),
    [
        (
            replace(SIX, pinned={0: (Group(tuple("DAC")),)}),
            GOOD.sessions[0],
            ("session 0: a pinned group has changed",),
        ),
        (replace(SIX, together=(Together(frozenset("CB")),)), GOOD.sessions[0], ("B and C are not together",)),
        (replace(SIX, together=(Together(frozenset("CD"), 0),)), GOOD.sessions[0], ()),
        (replace(SIX, rests=frozenset({("C", 0)})), GOOD.sessions[0], ("session 0: C rests and is a client",)),
        (
            replace(SIX, rests=frozenset({("C", 0)})),
            (Group(tuple("ACD"), rests=frozenset("C"), twice="A"), Group(tuple("BEF"))),
            ("session 0: A has not agreed to be client twice",),
        ),
        (
            replace(SIX, rests=frozenset({("C", 0)})),
            (Group(tuple("ACD"), rests=frozenset("C")), Group(tuple("BEF"))),
            (),
        ),
        (
            ONE_ROUND,
            (
                Group(tuple("ACD"), turning=Turning.ONE_ROUND, rests=frozenset("C")),
                Group(tuple("BEF"), turning=Turning.ONE_ROUND),
            ),
            ("session 0: a group has no round",),
        ),
        (
            SIX,
            (Group(tuple("ACD"), turning=Turning.CLIENT_COUNSELS), Group(tuple("BEF"))),
            ("session 0: a group turns as client_counsels",),
        ),
    ],
)
def test_a_plan_that_breaks_what_was_asked_of_it_is_refused(
    problem: CourseProblem, groups: tuple[Group, ...], broken: tuple[str, ...]
) -> None:
    assert check(problem, Plan((groups,))) == broken


TEN = CourseProblem(tuple("ABCDEFGHIJ"), (frozenset("ABCDEFGHIJ"), frozenset("ABCDEFGHI")))


@pytest.mark.parametrize(
    ("asked", "kind", "sessions", "whom", "ways"),
    [
        (
            {"apart": {frozenset("AB")}, "pinned": {0: (Group(tuple("ABC")),)}},
            "pinned_apart",
            (0,),
            "AB",
            ["release_pin", "review_apart"],
        ),
        ({"pinned": {0: (Group(tuple("ABC")), Group(tuple("CDE")))}}, "pinned_twice", (0,), "C", ["release_pin"]),
        ({"pinned": {1: (Group(tuple("ABCD")),)}}, "pinned_sizes", (1,), "ABCD", ["release_pin"]),
        (
            {"apart": {frozenset("AB")}, "together": (Together(frozenset("AB"), 1),)},
            "together_apart",
            (1,),
            "AB",
            ["review_together", "review_apart"],
        ),
        (
            {"apart": {frozenset("AB")}, "together": (Together(frozenset("AB")),)},
            "together_apart",
            (),
            "AB",
            ["review_together", "review_apart"],
        ),
        (
            {"together": (Together(frozenset("AJ"), 1),)},
            "together_away",
            (1,),
            "AJ",
            ["review_together", "move_session"],
        ),
        (
            {"together": (Together(frozenset("AJ")),), "present": (frozenset("BCDEFGHIJ"), frozenset("ABCDEFGHI"))},
            "never_free_together",
            (),
            "AJ",
            ["review_together", "move_session"],
        ),
        (
            {"pinned": {0: (Group(tuple("ABC")),)}, "together": (Together(frozenset("CD"), 0),)},
            "together_pinned",
            (0,),
            "CD",
            ["release_pin", "review_together"],
        ),
        (
            {"together": tuple(Together(frozenset(pair), 1) for pair in ("AB", "BC", "CD"))},
            "crowded",
            (1,),
            "ABCD",
            ["review_together"],
        ),
        (
            {
                "apart": {frozenset("AC"), frozenset("BD")},
                "together": tuple(Together(frozenset(pair), 1) for pair in ("AB", "BC")),
            },
            "crowded",
            (1,),
            "ABC",
            ["review_together", "review_apart"],
        ),
        (
            {"rests": frozenset((person, 1) for person in "ABCDEFG")},
            "all_rest",
            (1,),
            "ABCDEFG",
            ["ask_who_rests", "move_session"],
        ),
    ],
)
def test_rules_that_contradict_each_other_are_named_with_ways_out(
    asked: dict[str, Any], kind: str, sessions: tuple[int, ...], whom: str, ways: list[str]
) -> None:
    answer = plan_course(replace(TEN, **asked), effort=QUICK)

    assert isinstance(answer, NoPlan)
    (clash,) = answer.clashes
    assert (clash.kind, clash.sessions, "".join(clash.people), list(clash.ways)) == (kind, sessions, whom, ways)
    what, out = say_clash(clash, {person: f"P{person}" for person in TEN.people}, ("week 1", "week 2"))
    assert what.endswith(".")
    assert out.endswith(".")


@pytest.mark.parametrize(
    ("asked", "swapped", "kind", "whom"),
    [
        ({"pinned": {0: (GOOD.sessions[0][0],)}}, "CF", "pinned", "C"),
        ({"together": (Together(frozenset("CD")),)}, "CF", "parted", "CD"),
        ({"rests": frozenset((person, 0) for person in "CDE")}, "AE", "no_client", "CDE"),
    ],
)
def test_a_swap_keeps_what_was_asked_for(asked: dict[str, Any], swapped: str, kind: str, whom: str) -> None:
    answer = swap(replace(SIX, apart=frozenset(), **asked), GOOD, 0, *swapped)

    assert isinstance(answer, NoPlan)
    assert [(clash.kind, "".join(clash.people)) for clash in answer.clashes] == [(kind, whom)]


def test_whoever_rests_still_rests_after_a_swap() -> None:
    before = Plan(((Group(tuple("ACD"), rests=frozenset("C")), Group(tuple("BEF"))),))

    after = planned(swap(replace(SIX, rests=frozenset({("C", 0)})), before, 0, "C", "F"))

    assert after.sessions[0] == (Group(tuple("AFD")), Group(tuple("BEC"), rests=frozenset("C")))
