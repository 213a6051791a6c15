"""Who of these people has another session at a certain time, in any cohort: nobody is in two places at once."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from threefold.core.meeting import When
from threefold.core.names import first_name
from threefold.store.tables import Membership, Person, PracticeSession, Seat, Withdrawal


def busy_then(
    db: Session, members: Sequence[UUID], whens: Collection[When], *, leave_out: Collection[UUID]
) -> list[str]:
    """Their first names, each once; which session it is stays unsaid, since it may be another group's.

    `leave_out` are the sessions that are about to be at these times themselves.
    """
    if not whens or not members:
        return []
    theirs = aliased(Membership)
    rows = db.execute(
        select(Person.name, PracticeSession.starts_at, PracticeSession.ends_at)
        .select_from(Membership)
        .join(Person, Person.id == Membership.person_id)
        .join(theirs, theirs.person_id == Person.id)
        .join(Seat, Seat.membership_id == theirs.id)
        .join(PracticeSession, PracticeSession.id == Seat.practice_id)
        .outerjoin(Withdrawal, (Withdrawal.seat_id == Seat.id) & Withdrawal.taken_back_at.is_(None))
        .where(
            Membership.id.in_(members),
            theirs.left_at.is_(None),
            Seat.given_up_at.is_(None),
            Withdrawal.seat_id.is_(None),
            PracticeSession.cancelled_at.is_(None),
            PracticeSession.id.not_in(list(leave_out)),
            PracticeSession.ends_at > min(when.starts_at for when in whens),
            PracticeSession.starts_at < max(when.ends_at for when in whens),
        )
        .order_by(Person.name)
    ).all()
    return list(
        dict.fromkeys(
            first_name(row.name)
            for row in rows
            if any(row.starts_at < when.ends_at and row.ends_at > when.starts_at for when in whens)
        )
    )
