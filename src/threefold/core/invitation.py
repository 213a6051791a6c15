"""What a person's calendar is told about their place in a session: the decision and its numbers, not the bytes.

One UID for each place in a session for as long as somebody holds it; no series, no partner's address.
"""

from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from uuid import UUID


class Method(StrEnum):
    """What a message asks of a calendar (RFC 5546, 1.4): hold this, or take it out."""

    REQUEST = "REQUEST"
    CANCEL = "CANCEL"


class Status(StrEnum):
    """What the entry in the calendar says of itself; CANCELLED stands in a CANCEL and in the feed only."""

    CONFIRMED = "CONFIRMED"
    CANCELLED = "CANCELLED"


@dataclass(frozen=True)
class Entry:
    """What a calendar shows. Moments are aware, in UTC; `zone` is the IANA name whose wall clock holds.

    `summary` is neutral, since families and employers see calendars; `url` opens the session's page.
    """

    starts_at: datetime
    ends_at: datetime
    zone: str
    summary: str
    location: str
    description: str
    url: str


@dataclass(frozen=True)
class Invitation(Entry):
    """One message to one calendar: an entry with its numbers and the two people it stands between.

    `stamp` is when it was written, in UTC; it never goes back for one `uid`.
    """

    uid: str
    sequence: int
    method: Method
    organizer_name: str
    organizer_email: str
    attendee_name: str
    attendee_email: str
    stamp: datetime
    status: Status


@dataclass(frozen=True)
class FeedEntry(Entry):
    """One entry of a feed: the same `uid` as in the mails. `changed_at` is when anything in it last changed."""

    uid: str
    sequence: int
    changed_at: datetime
    status: Status = Status.CONFIRMED


@dataclass(frozen=True)
class Step:
    """What a message for a UID asks, and its number. Each raises it, since calendars disregard what comes under an old
    one (RFC 5546, 2.1.4 and 3.2.5); which one is due is decided in `core.term`.
    """

    method: Method
    sequence: int


def new_uid(seat_id: UUID, domain: str) -> str:
    """A UID for a place in a session: always the same for one seat, telling nothing about it (RFC 7986, 5.3)."""
    return f"{sha256(b'place in a session ' + seat_id.bytes).hexdigest()[:32]}@{domain}"


def written(
    step: Step,
    entry: Entry,
    *,
    uid: str,
    organizer: tuple[str, str],
    attendee: tuple[str, str],
    stamp: datetime,
) -> Invitation:
    """The step as a message; people are (name, address). For a CANCEL, `entry` is what the calendar holds now."""
    return Invitation(
        **{field.name: getattr(entry, field.name) for field in fields(Entry)},
        uid=uid,
        sequence=step.sequence,
        method=step.method,
        organizer_name=organizer[0],
        organizer_email=organizer[1],
        attendee_name=attendee[0],
        attendee_email=attendee[1],
        stamp=stamp,
        status=Status.CANCELLED if step.method == Method.CANCEL else Status.CONFIRMED,
    )
