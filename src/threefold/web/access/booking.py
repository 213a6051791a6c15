"""Extra practice: a window, a time of it, a triad to join, a place, and waiting for one."""

from uuid import UUID

from sqlalchemy.orm import Session

from threefold.store.sessions import Me
from threefold.store.tables import PracticeWindow, Seat, Triad, Waiting
from threefold.store.within import AtPractice, NotYours, Within
from threefold.web.access.cohorts import cohort_for
from threefold.web.access.practice import practice_for
from threefold.web.access.rights import Right


def window_for(db: Session, me: Me, window_id: UUID, right: Right = Right.MEMBER) -> tuple[Within, PracticeWindow]:
    """Extra practice of a published cohort; what is not open yet is its tutors' alone."""
    window = db.get(PracticeWindow, window_id)
    if window is None:
        raise NotYours
    within = cohort_for(db, me, window.cohort_id, right)
    cohort = within.cohort
    if not within.is_tutor and (window.opened_at is None or cohort.published_at is None or cohort.archived_at):
        raise NotYours
    return within, window


def extra_for(db: Session, me: Me, practice_id: UUID, right: Right = Right.TRAINEE) -> AtPractice:
    """A time of extra practice that one can book."""
    at = practice_for(db, me, practice_id, right)
    if at.practice.window_id is None or at.cohort.archived_at is not None:
        raise NotYours
    return at


def open_triad_for(db: Session, me: Me, triad_id: UUID) -> AtPractice:
    """The time of a triad that trainees of its cohort can join; whether they may take a place is a rule of core."""
    triad = db.get(Triad, triad_id)
    if triad is None or triad.places is None:
        raise NotYours
    return extra_for(db, me, triad.practice_id)


def place_for(db: Session, me: Me, seat_id: UUID) -> tuple[AtPractice, Seat]:
    """The asker's own seat in extra practice, also once it has been given up."""
    seat = db.get(Seat, seat_id)
    if seat is None:
        raise NotYours
    at = extra_for(db, me, seat.practice_id)
    if at.membership.id != seat.membership_id:
        raise NotYours
    return at, seat


def waiting_for(db: Session, me: Me, waiting_id: UUID) -> tuple[AtPractice, Waiting]:
    """The asker's own waiting for a place, also once it has come to an end."""
    waiting = db.get(Waiting, waiting_id)
    if waiting is None or waiting.practice_id is None:
        raise NotYours
    at = extra_for(db, me, waiting.practice_id)
    if at.membership.id != waiting.membership_id:
        raise NotYours
    return at, waiting
