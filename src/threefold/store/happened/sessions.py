"""Sessions as they were held: who sat where, and what happened. Two questions however many sessions there are."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, select, union_all
from sqlalchemy.orm import Session as Unit

from threefold.core.happened import Mode, Sat, Session, Span, minute
from threefold.core.roles import Role
from threefold.core.slots import SessionShape
from threefold.store.happened.noted import NOTED, PRESSES, Noted
from threefold.store.happened.ran import GroupOf, rounds_as_they_ran
from threefold.store.rows import CohortRow, PracticeRow, columns, split
from threefold.store.tables import metadata

_practice, _happening, _press, _seat, _triad, _turn, _withdrawal, _encounter = (
    metadata.tables[name]
    for name in (
        "practice_session", "happening", "clock_press", "seat", "triad", "turn", "withdrawal", "encounter",
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class SeatHeld:
    """A seat of a session, given up ones too, with its turns."""

    seat: UUID
    practice: UUID
    triad: UUID
    member: UUID
    position: int
    taken_at: datetime
    given_up_at: datetime | None
    withdrawn_at: datetime | None  # when they said that they can't make it, if that still holds
    turns: tuple[tuple[int, Role], ...]
    visited: frozenset[int]  # the rounds among these that a guest is the client of


@dataclass(frozen=True)
class HeldSession:
    """One session: its row, its seats (those given up before it began left out), and what happened."""

    practice: PracticeRow
    shape: SessionShape
    seats: tuple[SeatHeld, ...]
    happened: Session

    @property
    def sitting(self) -> dict[UUID, list[SeatHeld]]:
        """Who sits where now, by triad, in their order."""
        found: dict[UUID, list[SeatHeld]] = defaultdict(list)
        for seat in sorted(self.seats, key=lambda seat: seat.position):
            if seat.given_up_at is None:
                found[seat.triad].append(seat)
        return dict(found)


def begun_sessions(
    db: Unit,
    cohort: CohortRow,
    now: datetime,
    leave_out: Collection[UUID] = (),
    members: Collection[UUID] | None = None,
) -> list[HeldSession]:
    """Every session of a cohort that has begun and was not called off, in order; two questions.

    Of its groups only those in which any of these `members` ever had a seat, where they are given.
    """
    begun = (
        _practice.c.cohort_id == cohort.id,
        _practice.c.starts_at <= now,
        _practice.c.cancelled_at.is_(None),
        _practice.c.id.not_in(leave_out),
    )
    into, width = split(PracticeRow), len(columns(PracticeRow))
    practices: dict[UUID, PracticeRow] = {}
    noted: dict[UUID, Noted] = defaultdict(Noted)
    for cells in db.execute(
        union_all(
            select(*columns(PracticeRow), *NOTED)
            .select_from(_practice)
            .outerjoin(_happening, _happening.c.practice_id == _practice.c.id)
            .where(*begun),
            select(*columns(PracticeRow), *PRESSES)
            .select_from(_practice)
            .join(_press, _press.c.practice_id == _practice.c.id)
            .where(*begun),
        ).order_by("starts_at", "recorded_at")
    ):
        (practice,) = into(*cells[:width])
        practices[practice.id] = practice
        if cells[width] is not None:
            noted[practice.id].add(cells[width:])
    return list(_held(db, cohort, list(practices.values()), noted, members).values())


def _held(
    db: Unit,
    cohort: CohortRow,
    practices: Sequence[PracticeRow],
    noted: Mapping[UUID, Noted],
    members: Collection[UUID] | None = None,
) -> dict[UUID, HeldSession]:
    by_practice: dict[UUID, list[SeatHeld]] = defaultdict(list)
    for seat in seats_in(db, [practice.id for practice in practices], members):
        by_practice[seat.practice].append(seat)
    return {
        practice.id: held_session(cohort, practice, by_practice[practice.id], noted.get(practice.id))
        for practice in practices
    }


def held_session(
    cohort: CohortRow, practice: PracticeRow, seats: Iterable[SeatHeld], noted: Noted | None = None
) -> HeldSession:
    """A session from what was read of it."""
    noted = noted or Noted()
    span = Span(practice.starts_at, practice.ends_at)
    shape = practice.shape_in(cohort)
    held = tuple(seat for seat in seats if seat.given_up_at is None or seat.given_up_at > practice.starts_at)
    return HeldSession(
        practice,
        shape,
        held,
        Session(
            span=span,
            ran=rounds_as_they_ran(practice, shape, _groups(held), noted.presses),
            sat=tuple(
                Sat(seat.member, seat.triad, Span(begins, until), seat.turns)
                for seat in held
                for begins, until in [_while_held(seat, span)]
                if begins < until
            ),
            expected=frozenset(seat.member for seat in held if seat.withdrawn_at is None),
            facts=noted.facts,
            usual=Mode.ONLINE if practice.link and not practice.place else Mode.ROOM,
            visited=frozenset((seat.triad, number) for seat in held for number in seat.visited),
        ),
    )


def _while_held(seat: SeatHeld, span: Span) -> tuple[datetime, datetime]:
    """When somebody held a seat in its session, in whole minutes as everything there."""
    until = span.until_at if seat.given_up_at is None else min(minute(seat.given_up_at), span.until_at)
    return max(minute(seat.taken_at), span.from_at), until


def _groups(seats: Iterable[SeatHeld]) -> dict[UUID, GroupOf]:
    rounds: dict[UUID, int] = {}
    people: Counter[UUID] = Counter()
    for seat in seats:
        rounds[seat.triad] = max([rounds.get(seat.triad, 0), *(number for number, _ in seat.turns)])
        people[seat.triad] += 1
    return {triad: GroupOf(rounds[triad], people[triad]) for triad in rounds}


def seats_in(db: Unit, practices: Sequence[UUID], members: Collection[UUID] | None = None) -> list[SeatHeld]:
    """Every seat of these sessions, given up or not, in the order of triads and places; one question.

    Where `members` are given, those of the triads in which any of them has, or had, a seat.
    """
    where = [_triad.c.practice_id.in_(practices)]
    if members is not None:
        theirs = _seat.alias()
        where.append(_triad.c.id.in_(select(theirs.c.triad_id).where(theirs.c.membership_id.in_(members))))
    rows: dict[UUID, list[Any]] = {}
    visited: dict[UUID, set[int]] = defaultdict(set)
    turns: dict[UUID, list[tuple[int, Role]]] = defaultdict(list)
    for *cells, number, role, guest in db.execute(
        select(
            _seat.c.id,
            _seat.c.practice_id,
            _seat.c.triad_id,
            _seat.c.membership_id,
            _seat.c.position,
            _seat.c.taken_at,
            _seat.c.given_up_at,
            _withdrawal.c.at,
            _turn.c.round,
            _turn.c.role,
            _encounter.c.id,
        )
        .select_from(_triad)
        .join(_seat, _seat.c.triad_id == _triad.c.id)
        .outerjoin(_withdrawal, (_withdrawal.c.seat_id == _seat.c.id) & _withdrawal.c.taken_back_at.is_(None))
        .outerjoin(_turn, (_turn.c.triad_id == _seat.c.triad_id) & (_turn.c.seat_id == _seat.c.id))
        .outerjoin(
            _encounter,
            and_(
                _encounter.c.triad_id == _turn.c.triad_id,
                _encounter.c.round == _turn.c.round,
                _encounter.c.answer == "accepted",
                _encounter.c.called_off_at.is_(None),
            ),
        )
        .where(*where)
        .order_by(_triad.c.number, _seat.c.position, _seat.c.id, _turn.c.round)
    ):
        rows[cells[0]] = list(cells)
        if number is not None:
            turns[cells[0]].append((number, Role(role)))
        if guest is not None:
            visited[cells[0]].add(number)
    return [SeatHeld(*(*cells, tuple(turns[id_]), frozenset(visited[id_]))) for id_, cells in rows.items()]
