"""One clock for every group: who may press it, what each page and each device is told, and what nobody else hears."""

import asyncio
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from tests.builders import Class, a_cohort, an_id
from tests.house import Browser, House
from threefold.store.tables import ClockPress, Deed, Focus, PleaseCome, PracticeSession, PracticeWindow, Seat, Triad

BEGINS = datetime(2026, 10, 1, 17, 30, tzinfo=UTC)
JSON = {"accept": "application/json"}


@dataclass
class Room:
    """A class of seven on its first evening: three, and a four. Amara, Ben, Chloe and Grace sit in group 1."""

    house: House
    built: Class
    tutor: Browser

    @property
    def path(self) -> str:
        return f"/practice/{self.built.sessions[0]}/clock"

    @property
    def four(self) -> UUID:
        return self.built.triads[0][0]

    @property
    def three(self) -> UUID:
        return self.built.triads[0][1]

    async def person(self, number: int) -> Browser:
        return await self.house.as_(self.built.people[number])

    async def press(
        self, what: str, group: UUID | str = "", browser: Browser | None = None, **more: Any
    ) -> httpx.Response:
        body = {"what": what, "group": str(group) if group else [], "id": str(uuid4()), "minutes": "2", **more}
        return await (browser or self.tutor).send_form(f"{self.path}/presses", body)

    async def stands(self, browser: Browser | None = None, query: str = "") -> dict[str, Any]:
        answer = await (browser or self.tutor).get(f"{self.path}.json{query}", headers=JSON)
        assert answer.status_code == 200
        found: dict[str, Any] = answer.json()
        assert found["now"] == int(self.house.now.timestamp() * 1000)
        state: dict[str, Any] = found["state"]
        return state

    async def rows(self, asked: Any) -> list[Any]:
        return await self.house.store.read(lambda db: list(db.scalars(asked)))


@pytest.fixture
async def room(house: House) -> Room:
    built = await a_cohort(house.store, trainees=7)
    house.now = BEGINS
    return Room(house, built, await house.as_(built.tutors[0]))


def ms(**after: float) -> int:
    return int((BEGINS + timedelta(**after)).timestamp() * 1000)


def stands(standing: str, place: int, left: float, whole: float, at: int, entered: list[int]) -> dict[str, Any]:
    state = {"standing": standing, "place": place, "left": left * 60_000, "whole": whole * 60_000, "at": at}
    return state | {"entered": {str(place): ms(minutes=when) for place, when in enumerate(entered)}}


async def page_of(browser: Browser, path: str, status: int = 200) -> str:
    answer = await browser.get(path)
    assert answer.status_code == status, answer.text
    return words_of(
        re.sub(r"(?s)<template.*?</template>", "", answer.text.partition("<main")[2].partition("</main>")[0])
    )


