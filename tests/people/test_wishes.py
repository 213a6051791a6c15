"""Which letters somebody gets: chosen on their page, turned off from within a letter and on again."""

import re
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select

from tests.builders import a_cohort, a_person, an_id
from tests.house import House
from threefold.core.wishes import How, Kind, how
from threefold.people.wishes import off_path
from threefold.store.tables import Deed, Wish
from threefold.web.security import Keys

ONE_CLICK = {"List-Unsubscribe": "One-Click"}
KINDS = ("reminder", "feedback-wanted", "feedback-reminder", "feedback-asked", "feedback-ready", "extra-practice")
USUAL = dict.fromkeys(KINDS, "now")


async def wishes_of(house: House, person: UUID) -> dict[str, str]:
    rows = await house.store.read(lambda db: db.scalars(select(Wish).where(Wish.person_id == person)).all())
    return {row.kind: row.how for row in rows}


def path_of(house: House, person: UUID, kind: Kind = Kind.REMINDER) -> str:
    return off_path(Keys(house.settings.secret), person, kind)


async def from_a_mail_program(house: House, path: str, data: dict[str, str] | None = None) -> httpx.Response:
    """A POST with no cookie, from no page, as RFC 8058 has it."""
    nobody = await house.visitor()
    for name in ("origin", "sec-fetch-site"):
        nobody.headers.pop(name, None)
    return await nobody.post(path, data=ONE_CLICK if data is None else data)


# --- the page -----------------------------------------------------------------------------------------------


async def test_the_page_offers_each_kind_in_the_ways_it_can_come(house: House) -> None:
    made = await a_cohort(house.store)
    amara, marion = await house.as_(made.people[0]), await house.as_(made.tutors[0])
    assert 'href="/me/letters"' in (await amara.get("/me")).text
    offered = {
        "reminder": ["now", "off"],
        "feedback-wanted": ["now", "digest", "off"],
        "feedback-reminder": ["now", "off"],
        "feedback-asked": ["now", "off"],
        "feedback-ready": ["now", "digest", "off"],
        "extra-practice": ["now", "off"],
    }
    for browser, ways in ((amara, offered), (marion, {"tutor-digest": ["now", "digest", "off"]})):
        page = (await browser.get("/me/letters")).text
        found: dict[str, list[str]] = {}
        for name, value in re.findall(r'type="radio"[^>]* name="([\w-]+)" value="(\w+)"', page):
            found.setdefault(name, []).append(value)
        assert found == ways
        assert page.count(" checked") == page.count('value="now" checked') == len(ways)
        assert "Invitations, changes, cancellations and sign-in always come, at any hour." in page


async def test_a_choice_is_kept_and_shown_and_taken_back(house: House) -> None:
    made = await a_cohort(house.store)
    amara = await house.as_(made.people[0])
    for _ in range(2):  # a double click
        done = await amara.send_form("/me/letters", {**USUAL, "reminder": "off", "feedback-ready": "digest"})
        assert (done.status_code, done.headers["location"]) == (303, "/me/letters?done=saved")
    assert await wishes_of(house, made.people[0]) == {"reminder": "off", "feedback-ready": "digest"}
    page = (await amara.get("/me/letters?done=saved")).text
    assert "Saved." in page
    assert re.search(r'name="reminder" value="off" checked', page)
    assert re.search(r'name="feedback-ready" value="digest" checked', page)
    await amara.send_form("/me/letters", USUAL)
    assert await wishes_of(house, made.people[0]) == {}
    assert await house.store.read(lambda db: db.scalars(select(Deed.verb)).all()) == ["said how letters come"] * 2


@pytest.mark.parametrize(
    "sent",
    [
        {**USUAL, "reminder": "digest"},
        {**USUAL, "feedback-ready": "never"},
        {name: way for name, way in USUAL.items() if name != "reminder"},
    ],
)
async def test_what_cannot_be_is_refused_and_nothing_kept(house: House, sent: dict[str, str]) -> None:
    made = await a_cohort(house.store)
    amara = await house.as_(made.people[0])
    answer = await amara.send_form("/me/letters", sent)
    assert answer.status_code == 422
    assert "<title>Error: Your letters" in answer.text
    assert await wishes_of(house, made.people[0]) == {}


async def test_nobody_wishes_for_kinds_they_are_not_asked_about(house: House) -> None:
    made = await a_cohort(house.store)
    amara = await house.as_(made.people[0])
    extra = {"invitation": "off", "sign-in": "off", "tutor-digest": "off", "weekly": "off", "person": str(an_id())}
    assert (await amara.send_form("/me/letters", {**USUAL, **extra})).status_code == 303
    assert await wishes_of(house, made.people[0]) == {}


async def test_somebody_in_no_group_is_asked_nothing_yet(house: House) -> None:
    page = (await (await house.as_(await a_person(house.store))).get("/me/letters")).text
    assert "Once you belong to a group" in page


