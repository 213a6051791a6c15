"""Requests to take a seat, settled: by whoever has answered, taken back or overtaken them. Their words go with them."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, update
from sqlalchemy.orm import Session

from threefold.core.swaps import Settled
from threefold.store.tables import SwapRequest


def settle(db: Session, requests: Collection[UUID], settled_as: Settled, now: datetime) -> None:
    """Settle these requests where they are open still."""
    if requests:
        _settled(db, SwapRequest.id.in_(requests), settled_as, now)


def take_back_for(db: Session, seat_id: UUID, now: datetime) -> None:
    """Nobody need take this seat any more: its holder is coming."""
    _settled(db, SwapRequest.seat_id == seat_id, Settled.TAKEN_BACK, now)


def _settled(db: Session, which: ColumnElement[bool], settled_as: Settled, now: datetime) -> None:
    # A line to the person asked is kept no longer than the question.
    db.execute(
        update(SwapRequest)
        .where(which, SwapRequest.settled_at.is_(None))
        .values(settled_at=now, settled_as=settled_as.value, words="")
    )
