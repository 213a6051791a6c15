"""The private calendar feed: what it holds and for how long, how it is asked for, what real calendars make of it."""

import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID
from xml.etree import ElementTree as ET

import httpx
import ics
import pytest
import recurring_ical_events
import vobject
from icalendar import Calendar
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from tests.builders import Class, a_cohort, an_id
from tests.house import House
from tests.web.queries import counted
from threefold.mail.calendar import check
from threefold.practice.feed import has_already, takes_gzip
from threefold.store.deeds import changed
from threefold.store.tables import Cohort, Deed, Letter, Membership, Person, PracticeSession, Seat, Withdrawal

WEEK = timedelta(weeks=1)


async def address_of(house: House, person: UUID) -> str:
    """The feed's path, as its owner finds it on their calendar page."""
    page = (await (await house.as_(person)).get("/calendar")).text
    found = re.search(r"(/calendar/feed/[^\"<]+practice\.ics)", page)
    assert found
    return found[1]


async def look(house: House, address: str, **headers: str) -> httpx.Response:
    """What a calendar program gets: it has no cookie and comes from nowhere."""
    nobody = await house.visitor()
    for name in ("origin", "sec-fetch-site", "accept-encoding"):
        nobody.headers.pop(name, None)
    return await nobody.get(address, headers=headers)


def events(answer: httpx.Response) -> list[Any]:
    """What the library reads in it. Its properties are of thirty kinds: Any."""
    return list(Calendar.from_ical(answer.content).events)


async def states(house: House, address: str) -> list[tuple[str, str]]:
    """(date, status) of every entry in the feed."""
    answer = await look(house, address)
    assert check(answer.content, None) == ()
    return [(f"{event.start:%d %b}", str(event["STATUS"])) for event in events(answer)]


async def change(house: House, made: Class, work: Callable[[Session], object]) -> None:
    """What some action changes, and with it the cohort's version."""

    def unit(db: Session) -> None:
        work(db)
        db.flush()
        changed(db, made.cohort)

    await house.store.write(unit)


# --- what it holds ------------------------------------------------------------------------------------------


async def test_the_feed_says_exactly_this(house: House) -> None:
    made = await a_cohort(house.store, weeks=1)
    answer = await look(house, await address_of(house, made.people[0]))
    seat = made.seats[0][made.members[0]]
    page = f"http://127.0.0.1:8000/practice/{made.sessions[0]}"
    roles = r"18:45 counsellor\n19:15 client\n19:45 observer"
    unfolded = answer.text.replace("\r\n ", "")
    assert unfolded.partition("BEGIN:VEVENT")[2].split("\r\n") == [
        "",
        "SUMMARY:Practice session",
        "DTSTART;TZID=Europe/London:20261001T183000",
        "DTEND;TZID=Europe/London:20261001T203000",
        "DTSTAMP:20260901T090000Z",
        f"UID:{seat.hex}@elmhouse.example",
        "SEQUENCE:0",
        rf"DESCRIPTION:{roles}\n\nEverything about it\, and “I can’t make it”: {page}",
        "LAST-MODIFIED:20260901T090000Z",
        "LOCATION:Elm House",
        "STATUS:CONFIRMED",
        "TRANSP:OPAQUE",
        f"URL:{page}",
        "END:VEVENT",
        "END:VCALENDAR",
        "",
    ]
    assert unfolded.startswith(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Threefold//Practice sessions 1//EN\r\nCALSCALE:GREGORIAN\r\n"
        "NAME:Practice\\, Elm House\r\nX-WR-CALNAME:Practice\\, Elm House\r\n"
        "REFRESH-INTERVAL;VALUE=DURATION:PT1H\r\nX-PUBLISHED-TTL:PT1H\r\n"
    )
    assert check(answer.content, None) == ()
    assert not re.search(r"^(METHOD|ATTENDEE|ORGANIZER|VALARM)", answer.text, re.MULTILINE)


