"""Letters that came back."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from threefold.core.address import email_key
from threefold.core.identity import NewId
from threefold.store.deeds import changed, record
from threefold.store.tables import Letter, Membership, Person


def came_back(db: Session, letter: UUID | str, address: str, status: str, *, now: datetime, new_id: NewId) -> bool:
    """An address takes no letters: it is marked, and what waits for it is stopped. False where this is not known.

    Known by the letter itself (its id, or its Message-ID, which only they were told to whom it went), and only while
    the address it went to is still theirs: one that was corrected since is not blamed for the old one.
    """
    which = Letter.id == letter if isinstance(letter, UUID) else Letter.message_id == letter
    sent = db.execute(
        select(Letter.recipient, Person).join(Person, Person.id == Letter.person_id).where(which)
    ).one_or_none()
    if sent is None or not email_key(sent.recipient) == email_key(address) == sent.Person.email_key:
        return False
    person = sent.Person
    db.execute(
        update(Letter)
        .where(
            Letter.person_id == person.id,
            Letter.recipient == sent.recipient,
            Letter.sent_at.is_(None),
            Letter.stopped_at.is_(None),
            Letter.lease_until.is_(None),
        )
        .values(stopped_at=now, trouble=f"stopped: {status or '5.0.0'}: a letter to this address came back")
    )
    if person.unreachable_since is None:
        person.unreachable_since = now
        theirs = select(Membership.cohort_id).where(Membership.person_id == person.id, Membership.left_at.is_(None))
        for cohort_id in db.scalars(theirs.order_by(Membership.cohort_id)).all():
            changed(db, cohort_id)
        record(db, id=new_id(), at=now, by=None, verb="letter came back", person=person.id)
    return True
