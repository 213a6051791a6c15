"""What really happened in a practice session: who was there from when until when, as what, how, and beside which tutor.

Facts are intervals. They are added and never changed: a fact that stands in for another names it, and the whole
history stays to be read. Times are whole minutes, counted from the minute that has begun, so that every total is the
sum of its parts. Two facts about the same thing (`Scope`) never overlap.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from functools import cached_property
from typing import TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from threefold.core.refusal import Refusal
from threefold.core.roles import Role
from threefold.core.said import clock

SLIP = timedelta(minutes=5)  # a second tap so soon takes the first one back
GRACE = timedelta(minutes=5)  # a register takes a while: who is noted so soon was there from the start
ROLL_CALL = timedelta(minutes=15)  # and so were all who are noted together

BACKWARDS = "Enter a time of leaving that is after the time of coming."
OUTSIDE = "Enter times between {} and {}, while the session was on."
OVERLAPS = "That overlaps with what is there already. Change that one instead."
CHANGED = "Somebody has corrected this meanwhile. Here it is as it stands now."


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


# --- what stands -----------------------------------------------------------------------------------------------

AnyFact = TypeVar("AnyFact", bound=Fact)
Thing = TypeVar("Thing")
Key = TypeVar("Key")


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


def _in_scope(facts: Iterable[Fact], scope: Scope) -> list[Fact]:
    return [fact for fact in facts if fact.scope == scope]


def covering(facts: Iterable[Fact], scope: Scope, at: datetime) -> Fact | None:
    """What holds about something at a moment."""
    return next(
        (
            fact
            for fact in standing(_in_scope(facts, scope))
            if fact.from_at <= at and (fact.until_at is None or at < fact.until_at)
        ),
        None,
    )


def _grouped(things: Iterable[Thing], by: Callable[[Thing], Key]) -> dict[Key, list[Thing]]:
    """The same things, in their order, under what they have in common."""
    found: dict[Key, list[Thing]] = {}
    for thing in things:
        found.setdefault(by(thing), []).append(thing)
    return found


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
    mine = _in_scope(facts, scope)
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
    mine = _in_scope(facts, scope)
    here = covering(mine, scope, at)
    if here is None:
        last = tips(mine)[-1:]
        return None if last else Step(scope, "", at, at)
    slip = now < starts_at or (now - here.recorded_at < SLIP and here.replaces is None)
    return Step(scope, "", here.from_at, here.from_at if slip else at, here.id)


def came(facts: Sequence[Fact], member: UUID, at: datetime, bounds: Bounds) -> Step | Refusal:
    """Somebody came at that minute: the stretch they are in began then, or begins."""
    scope = Scope(Kind.HERE, member)
    found = standing(_in_scope(facts, scope))
    last = found[-1] if found else None
    until = last.until_at if last else None
    return change(facts, last, Step(scope, "", minute(at), until), bounds)


def left(facts: Sequence[Fact], member: UUID, at: datetime, bounds: Bounds) -> Step | Refusal:
    """Somebody leaves, or left, at that minute."""
    scope = Scope(Kind.HERE, member)
    found = standing(_in_scope(facts, scope))
    if not found:
        return Refusal.because("They haven’t been ticked as here. Enter when they came first.", "at")
    return change(facts, found[-1], Step(scope, "", found[-1].from_at, minute(at)), bounds)


# --- how and beside whom ---------------------------------------------------------------------------------------


def be(facts: Sequence[Fact], scope: Scope, value: str, now: datetime) -> tuple[Step, ...]:
    """From this minute on it is so: what held before ends, and what was noted for later begins then."""
    at = minute(now)
    mine = _in_scope(facts, scope)
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
        if _overlaps(_in_scope(facts, step.scope), replaced, step.from_at, step.until_at):
            return Refusal.because(OVERLAPS, "from")
    return Step(step.scope, step.value, step.from_at, step.until_at, fact.id if fact else None)


def _overlaps(facts: Iterable[Fact], but: UUID | None, from_at: datetime, until_at: datetime | None) -> bool:
    return any(
        (until_at is None or fact.from_at < until_at) and (fact.until_at is None or from_at < fact.until_at)
        for fact in standing(facts)
        if fact.id != but
    )


# --- the account -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sat:
    """Somebody's place in a group, while they held it, and what they are in each of its rounds."""

    member: UUID
    triad: UUID
    span: Span
    turns: tuple[tuple[int, Role], ...]


