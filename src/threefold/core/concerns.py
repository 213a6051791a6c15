"""What becomes of a worry somebody tells: by when it will have been read, where it stands, whom to call meanwhile."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from threefold.core.slots import moment

READ_BY = time(17)
PROMISE = (
    "by 17:00 on the next working day, Monday to Friday"  # what `read_by` reckons, in words; no bank holidays known
)
FRIDAY = 4
MOST_WORDS = 8000
LOOK_LASTS = timedelta(minutes=30)  # words a reader opened stay open for them so long; then looking is a look again


class State(StrEnum):
    """Where a concern stands, as its author sees it too."""

    RECEIVED = "received"
    READ = "read"
    CLOSED = "closed"


@dataclass(frozen=True)
class Line:
    """Somebody to call now: who that is, and the number as people read it."""

    words: str
    number: str

    @property
    def dial(self) -> str:
        """The number as a telephone takes it."""
        return "".join(c for c in self.number if c.isdigit() or c == "+")


def read_by(at: datetime, zone: str) -> datetime:
    """When a concern sent `at` will have been read, in UTC: 17:00 on the next working day, on the zone's wall clock.

    What is sent from Friday to Sunday is read by Monday. Bank holidays are not known here, so whoever reads has to be
    there on those, or have somebody who is.
    """
    day = at.astimezone(ZoneInfo(zone)).date() + timedelta(days=1)
    while day.weekday() > FRIDAY:
        day += timedelta(days=1)
    return moment(datetime.combine(day, READ_BY), zone)[0].astimezone(UTC)


def state(acknowledged_at: datetime | None, closed_at: datetime | None) -> State:
    """Read is what a reader has acknowledged; a look alone promises nothing."""
    return State.CLOSED if closed_at else State.READ if acknowledged_at else State.RECEIVED


def is_open_to(last_look: datetime | None, now: datetime) -> bool:
    """Whether a reader who looked then still has the words before them."""
    return last_look is not None and now < last_look + LOOK_LASTS


def lines(said: Iterable[str]) -> tuple[Line, ...]:
    """Whom to call, from settings such as "Samaritans: 116 123"; what follows the last colon is the number."""
    return tuple(Line(words.strip(), number.strip()) for words, _, number in (one.rpartition(":") for one in said))
