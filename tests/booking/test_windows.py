"""Tutors open extra practice: the form, drafts, letters, rooms, times the clocks skip, triads formed of offers."""

import re
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from tests.booking.test_booking import EXTRA, all_left, clerk, said, text_of, triads, waiting_letters, words
from tests.builders import Class, a_cohort, all_told, an_id, extra_practice
from tests.house import House
from threefold.booking.actions import Desk
from threefold.booking.queries import times_open
from threefold.booking.windows import Formed, form
from threefold.core.grouping import Group
from threefold.core.refusal import Refusal
from threefold.core.wishes import How, Kind
from threefold.people import actions as people
from threefold.store.rows import CohortRow, value
from threefold.store.tables import (
    Cohort,
    KeepApart,
    Membership,
    PracticeSession,
    PracticeWindow,
    UsualWeek,
    WindowOffer,
)

FORM = {
    "date": "2026-10-13",
    "start": "17:00",
    "end": "19:00",
    "weeks": "6",
    "leaving_out": "2026-10-27 (half-term)",
    "other_times": "",
    "way": "joined",
    "closes_date": "",
    "closes_time": "12:00",
    "place": "Library",
    "link": "",
    "rooms": "Quiet room A, 4, step-free\nQuiet room B",
    "at_once": "2",
    "rounds": "3",
    "practice": "20",
    "feedback": "10",
    "opening": "10",
    "closing": "10",
    "most_each": "2",
    "if_two": "go_ahead",
    "steps_out_until": "2",
}


@pytest.fixture
async def made(house: House) -> Class:
    made = await a_cohort(house.store)
    await all_told(house.store, made.cohort)
    return made


async def windows(house: House) -> list[PracticeWindow]:
    return await house.store.read(lambda db: list(db.scalars(select(PracticeWindow).order_by(PracticeWindow.id))))


async def local_times(house: House) -> list[str]:
    """When extra practice is held, in UTC."""
    asked = select(PracticeSession.starts_at).where(PracticeSession.window_id.is_not(None))
    found = await house.store.read(lambda db: list(db.scalars(asked.order_by(PracticeSession.starts_at))))
    return [f"{at:%m-%d %H:%M}" for at in found]


async def test_six_tuesdays_are_looked_at_kept_as_a_draft_and_opened(house: House, made: Class) -> None:
    tutor, path = await house.as_(made.tutors[0]), f"/cohorts/{made.cohort}/windows"
    assert "Open a time for extra practice" in words(await tutor.get(f"{path}/new"))
    looked = words(await tutor.send_form(path, FORM | {"do": "look"}))
    assert "Tuesday 13 October" in looked
    assert "6 people get one e-mail. They can book until the start, or step out up to 2 hours before." in looked
    assert "Open six Tuesdays" in looked
    assert await windows(house) == []
    id_ = str(an_id())
    for _ in range(2):
        assert (await tutor.send_form(path, FORM | {"do": "draft", "id": id_})).status_code == 303
    assert "A draft, which nobody has seen" in words(await tutor.get(path))
    amara = await house.as_(made.people[0])
    assert "No extra practice yet" in words(await amara.get(EXTRA))
    assert (await amara.get(f"/windows/{id_}")).status_code == 404
    await clerk(house)
    assert [kind for kind, _ in await said(house) if kind != "tutor-digest"] == []
    kept = await tutor.get(f"/windows/{id_}")
    assert "2026-11-24 17:00" in kept.text
    assert "Quiet room A, 4, step-free" in kept.text
    for _ in range(2):
        opened = await tutor.send_form(path, FORM | {"do": "open", "id": id_})
        assert (opened.status_code, opened.headers["location"]) == (303, f"{path}?done=opened")
    assert await local_times(house) == [
        "10-13 16:00", "10-20 16:00", "11-03 17:00", "11-10 17:00", "11-17 17:00", "11-24 17:00",
    ], "half-term is left out and does not count, and 17:00 stays 17:00 when the clocks change"  # fmt: skip
    assert "0 of 36 seats taken" in words(await tutor.get(path))
    assert "2 rooms free" in words(await amara.get(EXTRA))
    changed = await tutor.send_form(path, FORM | {"do": "draft", "id": id_, "place": "Elsewhere"})
    assert (changed.status_code, "This is open already" in words(changed)) == (422, True)
    await clerk(house)
    await clerk(house)
    assert [each for each in await said(house) if each[0] != "tutor-digest"] == [
        ("extra-practice", name) for name in ("amara", "ben", "chloe", "dev", "esther", "farid")
    ]
    letter = next(each for each in await waiting_letters(house) if each.kind == "extra-practice")
    assert letter.subject == "Extra practice: 6 times from 13 October"
    said_in = "Marion Shaw has opened 6 times for extra practice: Tuesday 13 October, 17:00 UK time, Library."
    assert said_in in text_of(letter)