async def test_nobody_but_the_centre_is_named(house: House) -> None:
    made = await a_cohort(house.store)
    text = (await look(house, await address_of(house, made.people[0]))).text
    people = await house.store.read(lambda db: db.execute(select(Person.name, Person.email)).all())
    assert [name for name, email in people if name.split()[0] in text or email in text] == []


async def test_a_cohort_that_is_not_out_yet_stays_out_of_it(house: House) -> None:
    made = await a_cohort(house.store)
    address = await address_of(house, made.people[0])
    await change(house, made, lambda db: db.execute(update(Cohort).values(published_at=None)))
    assert await states(house, address) == []


async def test_a_place_withdrawn_from_is_cancelled_for_four_weeks_and_then_gone(house: House) -> None:
    made = await a_cohort(house.store)
    address, amara = await address_of(house, made.people[0]), await house.as_(made.people[0])
    seat = made.seats[1][made.members[0]]
    await amara.send_form(f"/seats/{seat}/withdrawal")
    assert await states(house, address) == [("01 Oct", "CONFIRMED"), ("08 Oct", "CANCELLED"), ("15 Oct", "CONFIRMED")]
    [event] = [e for e in events(await look(house, address)) if "CANCEL" in e["STATUS"]]
    assert (event["UID"], event["SUMMARY"]) == (f"{seat.hex}@elmhouse.example", "Cancelled: Practice session")
    assert "counsellor" not in event["DESCRIPTION"]
    assert event["DTSTAMP"].dt == house.now == event["LAST-MODIFIED"].dt
    await amara.send_form(f"/seats/{seat}/return")
    assert ("08 Oct", "CONFIRMED") in await states(house, address)
    await amara.send_form(f"/seats/{seat}/withdrawal")
    house.later(days=28, seconds=-1)
    assert ("08 Oct", "CANCELLED") in await states(house, address)
    house.later(seconds=1)
    assert await states(house, address) == [("01 Oct", "CONFIRMED"), ("15 Oct", "CONFIRMED")]


@pytest.mark.parametrize("what", ["given up", "session cancelled", "left the group"])
async def test_what_is_off_is_cancelled_for_four_weeks_and_then_gone(house: House, what: str) -> None:
    made = await a_cohort(house.store)
    address = await address_of(house, made.people[0])
    seat, now = made.seats[2][made.members[0]], house.now

    def work(db: Session) -> object:
        if what == "given up":
            return db.execute(update(Seat).where(Seat.id == seat).values(given_up_at=now))
        if what == "session cancelled":
            third = PracticeSession.id == made.sessions[2]
            return db.execute(update(PracticeSession).where(third).values(cancelled_at=now))
        return db.execute(update(Membership).where(Membership.id == made.members[0]).values(left_at=now))

    await change(house, made, work)
    before = [("01 Oct", "CONFIRMED"), ("08 Oct", "CANCELLED" if what == "left the group" else "CONFIRMED")]
    assert await states(house, address) == [*before, ("15 Oct", "CANCELLED")]
    house.later(weeks=4)
    assert await states(house, address) == [each for each in before if each[1] == "CONFIRMED"]


async def test_a_place_taken_again_is_an_entry_of_its_own_beside_the_cancelled_one(house: House) -> None:
    made = await a_cohort(house.store)
    address = await address_of(house, made.people[0])

    def work(db: Session) -> None:
        old = db.get_one(Seat, made.seats[2][made.members[0]])
        old.given_up_at = house.now
        db.flush()
        values = {"id": an_id(), "taken_at": house.now, "given_up_at": None, "uid": f"{an_id().hex}@elmhouse.example"}
        kept = ("practice_id", "triad_id", "membership_id", "position", "sequence")
        db.add(Seat(**values, **{name: getattr(old, name) for name in kept}))

    await change(house, made, work)
    assert sorted(await states(house, address))[2:] == [("15 Oct", "CANCELLED"), ("15 Oct", "CONFIRMED")]
    uids = [event["UID"] for event in events(await look(house, address))]
    assert len(uids) == len(set(uids)) == 4


