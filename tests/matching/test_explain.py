from collections.abc import Sequence
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.matching.classes import NAMES, WEEKS, course, pairs, planned
from threefold.core.grouping import Group
from threefold.core.roles import Role, Turning
from threefold.matching import (
    BRIEF,
    CourseProblem,
    Plan,
    Relaxation,
    Remainder,
    Together,
    WayBetter,
    WhyTriad,
    bounds,
    explain,
    plan_course,
    repeats,
    say_ground,
    say_way_better,
    say_why,
    say_why_not_better,
    swap,
    why_not_better,
    why_this_triad,
)


def of(*sessions: str) -> Plan:
    """`of("ABC DEF", "ABD CEF")`: a plan of triads, counsellors in the order of the letters."""
    return Plan(
        tuple(tuple(Group(tuple(group), tutor=len(group) == 2) for group in session.split()) for session in sessions)
    )


def initials(problem: CourseProblem) -> dict[str, str]:
    return {person: NAMES.get(person, person) for person in problem.people}


# The second story: one keep-apart pair in a class of fifteen over seven weeks


def test_one_keep_apart_pair_makes_two_repeats_unavoidable_and_it_is_said_why() -> None:
    problem = course(15, 7, apart=pairs("AB"))

    plan = planned(plan_course(problem, effort=BRIEF))
    told = explain(problem, plan)

    assert told.together[frozenset("AB")] == 0
    assert told.bounds.least_repeats == 2
    assert say_ground(told.bounds, NAMES) == (
        "At least 2 repeats are unavoidable: Amara and Ben each have 14 places to fill with 13 allowed partners."
    )
    assert why_not_better(problem, plan)[0] == WayBetter(
        Relaxation.ALLOW_PAIR, least_repeats=0, instead_of=2, pair=("A", "B")
    )


def test_without_the_pair_there_is_nothing_to_explain() -> None:
    problem = course(15, 7)
    plan = planned(plan_course(problem))

    assert explain(problem, plan).repeats == 0
    assert say_ground(bounds(problem), NAMES) == ""
    assert why_not_better(problem, plan) == ()
    assert say_why_not_better(problem, plan, NAMES) == ("Nothing repeats: there is nothing better.",)


# Why repeats must be


@pytest.mark.parametrize(
    ("problem", "said"),
    [
        (
            course(16, 10),
            "At least 60 repeats are unavoidable: everybody has 20 places to fill with 15 allowed partners.",
        ),
        (
            course(12, 5),
            "At least 3 repeats are unavoidable: the class is so small that every plan has been tried.",
        ),
        (
            course(10, 2),
            (
                "At least 1 repeat is unavoidable: "
                "a group with more members than there were groups before brings two together again."
            ),
        ),
        (
            replace(course(9, 2), pinned={0: (Group(tuple("ABC")),), 1: (Group(tuple("ABC")),)}),
            (
                "At least 3 repeats are unavoidable: "
                "frozen sessions, pinned groups and people who are to be together repeat by themselves."
            ),
        ),
        (
            course(15, 7, apart=pairs("AB", "AC", "BC")),
            (
                "At least 6 repeats are unavoidable: "
                "Amara, Ben and Chloe each have 14 places to fill with 12 allowed partners."
            ),
        ),
        (
            course(15, 7, apart=pairs("AB", "AC")),
            (
                "At least 3 repeats are unavoidable: "
                "Ben and Chloe each have 14 places to fill with 13 allowed partners, "
                "and one more has too few as well."
            ),
        ),
    ],
)
def test_why_so_many_repeats_must_be(problem: CourseProblem, said: str) -> None:
    assert say_ground(bounds(problem), initials(problem)) == said


# How evenly the roles fall


@pytest.mark.parametrize(
    ("problem", "said"),
    [
        (course(15, 4), "Everybody takes each role equally often."),
        (course(4, 2), "Everybody takes each role equally often, to within two, and no plan can come closer."),
        (
            replace(course(9, 4), turning=Turning.ONE_ROUND),
            "Everybody takes each role equally often, to within one, and no plan can come closer.",
        ),
    ],
)
def test_how_evenly_the_roles_fall(problem: CourseProblem, said: str) -> None:
    assert explain(problem, planned(plan_course(problem, effort=BRIEF))).roles == said


def test_roles_that_could_perhaps_be_more_even_are_not_called_the_best() -> None:
    fours = (Group(tuple("ABCD")), Group(tuple("EFG")))
    problem = course(7, 4)
    rests = replace(course(3, 1), rests=frozenset({("A", 0)}))

    assert explain(problem, Plan((fours,) * 4)).roles == (
        "Everybody takes each role equally often, to within four; no plan can come closer than three."
    )
    assert explain(rests, Plan(((Group(tuple("ABC"), rests=frozenset("A")),),))).roles == (
        "Everybody takes each role equally often, to within one; we can’t say whether a plan could come closer."
    )


