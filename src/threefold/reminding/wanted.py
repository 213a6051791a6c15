"""A letter that is due, before it is written, and whom it need not be asked for."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from threefold.core import wishes
from threefold.core.wishes import How, Kind
from threefold.store.tables import (
    Cohort,
    Letter,
    Membership,
    Person,
    Wish,
)

MOST_NAMES = 4000  # in one question


@dataclass(frozen=True)
class Reader:
    """Whom a letter would go to; their own zone, or their cohort's."""

    person_id: UUID
    name: str
    email: str
    zone: str


@dataclass(frozen=True)
class Wanted:
    """A letter that is due now, before it is written. `values` are its template's."""

    kind: str
    once: str
    lane: str
    cohort_id: UUID | None
    reader: Reader
    subject: str
    values: Mapping[str, Any]


def written(db: Session, names: Iterable[str]) -> set[str]:
    """Which of these letters are in the outbox, or were."""
    asked, found = list(names), set()
    for start in range(0, len(asked), MOST_NAMES):
        found |= set(db.scalars(select(Letter.once).where(Letter.once.in_(asked[start : start + MOST_NAMES]))))
    return found


def not_now(db: Session, kind: str) -> set[UUID]:
    """Who does not want this kind of letter as it comes."""
    if not wishes.ways(kind)[1:]:
        return set()
    found: dict[UUID, dict[str, str]] = {}
    rows = db.execute(select(Wish.person_id, Wish.kind, Wish.how).where(Wish.kind.in_([kind, Kind.WEEKLY.value])))
    for person, of, how in rows:
        found.setdefault(person, {})[of] = how
    return {person for person, wished in found.items() if wishes.how(kind, wished) is not How.NOW}


def teaching(db: Session, cohorts: Collection[UUID]) -> list[tuple[UUID, UUID, Reader]]:
    """The tutors of these cohorts, as (cohort, membership, who)."""
    if not cohorts:
        return []
    rows = db.execute(
        select(Cohort.id, Membership.id, Person.id, Person.name, Person.email, func.coalesce(Person.zone, Cohort.zone))
        .join(Membership, Membership.cohort_id == Cohort.id)
        .join(Person, Person.id == Membership.person_id)
        .where(Cohort.id.in_(list(cohorts)), Membership.role == "tutor", Membership.left_at.is_(None))
        .order_by(Membership.joined_at, Membership.id)
    )
    return [(row[0], row[1], Reader(row[2], row[3], row[4], row[5])) for row in rows]