async def test_what_was_held_stays_for_a_year(house: House) -> None:
    made = await a_cohort(house.store)
    address = await address_of(house, made.people[0])
    house.later(days=355)
    assert [day for day, _ in await states(house, address)] == ["01 Oct", "08 Oct", "15 Oct"]
    house.later(days=10)
    assert [day for day, _ in await states(house, address)] == ["08 Oct", "15 Oct"]


async def test_a_move_keeps_the_uid_and_shows_the_new_numbers(house: House) -> None:
    made = await a_cohort(house.store)
    address = await address_of(house, made.people[0])
    seat = made.seats[1][made.members[0]]

    def work(db: Session) -> None:
        practice = db.get_one(PracticeSession, made.sessions[1])
        practice.starts_at, practice.ends_at = practice.starts_at + WEEK / 7, practice.ends_at + WEEK / 7
        row = db.get_one(Seat, seat)
        row.sequence, row.invited_at = 3, house.now

    await change(house, made, work)
    event = events(await look(house, address))[1]
    assert (event["UID"], event["SEQUENCE"], event["DTSTAMP"].dt) == (f"{seat.hex}@elmhouse.example", 3, house.now)
    assert event.start == datetime(2026, 10, 9, 17, 30, tzinfo=UTC)


# --- how it is asked for ------------------------------------------------------------------------------------


async def test_the_same_bytes_and_etag_until_something_in_it_changes(house: House) -> None:
    made = await a_cohort(house.store)
    address = await address_of(house, made.people[0])
    first = await look(house, address)
    assert first.status_code == 200
    assert first.headers["content-type"] == "text/calendar; charset=utf-8"
    assert first.headers["last-modified"] == "Tue, 01 Sep 2026 09:00:00 GMT"
    assert first.headers["cache-control"] == "private, no-cache"
    assert "set-cookie" not in first.headers

    house.later(days=20)  # over clock changes and past sessions
    grace = await house.as_(made.people[5])
    await grace.send_form(f"/seats/{made.seats[2][made.members[5]]}/withdrawal")  # another's doing, in the same cohort
    await change(house, made, lambda _db: None)
    house.app.state.house.kept._pages.clear()  # and what another process would write
    again = await look(house, address)
    assert (again.content, again.headers["etag"]) == (first.content, first.headers["etag"])
    assert again.headers["last-modified"] == first.headers["last-modified"]


async def test_a_reader_who_has_it_already_gets_nothing_more(house: House) -> None:
    made = await a_cohort(house.store)
    address, amara = await address_of(house, made.people[0]), await house.as_(made.people[0])
    first = await look(house, address)
    etag = first.headers["etag"]
    assert re.fullmatch(r'"[0-9a-f]{32}"', etag)
    for asked in (etag, f"W/{etag}", "*", f'"other", {etag}', f'W/"other",W/{etag}'):
        answer = await look(house, address, **{"if-none-match": asked})
        assert (answer.status_code, answer.content) == (304, b""), asked
        worn = ("etag", "cache-control", "vary", "last-modified")
        assert [answer.headers[name] for name in worn] == [first.headers[name] for name in worn]
    for asked in ('"other"', etag.strip('"'), ""):
        assert (await look(house, address, **{"if-none-match": asked})).status_code == 200, asked
    # An entry goes when it has had its time, without anything having changed: a date cannot tell.
    assert (await look(house, address, **{"if-modified-since": first.headers["last-modified"]})).status_code == 200
    await amara.send_form(f"/seats/{made.seats[1][made.members[0]]}/withdrawal")
    assert (await look(house, address, **{"if-none-match": etag})).status_code == 200


