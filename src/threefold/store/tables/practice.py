"""Who sits where, and as what, in a practice session; what they and their calendars said about it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from threefold.store.tables.base import Table, index_where, key, to, unique_where


class Triad(Table):
    """Three people (or four, or two with a tutor) in one practice session."""

    __tablename__ = "triad"
    id: Mapped[UUID] = key()
    practice_id: Mapped[UUID] = to("practice_session.id", index=False)
    number: Mapped[int]
    room: Mapped[str] = mapped_column(default="")
    tutor_id: Mapped[UUID | None] = to("membership.id")  # observes a pair
    places: Mapped[int | None]  # how many may join it; None: it was planned
    __table_args__ = (UniqueConstraint("practice_id", "number"),)


class Seat(Table):
    """A person's place in a practice session, with the invitation that goes with it for as long as they hold it."""

    __tablename__ = "seat"
    id: Mapped[UUID] = key()
    practice_id: Mapped[UUID] = to("practice_session.id", index=False)
    triad_id: Mapped[UUID] = to("triad.id", index=False)
    membership_id: Mapped[UUID] = to("membership.id")
    position: Mapped[int]  # order of taking the counsellor's place
    taken_at: Mapped[datetime]
    given_up_at: Mapped[datetime | None]
    uid: Mapped[str] = mapped_column(unique=True)
    sequence: Mapped[int] = mapped_column(default=0)
    invited_at: Mapped[datetime | None]  # when an invitation was last written (DTSTAMP)
    __table_args__ = (
        # who sits in a triad is read from this alone
        Index("ix_seat_triad_id", "triad_id", "given_up_at", "membership_id"),
        # two people never have the same place in a group
        unique_where("given_up_at IS NULL", "uq_seat_position", "triad_id", "position"),
        unique_where("given_up_at IS NULL", "uq_seat_held", "practice_id", "membership_id"),
    )


class Turn(Table):
    """What one seat is in one round (1, 2, …)."""

    __tablename__ = "turn"
    triad_id: Mapped[UUID] = mapped_column(ForeignKey("triad.id"), primary_key=True)
    round: Mapped[int] = mapped_column(primary_key=True)
    seat_id: Mapped[UUID] = mapped_column(ForeignKey("seat.id"), primary_key=True)
    role: Mapped[str] = mapped_column(String(16))
    __table_args__ = (
        CheckConstraint("role IN ('counsellor', 'client', 'observer')", name="role"),
        Index("ix_turn_seat_id", "seat_id", "round", "role"),  # what somebody is, without their triad's other turns
        unique_where("role = 'counsellor'", "uq_turn_one_counsellor", "triad_id", "round"),
        unique_where("role = 'client'", "uq_turn_one_client", "triad_id", "round"),
    )


class Reply(Table):
    """What a calendar sent back for a seat. `answer` is core.reply.Answer; a "no" counts once it is confirmed, or
    when it has waited as long as the cohort lets it. `said_at` is the reply's own moment: the latest one holds.
    """

    __tablename__ = "reply"
    id: Mapped[UUID] = key()
    seat_id: Mapped[UUID] = to("seat.id")
    answer: Mapped[str] = mapped_column(String(16))
    said_at: Mapped[datetime]
    sequence: Mapped[int]
    proposes_start: Mapped[datetime | None]
    proposes_end: Mapped[datetime | None]
    received_at: Mapped[datetime]
    digest: Mapped[bytes] = mapped_column(unique=True)  # of the message: the same one twice is one reply
    settled_at: Mapped[datetime | None]  # confirmed, taken back, overtaken, or (a proposal) answered
    settled_as: Mapped[str | None] = mapped_column(String(16))
    __table_args__ = (
        CheckConstraint("answer IN ('accepted', 'declined', 'tentative', 'counter')", name="answer"),
        CheckConstraint("settled_as IN ('confirmed', 'coming', 'by_time', 'overtaken', 'kept')", name="settled_as"),
    )


class Withdrawal(Table):
    """Somebody can't make it: said by whom and when. There is no column for a reason, on purpose."""

    __tablename__ = "withdrawal"
    seat_id: Mapped[UUID] = mapped_column(ForeignKey("seat.id"), primary_key=True)
    at: Mapped[datetime]
    by: Mapped[UUID]
    taken_back_at: Mapped[datetime | None]


class SwapRequest(Table):
    """Somebody asks somebody else to take their seat, giving `in_return_id` for it (None: nothing).

    `words` is a line to the person asked, theirs alone. The seat stays the asker's until it is accepted.
    """

    __tablename__ = "swap_request"
    id: Mapped[UUID] = key()
    seat_id: Mapped[UUID] = to("seat.id", index=False)
    asked_id: Mapped[UUID] = to("membership.id")
    in_return_id: Mapped[UUID | None] = to("seat.id", index=False)
    words: Mapped[str] = mapped_column(default="")
    asked_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    settled_as: Mapped[str | None] = mapped_column(String(16))
    __table_args__ = (
        CheckConstraint(
            "settled_as IN ('accepted', 'declined', 'expired', 'taken_back', 'overtaken')", name="settled_as"
        ),
        # one open request a seat: two tabs ask once
        unique_where("settled_at IS NULL", "uq_swap_request_open", "seat_id"),
        index_where("settled_at IS NULL", "ix_swap_request_waiting", "expires_at"),
        index_where("settled_at IS NULL", "ix_swap_request_in_return", "in_return_id"),
    )


class Standby(Table):
    """Somebody without a place in a session would step in at short notice."""

    __tablename__ = "standby"
    practice_id: Mapped[UUID] = mapped_column(ForeignKey("practice_session.id"), primary_key=True)
    membership_id: Mapped[UUID] = mapped_column(ForeignKey("membership.id"), primary_key=True)
    since: Mapped[datetime]
    ended_at: Mapped[datetime | None]
