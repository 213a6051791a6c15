"""The record of a session: put right with a word on why, nothing overwritten, and nobody but tutors sees it."""

import re
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from tests.builders import Class, an_id, cohort_row
from tests.day.test_day import EVENING, a_class, register, rows, text, tick, words
from tests.house import Browser, House
from threefold.core.roles import Role
from threefold.store.ledger import Ledger, ledger
from threefold.store.tables import Deed, Happening, Membership


async def after(house: House, built: Class, *, away: int = 1) -> Browser:
    """The evening is over: all but the last so many were ticked at its start."""
    tutor = await house.as_(built.tutors[0])
    for member in built.members[: len(built.members) - away]:
        await tick(tutor, built.sessions[1], member)
    house.now = EVENING + timedelta(hours=3)
    return tutor


async def fact_of(house: House, member: UUID) -> UUID:
    found = await rows(
        house,
        select(Happening.id, Happening.replaces).where(Happening.membership_id == member, Happening.kind == "here"),
    )
    replaced = {row.replaces for row in found}
    return UUID(str(next(row.id for row in found if row.id not in replaced)))


async def correct(browser: Browser, practice: UUID, **fields: Any) -> tuple[int, str]:
    answer = await browser.send_form(
        f"/practice/{practice}/record", {name.rstrip("_"): str(value) for name, value in fields.items()}
    )
    return answer.status_code, words(answer.text)


async def test_a_correction_says_why_and_what_was_there_before_stays_to_be_read(house: House) -> None:
    built = await a_class(house, trainees=6)
    practice, amara = built.sessions[1], built.members[0]
    tutor = await after(house, built)
    fact = await fact_of(house, amara)
    assert (await correct(tutor, practice, fact=fact, from_="18:41", until="", why="The bus was late."))[0] == 303
    assert (await register(house, practice))[amara] == [("17:41", None)]
    page = await text(tutor, f"/practice/{practice}/record")
    assert "Amara there from 18:41 Marion, 8 Oct, 21:30 , put right: The bus was late." in page
    assert "there from 18:30 noted 8 Oct, 18:30 by Marion, on the board" in page
    assert "Amara 109 11 –" in page
    kept = await rows(house, select(Happening).where(Happening.membership_id == amara))
    assert len(kept) == 2
    status, said = await correct(tutor, practice, fact=fact, from_="18:45", until="", why="Later still.")
    assert (status, "Somebody has corrected this meanwhile." in said) == (422, True)
    assert not [row for (row,) in await rows(house, select(Deed.subject)) if "bus" in str(row)]


async def test_every_problem_of_a_correction_is_said_beside_its_field_and_words_are_kept(house: House) -> None:
    built = await a_class(house, trainees=6)
    practice, amara = built.sessions[1], built.members[0]
    tutor = await after(house, built)
    fact = await fact_of(house, amara)
    before = await register(house, practice)
    status, said = await correct(tutor, practice, fact=fact, from_="soon", until="", why="")
    assert status == 422
    assert "Enter a time like 18:39." in said
    assert "Say in a few words what you are putting right." in said
    for fields, sentence in (
        ({"from_": "19:00", "until": "18:50"}, "Enter a time of leaving that is after the time of coming."),
        ({"from_": "17:00", "until": ""}, "Enter times between 18:15 and 20:30, while the session was on."),
        ({"from_": "18:30", "until": "21:00"}, "Enter times between 18:15 and 20:30, while the session was on."),
    ):
        status, said = await correct(tutor, practice, fact=fact, why="As I saw it.", **fields)
        assert (status, sentence in said) == (422, True), said
    answer = await tutor.send_form(
        f"/practice/{practice}/record", {"fact": str(fact), "from": "17:00", "until": "", "why": "As I saw it."}
    )
    assert 'value="As I saw it."' in answer.text
    assert await register(house, practice) == before


