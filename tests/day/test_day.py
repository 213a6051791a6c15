"""The day on its board: the register, groups from who is here, saying that one is here; and what bad input gets."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from tests.builders import Class, a_cohort, all_told, an_id
from tests.house import Browser, House
from threefold.core.arriving import pin
from threefold.store.tables import (
    Happening,
    KeepApart,
    Letter,
    PinTry,
    PlanVersion,
    PracticeSession,
    Seat,
    Triad,
    Turn,
    Withdrawal,
)
from threefold.web.security import Keys

EVENING = datetime(2026, 10, 8, 17, 30, tzinfo=UTC)  # Thursday, 18:30 in London: the second session


async def a_class(house: House, trainees: int = 12, **more: Any) -> Class:
    built = await a_cohort(house.store, trainees=trainees, weeks=3, **more)
    house.now = EVENING
    return built


async def rows(house: House, asked: Any) -> list[Any]:
    return list(await house.store.read(lambda db: db.execute(asked).all()))


async def text(browser: Browser, path: str) -> str:
    answer = await browser.get(path)
    assert answer.status_code == 200, (path, answer.status_code)
    return words(answer.text)


def words(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def heading(html: str) -> str:
    found = re.search(r"<h1>(.*?)</h1>", html, re.DOTALL)
    assert found
    return words(found[1])


async def tick(browser: Browser, practice: UUID, member: UUID | str, *, here: bool = True) -> int:
    sent = {"member": str(member), "here": "yes" if here else "no"}
    return (await browser.send_form(f"/practice/{practice}/day/ticks", sent)).status_code


async def register(house: House, practice: UUID) -> dict[UUID, list[tuple[str, str | None]]]:
    """Everybody's standing stretches as clock times in UTC."""
    found: dict[UUID, list[tuple[str, str | None]]] = {}
    facts = await rows(house, select(Happening).where(Happening.practice_id == practice, Happening.kind == "here"))
    replaced = {fact.replaces for (fact,) in facts}
    for (fact,) in sorted(facts, key=lambda row: row[0].from_at):
        if fact.id not in replaced and fact.from_at != fact.until_at:
            until = f"{fact.until_at:%H:%M}" if fact.until_at else None
            found.setdefault(fact.membership_id, []).append((f"{fact.from_at:%H:%M}", until))
    return found


async def groups(house: House, practice: UUID) -> dict[UUID, list[UUID]]:
    """Who sits in which triad, in their order."""
    found: dict[UUID, list[UUID]] = {}
    for triad, member in await rows(
        house,
        select(Seat.triad_id, Seat.membership_id)
        .join(Triad, Triad.id == Seat.triad_id)
        .where(Seat.practice_id == practice, Seat.given_up_at.is_(None))
        .order_by(Triad.number, Seat.position),
    ):
        found.setdefault(triad, []).append(member)
    return found


def first_way(html: str) -> dict[str, Any]:
    """The hidden fields of the first way on a page."""
    form = re.search(r'<form class="one" method="post" action="/practice/[^"]+/groups">(.*?)</form>', html, re.DOTALL)
    assert form, words(html)
    fields: dict[str, Any] = {"group": []}
    for name, value in re.findall(r'name="(\w+)" value="([^"]*)"', form[1]):
        if name == "group":
            fields["group"].append(value)
        elif name != "_token":
            fields[name] = value
    return fields


# --- the register ----------------------------------------------------------------------------------------------


async def test_a_tap_ticks_the_same_tap_undoes_it_and_the_heading_says_how_many(house: House) -> None:
    built = await a_class(house)
    tutor = await house.as_(built.tutors[0])
    practice, amara = built.sessions[1], built.members[0]
    house.now = EVENING - timedelta(minutes=5)
    assert heading((await tutor.get(f"/practice/{practice}/day")).text) == "Nobody is here, twelve still to come"
    assert await tick(tutor, practice, amara) == 303
    page = (await tutor.get(f"/practice/{practice}/day")).text
    assert heading(page) == "One is here, eleven still to come"
    assert "Saved at 18:25" in words(page)
    assert await tick(tutor, practice, amara, here=False) == 303
    assert await register(house, practice) == {}
    assert await tick(tutor, practice, amara) == 303
    assert await register(house, practice) == {amara: [("17:25", None)]}
    assert len(await rows(house, select(Happening.id))) == 3  # nothing was overwritten