async def test_it_comes_packed_for_those_who_ask_under_an_etag_of_its_own(house: House) -> None:
    made = await a_cohort(house.store)
    address = await address_of(house, made.people[0])
    plain = await look(house, address)
    packed = await look(house, address, **{"accept-encoding": "gzip, deflate, br"})
    assert packed.content == plain.content  # httpx has unpacked it
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.headers["etag"] != plain.headers["etag"]
    assert packed.headers["vary"] == plain.headers["vary"] == "accept-encoding"
    assert int(packed.headers["content-length"]) < int(plain.headers["content-length"]) / 2
    both = {"accept-encoding": "gzip", "if-none-match": packed.headers["etag"]}
    assert (await look(house, address, **both)).status_code == 304
    assert (await look(house, address, **{**both, "accept-encoding": "identity"})).status_code == 200


@pytest.mark.parametrize(
    ("accepted", "is_taken"),
    [
        ("gzip", True),
        ("br, GZIP;q=0.5", True),
        ("x-gzip", True),
        ("gzip;q=0", False),
        ("gzip; q=0.0", False),
        ("br", False),
        ("", False),
    ],
)
def test_who_takes_gzip(accepted: str, *, is_taken: bool) -> None:
    assert takes_gzip(accepted) is is_taken


def test_which_tags_match() -> None:
    assert has_already('"a"', '"a"')
    assert has_already('W/"b" , W/"a"', '"a"')
    assert not has_already("", '"a"')
    assert not has_already('"a-gzip"', '"a"')


async def test_head_is_get_without_the_body(house: House) -> None:
    made = await a_cohort(house.store)
    address = await address_of(house, made.people[0])
    nobody = await house.visitor()
    whole, head = await nobody.get(address), await nobody.head(address)
    assert (head.status_code, head.content) == (200, b"")
    assert dict(head.headers) == dict(whole.headers)
    assert (await nobody.head(address, headers={"if-none-match": "*"})).status_code == 304


@pytest.mark.parametrize("accept", ["*/*", "text/html", "application/json", "text/calendar;q=0.5", ""])
async def test_any_program_gets_it_whatever_it_says_it_wants(house: House, accept: str) -> None:
    made = await a_cohort(house.store)
    address = await address_of(house, made.people[0])
    agents = ("Google-Calendar-Importer", "iOS/18 dataaccessd/1.0", "Microsoft Office/16.0", "", "curl/8")
    for agent in agents:
        answer = await look(house, address, accept=accept, **{"user-agent": agent})
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/calendar; charset=utf-8")


# --- its address --------------------------------------------------------------------------------------------


async def test_every_wrong_address_is_the_same_404_whoever_is_signed_in(house: House) -> None:
    made = await a_cohort(house.store)
    amara, ben = [await address_of(house, person) for person in made.people[:2]]
    secret, other = amara.split("/")[4], ben.split("/")[4]
    assert len(bytes.fromhex(secret)) * 8 >= 128
    person = str(made.people[0])
    wrong = [
        amara.replace(secret, "0" * 64),
        amara.replace(secret, secret[:-1]),
        amara.replace(secret, secret + "0"),
        amara.replace(secret, secret.upper()),
        amara.replace(secret, "é"),
        amara.replace(secret, other),
        amara.replace(person, str(an_id())),
        amara.replace(person, "nobody"),
        amara.replace(person, "0" * 300),
    ]
    browsers = [await house.visitor(), await house.as_(made.people[0]), await house.as_(made.tutors[0])]
    answers = [await browser.get(path) for path in wrong for browser in browsers]
    assert {answer.status_code for answer in answers} == {404}
    told = {answer.text.replace(str(answer.url.path), "") for answer in answers}
    assert len(told) == 1
    assert len({tuple(answer.headers.items()) for answer in answers}) == 1
    assert not re.search("Sign out|Amara|Marion|_token", told.pop())


async def test_a_new_address_ends_the_old_one_at_once(house: House) -> None:
    made = await a_cohort(house.store)
    old, amara = await address_of(house, made.people[0]), await house.as_(made.people[0])
    etag = (await look(house, old)).headers["etag"]
    done = await amara.send_form("/calendar/feed")
    assert done.headers["location"] == "/calendar?done=replaced#feed"
    assert "The one before has stopped working." in (await amara.get("/calendar?done=replaced")).text
    assert (await look(house, old, **{"if-none-match": etag})).status_code == 404
    new = await address_of(house, made.people[0])
    assert (await look(house, new)).headers["etag"] == etag


