"""What waits: questions nobody has answered, places somebody could step in for, what has come to its end by time."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, exists, or_, select
from sqlalchemy.orm import Session

from threefold.core.names import first_name
from threefold.core.swaps import is_late
from threefold.store.prepared import Prepared
from threefold.store.rows import CohortRow, columns
from threefold.store.sessions import Me
from threefold.store.tables import metadata
from threefold.store.within import Within

_membership, _person, _seat, _practice, _withdrawal, _standby, _request, _cohort = (
    metadata.tables[name]
    for name in (
        "membership", "person", "seat", "practice_session", "withdrawal", "standby", "swap_request", "cohort",
    )
)  # fmt: skip

# --- by time ----------------------------------------------------------------------------------------------------

_other, _next = _seat.alias(), _request.alias()
_ENDED = Prepared(
    select(*columns(CohortRow))
    .select_from(_request)
    .join(_seat, _seat.c.id == _request.c.seat_id)
    .join(_practice, _practice.c.id == _seat.c.practice_id)
    .join(_cohort, _cohort.c.id == _practice.c.cohort_id)
    .outerjoin(_other, _other.c.id == _request.c.in_return_id)
    .where(
        _request.c.settled_at.is_(None),
        or_(
            _request.c.expires_at <= bindparam("now"),
            _practice.c.starts_at <= bindparam("now"),
            _practice.c.cancelled_at.is_not(None),
            _seat.c.given_up_at.is_not(None),
            _other.c.given_up_at.is_not(None),
        ),
    ),
    CohortRow,
)
_LEFT_OPEN = Prepared(
    select(_practice.c.starts_at, *columns(CohortRow))
    .select_from(_withdrawal)
    .join(_seat, _seat.c.id == _withdrawal.c.seat_id)
    .join(_practice, _practice.c.id == _seat.c.practice_id)
    .join(_cohort, _cohort.c.id == _practice.c.cohort_id)
    .where(
        _withdrawal.c.taken_back_at.is_(None),
        _seat.c.given_up_at.is_(None),
        _practice.c.starts_at > bindparam("now"),
        _practice.c.cancelled_at.is_(None),
        _cohort.c.archived_at.is_(None),
        exists().where(
            _standby.c.practice_id == _practice.c.id,
            _standby.c.ended_at.is_(None),
            ~exists().where(_next.c.seat_id == _seat.c.id, _next.c.asked_id == _standby.c.membership_id),
        ),
        ~exists().where(_next.c.seat_id == _seat.c.id, _next.c.settled_at.is_(None)),
    ),
    lambda starts_at, *cells: (starts_at, CohortRow(*cells)),
)


def to_look_after(db: Session, now: datetime) -> list[CohortRow]:
    """Cohorts in which a question has come to its end, or somebody on a standby list can be asked; two queries."""
    left_open = [
        cohort for starts_at, cohort in _LEFT_OPEN.all(db, now=now) if is_late(starts_at, cohort.notice_hours, now)
    ]
    return list({cohort.id: cohort for cohort in (*_ENDED.all(db, now=now), *left_open)}.values())


# --- standing by, and what waits for an answer --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StandbyDate:
    """A session to come that somebody has no place in; `since` when they stand by for it, None where they don't."""

    id: UUID
    starts_at: datetime
    ends_at: datetime
    place: str
    since: datetime | None


_TO_STAND_BY = Prepared(
    select(_practice.c.id, _practice.c.starts_at, _practice.c.ends_at, _practice.c.place, _standby.c.since)
    .select_from(_practice)
    .outerjoin(
        _standby,
        (_standby.c.practice_id == _practice.c.id)
        & (_standby.c.membership_id == bindparam("member"))
        & _standby.c.ended_at.is_(None),
    )
    .where(
        _practice.c.cohort_id == bindparam("cohort"),
        _practice.c.starts_at > bindparam("now"),
        _practice.c.cancelled_at.is_(None),
        _practice.c.window_id.is_(None),  # who waits for extra practice has a list of its own
        ~exists().where(
            _seat.c.practice_id == _practice.c.id,
            _seat.c.membership_id == bindparam("member"),
            _seat.c.given_up_at.is_(None),
        ),
    )
    .order_by(_practice.c.starts_at),
    StandbyDate,
)


def dates_to_stand_by(db: Session, within: Within, now: datetime) -> tuple[StandbyDate, ...]:
    """Where the asker could step in; one query."""
    return tuple(_TO_STAND_BY.all(db, cohort=within.cohort.id, member=within.membership.id, now=now))


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that waits, for whoever is asked (`asks_me`) or who asked. `name` is the other's."""

    id: UUID
    asks_me: bool
    name: str
    starts_at: datetime
    zone: str
    answer_by: datetime

    @property
    def first(self) -> str:
        return first_name(self.name)


_asker, _asked, _asker_person, _asked_person = (
    _membership.alias(), _membership.alias(), _person.alias(), _person.alias(),
)  # fmt: skip
_WAITING = Prepared(
    select(
        _request.c.id, _asked.c.person_id == bindparam("me"), _asker_person.c.name, _asked_person.c.name,
        _practice.c.starts_at, _cohort.c.zone, _request.c.expires_at,
    )
    .select_from(_request)
    .join(_seat, _seat.c.id == _request.c.seat_id)
    .join(_practice, _practice.c.id == _seat.c.practice_id)
    .join(_cohort, _cohort.c.id == _practice.c.cohort_id)
    .join(_asker, _asker.c.id == _seat.c.membership_id)
    .join(_asked, _asked.c.id == _request.c.asked_id)
    .join(_asker_person, _asker_person.c.id == _asker.c.person_id)
    .join(_asked_person, _asked_person.c.id == _asked.c.person_id)
    .where(
        (_asker.c.person_id == bindparam("me")) | (_asked.c.person_id == bindparam("me")),
        _asked.c.left_at.is_(None),
        _asker.c.left_at.is_(None),
        _request.c.settled_at.is_(None),
        _request.c.expires_at > bindparam("now"),
        _seat.c.given_up_at.is_(None),
        _practice.c.cancelled_at.is_(None),
    )
    .order_by(_request.c.expires_at),
    lambda id_, asks_me, from_, to, starts_at, zone, until: Asked(
        id_, bool(asks_me), from_ if asks_me else to, starts_at, zone, until
    ),
)  # fmt: skip


def waiting_for(db: Session, me: Me, now: datetime) -> list[Asked]:
    """What somebody has been asked, or has asked, and nobody has answered: for their home; one query."""
    return _WAITING.all(db, me=me.id, now=now)
