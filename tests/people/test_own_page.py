"""A person's own page, help and the privacy notice; who may set up cohorts, and links handed over in person."""

import secrets
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.builders import a_cohort, a_person, an_id
from tests.house import House
from threefold.core.contract import PRIVACY_NOTICE
from threefold.core.identity import token_digest
from threefold.core.refusal import Problem, Refusal
from threefold.people import actions
from threefold.people.browsers import browser_name
from threefold.people.queries import zone_names, zones
from threefold.store.tables import Cohort, Deed, Membership, Person, Staff
from threefold.web.security import Keys

DETAILS = {"name": "Amara O.", "pronouns": "she/her", "zone": "America/New_York"}


async def details_of(house: House, person: object) -> tuple[str, str, str | None]:
    row = await house.store.read(lambda db: db.get_one(Person, person))
    return row.name, row.pronouns, row.zone


async def test_what_somebody_says_about_themselves_is_kept_and_shown(house: House) -> None:
    built = await a_cohort(house.store)
    browser = await house.as_(built.people[0])
    answer = await browser.send_form("/me", DETAILS)
    assert (answer.status_code, answer.headers["location"]) == (303, "/me?done=saved")
    assert await details_of(house, built.people[0]) == ("Amara O.", "she/her", "America/New_York")
    version = await house.store.read(lambda db: db.get_one(Cohort, built.cohort).version)
    assert version == 2  # no page with the old name is shown as fresh

    page = (await browser.get("/me?done=saved")).text
    assert 'name="name" type="text" value="Amara O."' in page
    assert '<option value="America/New_York" selected>New York</option>' in page
    assert "Saved." in page
    await browser.send_form("/me", {**DETAILS, "zone": ""})
    assert (await details_of(house, built.people[0]))[2] is None


async def test_every_problem_is_said_at_once_and_every_word_kept(house: House) -> None:
    person = await a_person(house.store, "Amara Okafor")
    browser = await house.as_(person)
    sent = {"name": " ", "pronouns": "they " * 20, "zone": "Mars/Olympus"}
    answer = await browser.send_form("/me", sent)
    assert answer.status_code == 422
    assert "<title>Error: Your details – Threefold</title>" in answer.text
    for field in ("name", "pronouns", "zone"):
        assert f'href="#{field}"' in answer.text
    assert "they they they" in answer.text
    assert (await details_of(house, person))[0] == "Amara Okafor"


async def test_nobody_saves_more_than_the_form_has(house: House) -> None:
    person = await a_person(house.store, "Amara Okafor", email="amara@example.org")
    other = await a_person(house.store, "Kit Thomas")
    browser = await house.as_(person)
    extra = {"email": "evil@example.org", "person_id": str(other), "is_staff": "yes", "feed_number": "9"}
    assert (await browser.send_form("/me", {**DETAILS, **extra})).status_code == 303
    row = await house.store.read(lambda db: db.get_one(Person, person))
    assert (row.email, row.email_key, row.feed_number) == ("amara@example.org", "amara@example.org", 0)
    assert (await details_of(house, other))[0] == "Kit Thomas"
    assert await house.store.read(lambda db: db.scalars(select(Staff)).all()) == []


async def test_odd_names_arrive_whole_and_harmless(house: House) -> None:
    person = await a_person(house.store, "Amara Okafor")
    browser = await house.as_(person)
    name = 'שרה "<b>" O’Neil; =HYPERLINK(1), 🌱'
    await browser.send_form("/me", {**DETAILS, "name": f"{name}\r\nBcc: everyone@example.org"})
    assert (await details_of(house, person))[0] == f"{name} Bcc: everyone@example.org"
    assert "<b>&#34;" not in (await browser.get("/me")).text


async def test_a_stranger_is_asked_to_sign_in(house: House) -> None:
    assert (await (await house.visitor()).get("/me")).headers["location"] == "/sign-in?next=/me"


# --- help ---------------------------------------------------------------------------------------------------


