"""What people have said about their time, as those read it who plan with it."""

from datetime import UTC, date, datetime
from functools import partial

from sqlalchemy.orm import Session

from tests.builders import BEFORE, a_person, offers
from tests.web.queries import counted
from threefold.core.availability import How, Need, Offered, Span, Week
from threefold.store.availability import access_needs_of, availability_of
from threefold.store.engine import Store
from threefold.store.tables import AccessNeed, UsualWeek

AT, UNTIL = datetime(2026, 10, 8, 17, 30, tzinfo=UTC), datetime(2026, 10, 8, 19, 30, tzinfo=UTC)  # 18:30 in London


async def test_everybody_asked_for_is_there_with_all_they_said_and_nobody_else_is(store: Store) -> None:
    amara, ben, chloe, dev, other = [await a_person(store, name) for name in ("Amara", "Ben", "Chloe", "Dev", "Eve")]
    await offers(store, amara, (3, 18, 21, "free"), (1, 9, 10, "if_needed"))
    await offers(store, ben, one_offs={date(2026, 10, 8): [(18, 21, "if_needed")]})
    await offers(store, dev, (3, 18, 21, "free"), busy=[(AT, UNTIL)], zone="Europe/Paris")
    await offers(store, other, (3, 18, 21, "free"))

    found = await store.read(lambda db: availability_of(db, [amara, ben, chloe, dev]))

    nothing = ((),) * 7
    tuesday, thursday = (Span(540, 60, How.IF_NEEDED),), (Span(1080, 180, How.FREE),)
    assert found == {
        amara: Offered(Week("Europe/London", ((), tuesday, (), thursday, (), (), ()))),
        ben: Offered(Week("Europe/London", nothing), {date(2026, 10, 8): (Span(1080, 180, How.IF_NEEDED),)}),
        chloe: Offered(),
        dev: Offered(Week("Europe/Paris", ((), (), (), thursday, (), (), ())), {}, ((AT, UNTIL),)),
    }
    says = [found[each].at(AT, UNTIL) for each in (amara, ben, chloe, dev)]
    assert says == [How.FREE, How.IF_NEEDED, How.UNKNOWN, How.NOT_FREE]


async def test_a_week_that_only_holds_a_place_for_dates_says_nothing_of_others(store: Store) -> None:
    amara = await a_person(store, "Amara")
    await offers(store, amara, one_offs={date(2026, 10, 9): []})
    await store.write(lambda db: setattr(db.get_one(UsualWeek, amara), "version", 0))
    found = await store.read(lambda db: availability_of(db, [amara]))
    assert found == {amara: Offered(Week("Europe/London", None), {date(2026, 10, 9): ()})}
    assert found[amara].at(AT, UNTIL) is How.UNKNOWN


async def test_a_hundred_people_cost_as_many_questions_as_one(store: Store) -> None:
    people = [await a_person(store, f"Trainee {n}") for n in range(100)]
    for person in people[:50]:
        await offers(store, person, (3, 18, 21, "free"), one_offs={date(2026, 10, 8): []})
    for asked in (people[:1], people):
        with counted() as questions:
            assert len(await store.read(partial(availability_of, person_ids=asked))) == len(asked)
        assert len(questions) == 2
    assert await store.read(lambda db: availability_of(db, [])) == {}


async def test_needs_of_a_room_by_person(store: Store) -> None:
    amara, ben, chloe = [await a_person(store, name) for name in ("Amara", "Ben", "Chloe")]

    def work(db: Session) -> None:
        db.add_all(
            AccessNeed(person_id=person, need=need, since=BEFORE)
            for person, need in ((amara, "step_free"), (amara, "quiet"), (chloe, "near_exit"))
        )

    await store.write(work)
    found = await store.read(lambda db: access_needs_of(db, [amara, ben]))
    assert found == {amara: frozenset({Need.STEP_FREE, Need.QUIET})}