def test_minutes_served_before_count_among_the_rounds() -> None:
    had = {"A": {Role.COUNSELLOR: 40}}
    problem = replace(course(3, 1), served=had, round_minutes=20)

    assert explain(problem, of("ABC")).spread == 2


# How evenly seats in fours fall, and what that costs


@pytest.mark.parametrize(
    ("even", "weeks", "said"),
    [
        (
            False,
            ("ABCD EFG", "ABEF CDG"),
            "Seats in groups of four are not shared evenly: none to two each; sharing them evenly may cost repeats.",
        ),
        (True, ("ABCD EFG", "ABEF CDG"), "Seats in groups of four are not shared evenly: none to two each."),
        (True, ("ABCD EFG", "DEFG ABC"), "Sharing the fours evenly costs three more repeats at most."),
        (False, ("ABCD EFG", "DEFG ABC"), ""),
        (True, ("ABCD EFG",), "Sharing the fours evenly costs no repeat."),
        (False, ("ABCD EFG",), ""),
    ],
)
def test_what_even_fours_cost_is_said_as_far_as_it_is_proven(*, even: bool, weeks: tuple[str, ...], said: str) -> None:
    problem = replace(course(7, len(weeks)), even_quads=even)

    assert explain(problem, of(*weeks)).shares == said


def test_of_fours_nothing_is_said_where_there_are_none() -> None:
    assert explain(replace(course(6, 2), even_quads=True), of("ABC DEF", "ABD CEF")).shares == ""


# Why this triad


def test_a_first_meeting_that_any_exchange_would_spoil() -> None:
    problem = course(9, 4)
    plan = of("ABC DEF GHI", "ADG BEH CFI", "AEI BFG CDH", "AFH BDI CEG")

    why = why_this_triad(problem, plan, 2, 0)

    assert why == WhyTriad(
        members=("A", "E", "I"),
        met=(("A", "E", 0, None), ("A", "I", 0, None), ("E", "I", 0, None)),
        owed=(),
        exchange=("A", "B"),
        adds=4,
    )
    assert say_why(why, NAMES, WEEKS) == (
        "They meet for the first time.",
        "Exchanging any of them with somebody else would add at least four repeats.",
    )


def test_people_who_meet_again_are_told_when_they_met_last() -> None:
    problem = replace(course(6, 3), met={frozenset("DE"): 2})
    plan = of("ABC DEF", "ADE BCF", "ABF CDE")

    assert say_why(why_this_triad(problem, plan, 2, 0), NAMES, WEEKS)[0] == (
        "Amara and Ben have met once, last in week 1; Ben and Farid have met once, last in week 2; "
        "the others meet for the first time."
    )
    assert say_why(why_this_triad(problem, plan, 0, 1), NAMES, WEEKS)[0] == (
        "Dev and Esther had met twice before the course; the others meet for the first time."
    )


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        (of("ABC DEF", "ABC DEF"), "If Amara and Dev changed places, four repeats would be saved."),
        (of("ABC DEF", "ABD CEF"), "Amara and Chloe could change places at no cost."),
    ],
)
def test_an_exchange_that_costs_nothing_or_helps_is_named(plan: Plan, said: str) -> None:
    assert said in say_why(why_this_triad(course(6, 2), plan, 1, 0), NAMES, WEEKS)


def test_where_no_exchange_is_allowed_that_is_said_without_the_rule() -> None:
    pinned = replace(course(6, 1), pinned={0: (Group(tuple("ABC")),)})
    frozen = replace(course(6, 1), frozen={0: of("ABC DEF").sessions[0]})

    for problem in (pinned, frozen, course(3, 1)):
        plan = of("ABC DEF" if len(problem.people) == 6 else "ABC")
        assert say_why(why_this_triad(problem, plan, 0, 0), NAMES, WEEKS)[-1] == (
            "Nobody could change places with somebody else without breaking a rule."
        )


def in_one_round(*sessions: str) -> Plan:
    return Plan(
        tuple(tuple(replace(group, turning=Turning.ONE_ROUND) for group in groups) for groups in of(*sessions).sessions)
    )


