"""Who never shares a group with whom."""

from collections.abc import Set as AbstractSet
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from threefold.core.grouping import Pair, Person
from threefold.store.tables import KeepApart


def kept_apart(db: Session, cohort_id: UUID) -> frozenset[frozenset[UUID]]:
    """The pairs of a cohort, as memberships, who are kept apart; those of people who have left among them."""
    rows = db.execute(select(KeepApart.one, KeepApart.other).where(KeepApart.cohort_id == cohort_id))
    return frozenset(frozenset(pair) for pair in rows)


def apart_among(db: Session, cohort_id: UUID, known: AbstractSet[Person]) -> frozenset[Pair]:
    """The pairs with both among these people, as the engine knows them."""
    pairs = (frozenset(map(str, pair)) for pair in kept_apart(db, cohort_id))
    return frozenset(pair for pair in pairs if pair <= known)
