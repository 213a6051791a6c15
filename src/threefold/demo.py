"""A made-up centre in the middle of its term: fourteen trainees, two tutors, ten evenings, one of them tonight.

Nobody in it exists, and nothing that is said in it was ever said in a room.
"""

import random
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import insert, update
from sqlalchemy.orm import Session

from threefold.core.contract import PRIVACY_VERSION
from threefold.core.feedback import CLIENT_QUESTIONS
from threefold.core.grouping import Group
from threefold.core.identity import token_digest
from threefold.core.roles import Role
from threefold.core.roster import email_key
from threefold.core.sampling import asked_for
from threefold.core.slots import WeeklyPattern, dates, round_times
from threefold.mail.letters import Postroom
from threefold.mail.notices import Pile, Unwritten, tell
from threefold.matching import CourseProblem, InvalidPlan, Plan, check
from threefold.matching.wire import plan_out
from threefold.people.actions import invite_link
from threefold.plans import actions as plans
from threefold.plans import publication
from threefold.plans.actions import Layout
from threefold.plans.queries import course
from threefold.settings import Settings
from threefold.store import schema, sqlite
from threefold.store.engine import Store, address_of
from threefold.store.frameworks import shipped
from threefold.store.rows import CohortRow, MembershipRow, value
from threefold.store.sessions import Me
from threefold.store.tables import (
    Cohort,
    ConcernReader,
    Letter,
    Membership,
    Opening,
    Person,
    Piece,
    PlanDraft,
    PracticeSession,
    Rating,
    Staff,
)
from threefold.store.within import Within
from threefold.web.ids import Ids
from threefold.web.security import Keys, new_token
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
TRAINEES = (
    "Amara Okafor", "Ben Hughes", "Chloé Martin", "Dev Mehta", "Esther Cohen", "Farid Rahimi", "Grace Liu",
    "Hanna Kaya", "Ioan Popescu", "Joy Adeyemi", "Kit Thomas", "Léa Moreau", "Mira Shah", "Priya Nair",
)  # fmt: skip
TUTORS = ("Marion Shaw", "Tom Reid")
BY_FEED = {"Farid Rahimi", "Grace Liu", "Kit Thomas", "Mira Shah"}  # their calendar reads the feed; no invitations
ZONE = "Europe/London"
FRAMEWORK = "human-connection-1"
COMPETENCIES = ["HC2", "HC3", "HC5", "HC8", "HC10"]
HELD = 4
HELPED = (
    "You waited. After a long pause you let nearly ten seconds go by, and the next words were theirs.",
    "You named the feeling tentatively, and checked whether it fitted.",
    "You asked where to begin rather than choosing for them.",
    "Your voice slowed down when theirs did.",
)
TO_TRY = (
    "Name the time when five minutes are left, so the ending belongs to both of you.",
    "Stay with one feeling before reaching for the next question.",
    "Say a little less after a reflection, and see what comes.",
    "Ask whether the direction suits them, about half way through.",
)
MOMENTS = (
    "“It sounds as if both are true at once.”",
    "“Where would you like to start?”",
    "“I’m wondering if I’ve got that right.”",
)
DID = ("They never hurried me.", "They remembered the word I had used.", "They let me change direction.")


@dataclass(frozen=True)
class Made:
    """The demo's people as its links need them."""

    tutor: UUID
    trainee: UUID
    observer: UUID


def build_demo(home: Path, port: int) -> tuple[Settings, list[tuple[str, str]]]:
    """Settings of a demo that is ready to serve, and (part, sign-in link) for each part.

    Each demo has a folder of its own in `home`. Raises OSError where none can be made.
    """
    settings = Settings(
        demo=True,
        data_folder=home / datetime.now(UTC).strftime("%Y%m%d-%H%M%S-%f"),
        base_url=f"http://127.0.0.1:{port}",
        port=port,
        plain_http=True,
        secret=secrets.token_urlsafe(48),
        sender="practice@elmhouse.example",
        centre="Elm House",
        contact="The office, 01632 960000, office@elmhouse.example",
    )
    settings.data_folder.mkdir(parents=True)
    schema.lay_out(sqlite.path_of(address_of(settings.database)))
    store = Store.open(settings.database)
    try:
        made = store.write_now(lambda db: _begun(db, settings, datetime.now(UTC)))
        return settings, links(store, settings, made)
    finally:
        store.close_now()


