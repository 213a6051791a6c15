"""A cohort's letters as its tutors see them: what is stuck and why, what can be done about it, and never a word."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from tests.builders import Class, a_cohort, an_id
from tests.cohorts.test_setting_up import heading
from tests.house import NOON, Browser, House
from tests.web.queries import counted
from threefold.cohorts.post import in_words
from threefold.mail.claims import TOO_LATE
from threefold.mail.outbox import OVERTAKEN
from threefold.store.tables import Deed, Letter, Membership, Person

WORDS = "Dear Amara, a sentence nobody but Amara may read"


async def a_letter(house: House, built: Class, *, who: int = 0, week: int | None = None, **values: Any) -> UUID:
    """A letter to one of the trainees, about their place in a week's session or none."""
    id_ = an_id()

    def work(db: Session) -> None:
        person = db.get_one(Person, built.people[who])
        seat = built.seats[week][built.members[who]] if week is not None else None
        plain = {
            "kind": "invitation" if seat else "overview",
            "lane": f"term:{built.members[who]}",
            "recipient": person.email,
            "cohort_id": built.cohort,
            "due_at": NOON - timedelta(days=1),
        }
        db.add(
            Letter(
                **{
                    "id": id_,
                    "once": f"test:{id_}",
                    "person_id": person.id,
                    "subject": WORDS,
                    "message": WORDS.encode(),
                    "message_id": f"<{id_.hex}@elmhouse.example>",
                    "written_at": NOON - timedelta(days=2),
                    "tries": 0,
                    "trouble": "",
                    "seat_id": seat,
                    **plain,
                    **values,
                }
            )
        )

    await house.store.write(work)
    return id_


async def row(house: House, letter: UUID) -> dict[str, Any]:
    def work(db: Session) -> dict[str, Any]:
        found = db.get_one(Letter, letter)
        return {name: getattr(found, name) for name in ("due_at", "stopped_at", "trouble", "tries")}

    return await house.store.read(work)


async def the_page(house: House, built: Class, query: str = "") -> tuple[Browser, str]:
    tutor = await house.as_(built.tutors[0])
    answer = await tutor.get(f"/cohorts/{built.cohort}/letters{query}")
    assert answer.status_code == 200
    return tutor, answer.text


STOPPED: dict[str, Any] = {
    "stopped_at": NOON - timedelta(hours=1),
    "tries": 1,
    "trouble": "stopped: 554: the mail server refuses this letter",
}


async def test_before_anything_was_written_the_page_says_when_people_hear(house: House) -> None:
    _, page = await the_page(house, await a_cohort(house.store))
    assert heading(page) == "No letters yet"
    assert "People hear from us when you publish a plan." in page


async def test_a_stuck_letter_says_why_and_can_be_sent_again(house: House) -> None:
    built = await a_cohort(house.store)
    letter = await a_letter(house, built, week=1, **STOPPED)
    behind = await a_letter(house, built, week=2, due_at=NOON + timedelta(days=5))
    tutor, page = await the_page(house, built)
    assert heading(page) == "One letter is stuck"
    assert "The mail server refuses this letter (554)." in page
    assert "Amara Okafor" in page
    assert f"{house.settings.base_url}/practice/{built.sessions[1]}" in page, "a link to reach her another way"
    answer = await tutor.send_form(f"/cohorts/{built.cohort}/letters", {"letter": str(letter)})
    assert answer.headers["location"] == f"/cohorts/{built.cohort}/letters?again=yes"
    assert await row(house, letter) == {"due_at": NOON, "stopped_at": None, "trouble": "", "tries": 1}
    assert (await row(house, behind))["due_at"] == NOON + timedelta(days=5), "its own time has not come"
    deeds = await house.store.read(lambda db: [(d.verb, d.subject) for d in db.query(Deed).all()])
    assert deeds == [("letter.sent_again", {"letter": str(letter)})]
    assert "It leaves within a minute." in (await tutor.get(answer.headers["location"])).text


async def test_those_that_waited_behind_it_leave_with_it(house: House) -> None:
    built = await a_cohort(house.store)
    put_off = NOON + timedelta(hours=1)
    letter = await a_letter(house, built, week=1, tries=3, trouble="later: 451: try later", due_at=put_off)
    behind = await a_letter(house, built, week=2, due_at=put_off)
    tutor, page = await the_page(house, built)
    assert "We try again by ourselves" in page
    await tutor.send_form(f"/cohorts/{built.cohort}/letters", {"letter": str(letter)})
    assert [(await row(house, each))["due_at"] for each in (letter, behind)] == [NOON, NOON]


@pytest.mark.parametrize("why", ["overtaken", "too late", "expired", "another address", "left", "later word", "leased"])
async def test_what_is_of_no_use_any_more_is_not_sent_again(house: House, why: str) -> None:
    built = await a_cohort(house.store)
    changes: dict[str, Any] = {
        "overtaken": STOPPED | {"trouble": OVERTAKEN, "message": b""},
        "too late": STOPPED | {"trouble": TOO_LATE, "message": b""},
        "expired": STOPPED | {"expires_at": NOON - timedelta(minutes=1)},
        "another address": STOPPED | {"recipient": "old@example.com"},
        "left": STOPPED | {"sent_at": NOON, "stopped_at": None},
        "later word": STOPPED,
        "leased": {"tries": 1, "lease_until": NOON + timedelta(minutes=5), "leased_by": "somebody"},
    }[why]
    letter = await a_letter(house, built, week=1, **changes)
    if why == "later word":
        await a_letter(house, built, week=1, sent_at=NOON)
    before = await row(house, letter)
    tutor, page = await the_page(house, built)
    assert "Send again" not in page
    answer = await tutor.send_form(f"/cohorts/{built.cohort}/letters", {"letter": str(letter)})
    assert (answer.status_code, "Nothing was sent." in answer.text) == (422, True)
    assert await row(house, letter) == before


