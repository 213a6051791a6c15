"""A person's own calendar on their page: given as an address or a file, read again, taken away, shown to nobody."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.availability.test_calendars import calendar
from tests.availability.test_fetching import CALENDAR, says, server
from tests.builders import a_cohort, a_person, offers
from tests.house import House
from threefold.availability.fetching import NOT_HTTPS, NOT_OURS_TO_ASK
from threefold.availability.reading import read_what_is_due
from threefold.clerk import Clerk
from threefold.core.availability import How
from threefold.mail.letters import Postroom
from threefold.store.availability import availability_of
from threefold.store.tables import Deed, OwnCalendar
from threefold.web.templates import environment

CLASS = (datetime(2026, 10, 8, 17, 30, tzinfo=UTC), datetime(2026, 10, 8, 19, 30, tzinfo=UTC))
CONCERT = "DTSTART:20261008T190000Z\nDTEND:20261008T210000Z\nSUMMARY:Mahler with Sam"


async def kept(house: House, person: UUID) -> dict[str, Any] | None:
    def work(db: Session) -> dict[str, Any] | None:
        row = db.get(OwnCalendar, person)
        return None if row is None else {c.key: getattr(row, c.key) for c in OwnCalendar.__table__.columns}

    return await house.store.read(work)


async def says_of(house: House, person: UUID) -> How:
    return await house.store.read(lambda db: availability_of(db, [person])[person].at(*CLASS))


async def test_an_address_is_read_at_once_again_now_and_then_and_taken_away(house: House) -> None:
    built = await a_cohort(house.store)
    amara = built.people[0]
    await offers(house.store, amara, (3, 18, 21, "free"))
    browser, there = await house.as_(amara), [CONCERT]
    assert await says_of(house, amara) is How.FREE
    async with server(lambda _path: says(calendar(*there))) as (address, asked):
        answer = await browser.send_form("/availability/calendar", {"address": f"{address}/secret-key/cal.ics"})
        assert answer.headers["location"] == "/availability?done=calendar#calendar-card", answer.text
        busy = [["2026-10-08T19:00:00+00:00", "2026-10-08T21:00:00+00:00"]]
        assert await kept(house, amara) == {
            "person_id": amara,
            "address": f"{address}/secret-key/cal.ics",
            "busy": busy,
            "added_at": house.now,
            "read_at": house.now,
            "trouble": "",
        }
        assert await says_of(house, amara) is How.NOT_FREE
        page = (await browser.get("/availability")).text
        assert "The calendar at 127.0.0.1 takes 1 time in the next six months, which counts as not free." in page
        assert "By your answer you’re not free then" in page
        assert ("Mahler" in page, "secret-key" in page) == (False, False)

        await browser.send_form("/availability/calendar/reading")  # a moment ago is soon enough
        assert len(asked) == 1
        assert await read_what_is_due(house.store, house.settings, house.now + timedelta(hours=5)) == 0
        there.clear()
        assert await read_what_is_due(house.store, house.settings, house.now + timedelta(hours=7)) == 1
        assert len(asked) == 2
    found = await kept(house, amara)
    assert found is not None
    assert (found["busy"], found["read_at"]) == ([], house.now + timedelta(hours=7))
    assert await says_of(house, amara) is How.FREE

    house.later(minutes=1)
    gone = await browser.send_form("/availability/calendar/ending")
    assert gone.headers["location"] == "/availability?done=gone#calendar-card"
    assert await kept(house, amara) is None
    deeds = await house.store.read(lambda db: db.scalars(select(Deed.verb).order_by(Deed.at)).all())
    assert list(deeds) == ["added a calendar of their own", "took away their calendar"]


async def test_an_address_that_stops_answering_keeps_what_was_read_and_says_so(house: House) -> None:
    amara = await a_person(house.store, "Amara Okafor")
    browser = await house.as_(amara)
    async with server(lambda _path: says(calendar(CONCERT))) as (address, _):
        await browser.send_form("/availability/calendar", {"address": address})
    house.later(hours=7)
    assert await read_what_is_due(house.store, house.settings, house.now) == 1
    found = await kept(house, amara)
    assert found is not None
    assert (len(found["busy"]), found["read_at"], found["trouble"][:21]) == (1, house.now, "We couldn’t reach thi")
    page = (await browser.get("/availability")).text
    assert "It couldn’t be read the last time." in page
    assert await read_what_is_due(house.store, house.settings, house.now) == 0  # not every minute


async def test_a_calendar_taken_away_while_it_was_read_stays_away(house: House) -> None:
    amara = await a_person(house.store, "Amara Okafor")
    browser = await house.as_(amara)
    async with server(lambda _path: [0.2, *says(calendar(CONCERT))]) as (address, asked):
        await browser.send_form("/availability/calendar", {"address": address})
        house.later(hours=7)
        reading = asyncio.create_task(read_what_is_due(house.store, house.settings, house.now))
        while len(asked) < 2:  # noqa: ASYNC110 - the other side's list is all there is to look at
            await asyncio.sleep(0.01)
        await browser.send_form("/availability/calendar/ending")
        assert await reading == 1
    assert await kept(house, amara) is None


async def test_a_file_is_read_once_and_not_kept(house: House) -> None:
    amara = await a_person(house.store, "Amara Okafor")
    browser = await house.as_(amara)
    files = {"calendar": ("home.ics", calendar(CONCERT), "text/calendar")}
    answer = await browser.send_form("/availability/calendar", {"address": ""}, files=files)
    assert answer.status_code == 303, answer.text
    found = await kept(house, amara)
    assert found is not None
    assert (found["address"], len(found["busy"])) == ("", 1)
    assert "The file you sent takes 1 time" in (await browser.get("/availability")).text
    assert await read_what_is_due(house.store, house.settings, house.now + timedelta(days=9)) == 0


async def test_what_cannot_be_read_is_refused_beside_its_field_with_the_words_kept(house: House) -> None:
    amara = await a_person(house.store, "Amara Okafor")
    browser = await house.as_(amara)
    for typed, sentence in (
        ("", "Enter the address of your calendar, or choose a file"),
        ("http://10.0.0.1/cal.ics", NOT_OURS_TO_ASK),
        ("ftp://example.com/cal.ics", NOT_HTTPS),
    ):
        answer = await browser.send_form("/availability/calendar", {"address": typed})
        assert answer.status_code == 422
        assert f'<a href="#address">{sentence}</a>' in answer.text
        assert f'name="address" type="url" value="{typed}"' in answer.text
    files = {"calendar": ("home.png", b"\x89PNG", "image/png")}
    answer = await browser.send_form("/availability/calendar", {"address": ""}, files=files)
    assert (answer.status_code, '<a href="#calendar">' in answer.text) == (422, True)
    async with server(lambda _path: says(b"<!doctype html>")) as (address, _):
        answer = await browser.send_form("/availability/calendar", {"address": address})
        assert (answer.status_code, '<a href="#address">' in answer.text) == (422, True)
    assert await kept(house, amara) is None


async def test_nobody_who_is_not_signed_in_has_us_ask_anywhere(house: House) -> None:
    browser = await house.visitor()
    async with server(lambda _path: says(CALENDAR)) as (address, asked):
        answer = await browser.send_form("/availability/calendar", {"address": address})
        assert answer.headers["location"].startswith("/sign-in?next=/kept/")
        assert asked == []


async def test_a_clerk_who_waits_for_a_slow_calendar_stops_at_once(house: House) -> None:
    amara = await a_person(house.store, "Amara Okafor")
    async with server(lambda _path: [8.0]) as (address, asked):
        now = house.now - timedelta(hours=9)
        row = OwnCalendar(person_id=amara, address=address, busy=[], added_at=now, read_at=now)
        await house.store.write(lambda db: db.add(row))
        clerk = Clerk(house.store, Postroom(house.settings, environment()), clock=lambda: house.now)
        reading = asyncio.create_task(clerk._read_calendars())
        while not asked:  # noqa: ASYNC110 - the other side's list is all there is to look at
            await asyncio.sleep(0.01)
        began = time.monotonic()
        await clerk.stop()
        await reading
        assert time.monotonic() - began < 2
    found = await kept(house, amara)
    assert found is not None
    assert (found["read_at"], found["trouble"]) == (now, "")
