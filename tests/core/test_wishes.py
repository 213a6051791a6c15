"""How people want their letters, and when it is quiet where they are."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from threefold.core.wishes import (
    CHOICES,
    How,
    Kind,
    how,
    is_quiet,
    next_morning,
    not_before,
    tutor_digest_due,
    ways,
    weekly_due,
)

ZONES = (
    *("Europe/London", "America/New_York", "Australia/Sydney", "Asia/Kolkata", "Australia/Lord_Howe"),
    *("Africa/Casablanca", "America/St_Johns", "Asia/Kathmandu", "America/Santiago", "Pacific/Apia", "UTC"),
)


def local(zone: str, *at: int) -> datetime:
    return datetime(*at, tzinfo=ZoneInfo(zone))  # type: ignore[misc, arg-type] # a date and a time of day, spelt out


# --- wishes -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["invitation", "change", "cancellation", "sign-in", "overview", "co-tutor"])
def test_bookings_and_sign_in_always_come_whatever_somebody_wished(kind: str) -> None:
    assert ways(kind) == (How.NOW,)
    assert {how(kind, {kind: wished}) for wished in ("off", "digest", "nonsense")} == {How.NOW}


def test_what_each_kind_can_be() -> None:
    now, digest, off = How
    assert {kind.value: ways(kind) for kind in Kind} == {
        "reminder": (now, off),
        "feedback-wanted": (now, digest, off),
        "feedback-reminder": (now, off),
        "feedback-asked": (now, off),
        "feedback-ready": (now, digest, off),
        "extra-practice": (now, off),
        "tutor-digest": (now, digest, off),
        "weekly": (now, off),
    }
    assert all(choice.ways == ways(kind) for kind, choice in CHOICES.items())


def test_no_wish_means_as_it_comes_and_an_impossible_one_means_nothing() -> None:
    assert {how(kind, {}) for kind in Kind} == {How.NOW}
    assert how(Kind.REMINDER, {"reminder": "digest"}) is How.NOW
    assert how(Kind.REMINDER, {"reminder": "off", "feedback-ready": "digest"}) is How.OFF
    assert how(Kind.FEEDBACK_READY, {"reminder": "off", "feedback-ready": "digest"}) is How.DIGEST


def test_what_was_to_wait_for_a_weekly_letter_that_is_off_does_not_come() -> None:
    wishes = {"weekly": "off", "feedback-ready": "digest", "reminder": "off"}
    assert how(Kind.FEEDBACK_READY, wishes) is How.OFF
    assert how(Kind.FEEDBACK_WANTED, wishes) is How.NOW


# --- quiet hours --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "due"),
    [
        ((2026, 10, 7, 20, 59), (2026, 10, 7, 20, 59)),
        ((2026, 10, 7, 21, 0), (2026, 10, 8, 8, 0)),
        ((2026, 10, 8, 0, 0), (2026, 10, 8, 8, 0)),
        ((2026, 10, 8, 7, 59), (2026, 10, 8, 8, 0)),
        ((2026, 10, 8, 8, 0), (2026, 10, 8, 8, 0)),
        ((2026, 12, 31, 23, 0), (2027, 1, 1, 8, 0)),
        ((2026, 10, 24, 22, 0), (2026, 10, 25, 8, 0)),  # the night that is an hour longer in London
        ((2027, 3, 27, 22, 0), (2027, 3, 28, 8, 0)),  # and the one that is an hour shorter
    ],
)
@pytest.mark.parametrize("zone", ZONES)
def test_nothing_comes_from_nine_in_the_evening_to_eight_in_the_morning(
    zone: str, at: tuple[int, ...], due: tuple[int, ...]
) -> None:
    assert not_before(local(zone, *at), zone) == local(zone, *due).astimezone(UTC)


def test_a_day_that_never_was_moves_the_morning_on() -> None:
    evening = local("Pacific/Apia", 2011, 12, 29, 22, 0)  # Samoa went from Thursday to Saturday
    assert not_before(evening, "Pacific/Apia").astimezone(ZoneInfo("Pacific/Apia")).date() == date(2011, 12, 31)


@given(
    at=st.datetimes(datetime(2026, 1, 1), datetime(2030, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001 - Hypothesis wants naive bounds
    zone=st.sampled_from(ZONES),
)
def test_quiet_hours_end_and_are_never_longer_than_a_night(at: datetime, zone: str) -> None:
    due = not_before(at, zone)
    assert at <= due <= at + timedelta(hours=12)
    assert due.tzinfo is UTC
    assert not is_quiet(due, zone)
    assert (due == at) is not is_quiet(at, zone)
    assert not_before(due, zone) == due


# --- digests ------------------------------------------------------------------------------------------------


@given(
    after=st.datetimes(datetime(2026, 1, 1), datetime(2030, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001 - Hypothesis wants naive bounds
    zone=st.sampled_from(ZONES),
)
def test_the_weekly_letter_leaves_on_monday_at_eight_and_each_week_once(after: datetime, zone: str) -> None:
    due = weekly_due(after, zone)
    there = due.astimezone(ZoneInfo(zone))
    assert (there.weekday(), there.time()) == (0, time(8))
    assert after < due <= after + timedelta(days=7, hours=1)
    following = weekly_due(due, zone).astimezone(ZoneInfo(zone))
    assert (following.date() - there.date()).days == 7


def test_a_tutors_letter_leaves_on_weekdays() -> None:
    friday = local("Europe/London", 2026, 10, 9, 8, 0)
    assert tutor_digest_due(friday - timedelta(minutes=1), "Europe/London") == friday
    assert tutor_digest_due(friday, "Europe/London") == local("Europe/London", 2026, 10, 12, 8, 0)


def test_no_weekday_is_no_question() -> None:
    with pytest.raises(ValueError, match="no weekday"):
        next_morning(datetime(2026, 10, 9, tzinfo=UTC), "UTC", ())
