"""Small builders that make a case visible: people, cohorts, published plans, rounds that have been held."""

import secrets
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as wall
from uuid import UUID
from zoneinfo import ZoneInfo

from msgspec import to_builtins
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from threefold.core.contract import PRIVACY_VERSION
from threefold.core.grouping import Group
from threefold.core.identity import new_id
from threefold.core.roles import turns
from threefold.core.roster import email_key
from threefold.core.slots import SessionShape
from threefold.core.term import Member, Notice, news
from threefold.store.engine import Store
from threefold.store.reseating import Sitting, reseat
from threefold.store.rows import CohortRow, value
from threefold.store.tables import (
    Cohort,
    Letter,
    Membership,
    OneOffDay,
    OwnCalendar,
    Person,
    PlanDraft,
    PracticeSession,
    PracticeWindow,
    Seat,
    Staff,
    Triad,
    Turn,
    UsualWeek,
)
from threefold.store.terms import term_ahead

NAMES = (
    "Amara Okafor",
    "Ben Hughes",
    "Chloe Martin",
    "Dev Mehta",
    "Esther Cohen",
    "Farid Rahimi",
    "Grace Liu",
    "Hanna Kaya",
    "Ioan Popescu",
    "Joy Adeyemi",
    "Kit Thomas",
    "Lena Brandt",
    "Mira Shah",
    "Noor Aziz",
    "Owen Price",
    "Priya Nair",
)
LONDON = ZoneInfo("Europe/London")
BEFORE = datetime(2026, 9, 1, 9, 0, tzinfo=UTC)


