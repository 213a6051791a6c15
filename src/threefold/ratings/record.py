"""What has been said about how sessions worked, as the tables have it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from threefold.core import session_rating as rules
from threefold.core.session_rating import Pattern
from threefold.store.happened import was_there
from threefold.store.prepared import Prepared
from threefold.store.tables import metadata

_rating, _practice, _seat = (metadata.tables[name] for name in ("session_rating", "practice_session", "seat"))


@dataclass(frozen=True, slots=True)
class Said:
    """What one person answered, and when it first came in."""

    practice: UUID
    member: UUID
    answers: Mapping[str, str]
    at: datetime


_COLUMNS = (_rating.c.practice_id, _rating.c.membership_id, _rating.c.answers, _rating.c.at)
_AT_PRACTICE = Prepared(select(*_COLUMNS).where(_rating.c.practice_id == bindparam("practice")), Said)
_IN_COHORT = Prepared(
    select(*_COLUMNS)
    .join(_practice, _practice.c.id == _rating.c.practice_id)
    .where(_practice.c.cohort_id == bindparam("cohort")),
    Said,
)


def said_at(db: Session, practice_id: UUID) -> list[Said]:
    """What everybody answered about one session; for rules to look at, never for a page as it is."""
    return _AT_PRACTICE.all(db, practice=practice_id)


def said_in(db: Session, cohort_id: UUID) -> list[Said]:
    return _IN_COHORT.all(db, cohort=cohort_id)


def opened_at(ends_at: datetime, said: Sequence[Said]) -> datetime | None:
    """When the pattern of a session opens, or did."""
    return rules.opened_at(ends_at, [each.at for each in said])


def pattern_of(ends_at: datetime, said: Sequence[Said], now: datetime) -> Pattern | None:
    """The pattern, if it is open; of what had come in by then and nothing later."""
    opens = opened_at(ends_at, said)
    if opens is None or now < opens:
        return None
    return rules.pattern([each.answers for each in said if each.at <= opens])


def was_at(db: Session, seat: UUID) -> bool:
    """Whether whoever holds a seat was at its session, as far as is known."""
    here = was_there(_seat, practice=_seat.c.practice_id)
    return db.scalar(select(_seat.c.id).where(_seat.c.id == seat, here)) is not None
