from dataclasses import replace
from itertools import combinations

import pytest

from tests.matching.classes import NAMES, WEEKS, course, pairs, people, planned
from threefold.core.grouping import Group
from threefold.core.roles import Role
from threefold.core.said import number
from threefold.matching import (
    Bounds,
    Figures,
    NoPlan,
    Note,
    NoteKind,
    Plan,
    Remainder,
    explain,
    plan_course,
    say_clash,
    say_note,
    say_person,
    swap,
)
from threefold.matching.explain.verdict import say_repeats, say_spread
from threefold.matching.words import listed, opening, times


def said(answer: object) -> list[tuple[str, ...]]:
    assert isinstance(answer, NoPlan), answer
    return [say_clash(clash, NAMES, WEEKS) for clash in answer.clashes]


def test_a_session_with_one_person_says_who_and_two_ways_out() -> None:
    answer = plan_course(course(6, 3, away={1: "ABCDE", 2: "ABCDEF"}))

    assert said(answer) == [
        ("Week 3: nobody is free.", "Move the session, or add people."),
        ("Week 2: only Farid is free.", "Move the session, or add a guest."),
    ]


def test_one_person_is_no_class() -> None:
    assert said(plan_course(course(1, 3))) == [
        ("A plan needs two people at least, and three to be a triad.", "Add people, or add a guest.")
    ]


def test_everyone_kept_apart_names_the_smallest_clash() -> None:
    everyone = frozenset(map(frozenset, combinations(people(12), 2)))

    assert said(plan_course(course(12, 2, apart=everyone))) == [
        (
            "Week 1 and week 2: Hanna, Ioan, Joy, Kit and Lena can’t all be placed, with the pairs you keep apart.",
            "Look again at who is kept apart, or move the session.",
        )
    ]


def test_three_people_of_whom_two_are_kept_apart_cannot_be_a_triad() -> None:
    assert said(plan_course(course(3, 1, apart=pairs("AC")))) == [
        (
            "Week 1: Amara and Chloe can’t all be placed, with the pairs you keep apart.",
            "Look again at who is kept apart, or move the session.",
        )
    ]


def test_where_another_way_of_dividing_the_class_would_do_it_is_offered() -> None:
    one_with_nobody_but_a_friend = frozenset(frozenset(("A", other)) for other in "CDEFGH")

    assert said(plan_course(course(8, 1, apart=one_with_nobody_but_a_friend)))[0][1] == (
        "Look again at who is kept apart, or let one triad be a pair with a tutor, or move the session."
    )
    quads = course(8, 1, apart=one_with_nobody_but_a_friend, remainder=Remainder.PAIR_WITH_TUTOR)
    assert isinstance(plan_course(quads), Plan)


def test_a_declined_swap_is_said_plainly() -> None:
    problem = course(6, 1, apart=pairs("AB"))
    plan = Plan(((Group(tuple("ACD")), Group(tuple("BEF"))),))

    assert said(swap(problem, plan, 0, "A", "E")) == [
        (
            "Week 1: that would put Amara and Ben side by side.",
            "Choose somebody else, or choose another session.",
        )
    ]


def test_the_verdict_of_sixteen_people_over_ten_weeks() -> None:
    problem = course(16, 10)

    told = explain(problem, planned(plan_course(problem)))

    assert told.verdict == (
        "Everyone works with everyone. Nobody sits with the same person more than twice. "
        "60 meetings repeat, and no plan can have fewer."
    )
    assert told.figures == Figures(pairs_met=120, pairs_possible=120, most_together=2, turns_least=10, turns_most=13)
    assert {kind.kind for kind in told.notes} <= {NoteKind.TWO_RUNNING}


def test_a_perfect_term_is_said_in_two_sentences() -> None:
    problem = course(15, 7)

    told = explain(problem, planned(plan_course(problem)))

    assert told.verdict == "Everyone works with everyone. Nobody sits with the same person twice."
    assert told.notes == ()
    assert say_person(told, "A", {p: p for p in problem.people}, WEEKS) == (
        "Works once with 14 people. Meets everyone by week 7."
    )


def test_no_claim_goes_beyond_what_is_proven() -> None:
    six = course(6, 2)
    twice = (Group(tuple("ABC")), Group(tuple("DEF")))

    told = explain(six, Plan((twice, twice)))

    assert told.verdict == (
        "6 of 15 pairs work together. Nobody sits with the same person more than twice. "
        "6 meetings repeat; at least 2 must repeat, so up to four could perhaps be saved."
    )