# --- what it costs ------------------------------------------------------------------------------------------


async def test_four_questions_however_much_there_is_and_two_while_nothing_changes(house: House) -> None:
    for weeks in (1, 20):
        made = await a_cohort(house.store, weeks=weeks)
        address = await address_of(house, made.people[0])
        with counted() as anew:
            first = await look(house, address)
        with counted() as again:
            await look(house, address, **{"if-none-match": first.headers["etag"]})
        assert (len(anew), len(again)) == (4, 2), weeks


# --- how much it shows, and which way dates come ------------------------------------------------------------


async def test_a_quiet_calendar_has_time_and_place_only(house: House) -> None:
    made = await a_cohort(house.store)
    address, amara = await address_of(house, made.people[0]), await house.as_(made.people[0])
    before = (await look(house, address)).headers["etag"]
    done = await amara.send_form("/calendar/choice", {"calendar": "feed", "shows": "quiet"})
    assert (done.status_code, done.headers["location"]) == (303, "/calendar?done=chosen#ways")
    feed = await look(house, address)
    assert feed.headers["etag"] != before
    file = await amara.get(f"/seats/{made.seats[1][made.members[0]]}/invitation.ics")
    for event in (*events(feed), *events(file)):
        assert (event["SUMMARY"], event["LOCATION"]) == ("Practice session", "Elm House")
        assert event["DESCRIPTION"] == event["URL"]
    assert not re.search("counsellor|client|observer", feed.text)
    await amara.send_form("/calendar/choice", {"calendar": "feed", "shows": "roles"})
    assert (await look(house, address)).headers["etag"] == before


async def test_the_choice_is_kept_once_and_shown_on_both_pages(house: House) -> None:
    made = await a_cohort(house.store)
    amara = await house.as_(made.people[0])
    first = house.now
    for _ in range(2):  # a double click
        done = await amara.send_form("/calendar/choice", {"calendar": "feed", "shows": "quiet", "from": "/me"})
        assert done.headers["location"] == "/me?done=saved"
        house.later(minutes=1)
    person = await house.store.read(lambda db: db.get_one(Person, made.people[0]))
    assert (person.takes_feed_since, person.calendar_shows) == (first, "quiet")
    chosen = await house.store.read(lambda db: db.scalars(select(Deed.verb)).all())
    assert chosen == ["chose how calendars follow"]
    for path in ("/calendar", "/me"):
        page = (await amara.get(path)).text
        assert 'value="feed" checked' in page
        assert 'value="quiet" checked' in page
    await amara.send_form("/calendar/choice", {"calendar": "invitations", "shows": "roles"})
    person = await house.store.read(lambda db: db.get_one(Person, made.people[0]))
    assert (person.takes_feed_since, person.calendar_shows) == (None, "roles")


async def test_choosing_the_feed_on_the_page_is_refused_kindly_where_it_makes_no_sense(house: House) -> None:
    made = await a_cohort(house.store)
    amara = await house.as_(made.people[0])
    answer = await amara.send_form("/calendar/choice", {"calendar": "pigeon", "shows": "everything"})
    assert answer.status_code == 422
    assert "<title>Error: Calendar" in answer.text
    assert 'href="#calendar"' in answer.text
    assert 'href="#shows"' in answer.text


async def test_whoever_takes_the_feed_is_sent_no_new_invitations(house: House) -> None:
    made = await a_cohort(house.store)
    for person, way in ((made.people[0], "feed"), (made.people[1], "invitations")):
        browser = await house.as_(person)
        await browser.send_form("/calendar/choice", {"calendar": way, "shows": "quiet"})
    invited = await house.store.read(
        lambda db: set(db.scalars(select(Letter.person_id).where(Letter.kind == "invitation")).all())
    )
    assert made.people[0] not in invited


