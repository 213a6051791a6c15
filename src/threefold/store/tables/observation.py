"""Observing live, and what is learnt about observing."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from threefold.store.tables.base import Table, key, to


class Observation(Table):
    """An observer's live page on one round: when its clock was started, and when they were done noting."""

    __tablename__ = "observation"
    triad_id: Mapped[UUID] = mapped_column(ForeignKey("triad.id"), primary_key=True)
    round: Mapped[int] = mapped_column(primary_key=True)
    author_id: Mapped[UUID] = mapped_column(ForeignKey("membership.id"), primary_key=True)
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class Note(Table):
    """Something noted live, under an id that the observer's own device made: the same one twice is one note.

    `seconds` into the round. `code`: the competency, or none for the round as a whole. `quoted`: the words are the
    counsellor's own. `edition` rises with each change on the device; an older one never replaces a newer one.
    """

    __tablename__ = "note"
    id: Mapped[UUID] = key()
    triad_id: Mapped[UUID] = to("triad.id", index=False)
    round: Mapped[int]
    author_id: Mapped[UUID] = to("membership.id", index=False)
    seconds: Mapped[int]
    code: Mapped[str | None] = mapped_column(String(32))
    effect: Mapped[str | None] = mapped_column(String(16))
    words: Mapped[str] = mapped_column(default="")
    quoted: Mapped[bool] = mapped_column(default=False)
    edition: Mapped[int] = mapped_column(default=1)
    noted_at: Mapped[datetime]
    received_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]
    __table_args__ = (
        Index("ix_note_round", "triad_id", "round", "author_id"),
        CheckConstraint("effect IN ('helped', 'in_the_way')", name="effect"),
    )


class VignetteRating(Table):
    """How somebody rated one competency of a written practice scene; they may try again, the last one is kept."""

    __tablename__ = "vignette_rating"
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    vignette: Mapped[str] = mapped_column(String(32), primary_key=True)
    code: Mapped[str] = mapped_column(String(32), primary_key=True)
    level: Mapped[int]
    at: Mapped[datetime]
    __table_args__ = (CheckConstraint("level BETWEEN 1 AND 4", name="level"),)


class Conversation(Table):
    """A tutor talked with somebody they had noticed, or noted something for the tutors alone."""

    __tablename__ = "conversation"
    id: Mapped[UUID] = key()
    cohort_id: Mapped[UUID] = to("cohort.id", index=False)
    membership_id: Mapped[UUID] = to("membership.id")
    about: Mapped[str] = mapped_column(String(16))
    words: Mapped[str] = mapped_column(default="")
    talked_at: Mapped[datetime | None]
    at: Mapped[datetime]
    by: Mapped[UUID] = to("person.id", index=False)
    __table_args__ = (CheckConstraint("about IN ('person', 'ratings')", name="about"),)


class Naming(Table):
    """Somebody agrees that their full name, not initials, stands beside their words in others' portfolios."""

    __tablename__ = "naming"
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    agreed_at: Mapped[datetime]