def test_with_one_round_the_role_somebody_is_owed_is_named() -> None:
    problem = replace(course(6, 2), turning=Turning.ONE_ROUND)
    fair = in_one_round("ABC DEF", "DAF BEC")
    unfair = in_one_round("ABC DEF", "ABC DEF")

    told = why_this_triad(problem, fair, 1, 0)

    assert told.owed == (("D", Role.COUNSELLOR, False), ("A", Role.CLIENT, True), ("F", Role.OBSERVER, False))
    assert say_why(told, NAMES, WEEKS)[1] == "Amara is client: that is the role they have had least."
    assert "Each takes a role they have had least." in say_why(
        why_this_triad(problem, in_one_round("ABC DEF", "BCD AEF"), 0, 0), NAMES, WEEKS
    )
    assert all(" least." not in said for said in say_why(why_this_triad(problem, unfair, 1, 0), NAMES, WEEKS))


@given(st.integers(6, 11), st.integers(2, 4), st.randoms(use_true_random=False))
@settings(max_examples=15, deadline=None)
def test_the_exchange_named_adds_what_is_said(count: int, sessions: int, chance: Random) -> None:
    problem = course(count, sessions)
    made = []
    for sizes in problem.shapes().values():
        waiting = list(problem.people)
        chance.shuffle(waiting)
        made.append(tuple(Group(tuple(waiting.pop() for _ in range(size)), tutor=size == 2) for size in sizes))
    plan = Plan(tuple(made))

    for session, groups in enumerate(plan.sessions):
        for group in range(len(groups)):
            why = why_this_triad(problem, plan, session, group)
            assert why.exchange is not None
            other = swap(problem, plan, session, *why.exchange)
            assert isinstance(other, Plan)
            assert repeats(other, {}) == repeats(plan, {}) + why.adds


# Why not better


def ways(problem: CourseProblem, plan: Plan | None = None) -> Sequence[str]:
    made = plan or planned(plan_course(problem, effort=BRIEF))
    return [say_way_better(way, initials(problem)) for way in why_not_better(problem, made)]


def test_one_session_fewer_and_other_group_sizes_are_weighed() -> None:
    problem = course(16, 10)

    assert ways(problem) == [
        "With pairs and a tutor for each instead of quads: at least 20 would repeat, 40 fewer than now must.",
        "One session fewer: at least 42 would repeat, 18 fewer than now must.",
    ]


def test_every_rule_that_costs_repeats_is_offered() -> None:
    problem = replace(
        course(15, 7),
        together=(Together(frozenset("AC"), 0), Together(frozenset("AC"), 1)),
        pinned={2: (Group(tuple("DEF")),), 3: (Group(tuple("DEF")),)},
    )

    kinds = {way.what for way in why_not_better(problem, planned(plan_course(problem, effort=BRIEF)))}

    assert {Relaxation.NO_PINS, Relaxation.NOT_TOGETHER} <= kinds


def test_absences_can_be_what_costs_repeats() -> None:
    problem = course(9, 3, away={1: "GHI", 2: "GHI"})

    assert "If everybody came every time: none need repeat, as far as counting tells, instead of 2." in ways(problem)


def test_only_what_is_proven_to_help_is_offered() -> None:
    problem = course(6, 2, apart=pairs("AB"))

    for way in why_not_better(problem, planned(plan_course(problem, effort=BRIEF))):
        assert way.least_repeats < way.instead_of == bounds(problem).least_repeats


@pytest.mark.parametrize(
    ("way", "said"),
    [
        (
            WayBetter(Relaxation.ALLOW_PAIR, 4, 6, pair=("A", "B")),
            "Without keeping Amara and Ben apart: at least 4 would repeat, two fewer than now must.",
        ),
        (
            WayBetter(Relaxation.NO_PINS, 1, 2),
            "Without the groups you pinned: at least 1 would repeat, one fewer than now must.",
        ),
        (
            WayBetter(Relaxation.NOT_TOGETHER, 0, 2),
            "Without the pairs who are to be together: none need repeat, as far as counting tells, instead of 2.",
        ),
        (
            WayBetter(Relaxation.ANOTHER_REMAINDER, 3, 5, remainder=Remainder.QUADS),
            "With quads instead of pairs: at least 3 would repeat, two fewer than now must.",
        ),
        (
            WayBetter(Relaxation.ANOTHER_REMAINDER, 3, 5, remainder=Remainder.PAIR_WITH_TUTOR),
            "With at most one pair and a tutor instead of two quads: at least 3 would repeat, two fewer than now must.",
        ),
    ],
)
def test_a_way_in_a_sentence(way: WayBetter, said: str) -> None:
    assert say_way_better(way, NAMES) == said


def test_the_whole_answer_begins_with_how_far_the_plan_is_from_what_is_proven() -> None:
    problem = course(6, 2)

    assert say_why_not_better(problem, of("ABC DEF", "ABC DEF"), NAMES) == (
        "6 meetings repeat; at least 2 must repeat, so up to four could perhaps be saved.",
        "One session fewer: none need repeat, as far as counting tells, instead of 2.",
    )
