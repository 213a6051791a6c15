"""Guest clients and actors, who take part by a link of their own."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from threefold.store.tables.base import Table, key, to


class Guest(Table):
    """Somebody without an account who comes as a client. Only the digest of their link is kept.

    `person_id` is where their letters go: a person with no membership and so no way in.
    """

    __tablename__ = "guest"
    id: Mapped[UUID] = key()
    cohort_id: Mapped[UUID] = to("cohort.id")
    person_id: Mapped[UUID] = to("person.id")
    link_digest: Mapped[bytes] = mapped_column(unique=True)
    expires_at: Mapped[datetime]
    most_a_day: Mapped[int] = mapped_column(default=3)  # encounters, before the tutor is warned
    invited_at: Mapped[datetime]
    invited_by: Mapped[UUID] = to("person.id", index=False)
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[UUID | None]


class LinkTry(Table):
    """Somebody opened a link that nobody has; so many from one network, and it has to wait. Kept for an hour."""

    __tablename__ = "link_try"
    id: Mapped[UUID] = key()
    network_digest: Mapped[bytes]  # keyed: no address is kept
    at: Mapped[datetime] = mapped_column(index=True)
    __table_args__ = (Index("ix_link_try_network", "network_digest", "at"),)


class Encounter(Table):
    """A guest is the client in one round of one triad. `brief` is what they play or bring, written by the tutor.

    `instead_of` is whose turn as client it would be: they observe while the guest comes, and have it back if not.
    `felt` holds the client's four answers by code; no words on what was talked about. `stepped_out`: the steps of
    leaving the role that they ticked.
    """

    __tablename__ = "encounter"
    id: Mapped[UUID] = key()
    guest_id: Mapped[UUID] = to("guest.id")
    triad_id: Mapped[UUID] = to("triad.id", index=False)
    round: Mapped[int]
    brief: Mapped[str] = mapped_column(default="")
    asked_at: Mapped[datetime]
    asked_by: Mapped[UUID] = to("person.id", index=False)
    answer: Mapped[str | None] = mapped_column(String(16))
    answered_at: Mapped[datetime | None]
    instead_of: Mapped[UUID | None] = to("membership.id", index=False)
    called_off_at: Mapped[datetime | None]
    stopped_at: Mapped[datetime | None]  # the guest pressed stop
    felt: Mapped[dict[str, Any] | None]
    felt_at: Mapped[datetime | None]
    stepped_out: Mapped[list[Any]] = mapped_column(default=list)
    stepped_out_at: Mapped[datetime | None]
    __table_args__ = (
        CheckConstraint("answer IN ('accepted', 'declined')", name="answer"),
        UniqueConstraint("guest_id", "triad_id", "round"),
        Index(
            "uq_encounter_round",
            "triad_id",
            "round",
            unique=True,
            sqlite_where=text("called_off_at IS NULL AND (answer IS NULL OR answer = 'accepted')"),
            postgresql_where=text("called_off_at IS NULL AND (answer IS NULL OR answer = 'accepted')"),
        ),
    )
