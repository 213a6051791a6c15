"""Growth: nothing is said of few levels together, nothing is averaged, and every sentence has its evidence."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from tests.examples import some
from threefold.core.growth import (
    Band,
    Beside,
    Compared,
    Mark,
    Move,
    Round,
    Turn,
    Who,
    band,
    beside,
    burn_up,
    given,
    is_enough,
    last_rounds,
    latest,
    middle_half,
    moved,
    of_competency,
    of_question,
    said_of,
    wants_practice,
)
from threefold.core.in_short import Whose, in_short

LABELS = {1: "Got in the way", 2: "Beginning", 3: "Helping", 4: "Deepening"}
TITLES = {"HC2": "Empathy", "HC8": "Boundaries"}
NOT_SEEN = "Not seen this time"
OTHERS = {Who.OBSERVER, Who.TUTOR}


def a_round(session: int, *marks: Mark, number: int = 1) -> Round:
    on = date(2026, 10, 1) + timedelta(weeks=session - 1)
    return Round(session, number, on, f"/feedback/triad-{session}/{number}", marks)


def seen(by: str, level: int | None, code: str = "HC2", who: Who = Who.OBSERVER) -> Mark:
    return Mark(code, who, by, level)


def own(level: int | None, code: str = "HC2") -> Mark:
    return Mark(code, Who.OWN, "me", level)


def weekly(*told: Sequence[Mark]) -> tuple[Round, ...]:
    return tuple(a_round(session, *marks) for session, marks in enumerate(told, start=1))


MARKS = st.builds(
    Mark,
    code=st.sampled_from(["HC2", "HC8", "heard"]),
    who=st.sampled_from(Who),
    by=st.sampled_from("abcd"),
    level=st.sampled_from([None, 1, 2, 3, 4]),
)
ROUNDS = st.lists(st.lists(MARKS, max_size=6), max_size=9).map(lambda told: weekly(*told))


def counted(rounds: Sequence[Round], code: str) -> list[tuple[str, int]]:
    """Who gave which level, told another way than the product does."""
    return [
        (mark.by, mark.level)
        for each in rounds
        for mark in each.marks
        if mark.code == code and mark.who in OTHERS and mark.level is not None
    ]


# --- what may be said together ----------------------------------------------------------------------------------


@some(60, 400)
@for_all(ROUNDS)
def test_no_trend_band_or_comparison_below_six_levels_by_three_people(rounds: tuple[Round, ...]) -> None:
    for code in TITLES:
        levels, told = given(rounds, code), counted(rounds, code)
        assert [(one.by, one.level) for one in levels] == told
        if len(told) < 6 or len({by for by, _ in told}) < 3:
            assert (band(levels), moved(levels), wants_practice(levels), beside(rounds, code)) == ((), None, (), None)
            said = [one for one in in_short(rounds, TITLES, LABELS) if one.code == code]
            assert [one.finding for one in said if "moved" in one.finding or "own view" in one.finding] == []
            assert [one.finding for one in said if "could use" in one.finding] == []
            assert "“" not in said_of(levels, LABELS)


@some(60, 400)
@for_all(ROUNDS)
def test_a_band_is_made_of_levels_that_at_least_three_people_gave_by_then(rounds: tuple[Round, ...]) -> None:
    levels = given(rounds, "HC2")
    bands = {one.session: one for one in band(levels)}
    for session in {one.round.session for one in levels}:
        before = [one for one in levels if one.round.session <= session]
        assert (session in bands) == is_enough(before)
        if session in bands:
            window = latest(before)
            assert bands[session].low <= bands[session].high
            assert {bands[session].low, bands[session].high} <= {one.level for one in window}


@some(60, 400)
@for_all(ROUNDS, st.lists(MARKS, max_size=8))
def test_not_seen_ones_own_and_clients_marks_are_never_counted_among_others(
    rounds: tuple[Round, ...], more: list[Mark]
) -> None:
    quiet = tuple(m if m.who not in OTHERS else replace(m, level=None) for m in more)
    louder = tuple(replace(each, marks=each.marks + quiet) for each in rounds)
    for code in TITLES:
        before, after = given(rounds, code), given(louder, code)
        assert [(one.by, one.level) for one in before] == [(one.by, one.level) for one in after]
        assert band(before) == band(after)
        assert moved(before) == moved(after)


@for_all(st.lists(st.integers(1, 4), min_size=1, max_size=40))
def test_the_middle_half_holds_half_of_the_levels_and_ends_on_two_of_them(levels: list[int]) -> None:
    low, high = middle_half(levels)
    assert {low, high} <= set(levels)
    assert 2 * sum(low <= level <= high for level in levels) >= len(levels)
    assert middle_half(sorted(levels)) == (low, high)


def test_no_levels_have_no_middle() -> None:
    with pytest.raises(ValueError, match="no middle"):
        middle_half([])


@some(60, 400)
@for_all(ROUNDS)
def test_what_has_moved_moves_back_when_the_term_is_told_backwards(rounds: tuple[Round, ...]) -> None:
    backwards = tuple(replace(each, session=10 - each.session) for each in rounds)
    there, back = moved(given(rounds, "HC2")), moved(given(backwards, "HC2"))
    # Cut points of equal merit may differ, so it need not be found both ways; it never points the same way twice.
    if there and back:
        assert (there.lately > there.before) == (back.lately < back.before)


# --- in short ----------------------------------------------------------------------------------------------------


@some(60, 400)
@for_all(ROUNDS)
def test_every_sentence_leads_to_rounds_in_which_somebody_spoke_of_it(rounds: tuple[Round, ...]) -> None:
    said = in_short(rounds, TITLES, LABELS)
    assert len(said) <= 3
    assert len({one.topic for one in said}) == len(said)
    for one in said:
        assert one.rounds
        assert set(one.rounds) <= set(rounds)
        for each in one.rounds:
            assert any(mark.code == one.code and mark.who in OTHERS and mark.level for mark in each.marks)


RISING = weekly(
    [own(1), seen("a", 2)],
    [own(1), seen("b", 2)],
    [own(2), seen("c", 2)],
    [own(2), seen("a", 3)],
    [own(2), seen("b", 3), seen("t", 3, who=Who.TUTOR)],
)


def test_what_moved_most_and_the_own_view_beside_others_are_told_with_their_rounds() -> None:
    first, second = in_short(RISING, TITLES, LABELS)
    assert (first.finding, first.detail, first.code, first.rounds) == (
        "Empathy has moved most.",
        "At first others saw it around “Beginning”, lately around “Helping”.",
        "HC2",
        RISING,
    )
    assert (second.finding, second.detail, second.rounds) == (
        "Your own view of Empathy is harder than others’.",
        "In 4 of 5 rounds it was lower than that of anyone who watched.",
        (RISING[0], RISING[1], RISING[3], RISING[4]),
    )
    assert moved(given(RISING, "HC2")) == Move(2, 3)
    assert band(given(RISING, "HC2")) == (Band(5, 2, 3),)


def test_a_tutor_reads_the_same_of_their_trainee() -> None:
    assert [one.finding for one in in_short(RISING, TITLES, LABELS, Whose.of("Amara"))] == [
        "Empathy has moved most.",
        "Amara’s own view of Empathy is harder than others’.",
    ]


def test_with_five_levels_people_are_counted_and_nothing_more_is_claimed() -> None:
    few = RISING[:4]
    assert [(one.finding, one.detail) for one in in_short(few, TITLES, LABELS)] == [
        ("One person noticed Empathy.", "At “Helping” or beyond, in your last three rounds."),
    ]
    two = weekly([seen("a", 3), seen("a", 2, "HC8")], [seen("b", 4), seen("b", 1, "HC8")])
    assert [(one.finding, one.detail, one.rounds) for one in in_short(two, TITLES, LABELS)] == [
        ("Two people noticed Empathy.", "At “Helping” or beyond, in your last two rounds.", two),
        (
            "Boundaries may be worth practising.",
            "Two people saw “Beginning” or “Got in the way” in your last two rounds.",
            two,
        ),
    ]


def test_one_person_alone_makes_nothing_worth_practising() -> None:
    once = weekly([seen("a", 1)], [seen("a", 2)], [seen("a", 2)])
    assert in_short(once, TITLES, LABELS) == ()
    assert last_rounds(once) == once


def test_what_others_often_see_at_the_beginning_could_use_practice() -> None:
    low = weekly(*[[seen(by, level, "HC8")] for by, level in zip("abcabc", (3, 2, 2, 3, 2, 2), strict=True)])
    found = in_short(low, TITLES, LABELS)
    assert (found[-1].finding, found[-1].detail) == (
        "Boundaries could use some practice.",
        "Lately, others often saw “Beginning”.",
    )
    one_voice = weekly(*[[seen(by, level)] for by, level in zip("aaabcb", (1, 1, 1, 3, 3, 3), strict=True)])
    assert wants_practice(given(one_voice, "HC2")) == ()


def test_the_same_competency_is_never_said_to_have_moved_and_to_want_practice() -> None:
    both = weekly(*[[seen(by, level)] for by, level in zip("abcabc", (1, 1, 1, 2, 2, 2), strict=True)])
    assert [one.finding for one in in_short(both, TITLES, LABELS)] == ["Empathy has moved most."]


def test_a_fall_is_not_what_moved_most() -> None:
    falling = weekly(*[[seen(by, level)] for by, level in zip("abcabc", (4, 4, 4, 3, 3, 3), strict=True)])
    assert moved(given(falling, "HC2")) == Move(4, 3)
    assert [one.topic for one in in_short(falling, TITLES, LABELS)] == ["noticed"]


def test_the_own_view_beside_others_wants_three_rounds_and_one_direction() -> None:
    def beside_with(*owns: int) -> Compared | None:
        others = [[seen(by, 3)] for by in "abcabc"]
        return beside(weekly(*[[*told, own(level)] for told, level in zip(others, owns, strict=False)]), "HC2")

    fuller = beside_with(4, 4, 4, 4, 3, 3)
    assert fuller is not None
    assert (fuller.how, len(fuller.rounds), fuller.of) == (Beside.FULLER, 4, 6)
    assert beside_with(4, 4, 4, 3, 3, 3) is None
    assert beside_with(4, 4, 4, 4, 2, 3) is None
    alike = beside_with(3, 3, 3, 3, 3, 3)
    assert alike is not None
    assert alike.how is Beside.ALIKE


# --- one chart ---------------------------------------------------------------------------------------------------


@some(60, 400)
@for_all(ROUNDS)
def test_a_chart_and_its_table_hold_the_same_marks_and_not_seen_is_a_gap(rounds: tuple[Round, ...]) -> None:
    chart = of_competency(rounds, "HC2", "Empathy", LABELS, NOT_SEEN, 9)
    drawn = Counter(
        (column.session, who, LABELS[level])
        for column in chart.columns
        for level, marks in column.marks
        for who in marks
    )
    told = Counter((row.session, row.who, row.level) for row in chart.rows)
    gaps = Counter({each: count for each, count in told.items() if each[2] == NOT_SEEN})
    assert drawn == told - gaps
    assert told.total() == sum(mark.code == "HC2" for each in rounds for mark in each.marks)
    assert [column.session for column in chart.columns] == list(range(1, 10))


def test_a_chart_says_what_it_shows() -> None:
    def says(*levels: int) -> str:
        rounds = weekly(*[[seen(by, level)] for by, level in zip("abcabc", levels, strict=False)])
        return of_competency(rounds, "HC2", "Empathy", LABELS, NOT_SEEN, 6).says

    assert says() == "Nobody else has seen this yet."
    assert says(3) == "Seen in 1 round so far, not enough to draw a trend."
    assert says(3, 3, 3, 3, 3) == "Seen in 5 rounds so far, not enough to draw a trend."
    assert says(3, 3, 3, 3, 3, 3) == "Others mostly see “Helping”."
    assert says(2, 3, 4, 2, 3, 4) == "Others see between “Beginning” and “Deepening”."
    assert says(2, 2, 2, 3, 3, 3) == "Others saw it around “Beginning” at first, around “Helping” lately."


def test_clients_answers_are_counted_and_never_summed_up() -> None:
    answers = {1: "Not really", 2: "A little", 3: "Mostly", 4: "Very much"}
    told = [[Mark("heard", Who.CLIENT, by, level)] for by, level in zip("abcdab", (4, 4, 4, 4, 4, None), strict=True)]
    chart = of_question(weekly(*told), "heard", "I felt heard", answers, "Rather not say", 6)
    assert chart.says == "5 answers, 1 “Rather not say”."
    assert chart.band == ()
    assert [row.level for row in chart.rows] == ["Very much"] * 5 + ["Rather not say"]


# --- rounds so far -----------------------------------------------------------------------------------------------


def test_rounds_counselled_add_up_and_those_one_was_away_from_are_not_planned_either() -> None:
    days = [date(2026, 10, 1) + timedelta(weeks=week) for week in range(4)]
    turns = [Turn(1, days[0], True, False), Turn(2, days[1], True, True), Turn(3, days[2], True, False)]
    burn = burn_up([Turn(4, days[3], False, False), *reversed(turns)])
    assert (burn.done, burn.planned, burn.away) == (2, 3, (2,))
    assert burn.points == ((1, days[0], 1), (2, days[1], 1), (3, days[2], 2))
    assert burn.ends == ((4, days[3], 3),)
    nothing = burn_up([])
    assert (nothing.done, nothing.planned, nothing.points, nothing.ends) == (0, 0, (), ())
