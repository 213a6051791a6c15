"""What tutors do about guests: take them in, ask, see the answers, call off, end; and what they are told."""

import asyncio
from datetime import UTC, datetime, timedelta
from html import unescape

from sqlalchemy import select

from tests.builders import a_cohort, an_id
from tests.guests.visits import BRIEF, a_guest, guest_row, page_of
from tests.house import House
from tests.web.queries import counted
from threefold.store.tables import Encounter, Guest, Letter, Membership, Person, Turn, metadata

CLASS = datetime(2026, 10, 8, 17, 30, tzinfo=UTC)


async def test_everything_wrong_is_said_at_once_and_every_word_is_kept(house: House) -> None:
    built = await a_cohort(house.store)
    tutor = await house.as_(built.tutors[0])
    path = f"/cohorts/{built.cohort}/guests"
    assert "No guest comes to this group yet" in await page_of(tutor, path)
    answer = await tutor.send_form(
        path, {"name": " ", "email": "robin at stage", "until": "2020-01-01", "most": "many"}
    )
    page = unescape(answer.text)
    assert answer.status_code == 422
    assert "<title>Error: " in page
    for said in ("Enter the name they’d like", "Enter an e-mail address", "from today on", "from 1 to 8"):
        assert page.count(said) == 2, said
    assert 'value="robin at stage"' in page
    assert await house.store.read(lambda db: db.scalars(select(Guest.id)).all()) == []


async def test_a_guest_comes_from_outside_and_is_taken_in_once(house: House) -> None:
    visit = await a_guest(house)
    built = visit.built
    words = {"name": "Somebody Else", "email": "ROBIN.VALE@stage.example", "until": "2026-12-12", "most": "2"}
    again = await visit.tutor.send_form(f"/cohorts/{built.cohort}/guests", words)
    assert again.headers["location"] == f"{visit.base}?done=invited"
    assert "Robin Vale" in await page_of(visit.tutor, visit.base), "they keep the name they go by"
    amara = await house.store.read(lambda db: db.scalar(select(Person.email).where(Person.id == built.people[0])))
    own = await visit.tutor.send_form(f"/cohorts/{built.cohort}/guests", {**words, "email": str(amara)})
    assert (own.status_code, "somebody in this group" in own.text) == (422, True)
    assert len(await house.store.read(lambda db: db.scalars(select(Guest.id)).all())) == 1
    person = (await guest_row(visit)).person_id
    members = select(Membership.id).where(Membership.person_id == person)
    assert await house.store.read(lambda db: db.scalars(members).all()) == [], "and no way in"


async def test_rounds_are_offered_with_who_counsels_and_those_they_meet_already_are_left_out(house: House) -> None:
    visit = await a_guest(house)
    path = f"{visit.base}?practice={visit.built.sessions[2]}"
    page = await page_of(visit.tutor, path)
    assert "Chloe is counsellor, Esther observes instead" in page
    assert page.count(" observes instead") == 6
    await visit.ask(1, (0, 2))
    page = await page_of(visit.tutor, path)
    assert "Chloe is counsellor, Esther" not in page
    assert page.count(" observes instead") == 5


async def test_two_presses_at_once_ask_once(house: House) -> None:
    visit = await a_guest(house)
    answers = await asyncio.gather(*(visit.ask(1, (0, 1), (0, 2)) for _ in range(3)))
    assert [answer.status_code for answer in answers] == [303, 303, 303]
    assert [each.round for each in await visit.encounters()] == [1, 2]


async def test_two_guests_asked_to_one_round_at_once_one_is_and_the_other_tutor_hears_why(house: House) -> None:
    visit = await a_guest(house)
    other = await a_guest(house, visit.built, name="Sam Poole")
    answers = await asyncio.gather(*(each.ask(1, (0, 1)) for each in (visit, other)))
    assert sorted(answer.status_code for answer in answers) == [303, 422]
    page = next(answer.text for answer in answers if answer.status_code == 422)
    assert "Group 1, round 1: Somebody else comes as guest in this round by now." in page
    assert BRIEF in page, "the words are kept"
    assert len(await house.store.read(lambda db: db.scalars(select(Encounter.id)).all())) == 1


