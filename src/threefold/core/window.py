"""Opening extra practice: when, where, for how many, and what a tutor typed about it read and checked at once."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from threefold.core.booking import IfTwo
from threefold.core.refusal import Problem, Refusal
from threefold.core.said import day, number
from threefold.core.slots import Clock, SessionShape, duration, moment, total_minutes

MOST_TIMES = 60
MOST_ROOMS = 20
MOST_AT_ONCE = 20
ACCESS = {
    "step_free": "step-free",
    "hearing_loop": "hearing loop",
    "quiet": "quiet",
    "near_exit": "near the exit",
}
_SAID = {word.replace("-", " "): code for code, word in ACCESS.items()}


class Way(StrEnum):
    """How triads come about: people start and join them, or offer times and have them formed."""

    JOINED = "joined"
    MATCHED = "matched"


@dataclass(frozen=True, slots=True)
class Room:
    """A room: how many it holds, and what it has (see `ACCESS`)."""

    name: str
    people: int | None = None
    access: tuple[str, ...] = ()

    @property
    def line(self) -> str:
        """As a tutor writes it."""
        parts = [self.name, str(self.people) if self.people else "", *(ACCESS[code] for code in self.access)]
        return ", ".join(filter(None, parts))


@dataclass(frozen=True, slots=True)
class Opening:
    """A window as it is to be. `times` are starts on the cohort's wall clock, in order."""

    way: Way
    times: tuple[datetime, ...]
    minutes: int
    shape: SessionShape
    place: str
    link: str
    rooms: tuple[Room, ...]
    at_once: int
    most_each: int
    if_two: IfTwo
    steps_out_until: int
    closes_at: datetime | None

    @property
    def is_online(self) -> bool:
        return bool(self.link) and not self.place


def read_rooms(text: str) -> tuple[Room, ...] | Refusal:
    """One room a line: its name, then how many it holds and what it has, with commas between."""
    rooms, problems = [], []
    for place, line in enumerate(filter(str.strip, text.splitlines()), start=1):
        name, *rest = [part.strip() for part in line.split(",")]
        people, access, unknown = None, [], []
        for part in filter(None, rest):
            if part.isascii() and part.isdigit() and 2 <= int(part[:4]) <= 500:
                people = int(part)
            elif (code := _SAID.get(part.lower().replace("-", " "))) is not None:
                access.append(code)
            else:
                unknown.append(part)
        if not name or len(name) > 60:
            problems.append(f"Room {place}: write its name first, in at most 60 letters")
        elif unknown:
            known = ", ".join(ACCESS.values())
            problems.append(f"{name}: “{unknown[0][:40]}” isn’t a number of people or one of {known}")
        elif people is not None and people < 3:
            problems.append(f"{name} is too small for three")
        rooms.append(Room(name, people, tuple(dict.fromkeys(access))))
    if len(rooms) > MOST_ROOMS:
        problems.append(f"Name at most {MOST_ROOMS} rooms")
    return Refusal(tuple(Problem("rooms", each) for each in problems)) if problems else tuple(rooms)


def read_days(text: str) -> tuple[date, ...] | Refusal:
    """Dates like 2026-10-27, with commas, spaces or lines between; words around them are passed over."""
    days, wrong = [], []
    for year, month, date_of_month in re.findall(r"(\d{4})-(\d{1,2})-(\d{1,2})", text):
        try:
            days.append(date(int(year), int(month), int(date_of_month)))
        except ValueError:
            wrong.append(f"{year}-{month}-{date_of_month}")
    if wrong or (text.strip() and not days):
        return Refusal.because(f"Write dates like 2026-10-27{f', not {wrong[0]}' if wrong else ''}", "leaving_out")
    return tuple(days)


def read_moments(text: str) -> tuple[datetime, ...] | Refusal:
    """Further times, one a line, like 2026-10-14 17:00."""
    found = []
    for line in filter(None, map(str.strip, text.splitlines())):
        try:
            found.append(datetime.strptime(line.replace("T", " "), "%Y-%m-%d %H:%M"))  # noqa: DTZ007 - a wall clock's
        except ValueError:
            return Refusal.because(f"Write further times like 2026-10-14 17:00, not “{line[:40]}”", "other_times")
    return tuple(found)


def starts(
    first: date | None,
    start: time | None,
    weeks: int,
    leaving_out: Sequence[date],
    others: Sequence[datetime],
    zone: str,
    now: datetime,
) -> tuple[datetime, ...] | Refusal:
    """Every start on the wall clock, in order: so many weeks of them without the dates left out, and further ones.

    A time that the clocks skip is refused, in words that say why; of one that comes twice the first is meant.
    """
    problems = [
        Problem(field, sentence)
        for field, is_wrong, sentence in (
            ("date", first is None, "Enter a date like 13 10 2026"),
            ("start", start is None, "Enter a start time like 17:00"),
        )
        if is_wrong
    ]
    if problems or first is None or start is None:
        return Refusal(tuple(problems))
    days = [first + timedelta(weeks=week) for week in range(weeks + len(set(leaving_out)))]
    kept = [each for each in days if each not in leaving_out][:weeks]
    wall = sorted({*(datetime.combine(each, start.replace(tzinfo=None)) for each in kept), *others})
    for each in wall:
        at, clock = moment(each, zone)
        field = "other_times" if each in others else "start"
        if clock is Clock.SKIPPED:
            problems.append(
                Problem(field, f"The clocks go forward on {day(each)}, so {each:%H:%M} doesn’t exist that day")
            )
        elif at <= now:
            problems.append(Problem("other_times" if each in others else "date", "Choose times still to come"))
    if len(wall) > MOST_TIMES:
        problems.append(Problem("other_times", f"Open at most {MOST_TIMES} times at once"))
    return Refusal(tuple(dict.fromkeys(problems))) if problems else tuple(wall)


def check_length(shape: SessionShape, minutes: int) -> Refusal | None:
    """Whether the rounds fit between from and to."""
    over = total_minutes(shape) - minutes
    if over <= 0:
        return None
    return Refusal.because(
        f"The rounds take {duration(total_minutes(shape))}, {duration(over)} longer than there is. "
        "Make them shorter, or end later",
        "end",
    )


def check_close(
    way: Way, closes: datetime | None, zone: str, times: Sequence[datetime], now: datetime
) -> datetime | Refusal | None:
    """When offers close, in UTC; None where people start and join. `closes` is on the wall clock."""
    if way is Way.JOINED:
        return None
    if closes is None:
        return Refusal.because("Enter when people’s offers close", "closes_date")
    at, clock = moment(closes, zone)
    if clock is Clock.SKIPPED:
        return Refusal.because(
            f"The clocks go forward on {day(closes)}, so {closes:%H:%M} doesn’t exist that day", "closes_time"
        )
    if at <= now or (times and at >= moment(times[0], zone)[0]):
        return Refusal.because("Let offers close some time from now, and before the first practice", "closes_date")
    return at


def in_short(weeks: int, times: Sequence[datetime]) -> str:
    """What the button opens: “six Tuesdays”, “one time”."""
    count = number(len(times))
    if weeks == len(times) and len({each.weekday() for each in times}) == 1:
        weekday = day(times[0]).partition(" ")[0]
        return f"{count} {weekday}{'s' if len(times) > 1 else ''}"
    return f"{count} times" if len(times) > 1 else "one time"