async def test_taps_that_come_twice_or_from_two_tutors_are_one(house: House) -> None:
    built = await a_class(house, tutors=2)
    practice, amara = built.sessions[1], built.members[0]
    for person in built.tutors:
        tutor = await house.as_(person)
        assert [await tick(tutor, practice, amara), await tick(tutor, practice, amara)] == [303, 303]
    assert len(await rows(house, select(Happening.id))) == 1


async def test_everybody_else_is_ticked_by_one_button_and_who_wrote_beforehand_is_left_out(house: House) -> None:
    built = await a_class(house)
    practice, ioan = built.sessions[1], built.members[8]
    seat = built.seats[1][ioan]
    await house.store.write(
        lambda db: db.add(Withdrawal(seat_id=seat, at=EVENING - timedelta(minutes=85), by=built.people[8]))
    )
    tutor = await house.as_(built.tutors[0])
    await tick(tutor, practice, built.members[9], here=False)
    await tick(tutor, practice, "all")
    page = (await tutor.get(f"/practice/{practice}/day")).text
    assert heading(page) == "Ten are here, two are away"
    assert "Ioan away, wrote 17:05" in words(page)
    assert "Joy away, marked 18:30" in words(page)


async def test_late_and_leaving_early_are_kept_by_the_minute(house: House) -> None:
    built = await a_class(house)
    practice, (amara, ben, chloe, *_) = built.sessions[1], built.members
    tutor = await house.as_(built.tutors[0])
    house.now = EVENING + timedelta(minutes=9, seconds=40)
    await tick(tutor, practice, amara)
    await tick(tutor, practice, ben)
    sent = {"member": str(ben), "what": "left", "at": "19:10"}
    assert (await tutor.send_form(f"/practice/{practice}/day/times", sent)).status_code == 303
    sent = {"member": str(chloe), "what": "came", "at": "18:33"}
    assert (await tutor.send_form(f"/practice/{practice}/day/times", sent)).status_code == 303
    assert await register(house, practice) == {
        amara: [("17:39", None)],
        ben: [("17:39", "18:10")],
        chloe: [("17:33", None)],
    }
    page = await text(tutor, f"/practice/{practice}/day")
    assert "Amara since 18:39, 9 min late" in page
    assert "Ben until 19:10" in page
    answer = await tutor.send_form(
        f"/practice/{practice}/day/times", {"member": str(amara), "what": "left", "at": "18:20"}
    )
    assert (answer.status_code, "Enter a time of leaving that is after the time of coming." in words(answer.text)) == (
        422, True,
    )  # fmt: skip
    answer = await tutor.send_form(f"/practice/{practice}/day/times", {"member": str(amara), "what": "x", "at": "soon"})
    assert answer.status_code == 422
    assert "Enter a time like 18:39." in words(answer.text)


async def test_who_comes_after_saying_no_is_expected_again(house: House) -> None:
    built = await a_class(house)
    practice, amara = built.sessions[1], built.members[0]
    seat = built.seats[1][amara]
    await house.store.write(
        lambda db: db.add(Withdrawal(seat_id=seat, at=EVENING - timedelta(hours=3), by=built.people[0]))
    )
    await tick(await house.as_(built.tutors[0]), practice, amara)
    (back,) = await rows(house, select(Withdrawal.taken_back_at))
    assert back[0] == EVENING


