"""When people can practise, asked once for all their cohorts, and what they need of a room."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from threefold.store.tables.base import Table


class UsualWeek(Table):
    """When somebody can practise in a usual week, on the wall clock of `zone`.

    `marks`: [[weekday from 0, minute of the day, minutes, "free" or "if_needed"], …]; what is not marked is not free.
    `version` rises with each save, so two tabs notice each other.
    """

    __tablename__ = "usual_week"
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    zone: Mapped[str]
    marks: Mapped[list[Any]]
    version: Mapped[int]
    saved_at: Mapped[datetime]


class OneOffDay(Table):
    """A date that is unlike somebody's usual week; its `marks` ([[minute, minutes, how], …]) hold instead of it."""

    __tablename__ = "one_off_day"
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    on: Mapped[date] = mapped_column(primary_key=True)
    marks: Mapped[list[Any]]
    saved_at: Mapped[datetime]


class OwnCalendar(Table):
    """Somebody's own calendar, read for busy times alone: nothing of what its entries say is kept.

    `address` is empty for a file that was sent once. `busy`: [[from, until], …] as ISO moments in UTC.
    """

    __tablename__ = "own_calendar"
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    address: Mapped[str] = mapped_column(default="")
    busy: Mapped[list[Any]] = mapped_column(default=list)
    added_at: Mapped[datetime]
    read_at: Mapped[datetime | None]
    trouble: Mapped[str] = mapped_column(default="")  # why it could not be read the last time, for its owner


class AccessNeed(Table):
    """What somebody needs of a room. Said by themselves; it is for placing them, and shown to no other trainee."""

    __tablename__ = "access_need"
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    need: Mapped[str] = mapped_column(String(16), primary_key=True)
    since: Mapped[datetime]
    __table_args__ = (CheckConstraint("need IN ('step_free', 'hearing_loop', 'quiet', 'near_exit')", name="need"),)
