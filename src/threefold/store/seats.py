"""A place in a practice session as a row, and the same place taken again under an invitation of its own."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session

from threefold.core.identity import NewId
from threefold.core.invitation import new_uid
from threefold.store.tables import Seat, Turn

BETWEEN = 100
"""A position that no group has: where a seat stands while others change places."""


def new_seat(
    practice: UUID,
    triad: UUID,
    member: UUID,
    position: int,
    *,
    domain: str,
    now: datetime,
    new_id: NewId,
) -> Seat:
    """A place nobody was told of yet. `domain` is the one that invitations come from."""
    id_ = new_id()
    return Seat(
        id=id_,
        practice_id=practice,
        triad_id=triad,
        membership_id=member,
        position=position,
        taken_at=now,
        uid=new_uid(id_, domain),
        sequence=0,
    )


def take_again(db: Session, seat: UUID, *, now: datetime, new_id: NewId) -> UUID:
    """The same place under a new UID, since calendars do not re-open an entry that was cancelled; its new id."""
    old = db.get_one(Seat, seat)
    old.given_up_at = now
    db.flush()
    domain = old.uid.rpartition("@")[2]
    new = new_seat(
        old.practice_id, old.triad_id, old.membership_id, old.position, domain=domain, now=now, new_id=new_id
    )
    db.add(new)
    db.flush()
    db.execute(update(Turn).where(Turn.seat_id == old.id).values(seat_id=new.id))
    return new.id
