"""Story 6, end to end: blind until everything is in, open in one second, labelled when late, one thing carried on."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.builders import all_told
from tests.feedback.rounds import AFTER_ROUND_ONE, NOTICED, Round, a_round, version_in
from tests.house import Browser, House
from threefold.store.tables import Letter, Person

ENDED = AFTER_ROUND_ONE - timedelta(minutes=5)
OTHERS = ("You waited after", "Name the last five", "It sounds lonely", "Stayed with the silence")


async def mails(house: House) -> list[tuple[str, str, datetime]]:
    """Every mail about this feedback: to whom, its subject, when it leaves; none of them quotes a word."""

    def work(db: Session) -> list[tuple[str, str, datetime]]:
        rows = db.execute(
            select(Person.name, Letter.subject, Letter.message, Letter.due_at)
            .join(Person, Person.id == Letter.person_id)
            .where(Letter.kind.like("feedback%"), Letter.stopped_at.is_(None))
            .order_by(Letter.due_at)
        ).all()
        for _, _, message, _ in rows:
            assert not any(words in message.decode() for words in OTHERS)
        return [(name, subject, due) for name, subject, _, due in rows]

    return await house.store.read(work)


async def watched_for(held: Round, words: str) -> list[str]:
    """Who, of everybody, reads this before any round of next week."""
    found = []
    for person, name in zip(held.built.people, ("Amara", "Ben", "Chloe", "Dev", "Esther", "Farid"), strict=True):
        browser = await held.house.as_(person)
        paths = [f"/feedback/{triad}/{number}" for triad in held.built.triads[1] for number in (1, 2, 3)]
        found += [name for path in paths if words in (await browser.get(path)).text]
    return found


async def text(browser: Browser, path: str) -> Any:
    return (await browser.get(path, follow_redirects=True)).text


async def test_hidden_until_all_is_in_then_open_at_once_and_one_thing_is_taken_along(house: House) -> None:
    held = await a_round(house)
    await all_told(house.store, held.built.cohort)
    first, second = held, held.path[:-1] + "2"

    # Everything is in but Amara's own reflection: to her there is nothing, and no mail.
    await held.observed()
    await held.felt()
    for path in (held.path, f"{held.path}/form", "/feedback", "/", "/growth", "/portfolio/print"):
        shown = await text(held.counsellor, path)
        assert [words for words in OTHERS if words in shown] == [], path
    assert await mails(house) == []

    # Her reflection is the last: all three open in that second, hers first, then the client's, then the observer's.
    house.later(hours=1)
    await held.reflected()
    assert await mails(house) == [("Amara Okafor", "Your feedback from Thursday is ready", house.now)]
    page = await held.opened()
    places = [page.index(words) for words in ("I kept quiet.", "Stayed with the silence.", "You waited after")]
    assert places == sorted(places)
    assert "Came later" not in page

    # Nothing is changed once it was opened; words are added, with their day.
    form = {"helped": "Something kinder.", "to_try": NOTICED["to_try"], "version": "0"}
    late = await held.observer.send_form(f"{held.path}/steps/4", form)
    assert (late.status_code, "Amara has opened this" in late.text) == (422, True)
    action = "/feedback/pieces/" + late.text.split('action="/feedback/pieces/')[1].split('"')[0]
    assert (await held.observer.send_form(action, {"words": "And you smiled."})).status_code == 303
    page = await text(held.counsellor, held.path)
    assert ("Something kinder." in page, "And you smiled." in page) == (False, True)

    # In round 2 Ben counsels; his observer never comes to it. After two days the rest opens, and late words say so.
    ben, amara = held.observer, held.counsellor
    form_of = await ben.get(f"{second}/form")
    sent = {f"{code}.level": "3" for code in ("HC2", "HC8", "HC10")} | {"helped": "Slow.", "to_try": "Slower."}
    assert (await ben.send_form(f"{second}/piece", {**sent, "version": version_in(form_of.text)})).status_code == 303
    two_days = ENDED + timedelta(minutes=30, hours=48)
    assert (await mails(house))[1:] == [("Ben Hughes", "Your feedback from Thursday is ready", two_days)]
    house.now = two_days - timedelta(minutes=1)
    assert (await ben.send_form(f"{second}/opening")).status_code == 303
    assert "What people noticed" not in await text(ben, second)
    house.now = two_days
    assert (await ben.send_form(f"{second}/opening")).status_code == 303
    house.later(hours=2)
    answers = {"heard": "4", "myself": "3", "pace": "4", "return": "4", "did": "Named the time."}
    client = amara if "/form" in str((await amara.get(second)).headers.get("location")) else held.client
    version = version_in((await client.get(f"{second}/form")).text)
    assert (await client.send_form(f"{second}/piece", {**answers, "version": version})).status_code == 303
    page = await text(ben, second)
    assert (page.count("Came later"), "Named the time." in page) == (1, True)
    assert len(await mails(house)) == 2, "nobody is written to a second time"

    # Amara takes one thing along; of everybody, her next observer alone reads it, before the round.
    idea = (await text(held.counsellor, first.path)).split('name="choice" value="')[1].split('"')[0]
    assert (await held.counsellor.send_form(f"{first.path}/focus", {"choice": idea})).status_code == 303
    house.now = ENDED + timedelta(days=6)
    (reader,) = await watched_for(held, "asked to have this watched")
    assert reader not in {"Amara", "Dev"}
