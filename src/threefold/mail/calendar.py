"""The bytes of an invitation, of a feed and of one session's file, written so that every calendar agrees on them.

One UID a message, no series, no recurrence; wall-clock times with a compact VTIMEZONE, or UTC where a zone has no
yearly rule or the local time does not exist just once.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby
from urllib.parse import quote
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, Timezone, vCalAddress, vDuration, vText

from threefold.core.address import ascii_address, clean
from threefold.core.invitation import Entry, FeedEntry, Invitation, Method, Status
from threefold.mail.calendar_rules import check
from threefold.mail.timezones import spelt_out

__all__ = ["check", "download_bytes", "feed_bytes", "invitation_bytes"]

PRODUCT = "-//Threefold//Practice sessions 1//EN"
REFRESH = timedelta(hours=1)
_CONTROLS = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
# RFC 6068 lets a local part keep these in a mailto; calendars compare addresses letter by letter, so no more is
# escaped than must be.
_KEPT_IN_MAILTO = "!$&'*+-./=@^_`{|}~"


def invitation_bytes(invitation: Invitation) -> bytes:
    """The iTIP message for one person: REQUEST to hold the entry, CANCEL to take it out (RFC 5546, 3.2)."""
    event = _event(invitation, invitation.uid, invitation.sequence, invitation.status, invitation.stamp)
    organizer = _person(invitation.organizer_name, invitation.organizer_email)
    attendee = _person(invitation.attendee_name, invitation.attendee_email)
    attendee.params["CUTYPE"] = "INDIVIDUAL"
    attendee.params["ROLE"] = "REQ-PARTICIPANT"
    attendee.params["PARTSTAT"] = "NEEDS-ACTION"
    if invitation.method == Method.REQUEST:
        attendee.params["RSVP"] = "TRUE"
    event.add("organizer", organizer, encode=False)
    event.add("attendee", attendee, encode=False)
    return _calendar([invitation], [event], {"method": invitation.method.value})


def feed_bytes(entries: Iterable[FeedEntry], name: str) -> bytes:
    """A person's feed, byte for byte the same while nothing in it has changed.

    It names no METHOD: PUBLISH would demand an organiser (RFC 5546, 3.2.1), and neither organiser nor attendee
    belongs into something that is only read.
    """
    ordered = sorted(entries, key=lambda entry: (entry.starts_at, entry.uid))
    return _calendar(
        ordered,
        [_read_only(entry) for entry in ordered],
        {
            "name": vText(_text(name)),
            "x-wr-calname": vText(_text(name)),
            "refresh-interval": vDuration(REFRESH, params={"VALUE": "DURATION"}),
            "x-published-ttl": vDuration(REFRESH),
        },
    )


def download_bytes(entry: FeedEntry) -> bytes:
    """One session as a file to add to any calendar; it carries the same UID as the mail and the feed."""
    return _calendar([entry], [_read_only(entry)], {})


def _read_only(entry: FeedEntry) -> Event:
    event = _event(entry, entry.uid, entry.sequence, entry.status, entry.changed_at)
    event.add("last-modified", entry.changed_at.astimezone(UTC))
    return event


def _event(entry: Entry, uid: str, sequence: int, status: Status, stamp: datetime) -> Event:
    event = Event()
    event.add("uid", uid)
    event.add("dtstamp", stamp.astimezone(UTC).replace(microsecond=0))
    event.add("sequence", sequence)
    event.add("summary", _text(entry.summary))
    event.add("status", status.value)
    event.add("transp", "OPAQUE" if status == Status.CONFIRMED else "TRANSPARENT")
    for name, value in (("location", entry.location), ("description", entry.description), ("url", entry.url)):
        if value:
            event.add(name, _text(value))
    return event


def _calendar(entries: Sequence[Entry], events: Sequence[Event], heading: dict[str, object]) -> bytes:
    """The whole object: its heading, the zones its entries need, and the entries' events with their times."""
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    for name, value in heading.items():
        calendar.add(name, value, encode=not isinstance(value, vText | vDuration))
    zones: dict[str, Timezone] = {}
    for zone, group in groupby(sorted(entries, key=lambda entry: entry.zone), key=lambda entry: entry.zone):
        years = [moment.astimezone(ZoneInfo(zone)).year for entry in group for moment in _moments(entry)]
        if definition := spelt_out(zone, min(years), max(years)):
            zones[zone] = definition
    local = [entry.zone in zones and _is_plain_there(entry) for entry in entries]
    for zone in {entry.zone: None for entry, is_local in zip(entries, local, strict=True) if is_local}:
        calendar.add_component(zones[zone])
    for entry, event, is_local in zip(entries, events, local, strict=True):
        place = ZoneInfo(entry.zone) if is_local else UTC
        for name, moment in zip(("dtstart", "dtend"), _moments(entry), strict=True):
            event.add(name, moment.astimezone(place).replace(microsecond=0))
        calendar.add_component(event)
    return bytes(calendar.to_ical())


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
