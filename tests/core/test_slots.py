"""Weeks on the wall clock, and rounds inside a session."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from threefold.core.refusal import Problem, Refusal
from threefold.core.slots import (
    Clock,
    Fit,
    Round,
    SessionShape,
    Slot,
    WeeklyPattern,
    bank_holidays,
    check_pattern,
    check_shape,
    dates,
    duration,
    easter,
    fits,
    round_times,
    rounds_for,
    sentence,
    shape_for,
    slot_on,
    suggested_skips,
    total_minutes,
)

LONDON = "Europe/London"
EVENING = SessionShape(rounds=3, practice=20, feedback=10, opening=15, closing=15)
AUTUMN = WeeklyPattern(LONDON, 3, time(18, 30), 120, date(2026, 10, 1), 10, frozenset({date(2026, 10, 29)}))


def test_ten_thursdays_stay_at_half_past_six_across_the_clock_change_and_skip_half_term() -> None:
    slots = dates(AUTUMN)
    assert [slot.date.isoformat() for slot in slots] == [
        *("2026-10-01", "2026-10-08", "2026-10-15", "2026-10-22", "2026-11-05"),
        *("2026-11-12", "2026-11-19", "2026-11-26", "2026-12-03", "2026-12-10"),
    ]
    assert {slot.starts_at.astimezone(ZoneInfo(LONDON)).time() for slot in slots} == {time(18, 30)}
    assert slots[3].starts_at == datetime(2026, 10, 22, 17, 30, tzinfo=UTC)
    assert slots[4] == Slot(
        5, date(2026, 11, 5), datetime(2026, 11, 5, 18, 30, tzinfo=UTC), datetime(2026, 11, 5, 20, 30, tzinfo=UTC)
    )


@pytest.mark.parametrize(
    ("zone", "day", "start", "utc", "clock"),
    [
        (LONDON, date(2026, 3, 29), time(1, 30), "2026-03-29T01:30", Clock.SKIPPED),
        (LONDON, date(2026, 3, 29), time(2, 0), "2026-03-29T01:00", Clock.USUAL),
        (LONDON, date(2026, 10, 25), time(1, 30), "2026-10-25T00:30", Clock.TWICE),
        ("Australia/Lord_Howe", date(2026, 4, 5), time(1, 45), "2026-04-04T14:45", Clock.TWICE),
        ("America/Santiago", date(2026, 9, 6), time(0, 30), "2026-09-06T04:30", Clock.SKIPPED),
        ("Asia/Kathmandu", date(2026, 9, 6), time(18, 30), "2026-09-06T12:45", Clock.USUAL),
    ],
)
def test_a_time_the_clocks_skip_or_repeat_is_resolved_and_said(
    zone: str, day: date, start: time, utc: str, clock: Clock
) -> None:
    slot = slot_on(day, start, 90, zone)
    assert (slot.starts_at, slot.clock) == (datetime.fromisoformat(utc + "+00:00"), clock)
    assert slot.ends_at - slot.starts_at == timedelta(minutes=90)


@settings(deadline=None)
@given(
    st.sampled_from([LONDON, "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "America/Santiago"]),
    st.dates(date(2026, 1, 1), date(2030, 12, 31)),
    st.times().map(lambda at: at.replace(second=0, microsecond=0)),
)
def test_wall_clock_time_wins_wherever_it_exists(zone: str, day: date, start: time) -> None:
    slot = slot_on(day, start, 60, zone)
    local = slot.starts_at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    assert (local == datetime.combine(day, start)) == (slot.clock != Clock.SKIPPED)


def test_every_problem_of_a_pattern_is_told_at_once() -> None:
    assert check_pattern("Europe/Lundon", None, None, 0, None, 61) == Refusal(
        (
            Problem("zone", "Choose a time zone from the list"),
            Problem("weekday", "Choose the day you meet"),
            Problem("start", "Enter a start time like 18:30"),
            Problem("minutes", "Enter a length from 10 minutes to 12 hours"),
            Problem("first", "Enter the date of the first session, like 1 10 2026"),
            Problem("count", "Enter a number of sessions from 1 to 60"),
        )
    )
    assert check_pattern(LONDON, 1, time(18, 30), 120, date(2026, 10, 1), 10) == Refusal.because(
        "1 October 2026 is a Thursday. Choose a Tuesday", "first"
    )
    assert check_pattern(LONDON, 3, time(18, 30), 120, date(2026, 10, 1), 10, AUTUMN.skip) == AUTUMN
    every_thursday = frozenset(date(2026, 10, 1) + timedelta(weeks=week) for week in range(200))
    assert check_pattern(LONDON, 3, time(18, 30), 120, date(2026, 10, 1), 1, every_thursday) == Refusal.because(
        "Too many dates are skipped to find this many sessions", "skip"
    )
    for zone in ("", "../etc/passwd", "/etc/localtime", "Europe"):
        assert isinstance(check_pattern(zone, 3, time(18, 30), 120, date(2026, 10, 1), 1), Refusal)


def test_the_live_total_is_a_sentence() -> None:
    assert sentence(EVENING) == "3 rounds of 20 + 10 min feedback, with welcome and close: 2 h"
    assert total_minutes(EVENING) == 120
    moving = SessionShape(3, 20, 10, 15, 5, between=5)
    assert sentence(moving) == "3 rounds of 20 + 10 min feedback, with welcome, breaks and close: 2 h"
    assert sentence(SessionShape(1, 30, 0)) == "1 round of 30 min: 30 min"
    assert sentence(SessionShape(2, 20, 10, opening=5)) == "2 rounds of 20 + 10 min feedback, with welcome: 1 h 05"
    assert [duration(minutes) for minutes in (0, 45, 60, 110)] == ["0 min", "45 min", "1 h", "1 h 50"]


def test_a_shape_with_everything_wrong_says_everything() -> None:
    refusal = check_shape(0, 0, -1, None, 241, 61)
    assert isinstance(refusal, Refusal)
    assert [problem.field for problem in refusal.problems] == [
        *("rounds", "practice", "feedback", "opening", "closing", "between"),
    ]
    assert check_shape(3, 20, 10, 15, 15) == EVENING


def test_three_rounds_of_an_evening() -> None:
    half_past_six = datetime(2026, 10, 8, 17, 30, tzinfo=UTC)

    def at(minutes: int) -> datetime:
        return half_past_six + timedelta(minutes=minutes)

    assert round_times(half_past_six, EVENING) == (
        Round(1, at(15), at(35), at(45)),
        Round(2, at(45), at(65), at(75)),
        Round(3, at(75), at(95), at(105)),
    )


def test_a_quads_four_rounds_fit_into_the_time_of_three() -> None:
    quad = shape_for(EVENING, rounds_for(EVENING, 4))
    assert quad == SessionShape(rounds=4, practice=15, feedback=7, opening=15, closing=17)
    assert total_minutes(quad) == total_minutes(EVENING)
    assert shape_for(EVENING, rounds_for(EVENING, 2)) == SessionShape(2, 20, 10, 15, 15)
    assert rounds_for(SessionShape(1, 30, 10), 4) == 1


def test_how_a_shape_fits_a_slot() -> None:
    assert fits(EVENING, 120) == Fit(0, EVENING, "It fits exactly.")
    assert fits(EVENING, 130).sentence == "10 min to spare."
    assert fits(EVENING, 90).sentence == "That is 30 min longer than the session’s 1 h 30."
    assert fits(EVENING, 120, size=4).sentence == "In a group of 4 there are 4 rounds of 15 + 7 min."


@settings(deadline=None)
@given(st.integers(1, 6), st.integers(1, 60), st.integers(0, 30), st.integers(0, 20), st.integers(2, 5))
def test_more_rounds_never_make_a_session_longer(
    rounds: int, practice: int, feedback: int, around: int, size: int
) -> None:
    shape = SessionShape(rounds, practice, feedback, around, around)
    cut = shape_for(shape, rounds_for(shape, size))
    assert cut.practice >= 1
    assert cut.feedback >= 0
    if rounds * (practice + feedback) >= cut.rounds:
        assert total_minutes(cut) <= total_minutes(shape)


def test_bank_holidays_of_england_and_wales() -> None:
    assert [easter(year).isoformat() for year in (2024, 2025, 2026, 2027, 2038)] == [
        *("2024-03-31", "2025-04-20", "2026-04-05", "2027-03-28", "2038-04-25"),
    ]
    assert sorted(day.isoformat() for day in bank_holidays(2026)) == [
        *("2026-01-01", "2026-04-03", "2026-04-06", "2026-05-04"),
        *("2026-05-25", "2026-08-31", "2026-12-25", "2026-12-28"),
    ]
    # 2021: Christmas on a Saturday; 2022: on a Sunday, New Year too
    assert {date(2021, 12, 27), date(2021, 12, 28)} <= set(bank_holidays(2021))
    assert {date(2022, 1, 3), date(2022, 12, 26), date(2022, 12, 27)} <= set(bank_holidays(2022))


def test_half_terms_are_suggested_with_the_reason() -> None:
    skips = suggested_skips(date(2026, 10, 1), date(2027, 6, 30))
    assert [(day.isoformat(), reason) for day, reason in skips if day.weekday() == 3] == [
        ("2026-10-29", "Half-term"),
        ("2027-02-18", "Half-term"),
        ("2027-06-03", "Half-term"),
    ]
    assert (date(2026, 12, 25), "Christmas Day") in skips
    assert (date(2027, 5, 31), "Spring bank holiday") in skips
    assert [day for day, _ in skips] == sorted({day for day, _ in skips})
