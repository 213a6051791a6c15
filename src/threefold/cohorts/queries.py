"""What tutors see of their cohorts: the list, the people, the steps still to be taken, the term at a glance."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from markupsafe import Markup
from sqlalchemy import (
    ColumnElement,
    Integer,
    String,
    and_,
    bindparam,
    case,
    cast,
    exists,
    func,
    or_,
    select,
)
from sqlalchemy.orm import Session

from threefold.cohorts import table
from threefold.cohorts.table import Week
from threefold.core.names import short_names
from threefold.store.happened import was_there
from threefold.store.prepared import Prepared
from threefold.store.rows import CohortRow
from threefold.store.tables import (
    KeepApart,
    Membership,
    Person,
    PracticeSession,
    Seat,
    Withdrawal,
    metadata,
)
from threefold.store.within import Within

Steps = list[tuple[str, str | None, str]]
"""Label, address or None, and "done", "now" or "todo"."""

LOOK_BACK = timedelta(days=14)


@dataclass(frozen=True)
class Listed:
    """A cohort in the list: what is next, and what might want a look."""

    id: UUID
    name: str
    zone: str
    published: bool
    archived: bool
    people: int
    next_at: datetime | None
    away: tuple[str, ...]
    to_come: int


@dataclass(frozen=True)
class Member:
    """Somebody in a cohort, as its tutors see them."""

    id: UUID
    person_id: UUID
    name: str
    email: str
    pronouns: str
    role: str
    accepted: bool


@dataclass(frozen=True)
class People:
    """Everybody in a cohort, and who is kept apart."""

    cohort: CohortRow
    members: tuple[Member, ...]
    apart: tuple[tuple[UUID, UUID], ...]

    @property
    def trainees(self) -> tuple[Member, ...]:
        return tuple(member for member in self.members if member.role == "trainee")

    @property
    def tutors(self) -> tuple[Member, ...]:
        return tuple(member for member in self.members if member.role == "tutor")

    @property
    def names(self) -> dict[UUID, str]:
        return {member.id: member.name for member in self.members}


@dataclass(frozen=True)
class Overview:
    """A published cohort at a glance; the term's table comes finished: the cells of its `head`, and its `rows`."""

    cohort: CohortRow
    weeks: tuple[Week, ...]
    head: Markup
    rows: Markup
    away: tuple[tuple[Week, str], ...]
    to_come: int
    people: int

    def next_week(self, now: datetime) -> Week | None:
        return next((week for week in self.weeks if week.ends_at > now and not week.cancelled_at), None)

    def away_in(self, week: Week) -> tuple[str, ...]:
        """Who can't make it that week."""
        return tuple(name for away, name in self.away if away == week)


def listed(db: Session, mine: Sequence[CohortRow], now: datetime) -> list[Listed]:
    """The cohorts somebody teaches; five queries however many there are."""
    ids = [cohort.id for cohort in mine]
    if not ids:
        return []
    people = dict(
        db.execute(
            select(Membership.cohort_id, func.count())
            .where(Membership.cohort_id.in_(ids), Membership.role == "trainee", Membership.left_at.is_(None))
            .group_by(Membership.cohort_id)
        ).all()
    )
    upcoming = dict(
        db.execute(
            select(PracticeSession.cohort_id, func.min(PracticeSession.starts_at))
            .where(
                PracticeSession.cohort_id.in_(ids),
                PracticeSession.ends_at > now,
                PracticeSession.cancelled_at.is_(None),
                PracticeSession.window_id.is_(None),
            )
            .group_by(PracticeSession.cohort_id)
        ).all()
    )
    away: dict[UUID, list[str]] = defaultdict(list)
    for cohort_id, name in db.execute(
        select(PracticeSession.cohort_id, Person.name)
        .join(Seat, Seat.practice_id == PracticeSession.id)
        .join(Withdrawal, Withdrawal.seat_id == Seat.id)
        .join(Membership, Membership.id == Seat.membership_id)
        .join(Person, Person.id == Membership.person_id)
        .where(
            PracticeSession.cohort_id.in_(ids),
            PracticeSession.ends_at > now,
            PracticeSession.cancelled_at.is_(None),
            Seat.given_up_at.is_(None),
            Withdrawal.taken_back_at.is_(None),
        )
        .order_by(PracticeSession.starts_at, Person.name)
    ):
        away[cohort_id].append(name)
    to_come = pieces_to_come(db, ids, now)
    return [
        Listed(
            cohort.id,
            cohort.name,
            cohort.zone,
            cohort.published_at is not None,
            cohort.archived_at is not None,
            people.get(cohort.id, 0),
            upcoming.get(cohort.id) if cohort.published_at else None,
            tuple(away[cohort.id]),
            to_come.get(cohort.id, 0),
        )
        for cohort in mine
    ]


