"""What the plan page shows: the course as the engine sees it, the draft chosen last, and who would hear of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from threefold.core.choices import Kind
from threefold.core.grouping import Person as Someone
from threefold.core.names import short_names
from threefold.core.roles import Turning
from threefold.matching import CourseProblem, Plan, Remainder, check
from threefold.matching.pins import Pin, pins_in
from threefold.matching.wire import plan_in
from threefold.store.apart import apart_among
from threefold.store.rows import CohortRow
from threefold.store.tables import Away, Membership, Person, PlanDraft, PracticeSession, Preference, Triad
from threefold.store.within import Within


@dataclass(frozen=True)
class Date:
    """One practice session of the course."""

    id: UUID
    number: int
    starts_at: datetime
    ends_at: datetime
    place: str
    link: str
    away: tuple[Someone, ...]


@dataclass(frozen=True)
class Reader:
    """Somebody who would get letters."""

    member: Someone
    person_id: UUID
    name: str
    email: str
    takes_feed: bool


@dataclass(frozen=True)
class Course:
    """Everything a plan depends on. People are membership ids as text, as the engine wants them."""

    problem: CourseProblem
    dates: tuple[Date, ...]
    people: tuple[Reader, ...]
    tutors: tuple[Reader, ...]
    resting: frozenset[Someone] = frozenset()  # who is nobody's client on any date still to be planned

    @property
    def names(self) -> dict[Someone, str]:
        """What people are called on the plan: first names, told apart where two share one."""
        return short_names({reader.member: reader.name for reader in self.people})

    @property
    def weeks(self) -> list[str]:
        return [f"week {date.number}" for date in self.dates]


@dataclass(frozen=True)
class Draft:
    """A plan in the drawer. `broken`: it was drawn before something changed, and no longer fits."""

    id: UUID
    number: int
    seed: int
    made_at: datetime
    chosen_at: datetime
    plan: Plan
    pins: tuple[Pin, ...]
    broken: bool
    published_at: datetime | None


def course(db: Session, within: Within) -> Course:
    """The course as it stands now, in five queries. Who rests from being client is as it was when it was published."""
    cohort = within.cohort
    readers = [
        (row.role, Reader(str(row.id), row.person_id, row.name, row.email, row.takes_feed_since is not None))
        for row in db.execute(
            select(
                Membership.id,
                Membership.role,
                Membership.person_id,
                Person.name,
                Person.email,
                Person.takes_feed_since,
            )
            .join(Person, Person.id == Membership.person_id)
            .where(Membership.cohort_id == cohort.id, Membership.left_at.is_(None))
            .order_by(Person.name, Membership.id)
        )
    ]
    people = tuple(reader for role, reader in readers if role == "trainee")
    # Whoever set the cohort up observes the first pair.
    tutors = sorted(
        (reader for role, reader in readers if role == "tutor"), key=lambda r: r.person_id != cohort.created_by
    )
    known = frozenset(reader.member for reader in people)
    dates = _dates(db, cohort, known)
    apart = apart_among(db, cohort.id, known)
    rests, resting = _rests(db, cohort, dates, known)
    problem = CourseProblem(
        people=tuple(reader.member for reader in people),
        present=tuple(known - frozenset(date.away) for date in dates),
        apart=apart,
        remainder=Remainder(cohort.remainder),
        turning=Turning.ONE_ROUND if cohort.rounds == 1 else Turning(cohort.turning),
        even_quads=cohort.even_quads,
        rests=rests,
    )
    return Course(problem, dates, people, tuple(tutors), resting)


def drafts(db: Session, within: Within, problem: CourseProblem) -> list[Draft]:
    """The last five plans, the one chosen last first."""
    rows = db.scalars(
        select(PlanDraft)
        .where(PlanDraft.cohort_id == within.cohort.id)
        .order_by(PlanDraft.chosen_at.desc(), PlanDraft.number.desc())
        .limit(5)
    )
    found = []
    for row in rows:
        plan = plan_in(row.groups)
        found.append(
            Draft(
                row.id,
                row.number,
                row.seed,
                row.made_at,
                row.chosen_at,
                plan,
                pins_in(row.pins),
                bool(check(problem, plan)) or _spares_somebody(problem, plan),
                row.published_at,
            )
        )
    return found


def _spares_somebody(problem: CourseProblem, plan: Plan) -> bool:
    """Whether a group leaves a round out for somebody who has taken it back since."""
    return any(
        (person, number) not in problem.rests
        for number, groups in enumerate(plan.sessions)
        for group in groups
        for person in group.rests
    )


def _rests(
    db: Session, cohort: CohortRow, dates: Sequence[Date], known: frozenset[Someone]
) -> tuple[frozenset[tuple[Someone, int]], frozenset[Someone]]:
    """Who is nobody's client at which date, and who at none at all; why is nobody's business.

    A published plan is not judged by what somebody chose later: that is shown beside it.
    """
    rows = db.execute(
        select(Preference.membership_id, Preference.practice_id, Preference.since, Preference.ended_at)
        .join(Membership, Membership.id == Preference.membership_id)
        .where(Membership.cohort_id == cohort.id, Preference.kind == Kind.NOT_CLIENT.value)
    ).all()
    out = cohort.published_at
    rests: set[tuple[Someone, int]] = set()
    for row in rows:
        held = (
            row.ended_at is None if out is None else row.since <= out and (row.ended_at is None or row.ended_at > out)
        )
        if held and str(row.membership_id) in known:
            rests |= {
                (str(row.membership_id), place)
                for place, date in enumerate(dates)
                if row.practice_id in {None, date.id}
            }
    always = {str(row.membership_id) for row in rows if row.practice_id is None and row.ended_at is None}
    return frozenset(rests), known & always


def _dates(db: Session, cohort: CohortRow, known: frozenset[Someone]) -> tuple[Date, ...]:
    """The dates to be planned; one that was practised on the spot before there was a plan is none of them."""
    away: dict[UUID, list[Someone]] = {}
    for practice_id, member in db.execute(
        select(Away.practice_id, Away.membership_id)
        .join(PracticeSession, PracticeSession.id == Away.practice_id)
        .where(PracticeSession.cohort_id == cohort.id, PracticeSession.window_id.is_(None))
    ):
        if str(member) in known:
            away.setdefault(practice_id, []).append(str(member))
    planned = () if cohort.published_at else (~exists().where(Triad.practice_id == PracticeSession.id),)
    rows: Sequence[PracticeSession] = db.scalars(
        select(PracticeSession)
        .where(PracticeSession.cohort_id == cohort.id, PracticeSession.window_id.is_(None), *planned)
        .order_by(PracticeSession.starts_at)
    ).all()
    return tuple(
        Date(row.id, row.number, row.starts_at, row.ends_at, row.place, row.link, tuple(away.get(row.id, ())))
        for row in rows
    )


def by_member(readers: Sequence[Reader]) -> Mapping[Someone, Reader]:
    return {reader.member: reader for reader in readers}
