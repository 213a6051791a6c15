"""Letters, and what was done."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from threefold.store.tables.base import Table, index_where, key, to


class Letter(Table):
    """A letter exactly as it will leave. Rows are written in the transaction of the change that causes them.

    `once`: what makes it unique (kind, uid, person, sequence, due), so that nothing is ever posted twice.
    `lane`: letters of one lane leave in the order of their ids, the next only after the one before.
    `trouble`: why it has not left ("", "later: 451 …", "stopped: 550 …"), without addresses or words.
    """

    __tablename__ = "letter"
    id: Mapped[UUID] = key()
    once: Mapped[str] = mapped_column(unique=True)
    lane: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(32))
    person_id: Mapped[UUID] = to("person.id")
    cohort_id: Mapped[UUID | None] = to("cohort.id")
    recipient: Mapped[str]
    subject: Mapped[str]
    message: Mapped[bytes]
    message_id: Mapped[str] = mapped_column(unique=True)
    written_at: Mapped[datetime]
    due_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]  # a sign-in code is of no use an hour later
    tries: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None]
    leased_by: Mapped[str | None]
    sent_at: Mapped[datetime | None]
    stopped_at: Mapped[datetime | None]  # will not be tried again by itself
    trouble: Mapped[str] = mapped_column(default="")
    # An invitation's own numbers; what it shows is kept so that the next one can say "was … now …".
    seat_id: Mapped[UUID | None] = to("seat.id")
    sequence: Mapped[int | None]
    method: Mapped[str | None] = mapped_column(String(8))
    shows: Mapped[dict[str, Any] | None]
    __table_args__ = (
        index_where("sent_at IS NULL AND stopped_at IS NULL", "ix_letter_waiting", "due_at"),
        Index("ix_letter_lane", "lane", "id"),
    )


class Deed(Table):
    """The audit: who did what to which row and when; ids only, never a word of what anybody wrote."""

    __tablename__ = "deed"
    id: Mapped[UUID] = key()
    at: Mapped[datetime]
    by: Mapped[UUID | None]
    cohort_id: Mapped[UUID | None]
    verb: Mapped[str] = mapped_column(String(48))
    subject: Mapped[dict[str, Any]]
    __table_args__ = (Index("ix_deed_cohort", "cohort_id", "at"),)