async def test_whoever_wants_no_such_letters_gets_none_and_nobody_is_written_to_at_night(
    house: House, made: Class
) -> None:
    now = house.now
    await house.store.write(
        lambda db: people.wish(db, made.people[0], {Kind.EXTRA_PRACTICE: How.OFF}, now=now, new_id=an_id)
    )
    house.now = datetime(2026, 10, 7, 22, 30, tzinfo=UTC)
    await extra_practice(house.store, made, datetime(2026, 10, 13, 17), now=house.now)  # noqa: DTZ001 - a wall clock's
    await clerk(house)
    letters = [each for each in await waiting_letters(house) if each.kind == "extra-practice"]
    assert [each.recipient.split(".")[0] for each in letters] == ["ben", "chloe", "dev", "esther", "farid"]
    assert {each.due_at for each in letters} == {datetime(2026, 10, 8, 7, tzinfo=UTC)}


async def test_everything_wrong_is_said_at_once_and_every_word_is_kept(house: House, made: Class) -> None:
    tutor, path = await house.as_(made.tutors[0]), f"/cohorts/{made.cohort}/windows"
    wrong = {
        "do": "open", "date": "", "end": "17:30", "rooms": "Attic, 2\nHall, loud", "place": "", "at_once": "0",
        "leaving_out": "half-term", "other_times": "tomorrow at five", "link": "http://meet",
    }  # fmt: skip
    answer = await tutor.send_form(path, FORM | wrong)
    assert answer.status_code == 422
    assert "<title>Error: " in answer.text
    for sentence in (
        "Enter a date like 13 10 2026",
        "The rounds take 1 h 50, 1 h 20 longer than there is.",
        "Attic is too small for three",
        "Hall: “loud” isn’t a number of people",
        "Enter a link that starts with https://",
        "Choose how many triads there can be at once",
        "Write dates like 2026-10-27",
        "Write further times like 2026-10-14 17:00, not “tomorrow at five”",
    ):
        assert sentence in answer.text, sentence
    assert "Hall, loud" in answer.text
    assert await windows(house) == []


async def test_a_time_that_the_clocks_skip_is_refused_in_words(house: House, made: Class) -> None:
    tutor, path = await house.as_(made.tutors[0]), f"/cohorts/{made.cohort}/windows"
    night = {"do": "open", "date": "2027-03-28", "start": "01:30", "end": "03:30", "weeks": "1", "leaving_out": ""}
    answer = await tutor.send_form(path, FORM | night)
    assert answer.status_code == 422
    assert "The clocks go forward on Sunday 28 March, so 01:30 doesn’t exist that day" in answer.text


async def test_calling_off_tells_whoever_had_booked_and_nobody_else(house: House, made: Class) -> None:
    extra = await extra_practice(house.store, made, datetime(2026, 10, 13, 17))  # noqa: DTZ001 - a wall clock's
    tutor, amara = await house.as_(made.tutors[0]), await house.as_(made.people[0])
    await amara.send_form(f"/practice/{extra.times[0]}/triads")
    await all_left(house)
    path = f"/windows/{extra.window}/cancellation"
    assert "1 person is booked." in words(await tutor.get(path))
    for _ in range(2):
        assert (await tutor.send_form(path)).status_code == 303
    assert await said(house) == [("cancellation", "amara")]
    assert "Called off" in words(await tutor.get(f"/cohorts/{made.cohort}/windows"))


