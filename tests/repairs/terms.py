"""What the tests of repairs look at: a term with its letters gone out, its places, and the forms of its pages."""

import html
import re
from email import message_from_bytes
from email.policy import default
from typing import Any
from uuid import UUID

import httpx
from icalendar import Calendar
from sqlalchemy import select, update

from tests.builders import Class, a_cohort, all_told
from tests.house import Browser, House
from threefold.store.tables import Letter, PracticeSession, Seat, Turn

Places = dict[UUID, tuple[UUID, UUID, int, str, frozenset[tuple[int, str]]]]
FORM = re.compile(r'<form [^>]*action="([^"]+)"[^>]*>(.*?)</form>', re.DOTALL)
FIELD = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')


async def told(house: House, **cohort: Any) -> Class:
    """A published class whose letters have left."""
    made = await a_cohort(house.store, **cohort)
    await all_told(house.store, made.cohort)
    return made


async def places(house: House, practice: UUID) -> Places:
    """Everybody's seat, group, position, UID and roles, by membership."""
    asked = select(Seat).where(Seat.practice_id == practice, Seat.given_up_at.is_(None))
    seats = await house.store.read(lambda db: list(db.scalars(asked)))
    turns = await house.store.read(lambda db: list(db.scalars(select(Turn))))
    return {
        seat.membership_id: (
            seat.id,
            seat.triad_id,
            seat.position,
            seat.uid,
            frozenset((turn.round, turn.role) for turn in turns if turn.seat_id == seat.id),
        )
        for seat in seats
    }


async def practice_at(house: House, practice: UUID) -> PracticeSession:
    return await house.store.read(lambda db: db.get_one(PracticeSession, practice))


async def groups(house: House, practice: UUID) -> set[frozenset[UUID]]:
    """Who sits with whom."""
    found: dict[UUID, set[UUID]] = {}
    for member, place in (await places(house, practice)).items():
        found.setdefault(place[1], set()).add(member)
    return {frozenset(members) for members in found.values()}


async def waiting(house: House) -> list[Letter]:
    """Letters that have not left, in the order they were written."""
    asked = select(Letter).where(Letter.sent_at.is_(None), Letter.stopped_at.is_(None)).order_by(Letter.id)
    return await house.store.read(lambda db: list(db.scalars(asked)))


async def all_left(house: House) -> None:
    """The courier has been, and everything that waited is gone."""
    await house.store.write(
        lambda db: db.execute(
            update(Letter)
            .where(Letter.sent_at.is_(None), Letter.stopped_at.is_(None))
            .values(sent_at=house.now, tries=1)
        )
    )


def event_of(message: bytes) -> tuple[str, str, int]:
    """What a letter asks of a calendar: method, UID, SEQUENCE."""
    part = next(
        part
        for part in message_from_bytes(message, policy=default).walk()
        if part.get_content_type() == "text/calendar"
    )
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    calendar = Calendar.from_ical(content)
    (event,) = calendar.events
    return str(calendar["method"]), str(event["uid"]), int(str(event["sequence"]))


def words_of(answer: httpx.Response) -> str:
    """What a page says, without its marks."""
    return html.unescape(" ".join(re.sub("<[^>]+>", " ", answer.text).split()))


def forms_of(answer: httpx.Response, action: str) -> list[dict[str, Any]]:
    """The hidden fields of each form of a page that leads to this address."""
    found = []
    for where, inside in FORM.findall(answer.text):
        if where.endswith(action):
            fields: dict[str, list[str]] = {}
            for name, value in FIELD.findall(inside):
                fields.setdefault(name, []).append(html.unescape(value))
            found.append({name: values for name, values in fields.items() if name != "_token"})
    return found


async def ask(tutor: Browser, made: Class, scope: str, practice: UUID, *who: UUID) -> httpx.Response:
    question: dict[str, Any] = {
        "asked": "yes",
        "scope": scope,
        "practice": str(practice),
        "who": [str(one) for one in who],
    }
    return await tutor.get(f"/cohorts/{made.cohort}/repair", params=question)


async def use(tutor: Browser, made: Class, answer: httpx.Response, way: int = 0, do: str = "tell") -> httpx.Response:
    """Press "Use this" of one way (`do` is "look"), or what comes after it."""
    fields = forms_of(answer, f"/cohorts/{made.cohort}/repair")[way]
    return await tutor.send_form(f"/cohorts/{made.cohort}/repair", fields | {"do": do})