def test_a_small_course_told_in_full() -> None:
    problem = replace(
        course(5, 2, apart=pairs("AE"), away={1: "E"}), remainder=Remainder.PAIR_WITH_TUTOR, met={frozenset("DE"): 1}
    )
    plan = Plan(((Group(tuple("ABC")), Group(tuple("DE"), tutor=True)), (Group(tuple("CDAB")),)))

    told = explain(problem, plan)

    assert told.figures == Figures(pairs_met=7, pairs_possible=9, most_together=2, turns_least=0, turns_most=3)
    assert told.turns["A"] == {Role.COUNSELLOR: 2, Role.CLIENT: 2, Role.OBSERVER: 3}
    assert told.fours == {"A": 1, "B": 1, "C": 1, "D": 1, "E": 0}
    assert told.everyone_by == {"A": 1, "B": None, "C": None, "D": 1, "E": None}
    assert told.notes == (
        Note(NoteKind.TUTOR_OBSERVES, (("D", "E"),), sessions=(0,)),
        Note(NoteKind.NEVER_TOGETHER, (("B", "E"), ("C", "E"))),
        Note(NoteKind.SAME_WAY_AGAIN, (("B", "A"), ("C", "B"))),
        Note(NoteKind.TWO_RUNNING, (("A", "B"), ("A", "C"), ("B", "C"))),
    )
    assert [say_note(note, NAMES, WEEKS) for note in told.notes] == [
        ("Week 1 has one pair", "Dev and Esther work as a two, so a tutor observes them."),
        ("Two pairs don’t work together", "Ben and Esther; Chloe and Esther."),
        (
            "Two of those who meet again do so the same way round",
            "Ben has Amara as client; Chloe has Ben as client.",
        ),
        (
            "Three pairs meet two sessions running",
            "Nothing wrong with that. If you’d rather spread them out, try another plan.",
        ),
    ]


def test_one_person_in_words_does_not_tell_a_rule_from_chance() -> None:
    unlucky = course(6, 2)
    plan = Plan(
        (
            (Group(tuple("ABC")), Group(tuple("DEF"))),
            (Group(tuple("ABD")), Group(tuple("CEF"))),
        )
    )
    kept_apart = replace(unlucky, apart=pairs("AE", "AF"))

    words = [say_person(explain(problem, plan), "A", NAMES, WEEKS) for problem in (unlucky, kept_apart)]

    assert words[0] == "Works once with Chloe and Dev, and twice with Ben. Doesn’t work with Esther and Farid."
    assert words[0].split(". ")[1] == words[1].split(". ")[1]


@pytest.mark.parametrize(
    ("again", "least", "said"),
    [
        (1, 1, "One meeting repeats, and no plan can have fewer."),
        (60, 60, "60 meetings repeat, and no plan can have fewer."),
        (28, 24, "28 meetings repeat; at least 24 must repeat, so up to four could perhaps be saved."),
        (3, 2, "3 meetings repeat; at least 2 must repeat, so one could perhaps be saved."),
        (9, 0, "9 meetings repeat; we can’t say whether a plan could have fewer."),
    ],
)
def test_how_many_repeat_and_what_is_proven(again: int, least: int, said: str) -> None:
    assert say_repeats(again, Bounds(90, least, 2, ())) == said


@pytest.mark.parametrize(
    ("spread", "least", "said"),
    [
        (0, 0, "Everybody takes each role equally often."),
        (1, 1, "Everybody takes each role equally often, to within one, and no plan can come closer."),
        (3, 2, "Everybody takes each role equally often, to within three; no plan can come closer than two."),
        (
            1,
            0,
            "Everybody takes each role equally often, to within one; we can’t say whether a plan could come closer.",
        ),
    ],
)
def test_how_evenly_roles_fall_and_what_is_proven(spread: int, least: int, said: str) -> None:
    assert say_spread(spread, least) == said


@pytest.mark.parametrize(
    ("note", "said"),
    [
        (
            Note(NoteKind.TUTOR_OBSERVES, (("A", "B"), ("C", "D")), sessions=(0, 2)),
            ("Two sessions have a pair", "A tutor observes them in week 1 and week 3."),
        ),
        (Note(NoteKind.NEVER_TOGETHER, (("A", "B"),)), ("One pair doesn’t work together", "Amara and Ben.")),
        (Note(NoteKind.NEVER_FREE_TOGETHER, (("A", "B"),)), ("One pair is never free together", "Amara and Ben.")),
        (
            Note(NoteKind.NEVER_TOGETHER, tuple(("A", other) for other in "BCDEF")),
            ("Five pairs don’t work together", "Amara and Ben; Amara and Chloe; Amara and Dev; two more."),
        ),
        (
            Note(NoteKind.OFTEN_IN_A_FOUR, people=("A", "B"), fours=4),
            ("Amara and Ben sit in a four most often", "Four times, at least two times more than somebody else."),
        ),
        (
            Note(NoteKind.SAME_WAY_AGAIN, tuple(("A", other) for other in "BCDE")),
            (
                "Four of those who meet again do so the same way round",
                "Amara has Ben as client; Amara has Chloe as client; Amara has Dev as client; one more.",
            ),
        ),
    ],
)
def test_a_note_of_every_kind(note: Note, said: tuple[str, str]) -> None:
    assert say_note(note, NAMES, WEEKS) == said


@pytest.mark.parametrize(("count", "said"), [(0, "no"), (1, "one"), (12, "twelve"), (13, "13")])
def test_a_count_before_a_noun(count: int, said: str) -> None:
    assert number(count) == said


def test_lists_and_openings() -> None:
    assert listed([], 3) == ""
    assert listed(["Ben"], 3) == "Ben"
    assert listed(["Ben", "Dev", "Priya"], 3) == "Ben, Dev and Priya"
    assert listed(["Ben", "Dev", "Priya", "Kit"], 3) == "Ben, Dev and two others"
    assert (times(1), times(2), times(3)) == ("once", "twice", "three times")
    assert opening("week 3") == "Week 3"
