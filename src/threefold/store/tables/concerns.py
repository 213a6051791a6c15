"""Concerns: read by their own readers alone, never part of feedback or an export."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from threefold.store.tables.base import Table, key, to


class ConcernReader(Table):
    """Who reads concerns in this centre, since when and by whose word."""

    __tablename__ = "concern_reader"
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    since: Mapped[datetime]
    by: Mapped[UUID | None]
    ended_at: Mapped[datetime | None]


class Concern(Table):
    """Somebody is worried about someone. `words` are read by the readers alone, each look kept in `concern_look`."""

    __tablename__ = "concern"
    id: Mapped[UUID] = key()
    person_id: Mapped[UUID] = to("person.id")
    cohort_id: Mapped[UUID | None] = to("cohort.id", index=False)
    words: Mapped[str]
    at: Mapped[datetime]
    acknowledged_at: Mapped[datetime | None]
    acknowledged_by: Mapped[UUID | None]
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[UUID | None]


class ConcernLook(Table):
    """A reader opened a concern."""

    __tablename__ = "concern_look"
    id: Mapped[UUID] = key()
    concern_id: Mapped[UUID] = to("concern.id")
    by: Mapped[UUID] = to("person.id", index=False)
    at: Mapped[datetime]


class ConcernNote(Table):
    """What a reader wrote down about a concern, for the readers alone."""

    __tablename__ = "concern_note"
    id: Mapped[UUID] = key()
    concern_id: Mapped[UUID] = to("concern.id")
    words: Mapped[str]
    by: Mapped[UUID] = to("person.id", index=False)
    at: Mapped[datetime]
