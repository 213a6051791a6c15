"""What every answer wears, what no request can do, and what the logs never hold."""

import io
import json
import logging
import re
import sqlite3
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
from litestar import get, post
from sqlalchemy import select, text

from tests.builders import a_cohort, a_person, an_id
from tests.house import Browser, House, settings_for
from tests.people.test_sign_in import AMARA, ask, newest
from tests.web.test_rights import NUMBERS, ways
from threefold.app import MOST_BYTES, build_app
from threefold.logs import Log, start_logging
from threefold.store.engine import Store
from threefold.store.tables import Person
from threefold.web.addresses import local_path
from threefold.web.security import HSTS
from threefold.web.visit import Answer, Visited, open_to_all, signed_in

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-src 'self'; manifest-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; "
    "require-trusted-types-for 'script'"
)
WORN = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=()",
}
DETAILS = {"name": "Amara O.", "pronouns": "she/her", "zone": "", "calendar": "invitations"}


@get("/breaks", **open_to_all)
async def breaks(visit: Visited) -> Answer:
    planted = visit.request.query_params.get("words", "")
    raise RuntimeError(f"something nobody foresaw about {planted}")


@post("/breaks-inside", **signed_in)
async def breaks_inside(visit: Visited) -> Answer:
    words = (await visit.form()).get("words")
    await visit.write(
        lambda db, _me: db.execute(text("SELECT name FROM no_such_table WHERE name = :words"), {"words": words})
    )
    return visit.go("/")


@pytest.fixture
def kind() -> str:
    """None of this depends on the database; it is asked of one."""
    return "sqlite"


@pytest.fixture
async def amara(house: House) -> Browser:
    return await house.as_(await a_person(house.store, "Amara Okafor", email=AMARA))