def words_of(html: str) -> str:
    """What stands there, without its tags; what a word is parted by does not matter."""
    return re.sub(r" ([,.])", r"\1", re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", html))))


# --- the clock ------------------------------------------------------------------------------------------------


async def test_an_evening_by_plain_forms(room: Room) -> None:
    room.house.later(minutes=-5)
    assert "Welcome By the plan, starts at 18:30" in await page_of(room.tutor, room.path)
    room.house.later(minutes=7)
    assert (await room.press("start")).headers["location"] == room.path
    room.house.later(minutes=20)
    page = await page_of(room.tutor, room.path)
    assert "Round 1 of 3 Practice until 19:09, then feedback, 8 minutes 17:00 left of 20 minutes" in page
    assert "As it stands it ends at 20:32, later than planned." in page
    await room.press("pause")
    room.house.later(minutes=3)
    assert "Practice Paused" in await page_of(room.tutor, room.path)
    await room.press("resume")
    await room.press("extend", room.three)
    room.house.later(minutes=17)
    assert (await room.stands())["clock"] == stands("running", 3, 2, 2, ms(minutes=42), [2, 17, 19, 42])
    assert (await room.stands())["groups"][str(room.three)] == stands("running", 2, 2, 22, ms(minutes=42), [2, 17, 19])
    await room.press("next")
    assert (await room.stands())["clock"] == stands("running", 4, 2, 2, ms(minutes=42), [2, 17, 19, 42, 42])
    together = (await room.stands())["groups"][str(room.three)]  # the part it skipped was never entered
    assert {"3": ms(minutes=42), **together["entered"]} == (await room.stands())["clock"]["entered"]
    await room.press("stop")
    room.house.later(hours=1)
    assert "Feedback Client Stopped" in await page_of(room.tutor, room.path)


async def test_a_trainees_phone_says_what_they_are_and_what_to_do(room: Room) -> None:
    focus = Focus(
        triad_id=room.built.triads[0][0], round=1, membership_id=room.built.members[3], words="Unhurried endings",
        at=BEGINS - timedelta(days=1), code=None,
    )  # fmt: skip
    await room.house.store.write(lambda db: db.add(focus))
    dev, esther = await room.person(3), await room.person(4)
    arriving = await page_of(dev, room.path)
    assert "Your rounds 1 You’re counsellor Farid is your client, Esther observes" in arriving
    assert "Round 1: agreeing the round, 2 minutes" in arriving
    await room.press("start")
    room.house.later(minutes=20)
    answer = (await dev.get(room.path)).text
    shown = re.findall(r'data-part="(\d+)">', answer)
    assert shown == ["2"]
    page = await page_of(dev, room.path)
    assert "Round 1 of 3 Group 2 Practice until 19:07" in page
    part = re.split(r'data-part="\d+"', answer)[3]
    words = words_of(part)
    assert "You’re counsellor Farid is your client, Esther observes." in words
    assert "Stay with Farid. Put this phone face down if you like" in words
    assert "Your focus, which your observer can read Unhurried endings" in words
    assert "Feedback, 8 minutes You speak first, then Farid, then Esther" in words
    observer = await esther.get(room.path)
    assert "What they would like watched" in observer.text
    assert f'href="/observation/{room.three}/1"' in observer.text
    client = await (await room.person(5)).get(room.path)
    assert "Unhurried endings" not in client.text


async def test_a_four_has_rounds_of_its_own_and_the_tutor_hears_where_time_is_short(room: Room) -> None:
    await room.press("start")
    room.house.later(minutes=20)
    grace = await room.person(6)
    assert "Round 1 of 4" in await page_of(grace, room.path)
    assert (await room.stands(grace))["clock"] == stands("running", 2, 11, 15, ms(minutes=20), [0, 15, 16])
    hour = [3, 10, 4, 2, 2, 0]
    await room.house.store.write(
        lambda db: db.execute(
            update(PracticeSession)
            .where(PracticeSession.id == room.built.sessions[0])
            .values(shape=hour, ends_at=BEGINS + timedelta(minutes=46))
        )
    )
    page = await page_of(room.tutor, room.path)
    assert "Group 1: A four in 46 minutes has 4 rounds of 7 + 3 minutes, which is short." in page


async def test_the_big_clock_has_no_name_and_no_room(room: Room) -> None:
    await room.house.store.write(lambda db: db.execute(update(Triad).values(room="Willow room")))
    await room.press("start")
    room.house.later(minutes=18)
    answer = await room.tutor.get(f"{room.path}/wall")
    page = await page_of(room.tutor, f"{room.path}/wall")
    assert "19:00 left of 20 minutes Round 1 of 3 Practice until 19:07 Next Feedback, 8 minutes" in page
    assert "Welcome 18:30" in page
    assert "Round 2 19:15" in page
    main = answer.text.partition("<main")[2]
    assert not re.search(r"Willow|Amara|Ben|Dev", main)
    assert set(await room.stands(query="?wall")) == {"edition", "clock"}
    assert '<noscript><meta http-equiv="refresh" content="60">' in answer.text


async def test_the_same_press_twice_is_one_and_next_by_two_tutors_moves_on_once(room: Room) -> None:
    press = {"what": "extend", "minutes": "2", "id": str(uuid4())}
    await room.press("start")
    for _ in range(2):
        await room.tutor.send_form(f"{room.path}/presses", press)
    assert (await room.stands())["clock"]["whole"] == 17 * 60_000
    await room.press("next", seen="0")
    await room.press("next", seen="0")
    assert (await room.stands())["clock"]["place"] == 1
    assert [row.what for row in await room.rows(select(ClockPress).order_by(ClockPress.at))] == [
        "start",
        "extend",
        "next",
    ]


async def test_two_who_press_the_same_button_on_the_same_page_press_once(room: Room) -> None:
    await room.press("start")
    answer = (await room.tutor.get(room.path)).text
    id = re.search(r'name="id" value="([^"]+)"', answer)
    assert id
    for _ in range(2):
        await room.press("extend", id=id[1])
    await room.press("pause", id=id[1])  # another button of the same page, by way of Back
    state = (await room.stands())["clock"]
    assert (state["standing"], state["whole"]) == ("paused", 17 * 60_000)


async def test_presses_leave_who_and_when_and_no_version_rises(room: Room) -> None:
    await room.press("start")
    await room.press("extend", room.three)
    deeds = await room.rows(select(Deed).where(Deed.verb.startswith("clock")).order_by(Deed.verb.desc()))
    practice = str(room.built.sessions[0])
    assert [(deed.verb, deed.by, deed.cohort_id, deed.subject) for deed in deeds] == [
        ("clock start", room.built.tutors[0], None, {"practice": practice, "group": None}),
        ("clock extend", room.built.tutors[0], None, {"practice": practice, "group": str(room.three)}),
    ]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ({"what": "explode"}, "Choose what the clock should do."),
        ({"what": "extend", "minutes": "600"}, "Enter from 1 to 30 minutes."),
        ({"what": "extend", "minutes": "-2"}, "Enter from 1 to 30 minutes."),
    ],
)
async def test_what_makes_no_sense_is_answered_in_words(room: Room, words: dict[str, str], sentence: str) -> None:
    answer = await room.tutor.send_form(f"{room.path}/presses", words)
    assert (answer.status_code, sentence in unescape(answer.text)) == (422, True)
    device = await room.tutor.send_form(f"{room.path}/presses", words, headers=JSON)
    assert (device.status_code, device.json()) == (422, {"sentence": sentence})
    assert await room.rows(select(ClockPress)) == []


