"""The only way to reach a thing for a person. What is not theirs does not exist: every refusal is NotYours (404)."""

from enum import Enum
from uuid import UUID

from sqlalchemy import Select, and_, bindparam, or_, select
from sqlalchemy.orm import Session

from threefold.core.contract import PRIVACY_VERSION
from threefold.store.sessions import Me
from threefold.store.tables import (
    Cohort,
    Membership,
    Piece,
    PlanDraft,
    PracticeSession,
    Seat,
    Triad,
    Turn,
)
from threefold.store.within import AtPractice, InRound, InTriad, NotYours, Within
from threefold.web.errors import MustAccept

MOST_ROUNDS = 99  # no session has so many; a larger number in an address is a made-up one


class Right(Enum):
    """What somebody must be in a cohort to reach a thing in it."""

    MEMBER = ("tutor", "trainee")
    TUTOR = ("tutor",)
    TRAINEE = ("trainee",)


# Built once: a statement costs more to build than to run, and these run with nearly every request.
_MINE = (Membership.person_id == bindparam("me"), Membership.left_at.is_(None))
_COHORT = (
    select(Cohort, Membership)
    .join(Membership, Membership.cohort_id == Cohort.id)
    .where(Cohort.id == bindparam("id"), *_MINE)
)
_PRACTICE = (
    select(Cohort, Membership, PracticeSession)
    .join(PracticeSession, PracticeSession.cohort_id == Cohort.id)
    .join(Membership, Membership.cohort_id == Cohort.id)
    .where(PracticeSession.id == bindparam("id"), *_MINE)
)
_TRIAD = (
    select(Cohort, Membership, PracticeSession, Triad, Seat)
    .select_from(Triad)
    .join(PracticeSession, PracticeSession.id == Triad.practice_id)
    .join(Cohort, Cohort.id == PracticeSession.cohort_id)
    .join(Membership, Membership.cohort_id == Cohort.id)
    .outerjoin(
        Seat,
        and_(Seat.triad_id == Triad.id, Seat.membership_id == Membership.id, Seat.given_up_at.is_(None)),
    )
    .where(*_MINE)
)
_TRIAD_BY_ID = _TRIAD.where(Triad.id == bindparam("id"))
_TRIAD_BY_SEAT = _TRIAD.where(Seat.id == bindparam("id"))
_ROLES = select(Turn.seat_id, Turn.role).where(Turn.triad_id == bindparam("triad"), Turn.round == bindparam("round"))


def cohort_for(db: Session, me: Me, cohort_id: UUID, right: Right, *, accepted: bool = True) -> Within:
    """The cohort, if the asker holds the right in it.

    Raises NotYours; and MustAccept when notice and contract have not been accepted in their present versions
    (`accepted=False` for the page that asks for it, and for a tutor who sets the cohort up).
    """
    found = db.execute(_COHORT, {"id": cohort_id, "me": me.id}).one_or_none()
    if found is None or found.Membership.role not in right.value:
        raise NotYours
    within = Within(found.Cohort, found.Membership)
    if accepted and not has_accepted(within):
        raise MustAccept(cohort_id)
    return within


def has_accepted(within: Within) -> bool:
    """Whether notice and contract were accepted as they stand now. Who set the cohort up wrote them."""
    if within.cohort.created_by == within.membership.person_id:
        return True
    membership = within.membership
    return (
        membership.privacy_version == PRIVACY_VERSION and membership.contract_version == within.cohort.contract_version
    )


def plan_for(db: Session, me: Me, cohort_id: UUID, plan_id: UUID) -> tuple[Within, PlanDraft]:
    """A plan of a cohort the asker is tutor of."""
    within = cohort_for(db, me, cohort_id, Right.TUTOR)
    plan = db.get(PlanDraft, plan_id)
    if plan is None or plan.cohort_id != cohort_id:
        raise NotYours
    return within, plan


def practice_for(db: Session, me: Me, practice_id: UUID, right: Right = Right.MEMBER) -> AtPractice:
    """A practice session of a published cohort; tutors reach those of an unpublished one too."""
    found = db.execute(_PRACTICE, {"id": practice_id, "me": me.id}).one_or_none()
    if found is None:
        raise NotYours
    at = AtPractice(found.Cohort, found.Membership, found.PracticeSession)
    _admit(at, right)
    return at


def triad_for(db: Session, me: Me, triad_id: UUID) -> InTriad:
    """A triad for those who sit in it and for the cohort's tutors; nobody else sees who is in it."""
    return _triad(db, me, _TRIAD_BY_ID, triad_id)


def seat_for(db: Session, me: Me, seat_id: UUID) -> InTriad:
    """The triad in which the asker holds this very seat."""
    within = _triad(db, me, _TRIAD_BY_SEAT, seat_id)
    if within.seat is None:
        raise NotYours
    return within


def _triad(
    db: Session, me: Me, statement: Select[Cohort, Membership, PracticeSession, Triad, Seat], id: UUID
) -> InTriad:
    found = db.execute(statement, {"id": id, "me": me.id}).one_or_none()
    if found is None:
        raise NotYours
    within = InTriad(found.Cohort, found.Membership, found.PracticeSession, found.Triad, found.Seat)
    if within.seat is None and not within.is_tutor:
        raise NotYours
    _admit(within, Right.MEMBER)
    return within


def _admit(within: Within, right: Right) -> None:
    if within.membership.role not in right.value or (within.cohort.published_at is None and not within.is_tutor):
        raise NotYours
    if not has_accepted(within):
        raise MustAccept(within.cohort.id)


def round_for(db: Session, me: Me, triad_id: UUID, number: int) -> InRound:
    """A round of a triad the asker sits in, observes as its tutor, or teaches."""
    within = triad_for(db, me, triad_id)
    if not 1 <= number <= MOST_ROUNDS:
        raise NotYours
    roles = dict(db.execute(_ROLES, {"triad": triad_id, "round": number}).all())
    if not roles:
        raise NotYours
    role = roles.get(within.seat.id) if within.seat else None
    if within.seat is None and within.triad.tutor_id == within.membership.id:
        role = "observer"
    return InRound(within.cohort, within.membership, within.practice, within.triad, within.seat, number, role)


def piece_for(db: Session, me: Me, piece_id: UUID) -> tuple[InRound, Piece]:
    """A piece of feedback: for its author, the counsellor it is about, and the tutors. Whether its words may be
    read yet is a rule of `core.feedback`, asked by the query that loads them.
    """
    piece = db.get(Piece, piece_id)
    if piece is None:
        raise NotYours
    within = round_for(db, me, piece.triad_id, piece.round)
    if not (within.is_tutor or within.role == "counsellor" or piece.author_id == within.membership.id):
        raise NotYours
    return within, piece


def cohorts_of(db: Session, me: Me, right: Right) -> list[Within]:
    """Every cohort the asker holds the right in, newest first, archived ones last."""
    rows = db.execute(
        select(Cohort, Membership)
        .join(Membership, Membership.cohort_id == Cohort.id)
        .where(
            Membership.person_id == me.id,
            Membership.left_at.is_(None),
            or_(*(Membership.role == role for role in right.value)),
        )
        .order_by(Cohort.archived_at.is_not(None), Cohort.created_at.desc())
    )
    return [Within(row.Cohort, row.Membership) for row in rows]