async def too_much() -> AsyncIterator[bytes]:
    for _ in range(MOST_BYTES // 100_000 + 2):
        yield b"a" * 100_000


# --- headers --------------------------------------------------------------------------------------------------


async def every_kind_of_answer(house: House, amara: Browser) -> dict[str, httpx.Response]:
    """One answer of each kind the service gives, by what it is."""
    house.app.register(breaks)
    built = await a_cohort(house.store)
    visitor, trainee, tutor = await house.visitor(), await house.as_(built.people[0]), await house.as_(built.tutors[0])
    page = await visitor.get("/sign-in")
    address = re.search(r'href="(/static/[^"]+\.css)"', page.text)
    assert address
    seat = built.seats[1][built.members[0]]
    kept = await tutor.get(f"/cohorts/{built.cohort}")
    return {
        "200 open to all": page,
        "200 signed in": await amara.get("/me"),
        "200 kept page": kept,
        "304": await tutor.get(f"/cohorts/{built.cohort}", headers={"if-none-match": kept.headers["etag"]}),
        "200 calendar": await trainee.get(f"/seats/{seat}/invitation.ics"),
        "200 static": await visitor.get(address[1]),
        "200 health": await visitor.get("/health/ready"),
        "303 sign in first": await visitor.get("/me"),
        "303 done": await amara.send_form("/me", DETAILS),
        "403 another site": await amara.send_form("/me", DETAILS, headers={"sec-fetch-site": "cross-site"}),
        "403 no token": await amara.post("/me", data=DETAILS),
        "404 no such address": await visitor.get("/no/such/address"),
        "404 not yours": await amara.get(f"/cohorts/{built.cohort}"),
        "404 no id": await amara.get("/cohorts/not-an-id"),
        "404 static": await visitor.get("/static/0/none.css"),
        "405": await visitor.send_form("/help"),
        "413": await amara.send_form("/me", {**DETAILS, "name": "a" * MOST_BYTES}),
        "422": await amara.send_form("/me", {**DETAILS, "name": ""}),
        "500": await visitor.get("/breaks"),
    }


async def test_every_answer_wears_the_headers_and_has_the_status_it_should(house: House, amara: Browser) -> None:
    for name, answer in (await every_kind_of_answer(house, amara)).items():
        assert str(answer.status_code) == name[:3], name
        assert {header: answer.headers.get(header) for header in WORN} == WORN, name
        assert all(len(answer.headers.get_list(header)) == 1 for header in WORN), name
        assert "strict-transport-security" not in answer.headers, name
        assert "server" not in answer.headers, name
        if answer.headers.get("content-type", "").startswith("text/html"):
            assert answer.headers["content-type"] == "text/html; charset=utf-8", name
            assert answer.headers["cache-control"] in {"no-store", "private, no-store", "private, no-cache"}, name


def test_the_policy_allows_nothing_inline_and_nothing_from_elsewhere() -> None:
    for word in ("unsafe", "nonce", "http", "*", "blob"):
        assert word not in POLICY


async def test_pages_hold_nothing_the_policy_would_stop(house: House, amara: Browser) -> None:
    for name, answer in (await every_kind_of_answer(house, amara)).items():
        if answer.headers.get("content-type", "").startswith("text/html"):
            assert not re.search(r"<style|<script(?! type=\"module\" src=\"/static/)|\sstyle=|\son\w+=", answer.text), (
                name
            )


# --- over TLS -------------------------------------------------------------------------------------------------

SAFE = "https://practice.example.org"


@pytest.fixture
async def over_tls(house: House) -> AsyncIterator[House]:
    settings = settings_for(house.settings.data_folder, base_url=SAFE, plain_http=False)
    other = House(app=house.app, store=house.store, settings=settings)
    other.app = build_app(settings, house.store, clock=lambda: other.now)
    async with other._stack:
        yield other


async def test_over_tls_every_cookie_is_bound_to_this_host_and_out_of_reach(over_tls: House) -> None:
    await a_person(over_tls.store, "Amara Okafor", email=AMARA)
    browser = await over_tls.visitor(origin=SAFE)
    answers = [
        await ask(browser),
        await browser.send_form((await newest(over_tls)).link),
        await browser.send_form("/sign-out"),
        await (await over_tls.visitor(origin=SAFE)).send_form("/me", DETAILS),
    ]
    cookies = [cookie for answer in answers for cookie in answer.headers.get_list("set-cookie")]
    for cookie in cookies:
        assert re.fullmatch(
            r'__Host-[\w-]+=("")?[\w.=-]*; HttpOnly; Max-Age=\d+; Path=/; SameSite=lax; Secure', cookie
        ), cookie
    assert {cookie.partition("=")[0] for cookie in cookies} == {
        "__Host-threefold",
        "__Host-threefold-asked",
        "__Host-threefold-kept",
    }


async def test_over_tls_every_answer_asks_for_tls_from_now_on(over_tls: House) -> None:
    visitor = await over_tls.visitor(origin=SAFE)
    for path in ("/sign-in", "/me", "/no/such/address", "/health/live"):
        assert (await visitor.get(path)).headers["strict-transport-security"] == HSTS


# --- forms come from our own pages ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none"},
        {"sec-fetch-site": "cross-site", "origin": "null"},
    ],
)
async def test_no_route_takes_a_form_from_another_site(house: House, amara: Browser, headers: dict[str, str]) -> None:
    answers = {
        str(way): (await amara.post(way.pattern.format_map(Anything()), data={}, headers=headers)).status_code
        for way in ways(house.app)
        if way.method == "POST" and way.right != "by secret"  # mail programs send these, from no page at all
    }
    assert set(answers.values()) == {403}


class Anything(dict[str, str]):
    """An id for every name; the question comes before anything is looked up."""

    def __missing__(self, name: str) -> str:
        return str(NUMBERS.get(name) or an_id())


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:8000.evil.example", "", None])
async def test_an_old_browser_is_asked_where_its_form_comes_from(house: House, origin: str | None) -> None:
    old = await house.as_(await a_person(house.store, "Amara Okafor"))
    del old.headers["sec-fetch-site"], old.headers["origin"]
    assert (
        await old.send_form("/me", DETAILS, headers={} if origin is None else {"origin": origin})
    ).status_code == 403
    own = await old.send_form("/me", DETAILS, headers={"origin": house.settings.base_url})
    assert own.headers["location"] == "/me?done=saved"


