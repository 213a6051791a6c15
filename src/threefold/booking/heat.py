"""What helps a tutor to choose a time: when people are free in a usual week, and which turns are still owed to whom."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from threefold.booking.overview import Trainee
from threefold.core.availability import How
from threefold.core.names import first_name
from threefold.core.owed import owed
from threefold.core.roles import Role
from threefold.core.said import DAYS, listed, number
from threefold.core.slots import moment
from threefold.store.availability import availability_of
from threefold.store.ledger import ledger
from threefold.store.rows import CohortRow

FIRST_HOUR, LAST_HOUR = 8, 22
USUAL_HOURS = range(15, 20)  # shown in any case
HOUR = timedelta(hours=1)
LEVELS = 4
MOST_OWING = 6


@dataclass(frozen=True)
class Heat:
    """How many are free in each hour of a usual week; `level` of a count runs from 0 to 3 for its colour.

    `rows`: (hour, counts in the order of `days`). `sentence` says the best hour.
    """

    days: tuple[str, ...]
    rows: tuple[tuple[int, tuple[int, ...]], ...]
    answered: int
    sentence: str
    except_for: str

    def level(self, count: int) -> int:
        return 0 if not count else min(LEVELS - 1, (LEVELS * count - 1) // max(1, self.answered))

    @property
    def key(self) -> tuple[tuple[int, str], ...]:
        """Each level with the counts it stands for, as “4–6”."""
        found: dict[int, list[int]] = {}
        for count in range(self.answered + 1):
            found.setdefault(self.level(count), []).append(count)
        return tuple(
            (level, f"{some[0]}–{some[-1]}" if len(some) > 1 else str(some[0])) for level, some in found.items()
        )


@dataclass(frozen=True)
class Owing:
    """Somebody who is behind in a role."""

    name: str
    role: Role


def heat_of(db: Session, people: Sequence[Trainee], zone: str, now: datetime) -> Heat | None:
    """Of those who have said when they are free; None while nobody has. One-off dates of next week count."""
    offered = availability_of(db, [each.person_id for each in people])
    said = [each for each in people if (week := offered[each.person_id].week) is not None and week.days is not None]
    if not said:
        return None
    today = now.astimezone(ZoneInfo(zone)).date()
    monday = today + timedelta(days=7 - today.weekday())
    free: dict[tuple[int, int], list[str]] = {}
    for weekday in range(7):
        for hour in range(FIRST_HOUR, LAST_HOUR):
            at, _ = moment(datetime.combine(monday + timedelta(days=weekday), time(hour)), zone)
            free[weekday, hour] = [
                each.name for each in said if offered[each.person_id].at(at, at + HOUR) in {How.FREE, How.IF_NEEDED}
            ]
    hours = [hour for hour in range(FIRST_HOUR, LAST_HOUR) if hour in USUAL_HOURS or _any(free, hour)]
    days = [day for day in range(7) if day < 5 or any(free[day, hour] for hour in hours)]
    best = max(free, key=lambda key: (len(free[key]), -key[0], -key[1]))
    without = [first_name(each.name) for each in said if each.name not in free[best]]
    count = len(free[best])
    return Heat(
        tuple(DAYS[day] for day in days),
        tuple((hour, tuple(len(free[day, hour]) for day in days)) for hour in hours),
        len(said),
        f"{DAYS[best[0]]} at {best[1]:02}:00 suits {number(count)} of {number(len(said))}."
        if count
        else "No hour suits anybody yet.",
        f"Only {listed(without)} {'isn’t' if len(without) == 1 else 'aren’t'} free then."
        if count and 0 < len(without) <= 2
        else "",
    )


def _any(free: Mapping[tuple[int, int], Sequence[str]], hour: int) -> bool:
    return any(free[day, hour] for day in range(7))


def owing(db: Session, people: Sequence[Trainee], cohort: CohortRow, now: datetime) -> tuple[Owing, ...]:
    """Who is behind in what, a few of those furthest behind in the order of their names; nobody is ranked."""
    held = ledger(db, cohort, now)
    found = []
    for each in people:
        behind = owed(held.served.get(str(each.member), {}), cohort.practice_minutes)
        role = max(behind, key=lambda role: behind[role])
        if behind[role]:
            found.append((behind[role], Owing(first_name(each.name), role)))
    most = sorted(found, key=lambda each: -each[0])[:MOST_OWING]
    return tuple(sorted((one for _, one in most), key=lambda one: one.name))