@dataclass(frozen=True, slots=True)
class Held:
    """What somebody was in one round, and for how long."""

    triad: UUID
    round: int
    role: Role
    spans: Spans

    @property
    def minutes(self) -> int:
        return minutes(self.spans)


@dataclass(frozen=True, slots=True)
class Account:
    """One person's session. `late` and `early` are minutes missed at its beginning and end; both 0 for who stayed away.

    `guided` are minutes with a tutor there, continuous or going round; `room` and `online` add up to `minutes`.
    """

    member: UUID
    here: Spans
    late: int
    early: int
    held: tuple[Held, ...]
    room: int
    online: int
    guided: int

    @property
    def minutes(self) -> int:
        return minutes(self.here)

    def in_role(self, role: Role) -> int:
        return sum(each.minutes for each in self.held if each.role == role)


Ran = Mapping[tuple[UUID, int], Span]
"""When the practice of each round of each group ran, by triad and round; what has not run is not there."""


@dataclass(frozen=True)
class Session:
    """A session as it was held: its time, its groups' rounds as they ran, who sat where, and every fact about it.

    Where no tutor ticked anybody and no PIN or code was shown, no register was taken: whoever was `expected` counts as
    having been there, unless they are noted otherwise. `usual` is how people take part where nothing else is noted.
    `visited` are rounds, by triad and number, that a guest is the client of.
    """

    span: Span
    ran: Ran
    sat: Sequence[Sat]
    expected: frozenset[UUID]
    facts: Sequence[Fact]
    usual: Mode = Mode.ROOM
    visited: frozenset[tuple[UUID, int]] = frozenset()

    @cached_property
    def register_taken(self) -> bool:
        return any(fact.scope.kind is Kind.HERE and fact.how is not How.TAP for fact in self.facts)

    def here(self, member: UUID, now: datetime) -> Spans:
        """When somebody was there."""
        if (member, now) not in self._known:
            self._known[member, now] = self._here(member, now)
        return self._known[member, now]

    def _here(self, member: UUID, now: datetime) -> Spans:
        scope = Scope(Kind.HERE, member)
        if self.register_taken or scope in self._by_scope:
            return self._spans(scope, now)
        whole = span_of(Step(scope, "", self.span.from_at, None), self.span, now)
        return (whole,) if whole and member in self.expected else ()

    @cached_property
    def _known(self) -> dict[object, Spans]:
        """What was worked out before: the same is asked for everybody in a round."""
        return {}

    @cached_property
    def _by_scope(self) -> Mapping[Scope, Sequence[Fact]]:
        return _grouped(self.facts, lambda fact: fact.scope)

    @cached_property
    def _places(self) -> Mapping[UUID, Sequence[Sat]]:
        """Where each person sat."""
        return _grouped(self.sat, lambda sat: sat.member)

    @cached_property
    def _groups(self) -> Mapping[UUID, Sequence[Sat]]:
        """Who sat in each triad."""
        return _grouped(self.sat, lambda sat: sat.triad)

    @cached_property
    def _roles(self) -> Sequence[Fact]:
        """What was noted of somebody's role, and nothing stands in for."""
        return [fact for fact in tips(self.facts) if fact.scope.kind is Kind.ROLE]

    def account(self, member: UUID, now: datetime) -> Account:
        """All that is known of one person's session until now."""
        here = self.here(member, now)
        online = meet(here, self._online(member, now))
        seen_until = min(now, self.span.until_at)
        return Account(
            member=member,
            here=here,
            late=minutes([Span(self.span.from_at, here[0].from_at)]) if here else 0,
            early=minutes([Span(here[-1].until_at, seen_until)]) if here else 0,
            held=tuple(self._held(member, here, now)),
            room=minutes(here) - minutes(online),
            online=minutes(online),
            guided=minutes(meet(here, self._guided(member, now))),
        )

    def accounts(self, now: datetime) -> dict[UUID, Account]:
        """Everybody's who sat there or was noted as there."""
        ticked = {fact.scope.member for fact in self.facts if fact.scope.kind is Kind.HERE}
        members = dict.fromkeys([*(sat.member for sat in self.sat), *sorted(one for one in ticked if one)])
        return {member: self.account(member, now) for member in members}

    def _spans(self, scope: Scope, now: datetime, values: frozenset[str] | None = None) -> Spans:
        found = (
            span_of(fact, self.span, now)
            for fact in standing(self._by_scope.get(scope, ()))
            if values is None or fact.value in values
        )
        return joined(span for span in found if span)

    def _held(self, member: UUID, here: Spans, now: datetime) -> Iterable[Held]:
        """A role that was noted for a round counts as noted; else it follows from place, round and attendance."""
        noted: dict[tuple[UUID, int], list[Fact]] = {}
        mine = [fact for fact in self._roles if fact.scope.member == member]
        for fact in standing(mine):
            if fact.scope.triad and fact.scope.round:
                noted.setdefault((fact.scope.triad, fact.scope.round), []).append(fact)
        struck = {(fact.scope.triad, fact.scope.round) for fact in mine}
        for (triad, number), facts in sorted(noted.items(), key=lambda one: one[0][1]):
            for fact in facts:
                span = span_of(fact, self.span, now)
                if span and (spans := meet([span], here)):
                    yield Held(triad, number, Role(fact.value), spans)
        for sat in self._places.get(member, ()):
            for number, role in sat.turns:
                if (sat.triad, number) in struck:
                    continue
                if spans := meet(meet(self._went_on(sat.triad, number, now), here), [sat.span]):
                    yield Held(sat.triad, number, role, spans)

    def _went_on(self, triad: UUID, number: int, now: datetime) -> Spans:
        """When a round was held so far: without its counsellor or its client it was not. A guest is a client too."""
        if (triad, number, now) not in self._known:
            self._known[triad, number, now] = self._held_for(triad, number, now)
        return self._known[triad, number, now]

    def _held_for(self, triad: UUID, number: int, now: datetime) -> Spans:
        ran = self.ran.get((triad, number))
        past = span_of(Step(Scope(Kind.ROLE), "", ran.from_at, ran.until_at), self.span, now) if ran else None
        found: Spans = (past,) if past else ()
        for role in (Role.COUNSELLOR,) if (triad, number) in self.visited else (Role.COUNSELLOR, Role.CLIENT):
            theirs: list[Span] = []
            for sat in self._groups.get(triad, ()):
                if (number, role) in sat.turns:
                    theirs += meet([sat.span], self.here(sat.member, now))
            for fact in standing(self._roles):
                if (fact.scope.triad, fact.scope.round, fact.value) == (triad, number, role):
                    theirs += [span for span in [span_of(fact, self.span, now)] if span]
            found = meet(found, theirs)
        return found

    def _online(self, member: UUID, now: datetime) -> Spans:
        own, all_ = Scope(Kind.MODE, member), Scope(Kind.MODE)
        said = {mode: self._spans(all_, now, frozenset({mode})) for mode in Mode}
        usual = without([self.span], said[Mode.ROOM]) if self.usual is Mode.ONLINE else said[Mode.ONLINE]
        return joined([*without(usual, self._spans(own, now)), *self._spans(own, now, frozenset({Mode.ONLINE}))])

    def _guided(self, member: UUID, now: datetime) -> Spans:
        """When a tutor was with the group that somebody sat in; who is with one group all the time is with no other."""
        tutors = {fact.scope.member for fact in self.facts if fact.scope.kind is Kind.TUTOR}
        triads = {fact.scope.triad for fact in self.facts if fact.scope.kind is Kind.TUTOR} - {None}
        places: list[tuple[UUID | None, Spans]] = [(sat.triad, (sat.span,)) for sat in self._places.get(member, ())]
        places.append((None, without([self.span], [span for _, spans in places for span in spans])))
        found: list[Span] = []
        for tutor in tutors:
            with_all = self._spans(Scope(Kind.TUTOR, tutor), now, GUIDES)
            stays = {
                triad: self._spans(Scope(Kind.TUTOR, tutor, triad), now, frozenset({Presence.CONTINUOUS}))
                for triad in triads
            }
            for triad, spans in places:
                own = Scope(Kind.TUTOR, tutor, triad)
                elsewhere = [span for other, some in stays.items() if other != triad for span in some]
                general = without(with_all, elsewhere)
                if triad is not None:
                    general = (*without(general, self._spans(own, now)), *self._spans(own, now, GUIDES))
                found += meet(spans, general)
        return joined(found)
