"""Cohorts: their people, dates and frameworks."""

from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from threefold.store.tables.base import Table, key, to


class FrameworkDocument(Table):
    """A centre's own framework; the one that ships lies in the package."""

    __tablename__ = "framework"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    version: Mapped[str] = mapped_column(String(32), primary_key=True)
    document: Mapped[dict[str, Any]]
    added_at: Mapped[datetime]
    added_by: Mapped[UUID] = to("person.id", index=False)


class FrameworkDraft(Table):
    """What somebody has typed on the editing sheet of a framework's version and not yet kept; theirs alone.

    `version` rises with each save, so two tabs notice each other.
    """

    __tablename__ = "framework_draft"
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    framework_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    framework_version: Mapped[str] = mapped_column(String(32), primary_key=True)
    fields: Mapped[list[Any]]  # [[name, value], …] as typed
    version: Mapped[int]
    saved_at: Mapped[datetime]


class Cohort(Table):
    """A group that practises together for a term. `version` rises with every change of anything inside it."""

    __tablename__ = "cohort"
    id: Mapped[UUID] = key()
    name: Mapped[str]
    version: Mapped[int] = mapped_column(default=1)
    # sessions: empty until step two is done
    zone: Mapped[str] = mapped_column(default="Europe/London")
    starts: Mapped[time | None]
    minutes: Mapped[int | None]
    first_date: Mapped[date | None]
    how_many: Mapped[int | None]
    skip: Mapped[list[Any]] = mapped_column(default=list)  # ISO dates
    place: Mapped[str] = mapped_column(default="")
    link: Mapped[str] = mapped_column(default="")
    rooms: Mapped[list[Any]] = mapped_column(default=list)  # names of rooms, one for each triad in turn
    rounds: Mapped[int] = mapped_column(default=3)
    practice_minutes: Mapped[int] = mapped_column(default=20)
    feedback_minutes: Mapped[int] = mapped_column(default=10)
    opening_minutes: Mapped[int] = mapped_column(default=15)
    closing_minutes: Mapped[int] = mapped_column(default=15)
    # framework: empty until step three is done
    framework_id: Mapped[str | None]
    framework_version: Mapped[str | None]
    competencies: Mapped[list[Any]] = mapped_column(default=list)  # codes, three to eight
    looked_before: Mapped[list[Any]] = mapped_column(default=list)  # what was looked for until when
    labels: Mapped[dict[str, Any]] = mapped_column(default=dict)  # role -> word, {} for the usual ones
    remainder: Mapped[str] = mapped_column(default="quads")  # matching.Remainder
    turning: Mapped[str] = mapped_column(default="client_rests")  # core.roles.Turning, where there is time to turn
    even_quads: Mapped[bool] = mapped_column(default=False)  # fours shared evenly, even where that costs repeats
    invites_ahead: Mapped[int | None]  # days before each session; None: the whole term's at publication
    notice_hours: Mapped[int] = mapped_column(default=24)  # how long before a session changes are still easy
    phone: Mapped[str] = mapped_column(default="")  # shown to those who can't come at the last moment
    declines_after: Mapped[int] = mapped_column(default=24)  # hours after which a calendar's unconfirmed "no" counts
    safeguarding_lead: Mapped[str] = mapped_column(default="")  # name and how to reach them
    contract: Mapped[str] = mapped_column(default="")  # this group's own words; empty: the usual contract
    contract_version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    created_by: Mapped[UUID] = to("person.id", index=False)
    published_at: Mapped[datetime | None]
    published_by: Mapped[UUID | None]
    archived_at: Mapped[datetime | None]
    archived_by: Mapped[UUID | None]
    __table_args__ = (
        CheckConstraint("remainder IN ('quads', 'pair_with_tutor', 'pairs_with_tutors')", name="remainder"),
        CheckConstraint("turning IN ('client_rests', 'client_counsels')", name="turning"),
    )


class Membership(Table):
    """A person's place in a cohort: tutor here, trainee there."""

    __tablename__ = "membership"
    id: Mapped[UUID] = key()
    cohort_id: Mapped[UUID] = to("cohort.id", index=False)
    person_id: Mapped[UUID] = to("person.id")
    role: Mapped[str] = mapped_column(String(16))
    joined_at: Mapped[datetime]
    joined_by: Mapped[UUID | None]
    left_at: Mapped[datetime | None]
    left_by: Mapped[UUID | None]
    privacy_version: Mapped[str | None]  # which notice and contract were accepted, and when
    contract_version: Mapped[int | None]
    accepted_at: Mapped[datetime | None]
    __table_args__ = (
        UniqueConstraint("cohort_id", "person_id"),
        CheckConstraint("role IN ('tutor', 'trainee')", name="role"),
    )


class KeepApart(Table):
    """Two people never placed together. Tutors see that it is so; nobody else sees that it exists."""

    __tablename__ = "keep_apart"
    cohort_id: Mapped[UUID] = mapped_column(ForeignKey("cohort.id"), primary_key=True)
    one: Mapped[UUID] = mapped_column(ForeignKey("membership.id"), primary_key=True, index=True)
    other: Mapped[UUID] = mapped_column(ForeignKey("membership.id"), primary_key=True, index=True)
    since: Mapped[datetime]
    by: Mapped[UUID]


class PracticeSession(Table):
    """One date on which the cohort practises."""

    __tablename__ = "practice_session"
    id: Mapped[UUID] = key()
    cohort_id: Mapped[UUID] = to("cohort.id", index=False)
    number: Mapped[int]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    place: Mapped[str] = mapped_column(default="")
    link: Mapped[str] = mapped_column(default="")
    cancelled_at: Mapped[datetime | None]
    cancelled_by: Mapped[UUID | None]
    shape: Mapped[list[Any] | None]  # minutes of its own, in the order of core.slots.SessionShape; None: the cohort's
    window_id: Mapped[UUID | None] = to("practice_window.id")  # extra practice, which it belongs to
    pin_since: Mapped[datetime | None]  # saying that one is here asks for the PIN shown in the room
    __table_args__ = (UniqueConstraint("cohort_id", "number"), Index("ix_practice_session_ends", "ends_at"))


class Away(Table):
    """Somebody has said beforehand that they are away on a date; the plan works round it."""

    __tablename__ = "away"
    practice_id: Mapped[UUID] = mapped_column(ForeignKey("practice_session.id"), primary_key=True)
    membership_id: Mapped[UUID] = mapped_column(ForeignKey("membership.id"), primary_key=True)
    since: Mapped[datetime]
    by: Mapped[UUID]