async def offers(house: House, made: Class, window: object, said_by: dict[int, dict[str, str]]) -> list[httpx.Response]:
    answers = []
    for number, times in said_by.items():
        browser = await house.as_(made.people[number])
        fields = {f"at-{local}": how for local, how in times.items()}
        answers.append(await browser.send_form(f"/windows/{window}/offer", {"wants": "1"} | fields))
    return answers


FIVE, SIX = "2026-10-13T17:00", "2026-10-14T18:00"


@pytest.mark.parametrize("by", ["the tutor", "the clerk"])
async def test_triads_are_formed_of_offers_and_whoever_has_no_place_hears_what_would_help(
    house: House, made: Class, by: str
) -> None:
    closes = house.now + timedelta(days=2)
    times = (datetime.fromisoformat(FIVE), datetime.fromisoformat(SIX))
    extra = await extra_practice(house.store, made, *times, way="matched", closes_at=closes, now=house.now)
    apart = KeepApart(
        cohort_id=made.cohort, one=made.members[0], other=made.members[1], since=house.now, by=made.tutors[0]
    )
    await house.store.write(lambda db: db.add(apart))
    tutor, amara = await house.as_(made.tutors[0]), await house.as_(made.people[0])
    assert "When could you practise?" in words(await amara.get(EXTRA))
    both = {FIVE: "free", SIX: "if_needed"}
    answers = await offers(
        house, made, extra.window, {0: both, 1: {FIVE: "free"}, 2: both, 3: {FIVE: "free"}, 4: {SIX: "free"}}
    )
    assert {each.status_code for each in answers} == {303}
    assert "5 people offered times so far" in words(await tutor.get(f"/cohorts/{made.cohort}/windows"))
    assert "You’ve offered 2 times." in words(await amara.get(EXTRA))
    if by == "the tutor":
        for _ in range(2):
            formed = await tutor.send_form(f"/windows/{extra.window}/triads")
        assert formed.status_code == 422, "there is nothing left to form"
    else:
        house.now = closes
        await clerk(house)
        late = (await offers(house, made, extra.window, {5: both}))[0]
        assert (late.status_code, "Offers for this have closed" in words(late)) == (422, True)
    asked = select(PracticeSession.id).where(PracticeSession.window_id == extra.window)
    sessions = await house.store.read(lambda db: list(db.scalars(asked)))
    groups = [{member for member, _ in each} for session in sessions for each in await triads(house, session)]
    assert len(groups) == 1
    assert not {made.members[0], made.members[1]} <= groups[0]
    await clerk(house)
    kinds = [kind for kind, _ in await said(house)]
    assert (kinds.count("invitation"), kinds.count("no-place")) == (3, 2)
    texts = [text_of(each) for each in await waiting_letters(house) if each.kind == "no-place"]
    assert all("There was no place for you in extra practice this time." in each for each in texts)
    assert not any(re.search(r"Amara|Ben|apart", each) for each in texts if "Hello" not in each)

    def unplaced(db: Session) -> list[str]:
        return [each for each in db.scalars(select(WindowOffer.unplaced)) if each]

    assert len(await house.store.read(unplaced)) == 2
    assert "Without a place" in words(await tutor.get(f"/windows/{extra.window}"))


