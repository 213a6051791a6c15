"""Setting a cohort up: from a name to a plan, with nothing saved or sent before its button is pressed."""

import html
import json
import re
from datetime import date
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from tests.builders import a_cohort, a_person, an_id
from tests.core.test_framework_document import small
from tests.house import Browser, House
from threefold.core.contract import PRIVACY_VERSION
from threefold.store.tables import Away, Cohort, Letter, Membership, Person, PracticeSession

LONDON = ZoneInfo("Europe/London")
TERM = {
    "zone": "Europe/London",
    "weekday": "3",
    "start": "18:30",
    "minutes": "120",
    "first": "2026-10-08",
    "count": "6",
    "rounds": "3",
    "practice": "20",
    "feedback": "10",
    "opening": "15",
    "closing": "15",
    "place": "Elm House",
    "link": "",
    "rooms": "Room 1\nRoom 2\n",
    "other_skips": "",
    "skip": ["2026-10-29"],
}
LOOKING = {
    "framework": "human-connection-1@1.0",
    "competencies": ["HC2", "HC8", "HC10"],
    "labels": "helper",
    "remainder": "quads",
    "turning": "client_rests",
    "safeguarding_lead": "Marion Shaw, 01632 960001",
    "contract": "",
}
STORY = """Name, E-mail, Pronouns, Keep apart from
Aisha Bello, aisha.bello@example.org, she/her,
Callum Reid, callum.reid@example.org,,
Dilys Owen, dilys.owen@example.org,,
Eilidh Fraser, eilidh.f@example.org,,
Femi Adeyemi, femi@example.org, he/him,
Gwen Pryce, gwen.pryce@example.org,, Owen T.
Hywel Rees, hywel@example.org,,
Imogen Hart, imogen@example.org,,
Jakub Nowak, jakub@example.org,,
Keziah Brown, keziah@example.org,,
Liam O’Neill, liam@example.org,,
Mina Sato, mina@example.org,,
Nia Roberts, nia@example.org,,
Owen Tudor, owen@example.org,,
Priya N, priya.n@example;org,,
Quentin Ash, quentin@example.org,,
Rosa Diaz, rosa@example.org,,
Aisha B, AISHA.BELLO@example.org,,
"""


async def a_tutor(house: House) -> Browser:
    return await house.as_(await a_person(house.store, "Marion Shaw", staff=True))


async def a_new_cohort(tutor: Browser, name: str = "Level 2 Skills, Tuesdays") -> str:
    answer = await tutor.send_form("/cohorts", {"id": str(an_id()), "name": name})
    assert answer.status_code == 303
    return str(answer.headers["location"]).removesuffix("/people")


def carried(page: str, **changed: str) -> list[tuple[str, str]]:
    """The fields of the rows on a dry-run page, as a browser would send them again; `changed` by a field's id."""
    form = page[page.index('<form class="stack s5" id="rows"') :]
    found = []
    for tag in re.findall(r"<input [^>]*>", form[: form.index("</form>")]):
        said = {key: html.unescape(value) for key, value in re.findall(r'([\w-]+)="([^"]*)"', tag)}
        if said["name"] != "_token":
            found.append((said["name"], changed.get(said.get("id", "").replace("-", "_"), said["value"])))
    return found


def heading(page: str) -> str:
    found = re.search(r"<h1[^>]*>(.*?)</h1>", page, re.DOTALL)
    assert found
    return html.unescape(" ".join(re.sub(r"<[^>]+>", "", found[1]).split()))


def hidden(page: str) -> dict[str, str]:
    """What the one form of a page carries along unseen, but for its token."""
    pairs = re.findall(r'<input type="hidden" name="([^"_][^"]*)" value="([^"]*)"', page)
    return {name: html.unescape(value) for name, value in pairs}


