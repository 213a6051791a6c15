"""The bytes of an invitation, of a feed and of one session's file, written so that every calendar agrees on them.

One UID a message, no series, no recurrence; wall-clock times with a compact VTIMEZONE, or UTC where a zone has no
yearly rule or the local time does not exist just once.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby
from urllib.parse import quote
from zoneinfo import ZoneInfo

from icalendar import Timezone, vCalAddress

from threefold.core.address import ascii_address, clean
from threefold.core.invitation import Entry, FeedEntry, Invitation, Method, Status
from threefold.mail.calendar_rules import check
from threefold.mail.timezones import spelt_out

__all__ = ["check", "download_bytes", "feed_bytes", "invitation_bytes"]

PRODUCT = "-//Threefold//Practice sessions 1//EN"
REFRESH = "PT1H"  # how often a feed is best looked at
_CONTROLS = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
# RFC 6068 lets a local part keep these in a mailto; calendars compare addresses letter by letter, so no more is
# escaped than must be.
_KEPT_IN_MAILTO = "!$&'*+-./=@^_`{|}~"
_PIECE = 74  # octets of a folded line, without the space that continues it
_Numbers = tuple[str, int, Status, datetime]  # UID, SEQUENCE, STATUS, DTSTAMP
_Listed = tuple[Entry, _Numbers, Mapping[str, str]]  # an entry, its numbers, and further properties as they are written


def invitation_bytes(invitation: Invitation) -> bytes:
    """The iTIP message for one person: REQUEST to hold the entry, CANCEL to take it out (RFC 5546, 3.2)."""
    organizer = _person(invitation.organizer_name, invitation.organizer_email)
    attendee = _person(invitation.attendee_name, invitation.attendee_email)
    attendee.params["CUTYPE"] = "INDIVIDUAL"
    attendee.params["ROLE"] = "REQ-PARTICIPANT"
    attendee.params["PARTSTAT"] = "NEEDS-ACTION"
    if invitation.method == Method.REQUEST:
        attendee.params["RSVP"] = "TRUE"
    people = {"ATTENDEE": attendee, "ORGANIZER": organizer}
    numbers = (invitation.uid, invitation.sequence, invitation.status, invitation.stamp)
    more = {f"{name};{person.params.to_ical().decode()}": person for name, person in people.items()}
    return _calendar([(invitation, numbers, more)], {"METHOD": invitation.method.value})


def feed_bytes(entries: Iterable[FeedEntry], name: str) -> bytes:
    """A person's feed, byte for byte the same while nothing in it has changed.

    It names no METHOD: PUBLISH would demand an organiser (RFC 5546, 3.2.1), and neither organiser nor attendee
    belongs into something that is only read.
    """
    ordered = sorted(entries, key=lambda entry: (entry.starts_at, entry.uid))
    return _calendar(
        [_read_only(entry) for entry in ordered],
        {
            "NAME": _escaped(name),
            "X-WR-CALNAME": _escaped(name),
            "REFRESH-INTERVAL;VALUE=DURATION": REFRESH,
            "X-PUBLISHED-TTL": REFRESH,
        },
    )


def download_bytes(entry: FeedEntry) -> bytes:
    """One session as a file to add to any calendar; it carries the same UID as the mail and the feed."""
    return _calendar([_read_only(entry)], {})


def _read_only(entry: FeedEntry) -> _Listed:
    numbers = (entry.uid, entry.sequence, entry.status, entry.changed_at)
    return entry, numbers, {"LAST-MODIFIED": _in_utc(entry.changed_at)}


# Lines are written here and not by the library, which takes over a millisecond for an event: a feed has hundreds.


def _calendar(listed: Sequence[_Listed], heading: Mapping[str, str]) -> bytes:
    """The whole object: its heading, the zones its entries need, and an event for each entry."""
    entries = [entry for entry, _, _ in listed]
    zones: dict[str, Timezone] = {}
    for zone, group in groupby(sorted(entries, key=lambda entry: entry.zone), key=lambda entry: entry.zone):
        years = [moment.astimezone(ZoneInfo(zone)).year for entry in group for moment in _moments(entry)]
        if definition := spelt_out(zone, min(years), max(years)):
            zones[zone] = definition
    local = [entry.zone in zones and _is_plain_there(entry) for entry in entries]
    needed = {entry.zone: None for entry, is_local in zip(entries, local, strict=True) if is_local}
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        f"PRODID:{PRODUCT}",
        "CALSCALE:GREGORIAN",
        *(f"{name}:{value}" for name, value in heading.items()),
        *(line for zone in needed for line in zones[zone].to_ical().decode().splitlines()),
    ]
    for (entry, numbers, more), is_local in zip(listed, local, strict=True):
        lines += _event(entry, numbers, more, is_local=is_local)
    lines += ["END:VCALENDAR", ""]
    return b"\r\n".join(_folded(line) for line in lines)


def _event(entry: Entry, numbers: _Numbers, more: Mapping[str, str], *, is_local: bool) -> Iterator[str]:
    uid, sequence, status, stamp = numbers
    yield "BEGIN:VEVENT"
    yield f"SUMMARY:{_escaped(entry.summary)}"
    for name, moment in zip(("DTSTART", "DTEND"), _moments(entry), strict=True):
        if is_local:
            yield f"{name};TZID={entry.zone}:{_digits(moment.astimezone(ZoneInfo(entry.zone)))}"
        else:
            yield f"{name}:{_in_utc(moment)}"
    yield f"DTSTAMP:{_in_utc(stamp)}"
    yield f"UID:{_escaped(uid)}"
    yield f"SEQUENCE:{sequence}"
    texts = {"DESCRIPTION": _escaped(entry.description), "LOCATION": _escaped(entry.location), "URL": _text(entry.url)}
    shown = "OPAQUE" if status == Status.CONFIRMED else "TRANSPARENT"
    rest = {**more, **{name: text for name, text in texts.items() if text}, "STATUS": status.value, "TRANSP": shown}
    yield from (f"{name}:{rest[name]}" for name in sorted(rest))
    yield "END:VEVENT"


def _in_utc(moment: datetime) -> str:
    return f"{_digits(moment.astimezone(UTC))}Z"


def _digits(moment: datetime) -> str:
    """20261008T183000, in a third of the time that strftime takes."""
    return moment.isoformat()[:19].replace("-", "").replace(":", "")


def _moments(entry: Entry) -> tuple[datetime, datetime]:
    return entry.starts_at, entry.ends_at


def _is_plain_there(entry: Entry) -> bool:
    """True when both wall-clock times come just once, so that no calendar has to guess which is meant."""
    here = [moment.astimezone(ZoneInfo(entry.zone)) for moment in _moments(entry)]
    return all(at.replace(fold=0).utcoffset() == at.replace(fold=1).utcoffset() for at in here)


def _person(name: str, address: str) -> vCalAddress:
    person = vCalAddress(f"mailto:{quote(ascii_address(address), safe=_KEPT_IN_MAILTO)}")
    if said := clean(name).replace("\\", "/"):  # some readers take a backslash for an escape, even in front of a quote
        person.params["CN"] = said
    return person


def _text(value: str) -> str:
    """Text with its line breaks and without what no calendar may carry (RFC 5545, 3.1: control characters)."""
    return _CONTROLS.sub("", re.sub(r"\r\n?|\u2028|\u2029", "\n", value.replace("\t", " "))).strip()


def _escaped(value: str) -> str:
    """The same as a TEXT value (RFC 5545, 3.3.11)."""
    said = _text(value).replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return said.replace("\n", "\\n")


def _folded(line: str) -> bytes:
    """A content line in pieces of at most 75 octets (RFC 5545, 3.1), cut between characters and not behind a
    backslash or caret: some readers undo escapes before they join lines.
    """
    rest, pieces = line.encode(), []
    while len(rest) > _PIECE:
        end = _PIECE
        while rest[end] & 0xC0 == 0x80:  # inside a character
            end -= 1
        if rest[end - 1] in b"\\^":
            end -= 1
        pieces.append(rest[:end])
        rest = rest[end:]
    return b"\r\n ".join([*pieces, rest])