# --- from within a letter -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", list(Kind))
async def test_one_click_turns_this_kind_off_and_nothing_else(house: House, kind: Kind) -> None:
    made = await a_cohort(house.store)
    for _ in range(2):  # providers try again
        answer = await from_a_mail_program(house, path_of(house, made.people[0], kind))
        assert answer.status_code == 200
        assert not {"location", "set-cookie"} & set(answer.headers)
    assert await wishes_of(house, made.people[0]) == {kind.value: "off"}
    assert await wishes_of(house, made.people[1]) == {}


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"content-type": "multipart/form-data; boundary=b"},
        {"content-type": "application/x-www-form-urlencoded", "origin": "https://mail.example"},
        {"content-type": "text/plain", "sec-fetch-site": "cross-site"},
    ],
)
async def test_it_asks_nothing_of_how_it_is_sent(house: House, headers: dict[str, str]) -> None:
    person = await a_person(house.store)
    nobody = await house.visitor()
    body = b"--b\r\nContent-Disposition: form-data; name=List-Unsubscribe\r\n\r\nOne-Click\r\n--b--\r\n"
    assert (await nobody.post(path_of(house, person), content=body, headers=headers)).status_code == 200
    assert await wishes_of(house, person) == {"reminder": "off"}


async def test_opening_it_changes_nothing_and_its_buttons_turn_it_off_and_on(house: House) -> None:
    person = await a_person(house.store)
    nobody, path = await house.visitor(), path_of(house, person)
    for _ in range(3):  # scanners
        page = (await nobody.get(path)).text
        assert (await nobody.head(path)).status_code == 200
    assert "Turn these letters off?" in page
    assert await wishes_of(house, person) == {}

    for title, button, wished in (
        ("That’s done", "Turn it on again", {"reminder": "off"}),
        ("Turn these letters off?", "Turn them off", {}),
        ("That’s done", "Turn it on again", {"reminder": "off"}),
    ):
        action = re.search(r'method="post" action="(/letters/[^"]+)"', page)
        assert action
        answer = await nobody.post(action[1])
        page = answer.text
        assert (answer.status_code, title in page, button in page) == (200, True, True)
        assert await wishes_of(house, person) == wished
    assert "That’s done" in (await nobody.get(path)).text


async def test_the_page_is_nobodys_whoever_is_signed_in(house: House) -> None:
    made = await a_cohort(house.store)
    path = path_of(house, made.people[0])
    browsers = [await house.visitor(), await house.as_(made.people[0]), await house.as_(made.tutors[0])]
    for answers in ([await b.get(path) for b in browsers], [await b.post(path) for b in browsers]):
        assert len({answer.text for answer in answers}) == 1
        assert not re.search("Sign out|Amara|Marion|@", answers[0].text)


async def test_every_wrong_address_is_the_same_404(house: House) -> None:
    person, other = await a_person(house.store), await a_person(house.store)
    path = path_of(house, person)
    secret = path.rpartition("/")[2]
    keys = Keys(house.settings.secret)
    nobody_knows = an_id()
    wrong = [
        path.replace(secret, "0" * 64),
        path.replace(secret, secret[1:]),
        path.replace(secret, "é"),
        path.replace(str(person), str(other)),
        path.replace(str(person), "nobody"),
        path.replace("/reminder/", "/feedback-ready/"),
        path.replace("/reminder/", "/invitation/"),
        f"/letters/off/{person}/invitation/{keys.wish_token(str(person), 'invitation')}",
        f"/letters/off/nobody/reminder/{keys.wish_token('nobody', 'reminder')}",
    ]
    nobody = await house.visitor()
    told = set()
    for each in wrong:
        for path_ in (each, each.replace("/off/", "/on/")):
            answer = await nobody.post(path_, data=ONE_CLICK)
            told.add((answer.status_code, answer.text.replace(path_, "")))
        answer = await nobody.get(each)
        told.add((answer.status_code, answer.text.replace(each, "")))
    assert [status for status, _ in told] == [404]
    gone = f"/letters/off/{nobody_knows}/reminder/{keys.wish_token(str(nobody_knows), 'reminder')}"
    assert (await nobody.post(gone)).status_code == 404
    rows = await house.store.read(lambda db: db.scalars(select(Wish)).all())
    assert list(rows) == []


async def test_the_secret_of_one_kind_person_or_purpose_opens_no_other(house: House) -> None:
    keys, person = Keys(house.settings.secret), str(an_id())
    tokens = {keys.wish_token(person, kind) for kind in Kind} | {keys.wish_token(str(an_id()), "reminder")}
    tokens |= {keys.feed_token(person, 0), Keys("another secret").wish_token(person, "reminder")}
    assert len(tokens) == len(Kind) + 3
    assert all(len(bytes.fromhex(token)) * 8 >= 128 for token in tokens)


async def test_whoever_turned_the_weekly_letter_off_gets_it_again_by_choosing_it(house: House) -> None:
    made = await a_cohort(house.store)
    amara = await house.as_(made.people[0])
    await amara.send_form("/me/letters", {**USUAL, "feedback-ready": "digest"})
    await from_a_mail_program(house, path_of(house, made.people[0], Kind.WEEKLY))
    wishes = await wishes_of(house, made.people[0])
    assert how(Kind.FEEDBACK_READY, wishes) is How.OFF
    page = (await amara.get("/me/letters")).text
    assert re.search(r'name="feedback-ready" value="off" checked', page)
    await amara.send_form("/me/letters", {**USUAL, "feedback-ready": "digest"})
    assert await wishes_of(house, made.people[0]) == {"feedback-ready": "digest"}
