"""What tutors see of their cohorts: the list, the people, the steps still to be taken, the term at a glance."""

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from markupsafe import Markup, escape
from sqlalchemy import String, bindparam, cast, func, or_, select, union_all
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


# Statements and cells are made for speed: this is the page tutors open most, and it grows with the cohort. A group is
# one row, and ids stay the text they are compared as: fetching each seat and making UUIDs cost three times as much.
_WEEKS = (
    select(PracticeSession.id, PracticeSession.number, PracticeSession.starts_at, PracticeSession.ends_at)
    .where(PracticeSession.cohort_id == bindparam("cohort"))
    .order_by(PracticeSession.starts_at)
)
_TRAINEES = (
    select(cast(Membership.id, String), Person.name)
    .join(Person, Person.id == Membership.person_id)
    .where(Membership.cohort_id == bindparam("cohort"), Membership.role == "trainee")
    .order_by(Person.name, Membership.id)
)
_GROUPS = (
    select(
        PracticeSession.number,
        Triad.number,
        Triad.room,
        func.aggregate_strings(cast(Seat.membership_id, String), " "),
    )
    .join(Triad, Triad.practice_id == PracticeSession.id)
    .join(Seat, Seat.triad_id == Triad.id)
    .where(PracticeSession.cohort_id == bindparam("cohort"), Seat.given_up_at.is_(None))
    .group_by(PracticeSession.number, Triad.number, Triad.room)
)
_AWAY = (
    select(PracticeSession.number, cast(Seat.membership_id, String))
    .join(Seat, Seat.practice_id == PracticeSession.id)
    .join(Withdrawal, Withdrawal.seat_id == Seat.id)
    .where(
        PracticeSession.cohort_id == bindparam("cohort"), Seat.given_up_at.is_(None), Withdrawal.taken_back_at.is_(None)
    )
)


def overview(db: Session, within: Within, now: datetime) -> Overview:
    """The term of a published cohort: trainees down, sessions across, each cell the group and who is in it."""
    cohort = within.cohort
    here = {"cohort": cohort.id}
    weeks = tuple(Week(*row) for row in db.execute(_WEEKS, here))
    names = dict(db.execute(_TRAINEES, here).all())
    short = short_names(names)
    away = {(number, member) for number, member in db.execute(_AWAY, here)}
    groups = [
        Group(week, room or f"Group {number}", tuple(sorted(members.split(), key=short.__getitem__)))
        for week, number, room, members in db.execute(_GROUPS, here)
    ]
    return Overview(
        cohort,
        weeks,
        _rows(names, short, weeks, groups, away),
        tuple(
            (week, name)
            for week in weeks
            if week.ends_at > now
            for name in sorted(short[member] for number, member in away if number == week.number)
        ),
        pieces_to_come(db, [cohort.id], now).get(cohort.id, 0),
        len(names),
    )


@dataclass(frozen=True)
class Group:
    """Who sits together in one week, as the term's table needs it; `members` by name."""

    week: int
    where: str
    members: tuple[str, ...]


def _rows(
    names: Mapping[str, str],
    short: Mapping[str, str],
    weeks: Sequence[Week],
    groups: Iterable[Group],
    away: Container[tuple[int, str]],
) -> Markup:
    """The table's rows. Every name and room is escaped once, and each cell is put together once."""
    safe = {member: str(escape(name)) for member, name in short.items()}
    cells: dict[tuple[int, str], str] = {}
    for group in groups:
        begin = f'<td>{escape(group.where)}<br><span class="hint">'
        for member in group.members:
            others = ", ".join([safe[other] for other in group.members if other != member])
            here = group.week, member
            mark = '<br><b class="tag sun">can’t make it</b>' if here in away else ""
            cells[here] = f"{begin}{others}</span>{mark}</td>"
    numbers = [week.number for week in weeks]
    rows = []
    for member, name in names.items():
        row = "".join([cells.get((number, member), '<td class="hint">not in</td>') for number in numbers])
        rows.append(f'<tr><th scope="row">{escape(name)}</th>{row}</tr>')
    return Markup("".join(rows))  # noqa: S704 - each name and room was escaped above; the rest is our own
