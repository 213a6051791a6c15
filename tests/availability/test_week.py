"""The usual week: said once for all cohorts, by a list or stroke by stroke, kept whatever another window does."""

import asyncio
from datetime import date, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from tests.builders import a_cohort, a_person, offers
from tests.house import Browser, House
from tests.web.queries import counted
from threefold.availability.forms import fields_of
from threefold.availability.queries import Card, card
from threefold.core.availability import USUAL_HOURS
from threefold.store.availability import week_from
from threefold.store.engine import Store
from threefold.store.sessions import Me
from threefold.store.tables import Deed, Person, UsualWeek
from threefold.web.templates import environment

JSON = {"accept": "application/json"}
EVENINGS = {"free_0": ["18:00", "19:00", "20:00"], "free_3": ["18:00", "19:00", "20:00"], "if_needed_5": ["09:00"]}
EVENING_MARKS = [[0, 1080, 180, "free"], [3, 1080, 180, "free"], [5, 540, 60, "if_needed"]]
IN_WORDS = (
    "You’re free on Monday and Thursday from 18:00 to 21:00. "
    "If needed, you could do it on Saturday from 09:00 to 10:00."
)


async def week_of(store: Store, person: UUID) -> tuple[str, list[Any], int] | None:
    def work(db: Session) -> tuple[str, list[Any], int] | None:
        row = db.get(UsualWeek, person)
        return None if row is None else (row.zone, row.marks, row.version)

    return await store.read(work)


async def save(browser: Browser, fields: dict[str, Any], version: int, hours: str = "usual") -> Any:
    """A stroke, as the page's script sends it."""
    return await browser.send_form(
        "/availability/week", {"version": str(version), "hours": hours, **fields}, headers=JSON
    )


async def test_the_list_without_scripts_keeps_the_week_and_says_it_in_words(house: House) -> None:
    amara = await a_person(house.store, "Amara Okafor")
    browser = await house.as_(amara)
    opened = await browser.get("/availability")
    assert opened.status_code == 200
    assert "You haven’t marked a time yet." in opened.text
    answer = await browser.send_form("/availability/week", {"version": "0", "hours": "usual", **EVENINGS})
    assert (answer.status_code, answer.headers["location"]) == (303, "/availability?done=saved")
    assert await week_of(house.store, amara) == ("Europe/London", EVENING_MARKS, 1)
    after = (await browser.get("/availability")).text
    assert IN_WORDS in after
    assert 'name="free_3" value="18:00" checked' in after
    assert 'name="if_needed_5" value="09:00" checked' in after
    assert after.count(" checked>") == 7 + 1  # the hours, and the brush
    assert await house.store.read(lambda db: db.scalars(select(Deed)).all()) == []


async def test_a_stroke_answers_when_it_was_saved_and_what_the_week_says_now(house: House) -> None:
    amara = await a_person(house.store, "Amara Okafor")
    browser = await house.as_(amara)
    first = await save(browser, EVENINGS, 0)
    assert (first.status_code, first.json()) == (200, {"saved_at": "13:00", "version": 1, "words": IN_WORDS})
    again = await save(browser, EVENINGS, 0)  # the answer was lost on the way, and the page sends it once more
    assert (again.status_code, again.json()["version"]) == (200, 1)
    none = await save(browser, {}, 1)
    assert none.json() == {"saved_at": "13:00", "version": 2, "words": "You haven’t marked a time yet."}
    assert await week_of(house.store, amara) == ("Europe/London", [], 2)


async def test_two_windows_notice_each_other_and_neither_is_lost(house: House) -> None:
    amara = await a_person(house.store, "Amara Okafor")
    one, other = await house.as_(amara), await house.as_(amara)
    await save(one, EVENINGS, 0)
    late = await save(other, {"free_1": ["10:00"]}, 0)
    assert (late.status_code, late.json()) == (
        409,
        {"conflict": True, "version": 1, "theirs": {**EVENINGS, "hours": "usual"}},
    )
    assert await week_of(house.store, amara) == ("Europe/London", EVENING_MARKS, 1)
    # Without scripts the page comes back with what was sent, to be saved once more by choice.
    page = await other.send_form("/availability/week", {"version": "0", "hours": "usual", "free_1": ["10:00"]})
    assert page.status_code == 422
    assert "This was changed in another window." in page.text
    assert 'name="free_1" value="10:00" checked' in page.text
    assert '<input type="hidden" name="version" value="1">' in page.text
    assert (await save(other, {"free_1": ["10:00"]}, 1)).status_code == 200
    assert await week_of(house.store, amara) == ("Europe/London", [[1, 600, 60, "free"]], 2)


async def test_two_windows_at_once_are_one_save_and_one_question(house: House) -> None:
    amara = await a_person(house.store, "Amara Okafor")
    windows = [await house.as_(amara) for _ in range(6)]
    for version in (0, 1):
        ways = [{f"free_{day}": ["18:00"], f"if_needed_{day}": [f"{9 + version:02}:00"]} for day in range(6)]
        answers = await asyncio.gather(*(save(*each, version) for each in zip(windows, ways, strict=True)))
        assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409, 409, 409]
        kept = await week_of(house.store, amara)
        assert kept is not None
        assert (kept[2], len(kept[1])) == (version + 1, 2)


