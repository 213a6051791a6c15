"""Dates unlike the usual week, also where the clocks change, and what somebody needs of a room."""

from datetime import date, time, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
from sqlalchemy import select

from tests.builders import Class, a_cohort, a_person, offers
from tests.house import Browser, House
from threefold.availability.forms import day_as_words, read_day
from threefold.core.availability import Dates, How, Span, check_dates
from threefold.core.refusal import Problem, Refusal
from threefold.store.tables import AccessNeed, Deed, OneOffDay, UsualWeek

TODAY = date(2026, 10, 7)
SKIPPED = "The clocks go forward on Sunday 28 March: there is no {} that day. Choose a time before or after"


async def dates_of(house: House, person: UUID) -> list[tuple[date, list[Any]]]:
    return await house.store.read(
        lambda db: [
            (row.on, row.marks)
            for row in db.scalars(select(OneOffDay).where(OneOffDay.person_id == person).order_by(OneOffDay.on))
        ]
    )


def said(first: str, **more: str) -> dict[str, str]:
    return {"first": first, "last": "", "how": "not_free", "begins": "", "ends": "", **more}


async def test_away_for_a_day_free_for_an_evening_and_the_rest_as_usual(house: House) -> None:
    amara = await a_person(house.store, "Amara Okafor")
    await offers(house.store, amara, (3, 9, 12, "free"), (3, 18, 21, "free"))
    browser = await house.as_(amara)
    for form in (
        said("2026-10-08"),
        said("2026-10-15", begins="19:00", ends="20:00"),
        said("2026-10-17", how="free", begins="19:30", ends="00:00"),
    ):
        answer = await browser.send_form("/availability/dates", form)
        assert answer.headers["location"] == "/availability?done=dates#dates", answer.text
    assert await dates_of(house, amara) == [
        (date(2026, 10, 8), []),
        (date(2026, 10, 15), [[540, 180, "free"], [1080, 60, "free"], [1200, 60, "free"]]),
        (date(2026, 10, 17), [[1170, 270, "free"]]),
    ]
    page = (await browser.get("/availability")).text
    assert "Free from 09:00 to 12:00, 18:00 to 19:00 and 20:00 to 21:00" in page
    assert "Free from 19:30 to midnight" in page
    # Said again of the same date, it is painted over what was said before.
    await browser.send_form("/availability/dates", said("2026-10-08", how="if_needed", begins="10:00", ends="11:00"))
    assert (await dates_of(house, amara))[0] == (date(2026, 10, 8), [[600, 60, "if_needed"]])


async def test_half_term_is_said_once_and_a_date_let_go_of_can_be_brought_back(house: House) -> None:
    amara = await a_person(house.store, "Amara Okafor")
    await offers(house.store, amara, (3, 18, 21, "free"))
    browser = await house.as_(amara)
    await browser.send_form("/availability/dates", said("2026-10-26", last="2026-10-30", begins="18:00", ends="19:00"))
    before = await dates_of(house, amara)
    assert [on.day for on, _ in before] == [26, 27, 28, 29, 30]
    gone = await browser.send_form("/availability/dates/ending", {"on": "2026-10-29"})
    assert [on.day for on, _ in await dates_of(house, amara)] == [26, 27, 28, 30]
    where = urlsplit(gone.headers["location"])
    shown = (await browser.get(f"{where.path}?{where.query}")).text
    assert 'action="/availability/dates/return"' in shown
    fields = {name: values[0] for name, values in parse_qs(where.query).items()}
    await browser.send_form("/availability/dates/return", {"on": fields["on"], "was": fields["was"]})
    assert await dates_of(house, amara) == before
    again = await browser.send_form("/availability/dates/ending", {"on": "2026-12-29"})  # there is none
    assert again.headers["location"] == "/availability#dates"


async def test_a_first_date_says_nothing_of_the_rest_of_the_year(house: House) -> None:
    amara = await a_person(house.store, "Amara Okafor")
    browser = await house.as_(amara)
    await browser.send_form("/availability/dates", said("2026-10-17", how="free", begins="10:00", ends="12:00"))
    row = await house.store.read(lambda db: db.get_one(UsualWeek, amara))
    assert (row.marks, row.version) == ([], 0)
    page = (await browser.get("/availability")).text
    assert "You haven’t marked a time yet." in page
    first = await browser.send_form("/availability/week", {"version": "0", "hours": "usual", "free_0": ["18:00"]})
    assert first.headers["location"] == "/availability?done=saved"


