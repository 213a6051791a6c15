"""Saying how a session worked. Like a note or a choice it is nobody's deed: the audit has none of it."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from threefold.core import session_rating as rules
from threefold.core.refusal import Refusal
from threefold.ratings.record import opened_at, said_at, was_at
from threefold.store.tables import PracticeSession, SessionRating
from threefold.store.within import InTriad


def rate(db: Session, within: InTriad, answers: Mapping[str, str], *, now: datetime) -> Refusal | None:
    """Keep somebody's answers, or the answers that stand in their place. Sent twice, they are there once."""
    practice = within.practice
    # One after the other on two servers: the fifth answer opens the pattern, and a sixth comes too late for it.
    db.execute(select(PracticeSession.id).where(PracticeSession.id == practice.id).with_for_update())
    closed = rules.why_not(
        practice.ends_at,
        opened_at(practice.ends_at, said_at(db, practice.id)),
        now,
        cancelled=practice.cancelled_at is not None,
        was_there=within.seat is not None and was_at(db, within.seat.id),
    )
    if closed:
        return Refusal.because(closed)
    checked = rules.checked(answers)
    if isinstance(checked, Refusal):
        return checked
    kept = {code: answer.value for code, answer in checked.items()}
    row = db.get(SessionRating, (practice.id, within.membership.id))
    if row is None:
        db.add(SessionRating(practice_id=practice.id, membership_id=within.membership.id, answers=kept, at=now))
    elif row.answers != kept:
        row.answers, row.changed_at = kept, now
    return None
