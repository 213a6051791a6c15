"""A tutor changes a session people were told of: who hears, what their calendars hold, and what stays as it was."""

import re
from collections import Counter
from datetime import datetime, timedelta
from email import message_from_bytes
from email.policy import default
from typing import Any
from uuid import UUID

import pytest
from icalendar import Calendar
from sqlalchemy import select, update

from tests.builders import Class, a_cohort, all_told
from tests.house import House
from threefold.store.tables import Letter, Person, PracticeSession, Seat, Turn

FORM = {"date": "2026-10-08", "start": "18:30", "minutes": "120", "place": "Elm House", "link": ""}
ROOM_FOR_WEEK = 1  # the second session is tomorrow


@pytest.fixture
async def made(house: House) -> Class:
    made = await a_cohort(house.store)
    await all_told(house.store, made.cohort)
    return made


async def news_of(house: House, *kinds: str) -> list[Letter]:
    """Letters that wait to leave, in the order they were written."""
    asked = select(Letter).where(Letter.sent_at.is_(None), Letter.stopped_at.is_(None)).order_by(Letter.id)
    found = await house.store.read(lambda db: list(db.scalars(asked)))
    return [letter for letter in found if not kinds or letter.kind in kinds]


async def all_left(house: House) -> None:
    """The courier has been: everything due in the next ten minutes is on its way."""
    await house.store.write(
        lambda db: db.execute(
            update(Letter)
            .where(Letter.sent_at.is_(None), Letter.stopped_at.is_(None))
            .values(sent_at=house.now, tries=1)
        )
    )


def event_of(letter: Letter) -> Any:
    message = message_from_bytes(letter.message, policy=default)
    part = next(part for part in message.walk() if part.get_content_type() == "text/calendar")
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    calendar = Calendar.from_ical(content)
    assert str(calendar["method"]) == letter.method
    return calendar.events[0]


def text_of(letter: Letter) -> str:
    body = message_from_bytes(letter.message, policy=default).get_body(("plain",))
    assert body is not None
    return str(body.get_content())


async def seats_of(house: House, practice: UUID) -> dict[UUID, Seat]:
    asked = select(Seat).where(Seat.practice_id == practice, Seat.given_up_at.is_(None))
    return {seat.membership_id: seat for seat in await house.store.read(lambda db: list(db.scalars(asked)))}


async def test_a_name_put_right_is_said_from_then_on_and_is_no_reason_for_a_letter(house: House, made: Class) -> None:
    tutor, member = await house.as_(made.tutors[0]), made.members[0]
    email = await house.store.read(lambda db: db.get_one(Person, made.people[0]).email)
    words = {"name": "Amarachi Okafor", "email": email}
    assert (await tutor.send_form(f"/cohorts/{made.cohort}/people/{member}", words)).status_code == 303
    assert await news_of(house) == []
    await tutor.send_form(f"/practice/{made.sessions[1]}/change", FORM | {"place": "The Annexe", "do": "tell"})
    assert any("Amarachi" in text_of(letter) for letter in await news_of(house))


async def test_a_moved_session_is_shown_first_and_then_told_to_everybody_in_it(house: House, made: Class) -> None:
    tutor, path = await house.as_(made.tutors[0]), f"/practice/{made.sessions[1]}/change"
    assert 'value="18:30"' in (await tutor.get(path)).text
    moved = FORM | {"start": "19:00"}
    looked = await tutor.send_form(path, moved | {"do": "look"})
    assert "6 letters would go out" in looked.text
    assert "Thursday 8 October, 18:30 to 20:30 UK time → Thursday 8 October, 19:00 to 21:00 UK time" in looked.text
    assert await news_of(house) == []
    seats = await seats_of(house, made.sessions[1])
    assert (await tutor.send_form(path, moved | {"do": "tell"})).status_code == 303
    letters = await news_of(house)
    assert Counter(letter.kind for letter in letters) == {"change": 6}
    for letter in letters:
        event = event_of(letter)
        assert str(event["uid"]) in {seat.uid for seat in seats.values()}
        assert (int(event["sequence"]), letter.sequence) == (1, 1)
        assert event.start.strftime("%Y-%m-%d %H:%M") == "2026-10-08 19:00"
        assert letter.subject == "Changed: Thursday 8 October now at 19:00"
        assert "When: Thursday 8 October, 19:00 to 21:00 UK time (was: Thursday 8 October, 18:30" in text_of(letter)
        assert letter.due_at == house.now + timedelta(minutes=10)
    assert (await tutor.send_form(path, moved | {"do": "tell"})).status_code == 303, "a double click"
    assert len(await news_of(house)) == 6


