"""How people want their letters: which kinds wait for the weekly letter or stay away, and when it is quiet.

What changes somebody's bookings, and what they asked for themselves, always comes, and comes at once.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from threefold.core.slots import moment

NIGHT, MORNING = time(21), time(8)  # quiet from the one to the other, on the reader's clock
MONDAY = frozenset({0})
WORKDAYS = frozenset(range(5))


class How(StrEnum):
    """How one kind of letter reaches somebody: as it comes, within the weekly letter, or not at all."""

    NOW = "now"
    DIGEST = "digest"
    OFF = "off"


class Kind(StrEnum):
    """The kinds somebody has a say in, by the names of their templates. Every other kind always comes at once."""

    REMINDER = "reminder"
    FEEDBACK_WANTED = "feedback-wanted"
    FEEDBACK_REMINDER = "feedback-reminder"
    FEEDBACK_ASKED = "feedback-asked"
    FEEDBACK_READY = "feedback-ready"
    EXTRA_PRACTICE = "extra-practice"
    TUTOR_DIGEST = "tutor-digest"
    WEEKLY = "weekly"


@dataclass(frozen=True)
class Choice:
    """One kind as the page offers it: its name, what it says and when, and the ways it can come."""

    kind: Kind
    title: str
    words: str
    ways: tuple[How, ...]
    for_tutors: bool = False


CHOICES: Mapping[Kind, Choice] = {
    choice.kind: choice
    for choice in (
        Choice(
            Kind.REMINDER,
            "Before a session",
            "Two days ahead: when, where, with whom and in which roles.",
            (How.NOW, How.OFF),
        ),
        Choice(
            Kind.FEEDBACK_WANTED,
            "Feedback you’re asked for",
            "An hour after a round, while it’s fresh, if your notes aren’t in yet.",
            (How.NOW, How.DIGEST, How.OFF),
        ),
        Choice(
            Kind.FEEDBACK_REMINDER,
            "One gentle reminder of it",
            "A day later, if it hasn’t come in. There’s never a second.",
            (How.NOW, How.OFF),
        ),
        Choice(
            Kind.FEEDBACK_ASKED,
            "A word from a tutor about it",
            "When a tutor asks you for it themselves, at most every three days.",
            (How.NOW, How.OFF),
        ),
        Choice(
            Kind.FEEDBACK_READY,
            "Feedback you’ve been given",
            "When what people noticed is ready to read.",
            (How.NOW, How.DIGEST, How.OFF),
        ),
        Choice(
            Kind.EXTRA_PRACTICE,
            "Extra practice",
            "When a tutor opens times to practise in between, or a seat there would help you most.",
            (How.NOW, How.OFF),
        ),
        Choice(
            Kind.TUTOR_DIGEST,
            "Your groups at a glance",
            "On weekdays at 8:00, if there’s something to say: who’s away, what hasn’t come in yet.",
            (How.NOW, How.DIGEST, How.OFF),
            for_tutors=True,
        ),
    )
}
# The weekly letter is turned off from within itself; whoever then wants a kind in it again turns it on by that.
_WAYS: Mapping[str, tuple[How, ...]] = {
    **{kind.value: choice.ways for kind, choice in CHOICES.items()},
    Kind.WEEKLY.value: (How.NOW, How.OFF),
}
TITLES: Mapping[Kind, str] = {
    **{kind: choice.title for kind, choice in CHOICES.items()},
    Kind.WEEKLY: "The weekly letter",
}


def ways(kind: str) -> tuple[How, ...]:
    """The ways this kind of letter can come; booking changes, sign-in and the like in one way only."""
    return _WAYS.get(kind, (How.NOW,))


def how(kind: str, wishes: Mapping[str, str]) -> How:
    """How this kind of letter comes, for somebody with these wishes (kind: how).

    A wish that is not possible means nothing, and what was to wait for the weekly letter is off where that is.
    """
    wished = next((way for way in ways(kind) if way == wishes.get(kind)), How.NOW)
    if wished is How.DIGEST and how(Kind.WEEKLY, wishes) is How.OFF:
        return How.OFF
    return wished


def is_quiet(at: datetime, zone: str) -> bool:
    """Whether it is between 21:00 and 8:00 where the reader is."""
    clock = at.astimezone(ZoneInfo(zone)).time()
    return clock >= NIGHT or clock < MORNING


def not_before(at: datetime, zone: str) -> datetime:
    """The first moment from `at` on, in UTC, that is outside quiet hours in the reader's zone.

    The wall clock decides: 8:00 is 8:00, however long the night of a clock change was.
    """
    return next_morning(at, zone) if is_quiet(at, zone) else at.astimezone(UTC)


def next_morning(after: datetime, zone: str, weekdays: Collection[int] = range(7)) -> datetime:
    """The next 8:00 in the zone that comes later than `after`, on one of these weekdays (Monday is 0), in UTC."""
    today = after.astimezone(ZoneInfo(zone)).date()
    for days in range(15):
        day = today + timedelta(days=days)
        due, _ = moment(datetime.combine(day, MORNING), zone)
        if due > after and day.weekday() in weekdays:
            return due
    raise ValueError("no weekday was given")


def weekly_due(after: datetime, zone: str) -> datetime:
    """When the next weekly letter leaves: Monday at 8:00 in the reader's zone, later than `after`, in UTC."""
    return next_morning(after, zone, MONDAY)


def tutor_digest_due(after: datetime, zone: str) -> datetime:
    """When the next letter about a tutor's groups leaves: 8:00 from Monday to Friday, later than `after`, in UTC."""
    return next_morning(after, zone, WORKDAYS)
