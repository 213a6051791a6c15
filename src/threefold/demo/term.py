"""Their term: ten evenings, one of them tonight, planned and published, with the letters that told of it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from threefold.core.contract import PRIVACY_VERSION
from threefold.core.grouping import Group
from threefold.core.identity import NewId
from threefold.core.slots import WeeklyPattern, dates
from threefold.demo.people import TRAINEES, TUTORS, as_themselves, employ, persons
from threefold.mail.letters import Postroom
from threefold.mail.notices import Pile, tell
from threefold.matching import CourseProblem, InvalidPlan, Plan, check
from threefold.matching.wire import plan_out
from threefold.plans import actions as plans
from threefold.plans import publication
from threefold.plans.actions import Layout
from threefold.plans.queries import course
from threefold.settings import Settings
from threefold.store.frameworks import shipped
from threefold.store.rows import CohortRow, MembershipRow, value
from threefold.store.tables import Cohort, Membership, Person, PlanDraft, PracticeSession
from threefold.store.within import Within
from threefold.web.templates import environment

# Drawn by the engine beforehand: its first search on a new machine takes longer than the demo may take to start.
# People by their place among the trainees in order of their names; each group in the order of its turns.
PLAN = (
    "0 12 6 | 4 7 10 | 13 1 9 8 | 3 2 5 11",
    "9 4 2 | 12 10 13 | 5 0 8 11 | 3 6 7 1",
    "12 8 3 | 11 1 13 | 0 10 2 7 | 6 9 5 4",
    "7 13 5 | 9 0 3 | 2 6 11 8 | 4 10 1 12",
    "10 6 5 | 1 8 0 | 13 2 3 4 | 7 12 11 9",
    "13 0 9 | 1 6 2 | 8 4 12 7 | 10 5 3 11",
    "1 7 5 | 11 4 0 | 6 12 3 13 | 10 8 9 2",
    "2 11 12 | 7 9 3 | 8 5 13 4 | 6 1 10 0",
    "4 11 6 | 3 8 10 | 2 0 13 7 | 12 1 5 9",
    "8 7 6 | 5 2 12 | 0 4 3 1 | 9 11 13 10",
)
ZONE = "Europe/London"
FRAMEWORK = "human-connection-1"
COMPETENCIES = ["HC2", "HC3", "HC5", "HC8", "HC10"]
HELD = 4


@dataclass(frozen=True)
class Begun:
    """Where the centre is built: in one transaction, as of `now`, by people who have been there `since`."""

    db: Session
    settings: Settings
    now: datetime
    since: datetime
    new_id: NewId


@dataclass(frozen=True)
class Term:
    """A published cohort: its people in the order of their names, their memberships by person, and who sits where."""

    cohort: Cohort
    tutors: list[Person]
    trainees: list[Person]
    members: dict[UUID, Membership]
    sessions: list[PracticeSession]
    layout: Layout

    @property
    def held(self) -> list[PracticeSession]:
        return self.sessions[:HELD]

    def member(self, person: Person) -> Membership:
        return self.members[person.id]


def begin_term(at: Begun, invited: Collection[str]) -> Term:
    """`invited`: who gets an invitation for each evening."""
    tutors = persons(at.db, TUTORS, invited=TUTORS, since=at.since, new_id=at.new_id)
    trainees = persons(at.db, TRAINEES, invited=invited, since=at.since, new_id=at.new_id)
    employ(at.db, tutors, at.since)
    cohort, members = _cohort(at, tutors, trainees)
    sessions = _sessions(at, cohort)
    layout = _plan(at, cohort, tutors[0], members[tutors[0].id])
    return Term(cohort, tutors, trainees, members, sessions, layout)


def _cohort(at: Begun, tutors: list[Person], trainees: list[Person]) -> tuple[Cohort, dict[UUID, Membership]]:
    first, start = evenings(at.now)
    framework = shipped(FRAMEWORK)
    cohort = Cohort(
        id=at.new_id(),
        name=f"Level 3 Skills, {first:%A} evenings",
        version=1,
        zone=ZONE,
        starts=start,
        minutes=120,
        first_date=first,
        how_many=10,
        skip=[],
        place="Elm House",
        link="",
        rooms=["Room 2", "Room 3", "Room 4", "Room 5"],
        rounds=3,
        practice_minutes=20,
        feedback_minutes=10,
        opening_minutes=15,
        closing_minutes=15,
        framework_id=framework.id,
        framework_version=framework.version,
        competencies=COMPETENCIES,
        labels={},
        remainder="quads",
        safeguarding_lead="Marion Shaw, 01632 960001",
        contract="",
        contract_version=1,
        created_at=at.since,
        created_by=tutors[0].id,
    )
    at.db.add(cohort)
    at.db.flush()
    members = {}
    for role, people in (("tutor", tutors), ("trainee", trainees)):
        for person in people:
            members[person.id] = Membership(
                id=at.new_id(),
                cohort_id=cohort.id,
                person_id=person.id,
                role=role,
                joined_at=at.since,
                joined_by=tutors[0].id,
                privacy_version=PRIVACY_VERSION,
                contract_version=1,
                accepted_at=at.since,
            )
    at.db.add_all(members.values())
    at.db.flush()
    return cohort, members


def _sessions(at: Begun, cohort: Cohort) -> list[PracticeSession]:
    first, start = evenings(at.now)
    pattern = WeeklyPattern(ZONE, first.weekday(), start, 120, first, 10)
    found = [
        PracticeSession(
            id=at.new_id(),
            cohort_id=cohort.id,
            number=slot.number,
            starts_at=slot.starts_at,
            ends_at=slot.ends_at,
            place=cohort.place,
            link="",
        )
        for slot in dates(pattern)
    ]
    at.db.add_all(found)
    at.db.flush()
    return found


def _plan(at: Begun, cohort: Cohort, tutor: Person, membership: Membership) -> Layout:
    within = Within(value(CohortRow, cohort), value(MembershipRow, membership))
    seen = course(at.db, within)
    plan = _drawn(seen.problem)
    row = PlanDraft(
        id=at.new_id(),
        cohort_id=cohort.id,
        number=1,
        cohort_version=cohort.version,
        seed=0,
        groups=plan_out(plan),
        made_at=at.since,
        made_by=tutor.id,
        chosen_at=at.since,
    )
    at.db.add(row)
    at.db.flush()
    layout = publication.prepare(
        within.cohort, seen, plan, domain=at.settings.mail_domain, now=at.since, new_id=at.new_id
    )
    plans.publish(at.db, within, row, layout, by=as_themselves(tutor, at.since), now=at.since, new_id=at.new_id)
    tell_all(at, cohort.id, at.since)
    return layout


def tell_all(at: Begun, cohort_id: UUID, now: datetime) -> None:
    """Everybody in a cohort hears what there is to say as it stands, once."""
    tell(at.db, [cohort_id], Pile(Postroom(at.settings, environment()), now, at.new_id, writes_inside=True))


def evenings(now: datetime) -> tuple[date, time]:
    """The first of ten dates and the time of day, so that the fifth lies ahead this evening.

    Late in the evening there is none left today, so the weekday becomes tomorrow's.
    """
    local = now.astimezone(ZoneInfo(ZONE))
    start = time(18, 30)
    if local.time() >= time(17, 45):
        soon = (local + timedelta(minutes=75)).replace(minute=0, second=0, microsecond=0)
        late = soon.date() != local.date() or soon.hour > 21
        local, start = (local + timedelta(days=1), start) if late else (local, soon.time())
    return local.date() - timedelta(weeks=HELD), start


def _drawn(problem: CourseProblem) -> Plan:
    """`PLAN` for these people. Raises InvalidPlan if it keeps the rules no more."""
    plan = Plan(
        tuple(
            tuple(Group(tuple(problem.people[int(place)] for place in group.split())) for group in groups.split("|"))
            for groups in PLAN
        )
    )
    if broken := check(problem, plan):
        raise InvalidPlan("; ".join(broken))
    return plan
