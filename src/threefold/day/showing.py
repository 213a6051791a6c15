"""A session on its day, as board, wall, cards and record show it: all of it follows from what is loaded once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from uuid import UUID

from threefold.core import board
from threefold.core import happened as rules
from threefold.core.happened import Account, Fact, Kind, Mode, Presence, Scope
from threefold.core.roles import Role
from threefold.core.triad import group_name, mark_of
from threefold.day.calls import Call
from threefold.store.happened import HeldSession, SeatHeld
from threefold.store.within import AtPractice


@dataclass(frozen=True)
class Someone:
    """Somebody of the cohort. `name` in full, `first` as they are called among the others."""

    member: UUID
    person_id: UUID
    name: str
    first: str
    is_tutor: bool
    left: bool
    rests: bool  # would rather not be client today; for tutors


@dataclass(frozen=True)
class Tile:
    """One person in the register."""

    who: Someone
    is_here: bool
    since: datetime | None  # when the stretch they are in began
    late: int
    goes_at: datetime | None  # when they leave, where that is known beforehand
    left_at: datetime | None
    marked_at: datetime | None  # when they were noted as away
    wrote_at: datetime | None  # when they said that they can't make it
    seated: bool

    @property
    def is_away(self) -> bool:
        """Known to be away, rather than not here yet."""
        return not self.is_here and any((self.left_at, self.marked_at, self.wrote_at))


@dataclass(frozen=True)
class Line:
    """Somebody in a group: what they are in each of its rounds, None where they sit one out."""

    who: Someone
    is_here: bool
    roles: tuple[Role | None, ...]


@dataclass(frozen=True)
class Room:
    """A group as the board, the wall and the cards show it."""

    triad: UUID
    number: int
    room: str
    tutor: str
    lines: tuple[Line, ...]
    now: int | None  # the round that runs, or comes next

    @property
    def called(self) -> str:
        return group_name(self.room, self.number)

    @property
    def rounds(self) -> int:
        return max((len(line.roles) for line in self.lines), default=0)


@dataclass(frozen=True)
class Day:
    """A session on its day, as loaded once; everything shown follows from it."""

    at: AtPractice
    people: tuple[Someone, ...]
    held: HeldSession
    triads: Mapping[UUID, tuple[int, str, UUID | None]]
    pin_since: datetime | None
    versions: tuple[tuple[UUID, datetime, str, bool, frozenset[UUID]], ...]
    now: datetime
    calls: tuple[Call, ...] = ()

    @property
    def facts(self) -> Sequence[Fact]:
        return self.held.happened.facts

    @cached_property
    def by_member(self) -> Mapping[UUID, Someone]:
        return {one.member: one for one in self.people}

    @property
    def has_begun(self) -> bool:
        return self.now >= self.at.practice.starts_at

    @property
    def is_over(self) -> bool:
        return self.now >= self.at.practice.ends_at

    @property
    def is_open(self) -> bool:
        """Whether the register can be taken now."""
        return self.at.practice.cancelled_at is None and board.opens_at(self.at.practice.starts_at) <= self.now < (
            self.at.practice.ends_at
        )

    @cached_property
    def tiles(self) -> list[Tile]:
        """Everybody who is expected, and whoever came beside them; by name."""
        seats = {seat.member: seat for seat in self.held.seats if seat.given_up_at is None}
        given_up = {seat.member for seat in self.held.seats if seat.given_up_at is not None}
        ticked = {fact.scope.member for fact in self.facts if fact.scope.kind is Kind.HERE}
        everybody = self.at.practice.window_id is None
        found = []
        for one in self.people:
            mine = one.member in seats or one.member in given_up or one.member in ticked
            if one.is_tutor or (one.left and not mine) or not (mine or everybody):
                continue
            found.append(self._tile(one, seats.get(one.member)))
        return found

    def _tile(self, one: Someone, seat: SeatHeld | None) -> Tile:
        scope = Scope(Kind.HERE, one.member)
        mine = [fact for fact in self.facts if fact.scope == scope]
        here = rules.covering(mine, scope, rules.minute(min(self.now, self.at.practice.ends_at)))
        tips = rules.tips(mine)
        last = tips[-1] if tips else None
        spans = self.held.happened.here(one.member, self.now) if mine else ()
        return Tile(
            who=one,
            is_here=here is not None,
            since=here.from_at if here else None,
            late=rules.minutes([rules.Span(self.at.practice.starts_at, spans[0].from_at)])
            if spans and spans[0].from_at > self.at.practice.starts_at
            else 0,
            goes_at=here.until_at if here else None,
            left_at=last.until_at if last and not here and not last.is_empty else None,
            marked_at=last.recorded_at if last and not here and last.is_empty else None,
            wrote_at=seat.withdrawn_at if seat else None,
            seated=seat is not None,
        )

    @property
    def here(self) -> list[Tile]:
        return [tile for tile in self.tiles if tile.is_here]

    @property
    def not_here(self) -> list[Tile]:
        """Who is away: everybody who is not here, once it has begun; before, those who said so."""
        return [tile for tile in self.tiles if not tile.is_here and (self.has_begun or tile.is_away)]

    @property
    def to_come(self) -> list[Tile]:
        return [] if self.has_begun else [tile for tile in self.tiles if not tile.is_here and not tile.is_away]

    @cached_property
    def rooms(self) -> list[Room]:
        """The groups that somebody sits in, in their order."""
        is_here = {tile.who.member: tile.is_here for tile in self.tiles}
        found = []
        for triad, seats in self.held.sitting.items():
            number, room, tutor = self.triads[triad]
            rounds = max((n for seat in seats for n, _ in seat.turns), default=0)
            lines = tuple(
                Line(
                    self.by_member[seat.member],
                    is_here.get(seat.member, False),
                    tuple(dict(seat.turns).get(n) for n in range(1, rounds + 1)),
                )
                for seat in seats
            )
            observer = self.by_member[tutor].first if tutor and tutor in self.by_member else ""
            found.append(Room(triad, number, room, observer, lines, self._round_now(triad, rounds)))
        return sorted(found, key=lambda room: room.number)

    def _round_now(self, triad: UUID, rounds: int) -> int | None:
        """The round that has begun last, its feedback included; the first one before."""
        ran = self.held.happened.ran
        begun = [n for n in range(1, rounds + 1) if (triad, n) in ran and ran[triad, n].from_at <= self.now]
        return max(begun, default=1) if rounds and not self.is_over else None

    @property
    def round_now(self) -> int | None:
        """The round that most groups are in; None before the first and after the session."""
        ran = self.held.happened.ran
        begun = [n for (_, n), span in ran.items() if span.from_at <= self.now]
        return max(begun, default=None) if not self.is_over else None

    @property
    def noted_at(self) -> datetime | None:
        """When the register was last written in."""
        return max((fact.recorded_at for fact in self.facts if fact.scope.kind is Kind.HERE), default=None)

    @property
    def asks(self) -> str:
        """A word for who is here, where the groups do not fit them; "" where they do, or too few are known yet."""
        seated = {seat.member for seats in self.held.sitting.values() for seat in seats}
        present = {tile.who.member for tile in (self.here if self.has_begun else [*self.here, *self.to_come])}
        expected = [tile for tile in self.tiles if tile.seated and tile.wrote_at is None]
        if not self.is_open or not seated or seated == present or 3 * len(present) < 2 * len(expected):
            return ""
        return mark_of([(self.at.practice.id, sorted(present)), (self.at.cohort.id, sorted(seated))])

    @property
    def mode(self) -> Mode:
        found = rules.covering(self.facts, Scope(Kind.MODE), rules.minute(max(self.now, self.at.practice.starts_at)))
        return Mode(found.value) if found else self.held.happened.usual

    def presence(self, triad: UUID | None = None) -> Presence | None:
        """How the tutor who looks has said that they are there."""
        at = rules.minute(max(self.now, self.at.practice.starts_at))
        found = rules.covering(self.facts, Scope(Kind.TUTOR, self.at.membership.id, triad), at)
        return Presence(found.value) if found else None

    @cached_property
    def accounts(self) -> Mapping[UUID, Account]:
        return self.held.happened.accounts(self.now)
