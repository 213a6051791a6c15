"""Extra practice: what a tutor opens, what people offer for it, and who waits for a place."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from threefold.store.tables.base import Table, key, to, unique_where


class PracticeWindow(Table):
    """Extra practice that a tutor opened, or keeps as a draft (`opened_at` is None).

    `way`: "joined" has times that people start and join triads at; "matched" takes people's times until `closes_at`
    and then forms triads. `times`: local starts as ISO text, on the wall clock of the cohort's zone. `rooms`:
    [{"name", "people", "access": […]}, …]. `shape` as `practice_session.shape`. Its sessions are rows of
    `practice_session` that name it.
    """

    __tablename__ = "practice_window"
    id: Mapped[UUID] = key()
    cohort_id: Mapped[UUID] = to("cohort.id")
    way: Mapped[str] = mapped_column(String(16))
    first_day: Mapped[date]
    last_day: Mapped[date]
    times: Mapped[list[Any]]
    minutes: Mapped[int]
    shape: Mapped[list[Any]]
    mode: Mapped[str] = mapped_column(String(16))
    place: Mapped[str] = mapped_column(default="")
    link: Mapped[str] = mapped_column(default="")  # one address, or a pattern with {room} in it
    rooms: Mapped[list[Any]] = mapped_column(default=list)
    at_once: Mapped[int] = mapped_column(default=1)  # triads at the same time
    most_each: Mapped[int] = mapped_column(default=1)  # how many times one person may book in a week
    if_two: Mapped[str] = mapped_column(String(16), default="go_ahead")
    steps_out_until: Mapped[int] = mapped_column(default=2)  # hours before the start
    closes_at: Mapped[datetime | None]
    opened_at: Mapped[datetime | None]
    opened_by: Mapped[UUID | None]
    drawn_at: Mapped[datetime | None]  # when its triads were formed
    called_off_at: Mapped[datetime | None]
    called_off_by: Mapped[UUID | None]
    made_at: Mapped[datetime]
    made_by: Mapped[UUID] = to("person.id", index=False)
    __table_args__ = (
        CheckConstraint("way IN ('joined', 'matched')", name="way"),
        CheckConstraint("mode IN ('room', 'online')", name="mode"),
        CheckConstraint("if_two IN ('go_ahead', 'call_off')", name="if_two"),
    )


class WindowOffer(Table):
    """What somebody offers for one window where it differs from their usual week, and how often they would come."""

    __tablename__ = "window_offer"
    window_id: Mapped[UUID] = mapped_column(ForeignKey("practice_window.id"), primary_key=True)
    membership_id: Mapped[UUID] = mapped_column(ForeignKey("membership.id"), primary_key=True)
    times: Mapped[dict[str, Any]]  # local start as ISO text -> "free" or "if_needed"
    wants: Mapped[int] = mapped_column(default=1)
    said_at: Mapped[datetime]
    taken_back_at: Mapped[datetime | None]
    unplaced: Mapped[str] = mapped_column(default="")  # why there was no place for them, as they were told


class Waiting(Table):
    """Somebody waits for a place in a window, or in one session of it; an offer made to them has an end."""

    __tablename__ = "waiting"
    id: Mapped[UUID] = key()
    window_id: Mapped[UUID] = to("practice_window.id", index=False)
    practice_id: Mapped[UUID | None] = to("practice_session.id")
    membership_id: Mapped[UUID] = to("membership.id")
    since: Mapped[datetime]
    offered_triad_id: Mapped[UUID | None] = to("triad.id")
    offered_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]
    settled_as: Mapped[str | None] = mapped_column(String(16))
    __table_args__ = (
        CheckConstraint("settled_as IN ('taken', 'declined', 'expired', 'left', 'overtaken')", name="settled_as"),
        unique_where("settled_at IS NULL", "uq_waiting_open", "window_id", "membership_id", "practice_id"),
    )
