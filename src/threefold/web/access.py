"""The only way to reach a thing for a person. What is not theirs does not exist: every refusal is NotYours (404)."""

from collections.abc import Callable
from enum import Enum
from typing import TypeVar
from uuid import UUID

from sqlalchemy import and_, bindparam, or_, select
from sqlalchemy.orm import Session

from threefold.core.contract import PRIVACY_VERSION
from threefold.store.prepared import Prepared
from threefold.store.rows import CohortRow, MembershipRow, PracticeRow, SeatRow, SwapRow, TriadRow, columns, split
from threefold.store.sessions import Me
from threefold.store.tables import (
    ApartRequest,
    Concern,
    ConcernReader,
    Encounter,
    Guest,
    Membership,
    Piece,
    PlanDraft,
    PlanVersion,
    PracticeWindow,
    Preference,
    Seat,
    Triad,
    Waiting,
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
            # Whoever moved to another group on the day still has the rounds they sat in here.
            or_(_seat.c.given_up_at.is_(None), _seat.c.given_up_at > _practice.c.starts_at),
        ),
    )
    .where(*_MINE)
    .order_by(_seat.c.given_up_at.is_not(None))
)
_TRIAD_BY_ID = Prepared(_BY_TRIAD.where(_triad_table.c.id == bindparam("id")), _into(InTriad, _IN_TRIAD))
_TRIAD_BY_SEAT = Prepared(
    _BY_TRIAD.where(_seat.c.id == bindparam("id"), _seat.c.given_up_at.is_(None)), _into(InTriad, _IN_TRIAD)
)
_ROLES = Prepared(
    select(_seat.c.membership_id, _turn.c.role)
    .select_from(_turn)
    .join(_seat, _seat.c.id == _turn.c.seat_id)
    .where(_turn.c.triad_id == bindparam("triad"), _turn.c.round == bindparam("round")),
    lambda member, role: (member, role),
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
    within = next(iter(statement.all(db, id=id, me=me.id)), None)
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
    role = roles.get(within.membership.id)
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


# --- places that change hands ----------------------------------------------------------------------------------

_swap_request = metadata.tables["swap_request"]
_gone = _seat.alias()
_SWAP_BY_ID = Prepared(
    select(_seat.c.membership_id, *columns(*_AT_PRACTICE, SwapRow))
    .select_from(_swap_request)
    .join(_seat, _seat.c.id == _swap_request.c.seat_id)
    .join(_practice, _practice.c.id == _seat.c.practice_id)
    .join(_cohort, _cohort.c.id == _practice.c.cohort_id)
    .join(_membership, or_(_membership.c.id == _seat.c.membership_id, _membership.c.id == _swap_request.c.asked_id))
    .where(_swap_request.c.id == bindparam("id"), *_MINE),
    lambda asker, *cells: (*_asked_in(*cells), asker),
)
_OWN_SEAT_BY_ID = Prepared(
    select(_seat.c.id, *columns(*_AT_PRACTICE))
    .select_from(_gone)
    .join(_practice, _practice.c.id == _gone.c.practice_id)
    .join(_cohort, _cohort.c.id == _practice.c.cohort_id)
    .join(_membership, _membership.c.id == _gone.c.membership_id)
    .outerjoin(
        _seat,
        and_(
            _seat.c.practice_id == _gone.c.practice_id,
            _seat.c.membership_id == _gone.c.membership_id,
            _seat.c.given_up_at.is_(None),
        ),
    )
    .where(_gone.c.id == bindparam("id"), *_MINE),
    lambda seat, *cells: (_into(AtPractice, _AT_PRACTICE)(*cells), seat),
)


def _asked_in(*cells: object) -> tuple[AtPractice, SwapRow]:
    *practice, asked = split(*_AT_PRACTICE, SwapRow)(*cells)
    return AtPractice(*practice), asked


def swap_for(db: Session, me: Me, swap_id: UUID) -> tuple[AtPractice, SwapRow, UUID]:
    """A request to take a place, and the membership that asks: for whoever asked and whoever is asked, nobody else."""
    found = _SWAP_BY_ID.one(db, id=swap_id, me=me.id)
    if found is None:
        raise NotYours
    _admit(found[0], Right.TRAINEE)
    return found


def own_seat_for(db: Session, me: Me, seat_id: UUID) -> tuple[AtPractice, UUID | None]:
    """The session that a seat of the asker's is or was in, and the seat they hold there now; None where they hold none.

    Letters name the seat that somebody had when they were written: it may have been given up, or taken again, since.
    """
    found = _OWN_SEAT_BY_ID.one(db, id=seat_id, me=me.id)
    if found is None:
        raise NotYours
    _admit(found[0], Right.MEMBER)
    return found


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


def version_for(db: Session, me: Me, cohort_id: UUID, version_id: UUID) -> tuple[Within, PlanVersion]:
    """A version of the plan of a published cohort, for its tutors."""
    within = cohort_for(db, me, cohort_id, Right.TUTOR)
    kept = db.get(PlanVersion, version_id)
    if kept is None or kept.cohort_id != cohort_id:
        raise NotYours
    return within, kept


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


_TRIAD_BY_PRACTICE = Prepared(_BY_TRIAD.where(_seat.c.practice_id == bindparam("id")), _into(InTriad, _IN_TRIAD))


def own_triad_for(db: Session, me: Me, practice_id: UUID) -> InTriad:
    """The group that the asker sits in, in a session of theirs."""
    within = _triad(db, me, _TRIAD_BY_PRACTICE, practice_id)
    if within.seat is None:
        raise NotYours
    return within
