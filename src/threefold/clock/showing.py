"""A clock as a page shows it: one dial at one moment, the way through the session, and what a device needs to go on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any
from uuid import UUID

from msgspec import json

from threefold.clock.record import GroupAt, SharedClock
from threefold.core import clock_words as words
from threefold.core.clock import FEEDBACK, Kind, Phase, Standing, State, begins, ends
from threefold.core.please_come import Ask, ago
from threefold.core.roles import RoleLabels

STANDS = {
    Standing.PLANNED: "By the plan,",
    Standing.RUNNING: "",
    Standing.PAUSED: "Paused",
    Standing.STOPPED: "Stopped",
    Standing.OVER: "",
}
OVER = "That’s the time"


@dataclass(frozen=True)
class Stage:
    """A stretch of the session in the strip below a clock: the welcome, a round, the close."""

    label: str
    place: int  # of its first phase
    begins_at: datetime | None
    standing: str  # done, now or todo


@dataclass(frozen=True)
class Dial:
    """One clock at one moment: everybody's, or a group's."""

    phases: tuple[Phase, ...]
    state: State
    labels: RoleLabels
    zone: str
    starts_at: datetime
    now: datetime

    @property
    def phase(self) -> Phase | None:
        return self.phases[self.state.place] if self.state.place < len(self.phases) else None

    @property
    def has_begun(self) -> bool:
        return self.state.is_pressed or self.now >= self.starts_at

    @property
    def name(self) -> str:
        return words.name(self.phase) if self.phase else OVER

    @property
    def detail(self) -> str:
        return words.detail(self.phase, self.labels) if self.phase else ""

    @property
    def round(self) -> str:
        """“Round 2 of 3”."""
        number = self.phase.round if self.phase else None
        return f"Round {number} of {self.rounds}" if number else ""

    @property
    def rounds(self) -> int:
        return max((phase.round or 0 for phase in self.phases), default=0)

    @property
    def stands(self) -> str:
        return STANDS[self.state.standing]

    @property
    def ends_at(self) -> datetime | None:
        return self.state.ends_at if self.phase else None

    @property
    def seconds(self) -> int:
        """Seconds left, a begun one counted as whole, so that it says 00:00 only when the time is up."""
        return -int(-self.state.left.total_seconds() // 1)

    @property
    def left(self) -> str:
        """12:40"""
        return f"{self.seconds // 60:02d}:{self.seconds % 60:02d}"

    @property
    def of(self) -> str:
        """“left of 20 minutes”"""
        return f"left of {words.minutes(self.state.whole)}" if self.phase else ""

    @property
    def share(self) -> str:
        """How much of the phase is left, from 0 to 1."""
        return f"{self.state.left / self.state.whole if self.state.whole else 0:.4f}"

    @property
    def segments(self) -> int:
        """Parts of the ring: minutes, or two or five of them where there are many."""
        minutes = max(1, round(self.state.whole / timedelta(minutes=1)))
        return next((minutes // step for step in (1, 2, 5) if minutes // step <= 30), 30)

    @property
    def next(self) -> str:
        """“Feedback, 10 minutes”; "" when nothing follows."""
        found = words.comes_next(self.phases, self.state.place) if self.phase else None
        return found[1] if found else ""

    @property
    def speaking(self) -> bool:
        """Whether the order of speaking is worth showing: during feedback, and before it."""
        found = words.comes_next(self.phases, self.state.place) if self.phase else None
        here = [self.phase.kind] if self.phase else []
        return any(kind in FEEDBACK for kind in [*here, *([self.phases[found[0]].kind] if found else [])])

    @property
    def ends_in_all(self) -> datetime:
        return ends(self.phases, self.state)

    @property
    def refresh(self) -> int:
        """After how many seconds a page without scripts asks again."""
        return min(60, max(5, self.seconds + 1)) if self.state.moves else 15

    @cached_property
    def strip(self) -> tuple[Stage, ...]:
        known = begins(self.phases, self.state)
        first: dict[str, int] = {}
        for place, phase in enumerate(self.phases):
            first.setdefault(f"Round {phase.round}" if phase.round else words.name(phase), place)
        places = [*first.values(), len(self.phases)]
        found = []
        for (label, place), after in zip(first.items(), places[1:], strict=True):
            here = place <= self.state.place < after and self.has_begun
            standing = "now" if here else "done" if after <= self.state.place else "todo"
            at = next((when for when in known[place:after] if when is not None), None)
            found.append(Stage(label, place, at, standing))
        return tuple(found)


def dial_of(clock: SharedClock, now: datetime, group: UUID | None = None) -> Dial:
    """Everybody's clock, or a group's, as it stands."""
    return Dial(
        clock.phases(group),
        clock.state(now, group),
        clock.cohort.role_labels,
        clock.cohort.zone,
        clock.practice.starts_at,
        now,
    )


@dataclass(frozen=True)
class Asking:
    """A group that waits for its tutor, as the board says it."""

    group: GroupAt
    at: datetime
    ago: str


def asking(clock: SharedClock, now: datetime) -> tuple[Asking, ...]:
    """Who waits for a tutor, the longest first."""
    return tuple(
        Asking(group, ask.at, ago(ask.at, now))
        for ask in clock.waiting
        if (group := clock.group(ask.group)) is not None
    )


# --- what a device is told ------------------------------------------------------------------------------------


def milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def told(state: State) -> dict[str, Any]:
    """Where a clock stands, for a device that goes on counting by itself. Moments are milliseconds since 1970."""
    return {
        "standing": state.standing.value,
        "place": state.place,
        "left": round(state.left.total_seconds() * 1000),
        "whole": round(state.whole.total_seconds() * 1000),
        "at": milliseconds(state.at),
        "entered": {str(place): milliseconds(at) for place, at in state.entered.items()},
    }


def told_ask(ask: Ask | None) -> dict[str, Any] | None:
    if ask is None:
        return None
    return {"at": milliseconds(ask.at), "by": ask.coming_by if ask.coming_at else None}


def told_lengths(phases: Sequence[Phase]) -> list[dict[str, Any]]:
    """The bare way through the session; `number` is the round that a phase is the practice of."""
    return [
        {
            "length": round(phase.length.total_seconds() * 1000),
            "number": phase.round if phase.kind is Kind.PRACTICE else None,
        }
        for phase in phases
    ]


def told_phases(phases: Sequence[Phase], labels: RoleLabels) -> list[dict[str, Any]]:
    """The way through the session as a device needs it: lengths in milliseconds, and every word it may have to say."""
    rounds = max((phase.round or 0 for phase in phases), default=0)
    found = []
    for place, phase in enumerate(phases):
        after = words.comes_next(phases, place)
        found.append(
            {
                "length": round(phase.length.total_seconds() * 1000),
                "name": words.name(phase),
                "detail": words.detail(phase, labels),
                "said": words.said(phase, labels),
                "round": f"Round {phase.round} of {rounds}" if phase.round else "",
                "next": after[1] if after else "",
                "speaks": _speaks(phases, place, after),
            }
        )
    return found


def _speaks(phases: Sequence[Phase], place: int, after: tuple[int, str] | None) -> bool:
    return phases[place].kind in FEEDBACK or (after is not None and phases[after[0]].kind in FEEDBACK)


def device_of(dial: Dial, practice_id: UUID, **more: object) -> str:
    """What a page's script starts from, as JSON."""
    return json.encode(
        {
            "path": f"/practice/{practice_id}/clock",
            "phases": told_phases(dial.phases, dial.labels),
            "zone": dial.zone,
            "starts": milliseconds(dial.starts_at),
            **more,
        }
    ).decode()