@pytest.mark.parametrize(
    ("form", "problems"),
    [
        (said(""), [("first", "Enter a date, like 12 11 2026")]),
        (said("2026-10-06"), [("first", "This date is over. Choose today or a later one")]),
        (said("2030-01-01"), [("first", "Choose a date within the next two years")]),
        (said("2026-10-08", last="2026-10-07"), [("last", "Choose a last date from the first one on, at most")]),
        (said("2026-10-08", last="2027-10-07"), [("last", "Choose a last date from the first one on, at most")]),
        (said("2026-10-08", last="soon"), [("last", "Enter the last date, or leave it empty")]),
        (said("2026-10-08", how="asleep"), [("how", "Choose how you are then")]),
        (said("2026-10-08", begins="19:00", ends="18:00"), [("ends", "Choose an end that is after the start")]),
        (said("2026-10-08", begins="late"), [("begins", "Enter a time like 18:00, or leave it empty for")]),
        (
            said("2027-03-28", begins="01:30", ends="03:00"),
            [("begins", SKIPPED.format("01:30"))],
        ),
        (said("", how="", begins="25:00"), [("begins", "Enter a time"), ("first", "Enter a date"), ("how", "Choose")]),
    ],
)  # fmt: skip
async def test_what_cannot_be_meant_is_asked_about_all_at_once_and_stays_as_typed(
    house: House, form: dict[str, str], problems: list[tuple[str, str]]
) -> None:
    amara = await a_person(house.store, "Amara Okafor")
    browser = await house.as_(amara)
    answer = await browser.send_form("/availability/dates", form)
    assert answer.status_code == 422
    for field, sentence in problems:
        assert f'<a href="#{field}">{sentence}' in answer.text
    assert answer.text.count('<li><a href="#') == len(problems)
    assert f'type="date" value="{form["first"]}"' in answer.text
    assert await dates_of(house, amara) == []


async def test_on_a_night_that_has_an_hour_twice_the_page_says_so(house: House) -> None:
    amara = await a_person(house.store, "Amara Okafor")
    browser = await house.as_(amara)
    await browser.send_form("/availability/dates", said("2026-10-25", how="free", begins="01:00", ends="02:00"))
    page = (await browser.get("/availability")).text
    assert "Free from 01:00 to 02:00. The clocks go back that day: one hour comes twice, and counts both times" in page


def test_only_the_date_with_the_missing_hour_is_asked_about() -> None:
    def check(first: date, zone: str) -> Dates | Refusal:
        return check_dates(first, None, How.FREE, time(2, 15), time(4), zone=zone, today=TODAY)

    assert check(date(2027, 3, 28), "Europe/London") == Dates((date(2027, 3, 28),), How.FREE, 135, 240)
    assert check(date(2027, 3, 28), "Europe/Berlin") == Refusal((
        Problem("begins", SKIPPED.format("02:15")),
    ))  # fmt: skip
    assert check(date(2027, 3, 27), "Europe/Berlin") == Dates((date(2027, 3, 27),), How.FREE, 135, 240)


async def test_nobody_fills_the_shelf_with_dates(house: House) -> None:
    amara = await a_person(house.store, "Amara Okafor")
    browser = await house.as_(amara)
    for month in (1, 3, 5, 7, 9, 11):
        await browser.send_form(
            "/availability/dates",
            said(f"2027-{month:02}-01", last=f"2027-{month + 1:02}-30" if month > 1 else "2027-02-28"),
        )
    full = await browser.send_form("/availability/dates", said("2028-03-01", last="2028-04-30"))
    assert "That’s more dates than we can keep" in full.text
    assert len(await dates_of(house, amara)) < 401


def test_a_date_goes_through_its_words_and_comes_back() -> None:
    day = (Span(540, 60, How.FREE), Span(1080, 75, How.IF_NEEDED))
    assert read_day(day_as_words(day)) == day
    assert read_day("x,1-2,0-99999-free,5-5-asleep,-1-5-free,600-0-free") == ()


async def test_needs_of_a_room_are_kept_and_no_other_trainee_ever_sees_them(house: House) -> None:
    built = await a_cohort(house.store)
    amara, ben = built.people[:2]
    browser, other = await house.as_(amara), await house.as_(ben)
    before = await seen_by(other, built)
    answer = await browser.send_form("/availability/needs", {"needs": ["step_free", "quiet", "a throne"]})
    assert answer.headers["location"] == "/availability?done=needs#needs"
    await browser.send_form("/availability/needs", {"needs": ["quiet", "near_exit"]})
    await offers(house.store, amara, (3, 18, 21, "free"), busy=[(house.now, house.now + timedelta(days=3))])
    rows = await house.store.read(lambda db: [(row.person_id, row.need) for row in db.scalars(select(AccessNeed))])
    assert sorted(rows) == [(amara, "near_exit"), (amara, "quiet")]
    deeds = await house.store.read(lambda db: [(row.verb, row.subject) for row in db.scalars(select(Deed))])
    assert deeds == [("said what they need of a room", {})] * 2
    assert (await browser.get("/availability")).text.count(" checked><span><b>A quiet room</b>") == 1
    assert await seen_by(other, built) == before


async def seen_by(browser: Browser, built: Class) -> dict[str, bytes]:
    """Every byte of what a trainee can look at that has to do with others."""
    paths = ["/availability", "/", "/calendar", "/me", *(f"/practice/{practice}" for practice in built.sessions)]
    return {path: (await browser.get(path)).content for path in paths}
