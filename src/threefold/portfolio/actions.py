"""Agreeing that one's full name may stand in others' portfolios, and taking that back."""

from datetime import datetime

from sqlalchemy.orm import Session

from threefold.core.identity import NewId
from threefold.store.deeds import record
from threefold.store.sessions import Me
from threefold.store.tables import Naming


def agree(db: Session, me: Me, *, now: datetime, new_id: NewId) -> None:
    """From now on the person's full name stands beside their words. Agreeing again changes nothing."""
    if db.get(Naming, me.id) is None:
        db.add(Naming(person_id=me.id, agreed_at=now))
        record(db, id=new_id(), at=now, by=me.id, verb="agreed-to-be-named", person=me.id)


def take_back(db: Session, me: Me, *, now: datetime, new_id: NewId) -> None:
    """From now on only initials do; what somebody has printed already stays as it is."""
    row = db.get(Naming, me.id)
    if row is not None:
        db.delete(row)
        record(db, id=new_id(), at=now, by=me.id, verb="took-back-being-named", person=me.id)
