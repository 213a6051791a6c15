"""What follows from the facts of a session: who was there when, as what, how, and beside which tutor."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from uuid import UUID

from threefold.core.happened.facts import (
    GUIDES,
    Fact,
    How,
    Kind,
    Mode,
    Presence,
    Scope,
    Span,
    Spans,
    Step,
    in_scope,
    joined,
    meet,
    minutes,
    span_of,
    standing,
    tips,
    without,
)
from threefold.core.roles import Role


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

    @property
    def register_taken(self) -> bool:
        return any(fact.scope.kind is Kind.HERE and fact.how is not How.TAP for fact in self.facts)

    def here(self, member: UUID, now: datetime) -> Spans:
        """When somebody was there."""
        if (member, now) not in self._known:
            self._known[member, now] = self._here(member, now)
        return self._known[member, now]

    def _here(self, member: UUID, now: datetime) -> Spans:
        scope = Scope(Kind.HERE, member)
        if self.register_taken or any(fact.scope == scope for fact in self.facts):
            return self._spans(scope, now)
        whole = span_of(Step(scope, "", self.span.from_at, None), self.span, now)
        if whole is None or member not in self.expected:
            return ()
        places = [sat.span for sat in self.sat if sat.member == member]
        return meet([whole], places) if places else (whole,)

    @cached_property
    def _known(self) -> dict[object, Spans]:
        """What was worked out before: the same is asked for everybody in a round."""
        return {}

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

    def has_run(self, triad: UUID, number: int, now: datetime) -> bool:
        """Whether the practice of a round is over, so that it can be said who was there."""
        ran = self.ran.get((triad, number))
        return ran is not None and ran.until_at <= now

    def was_held(self, triad: UUID, number: int, now: datetime) -> bool:
        """Whether a round had its counsellor and its client, a guest or whoever was noted as either, at one time."""
        return bool(self._went_on(triad, number, now))

    def missed(self, member: UUID, triad: UUID, number: int, now: datetime) -> bool:
        """Whether somebody was there for nothing of a round while they had a place in it."""
        places = [sat.span for sat in self.sat if sat.member == member and sat.triad == triad]
        return not meet(meet(self.here(member, now), places), [self.ran[triad, number]])

    def _spans(self, scope: Scope, now: datetime, values: frozenset[str] | None = None) -> Spans:
        found = (
            span_of(fact, self.span, now)
            for fact in standing(in_scope(self.facts, scope))
            if values is None or fact.value in values
        )
        return joined(span for span in found if span)

    def _held(self, member: UUID, here: Spans, now: datetime) -> Iterable[Held]:
        """A role that was noted for a round counts as noted; else it follows from place, round and attendance."""
        noted: dict[tuple[UUID, int], list[Fact]] = {}
        for fact in standing(tip for tip in tips(self.facts) if tip.scope.kind is Kind.ROLE):
            if fact.scope.member == member and fact.scope.triad and fact.scope.round:
                noted.setdefault((fact.scope.triad, fact.scope.round), []).append(fact)
        struck = {
            (fact.scope.triad, fact.scope.round)
            for fact in tips(self.facts)
            if fact.scope.kind is Kind.ROLE and fact.scope.member == member
        }
        for (triad, number), facts in sorted(noted.items(), key=lambda one: one[0][1]):
            for fact in facts:
                span = span_of(fact, self.span, now)
                if span and (spans := meet([span], here)):
                    yield Held(triad, number, Role(fact.value), spans)
        for sat in self.sat:
            for number, role in sat.turns:
                if sat.member != member or (sat.triad, number) in struck:
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
            for sat in self.sat:
                if sat.triad == triad and (number, role) in sat.turns:
                    theirs += meet([sat.span], self.here(sat.member, now))
            for fact in standing(self.facts):
                if fact.scope.kind is Kind.ROLE and (fact.scope.triad, fact.scope.round, fact.value) == (
                    triad, number, role,
                ):  # fmt: skip
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
        places: list[tuple[UUID | None, Spans]] = [(sat.triad, (sat.span,)) for sat in self.sat if sat.member == member]
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
