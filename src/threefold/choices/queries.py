"""What somebody chose for themselves, as they alone see it; and what of it tutors need in order to mend a plan."""

import json
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from uuid import UUID

from sqlalchemy import ColumnElement, and_, bindparam, exists, func, null, or_, select, union_all
from sqlalchemy.orm import Session, aliased

from threefold.core.choices import Brief, Kind, Settled, brief_for, following, holds, read_briefs
from threefold.store.prepared import Prepared
from threefold.store.sessions import Me
from threefold.store.tables import (
    ApartRequest,
    Membership,
    Person,
    PracticeSession,
    Preference,
    Seat,
    Turn,
    metadata,
)
from threefold.store.within import Within

SHOWN_FOR = timedelta(days=28)  # how long a settled request stays on the tutors' list


@cache
def briefs() -> tuple[Brief, ...]:
    """The briefs that ship in the package."""
    return read_briefs(json.loads(files("threefold.core.briefs").joinpath("briefs.json").read_text(encoding="utf-8")))


@dataclass(frozen=True)
class Date:
    """A practice session still to come, and in which rounds the person asking is client there (once it is planned)."""

    id: UUID
    number: int
    starts_at: datetime
    client_in: tuple[int, ...]


@dataclass(frozen=True)
class Chosen:
    """One thing somebody chose: for one date, or for the term (None). `dates`: those it holds for."""

    id: UUID
    kind: Kind
    date: Date | None
    dates: tuple[Date, ...]

    @property
    def still_client_on(self) -> tuple[Date, ...]:
        """Where the groups were made before this was chosen, so that it is not so yet."""
        return tuple(date for date in self.dates if date.client_in) if self.kind is Kind.NOT_CLIENT else ()


@dataclass(frozen=True)
class Asked:
    """A request to be kept apart, as its asker sees it."""

    id: UUID
    other: str
    asked_at: datetime
    settled_as: Settled | None


@dataclass(frozen=True)
class Choices:
    """Everything somebody chose in one cohort, and what there is to choose from."""

    chosen: tuple[Chosen, ...]
    asked: tuple[Asked, ...]
    dates: tuple[Date, ...]
    others: tuple[tuple[UUID, str], ...]
    tutors: frozenset[UUID]  # as people: whoever reads concerns may be one of them


