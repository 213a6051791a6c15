"""When somebody can practise: a usual week on their own wall clock, dates unlike it, and hours their calendar takes.

What a week says of a moment is what its marks say of the reading of the clock at that moment, so nothing shifts when
the clocks change; an hour that comes twice is offered twice, and one that is skipped offers nothing.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

DAY = 24 * 60  # minutes
MINUTE = timedelta(minutes=1)


class How(StrEnum):
    """What somebody says of a time. Unknown: they have not been asked, or have not answered yet."""

    FREE = "free"
    IF_NEEDED = "if_needed"
    NOT_FREE = "not_free"
    UNKNOWN = "unknown"


class Need(StrEnum):
    """What somebody may need of a room."""

    STEP_FREE = "step_free"
    HEARING_LOOP = "hearing_loop"
    QUIET = "quiet"
    NEAR_EXIT = "near_exit"


# Of several parts of one session the first of these counts: one part that cannot be, and the whole cannot.
_DECIDES = (How.NOT_FREE, How.UNKNOWN, How.IF_NEEDED, How.FREE)


@dataclass(frozen=True, order=True, slots=True)
class Span:
    """Minutes of one day, from `minute` after its midnight for `minutes`, and what is said of them."""

    minute: int
    minutes: int
    how: How

    @property
    def end(self) -> int:
        return self.minute + self.minutes


Day = tuple[Span, ...]  # in order, none over another; what is not marked is not free
Busy = tuple[tuple[datetime, datetime], ...]  # in UTC, in order, none over another


@dataclass(frozen=True, slots=True)
class Week:
    """A usual week: seven days from Monday on the wall clock of `zone`; None while nobody has said anything."""

    zone: str
    days: tuple[Day, ...] | None


@dataclass(frozen=True, slots=True)
class Offered:
    """All that somebody has said about their time."""

    week: Week | None = None
    one_offs: Mapping[date, Day] = field(default_factory=dict)
    busy: Busy = ()

    def at(self, starts_at: datetime, ends_at: datetime) -> How:
        """What they say of one meeting; see `free_at`."""
        return free_at(self.week, self.one_offs, self.busy, starts_at, ends_at)


def free_at(week: Week | None, one_offs: Mapping[date, Day], busy: Busy, starts_at: datetime, ends_at: datetime) -> How:
    """What somebody says of the whole time from `starts_at` to `ends_at` (aware moments): its least good part counts.

    A date among the `one_offs` holds instead of the usual week, from midnight to midnight on the week's own clock; a
    meeting past midnight is looked at on both dates. What their calendar says is taken (`busy`) is not free, whatever
    the week says. Raises ValueError when the end is not after the start.
    """
    if ends_at <= starts_at:
        raise ValueError(f"a time from {starts_at} to {ends_at} is none")
    if _overlaps(busy, starts_at, ends_at):
        return How.NOT_FREE
    if week is None:
        return How.UNKNOWN
    said = {how for _, how in _parts(week, one_offs, starts_at.astimezone(UTC), ends_at.astimezone(UTC))}
    return next(how for how in _DECIDES if how in said)


def tidy(spans: Iterable[Span]) -> Day:
    """The same said as shortly as possible: in order, neighbours that say the same joined, what is not free left out.

    Where two lie over each other, the later in the row wins, as a brush does.
    """
    minutes: dict[int, How] = {}
    for span in spans:
        for minute in range(max(span.minute, 0), min(span.end, DAY)):
            minutes[minute] = span.how
    found: list[Span] = []
    for minute in sorted(minutes):
        how = minutes[minute]
        if how not in {How.FREE, How.IF_NEEDED}:
            continue
        last = found[-1] if found else None
        if last and last.end == minute and last.how is how:
            found[-1] = Span(last.minute, last.minutes + 1, how)
        else:
            found.append(Span(minute, 1, how))
    return tuple(found)


def merged(intervals: Iterable[tuple[datetime, datetime]]) -> Busy:
    """Busy times in order, those that touch or overlap joined; what has no length is left out."""
    found: list[tuple[datetime, datetime]] = []
    for begins, ends in sorted(intervals):
        if ends <= begins:
            continue
        if found and begins <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], ends))
        else:
            found.append((begins, ends))
    return tuple(found)


def _overlaps(busy: Busy, starts_at: datetime, ends_at: datetime) -> bool:
    """Whether any busy time lies within: the last one that begins before the end is the only one to look at."""
    before = bisect_left(busy, ends_at, key=lambda each: each[0])
    return before > 0 and busy[before - 1][1] > starts_at


def _parts(
    week: Week, one_offs: Mapping[date, Day], starts_at: datetime, ends_at: datetime
) -> Iterable[tuple[datetime, How]]:
    """From when on what is said, from the start to the end; a part ends where the marks or the clocks change."""
    place, at = ZoneInfo(week.zone), starts_at
    while at < ends_at:
        wall = at.astimezone(place)
        minute = wall.hour * 60 + wall.minute
        day = one_offs.get(wall.date())
        if day is None and week.days is not None:
            day = week.days[wall.weekday()]
        how, until = (How.UNKNOWN, DAY) if day is None else _within(day, minute)
        yield at, how
        next_at = at.replace(second=0, microsecond=0) + (until - minute) * MINUTE
        at = next_at if _offset(next_at, place) == wall.utcoffset() else _change(at, next_at, place)


def _within(day: Sequence[Span], minute: int) -> tuple[How, int]:
    """What a day says of a minute, and the minute until which it says so."""
    for span in day:
        if minute < span.minute:
            return How.NOT_FREE, span.minute
        if minute < span.end:
            return span.how, span.end
    return How.NOT_FREE, DAY


def _offset(at: datetime, place: ZoneInfo) -> timedelta | None:
    return at.astimezone(place).utcoffset()


def _change(before: datetime, after: datetime, place: ZoneInfo) -> datetime:
    """The first minute after a change of the clocks that lies between two moments (never two within one day)."""
    start, old = before.replace(second=0, microsecond=0), _offset(before, place)
    low, high = 0, int((after - start) / MINUTE)  # old at low, new at high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _offset(start + middle * MINUTE, place) == old else (low, middle)
    return start + high * MINUTE