async def test_the_register_says_so_when_the_session_moved_is_over_or_was_called_off(house: House) -> None:
    built = await a_class(house)
    practice, amara = built.sessions[1], built.members[0]
    tutor = await house.as_(built.tutors[0])
    house.now = EVENING - timedelta(days=1)
    answer = await tutor.send_form(f"/practice/{practice}/day/ticks", {"member": str(amara), "here": "yes"})
    assert (answer.status_code, "This session is still some way off." in words(answer.text)) == (422, True)
    house.now = EVENING + timedelta(hours=2)
    answer = await tutor.send_form(f"/practice/{practice}/day/ticks", {"member": str(amara), "here": "yes"})
    assert (answer.status_code, "Put its record right instead." in words(answer.text)) == (422, True)
    house.now = EVENING
    await house.store.write(
        lambda db: db.execute(
            update(PracticeSession).where(PracticeSession.id == practice).values(cancelled_at=EVENING)
        )
    )
    answer = await tutor.send_form(f"/practice/{practice}/day/ticks", {"member": str(amara), "here": "yes"})
    assert (answer.status_code, heading(answer.text)) == (422, "This session has been called off")
    assert await register(house, practice) == {}


# --- groups from who is here -----------------------------------------------------------------------------------


async def test_a_day_before_the_board_shows_the_rooms_and_offers_nothing_that_would_be_refused(house: House) -> None:
    built = await a_class(house)
    house.now = EVENING - timedelta(days=1)
    page = (await (await house.as_(built.tutors[0])).get(f"/practice/{built.sessions[1]}/day")).text
    assert "The register opens twelve hours before the session." in page
    assert "Rooms as planned" in page
    assert 'data-clock="' not in page
    assert set(re.findall(r'action="([^"]+)"', page)) == {"/sign-out"}


async def test_two_away_of_twelve_close_a_room_and_nothing_changes_before_use_this(house: House) -> None:
    built = await a_class(house)
    await all_told(house.store, built.cohort)
    practice = built.sessions[1]
    tutor = await house.as_(built.tutors[0])
    before = await groups(house, practice)
    for member in built.members[:10]:
        await tick(tutor, practice, member)
    page = (await tutor.get(f"/practice/{practice}/day/groups")).text
    assert heading(page) == "Kit and Lena are away"
    assert await groups(house, practice) == before
    assert "are here" in heading((await tutor.get(f"/practice/{practice}/day")).text)
    letters = len(await rows(house, select(Letter.id)))
    answer = await tutor.send_form(f"/practice/{practice}/groups", first_way(page))
    assert answer.headers["location"] == f"/practice/{practice}/day?done=groups"
    after = await groups(house, practice)
    assert sorted(len(members) for members in after.values()) == [3, 3, 4]
    assert {member for members in after.values() for member in members} == set(built.members[:10])
    moved = sum(before.get(triad) != members for triad, members in after.items())
    assert moved < 3  # a group that nobody left or joined is as it was
    assert len(await rows(house, select(Letter.id))) == letters  # the session runs: whoever is there knows
    # the same once more is no second change
    assert (await tutor.send_form(f"/practice/{practice}/groups", first_way(page))).status_code == 303
    assert len(await rows(house, select(PlanVersion.id))) == 1


async def test_a_change_of_groups_can_be_undone_while_no_round_has_begun(house: House) -> None:
    built = await a_class(house)
    practice = built.sessions[1]
    tutor = await house.as_(built.tutors[0])
    before = await groups(house, practice)
    for member in built.members[:11]:
        await tick(tutor, practice, member)
    await tutor.send_form(
        f"/practice/{practice}/groups", first_way((await tutor.get(f"/practice/{practice}/day/groups")).text)
    )
    board = (await tutor.get(f"/practice/{practice}/day")).text
    version = re.search(r'name="version" value="([^"]+)"', board)
    assert version
    answer = await tutor.send_form(f"/practice/{practice}/groups/return", {"version": version[1]})
    assert answer.headers["location"] == f"/practice/{practice}/day?done=undone"
    assert await groups(house, practice) == before
    assert 'name="version"' not in (await tutor.get(f"/practice/{practice}/day")).text


