"""Signed-in browsers: a token of their own, forms from our own pages only, words that survive a sign-out."""

import re
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.builders import a_person
from tests.house import Browser, House, settings_for
from tests.people.test_sign_in import AMARA, ask, newest, request_of, sessions_of
from threefold.app import build_app
from threefold.core.identity import token_digest
from threefold.store.engine import Store
from threefold.store.tables import Deed, Person, metadata
from threefold.web.security import Keys

DETAILS = {"name": "Amara O.", "pronouns": "she/her", "zone": "", "calendar": "invitations"}


async def signs_in(house: House, browser: Browser, email: str = AMARA, destination: str = "/") -> httpx.Response:
    """Through the front door: ask, open the letter, press the button, take the form token over."""
    await ask(browser, email=email, destination=destination)
    answer = await browser.send_form((await newest(house, email)).link)
    browser.form_token = Keys(house.settings.secret).form_token(browser.cookies["threefold"])
    return answer


# --- tokens and cookies -------------------------------------------------------------------------------------


async def test_signing_in_makes_a_new_token_and_ends_the_one_this_browser_had(house: House) -> None:
    person = await a_person(house.store, "Amara Okafor", email=AMARA)
    browser = await house.visitor()
    await signs_in(house, browser)
    first = browser.cookies["threefold"]
    house.later(minutes=1)
    await signs_in(house, browser)
    second = browser.cookies["threefold"]
    assert first != second
    assert [row.ended_at is None for row in await sessions_of(house, person)] == [False, True]
    stale = await house.visitor(cookie=f"threefold={first}")
    assert (await stale.get("/me")).headers["location"] == "/sign-in?next=/me"


async def test_a_token_somebody_brings_along_is_never_taken_over(house: House) -> None:
    person = await a_person(house.store, "Amara Okafor", email=AMARA)
    planted = "p" * 43
    browser = await house.visitor()
    browser.cookies.set("threefold", planted)
    await ask(browser)
    answer = await browser.send_form((await newest(house)).link)
    (given,) = [c for c in answer.headers.get_list("set-cookie") if c.startswith("threefold=")]
    assert planted not in given
    assert [row.token_digest == token_digest(planted) for row in await sessions_of(house, person)] == [False]


async def test_the_cookie_is_out_of_reach_of_scripts_and_of_other_sites(house: House) -> None:
    await a_person(house.store, "Amara Okafor", email=AMARA)
    answer = await signs_in(house, await house.visitor())
    (cookie,) = [c for c in answer.headers.get_list("set-cookie") if c.startswith("threefold=")]
    assert re.fullmatch(r"threefold=[\w-]{43}; HttpOnly; Max-Age=5184000; Path=/; SameSite=lax", cookie)


async def test_over_tls_the_cookie_is_bound_to_this_host(house: House) -> None:
    settings = settings_for(house.settings.data_folder, base_url="https://practice.example.org", plain_http=False)
    other = House(app=house.app, store=house.store, settings=settings)
    other.app = build_app(settings, house.store, clock=lambda: other.now)
    await a_person(house.store, "Amara Okafor", email=AMARA)
    async with other._stack:
        browser = await other.visitor(origin="https://practice.example.org")
        await ask(browser)
        answer = await browser.send_form((await newest(other)).link)
    (cookie,) = [c for c in answer.headers.get_list("set-cookie") if c.startswith("__Host-threefold=")]
    assert cookie.endswith("; HttpOnly; Max-Age=5184000; Path=/; SameSite=lax; Secure")


async def test_no_token_or_code_that_still_works_can_be_read_in_the_database(house: House) -> None:
    await a_person(house.store, "Amara Okafor", email=AMARA)
    browser = await house.visitor()
    asked = await ask(browser)
    letter = await newest(house)
    await browser.send_form(letter.link)
    dump = await everything(house.store)
    for secret in (
        browser.cookies["threefold"],
        letter.link.rpartition("/")[2],
        letter.code,
        letter.code.replace(" ", ""),
        house.settings.secret,
    ):
        assert secret.encode() not in dump
    assert request_of(asked).encode() in dump or request_of(asked).replace("-", "").encode() in dump


async def everything(store: Store) -> bytes:
    """Every value of every row, as a thief of the database would read it."""

    def work(db: Session) -> bytes:
        values = (
            value for table in metadata.sorted_tables for row in db.execute(table.select()).all() for value in row
        )
        return b"\n".join(value if isinstance(value, bytes) else str(value).encode() for value in values)

    return await store.read(work)


# --- forms from our own pages -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none"},
        {"origin": "https://evil.example", "sec-fetch-site": ""},
    ],
)
async def test_a_form_sent_from_another_site_is_turned_away(house: House, headers: dict[str, str]) -> None:
    person = await a_person(house.store, "Amara Okafor", email=AMARA)
    browser = await house.as_(person)
    assert (await browser.send_form("/me", DETAILS, headers=headers)).status_code == 403
    assert (await house.store.read(lambda db: db.get_one(Person, person).name)) == "Amara Okafor"
    await ask(await house.visitor())
    link = (await newest(house)).link
    assert (await (await house.visitor()).send_form(link, headers=headers)).status_code == 403
    assert "Sign in as Amara" in (await (await house.visitor()).get(link)).text


async def test_without_a_token_or_with_another_sessions_token_nothing_is_changed_and_the_words_are_kept(
    house: House,
) -> None:
    person = await a_person(house.store, "Amara Okafor", email=AMARA)
    browser, other = await house.as_(person), await house.as_(person)
    for token in ("", "0" * 40, other.form_token):
        browser.form_token = token
        answer = await browser.send_form("/me", DETAILS)
        assert answer.status_code == 403
        assert "Amara O." in answer.text
    assert (await house.store.read(lambda db: db.get_one(Person, person).name)) == "Amara Okafor"


