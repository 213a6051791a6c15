"""When people are reminded, on the wall clock of their cohort, and for how long a reminder is still worth sending.

Each is sent once. One that could not be sent in its time, because nothing ran, is left out: late it would only puzzle.
"""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from threefold.core.slots import moment
from threefold.core.wishes import not_before

DAYS_AHEAD, AT = 2, time(9)
WANTED_AFTER = timedelta(hours=1)
REMINDED_AFTER = timedelta(hours=24)
FRESH = timedelta(hours=48)  # whoever heard about a session so lately needs no reminder of it
WORTH_SENDING = timedelta(hours=12)


def before_session(starts_at: datetime, zone: str) -> datetime:
    """9:00 two days before, in UTC: days and hours as the cohort's own calendar and clock have them."""
    day = starts_at.astimezone(ZoneInfo(zone)).date() - timedelta(days=DAYS_AHEAD)
    return moment(datetime.combine(day, AT), zone)[0]


def feedback_wanted(ended_at: datetime, zone: str) -> datetime:
    """An hour after somebody's last round, or the next morning where that is at night."""
    return not_before(ended_at + WANTED_AFTER, zone)


def feedback_reminder(ended_at: datetime, zone: str) -> datetime:
    """A day after they were asked; there is never a third letter."""
    return not_before(feedback_wanted(ended_at, zone) + REMINDED_AFTER, zone)


def morning_of(now: datetime, zone: str, at: time) -> datetime:
    """Today's wall-clock time in a zone, in UTC."""
    return moment(datetime.combine(now.astimezone(ZoneInfo(zone)).date(), at), zone)[0]


def is_due(due_at: datetime, now: datetime) -> bool:
    """Whether it is time, and not too late to be of use."""
    return due_at.astimezone(UTC) <= now < due_at + WORTH_SENDING
