"""A device and its notes: sent twice they are one, nobody else's are taken, and what can't be kept says why."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import delete, func, select, update

from tests.house import House
from tests.observation.watching import FIRST, JSON, ROUND_BEGINS, SECOND, THIRD, a_note, a_room
from threefold.core.observation import MOST_NOTES
from threefold.store.tables import Deed, Observation, PracticeSession, SignInSession, Withdrawal


async def test_notes_that_arrive_twice_are_there_once(house: House) -> None:
    room = await a_room(house)
    first = await room.send(a_note(), a_note(SECOND, words="“Go on”", quoted=True, seconds=455))
    again = await room.send(a_note(SECOND, words="“Go on”", quoted=True, seconds=455), a_note())
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json() == again.json()
    assert first.json()["refused"] == {}
    assert [note["id"] for note in first.json()["notes"]] == [str(FIRST), str(SECOND)]
    assert await room.rows() == [
        (FIRST, 440, "HC2", None, "", False, 1, False),
        (SECOND, 455, "HC2", None, "“Go on”", True, 1, False),
    ]
    assert await house.store.read(lambda db: db.scalar(select(func.count()).select_from(Deed))) == 0


async def test_the_same_notes_from_two_places_at_once_are_there_once(house: House) -> None:
    room = await a_room(house)
    answers = await asyncio.gather(*(room.send(a_note(), a_note(SECOND)) for _ in range(4)))
    assert [answer.status_code for answer in answers] == [200] * 4
    assert [row[0] for row in await room.rows()] == [FIRST, SECOND]


async def test_an_older_edition_never_wins_and_the_device_hears_the_newer(house: House) -> None:
    room = await a_room(house)
    await room.send(a_note(edition=3, words="Waited ten seconds", effect="helped"))
    late = await room.send(a_note(edition=2, words="Waited"))
    (kept,) = late.json()["notes"]
    assert (kept["edition"], kept["words"], kept["effect"]) == (3, "Waited ten seconds", "helped")
    assert [row[4] for row in await room.rows()] == ["Waited ten seconds"]


async def test_two_devices_that_changed_the_same_note_both_keep_their_words(house: House) -> None:
    room = await a_room(house)
    await room.send(a_note(edition=2, words="She waited"))
    both = await room.send(a_note(edition=2, words="He breathed out"))
    assert both.json()["notes"][0]["words"] == "He breathed out\nShe waited"


async def test_a_removed_note_is_told_to_other_devices_without_its_words_and_can_come_back(house: House) -> None:
    room = await a_room(house)
    await room.send(a_note(words="Waited"))
    gone = await room.send(a_note(edition=2, removed=a_note()["noted"], words=""))
    (note,) = gone.json()["notes"]
    assert (note["words"], note["removed"] is not None) == ("", True)
    back = await room.send(a_note(edition=3, words="Waited"))
    assert (back.json()["notes"][0]["removed"], back.json()["notes"][0]["words"]) == (None, "Waited")


async def test_what_is_wrong_with_a_note_is_said_and_the_others_are_kept(house: House) -> None:
    room = await a_room(house)
    answer = await room.send(a_note(), a_note(SECOND, code="XX9", words="Stayed"), a_note(THIRD, words="a" * 391))
    assert answer.status_code == 200
    assert answer.json()["refused"] == {
        str(SECOND): "This isn’t looked for this term. Write its words into a new note.",
        str(THIRD): "Shorten this to 390 characters. It has 391 now.",
    }
    assert [row[0] for row in await room.rows()] == [FIRST]


@pytest.mark.parametrize(
    "notes",
    [
        "nonsense",
        "{}",
        '[{"id": "x"}]',
        '[{"id": "00000000-0000-0000-0000-0000000000a1"}]',
        "[1]",
        '[{"a": "\\ud800"}]',
    ],
)
async def test_what_cannot_be_read_is_refused_whole(house: House, notes: str) -> None:
    room = await a_room(house)
    answer = await room.send(notes=notes)
    assert (answer.status_code, answer.json()) == (422, {"sentence": "These notes couldn’t be read."})
    assert await room.rows() == []


async def test_no_more_notes_are_taken_than_a_round_holds(house: House) -> None:
    room = await a_room(house)
    many = [a_note(UUID(int=number)) for number in range(1, MOST_NOTES + 2)]
    answer = await room.send(*many)
    assert (answer.status_code, answer.json()) == (422, {"sentence": "Send 500 notes at a time."})
    assert (await room.send(*many[:-1])).json()["refused"] == {}
    answer = await room.send(many[-1])
    assert list(answer.json()["refused"]) == [many[-1]["id"]]
    assert len(await room.rows()) == MOST_NOTES


async def test_nobody_else_on_the_device_sends_them_as_their_own(house: House) -> None:
    room = await a_room(house)
    answer = await room.send(a_note(), browser=room.tutor)
    assert (answer.status_code, answer.json()) == (409, {"other": True})
    assert await room.rows() == []


async def test_a_note_of_somebody_elses_is_neither_changed_nor_shown(house: House) -> None:
    room = await a_room(house)
    await room.send(a_note(words="Ben’s own"))
    tutor = str(room.built.tutor_members[0])
    answer = await room.send(a_note(edition=9, words="Mine now"), browser=room.tutor, member=tutor)
    assert answer.json()["notes"] == []
    assert list(answer.json()["refused"]) == [str(FIRST)]
    assert "Ben’s own" not in answer.text
    assert [row[4] for row in await room.rows()] == ["Ben’s own"]
    for path in (
        f"{room.path}/notes/{FIRST}",
        f"{room.path}/notes/{FIRST}/removal",
        f"{room.path}/notes/{FIRST}/return",
    ):
        assert (await room.tutor.send_form(path, {"words": "Mine now"})).status_code == 404


@pytest.mark.parametrize("who", ["counsellor", "client", "stranger"])
async def test_for_everybody_else_there_is_no_such_page(house: House, who: str) -> None:
    room = await a_room(house)
    browser = getattr(room, who)
    assert (await browser.get(room.path)).status_code == 404
    assert (await browser.get(f"{room.path}/notes")).status_code == 404
    assert (await room.send(a_note(), browser=browser)).status_code == 404
    for part in ("start", "stamps", "finish"):
        assert (await browser.send_form(f"{room.path}/{part}", {"code": "HC2"})).status_code == 404
    assert await room.rows() == []


async def test_a_sign_in_that_ran_out_is_said_and_the_next_one_gets_a_fresh_token(house: House) -> None:
    room = await a_room(house)
    await house.store.write(lambda db: db.execute(delete(SignInSession)))
    answer = await room.send(a_note())
    assert (answer.status_code, answer.json()) == (401, {"signed_out": True})
    old = room.observer.form_token
    back = await house.as_(room.built.people[1])
    fresh, back.form_token = back.form_token, old
    assert (await room.send(a_note(), browser=back)).status_code == 403
    heard = (await back.get(f"{room.path}/notes", headers=JSON)).json()
    assert (heard["member"], heard["token"], heard["notes"]) == (str(room.member), fresh, [])
    back.form_token = heard["token"]
    assert (await room.send(a_note(), browser=back)).status_code == 200


async def test_notes_from_another_site_are_not_taken(house: House) -> None:
    room = await a_room(house)
    room.observer.headers["sec-fetch-site"] = "cross-site"
    assert (await room.send(a_note())).status_code == 403
    assert await room.rows() == []


async def test_a_cancelled_session_says_so_and_takes_nothing(house: House) -> None:
    room = await a_room(house)
    await room.send(a_note(words="Before it was cancelled"))
    await house.store.write(
        lambda db: db.execute(
            update(PracticeSession).where(PracticeSession.id == room.built.sessions[0]).values(cancelled_at=house.now)
        )
    )
    sentence = "This session was cancelled, so nothing is kept for it here."
    answer = await room.send(a_note(SECOND))
    assert (answer.status_code, answer.json()) == (410, {"closed": sentence})
    page = await room.observer.get(room.path)
    assert page.status_code == 200
    assert f">{sentence}</p>" in page.text
    assert "Before it was cancelled" in page.text
    assert "Tap when you notice it" not in page.text
    assert len(await room.rows()) == 1


async def test_a_round_whose_counsellor_cannot_come_says_so(house: House) -> None:
    room = await a_room(house)
    seat = room.built.seats[0][room.built.members[0]]
    await house.store.write(lambda db: db.add(Withdrawal(seat_id=seat, at=ROUND_BEGINS, by=room.built.people[0])))
    answer = await room.send(a_note())
    assert answer.json() == {"closed": "Amara can’t make it, so this round isn’t held."}


async def test_the_clock_is_the_latest_press_of_any_device(house: House) -> None:
    room = await a_room(house)

    def at(minutes: float) -> str:
        return str(int((ROUND_BEGINS + timedelta(minutes=minutes)).timestamp() * 1000))

    assert (await room.send()).json()["started"] is None
    assert (await room.send(pressed=at(3))).json()["started"] == int(at(3))
    assert (await room.send(pressed=at(1))).json()["started"] == int(at(3))
    assert (await room.send(pressed=at(60))).json()["started"] == int(at(3))
    assert (await room.send(pressed="soon")).status_code == 422
    started = await house.store.read(lambda db: db.scalar(select(Observation.started_at)))
    assert started == ROUND_BEGINS + timedelta(minutes=3)


async def test_before_the_session_nothing_is_taken_yet(house: House) -> None:
    room = await a_room(house, minutes=-31)
    answer = await room.send(a_note())
    assert (answer.status_code, answer.json()) == (410, {"closed": "This round hasn’t begun yet."})
    page = await room.observer.get(room.path)
    assert (page.status_code, page.headers["location"]) == (303, room.rating)
    house.later(minutes=1)
    assert (await room.observer.get(room.path)).status_code == 200
    assert 'href="' + room.path in (await room.observer.get(room.rating)).text
    assert (await room.send(a_note())).status_code == 200
