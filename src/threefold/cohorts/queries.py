"""What tutors see of their cohorts: the list, the people, the steps still to be taken, the term at a glance."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from markupsafe import Markup, escape
from sqlalchemy import func, or_, select, union_all
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


def pieces_to_come(db: Session, cohorts: list[UUID], now: datetime) -> dict[UUID, int]:
    """How many pieces of feedback on the sessions of the last two weeks have not come in, by cohort.

    A round without its counsellor was not held, and nobody is asked about it; a tutor who observes a pair is asked.
    """
    held = (
        select(PracticeSession.cohort_id, Turn.triad_id, Turn.round, Triad.tutor_id)
        .select_from(Turn)
        .join(Triad, Triad.id == Turn.triad_id)
        .join(PracticeSession, PracticeSession.id == Triad.practice_id)
        .join(Seat, Seat.id == Turn.seat_id)
        .outerjoin(Withdrawal, Withdrawal.seat_id == Seat.id)
        .where(
            Turn.role == "counsellor",
            PracticeSession.cohort_id.in_(cohorts),
            PracticeSession.starts_at > now - LOOK_BACK,
            PracticeSession.ends_at <= now,
            *_THERE,
        )
        .subquery()
    )
    asked = union_all(
        select(held.c.cohort_id, held.c.triad_id, held.c.round, Seat.membership_id.label("author"))
        .join(Turn, (Turn.triad_id == held.c.triad_id) & (Turn.round == held.c.round))
        .join(Seat, Seat.id == Turn.seat_id)
        .outerjoin(Withdrawal, Withdrawal.seat_id == Seat.id)
        .where(*_THERE),
        select(held.c.cohort_id, held.c.triad_id, held.c.round, held.c.tutor_id).where(held.c.tutor_id.is_not(None)),
    ).subquery()
    wanted = db.execute(
        select(asked.c.cohort_id, func.count())
        .outerjoin(
            Piece,
            (Piece.triad_id == asked.c.triad_id) & (Piece.round == asked.c.round) & (Piece.author_id == asked.c.author),
        )
        .where(Piece.id.is_(None))
        .group_by(asked.c.cohort_id)
    )
    return dict(wanted.all())


_THERE = (Seat.given_up_at.is_(None), or_(Withdrawal.at.is_(None), Withdrawal.taken_back_at.is_not(None)))


def people(db: Session, within: Within) -> People:
    """Everybody here now, tutors first, with who is kept apart."""
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
    apart = db.execute(select(KeepApart.one, KeepApart.other).where(KeepApart.cohort_id == within.cohort.id))
    return People(within.cohort, members, tuple((row.one, row.other) for row in apart))


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


def overview(db: Session, within: Within, now: datetime) -> Overview:
    """The term of a published cohort: trainees down, sessions across, each cell the group and who is in it."""
    cohort = within.cohort
    weeks = tuple(
        Week(row.id, row.number, row.starts_at, row.ends_at)
        for row in db.execute(
            select(PracticeSession.id, PracticeSession.number, PracticeSession.starts_at, PracticeSession.ends_at)
            .where(PracticeSession.cohort_id == cohort.id)
            .order_by(PracticeSession.starts_at)
        )
    )
    people_ = {
        row.id: row.name
        for row in db.execute(
            select(Membership.id, Person.name)
            .join(Person, Person.id == Membership.person_id)
            .where(Membership.cohort_id == cohort.id, Membership.role == "trainee")
            .order_by(Person.name, Membership.id)
        )
    }
    short = short_names(people_)
    seats = db.execute(
        select(
            Seat.practice_id,
            Seat.triad_id,
            Seat.membership_id,
            Triad.number,
            Triad.room,
            Withdrawal.at,
            Withdrawal.taken_back_at,
        )
        .join(Triad, Triad.id == Seat.triad_id)
        .join(PracticeSession, PracticeSession.id == Seat.practice_id)
        .outerjoin(Withdrawal, Withdrawal.seat_id == Seat.id)
        .where(PracticeSession.cohort_id == cohort.id, Seat.given_up_at.is_(None))
        .order_by(Seat.triad_id, Seat.position)
    ).all()
    together: dict[UUID, list[UUID]] = defaultdict(list)
    cells: dict[tuple[UUID, UUID], tuple[UUID, str, bool]] = {}
    for practice_id, triad_id, member, number, room, at, back in seats:
        together[triad_id].append(member)
        cells[member, practice_id] = (triad_id, room or f"Group {number}", at is not None and back is None)
    by_id = {week.id: week for week in weeks}
    away = sorted(
        (
            (by_id[practice_id], short[member])
            for (member, practice_id), (_, _, withdrawn) in cells.items()
            if withdrawn and by_id[practice_id].ends_at > now
        ),
        key=lambda found: (found[0].number, found[1]),
    )
    return Overview(
        cohort,
        weeks,
        _rows(people_, short, weeks, cells, together),
        tuple(away),
        pieces_to_come(db, [cohort.id], now).get(cohort.id, 0),
        len(people_),
    )


def _rows(
    people_: Mapping[UUID, str],
    short: Mapping[UUID, str],
    weeks: tuple[Week, ...],
    cells: Mapping[tuple[UUID, UUID], tuple[UUID, str, bool]],
    together: Mapping[UUID, list[UUID]],
) -> Markup:
    """The table's rows. Every name is escaped once and every cell put together once: the page's largest cost."""
    safe = {member: str(escape(name)) for member, name in short.items()}
    rows = []
    for member, name in people_.items():
        row = [f'<tr><th scope="row">{escape(name)}</th>']
        for week in weeks:
            found = cells.get((member, week.id))
            if found is None:
                row.append('<td class="hint">not in</td>')
                continue
            triad, room, withdrawn = found
            others = ", ".join(safe[other] for other in together[triad] if other != member)
            mark = '<br><b class="tag sun">can’t make it</b>' if withdrawn else ""
            row.append(f'<td>{escape(room)}<br><span class="hint">{others}</span>{mark}</td>')
        row.append("</tr>")
        rows.append("".join(row))
    return Markup("".join(rows))  # noqa: S704 - each name and room was escaped above; the rest is our own
