"""Words on a round, and what is done with them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from threefold.store.tables.base import Table, key, to


class Piece(Table):
    """One person's words on one round. `author_id` is a membership; for a pair the tutor is the observer.

    kind: observer, client or self. `answers` is the form as sent: for an observer or the counsellor
    {"helped", "to_try"}, for a client {"did"}; ratings and the client's answers are rows of their own.
    `skipped_at`: the counsellor chose not to reflect.
    """

    __tablename__ = "piece"
    id: Mapped[UUID] = key()
    triad_id: Mapped[UUID] = to("triad.id", index=False)
    round: Mapped[int]
    author_id: Mapped[UUID] = to("membership.id")
    kind: Mapped[str] = mapped_column(String(16))
    words: Mapped[dict[str, Any]]
    sent_at: Mapped[datetime]
    changed_at: Mapped[datetime | None]
    skipped_at: Mapped[datetime | None]
    flagged: Mapped[int] = mapped_column(default=0)  # how many harm cues are ticked in it
    __table_args__ = (
        UniqueConstraint("triad_id", "round", "author_id"),
        CheckConstraint("kind IN ('observer', 'client', 'self')", name="kind"),
    )


class Rating(Table):
    """A level for one competency, or one of the client's four answers. No level: not seen, or rather not say."""

    __tablename__ = "rating"
    piece_id: Mapped[UUID] = mapped_column(ForeignKey("piece.id"), primary_key=True)
    code: Mapped[str] = mapped_column(String(32), primary_key=True)
    level: Mapped[int | None]
    moments: Mapped[list[Any]] = mapped_column(default=list)
    cues: Mapped[list[Any]] = mapped_column(default=list)
    what_was_said: Mapped[str] = mapped_column(default="")
    __table_args__ = (CheckConstraint("level BETWEEN 1 AND 4", name="level"),)


class PieceDraft(Table):
    """What somebody has typed and not yet sent; `version` rises with each save, so two tabs notice each other."""

    __tablename__ = "piece_draft"
    triad_id: Mapped[UUID] = mapped_column(ForeignKey("triad.id"), primary_key=True)
    round: Mapped[int] = mapped_column(primary_key=True)
    author_id: Mapped[UUID] = mapped_column(ForeignKey("membership.id"), primary_key=True)
    fields: Mapped[list[Any]]  # [[name, value], …] exactly as typed
    version: Mapped[int]
    saved_at: Mapped[datetime]


class Opening(Table):
    """The counsellor opened the words on a round. From then on they are changed by an addendum only."""

    __tablename__ = "opening"
    triad_id: Mapped[UUID] = mapped_column(ForeignKey("triad.id"), primary_key=True)
    round: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    by: Mapped[UUID]


class Clearance(Table):
    """A tutor has read a round in which something got in the way; its words need not wait any longer."""

    __tablename__ = "clearance"
    triad_id: Mapped[UUID] = mapped_column(ForeignKey("triad.id"), primary_key=True)
    round: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    by: Mapped[UUID]


class Addendum(Table):
    """Words added to a piece after it was opened."""

    __tablename__ = "addendum"
    id: Mapped[UUID] = key()
    piece_id: Mapped[UUID] = to("piece.id")
    words: Mapped[str]
    at: Mapped[datetime]


class Answer(Table):
    """The counsellor's one answer to a piece: thanks, a question, or a private note to the tutors."""

    __tablename__ = "answer"
    piece_id: Mapped[UUID] = mapped_column(ForeignKey("piece.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    words: Mapped[str] = mapped_column(default="")
    at: Mapped[datetime]
    __table_args__ = (CheckConstraint("kind IN ('thanks', 'question', 'unease')", name="kind"),)


class Focus(Table):
    """The one thing a trainee takes into the next session; their next observer reads it before the round.

    `code`: the competency it belongs to, which is then looked for in that round.
    """

    __tablename__ = "focus"
    triad_id: Mapped[UUID] = mapped_column(ForeignKey("triad.id"), primary_key=True)
    round: Mapped[int] = mapped_column(primary_key=True)
    membership_id: Mapped[UUID] = to("membership.id")
    words: Mapped[str]
    at: Mapped[datetime]
    code: Mapped[str | None] = mapped_column(String(32))


class PieceBefore(Table):
    """What a piece said before its author changed it; nothing that was sent is ever lost. `ratings` as JSON."""

    __tablename__ = "piece_before"
    piece_id: Mapped[UUID] = mapped_column(ForeignKey("piece.id"), primary_key=True)
    until: Mapped[datetime] = mapped_column(primary_key=True)
    words: Mapped[dict[str, Any]]
    ratings: Mapped[list[Any]]


class Nudge(Table):
    """A tutor asked somebody for a piece that had not come in."""

    __tablename__ = "nudge"
    id: Mapped[UUID] = key()
    triad_id: Mapped[UUID] = to("triad.id", index=False)
    round: Mapped[int]
    author_id: Mapped[UUID] = to("membership.id")
    at: Mapped[datetime]
    by: Mapped[UUID] = to("person.id", index=False)
    __table_args__ = (Index("ix_nudge_piece", "triad_id", "round", "author_id", "at"),)
