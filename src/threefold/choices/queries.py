"""What somebody chose for themselves, as they alone see it."""

import json
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from uuid import UUID

from sqlalchemy import ColumnElement, and_, bindparam, exists, or_, select
from sqlalchemy.orm import Session

from threefold.core.choices import Brief, Kind, Settled, brief_for, following, holds, read_briefs
from threefold.store.prepared import Prepared
from threefold.store.sessions import Me
from threefold.store.tables import ApartRequest, Membership, Person, PracticeSession, Preference, Seat, Turn, metadata
from threefold.store.within import Within


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


# Prepared: it runs with the pages people open most, for nearly everybody in vain.
_preference, _membership, _practice, _seat, _turn, _taken = (
    metadata.tables[name] for name in ("preference", "membership", "practice_session", "seat", "turn", "brief_taken")
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


def choices(db: Session, within: Within, now: datetime) -> Choices:
    """Everything the asker chose in this cohort, and what there is to choose from; five queries."""
    mine = within.membership.id
    client_in: dict[UUID, list[int]] = defaultdict(list)
    for practice_id, number in db.execute(
        select(Seat.practice_id, Turn.round)
        .join(Turn, and_(Turn.seat_id == Seat.id, Turn.role == "client"))
        .where(Seat.membership_id == mine, Seat.given_up_at.is_(None))
        .order_by(Turn.round)
    ):
        client_in[practice_id].append(number)
    dates = tuple(
        Date(row.id, row.number, row.starts_at, tuple(client_in[row.id]))
        for row in db.execute(
            select(PracticeSession.id, PracticeSession.number, PracticeSession.starts_at)
            .where(ahead(within.cohort.id, now))
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


def ahead(cohort_id: UUID, now: datetime) -> ColumnElement[bool]:
    """The sessions of a cohort that are still to come."""
    return and_(
        PracticeSession.cohort_id == cohort_id,
        PracticeSession.starts_at > now,
        PracticeSession.cancelled_at.is_(None),
    )
