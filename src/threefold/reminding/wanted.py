"""A letter that is due, before it is written, and whom it need not be asked for."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from threefold.core import wishes
from threefold.core.wishes import How, Kind
from threefold.store.prepared import Prepared
from threefold.store.tables import (
    Cohort,
    Membership,
    Person,
    Wish,
    metadata,
)

MOST_NAMES = 500  # in one question
STEP = 50
T = TypeVar("T")


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


_letter = metadata.tables["letter"]
_WRITTEN = Prepared(
    select(_letter.c.once).where(_letter.c.once.in_(bindparam("names", expanding=True))), lambda once: once
)


def written(db: Session, names: Iterable[str]) -> set[str]:
    """Which of these letters are in the outbox, or were."""
    asked, found = list(names), set()
    for start in range(0, len(asked), MOST_NAMES):
        some = asked[start : start + MOST_NAMES]
        found |= set(_WRITTEN.all(db, names=in_steps(some, STEP if len(some) <= STEP else MOST_NAMES)))
    return found


def in_steps(values: Collection[T], step: int = STEP) -> list[T]:
    """These values, the last repeated up to a whole step: a prepared question is kept for each length of list."""
    listed = list(values)
    return listed + listed[-1:] * (-len(listed) % step)


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
    return [(cohort, member, Reader(id_, name, email, zone)) for cohort, member, id_, name, email, zone in rows]