@dataclass(frozen=True)
class ForDate:
    """What somebody chose for one date, for their own page of it. `is_client`: they have that role there."""

    brief: Brief | None = None
    not_client: bool = False
    is_client: bool = False

    @property
    def another(self) -> Brief | None:
        """The brief they may take instead."""
        return following(briefs(), self.brief) if self.brief else None


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
_preference, _request, _membership, _practice, _triad, _seat, _turn, _person, _taken = (
    metadata.tables[name]
    for name in (
        "preference", "apart_request", "membership", "practice_session", "triad", "seat", "turn", "person",
        "brief_taken",
    )
)  # fmt: skip
_other = _membership.alias()
_AHEAD = (
    _practice.c.cohort_id == bindparam("cohort"),
    _practice.c.starts_at > bindparam("now"),
    _practice.c.cancelled_at.is_(None),
)
_ON_THIS_DATE = or_(_preference.c.practice_id.is_(None), _preference.c.practice_id == _practice.c.id)
_FOR_DATE = Prepared(
    select(
        _preference.c.kind,
        _membership.c.id,
        _practice.c.number,
        _taken.c.code,
        exists().where(
            _seat.c.practice_id == _practice.c.id,
            _seat.c.membership_id == _membership.c.id,
            _seat.c.given_up_at.is_(None),
            _turn.c.seat_id == _seat.c.id,
            _turn.c.role == "client",
        ),
    )
    .select_from(_membership)
    .join(_practice, _practice.c.cohort_id == _membership.c.cohort_id)
    .join(_preference, _preference.c.membership_id == _membership.c.id)
    .outerjoin(_taken, and_(_taken.c.membership_id == _membership.c.id, _taken.c.practice_id == _practice.c.id))
    .where(
        _membership.c.person_id == bindparam("me"),
        _membership.c.left_at.is_(None),
        _practice.c.id == bindparam("practice"),
        _preference.c.ended_at.is_(None),
        _ON_THIS_DATE,
    ),
    lambda kind, member, number, taken, is_client: (kind, member, number, taken, bool(is_client)),
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


def choices(db: Session, within: Within, now: datetime) -> Choices:
    """Five queries."""
    mine = within.membership.id
    client_in: dict[UUID, list[int]] = defaultdict(list)
    for practice_id, number in db.execute(
        select(Seat.practice_id, Turn.round)
        .join(Turn, and_(Turn.seat_id == Seat.id, Turn.role == "client"))
        .where(Seat.membership_id == mine, Seat.given_up_at.is_(None))
        .order_by(Turn.round)
    ):
        client_in[practice_id].append(number)
    ahead = _ahead(within.cohort.id, now)
    dates = tuple(
        Date(row.id, row.number, row.starts_at, tuple(client_in[row.id]))
        for row in db.execute(
            select(PracticeSession.id, PracticeSession.number, PracticeSession.starts_at)
            .where(ahead)
            .order_by(PracticeSession.starts_at)
        )
    )
    by_id = {date.id: date for date in dates}
    chosen = tuple(
        Chosen(
            row.id,
            Kind(row.kind),
            by_id.get(row.practice_id),
            dates if row.practice_id is None else (by_id[row.practice_id],),
        )
        for row in db.execute(
            select(Preference.id, Preference.kind, Preference.practice_id)
            .where(Preference.membership_id == mine, Preference.ended_at.is_(None))
            .order_by(Preference.since, Preference.id)
        )
        if row.practice_id is None or row.practice_id in by_id
    )
    people = db.execute(
        select(Membership.id, Membership.person_id, Membership.role, Membership.left_at, Person.name)
        .join(Person, Person.id == Membership.person_id)
        .where(Membership.cohort_id == within.cohort.id)
        .order_by(Person.name, Membership.id)
    ).all()
    names = {row.id: row.name for row in people}
    asked = tuple(
        Asked(row.id, names[row.other_id], row.asked_at, Settled(row.settled_as) if row.settled_as else None)
        for row in db.scalars(
            select(ApartRequest)
            .where(
                ApartRequest.membership_id == mine,
                or_(ApartRequest.settled_as.is_(None), ApartRequest.settled_as != Settled.TAKEN_BACK.value),
            )
            .order_by(ApartRequest.asked_at.desc(), ApartRequest.id)
        )
    )
    here = [row for row in people if row.left_at is None]
    return Choices(
        chosen,
        asked,
        dates,
        tuple((row.id, row.name) for row in here if row.role == "trainee" and row.id != mine),
        frozenset(row.person_id for row in here if row.role == "tutor"),
    )


def for_date(db: Session, me: Me, practice_id: UUID) -> ForDate:
    """What the person asking chose for this date, in one query. Nobody else's choice is ever read here."""
    rows = _FOR_DATE.all(db, me=me.id, practice=practice_id)
    if not rows:
        return ForDate()
    _, member, number, taken, is_client = rows[0]
    return chosen_for(holds([kind for kind, *_ in rows]), member, number, taken, is_client=is_client)


def chosen_for(kind: Kind | None, member: UUID, number: int, taken: str | None, *, is_client: bool) -> ForDate:
    """What a choice of this kind means for the session of this number; `taken`: the code of the brief they took."""
    brief = brief_for(briefs(), member, number, taken) if kind is Kind.BRIEF else None
    return ForDate(brief, kind is Kind.NOT_CLIENT, is_client)


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


def _ahead(cohort_id: UUID, now: datetime) -> ColumnElement[bool]:
    return and_(
        PracticeSession.cohort_id == cohort_id,
        PracticeSession.starts_at > now,
        PracticeSession.cancelled_at.is_(None),
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
            _ahead(cohort_id, now),
            one.given_up_at.is_(None),
            other.given_up_at.is_(None),
            one.membership_id.in_(members),
            other.membership_id.in_(members),
        )
        .order_by(PracticeSession.starts_at)
    ):
        found[frozenset((a, b))].append((practice, starts_at))
    return found
