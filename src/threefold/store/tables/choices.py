"""Choices that nobody has to explain."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from threefold.store.tables.base import Table, key, to


class Preference(Table):
    """How somebody would rather practise, for one date or the term: from a brief as client, or not as client at all.

    There is no column for a reason, on purpose.
    """

    __tablename__ = "preference"
    id: Mapped[UUID] = key()
    membership_id: Mapped[UUID] = to("membership.id")
    kind: Mapped[str] = mapped_column(String(16))
    practice_id: Mapped[UUID | None] = to("practice_session.id", index=False)
    since: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    __table_args__ = (CheckConstraint("kind IN ('brief', 'not_client')", name="kind"),)


class BriefTaken(Table):
    """Which brief somebody took for one date, after the first that they were offered; the last one they took holds."""

    __tablename__ = "brief_taken"
    membership_id: Mapped[UUID] = mapped_column(ForeignKey("membership.id"), primary_key=True)
    practice_id: Mapped[UUID] = mapped_column(ForeignKey("practice_session.id"), primary_key=True)
    code: Mapped[str] = mapped_column(String(32))
    at: Mapped[datetime]


class ApartRequest(Table):
    """Somebody asked not to be placed with somebody else. There is no column for a reason, on purpose."""

    __tablename__ = "apart_request"
    id: Mapped[UUID] = key()
    membership_id: Mapped[UUID] = to("membership.id")
    other_id: Mapped[UUID] = to("membership.id", index=False)
    asked_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    settled_by: Mapped[UUID | None]
    settled_as: Mapped[str | None] = mapped_column(String(16))
    __table_args__ = (CheckConstraint("settled_as IN ('kept_apart', 'left', 'taken_back')", name="settled_as"),)
