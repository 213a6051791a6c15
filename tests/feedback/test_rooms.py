"""Who reaches what: lists of what waits, the tutor's page, what a reader does next, and everybody who is not asked."""

import re
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, event, select, update

from tests.builders import a_cohort, an_id
from tests.feedback.rounds import FELT, a_round
from tests.house import Browser, House
from threefold.feedback.queries import Todo, todo
from threefold.store.sessions import Me
from threefold.store.tables import Cohort, Focus, Person, Piece, Triad


def asker(house: House, person: UUID) -> Me:
    return Me(
        person, "Name", "n@example.com", None, an_id(), house.now, is_staff=False, is_tutor=False, is_trainee=True
    )


async def waiting_for(house: House, me: Me) -> list[Todo]:
    return await house.store.read(lambda db: todo(db, me, house.now))


async def test_what_waits_for_somebody_is_said_with_its_minutes(house: House) -> None:
    held = await a_round(house)
    first, second, third = held.path, held.path[:-1] + "2", held.path[:-1] + "3"
    house.later(hours=3)
    for person, expected in (
        (
            0,
            [
                Todo(third, "Tell Chloe what you noticed", "Round 3 on Thursday 1 October. About 3 minutes"),
                Todo(second, "Tell Ben how it was", "Round 2 on Thursday 1 October. About 1 minute"),
                Todo(first, "Look back on your own round", "Round 1 on Thursday 1 October. About 3 minutes"),
            ],
        ),
        (
            1,
            [
                Todo(third, "Tell Chloe how it was", "Round 3 on Thursday 1 October. About 1 minute"),
                Todo(second, "Look back on your own round", "Round 2 on Thursday 1 October. About 3 minutes"),
                Todo(first, "Tell Amara what you noticed", "Round 1 on Thursday 1 October. About 3 minutes"),
            ],
        ),
    ):
        assert await waiting_for(house, asker(house, held.built.people[person])) == expected
    await held.observed()
    await held.felt()
    await held.reflected()
    me = asker(house, held.built.people[0])
    found = await waiting_for(house, me)
    assert found[-1] == Todo(first, "Read what people noticed", "Round 1 on Thursday 1 October")
    assert "3 things wait for you" in (await held.counsellor.get("/feedback")).text
    house.later(days=14)
    left = await waiting_for(house, me)
    assert [one for one in left if "1 October" in one.words.replace("15 October", "")] == []


async def test_a_tutor_sees_what_has_not_come_in(house: House) -> None:
    held = await a_round(house)
    await held.felt()
    page = (await held.tutor.get("/feedback/to-come")).text
    rows = re.findall(r'scope="row">([^<]+)</th>', page)
    assert rows == ["Amara Okafor", "Ben Hughes", "Dev Mehta", "Esther Cohen", "Farid Rahimi"]
    assert "5 pieces haven’t come in yet" in page
    assert "1 of 6 are in from the last 14 days." in page
    assert (await held.tutor.get("/feedback")).headers["location"] == "/feedback/to-come"
    assert (await held.observer.get("/feedback/to-come")).status_code == 404


async def test_the_reader_thanks_once_asks_once_and_turns_to_a_tutor_in_private(house: House) -> None:
    held = await a_round(house)
    await held.observed()
    await held.felt()
    await held.reflected()
    await held.opened()
    pieces = {row.kind: row.id for row in await house.store.read(lambda db: list(db.scalars(select(Piece))))}
    to = {kind: f"/feedback/pieces/{id_}/answer" for kind, id_ in pieces.items()}
    for _ in range(2):
        assert (await held.counsellor.send_form(to["observer"], {"kind": "thanks"})).status_code == 303
    answer = await held.counsellor.send_form(to["client"], {"kind": "question", "words": ""})
    assert answer.status_code == 422
    assert f'<a href="#question-{pieces["client"]}">Write what you’d like to say.</a>' in answer.text
    question = {"kind": "question", "words": "When did the silence help?"}
    assert (await held.counsellor.send_form(to["client"], question)).status_code == 303
    unease = {"kind": "unease", "words": "This sounded unkind to me."}
    assert (await held.counsellor.send_form(to["observer"], unease)).status_code == 303
    assert (await held.counsellor.send_form(to["self"], {"kind": "thanks"})).status_code == 404
    assert (await held.observer.send_form(to["client"], {"kind": "thanks"})).status_code == 404

    assert "Amara says thank you" in (await held.observer.get(held.path)).text
    assert "When did the silence help?" in (await held.client.get(held.path)).text
    for browser in (held.observer, held.client):
        assert "unkind" not in (await browser.get(held.path)).text
    assert "This sounded unkind to me." in (await held.tutor.get(held.path)).text
    assert "This sounded unkind to me." in (await held.tutor.get("/feedback/to-come")).text


async def test_one_thing_is_taken_along_and_the_next_observer_reads_it(house: House) -> None:
    held = await a_round(house)
    await held.observed()
    await held.felt()
    await held.reflected()
    page = await held.opened()
    idea = page.split('name="choice" value="')[1].split('"')[0]
    assert (await held.counsellor.send_form(f"{held.path}/focus", {"choice": "else"})).status_code == 422
    assert (await held.counsellor.send_form(f"{held.path}/focus", {"choice": idea})).status_code == 303
    own = {"choice": "else", "words": "Notice when I want to fix it"}
    assert (await held.counsellor.send_form(f"{held.path}/focus", own)).status_code == 303
    assert len(await house.store.read(lambda db: list(db.scalars(select(Focus))))) == 1
    assert "Notice when I want to fix it" in (await held.counsellor.get(held.path)).text

    # Next week the groups have moved on by one, and Amara counsels in round 3. Its observer reads it beforehand.
    house.later(days=6)
    told = 0
    for person in held.built.people:
        browser = await house.as_(person)
        for triad in held.built.triads[1]:
            for number in (1, 2, 3):
                told += "Notice when I want to fix it" in (await browser.get(f"/feedback/{triad}/{number}")).text
    assert told == 1
    house.later(days=1, hours=2)
    seen = 0
    for person in held.built.people[1:]:
        browser = await house.as_(person)
        for triad in held.built.triads[1]:
            for number in (1, 2, 3):
                answer = await browser.get(f"/feedback/{triad}/{number}/steps/1")
                seen += "Amara asked to have this watched: <b>Notice when I want to fix it</b>" in answer.text
    assert seen == 1