async def test_the_page_says_which_way_to_use_and_offers_a_file_for_each_session_to_come(house: House) -> None:
    made = await a_cohort(house.store)
    amara = await house.as_(made.people[0])
    page = (await amara.get("/calendar")).text
    for words in (
        "Use one of them, or you’ll see each session twice.",
        "Google only every 8 to 24 hours",
        "Make a new address",
        "Apple",
        "Outlook",
    ):
        assert words in page
    files = re.findall(r"/seats/([0-9a-f-]+)/invitation\.ics", page)
    assert [UUID(file) for file in files] == [made.seats[week][made.members[0]] for week in (1, 2)]
    answer = await amara.get(f"/seats/{files[0]}/invitation.ics")
    assert answer.headers["content-disposition"] == 'attachment; filename="practice.ics"'
    feed = await look(house, await address_of(house, made.people[0]))
    assert events(answer)[0].to_ical() == events(feed)[1].to_ical()


# --- real calendars -----------------------------------------------------------------------------------------

Held = tuple[str, datetime, datetime, str, str]  # UID, start and end in UTC, title, place


async def a_term_over_a_clock_change(house: House) -> tuple[str, list[Held]]:
    """A feed whose term crosses the end of summer time, with names calendars trip over; and what it must hold."""
    made = await a_cohort(house.store, weeks=6, first=date(2026, 10, 1))
    place = "Elm House; „Raum 2“, 3rd floor \\ left 🌱 " + "far " * 20

    def work(db: Session) -> None:
        db.execute(update(PracticeSession).values(place=place, link="https://meet.example/a,b;c"))
        db.add(Withdrawal(seat_id=made.seats[5][made.members[0]], at=house.now, by=made.people[0]))

    await change(house, made, work)
    sessions = await house.store.read(
        lambda db: db.scalars(select(PracticeSession).order_by(PracticeSession.starts_at)).all()
    )
    held = [
        (
            f"{made.seats[week][made.members[0]].hex}@elmhouse.example",
            practice.starts_at,
            practice.ends_at,
            "Cancelled: Practice session" if week == 5 else "Practice session",
            place.strip(),
        )
        for week, practice in enumerate(sessions)
    ]
    return await address_of(house, made.people[0]), sorted(held)


def held_of(uid: object, starts: Any, ends: Any, title: object, place: object) -> Held:
    return str(uid), starts.astimezone(UTC), ends.astimezone(UTC), str(title), str(place)


def icalendar_holds(text: str) -> list[Held]:
    read = Calendar.from_ical(text).events
    return sorted(held_of(e["UID"], e.start, e.end, e["SUMMARY"], e["LOCATION"]) for e in read)


def vobject_holds(text: str) -> list[Held]:
    read = vobject.readOne(text).vevent_list
    return sorted(held_of(e.uid.value, e.dtstart.value, e.dtend.value, e.summary.value, e.location.value) for e in read)


def ics_holds(text: str) -> list[Held]:
    read = ics.Calendar(text).events
    return sorted(held_of(e.uid, e.begin.datetime, e.end.datetime, e.name, e.location) for e in read)


def recurring_holds(text: str) -> list[Held]:
    read = recurring_ical_events.of(Calendar.from_ical(text)).between(date(2026, 1, 1), date(2027, 12, 31))
    return sorted(held_of(e["UID"], e.start, e.end, e["SUMMARY"], e["LOCATION"]) for e in read)


@pytest.mark.parametrize("reads", [icalendar_holds, vobject_holds, ics_holds, recurring_holds])
@pytest.mark.filterwarnings("ignore:::(vobject|ics|arrow|tatsu|dateutil)")
async def test_every_calendar_holds_the_same(house: House, reads: Callable[[str], list[Held]]) -> None:
    address, held = await a_term_over_a_clock_change(house)
    assert reads((await look(house, address)).text) == held


