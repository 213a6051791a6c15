"""What somebody offers, over usual weeks, dates unlike them, busy hours, and the nights on which the clocks change."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from threefold.core.availability import Day, How, Offered, Span, Week, free_at, merged, tidy

FREE, IF_NEEDED, NOT_FREE, UNKNOWN = How.FREE, How.IF_NEEDED, How.NOT_FREE, How.UNKNOWN
LONDON = "Europe/London"
ZONES = (LONDON, "America/New_York", "Australia/Lord_Howe")  # half an hour of summer time in the last
# A few days around each change of the clocks of 2026 in these zones.
DAYS = ((3, 8), (3, 29), (4, 4), (10, 3), (10, 25), (11, 1))
CHANGES = [datetime(2026, month, day, tzinfo=UTC) for month, day in DAYS]


def evening(weekday: int, how: How = FREE, *, zone: str = LONDON, begins: int = 18, ends: int = 21) -> Week:
    days: list[Day] = [()] * 7
    days[weekday] = (Span(begins * 60, (ends - begins) * 60, how),)
    return Week(zone, tuple(days))


def london(*wall: int) -> datetime:
    return datetime(*wall, tzinfo=ZoneInfo(LONDON)).astimezone(UTC)  # type: ignore[misc,arg-type] # year to minute


THURSDAY_630 = (london(2026, 10, 8, 18, 30), london(2026, 10, 8, 20, 30))


def test_a_class_within_the_marked_evening_is_free_and_one_that_runs_over_it_is_not() -> None:
    week = evening(3)
    assert free_at(week, {}, (), *THURSDAY_630) is FREE
    assert free_at(week, {}, (), london(2026, 10, 8, 19, 30), london(2026, 10, 8, 21, 1)) is NOT_FREE
    assert free_at(week, {}, (), london(2026, 10, 8, 17, 59), london(2026, 10, 8, 19)) is NOT_FREE
    assert free_at(week, {}, (), london(2026, 10, 9, 18, 30), london(2026, 10, 9, 20)) is NOT_FREE


def test_one_hour_that_is_only_if_needed_makes_the_whole_so() -> None:
    days: list[Day] = [()] * 7
    days[3] = (Span(18 * 60, 60, FREE), Span(19 * 60, 120, IF_NEEDED))
    assert free_at(Week(LONDON, tuple(days)), {}, (), *THURSDAY_630) is IF_NEEDED


def test_who_has_said_nothing_is_unknown_until_a_date_or_a_calendar_says_something() -> None:
    taken = ((THURSDAY_630[0] - timedelta(hours=1), THURSDAY_630[0] + timedelta(minutes=1)),)
    said = {date(2026, 10, 8): (Span(18 * 60, 180, IF_NEEDED),)}
    assert free_at(None, {}, (), *THURSDAY_630) is UNKNOWN
    assert free_at(Week(LONDON, None), {}, (), *THURSDAY_630) is UNKNOWN
    assert free_at(Week(LONDON, None), said, (), *THURSDAY_630) is IF_NEEDED
    assert free_at(None, {}, taken, *THURSDAY_630) is NOT_FREE
    assert Offered().at(*THURSDAY_630) is UNKNOWN


def test_a_one_off_date_holds_instead_of_the_usual_week_and_only_on_that_date() -> None:
    week, off = evening(3), {date(2026, 10, 8): ()}
    assert free_at(week, off, (), *THURSDAY_630) is NOT_FREE
    next_week = [each + timedelta(days=7) for each in THURSDAY_630]
    assert free_at(week, off, (), *next_week) is FREE


def test_a_meeting_past_midnight_is_looked_at_on_both_dates() -> None:
    days: list[Day] = [()] * 7
    days[3], days[4] = (Span(23 * 60, 60, FREE),), (Span(0, 90, FREE),)
    night = (london(2026, 10, 8, 23, 30), london(2026, 10, 9, 0, 30))
    assert free_at(Week(LONDON, tuple(days)), {}, (), *night) is FREE
    assert free_at(Week(LONDON, tuple(days)), {date(2026, 10, 9): ()}, (), *night) is NOT_FREE


def test_busy_times_touching_the_ends_take_nothing() -> None:
    starts_at, ends_at = THURSDAY_630
    hour = timedelta(hours=1)
    assert free_at(evening(3), {}, ((starts_at - hour, starts_at), (ends_at, ends_at + hour)), *THURSDAY_630) is FREE
    late = ((starts_at - hour, starts_at), (ends_at - timedelta(minutes=1), ends_at + hour))
    assert free_at(evening(3), {}, late, *THURSDAY_630) is NOT_FREE


def test_the_same_evening_on_both_sides_of_a_clock_change_keeps_its_hour() -> None:
    week = evening(6)  # Sundays: the clocks went back on 25 October 2026
    for day in ((2026, 10, 18), (2026, 10, 25), (2026, 11, 1)):
        assert free_at(week, {}, (), london(*day, 18, 0), london(*day, 21, 0)) is FREE
        assert free_at(week, {}, (), london(*day, 17, 59), london(*day, 21, 0)) is NOT_FREE


def test_somebody_in_new_york_is_asked_on_their_own_clock() -> None:
    week = evening(3, zone="America/New_York", begins=13, ends=16)
    assert free_at(week, {}, (), london(2026, 10, 8, 18, 30), london(2026, 10, 8, 20, 30)) is FREE
    # Between the two changes of the clocks New York is only four hours behind.
    assert free_at(week, {}, (), london(2026, 10, 29, 18, 30), london(2026, 10, 29, 20, 30)) is NOT_FREE
    # Half past midnight on a Friday in London is Thursday evening there.
    late = evening(3, zone="America/New_York", begins=19, ends=21)
    assert free_at(late, {}, (), london(2026, 10, 9, 0, 30), london(2026, 10, 9, 1, 30)) is FREE


def test_an_end_before_its_start_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="is none"):
        free_at(None, {}, (), THURSDAY_630[1], THURSDAY_630[0])


# --- what holds of every week ---------------------------------------------------------------------------------

hows = st.sampled_from([FREE, IF_NEEDED, NOT_FREE])
spans = st.builds(Span, st.integers(0, 23).map(lambda h: h * 60), st.sampled_from([15, 60, 90, 240]), hows)
days = st.lists(spans, max_size=5).map(tidy)
weeks = st.builds(Week, st.sampled_from(ZONES), st.one_of(st.none(), st.tuples(*[days] * 7)))


def minute_by_minute(week: Week, one_offs: Mapping[date, Day], starts_at: datetime, ends_at: datetime) -> How:
    """The same question asked of every single minute."""
    said, at = set(), starts_at
    while at < ends_at:
        wall = at.astimezone(ZoneInfo(week.zone))
        day = one_offs.get(wall.date(), None if week.days is None else week.days[wall.weekday()])
        minute = wall.hour * 60 + wall.minute
        said.add(
            UNKNOWN
            if day is None
            else next((span.how for span in day if span.minute <= minute < span.minute + span.minutes), NOT_FREE)
        )
        at += timedelta(minutes=1)
    return next(how for how in (NOT_FREE, UNKNOWN, IF_NEEDED, FREE) if how in said)


@given(weeks, st.sampled_from(CHANGES), st.integers(-36 * 60, 60 * 60), st.integers(1, 12 * 60), st.data())
def test_what_is_said_of_a_time_is_what_is_said_of_its_minutes(
    week: Week, change: datetime, after: int, minutes: int, data: st.DataObject
) -> None:
    starts_at = change + timedelta(minutes=after)
    ends_at = starts_at + timedelta(minutes=minutes)
    one_offs = data.draw(st.dictionaries(st.sampled_from([starts_at.date(), ends_at.date()]), days, max_size=2))
    assert free_at(week, one_offs, (), starts_at, ends_at) is minute_by_minute(week, one_offs, starts_at, ends_at)


@given(weeks, st.sampled_from(CHANGES), st.lists(st.integers(0, 48 * 60), min_size=3, max_size=3, unique=True))
def test_a_whole_is_as_free_as_its_less_free_half(week: Week, change: datetime, cuts: list[int]) -> None:
    first, cut, last = (change + timedelta(minutes=minute) for minute in sorted(cuts))
    order = [NOT_FREE, UNKNOWN, IF_NEEDED, FREE]
    halves = [free_at(week, {}, (), first, cut), free_at(week, {}, (), cut, last)]
    assert free_at(week, {}, (), first, last) is min(halves, key=order.index)


@given(st.lists(spans, max_size=8))
def test_painting_the_same_strokes_again_changes_nothing(strokes: list[Span]) -> None:
    once = tidy(strokes)
    assert tidy([*strokes, *strokes]) == once
    assert tidy(once) == once
    assert all(a.end <= b.minute and (a.end < b.minute or a.how is not b.how) for a, b in pairwise(once))


@given(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), max_size=12), st.integers(0, 499))
def test_merged_busy_times_cover_the_same_minutes(pairs: list[tuple[int, int]], minute: int) -> None:
    start = CHANGES[0]
    given_ = [(start + timedelta(minutes=a), start + timedelta(minutes=b)) for a, b in pairs]
    busy = merged(given_)
    at = (start + timedelta(minutes=minute), start + timedelta(minutes=minute + 1))
    assert all(a[1] < b[0] for a, b in pairwise(busy))
    is_taken = any(begins <= at[0] and at[1] <= ends for begins, ends in given_)
    assert (free_at(None, {}, busy, *at) is NOT_FREE) == is_taken
