"""Who sits together: the others in somebody's groups, and what everybody is in each round of one of them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Integer, String, Uuid, bindparam, cast, literal, null, select, union_all
from sqlalchemy.orm import Session

from threefold.core.guests import guest_seen
from threefold.core.names import first_name, initials
from threefold.core.roles import Role
from threefold.store.columns import UtcDateTime
from threefold.store.guests import COMES
from threefold.store.prepared import Prepared
from threefold.store.tables import metadata

_seat, _membership, _person, _withdrawal, _turn, _encounter, _guest = (
    metadata.tables[name] for name in ("seat", "membership", "person", "withdrawal", "turn", "encounter", "guest")
)


@dataclass(frozen=True)
class Partner:
    """Somebody in the same triad; nothing about them but their name and their seat."""

    name: str
    withdrawn: bool
    seat: UUID

    @property
    def first(self) -> str:
        return first_name(self.name)

    @property
    def initials(self) -> str:
        return initials(self.name)


@dataclass(frozen=True)
class Turn:
    """What somebody is in one round, by first name; `seat` is None for a guest."""

    round: int
    role: Role
    seat: UUID | None
    called: str


@dataclass(frozen=True)
class Company:
    """The people of some triads in their places, and the turns of the one that was looked into."""

    people: dict[UUID, list[Partner]]
    turns: tuple[Turn, ...]


_NO_TIME = cast(null(), UtcDateTime())
_COMPANY = Prepared(
    union_all(
        select(
            _seat.c.triad_id,
            _seat.c.id.label("seat"),
            _person.c.name,
            _withdrawal.c.at,
            _withdrawal.c.taken_back_at,
            cast(null(), Integer).label("round"),
            cast(null(), String).label("role"),
            _seat.c.position.label("position"),
        )
        .select_from(_seat)
        .join(_membership, _membership.c.id == _seat.c.membership_id)
        .join(_person, _person.c.id == _membership.c.person_id)
        .outerjoin(_withdrawal, _withdrawal.c.seat_id == _seat.c.id)
        .where(_seat.c.triad_id.in_(bindparam("triads", expanding=True)), _seat.c.given_up_at.is_(None)),
        select(
            *(_turn.c.triad_id, _turn.c.seat_id, _person.c.name, _NO_TIME, _NO_TIME),
            *(_turn.c.round, _turn.c.role, _seat.c.position),
        )
        .select_from(_turn)
        .join(_seat, _seat.c.id == _turn.c.seat_id)
        .join(_membership, _membership.c.id == _seat.c.membership_id)
        .join(_person, _person.c.id == _membership.c.person_id)
        .where(_turn.c.triad_id == bindparam("rounds_of")),
        select(
            *(_encounter.c.triad_id, cast(null(), Uuid()), _person.c.name, _NO_TIME, _NO_TIME),
            *(_encounter.c.round, literal(Role.CLIENT.value), literal(-1)),
        )
        .select_from(_encounter)
        .join(_guest, _guest.c.id == _encounter.c.guest_id)
        .join(_person, _person.c.id == _guest.c.person_id)
        .where(_encounter.c.triad_id == bindparam("rounds_of"), COMES),
    ).order_by("position", "seat", "round"),
    lambda *cells: cells,
)


def company(db: Session, triads: Sequence[UUID], rounds_of: UUID | None = None) -> Company:
    """Who sits in these triads, and the turns of one of them; one query."""
    people: dict[UUID, list[Partner]] = defaultdict(list)
    turns = []
    for triad, seat, name, at, taken_back_at, number, role, _ in (
        _COMPANY.all(db, triads=list(triads), rounds_of=rounds_of) if triads else ()
    ):
        if number is None:
            people[triad].append(Partner(name, _holds(at, taken_back_at), seat))
        else:
            turns.append(Turn(number, Role(role), seat, first_name(name) if seat else guest_seen(name)))
    return Company(people, tuple(sorted(turns, key=lambda turn: turn.round)))


def _holds(at: datetime | None, taken_back_at: datetime | None) -> bool:
    return at is not None and taken_back_at is None
