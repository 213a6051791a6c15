"""What tutors see of their cohorts: the list, the people, the steps still to be taken, the term at a glance."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from markupsafe import Markup, escape
from sqlalchemy import String, and_, bindparam, func, or_, select, type_coerce, union_all
from sqlalchemy.orm import Session

from threefold.core.names import short_names
from threefold.store.tables import (
    Cohort,
    KeepApart,
    Membership,
    Person,
    Piece,
    PracticeSession,
    Seat,
    Triad,
    Turn,
    Withdrawal,
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

    cohort: Cohort
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
class Week:
    """One practice session in the term's table."""

    id: UUID
    number: int
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class Overview:
    """A published cohort at a glance; `rows` are table rows, rendered once."""

    cohort: Cohort
    weeks: tuple[Week, ...]
    rows: Markup
    away: tuple[tuple[Week, str], ...]
    to_come: int
    people: int

    def next_week(self, now: datetime) -> Week | None:
        return next((week for week in self.weeks if week.ends_at > now), None)

    def away_in(self, week: Week) -> tuple[str, ...]:
        """Who can't make it that week."""
        return tuple(name for away, name in self.away if away == week)


def listed(db: Session, mine: Sequence[Cohort], now: datetime) -> list[Listed]:
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
            .where(PracticeSession.cohort_id.in_(ids), PracticeSession.ends_at > now)
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


_THERE = (Seat.given_up_at.is_(None), or_(Withdrawal.at.is_(None), Withdrawal.taken_back_at.is_not(None)))
_HELD = (
    select(PracticeSession.cohort_id, Turn.triad_id, Turn.round, Triad.tutor_id)
    .select_from(Turn)
    .join(Triad, Triad.id == Turn.triad_id)
    .join(PracticeSession, PracticeSession.id == Triad.practice_id)
    .join(Seat, Seat.id == Turn.seat_id)
    .outerjoin(Withdrawal, Withdrawal.seat_id == Seat.id)
    .where(
        Turn.role == "counsellor",
        PracticeSession.cohort_id.in_(bindparam("cohorts", expanding=True)),
        PracticeSession.starts_at > bindparam("since"),
        PracticeSession.ends_at <= bindparam("now"),
        *_THERE,
    )
    .subquery()
)
_ASKED = union_all(
    select(_HELD.c.cohort_id, _HELD.c.triad_id, _HELD.c.round, Seat.membership_id.label("author"))
    .join(Turn, (Turn.triad_id == _HELD.c.triad_id) & (Turn.round == _HELD.c.round))
    .join(Seat, Seat.id == Turn.seat_id)
    .outerjoin(Withdrawal, Withdrawal.seat_id == Seat.id)
    .where(*_THERE),
    select(_HELD.c.cohort_id, _HELD.c.triad_id, _HELD.c.round, _HELD.c.tutor_id).where(_HELD.c.tutor_id.is_not(None)),
).subquery()
_TO_COME = (
    select(_ASKED.c.cohort_id, func.count())
    .outerjoin(
        Piece,
        (Piece.triad_id == _ASKED.c.triad_id) & (Piece.round == _ASKED.c.round) & (Piece.author_id == _ASKED.c.author),
    )
    .where(Piece.id.is_(None))
    .group_by(_ASKED.c.cohort_id)
)


def pieces_to_come(db: Session, cohorts: Sequence[UUID], now: datetime) -> dict[UUID, int]:
    """How many pieces of feedback on the sessions of the last two weeks have not come in, by cohort.

    A round without its counsellor was not held, and nobody is asked about it; a tutor who observes a pair is asked.
    """
    return dict(db.execute(_TO_COME, {"cohorts": cohorts, "since": now - LOOK_BACK, "now": now}).all())


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
    trainees = {member.id for member in members if member.role == "trainee"}
    apart = db.execute(select(KeepApart.one, KeepApart.other).where(KeepApart.cohort_id == within.cohort.id))
    return People(within.cohort, members, tuple((row.one, row.other) for row in apart if {*row} <= trainees))


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