async def test_edits_within_ten_minutes_are_one_letter_that_says_what_it_was_when_they_last_heard(
    house: House, made: Class
) -> None:
    tutor, path = await house.as_(made.tutors[0]), f"/practice/{made.sessions[1]}/change"
    await tutor.send_form(path, FORM | {"start": "19:00", "do": "tell"})
    house.later(minutes=4)
    await tutor.send_form(path, FORM | {"start": "19:00", "place": "The Annexe", "do": "tell"})
    letters = await news_of(house)
    assert [letter.sequence for letter in letters] == [2] * 6
    assert {letter.due_at for letter in letters} == {house.now + timedelta(minutes=6)}
    assert "When: Thursday 8 October, 19:00" in text_of(letters[0])
    assert "Where: The Annexe (was: Elm House)." in text_of(letters[0])
    house.later(minutes=3)
    await tutor.send_form(path, FORM | {"do": "tell"})
    assert await news_of(house) == [], "all of it was taken back before anybody heard"
    await tutor.send_form(path, FORM | {"place": "The Annexe", "do": "tell"})
    assert {letter.sequence for letter in await news_of(house)} == {3}, "numbers never fall"


async def test_a_room_is_told_to_the_three_who_sit_in_it(house: House, made: Class) -> None:
    tutor, triad = await house.as_(made.tutors[0]), made.triads[1][0]
    await tutor.send_form(f"/practice/{made.sessions[1]}/change", FORM | {f"room-{triad}": "Room 5", "do": "tell"})
    letters = await news_of(house)
    assert len(letters) == 3
    assert {letter.subject for letter in letters} == {"Changed: Thursday 8 October now in Room 5, Elm House"}


async def test_a_session_called_off_leaves_every_calendar_and_is_told_once(house: House, made: Class) -> None:
    tutor, path = await house.as_(made.tutors[0]), f"/practice/{made.sessions[1]}/cancellation"
    assert "6 letters would go out" in (await tutor.send_form(path, {"do": "look"})).text
    for _ in range(2):
        assert (await tutor.send_form(path, {"do": "tell"})).status_code == 303
    letters = await news_of(house)
    assert Counter(letter.kind for letter in letters) == {"cancellation": 6}
    event = event_of(letters[0])
    assert (str(event["status"]), int(event["sequence"])) == ("CANCELLED", 1)
    ben = await house.as_(made.people[1])
    assert "This session has been called off" in (await ben.get(f"/practice/{made.sessions[1]}")).text
    assert "15 October" in (await ben.get("/")).text


async def test_two_swapped_people_keep_their_invitations_and_everybody_who_notices_hears(
    house: House, made: Class
) -> None:
    tutor = await house.as_(made.tutors[0])
    before = await seats_of(house, made.sessions[1])
    amara, dev = (before[made.members[n]] for n in (0, 3))
    assert amara.triad_id != dev.triad_id
    words = {"one": str(amara.id), "other": str(dev.id)}
    looked = await tutor.send_form(f"/practice/{made.sessions[1]}/swap", words | {"do": "look"})
    assert "With: " in looked.text
    assert (await tutor.send_form(f"/practice/{made.sessions[1]}/swap", words | {"do": "tell"})).status_code == 303
    after = await seats_of(house, made.sessions[1])
    assert (after[amara.membership_id].triad_id, after[amara.membership_id].uid) == (dev.triad_id, amara.uid)
    turns = await house.store.read(
        lambda db: Counter((t.triad_id, t.round, t.role) for t in db.scalars(select(Turn)) if t.seat_id)
    )
    assert set(turns.values()) == {1}, "each role once in each round"
    letters = await news_of(house)
    assert {letter.person_id for letter in letters} == set(made.people)
    assert {letter.sequence for letter in letters} == {1}


async def test_who_is_taken_out_leaves_the_calendar_and_the_others_hear_who_is_left(house: House, made: Class) -> None:
    tutor = await house.as_(made.tutors[0])
    member = made.members[0]
    assert (await tutor.send_form(f"/cohorts/{made.cohort}/people/{member}/removal")).status_code == 303
    letters = await news_of(house)
    own = [letter for letter in letters if letter.person_id == made.people[0]]
    assert [letter.kind for letter in own] == ["cancellation", "cancellation"]
    others = [letter for letter in letters if letter.person_id != made.people[0]]
    assert {letter.kind for letter in others} == {"change"}
    assert all("Amara" not in text_of(letter).split("(was:")[0] for letter in others)


async def test_a_corrected_address_moves_the_invitations_to_it(house: House, made: Class) -> None:
    tutor, member = await house.as_(made.tutors[0]), made.members[0]
    words = {"name": "Amara Okafor", "email": "amara.new@example.org"}
    assert (await tutor.send_form(f"/cohorts/{made.cohort}/people/{member}", words)).status_code == 303
    (overview,) = await news_of(house, "overview")
    assert overview.recipient == "amara.new@example.org", "all her dates, for the new address"
    letters = await news_of(house, "cancellation", "invitation")
    told = [(letter.kind, letter.recipient == "amara.new@example.org", letter.sequence) for letter in letters]
    assert told == [("cancellation", False, 1), ("invitation", True, 2)] * 2
    assert {
        str(event_of(a)["uid"]) == str(event_of(b)["uid"]) for a, b in zip(letters[::2], letters[1::2], strict=True)
    }


