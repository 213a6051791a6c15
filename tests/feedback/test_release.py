"""Story 6: feedback opens blind, all of it together, in the order of the room; afterwards words are only added."""

import re
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.feedback.rounds import AFTER_ROUND_ONE, a_round
from tests.house import House
from threefold.store.tables import Letter, Opening

ENDED = AFTER_ROUND_ONE - timedelta(minutes=5)
OTHERS = ("You waited after", "Name the last five", "It sounds lonely", "Stayed with the silence")


async def letters(house: House) -> list[tuple[str, datetime]]:
    def work(db: Session) -> list[tuple[str, datetime]]:
        rows = db.execute(select(Letter.subject, Letter.due_at).where(Letter.kind == "feedback-ready"))
        return [(row.subject, row.due_at) for row in rows]

    return await house.store.read(work)


async def test_without_the_own_reflection_everything_stays_hidden_then_opens_in_one_second(house: House) -> None:
    held = await a_round(house)
    await held.observed()
    await held.felt()
    answer = await held.counsellor.get(held.path)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{held.path}/form")
    page = (await held.counsellor.get(f"{held.path}/form")).text
    assert [words for words in OTHERS if words in page] == []
    assert await letters(house) == []

    house.later(hours=1)
    await held.reflected()
    page = (await held.counsellor.get(held.path)).text
    assert "What people noticed is ready to read" in page
    assert [words for words in OTHERS if words in page] == []
    assert await letters(house) == [("Your feedback from Thursday is ready", house.now)]

    page = await held.opened()
    assert [words for words in OTHERS if words not in page] == []
    places = [page.index(words) for words in ("I kept quiet.", "Stayed with the silence.", "You waited after")]
    assert places == sorted(places)
    assert page.index("You waited after") < page.index("The levels, side by side")
    assert "I felt heard: <b>Very much</b>" in page
    assert "I’d come back to that: <b>Rather not say</b>" in page
    assert 'aria-label="You: Helping, Ben: Helping"' in page


async def test_one_observer_who_is_late_keeps_nothing_closed_and_is_labelled(house: House) -> None:
    held = await a_round(house)
    await held.reflected()
    await held.felt()
    page = (await held.counsellor.get(held.path)).text
    assert "They open on" in page
    assert "Saturday 3 October</time> at the latest" in page
    assert "Ben" not in page
    assert await letters(house) == [("Your feedback from Thursday is ready", ENDED + timedelta(hours=48))]
    await held.opened()  # too early: nothing happens
    assert "They open on" in (await held.counsellor.get(held.path)).text

    house.now = ENDED + timedelta(hours=48)
    page = await held.opened()
    assert "Stayed with the silence." in page
    house.later(hours=1)
    await held.observed()
    page = (await held.counsellor.get(held.path)).text
    assert "You waited after" in page
    assert page.count("Came later") == 1
    assert len(await letters(house)) == 1


async def test_skipping_is_as_good_as_reflecting_and_seven_days_are_enough(house: House) -> None:
    held = await a_round(house)
    await held.observed()
    answer = await held.counsellor.send_form(f"{held.path}/skip")
    assert answer.status_code == 303
    assert "going without a reflection" in (await held.counsellor.get(held.path)).text
    await held.felt()
    assert await letters(house) == [("Your feedback from Thursday is ready", house.now)]
    assert "You waited after" in await held.opened()


async def test_after_seven_days_the_words_are_there_without_a_reflection(house: House) -> None:
    held = await a_round(house)
    await held.observed()
    house.now = ENDED + timedelta(days=7)
    assert "ready to read" in (await held.counsellor.get(held.path)).text
    assert "You waited after" in await held.opened()
    assert await letters(house) == []


async def test_a_harm_cue_waits_for_a_tutor_and_opens_once_it_was_read(house: House) -> None:
    held = await a_round(house)
    await held.reflected()
    await held.felt()
    cue: dict[str, str | list[str]] = {"HC2.cue": ["told-feeling"], "HC2.said": "“You are angry with her.”"}
    await held.observed(**cue)
    opens = AFTER_ROUND_ONE + timedelta(hours=48)
    assert await letters(house) == [("Your feedback from Thursday is ready", opens)]
    page = (await held.counsellor.get(held.path)).text
    assert "You are angry" not in page
    assert "at the latest" in page

    waiting = (await held.tutor.get("/feedback/to-come")).text.partition("Worth a look before it opens")[2]
    assert "Amara Okafor, round 1" in waiting
    page = (await held.tutor.get(held.path)).text
    assert "“You are angry with her.”" in page
    assert "I was nervous." in page
    assert (await held.counsellor.send_form(f"{held.path}/clearance")).status_code == 404
    house.later(hours=3)
    assert (await held.tutor.send_form(f"{held.path}/clearance")).status_code == 303
    assert await letters(house) == [("Your feedback from Thursday is ready", house.now)]
    page = await held.opened()
    assert "“You are angry with her.”" in page
    assert "got in the way" in page


