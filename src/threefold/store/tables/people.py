"""People, what they wish for, and how they sign in."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from threefold.store.tables.base import Table, key, to


class Person(Table):
    """Somebody with an address. Roles belong to a membership, not to a person."""

    __tablename__ = "person"
    id: Mapped[UUID] = key()
    name: Mapped[str]
    email: Mapped[str]
    email_key: Mapped[str] = mapped_column(unique=True)  # core.roster.email_key: how addresses are compared
    pronouns: Mapped[str] = mapped_column(default="")
    zone: Mapped[str | None]  # the viewer's own time zone, if they chose one
    takes_feed_since: Mapped[datetime | None]  # prefers the calendar feed: gets no invitations
    feed_number: Mapped[int] = mapped_column(default=0)  # raised to replace the feed's secret address
    calendar_shows: Mapped[str] = mapped_column(default="roles")  # core.diary.Shows: how much a calendar may show
    unreachable_since: Mapped[datetime | None]  # a mail server refused this address for good, or a letter came back
    created_at: Mapped[datetime]
    __table_args__ = (CheckConstraint("calendar_shows IN ('roles', 'quiet')", name="calendar_shows"),)


class Wish(Table):
    """How somebody wants one kind of letter: in a weekly digest, or not at all. No row: as it comes."""

    __tablename__ = "wish"
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(32), primary_key=True)
    how: Mapped[str] = mapped_column(String(16))
    since: Mapped[datetime]
    __table_args__ = (CheckConstraint("how IN ('digest', 'off')", name="how"),)


class Staff(Table):
    """Who may set up cohorts in this centre, since when and by whose word (nobody's: the command line)."""

    __tablename__ = "staff"
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    since: Mapped[datetime]
    by: Mapped[UUID | None]


class SignInRequest(Table):
    """Somebody asked for a link and a code. A row exists for unknown addresses too: both look the same."""

    __tablename__ = "sign_in_request"
    id: Mapped[UUID] = key()
    person_id: Mapped[UUID | None] = to("person.id")
    address_digest: Mapped[bytes]  # keyed digests, for limits per address and network: no address is kept
    network_digest: Mapped[bytes]
    link_digest: Mapped[bytes | None] = mapped_column(unique=True)
    code_digest: Mapped[bytes | None]
    destination: Mapped[str]
    asked_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    wrong_codes: Mapped[int] = mapped_column(default=0)
    spent_at: Mapped[datetime | None]
    __table_args__ = (
        Index("ix_sign_in_request_address", "address_digest", "asked_at"),
        Index("ix_sign_in_request_network", "network_digest", "asked_at"),
    )


class SignInSession(Table):
    """A browser that is signed in. Only the digest of its token is kept; the token changes at sign-in."""

    __tablename__ = "sign_in_session"
    id: Mapped[UUID] = key()
    person_id: Mapped[UUID] = to("person.id")
    token_digest: Mapped[bytes] = mapped_column(unique=True)
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    browser: Mapped[str] = mapped_column(default="")


class KeptForm(Table):
    """Words sent while nobody was signed in, kept for the same browser until the person is back."""

    __tablename__ = "kept_form"
    id: Mapped[UUID] = key()
    browser_digest: Mapped[bytes]
    network_digest: Mapped[bytes] = mapped_column(index=True)
    path: Mapped[str]
    fields: Mapped[list[Any]]  # [[name, value], …] in order
    kept_at: Mapped[datetime]
    expires_at: Mapped[datetime]