async def test_help_names_tutors_and_safeguarding_lead_of_ones_own_groups_and_no_trainees_address(house: House) -> None:
    built = await a_cohort(house.store, tutors=2)
    await a_cohort(house.store, name="Somebody else’s group", trainees=3)
    people = await house.store.read(lambda db: {p.id: p.email for p in db.scalars(select(Person))})
    page = (await (await house.as_(built.people[0])).get("/help")).text
    shown = {id_ for id_, email in people.items() if email in page}
    assert shown == set(built.tutors)
    assert "Level 3, Thursdays" in page
    assert "Marion Shaw, 01632 960001" in page
    assert "Somebody else" not in page
    assert "116 123" in page
    assert 'href="mailto:office@elmhouse.example"' in page


async def test_whoever_left_a_group_no_longer_sees_its_tutors(house: House) -> None:
    built = await a_cohort(house.store)

    def leaves(db: Session) -> None:
        row = db.get_one(Membership, built.members[0])
        row.left_at, row.left_by = house.now, built.tutors[0]

    await house.store.write(leaves)
    page = (await (await house.as_(built.people[0])).get("/help")).text
    assert "Level 3, Thursdays" not in page
    assert "If practice has left you upset" in page


async def test_help_and_the_notice_are_there_for_everybody(house: House) -> None:
    visitor = await house.visitor()
    for path in ("/help", "/privacy"):
        answer = await visitor.get(path)
        assert answer.status_code == 200
        assert answer.text.count("<h1") == 1
    assert all(passage.words.replace("'", "&#39;") in answer.text for passage in PRIVACY_NOTICE)


# --- the command line's doors -------------------------------------------------------------------------------


async def test_make_tutor_makes_a_person_once_and_keeps_a_known_name(house: House) -> None:
    first = await house.store.write(
        lambda db: actions.make_tutor(db, "Marion@Elmhouse.example", "Marion Shaw", house.now, an_id)
    )
    again = await house.store.write(
        lambda db: actions.make_tutor(db, "MARION@elmhouse.example", "M. Shaw", house.now, an_id)
    )
    assert first == again
    row, verbs = await house.store.read(
        lambda db: (db.scalars(select(Person)).one(), db.scalars(select(Deed.verb)).all())
    )
    assert (row.id, row.name, row.email) == (first, "Marion Shaw", "Marion@elmhouse.example")
    assert list(verbs) == ["made-tutor"]


async def test_make_tutor_says_what_to_put_right(house: House) -> None:
    done = await house.store.write(lambda db: actions.make_tutor(db, "marion", " ", house.now, an_id))
    assert isinstance(done, Refusal)
    assert [problem.field for problem in done.problems] == ["email", "name"]
    assert all(isinstance(problem, Problem) for problem in done.problems)


async def test_a_link_handed_over_signs_in_once_for_as_long_as_was_said(house: House) -> None:
    person = await a_person(house.store, "Marion Shaw", staff=True)
    digest = Keys(house.settings.secret).digest
    for wait, works in ((timedelta(days=6), True), (timedelta(days=7), False)):
        token, start = secrets.token_urlsafe(32), house.now
        link = token_digest(token)

        def hand_over(db: Session, link: bytes = link) -> None:
            week, now = timedelta(days=7), house.now
            actions.invite_link(db, person, "/me", link=link, digest=digest, lasts=week, now=now, new_id=an_id)

        await house.store.write(hand_over)
        house.now = start + wait
        browser = await house.visitor()
        used = await browser.send_form(f"/sign-in/link/{token}")
        assert (used.status_code == 303) is works


# --- small words --------------------------------------------------------------------------------------------


def test_zones_are_places_people_know() -> None:
    regions = dict(zones())
    assert ("Europe/London", "London") in regions["Europe"]
    assert ("America/Argentina/Buenos_Aires", "Argentina, Buenos Aires") in regions["America"]
    assert not {"Etc/GMT+1", "US/Eastern", "GMT", "posixrules"} & zone_names()


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile Safari/604.1", "Safari on iPhone"),
        ("Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/140.0 Mobile Safari", "Chrome on Android"),
        ("curl/8.9", "A browser"),
        ("", "A browser"),
    ],
)
def test_browsers_are_called_what_their_owners_call_them(agent: str, name: str) -> None:
    assert browser_name(agent) == name
