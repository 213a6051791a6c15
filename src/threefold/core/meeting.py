"""Changing a practice session that people have been told of: what may still be changed, and to what."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from threefold.core.refusal import Problem, Refusal
from threefold.core.said import clock, day
from threefold.core.slots import MOST_MINUTES, Clock, moment

BEGUN = "This session has begun already, so it stays as it is."
CALLED_OFF = "This session has been called off."


@dataclass(frozen=True, slots=True)
class When:
    """A session's moments, in UTC."""

    starts_at: datetime
    ends_at: datetime


def when(
    on: date | None, start: time | None, minutes: int | None, zone: str, *, second: bool | None, now: datetime
) -> When | Refusal:
    """The moments of a session on the wall clock of its zone, or every problem at once.

    A time that the clocks skip, or one that comes twice, is asked about and never guessed: `second` says which of
    the two is meant, None that nobody was asked yet.
    """
    problems = [
        Problem(field, sentence)
        for field, is_wrong, sentence in (
            ("date", on is None, "Enter a date like 8 10 2026"),
            ("start", start is None, "Enter a start time like 18:30"),
            (
                "minutes",
                minutes is None or not 10 <= minutes <= MOST_MINUTES,
                "Enter a length from 10 minutes to 12 hours",
            ),
        )
        if is_wrong
    ]
    if problems or on is None or start is None or minutes is None:
        return Refusal(tuple(problems))
    wall = datetime.combine(on, start.replace(tzinfo=None))
    starts_at, kind = moment(wall, zone)
    if kind is Clock.SKIPPED:
        return Refusal.because(
            f"The clocks go forward on {day(on)}, so {start:%H:%M} does not exist. "
            f"Choose {clock(starts_at, zone)}, or another time",
            "start",
        )
    if kind is Clock.TWICE:
        if second is None:
            return Refusal.because(
                f"The clocks go back on {day(on)}, so {start:%H:%M} comes twice. Choose the first or the second",
                "second",
            )
        starts_at = wall.replace(tzinfo=ZoneInfo(zone), fold=int(second)).astimezone(UTC)
    if starts_at <= now:
        return Refusal.because("Choose a date and time still to come", "date")
    return When(starts_at, starts_at + timedelta(minutes=minutes))


def may_change(*, starts_at: datetime, cancelled: bool, now: datetime) -> Refusal | None:
    """Whether a session may still be moved, called off or its groups changed."""
    if now >= starts_at:
        return Refusal.because(BEGUN)
    return Refusal.because(CALLED_OFF) if cancelled else None


def link_for(link: str, triad: UUID) -> str:
    """The address a group meets at: where it is a pattern with {room}, each group has a room of its own, which cannot
    be guessed and stays the same for as long as there is the group.
    """
    return link.replace("{room}", f"threefold-{triad.hex[-12:]}")
