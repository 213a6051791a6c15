"""A published term as it stands: what still lies ahead as the engine's problem and plan, with what happened so far."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from threefold.core.choices import Kind
from threefold.core.grouping import Group, Person
from threefold.core.names import short_names
from threefold.core.roles import Role, Turning
from threefold.core.slots import SessionShape, rounds_for
from threefold.matching import CourseProblem, Plan, Remainder
from threefold.store.guests import turns_lent
from threefold.store.ledger import ledger
from threefold.store.rows import CohortRow, value
from threefold.store.tables import (
    Cohort,
    KeepApart,
    Membership,
    PracticeSession,
    Preference,
    Seat,
    Triad,
    Turn,
    Withdrawal,
)
from threefold.store.tables import Person as PersonTable


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


def course_now(db: Session, cohort_id: UUID, now: datetime) -> CourseNow:
    """The sessions that are not over, in eleven queries. Extra practice is no part of the course, though it counts.

    Whoever can't make a session is in its group of the plan and not among its present: just what a repair is about.
    """
    cohort = value(CohortRow, db.get_one(Cohort, cohort_id))
    people, tutors, names = _people(db, cohort)
    known = frozenset(people)
    dates, sessions = _dates(db, cohort, now)
    open_dates = {date.id: place for place, date in enumerate(dates)}
    held = ledger(db, cohort, now, leave_out=open_dates)
    pairs = db.execute(select(KeepApart.one, KeepApart.other).where(KeepApart.cohort_id == cohort_id))
    problem = CourseProblem(
        people=people,
        present=tuple(
            frozenset(who for group in groups for who in group.members) & known - date.away
            for date, groups in zip(dates, sessions, strict=True)
        ),
        apart=frozenset(frozenset((str(one), str(other))) for one, other in pairs if {str(one), str(other)} <= known),
        remainder=Remainder(cohort.remainder),
        turning=_turning(cohort),
        even_quads=cohort.even_quads,
        rests=_rests(db, cohort_id, open_dates, known),
        met={pair: count for pair, count in held.met.items() if pair <= known},
        served={who: roles for who, roles in held.served.items() if who in known},
        counselled=held.counselled,
        round_minutes=cohort.practice_minutes,
    )
    settled = frozenset(place for place, date in enumerate(dates) if date.starts_at <= now)
    return CourseNow(problem, Plan(sessions), dates, settled, tutors, names, cohort.version)


def _turning(cohort: CohortRow) -> Turning:
    return Turning.ONE_ROUND if cohort.rounds == 1 else Turning(cohort.turning)


def _people(db: Session, cohort: CohortRow) -> tuple[tuple[Person, ...], tuple[UUID, ...], dict[Person, str]]:
    rows = db.execute(
        select(Membership.id, Membership.role, Membership.left_at, Membership.person_id, PersonTable.name)
        .join(PersonTable, PersonTable.id == Membership.person_id)
        .where(Membership.cohort_id == cohort.id)
        .order_by(PersonTable.name, Membership.id)
    ).all()
    here = [row for row in rows if row.left_at is None]
    teaching = sorted((row for row in here if row.role == "tutor"), key=lambda row: row.person_id != cohort.created_by)
    return (
        tuple(str(row.id) for row in here if row.role == "trainee"),
        tuple(row.id for row in teaching),
        {str(row.id): row.name for row in rows},
    )


def _dates(
    db: Session, cohort: CohortRow, now: datetime
) -> tuple[tuple[CourseDate, ...], tuple[tuple[Group, ...], ...]]:
    open_ = (
        PracticeSession.cohort_id == cohort.id,
        PracticeSession.ends_at > now,
        PracticeSession.cancelled_at.is_(None),
        PracticeSession.window_id.is_(None),
    )
    practices = db.scalars(select(PracticeSession).where(*open_).order_by(PracticeSession.starts_at)).all()
    triads: dict[UUID, list[Triad]] = defaultdict(list)
    for triad in db.scalars(
        select(Triad)
        .join(PracticeSession, PracticeSession.id == Triad.practice_id)
        .where(*open_)
        .order_by(Triad.number)
    ):
        triads[triad.practice_id].append(triad)
    members: dict[UUID, list[Person]] = defaultdict(list)
    away: dict[UUID, set[Person]] = defaultdict(set)
    for triad_id, practice_id, member, said_no in db.execute(
        select(Seat.triad_id, Seat.practice_id, Seat.membership_id, Withdrawal.seat_id)
        .join(PracticeSession, PracticeSession.id == Seat.practice_id)
        .outerjoin(Withdrawal, (Withdrawal.seat_id == Seat.id) & Withdrawal.taken_back_at.is_(None))
        .where(*open_, Seat.given_up_at.is_(None))
        .order_by(Seat.position)
    ):
        members[triad_id].append(str(member))
        if said_no:
            away[practice_id].add(str(member))
    clients: dict[UUID, set[Person]] = defaultdict(set)
    for triad_id, member in db.execute(
        select(Turn.triad_id, Seat.membership_id)
        .join(Seat, Seat.id == Turn.seat_id)
        .join(PracticeSession, PracticeSession.id == Seat.practice_id)
        .where(*open_, Turn.role == Role.CLIENT.value)
    ):
        clients[triad_id].add(str(member))
    for triad_id, member in turns_lent(db, [triad.id for each in triads.values() for triad in each]):
        clients[triad_id].add(str(member))
    dates, sessions = [], []
    for practice in practices:
        shape = SessionShape(*practice.shape) if practice.shape else cohort.shape
        filled = [triad for triad in triads[practice.id] if members[triad.id]]
        dates.append(
            CourseDate(
                id=practice.id,
                number=practice.number,
                starts_at=practice.starts_at,
                ends_at=practice.ends_at,
                place=practice.place,
                link=practice.link,
                shape=shape,
                triads=tuple(triad.id for triad in filled),
                rooms=tuple(triad.room for triad in filled),
                tutors=tuple(triad.tutor_id for triad in filled),
                away=frozenset(away[practice.id]),
            )
        )
        sessions.append(tuple(_group(cohort, shape, members[triad.id], clients[triad.id]) for triad in filled))
    return tuple(dates), tuple(sessions)


def _group(cohort: CohortRow, shape: SessionShape, members: Sequence[Person], clients: set[Person]) -> Group:
    """A group as the engine has it. Who is client in no round, where everybody takes turns, rests."""
    turning = _turning(cohort)
    all_turn = turning is not Turning.ONE_ROUND and rounds_for(shape, len(members)) >= len(members)
    rests = frozenset(members) - clients if all_turn else frozenset()
    return Group(tuple(members), len(members) == 2, turning, rests)


def _rests(
    db: Session, cohort_id: UUID, dates: Mapping[UUID, int], known: frozenset[Person]
) -> frozenset[tuple[Person, int]]:
    """Who would rather not be client, as they have chosen it by now."""
    rows = db.execute(
        select(Preference.membership_id, Preference.practice_id)
        .join(Membership, Membership.id == Preference.membership_id)
        .where(
            Membership.cohort_id == cohort_id,
            Preference.kind == Kind.NOT_CLIENT.value,
            Preference.ended_at.is_(None),
            or_(Preference.practice_id.is_(None), Preference.practice_id.in_(list(dates))),
        )
    )
    return frozenset(
        (str(member), place)
        for member, practice in rows
        if str(member) in known
        for place in ([dates[practice]] if practice else dates.values())
    )