def an_id() -> UUID:
    return new_id(time.time_ns() // 1_000_000, secrets.token_bytes(10))


def name_of(number: int) -> str:
    return NAMES[number] if number < len(NAMES) else f"Trainee {number + 1}"


@dataclass(frozen=True)
class Class:
    """What a built cohort consists of; lists are in the order of `NAMES`, sessions and triads in time order.

    `people` and `members` are trainees (person ids, membership ids); `seats[session][membership id]` the seat ids.
    """

    cohort: UUID
    tutors: list[UUID]
    tutor_members: list[UUID]
    people: list[UUID]
    members: list[UUID]
    sessions: list[UUID]
    triads: list[list[UUID]]
    seats: list[dict[UUID, UUID]]


async def a_person(store: Store, name: str = "Robin Vale", *, email: str = "", staff: bool = False) -> UUID:
    id_ = an_id()
    address = email or f"{name.lower().replace(' ', '.')}.{id_.hex[-6:]}@example.com"

    def work(db: Session) -> None:
        db.add(
            Person(
                id=id_,
                name=name,
                email=address,
                email_key=email_key(address),
                pronouns="",
                feed_number=0,
                created_at=BEFORE,
            )
        )
        db.flush()
        if staff:
            db.add(Staff(person_id=id_, since=BEFORE, by=None))

    await store.write(work)
    return id_


async def a_cohort(
    store: Store,
    *,
    name: str = "Level 3, Thursdays",
    trainees: int = 6,
    tutors: int = 1,
    weeks: int = 3,
    first: date = date(2026, 10, 1),
    starts: wall = wall(18, 30),
    published: bool = True,
    accepted: bool = True,
    competencies: tuple[str, ...] = ("HC2", "HC8", "HC10"),
) -> Class:
    """A cohort in London on Thursdays at 18:30 for two hours, three rounds of 20 + 10 minutes after 15 of welcome.

    Published ones sit in triads of neighbours, shifted by one person each week; left-overs join as fourths.
    """
    cohort_id = an_id()
    tutor_people = [await a_person(store, f"Marion Shaw{' ' + str(n) if n else ''}", staff=True) for n in range(tutors)]
    people = [await a_person(store, name_of(n)) for n in range(trainees)]
    tutor_members = [an_id() for _ in tutor_people]
    members = [an_id() for _ in people]
    sessions = [an_id() for _ in range(weeks)]
    triads: list[list[UUID]] = []
    seats: list[dict[UUID, UUID]] = []

    def work(db: Session) -> None:
        triads.clear()
        seats.clear()
        db.add(
            Cohort(
                id=cohort_id,
                name=name,
                version=1,
                zone="Europe/London",
                starts=starts,
                minutes=120,
                first_date=first,
                how_many=weeks,
                skip=[],
                place="Elm House",
                link="",
                rooms=[],
                rounds=3,
                practice_minutes=20,
                feedback_minutes=10,
                opening_minutes=15,
                closing_minutes=15,
                framework_id="human-connection-1",
                framework_version="1.0",
                competencies=list(competencies),
                labels={},
                remainder="quads",
                safeguarding_lead="Marion Shaw, 01632 960001",
                contract="",
                contract_version=1,
                created_at=BEFORE,
                created_by=tutor_people[0],
                published_at=BEFORE if published else None,
                published_by=tutor_people[0] if published else None,
            )
        )
        db.flush()
        for role, ids, whose in (("tutor", tutor_members, tutor_people), ("trainee", members, people)):
            for id_, person in zip(ids, whose, strict=True):
                db.add(
                    Membership(
                        id=id_,
                        cohort_id=cohort_id,
                        person_id=person,
                        role=role,
                        joined_at=BEFORE,
                        joined_by=tutor_people[0],
                        privacy_version=PRIVACY_VERSION if accepted else None,
                        contract_version=1 if accepted else None,
                        accepted_at=BEFORE if accepted else None,
                    )
                )
        for week, id_ in enumerate(sessions):
            begin = datetime.combine(first + timedelta(weeks=week), starts, LONDON).astimezone(UTC)
            db.add(
                PracticeSession(
                    id=id_,
                    cohort_id=cohort_id,
                    number=week + 1,
                    starts_at=begin,
                    ends_at=begin + timedelta(hours=2),
                    place="Elm House",
                    link="",
                )
            )
        db.flush()
        if published:
            lay_out(db)

    def lay_out(db: Session) -> None:
        weeks_of_groups = [groups_of(members, week) for week in range(weeks)]
        db.add(
            PlanDraft(
                id=an_id(),
                cohort_id=cohort_id,
                number=1,
                cohort_version=1,
                seed=0,
                groups=[
                    [{"members": [str(m) for m in g], "tutor": False} for g in groups] for groups in weeks_of_groups
                ],
                made_at=BEFORE,
                made_by=tutor_people[0],
                chosen_at=BEFORE,
                published_at=BEFORE,
                published_by=tutor_people[0],
            )
        )
        for practice, groups in zip(sessions, weeks_of_groups, strict=True):
            triads.append([])
            seats.append({})
            for number, group in enumerate(groups, start=1):
                triad = an_id()
                triads[-1].append(triad)
                db.add(Triad(id=triad, practice_id=practice, number=number, room="", tutor_id=None))
                db.flush()
                for position, member in enumerate(group):
                    seat = an_id()
                    seats[-1][member] = seat
                    db.add(
                        Seat(
                            id=seat,
                            practice_id=practice,
                            triad_id=triad,
                            membership_id=member,
                            position=position,
                            taken_at=BEFORE,
                            uid=f"{seat.hex}@elmhouse.example",
                            sequence=0,
                        )
                    )
                db.flush()
                for round_, roles in enumerate(turns(group), start=1):
                    for member, role in roles.items():
                        db.add(Turn(triad_id=triad, round=round_, seat_id=seats[-1][member], role=role.value))
        db.flush()

    await store.write(work)
    return Class(cohort_id, tutor_people, tutor_members, people, members, sessions, triads, seats)


async def all_told(store: Store, cohort: UUID, now: datetime = BEFORE) -> None:
    """Everybody has had the letters about their seats, as if they had left at `now`."""

    def work(db: Session) -> None:
        term = term_ahead(db, cohort, now)
        assert term is not None
        told = news(term, now)
        letters: list[tuple[Member, str, Notice | None, str, object]] = [
            *(
                (
                    one.member,
                    "overview",
                    None,
                    one.member.email,
                    {str(s): to_builtins(shown) for s, shown in one.sessions},
                )
                for one in told.overviews
            ),
            *((one.member, "invitation", one, one.recipient, to_builtins(one.shown)) for one in told.notices),
        ]
        for number, (member, kind, notice, recipient, shows) in enumerate(letters):
            id_ = an_id()
            db.add(
                Letter(
                    id=id_,
                    once=f"{kind}:{member.id}:{number}",
                    lane=f"term:{member.id}",
                    kind=kind,
                    person_id=member.person_id,
                    cohort_id=cohort,
                    recipient=recipient,
                    subject="",
                    message=b"",
                    message_id=f"<{id_.hex}@elmhouse.example>",
                    written_at=now,
                    due_at=now,
                    sent_at=now,
                    tries=1,
                    seat_id=notice.seat_id if notice else None,
                    sequence=notice.sequence if notice else None,
                    method=notice.method.value if notice else None,
                    shows=shows,
                )
            )

    await store.write(work)


def groups_of(members: list[UUID], week: int) -> list[list[UUID]]:
    """Triads of neighbours, everybody shifted by one each week; whoever is left over joins the first groups."""
    turned = members[week % len(members) :] + members[: week % len(members)]
    whole = len(turned) // 3
    groups = [turned[3 * n : 3 * n + 3] for n in range(whole)]
    for n, extra in enumerate(turned[3 * whole :]):
        groups[n % whole].append(extra)
    return groups


async def offers(
    store: Store,
    person: UUID,
    *marks: tuple[int, int, int, str],
    zone: str = "Europe/London",
    one_offs: dict[date, list[tuple[int, int, str]]] | None = None,
    busy: list[tuple[datetime, datetime]] | None = None,
) -> None:
    """Somebody's usual week, by (weekday, hour it begins, hour it ends, "free" or "if_needed"); dates unlike it by
    (hour it begins, hour it ends, how); hours their own calendar takes.
    """

    def work(db: Session) -> None:
        week = [[weekday, begins * 60, (ends - begins) * 60, how] for weekday, begins, ends, how in marks]
        db.merge(UsualWeek(person_id=person, zone=zone, marks=week, version=1, saved_at=BEFORE))
        for on, day in (one_offs or {}).items():
            spans = [[begins * 60, (ends - begins) * 60, how] for begins, ends, how in day]
            db.merge(OneOffDay(person_id=person, on=on, marks=spans, saved_at=BEFORE))
        if busy is not None:
            taken = [[begins.isoformat(), ends.isoformat()] for begins, ends in busy]
            db.merge(OwnCalendar(person_id=person, address="", busy=taken, added_at=BEFORE, read_at=BEFORE))

    await store.write(work)


async def regrouped(store: Store, made: Class, week: int, groups: list[tuple[int, ...]]) -> dict[int, UUID]:
    """Only these sit in this session (counted from 0), in these groups; people by their place in `NAMES`. Their seats.

    The session is as it was published: nothing says that it was ever otherwise.
    """
    practice, shape = made.sessions[week], SessionShape(3, 20, 10, 15, 15)
    sittings = [
        Sitting.of(Group(tuple(str(made.members[each]) for each in group), tutor=len(group) == 2), shape)
        for group in groups
    ]

    def work(db: Session) -> dict[UUID, UUID]:
        reseat(db, practice, sittings, domain="elmhouse.example", now=BEFORE, new_id=an_id)
        gone = select(Seat.id).where(Seat.practice_id == practice, Seat.given_up_at.is_not(None))
        db.execute(delete(Seat).where(Seat.id.in_(gone)))
        db.flush()
        held = select(Seat.membership_id, Seat.id).where(Seat.practice_id == practice)
        return dict(db.execute(held).all())

    seats = await store.write(work)
    made.seats[week].clear()
    made.seats[week].update(seats)
    return {each: seats[made.members[each]] for group in groups for each in group}


@dataclass(frozen=True)
class Extra:
    """Extra practice that was opened: its window, and its times in order."""

    window: UUID
    times: list[UUID]


async def extra_practice(
    store: Store,
    built: Class,
    *starts: datetime,
    way: str = "joined",
    at_once: int = 1,
    most_each: int = 1,
    if_two: str = "go_ahead",
    steps_out_until: int = 2,
    link: str = "",
    place: str = "Library",
    rooms: tuple[dict[str, object], ...] = (),
    closes_at: datetime | None = None,
    now: datetime = BEFORE,
) -> Extra:
    """Times of two hours on London's clock, three rounds of 20 + 10 minutes; matched ones have no sessions yet."""
    window, times = an_id(), [an_id() for _ in starts] if way == "joined" else []
    shape = [3, 20, 10, 10, 10, 0]

    def work(db: Session) -> None:
        db.add(
            PracticeWindow(
                id=window,
                cohort_id=built.cohort,
                way=way,
                first_day=starts[0].date(),
                last_day=starts[-1].date(),
                times=[each.isoformat(timespec="minutes") for each in starts],
                minutes=120,
                shape=shape,
                mode="room" if place else "online",
                place=place,
                link=link,
                rooms=list(rooms),
                at_once=at_once,
                most_each=most_each,
                if_two=if_two,
                steps_out_until=steps_out_until,
                closes_at=closes_at,
                opened_at=now,
                opened_by=built.tutors[0],
                made_at=now,
                made_by=built.tutors[0],
            )
        )
        db.flush()
        last = db.scalar(select(func.max(PracticeSession.number)).where(PracticeSession.cohort_id == built.cohort)) or 0
        for number, (id_, start) in enumerate(zip(times, starts, strict=False), start=last + 1):
            at = start.replace(tzinfo=LONDON).astimezone(UTC)
            db.add(
                PracticeSession(
                    id=id_,
                    cohort_id=built.cohort,
                    number=number,
                    starts_at=at,
                    ends_at=at + timedelta(hours=2),
                    place=place,
                    link=link,
                    shape=shape,
                    window_id=window,
                )
            )
        db.flush()

    await store.write(work)
    return Extra(window, times)


def cohort_row(db: Session, cohort: UUID) -> CohortRow:
    """A cohort as whoever has been let in holds it."""
    return value(CohortRow, db.get_one(Cohort, cohort))