async def test_the_card_for_a_home_says_it_in_one_question(house: House) -> None:
    amara = await a_person(house.store, "Amara Okafor")
    browser = await house.as_(amara)
    assert await card_of(house, amara) == (Card(said=False, words=""), 1)
    await save(browser, EVENINGS, 0)
    assert await card_of(house, amara) == (Card(said=True, words=IN_WORDS), 1)
    shown = environment().get_template("availability/_card.html").render(availability=Card(said=True, words=IN_WORDS))
    assert IN_WORDS in shown


async def card_of(house: House, person: UUID) -> tuple[Card, int]:
    me = Me(person, "", "", None, person, house.now, is_staff=False, is_tutor=False, is_trainee=True)
    with counted() as questions:
        found = await house.store.read(lambda db: card(db, me))
    return found, len(questions)


async def test_the_page_asks_five_questions_whatever_there_is(house: House) -> None:
    amara = await a_person(house.store, "Amara Okafor")
    browser = await house.as_(amara)
    for busy in (
        [],
        [(house.now + timedelta(hours=n), house.now + timedelta(hours=n, minutes=30)) for n in range(400)],
    ):
        await offers(house.store, amara, (3, 18, 21, "free"), one_offs={date(2026, 10, 8): []}, busy=busy)
        with counted() as questions:
            assert (await browser.get("/availability")).status_code == 200
        assert len(questions) == 5


async def test_an_hour_ticked_twice_promises_less_and_what_is_no_hour_says_nothing(house: House) -> None:
    amara = await a_person(house.store, "Amara Okafor")
    browser = await house.as_(amara)
    odd = {
        "free_2": ["18:00", "23:00", "nonsense", "18:30"],
        "if_needed_2": ["18:00"],
        "free_9": ["18:00"],
        "free_x": "x",
    }
    assert (await save(browser, odd, 0)).status_code == 200
    assert await week_of(house.store, amara) == ("Europe/London", [[2, 1080, 60, "if_needed"]], 1)
    assert (await save(browser, odd, 10**30)).json()["version"] == 1
    assert (await save(browser, {**odd, "hours": "rubbish"}, 1)).status_code == 200


async def test_hours_that_are_not_shown_stay_and_are_shown_from_then_on(house: House) -> None:
    amara = await a_person(house.store, "Amara Okafor")
    browser = await house.as_(amara)
    assert "23:00" not in (await browser.get("/availability")).text
    assert 'value="23:00"' in (await browser.get("/availability?hours=all")).text
    await save(browser, {"free_4": ["23:00"]}, 0, hours="all")
    assert 'name="free_4" value="23:00" checked' in (await browser.get("/availability")).text
    await save(browser, {"free_4": ["12:00"]}, 1, hours="usual")  # a page opened before that
    assert await week_of(house.store, amara) == ("Europe/London", [[4, 720, 60, "free"], [4, 1380, 60, "free"]], 2)


async def test_one_answer_serves_every_cohort_and_nobody_elses_page_shows_it(house: House) -> None:
    built, second = await a_cohort(house.store), await a_cohort(house.store, name="Level 4, Mondays")
    amara, ben = built.people[:2]
    await offers(house.store, amara, (3, 18, 21, "free"))
    page = (await (await house.as_(amara)).get("/availability")).text
    assert "Thursday 8 October, 18:30 UK time" in page
    assert "You’re free then." in page
    assert "Level 4" not in page
    assert second.cohort != built.cohort
    theirs = (await (await house.as_(ben)).get("/availability")).text
    assert "You haven’t said whether you’re free then." in theirs
    assert "from 18:00 to 21:00" not in theirs


async def test_in_new_york_uk_time_and_own_time_stand_side_by_side_with_the_right_weekday(house: House) -> None:
    built = await a_cohort(house.store, starts=time(0, 30), first=date(2026, 10, 9))  # Fridays, half past midnight
    amara = built.people[0]
    await house.store.write(
        lambda db: db.execute(update(Person).where(Person.id == amara).values(zone="America/New_York"))
    )
    browser = await house.as_(amara)
    await save(browser, {"free_3": ["19:00", "20:00"]}, 0)
    page = (await browser.get("/availability")).text
    assert await week_of(house.store, amara) == ("America/New_York", [[3, 1140, 120, "free"]], 1)
    assert (
        '<time datetime="2026-10-09T00:30+01:00"><b>Friday 9 October, 00:30 UK time</b> (Thursday 19:30 for you)'
        in page
    )
    assert "Times are New York time." in page
    assert "it’s Wednesday 13:00 UK time now (08:00 for you)" in page
    assert page.count("By your answer you’re not free then") == 3  # the meetings run until 21:30 there


async def test_the_same_hours_can_be_meant_on_another_clock_after_moving(house: House) -> None:
    amara = await a_person(house.store, "Amara Okafor")
    browser = await house.as_(amara)
    await save(browser, EVENINGS, 0)
    await house.store.write(lambda db: db.execute(update(Person).where(Person.id == amara).values(zone="Asia/Tokyo")))
    page = (await browser.get("/availability")).text
    assert "Your hours are on UK time; your details say Tokyo time." in page
    assert (await browser.send_form("/availability/zone")).headers["location"] == "/availability?done=zone"
    assert await week_of(house.store, amara) == ("Asia/Tokyo", EVENING_MARKS, 2)
    assert "your details say" not in (await browser.get("/availability")).text
    # A window that showed them on the clock of the place before is asked first.
    assert (await save(browser, {}, 1)).status_code == 409


def test_a_week_comes_back_from_its_fields() -> None:
    days = week_from("Europe/London", EVENING_MARKS, 1).days
    assert days is not None
    assert fields_of(days, USUAL_HOURS) == EVENINGS
