"""Letters wait here: written whole, in the transaction of the change that causes them, and posted only once."""

from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, delete, insert, or_, select, update
from sqlalchemy.orm import Session

from threefold.store.prepared import PreparedChange
from threefold.store.tables import Letter, metadata

_letter = metadata.tables["letter"]
_MOVE = PreparedChange(
    update(_letter).where(
        _letter.c.once == bindparam("which"), _letter.c.sent_at.is_(None), _letter.c.lease_until.is_(None)
    )
)


@dataclass(frozen=True)
class About:
    """What an invitation, a change or a cancellation is about: its seat, its numbers, and what it shows.

    `method` is None for a letter without a part for calendars. An overview is about no one seat, and shows them all.
    """

    seat_id: UUID | None
    sequence: int | None
    method: str | None
    shows: dict[str, Any]


NOTHING = {"seat_id": None, "sequence": None, "method": None, "shows": None}  # most letters are about no seat


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
    about: About | None = None

    @property
    def row(self) -> dict[str, object]:
        """The columns it becomes."""
        own = {each.name: getattr(self, each.name) for each in fields(self) if each.name != "about"}
        return own | (asdict(self.about) if self.about else NOTHING)


def post(db: Session, letter: Written, now: datetime) -> bool:
    """Put a letter in the outbox; False when the same letter is there already, sent or not."""
    if db.scalar(select(Letter.id).where(Letter.once == letter.once)) is not None:
        return False
    post_all(db, (letter,), now)
    return True


def post_all(db: Session, letters: Iterable[Written], now: datetime) -> None:
    """Put many new letters in the outbox at once; one that is there already undoes the whole unit of work."""
    rows = [{**letter.row, "written_at": now, "tries": 0, "trouble": ""} for letter in letters]
    if rows:
        db.execute(insert(Letter), rows)


def move(db: Session, once: str, due_at: datetime) -> None:
    """Let a letter that waits leave at another moment; one that has left or is leaving stays as it was."""
    _MOVE.run(db, which=once, due_at=due_at)


def withdraw(db: Session, once: str) -> bool:
    """Take back a letter that has not left and is not leaving just now; False when it has."""
    taken = db.execute(
        delete(Letter)
        .where(Letter.once == once, Letter.sent_at.is_(None), Letter.lease_until.is_(None))
        .returning(Letter.id)
    ).all()
    return bool(taken)


OVERTAKEN = "overtaken: a later letter says what holds"


def overtake(db: Session, seats: Collection[UUID], now: datetime, *, letters: Collection[UUID] = ()) -> None:
    """Stop the letters about these seats, and these letters, that nobody has tried to send yet: they say what no
    longer holds.

    They stay as rows, since their numbers have been given out.
    """
    if seats or letters:
        db.execute(
            update(Letter)
            .where(
                or_(Letter.seat_id.in_(seats), Letter.id.in_(letters)),
                Letter.sent_at.is_(None),
                Letter.stopped_at.is_(None),
                Letter.lease_until.is_(None),
                Letter.tries == 0,
            )
            .values(stopped_at=now, trouble=OVERTAKEN, message=b"")
        )


def message_id(letter_id: UUID, domain: str) -> str:
    """The Message-ID of a letter: known before it is first sent, the same whenever it is sent again."""
    return f"<{letter_id.hex}@{domain}>"


def forget(db: Session, once: str) -> None:
    """Empty a letter that held a secret once the secret is of no more use; that it was written can still be seen."""
    db.execute(update(Letter).where(Letter.once == once).values(message=b"", subject=""))
