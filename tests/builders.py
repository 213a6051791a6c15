"""Small builders that make a case visible: people, cohorts, published plans, rounds that have been held."""

import secrets
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as wall
from typing import Any, cast
from uuid import UUID
from zoneinfo import ZoneInfo

from msgspec import to_builtins
from sqlalchemy import delete, func, insert, select
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
    Table,
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


Rows = dict[type[Table], list[dict[str, Any]]]


def lay(db: Session, rows: Rows) -> None:
    """Insert rows table by table, in the order given; a statement each, since most tests begin with this."""
    for table, those in rows.items():
        if those:
            db.execute(insert(table), those)


def person_row(name: str, email: str = "") -> dict[str, Any]:
    id_ = an_id()
    address = email or f"{name.lower().replace(' ', '.')}.{id_.hex[-6:]}@example.com"
    key = email_key(address)
    return {
        "id": id_, "name": name, "email": address, "email_key": key, "pronouns": "", "feed_number": 0,
        "created_at": BEFORE,
    }  # fmt: skip


def staff_row(person: UUID) -> dict[str, Any]:
    return {"person_id": person, "since": BEFORE, "by": None}


async def a_person(store: Store, name: str = "Robin Vale", *, email: str = "", staff: bool = False) -> UUID:
    row = person_row(name, email)
    await store.write(lambda db: lay(db, {Person: [row], Staff: [staff_row(row["id"])] if staff else []}))
    return cast("UUID", row["id"])


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
    staff = [person_row(f"Marion Shaw{' ' + str(n) if n else ''}") for n in range(tutors)]
    learning = [person_row(name_of(n)) for n in range(trainees)]
    cohort_id, by = an_id(), staff[0]["id"]
    class_ = Class(
        cohort_id,
        [each["id"] for each in staff],
        [an_id() for _ in staff],
        [each["id"] for each in learning],
        [an_id() for _ in learning],
        [an_id() for _ in range(weeks)],
        [],
        [],
    )
    cohort = {
        "id": cohort_id,
        "name": name,
        "version": 1,
        "zone": "Europe/London",
        "starts": starts,
        "minutes": 120,
        "first_date": first,
        "how_many": weeks,
        "skip": [],
        "place": "Elm House",
        "link": "",
        "rooms": [],
        "rounds": 3,
        "practice_minutes": 20,
        "feedback_minutes": 10,
        "opening_minutes": 15,
        "closing_minutes": 15,
        "framework_id": "human-connection-1",
        "framework_version": "1.0",
        "competencies": list(competencies),
        "labels": {},
        "remainder": "quads",
        "safeguarding_lead": "Marion Shaw, 01632 960001",
        "contract": "",
        "contract_version": 1,
        "created_at": BEFORE,
        "created_by": by,
        "published_at": BEFORE if published else None,
        "published_by": by if published else None,
    }
    belonging = [
        {
            "id": id_,
            "cohort_id": cohort_id,
            "person_id": person,
            "role": role,
            "joined_at": BEFORE,
            "joined_by": by,
            "privacy_version": PRIVACY_VERSION if accepted else None,
            "contract_version": 1 if accepted else None,
            "accepted_at": BEFORE if accepted else None,
        }
        for role, ids, whose in (
            ("tutor", class_.tutor_members, class_.tutors),
            ("trainee", class_.members, class_.people),
        )
        for id_, person in zip(ids, whose, strict=True)
    ]
    begins = [datetime.combine(first + timedelta(weeks=week), starts, LONDON).astimezone(UTC) for week in range(weeks)]
    practices = [
        {
            "id": id_,
            "cohort_id": cohort_id,
            "number": number,
            "starts_at": begin,
            "ends_at": begin + timedelta(hours=2),
            "place": "Elm House",
            "link": "",
        }
        for number, (id_, begin) in enumerate(zip(class_.sessions, begins, strict=True), start=1)
    ]
    rows: Rows = {
        Person: [*staff, *learning],
        Staff: [staff_row(each) for each in class_.tutors],
        Cohort: [cohort],
        Membership: belonging,
        PracticeSession: practices,
        **(laid_out(class_) if published else {}),
    }
    await store.write(lambda db: lay(db, rows))
    return class_


def laid_out(class_: Class) -> Rows:
    """A published plan for everybody in it; its triads and seats are noted in the class."""
    weeks = [groups_of(class_.members, week) for week in range(len(class_.sessions))]
    draft = {
        "id": an_id(),
        "cohort_id": class_.cohort,
        "number": 1,
        "cohort_version": 1,
        "seed": 0,
        "groups": [[{"members": [str(m) for m in g], "tutor": False} for g in groups] for groups in weeks],
        "made_at": BEFORE,
        "made_by": class_.tutors[0],
        "chosen_at": BEFORE,
        "published_at": BEFORE,
        "published_by": class_.tutors[0],
    }
    rows: Rows = {PlanDraft: [draft], Triad: [], Seat: [], Turn: []}
    for practice, groups in zip(class_.sessions, weeks, strict=True):
        seats = {member: an_id() for group in groups for member in group}
        triads = [an_id() for _ in groups]
        class_.seats.append(seats)
        class_.triads.append(triads)
        for number, (triad, group) in enumerate(zip(triads, groups, strict=True), start=1):
            rows[Triad].append({"id": triad, "practice_id": practice, "number": number, "room": "", "tutor_id": None})
            rows[Seat] += [
                {
                    "id": seats[member],
                    "practice_id": practice,
                    "triad_id": triad,
                    "membership_id": member,
                    "position": position,
                    "taken_at": BEFORE,
                    "uid": f"{seats[member].hex}@elmhouse.example",
                    "sequence": 0,
                }
                for position, member in enumerate(group)
            ]
            rows[Turn] += [
                {"triad_id": triad, "round": round_, "seat_id": seats[member], "role": role.value}
                for round_, roles in enumerate(turns(group), start=1)
                for member, role in roles.items()
            ]
    return rows


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
