"""When somebody can practise: a usual week on their own wall clock, dates unlike it, and hours their calendar takes.

What a week says of a moment is what its marks say of the reading of the clock at that moment, so nothing shifts when
the clocks change; an hour that comes twice is offered twice, and one that is skipped offers nothing.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from threefold.core.refusal import Problem, Refusal
from threefold.core.said import DAYS, listed
from threefold.core.said import day as day_said
from threefold.core.slots import Clock, moment

DAY = 24 * 60  # minutes
MINUTE = timedelta(minutes=1)
LONGEST_AHEAD = timedelta(days=730)
MOST_DATES = 62  # in a row; more of them are a new usual week


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


# --- a week as people fill it in, and as it is said -----------------------------------------------------------

USUAL_HOURS = range(7, 22)  # shown unless somebody asks for, or has marked, others
ALL_HOURS = range(24)


def hour_of(day: Day, hour: int) -> How:
    """What is said of one whole hour of a day: of several, the first that decides."""
    said, minute = set(), hour * 60
    while minute < hour * 60 + 60:
        how, minute = _within(day, minute)
        said.add(how)
    return next(how for how in _DECIDES if how in said)


def hours_of(days: Sequence[Day]) -> range:
    """Which hours have to be shown so that nothing marked is out of sight."""
    usual = USUAL_HOURS.start * 60, USUAL_HOURS.stop * 60
    seen = all(usual[0] <= span.minute and span.end <= usual[1] for day in days for span in day)
    return USUAL_HOURS if seen else ALL_HOURS


@dataclass(frozen=True)
class Painted:
    """What a page says of the hours it shows, for each of seven days; an hour that is not named is not free."""

    hours: range
    days: tuple[Mapping[int, How], ...]

    def over(self, before: Sequence[Day]) -> tuple[Day, ...]:
        """The week that comes of it; what was said of hours that are not shown stays."""
        return tuple(
            tidy([*day, *(Span(hour * 60, 60, said.get(hour, How.NOT_FREE)) for hour in self.hours)])
            for day, said in zip(before, self.days, strict=True)
        )


@dataclass(frozen=True)
class Dates:
    """Something said of one date or several in a row: how they are from one minute of the day to another."""

    days: tuple[date, ...]
    how: How
    begins: int = 0
    ends: int = DAY


def painted_date(base: Day, dates: Dates) -> Day:
    """A date after something was said of it; the rest of it stays as it was."""
    return tidy([*base, Span(dates.begins, dates.ends - dates.begins, dates.how)])


def check_dates(
    first: date | None,
    last: date | None,
    how: How | None,
    begins: time | None,
    ends: time | None,
    *,
    zone: str,
    today: date,
) -> Dates | Refusal:
    """What is meant, or every problem at once. No last date: the first alone; no times: the whole day; an end at
    midnight is the end of that day. A time that the clocks skip on one of the dates is asked about.
    """
    problems = []
    if first is None:
        problems.append(Problem("first", "Enter a date, like 12 11 2026"))
    elif first < today:
        problems.append(Problem("first", "This date is over. Choose today or a later one"))
    elif first > today + LONGEST_AHEAD:
        problems.append(Problem("first", "Choose a date within the next two years"))
    if first and last and not first <= last < first + timedelta(days=MOST_DATES):
        problems.append(Problem("last", f"Choose a last date from the first one on, at most {MOST_DATES} days"))
    if how is None:
        problems.append(Problem("how", "Choose how you are then"))
    until = None if ends is None else ends.hour * 60 + ends.minute or DAY
    begin = 0 if begins is None else begins.hour * 60 + begins.minute
    if until is not None and until <= begin:
        problems.append(Problem("ends", "Choose an end that is after the start"))
    if problems or first is None or how is None:
        return Refusal(tuple(problems))
    days = tuple(first + timedelta(days=n) for n in range(((last or first) - first).days + 1))
    for field_, at in (("begins", begins), ("ends", ends)):
        skipped = [on for on in days if at and moment(datetime.combine(on, at), zone)[1] is Clock.SKIPPED]
        if at and skipped:
            problems.append(Problem(field_, _no_such_time(skipped[0], at)))
    return Refusal(tuple(problems)) if problems else Dates(days, how, begin, until or DAY)


def _no_such_time(on: date, at: time) -> str:
    return f"The clocks go forward on {day_said(on)}: there is no {at:%H:%M} that day. Choose a time before or after"


def in_words(days: Sequence[Day]) -> str:
    """“You’re free on Monday and Thursday from 18:00 to 21:00. If needed, you could do it on Sunday all day.”"""
    free, if_needed = (_days_in_words(days, how) for how in (How.FREE, How.IF_NEEDED))
    said = [f"You’re free {free}." if free else "", f"If needed, you could do it {if_needed}." if if_needed else ""]
    return " ".join(filter(None, said)) or "You haven’t marked a time yet."


def day_in_words(day: Day) -> str:
    """“Free from 18:00 to 21:00, if needed from 09:00 to 12:00”, “Not free”."""
    said = [
        f"{label} {_times([span for span in day if span.how is how])}"
        for how, label in ((How.FREE, "free"), (How.IF_NEEDED, "if needed"))
        if any(span.how is how for span in day)
    ]
    words = ", ".join(said) or "not free"
    return words[0].upper() + words[1:]


def _days_in_words(days: Sequence[Day], how: How) -> str:
    """Days on which the same hours are marked are said together, in the order of the week."""
    together: dict[tuple[Span, ...], list[str]] = {}
    for name, day in zip(DAYS, days, strict=True):
        if spans := tuple(span for span in day if span.how is how):
            together.setdefault(spans, []).append(name)
    groups = [
        f"{'every day' if len(names) == 7 else f'on {listed(names)}'} {_times(spans)}"
        for spans, names in together.items()
    ]
    return ", and ".join(filter(None, (", ".join(groups[:-1]), groups[-1]))) if groups else ""


def _times(spans: Sequence[Span]) -> str:
    if [(span.minute, span.end) for span in spans] == [(0, DAY)]:
        return "all day"
    return f"from {listed([f'{_clock(span.minute)} to {_clock(span.end)}' for span in spans])}"


def _clock(minute: int) -> str:
    return "midnight" if minute == DAY else f"{minute // 60:02}:{minute % 60:02}"
