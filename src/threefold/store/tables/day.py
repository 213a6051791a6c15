"""The day itself: what really happened, the shared clock, who asked for the tutor, how the session worked."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from threefold.store.tables.base import Table, key, to, unique_where


class Happening(Table):
    """Something that was so from one moment to another. Rows are added and never changed: a correction names the
    row that it stands in for, with who made it, when and why.

    kind "here": `membership_id` was there. "role": they were `value` in `round` of `triad_id`. "mode": `value` is
    room or online, for one person, or for everybody where `membership_id` is None. "tutor": the tutor
    `membership_id` was continuous, circulating, on_call or none (`value`), with `triad_id` or with all.
    `until_at` is None while it goes on; `from_at` = `until_at` says that it was not so at all.
    """

    __tablename__ = "happening"
    id: Mapped[UUID] = key()
    practice_id: Mapped[UUID] = to("practice_session.id", index=False)
    kind: Mapped[str] = mapped_column(String(8))
    membership_id: Mapped[UUID | None] = to("membership.id")
    triad_id: Mapped[UUID | None] = to("triad.id", index=False)
    round: Mapped[int | None]
    value: Mapped[str] = mapped_column(String(16), default="")
    from_at: Mapped[datetime]
    until_at: Mapped[datetime | None]
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[UUID | None]
    how: Mapped[str] = mapped_column(String(16))
    why: Mapped[str] = mapped_column(default="")
    replaces: Mapped[UUID | None] = mapped_column(ForeignKey("happening.id"), unique=True)
    __table_args__ = (
        CheckConstraint("kind IN ('here', 'role', 'mode', 'tutor')", name="kind"),
        CheckConstraint("how IN ('tap', 'pin', 'code', 'tutor', 'clock', 'correction')", name="how"),
        CheckConstraint("until_at IS NULL OR until_at >= from_at", name="interval"),
        Index("ix_happening_practice", "practice_id", "kind"),
    )


class PinTry(Table):
    """Somebody typed a wrong PIN for a session; so many, and that person's typing has to wait."""

    __tablename__ = "pin_try"
    id: Mapped[UUID] = key()
    practice_id: Mapped[UUID] = to("practice_session.id", index=False)
    person_id: Mapped[UUID] = to("person.id", index=False)
    at: Mapped[datetime]
    __table_args__ = (Index("ix_pin_try_person", "practice_id", "person_id", "at"),)


class ClockPress(Table):
    """Somebody pressed something on the session's clock, for everybody or for one group (`triad_id`).

    What the clock shows follows from these and from the planned phases (`core.clock`). `id` is made by the device, so
    a press that arrives twice is one. `seconds`: by how much, for an extension.
    """

    __tablename__ = "clock_press"
    id: Mapped[UUID] = key()
    practice_id: Mapped[UUID] = to("practice_session.id", index=False)
    triad_id: Mapped[UUID | None] = to("triad.id", index=False)
    what: Mapped[str] = mapped_column(String(16))
    seconds: Mapped[int] = mapped_column(default=0)
    at: Mapped[datetime]
    by: Mapped[UUID] = to("person.id", index=False)
    __table_args__ = (
        CheckConstraint("what IN ('start', 'pause', 'resume', 'extend', 'next', 'back', 'stop')", name="what"),
        Index("ix_clock_press_practice", "practice_id", "at"),
    )


class PleaseCome(Table):
    """A group asked the tutor to look in. Nothing says why."""

    __tablename__ = "please_come"
    id: Mapped[UUID] = key()
    triad_id: Mapped[UUID] = to("triad.id")
    membership_id: Mapped[UUID] = to("membership.id", index=False)
    at: Mapped[datetime]
    coming_at: Mapped[datetime | None]
    coming_by: Mapped[UUID | None]
    taken_back_at: Mapped[datetime | None]
    __table_args__ = (
        # a group asks once, whoever of it taps
        unique_where("coming_at IS NULL AND taken_back_at IS NULL", "uq_please_come_open", "triad_id"),
    )


class SessionRating(Table):
    """How a session worked for somebody, apart from feedback on a person: [[question, answer], …] by code."""

    __tablename__ = "session_rating"
    practice_id: Mapped[UUID] = mapped_column(ForeignKey("practice_session.id"), primary_key=True)
    membership_id: Mapped[UUID] = mapped_column(ForeignKey("membership.id"), primary_key=True)
    answers: Mapped[dict[str, Any]]
    at: Mapped[datetime]
    changed_at: Mapped[datetime | None]