@pytest.mark.parametrize("token", [None, "", "0" * 40, "a foreign one", "é"])
async def test_a_form_without_this_sessions_token_comes_back_with_its_words_and_a_fresh_token(
    house: House, amara: Browser, token: str | None
) -> None:
    other = await house.as_(await a_person(house.store, "Kit Thomas"))
    sent = {**DETAILS, "name": 'Amara "<b>O</b>"', **({} if token is None else {"_token": token})}
    if token == "a foreign one":
        sent["_token"] = other.form_token
    answer = await amara.post("/me", data=sent)
    assert answer.status_code == 403
    assert "<h1>This page had been open for a while</h1>" in answer.text
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', answer.text))
    assert hidden == {
        **DETAILS,
        "name": "Amara &#34;&lt;b&gt;O&lt;/b&gt;&#34;",
        "_token": amara.form_token,
    }
    again = await amara.post("/me", data={**DETAILS, "_token": hidden["_token"]})
    assert again.headers["location"] == "/me?done=saved"


# --- too much, and the strange --------------------------------------------------------------------------------


async def test_a_body_too_large_is_413_whether_or_not_it_says_so_beforehand(amara: Browser) -> None:
    kind = {"content-type": "application/x-www-form-urlencoded"}
    for content in (b"name=" + b"a" * MOST_BYTES, too_much()):
        answer = await amara.post("/me", content=content, headers=kind)
        assert (answer.status_code, "up to 2 MB" in answer.text) == (413, True)
    answer = await amara.post("/me", files={"file": ("list.csv", b"a" * (MOST_BYTES + 1))})
    assert answer.status_code == 413


async def test_a_hundred_thousand_fields_are_no_trouble(house: House, amara: Browser) -> None:
    many = "&".join([f"_token={amara.form_token}", *(f"f{n}=" for n in range(100_000)), "name=Amara"])
    answer = await amara.post("/me", content=many, headers={"content-type": "application/x-www-form-urlencoded"})
    assert answer.status_code == 413
    assert await house.store.read(lambda db: db.scalars(select(Person.name)).all()) == ["Amara Okafor"]


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"\xff\xfe%ff%zz&&&=&;", "application/x-www-form-urlencoded"),
        (b"not a boundary in sight", "multipart/form-data; boundary=x"),
        (b"anything", "multipart/form-data"),
        (b"[" * 50_000, "application/json"),
        (b"\x00\x01", "application/octet-stream"),
        (b"name=%00%0d%0aSet-Cookie: a=b", "application/x-www-form-urlencoded; charset=utf-16"),
    ],
)
async def test_a_body_that_is_no_form_gets_a_calm_answer(amara: Browser, content: bytes, kind: str) -> None:
    answer = await amara.post("/me", content=content, headers={"content-type": kind})
    assert answer.status_code in {400, 403}
    assert "<h1>" in answer.text
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "path",
    [
        "../../pyproject.toml",
        "..%2f..%2fpyproject.toml",
        "%2e%2e/%2e%2e/pyproject.toml",
        "%2e%2e%2f%2e%2e%2fbase.html",
        "..%5cbase.html",
        "/etc/passwd",
        "%2fetc%2fpasswd",
        "threefold.css%00.svg",
        "%00",
        "",
        ".",
        "%c0%ae%c0%ae/base.html",
    ],
)
async def test_static_files_are_those_of_the_list_and_no_others(house: House, path: str) -> None:
    visitor = await house.visitor()
    version = re.search(r"/static/(\w+)/", (await visitor.get("/sign-in")).text)
    assert version
    answer = await visitor.get(httpx.URL(house.settings.base_url, raw_path=f"/static/{version[1]}/{path}".encode()))
    assert answer.status_code == 404
    assert "<h1>There’s nothing here for you</h1>" in answer.text


