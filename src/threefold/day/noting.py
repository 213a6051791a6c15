"""What is noted of a session: facts are added, and never changed. Each leaves a deed with ids only."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from threefold.core import arriving
from threefold.core.happened import Bounds, Fact, How, Step
from threefold.core.identity import NewId
from threefold.core.refusal import Refusal
from threefold.store.deeds import record
from threefold.store.happened import noted_of
from threefold.store.sessions import Me
from threefold.store.tables import Happening, Membership, Triad
from threefold.store.within import AtPractice

SOMEBODY = Refusal.because("Choose somebody of this cohort.", "member")


def bounds_of(at: AtPractice) -> Bounds:
    """Between which times a session can be noted."""
    return Bounds(arriving.opens_at(at.practice.starts_at), at.practice.ends_at, at.cohort.zone)


def facts_of(db: Session, at: AtPractice) -> list[Fact]:
    return noted_of(db, [at.practice.id])[at.practice.id].facts


def is_trainee(db: Session, at: AtPractice, member: UUID) -> bool:
    found = db.get(Membership, member)
    return found is not None and found.cohort_id == at.cohort.id and found.role == "trainee"


def is_triad(db: Session, at: AtPractice, triad: UUID) -> bool:
    found = db.get(Triad, triad)
    return found is not None and found.practice_id == at.practice.id


def add(
    db: Session,
    at: AtPractice,
    steps: Iterable[Step],
    *,
    how: How,
    by: Me,
    now: datetime,
    new_id: NewId,
    why: str = "",
) -> None:
    """Add a fact for each of these steps."""
    for step in steps:
        id_ = new_id()
        db.add(
            Happening(
                id=id_,
                practice_id=at.practice.id,
                kind=step.scope.kind.value,
                membership_id=step.scope.member,
                triad_id=step.scope.triad,
                round=step.scope.round,
                value=step.value,
                from_at=step.from_at,
                until_at=step.until_at,
                recorded_at=now,
                recorded_by=by.id,
                how=how.value,
                why=why,
                replaces=step.replaces,
            )
        )
        db.flush()
        deed(db, at, "noted what happened", by=by, now=now, new_id=new_id, happening=id_)


def deed(db: Session, at: AtPractice, verb: str, *, by: Me, now: datetime, new_id: NewId, **subject: object) -> None:
    """Somebody did this to the session."""
    record(
        db, id=new_id(), at=now, by=by.id, verb=verb, cohort_id=at.cohort.id, practice=at.practice.id, **subject
    )  # fmt: skip