@pytest.fixture
def radicale(tmp_path: Path) -> Iterator[str]:
    """A CalDAV server as anybody could run it, on a port of this machine; its address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings = {
        "server": {"hosts": f"127.0.0.1:{port}"},
        "auth": {"type": "none"},
        "storage": {"filesystem_folder": str(tmp_path / "collections")},
    }
    lines = [
        f"[{part}]\n" + "\n".join(f"{name} = {value}" for name, value in said.items())
        for part, said in settings.items()
    ]
    (tmp_path / "radicale.ini").write_text("\n".join(lines))
    with (
        (tmp_path / "radicale.log").open("w") as log,
        subprocess.Popen(  # noqa: S603 - a package of this environment
            [sys.executable, "-m", "radicale", "--config", str(tmp_path / "radicale.ini")],
            stdout=log,
            stderr=subprocess.STDOUT,
        ) as server,
    ):
        try:
            for _ in range(100):
                try:
                    httpx.get(f"http://127.0.0.1:{port}/.web/")
                    break
                except httpx.TransportError:
                    time.sleep(0.1)
            yield f"http://127.0.0.1:{port}/amara/practice/"
        finally:
            server.terminate()


TO_22_OCTOBER = (
    '<?xml version="1.0"?><c:calendar-query xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav"><d:prop><d:getetag/>'
    '<c:calendar-data/></d:prop><c:filter><c:comp-filter name="VCALENDAR"><c:comp-filter name="VEVENT">'
    '<c:time-range start="20261001T000000Z" end="20261022T000000Z"/></c:comp-filter></c:comp-filter></c:filter>'
    "</c:calendar-query>"
)


def one_by_one(feed: bytes) -> dict[str, bytes]:
    """As programs that keep a calendar in step put it: an object for each event, with the zones it names."""
    calendar = Calendar.from_ical(feed)
    zones = b"".join(zone.to_ical() for zone in calendar.walk("VTIMEZONE"))
    head = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\n" + zones
    return {str(event["UID"]): head + event.to_ical() + b"END:VCALENDAR\r\n" for event in calendar.events}


@pytest.mark.heavy
async def test_a_real_calendar_server_takes_the_feed_and_gives_it_back(house: House, radicale: str) -> None:
    address, held = await a_term_over_a_clock_change(house)
    feed = await look(house, address)

    async with httpx.AsyncClient(auth=("amara", "any password will do there")) as client:
        assert (await client.request("MKCALENDAR", radicale)).status_code == 201
        for _ in range(2):  # the same again makes no second entry
            for name, content in one_by_one(feed.content).items():
                kind = {"content-type": "text/calendar; charset=utf-8"}
                answer = await client.put(f"{radicale}{name}.ics", content=content, headers=kind)
                assert answer.status_code in {201, 204}
            assert icalendar_holds((await client.get(radicale)).text) == held
        report = await client.request("REPORT", radicale, content=TO_22_OCTOBER, headers={"depth": "1"})
        answered = ET.fromstring(report.text).iterfind(".//{urn:ietf:params:xml:ns:caldav}calendar-data")  # noqa: S314 - our own server's words
        found = [each for one in answered for each in icalendar_holds(one.text or "")]
        assert sorted(found) == [each for each in held if each[1] < datetime(2026, 10, 22, tzinfo=UTC)]
    again = await look(house, address)
    assert (again.content, again.headers["etag"]) == (feed.content, feed.headers["etag"])


async def test_the_whole_address_stands_on_the_page_for_copying(house: House) -> None:
    made = await a_cohort(house.store)
    page = (await (await house.as_(made.people[0])).get("/calendar")).text
    whole = re.findall(r'id="feed-address"[^>]* value="([^"]+)"', page)[0]
    parts = urlsplit(whole)
    assert (f"{parts.scheme}://{parts.netloc}", parts.query) == (house.settings.base_url, "")
    assert (await look(house, parts.path)).status_code == 200
