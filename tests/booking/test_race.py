"""Many people want the same few seats at the same moment: each goes once, and the others hear what is next best."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from pathlib import Path
from random import Random
from uuid import UUID

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from tests.booking.test_any_order import Walk
from tests.booking.test_booking import seat_of, triad_of, words
from tests.builders import a_cohort, all_told, an_id, extra_practice
from tests.house import NOON, House, settings_for
from tests.mail.histories import CalendarPart
from threefold.booking import actions
from threefold.core.refusal import Refusal
from threefold.store.engine import Store
from threefold.store.seats import new_seat
from threefold.store.tables import Letter, Seat
from threefold.web.ids import Ids
from threefold.web.templates import environment

PEOPLE, TRIADS = 24, 3


@pytest.fixture
def stores(store: Store, database_url: str) -> Iterator[list[Store]]:
    """Two doors to one database, as two server processes have them."""
    second = Store.open(database_url)
    yield [store, second]
    second.close_now()


async def test_two_processes_give_every_seat_once_and_refuse_the_others_kindly(
    stores: list[Store], tmp_path: Path
) -> None:
    made = await a_cohort(stores[0], trainees=PEOPLE)
    await all_told(stores[0], made.cohort)
    extra = await extra_practice(stores[0], made, datetime.fromisoformat("2026-10-13T17:00"), at_once=TRIADS)
    (practice,) = extra.times
    postroom = CalendarPart(settings_for(tmp_path), environment())
    walks = [Walk(store, made, extra, postroom, Random(1)) for store in stores]

    async def book(number: int, member: UUID) -> object:
        walk = walks[number % 2]

        def work(db: Session, new_id: Ids) -> object:
            return actions.wherever(db, walk.desk(db, new_id), walk.at(db, practice, member))

        return await walk.change(work, only=practice)

    outcomes = await asyncio.gather(*(book(number, member) for number, member in enumerate(made.members)))
    refused = [each for each in outcomes if isinstance(each, Refusal)]
    assert (outcomes.count(None), len(refused)) == (3 * TRIADS, PEOPLE - 3 * TRIADS)
    assert {each.problems[0].sentence for each in refused} == {"That seat has just been taken."}

    def seats(db: Session) -> tuple[Counter[int], Counter[UUID], int]:
        held = db.execute(
            select(Seat.triad_id, Seat.membership_id, Seat.position).where(
                Seat.practice_id == practice, Seat.given_up_at.is_(None)
            )
        ).all()
        invited = db.scalar(
            select(func.count(Letter.seat_id.distinct()))
            .join(Seat, Seat.id == Letter.seat_id)
            .where(Seat.practice_id == practice, Letter.kind == "invitation", Letter.stopped_at.is_(None))
        )
        return Counter(row.position for row in held), Counter(row.membership_id for row in held), invited or 0

    positions, members, invited = await stores[1].read(seats)
    assert positions == {0: TRIADS, 1: TRIADS, 2: TRIADS}
    assert set(members.values()) == {1}
    assert invited == 3 * TRIADS, "everybody who has a seat has one invitation to it"
    assert await stores[0].read(walks[0].wrong) == []


async def test_of_many_who_take_the_last_seat_one_has_it_and_the_others_see_what_else_there_is(house: House) -> None:
    made = await a_cohort(house.store, trainees=10)
    await all_told(house.store, made.cohort)
    tuesday, thursday = map(datetime.fromisoformat, ("2026-10-13T17:00", "2026-10-15T12:00"))
    extra = await extra_practice(house.store, made, tuesday, thursday)
    first, second, *others = [await house.as_(person) for person in made.people]
    await first.send_form(f"/practice/{extra.times[0]}/triads")
    triad = await triad_of(house, extra.times[0])
    await second.send_form(f"/triads/{triad}/seats")
    answers = await asyncio.gather(*(browser.send_form(f"/triads/{triad}/seats") for browser in others))
    assert Counter(each.status_code for each in answers) == {303: 1, 409: 7}
    late = [words(each) for each in answers if each.status_code == 409]
    assert all(
        "That seat has just been taken. You can start a triad on Thursday 15 October, 12:00." in each for each in late
    )


async def test_the_database_itself_gives_no_seat_twice(house: House) -> None:
    """Kindness is code's; that it cannot happen is the constraints'."""
    made = await a_cohort(house.store)
    extra = await extra_practice(house.store, made, datetime.fromisoformat("2026-10-13T17:00"))
    amara = await house.as_(made.people[0])
    await amara.send_form(f"/practice/{extra.times[0]}/triads")
    triad = await triad_of(house, extra.times[0])
    assert (await seat_of(house, extra.times[0], made.members[0])).position == 0

    def again(db: Session, member: UUID, position: int) -> None:
        seat = new_seat(extra.times[0], triad, member, position, domain="elmhouse.example", now=NOON, new_id=an_id)
        db.add(seat)

    for member, position in ((made.members[1], 0), (made.members[0], 1)):
        with pytest.raises(IntegrityError):
            await house.store.write(partial(again, member=member, position=position))
