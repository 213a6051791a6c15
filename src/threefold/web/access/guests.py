"""A guest, and an encounter of theirs, for the tutors who invited them."""

from uuid import UUID

from sqlalchemy.orm import Session

from threefold.store.sessions import Me
from threefold.store.tables import Encounter, Guest
from threefold.store.within import NotYours, Within
from threefold.web.access.cohorts import cohort_for
from threefold.web.access.rights import Right


def guest_for(db: Session, me: Me, cohort_id: UUID, guest_id: UUID) -> tuple[Within, Guest]:
    """A guest of a cohort the asker is tutor of."""
    within = cohort_for(db, me, cohort_id, Right.TUTOR)
    guest = db.get(Guest, guest_id)
    if guest is None or guest.cohort_id != cohort_id:
        raise NotYours
    return within, guest


def encounter_for(db: Session, me: Me, cohort_id: UUID, guest_id: UUID, encounter_id: UUID) -> tuple[Within, Encounter]:
    """One encounter of a guest of theirs."""
    within, guest = guest_for(db, me, cohort_id, guest_id)
    encounter = db.get(Encounter, encounter_id)
    if encounter is None or encounter.guest_id != guest.id:
        raise NotYours
    return within, encounter
