"""A tutor's first cohort, from a pasted list to letters: sixteen people on ten Tuesdays across a change of clocks."""

import html
import re
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from email import message_from_bytes, policy
from itertools import combinations
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests.cohorts.test_setting_up import LOOKING, a_new_cohort, a_tutor, carried, heading, trainees
from tests.house import House
from tests.plans.test_plan import drawn, letters
from threefold.core.roles import Role
from threefold.core.slots import SessionShape, fits
from threefold.store.tables import Letter, Membership, Person, PracticeSession, Seat, Turn

LONDON = ZoneInfo("Europe/London")
TUESDAYS = [date(2026, 10, 6) + timedelta(weeks=week) for week in range(10)]
SHAPE = SessionShape(rounds=3, practice=15, feedback=10, opening=5, closing=5)
PASTED = """Name\tE-mail
Aisha Bello\taisha.bello@example.org
Callum Reid\tcallum.reid@example.org
Dilys Owen\tdilys.owen@example.org
Eilidh Fraser\teilidh.fraser@example.org
Femi Adeyemi\tfemi.adeyemi@example.org
Gwen Pryce\tgwen.pryce@example.org
Hywel Rees\thywel.rees@example.org
Imogen Hart\timogen.hart@example.org
Jakub Nowak\tjakub.nowak@example.org
Keziah Brown\tkeziah.brown@example.org
AISHA BELLO\tAisha.Bello@Example.ORG
Liam O’Neill\tliam.oneill@example.org
Mina Sato\tmina.sato@example.org
Nia Roberts\tnia.roberts@example.org
Owen Tudor\towen.tudor@example.org
Priya Nair\tpriya.nair@example;org
Quentin Ash\tquentin.ash@example.org
Rosa Díaz\trosa.diaz@example.org
"""
SESSIONS = {
    "zone": "Europe/London",
    "weekday": "1",
    "start": "18:30",
    "minutes": "90",
    "first": "2026-10-06",
    "count": "10",
    "rounds": "3",
    "practice": "15",
    "feedback": "10",
    "opening": "5",
    "closing": "5",
    "place": "Elm House",
    "link": "",
    "rooms": "",
    "other_skips": "",
}


@pytest.fixture
def kind() -> str:
    """One database is enough: nothing here depends on which."""
    return "sqlite"


def written(db: Session) -> tuple[int, int, int]:
    """How many members beside the tutor, sessions and letters there are."""
    return (
        db.scalar(select(func.count(Membership.id)).where(Membership.role == "trainee")) or 0,
        db.scalar(select(func.count(PracticeSession.id))) or 0,
        db.scalar(select(func.count(Letter.id))) or 0,
    )


def evenings(db: Session) -> list[tuple[datetime, datetime]]:
    rows = db.scalars(select(PracticeSession).order_by(PracticeSession.number))
    return [(row.starts_at.astimezone(LONDON), row.ends_at.astimezone(LONDON)) for row in rows]


Rota = dict[int, dict[UUID, dict[UUID, dict[int, Role]]]]


def rota(db: Session) -> Rota:
    """Session number → triad → person's membership → round → role, as published."""
    found: Rota = {}
    for session, triad, member, round_, role in db.execute(
        select(PracticeSession.number, Seat.triad_id, Seat.membership_id, Turn.round, Turn.role)
        .join(Seat, Seat.practice_id == PracticeSession.id)
        .join(Turn, Turn.seat_id == Seat.id)
    ):
        found.setdefault(session, {}).setdefault(triad, {}).setdefault(member, {})[round_] = Role(role)
    return found


def events(letter: Letter) -> Iterator[tuple[datetime, datetime]]:
    """When the calendar events in a letter begin and end."""
    for part in message_from_bytes(letter.message, policy=policy.default).walk():
        if part.get_content_type() == "text/calendar":
            for event in Calendar.from_ical(part.get_content()).walk("VEVENT"):
                yield event.decoded("DTSTART"), event.decoded("DTEND")