async def test_two_tutors_at_once_the_second_sees_what_the_first_did(house: House) -> None:
    built = await a_class(house, tutors=2)
    practice = built.sessions[1]
    one, other = [await house.as_(person) for person in built.tutors]
    for member in built.members[:10]:
        await tick(one, practice, member)
    shown = (await one.get(f"/practice/{practice}/day/groups")).text
    theirs = first_way((await other.get(f"/practice/{practice}/day/groups")).text)
    await one.send_form(f"/practice/{practice}/groups", first_way(shown))
    members = [list(each) for each in (await groups(house, practice)).values()]
    theirs["group"] = [
        f"new:{','.join(map(str, each))}" for each in (members[0] + members[1][:1], members[1][1:] + members[2])
    ]
    answer = await other.send_form(f"/practice/{practice}/groups", theirs)
    assert answer.status_code == 422
    assert "Somebody has changed the groups meanwhile." in words(answer.text)
    assert [list(each) for each in (await groups(house, practice)).values()] == members


async def test_before_it_begins_only_who_said_no_is_left_out_and_calendars_hear(house: House) -> None:
    built = await a_class(house)
    await all_told(house.store, built.cohort)
    practice, ioan = built.sessions[1], built.members[8]
    seat = built.seats[1][ioan]
    house.now = EVENING - timedelta(minutes=30)
    await house.store.write(lambda db: db.add(Withdrawal(seat_id=seat, at=house.now, by=built.people[8])))
    tutor = await house.as_(built.tutors[0])
    page = (await tutor.get(f"/practice/{practice}/day/groups")).text
    assert heading(page) == "Ioan is away"
    answer = await tutor.send_form(f"/practice/{practice}/groups", first_way(page))
    assert answer.status_code == 303
    after = await groups(house, practice)
    assert sorted(len(members) for members in after.values()) == [3, 4, 4]
    told = await rows(house, select(Letter.kind, Letter.person_id).where(Letter.written_at == house.now))
    assert {kind for kind, _ in told} == {"change", "cancellation"}
    assert {person for kind, person in told if kind == "cancellation"} == {built.people[8]}
    still = next(members for members in after.values() if len(members) == 3)
    assert not {person for _, person in told} & {built.people[built.members.index(member)] for member in still}


async def test_groups_by_hand_keep_who_is_kept_apart_apart(house: House) -> None:
    built = await a_class(house, trainees=6)
    practice, (amara, ben, *_) = built.sessions[1], built.members
    await house.store.write(
        lambda db: db.add(KeepApart(cohort_id=built.cohort, one=amara, other=ben, since=EVENING, by=built.tutors[0]))
    )
    tutor = await house.as_(built.tutors[0])
    await tick(tutor, practice, "all")
    page = (await tutor.get(f"/practice/{practice}/day/groups")).text
    mark = re.search(r'name="mark" value="([^"]+)"', page)
    assert mark
    chosen = {f"in-{member}": "1" if place in {0, 1, 2} else "2" for place, member in enumerate(built.members)}
    answer = await tutor.send_form(f"/practice/{practice}/groups/by-hand", {"mark": mark[1], **chosen})
    assert (answer.status_code, "kept apart would sit together" in words(answer.text)) == (422, True)
    chosen |= {f"in-{ben}": "2", f"in-{built.members[5]}": "1"}
    answer = await tutor.send_form(f"/practice/{practice}/groups/by-hand", {"mark": mark[1], **chosen})
    assert answer.status_code == 303, words(answer.text)
    after = [set(members) for members in (await groups(house, practice)).values()]
    assert {frozenset(each) for each in after} == {
        frozenset((amara, built.members[2], built.members[5])),
        frozenset((ben, *built.members[3:5])),
    }
    for bad in ({"group": "new:nobody"}, {"group": f"new:{amara}"}, {"group": f"new:{amara},{an_id()}"}, {}):
        answer = await tutor.send_form(f"/practice/{practice}/groups", {"mark": mark[1], **bad})
        assert answer.status_code == 422, bad