async def test_made_up_rounds_and_rounds_elsewhere_are_refused(house: House) -> None:
    visit = await a_guest(house)
    elsewhere = await a_cohort(house.store, name="Another cohort")
    for practice, triad in (
        (visit.built.sessions[1], elsewhere.triads[1][0]),
        (elsewhere.sessions[1], elsewhere.triads[1][0]),
        (visit.built.sessions[0], visit.built.triads[0][0]),  # it was last week
        (visit.built.sessions[1], an_id()),
    ):
        words = {"practice": str(practice), "round": [f"{triad}:1"], "brief": BRIEF}
        answer = await visit.tutor.send_form(f"{visit.base}/encounters", words)
        assert (answer.status_code, "A round you chose is over" in answer.text) == (422, True)
    none = await visit.tutor.send_form(f"{visit.base}/encounters", {"practice": str(visit.built.sessions[1])})
    assert [said in none.text for said in ("Choose at least one round.", "Write who they are in this")] == [True, True]
    assert await visit.encounters() == []


async def test_what_is_a_lot_is_said_before_it_is_done_and_only_what_was_read_is_known(house: House) -> None:
    visit = await a_guest(house, most="1")
    first = await visit.ask(1, (0, 1), (0, 2))
    said = "That would make 2 encounters on Thursday 8 October; 1 a day was agreed."
    assert (first.status_code, first.text.count(said)) == (422, 2)
    other = await visit.ask(1, (0, 1), (0, 2), knowing=["Something else."])
    assert (other.status_code, await visit.encounters()) == (422, [])
    assert (await visit.ask(1, (0, 1), (0, 2), knowing=[said])).status_code == 303


async def test_a_break_that_is_missing_is_said_on_both_pages(house: House) -> None:
    visit = await a_guest(house)
    cohort = metadata.tables["cohort"]
    await house.store.write(
        lambda db: db.execute(cohort.update().where(cohort.c.id == visit.built.cohort).values(feedback_minutes=5))
    )
    said = "There would be no ten minutes to themselves after two in a row, at 19:30 on Thursday 8 October."
    answer = await visit.ask(1, (0, 1), (0, 2), (0, 3))
    assert (answer.status_code, said in answer.text) == (422, True)
    await visit.ask(1, (0, 1), (0, 2), (0, 3), knowing=[said])
    assert "No ten minutes of break here" in await page_of(visit.tutor, visit.base)
    assert "19:30 to 19:35: a break for you." in await page_of(visit.guest, await visit.send_link())


async def test_calling_off_and_ending_give_the_turn_back_and_what_was_stays(house: House) -> None:
    visit = await a_guest(house)
    await visit.ask(1, (0, 1), (0, 2))
    await visit.ask(2, (0, 3))
    link = await visit.send_link()
    for number in range(3):
        assert (await visit.says(link, "accepted", number)).status_code == 303
    turns = select(Turn.triad_id, Turn.round).where(Turn.role == "client")

    async def without() -> list[tuple[int, int]]:
        held = {(row[0], row[1]) for row in await house.store.read(lambda db: db.execute(turns).all())}
        return [
            (week, number)
            for week in (1, 2)
            for number in (1, 2, 3)
            if (visit.built.triads[week][0], number) not in held
        ]

    assert await without() == [(1, 1), (1, 2), (2, 3)]
    one = (await visit.encounters())[0]
    for _ in range(2):
        answer = await visit.tutor.send_form(f"{visit.base}/encounters/{one.id}/ending")
        assert answer.headers["location"] == f"{visit.base}?done=off"
    assert await without() == [(1, 2), (2, 3)]
    house.now = CLASS + timedelta(hours=3)
    tutor = await house.as_(visit.built.tutors[0])
    late = await tutor.send_form(f"{visit.base}/encounters/{(await visit.encounters())[1].id}/ending")
    assert (late.status_code, "This round has begun." in late.text) == (422, True)
    for _ in range(2):
        assert (await tutor.send_form(f"{visit.base}/ending")).status_code == 303
    assert await without() == [(1, 2)], "what was held stays as it was"
    assert "Robin doesn’t come any more" in await page_of(tutor, visit.base)
    refused = await tutor.send_form(f"{visit.base}/link", {"until": "2026-12-12"})
    assert (refused.status_code, "Invite them again" in refused.text) == (422, True)
    asked = await tutor.send_form(f"{visit.base}/encounters", visit.rounds(2, (1, 1)))
    assert (asked.status_code, "Their link has stopped working." in asked.text) == (422, True)


