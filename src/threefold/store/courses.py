"""A published term as it stands: what still lies ahead as the engine's problem and plan, with what happened so far."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from sqlalchemy import String, and_, case, cast, exists, false, literal, null, or_, select, union_all
from sqlalchemy.orm import Session

from threefold.core.choices import Kind
from threefold.core.grouping import Group, Person
from threefold.core.names import short_names
from threefold.core.roles import Role, Turning
from threefold.core.slots import SessionShape, rounds_for
from threefold.matching import CourseProblem, Plan, Remainder
from threefold.store.columns import UtcDateTime
from threefold.store.guests import lent_by
from threefold.store.ledger import ledger
from threefold.store.rows import CohortRow, PracticeRow, columns, split
from threefold.store.tables import (
    KeepApart,
    Membership,
    PracticeSession,
    Preference,
    Seat,
    Triad,
    Withdrawal,
)
from threefold.store.tables import Person as PersonTable
from threefold.store.tables import Turn as TurnTable


@dataclass(frozen=True)
class CourseDate:
    """A session of the course that is not over: `triads` go with the plan's groups; `away` have a seat and said no."""

    id: UUID
    number: int
    starts_at: datetime
    ends_at: datetime
    place: str
    link: str
    shape: SessionShape
    triads: tuple[UUID, ...]
    rooms: tuple[str, ...]
    tutors: tuple[UUID | None, ...]
    away: frozenset[Person]


@dataclass(frozen=True)
class CourseNow:
    """People are membership ids as text. `dates` go with the problem's and the plan's sessions, in time order.

    `settled` are the sessions that have begun. `full_names` has everybody of the cohort, tutors and leavers too.
    `tutors` are the cohort's, whoever set it up first. `version` is the cohort's: what is written on the ground of
    this holds only while it stands.
    """

    problem: CourseProblem
    plan: Plan
    dates: tuple[CourseDate, ...]
    settled: frozenset[int]
    tutors: tuple[UUID, ...]
    full_names: Mapping[Person, str]
    version: int

    @cached_property
    def names(self) -> Mapping[Person, str]:
        """First names, with as much more as tells people apart."""
        return short_names(dict(self.full_names))

    def place_of(self, practice_id: UUID) -> int | None:
        """Where a session stands among the dates; None for one that is over, called off or extra practice."""
        return next((place for place, date in enumerate(self.dates) if date.id == practice_id), None)


def course_now(db: Session, cohort: CohortRow, now: datetime) -> CourseNow:
    """The sessions that are not over, in four queries. Extra practice is no part of the course, though it counts.

    Whoever can't make a session is in its group of the plan and not among its present: just what a repair is about.
    """
    people = _people(db, cohort)
    known = frozenset(people.trainees)
    dates, sessions = _dates(db, cohort, now)
    open_dates = {date.id: place for place, date in enumerate(dates)}
    held = ledger(db, cohort, now, leave_out=open_dates)
    problem = CourseProblem(
        people=people.trainees,
        present=tuple(
            frozenset(who for group in groups for who in group.members) & known - date.away
            for date, groups in zip(dates, sessions, strict=True)
        ),
        apart=frozenset(pair for pair in people.apart if pair <= known),
        remainder=Remainder(cohort.remainder),
        turning=_turning(cohort),
        even_quads=cohort.even_quads,
        rests=frozenset(
            (member, place)
            for member, practice in people.rests
            if member in known
            for id_, place in open_dates.items()
            if practice in (None, id_)
        ),
        met={pair: count for pair, count in held.met.items() if pair <= known},
        served={who: roles for who, roles in held.served.items() if who in known},
        counselled=held.counselled,
        round_minutes=cohort.practice_minutes,
    )
    settled = frozenset(place for place, date in enumerate(dates) if date.starts_at <= now)
    return CourseNow(problem, Plan(sessions), dates, settled, people.tutors, people.names, cohort.version)


def _turning(cohort: CohortRow) -> Turning:
    return Turning.ONE_ROUND if cohort.rounds == 1 else Turning(cohort.turning)


@dataclass(frozen=True)
class _People:
    """Trainees here by name, tutors here with whoever set the cohort up first, and everybody's name, leavers' too.

    `apart` are pairs; `rests` who would rather not be client as chosen by now, in one session or (None) in all.
    """

    trainees: tuple[Person, ...]
    tutors: tuple[UUID, ...]
    names: dict[Person, str]
    apart: frozenset[frozenset[Person]]
    rests: frozenset[tuple[Person, UUID | None]]