async def test_where_a_request_says_it_came_to_never_reaches_a_link(house: House) -> None:
    await a_person(house.store, "Amara Okafor", email=AMARA)
    spoofed = {
        "host": "evil.example",
        "x-forwarded-host": "evil.example",
        "x-forwarded-proto": "https",
        "forwarded": "host=evil.example",
        "x-original-url": "/cohorts",
    }
    visitor = await house.visitor(**spoofed)
    answers = [
        await visitor.get("/sign-in"),
        await visitor.get("/me"),
        await visitor.get("/nowhere"),
        await ask(visitor),
    ]
    letter = await newest(house)
    assert f"{house.settings.base_url}/sign-in/link/" in letter.text
    for said in (letter.text, letter.html, *(answer.text + str(answer.headers) for answer in answers)):
        assert "evil.example" not in said
    assert answers[1].headers["location"] == "/sign-in?next=/me"


@pytest.mark.parametrize(
    "trick",
    [
        "https://evil.example",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "javascript:alert(1)",
        "data:text/html,x",
        "evil.example",
        "",
        "/ok\r\nset-cookie: a=b",
        "/ok\x00",
        "/%00\x7f",
    ],
)
async def test_next_leads_to_pages_of_ours_only(amara: Browser, trick: str) -> None:
    assert local_path(trick) == "/"
    assert (await amara.get("/sign-in", params={"next": trick})).headers["location"] == "/"


def test_a_path_of_ours_is_left_as_it_is() -> None:
    for path in ("/", "/me?done=saved", "/kept/0192", "/calendar?replaced=yes#feed", "/x?next=https://evil.example"):
        assert local_path(path) == path


# --- ends that nobody hoped for -------------------------------------------------------------------------------


async def test_an_unknown_address_and_a_wrong_method_get_a_page(house: House) -> None:
    visitor = await house.visitor()
    unknown = await visitor.get("/wp-login.php")
    assert (unknown.status_code, "<h1>There’s nothing here for you</h1>" in unknown.text) == (404, True)
    for method, path in (("POST", "/help"), ("PUT", "/me"), ("DELETE", "/cohorts"), ("TRACE", "/me"), ("PATCH", "/")):
        answer = await visitor.request(method, path)
        assert (answer.status_code, "<h1>That address doesn’t take this</h1>" in answer.text) == (405, True), method
        assert "GET" in answer.headers["allow"]


async def test_an_error_nobody_foresaw_gets_a_calm_page_that_gives_nothing_away(house: House, amara: Browser) -> None:
    house.app.register(breaks)
    house.app.register(breaks_inside)
    for answer in (
        await amara.get("/breaks", params={"words": "canary"}),
        await amara.send_form("/breaks-inside", {"words": "canary"}),
    ):
        assert (answer.status_code, "<h1>Something went wrong on our side</h1>" in answer.text) == (500, True)
        for given_away in ("canary", "Traceback", "RuntimeError", "OperationalError", ".py", "SELECT"):
            assert given_away not in answer.text


async def test_a_database_that_is_held_gives_503_with_every_word_and_goes_on_reading(
    database_url: str, tmp_path: Path
) -> None:
    settings = settings_for(tmp_path)
    store = Store.open(database_url, patience_seconds=0.05)
    house = House(build_app(settings, store, clock=lambda: house.now), store, settings)
    try:
        browser = await house.as_(await a_person(store, "Amara Okafor"))
        holder = sqlite3.connect(database_url.removeprefix("sqlite:///"), isolation_level=None)
        holder.execute("BEGIN EXCLUSIVE")
        held = await browser.send_form("/me", {**DETAILS, "pronouns": "all my words"})
        assert (held.status_code, held.headers["retry-after"]) == (503, "5")
        assert "<h1>We couldn’t save just now</h1>" in held.text
        hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', held.text))
        assert hidden == {**DETAILS, "pronouns": "all my words", "_token": browser.form_token}
        assert (await browser.get("/me")).status_code == 200
        holder.execute("ROLLBACK")
        holder.close()
        assert (await browser.send_form("/me", hidden)).headers["location"] == "/me?done=saved"
    finally:
        store.close_now()


