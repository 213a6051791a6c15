"""Letters to guests are the difference between what they were told and what is so, as everybody's are."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select

from tests.builders import all_told
from tests.guests.visits import Visit, a_guest, text_of
from tests.house import House
from threefold.store.tables import Letter, metadata

MOVED = {"date": "2026-10-08", "start": "19:00", "minutes": "120", "place": "Elm House", "link": ""}


async def coming(house: House) -> tuple[Visit, str]:
    """A guest who was sent their link a day ago, and said yes to the first two rounds of tomorrow."""
    visit = await a_guest(house)
    assert (await visit.ask(1, (0, 1), (0, 2))).status_code == 303
    link = await visit.send_link()
    await visit.left()
    for number in range(2):
        await visit.says(link, "accepted", number)
    return visit, link


async def change(visit: Visit, **words: str) -> None:
    answer = await visit.tutor.send_form(f"/practice/{visit.built.sessions[1]}/change", {**MOVED, **words})
    assert answer.status_code == 303, answer.text


async def news(visit: Visit) -> list[Letter]:
    return [each for each in await visit.letters() if each.kind == "guest-news"]


async def test_a_session_that_moves_is_told_once_with_what_was(house: House) -> None:
    visit, link = await coming(house)
    await visit.clerk()
    assert await news(visit) == [], "they know all there is to know"
    await change(visit)
    await visit.clerk(1)
    (letter,) = await news(visit)
    assert letter.due_at == house.now + timedelta(minutes=10), "an edit waits so long for the next"
    await change(visit, start="19:30", place="Oak House")
    await visit.clerk(2)
    (letter,) = await news(visit)
    assert letter.subject == "Changed: your visit on Thursday 8 October"
    text = text_of(letter)
    for times in ("19:45 to 20:05", "20:15 to 20:35"):
        assert f"It is now Thursday 8 October, {times} UK time, Oak House (was: Thursday 8 October, " in text
    assert f"http://127.0.0.1:8000{link}" in text, "and the same page has it all"
    await visit.clerk()
    await visit.left()
    await visit.clerk()
    assert len(await news(visit)) == 1


async def test_what_is_moved_and_moved_back_in_time_is_not_told(house: House) -> None:
    visit, _ = await coming(house)
    await change(visit)
    await visit.clerk(1)
    assert len(await news(visit)) == 1
    await change(visit, start="18:30")
    await visit.clerk(1)
    assert await news(visit) == []


async def test_what_begins_soon_is_told_at_once(house: House) -> None:
    visit, _ = await coming(house)
    house.now = datetime(2026, 10, 8, 16, 50, tzinfo=UTC)
    visit.tutor = await house.as_(visit.built.tutors[0])
    await change(visit)
    await visit.clerk(1)
    (letter,) = await news(visit)
    assert letter.due_at == house.now


async def test_a_session_called_off_is_told_and_so_is_one_round(house: House) -> None:
    visit, link = await coming(house)
    one = (await visit.encounters())[0]
    await visit.tutor.send_form(f"{visit.base}/encounters/{one.id}/ending")
    await visit.clerk()
    await visit.left()
    (letter,) = await news(visit)
    assert letter.subject == "Cancelled: your visit on Thursday 8 October"
    assert "You need not come on Thursday 8 October, 18:45 to 19:05 UK time. It is called off." in text_of(letter)
    assert "19:15" not in text_of(letter)
    await visit.tutor.send_form(f"/practice/{visit.built.sessions[1]}/cancellation", {})
    await visit.clerk()
    _, second = await news(visit)
    assert "You need not come on Thursday 8 October, 19:15 to 19:35 UK time." in text_of(second)
    assert link in text_of(second)


async def test_an_end_to_their_access_takes_the_link_out_of_the_letter(house: House) -> None:
    visit, _ = await coming(house)
    await visit.tutor.send_form(f"{visit.base}/ending")
    await visit.clerk()
    (letter,) = await news(visit)
    assert text_of(letter).count("You need not come on Thursday 8 October") == 2
    assert "/guest/" not in text_of(letter)
    assert "Your page has been closed." in text_of(letter)


async def test_what_is_asked_later_comes_in_one_letter_and_what_they_declined_in_none(house: House) -> None:
    visit, link = await coming(house)
    await visit.says(link, "declined", 1)
    await visit.ask(2, (1, 1))
    await visit.ask(2, (1, 2))
    await visit.clerk()
    (letter,) = await news(visit)
    assert letter.subject == "Could you come as our guest on Thursday 15 October?"
    asked = [line for line in text_of(letter).splitlines() if line.startswith("We’d like you to come")]
    assert asked == [
        f"We’d like you to come on Thursday 15 October, {times} UK time, Elm House."
        for times in ("18:45 to 19:05", "19:15 to 19:35")
    ]
    assert "8 October" not in text_of(letter)
    await visit.left()
    again = await visit.tutor.send_form(f"{visit.base}/encounters", visit.rounds(1, (0, 2)))
    assert again.status_code == 303
    await visit.clerk()
    _, letter = await news(visit)
    assert letter.subject == "Could you come as our guest on Thursday 8 October?", (
        "asked once more, they hear once more"
    )


async def test_nobody_is_told_before_their_link_was_sent_or_of_what_has_begun(house: House) -> None:
    visit = await a_guest(house)
    await visit.ask(1, (0, 1))
    await visit.clerk()
    assert await visit.letters() == []
    link = await visit.send_link()
    await visit.left()
    await visit.says(link, "accepted")
    house.now = datetime(2026, 10, 8, 17, 50, tzinfo=UTC)
    row = metadata.tables["practice_session"]
    await house.store.write(
        lambda db: db.execute(row.update().where(row.c.id == visit.built.sessions[1]).values(cancelled_at=house.now))
    )
    await visit.clerk()
    assert await news(visit) == []


async def test_only_those_whose_round_changes_hear_and_a_no_after_a_yes_tells_them_back(house: House) -> None:
    visit = await a_guest(house)
    built = visit.built
    await all_told(house.store, built.cohort)
    await visit.ask(1, (0, 1))
    link = await visit.send_link()

    async def waiting() -> list[Any]:
        rows = select(Letter.recipient, Letter.kind).where(
            Letter.kind == "change", Letter.sent_at.is_(None), Letter.stopped_at.is_(None)
        )
        return sorted(await house.store.read(lambda db: [tuple(row) for row in db.execute(rows)]))

    await visit.says(link, "accepted")
    emails = await house.store.read(
        lambda db: dict(db.execute(select(metadata.tables["person"].c.id, metadata.tables["person"].c.email)).all())
    )
    assert await waiting() == sorted((emails[built.people[number]], "change") for number in (1, 2, 3))
    await visit.says(link, "declined")
    assert await waiting() == [], "taken back in time, it tells nobody"
    await visit.says(link, "accepted")
    house.later(minutes=11)
    await visit.left()
    await visit.says(link, "declined")
    assert len(await waiting()) == 3
    letters = await house.store.read(
        lambda db: db.scalars(select(Letter).where(Letter.kind == "change").order_by(Letter.id.desc()).limit(3)).all()
    )
    assert all("Robin (guest) (was" not in text_of(each) for each in letters)
    assert all("(was: " in text_of(each) and "Robin (guest)" in text_of(each) for each in letters)