# Statements and cells are made for speed: this is the page tutors open most, and it grows with the cohort. Ids are
# compared as the database has them, since making hundreds of UUIDs of them would cost more than reading the rows.
_WEEKS = (
    select(PracticeSession.id, PracticeSession.number, PracticeSession.starts_at, PracticeSession.ends_at)
    .where(PracticeSession.cohort_id == bindparam("cohort"))
    .order_by(PracticeSession.starts_at)
)
_TRAINEES = (
    select(type_coerce(Membership.id, String), Person.name)
    .join(Person, Person.id == Membership.person_id)
    .where(Membership.cohort_id == bindparam("cohort"), Membership.role == "trainee")
    .order_by(Person.name, Membership.id)
)
_SEATS = (
    select(
        PracticeSession.number,
        Triad.number,
        Triad.room,
        type_coerce(Seat.membership_id, String),
        and_(Withdrawal.at.is_not(None), Withdrawal.taken_back_at.is_(None)),
    )
    .join(Triad, Triad.id == Seat.triad_id)
    .join(PracticeSession, PracticeSession.id == Seat.practice_id)
    .outerjoin(Withdrawal, Withdrawal.seat_id == Seat.id)
    .where(PracticeSession.cohort_id == bindparam("cohort"), Seat.given_up_at.is_(None))
    .order_by(PracticeSession.number, Triad.number, Seat.position)
)


def overview(db: Session, within: Within, now: datetime) -> Overview:
    """The term of a published cohort: trainees down, sessions across, each cell the group and who is in it."""
    cohort = within.cohort
    here = {"cohort": cohort.id}
    weeks = tuple(Week(*row) for row in db.execute(_WEEKS, here))
    names = dict(db.execute(_TRAINEES, here).all())
    short = short_names(names)
    groups: dict[tuple[int, int], Group] = {}
    for week, number, room, member, is_away in db.execute(_SEATS, here):
        group = groups.setdefault((week, number), Group(week, room or f"Group {number}"))
        group.members.append(member)
        if is_away:
            group.away.append(member)
    away = tuple(
        (week, name)
        for week in weeks
        if week.ends_at > now
        for name in sorted(
            short[member] for group in groups.values() if group.week == week.number for member in group.away
        )
    )
    return Overview(
        cohort,
        weeks,
        _rows(names, short, weeks, groups.values()),
        away,
        pieces_to_come(db, [cohort.id], now).get(cohort.id, 0),
        len(names),
    )


@dataclass
class Group:
    """Who sits together in one week, as the term's table needs it."""

    week: int
    where: str
    members: list[str] = field(default_factory=list)
    away: list[str] = field(default_factory=list)


def _rows(names: Mapping[str, str], short: Mapping[str, str], weeks: Sequence[Week], groups: Iterable[Group]) -> Markup:
    """The table's rows. Every name and room is escaped once, and each cell is put together once."""
    safe = {member: str(escape(name)) for member, name in short.items()}
    cells: dict[tuple[str, int], str] = {}
    for group in groups:
        begin = f'<td>{escape(group.where)}<br><span class="hint">'
        for member in group.members:
            others = ", ".join([safe[other] for other in group.members if other != member])
            mark = '<br><b class="tag sun">can’t make it</b>' if member in group.away else ""
            cells[member, group.week] = f"{begin}{others}</span>{mark}</td>"
    numbers = [week.number for week in weeks]
    rows = []
    for member, name in names.items():
        row = "".join([cells.get((member, number), '<td class="hint">not in</td>') for number in numbers])
        rows.append(f'<tr><th scope="row">{escape(name)}</th>{row}</tr>')
    return Markup("".join(rows))  # noqa: S704 - each name and room was escaped above; the rest is our own