async def test_a_group_that_does_not_sit_here_is_not_there(room: Room) -> None:
    for group in (an_id(), room.built.triads[1][0], "nonsense"):
        assert (await room.press("start", group)).status_code == 404
    assert await room.rows(select(ClockPress)) == []


async def test_a_session_that_is_over_or_called_off_has_no_clock_to_press(room: Room) -> None:
    room.house.later(hours=6)
    assert "This session is over, and its clock with it." in unescape((await room.press("start")).text)
    room.house.later(days=-1)
    assert "from two hours before it begins" in unescape((await room.press("start")).text)
    room.house.now = BEGINS
    await room.house.store.write(
        lambda db: db.execute(update(PracticeSession).values(cancelled_at=BEGINS, cancelled_by=room.built.tutors[0]))
    )
    assert "This session was called off" in unescape((await room.press("start")).text)
    assert "This session was called off" in await page_of(await room.person(0), room.path)


async def test_a_trainee_presses_nothing_in_class_but_their_own_group_in_practice_they_booked(room: Room) -> None:
    dev = await room.person(3)
    assert (await room.press("start", room.three, dev)).status_code == 404
    window = an_id()

    def booked(db: Session) -> None:
        db.add(
            PracticeWindow(
                id=window,
                cohort_id=room.built.cohort,
                way="joined",
                first_day=BEGINS.date(),
                last_day=BEGINS.date(),
                times=[],
                minutes=120,
                shape=[3, 20, 10, 15, 15, 0],
                mode="online",
                rooms=[],
                made_at=BEGINS,
                made_by=room.built.tutors[0],
            )
        )
        db.flush()
        db.execute(update(PracticeSession).where(PracticeSession.id == room.built.sessions[0]).values(window_id=window))

    await room.house.store.write(booked)
    assert (await room.press("start", room.three, dev)).status_code == 303
    for group in ("", room.four):
        assert (await room.press("start", group, dev)).status_code == 404
    assert (await room.stands(dev))["clock"]["standing"] == "running"
    assert (await room.stands())["clock"]["standing"] == "planned"
    assert "Add 2 minutes" in await page_of(dev, room.path)


async def test_a_server_whose_clock_is_a_little_behind_keeps_the_order(room: Room) -> None:
    await room.press("start")
    room.house.later(seconds=-2)
    await room.press("next")
    assert (await room.stands())["clock"]["place"] == 1
    whats = [row.what for row in await room.rows(select(ClockPress).order_by(ClockPress.at))]
    assert whats == ["start", "next"]


async def test_whoever_asks_for_no_stream_gets_how_it_stands_once(room: Room) -> None:
    await room.press("start")
    answer = await room.tutor.get(f"{room.path}/stream")
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.text.startswith('data: {"edition":1,"clock":{"standing":"running","place":0,')


# --- please come ----------------------------------------------------------------------------------------------


async def test_one_tap_reaches_the_tutors_and_nobody_else(room: Room) -> None:
    dev, esther, amara = [await room.person(number) for number in (3, 4, 0)]
    await room.house.store.write(
        lambda db: db.execute(update(Triad).where(Triad.id == room.three).values(room="Room 2"))
    )
    before = (await page_of(amara, room.path), await room.stands(amara))
    to = f"/triads/{room.three}/please-come"
    assert "Tells Marion, and only Marion, to look in on Room 2." in (await dev.get(room.path)).text
    for who in (dev, esther, dev):
        assert (await who.send_form(to)).headers["location"] == room.path
    (row,) = await room.rows(select(PleaseCome))
    assert (row.triad_id, row.membership_id, row.at) == (room.three, room.built.members[3], BEGINS)
    room.house.later(seconds=25)
    assert "Room 2 asked for you 20 seconds ago I’m coming" in await page_of(room.tutor, room.path)
    assert (await room.stands())["asks"] == {str(room.three): {"at": ms(), "by": None}}
    assert "Asked. Marion can see it." in (await esther.get(room.path)).text
    room.house.later(seconds=-25)
    after = (await page_of(amara, room.path), await room.stands(amara))
    assert (after[0], after[1] | {"edition": 0}) == (before[0], before[1] | {"edition": 0})
    room.house.later(seconds=40)
    await room.tutor.send_form(f"{to}/coming")
    assert "Marion is on the way." in (await dev.get(room.path)).text
    assert (await room.stands(esther))["ask"] == {"at": ms(), "by": "Marion"}
    assert "asked for you" not in await page_of(room.tutor, room.path)
    room.house.later(minutes=6)
    assert (await room.stands(esther))["ask"] is None