async def test_after_a_round_has_begun_it_stays_as_it_was_and_new_groups_begin_with_the_next(house: House) -> None:
    built = await a_class(house)
    practice = built.sessions[1]
    tutor = await house.as_(built.tutors[0])
    await tick(tutor, practice, "all")
    asked = select(Turn.triad_id, Turn.round, Turn.seat_id, Turn.role).where(Turn.triad_id.in_(built.triads[1]))
    before = set(map(tuple, await rows(house, asked)))
    house.now = EVENING + timedelta(minutes=20)  # round 1 runs
    await tick(tutor, practice, built.members[0], here=False)
    page = (await tutor.get(f"/practice/{practice}/day/groups")).text
    answer = await tutor.send_form(f"/practice/{practice}/groups", first_way(page))
    assert answer.status_code == 303, words(answer.text)
    after = set(map(tuple, await rows(house, asked)))
    assert {turn for turn in after if turn[1] == 1} >= {turn for turn in before if turn[1] == 1}
    for triad, members in (await groups(house, practice)).items():
        theirs = await rows(house, select(Turn.round, Turn.role).where(Turn.triad_id == triad, Turn.round > 1))
        for number in {number for number, _ in theirs}:
            roles = sorted(role for each, role in theirs if each == number)
            assert roles.count("counsellor") == roles.count("client") == 1
            assert len(roles) == len(members)
    house.now = EVENING + timedelta(hours=3)
    member_of = {seat: member for member, seat in built.seats[1].items()}
    for triad, number, seat, role in before:
        if number == 1 and role == "counsellor":
            browser = await house.as_(built.people[built.members.index(member_of[seat])])
            assert (await browser.get(f"/feedback/{triad}/1/form")).status_code == 200
            assert f"/feedback/{triad}/1" in (await browser.get("/feedback")).text, "wherever they sat afterwards"


async def test_rooms_can_be_named_and_the_wall_shows_first_names_alone(house: House) -> None:
    built = await a_class(house, trainees=6)
    practice = built.sessions[1]
    tutor = await house.as_(built.tutors[0])
    await tick(tutor, practice, "all")
    named = {f"room-{triad}": f"Room {place}" for place, triad in enumerate(built.triads[1], start=4)}
    answer = await tutor.send_form(f"/practice/{practice}/rooms", named)
    assert answer.headers["location"] == f"/practice/{practice}/day?done=rooms"
    wall = await text(tutor, f"/practice/{practice}/wall")
    assert "Find your group Room 4" in wall
    assert not [name for name in ("Okafor", "Hughes", "@", "away") if name in wall]
    cards = await text(tutor, f"/practice/{practice}/cards")
    assert cards.count("Round 1") == 6


async def test_practising_now_needs_no_plan_for_the_day(house: House) -> None:
    built = await a_class(house, trainees=7)
    house.now = EVENING + timedelta(days=1)
    tutor = await house.as_(built.tutors[0])
    first = await tutor.send_form(f"/cohorts/{built.cohort}/practice-now", {"id": str(an_id())})
    again = await tutor.send_form(f"/cohorts/{built.cohort}/practice-now", {"id": str(an_id())})
    assert first.headers["location"] == again.headers["location"]
    practice = UUID(first.headers["location"].split("/")[2])
    assert "No groups yet" in await text(tutor, f"/practice/{practice}/day")
    for member in built.members:
        assert await tick(tutor, practice, member) == 303
    page = (await tutor.get(f"/practice/{practice}/day/groups")).text
    answer = await tutor.send_form(f"/practice/{practice}/groups", first_way(page))
    assert answer.status_code == 303, words(answer.text)
    assert sorted(len(each) for each in (await groups(house, practice)).values()) == [3, 4]


