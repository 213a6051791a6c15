"""Model calendars: each keeps what it is sent the way real ones do, read by parsers of other hands than ours.

A reader turns the bytes of one calendar part into an `Event`; a `Shelf` (the calendar of one address) plays events in
the order they came, and writes down everything that some real calendar would get wrong.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from typing import Any

import ics
import recurring_ical_events
import vobject
from icalendar import Calendar


@dataclass(frozen=True)
class Event:
    """What one message says. Moments are in UTC."""

    uid: str
    method: str
    sequence: int
    stamp: datetime
    starts_at: datetime
    ends_at: datetime
    status: str
    title: str
    where: str
    said: str
    attendee: str


@dataclass
class Shelf:
    """The calendar of one address. `faults`: what came that no calendar should have been sent."""

    address: str
    held: dict[str, Event] = field(default_factory=dict)
    last: dict[str, Event] = field(default_factory=dict)
    came: set[bytes] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)

    def take(self, event: Event, data: bytes) -> None:
        """One more message. The very same bytes once more (a connection was lost) change nothing."""
        if data in self.came:
            return
        self.came.add(data)
        last = self.last.get(event.uid)
        if event.attendee != self.address:
            self._wrong(event, f"is for {event.attendee}")
        if last and event.sequence <= last.sequence:
            self._wrong(event, f"has SEQUENCE {event.sequence} after {last.sequence}")
        if last and event.stamp < last.stamp:
            self._wrong(event, "was stamped before the one before it")
        if last and last.method == "CANCEL":
            self._wrong(event, "comes after its CANCEL")
        if last is None and event.method == "CANCEL":
            self._wrong(event, "is cancelled and was never asked for")
        if event.status != {"REQUEST": "CONFIRMED", "CANCEL": "CANCELLED"}[event.method]:
            self._wrong(event, f"is {event.status}")
        self.last[event.uid] = event
        self.held.pop(event.uid, None)
        if event.method == "REQUEST":
            self.held[event.uid] = event

    def _wrong(self, event: Event, what: str) -> None:
        self.faults.append(f"{self.address}: {event.method} of {event.uid} {what}")


# --- readers --------------------------------------------------------------------------------------------------

Reader = Callable[[bytes], Event]


def by_icalendar(data: bytes) -> Event:
    calendar = Calendar.from_ical(data)
    (event,) = calendar.events
    return _of_icalendar(calendar, event)


def by_recurring(data: bytes) -> Event:
    """Whatever of it falls into the years around: one event, and no repetition of it."""
    calendar = Calendar.from_ical(data)
    (event,) = recurring_ical_events.of(calendar, skip_bad_series=False).between((2025, 1, 1), (2032, 1, 1))
    return _of_icalendar(calendar, event)


def _of_icalendar(calendar: Any, event: Any) -> Event:
    return Event(
        uid=str(event["uid"]),
        method=str(calendar["method"]),
        sequence=int(event["sequence"]),
        stamp=event["dtstamp"].dt.astimezone(UTC),
        starts_at=event.start.astimezone(UTC),
        ends_at=event.end.astimezone(UTC),
        status=str(event["status"]),
        title=str(event["summary"]),
        where=str(event.get("location", "")),
        said=str(event.get("description", "")),
        attendee=str(event["attendee"]).removeprefix("mailto:"),
    )


def another_program() -> None:
    """What is read next is read by somebody else's programs. vobject keeps the first definition of a zone that it meets
    for as long as its process lives: one of a later year, from another person's term, would be used for this one.
    """
    zones = getattr(vobject.icalendar, "__tzidMap")
    utc = zones["UTC"]
    zones.clear()
    zones["UTC"] = utc


def by_vobject(data: bytes) -> Event:
    calendar = vobject.readOne(data.decode())
    (event,) = calendar.vevent_list
    return Event(
        uid=event.uid.value,
        method=calendar.method.value,
        sequence=int(event.sequence.value),
        stamp=event.dtstamp.value.astimezone(UTC),
        starts_at=event.dtstart.value.astimezone(UTC),
        ends_at=event.dtend.value.astimezone(UTC),
        status=event.status.value,
        title=event.summary.value,
        where=event.location.value if "location" in event.contents else "",
        said=event.description.value if "description" in event.contents else "",
        attendee=event.attendee.value.removeprefix("mailto:"),
    )


def by_ics(data: bytes) -> Event:
    calendar = ics.Calendar(data.decode())
    (event,) = calendar.events
    (attendee,) = event.attendees
    more = {line.name: line.value for line in event.extra}
    return Event(
        uid=event.uid,
        method=str(calendar.method),
        sequence=int(more["SEQUENCE"]),
        stamp=event.created.datetime.astimezone(UTC),
        starts_at=event.begin.datetime.astimezone(UTC),
        ends_at=event.end.datetime.astimezone(UTC),
        status=str(event.status),
        title=str(event.name),
        where=str(event.location or ""),
        said=str(event.description or ""),
        attendee=attendee.email.removeprefix("mailto:"),
    )


READERS: dict[str, Reader] = {
    "icalendar": by_icalendar,
    "recurring-ical-events": by_recurring,
    "vobject": by_vobject,
    "ics": by_ics,
}


# --- mail -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Mail:
    """One letter as a mail program has it. `words` is everything in it that anybody could read."""

    recipient: str
    message_id: str
    thread: tuple[str, ...]
    words: str
    calendar: bytes | None


def opened(data: bytes) -> Mail:
    message = message_from_bytes(data)  # headers are read below: a parser of today's policy reads each many times
    headers = [(name, default.header_fetch_parse(name, raw)) for name, raw in message.raw_items()]
    said = {name.lower(): value for name, value in headers}
    calendar = None
    words = [str(value) for _, value in headers]
    for part in message.walk():
        if part.is_multipart():
            continue
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        if part.get_content_type() == "text/calendar":
            assert calendar is None, "one calendar part a message"
            calendar = content
        words.append(content.decode().replace("\r\n ", ""))
    return Mail(
        recipient=said["to"].addresses[0].addr_spec,
        message_id=str(said["message-id"]),
        thread=tuple(str(said.get("references", "")).split()),
        words="\n".join(words),
        calendar=calendar,
    )


# --- the weeks in which clocks change --------------------------------------------------------------------------

ZONES = (
    "Europe/London",
    "America/New_York",
    "Australia/Sydney",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
    "America/St_Johns",
    "Asia/Kathmandu",
    "America/Santiago",
)
YEARS = range(2026, 2031)
A_DAY = timedelta(days=1)
