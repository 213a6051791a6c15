"""A tutor asks for what has not come in: one kind letter, a row, three days of rest, and nobody asked in vain."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from itertools import pairwise
from uuid import UUID

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from tests.builders import a_cohort
from tests.feedback.rounds import Round, a_round
from tests.house import House
from tests.web.queries import counted
from threefold.clerk import Clerk
from threefold.core.wishes import How, Kind
from threefold.mail.letters import Postroom
from threefold.people import actions as people
from threefold.store.tables import Deed, Letter, Membership, Nudge
from threefold.web.templates import environment

PAGE = "/feedback/to-come"
EVENING = datetime(2026, 10, 1, 19, 45, tzinfo=UTC)  # 20:45 in London, half an hour after the last round
MORNING = datetime(2026, 10, 2, 9, 0, tzinfo=UTC)
"""The morning after: the letter that goes by itself left at 8:00 and has had its hour."""


async def a_morning(house: House) -> Round:
    held = await a_round(house)
    house.now = MORNING
    return held


def asking(held: Round, person: int) -> dict[str, str]:
    return {"member": str(held.built.members[person])}


async def letters(house: House) -> list[tuple[UUID, str, datetime]]:
    rows = await house.store.read(
        lambda db: list(db.scalars(select(Letter).where(Letter.kind == "feedback-asked").order_by(Letter.id)))
    )
    return [(row.person_id, row.subject, row.due_at) for row in rows]


async def nudges(house: House) -> list[tuple[UUID, int, UUID, datetime, UUID]]:
    rows = await house.store.read(lambda db: list(db.scalars(select(Nudge).order_by(Nudge.id))))
    return [(row.triad_id, row.round, row.author_id, row.at, row.by) for row in rows]


def words_of(page: str) -> dict[tuple[str, str], str]:
    """What stands in the last column, by who writes and in which round."""
    rows = re.findall(r'scope="row">([^<]+)</th>.*?round (\d)</a>.*?class="ac hint">(.*?)</td></tr>', page, re.DOTALL)
    return {(name, number): " ".join(re.sub(r"<[^>]+>", "", said).split()) for name, number, said in rows}


async def test_asking_writes_a_kind_letter_and_its_row_together(house: House) -> None:
    held = await a_morning(house)
    page = (await held.tutor.get(PAGE)).text
    assert words_of(page)["Ben Hughes", "1"] == "Ask Ben about round 1 on Thursday 1 October"
    said = "A few minutes on Thursday’s practice would mean a lot. Two sentences are enough."
    assert f"“{said}”" in page
    answer = await held.tutor.send_form(f"{held.path}/nudges", asking(held, 1))
    assert (answer.status_code, answer.headers["location"]) == (303, f"{PAGE}?asked=1")
    built = held.built
    assert await nudges(house) == [(held.triad, 1, built.members[1], house.now, built.tutors[0])]
    assert await letters(house) == [(built.people[1], "A few minutes of yours on Thursday’s practice?", house.now)]
    message = await house.store.read(lambda db: db.scalars(select(Letter.message)).one())
    mail = message_from_bytes(message, policy=default)
    text = mail.get_body(("plain",)).get_content()  # type: ignore[union-attr] # it has a plain part
    assert str(mail["From"]).startswith("Marion Shaw via Threefold")
    assert f"- What you noticed in Amara’s round: http://127.0.0.1:8000{held.path}" in text
    assert said in text
    assert "Rather not be asked by letter? http" in text
    assert [word for word in ("Chloe", "HC2", "reminder") if word in text] == []
    deeds = await house.store.read(lambda db: list(db.scalars(select(Deed.verb).where(Deed.verb.contains("asked")))))
    assert deeds == ["asked for feedback"]

    page = (await held.tutor.get(answer.headers["location"])).text
    assert "1 person has been asked." in page
    assert words_of(page)["Ben Hughes", "1"] == "Asked today. You can ask again on Monday 5 October."


async def test_never_twice_within_three_days_whoever_of_the_tutors_asks_and_in_how_many_windows(house: House) -> None:
    built = await a_cohort(house.store, tutors=2)
    house.now = MORNING
    path, form = f"/feedback/{built.triads[0][0]}/1/nudges", {"member": str(built.members[1])}
    marion, other = [await house.as_(tutor) for tutor in built.tutors]
    answers = await asyncio.gather(*(who.send_form(path, form) for who in (marion, marion, other, other)))
    assert {answer.status_code for answer in answers} == {303}
    assert len(await nudges(house)) == len(await letters(house)) == 1
    house.later(days=3, seconds=-1)
    answer = await other.send_form(path, form)
    assert answer.headers["location"] == f"{PAGE}?asked=0"
    assert "Nothing was sent" in (await other.get(answer.headers["location"])).text
    assert len(await nudges(house)) == 1
    house.later(seconds=1)
    assert words_of((await other.get(PAGE)).text)["Ben Hughes", "1"] == (
        "Ask Ben about round 1 on Thursday 1 October Asked on Friday 2 October."
    )
    assert (await other.send_form(path, form)).headers["location"] == f"{PAGE}?asked=1"
    assert [by for *_, by in await nudges(house)][1] == built.tutors[1]


async def test_not_before_the_first_letter_has_had_its_hour(house: House) -> None:
    held = await a_round(house)
    house.now = EVENING
    page = (await held.tutor.get(PAGE)).text
    # The last round ended at 20:15; a letter at 21:15 would be in quiet hours, so it leaves at 8:00.
    assert set(words_of(page).values()) == {"You can ask on Friday 2 October."}
    assert "/nudges" not in page
    assert (await held.tutor.send_form(f"{held.path}/nudges", asking(held, 1))).headers["location"].endswith("asked=0")
    house.now = MORNING - timedelta(hours=1, seconds=1)
    assert set(words_of((await held.tutor.get(PAGE)).text).values()) == {"You can ask from 09:00."}
    assert (await nudges(house), await letters(house)) == ([], [])


async def test_nobody_who_has_sent_it_is_asked(house: House) -> None:
    held = await a_morning(house)
    await held.observed()
    assert ("Ben Hughes", "1") not in words_of((await held.tutor.get(PAGE)).text)
    assert (await held.tutor.send_form(f"{held.path}/nudges", asking(held, 1))).status_code == 303
    assert (await nudges(house), await letters(house)) == ([], [])


async def test_nobody_who_has_left_or_wants_no_such_letter_or_is_oneself_is_asked(house: House) -> None:
    held = await a_morning(house)
    ben, chloe = held.built.members[1], held.built.people[2]

    def changed(db: Session) -> None:
        db.execute(update(Membership).where(Membership.id == ben).values(left_at=MORNING))
        people.wish(db, chloe, {Kind.FEEDBACK_ASKED: How.OFF}, now=MORNING, new_id=lambda: ben)

    await house.store.write(changed)
    said = words_of((await held.tutor.get(PAGE)).text)
    assert said["Ben Hughes", "1"] == "Has left the group."
    assert said["Chloe Martin", "1"] == "Would rather not be asked by letter."
    for person in (1, 2):
        await held.tutor.send_form(f"{held.path}/nudges", asking(held, person))
    await held.tutor.send_form(f"{PAGE}/nudges")
    asked = {author for _, _, author, *_ in await nudges(house)}
    assert {ben, held.built.members[2]} & asked == set()
    assert held.built.members[0] in asked


async def test_everybody_is_asked_once_with_one_letter_for_all_of_theirs(house: House) -> None:
    held = await a_round(house)
    await held.felt()
    house.now = MORNING
    await held.tutor.send_form(f"{held.path}/nudges", asking(held, 1))
    page = (await held.tutor.get(PAGE)).text
    assert "Ask everybody" in page
    answer = await held.tutor.send_form(f"{PAGE}/nudges")
    assert answer.headers["location"] == f"{PAGE}?asked=6"
    built = held.built
    rows = await nudges(house)
    # Eighteen pieces of two triads, less Chloe's that is in; Ben's of round 1 was asked for already.
    assert len({(triad, number, author) for triad, number, author, *_ in rows}) == len(rows) == 17
    sent = await letters(house)
    assert sorted(person for person, *_ in sent) == sorted([*built.people, built.people[1]])
    page = (await held.tutor.get(f"{PAGE}?asked=6")).text
    assert "6 people have been asked." in page
    assert "/nudges" not in page
    assert (await held.tutor.send_form(f"{PAGE}/nudges")).headers["location"] == f"{PAGE}?asked=0"
    assert (len(await nudges(house)), len(await letters(house))) == (17, 7)


async def test_asking_everybody_in_one_cohort_leaves_the_others_alone(house: House) -> None:
    held = await a_morning(house)
    other = await a_cohort(house.store, name="Another cohort")
    stranger = await house.as_(other.tutors[0])
    cohort = held.built.cohort
    assert (await stranger.send_form(f"{PAGE}/nudges", {"cohort": str(cohort)})).status_code == 404
    answer = await stranger.send_form(f"{PAGE}/nudges", {"cohort": str(other.cohort)})
    assert answer.headers["location"] == f"{PAGE}?asked=6&cohort={other.cohort}"
    assert (await stranger.get(answer.headers["location"])).status_code == 200
    assert {author for _, _, author, *_ in await nudges(house)} == set(other.members)


@pytest.mark.parametrize("who", ["observer", "counsellor", "stranger", "tutor of another cohort"])
async def test_nobody_but_its_tutors_asks_and_nobody_but_its_people_are_asked(house: House, who: str) -> None:
    held = await a_morning(house)
    other = await a_cohort(house.store, name="Another cohort")
    asker = await house.as_(other.tutors[0]) if "tutor" in who else getattr(held, who)
    assert (await asker.send_form(f"{held.path}/nudges", asking(held, 1))).status_code == 404
    forged = {"member": str(other.members[1])}
    assert (await held.tutor.send_form(f"{held.path}/nudges", forged)).status_code == 404
    assert (await held.tutor.send_form(f"{held.path}/nudges", asking(held, 5))).status_code == 404
    assert (await held.tutor.send_form(f"{held.path[:-1]}9/nudges", asking(held, 1))).status_code == 404
    assert (await nudges(house), await letters(house)) == ([], [])


async def test_at_night_the_letter_waits_and_is_taken_back_if_the_piece_comes_in_by_then(house: House) -> None:
    held = await a_morning(house)
    house.now = MORNING + timedelta(hours=12, minutes=30)  # 22:30 in London
    for person in (1, 2):
        await held.tutor.send_form(f"{held.path}/nudges", asking(held, person))
    morning = datetime(2026, 10, 3, 7, 0, tzinfo=UTC)
    ben, chloe = held.built.people[1:3]
    assert {(person, due) for person, _, due in await letters(house)} == {(ben, morning), (chloe, morning)}
    await held.observed()
    assert [person for person, *_ in await letters(house)] == [chloe]
    assert len(await nudges(house)) == 2


async def test_the_letters_that_go_by_themselves_stay_two_whatever_a_tutor_does(house: House) -> None:
    held = await a_morning(house)
    clerk = Clerk(house.store, postroom(house), clock=lambda: house.now)
    for _ in range(12):  # until the next session, twice a day
        await clerk.round()
        await held.tutor.send_form(f"{held.path}/nudges", asking(held, 1))
        house.later(hours=12)
    kinds = await house.store.read(
        lambda db: sorted(db.scalars(select(Letter.kind).where(Letter.person_id == held.built.people[1])))
    )
    assert [kind for kind in kinds if kind in {"feedback-wanted", "feedback-reminder"}] == [
        "feedback-reminder",
        "feedback-wanted",
    ]
    at = [when for *_, when, _ in await nudges(house)]
    assert len(at) == kinds.count("feedback-asked") == 2
    assert all(later - earlier >= timedelta(days=3) for earlier, later in pairwise(at))


def postroom(house: House) -> Postroom:
    return Postroom(house.settings, environment())


async def test_the_page_asks_the_database_eight_times_at_most(house: House) -> None:
    held = await a_morning(house)
    await held.observed()
    with counted() as statements:
        assert (await held.tutor.get(PAGE)).status_code == 200
    assert len(statements) <= 8
