"""What people have to be reminded of now, read from the state of things and never from a list made beforehand.

A session that moved, a piece that came in, somebody who can't come: then there is nothing to send. A letter's name in
the outbox (`once`) keeps it from being written twice, however many look at the same time. Since this is asked each
minute, whoever has their letter, or rather has none, is left out before a term or a round is read for anybody.
"""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import and_, exists, or_, select
from sqlalchemy.orm import Session

from threefold.reminding.booking import about_extra_practice
from threefold.reminding.concerns import about_concerns
from threefold.reminding.digests import for_tutors, weekly
from threefold.reminding.feedback import about_feedback
from threefold.reminding.sessions import about_who_is_away, before_sessions
from threefold.reminding.swaps import about_swaps
from threefold.reminding.wanted import Wanted, not_now, written
from threefold.store.tables import Cohort, Letter, Membership, Person, PracticeSession, Seat, Withdrawal

__all__ = ["Wanted", "due", "invited_by_and_by"]


def due(db: Session, now: datetime) -> list[Wanted]:
    """Every letter that is due now and has not been written."""
    found = [
        *about_who_is_away(db, now),
        *about_swaps(db, now),
        *before_sessions(db, now),
        *about_feedback(db, now),
        *for_tutors(db, now),
        *weekly(db, now),
        *about_concerns(db, now),
        *about_extra_practice(db, now),
    ]
    there = written(db, (each.once for each in found))
    others = {kind: not_now(db, kind) for kind in {each.kind for each in found}}
    return [each for each in found if each.once not in there and each.reader.person_id not in others[each.kind]]


def invited_by_and_by(db: Session, now: datetime) -> list[UUID]:
    """Cohorts that invite some days ahead and have a session so near that somebody has not been invited to."""
    chosen = select(Cohort.invites_ahead).where(
        Cohort.published_at.is_not(None), Cohort.archived_at.is_(None), Cohort.invites_ahead.is_not(None)
    )
    near = [
        and_(Cohort.invites_ahead == days, PracticeSession.starts_at <= now + timedelta(days=days))
        for days in db.scalars(chosen.distinct())
        if days is not None
    ]
    if not near:
        return []
    rows = db.scalars(
        select(Cohort.id)
        .join(PracticeSession, PracticeSession.cohort_id == Cohort.id)
        .join(Seat, and_(Seat.practice_id == PracticeSession.id, Seat.given_up_at.is_(None)))
        .join(Membership, Membership.id == Seat.membership_id)
        .join(Person, Person.id == Membership.person_id)
        .where(
            Cohort.published_at.is_not(None),
            Cohort.archived_at.is_(None),
            or_(*near),
            PracticeSession.starts_at > now,
            PracticeSession.cancelled_at.is_(None),
            Person.takes_feed_since.is_(None),
            ~exists().where(Letter.seat_id == Seat.id, Letter.method.is_not(None)),
            ~exists().where(Withdrawal.seat_id == Seat.id, Withdrawal.taken_back_at.is_(None)),
        )
        .distinct()
    )
    return list(rows)