def _people(db: Session, cohort: CohortRow) -> _People:
    no_word, no_time = cast(null(), String()), cast(null(), UtcDateTime())
    rows: Sequence[Any] = db.execute(
        union_all(
            select(
                Membership.role.label("kind"),
                Membership.id.label("one"),
                Membership.person_id.label("other"),
                PersonTable.name.label("name"),
                Membership.left_at.label("left_at"),
            )
            .join(PersonTable, PersonTable.id == Membership.person_id)
            .where(Membership.cohort_id == cohort.id),
            select(literal("apart"), KeepApart.one, KeepApart.other, no_word, no_time).where(
                KeepApart.cohort_id == cohort.id
            ),
            select(
                literal("rests"),
                Preference.membership_id,
                Preference.practice_id,
                no_word,
                no_time,
            )
            .join(Membership, Membership.id == Preference.membership_id)
            .where(
                Membership.cohort_id == cohort.id,
                Preference.kind == Kind.NOT_CLIENT.value,
                Preference.ended_at.is_(None),
            ),
        ).order_by("name", "one")
    ).all()
    known = [row for row in rows if row.name is not None]
    here = [row for row in known if row.left_at is None]
    teaching = sorted((row for row in here if row.kind == "tutor"), key=lambda row: row.other != cohort.created_by)
    return _People(
        tuple(str(row.one) for row in here if row.kind == "trainee"),
        tuple(row.one for row in teaching),
        {str(row.one): row.name for row in known},
        frozenset(frozenset((str(row.one), str(row.other))) for row in rows if row.kind == "apart"),
        frozenset((str(row.one), row.other) for row in rows if row.kind == "rests"),
    )


_is_client = or_(
    exists().where(TurnTable.triad_id == Triad.id, TurnTable.seat_id == Seat.id, TurnTable.role == Role.CLIENT.value),
    exists().where(lent_by(Triad.id, Seat.membership_id)),
)


def _dates(
    db: Session, cohort: CohortRow, now: datetime
) -> tuple[tuple[CourseDate, ...], tuple[tuple[Group, ...], ...]]:
    """The sessions with the groups that somebody sits in, in one query."""
    into, width = split(PracticeRow), len(columns(PracticeRow))
    practices: dict[UUID, PracticeRow] = {}
    triads: dict[UUID, dict[UUID, tuple[str, UUID | None]]] = defaultdict(dict)
    members: dict[UUID, list[Person]] = defaultdict(list)
    clients: dict[UUID, set[Person]] = defaultdict(set)
    away: dict[UUID, set[Person]] = defaultdict(set)
    for *cells, triad, room, tutor, member, said_no, is_client in db.execute(
        select(
            *columns(PracticeRow),
            Triad.id,
            Triad.room,
            Triad.tutor_id,
            Seat.membership_id,
            Withdrawal.seat_id,
            case((Seat.id.is_not(None), _is_client), else_=false()),
        )
        .select_from(PracticeSession)
        .outerjoin(Triad, Triad.practice_id == PracticeSession.id)
        .outerjoin(Seat, and_(Seat.triad_id == Triad.id, Seat.given_up_at.is_(None)))
        .outerjoin(Withdrawal, and_(Withdrawal.seat_id == Seat.id, Withdrawal.taken_back_at.is_(None)))
        .where(
            PracticeSession.cohort_id == cohort.id,
            PracticeSession.ends_at > now,
            PracticeSession.cancelled_at.is_(None),
            PracticeSession.window_id.is_(None),
        )
        .order_by(PracticeSession.starts_at, PracticeSession.id, Triad.number, Seat.position)
    ):
        (practice,) = into(*cells[:width])
        practices[practice.id] = practice
        if member is None:
            continue
        triads[practice.id][triad] = (room, tutor)
        members[triad].append(str(member))
        if said_no:
            away[practice.id].add(str(member))
        if is_client:
            clients[triad].add(str(member))
    dates, sessions = [], []
    for practice in practices.values():
        shape, filled = practice.shape_in(cohort), triads[practice.id]
        dates.append(
            CourseDate(
                id=practice.id,
                number=practice.number,
                starts_at=practice.starts_at,
                ends_at=practice.ends_at,
                place=practice.place,
                link=practice.link,
                shape=shape,
                triads=tuple(filled),
                rooms=tuple(room for room, _ in filled.values()),
                tutors=tuple(tutor for _, tutor in filled.values()),
                away=frozenset(away[practice.id]),
            )
        )
        sessions.append(tuple(_group(cohort, shape, members[triad], clients[triad]) for triad in filled))
    return tuple(dates), tuple(sessions)


def _group(cohort: CohortRow, shape: SessionShape, members: Sequence[Person], clients: set[Person]) -> Group:
    """A group as the engine has it. Who is client in no round, where everybody takes turns, rests."""
    turning = _turning(cohort)
    all_turn = turning is not Turning.ONE_ROUND and rounds_for(shape, len(members)) >= len(members)
    rests = frozenset(members) - clients if all_turn else frozenset()
    return Group(tuple(members), len(members) == 2, turning, rests)
