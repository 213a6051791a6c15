"""What somebody said in private: a worry, how they would rather practise, whom they asked to be kept apart from."""

from uuid import UUID

from sqlalchemy.orm import Session

from threefold.store.sessions import Me
from threefold.store.tables import ApartRequest, Concern, ConcernReader, Membership, Preference
from threefold.store.within import NotYours, Within
from threefold.web.access.cohorts import cohort_for
from threefold.web.access.rights import Right


def concern_for(db: Session, me: Me, concern_id: UUID) -> tuple[Concern, bool]:
    """A concern, for its author and those who read concerns; and whether the asker is one of those."""
    concern, reads = db.get(Concern, concern_id), reads_concerns(db, me)
    if concern is None or not (reads or concern.person_id == me.id):
        raise NotYours
    return concern, reads


def reads_concerns(db: Session, me: Me) -> bool:
    """Whether the asker is one of those who read concerns in this centre."""
    reader = db.get(ConcernReader, me.id)
    return reader is not None and reader.ended_at is None


def preference_for(db: Session, me: Me, cohort_id: UUID, preference_id: UUID) -> tuple[Within, Preference]:
    """How the asker would rather practise; nobody else's."""
    within = cohort_for(db, me, cohort_id, Right.TRAINEE)
    preference = db.get(Preference, preference_id)
    if preference is None or preference.membership_id != within.membership.id:
        raise NotYours
    return within, preference


def apart_request_for(db: Session, me: Me, cohort_id: UUID, request_id: UUID) -> tuple[Within, ApartRequest]:
    """A request to be kept apart: for whoever asked, and the cohort's tutors. Whom it names finds nothing."""
    within = cohort_for(db, me, cohort_id, Right.MEMBER)
    request = db.get(ApartRequest, request_id)
    asker = db.get(Membership, request.membership_id) if request else None
    if request is None or asker is None or asker.cohort_id != cohort_id:
        raise NotYours
    if not (within.is_tutor or asker.id == within.membership.id):
        raise NotYours
    return within, request
