"""Whose turn as client a guest takes: the triad's own client of that round observes, and has it back if nobody comes.

`turn` rows hold the triad's own people alone, so that ledgers, rights and rotas need not know of guests; who the
client is instead stands in `encounter`.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, exists, or_, select, text, update
from sqlalchemy.orm import Session

from threefold.core.roles import Role
from threefold.store.tables import Encounter, Seat, Triad, Turn, metadata

_encounter = metadata.tables["encounter"]
# Word for word as the index `uq_encounter_round` has it, so that both databases use that index.
_OPEN = "encounter.called_off_at IS NULL AND (encounter.answer IS NULL OR encounter.answer = 'accepted')"
HOLDS_ROUND: Any = text(_OPEN)
COMES = and_(HOLDS_ROUND, _encounter.c.answer == "accepted")


def take_turn(db: Session, encounter: Encounter) -> None:
    """The triad's own client of this round observes from now on. Taken twice, it is taken once."""
    own = db.execute(
        select(Turn.seat_id, Seat.membership_id)
        .join(Seat, Seat.id == Turn.seat_id)
        .where(
            Turn.triad_id == encounter.triad_id,
            Turn.round == encounter.round,
            Turn.role == Role.CLIENT.value,
        )
    ).one_or_none()
    if own is None:
        return
    encounter.instead_of = own.membership_id
    _become(db, encounter, own.seat_id, Role.OBSERVER)


def give_turn_back(db: Session, encounter: Encounter) -> None:
    """Whoever observed instead is client again; if they sit elsewhere by now, the round has no client of its own."""
    member, encounter.instead_of = encounter.instead_of, None
    if member is None:
        return
    here = and_(Turn.triad_id == encounter.triad_id, Turn.round == encounter.round)
    seat = db.scalar(
        select(Seat.id)
        .join(Turn, and_(Turn.seat_id == Seat.id, here, Turn.role == Role.OBSERVER.value))
        .where(Seat.membership_id == member, Seat.triad_id == encounter.triad_id, Seat.given_up_at.is_(None))
    )
    if seat is not None and not db.scalar(select(exists().where(here, Turn.role == Role.CLIENT.value))):
        _become(db, encounter, seat, Role.CLIENT)


def _become(db: Session, encounter: Encounter, seat: UUID, role: Role) -> None:
    db.execute(
        update(Turn)
        .where(Turn.triad_id == encounter.triad_id, Turn.round == encounter.round, Turn.seat_id == seat)
        .values(role=role.value)
    )


def guests_stay(db: Session, practice_id: UUID, now: datetime) -> None:
    """After a session's turns were laid out anew: every guest who comes is the client of their round again.

    A guest whose round nobody counsels any more is called off.
    """
    db.flush()
    counselled = exists().where(
        Turn.triad_id == Encounter.triad_id, Turn.round == Encounter.round, Turn.role == Role.COUNSELLOR.value
    )
    asked = select(Encounter).join(Triad, Triad.id == Encounter.triad_id).where(Triad.practice_id == practice_id)
    for encounter in db.scalars(asked.where(HOLDS_ROUND, ~counselled)).all():
        encounter.called_off_at = now
    db.flush()
    for encounter in db.scalars(asked.where(COMES)).all():
        take_turn(db, encounter)


def asked_since(db: Session, practices: Collection[UUID], since: datetime) -> bool:
    """Whether a guest who may still come was asked to one of these sessions since then, or said yes since."""
    asked = (
        select(Encounter.id)
        .join(Triad, Triad.id == Encounter.triad_id)
        .where(Triad.practice_id.in_(list(practices)), HOLDS_ROUND)
        .where(or_(Encounter.asked_at >= since, Encounter.answered_at >= since))
    )
    return db.scalar(asked.limit(1)) is not None


def lent_by(triad: Any, member: Any) -> Any:
    """As SQL: a guest takes this person's turn as client in this triad; they do not rest by their own choice."""
    return and_(Encounter.triad_id == triad, Encounter.instead_of == member, COMES)


def rounds_moved(db: Session, triad_id: UUID, became: Mapping[int, int], now: datetime) -> None:
    """A triad's rounds have new numbers (old: new); guests who are asked or coming move with their counsellor.

    A round that is left out has no new one, and nobody is asked to it any more.
    """
    asked = select(Encounter).where(Encounter.triad_id == triad_id, HOLDS_ROUND).order_by(Encounter.round)
    for encounter in db.scalars(asked).all():
        if encounter.round not in became:
            encounter.called_off_at = now
        encounter.round = became.get(encounter.round, encounter.round)
        db.flush()