async def test_groups_that_changed_since_are_told_of(house: House) -> None:
    visit = await a_guest(house)
    await visit.ask(1, (0, 1))
    await visit.ask(2, (0, 3))
    assert "would work with" not in await page_of(visit.tutor, visit.base)
    turn, seat = metadata.tables["turn"], metadata.tables["seat"]
    ben = visit.built.seats[2][visit.built.members[1]]
    triad = visit.built.triads[2][0]

    def changed(db: object) -> None:
        theirs = turn.c.triad_id == triad
        db.execute(turn.delete().where(theirs, turn.c.round == 3))  # type: ignore[attr-defined] # a session
        rows = db.execute(select(seat.c.id).where(seat.c.triad_id == triad)).scalars().all()  # type: ignore[attr-defined] # the same
        there = ben if ben in rows else rows[0]
        db.execute(turn.insert().values(triad_id=triad, round=3, seat_id=there, role="counsellor"))  # type: ignore[attr-defined] # the same
        db.execute(seat.update().where(seat.c.id == there).values(membership_id=visit.built.members[1]))  # type: ignore[attr-defined] # the same

    if ben not in await house.store.read(
        lambda db: db.scalars(select(seat.c.id).where(seat.c.triad_id == triad)).all()
    ):
        await house.store.write(
            lambda db: db.execute(seat.update().where(seat.c.id == ben).values(given_up_at=house.now))
        )
    await house.store.write(changed)
    assert "Robin would work with Ben twice" in await page_of(visit.tutor, visit.base)


async def test_a_double_click_on_sending_sends_links_of_which_the_last_works(house: House) -> None:
    visit = await a_guest(house)
    answers = await asyncio.gather(
        *(visit.tutor.send_form(f"{visit.base}/link", {"until": "2026-12-12"}) for _ in range(2))
    )
    assert [answer.status_code for answer in answers] == [303, 303]
    assert len(await visit.letters()) == 1
    assert (await visit.guest.get(await visit.link())).status_code == 200


async def test_pages_ask_eight_times_at_most_however_many_guests_there_are(house: House) -> None:
    visit = await a_guest(house)
    paths = [f"/cohorts/{visit.built.cohort}/guests", visit.base]

    async def asked() -> list[int]:
        found = []
        for path in paths:
            with counted() as statements:
                await visit.tutor.get(path)
            found.append(len(statements))
        return found

    few = await asked()
    for number in range(4):
        other = await a_guest(house, visit.built, name=f"Sam Poole{number}", email=f"sam{number}@stage.example")
        await other.ask(1, (number // 3, number % 3 + 1))
        await other.send_link()
    many = await asked()
    assert max(many) <= 8
    assert [count - before for count, before in zip(many, few, strict=True)] <= [1, 0], (
        "one more question: what letters said"
    )
    letters = await house.store.read(lambda db: db.scalars(select(Letter.kind)).all())
    assert list(letters) == ["guest-link"] * 4