_practice, _triad, _turn, _seat, _withdrawal, _piece, _membership, _person = (
    metadata.tables[name]
    for name in ("practice_session", "triad", "turn", "seat", "withdrawal", "piece", "membership", "person")
)
# Who was there at the sessions that ended lately: nobody who gave the seat up, who was noted as away, or who said they
# can't make it. Looked up once and first: the rest is a few rows for each of them. Of whole sessions: whoever left
# early is told apart where the rounds themselves are read.
_LATELY = and_(
    _practice.c.cohort_id.in_(bindparam("cohorts", expanding=True)),
    _practice.c.starts_at > bindparam("since"),
    _practice.c.ends_at <= bindparam("now"),
    _practice.c.cancelled_at.is_(None),
)
_THERE = (
    select(_seat.c.id, _seat.c.triad_id, _seat.c.membership_id)
    .select_from(_practice)
    .join(_seat, and_(_seat.c.practice_id == _practice.c.id, _seat.c.given_up_at.is_(None)))
    .where(_LATELY, was_there(_seat, practice=_practice.c.id))
    .cte("there")
)
_part, _client, _tutors = _turn.alias("part"), _turn.alias("client"), _piece.alias("tutors")


def _parts_of(role: str) -> ColumnElement[int]:
    return func.count().filter(_part.c.role == role)


# The rounds that were held, with how many of those who were there have not written: from each seat to its turns and on
# to the piece, since the indexes hold all that this asks for. Sorting into rounds is what costs, so it sorts by little.
_HELD = (
    select(
        _THERE.c.triad_id,
        _part.c.round,
        func.count().filter(_piece.c.triad_id.is_(None)).label("missing"),
    )
    .select_from(_THERE)
    .join(_part, _part.c.seat_id == _THERE.c.id)
    .outerjoin(
        _piece,
        and_(
            _piece.c.triad_id == _THERE.c.triad_id,
            _piece.c.round == _part.c.round,
            _piece.c.author_id == _THERE.c.membership_id,
        ),
    )
    .group_by(_THERE.c.triad_id, _part.c.round)
    .having(
        _parts_of("counsellor") > 0,
        or_(
            _parts_of("client") > 0,
            ~exists()  # a guest has no turn
            .where(_client.c.triad_id == _THERE.c.triad_id, _client.c.round == _part.c.round)
            .where(_client.c.role == "client")
            .correlate(_THERE, _part),
        ),
    )
    .cte("held")
)
_TO_COME = Prepared(
    select(
        _practice.c.cohort_id,
        cast(
            func.sum(
                _HELD.c.missing + case((and_(_triad.c.tutor_id.is_not(None), _tutors.c.triad_id.is_(None)), 1), else_=0)
            ),
            Integer,
        ),
    )
    .select_from(_HELD)
    .join(_triad, _triad.c.id == _HELD.c.triad_id)
    .join(_practice, _practice.c.id == _triad.c.practice_id)
    .outerjoin(
        _tutors,
        and_(
            _tutors.c.triad_id == _HELD.c.triad_id,
            _tutors.c.round == _HELD.c.round,
            _tutors.c.author_id == _triad.c.tutor_id,
        ),
    )
    .group_by(_practice.c.cohort_id),
    lambda cohort, count: (cohort, count),
)


def pieces_to_come(db: Session, cohorts: Sequence[UUID], now: datetime) -> dict[UUID, int]:
    """How many pieces of feedback on the sessions of the last two weeks have not come in, by cohort.

    A round without its counsellor or its client was not held, and nobody is asked about it. A tutor who observes a pair
    is asked.
    """
    return dict(_TO_COME.all(db, cohorts=list(cohorts), since=now - LOOK_BACK, now=now))


def people(db: Session, within: Within) -> People:
    """Everybody here now, tutors first, with who of them is kept apart; a pair outlasts somebody's leaving."""
    rows = db.execute(
        select(
            Membership.id,
            Membership.person_id,
            Person.name,
            Person.email,
            Person.pronouns,
            Membership.role,
            Membership.accepted_at,
        )
        .join(Person, Person.id == Membership.person_id)
        .where(Membership.cohort_id == within.cohort.id, Membership.left_at.is_(None))
        .order_by(Membership.role.desc(), Person.name, Membership.id)
    )
    members = tuple(
        Member(r.id, r.person_id, r.name, r.email, r.pronouns, r.role, r.accepted_at is not None) for r in rows
    )
    trainees = [member.id for member in members if member.role == "trainee"]
    apart = db.execute(select(KeepApart.one, KeepApart.other).where(KeepApart.cohort_id == within.cohort.id))
    pairs = sorted(sorted(map(trainees.index, row)) for row in apart if {*row} <= {*trainees})  # by name, as the people
    return People(within.cohort, members, tuple((trainees[one], trainees[other]) for one, other in pairs))