# --- words sent while signed out ----------------------------------------------------------------------------


async def test_words_sent_after_the_session_ended_come_back_after_signing_in_and_can_be_sent(house: House) -> None:
    person = await a_person(house.store, "Amara Okafor", email=AMARA)
    browser = await house.visitor()
    await signs_in(house, browser)
    house.later(days=15)

    sent = await browser.send_form("/me", DETAILS)
    assert sent.status_code == 303
    where = sent.headers["location"]
    kept = where.removeprefix("/sign-in?next=")
    assert re.fullmatch(r"/kept/[0-9a-f-]{36}", kept)
    shown = await browser.get(where)
    assert f'<input type="hidden" name="next" value="{kept}">' in shown.text

    back = await signs_in(house, browser, destination=kept)
    assert back.headers["location"] == kept
    page = await browser.get(kept)
    assert page.status_code == 200
    assert "<h1>Your words are still here</h1>" in page.text
    assert 'method="post" action="/me"' in page.text
    fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page.text))
    assert fields == {**DETAILS, "_token": browser.form_token}
    resent = await browser.send_form("/me", {name: value for name, value in fields.items() if name != "_token"})
    assert resent.headers["location"] == "/me?done=saved"
    assert (await house.store.read(lambda db: db.get_one(Person, person).name)) == "Amara O."


async def test_kept_words_are_for_the_browser_that_typed_them_and_for_a_day(house: House) -> None:
    await a_person(house.store, "Amara Okafor", email=AMARA)
    browser = await house.visitor()
    kept = (await browser.send_form("/me", DETAILS)).headers["location"].removeprefix("/sign-in?next=")
    other = await house.as_(await a_person(house.store, "Kit Thomas"))
    assert (await other.get(kept)).status_code == 404
    assert "Amara O." not in (await other.get(kept)).text
    await signs_in(house, browser)
    assert (await browser.get(kept)).status_code == 200
    house.later(hours=24)
    assert (await browser.get(kept)).status_code == 404


# --- signing out --------------------------------------------------------------------------------------------


async def test_signing_out_ends_the_session_at_once_for_good(house: House) -> None:
    person = await a_person(house.store, "Amara Okafor", email=AMARA)
    browser = await house.as_(person)
    token = browser.cookies["threefold"]
    answer = await browser.send_form("/sign-out")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    assert answer.headers["set-cookie"] == 'threefold=""; HttpOnly; Max-Age=0; Path=/; SameSite=lax'
    assert (await (await house.visitor(cookie=f"threefold={token}")).get("/me")).status_code == 303
    assert (await browser.send_form("/sign-out")).status_code == 303
    verbs = await house.store.read(lambda db: db.scalars(select(Deed.verb)).all())
    assert list(verbs) == ["signed-out"]


async def test_another_browser_can_be_signed_out_from_here_and_nobody_elses_can(house: House) -> None:
    person = await a_person(house.store, "Amara Okafor")
    here, there = await house.as_(person), await house.as_(person)
    stranger = await house.as_(await a_person(house.store, "Kit Thomas"))
    rows = await sessions_of(house, person)
    there_id = next(r.id for r in rows if r.token_digest == token_digest(there.cookies["threefold"]))

    foreign = await stranger.send_form(f"/me/browsers/{there_id}/sign-out")
    missing = await stranger.send_form("/me/browsers/01a5ffff-0000-7000-8000-000000000000/sign-out")
    assert (foreign.status_code, foreign.text.replace(str(there_id), "")) == (
        404,
        missing.text.replace("01a5ffff-0000-7000-8000-000000000000", ""),
    )
    assert (await there.get("/me")).status_code == 200

    page = (await here.get("/me")).text
    assert f'action="/me/browsers/{there_id}/sign-out"' in page
    assert page.count("Sign out there") == 1
    done = await here.send_form(f"/me/browsers/{there_id}/sign-out")
    assert done.headers["location"] == "/me?done=signed-out-there"
    assert "That browser is signed out." in (await here.get("/me?done=signed-out-there")).text
    assert (await there.get("/me")).status_code == 303
    assert (await here.get("/me")).status_code == 200


async def test_signing_out_everywhere_ends_every_browser_and_every_link_on_its_way(house: House) -> None:
    person = await a_person(house.store, "Amara Okafor", email=AMARA)
    browsers = [await house.as_(person) for _ in range(3)]
    await ask(await house.visitor())
    link = (await newest(house)).link
    stranger = await house.as_(await a_person(house.store, "Kit Thomas"))
    assert (await browsers[0].send_form("/me/browsers/sign-out")).headers["location"] == "/sign-in"
    for browser in browsers:
        assert (await browser.get("/me")).status_code == 303
    assert "had its day" in (await browsers[1].get(link)).text
    assert (await stranger.get("/me")).status_code == 200


@pytest.mark.parametrize(("after", "signed_in"), [(timedelta(days=13), True), (timedelta(days=14), False)])
async def test_a_browser_left_alone_for_two_weeks_is_signed_out(
    house: House, after: timedelta, *, signed_in: bool
) -> None:
    browser = await house.as_(await a_person(house.store, "Amara Okafor"))
    house.now += after
    assert ((await browser.get("/me")).status_code == 200) is signed_in


async def test_a_session_remembers_its_browser_in_our_own_words(house: House) -> None:
    person = await a_person(house.store, "Amara Okafor", email=AMARA)
    agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0 <script>"
    await signs_in(house, await house.visitor(**{"user-agent": agent}))
    assert [row.browser for row in await sessions_of(house, person)] == ["Firefox on Linux"]