async def test_what_nobody_noted_can_be_added_but_never_twice_and_about_nobody_else(house: House) -> None:
    built, other = await a_class(house, trainees=6), await a_class(house, trainees=3)
    practice, joy = built.sessions[1], built.members[5]
    tutor = await after(house, built)
    there = {"kind": "here", "member": joy, "value": "", "from_": "18:50", "until": "20:30", "why": "Sat at the back."}
    assert (await correct(tutor, practice, **there))[0] == 303
    assert (await register(house, practice))[joy] == [("17:50", "19:30")]
    status, said = await correct(tutor, practice, **there)
    assert (status, "That overlaps with what is there already." in said) == (422, True)
    for bad in (
        {"member": other.members[0]},
        {"member": an_id()},
        {"member": built.tutor_members[0]},
        {"kind": "role", "value": "client", "triad": other.triads[1][0], "round": 1},
        {"kind": "role", "value": "boss", "triad": built.triads[1][0], "round": 1},
        {"kind": "tutor", "value": "circulating"},
        {"kind": "weather"},
    ):
        assert (await correct(tutor, practice, **{**there, **bad}))[0] == 422, bad
    role = {
        "kind": "role",
        "value": "observer",
        "triad": built.triads[1][0],
        "round": 1,
        "from_": "18:50",
        "until": "19:05",
    }
    assert (await correct(tutor, practice, **{**there, **role}))[0] == 303
    assert "observer in round 1, 18:50 to 19:05" in await text(tutor, f"/practice/{practice}/record")


async def test_who_was_not_there_is_noted_after_the_session_without_a_reason_and_for_tutors_alone(house: House) -> None:
    built = await a_class(house, trainees=6)
    practice, farid = built.sessions[1], built.members[5]
    tutor = await house.as_(built.tutors[0])
    answer = await tutor.send_form(f"/practice/{practice}/record/absences", {"member": str(farid)})
    assert (answer.status_code, "This session is not over yet." in words(answer.text)) == (422, True)
    tutor = await after(house, built)
    assert "Nobody saw Farid" in await text(tutor, f"/practice/{practice}/record")
    for _ in range(2):
        answer = await tutor.send_form(f"/practice/{practice}/record/absences", {"member": str(farid)})
        assert answer.headers["location"] == f"/practice/{practice}/record?done=noted"
    marks = await rows(house, select(Happening.from_at, Happening.until_at).where(Happening.membership_id == farid))
    assert list(map(tuple, marks)) == [(EVENING, EVENING)]
    assert "Farid Rahimi, noted as not there" in await text(tutor, f"/practice/{practice}/record")
    for person in built.people:
        trainee = await house.as_(person)
        assert (await trainee.get(f"/practice/{practice}/record")).status_code == 404
        assert "not there" not in await text(trainee, f"/practice/{practice}")
        own = await text(trainee, f"/practice/{practice}/arrival")
        assert ("What is noted of you" in own) is (person != built.people[5])
        assert "not there" not in own


def served(built: Class, now: Any) -> Any:
    def work(db: Session) -> Ledger:
        return ledger(db, cohort_row(db, built.cohort), now, leave_out=[built.sessions[0], built.sessions[2]])

    return work


async def test_the_ledger_is_fed_from_what_happened_and_from_the_plan_where_nobody_ticked(house: House) -> None:
    built = await a_class(house, trainees=6)
    house.now = EVENING + timedelta(hours=3)
    planned = await house.store.read(served(built, house.now))
    everybody = {str(member): dict.fromkeys(Role, 20) for member in built.members}
    assert {who: dict(roles) for who, roles in planned.served.items()} == everybody
    assert sorted(planned.met.values()) == [1] * 6
    house.now = EVENING
    tutor = await house.as_(built.tutors[0])
    first = built.members[1:4]  # the first group: Ben, Chloe, Dev
    for member in built.members:
        if member != first[0]:
            await tick(tutor, built.sessions[1], member)
    house.now = EVENING + timedelta(hours=3)
    happened = await house.store.read(served(built, house.now))
    assert str(first[0]) not in happened.served
    assert {who: dict(roles) for who, roles in happened.served.items() if UUID(who) not in first} == {
        who: roles for who, roles in everybody.items() if UUID(who) not in first
    }
    # Ben counsels in round 1 and is client in round 2: neither was held.
    assert {str(one): dict(happened.served[str(one)]) for one in first[1:]} == {
        str(first[1]): {Role.CLIENT: 20}, str(first[2]): {Role.COUNSELLOR: 20},
    }  # fmt: skip
    assert len(happened.met) == 4
    assert happened.counselled.get((str(first[2]), str(first[1]))) == 1


async def test_who_left_the_cohort_stays_in_the_record(house: House) -> None:
    built = await a_class(house, trainees=6)
    tutor = await after(house, built, away=0)
    await house.store.write(
        lambda db: db.execute(update(Membership).where(Membership.id == built.members[0]).values(left_at=house.now))
    )
    assert "Amara 120" in await text(tutor, f"/practice/{built.sessions[1]}/record")
    assert re.search(r"Ben 120", await text(tutor, f"/practice/{built.sessions[1]}/record"))
