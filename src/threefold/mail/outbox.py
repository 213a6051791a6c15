"""Letters wait here: written whole, in the transaction of the change that causes them, and posted only once."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from threefold.store.tables import Letter


@dataclass(frozen=True)
class Written:
    """A finished letter, rendered and checked before any transaction begins.

    `once`: what makes it unique, such as "invitation:<uid>:<sequence>". `lane`: letters of one lane leave one after
    the other in the order of their ids. `expires_at`: after which it would be of no use and is not sent.
    """

    id: UUID
    once: str
    lane: str
    kind: str
    person_id: UUID
    cohort_id: UUID | None
    recipient: str
    subject: str
    message: bytes
    message_id: str
    due_at: datetime
    expires_at: datetime | None = None


def post(db: Session, letter: Written, now: datetime) -> bool:
    """Put a letter in the outbox; False when the same letter is there already, sent or not."""
    if db.scalar(select(Letter.id).where(Letter.once == letter.once)) is not None:
        return False
    db.add(
        Letter(
            id=letter.id,
            once=letter.once,
            lane=letter.lane,
            kind=letter.kind,
            person_id=letter.person_id,
            cohort_id=letter.cohort_id,
            recipient=letter.recipient,
            subject=letter.subject,
            message=letter.message,
            message_id=letter.message_id,
            written_at=now,
            due_at=letter.due_at,
            expires_at=letter.expires_at,
            tries=0,
            trouble="",
        )
    )
    return True


def withdraw(db: Session, once: str) -> bool:
    """Take back a letter that has not left and is not leaving just now; False when it has."""
    taken = db.execute(
        delete(Letter).where(Letter.once == once, Letter.sent_at.is_(None), Letter.lease_until.is_(None)).returning(Letter.id)
    ).all()
    return bool(taken)


def message_id(letter_id: UUID, domain: str) -> str:
    """The Message-ID of a letter: known before it is first sent, the same whenever it is sent again."""
    return f"<{letter_id.hex}@{domain}>"
