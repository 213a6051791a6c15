"""A place that changes hands: for whoever has it, had it, or is asked to take it."""

from uuid import UUID

from sqlalchemy import and_, bindparam, or_, select
from sqlalchemy.orm import Session

from threefold.store.prepared import Prepared
from threefold.store.rows import SwapRow, columns, split
from threefold.store.sessions import Me
from threefold.store.tables import metadata
from threefold.store.within import AtPractice, NotYours
from threefold.web.access.rights import AT_PRACTICE, MINE, Right, admit, into

_cohort, _membership, _practice, _seat, _swap_request = (
    metadata.tables[name] for name in ("cohort", "membership", "practice_session", "seat", "swap_request")
)
_gone = _seat.alias()
_SWAP_BY_ID = Prepared(
    select(_seat.c.membership_id, *columns(*AT_PRACTICE, SwapRow))
    .select_from(_swap_request)
    .join(_seat, _seat.c.id == _swap_request.c.seat_id)
    .join(_practice, _practice.c.id == _seat.c.practice_id)
    .join(_cohort, _cohort.c.id == _practice.c.cohort_id)
    .join(_membership, or_(_membership.c.id == _seat.c.membership_id, _membership.c.id == _swap_request.c.asked_id))
    .where(_swap_request.c.id == bindparam("id"), *MINE),
    lambda asker, *cells: (*_asked_in(*cells), asker),
)
_OWN_SEAT_BY_ID = Prepared(
    select(_seat.c.id, *columns(*AT_PRACTICE))
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
    .where(_gone.c.id == bindparam("id"), *MINE),
    lambda seat, *cells: (into(AtPractice, AT_PRACTICE)(*cells), seat),
)


def _asked_in(*cells: object) -> tuple[AtPractice, SwapRow]:
    *practice, asked = split(*AT_PRACTICE, SwapRow)(*cells)
    return AtPractice(*practice), asked


def swap_for(db: Session, me: Me, swap_id: UUID) -> tuple[AtPractice, SwapRow, UUID]:
    """A request to take a place, and the membership that asks: for whoever asked and whoever is asked, nobody else."""
    found = _SWAP_BY_ID.one(db, id=swap_id, me=me.id)
    if found is None:
        raise NotYours
    admit(found[0], Right.TRAINEE)
    return found


def own_seat_for(db: Session, me: Me, seat_id: UUID) -> tuple[AtPractice, UUID | None]:
    """The session that a seat of the asker's is or was in, and the seat they hold there now; None where they hold none.

    Letters name the seat that somebody had when they were written: it may have been given up, or taken again, since.
    """
    found = _OWN_SEAT_BY_ID.one(db, id=seat_id, me=me.id)
    if found is None:
        raise NotYours
    admit(found[0], Right.MEMBER)
    return found
