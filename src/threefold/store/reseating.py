"""One session's people put into these groups: whoever stays keeps their seat, and what is as it was is not touched."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from threefold.core.grouping import Group
from threefold.core.identity import NewId
from threefold.core.publication import rota
from threefold.core.roles import Role
from threefold.core.slots import SessionShape
from threefold.store.guests import guests_stay
from threefold.store.seats import BETWEEN, new_seat
from threefold.store.tables import Seat, Triad, Turn

Rota = tuple[Mapping[UUID, Role], ...]


@dataclass(frozen=True)
class Sitting:
    """A group as it is to be: its members (memberships) in the order of their places, and their roles round by round.

    `triad_id` says which of the session's triads it goes on from; None leaves that to who sits in it now. `room`:
    None keeps the room of that triad.
    """

    members: tuple[UUID, ...]
    rota: Rota
    room: str | None = None
    tutor_id: UUID | None = None
    triad_id: UUID | None = None

    @classmethod
    def of(
        cls, group: Group, shape: SessionShape, *, tutor_id: UUID | None = None, room: str | None = None
    ) -> "Sitting":
        """A group of a plan, with the rounds a session of this shape has for it."""
        said = tuple({UUID(who): role for who, role in roles.items()} for roles in rota(group, shape))
        return cls(tuple(map(UUID, group.members)), said, room, tutor_id)


@dataclass(frozen=True)
class _Now:
    """A triad as it is."""

    triad: Triad
    seats: tuple[Seat, ...]
    turns: frozenset[tuple[int, UUID, str]]

    @property
    def members(self) -> tuple[UUID, ...]:
        return tuple(seat.membership_id for seat in self.seats)


def reseat(
    db: Session,
    practice_id: UUID,
    sittings: Sequence[Sitting],
    *,
    domain: str,
    now: datetime,
    new_id: NewId,
) -> None:
    """Make these the groups of a session. Who is in none of them gives their seat up; who is new gets one.

    A person's seat, and with it their invitation, goes along wherever they move within the session. A triad that
    nobody is left in stays as an empty row, since what was written about it may still name it. Guests stay the clients
    of their rounds. Raises ValueError for somebody in two groups: that is a mistake of the caller.
    """
    placed = [member for sitting in sittings for member in sitting.members]
    if len(placed) != len(set(placed)):
        raise ValueError("somebody is in two groups")
    present = _present(db, practice_id)
    chosen = _go_on_from(sittings, present)
    here = {seat.membership_id: seat for group in present for seat in group.seats}
    for member in here.keys() - set(placed):
        here.pop(member).given_up_at = now
    db.flush()
    todo = [(one, was) for one, was in zip(sittings, chosen, strict=True) if was is None or not _is_so(one, was)]
    emptied = [each for each in present if each not in chosen and each.seats]
    for triad_id in [was.triad.id for _, was in todo if was] + [each.triad.id for each in emptied]:
        db.execute(delete(Turn).where(Turn.triad_id == triad_id))
        held = (Seat.triad_id == triad_id, Seat.given_up_at.is_(None))
        db.execute(update(Seat).where(*held).values(position=Seat.position + BETWEEN))
    for seat in here.values():
        db.refresh(seat)
    last = max((each.triad.number for each in present), default=0)
    for sitting, was in todo:
        if was is None:
            last += 1
        triad = was.triad if was else Triad(id=new_id(), practice_id=practice_id, number=last, room="")
        triad.tutor_id = sitting.tutor_id
        triad.room = triad.room if sitting.room is None else sitting.room
        db.add(triad)
        db.flush()
        seats = {}
        for position, member in enumerate(sitting.members):
            seat = here.get(member) or new_seat(
                practice_id, triad.id, member, position, domain=domain, now=now, new_id=new_id
            )
            seat.triad_id, seat.position = triad.id, position
            db.add(seat)
            db.flush()
            seats[member] = seat.id
        db.add_all(
            Turn(triad_id=triad.id, round=number, seat_id=seats[member], role=role.value)
            for number, roles in enumerate(sitting.rota, start=1)
            for member, role in roles.items()
        )
    guests_stay(db, practice_id, now)
    db.flush()


def _present(db: Session, practice_id: UUID) -> list[_Now]:
    """The session's triads in their order, each with the seats that are held, in theirs."""
    seats: dict[UUID, list[Seat]] = {}
    for seat in db.scalars(
        select(Seat)
        .where(Seat.practice_id == practice_id, Seat.given_up_at.is_(None))
        .order_by(Seat.position, Seat.taken_at)
    ):
        seats.setdefault(seat.triad_id, []).append(seat)
    triads = db.scalars(select(Triad).where(Triad.practice_id == practice_id).order_by(Triad.number)).all()
    turns: dict[UUID, set[tuple[int, UUID, str]]] = {}
    for turn in db.scalars(select(Turn).where(Turn.triad_id.in_([triad.id for triad in triads]))):
        turns.setdefault(turn.triad_id, set()).add((turn.round, turn.seat_id, turn.role))
    return [_Now(each, tuple(seats.get(each.id, ())), frozenset(turns.get(each.id, ()))) for each in triads]


def _go_on_from(sittings: Sequence[Sitting], present: Sequence[_Now]) -> list[_Now | None]:
    """Which triad each group goes on from: the one it names, else the one most of its people sit in, none twice.

    The largest agreements are settled first, so that as few people as can be change rooms.
    """
    by_id = {each.triad.id: each for each in present}
    found: dict[int, _Now] = {place: by_id[one.triad_id] for place, one in enumerate(sittings) if one.triad_id in by_id}
    free = [each for each in present if each not in found.values()]
    shared = sorted(
        (
            (-len(set(one.members) & set(each.members)), place, number)
            for place, one in enumerate(sittings)
            if place not in found
            for number, each in enumerate(free)
            if set(one.members) & set(each.members)
        ),
    )
    used: set[int] = set()
    for _, place, number in shared:
        if place not in found and number not in used:
            found[place] = free[number]
            used.add(number)
    return [found.get(place) for place in range(len(sittings))]


def _is_so(sitting: Sitting, was: _Now) -> bool:
    """Whether a triad is just what it is to be."""
    seat_of = {seat.membership_id: seat.id for seat in was.seats}
    if sitting.members != was.members:
        return False
    wanted = {
        (number, seat_of[member], role.value)
        for number, roles in enumerate(sitting.rota, start=1)
        for member, role in roles.items()
    }
    room = was.triad.room if sitting.room is None else sitting.room
    return (wanted, room, sitting.tutor_id) == (set(was.turns), was.triad.room, was.triad.tutor_id)


def sittings_of(db: Session, practice_id: UUID) -> list[Sitting]:
    """The session's groups as they are, to be changed and put back; empty triads left out."""
    found = []
    for each in _present(db, practice_id):
        if not each.seats:
            continue
        who = {seat.id: seat.membership_id for seat in each.seats}
        rounds = max((number for number, _, _ in each.turns), default=0)
        found.append(
            Sitting(
                each.members,
                tuple(_round(number, each.turns, who) for number in range(1, rounds + 1)),
                each.triad.room,
                each.triad.tutor_id,
                each.triad.id,
            )
        )
    return found


def _round(number: int, turns: Iterable[tuple[int, UUID, str]], who: Mapping[UUID, UUID]) -> Mapping[UUID, Role]:
    return {who[seat]: Role(role) for at, seat, role in turns if at == number and seat in who}
