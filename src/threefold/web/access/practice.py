"""A practice session, a triad in it, a seat there, and a round."""

from uuid import UUID

from sqlalchemy import and_, bindparam, or_, select
from sqlalchemy.orm import Session

from threefold.store.prepared import Prepared
from threefold.store.rows import SeatRow, TriadRow, columns
from threefold.store.sessions import Me
from threefold.store.tables import Piece, metadata
from threefold.store.within import AtPractice, InRound, InTriad, NotYours
from threefold.web.access.rights import AT_PRACTICE, MINE, Right, admit, into

MOST_ROUNDS = 99  # no session has so many; a larger number in an address is a made-up one

# Prepared: these run with nearly every request.
_cohort, _membership, _practice, _triad, _seat, _turn = (
    metadata.tables[name] for name in ("cohort", "membership", "practice_session", "triad", "seat", "turn")
)
_IN_TRIAD = (*AT_PRACTICE, TriadRow, SeatRow)
_PRACTICE_BY_ID = Prepared(
    select(*columns(*AT_PRACTICE))
    .select_from(_practice)
    .join(_cohort, _cohort.c.id == _practice.c.cohort_id)
    .join(_membership, _membership.c.cohort_id == _cohort.c.id)
    .where(_practice.c.id == bindparam("id"), *MINE),
    into(AtPractice, AT_PRACTICE),
)
_BY_TRIAD = (
    select(*columns(*_IN_TRIAD))
    .select_from(_triad)
    .join(_practice, _practice.c.id == _triad.c.practice_id)
    .join(_cohort, _cohort.c.id == _practice.c.cohort_id)
    .join(_membership, _membership.c.cohort_id == _cohort.c.id)
    .outerjoin(
        _seat,
        and_(
            _seat.c.triad_id == _triad.c.id,
            _seat.c.membership_id == _membership.c.id,
            # Whoever moved to another group on the day still has the rounds they sat in here.
            or_(_seat.c.given_up_at.is_(None), _seat.c.given_up_at > _practice.c.starts_at),
        ),
    )
    .where(*MINE)
    .order_by(_seat.c.given_up_at.is_not(None))
)
_TRIAD_BY_ID = Prepared(_BY_TRIAD.where(_triad.c.id == bindparam("id")), into(InTriad, _IN_TRIAD))
_TRIAD_BY_SEAT = Prepared(
    _BY_TRIAD.where(_seat.c.id == bindparam("id"), _seat.c.given_up_at.is_(None)), into(InTriad, _IN_TRIAD)
)
_TRIAD_BY_PRACTICE = Prepared(_BY_TRIAD.where(_seat.c.practice_id == bindparam("id")), into(InTriad, _IN_TRIAD))
_ROLES = Prepared(
    select(_seat.c.membership_id, _turn.c.role)
    .select_from(_turn)
    .join(_seat, _seat.c.id == _turn.c.seat_id)
    .where(_turn.c.triad_id == bindparam("triad"), _turn.c.round == bindparam("round")),
    lambda member, role: (member, role),
)


def practice_for(db: Session, me: Me, practice_id: UUID, right: Right = Right.MEMBER) -> AtPractice:
    """A practice session of a published cohort; tutors reach those of an unpublished one too."""
    at = _PRACTICE_BY_ID.one(db, id=practice_id, me=me.id)
    if at is None:
        raise NotYours
    admit(at, right)
    return at


def triad_for(db: Session, me: Me, triad_id: UUID) -> InTriad:
    """A triad for those who sit in it and for the cohort's tutors; nobody else sees who is in it."""
    return _let_into(db, me, _TRIAD_BY_ID, triad_id)


def seat_for(db: Session, me: Me, seat_id: UUID) -> InTriad:
    """The triad in which the asker holds this very seat."""
    within = _let_into(db, me, _TRIAD_BY_SEAT, seat_id)
    if within.seat is None:
        raise NotYours
    return within


def own_triad_for(db: Session, me: Me, practice_id: UUID) -> InTriad:
    """The group that the asker sits in, in a session of theirs."""
    within = _let_into(db, me, _TRIAD_BY_PRACTICE, practice_id)
    if within.seat is None:
        raise NotYours
    return within


def _let_into(db: Session, me: Me, statement: Prepared[InTriad], id: UUID) -> InTriad:
    within = next(iter(statement.all(db, id=id, me=me.id)), None)
    if within is None or (within.seat is None and not within.is_tutor):
        raise NotYours
    admit(within, Right.MEMBER)
    return within


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