def _begun(db: Session, settings: Settings, now: datetime) -> Made:
    """Everything that is made up, with the letters about what is past gone out in their time."""
    made = Builder(db, settings, now).build()
    db.execute(update(Letter).where(Letter.expires_at <= now).values(sent_at=Letter.due_at, tries=1))
    return made


def links(store: Store, settings: Settings, made: Made) -> list[tuple[str, str]]:
    keys, now = Keys(settings.secret), datetime.now(UTC)
    found = []
    for part, person, destination in (
        ("tutor", made.tutor, "/cohorts"),
        ("trainee", made.trainee, "/"),
        ("observer", made.observer, "/feedback"),
    ):
        token = new_token()

        def work(db: Session, person: UUID = person, destination: str = destination, token: str = token) -> None:
            invite_link(
                db,
                person,
                destination,
                link=token_digest(token),
                digest=keys.digest,
                lasts=timedelta(days=7),
                now=now,
                new_id=Ids(now),
            )

        store.write_now(work)
        found.append((part, f"{settings.base_url}/sign-in/link/{token}"))
    return found


class Builder:
    """Builds the centre in one transaction, as its people would have done over the last weeks."""

    def __init__(self, db: Session, settings: Settings, now: datetime) -> None:
        self.db = db
        self.settings = settings
        self.now = now
        self.chance = random.Random(14)
        self.begun = now - timedelta(weeks=HELD + 1)
        self.new_id = Ids(self.begun)

    def build(self) -> Made:
        tutors = [self._person(name) for name in TUTORS]
        trainees = [self._person(name) for name in TRAINEES]
        self.db.add_all(Staff(person_id=person.id, since=self.begun, by=None) for person in tutors)
        self.db.add_all(ConcernReader(person_id=person.id, since=self.begun, by=None) for person in tutors)
        cohort, members = self._cohort(tutors, trainees)
        sessions = self._sessions(cohort)
        layout = self._plan(cohort, tutors[0], members[tutors[0].id])
        given = self._feedback(layout, sessions[:HELD])
        observer = given.get("observer") or members[trainees[1].id].id
        by_member = {membership.id: membership.person_id for membership in members.values()}
        return Made(tutors[0].id, trainees[0].id, by_member[observer])

    def _person(self, name: str) -> Person:
        address = f"{name.split(maxsplit=1)[0].lower().replace('é', 'e')}.{name.split()[1].lower()}@example.com"
        person = Person(
            id=self.new_id(),
            name=name,
            email=address,
            email_key=email_key(address),
            pronouns="",
            feed_number=0,
            takes_feed_since=self.begun if name in BY_FEED else None,
            created_at=self.begun,
        )
        self.db.add(person)
        self.db.flush()
        return person

    def _cohort(self, tutors: list[Person], trainees: list[Person]) -> tuple[Cohort, dict[UUID, Membership]]:
        first, start = evenings(self.now)
        framework = shipped(FRAMEWORK)
        cohort = Cohort(
            id=self.new_id(),
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
            created_at=self.begun,
            created_by=tutors[0].id,
        )
        self.db.add(cohort)
        self.db.flush()
        members = {}
        for role, people in (("tutor", tutors), ("trainee", trainees)):
            for person in people:
                members[person.id] = Membership(
                    id=self.new_id(),
                    cohort_id=cohort.id,
                    person_id=person.id,
                    role=role,
                    joined_at=self.begun,
                    joined_by=tutors[0].id,
                    privacy_version=PRIVACY_VERSION,
                    contract_version=1,
                    accepted_at=self.begun,
                )
        self.db.add_all(members.values())
        self.db.flush()
        return cohort, members

    def _sessions(self, cohort: Cohort) -> list[PracticeSession]:
        first, start = evenings(self.now)
        pattern = WeeklyPattern(ZONE, first.weekday(), start, 120, first, 10)
        found = [
            PracticeSession(
                id=self.new_id(),
                cohort_id=cohort.id,
                number=slot.number,
                starts_at=slot.starts_at,
                ends_at=slot.ends_at,
                place=cohort.place,
                link="",
            )
            for slot in dates(pattern)
        ]
        self.db.add_all(found)
        self.db.flush()
        return found

    def _plan(self, cohort: Cohort, tutor: Person, membership: Membership) -> Layout:
        within = Within(value(CohortRow, cohort), value(MembershipRow, membership))
        seen = course(self.db, within)
        plan = _drawn(seen.problem)
        row = PlanDraft(
            id=self.new_id(),
            cohort_id=cohort.id,
            number=1,
            cohort_version=cohort.version,
            seed=0,
            groups=plan_out(plan),
            made_at=self.begun,
            made_by=tutor.id,
            chosen_at=self.begun,
        )
        self.db.add(row)
        self.db.flush()
        layout = publication.prepare(
            within.cohort, seen, plan, domain=self.settings.mail_domain, now=self.begun, new_id=self.new_id
        )
        me = Me(tutor.id, tutor.name, tutor.email, None, tutor.id, self.begun, True, True, False)
        plans.publish(self.db, within, row, layout, by=me, now=self.begun, new_id=self.new_id)
        pile = Pile(Postroom(self.settings, environment()), self.begun, self.new_id)
        try:
            tell(self.db, [cohort.id], pile)
        except Unwritten as missing:
            for term, told in missing.wanted:
                pile.write(term, told)
            tell(self.db, [cohort.id], pile)
        return layout

    def _feedback(self, layout: Layout, held: Sequence[PracticeSession]) -> dict[str, UUID]:
        """Feedback on what was held: all of it on the older evenings, some still to come on the last one."""
        by_triad: dict[object, PracticeSession] = {
            triad["id"]: session for triad in layout.triads for session in held if triad["practice_id"] == session.id
        }
        member_of = {seat["id"]: seat["membership_id"] for seat in layout.seats}
        sizes: dict[object, int] = {}
        for turn in layout.turns:
            sizes[turn["triad_id"]] = max(sizes.get(turn["triad_id"], 0), int(str(turn["round"])))
        waiting: dict[str, UUID] = {}
        pieces: list[dict[str, object]] = []
        ratings: list[dict[str, object]] = []
        for turn in layout.turns:
            session = by_triad.get(turn["triad_id"])
            if session is None:
                continue
            author, role = member_of[turn["seat_id"]], Role(str(turn["role"]))
            if session is held[-1] and self.chance.random() < 0.4:
                if role is Role.OBSERVER and isinstance(author, UUID):
                    waiting.setdefault("observer", author)
                continue
            piece = self._piece(turn, author, role, session, sizes[turn["triad_id"]])
            pieces.append(piece)
            ratings.extend(self._ratings(piece["id"], role, session.number))
        self.db.execute(insert(Piece), pieces)
        self.db.execute(insert(Rating), ratings)
        opened = {
            (piece["triad_id"], piece["round"]): {
                "triad_id": piece["triad_id"],
                "round": piece["round"],
                "at": by_triad[piece["triad_id"]].ends_at + timedelta(days=3),
                "by": piece["author_id"],
            }
            for piece in pieces
            if piece["kind"] == "self" and by_triad[piece["triad_id"]] is not held[-1]
        }
        self.db.execute(insert(Opening), list(opened.values()))
        return waiting

    def _piece(
        self, turn: dict[str, object], author: object, role: Role, session: PracticeSession, rounds: int
    ) -> dict[str, object]:
        number = int(str(turn["round"]))
        cohort = value(CohortRow, self.db.get_one(Cohort, session.cohort_id))
        ended = round_times(session.starts_at, cohort.shape, rounds)[number - 1].ends_at
        words: dict[str, str] = (
            {"did": self.chance.choice(DID)}
            if role is Role.CLIENT
            else {"helped": self.chance.choice(HELPED), "to_try": self.chance.choice(TO_TRY)}
        )
        kind = {Role.CLIENT: "client", Role.OBSERVER: "observer", Role.COUNSELLOR: "self"}[role]
        return {
            "id": self.new_id(),
            "triad_id": turn["triad_id"],
            "round": number,
            "author_id": author,
            "kind": kind,
            "words": words,
            "sent_at": ended + timedelta(minutes=self.chance.randrange(4, 300)),
            "flagged": 0,
        }

    def _ratings(self, piece_id: object, role: Role, session: int) -> list[dict[str, object]]:
        codes = [q.code for q in CLIENT_QUESTIONS] if role is Role.CLIENT else asked_for(COMPETENCIES, session)
        rows = []
        for code in codes:
            level = self.chance.choice((2, 3, 3, 3, 4, None))
            said = [self.chance.choice(MOMENTS)] if level in {3, 4} and role is not Role.CLIENT else []
            rows.append(
                {"piece_id": piece_id, "code": code, "level": level, "moments": said, "cues": [], "what_was_said": ""}
            )
        return rows


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
