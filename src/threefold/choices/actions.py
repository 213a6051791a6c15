"""What somebody chooses for themselves without a reason, takes back again, or asks of their tutors; and their answer.

How somebody would rather be client is nobody's deed: the audit has none of it. What the plan has to honour raises the
cohort's version, so that no plan made before is published as if nothing had been said.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from threefold.core.choices import Kind, Settled
from threefold.core.identity import NewId
from threefold.core.refusal import Refusal
from threefold.store.deeds import changed, record
from threefold.store.sessions import Me
from threefold.store.tables import ApartRequest, BriefTaken, Membership, PracticeSession, Preference
from threefold.store.within import Within


def choose(
    db: Session, within: Within, kind: Kind, practice_id: UUID | None, *, now: datetime, new_id: NewId
) -> Refusal | None:
    """From a brief, or not as client at all, on one date or (None) for the term. Chosen twice, it holds once."""
    if practice_id is not None:
        practice = db.get(PracticeSession, practice_id)
        if practice is None or practice.cohort_id != within.cohort.id:
            return Refusal.because("Choose one of your dates, or the whole term.", "when")
        if practice.starts_at <= now or practice.cancelled_at is not None:
            return Refusal.because("This session is no longer ahead. Choose another one.", "when")
    there = select(Preference.id).where(
        Preference.membership_id == within.membership.id,
        Preference.kind == kind.value,
        Preference.practice_id.is_(None) if practice_id is None else Preference.practice_id == practice_id,
        Preference.ended_at.is_(None),
    )
    if db.scalar(there.limit(1)) is not None:
        return None
    db.add(
        Preference(id=new_id(), membership_id=within.membership.id, kind=kind.value, practice_id=practice_id, since=now)
    )
    _plan_anew(db, within, kind)
    return None


def take_back(db: Session, within: Within, preference: Preference, *, now: datetime) -> None:
    """It no longer holds; taken back twice (a double click), it ended the first time."""
    if preference.ended_at is None:
        preference.ended_at = now
        _plan_anew(db, within, Kind(preference.kind))


def take_brief(db: Session, member: UUID, practice_id: UUID, code: str, *, now: datetime) -> None:
    """Work from this brief on this date; the last one taken holds."""
    db.merge(BriefTaken(membership_id=member, practice_id=practice_id, code=code, at=now))


def _plan_anew(db: Session, within: Within, kind: Kind) -> None:
    if kind is Kind.NOT_CLIENT:
        changed(db, within.cohort.id)


def ask_apart(db: Session, within: Within, other: UUID | None, *, now: datetime, new_id: NewId) -> Refusal | None:
    """Ask not to be placed with somebody. Asked twice while it waits, it is asked once."""
    named = db.get(Membership, other) if other else None
    if (
        named is None
        or named.id == within.membership.id
        or (named.cohort_id, named.role, named.left_at) != (within.cohort.id, "trainee", None)
    ):
        return Refusal.because("Choose somebody of your group.", "other")
    waits = select(ApartRequest.id).where(
        ApartRequest.membership_id == within.membership.id,
        ApartRequest.other_id == named.id,
        ApartRequest.settled_at.is_(None),
    )
    if db.scalar(waits.limit(1)) is None:
        db.add(ApartRequest(id=new_id(), membership_id=within.membership.id, other_id=named.id, asked_at=now))
        changed(db, within.cohort.id)
    return None


def settle(
    db: Session, within: Within, request: ApartRequest, how: Settled, *, by: Me, now: datetime, new_id: NewId
) -> bool:
    """A tutor has decided, or the asker has taken it back; False when it was settled before. The first one holds."""
    if request.settled_at is not None:
        return False
    request.settled_at, request.settled_by, request.settled_as = now, by.id, how.value
    if how is Settled.TAKEN_BACK:
        changed(db, within.cohort.id)
    else:
        record(db, id=new_id(), at=now, by=by.id, verb="settled a request", cohort_id=within.cohort.id)
    return True
