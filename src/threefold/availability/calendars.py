"""Busy times out of somebody's own calendar (RFC 5545): when it takes time, never what for.

Anybody may have written it, so everything is bounded: bytes, lines, entries, how far recurring ones are followed, and
how far ahead is looked. Titles, places and people are not even taken apart. Read by hand because a full reader took
5.7 s for 12,000 entries; this takes one.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

from threefold.core.availability import Busy, merged
from threefold.core.recurring import Patience, TooMuch, dates, read_rule
from threefold.core.refusal import Refusal
from threefold.mail.calendar_lines import length_of, read_line, zone_called

MOST_BYTES = 2_000_000
MOST_LINES = 200_000
LONGEST_LINE = 16_000
MOST_ENTRIES = 20_000
MOST_RECKONED = 120_000  # for all recurring entries together (core.recurring.Patience)
MOST_BUSY = 4_000  # after those that touch are joined
AHEAD = timedelta(days=200)  # a term and a half
BEHIND = timedelta(days=1)
LONGEST = timedelta(days=400)  # an entry that takes longer is no appointment
_WHEN = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)(Z?))?")
_WANTED = {
    *("UID", "DTSTART", "DTEND", "DURATION", "RRULE", "EXDATE", "RDATE", "RECURRENCE-ID", "STATUS", "TRANSP"),
    *("FREEBUSY", "X-MICROSOFT-CDO-BUSYSTATUS"),
}

NO_CALENDAR = "This isn’t a calendar. Choose a file that ends in .ics, or the address your calendar gives for one."
TOO_BIG = "This calendar is too large to read. If yours can, share one without past years."
TOO_MUCH = "This calendar holds more than can be read. If yours can, share one without past years."


@dataclass(frozen=True)
class At:
    """A reading of the clock somewhere; `place` is None for a date alone (a whole day on its reader's clock)."""

    wall: datetime
    place: tzinfo | None

    def moment(self, home: tzinfo) -> datetime:
        return self.wall.replace(tzinfo=self.place or home).astimezone(UTC)


@dataclass
class Entry:
    """The lines of one VEVENT or VFREEBUSY that are of use: (parameters, value) by name."""

    kind: str
    lines: defaultdict[str, list[tuple[dict[str, str], str]]] = field(default_factory=lambda: defaultdict(list))

    def value(self, name: str) -> str:
        return self.lines[name][0][1].strip() if name in self.lines else ""


def busy_times(content: bytes, *, zone: str, now: datetime, ours: str) -> Busy | Refusal:
    """When this calendar takes time from yesterday on, joined and in order; or why it cannot be read.

    `zone`: whose clock a time without a zone is on. `ours`: the domain of our own invitations, which take no time:
    what we planned ourselves must not look like something that is in the way.
    """
    if len(content) > MOST_BYTES:
        return Refusal.because(TOO_BIG, "calendar")
    text = content.decode("utf-8-sig", errors="replace")
    if not text.lstrip()[:15].upper().startswith("BEGIN:VCALENDAR"):
        return Refusal.because(NO_CALENDAR, "calendar")
    start, end = now - BEHIND, now + AHEAD
    try:
        entries = [each for each in _entries(text) if not each.value("UID").lower().endswith(f"@{ours.lower()}")]
        found = _taken(entries, ZoneInfo(zone), start, end)
        busy = merged((max(begins, start), min(ends, end)) for begins, ends in found if begins < end and ends > start)
    except TooMuch:
        return Refusal.because(TOO_MUCH, "calendar")
    return Refusal.because(TOO_MUCH, "calendar") if len(busy) > MOST_BUSY else busy


def _entries(text: str) -> Iterator[Entry]:
    """The entries as written; a line that is longer than any date needs is passed over."""
    inside: list[str] = []
    entry: Entry | None = None
    count = 0
    unfolded = text.replace("\r\n", "\n").replace("\n ", "").replace("\n\t", "")
    for number, line in enumerate(unfolded.split("\n")):
        if number > MOST_LINES:
            raise TooMuch
        name = line[:40].partition(":")[0].partition(";")[0].strip().upper()
        if name == "BEGIN":
            inside = [*inside[-7:], line[6:].strip().upper()]
            if inside[-1] in {"VEVENT", "VFREEBUSY"}:
                entry, count = Entry(inside[-1]), count + 1
                if count > MOST_ENTRIES:
                    raise TooMuch
        elif name == "END":
            if entry is not None and inside[-1:] == [entry.kind]:
                yield entry
                entry = None
            inside = inside[:-1]
        elif name in _WANTED and entry is not None and inside[-1:] == [entry.kind] and len(line) <= LONGEST_LINE:
            _, parameters, value = read_line(line)
            entry.lines[name].append((parameters, value))


def _taken(entries: list[Entry], home: ZoneInfo, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    """From when until when each entry takes time, as far as it touches the window."""
    patience = Patience(MOST_RECKONED)
    moved: defaultdict[str, set[datetime]] = defaultdict(
        set
    )  # single dates of a series that were changed by themselves
    for entry in entries:
        for at in _moments(entry, "RECURRENCE-ID", home):
            moved[entry.value("UID")].add(at.moment(home))
    for entry in entries:
        if entry.kind == "VFREEBUSY":
            yield from _periods(entry, home)
        elif _takes_time(entry):
            try:
                yield from _occurrences(entry, moved[entry.value("UID")], home, (start, end), patience)
            except (OverflowError, ValueError):
                continue  # at the end of time


def _takes_time(entry: Entry) -> bool:
    return (
        entry.value("TRANSP").upper() != "TRANSPARENT"
        and entry.value("STATUS").upper() != "CANCELLED"
        and entry.value("X-MICROSOFT-CDO-BUSYSTATUS").upper() not in {"FREE", "WORKINGELSEWHERE"}
    )


def _occurrences(
    entry: Entry, moved: set[datetime], home: ZoneInfo, window: tuple[datetime, datetime], patience: Patience
) -> Iterator[tuple[datetime, datetime]]:
    begins = next(_moments(entry, "DTSTART", home), None)
    if begins is None:
        return
    lasts = _length(entry, begins, home)
    if not timedelta(0) < lasts <= LONGEST:
        return
    single = "RECURRENCE-ID" in entry.lines
    left_out = {at.moment(home) for at in _moments(entry, "EXDATE", home)} | (set() if single else moved)
    rule = read_rule(entry.value("RRULE")) if "RRULE" in entry.lines and not single else None
    until = _when(rule.until, {}, home) if rule and rule.until else None
    days: list[date] = [begins.wall.date()]
    if rule is not None:
        first, last = (window[0] - lasts - BEHIND).date(), (window[1] + BEHIND).date()
        if until is not None:
            last = min(last, until.wall.date() + BEHIND)
        days = list(dates(rule, begins.wall.date(), first, last, patience))
    starts = [At(datetime.combine(day, begins.wall.time()), begins.place) for day in days]
    for at in [*starts, *_moments(entry, "RDATE", home)]:
        moment = at.moment(home)
        if moment in left_out or (until is not None and _is_after(at, until, home)):
            continue
        yield moment, _end(at, lasts, home)


def _is_after(at: At, until: At, home: ZoneInfo) -> bool:
    """UNTIL is a moment, or a date on the clock of the entry, which it includes."""
    if until.place is None:
        return at.wall.date() > until.wall.date()
    return at.moment(home) > until.moment(home)


def _length(entry: Entry, begins: At, home: ZoneInfo) -> timedelta:
    """How long it takes; a date without an end takes its day, a moment without one takes nothing (RFC 5545, 3.6.1)."""
    ends = next(_moments(entry, "DTEND", home), None)
    if ends is not None and begins.place is None:
        return ends.wall - begins.wall
    if ends is not None:
        return ends.moment(home) - begins.moment(home)
    return length_of(entry.value("DURATION")) or (timedelta(days=1) if begins.place is None else timedelta(0))


def _end(at: At, lasts: timedelta, home: ZoneInfo) -> datetime:
    """Whole days end at a midnight, however long the clocks make them; all else takes as long as it takes."""
    if at.place is None:
        return At(at.wall + lasts, None).moment(home)
    return at.moment(home) + lasts


def _periods(entry: Entry, home: ZoneInfo) -> Iterator[tuple[datetime, datetime]]:
    for parameters, value in entry.lines["FREEBUSY"]:
        if parameters.get("FBTYPE", "BUSY").upper() == "FREE":
            continue
        for period in value.split(","):
            first, _, second = period.partition("/")
            begins, ends = _when(first, parameters, home), _when(second, parameters, home)
            if begins is not None:
                length = ends.moment(home) - begins.moment(home) if ends else length_of(second)
                if length is not None and timedelta(0) < length <= LONGEST:
                    yield begins.moment(home), begins.moment(home) + length


def _moments(entry: Entry, name: str, home: ZoneInfo) -> Iterator[At]:
    for parameters, value in entry.lines.get(name, ()):
        for each in value.split(","):
            if (at := _when(each, parameters, home)) is not None:
                yield at


def _when(words: str, parameters: dict[str, str], home: ZoneInfo) -> At | None:
    """A date or a moment; one in a zone that nobody knows, or in none, is on the reader's own clock."""
    found = _WHEN.fullmatch(words.strip().partition("/")[0])
    if not found:
        return None
    try:
        day = date(int(found[1]), int(found[2]), int(found[3]))
        if found[4] is None:
            return At(datetime.combine(day, time()), None)
        at = time(int(found[4]), int(found[5]), min(int(found[6]), 59))
    except ValueError:
        return None
    place = UTC if found[7] else zone_called(parameters.get("TZID", "")[:100]) or home
    return At(datetime.combine(day, at), place)
