"""What people chose that tutors have to mend a plan by: who asked to be kept apart, who would rather not be client."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import and_, bindparam, func, null, or_, select, union_all
from sqlalchemy.orm import Session, aliased

from threefold.choices.queries import ahead
from threefold.core.choices import Kind, Settled
from threefold.store.prepared import Prepared
from threefold.store.tables import ApartRequest, Membership, Person, PracticeSession, Seat, metadata
from threefold.store.within import Within

SHOWN_FOR = timedelta(days=28)  # how long a settled request stays on the tutors' list


@dataclass(frozen=True)
class Request:
    """A request as tutors see it: who, whom, and since when. There is nothing else to see.

    `meet` are the sessions still to come in which the two share a group.
    """

    id: UUID
    who: str
    whom: str
    asked_at: datetime
    settled_at: datetime | None
    settled_as: Settled | None
    meet: tuple[tuple[UUID, datetime], ...] = ()


@dataclass(frozen=True)
class Glance:
    """How many requests wait for a tutor, and how many people on which date would rather not be client but are."""

    requests: int
    rather_not: tuple[tuple[datetime, int], ...]


@dataclass(frozen=True)
class Unmended:
    """Somebody would rather not be client, and is down as one: the groups were made before they said so."""

    practice_id: UUID
    starts_at: datetime
    seat_id: UUID
    group: int
    round: int
    name: str


# Prepared: these run with the pages people open most, for nearly everybody in vain.
_preference, _request, _membership, _practice, _triad, _seat, _turn, _person = (
    metadata.tables[name]
    for name in (
        "preference", "apart_request", "membership", "practice_session", "triad", "seat", "turn", "person",
    )
)  # fmt: skip
_other = _membership.alias()
_AHEAD = (
    _practice.c.cohort_id == bindparam("cohort"),
    _practice.c.starts_at > bindparam("now"),
    _practice.c.cancelled_at.is_(None),
)
# Who would rather not be client is looked up first, since they are few: a cohort's turns are many.
_ASKED = (
    select(_membership.c.id, _membership.c.person_id, _preference.c.practice_id)
    .distinct()
    .select_from(_membership)
    .join(_preference, _preference.c.membership_id == _membership.c.id)
    .where(
        _membership.c.cohort_id == bindparam("cohort"),
        _preference.c.kind == Kind.NOT_CLIENT.value,
        _preference.c.ended_at.is_(None),
    )
    .cte("asked")
    .prefix_with("MATERIALIZED")
)
_DOWN_AS_CLIENT = (
    _ASKED.join(
        _practice,
        and_(*_AHEAD, or_(_ASKED.c.practice_id.is_(None), _ASKED.c.practice_id == _practice.c.id)),
    )
    .join(
        _seat,
        and_(
            _seat.c.practice_id == _practice.c.id,
            _seat.c.membership_id == _ASKED.c.id,
            _seat.c.given_up_at.is_(None),
        ),
    )
    .join(_turn, and_(_turn.c.triad_id == _seat.c.triad_id, _turn.c.seat_id == _seat.c.id, _turn.c.role == "client"))
)
_UNMENDED = Prepared(
    select(
        _practice.c.id,
        _practice.c.starts_at,
        _seat.c.id,
        _triad.c.number,
        _turn.c.round,
        _person.c.name,
    )
    .distinct()
    .select_from(_DOWN_AS_CLIENT)
    .join(_triad, _triad.c.id == _seat.c.triad_id)
    .join(_person, _person.c.id == _ASKED.c.person_id)
    .order_by(_practice.c.starts_at, _triad.c.number, _turn.c.round),
    Unmended,
)
_WAITING = (
    select(null(), func.count())
    .select_from(_request)
    .join(_membership, _membership.c.id == _request.c.membership_id)
    .join(_other, _other.c.id == _request.c.other_id)
    .where(
        _membership.c.cohort_id == bindparam("cohort"),
        _membership.c.left_at.is_(None),
        _other.c.left_at.is_(None),
        _request.c.settled_at.is_(None),
    )
)
_WAITS = Prepared(_WAITING, lambda _none, count: count)
_AT_A_GLANCE = Prepared(
    union_all(
        select(_practice.c.starts_at, func.count(_ASKED.c.id.distinct()))
        .select_from(_DOWN_AS_CLIENT)
        .group_by(_practice.c.id, _practice.c.starts_at),
        _WAITING,
    ),
    lambda starts_at, count: (starts_at, count),
)


def requests(db: Session, within: Within, now: datetime) -> tuple[Request, ...]:
    """What tutors see of requests: those that wait, and those settled lately; what was taken back has left no trace."""
    asker, other, asking, named = aliased(Membership), aliased(Membership), aliased(Person), aliased(Person)
    rows = db.execute(
        select(ApartRequest, asking.name.label("who"), named.name.label("whom"))
        .join(asker, asker.id == ApartRequest.membership_id)
        .join(other, other.id == ApartRequest.other_id)
        .join(asking, asking.id == asker.person_id)
        .join(named, named.id == other.person_id)
        .where(
            asker.cohort_id == within.cohort.id,
            or_(
                and_(ApartRequest.settled_at.is_(None), asker.left_at.is_(None), other.left_at.is_(None)),
                and_(ApartRequest.settled_as != Settled.TAKEN_BACK.value, ApartRequest.settled_at > now - SHOWN_FOR),
            ),
        )
        .order_by(ApartRequest.asked_at, ApartRequest.id)
    ).all()
    meet = _meet(
        db, within.cohort.id, now, {m for r in rows for m in (r.ApartRequest.membership_id, r.ApartRequest.other_id)}
    )
    return tuple(
        Request(
            row.id,
            who,
            whom,
            row.asked_at,
            row.settled_at,
            Settled(row.settled_as) if row.settled_as else None,
            tuple(meet[frozenset((row.membership_id, row.other_id))]),
        )
        for row, who, whom in rows
    )


def unmended(db: Session, cohort_id: UUID, now: datetime) -> list[Unmended]:
    """Where somebody is still down as client who would rather not be, in sessions to come; in one query."""
    return _UNMENDED.all(db, cohort=cohort_id, now=now)


def waiting(db: Session, cohort_id: UUID) -> int:
    """How many requests to be kept apart no tutor has settled yet."""
    return sum(_WAITS.all(db, cohort=cohort_id))


def at_a_glance(db: Session, cohort_id: UUID, now: datetime) -> Glance:
    """What waits for the tutors of a cohort, without a name, in one query."""
    rows = _AT_A_GLANCE.all(db, cohort=cohort_id, now=now)
    return Glance(
        sum(count for starts_at, count in rows if starts_at is None),
        tuple(sorted((starts_at, count) for starts_at, count in rows if starts_at is not None)),
    )


def _meet(
    db: Session, cohort_id: UUID, now: datetime, members: set[UUID]
) -> defaultdict[frozenset[UUID], list[tuple[UUID, datetime]]]:
    """When any two of these people share a group, in sessions to come."""
    one, other = aliased(Seat), aliased(Seat)
    found: defaultdict[frozenset[UUID], list[tuple[UUID, datetime]]] = defaultdict(list)
    for a, b, practice, starts_at in db.execute(
        select(one.membership_id, other.membership_id, PracticeSession.id, PracticeSession.starts_at)
        .join(other, and_(other.triad_id == one.triad_id, other.membership_id > one.membership_id))
        .join(PracticeSession, PracticeSession.id == one.practice_id)
        .where(
            ahead(cohort_id, now),
            one.given_up_at.is_(None),
            other.given_up_at.is_(None),
            one.membership_id.in_(members),
            other.membership_id.in_(members),
        )
        .order_by(PracticeSession.starts_at)
    ):
        found[frozenset((a, b))].append((practice, starts_at))
    return found