async def trainees(house: House, base: str) -> list[str]:
    cohort = UUID(base.rpartition("/")[2])
    return await house.store.read(
        lambda db: list(
            db.scalars(
                select(Person.name)
                .join(Membership, Membership.person_id == Person.id)
                .where(Membership.cohort_id == cohort, Membership.role == "trainee", Membership.left_at.is_(None))
                .order_by(Person.email_key)
            )
        )
    )


async def test_from_a_name_to_the_plan_in_four_steps(house: House) -> None:
    tutor = await a_tutor(house)
    assert heading((await tutor.get("/cohorts")).text) == "No cohorts yet"
    base = await a_new_cohort(tutor)

    read = await tutor.send_form(f"{base}/people/reading", {"list": STORY})
    assert read.status_code == 200
    assert heading(read.text) == "16 people are ready, 1 needs a fix"
    assert "already in this list, row 2" in read.text.lower()
    assert "Apart from Owen T." in read.text
    assert await trainees(house, base) == []

    added = await tutor.send_form(f"{base}/people/reading", [*carried(read.text), ("do", "add")])
    assert heading(added.text) == "16 people are in, 1 needs a fix"
    assert len(await trainees(house, base)) == 16
    mended = await tutor.send_form(
        f"{base}/people/reading", [*carried(added.text, row_16_email="priya.n@example.org"), ("do", "add")]
    )
    assert (mended.status_code, mended.headers["location"]) == (303, f"{base}/people")
    people = (await tutor.get(f"{base}/people")).text
    assert heading(people) == "17 people are in this cohort"
    assert "Gwen Pryce and Owen Tudor" in people or "Owen Tudor and Gwen Pryce" in people

    assert (await tutor.get(base)).headers["location"] == f"{base}/sessions"
    assert (await tutor.send_form(f"{base}/sessions", TERM)).headers["location"] == f"{base}/framework"
    cohort = UUID(base.rpartition("/")[2])
    starts = await house.store.read(
        lambda db: list(
            db.scalars(
                select(PracticeSession.starts_at)
                .where(PracticeSession.cohort_id == cohort)
                .order_by(PracticeSession.number)
            )
        )
    )
    local = [at.astimezone(LONDON) for at in starts]
    assert [at.date() for at in local] == [
        date(2026, 10, 8),
        date(2026, 10, 15),
        date(2026, 10, 22),
        date(2026, 11, 5),
        date(2026, 11, 12),
        date(2026, 11, 19),
    ]
    assert {f"{at:%H:%M}" for at in local} == {"18:30"}
    assert {at.utcoffset() for at in local} == {local[0].utcoffset(), local[-1].utcoffset()} != {local[0].utcoffset()}

    assert (await tutor.get(base)).headers["location"] == f"{base}/framework"
    assert (await tutor.send_form(f"{base}/framework", LOOKING)).headers["location"] == f"{base}/plan"
    assert (await tutor.get(base)).headers["location"] == f"{base}/plan"
    assert await house.store.read(lambda db: db.scalar(select(func.count(Letter.id)))) == 0
    listed = (await tutor.get("/cohorts")).text
    assert heading(listed) == "This cohort is still being set up"


async def test_a_double_click_makes_one_cohort(house: House) -> None:
    tutor = await a_tutor(house)
    form = {"id": str(an_id()), "name": "Twice"}
    places = {(await tutor.send_form("/cohorts", form)).headers["location"] for _ in range(2)}
    assert places == {f"/cohorts/{form['id']}/people"}
    assert await house.store.read(lambda db: db.scalar(select(func.count(Cohort.id)))) == 1


async def test_a_cohort_without_a_name_asks_for_one_and_keeps_what_was_typed(house: House) -> None:
    tutor = await a_tutor(house)
    page = await tutor.send_form("/cohorts", {"id": str(an_id()), "name": "x" * 101})
    assert page.status_code == 422
    assert "<title>Error: " in page.text
    assert "x" * 101 in page.text
    assert "Give the cohort a name" in (await tutor.send_form("/cohorts", {"name": "  "})).text