async def test_back_before_anybody_heard_keeps_the_invitation_and_afterwards_takes_a_new_one(
    house: House, made: Class
) -> None:
    amara, seat = await house.as_(made.people[0]), made.seats[1][made.members[0]]
    await amara.send_form(f"/seats/{seat}/withdrawal")
    assert [letter.kind for letter in await news_of(house)] == ["cancellation"]
    await amara.send_form(f"/seats/{seat}/return")
    assert await news_of(house) == []
    await amara.send_form(f"/seats/{seat}/withdrawal")
    await all_left(house)
    await amara.send_form(f"/seats/{seat}/return")
    (letter,) = await news_of(house)
    now = (await seats_of(house, made.sessions[1]))[made.members[0]]
    assert (letter.kind, letter.sequence, now.id != seat) == ("invitation", 0, True)
    assert str(event_of(letter)["uid"]) == now.uid
    assert "You’re counsellor" in (await amara.get(f"/practice/{made.sessions[1]}")).text


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"date": "2027-03-28", "start": "01:30"}, "so 01:30 does not exist. Choose 02:30, or another time"),
        ({"date": "2026-10-25", "start": "01:30"}, "so 01:30 comes twice. Choose the first or the second"),
        ({"date": "2026-10-01"}, "Choose a date and time still to come"),
        ({"date": "soon", "minutes": "5", "place": ""}, "Enter a length from 10 minutes to 12 hours"),
        ({"link": "http://example.org"}, "Enter a link that starts with https://"),
    ],
)
async def test_what_cannot_be_is_asked_about_with_every_word_kept(
    house: House, made: Class, words: dict[str, str], said: str
) -> None:
    tutor = await house.as_(made.tutors[0])
    answer = await tutor.send_form(f"/practice/{made.sessions[1]}/change", FORM | words | {"do": "tell"})
    assert answer.status_code == 422
    assert said in answer.text
    for value in words.values():
        assert f'value="{value}"' in answer.text
    assert await news_of(house) == []


async def test_the_second_of_two_oclocks_is_the_one_that_was_chosen(house: House, made: Class) -> None:
    tutor, words = await house.as_(made.tutors[0]), FORM | {"date": "2026-10-25", "start": "01:30"}
    await tutor.send_form(f"/practice/{made.sessions[1]}/change", words | {"second": "second", "do": "tell"})
    practice = await house.store.read(lambda db: db.get_one(PracticeSession, made.sessions[1]))
    assert practice.starts_at == datetime.fromisoformat("2026-10-25T01:30:00+00:00")
    event = event_of((await news_of(house))[0])
    assert event.start == practice.starts_at


async def test_only_its_tutors_change_a_session_and_only_before_it_begins(house: House, made: Class) -> None:
    other = await a_cohort(house.store, name="Another")
    for person in (made.people[0], other.tutors[0]):
        somebody = await house.as_(person)
        for part in ("change", "cancellation", "swap"):
            answer = await somebody.send_form(f"/practice/{made.sessions[1]}/{part}", FORM | {"do": "tell"})
            assert answer.status_code == 404
    tutor = await house.as_(made.tutors[0])
    answer = await tutor.send_form(f"/practice/{made.sessions[0]}/change", FORM | {"do": "tell"})
    assert "This session has begun already, so it stays as it is." in answer.text
    assert await news_of(house) == []


async def test_somebody_added_later_observes_in_the_smallest_groups_and_is_told(house: House, made: Class) -> None:
    tutor = await house.as_(made.tutors[0])
    words = {"list": "Zoë Adler\tzoe@example.org", "do": "add"}
    read = await tutor.send_form(f"/cohorts/{made.cohort}/people/reading", words)
    assert read.status_code in {200, 303}
    letters = await news_of(house)
    own = [letter for letter in letters if letter.recipient == "zoe@example.org"]
    assert [letter.kind for letter in own] == ["overview", "invitation", "invitation"]
    assert "You’re observing" in text_of(own[1])
    others = [letter for letter in letters if letter.recipient != "zoe@example.org"]
    assert {letter.kind for letter in others} == {"change"}
    assert all("Zoë" in text_of(letter) for letter in others)
    assert len(others) == 6, "the three she joins, twice"