async def test_practising_before_there_is_any_plan_stays_when_the_dates_are_chosen_again(house: House) -> None:
    built = await a_class(house, trainees=6, published=False)
    house.now = EVENING - timedelta(days=20)
    tutor = await house.as_(built.tutors[0])
    made = await tutor.send_form(f"/cohorts/{built.cohort}/practice-now", {"id": str(an_id())})
    practice = UUID(made.headers["location"].split("/")[2])
    for member in built.members:
        await tick(tutor, practice, member)
    page = (await tutor.get(f"/practice/{practice}/day/groups")).text
    assert (await tutor.send_form(f"/practice/{practice}/groups", first_way(page))).status_code == 303
    assert (await tutor.get(f"/cohorts/{built.cohort}/plan")).status_code == 200
    dates = {
        "zone": "Europe/London", "weekday": "3", "start": "18:30", "minutes": "120", "first": "2026-10-15",
        "count": "4", "place": "Elm House", "link": "", "rooms": "", "rounds": "3", "practice": "20",
        "feedback": "10", "opening": "15", "closing": "15",
    }  # fmt: skip
    answer = await tutor.send_form(f"/cohorts/{built.cohort}/sessions", dates)
    assert answer.status_code == 303, words(answer.text)
    asked = select(PracticeSession.number, PracticeSession.id).where(PracticeSession.cohort_id == built.cohort)
    numbers = dict(map(tuple, await rows(house, asked)))
    assert sorted(numbers) == [1, 2, 3, 4, 5]
    assert numbers[5] == practice
    assert sorted(len(each) for each in (await groups(house, practice)).values()) == [3, 3]


async def test_a_session_on_the_spot_leaves_the_published_plan_readable(house: House) -> None:
    built = await a_class(house, trainees=6)
    house.now = EVENING - timedelta(days=10)
    tutor = await house.as_(built.tutors[0])
    made = await tutor.send_form(f"/cohorts/{built.cohort}/practice-now", {"id": str(an_id())})
    practice = UUID(made.headers["location"].split("/")[2])
    for member in built.members:
        await tick(tutor, practice, member)
    page = (await tutor.get(f"/practice/{practice}/day/groups")).text
    assert (await tutor.send_form(f"/practice/{practice}/groups", first_way(page))).status_code == 303
    for path in ("", "/plan", "/people", "/coverage"):
        assert (await tutor.get(f"/cohorts/{built.cohort}{path}")).status_code == 200, path
    amara = await house.as_(built.people[0])
    assert "Room" not in await text(amara, f"/practice/{practice}")


# --- saying that one is here -----------------------------------------------------------------------------------


async def test_one_tap_says_that_one_is_here_and_twice_is_once(house: House) -> None:
    built = await a_class(house)
    practice = built.sessions[1]
    amara = await house.as_(built.people[0])
    house.now = EVENING - timedelta(minutes=16)
    answer = await amara.send_form(f"/practice/{practice}/arrival")
    assert (answer.status_code, "You can say you’re here from 18:15." in words(answer.text)) == (422, True)
    house.now = EVENING - timedelta(minutes=15)
    assert "I’m here" in await text(amara, f"/practice/{practice}/arrival")
    assert await rows(house, select(Happening.id)) == []  # looking changes nothing
    for _ in range(2):
        assert (await amara.send_form(f"/practice/{practice}/arrival")).status_code == 303
    assert await register(house, practice) == {built.members[0]: [("17:15", None)]}
    assert heading((await amara.get(f"/practice/{practice}/arrival")).text) == "Good to have you here"
    house.now = EVENING + timedelta(hours=2)
    ben = await house.as_(built.people[1])
    answer = await ben.send_form(f"/practice/{practice}/arrival")
    assert (answer.status_code, heading(answer.text)) == (422, "This session is over")