async def test_what_is_typed_about_sessions_is_kept_with_every_problem_named(house: House) -> None:
    tutor = await a_tutor(house)
    base = await a_new_cohort(tutor)
    wrong = {
        **TERM,
        "first": "2026-10-07",
        "minutes": "45",
        "count": "²",
        "place": "",
        "link": "http://meet.example",
        "other_skips": "29th of October",
    }
    page = await tutor.send_form(f"{base}/sessions", wrong)
    assert page.status_code == 422
    said = html.unescape(page.text)
    for sentence in (
        "Wednesday 7 October 2026 is a Wednesday. Choose a Thursday",
        "Enter a number of sessions from 1 to 60",
        "“29th” can’t be read as a date.",
        "Enter a link that starts with https://",
    ):
        assert sentence in said or sentence.removeprefix("Wednesday ") in said, sentence
    for words in ("29th of October", "http://meet.example", 'value="2026-10-07"', 'value="²"'):
        assert words in said


async def test_dates_at_the_end_of_time_are_refused_kindly(house: House) -> None:
    tutor = await a_tutor(house)
    base = await a_new_cohort(tutor)
    for first in ("9999-12-30", "0001-01-04", "2026-02-30", "soon"):
        page = await tutor.send_form(f"{base}/sessions", {**TERM, "first": first})
        assert page.status_code == 422, first
        assert "Enter the date of the first session" in page.text


async def test_a_session_longer_than_its_slot_is_said_with_both_lengths(house: House) -> None:
    tutor = await a_tutor(house)
    base = await a_new_cohort(tutor)
    page = await tutor.send_form(f"{base}/sessions", {**TERM, "minutes": "90"})
    assert page.status_code == 422
    assert "30 min longer than the session’s 1 h 30" in page.text


async def test_the_dates_can_be_looked_at_without_saving_any(house: House) -> None:
    tutor = await a_tutor(house)
    base = await a_new_cohort(tutor)
    page = (await tutor.send_form(f"{base}/sessions", {**TERM, "do": "dates", "count": "12"})).text
    assert "12 sessions, 8 Oct to 31 Dec" in page
    assert "Thursday 5 November, 18:30" in page
    assert "Thursday 29 October, 18:30" not in page
    assert "3 rounds of 20 + 10 min feedback, with welcome and close: 2 h" in page
    assert await house.store.read(lambda db: db.scalar(select(func.count(PracticeSession.id)))) == 0


async def test_another_time_of_day_keeps_who_is_away_and_a_dropped_date_lets_them_go(house: House) -> None:
    made = await a_cohort(house.store, published=False)
    tutor = await house.as_(made.tutors[0])
    base = f"/cohorts/{made.cohort}"
    for practice in made.sessions[:2]:
        await tutor.send_form(f"{base}/plan/away", {"practice": str(practice), "away": [str(made.members[0])]})
    later = {**TERM, "first": "2026-10-08", "start": "19:00", "count": "3", "skip": []}
    assert (await tutor.send_form(f"{base}/sessions", later)).status_code == 303
    kept = await house.store.read(lambda db: list(db.scalars(select(Away.practice_id))))
    assert kept == [made.sessions[1]]
    found = await house.store.read(
        lambda db: [
            (row.number, f"{row.starts_at.astimezone(LONDON):%d %b %H:%M}")
            for row in db.scalars(select(PracticeSession).order_by(PracticeSession.number))
        ]
    )
    assert found == [(1, "08 Oct 19:00"), (2, "15 Oct 19:00"), (3, "22 Oct 19:00")]


async def test_a_published_term_keeps_its_dates(house: House) -> None:
    made = await a_cohort(house.store)
    tutor = await house.as_(made.tutors[0])
    assert "as published" in (await tutor.get(f"/cohorts/{made.cohort}/sessions")).text
    page = await tutor.send_form(f"/cohorts/{made.cohort}/sessions", TERM)
    assert page.status_code == 422
    assert "its dates stay as they are" in page.text