async def test_one_more_session_invites_everybody_to_it_and_a_double_click_adds_one(house: House, made: Class) -> None:
    tutor, path = await house.as_(made.tutors[0]), f"/cohorts/{made.cohort}/sessions/new"
    page = await tutor.get(path)
    id_ = re.search(r'name="id" value="([^"]+)"', page.text)
    assert id_ is not None
    words = {**FORM, "date": "2026-10-22", "id": id_[1]}
    for _ in range(2):
        assert (await tutor.send_form(path, words)).status_code == 303
    letters = await news_of(house)
    assert Counter(letter.kind for letter in letters) == {"invitation": 6}
    assert event_of(letters[0]).start.strftime("%d %H:%M") == "22 18:30"
    seats = await seats_of(house, UUID(id_[1]))
    assert sorted(Counter(seat.triad_id for seat in seats.values()).values()) == [3, 3]


async def test_invitations_that_leave_some_days_ahead_wait_for_their_time(house: House, made: Class) -> None:
    tutor = await house.as_(made.tutors[0])
    settings = f"/cohorts/{made.cohort}/invitations"
    assert (await tutor.send_form(settings, {"way": "ahead", "days": "0", "declines": "24"})).status_code == 422
    assert (await tutor.send_form(settings, {"way": "ahead", "days": "3", "declines": "24"})).status_code == 303
    read = {"list": "Zoë Adler\tzoe@example.org", "do": "add"}
    await tutor.send_form(f"/cohorts/{made.cohort}/people/reading", read)
    own = [letter for letter in await news_of(house) if letter.recipient == "zoe@example.org"]
    assert [letter.kind for letter in own] == ["overview", "invitation"], "the second session is tomorrow"
    house.later(seconds=1)
    await tutor.send_form(settings, {"way": "publication", "days": "3", "declines": "24"})
    own = [letter for letter in await news_of(house) if letter.recipient == "zoe@example.org"]
    assert [letter.kind for letter in own] == ["overview", "invitation", "invitation"]


async def test_a_cancellation_leaves_even_when_the_time_it_takes_out_is_over(house: House, made: Class) -> None:
    """Nothing could leave for days: the session was moved on, and called off after its old date had passed."""
    tutor, path = await house.as_(made.tutors[0]), f"/practice/{made.sessions[1]}"
    await tutor.send_form(f"{path}/change", FORM | {"date": "2026-10-22", "do": "tell"})
    house.later(days=3)
    await tutor.send_form(f"{path}/cancellation", {"do": "tell"})
    letters = await news_of(house)
    assert Counter(letter.kind for letter in letters) == {"cancellation": 6}
    assert {event_of(letter).start.day for letter in letters} == {8}, "what their calendars hold"
    assert all(letter.expires_at and letter.expires_at > house.now + timedelta(days=1) for letter in letters)


async def test_a_letter_that_breaks_a_rule_undoes_the_change_and_keeps_every_word(house: House, made: Class) -> None:
    """An address that got in by another way than our forms, and that no mail server would take."""
    await house.store.write(lambda db: setattr(db.get_one(Person, made.people[0]), "email", "amara@@example.org"))
    tutor = await house.as_(made.tutors[0])
    words = FORM | {"place": "The Annexe", "do": "tell"}
    answer = await tutor.send_form(f"/practice/{made.sessions[1]}/change", words)
    assert answer.status_code == 500
    assert "A letter couldn’t be written, so nothing was saved" in answer.text
    assert "The Annexe" in answer.text
    practice = await house.store.read(lambda db: db.get_one(PracticeSession, made.sessions[1]))
    assert practice.place == "Elm House"
    assert await news_of(house) == []


async def test_who_takes_the_feed_hears_of_a_change_by_a_plain_letter_and_sees_it_in_the_feed(house: House) -> None:
    """Some calendars look at a feed once a day: nobody should stand before a closed door for that."""
    made = await a_cohort(house.store)
    await house.store.write(lambda db: setattr(db.get_one(Person, made.people[0]), "takes_feed_since", house.now))
    await all_told(house.store, made.cohort)
    tutor, path = await house.as_(made.tutors[0]), f"/practice/{made.sessions[1]}"
    await tutor.send_form(f"{path}/change", FORM | {"start": "19:00", "do": "tell"})
    (letter,) = [letter for letter in await news_of(house) if letter.person_id == made.people[0]]
    assert (letter.kind, letter.method, letter.subject) == ("change", None, "Changed: Thursday 8 October now at 19:00")
    assert b"text/calendar" not in letter.message
    assert "Your calendar changes with it" not in text_of(letter)
    seat = (await seats_of(house, made.sessions[1]))[made.members[0]]
    assert (seat.sequence, seat.invited_at) == (1, house.now), "the feed says that it changed, and when"
    await all_left(house)
    await tutor.send_form(f"{path}/cancellation", {"do": "tell"})
    (letter,) = [letter for letter in await news_of(house) if letter.person_id == made.people[0]]
    assert (letter.kind, letter.method) == ("cancellation", None)
    assert "Your calendar takes it out" not in text_of(letter)
