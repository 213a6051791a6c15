"""What was noted on the day decides who is asked: nobody writes, or is waited for, about a round they were not in."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from tests.builders import an_id, cohort_row
from tests.day.test_day import rows, tick, words
from tests.feedback.rounds import AFTER_ROUND_ONE, Round, a_round
from tests.feedback.test_nudges import MORNING, PAGE, words_of
from tests.house import House
from threefold.cohorts.queries import pieces_to_come
from threefold.feedback import queries
from threefold.reminding.feedback import about_feedback, owing
from threefold.store.tables import ClockPress, Happening, Letter, Seat, Turn

STARTS = datetime(2026, 10, 1, 17, 30, tzinfo=UTC)  # 18:30 in London; rounds at :45, 19:15 and 19:45 there
NAMES = ("Amara", "Ben", "Chloe")


async def an_evening(house: House, *came: int, at: datetime = STARTS) -> Round:
    """The first session with a register: of its first group, these were ticked at its start; then round 1 is over."""
    held = await a_round(house)
    house.now = at
    for place, member in enumerate(held.built.members):
        if place in came or place > 2:
            assert await tick(held.tutor, held.built.sessions[0], member) == 303
    house.now = AFTER_ROUND_ONE
    return held


async def missing(house: House, held: Round) -> set[tuple[str, int]]:
    """Whose piece on which round of the first group the tutors are still waiting for."""

    def work(db: Session) -> set[tuple[str, int]]:
        found = queries.to_come(db, [cohort_row(db, held.built.cohort)], house.now).missing
        return {(one.author.first, one.held.number) for one in found if one.held.triad_id == held.triad}

    return await house.store.read(work)


async def owed(house: House, held: Round) -> set[str]:
    """Who is looked at for a letter about the first session."""
    found = await house.store.read(lambda db: owing(db, [held.built.sessions[0]]))
    return {
        who
        for who, member in zip(NAMES, held.built.members[:3], strict=True)
        if (held.built.sessions[0], member) in found
    }


async def waits_for(house: House, held: Round, person: int) -> list[str]:
    """What of round 1 waits for somebody."""
    me: Any = type("Asker", (), {"id": held.built.people[person]})()
    found = await house.store.read(lambda db: queries.todo(db, me, house.now))
    return [one.title for one in found if one.href == held.path]


async def test_who_was_not_there_is_asked_for_nothing_and_nobody_waits_for_their_piece(house: House) -> None:
    held = await an_evening(house, 0, 2)  # Ben did not come
    assert await waits_for(house, held, 1) == []
    page = words((await held.observer.get(held.path)).text)
    assert "Nothing is asked of you for this round" in page
    assert "If it was otherwise, tell your tutor, who can put it right." in page
    assert (await held.observer.get(f"{held.path}/steps/1")).status_code == 404
    await held.reflected()
    await held.felt()
    letter = await rows(house, select(Letter.due_at).where(Letter.kind == "feedback-ready"))
    assert [due for (due,) in letter] == [house.now]
    assert "ready to read" in (await held.counsellor.get(held.path)).text
    house.now = MORNING
    # Ben was to counsel in round 2 or 3, and whoever had him as a client held none either.
    assert {one for one in await missing(house, held) if "Ben" in one} == set()
    assert ("Ben Hughes", "1") not in words_of((await held.tutor.get(PAGE)).text)
    assert "Ben" not in await owed(house, held)
    assert (await held.tutor.send_form(f"{PAGE}/nudges")).status_code == 303
    asked = await rows(house, select(Letter.person_id).where(Letter.kind == "feedback-asked"))
    assert held.built.people[1] not in {person for (person,) in asked}


async def test_the_list_of_cohorts_counts_what_is_still_to_come_without_who_was_away(house: House) -> None:
    held = await an_evening(house, 0, 2)
    house.now = MORNING
    cohort = held.built.cohort
    count = await house.store.read(lambda db: pieces_to_come(db, [cohort], house.now))
    # Nine of the other group. Of this one Ben was to counsel one round and to be the client of another.
    assert await missing(house, held) == {("Amara", 1), ("Chloe", 1)}
    assert count == {cohort: 9 + 2}


async def test_a_round_without_its_counsellor_or_its_client_asks_nobody(house: House) -> None:
    for away in (0, 2):
        held = await an_evening(house, *{0, 1, 2} - {away})
        assert [await waits_for(house, held, person) for person in range(3)] == [[], [], []]
        for browser in (held.counsellor, held.observer, held.client):
            assert "Nothing is asked of you" in (await browser.get(held.path)).text
        house.now = MORNING
        assert {one for one in await missing(house, held) if one[1] == 1} == set()
        house.now = AFTER_ROUND_ONE


async def test_nobody_is_taken_for_away_while_the_round_still_runs(house: House) -> None:
    held = await an_evening(house, 0, 2)
    house.now = STARTS + timedelta(minutes=30)  # round 1 runs until 19:05 in London
    assert (await held.observer.get(f"{held.path}/steps/1")).status_code == 200
    assert await waits_for(house, held, 1) == ["Tell Amara what you noticed"]
    assert await tick(held.tutor, held.built.sessions[0], held.built.members[1]) == 303
    house.now = AFTER_ROUND_ONE
    assert await waits_for(house, held, 1) == ["Tell Amara what you noticed"]


async def test_who_comes_late_or_leaves_early_owes_the_rounds_they_were_in(house: House) -> None:
    held = await an_evening(house, 0, 2)
    session, ben = held.built.sessions[0], held.built.members[1]
    house.now = STARTS + timedelta(minutes=40)  # 19:10, between the first and the second round
    assert await tick(held.tutor, session, ben) == 303
    house.now = STARTS + timedelta(minutes=70)  # 19:40, between the second and the third
    assert await tick(held.tutor, session, held.built.members[0], here=False) == 303
    house.now = MORNING
    roles = await rows(house, select(Turn.round, Seat.membership_id, Turn.role).join(Seat, Seat.id == Turn.seat_id)
                       .where(Turn.triad_id == held.triad, Turn.round == 3))  # fmt: skip
    third = {member: role for _, member, role in roles}
    assert third[held.built.members[0]] == "observer"  # so that the last round was held without her
    assert await missing(house, held) == {
        ("Amara", 1), ("Chloe", 1), ("Amara", 2), ("Ben", 2), ("Chloe", 2), ("Ben", 3), ("Chloe", 3),
    }  # fmt: skip
    assert await owed(house, held) == {"Amara", "Ben", "Chloe"}


async def test_rounds_count_as_the_clock_ran_them(house: House) -> None:
    held = await an_evening(house, 0, 1, 2)
    session, chloe = held.built.sessions[0], held.built.members[2]

    def pressed(db: Session) -> None:
        db.add(ClockPress(id=an_id(), practice_id=session, what="start", at=STARTS + timedelta(minutes=40),
                          by=held.built.tutors[0]))  # fmt: skip

    house.now = STARTS + timedelta(minutes=50)
    await house.store.write(pressed)  # forty minutes late: round 1 has not begun when Chloe leaves
    assert await tick(held.tutor, session, chloe, here=False) == 303
    house.now = MORNING
    assert {one for one in await missing(house, held) if one[1] == 1} == set()


async def test_a_correction_that_they_were_there_after_all_asks_them_again(house: House) -> None:
    held = await an_evening(house, 0, 2)
    house.now = MORNING
    assert ("Ben", 1) not in await missing(house, held)
    put_right = {"kind": "here", "member": str(held.built.members[1]), "from": "18:30", "until": "20:30",
                 "why": "Sat at the back."}  # fmt: skip
    path = f"/practice/{held.built.sessions[0]}/record"
    assert (await held.tutor.send_form(path, put_right)).status_code == 303
    assert ("Ben", 1) in await missing(house, held)
    assert "Ben" in await owed(house, held)
    assert await waits_for(house, held, 1) == ["Tell Amara what you noticed"]
    await held.observed()
    assert ("Ben", 1) not in await missing(house, held)


async def test_words_that_were_given_stay_readable_whatever_is_noted_afterwards(house: House) -> None:
    held = await an_evening(house, 0, 1, 2)
    await held.observed()
    await held.felt()
    marks = update(Happening).where(Happening.membership_id.in_(held.built.members[:2]))
    await house.store.write(lambda db: db.execute(marks.values(until_at=STARTS)))  # nobody saw Amara and Ben, it says
    own = (await held.observer.get(held.path)).text
    assert "You waited after" in own
    assert "/feedback/" + str(held.triad) in (await held.observer.get("/feedback")).text
    assert "Nothing is asked of you" in (await held.counsellor.get(held.path)).text
    house.now = AFTER_ROUND_ONE + timedelta(days=8)
    assert "Read what people noticed" in (await held.counsellor.get("/feedback")).text
    assert "You waited after" in await held.opened()
    assert {one for one in await missing(house, held) if one[1] == 1} == set()


async def gave_up(house: House, held: Round, person: int, at: datetime) -> None:
    seat = held.built.seats[0][held.built.members[person]]
    await house.store.write(lambda db: db.execute(update(Seat).where(Seat.id == seat).values(given_up_at=at)))


@pytest.mark.parametrize("with_register", [True, False])
async def test_a_seat_given_up_in_mid_session_keeps_the_rounds_before_and_none_after(
    house: House,
    with_register: bool,  # noqa: FBT001 - two stories in one
) -> None:
    held = await an_evening(house, 0, 1, 2) if with_register else await a_round(house)
    await gave_up(house, held, 0, STARTS + timedelta(minutes=40))  # after round 1, which Amara counselled
    assert await waits_for(house, held, 0) == ["Look back on your own round"]
    house.now = MORNING
    found = await missing(house, held)
    assert {one for one in found if one[1] == 1} == {("Amara", 1), ("Ben", 1), ("Chloe", 1)}
    assert {one for one in found if one[0] == "Amara"} == {("Amara", 1)}
    assert "Amara" in await owed(house, held)
    house.now = STARTS + timedelta(hours=2, minutes=15)  # an hour after round 1 ended for good
    people = list(held.built.people[:1])
    assert await wanted(house, people) == people


async def wanted(house: House, people: list[UUID]) -> list[UUID]:
    """To whom of these the clerk writes for feedback now."""
    found = await house.store.read(lambda db: {each.reader.person_id for each in about_feedback(db, house.now)})
    return [person for person in people if person in found]
