"""The live page as plain forms: a press is a note with the server’s time; every line can be changed or taken out."""

import re
from datetime import timedelta

from sqlalchemy import select

from tests.house import House
from tests.observation.watching import FIRST, ROUND_BEGINS, a_note, a_room
from threefold.store.tables import Focus, Observation


def lines(page: str) -> list[str]:
    """What the page shows of each note: its time, what it says, how it went, its words."""
    shown = page[page.index("data-lines") : page.index("<template")]
    found = re.findall(
        r"data-time>([^<]*)<.*?data-says>([^<]*)<.*?data-marked[^>]*>([^<]*)<.*?data-words[^>]*>([^<]*)<",
        shown,
        re.DOTALL,
    )
    return [" ".join(filter(None, each)) for each in found]


async def test_the_page_shows_the_round_its_clock_and_what_is_asked_for(house: House) -> None:
    room = await a_room(house)
    await house.store.write(
        lambda db: db.add(
            Focus(
                triad_id=room.built.triads[1][0],
                round=1,
                membership_id=room.built.members[0],
                words="Name the ending",
                at=ROUND_BEGINS - timedelta(days=3),
            )
        )
    )
    page = (await room.observer.get(room.path)).text
    assert "<title>Your notes on Amara, round 1 – Level 3, Thursdays – Threefold</title>" in page
    assert re.findall(r'name="code" value="(\w+)"><span>([^<]+)<', page) == [
        ("HC2", "Empathy"),
        ("HC8", "Boundaries"),
        ("HC10", "Client choice"),
    ]
    assert "data-left>12:00</b>" in page
    assert ">left of 20</span>" in page
    assert "Amara asked to have this watched: <b>Name the ending</b>" in page
    assert "The counsellor’s words and acts. Never what the client told about their life." in page
    assert lines(page) == []


async def test_a_press_is_a_note_at_the_servers_time_and_counts(house: House) -> None:
    room = await a_room(house)
    for code in ("HC2", "HC8", "HC2"):
        answer = await room.observer.send_form(f"{room.path}/stamps", {"code": code})
        assert (answer.status_code, answer.headers["location"]) == (303, room.path)
        house.later(seconds=75)
    page = (await room.observer.get(room.path)).text
    assert lines(page) == ["10:30 Empathy", "09:15 Boundaries", "08:00 Empathy"]
    assert [int(n) for n in re.findall(r"data-count[^>]*>(\d+)<", page)] == [2, 1, 0]


async def test_a_press_that_came_in_twice_is_one_and_the_next_from_a_stale_page_is_another(house: House) -> None:
    room = await a_room(house)
    for _ in range(2):
        await room.observer.send_form(f"{room.path}/stamps", {"code": "HC2", "id": str(FIRST)})
    await room.observer.send_form(f"{room.path}/stamps", {"code": "HC8", "id": str(FIRST)})
    house.later(seconds=10)
    await room.observer.send_form(f"{room.path}/stamps", {"code": "HC2", "id": str(FIRST)})
    assert sorted(row[2] for row in await room.rows()) == ["HC2", "HC2", "HC8"]


async def test_a_line_is_marked_worded_taken_out_and_brought_back(house: House) -> None:
    room = await a_room(house)
    await room.send(a_note())
    note = f"{room.path}/notes/{FIRST}"

    async def after(path: str, **fields: str) -> list[str]:
        answer = await room.observer.send_form(path, fields)
        assert answer.status_code == 303, answer.text
        return lines((await room.observer.get(answer.headers["location"])).text)

    assert await after(note, effect="in_the_way") == ["07:20 Empathy got in the way"]
    assert await after(note, effect="helped") == ["07:20 Empathy helped"]
    assert await after(note, effect="helped") == ["07:20 Empathy"]
    assert await after(note, words="I’m here", quoted="yes") == ["07:20 Empathy I’m here"]
    assert await after(f"{note}/removal") == []
    gone = await room.observer.get(f"{room.path}?removed={FIRST}")
    assert f'action="{note}/return" data-undo' in gone.text
    assert await after(f"{note}/return") == ["07:20 Empathy I’m here"]
    assert await room.rows() == [(FIRST, 440, "HC2", None, "I’m here", True, 7, False)]


