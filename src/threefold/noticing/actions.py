"""What tutors do about what they notice: they talk with somebody, or write something down for themselves."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from threefold.core.identity import NewId
from threefold.core.refusal import Refusal
from threefold.store.deeds import record
from threefold.store.sessions import Me
from threefold.store.tables import Conversation

MOST_WORDS = 1000


def keep(
    db: Session,
    cohort: UUID,
    member: UUID,
    about: str,
    words: str,
    *,
    talked: bool,
    id: UUID,
    by: Me,
    now: datetime,
    new_id: NewId,
) -> Refusal | None:
    """Keep a note, or that a tutor and somebody talked; sending the same form twice keeps it once."""
    if db.get(Conversation, id) is not None:
        return None
    if not talked and not words:
        return Refusal.because("Write what you’d like to note.", f"words-{about}-{member}")
    db.add(
        Conversation(
            id=id,
            cohort_id=cohort,
            membership_id=member,
            about=about,
            words=words,
            talked_at=now if talked else None,
            at=now,
            by=by.id,
        )
    )
    # The audit says that a tutor noted something, not what about whom: who reads it there need not be a tutor.
    record(db, id=new_id(), at=now, by=by.id, verb="noted a conversation", cohort_id=cohort, conversation=id)
    return None