async def test_what_came_too_late_is_told_apart_from_what_is_stuck(house: House) -> None:
    built = await a_cohort(house.store)
    await a_letter(house, built, week=0, **STOPPED | {"trouble": TOO_LATE, "message": b""})
    _, page = await the_page(house, built)
    assert heading(page) == "Some letters came too late"
    assert "1 letter came too late to be of use" in page
    assert "Copy the link" not in page
    await a_letter(house, built, week=1, **STOPPED)
    _, page = await the_page(house, built)
    assert (heading(page), page.count("Copy the link")) == ("One letter is stuck", 1)
    assert f"http://127.0.0.1:8000/practice/{built.sessions[1]}" in page


async def test_a_letter_of_another_cohort_is_not_here(house: House) -> None:
    built, other = await a_cohort(house.store), await a_cohort(house.store)
    letter = await a_letter(house, other, week=1, **STOPPED)
    tutor, page = await the_page(house, built)
    assert heading(page) == "No letters yet"
    answer = await tutor.send_form(f"/cohorts/{built.cohort}/letters", {"letter": str(letter)})
    assert answer.status_code == 422
    assert (await row(house, letter))["stopped_at"] == STOPPED["stopped_at"]


async def test_no_word_of_a_letter_and_no_letter_about_signing_in_is_shown(house: House) -> None:
    built = await a_cohort(house.store)
    await a_letter(house, built, week=1, **STOPPED)
    await a_letter(house, built, week=2, sent_at=NOON)
    await a_letter(house, built, kind="sign-in", cohort_id=None, **STOPPED)
    _, page = await the_page(house, built)
    assert heading(page) == "One letter is stuck"
    assert WORDS not in page
    assert "Sign" not in page.partition("<h1>")[2].partition("</main>")[0]


async def test_a_held_queue_is_said_once_and_calmly(house: House) -> None:
    built = await a_cohort(house.store)
    why = "held: the mail server does not accept the name and password"
    await a_letter(house, built, week=1, due_at=NOON - timedelta(minutes=1), trouble=why)
    _, page = await the_page(house, built)
    assert heading(page) == "No letter can leave just now"
    assert "The mail server does not accept the name and password. Nothing is lost" in page


async def test_an_address_that_does_not_work_leads_to_where_it_is_corrected(house: House) -> None:
    built = await a_cohort(house.store)

    def work(db: Session) -> None:
        db.execute(update(Person).where(Person.id == built.people[0]).values(unreachable_since=NOON))
        db.execute(update(Person).where(Person.id == built.people[1]).values(unreachable_since=NOON))
        db.execute(update(Membership).where(Membership.person_id == built.people[1]).values(left_at=NOON))

    await house.store.write(work)
    _, page = await the_page(house, built)
    assert heading(page) == "Somebody’s address doesn’t work"
    assert f'href="/cohorts/{built.cohort}/people/{built.members[0]}"' in page
    assert f"/people/{built.members[1]}" not in page, "who has left is not asked about"


async def test_what_waits_and_what_has_left_come_in_their_order_a_page_at_a_time(house: House) -> None:
    built = await a_cohort(house.store)
    sent = [await a_letter(house, built, who=n % 6, sent_at=NOON - timedelta(minutes=n)) for n in range(120)]
    for number in range(25):
        await a_letter(house, built, who=number % 6, week=2, due_at=NOON + timedelta(days=number))
    tutor, page = await the_page(house, built)
    assert heading(page) == "Every letter is on its way"
    assert "25 letters wait for their time" in page
    assert "These are the next 20." in page
    assert f"?before={sent[49]}" in page
    second = (await tutor.get(f"/cohorts/{built.cohort}/letters?before={sent[49]}")).text
    third = (await tutor.get(f"/cohorts/{built.cohort}/letters?before={sent[99]}")).text
    assert [each.count("Overview of the term") for each in (page, second, third)] == [50, 50, 20]
    assert f"?before={sent[99]}" in second
    assert "Earlier letters</a>" not in third


async def test_the_page_asks_the_database_a_few_times_however_much_there_is(house: House) -> None:
    built = await a_cohort(house.store)
    for number in range(6):
        await a_letter(house, built, who=number, week=1, **STOPPED)
        await a_letter(house, built, who=number, sent_at=NOON)
    tutor = await house.as_(built.tutors[0])
    with counted() as statements:
        await tutor.get(f"/cohorts/{built.cohort}/letters")
    assert len(statements) <= 8


async def test_only_its_tutors_see_it(house: House) -> None:
    built = await a_cohort(house.store)
    trainee = await house.as_(built.people[0])
    assert (await trainee.get(f"/cohorts/{built.cohort}/letters")).status_code == 404


def test_why_a_letter_waits_is_a_sentence() -> None:
    assert in_words("later: 451: the mail server asks to try later") == "The mail server asks to try later (451)."
    assert in_words(TOO_LATE) == "It came too late to be of use."
    assert in_words("later: UnicodeEncodeError") == "Something unforeseen happened (UnicodeEncodeError)."
    assert in_words("") == ""
