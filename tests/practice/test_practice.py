"""Where a trainee needs to be, as what, and what happens when they can't."""

import re
from uuid import uuid4

from icalendar import Calendar
from sqlalchemy import select, update

from tests.builders import a_cohort, a_person, all_told
from tests.house import House
from threefold.store.tables import Deed, Letter, Person, Withdrawal


async def test_home_says_when_where_with_whom_and_what_in_each_round(house: House) -> None:
    made = await a_cohort(house.store)
    amara = await house.as_(made.people[0])
    page = (await amara.get("/")).text
    assert "Hello, Amara" in page
    assert "Tomorrow" in page
    assert "Thursday 8 October" in page
    assert "18:30 to 20:30" in page
    assert "UK time" in page
    assert page.count('class="rd ') == 3
    assert [page.count(words) for words in ("You’re counsellor", "You’re the client", "You’re observing")] == [1, 1, 1]
    assert "ben.hughes" not in page


async def test_notice_and_contract_come_before_the_first_look_at_a_group(house: House) -> None:
    made = await a_cohort(house.store, accepted=False)
    amara = await house.as_(made.people[0])
    for path in ("/", "/calendar"):
        answer = await amara.get(path)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/cohorts/{made.cohort}/contract?next={path}")


async def test_a_trainee_whose_timetable_is_not_out_hears_so_kindly(house: House) -> None:
    made = await a_cohort(house.store, published=False)
    page = (await (await house.as_(made.people[0])).get("/")).text
    assert "Your tutor is still putting the timetable together." in page


async def test_after_the_last_session_home_says_the_term_is_done(house: House) -> None:
    made = await a_cohort(house.store, weeks=1)
    house.later(days=40)
    page = (await (await house.as_(made.people[0])).get("/")).text
    assert "This term’s sessions are done" in page


async def test_a_tutor_is_sent_to_the_cohorts(house: House) -> None:
    made = await a_cohort(house.store)
    answer = await (await house.as_(made.tutors[0])).get("/")
    assert (answer.status_code, answer.headers["location"]) == (303, "/cohorts")


async def test_saying_i_cannot_make_it_tells_the_tutor_and_nobody_else(house: House) -> None:
    made = await a_cohort(house.store)
    await all_told(house.store, made.cohort)
    told = set(await house.store.read(lambda db: db.scalars(select(Letter.id)).all()))
    amara, ben, tutor = [await house.as_(p) for p in (made.people[0], made.people[1], made.tutors[0])]
    seat = made.seats[1][made.members[0]]
    looked = await amara.get(f"/seats/{seat}/withdrawal")
    assert "no need to say why" in looked.text
    assert await house.store.read(lambda db: db.scalars(select(Withdrawal)).all()) == []
    for _ in range(2):  # a double click
        answer = await amara.send_form(f"/seats/{seat}/withdrawal")
        assert answer.status_code == 303
    assert len(await house.store.read(lambda db: db.scalars(select(Withdrawal)).all())) == 1
    assert "can’t make week 2" in (await tutor.get(f"/practice/{made.sessions[1]}")).text
    assert "make it" not in (await ben.get("/")).text.replace("I can’t make it", "")
    letters = await house.store.read(lambda db: db.scalars(select(Letter).where(Letter.id.not_in(told))).all())
    assert [(letter.kind, letter.person_id, letter.sequence) for letter in letters] == [
        ("cancellation", made.people[0], 1)
    ]
    deeds = await house.store.read(lambda db: db.scalars(select(Deed.verb)).all())
    assert deeds == ["withdrew"]


async def test_it_can_be_taken_back_until_the_session_begins(house: House) -> None:
    made = await a_cohort(house.store)
    amara = await house.as_(made.people[0])
    seat = made.seats[1][made.members[0]]
    await amara.send_form(f"/seats/{seat}/withdrawal")
    assert "You’ve told your tutor you can’t make this one" in (await amara.get("/")).text
    assert (await amara.send_form(f"/seats/{seat}/return")).status_code == 303
    assert "You’re counsellor" in (await amara.get("/")).text
    house.later(days=2)
    late = await amara.send_form(f"/seats/{seat}/withdrawal")
    assert late.status_code == 422
    assert "This session has begun already" in late.text


async def test_another_persons_seat_does_not_exist(house: House) -> None:
    made = await a_cohort(house.store)
    ben = await house.as_(made.people[1])
    stranger = await house.as_(await a_person(house.store))
    theirs, made_up = made.seats[1][made.members[0]], uuid4()
    for browser in (ben, stranger):
        for path in ("withdrawal", "invitation.ics"):
            foreign, missing = [await browser.get(f"/seats/{id_}/{path}") for id_ in (theirs, made_up)]
            assert (foreign.status_code, foreign.text) == (404, missing.text)
        assert (await browser.send_form(f"/seats/{theirs}/withdrawal")).status_code == 404
    assert (await stranger.get(f"/practice/{made.sessions[1]}")).status_code == 404


async def test_the_feed_needs_no_cookie_stays_the_same_and_is_replaced_on_request(house: House) -> None:
    made = await a_cohort(house.store)
    amara = await house.as_(made.people[0])
    page = (await amara.get("/calendar")).text
    feed = re.findall(r'id="feed-address"[^>]* value="([^"]+)"', page)[0]
    nobody = await house.visitor()
    first = await nobody.get(feed)
    assert first.status_code == 200
    assert first.headers["content-type"] == "text/calendar; charset=utf-8"
    calendar = Calendar.from_ical(first.text)
    assert len(calendar.walk("VEVENT")) == 3
    assert "ATTENDEE" not in first.text
    house.later(hours=3)
    again = await nobody.get(feed)
    assert again.content == first.content
    unchanged = await nobody.get(feed, headers={"if-none-match": first.headers["etag"]})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert (await nobody.head(feed)).status_code in {200, 405}
    assert (await nobody.get(feed.replace("/practice.ics", "x/practice.ics"))).status_code == 404
    await amara.send_form("/calendar/feed")
    assert (await nobody.get(feed)).status_code == 404


async def test_one_session_can_be_downloaded_for_any_calendar(house: House) -> None:
    made = await a_cohort(house.store)
    amara = await house.as_(made.people[0])
    answer = await amara.get(f"/seats/{made.seats[1][made.members[0]]}/invitation.ics")
    event = Calendar.from_ical(answer.text).walk("VEVENT")[0]
    assert str(event["SUMMARY"]) == "Practice session"
    assert str(event["LOCATION"]) == "Elm House"
    assert "18:45" in str(event["DESCRIPTION"])


async def test_whoever_lives_by_another_clock_reads_their_own_time_beside_the_groups(house: House) -> None:
    made = await a_cohort(house.store)
    amara = await house.as_(made.people[0])
    seat, practice = made.seats[1][made.members[0]], made.sessions[1]
    pages = ("/", "/calendar", f"/practice/{practice}", f"/seats/{seat}/withdrawal", f"/practice/{practice}/arrival")
    for zone, said in (("Europe/Athens", " (20:30 for you)"), ("Asia/Tokyo", " (Friday 02:30 for you)")):
        await house.store.write(
            lambda db, zone=zone: db.execute(update(Person).where(Person.id == made.people[0]).values(zone=zone))  # type: ignore[misc] # its own for each turn
        )
        assert [page for page in pages if said not in (await amara.get(page)).text] == []
    await house.store.write(
        lambda db: db.execute(update(Person).where(Person.id == made.people[0]).values(zone="Europe/Lisbon"))
    )
    assert [page for page in pages if "for you)" in (await amara.get(page)).text] == []
