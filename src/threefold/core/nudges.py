"""When a tutor may ask somebody for a piece that has not come in, and when it would be too much.

Letters that go by themselves are two at most (`core.reminders`); a word from a tutor comes beside them,
never twice within three days for one piece, whichever tutor asks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

REST = timedelta(days=3)
"""How long a piece is let be after somebody was asked for it."""

FIRST_LETTER_HAS = timedelta(hours=1)
"""How long the letter that goes by itself is given to be answered."""


class Quiet(StrEnum):
    """Why nobody is asked: it is in, they were not there or have left, it is one's own, they want no such letter."""

    SENT = "sent"
    AWAY = "away"
    LEFT = "left"
    OWN = "own"
    OFF = "off"


@dataclass(frozen=True)
class Asking:
    """Whether somebody may be asked for one piece.

    `last`: when a tutor last asked for it. `opens`: from when they may be asked (again), None where they may not at
    all, and `why` then says what stands in the way.
    """

    last: datetime | None
    opens: datetime | None
    why: Quiet | None = None

    def may(self, now: datetime) -> bool:
        return self.opens is not None and now >= self.opens


def asking(*, wanted_at: datetime, asked: Sequence[datetime], quiet: Quiet | None = None) -> Asking:
    """From when somebody may be asked for a piece.

    `wanted_at`: when the letter that goes by itself leaves, an hour after their last round or the morning after.
    `asked`: every time a tutor asked for this very piece.
    """
    last = max(asked, default=None)
    if quiet is not None:
        return Asking(last, None, quiet)
    first = wanted_at + FIRST_LETTER_HAS
    return Asking(last, max(first, last + REST) if last is not None else first)
