"""The rules our calendar objects keep, checked on the bytes themselves and not by the library that wrote them.

Every rule stands for an invitation that some real calendar once lost, doubled or showed an hour off; the numbers are
those by which the tests name them. Sources: RFC 5545 (format), 5546 (REQUEST and CANCEL), 7986 (feeds).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from threefold.core.address import email_key

_LINE = re.compile(
    r'([A-Za-z0-9-]+)((?:;[A-Za-z0-9-]+=(?:"[^"]*"|[^";:,]*)(?:,(?:"[^"]*"|[^";:,]*))*)*):(.*)', re.DOTALL
)
_PARAMETER = re.compile(r';([A-Za-z0-9-]+)=((?:"[^"]*"|[^";:,]*)(?:,(?:"[^"]*"|[^";:,]*))*)')
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_YEARLY = re.compile(r"(-1|[1-4])(MO|TU|WE|TH|FR|SA|SU)")
_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_ESCAPED = re.compile(r"(?:[^\\;,]|\\[\\;,nN])*", re.DOTALL)
_STAMP = re.compile(r"\d{8}T\d{6}Z")
_TEXTS = frozenset({"SUMMARY", "DESCRIPTION", "LOCATION", "NAME", "X-WR-CALNAME", "COMMENT", "CONTACT"})
_ONCE = (
    *("UID", "DTSTAMP", "DTSTART", "DTEND", "SEQUENCE", "SUMMARY", "STATUS", "TRANSP"),
    *("ORGANIZER", "LOCATION", "DESCRIPTION", "URL", "LAST-MODIFIED", "CREATED", "CLASS"),
)
_NEEDED = ("UID", "DTSTAMP", "DTSTART", "DTEND", "SEQUENCE", "SUMMARY", "STATUS", "TRANSP")
_ALLOWED = {
    "PARTSTAT": {"NEEDS-ACTION", "ACCEPTED", "DECLINED", "TENTATIVE", "DELEGATED"},
    "ROLE": {"CHAIR", "REQ-PARTICIPANT", "OPT-PARTICIPANT", "NON-PARTICIPANT"},
    "RSVP": {"TRUE", "FALSE"},
    "CUTYPE": {"INDIVIDUAL", "GROUP", "RESOURCE", "ROOM", "UNKNOWN"},
}
_THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True)
class _Line:
    name: str
    parameters: dict[str, str]
    value: str


@dataclass
class _Part:
    """A component: what stands between its BEGIN and END."""

    name: str
    lines: list[_Line] = field(default_factory=list)
    parts: list["_Part"] = field(default_factory=list)

    def all(self, name: str) -> list[_Line]:
        return [line for line in self.lines if line.name == name]

    def value(self, name: str) -> str:
        """The first value under this name, or ""."""
        return next((line.value for line in self.lines if line.name == name), "")

    def inner(self, name: str) -> list["_Part"]:
        return [part for part in self.parts if part.name == name]


class _Unreadable(Exception):  # noqa: N818 - said of bytes, caught in this module
    """The object cannot be taken apart; nothing more can be said about it."""


def check(data: bytes, method: str | None, recipient: str = "") -> tuple[str, ...]:
    """Every rule the bytes break, in words; nothing when all is well.

    `method` is REQUEST or CANCEL for a mail to `recipient`, None for a feed or a file to download.
    """
    try:
        calendar = _taken_apart(data)
    except _Unreadable as unreadable:
        return (*_on_bytes(data), str(unreadable))
    broken = [*_on_bytes(data), *_on_calendar(calendar, method)]
    try:
        for zone in calendar.inner("VTIMEZONE"):
            broken += _on_zone(zone)
        for event in calendar.inner("VEVENT"):
            broken += [*_on_event(event, method), *_on_state(event, method), *_on_times(event, calendar)]
            broken += _on_people(event, recipient) if method else ()
    except ValueError as error:
        broken.append(f"ICS-04: a date or a number cannot be read: {error}")
    return tuple(broken)


def _on_bytes(data: bytes) -> Iterator[str]:
    if not data.endswith(b"\r\n") or b"\n" in (rest := data.replace(b"\r\n", b"")) or b"\r" in rest:
        yield "ICS-01: lines end with CRLF, all of them and nothing else"
    if data.startswith(b"\xef\xbb\xbf"):
        yield "ICS-01: no byte order mark"
    for number, line in enumerate(data.split(b"\r\n"), 1):
        if len(line) > 75:
            yield f"ICS-02: line {number} is {len(line)} octets long, not at most 75"
        try:
            line.decode()
        except UnicodeDecodeError:
            yield f"ICS-03: line {number} is not UTF-8, or folded inside a character"


def _taken_apart(data: bytes) -> _Part:
    try:
        text = data.decode().replace("\r\n ", "").replace("\r\n\t", "")
    except UnicodeDecodeError:
        raise _Unreadable("ICS-03: the object is not UTF-8") from None
    root = _Part("")
    open_parts = [root]
    for number, content in enumerate(text.removesuffix("\r\n").split("\r\n"), 1):
        found = _LINE.fullmatch(content)
        if not found or _CONTROL.search(content):
            raise _Unreadable(f"ICS-04: content line {number} is no name, parameters and value")
        name, value = found[1].upper(), found[3]
        if name == "BEGIN":
            open_parts.append(_Part(value.upper()))
            open_parts[-2].parts.append(open_parts[-1])
        elif name == "END":
            if len(open_parts) == 1 or open_parts.pop().name != value.upper():
                raise _Unreadable(f"ICS-04: END:{value} closes nothing that is open")
        else:
            parameters = {key.upper(): said.strip('"') for key, said in _PARAMETER.findall(found[2])}
            open_parts[-1].lines.append(_Line(name, parameters, value))
    if len(open_parts) > 1 or [part.name for part in root.parts] != ["VCALENDAR"] or root.lines:
        raise _Unreadable("ICS-04: not one whole VCALENDAR")
    return root.parts[0]


def _on_calendar(calendar: _Part, method: str | None) -> Iterator[str]:
    if [line.value for line in calendar.all("VERSION")] != ["2.0"] or len(calendar.all("PRODID")) != 1:
        yield "ICS-04: VERSION 2.0 and PRODID, once each"
    methods = [line.value for line in calendar.all("METHOD")]
    if methods != ([method] if method else []):
        yield f"ICS-05: METHOD is {methods}, not {method}"
    uids = [event.value("UID") for event in calendar.inner("VEVENT")]
    if method and len(uids) != 1:
        yield f"ICS-06: one event a message, not {len(uids)}"
    if len(set(uids)) < len(uids):
        yield "ICS-06: two entries of a feed share a UID"
    for part in (calendar, *calendar.inner("VEVENT")):
        for line in part.lines:
            if line.name in _TEXTS and not _ESCAPED.fullmatch(line.value):
                yield f"ICS-21: {line.name} holds an unescaped mark"


def _on_event(event: _Part, method: str | None) -> Iterator[str]:
    for name in _NEEDED:
        if not event.value(name):
            yield f"ICS-26: {name} is missing"
    for name in _ONCE:
        if len(event.all(name)) > 1:
            yield f"ICS-26: {name} stands more than once"
    if not re.fullmatch(r"[0-9A-Za-z-]{16,}@[A-Za-z0-9.-]+", event.value("UID")):
        yield "ICS-07: the UID tells something, or is not one"
    if not _STAMP.fullmatch(event.value("DTSTAMP")):
        yield "ICS-08: DTSTAMP is not in UTC"
    if not event.value("SEQUENCE").isdecimal() or (method == "CANCEL" and event.value("SEQUENCE") == "0"):
        yield "ICS-09: SEQUENCE is no number, or was not raised for a CANCEL"
    if any(event.all(name) for name in ("RRULE", "RDATE", "EXDATE", "RECURRENCE-ID")):
        yield "ICS-28: an invitation is one date, never a series or a part of one"
    if not method and (event.all("ATTENDEE") or event.all("ORGANIZER")):
        yield "ICS-29: a feed names no people"


def _on_state(event: _Part, method: str | None) -> Iterator[str]:
    status = event.value("STATUS")
    if method and (status == "CANCELLED") != (method == "CANCEL"):
        yield f"ICS-23: STATUS {status} does not go with {method}"
    if event.value("TRANSP") != ("TRANSPARENT" if status == "CANCELLED" else "OPAQUE"):
        yield "ICS-24: the time is shown as busy exactly while the session holds"
    for alarm in event.inner("VALARM"):
        if alarm.value("ACTION") != "DISPLAY" or not alarm.value("TRIGGER").startswith("-P"):
            yield "ICS-25: an alarm is shown, and before the session"
    address = urlsplit(event.value("URL"))
    if event.value("URL") and address.scheme != "https" and address.hostname not in _THIS_MACHINE:
        yield "ICS-27: URL is not https"


def _on_people(event: _Part, recipient: str) -> Iterator[str]:
    organizers = [_address(line) for line in event.all("ORGANIZER")]
    attendees = [_address(line) for line in event.all("ATTENDEE")]
    if len(organizers) != 1 or not organizers[0]:
        yield "ICS-10: one ORGANIZER with a mailto address"
    if attendees != [email_key(recipient)]:
        yield "ICS-11: the recipient is the one ATTENDEE"
    if email_key(recipient) in organizers:
        yield "ICS-12: nobody invites themselves"
    for line in event.all("ATTENDEE"):
        for name, allowed in _ALLOWED.items():
            if line.parameters.get(name, next(iter(allowed))) not in allowed:
                yield f"ICS-13: {name}={line.parameters[name]} is no value of it"
        if not {"ROLE", "PARTSTAT"} <= set(line.parameters):
            yield "ICS-13: ATTENDEE lacks ROLE or PARTSTAT"


def _address(line: _Line) -> str:
    scheme, _, address = line.value.partition(":")
    return email_key(unquote(address)) if scheme.lower() == "mailto" and "@" in address else ""


def _on_times(event: _Part, calendar: _Part) -> Iterator[str]:
    moments: list[datetime] = []
    for line in (*event.all("DTSTART"), *event.all("DTEND")):
        zone = line.parameters.get("TZID", "")
        if _STAMP.fullmatch(line.value) and not zone:
            moments.append(datetime.strptime(line.value, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC))
        elif not zone or not re.fullmatch(r"\d{8}T\d{6}", line.value):
            yield f"ICS-15: {line.name} floats, or is no date and time"
        else:
            at = _moment(line.value, zone)
            definition = next((part for part in calendar.inner("VTIMEZONE") if part.value("TZID") == zone), None)
            if definition is None:
                yield f"ICS-16: no VTIMEZONE for {zone}"
            elif at is None:
                yield f"ICS-20: {line.name} does not exist just once in {zone}, or {zone} is no IANA zone"
            elif _offset(definition, at) != at.astimezone(ZoneInfo(zone)).utcoffset():
                yield f"ICS-18: the VTIMEZONE of {zone} is off at {line.name}"
            if at:
                moments.append(at)
    if len(moments) == 2 and moments[0] >= moments[1]:
        yield "ICS-19: DTEND is not after DTSTART"


def _moment(value: str, zone: str) -> datetime | None:
    """The moment of a local time that exists just once there; None for any other."""
    try:
        place = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
    local = datetime.strptime(value, "%Y%m%dT%H%M%S").replace(tzinfo=place)
    return local.astimezone(UTC) if local.utcoffset() == local.replace(fold=1).utcoffset() else None


def _on_zone(zone: _Part) -> Iterator[str]:
    for observance in zone.parts:
        if observance.all("RDATE"):
            yield "ICS-30: clock changes as a list of dates, which some calendars read an hour off"
        rules = observance.all("RRULE")
        if len(rules) > 1 or (rules and not _yearly(rules[0].value)):
            yield "ICS-30: a clock change is one yearly rule with BYMONTH and BYDAY"
        if not all(observance.value(name) for name in ("DTSTART", "TZOFFSETFROM", "TZOFFSETTO")):
            yield "ICS-16: a clock change lacks its onset or its offsets"
    if not zone.parts:
        yield "ICS-16: a VTIMEZONE without any offset"


def _yearly(rule: str) -> tuple[int, int, int] | None:
    """(month, week, weekday) of FREQ=YEARLY;BYMONTH;BYDAY, or None for any other rule."""
    said = dict(part.partition("=")[::2] for part in rule.split(";"))
    day = _YEARLY.fullmatch(said.get("BYDAY", ""))
    if said.pop("FREQ", "") != "YEARLY" or set(said) != {"BYMONTH", "BYDAY"} or not day:
        return None
    return int(said["BYMONTH"]), int(day[1]), _WEEKDAYS.index(day[2])


def _offset(zone: _Part, at: datetime) -> timedelta | None:
    """What a calendar that knows only this VTIMEZONE takes for the offset at a moment."""
    onsets = [
        (onset - _duration(part.value("TZOFFSETFROM")), _duration(part.value("TZOFFSETTO")))
        for part in zone.parts
        for onset in _onsets(part, at.year + 1)
    ]
    begun = [(onset, offset) for onset, offset in onsets if onset <= at]
    return max(begun)[1] if begun else None


def _onsets(observance: _Part, until: int) -> Sequence[datetime]:
    """Its local onsets up to the end of a year, set down as if in UTC."""
    first = datetime.strptime(observance.value("DTSTART"), "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
    rule = _yearly(observance.value("RRULE"))
    if rule is None:
        return [first]
    month, week, weekday = rule
    days = []
    for year in range(first.year, until + 1):
        if week < 0:
            day = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC) - timedelta(days=1)
            day -= timedelta(days=(day.weekday() - weekday) % 7)
        else:
            day = datetime(year, month, 1, tzinfo=UTC)
            day += timedelta(days=(weekday - day.weekday()) % 7 + 7 * (week - 1))
        days.append(day.replace(hour=first.hour, minute=first.minute, second=first.second))
    return [first, *(day for day in days if day > first)]


def _duration(offset: str) -> timedelta:
    sign = -1 if offset.startswith("-") else 1
    return sign * timedelta(hours=int(offset[1:3]), minutes=int(offset[3:5]), seconds=int(offset[5:] or 0))