async def test_a_page_that_cannot_be_read_just_now_says_nothing_about_words(house: House, amara: Browser) -> None:
    house.store.close_now()
    answer = await amara.get("/me")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert "<h1>This page can’t be shown just now</h1>" in answer.text
    assert "words" not in answer.text


async def test_health_says_whether_the_service_lives_and_is_ready(house: House) -> None:
    visitor = await house.visitor()
    live, ready = await visitor.get("/health/live"), await visitor.get("/health/ready")
    assert (live.status_code, live.json()) == (200, {"status": "live"})
    assert (ready.status_code, ready.json()) == (200, {"status": "ready"})
    house.store.close_now()
    live, ready = await visitor.get("/health/live"), await visitor.get("/health/ready")
    assert (live.status_code, live.json()) == (200, {"status": "live"})
    assert (ready.status_code, ready.json()) == (503, {"status": "the database does not answer"})


# --- logs -----------------------------------------------------------------------------------------------------


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """What is logged from here on, as the service logs it."""
    root, ours, stream = logging.getLogger(), logging.getLogger("threefold"), io.StringIO()
    before, level, our_level = root.handlers[:], root.level, ours.level
    root.handlers.clear()
    start_logging(stream)
    yield stream
    root.handlers[:] = before
    root.setLevel(level)
    ours.setLevel(our_level)


async def test_no_token_address_name_or_word_reaches_the_logs(house: House, logged: io.StringIO) -> None:
    house.app.register(breaks)
    house.app.register(breaks_inside)
    person = await a_person(house.store, "Canary Surname", email="canary.address@example.org")
    browser = await house.as_(person)
    await ask(browser, email="canary.address@example.org")
    letter = await newest(house, "canary.address@example.org")
    link, token = letter.link, browser.cookies["threefold"]
    calendar = re.search(r"(/calendar/feed/[^\"<]+practice\.ics)", (await browser.get("/calendar")).text)
    for path in (
        link,
        "/me?words=canary-words",
        "/canary-path",
        "/breaks?words=canary-words",
        calendar and calendar[1],
    ):
        await browser.get(path or "")
    await browser.send_form("/me", {**DETAILS, "name": "canary-words"})
    await browser.send_form("/me", {**DETAILS, "name": ""})
    await browser.send_form("/breaks-inside", {"words": "canary-words"})
    await (await house.visitor()).send_form(link)
    logging.getLogger("threefold.store").error("our own sentence about %s", "a file")
    logging.getLogger("sqlalchemy").warning("about canary-words")
    try:
        int("canary-words")
    except ValueError:
        logging.getLogger("anybody").exception("canary-words")
        Log("threefold").exception("our own words", kind="a fact")

    lines = [json.loads(line) for line in logged.getvalue().splitlines()]
    said = logged.getvalue().lower()
    secrets = [token, browser.form_token, letter.code, link.rpartition("/")[2]]
    for planted in ("canary", "surname", "example.org", str(person), house.settings.secret, *secrets):
        assert planted.lower() not in said
    assert [line["event"] for line in lines if line["event"] != "answered"] == [
        "unforeseen",
        "unforeseen",
        "our own sentence about a file",
        "a library spoke up",
        "a library spoke up",
        "our own words",
    ]
    unforeseen = next(line for line in lines if line["event"] == "unforeseen")
    assert (unforeseen["route"], unforeseen["kind"]) == ("/breaks", "RuntimeError")
    assert unforeseen["raised"][0]["through"][-1].endswith(" breaks")
    assert {line["route"] for line in lines if line.get("status") == 303} >= {
        "/me",
        "/sign-in",
        "/sign-in/link/{token}",
    }
