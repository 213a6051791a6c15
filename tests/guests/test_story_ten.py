"""Story 10: an actor without an account comes for an evening, from the invitation to the invoice."""

from datetime import UTC, datetime, time

from sqlalchemy import select

from tests.builders import a_cohort, all_told
from tests.guests.visits import BRIEF, FELT, a_guest, page_of, text_of
from tests.house import House
from threefold.store.tables import Letter, Turn

THURSDAY = datetime(2026, 10, 8, 17, 30, tzinfo=UTC)  # 18:30 in London


async def test_an_actor_comes_for_an_evening(house: House) -> None:
    visit = await a_guest(house)
    built = visit.built
    await all_told(house.store, built.cohort)
    before = {row.id for row in await _letters(house)}

    # In the afternoon they are asked to one in another group: a fourth that day is said, and taken knowing it.
    afternoon = await a_cohort(house.store, name="Afternoons", starts=time(14, 0))
    other = await a_guest(house, afternoon)
    assert (await other.ask(1, (0, 1))).status_code == 303
    lot = "That would make 4 encounters on Thursday 8 October; 3 a day was agreed."
    asked = await visit.ask(1, (0, 1), (0, 2), (0, 3))
    assert (asked.status_code, lot in asked.text) == (422, True)
    assert await visit.encounters() == []
    assert (await visit.ask(1, (0, 1), (0, 2), (0, 3), knowing=[lot])).status_code == 303
    assert [each.round for each in await visit.encounters()] == [1, 2, 3]

    # The same counsellor twice never is, whatever the tutor knows.
    again = await visit.ask(2, (0, 2), knowing=[lot])
    assert again.status_code == 422
    assert "A guest never works with the same counsellor twice." in again.text
    assert "Robin hasn’t been told yet" in await page_of(visit.tutor, visit.base)

    link = await visit.send_link()
    (letter,) = await visit.letters()
    assert letter.subject == "Could you come as our guest on Thursday 8 October?"
    text = text_of(letter)
    for line in ("18:45 to 19:05 UK time", "19:15 to 19:35", "19:45 to 20:05"):
        assert line in text
    print(text)

    page = await page_of(visit.guest, link)
    print(page)
    assert "Could you come, Robin?" in page
    assert "19:35 to 19:45: a break for you." in page
    assert BRIEF in page
    for number in range(3):
        answer = await visit.says(link, "accepted", number)
        assert answer.headers["location"] == f"{link}?done=accepted", answer.text
    print(await page_of(visit.tutor, visit.base))
    amara = await house.as_(built.people[1])
    home = await page_of(amara, "/")
    assert "Robin (guest) is your client" in home
    turns = await house.store.read(
        lambda db: db.execute(select(Turn.round, Turn.role).where(Turn.triad_id == built.triads[1][0])).all()
    )
    print(sorted(turns))
    new = [row for row in await _letters(house) if row.id not in before]
    print([(row.kind, row.recipient, row.subject) for row in new])
    print(text_of(new[-1]))

    house.now = THURSDAY.replace(hour=17, minute=50)
    page = await page_of(visit.guest, link)
    one = (await visit.encounters())[0]
    assert "You can stop at any point" in page
    stopped = await visit.guest.send_form(f"{link}/encounters/{one.id}/stop")
    assert stopped.headers["location"] == f"{link}?done=stopped"
    assert "Robin has stopped" in await page_of(visit.tutor, visit.base)
    path = f"{link}/encounters/{one.id}"
    print(await page_of(visit.guest, path))
    answer = await visit.guest.send_form(f"{path}/felt", FELT)
    assert answer.headers["location"] == f"{path}?done=felt#leave", answer.text
    answer = await visit.guest.send_form(f"{path}/steps", {"leaving": "yes", "steps": ["name", "body"]})
    assert answer.headers["location"] == f"{link}?done=stepped"
    csv = (await visit.tutor.get(f"{visit.base}/minutes.csv")).text
    print(csv)


async def _letters(house: House) -> list[Letter]:
    return list(await house.store.read(lambda db: db.scalars(select(Letter).order_by(Letter.id)).all()))