@pytest.mark.heavy
async def test_a_pin_tried_a_hundred_times_rests_and_never_tells_more(house: House) -> None:
    built = await a_class(house)
    practice = built.sessions[1]
    tutor, amara = await house.as_(built.tutors[0]), await house.as_(built.people[0])
    await tutor.send_form(f"/practice/{practice}/pin", {"asked": "yes"})
    right = pin(Keys(house.settings.secret).digest("pin", str(practice), EVENING.isoformat()))
    assert right in await text(tutor, f"/practice/{practice}/door")
    assert right not in await text(amara, f"/practice/{practice}/arrival")
    wrong = "0000" if right != "0000" else "1111"
    said = set()
    for attempt in range(100):
        answer = await amara.send_form(f"/practice/{practice}/arrival", {"pin": wrong})
        assert answer.status_code == 422
        said.add(
            (attempt < 5, "Have another look" in answer.text, "Your tutor can tick you with one tap" in answer.text)
        )
    assert said == {(True, True, False), (False, False, True)}
    answer = await amara.send_form(f"/practice/{practice}/arrival", {"pin": right})
    assert answer.status_code == 422  # no more tries count for a while
    assert len(await rows(house, select(PinTry.id))) == 5
    ben = await house.as_(built.people[1])
    assert (await ben.send_form(f"/practice/{practice}/arrival", {"pin": f" {right} "})).status_code == 303
    house.later(minutes=11)
    assert (await amara.send_form(f"/practice/{practice}/arrival", {"pin": right})).status_code == 303
    hows = await rows(house, select(Happening.how, Happening.membership_id).order_by(Happening.recorded_at))
    assert list(map(tuple, hows)) == [("pin", built.members[1]), ("pin", built.members[0])]


async def test_a_code_leads_to_a_button_for_this_session_and_these_people_alone(house: House) -> None:
    built, other = await a_class(house), await a_cohort(house.store, name="Another cohort")
    practice = built.sessions[1]
    tutor, amara = await house.as_(built.tutors[0]), await house.as_(built.people[0])
    stranger, visitor = await house.as_(other.people[0]), await house.visitor()
    door = (await tutor.get(f"/practice/{practice}/door")).text
    found = re.search(r"/here/([\w-]+)", door)
    assert found
    path = f"/here/{found[1]}"
    assert (await visitor.get(path)).headers["location"] == f"/sign-in?next={path}"
    assert (await stranger.get(path)).status_code == 404
    assert (await tutor.get(path)).headers["location"] == f"/practice/{practice}/day"
    for bent in (path[:-1] + ("A" if path[-1] != "A" else "B"), "/here/abc", "/here/" + "A" * 38, "/here/%2e%2e"):
        assert (await amara.get(bent)).status_code == 404, bent
    page = (await amara.get(path)).text
    assert heading(page) == "Are you here?"
    assert await register(house, practice) == {}
    assert (await amara.send_form(path)).status_code == 303
    assert await register(house, practice) == {built.members[0]: [("17:30", None)]}
    house.now = EVENING + timedelta(hours=2)
    answer = await (await house.as_(built.people[1])).send_form(path)
    assert (answer.status_code, heading(answer.text)) == (422, "This session is over")


async def test_a_phone_an_hour_wrong_changes_nothing_since_no_form_carries_a_time(house: House) -> None:
    built = await a_class(house)
    practice = built.sessions[1]
    amara = await house.as_(built.people[0])
    await amara.send_form(f"/practice/{practice}/arrival", {"at": "19:30", "now": "2026-10-08T18:30:00Z"})
    assert await register(house, practice) == {built.members[0]: [("17:30", None)]}


def of(db: Session, practice: UUID) -> PracticeSession:
    return db.get_one(PracticeSession, practice)


async def test_check_in_for_a_session_that_moved_or_was_called_off_says_so(house: House) -> None:
    built = await a_class(house)
    practice = built.sessions[1]
    amara = await house.as_(built.people[0])

    def move(db: Session) -> None:
        row = of(db, practice)
        row.starts_at, row.ends_at = EVENING + timedelta(days=1), EVENING + timedelta(days=1, hours=2)

    await house.store.write(move)
    answer = await amara.send_form(f"/practice/{practice}/arrival")
    assert "This session is on Friday 9 October, 18:30." in words(answer.text)

    def call_off(db: Session) -> None:
        of(db, practice).cancelled_at = EVENING

    await house.store.write(call_off)
    answer = await amara.send_form(f"/practice/{practice}/arrival")
    assert (answer.status_code, heading(answer.text)) == (422, "This session has been called off")
    assert await register(house, practice) == {}
