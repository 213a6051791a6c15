"""By when a worry has been read, and whom to call meanwhile."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from threefold.core.concerns import LOOK_LASTS, READ_BY, Line, State, is_open_to, lines, read_by, state

LONDON = "Europe/London"
ZONES = (LONDON, "America/New_York", "Pacific/Auckland", "Asia/Kolkata")


@pytest.mark.parametrize(
    ("sent", "by"),
    [
        ("2026-10-05T08:00", "2026-10-06T17:00"),  # Monday morning: Tuesday
        ("2026-10-08T23:59", "2026-10-09T17:00"),
        ("2026-10-09T00:01", "2026-10-12T17:00"),  # from Friday to Sunday: Monday
        ("2026-10-11T20:00", "2026-10-12T17:00"),
        ("2026-10-23T20:00", "2026-10-26T17:00"),  # the clocks go back between
    ],
)
def test_it_is_read_by_the_afternoon_of_the_next_working_day(sent: str, by: str) -> None:
    zone = ZoneInfo(LONDON)
    found = read_by(datetime.fromisoformat(sent).replace(tzinfo=zone), LONDON)
    assert found == datetime.fromisoformat(by).replace(tzinfo=zone)


@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1)).map(lambda at: at.replace(tzinfo=UTC)),  # noqa: DTZ001 - made UTC in the same line
    st.sampled_from(ZONES),
)
def test_whenever_it_is_sent_the_promise_is_kept_on_a_working_day_soon(sent: datetime, zone: str) -> None:
    local = read_by(sent, zone).astimezone(ZoneInfo(zone))
    assert (local.time(), local.weekday() < 5) == (READ_BY, True)
    days = (local.date() - sent.astimezone(ZoneInfo(zone)).date()).days
    assert 1 <= days <= 3
    assert days == 1 or sent.astimezone(ZoneInfo(zone)).weekday() in {4, 5}


def test_a_look_lasts_half_an_hour_and_says_nothing_of_reading() -> None:
    at = datetime(2026, 10, 7, 12, tzinfo=UTC)
    assert [is_open_to(at, at + after) for after in (timedelta(), LOOK_LASTS - timedelta(seconds=1), LOOK_LASTS)] == [
        True, True, False,
    ]  # fmt: skip
    assert not is_open_to(None, at)
    assert [state(None, None), state(at, None), state(at, at)] == [State.RECEIVED, State.READ, State.CLOSED]


def test_whom_to_call_is_words_and_a_number() -> None:
    (line,) = lines(["Samaritans: day and night: 116 123"])
    assert line == Line("Samaritans: day and night", "116 123")
    assert line.dial == "116123"