def cohorts_with(db: Session, person_id: UUID) -> list[UUID]:
    """Every cohort somebody is or was in: where their name and address stand in letters."""
    return list(db.scalars(select(Membership.cohort_id).where(Membership.person_id == person_id)))


def already_here(db: Session, within: Within) -> frozenset[str]:
    """The address keys of everybody in the cohort, for the dry run of a list."""
    return frozenset(
        db.scalars(
            select(Person.email_key)
            .join(Membership, Membership.person_id == Person.id)
            .where(Membership.cohort_id == within.cohort.id, Membership.left_at.is_(None))
        )
    )


def next_step(db: Session, within: Within) -> str:
    """The first step of the set-up still to be done, as the last part of its address."""
    cohort = within.cohort
    any_trainee = db.scalar(
        select(Membership.id)
        .where(Membership.cohort_id == cohort.id, Membership.role == "trainee", Membership.left_at.is_(None))
        .limit(1)
    )
    if any_trainee is None:
        return "people"
    if db.scalar(select(PracticeSession.id).where(PracticeSession.cohort_id == cohort.id).limit(1)) is None:
        return "sessions"
    return "plan" if cohort.framework_id else "framework"


def steps(db: Session, within: Within, here: str) -> Steps:
    """The four steps with their state, for the list at the top of each."""
    order = ["people", "sessions", "framework", "plan"]
    labels = ["People", "Sessions", "Framework", "Check the plan"]
    reached = order.index(next_step(db, within))
    return [
        (
            label,
            None if step == here or number > reached else f"/cohorts/{within.cohort.id}/{step}",
            "now" if step == here else "done" if number < reached else "todo",
        )
        for number, (step, label) in enumerate(zip(order, labels, strict=True))
    ]


# Statements and cells are made for speed: this is the page tutors open most, and it grows with the cohort. A group is
# one row, and ids stay the text they are compared as: fetching each seat and making UUIDs cost three times as much.
_WEEKS = Prepared(
    select(_practice.c.id, _practice.c.number, _practice.c.starts_at, _practice.c.ends_at, _practice.c.cancelled_at)
    .where(_practice.c.cohort_id == bindparam("cohort"), _practice.c.window_id.is_(None))
    .order_by(_practice.c.starts_at),
    Week,
)
_TRAINEES = Prepared(
    select(cast(_membership.c.id, String), _person.c.name)
    .select_from(_membership)
    .join(_person, _person.c.id == _membership.c.person_id)
    .where(_membership.c.cohort_id == bindparam("cohort"), _membership.c.role == "trainee")
    .order_by(_person.c.name, _membership.c.id),
    lambda member, name: (member, name),
)
_GROUPS = Prepared(
    select(
        _practice.c.number,
        _triad.c.number,
        _triad.c.room,
        select(func.aggregate_strings(cast(_seat.c.membership_id, String), " "))
        .where(_seat.c.triad_id == _triad.c.id, _seat.c.given_up_at.is_(None))
        .scalar_subquery(),
    )
    .join(_triad, _triad.c.practice_id == _practice.c.id)
    .where(_practice.c.cohort_id == bindparam("cohort"), _practice.c.window_id.is_(None)),
    lambda week, number, room, members: (week, (room, number), members.split() if members else []),
)
_AWAY = Prepared(
    select(_practice.c.number, cast(_seat.c.membership_id, String))
    .select_from(_practice)
    .join(_seat, _seat.c.practice_id == _practice.c.id)
    .join(_withdrawal, _withdrawal.c.seat_id == _seat.c.id)
    .where(
        _practice.c.cohort_id == bindparam("cohort"),
        _practice.c.window_id.is_(None),
        _seat.c.given_up_at.is_(None),
        _withdrawal.c.taken_back_at.is_(None),
    ),
    lambda week, member: (week, member),
)


def overview(db: Session, within: Within, now: datetime) -> Overview:
    """The term of a published cohort: trainees down, sessions across, each cell the group and who is in it."""
    cohort = within.cohort
    weeks = tuple(_WEEKS.all(db, cohort=cohort.id))
    names = dict(_TRAINEES.all(db, cohort=cohort.id))
    short = short_names(names)
    away = set(_AWAY.all(db, cohort=cohort.id))
    return Overview(
        cohort,
        weeks,
        table.head(weeks, cohort.zone),
        table.rows(names, short, weeks, _GROUPS.all(db, cohort=cohort.id), away),
        tuple(
            (week, name)
            for week in weeks
            if week.ends_at > now and not week.cancelled_at
            for name in sorted(short[member] for number, member in away if number == week.number)
        ),
        pieces_to_come(db, [cohort.id], now).get(cohort.id, 0),
        len(names),
    )
