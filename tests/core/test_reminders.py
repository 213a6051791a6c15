"""Reminders keep to the wall clock of the cohort, never come at night, and never come late."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from threefold.core.reminders import WORTH_SENDING, before_session, feedback_reminder, feedback_wanted, is_due
from threefold.core.wishes import is_quiet

LONDON = "Europe/London"
ENDED = datetime(2026, 10, 8, 17, 5, tzinfo=UTC)  # five past six in the evening
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2031, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - UTC by `timezones`
ZONES = st.sampled_from((LONDON, "Europe/Lisbon", "America/St_Johns", "Pacific/Auckland", "Asia/Kathmandu"))


def test_two_days_before_a_session_is_nine_o_clock_there_also_where_the_clocks_change_between() -> None:
    assert before_session(datetime(2026, 10, 26, 18, 0, tzinfo=UTC), LONDON) == datetime(2026, 10, 24, 8, 0, tzinfo=UTC)
    assert before_session(datetime(2026, 10, 28, 18, 0, tzinfo=UTC), LONDON) == datetime(2026, 10, 26, 9, 0, tzinfo=UTC)


def test_one_letter_an_hour_after_and_one_reminder_a_day_later() -> None:
    assert feedback_wanted(ENDED, LONDON) == datetime(2026, 10, 8, 18, 5, tzinfo=UTC)
    assert feedback_reminder(ENDED, LONDON) == datetime(2026, 10, 9, 18, 5, tzinfo=UTC)


def test_a_late_evening_is_written_to_the_next_morning() -> None:
    late = ENDED + timedelta(hours=4)
    assert feedback_wanted(late, LONDON) == datetime(2026, 10, 9, 7, 0, tzinfo=UTC)
    assert feedback_reminder(late, LONDON) == datetime(2026, 10, 10, 7, 0, tzinfo=UTC)


@given(MOMENTS, ZONES)
def test_nobody_is_asked_at_night_or_before_an_hour_has_passed(ended: datetime, zone: str) -> None:
    wanted, reminded = feedback_wanted(ended, zone), feedback_reminder(ended, zone)
    assert not is_quiet(wanted, zone)
    assert not is_quiet(reminded, zone)
    assert wanted >= ended + timedelta(hours=1)
    assert reminded >= wanted + timedelta(days=1)


def test_it_is_sent_in_its_time_or_not_at_all() -> None:
    assert not is_due(ENDED, ENDED - timedelta(seconds=1))
    assert is_due(ENDED, ENDED)
    assert is_due(ENDED, ENDED + WORTH_SENDING - timedelta(seconds=1))
    assert not is_due(ENDED, ENDED + WORTH_SENDING)