async def test_it_can_be_taken_back_and_asked_again(room: Room) -> None:
    dev, esther = await room.person(3), await room.person(4)
    to = f"/triads/{room.three}/please-come"
    await dev.send_form(to, {"id": str(uuid4())})
    await esther.send_form(f"{to}/withdrawal")
    await esther.send_form(f"{to}/withdrawal")
    assert "asked for you" not in await page_of(room.tutor, room.path)
    again = {"id": str(uuid4())}
    for _ in range(2):
        await dev.send_form(to, again)
    rows = await room.rows(select(PleaseCome).order_by(PleaseCome.at))
    assert sorted(row.taken_back_at is None for row in rows) == [False, True]


async def test_only_those_who_sit_there_ask_and_only_a_tutor_comes(room: Room) -> None:
    amara, dev = await room.person(0), await room.person(3)
    to = f"/triads/{room.three}/please-come"
    for who, address in ((amara, to), (amara, f"{to}/withdrawal"), (room.tutor, to), (dev, f"{to}/coming")):
        assert (await who.send_form(address)).status_code == 404
    assert await room.rows(select(PleaseCome)) == []


async def test_asking_is_for_while_people_practise(room: Room) -> None:
    dev = await room.person(3)
    room.house.later(hours=4)
    answer = await dev.send_form(f"/triads/{room.three}/please-come")
    assert (answer.status_code, "This is for while you practise." in unescape(answer.text)) == (422, True)
    device = await dev.send_form(f"/triads/{room.three}/please-come", headers=JSON)
    assert device.status_code == 422
    assert await room.rows(select(PleaseCome)) == []


async def test_who_moves_to_another_group_sees_that_groups_clock(room: Room) -> None:
    dev = await room.person(3)
    seating = (await room.stands(dev))["seating"]
    assert f'"seating":"{seating}"' in unescape((await dev.get(room.path)).text)
    await room.house.store.write(
        lambda db: db.execute(
            update(Seat)
            .where(Seat.triad_id == room.three, Seat.membership_id == room.built.members[4])
            .values(given_up_at=BEGINS)
        )
    )
    assert (await room.stands(dev))["seating"] != seating


async def test_an_observer_counts_by_the_rooms_clock_once_somebody_has_started_it(room: Room) -> None:
    esther = await room.person(4)  # observes the first round of the second group
    path = f"/observation/{room.three}/1"
    await esther.send_form(f"{path}/start")
    room.house.later(minutes=1)
    assert "19:00 left of 20" in await page_of(esther, path)  # by their own start
    await room.press("start")
    assert "18:48 is when it starts" in await page_of(esther, path)
    room.house.later(minutes=20)
    assert "17:00 left of 20" in await page_of(esther, path)
    await room.press("pause")
    room.house.later(minutes=5)
    await room.press("resume")
    await room.press("extend", room.three)
    assert "19:00 left of 22" in await page_of(esther, path)
    assert re.search(r'action="[^"]*/start" data-start hidden', (await esther.get(path)).text)
    stamp = await esther.send_form(f"{path}/stamps", {"words": "It sounds lonely", "quoted": "yes"})
    assert stamp.status_code == 303
    assert "03:00" in await page_of(esther, path)
    told = (await esther.get(f"{path}/notes", headers=JSON)).json()["shared"]
    state = (await room.stands())["groups"][str(room.three)]
    assert (told["path"], told["round"], told["state"]) == (room.path, 1, state)


async def test_whoever_taps_at_the_same_moment_makes_one_of_it(room: Room) -> None:
    people = [await room.person(number) for number in (3, 4, 5)]
    other = await room.house.as_(room.built.tutors[0])
    to = f"/triads/{room.three}/please-come"
    answers = await asyncio.gather(*(who.send_form(to, {"id": str(uuid4())}) for who in people * 3))
    assert {answer.status_code for answer in answers} == {303}
    assert len(await room.rows(select(PleaseCome))) == 1
    await room.press("start")
    answers = await asyncio.gather(*(room.press("next", seen="0", browser=who) for who in (room.tutor, other) * 4))
    assert {answer.status_code for answer in answers} == {303}
    assert (await room.stands())["clock"]["place"] == 1