async def test_a_first_cohort_from_a_pasted_list_to_letters(house: House) -> None:
    tutor = await a_tutor(house)
    base = await a_new_cohort(tutor)
    cohort = UUID(base.rpartition("/")[2])

    # Eighteen rows: sixteen new, one twice in another case, one to fix. Nothing is written before "Add".
    dry_run = (await tutor.send_form(f"{base}/people/reading", {"list": PASTED})).text
    assert heading(dry_run) == "16 people are ready, 1 needs a fix"
    assert dry_run.count("lready in this list, row 2") == 1
    assert "row-17-email" in dry_run
    assert await house.store.read(written) == (0, 0, 0)
    added = await tutor.send_form(f"{base}/people/reading", [*carried(dry_run), ("do", "add")])
    assert heading(added.text) == "16 people are in, 1 needs a fix"
    assert len(await trainees(house, base)) == 16

    # Ten Tuesdays at 18:30 across 25 October; ninety minutes hold the rounds of a triad and of a quad.
    assert [fits(SHAPE, 90, size).spare >= 0 for size in (3, 4)] == [True, True]
    assert (await tutor.send_form(f"{base}/sessions", SESSIONS)).headers["location"] == f"{base}/framework"
    held = await house.store.read(evenings)
    assert [begins.date() for begins, _ in held] == TUESDAYS
    assert {(f"{begins:%H:%M}", f"{ends:%H:%M}") for begins, ends in held} == {("18:30", "20:00")}
    assert [begins.utcoffset() == timedelta(hours=1) for begins, _ in held] == [True] * 3 + [False] * 7
    assert (await tutor.send_form(f"{base}/framework", LOOKING)).headers["location"] == f"{base}/plan"

    # The plan says what no plan could better, and nobody has heard of it.
    page = html.unescape(await drawn(tutor, cohort))
    assert "Your plan is ready to check" in page
    assert "Everyone works with everyone." in page
    assert "Nobody sits with the same person more than twice." in page
    assert "60 meetings repeat, and no plan can have fewer." in page
    assert await house.store.read(written) == (16, 10, 0)

    # Publishing says what it will do, then does it. The first Tuesday is over by now.
    still_to_come = sum(begins > house.now for begins, _ in held)
    assert still_to_come == 9
    asked = (await tutor.get(f"{base}/plan/publication")).text
    assert f"16 people get one letter with all their dates, and {16 * still_to_come} invitations leave" in asked
    plan = re.search(r'name="plan" value="([^"]+)"', asked)
    assert plan is not None
    assert await letters(house) == []
    assert (await tutor.send_form(f"{base}/plan/publication", {"plan": plan[1]})).status_code == 303

    sent = await letters(house)
    assert Counter(letter.kind for letter in sent) == {"overview": 16, "invitation": 16 * still_to_come}
    by_person = Counter((letter.person_id, letter.kind) for letter in sent)
    assert set(by_person.values()) == {1, still_to_come}
    people = await house.store.read(lambda db: set(db.scalars(select(Person.email))))
    assert {letter.recipient for letter in sent} < people
    invited = [event for letter in sent for event in events(letter)]
    assert {(f"{begins:%H:%M}", f"{ends:%H:%M}") for begins, ends in invited} == {("18:30", "20:00")}
    assert Counter(begins.date() for begins, _ in invited) == dict.fromkeys(TUESDAYS[1:], 16)

    # What was published keeps every promise.
    published = await house.store.read(rota)
    assert sorted(published) == list(range(1, 11))
    together: Counter[frozenset[UUID]] = Counter()
    in_fours: Counter[UUID] = Counter()
    for triads in published.values():
        assert sorted(len(group) for group in triads.values()) == [3, 3, 3, 3, 4]
        for group in triads.values():
            together.update(map(frozenset, combinations(group, 2)))
            in_fours.update(list(group) if len(group) == 4 else ())
            for turns in group.values():
                roles = Counter(turns.values())
                assert roles == {Role.COUNSELLOR: 1, Role.CLIENT: 1, Role.OBSERVER: len(group) - 2}
            for number in range(1, len(group) + 1):
                in_round = Counter(turns[number] for turns in group.values())
                assert in_round == {Role.COUNSELLOR: 1, Role.CLIENT: 1, Role.OBSERVER: len(group) - 2}
    assert (len(together), max(together.values())) == (16 * 15 // 2, 2)
    assert sum(together.values()) - len(together) == 60
    assert (len(in_fours), sum(in_fours.values()), set(in_fours.values())) == (16, 40, {2, 3})
