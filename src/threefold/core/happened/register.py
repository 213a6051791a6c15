"""What a tap or a word adds to the facts of a session as it goes on, and what puts one of them right afterwards."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from threefold.core.happened.facts import (
    Fact,
    Kind,
    Presence,
    Scope,
    Step,
    covering,
    in_scope,
    minute,
    standing,
    tips,
)
from threefold.core.refusal import Refusal
from threefold.core.said import clock

SLIP = timedelta(minutes=5)  # a second tap so soon takes the first one back
GRACE = timedelta(minutes=5)  # a register takes a while: who is noted so soon was there from the start
ROLL_CALL = timedelta(minutes=15)  # and so were all who are noted together

BACKWARDS = "Enter a time of leaving that is after the time of coming."
OUTSIDE = "Enter times between {} and {}, while the session was on."
OVERLAPS = "That overlaps with what is there already. Change that one instead."
CHANGED = "Somebody has corrected this meanwhile. Here it is as it stands now."


@dataclass(frozen=True, slots=True)
class Bounds:
    """When a session can be noted: from the time people may arrive to its end, on the wall clock of its zone."""

    opens_at: datetime
    ends_at: datetime
    zone: str

    @property
    def says(self) -> str:
        return OUTSIDE.format(clock(self.opens_at, self.zone), clock(self.ends_at, self.zone))

    def moment(self, wall: time) -> datetime:
        """A time of day as a moment of the session, which may run past midnight."""
        opens, ends = (at.astimezone(ZoneInfo(self.zone)) for at in (self.opens_at, self.ends_at))
        first = datetime.combine(opens.date(), wall.replace(tzinfo=None), opens.tzinfo)
        early = opens.date() != ends.date() and first < opens
        return (datetime.combine(ends.date(), wall.replace(tzinfo=None), ends.tzinfo) if early else first).astimezone(
            UTC
        )


# --- who is here -----------------------------------------------------------------------------------------------


def counts_from(starts_at: datetime, now: datetime, *, together: bool) -> datetime:
    """The minute from which somebody counts who is noted now, alone or together with all the others."""
    if starts_at < now < starts_at + (ROLL_CALL if together else GRACE):
        return starts_at
    return minute(now)


def tick(facts: Sequence[Fact], member: UUID, since: datetime, now: datetime) -> Step | None:
    """Somebody is here, and has been `since`; None where they are known to be here.

    So soon after they were ticked off that it was a slip, it is as it was before.
    """
    scope, at = Scope(Kind.HERE, member), minute(now)
    mine = in_scope(facts, scope)
    if covering(mine, scope, at):
        return None
    at = max([since, *(fact.until_at for fact in standing(mine) if fact.until_at and fact.until_at <= at)])
    last = tips(mine)[-1:]
    if last and last[0].replaces is not None and now - last[0].recorded_at < SLIP:
        before = next((fact for fact in mine if fact.id == last[0].replaces), None)
        if before is not None and before.until_at is None and not _overlaps(mine, last[0].id, before.from_at, None):
            return Step(scope, "", before.from_at, None, last[0].id)
    later = next((fact for fact in standing(mine) if fact.from_at > at), None)
    return Step(scope, "", at, later.until_at if later else None, later.id if later else None)


def untick(facts: Sequence[Fact], member: UUID, starts_at: datetime, now: datetime) -> Step | None:
    """Somebody is not here; None where that is known.

    Before the session, or so soon after the tick that it was a slip, they were not here at all; later they have left.
    Who was not ticked is noted as away.
    """
    scope, at = Scope(Kind.HERE, member), minute(now)
    mine = in_scope(facts, scope)
    here = covering(mine, scope, at)
    if here is None:
        last = tips(mine)[-1:]
        return None if last else Step(scope, "", at, at)
    slip = now < starts_at or (now - here.recorded_at < SLIP and here.replaces is None)
    return Step(scope, "", here.from_at, here.from_at if slip else at, here.id)


def came(facts: Sequence[Fact], member: UUID, at: datetime, bounds: Bounds) -> Step | Refusal:
    """Somebody came at that minute: the stretch they are in began then, or begins."""
    scope = Scope(Kind.HERE, member)
    found = standing(in_scope(facts, scope))
    last = found[-1] if found else None
    until = last.until_at if last else None
    return change(facts, last, Step(scope, "", minute(at), until), bounds)


def left(facts: Sequence[Fact], member: UUID, at: datetime, bounds: Bounds) -> Step | Refusal:
    """Somebody leaves, or left, at that minute."""
    scope = Scope(Kind.HERE, member)
    found = standing(in_scope(facts, scope))
    if not found:
        return Refusal.because("They haven’t been ticked as here. Enter when they came first.", "at")
    return change(facts, found[-1], Step(scope, "", found[-1].from_at, minute(at)), bounds)


# --- how and beside whom ---------------------------------------------------------------------------------------


def be(facts: Sequence[Fact], scope: Scope, value: str, now: datetime) -> tuple[Step, ...]:
    """From this minute on it is so: what held before ends, and what was noted for later begins then."""
    at = minute(now)
    mine = in_scope(facts, scope)
    held = covering(mine, scope, at)
    if held and held.value == value:
        return ()
    later = next((fact.from_at for fact in standing(mine) if fact.from_at > at), None)
    until = later if held is None or held.until_at is None else held.until_at
    if held and held.from_at == at:
        return (Step(scope, value, at, until, held.id),)
    ended = (Step(scope, held.value, held.from_at, at, held.id),) if held else ()
    return (*ended, Step(scope, value, at, until))


def be_with(
    facts: Sequence[Fact], tutor: UUID, triad: UUID | None, presence: Presence, now: datetime
) -> tuple[Step, ...]:
    """From this minute on a tutor is there in this way, with one group or with all (None).

    Who stays with one group, or turns to all of them, no longer stays with another.
    """
    at, scope = minute(now), Scope(Kind.TUTOR, tutor, triad)
    elsewhere = {
        fact.scope
        for fact in facts
        if fact.scope.kind is Kind.TUTOR and fact.scope.member == tutor and fact.scope.triad not in (None, triad)
    }
    held = [covering(facts, other, at) for other in sorted(elsewhere, key=lambda scope: str(scope.triad))]
    ended = tuple(
        Step(fact.scope, fact.value, fact.from_at, at, fact.id)
        for fact in held
        if fact and (triad is None or (presence, fact.value) == (Presence.CONTINUOUS, Presence.CONTINUOUS))
    )
    return (*ended, *be(facts, scope, presence, now))


# --- corrections -----------------------------------------------------------------------------------------------


def change(facts: Sequence[Fact], fact: Fact | None, step: Step, bounds: Bounds) -> Step | Refusal:
    """What a correction adds: `step` in place of `fact`, or beside the others where that is None.

    Refused where it ends before it begins, lies outside the session, overlaps with another fact about the same, or
    where `fact` has been corrected since.
    """
    if fact is not None and all(fact.id != tip.id for tip in tips(facts)):
        return Refusal.because(CHANGED)
    if step.until_at is not None and step.until_at < step.from_at:
        return Refusal.because(BACKWARDS, "until")
    if not step.is_empty:
        if not bounds.opens_at <= step.from_at < bounds.ends_at:
            return Refusal.because(bounds.says, "from")
        if step.until_at is not None and step.until_at > bounds.ends_at:
            return Refusal.because(bounds.says, "until")
        replaced = fact.id if fact else None
        if _overlaps(in_scope(facts, step.scope), replaced, step.from_at, step.until_at):
            return Refusal.because(OVERLAPS, "from")
    return Step(step.scope, step.value, step.from_at, step.until_at, fact.id if fact else None)


def _overlaps(facts: Iterable[Fact], but: UUID | None, from_at: datetime, until_at: datetime | None) -> bool:
    return any(
        (until_at is None or fact.from_at < until_at) and (fact.until_at is None or from_at < fact.until_at)
        for fact in standing(facts)
        if fact.id != but
    )