async def test_what_is_not_yours_does_not_exist(house: House) -> None:
    held = await a_round(house)
    await held.observed()
    other = await a_cohort(house.store)
    elsewhere = await house.as_(other.tutors[0])
    piece = await house.store.read(lambda db: db.scalars(select(Piece.id)).one())
    for browser in (held.stranger, elsewhere):
        for path in ("", "/steps/1", "/check", "/form"):
            assert (await browser.get(f"{held.path}{path}")).status_code == 404
        for path in ("/draft", "/piece", "/skip", "/opening", "/focus", "/clearance", "/steps/1"):
            assert (await browser.send_form(f"{held.path}{path}", {**FELT, "version": "0"})).status_code == 404
        for path in ("answer", "addenda"):
            answer = await browser.send_form(f"/feedback/pieces/{piece}/{path}", {"kind": "thanks", "words": "x"})
            assert answer.status_code == 404
    for path in (f"/feedback/{an_id()}/1", f"{held.path[:-1]}9", f"{held.path}/steps/9"):
        assert (await held.observer.get(path)).status_code == 404
    assert (await held.client.get(f"{held.path}/steps/1")).status_code == 404
    assert (await held.tutor.get(f"{held.path}/form")).status_code == 404
    assert (await held.client.send_form(f"{held.path}/opening")).status_code == 404


async def test_a_round_is_written_about_once_it_has_begun(house: House) -> None:
    held = await a_round(house)
    third = held.path[:-1] + "3"
    page = await held.counsellor.get(third)
    assert (page.status_code, "This round hasn’t begun yet" in page.text) == (200, True)
    assert (await held.counsellor.get(f"{third}/steps/1")).status_code == 404
    assert (await held.counsellor.send_form(f"{third}/piece", {"version": "0"})).status_code == 404


async def test_a_tutor_who_observes_writes_first_and_reads_the_others_afterwards(house: House) -> None:
    held = await a_round(house)
    tutor = held.built.tutor_members[0]
    await house.store.write(lambda db: db.execute(update(Triad).where(Triad.id == held.triad).values(tutor_id=tutor)))
    await held.felt()
    answer = await held.tutor.get(held.path)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{held.path}/steps/1")
    held.observer = held.tutor
    await held.observed()
    page = (await held.tutor.get(held.path)).text
    assert "Marion, observing" in page
    assert "Stayed with the silence." in page
    await held.reflected()
    page = (await held.counsellor.get(held.path)).text
    assert "at the latest" in page  # Ben's words are still to come
    house.later(hours=48)
    assert 'aria-label="You: Helping, Marion: Helping"' in await held.opened()


async def test_a_page_asks_the_database_eight_times_at_most(house: House) -> None:
    held = await a_round(house)
    asked: list[str] = []

    def note(*said: Any) -> None:
        asked.append(said[2])

    async def queries(browser: Browser, path: str) -> int:
        asked.clear()
        assert (await browser.get(path)).status_code == 200
        return len(asked)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        found = [await queries(held.observer, f"{held.path}/steps/1"), await queries(held.client, f"{held.path}/form")]
        await held.observed()
        await held.felt()
        await held.reflected()
        found += [await queries(held.counsellor, held.path), await queries(held.observer, f"{held.path}/check")]
        await held.opened()
        for browser in (held.counsellor, held.observer, held.client, held.tutor):
            found.append(await queries(browser, held.path))
        house.later(hours=4)
        found += [await queries(held.counsellor, "/feedback"), await queries(held.tutor, "/feedback/to-come")]
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    assert [count for count in found if count > 8] == []


async def test_two_who_share_a_first_name_are_told_apart(house: House) -> None:
    held = await a_round(house)
    chloe = held.built.people[2]
    await house.store.write(lambda db: setattr(db.get_one(Person, chloe), "name", "Ben Martin"))
    await held.observed()
    await held.felt()
    await held.reflected()
    page = await held.opened()
    assert "What Ben H noticed" in page
    assert "Ben M</span>, as your client" in page


async def test_levels_stay_readable_when_the_term_looks_for_something_else(house: House) -> None:
    held = await a_round(house)
    await held.observed()
    await held.felt()
    await held.reflected()
    cohort = held.built.cohort
    await house.store.write(lambda db: setattr(db.get_one(Cohort, cohort), "competencies", ["HC1", "HC3", "HC5"]))
    page = await held.opened()
    assert [name for name in ("Empathy", "Boundaries", "Client choice") if f"<h3>{name}</h3>" not in page] == []
    assert "<h3>Collaboration</h3>" not in page


async def test_a_tutor_looks_at_one_cohort_alone(house: House) -> None:
    held = await a_round(house)
    other = await a_cohort(house.store, name="Level 2")
    assert (await held.tutor.get(f"/feedback/to-come?cohort={held.built.cohort}")).status_code == 200
    for cohort in (other.cohort, "nonsense"):
        assert (await held.tutor.get(f"/feedback/to-come?cohort={cohort}")).status_code == 404
