"""What people do about a worry: tell it, open it, acknowledge it, note something, close it, name who reads.

The audit has none of it, so that nobody who may look there learns who is worried: a concern's own rows say who did
what and when, to its readers alone. Only who reads concerns is noted there.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from threefold.core.address import email_key
from threefold.core.concerns import MOST_WORDS
from threefold.core.identity import NewId
from threefold.core.refusal import Refusal
from threefold.store.deeds import record
from threefold.store.sessions import Me
from threefold.store.tables import Concern, ConcernLook, ConcernNote, ConcernReader, Person

NOBODY_READS = (
    "Nobody is named here to read this, so it can’t be sent. Please call, or speak to your safeguarding lead."
)


def send(
    db: Session, words: str, cohort_id: UUID | None, *, id: UUID, by: Me, now: datetime, new_id: NewId
) -> UUID | Refusal:
    """Put it before its readers; the concern's id. The same words twice are one concern (a double click)."""
    if not words:
        return Refusal.because("Write what worries you. A few words are enough.", "words")
    if len(words) > MOST_WORDS:
        return Refusal.because(f"Shorten this to {MOST_WORDS:,} characters. It has {len(words):,} now.", "words")
    if not _readers(db):
        return Refusal.because(NOBODY_READS)
    there = db.get(Concern, id)
    if there is not None and there.person_id == by.id and there.words == words:
        return id
    # Other words under an id that is taken: somebody went back and wrote more. Nothing is ever overwritten.
    id_ = id if there is None else new_id()
    db.add(Concern(id=id_, person_id=by.id, cohort_id=cohort_id, words=words, at=now))
    db.flush()
    return id_


def look(db: Session, concern: Concern, *, by: Me, now: datetime, new_id: NewId) -> None:
    """A reader opens a concern; each look is kept, and shown to every reader."""
    db.add(ConcernLook(id=new_id(), concern_id=concern.id, by=by.id, at=now))


def acknowledge(concern: Concern, *, by: Me, now: datetime) -> None:
    """A reader has read it and sees to it. Its author is shown so. The first to do it is the one who did."""
    if concern.acknowledged_at is None:
        concern.acknowledged_at, concern.acknowledged_by = now, by.id


def note(db: Session, concern: Concern, words: str, *, id: UUID, by: Me, now: datetime) -> Refusal | None:
    """Something for the readers alone. The same one twice (a double click) is one note."""
    if not words:
        return Refusal.because("Write what you’d like to note.", "words")
    if len(words) > MOST_WORDS:
        return Refusal.because(f"Shorten this to {MOST_WORDS:,} characters. It has {len(words):,} now.", "words")
    if db.get(ConcernNote, id) is None:
        db.add(ConcernNote(id=id, concern_id=concern.id, words=words, by=by.id, at=now))
    return None


def close(concern: Concern, *, by: Me, now: datetime) -> None:
    """Nothing more is to be done; whoever closes it has read it."""
    acknowledge(concern, by=by, now=now)
    if concern.closed_at is None:
        concern.closed_at, concern.closed_by = now, by.id


def name_reader(db: Session, email: str, *, by: Me | None, now: datetime, new_id: NewId) -> Refusal | None:
    """From now on this person reads concerns, by another reader's word or the command line's (nobody's).

    They must be known here: an address nobody has would be read by nobody.
    """
    person = db.scalar(select(Person).where(Person.email_key == email_key(email)))
    if person is None:
        return Refusal.because(
            "Nobody here has this address. They have to be known here first, as a tutor, say.", "email"
        )
    reader = db.get(ConcernReader, person.id)
    if reader is not None and reader.ended_at is None:
        return None
    if reader is None:
        reader = ConcernReader(person_id=person.id, since=now)
        db.add(reader)
    reader.since, reader.by, reader.ended_at = now, by.id if by else None, None
    record(db, id=new_id(), at=now, by=reader.by, verb="named a reader of concerns", person=person.id)
    return None


def end_reader(db: Session, person_id: UUID, *, by: Me | None, now: datetime, new_id: NewId) -> Refusal | None:
    """They no longer read concerns. The last one is let go by the command line only, which says what that means."""
    reader = db.get(ConcernReader, person_id)
    if reader is None or reader.ended_at is not None:
        return None
    if by is not None and _readers(db) == 1:
        return Refusal.because("Name somebody else first, so that there is always somebody who reads.")
    reader.ended_at = now
    record(db, id=new_id(), at=now, by=by.id if by else None, verb="ended a reader of concerns", person=person_id)
    return None


def _readers(db: Session) -> int:
    """How many people read concerns now."""
    return db.scalar(select(func.count()).select_from(ConcernReader).where(ConcernReader.ended_at.is_(None))) or 0
