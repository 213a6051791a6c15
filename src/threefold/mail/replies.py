"""What a message that came in is: a calendar's reply, a letter that came back, or nothing for us; never an error.

Read from bytes that anybody may have written. Words are not read at all: who answers what, and when, is enough.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from threefold.core.reply import Answer, Attendee, CalendarReply
from threefold.mail.arriving import MOST_BYTES, Part, TooMuch, headers_of, take_apart
from threefold.mail.calendar_lines import length_of, read_line, zone_called

__all__ = ["MOST_BYTES", "Bounce", "CalendarMail", "CameBack", "Heard", "Nothing", "addressed_to", "read"]

MOST_LINES = 5_000
LONGEST_LINE = 4_000
MOST_EVENTS = 20
MOST_ATTENDEES = 200
MOST_CAME_BACK = 50
_CALENDARS = frozenset({"text/calendar", "application/ics", "text/x-vcalendar"})
_REPORTS = frozenset({"message/delivery-status", "message/global-delivery-status"})
_RETURNED = frozenset({"message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers"})
_ADDRESSED = ("delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "to", "cc")
_ANSWERS = {"ACCEPTED": Answer.ACCEPTED, "DECLINED": Answer.DECLINED, "TENTATIVE": Answer.TENTATIVE}
_MOMENT = re.compile(r"(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(Z?)")
_STATUS = re.compile(r"([245])\.(\d{1,3})\.(\d{1,3})")
_MESSAGE_ID = re.compile(r"<[^<>\s]{3,250}>")


@dataclass(frozen=True)
class CalendarMail:
    """Replies to invitations; `name` is the message's own (its Message-ID, or "")."""

    replies: tuple[CalendarReply, ...]
    name: str


@dataclass(frozen=True)
class CameBack:
    """One address a letter did not reach. `permanent`: that address takes no letters, now or later."""

    address: str
    status: str
    permanent: bool


@dataclass(frozen=True)
class Bounce:
    """A report that a letter could not be delivered (RFC 3464), with the letter's Message-ID where it names it."""

    message_id: str
    came_back: tuple[CameBack, ...]


@dataclass(frozen=True)
class Nothing:
    """A message that is nothing for us, and why."""

    why: str


Heard = CalendarMail | Bounce | Nothing


def read(content: bytes, envelope_sender: str | None = None) -> Heard:
    """What a message is. `envelope_sender` is "" for what must never be answered, None where it is not known.

    A calendar's reply is one even where it calls itself automatic: Fastmail's and Google's do.
    """
    try:
        message = take_apart(content)
        parts = list(message.walk())
        if any(part.kind in _REPORTS for part in parts):
            return _bounce(parts)
        for part in parts:
            if _is_calendar(part) and (replies := tuple(_replies(part))):
                return CalendarMail(replies, message.header("message-id")[:300])
    except TooMuch as too_much:
        return Nothing(str(too_much))
    return Nothing("an automatic reply" if _is_automatic(message, envelope_sender) else "no reply of a calendar")


def addressed_to(content: bytes) -> tuple[str, ...]:
    """The addresses a message in a mailbox was for, as far as its headers say."""
    try:
        return headers_of(content[:MOST_BYTES]).addresses(*_ADDRESSED)
    except TooMuch:
        return ()


def _is_automatic(message: Part, envelope_sender: str | None) -> bool:
    """RFC 3834, and the older ways of saying the same."""
    submitted = message.header("auto-submitted").partition(";")[0].strip().lower()
    return (
        submitted not in {"", "no"}
        or message.header("precedence").strip().lower() in {"bulk", "junk", "list", "auto_reply"}
        or bool(message.header("x-autoreply") or message.header("x-autorespond") or message.header("list-id"))
        or envelope_sender == ""
    )


# --- letters that came back -----------------------------------------------------------------------------------


def _bounce(parts: Iterable[Part]) -> Heard:
    came_back: list[CameBack] = []
    message_id = ""
    for part in parts:
        if part.kind in _REPORTS:
            came_back.extend(_came_back(part))
        elif part.kind in _RETURNED and not message_id:
            found = _MESSAGE_ID.search(headers_of(part.content).header("message-id"))
            message_id = found[0] if found else ""
    if not came_back:
        return Nothing("a report of a letter that was delivered, or is on its way")
    return Bounce(message_id, tuple(came_back[:MOST_CAME_BACK]))


def _came_back(report: Part) -> Iterator[CameBack]:
    """The recipients a report calls failed; delayed ones are still on their way (RFC 3464, 2.3.3)."""
    blocks = re.split(rb"\r?\n(?:[ \t]*\r?\n)+", report.content.strip(), maxsplit=MOST_CAME_BACK)
    for block in blocks[:MOST_CAME_BACK]:
        fields = headers_of(block)
        if fields.header("action").strip().lower() != "failed":
            continue
        status = _STATUS.search(fields.header("status"))
        for name in ("original-recipient", "final-recipient"):
            address = fields.header(name).rpartition(";")[2].strip().strip("<>")
            if "@" in address:
                yield CameBack(address, status[0] if status else "", _is_permanent(status))