async def test_three_to_eight_competencies_a_lead_and_words_for_the_roles(house: House) -> None:
    tutor = await a_tutor(house)
    base = await a_new_cohort(tutor)
    page = await tutor.send_form(
        f"{base}/framework",
        {**LOOKING, "competencies": ["HC2"], "labels": "own", "label_client": "helpee", "safeguarding_lead": ""},
    )
    assert page.status_code == 422
    for sentence in ("Choose three to eight", "Write a word for each role", "Name somebody people can turn to"):
        assert sentence in page.text
    assert 'value="helpee"' in page.text
    assert page.text.count('" checked') == 4  # the competency, the words, the groups


async def test_a_contract_in_new_words_is_agreed_to_again(house: House) -> None:
    made = await a_cohort(house.store)
    amara, tutor = await house.as_(made.people[0]), await house.as_(made.tutors[0])
    same = {**LOOKING, "labels": "counsellor"}
    await tutor.send_form(f"/cohorts/{made.cohort}/framework", same)
    assert (await amara.get(f"/practice/{made.sessions[1]}")).status_code == 200
    done = await tutor.send_form(f"/cohorts/{made.cohort}/framework", {**same, "contract": "Tea\nWe make our own."})
    assert done.headers["location"] == f"/cohorts/{made.cohort}"
    sent_on = await amara.get(f"/practice/{made.sessions[1]}")
    contract = f"/cohorts/{made.cohort}/contract"
    assert sent_on.headers["location"] == f"{contract}?next=/practice/{made.sessions[1]}"
    page = (await amara.get(sent_on.headers["location"])).text
    assert heading(page) == "The agreement for Level 3, Thursdays has changed"
    assert "We make our own." in page
    agreed = await amara.send_form(contract, hidden(page))
    assert agreed.headers["location"] == f"/practice/{made.sessions[1]}"
    assert (await amara.get(f"/practice/{made.sessions[1]}")).status_code == 200
    assert "You agreed to this on" in (await amara.get(contract)).text
    elsewhere = await amara.send_form(contract, {**hidden(page), "next": "https://elsewhere.example"})
    assert elsewhere.headers["location"] == "/"


async def test_nobody_agrees_to_words_they_never_saw(house: House) -> None:
    made = await a_cohort(house.store, accepted=False)
    amara, tutor = await house.as_(made.people[0]), await house.as_(made.tutors[0])
    contract = f"/cohorts/{made.cohort}/contract"
    read = hidden((await amara.get(f"{contract}?next=/feedback")).text)
    assert read == {"next": "/feedback", "privacy_version": PRIVACY_VERSION, "contract_version": "1"}
    new = {**LOOKING, "labels": "counsellor", "contract": "Tea\nWe make our own."}
    await tutor.send_form(f"/cohorts/{made.cohort}/framework", new)
    for seen in (read, {**read, "privacy_version": "2020-01", "contract_version": "2"}, {}):
        again = await amara.send_form(contract, seen)
        assert again.status_code == 422
        assert "This has just changed, so nothing is agreed to yet." in again.text
        assert "We make our own." in again.text
        member = await house.store.read(lambda db: db.get_one(Membership, made.members[0]))
        assert (member.contract_version, member.accepted_at) == (None, None)
    shown = hidden((await amara.send_form(contract, read)).text)
    assert (await amara.send_form(contract, shown)).headers["location"] == "/feedback"
    member = await house.store.read(lambda db: db.get_one(Membership, made.members[0]))
    assert (member.contract_version, member.accepted_at) == (2, house.now)


async def test_a_cohort_chooses_from_a_centres_own_framework(house: House) -> None:
    tutor = await a_tutor(house)
    assert (await tutor.send_form("/frameworks", {"document": json.dumps(small())})).status_code == 303
    base = await a_new_cohort(tutor)
    assert "Listening" in (await tutor.get(f"{base}/framework?framework=elm-house@2026.1")).text
    chosen = {**LOOKING, "framework": "elm-house@2026.1", "competencies": ["L", "W", "C"]}
    assert (await tutor.send_form(f"{base}/framework", chosen)).status_code == 303
