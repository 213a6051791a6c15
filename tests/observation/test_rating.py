"""Rating from the stamped moments: notes become tick cards, what was stamped gets a page, and the rest is let go."""

import re

from tests.feedback.rounds import version_in
from tests.house import House
from tests.observation.watching import FIRST, SECOND, THIRD, Room, a_note, a_room
from threefold.observation import actions
from threefold.store.rounds import of_round
from threefold.store.tables import PieceDraft
from threefold.web.access import triad_for

QUOTE = "07:20 “It sounds lonely”"


def cards(page: str) -> list[tuple[str, bool]]:
    """The moments to pick from, and whether each is picked."""
    return [
        (value.replace("&#39;", "'"), bool(checked))
        for value, checked in re.findall(r'<input type="checkbox" name="\w+\.moment" value="([^"]*)"( checked)?>', page)
    ]


async def a_noted_room(house: House) -> Room:
    room = await a_room(house, minutes=21)
    await room.send(
        a_note(words="It sounds lonely", quoted=True, effect="helped"),
        a_note(SECOND, seconds=500, effect="in_the_way"),
        a_note(THIRD, seconds=600, code=None, words="Slowed down"),
    )
    return room


async def step(room: Room, number: int, **fields: str | list[str]) -> str:
    """Fill in a page of the form; where it leads."""
    named = {name.replace("_", ".", 1) if name.startswith("HC") else name: value for name, value in fields.items()}
    page = (await room.observer.get(f"{room.rating}/steps/{number}")).text
    answer = await room.observer.send_form(f"{room.rating}/steps/{number}", {**named, "version": version_in(page)})
    return answer.headers.get("location") or answer.text


async def test_notes_are_tick_cards_and_one_is_enough_for_an_extreme(house: House) -> None:
    room = await a_noted_room(house)
    page = (await room.observer.get(f"{room.rating}/steps/1")).text
    assert cards(page) == [(QUOTE, False), ("08:20 Got in the way", False), ("10:00 Slowed down", False)]
    assert f'href="{room.path}">Back to your notes</a>' in page
    assert "Empathy: add one moment" in await step(room, 1, HC2_level="4", HC2_moment="")
    assert await step(room, 1, HC2_level="4", HC2_moment=[QUOTE, ""]) == f"{room.rating}/steps/2"
    page = (await room.observer.get(f"{room.rating}/steps/1")).text
    assert [picked for _, picked in cards(page)] == [True, False, False]
    assert QUOTE not in re.sub(r"<fieldset.*?</fieldset>", "", page, flags=re.DOTALL)
    assert await step(room, 1, HC2_level="1", HC2_moment=["08:20 Got in the way", ""]) == f"{room.rating}/steps/2"


async def test_words_of_ones_own_stand_beside_what_was_picked(house: House) -> None:
    room = await a_noted_room(house)
    await step(room, 1, HC2_level="3", HC2_moment=[QUOTE, "Waited long"])
    page = (await room.observer.get(f"{room.rating}/steps/1")).text
    assert [picked for _, picked in cards(page)] == [True, False, False]
    assert "Waited long</textarea>" in page
    check = (await room.observer.get(f"{room.rating}/check")).text
    assert check.index(QUOTE) < check.index("Waited long")


async def test_what_was_stamped_beside_what_is_asked_for_gets_a_page_and_four_at_most(house: House) -> None:
    room = await a_room(house, competencies=("HC2", "HC3", "HC5", "HC8", "HC10", "HC12"), minutes=21)
    asked = re.findall(r'name="code" value="(\w+)"', (await room.observer.get(room.path)).text)
    assert len(asked) == 6
    first = (await room.observer.get(f"{room.rating}/steps/1")).text
    assert "Step 1 of 5" in first, "four are asked for, which is as many as anybody rates"
    await room.send(a_note(code=asked[5]))
    assert "Step 1 of 5" in (await room.observer.get(f"{room.rating}/steps/1")).text


async def test_a_whole_rating_from_notes_is_sent_and_read_where_picked_alone(house: House) -> None:
    room = await a_noted_room(house)
    await step(room, 1, HC2_level="4", HC2_moment=[QUOTE, ""])
    await step(room, 2, HC8_level="2")
    await step(room, 3, HC10_level="not-seen")
    await step(room, 4, helped="You waited.", to_try="Name the ending.")
    page = (await room.observer.get(f"{room.rating}/check")).text
    answer = await room.observer.send_form(f"{room.rating}/piece", {"version": version_in(page)})
    assert (answer.status_code, answer.headers["location"]) == (303, room.rating)
    assert "Slowed down" in (await room.observer.get(room.path)).text, "their own notes stay readable"

    house.later(days=8)
    opened = await room.counsellor.send_form(f"{room.rating}/opening")
    assert opened.status_code == 303
    reading = (await room.counsellor.get(room.rating)).text
    assert QUOTE in reading
    for private in ("Slowed down", "08:20 Got in the way"):
        assert private not in reading
    await let_go(room)
    assert [row[0] for row in await room.rows()] == [FIRST]
    page = (await room.observer.get(room.path)).text
    assert "Amara has opened your feedback, so these notes are closed." in page
    assert "It sounds lonely" in page
    assert (await room.send(a_note(SECOND))).status_code == 410


async def test_notes_of_somebody_whose_piece_has_not_come_in_are_not_let_go(house: House) -> None:
    room = await a_noted_room(house)
    house.later(days=8)
    await room.counsellor.send_form(f"{room.rating}/opening")
    assert await let_go(room) == 0
    assert len(await room.rows()) == 3
    assert (await room.send(a_note(SECOND, edition=2, words="Late, and kept"))).status_code == 200


async def let_go(room: Room) -> int:
    def work(db: object) -> int:
        me = type("Asker", (), {"id": room.built.people[0]})()
        held = of_round(db, triad_for(db, me, room.triad), 1, room.house.now)  # type: ignore[arg-type] # a session, and somebody
        return actions.let_go(db, held)  # type: ignore[arg-type] # as above

    return await room.house.store.write(work)


async def test_a_draft_made_before_notes_came_in_keeps_its_words(house: House) -> None:
    room = await a_room(house, minutes=21)
    await step(room, 1, HC2_level="3", HC2_moment="Typed beforehand")
    await room.send(a_note(words="Came late"))
    page = (await room.observer.get(f"{room.rating}/steps/1")).text
    assert "Typed beforehand</textarea>" in page
    assert cards(page) == [("07:20 Came late", False)]
    draft = await house.store.read(
        lambda db: db.get(PieceDraft, (room.triad, 1, room.member)).fields  # type: ignore[union-attr] # it is there
    )
    assert ["HC2.moment", "Typed beforehand"] in draft
