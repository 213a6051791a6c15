"""Facts of a session as they are kept, and which of them hold.

They are added and never changed: a fact that stands in for another names it, and the whole history stays to be read.
Times are whole minutes, counted from the minute that has begun, so that every total is the sum of its parts. Two facts
about the same thing (`Scope`) never overlap.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeVar
from uuid import UUID


class Kind(StrEnum):
    """What a fact is about."""

    HERE = "here"
    ROLE = "role"
    MODE = "mode"
    TUTOR = "tutor"


class How(StrEnum):
    """How a fact came to be known."""

    TAP = "tap"
    PIN = "pin"
    CODE = "code"
    TUTOR = "tutor"
    CLOCK = "clock"
    CORRECTION = "correction"


class Mode(StrEnum):
    """Where somebody took part."""

    ROOM = "room"
    ONLINE = "online"


class Presence(StrEnum):
    """How a tutor was there (PRACTICE §1.7)."""

    CONTINUOUS = "continuous"
    CIRCULATING = "circulating"
    ON_CALL = "on_call"
    NONE = "none"


GUIDES = frozenset({Presence.CONTINUOUS, Presence.CIRCULATING})  # Ofqual: immediate guidance or supervision


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A stretch of time; never empty."""

    from_at: datetime
    until_at: datetime

    @property
    def length(self) -> timedelta:
        return self.until_at - self.from_at


Spans = tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Scope:
    """What two facts must not both say something about at the same time.

    HERE: somebody. ROLE: somebody in one round of a triad. MODE: somebody, or everybody (None). TUTOR: a tutor with
    one triad, or with all (None).
    """

    kind: Kind
    member: UUID | None = None
    triad: UUID | None = None
    round: int | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """A fact to be added. `until_at` is None while it goes on; equal to `from_at`: it was not so at all."""

    scope: Scope
    value: str
    from_at: datetime
    until_at: datetime | None
    replaces: UUID | None = None

    @property
    def is_empty(self) -> bool:
        return self.until_at == self.from_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact(Step):
    """A fact that was kept, with who noted it, when, how and why."""

    id: UUID
    recorded_at: datetime
    recorded_by: UUID | None
    how: How
    why: str = ""


# --- time ------------------------------------------------------------------------------------------------------


def minute(moment: datetime) -> datetime:
    """The minute that has begun."""
    return moment.replace(second=0, microsecond=0)


def minutes(spans: Iterable[Span]) -> int:
    """Whole minutes in all."""
    return sum((span.length for span in spans), timedelta()) // timedelta(minutes=1)


def joined(spans: Iterable[Span]) -> Spans:
    """The same time with nothing counted twice, in order."""
    found: list[Span] = []
    for span in sorted(spans):
        if found and span.from_at <= found[-1].until_at:
            found[-1] = Span(found[-1].from_at, max(found[-1].until_at, span.until_at))
        else:
            found.append(span)
    return tuple(found)


def meet(one: Iterable[Span], other: Iterable[Span]) -> Spans:
    """The time that lies in both."""
    others = tuple(other)
    return joined(
        Span(max(a.from_at, b.from_at), min(a.until_at, b.until_at))
        for a in one
        for b in others
        if max(a.from_at, b.from_at) < min(a.until_at, b.until_at)
    )


def without(one: Iterable[Span], other: Iterable[Span]) -> Spans:
    """The time of the first that lies in none of the second."""
    left = list(joined(one))
    for hole in other:
        left = [
            part
            for span in left
            for part in (
                Span(span.from_at, min(span.until_at, max(hole.from_at, span.from_at))),
                Span(max(span.from_at, min(hole.until_at, span.until_at)), span.until_at),
            )
            if part.from_at < part.until_at
        ]
    return joined(left)


# --- what stands -----------------------------------------------------------------------------------------------

AnyFact = TypeVar("AnyFact", bound=Fact)


def tips(facts: Iterable[AnyFact]) -> list[AnyFact]:
    """The facts that nothing stands in for, empty ones too; oldest first."""
    known = list(facts)
    replaced = {fact.replaces for fact in known}
    return sorted((fact for fact in known if fact.id not in replaced), key=lambda fact: (fact.recorded_at, fact.id))


def standing(facts: Iterable[AnyFact]) -> list[AnyFact]:
    """What holds now, by when it began."""
    return sorted((fact for fact in tips(facts) if not fact.is_empty), key=lambda fact: (fact.from_at, fact.id))


def history(facts: Sequence[AnyFact], fact: AnyFact) -> list[AnyFact]:
    """A fact and all that it stands in for, newest first."""
    known = {each.id: each for each in facts}
    found = [fact]
    while (before := found[-1].replaces) is not None and before in known:
        found.append(known[before])
    return found


def span_of(fact: Step, session: Span, now: datetime) -> Span | None:
    """The part of a fact that lies within the session and is past; None where there is none.

    What goes on ends with the session.
    """
    begins = max(fact.from_at, session.from_at)
    ends = min(fact.until_at or session.until_at, session.until_at, now)
    return Span(begins, ends) if begins < ends else None


def in_scope(facts: Iterable[Fact], scope: Scope) -> list[Fact]:
    return [fact for fact in facts if fact.scope == scope]


def covering(facts: Iterable[Fact], scope: Scope, at: datetime) -> Fact | None:
    """What holds about something at a moment."""
    return next(
        (
            fact
            for fact in standing(in_scope(facts, scope))
            if fact.from_at <= at and (fact.until_at is None or at < fact.until_at)
        ),
        None,
    )