async def test_nothing_is_changed_once_it_is_opened_but_words_can_be_added(house: House) -> None:
    held = await a_round(house)
    await held.reflected()
    await held.felt()
    await held.observed()
    assert "Change it" in (await held.observer.get(held.path)).text
    await held.observed(helped="You waited nearly ten seconds.")
    page = await held.opened()
    assert "You waited nearly ten seconds." in page
    assert "You waited after" not in page

    for path, fields in (("steps/4", {"helped": "Rather not", "to_try": "x"}), ("piece", {"helped": "Rather not"})):
        answer = await held.observer.send_form(f"{held.path}/{path}", {**fields, "version": "0"})
        assert (answer.status_code, "Rather not" in answer.text) == (422, True), "kept, to be added"
    own = (await held.observer.get(held.path)).text
    action = re.search(r"/feedback/pieces/[0-9a-f-]+/addenda", own)
    assert action is not None
    twice = {"words": "And your voice got softer.", "id": own.split('name="id" value="')[1][:36]}
    for _ in range(2):
        assert (await held.observer.send_form(action[0], twice)).status_code == 303
    page = (await held.counsellor.get(held.path)).text
    assert page.count("And your voice got softer.") == 1
    assert "Rather not" not in page.replace("Rather not say", "")


async def test_looking_changes_nothing(house: House) -> None:
    held = await a_round(house)
    await held.reflected()
    await held.felt()
    await held.observed()
    for browser in (held.counsellor, held.tutor, held.observer, held.client):
        assert (await browser.get(held.path)).status_code == 200
    assert await house.store.read(lambda db: db.scalars(select(Opening)).all()) == []


async def test_what_a_counsellor_is_told_never_tells_of_a_tutors_look(house: House) -> None:
    held = await a_round(house)
    await held.reflected()
    await held.felt()
    house.later(hours=40)
    cue: dict[str, str | list[str]] = {"HC2.cue": ["told-feeling"], "HC2.said": "“You are angry with her.”"}
    await held.observed(**cue)
    page, row = [(await held.counsellor.get(path)).text for path in (held.path, "/feedback")]
    assert "Saturday 3 October</time> at the latest" in page
    assert "Opens on Saturday 3 October at the latest" in row

    house.later(hours=20)
    page, row = [(await held.counsellor.get(path)).text for path in (held.path, "/feedback")]
    assert "at the latest" not in page + row
    assert "All words on this round open together. We’ll e-mail you." in page
    assert "Not open yet. We’ll e-mail you" in row
    for browser in (held.observer, held.client):
        assert "tutor" not in (await browser.get(held.path)).text

    # After two days it opens by itself; the tutor can still say that they have looked.
    house.later(hours=40)
    assert "You are angry" in await held.opened()
    assert "Amara Okafor, round 1" in (await held.tutor.get("/feedback/to-come")).text
    assert (await held.tutor.send_form(f"{held.path}/clearance")).status_code == 303
    assert "Worth a look before it opens" not in (await held.tutor.get("/feedback/to-come")).text


async def test_a_cue_added_after_a_tutor_looked_is_looked_at_too(house: House) -> None:
    held = await a_round(house)
    await held.reflected()
    cue: dict[str, str | list[str]] = {"HC2.cue": ["told-feeling"], "HC2.said": "“You are angry with her.”"}
    await held.observed(**cue)
    house.later(hours=1)
    await held.tutor.send_form(f"{held.path}/clearance")
    house.later(hours=1)
    await held.observed(**{**cue, "HC2.said": "“You are only pretending.”"})
    await held.felt()
    assert "ready to read" not in (await held.counsellor.get(held.path)).text
    assert "Amara Okafor, round 1" in (await held.tutor.get("/feedback/to-come")).text
    house.later(hours=1)
    await held.tutor.send_form(f"{held.path}/clearance")
    assert "“You are only pretending.”" in await held.opened()
