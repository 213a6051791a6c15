"""Story 10: an actor without an account comes for an evening, from the invitation to the invoice."""

from datetime import UTC, datetime, time
from typing import Any

from sqlalchemy import select

from tests.builders import a_cohort, all_told
from tests.feedback.rounds import NOTICED, REFLECTED, version_in
from tests.guests.visits import BRIEF, FELT, Visit, a_guest, page_of, text_of
from tests.house import House
from threefold.store.tables import Letter, Turn

CLASS = datetime(2026, 10, 8, 17, 30, tzinfo=UTC)  # 18:30 in London, the day after the tests' noon
LOT = "That would make 4 encounters on Thursday 8 October; 3 a day was agreed."


async def letters(house: House) -> list[Letter]:
    return list(await house.store.read(lambda db: db.scalars(select(Letter).order_by(Letter.id)).all()))


async def roles(visit: Visit) -> dict[int, list[str]]:
    """Who is what in the first group of the second session, round by round, in the order of their names."""
    rows = await visit.house.store.read(
        lambda db: db.execute(
            select(Turn.round, Turn.seat_id, Turn.role).where(Turn.triad_id == visit.built.triads[1][0])
        ).all()
    )
    seats = list(visit.built.seats[1].values())
    found: dict[int, list[str]] = {}
    for number, _, role in sorted(rows, key=lambda row: (row[0], seats.index(row[1]))):
        found.setdefault(number, []).append(role)
    return found


