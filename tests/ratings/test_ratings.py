"""How a session worked: said in private, seen by tutors as a pattern from five on, and by nobody as a name."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from tests.builders import Class, a_cohort, an_id
from tests.house import House
from threefold.core.session_rating import QUESTIONS
from threefold.store.tables import Deed, Happening, PracticeSession, SessionRating, Withdrawal

ENDS = datetime(2026, 10, 1, 19, 30, tzinfo=UTC)
HAPPY = dict.fromkeys(QUESTIONS, "very_much")


@pytest.fixture
async def built(house: House) -> Class:
    house.now = ENDS
    return await a_cohort(house.store, trainees=7)


def path(built: Class) -> str:
    return f"/practice/{built.sessions[0]}/rating"


async def rate(house: House, built: Class, number: int, **other: str) -> httpx.Response:
    browser = await house.as_(built.people[number])
    return await browser.send_form(path(built), HAPPY | other)


async def rows(house: House) -> dict[Any, Any]:
    def work(db: Session) -> dict[Any, Any]:
        return {row.membership_id: row.answers for row in db.scalars(select(SessionRating))}

    return await house.store.read(work)


def words_of(answer: httpx.Response) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", answer.text)))


async def test_it_is_said_changed_and_kept_once(house: House, built: Class) -> None:
    answer = await rate(house, built, 0)
    assert answer.headers["location"] == f"{path(built)}?done=kept"
    await rate(house, built, 0, time="not_really")
    await rate(house, built, 0, time="not_really")
    assert await rows(house) == {built.members[0]: HAPPY | {"time": "not_really"}}
    amara = await house.as_(built.people[0])
    page = (await amara.get(f"{path(built)}?done=kept")).text
    assert "Thank you. You can change it until Friday 2 October." in unescape(page)
    assert re.search(r'name="time" value="not_really" checked', page)
    assert "very_much" not in (
        await house.store.read(lambda db: repr([deed.subject for deed in db.scalars(select(Deed))]))
    )


async def test_nothing_is_chosen_beforehand_and_every_open_question_is_named(house: House, built: Class) -> None:
    amara = await house.as_(built.people[0])
    page = await amara.get(path(built))
    assert "checked" not in page.text
    answer = await amara.send_form(path(built), {"time": "mostly", "safe": "loud"})
    assert answer.status_code == 422
    found = unescape(answer.text)
    for short in ("Safe enough", "Room and sound", "Clear roles", "Useful"):
        assert f"Choose an answer to “{short}”, or “Rather not say”." in found
    assert re.search(r'name="time" value="mostly" checked', answer.text)
    assert await rows(house) == {}


async def test_tutors_see_a_pattern_a_day_later_from_five_on_and_never_a_name(house: House, built: Class) -> None:
    tutor = await house.as_(built.tutors[0])
    address = f"/practice/{built.sessions[0]}/ratings"
    for number in range(4):
        await rate(house, built, number, **({"time": "not_really"} if number == 0 else {}))
    before = words_of(await tutor.get(address))
    assert "The pattern opens on Friday 2 October, 20:30, if five or more have answered by then." in before
    await rate(house, built, 4)
    assert words_of(await tutor.get(address)) == before  # not even how many
    house.later(hours=24)
    page = words_of(await tutor.get(address))
    assert "Every part of it worked for nearly everybody." in page
    assert "5 or 6 answered" in page
    assert "Time enough 1 or 2 nobody nobody 3 or 4 nobody" in page
    assert not re.search("Amara|Ben|Chloe|Dev|Esther|Farid|Grace", page)
    assert "for nearly everybody" in page


async def test_once_it_is_open_it_neither_changes_nor_grows(house: House, built: Class) -> None:
    tutor = await house.as_(built.tutors[0])
    address = f"/practice/{built.sessions[0]}/ratings"
    for number in range(5):
        await rate(house, built, number)
    house.later(days=1)
    before = (await tutor.get(address)).text
    changed = await rate(house, built, 0, time="not_really")
    late = await rate(house, built, 5, time="not_really")
    for answer in (changed, late):
        assert answer.status_code == 422
        assert "Your tutors have been shown the class’s pattern, so it stays as it is." in unescape(answer.text)
    assert len(await rows(house)) == 5
    house.later(days=4)
    assert (await tutor.get(address)).text == before
    amara = await house.as_(built.people[0])
    assert "What you said" in (await amara.get(path(built))).text


async def test_with_fewer_than_five_there_is_nothing_until_the_fifth_comes(house: House, built: Class) -> None:
    tutor = await house.as_(built.tutors[0])
    address = f"/practice/{built.sessions[0]}/ratings"
    for number in range(4):
        await rate(house, built, number)
    house.later(days=2)
    assert "Fewer than five have answered so far, so there is no pattern to see." in words_of(await tutor.get(address))
    await rate(house, built, 4)
    assert "5 or 6 answered" in words_of(await tutor.get(address))
    house.later(days=20)
    assert (await rate(house, built, 5)).status_code == 422


async def test_only_those_who_sat_there_answer_and_only_tutors_see(house: House, built: Class) -> None:
    amara, tutor = await house.as_(built.people[0]), await house.as_(built.tutors[0])
    assert (await amara.get(f"/practice/{built.sessions[0]}/ratings")).status_code == 404
    assert (await tutor.get(path(built))).status_code == 404
    assert (await tutor.send_form(path(built), HAPPY)).status_code == 404
    seat, me = built.seats[0][built.members[1]], built.people[1]
    await house.store.write(lambda db: db.add(Withdrawal(seat_id=seat, at=ENDS, by=me)))
    assert (await rate(house, built, 1)).status_code == 422
    assert await rows(house) == {}


async def test_a_session_that_is_not_over_or_was_called_off_is_not_asked_about(house: House, built: Class) -> None:
    house.later(minutes=-30)
    assert "This opens ten minutes before the session ends." in unescape((await rate(house, built, 0)).text)
    house.now = ENDS
    first = built.sessions[0]
    await house.store.write(
        lambda db: db.execute(update(PracticeSession).where(PracticeSession.id == first).values(cancelled_at=ENDS))
    )
    assert "This session was called off" in unescape((await rate(house, built, 0)).text)
    tutor = await house.as_(built.tutors[0])
    assert "This session was called off." in words_of(await tutor.get(f"/practice/{first}/ratings"))


async def test_home_asks_for_a_day_and_until_it_is_said(house: House, built: Class) -> None:
    browser = await house.as_(built.people[0])

    async def asked() -> bool:
        return f"/practice/{built.sessions[0]}/rating" in (await browser.get("/")).text

    assert await asked()
    house.later(hours=25)
    assert not await asked()
    house.later(hours=-24)
    await rate(house, built, 0)
    assert not await asked()


async def test_the_term_shows_every_session_that_has_been(house: House, built: Class) -> None:
    for number in range(6):
        await rate(house, built, number, time="not_really" if number else "mostly")
    house.later(days=8)
    tutor = await house.as_(built.tutors[0])
    page = words_of(await tutor.get(f"/practice/{built.sessions[0]}/ratings"))
    assert "Worth a look: time enough for hardly anybody." in page
    assert "Week 1 1 Oct for hardly anybody for nearly everybody" in page
    assert "Week 2 8 Oct no pattern no pattern" in page


async def test_somebody_noted_as_away_is_not_asked_and_asked_again_when_it_is_put_right(
    house: House, built: Class
) -> None:
    amara, ben = await house.as_(built.people[0]), await house.as_(built.people[1])
    began, practice = ENDS - timedelta(hours=2), built.sessions[0]
    facts = [(an_id(), built.members[1], began, None), (an_id(), built.members[0], began, began)]

    def note(db: Session, id_: UUID, member: UUID, until: datetime | None, replaces: UUID | None) -> None:
        db.add(
            Happening(
                id=id_, practice_id=practice, kind="here", membership_id=member, from_at=began, until_at=until,
                recorded_at=began, recorded_by=None, how="tutor", replaces=replaces,
            )
        )  # fmt: skip
        db.flush()

    for id_, member, _, until in facts:
        await house.store.write(lambda db, id_=id_, member=member, until=until: note(db, id_, member, until, None))  # type: ignore[misc] # their own for each turn
    link = f'href="{path(built)}"'
    assert (link in (await ben.get("/")).text, link in (await amara.get("/")).text) == (True, False)
    assert (await rate(house, built, 0)).status_code == 422
    assert (await rate(house, built, 1)).status_code == 303
    await house.store.write(lambda db: note(db, an_id(), built.members[0], None, facts[1][0]))
    assert link in (await amara.get("/")).text
    assert (await rate(house, built, 0)).status_code == 303
