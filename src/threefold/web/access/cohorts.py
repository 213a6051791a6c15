"""A cohort, and what is its tutors' alone: its plans, their versions, its trainees."""

from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from threefold.store.prepared import Prepared
from threefold.store.rows import columns
from threefold.store.sessions import Me
from threefold.store.tables import PlanDraft, PlanVersion, metadata
from threefold.store.within import NotYours, Within
from threefold.web.access.rights import MINE, WITHIN, Right, has_accepted, into
from threefold.web.errors import MustAccept

# Prepared: these run with nearly every request.
_cohort, _membership, _person = (metadata.tables[name] for name in ("cohort", "membership", "person"))
_COHORT_BY_ID = Prepared(
    select(*columns(*WITHIN))
    .join(_membership, _membership.c.cohort_id == _cohort.c.id)
    .where(_cohort.c.id == bindparam("id"), *MINE),
    into(Within, WITHIN),
)
_trainee = _membership.alias()
_TRAINEE_BY_ID = Prepared(
    select(_person.c.name, *columns(*WITHIN))
    .select_from(_trainee)
    .join(_person, _person.c.id == _trainee.c.person_id)
    .join(_cohort, _cohort.c.id == _trainee.c.cohort_id)
    .join(_membership, _membership.c.cohort_id == _cohort.c.id)
    .where(_trainee.c.id == bindparam("id"), _trainee.c.role == "trainee", _membership.c.role == "tutor", *MINE),
    lambda name, *cells: (into(Within, WITHIN)(*cells), name),
)
_MY_COHORTS = {
    right: Prepared(
        select(*columns(*WITHIN))
        .join(_membership, _membership.c.cohort_id == _cohort.c.id)
        .where(*MINE, _membership.c.role.in_(right.value))
        .order_by(_cohort.c.archived_at.is_not(None), _cohort.c.created_at.desc()),
        into(Within, WITHIN),
    )
    for right in Right
}


def cohort_for(db: Session, me: Me, cohort_id: UUID, right: Right, *, accepted: bool = True) -> Within:
    """The cohort, if the asker holds the right in it.

    Raises NotYours; and MustAccept when notice and contract have not been accepted in their present versions
    (`accepted=False` for the page that asks for it, and for a tutor who sets the cohort up).
    """
    within = _COHORT_BY_ID.one(db, id=cohort_id, me=me.id)
    if within is None or within.membership.role not in right.value:
        raise NotYours
    if accepted and not has_accepted(within):
        raise MustAccept(cohort_id)
    return within


def cohorts_of(db: Session, me: Me, right: Right) -> list[Within]:
    """Every cohort the asker holds the right in, newest first, archived ones last."""
    return _MY_COHORTS[right].all(db, me=me.id)


def trainee_for(db: Session, me: Me, membership_id: UUID) -> tuple[Within, str]:
    """The cohort a trainee learns in, and their name, for its tutors; those who have left it are theirs to see too."""
    found = _TRAINEE_BY_ID.one(db, id=membership_id, me=me.id)
    if found is None:
        raise NotYours
    if not has_accepted(found[0]):
        raise MustAccept(found[0].cohort.id)
    return found


def plan_for(db: Session, me: Me, cohort_id: UUID, plan_id: UUID) -> tuple[Within, PlanDraft]:
    """A plan of a cohort the asker is tutor of."""
    within = cohort_for(db, me, cohort_id, Right.TUTOR)
    plan = db.get(PlanDraft, plan_id)
    if plan is None or plan.cohort_id != cohort_id:
        raise NotYours
    return within, plan


def version_for(db: Session, me: Me, cohort_id: UUID, version_id: UUID) -> tuple[Within, PlanVersion]:
    """A version of the plan of a published cohort, for its tutors."""
    within = cohort_for(db, me, cohort_id, Right.TUTOR)
    kept = db.get(PlanVersion, version_id)
    if kept is None or kept.cohort_id != cohort_id:
        raise NotYours
    return within, kept