async def test_an_actor_comes_for_an_evening(house: House) -> None:
    visit = await a_guest(house)
    built = visit.built
    await all_told(house.store, built.cohort)
    before = {row.id for row in await letters(house)}
    ben, chloe, dev = [await house.as_(built.people[number]) for number in (1, 2, 3)]

    # In the afternoon they are asked to one in another group: a fourth that day is said, and taken knowing it.
    afternoon = await a_cohort(house.store, name="Afternoons", starts=time(14, 0))
    other = await a_guest(house, afternoon)
    assert (await other.ask(1, (0, 1))).status_code == 303
    asked = await visit.ask(1, (0, 1), (0, 2), (0, 3))
    assert (asked.status_code, LOT in asked.text, "Ask all the same" in asked.text) == (422, True, True)
    assert await visit.encounters() == []
    assert (await visit.ask(1, (0, 1), (0, 2), (0, 3), knowing=[LOT])).status_code == 303
    assert [each.round for each in await visit.encounters()] == [1, 2, 3]

    # The same counsellor twice never is, whatever the tutor knows.
    again = await visit.ask(2, (0, 2), knowing=[LOT])
    assert (again.status_code, "A guest never works with the same counsellor twice." in again.text) == (422, True)

    # Nothing has left. Then one letter, with a link of their own and nobody's name in it but the tutor's.
    assert "Robin hasn’t been told yet" in await page_of(visit.tutor, visit.base)
    assert {row.id for row in await letters(house)} == before
    link = await visit.send_link()
    (letter,) = await visit.letters()
    assert (letter.kind, letter.subject) == ("guest-link", "Could you come as our guest on Thursday 8 October?")
    text = text_of(letter)
    assert [line for line in text.splitlines() if line.startswith("- ")] == [
        f"- Thursday 8 October, {times} UK time, Elm House."
        for times in ("18:45 to 19:05", "19:15 to 19:35", "19:45 to 20:05")
    ]
    for leak in ("Ben", "Chloe", "Dev", "Sol, 40"):
        assert leak not in text

    # Their page: three encounters of twenty minutes, ten minutes to themselves after two, the brief, first names.
    page = await page_of(visit.guest, link)
    assert "Could you come, Robin?" in page
    places = [page.index(words) for words in ("18:45 to 19:05", "19:15 to 19:35", "a break for you", "19:45 to 20:05")]
    assert places == sorted(places)
    assert "19:35 to 19:45: a break for you." in page
    assert page.count(BRIEF) == 3
    assert page.count("UK time, 20 minutes, with ") == 3
    for leak in ("Hughes", "Martin", "Mehta", "Amara", "Vale", "ben.hughes"):
        assert leak not in page

    # They say yes to two and no to the third. The group hears once, ten minutes later.
    assert await roles(visit) == {
        1: ["counsellor", "observer", "client"],
        2: ["client", "counsellor", "observer"],
        3: ["observer", "client", "counsellor"],
    }
    for number, said in enumerate(("accepted", "accepted", "declined")):
        answer = await visit.says(link, said, number)
        assert answer.headers["location"] == f"{link}?done={said}", answer.text
    assert await roles(visit) == {
        1: ["counsellor", "observer", "observer"],
        2: ["observer", "counsellor", "observer"],
        3: ["observer", "client", "counsellor"],
    }
    page = await page_of(visit.tutor, visit.base)
    assert "Robin is coming" in page
    assert [page.count(f">{tag}</span>") for tag in ("accepted", "declined")] == [2, 1]
    await visit.clerk()
    leave = [row for row in await letters(house) if row.id not in before and row.stopped_at is None]
    leave = [row for row in leave if row.kind != "tutor-digest"]  # which speaks of last week
    assert [(row.kind, row.subject) for row in leave] == [
        ("guest-link", "Could you come as our guest on Thursday 8 October?"),
        ("change", "Changed: Thursday 8 October now with Chloe, Dev and Robin (guest)"),
        ("change", "Changed: Thursday 8 October now with Ben, Dev and Robin (guest)"),
        ("change", "Changed: Thursday 8 October now with Ben, Chloe and Robin (guest)"),
    ]
    assert "18:45 You’re counsellor. Robin (guest) is your client, Chloe and Dev observe." in text_of(leave[1])
    assert "Robin (guest) is your client, Chloe and Dev observe" in await page_of(ben, "/")
    assert "Ben counsels Robin (guest), Chloe observes with you" in await page_of(dev, "/")
    for row in leave[1:]:
        assert b"Vale" not in row.message

    # The evening. They stop in the second, without saying why; the tutor sees it.
    one, two, _ = await visit.encounters()
    house.now = CLASS.replace(hour=18, minute=5)
    page = await page_of(visit.guest, f"{link}/encounters/{one.id}")
    assert "How was it to be heard by Ben?" in page
    left: dict[str, Any] = {"leaving": "yes", "steps": ["name", "own"]}
    for what, words in (("felt", FELT), ("steps", left)):
        assert (await visit.guest.send_form(f"{link}/encounters/{one.id}/{what}", words)).status_code == 303
    page = await page_of(visit.guest, f"{link}/encounters/{one.id}")
    assert "Thank you, Robin" in page
    house.now = CLASS.replace(hour=18, minute=22)
    page = await page_of(visit.guest, link)
    assert "You can stop at any point" in page
    assert "Then 19:35 to 19:45 is a break for you." in page
    assert (await visit.guest.send_form(f"{link}/encounters/{two.id}/stop")).headers[
        "location"
    ] == f"{link}?done=stopped"
    tutor = await house.as_(built.tutors[0])
    for path in (visit.base, f"/cohorts/{built.cohort}/guests", f"/practice/{built.sessions[1]}"):
        assert "Robin has stopped" in await page_of(tutor, path)

    # What it was like is released with the others' words, in the order of the room.
    path = f"/feedback/{built.triads[1][0]}/1"
    ben, chloe, dev = [await house.as_(built.people[number]) for number in (1, 2, 3)]
    for watcher in (chloe, dev):
        for step, begins in enumerate(("HC2.", "HC8.", "HC10.", "helped to_try"), start=1):
            form = (await watcher.get(f"{path}/steps/{step}")).text
            part = {n: v for n, v in NOTICED.items() if n.startswith(begins) or n in begins.split()}
            await watcher.send_form(f"{path}/steps/{step}", {**part, "version": version_in(form)})
        form = (await watcher.get(f"{path}/check")).text
        assert (await watcher.send_form(f"{path}/piece", {"version": version_in(form)})).status_code == 303
    assert (await ben.get(path)).headers["location"] == f"{path}/form", "their own reflection comes first"
    form = (await ben.get(f"{path}/form")).text
    await ben.send_form(f"{path}/piece", {**REFLECTED, "version": version_in(form)})
    await ben.send_form(f"{path}/opening")
    page = await page_of(ben, path)
    assert "Your round with Robin (guest)" in page
    assert [
        page.count(words) for words in ("I felt heard: <b>Very much</b>", "The pace suited me: <b>A little</b>")
    ] == [1, 1]
    assert "Thank Robin" not in page, "there is nobody to send it to"
    assert page.index("I felt heard: <b>Very much</b>") < page.index("What Chloe noticed")

    # The invoice: minutes planned and held, and no trainee.
    house.now = CLASS.replace(hour=23)
    tutor = await house.as_(built.tutors[0])
    table = (await tutor.get(f"{visit.base}/minutes.csv")).content.decode("utf-8-sig")
    assert table.splitlines() == [
        "Date,From,To,Time zone,Minutes planned,Minutes held",
        "2026-10-08,18:45,19:05,Europe/London,20,20",
        "2026-10-08,19:15,19:35,Europe/London,20,7",
    ]