def _is_permanent(status: re.Match[str] | None) -> bool:
    """Whether it is the address that takes no letters, and not this letter, a full mailbox, or somebody's policy
    (RFC 3463: 5.2.2, 5.2.3, 5.3.x, 5.6.x, 5.7.x).
    """
    if status is None or status[1] != "5":
        return False
    return status[2] not in {"3", "6", "7"} and (status[2], status[3]) not in {("2", "2"), ("2", "3")}


# --- calendars ------------------------------------------------------------------------------------------------


@dataclass
class _Event:
    """The lines of one VEVENT that are of use: (parameters, value) by name, the first of each."""

    lines: dict[str, tuple[dict[str, str], str]] = field(default_factory=dict)
    attendees: list[tuple[dict[str, str], str]] = field(default_factory=list)

    def value(self, name: str) -> str:
        return self.lines.get(name, ({}, ""))[1].strip()

    def moment(self, name: str) -> datetime | None:
        parameters, value = self.lines.get(name, ({}, ""))
        return _moment(value.strip(), parameters.get("TZID", ""))


def _is_calendar(part: Part) -> bool:
    named = part.parameter("name") or part.parameter("filename", "content-disposition")
    return part.kind in _CALENDARS or named.strip().lower().endswith(".ics")


def _replies(part: Part) -> Iterator[CalendarReply]:
    """The method in the calendar itself goes before the part's own `method=`: some senders write only one of them."""
    method, events = _calendar(part.text)
    method = method or part.parameter("method").upper()
    if method not in {"REPLY", "COUNTER"}:
        return
    for event in events:
        if not event.value("UID") or not event.attendees:
            continue
        starts_at = event.moment("DTSTART")
        ends_at = event.moment("DTEND") or (starts_at and _later(starts_at, event.value("DURATION")))
        sequence = event.value("SEQUENCE")
        yield CalendarReply(
            is_counter=method == "COUNTER",
            uid=event.value("UID"),
            attendees=tuple(_attendee(*line) for line in event.attendees),
            stamp=event.moment("DTSTAMP"),
            sequence=int(sequence) if sequence.isascii() and sequence.isdigit() and len(sequence) < 10 else None,
            starts_at=starts_at,
            ends_at=ends_at,
            organizer=_mailbox(event.value("ORGANIZER")),
        )


def _calendar(text: str) -> tuple[str, list[_Event]]:
    """The METHOD and the events of a calendar, other components passed over."""
    method = ""
    events: list[_Event] = []
    inside: list[str] = []
    unfolded = text.replace("\r\n", "\n").replace("\n ", "").replace("\n\t", "")
    for line in unfolded.split("\n", MOST_LINES)[:MOST_LINES]:
        name, parameters, value = read_line(line[:LONGEST_LINE])
        if name == "BEGIN":
            inside = [*inside[-3:], value.strip().upper()]
            if inside[-1] == "VEVENT":
                events.append(_Event())
        elif name == "END":
            inside = inside[:-1]
        elif inside == ["VCALENDAR"] and name == "METHOD":
            method = method or value.strip().upper()
        elif inside[-1:] == ["VEVENT"]:
            if name != "ATTENDEE":
                events[-1].lines.setdefault(name, (parameters, value))
            elif len(events[-1].attendees) < MOST_ATTENDEES:
                events[-1].attendees.append((parameters, value))
        if len(events) > MOST_EVENTS:
            raise TooMuch("too many events")
    return method, events


def _attendee(parameters: dict[str, str], value: str) -> Attendee:
    """Apple writes an internal address as the value and the e-mail address as a parameter."""
    addresses = dict.fromkeys(filter(None, (_mailbox(value), _mailbox(parameters.get("EMAIL", "")))))
    return Attendee(tuple(addresses), _ANSWERS.get(parameters.get("PARTSTAT", "").strip().upper()))


def _mailbox(value: str) -> str:
    """The address in a mailto:, which some write without it, with brackets or with % escapes; "" for anything else."""
    address = re.sub(r"^mailto:", "", value.strip().strip("<>"), flags=re.IGNORECASE)
    address = re.sub(r"%([2-7][0-9A-Fa-f])", lambda found: chr(int(found[1], 16)), address).strip("<> ")
    return address if "@" in address and len(address) <= 320 else ""


def _moment(value: str, zone: str) -> datetime | None:
    """A moment in UTC; None for a date alone, an impossible one, or a zone that nobody else knows.

    Without any zone it is read as UTC: calendars that leave the Z off mean that.
    """
    found = _MOMENT.fullmatch(value)
    if not found:
        return None
    place = UTC if found[7] or not zone else zone_called(zone)
    if place is None:
        return None
    try:
        return datetime(*map(int, found.groups()[:6]), tzinfo=place).astimezone(UTC)  # type: ignore[arg-type, misc] # six numbers
    except (ValueError, OverflowError):
        return None


def _later(starts_at: datetime, duration: str) -> datetime | None:
    lasts = length_of(duration)
    try:
        return None if lasts is None else starts_at + lasts
    except OverflowError:
        return None
