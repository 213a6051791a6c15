"""A published term gets another time, place or number of rounds from a date on; what was held stays as it was."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as some
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.builders import Class, a_cohort
from tests.house import Browser, House
from tests.repairs.terms import all_left, event_of, forms_of, places, practice_at, told, waiting, words_of
from threefold.core.refusal import Refusal
from threefold.core.slots import SessionShape
from threefold.core.usual import Meets, Usual, changed, shorter_in_fours
from threefold.store.tables import Cohort, Membership, PlanVersion, PracticeSession, Seat, Turn


@pytest.fixture
async def made(house: House) -> Class:
    """Nine people for four Thursdays, the first last week."""
    return await told(house, trainees=9, weeks=4)


async def filled(tutor: Browser, made: Class, **typed: str) -> dict[str, Any]:
    page = await tutor.get(f"/cohorts/{made.cohort}/term")
    (shown,) = forms_of(page, f"/cohorts/{made.cohort}/term")
    values = {name.removeprefix("was-"): value[0] for name, value in shown.items()}
    return {**shown, **values, "from": str(made.sessions[1]), "do": "tell", **typed}


async def send(tutor: Browser, made: Class, **typed: str) -> Any:
    return await tutor.send_form(f"/cohorts/{made.cohort}/term", await filled(tutor, made, **typed))


async def test_another_day_and_time_from_a_date_on_are_shown_first_and_then_told(house: House, made: Class) -> None:
    tutor = await house.as_(made.tutors[0])
    before = {practice: await places(house, practice) for practice in made.sessions}
    looked = await send(tutor, made, **{"weekday": "2", "start": "19:00", "from": str(made.sessions[2]), "do": "look"})
    words = words_of(looked)
    assert "18 letters would go out" in words
    assert "Thursday 15 October, 18:30 to 20:30 UK time → Wednesday 14 October, 19:00 to 21:00 UK time" in words
    assert (await practice_at(house, made.sessions[2])).starts_at.isoformat() == "2026-10-15T17:30:00+00:00"
    assert await waiting(house) == []
    answer = await send(tutor, made, **{"weekday": "2", "start": "19:00", "from": str(made.sessions[2])})
    assert (answer.status_code, answer.headers["location"]) == (303, f"/cohorts/{made.cohort}")
    found = [(await practice_at(house, practice)).starts_at.isoformat() for practice in made.sessions]
    assert found == [f"2026-10-{day}+00:00" for day in ("01T17:30:00", "08T17:30:00", "14T18:00:00", "21T18:00:00")]
    assert {practice: await places(house, practice) for practice in made.sessions} == before, "seats, UIDs and turns"
    letters = await waiting(house)
    assert Counter(letter.kind for letter in letters) == {"change": 18}
    uids = {place[3] for practice in made.sessions[2:] for place in before[practice].values()}
    assert {event_of(letter.message) for letter in letters} == {("REQUEST", uid, 1) for uid in uids}
    assert await house.store.read(lambda db: list(db.scalars(select(PlanVersion)))) == [], "nobody sits elsewhere"


async def test_a_session_with_a_place_of_its_own_keeps_it_unless_the_place_is_what_changes(
    house: House, made: Class
) -> None:
    tutor = await house.as_(made.tutors[0])
    own = made.sessions[2]
    await house.store.write(lambda db: setattr(db.get_one(PracticeSession, own), "place", "The library"))
    await send(tutor, made, start="19:00")
    assert (await practice_at(house, own)).place == "The library"
    await send(tutor, made, place="The Annexe")
    assert {(await practice_at(house, each)).place for each in made.sessions[1:]} == {"The Annexe"}
    assert (await practice_at(house, made.sessions[0])).place == "Elm House"
    cohort = await house.store.read(lambda db: db.get_one(Cohort, made.cohort))
    assert (cohort.place, cohort.starts) == ("The Annexe", time(19)), "what is added later follows it"


async def test_rooms_are_given_out_in_their_order_and_told_to_those_who_sit_in_them(house: House, made: Class) -> None:
    tutor = await house.as_(made.tutors[0])
    await send(tutor, made, rooms="Room 2\nRoom 3", **{"from": str(made.sessions[3])})
    letters = await waiting(house)
    assert Counter(letter.subject for letter in letters) == {
        "Changed: Thursday 22 October now in Room 2, Elm House": 3,
        "Changed: Thursday 22 October now in Room 3, Elm House": 3,
    }
    (version,) = await house.store.read(lambda db: list(db.scalars(select(PlanVersion))))
    assert list(version.after) == [str(made.sessions[3])]


async def turns_at(house: House, practice: UUID) -> list[dict[str, int]]:
    """Of each seat of a session, how often it is what."""
    found = (await places(house, practice)).values()
    return [dict(Counter(role for _, role in place[4])) for place in found]


async def test_with_one_round_instead_of_three_roles_are_shared_out_anew_and_the_past_keeps_its_shape(
    house: House, made: Class
) -> None:
    tutor = await house.as_(made.tutors[0])
    held = await places(house, made.sessions[0])
    typed = {"rounds": "1", "practice": "50", "feedback": "30"}
    looked = await send(tutor, made, **typed, do="look")
    assert "Roles are shared out anew In 9 groups, since their number of rounds changes." in words_of(looked)
    assert (await send(tutor, made, **typed)).status_code == 303
    assert await places(house, made.sessions[0]) == held
    past = await practice_at(house, made.sessions[0])
    assert past.shape == [3, 20, 10, 15, 15, 0], "it says itself how it was held"
    coming = [await practice_at(house, practice) for practice in made.sessions[1:]]
    assert [practice.shape for practice in coming] == [None] * 3
    cohort = await house.store.read(lambda db: db.get_one(Cohort, made.cohort))
    assert (cohort.rounds, cohort.practice_minutes, cohort.feedback_minutes) == (1, 50, 30)
    for practice in made.sessions[1:]:
        assert Counter(tuple(each.items()) for each in await turns_at(house, practice)) == {
            (("counsellor", 1),): 3, (("client", 1),): 3, (("observer", 1),): 3,
        }  # fmt: skip
    roles: dict[UUID, Counter[str]] = {}
    for practice in made.sessions[1:]:
        for who, place in (await places(house, practice)).items():
            roles.setdefault(who, Counter()).update(role for _, role in place[4])
    assert all(set(each.values()) == {1} and len(each) == 3 for each in roles.values()), "each role once in three weeks"
    page = words_of(await tutor.get(f"/practice/{made.sessions[0]}"))
    assert "Thursday 1 October" in page
    amara = await house.as_(made.people[0])
    assert "3 rounds of 20 + 10 min feedback" in words_of(await amara.get(f"/practice/{made.sessions[0]}"))
    assert "1 round of 50 + 30 min feedback" in words_of(await amara.get(f"/practice/{made.sessions[1]}"))


async def test_minutes_alone_leave_every_turn_as_it_is(house: House, made: Class) -> None:
    tutor = await house.as_(made.tutors[0])
    before = {practice: await places(house, practice) for practice in made.sessions}

    def rows(db: Session) -> set[tuple[object, ...]]:
        return {(turn.triad_id, turn.round, turn.seat_id, turn.role) for turn in db.scalars(select(Turn))}

    turns = await house.store.read(rows)
    await send(tutor, made, practice="15", feedback="15")
    assert {practice: await places(house, practice) for practice in made.sessions} == before
    assert await house.store.read(rows) == turns


async def test_back_to_three_rounds_before_anybody_heard_tells_nobody(house: House, made: Class) -> None:
    tutor = await house.as_(made.tutors[0])
    await send(tutor, made, start="19:00")
    assert len(await waiting(house)) == 27
    house.later(minutes=2)
    await send(tutor, made, start="18:30")
    assert await waiting(house) == []


async def test_shorter_rounds_in_fours_and_people_with_another_session_are_said_first(house: House) -> None:
    made = await told(house, trainees=7, weeks=3)
    other = await a_cohort(house.store, name="Tuesdays", first=date(2026, 10, 6), weeks=3)

    def joins(db: Session) -> None:
        seat = db.scalars(select(Seat).where(Seat.practice_id == other.sessions[1]).limit(1)).one()
        db.get_one(Membership, seat.membership_id).person_id = made.people[0]

    await house.store.write(joins)
    tutor = await house.as_(made.tutors[0])
    looked = words_of(await send(tutor, made, weekday="1", **{"from": str(made.sessions[2]), "do": "look"}))
    assert "Amara has another session then" in looked
    assert "Tuesdays" not in looked.replace("Tuesdays, 18:30", "")
    looked = words_of(await send(tutor, made, practice="15", feedback="15", do="look"))
    assert "Thursday 8 October: shorter rounds in groups of four" in looked
    assert "In a group of 4 there are 4 rounds of 11 + 11 min." in looked


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"weekday": "6", "start": "01:30"}, "On Sunday 25 October 01:30 comes twice, since they go back."),
        ({"minutes": "60"}, "longer than the session’s 1 h. Make the session longer, or the rounds shorter."),
        ({"weekday": "0", "start": "10:00"}, "Monday 5 October, 10:00, is over. Choose a later time."),
        ({"place": ""}, "Enter where you meet, or a link if you meet online."),
        ({"rounds": "none", "start": "noon"}, "Enter a number of rounds from 1 to 12"),
        ({"from": "x"}, "Choose a session that is still to come."),
    ],
)
async def test_what_cannot_be_is_said_with_every_word_kept(
    house: House, made: Class, typed: dict[str, str], said: str
) -> None:
    tutor = await house.as_(made.tutors[0])
    answer = await send(tutor, made, **typed)
    assert answer.status_code == 422
    assert said in answer.text
    assert await waiting(house) == []


async def test_the_form_may_be_two_weeks_old_in_another_tab(house: House, made: Class) -> None:
    """What was not changed on it is not put back."""
    tutor = await house.as_(made.tutors[0])
    old = await filled(tutor, made, place="The Annexe")
    await send(tutor, made, start="19:00")
    await all_left(house)
    await tutor.send_form(f"/cohorts/{made.cohort}/term", old)
    practice = await practice_at(house, made.sessions[1])
    assert (practice.place, practice.starts_at.isoformat()) == ("The Annexe", "2026-10-08T18:00:00+00:00")


# --- the rule ---------------------------------------------------------------------------------------------------

NOW = datetime(2026, 10, 5, 12, 0, tzinfo=UTC)
SHAPE = SessionShape(3, 20, 10, 15, 15)
USUAL = Usual(3, time(18, 30), 120, "Elm House", "", (), SHAPE)


def a_term(weeks: int) -> list[Meets[int]]:
    first = datetime(2026, 10, 8, 17, 30, tzinfo=UTC)
    found = []
    for week in range(weeks):
        at = first + timedelta(weeks=week, hours=week > 2)  # the clocks went back on 25 October
        found.append(Meets(week, week + 1, at, at + timedelta(hours=2), "Elm House", "", ("", ""), SHAPE, (3, 4)))
    return found


@given(
    weekday=some.integers(0, 6),
    start=some.times(min_value=time(4), max_value=time(20)).map(lambda at: at.replace(second=0, microsecond=0)),
    minutes=some.integers(120, 180),
)
def test_every_session_is_in_its_week_on_the_same_wall_clock_or_the_change_is_refused(
    weekday: int, start: time, minutes: int
) -> None:
    wanted = replace(USUAL, weekday=weekday, start=start, minutes=minutes)
    sessions = a_term(6)
    found = changed(sessions, USUAL, wanted, "Europe/London", now=NOW)
    if isinstance(found, Refusal):
        assert {problem.field for problem in found.problems} == {"start"}, "the first Monday is over"
        assert weekday == 0
        return
    for was, now in zip(sessions, found, strict=True):
        local, old = (each.starts_at.astimezone(ZoneInfo("Europe/London")) for each in (now, was))
        assert (local.weekday(), local.time(), now.minutes) == (weekday, start, minutes)
        assert local.isocalendar()[:2] == old.isocalendar()[:2]
        assert replace(now, starts_at=was.starts_at, ends_at=was.ends_at) == was


def test_nothing_changes_where_nothing_is_typed() -> None:
    sessions = a_term(3)
    assert changed(sessions, USUAL, USUAL, "Europe/London", now=NOW) == tuple(sessions)
    assert shorter_in_fours(sessions, sessions) == ()
