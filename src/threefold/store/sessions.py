"""Signed-in browsers: who somebody is, when a session ends, and how it is begun, touched and ended.

A session ends 14 days after it was last used and 60 days after it began, whichever comes first.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, bindparam, exists, select, update
from sqlalchemy.orm import Session

from threefold.core.identity import token_digest
from threefold.core.names import initials
from threefold.store.prepared import Prepared
from threefold.store.tables import Membership, Person, SignInSession, Staff

IDLE = timedelta(days=14)
LONGEST = timedelta(days=60)
TOUCH_EVERY = timedelta(hours=1)


@dataclass(frozen=True)
class Me:
    """The person asking. What they may do lies in their memberships, which `access` looks at every time."""

    id: UUID
    name: str
    email: str
    zone: str | None
    session_id: UUID
    seen_at: datetime
    is_staff: bool  # may set up cohorts in this centre
    is_tutor: bool  # tutor of at least one cohort
    is_trainee: bool  # trainee in at least one cohort

    @property
    def initials(self) -> str:
        return initials(self.name)


_person, _session, _membership, _staff = (table.__table__ for table in (Person, SignInSession, Membership, Staff))


def _holds(role: str) -> ColumnElement[bool]:
    return exists().where(
        _membership.c.person_id == _person.c.id, _membership.c.role == role, _membership.c.left_at.is_(None)
    )


def _signed_in(expires_at: datetime, *me: Any) -> tuple[datetime, Me]:
    return expires_at, Me(*me)


_WHO = Prepared(
    select(
        _session.c.expires_at,
        _person.c.id,
        _person.c.name,
        _person.c.email,
        _person.c.zone,
        _session.c.id,
        _session.c.seen_at,
        exists().where(_staff.c.person_id == _person.c.id),
        _holds("tutor"),
        _holds("trainee"),
    )
    .select_from(_session)
    .join(_person, _person.c.id == _session.c.person_id)
    .where(_session.c.token_digest == bindparam("digest"), _session.c.ended_at.is_(None)),
    _signed_in,
)


def who(db: Session, token: str | None, now: datetime) -> Me | None:
    """The person this browser is signed in as, or None."""
    found = _WHO.one(db, digest=token_digest(token)) if token else None
    if found is None:
        return None
    expires_at, me = found
    return None if now >= expires_at or now >= me.seen_at + IDLE else me


def begin(db: Session, *, id: UUID, person_id: UUID, token: str, browser: str, now: datetime) -> None:
    """Sign a browser in under a token that was made for it just now and never seen before."""
    db.add(
        SignInSession(
            id=id,
            person_id=person_id,
            token_digest=token_digest(token),
            started_at=now,
            seen_at=now,
            expires_at=now + LONGEST,
            browser=browser[:120],
        )
    )


def touch(db: Session, session_id: UUID, now: datetime) -> None:
    db.execute(update(SignInSession).where(SignInSession.id == session_id).values(seen_at=now))


def end(db: Session, session_id: UUID, now: datetime) -> None:
    db.execute(
        update(SignInSession)
        .where(SignInSession.id == session_id, SignInSession.ended_at.is_(None))
        .values(ended_at=now)
    )


def end_all(db: Session, person_id: UUID, now: datetime) -> None:
    """Sign a person out everywhere: after their address changed, or when they ask."""
    db.execute(
        update(SignInSession)
        .where(SignInSession.person_id == person_id, SignInSession.ended_at.is_(None))
        .values(ended_at=now)
    )
