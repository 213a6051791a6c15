"""Time zones as calendars need them spelt out: a compact VTIMEZONE with one yearly rule for each clock change.

The icalendar library's own writer lists every change as an RDATE, which Thunderbird, ical.js and others read an hour
off; observances with RRULE, BYMONTH and BYDAY are read alike everywhere. The onset is local time under the offset
before the change (RFC 5545, 3.6.5).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

from icalendar import Timezone, TimezoneDaylight, TimezoneStandard

_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_LOOK_AHEAD = 8  # years that tell “the fourth Sunday” from “the last Sunday”
_NO_OFFSET = timedelta()


@dataclass(frozen=True)
class _Change:
    """The clocks of a zone going from one offset to another at a moment in UTC; `name` is what holds afterwards."""

    at: datetime
    before: timedelta
    after: timedelta
    name: str

    @property
    def onset(self) -> datetime:
        return (self.at + self.before).replace(tzinfo=None)

    @property
    def kind(self) -> tuple[timedelta, timedelta, str, tuple[int, int]]:
        return self.before, self.after, self.name, (self.onset.hour, self.onset.minute)

    @property
    def days(self) -> frozenset[tuple[int, int, int]]:
        """(month, week of it, weekday) in every way of saying the onset's day; the last week is -1."""
        onset = self.onset
        weeks = {(onset.day - 1) // 7 + 1} - {5}
        if (onset + timedelta(days=7)).month != onset.month:
            weeks.add(-1)
        return frozenset((onset.month, week, onset.weekday()) for week in weeks)


# Rules are told from as long ago as they have held, so that one zone is spelt out alike in letter after letter: some
# readers keep the first definition of a zone they meet for all that follow.
_SINCE = (2008, 2012, 2016, 2020, 2024)


@lru_cache(maxsize=256)
def spelt_out(zone: str, first_year: int, last_year: int) -> Timezone | None:
    """A VTIMEZONE right for every moment of these years, to be left as it is; None without one yearly rule.

    Zones without one (Casablanca, whose clocks follow Ramadan) are better served by times in UTC, and so is UTC itself.
    """
    since = [year for year in _SINCE if year < first_year]
    return next(filter(None, (_spelt_out(zone, year, last_year) for year in (*since, first_year))), None)


def _spelt_out(zone: str, first_year: int, last_year: int) -> Timezone | None:
    if zone in {"UTC", "Etc/UTC"}:
        return None
    changes = _changes(zone, first_year - 1, last_year + 1 + _LOOK_AHEAD)
    needed = [change for change in changes if change.onset.year <= last_year + 1]
    timezone = Timezone()
    timezone.add("tzid", zone)
    if not needed:
        at = datetime(first_year, 7, 1, tzinfo=ZoneInfo(zone))
        offset = at.utcoffset() or _NO_OFFSET
        timezone.add_component(
            _observance(_Change(datetime(1970, 1, 1, tzinfo=UTC) - offset, offset, offset, _name(at)))
        )
        return timezone
    for kind in sorted({change.kind for change in needed}):
        of_kind = [change for change in changes if change.kind == kind]
        years = [change.onset.year for change in of_kind if change.onset.year <= last_year + 1]
        day = _day_of_every_year(of_kind, last_year + 1)
        if years != list(range(first_year - 1, last_year + 2)) or day is None:
            return None
        timezone.add_component(_observance(of_kind[0], day))
    return timezone if len(timezone.subcomponents) == 2 else None


def _day_of_every_year(changes: Iterable[_Change], last_year: int) -> tuple[int, int, int] | None:
    """The one way of saying the day that holds up to `last_year`, and as long as possible after it."""
    common: frozenset[tuple[int, int, int]] | None = None
    for change in changes:
        narrower = change.days if common is None else common & change.days
        if not narrower:
            if change.onset.year <= last_year:
                return None
            break
        common = narrower
    return min(common) if common else None


def _observance(change: _Change, day: tuple[int, int, int] | None = None) -> TimezoneStandard | TimezoneDaylight:
    observance = TimezoneDaylight() if change.after > change.before else TimezoneStandard()
    observance.add("dtstart", change.onset)
    observance.add("tzoffsetfrom", change.before)
    observance.add("tzoffsetto", change.after)
    observance.add("tzname", change.name)
    if day:
        month, week, weekday = day
        observance.add("rrule", {"freq": "yearly", "bymonth": month, "byday": f"{week}{_WEEKDAYS[weekday]}"})
    return observance


@lru_cache(maxsize=256)
def _changes(zone: str, first_year: int, last_year: int) -> tuple[_Change, ...]:
    """Every change of offset whose onset lies in these years."""
    place = ZoneInfo(zone)
    begin, end = datetime(first_year, 1, 1, tzinfo=UTC), datetime(last_year + 1, 1, 1, tzinfo=UTC)
    days = [begin + timedelta(days=day) for day in range(-1, (end - begin).days + 2)]
    found = (
        _change_between(early, late, place)
        for early, late in pairwise(days)
        if early.astimezone(place).utcoffset() != late.astimezone(place).utcoffset()
    )
    return tuple(change for change in found if first_year <= change.onset.year <= last_year)


def _change_between(early: datetime, late: datetime, place: ZoneInfo) -> _Change:
    before = early.astimezone(place).utcoffset() or _NO_OFFSET
    while late - early > timedelta(seconds=1):
        middle = early + timedelta(seconds=(late - early).total_seconds() // 2)
        if (middle.astimezone(place).utcoffset() or _NO_OFFSET) == before:
            early = middle
        else:
            late = middle
    there = late.astimezone(place)
    return _Change(late, before, there.utcoffset() or _NO_OFFSET, _name(there))


def _name(at: datetime) -> str:
    return at.tzname() or str(at.tzinfo)
