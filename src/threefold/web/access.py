"""The only way to reach a thing for a person. What is not theirs does not exist: every refusal is NotYours (404)."""

from collections.abc import Callable
from enum import Enum
from typing import TypeVar
from uuid import UUID

from sqlalchemy import and_, bindparam, select
from sqlalchemy.orm import Session

from threefold.core.contract import PRIVACY_VERSION
from threefold.store.prepared import Prepared
from threefold.store.rows import CohortRow, MembershipRow, PracticeRow, SeatRow, TriadRow, columns, split
from threefold.store.sessions import Me
from threefold.store.tables import (
    ApartRequest,
    Concern,
    ConcernReader,
    Membership,
    Piece,
    PlanDraft,
    Preference,
    metadata,
)
from threefold.store.within import AtPractice, InRound, InTriad, NotYours, Within
from threefold.web.errors import MustAccept

T = TypeVar("T")

MOST_ROUNDS = 99  # no session has so many; a larger number in an address is a made-up one


class Right(Enum):
    """What somebody must be in a cohort to reach a thing in it."""

    MEMBER = ("tutor", "trainee")
    TUTOR = ("tutor",)
    TRAINEE = ("trainee",)


# Prepared: these run with nearly every request.
_cohort, _membership, _practice, _triad_table, _seat, _turn = (
    metadata.tables[name] for name in ("cohort", "membership", "practice_session", "triad", "seat", "turn")
)
_MINE = (_membership.c.person_id == bindparam("me"), _membership.c.left_at.is_(None))
_WITHIN = (CohortRow, MembershipRow)
_AT_PRACTICE = (*_WITHIN, PracticeRow)
_IN_TRIAD = (*_AT_PRACTICE, TriadRow, SeatRow)


def _into(made: Callable[..., T], rows: tuple[type, ...]) -> Callable[..., T]:
    values = split(*rows)
    return lambda *cells: made(*values(*cells))


_COHORT_BY_ID = Prepared(
    select(*columns(*_WITHIN))
    .join(_membership, _membership.c.cohort_id == _cohort.c.id)
    .where(_cohort.c.id == bindparam("id"), *_MINE),
    _into(Within, _WITHIN),
)
_trainee, _person = _membership.alias(), metadata.tables["person"]
_TRAINEE_BY_ID = Prepared(
    select(_person.c.name, *columns(*_WITHIN))
    .select_from(_trainee)
    .join(_person, _person.c.id == _trainee.c.person_id)
    .join(_cohort, _cohort.c.id == _trainee.c.cohort_id)
    .join(_membership, _membership.c.cohort_id == _cohort.c.id)
    .where(_trainee.c.id == bindparam("id"), _trainee.c.role == "trainee", _membership.c.role == "tutor", *_MINE),
    lambda name, *cells: (_into(Within, _WITHIN)(*cells), name),
)
_PRACTICE_BY_ID = Prepared(
    select(*columns(*_AT_PRACTICE))
    .select_from(_practice)
    .join(_cohort, _cohort.c.id == _practice.c.cohort_id)
    .join(_membership, _membership.c.cohort_id == _cohort.c.id)
    .where(_practice.c.id == bindparam("id"), *_MINE),
    _into(AtPractice, _AT_PRACTICE),
)
_BY_TRIAD = (
    select(*columns(*_IN_TRIAD))
    .select_from(_triad_table)
    .join(_practice, _practice.c.id == _triad_table.c.practice_id)
    .join(_cohort, _cohort.c.id == _practice.c.cohort_id)
    .join(_membership, _membership.c.cohort_id == _cohort.c.id)
    .outerjoin(
        _seat,
        and_(
            _seat.c.triad_id == _triad_table.c.id,
            _seat.c.membership_id == _membership.c.id,
            _seat.c.given_up_at.is_(None),
        ),
    )
    .where(*_MINE)
)
_TRIAD_BY_ID = Prepared(_BY_TRIAD.where(_triad_table.c.id == bindparam("id")), _into(InTriad, _IN_TRIAD))
_TRIAD_BY_SEAT = Prepared(_BY_TRIAD.where(_seat.c.id == bindparam("id")), _into(InTriad, _IN_TRIAD))
_ROLES = Prepared(
    select(_turn.c.seat_id, _turn.c.role).where(
        _turn.c.triad_id == bindparam("triad"), _turn.c.round == bindparam("round")
    ),
    lambda seat, role: (seat, role),
)
_MY_COHORTS = {
    right: Prepared(
        select(*columns(*_WITHIN))
        .join(_membership, _membership.c.cohort_id == _cohort.c.id)
        .where(*_MINE, _membership.c.role.in_(right.value))
        .order_by(_cohort.c.archived_at.is_not(None), _cohort.c.created_at.desc()),
        _into(Within, _WITHIN),
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


def trainee_for(db: Session, me: Me, membership_id: UUID) -> tuple[Within, str]:
    """The cohort a trainee learns in, and their name, for its tutors; those who have left it are theirs to see too."""
    found = _TRAINEE_BY_ID.one(db, id=membership_id, me=me.id)
    if found is None:
        raise NotYours
    if not has_accepted(found[0]):
        raise MustAccept(found[0].cohort.id)
    return found


def practice_for(db: Session, me: Me, practice_id: UUID, right: Right = Right.MEMBER) -> AtPractice:
    """A practice session of a published cohort; tutors reach those of an unpublished one too."""
    at = _PRACTICE_BY_ID.one(db, id=practice_id, me=me.id)
    if at is None:
        raise NotYours
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


def _triad(db: Session, me: Me, statement: Prepared[InTriad], id: UUID) -> InTriad:
    within = statement.one(db, id=id, me=me.id)
    if within is None or (within.seat is None and not within.is_tutor):
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
    roles = dict(_ROLES.all(db, triad=triad_id, round=number))
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


def cohorts_of(db: Session, me: Me, right: Right) -> list[Within]:
    """Every cohort the asker holds the right in, newest first, archived ones last."""
    return _MY_COHORTS[right].all(db, me=me.id)


_TRIAD_BY_PRACTICE = Prepared(_BY_TRIAD.where(_seat.c.practice_id == bindparam("id")), _into(InTriad, _IN_TRIAD))


def own_triad_for(db: Session, me: Me, practice_id: UUID) -> InTriad:
    """The group that the asker sits in, in a session of theirs."""
    within = _triad(db, me, _TRIAD_BY_PRACTICE, practice_id)
    if within.seat is None:
        raise NotYours
    return within