async def test_a_change_while_triads_are_formed_keeps_nothing(house: House, made: Class) -> None:
    extra = await extra_practice(
        house.store, made, datetime.fromisoformat(FIVE), way="matched", closes_at=house.now, now=house.now
    )
    await offers(house, made, extra.window, {0: {FIVE: "free"}})

    def unit(db: Session, version: int) -> object:
        cohort = value(CohortRow, db.get_one(Cohort, made.cohort))
        desk = Desk(cohort, "elmhouse.example", made.tutors[0], house.now, an_id)
        window = db.get_one(PracticeWindow, extra.window)
        group = Formed(FIVE, Group(tuple(str(member) for member in made.members[:3])))
        return form(db, desk, window, [group], {}, version=cohort.version + version, new_id=an_id)

    refused = await house.store.write(lambda db: unit(db, -1))
    assert isinstance(refused, Refusal)
    assert await local_times(house) == []
    assert await house.store.write(lambda db: unit(db, 0)) is None
    assert await house.store.write(lambda db: unit(db, -1)) is None, "formed already"
    assert len(await local_times(house)) == 1


async def test_the_form_shows_when_people_are_free_and_what_is_owed(house: House, made: Class) -> None:
    def free_on_tuesdays(db: Session) -> None:
        for number, person in enumerate(made.people):
            marks = [[1, 17 * 60, 120, "free"]] if number else [[3, 9 * 60, 60, "if_needed"]]
            db.add(UsualWeek(person_id=person, zone="Europe/London", marks=marks, version=1, saved_at=house.now))

    tutor, path = await house.as_(made.tutors[0]), f"/cohorts/{made.cohort}/windows/new"
    assert "When people are free" not in words(await tutor.get(path))
    await house.store.write(free_on_tuesdays)
    assert "Tuesday at 17:00 suits five of six. Only Amara isn’t free then." in words(await tutor.get(path))


async def test_only_tutors_of_a_published_cohort_open_practice(house: House) -> None:
    draft = await a_cohort(house.store, published=False)
    tutor = await house.as_(draft.tutors[0])
    assert (await tutor.get(f"/cohorts/{draft.cohort}/windows/new")).status_code == 404
    assert (await tutor.send_form(f"/cohorts/{draft.cohort}/windows", FORM | {"do": "open"})).status_code == 404


async def test_somebody_who_left_is_in_no_triad_that_is_formed(house: House, made: Class) -> None:
    closes = house.now + timedelta(days=1)
    extra = await extra_practice(
        house.store, made, datetime.fromisoformat(FIVE), way="matched", closes_at=closes, now=house.now
    )
    await offers(house, made, extra.window, {n: {FIVE: "free"} for n in range(3)})
    await house.store.write(
        lambda db: db.execute(update(Membership).where(Membership.id == made.members[0]).values(left_at=house.now))
    )
    tutor = await house.as_(made.tutors[0])
    await tutor.send_form(f"/windows/{extra.window}/triads")
    assert await local_times(house) == []


async def test_extra_practice_is_no_week_of_the_course(house: House, made: Class) -> None:
    extra = await extra_practice(house.store, made, datetime.fromisoformat("2026-10-08T12:00"))
    tutor = await house.as_(made.tutors[0])
    overview = words(await tutor.get(f"/cohorts/{made.cohort}"))
    assert "Week 2 of 3" in overview
    assert "Everyone is expected on Thursday 8 October" in overview
    amara = await house.as_(made.people[0])
    await amara.send_form(f"/practice/{extra.times[0]}/triads")
    plan = words(await tutor.get(f"/cohorts/{made.cohort}/plan"))
    assert "12:00" not in plan
    assert "no longer fits" not in plan


async def test_how_many_times_are_open_to_somebody(house: House, made: Class) -> None:
    async def open_to(person: UUID) -> int:
        return await house.store.read(lambda db: times_open(db, person, house.now))

    assert await open_to(made.people[0]) == 0
    days = [datetime.fromisoformat(f"2026-10-{day}T17:00") for day in (13, 14)]
    await extra_practice(house.store, made, *days)
    await extra_practice(house.store, made, *days, way="matched", closes_at=house.now + timedelta(days=1))
    assert await open_to(made.people[0]) == 3
    assert await open_to(made.tutors[0]) == 0
    house.later(days=6, hours=12)
    assert await open_to(made.people[0]) == 1
