"""The rounds somebody counsels in their cohorts, past and planned, and what is known of those who write about them.

Everything is reached from a person's own memberships by indexes: membership → seat → turn → triad → piece → rating.
What it costs grows with that person's rounds and not with the database.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, bindparam, or_, select
from sqlalchemy.orm import Session

from threefold.core.competency import Framework
from threefold.core.names import first_name
from threefold.store.frameworks import available, framework_for
from threefold.store.prepared import Prepared
from threefold.store.rounds import Held, held_rounds
from threefold.store.rows import CohortRow, MembershipRow, PracticeRow, TriadRow, columns, split
from threefold.store.sessions import Me
from threefold.store.tables import metadata
from threefold.store.within import Within

_membership, _cohort, _seat, _turn, _triad, _practice, _withdrawal, _person, _naming = (
    metadata.tables[name]
    for name in (
        "membership",
        "cohort",
        "seat",
        "turn",
        "triad",
        "practice_session",
        "withdrawal",
        "person",
        "naming",
    )
)


@dataclass(frozen=True)
class Counsels:
    """A round somebody counsels, or would have: `away` if they said that they can't make it."""

    within: Within
    practice: PracticeRow
    triad: TriadRow
    number: int
    away: bool

    @property
    def cohort(self) -> CohortRow:
        return self.within.cohort


@dataclass(frozen=True)
class Author:
    """Somebody who wrote about a round. `agreed`: their full name may stand in others' portfolios."""

    member: UUID
    name: str
    is_tutor: bool
    agreed: bool


_ROWS = (CohortRow, MembershipRow, PracticeRow, TriadRow)
_values = split(*_ROWS)


def _counsels(number: int, at: datetime | None, back: datetime | None, *cells: object) -> Counsels:
    cohort, membership, practice, triad = _values(*cells)
    return Counsels(Within(cohort, membership), practice, triad, number, at is not None and back is None)


_COUNSELS = (
    select(_turn.c.round, _withdrawal.c.at, _withdrawal.c.taken_back_at, *columns(*_ROWS))
    .select_from(_membership)
    .join(_cohort, _cohort.c.id == _membership.c.cohort_id)
    .join(_seat, _seat.c.membership_id == _membership.c.id)
    .join(
        _turn,
        and_(_turn.c.triad_id == _seat.c.triad_id, _turn.c.seat_id == _seat.c.id, _turn.c.role == "counsellor"),
    )
    .join(_triad, _triad.c.id == _seat.c.triad_id)
    .join(_practice, _practice.c.id == _seat.c.practice_id)
    .outerjoin(_withdrawal, _withdrawal.c.seat_id == _seat.c.id)
    .where(
        _membership.c.role == "trainee",
        _cohort.c.published_at.is_not(None),
        _practice.c.cancelled_at.is_(None),
        or_(_seat.c.given_up_at.is_(None), _seat.c.given_up_at > _practice.c.starts_at),
    )
    .order_by(_practice.c.starts_at, _turn.c.round)
)
_MINE = Prepared(
    _COUNSELS.where(_membership.c.person_id == bindparam("me"), _membership.c.left_at.is_(None)), _counsels
)
_OF = Prepared(_COUNSELS.where(_membership.c.id == bindparam("member")), _counsels)
_AUTHORS = Prepared(
    select(_membership.c.id, _person.c.name, _membership.c.role, _naming.c.agreed_at)
    .select_from(_membership)
    .join(_person, _person.c.id == _membership.c.person_id)
    .outerjoin(_naming, _naming.c.person_id == _person.c.id)
    .where(_membership.c.id.in_(bindparam("members", expanding=True))),
    lambda member, name, role, agreed_at: Author(member, name, role == "tutor", agreed_at is not None),
)


def counsels(db: Session, me: Me) -> list[Counsels]:
    """Every round the person asking counsels as a trainee, in any cohort, in time order; cancelled ones left out."""
    return _MINE.all(db, me=me.id)


def counsels_of(db: Session, member: UUID) -> list[Counsels]:
    """The same for one membership, which the asker has reached through `web.access`."""
    return _OF.all(db, member=member)


def held_of(db: Session, rounds: Sequence[Counsels], now: datetime) -> list[Held]:
    """Those of these rounds that have begun and were held, with everybody's words on them; three queries at most."""
    begun = {
        each.triad.id: (each.triad, each.practice, each.cohort) for each in rounds if each.practice.starts_at <= now
    }
    members = {each.triad.id: each.within.membership.id for each in rounds}
    return [
        held
        for held in held_rounds(db, list(begun.values()), now)
        if held.counsellor.member == members[held.triad_id] and held.stands and held.has_begun(now)
    ]


def authors(db: Session, rounds: Iterable[Held]) -> dict[UUID, Author]:
    """Who wrote about these rounds, by membership; guests by their own ids, and by their first names alone."""
    asked = list(rounds)
    guests = {one.member: one.first for held in asked for one in held.people if one.is_guest}
    members = sorted({piece.author for held in asked for piece in held.pieces} - guests.keys())
    found = {author.member: author for author in _AUTHORS.all(db, members=members)} if members else {}
    return found | {id: Author(id, first_name(name), is_tutor=False, agreed=False) for id, name in guests.items()}


def frameworks(db: Session, keys: Collection[tuple[str, str]]) -> dict[tuple[str, str], Framework]:
    """The frameworks these rounds were looked at with; one query at most, however many there are."""
    if len(keys) == 1:
        return {key: found for key in keys if (found := framework_for(db, *key))}
    known: dict[tuple[str, str], Framework] = {}
    for framework in available(db) if keys else ():
        known.setdefault((framework.id, framework.version), framework)  # one from the package comes first
    return {key: known[key] for key in keys if key in known}