async def test_words_that_are_too_long_stay_on_the_page_beside_what_is_wrong(house: House) -> None:
    room = await a_room(house)
    await room.send(a_note())
    long = "wait " * 79
    answer = await room.observer.send_form(f"{room.path}/notes/{FIRST}", {"words": long})
    assert answer.status_code == 422
    assert "<title>Error: " in answer.text
    assert f'<a href="#w-{FIRST}">Shorten this to 390 characters. It has 394 now.</a>' in answer.text
    assert long in answer.text
    answer = await room.observer.send_form(f"{room.path}/stamps", {"words": long})
    assert answer.status_code == 422
    assert f'id="words" name="words" value="{long}"' in answer.text
    assert [row[4] for row in await room.rows()] == [""]


async def test_words_of_ones_own_need_no_skill_and_nothing_is_no_note(house: House) -> None:
    room = await a_room(house)
    await room.observer.send_form(f"{room.path}/stamps", {"words": "Tell me more", "quoted": "yes"})
    assert (await room.observer.send_form(f"{room.path}/stamps", {"words": "  "})).status_code == 422
    assert lines((await room.observer.get(room.path)).text) == ["08:00 Noted Tell me more"]


async def test_an_own_start_moves_the_clock_and_finishing_leads_to_rating(house: House) -> None:
    room = await a_room(house)
    assert (await room.observer.send_form(f"{room.path}/start")).status_code == 303
    house.later(minutes=1)
    assert "data-left>19:00</b>" in (await room.observer.get(room.path)).text
    answer = await room.observer.send_form(f"{room.path}/finish")
    assert (answer.status_code, answer.headers["location"]) == (303, room.rating)
    assert (await room.observer.get(room.rating)).headers["location"] == f"{room.rating}/steps/1"
    found = await house.store.read(
        lambda db: [(row.started_at, row.finished_at) for row in db.scalars(select(Observation))]
    )
    assert found == [(house.now - timedelta(minutes=1), house.now)]


async def test_before_the_round_the_page_says_when_it_starts(house: House) -> None:
    room = await a_room(house, minutes=-10)
    page = (await room.observer.get(room.path)).text
    assert "data-left>18:45</b>" in page
    assert "Start the round now" in page


async def test_a_tutor_of_the_cohort_may_drop_in_with_notes_of_their_own(house: House) -> None:
    room = await a_room(house)
    await room.send(a_note(words="Ben’s own"))
    assert (await room.tutor.send_form(f"{room.path}/stamps", {"code": "HC8"})).status_code == 303
    page = (await room.tutor.get(room.path)).text
    assert lines(page) == ["08:00 Boundaries"]
    assert "Ben’s own" not in page


async def test_words_are_words_whatever_they_try_to_be(house: House) -> None:
    room = await a_room(house)
    hostile = "<script>alert(1)</script>\" ' }} {{ 7*7 }} &amp;"
    await room.send(a_note(words=hostile))
    page = (await room.observer.get(room.path)).text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;&#34; &#39; }} {{ 7*7 }} &amp;amp;" in page


async def test_the_worker_is_ours_and_may_keep_these_pages_alone(house: House) -> None:
    answer = await (await house.visitor()).get("/observation/worker.js")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/javascript; charset=utf-8")
    assert answer.headers["cache-control"] == "no-cache"
    assert "service-worker-allowed" not in answer.headers


async def test_signing_out_asks_the_browser_to_forget_what_it_keeps(house: House) -> None:
    room = await a_room(house)
    answer = await room.observer.send_form("/sign-out")
    assert (answer.status_code, answer.headers["clear-site-data"]) == (303, '"storage"')
