"""Signing in by a mailed link or its code: single use, one quarter of an hour, and no word about who is known here."""

import re
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.builders import a_person
from tests.house import Browser, House
from threefold.store.tables import Letter, Person, SignInRequest, SignInSession

AMARA = "amara.okafor@example.org"
A_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")


@dataclass(frozen=True)
class Mailed:
    """What stands in a sign-in letter."""

    subject: str
    text: str
    html: str
    link: str
    code: str


async def letters_to(house: House, address: str) -> list[Mailed]:
    """Every sign-in letter waiting for an address, oldest first."""
    rows = await house.store.read(
        lambda db: db.scalars(select(Letter.message).where(Letter.recipient == address).order_by(Letter.id)).all()
    )
    return [read_letter(row) for row in rows if row]


def read_letter(raw: bytes) -> Mailed:
    message = message_from_bytes(raw, policy=default)
    assert isinstance(message, EmailMessage)
    text, html = (message.get_body((kind,)) for kind in ("plain", "html"))
    assert text is not None
    assert html is not None
    words = text.get_content().replace("\r\n", "\n")
    (link,) = re.findall(r"https?://\S+", words)
    (code,) = re.findall(r"\b\d{3} \d{3}\b", words)
    return Mailed(message["subject"], words, html.get_content(), link.removeprefix(house_address(link)), code)


def house_address(link: str) -> str:
    return link[: link.index("/sign-in/")]


async def ask(browser: Browser, email: str = AMARA, destination: str = "/") -> httpx.Response:
    return await browser.send_form("/sign-in", {"email": email, "next": destination})


async def newest(house: House, address: str = AMARA) -> Mailed:
    return (await letters_to(house, address))[-1]


def request_of(answer: httpx.Response) -> str:
    return answer.headers["location"].removeprefix("/sign-in/check?request=")


async def sessions_of(house: House, person: UUID) -> list[SignInSession]:
    return list(
        await house.store.read(
            lambda db: db.scalars(
                select(SignInSession).where(SignInSession.person_id == person).order_by(SignInSession.id)
            ).all()
        )
    )


async def fingerprint(house: House) -> list[object]:
    """Everything about requests and sessions that opening a link might have changed."""
    return await house.store.read(
        lambda db: [
            *((r.id, r.spent_at, r.expires_at, r.wrong_codes) for r in db.scalars(select(SignInRequest))),
            *((s.id, s.ended_at, s.seen_at) for s in db.scalars(select(SignInSession))),
        ]
    )


# --- the letter ---------------------------------------------------------------------------------------------


async def test_the_letter_has_one_link_and_a_code_in_text_and_in_html(house: House) -> None:
    await a_person(house.store, "Amara Okafor", email=AMARA)
    asked = await ask(await house.visitor(), destination="/calendar")
    assert asked.status_code == 303

    letter = await newest(house)
    assert letter.subject == f"Your sign-in link and code: {letter.code}"
    assert len(letter.subject) <= 60
    assert letter.text.startswith("Hello Amara,\n\nHere is your link to sign in, and a code. Either works.\n")
    assert f"Or type this code on the page where you asked: {letter.code}\n" in letter.text
    assert "Both work once, until 13:15 UK time." in letter.text
    assert re.findall(r'href="([^"]+)"', letter.html) == [f"{house.settings.base_url}{letter.link}"]
    assert letter.code in letter.html
    assert "<img" not in letter.html
    assert "!" not in letter.text
    assert re.fullmatch(r"/sign-in/link/[\w-]{43}", letter.link)


async def test_the_letter_waits_no_longer_than_its_link_works(house: House) -> None:
    person = await a_person(house.store, "Amara Okafor", email=AMARA)
    asked = await ask(await house.visitor())
    row = await house.store.read(lambda db: db.scalars(select(Letter)).one())
    assert (row.once, row.lane) == (f"sign-in:{request_of(asked)}", f"sign-in:{person}")
    assert row.expires_at is not None
    assert (row.expires_at - house.now).total_seconds() == 15 * 60


async def test_a_fresh_request_takes_back_a_letter_that_has_not_left_and_ends_its_link(house: House) -> None:
    await a_person(house.store, "Amara Okafor", email=AMARA)
    browser = await house.visitor()
    await ask(browser)
    first = await newest(house)
    house.later(minutes=1)
    await ask(browser, email="Amara.Okafor@EXAMPLE.org")
    assert len(await letters_to(house, AMARA)) == 1
    assert "had its day" in (await browser.get(first.link)).text
    assert "Sign in as Amara" in (await browser.get((await newest(house)).link)).text


# --- the link -----------------------------------------------------------------------------------------------


async def test_opening_the_link_any_number_of_times_changes_nothing_and_the_button_signs_in_once(house: House) -> None:
    person = await a_person(house.store, "Amara Okafor", email=AMARA)
    browser = await house.visitor()
    await ask(browser, destination="/calendar?from=mail")
    link = (await newest(house)).link

    before = await fingerprint(house)
    scanner = await house.visitor()
    for _ in range(3):
        opened = await scanner.get(link)
        assert opened.status_code == 200
        assert "Sign in as Amara" in opened.text
        assert (await scanner.head(link)).status_code == 200
    assert await fingerprint(house) == before
    assert AMARA not in opened.text

    used = await browser.send_form(link)
    assert (used.status_code, used.headers["location"]) == (303, "/calendar?from=mail")
    again = await scanner.send_form(link)
    assert again.status_code == 200
    assert "This link has had its day" in again.text
    assert len(await sessions_of(house, person)) == 1
    assert (await browser.get("/me")).status_code == 200
    assert (await scanner.get("/me")).headers["location"] == "/sign-in?next=/me"


async def test_no_script_presses_the_button(house: House) -> None:
    await a_person(house.store, "Amara Okafor", email=AMARA)
    browser = await house.visitor()
    await ask(browser)
    page = await browser.get((await newest(house)).link)
    assert "<script>" not in page.text
    assert not re.search(r"\son\w+=", page.text)
    scripts = {
        address: (await browser.get(address)).text for address in re.findall(r'<script[^>]+src="([^"]+)"', page.text)
    }
    assert [address for address, words in scripts.items() if re.search(r"\.(requestSubmit|submit)\(", words)] == []


async def test_a_spent_link_opened_again_by_whoever_it_signed_in_goes_on_to_their_page(house: House) -> None:
    await a_person(house.store, "Amara Okafor", email=AMARA)
    browser = await house.visitor()
    await ask(browser, destination="/calendar")
    link = (await newest(house)).link
    await browser.send_form(link)
    assert (await browser.get(link)).headers["location"] == "/calendar"
    assert (await browser.send_form(link)).headers["location"] == "/calendar"


async def test_an_expired_link_offers_a_fresh_one_with_address_and_destination_filled_in(house: House) -> None:
    await a_person(house.store, "Amara Okafor", email=AMARA)
    browser = await house.visitor()
    await ask(browser, destination="/calendar")
    old = await newest(house)
    house.later(minutes=15)

    page = await browser.get(old.link)
    assert page.status_code == 200
    assert "<h1>This link has had its day</h1>" in page.text
    assert f'value="{AMARA}"' in page.text
    assert '<input type="hidden" name="next" value="/calendar">' in page.text
    assert (await browser.send_form(old.link)).status_code == 200

    await ask(browser, destination="/calendar")
    fresh = await newest(house)
    assert (await browser.send_form(fresh.link)).headers["location"] == "/calendar"


async def test_a_link_that_never_was_says_the_same_and_fills_nothing_in(house: House) -> None:
    browser = await house.visitor()
    for answer in (await browser.get("/sign-in/link/never-was"), await browser.send_form("/sign-in/link/never-was")):
        assert answer.status_code == 200
        assert "<h1>This link has had its day</h1>" in answer.text
        assert 'name="email" type="email" value=""' in answer.text


async def test_a_link_dies_with_the_address_it_was_sent_to(house: House) -> None:
    person = await a_person(house.store, "Amara Okafor", email=AMARA)
    browser = await house.visitor()
    await ask(browser)
    link = (await newest(house)).link

    def moves(db: Session) -> None:
        row = db.get_one(Person, person)
        row.email = row.email_key = "amara@elsewhere.example"

    await house.store.write(moves)
    used = await browser.send_form(link)
    assert used.status_code == 200
    assert "elsewhere" not in used.text
    assert await sessions_of(house, person) == []


# --- the code -----------------------------------------------------------------------------------------------


async def test_the_page_for_the_code_takes_a_paste_and_says_until_when(house: House) -> None:
    await a_person(house.store, "Amara Okafor", email=AMARA)
    browser = await house.visitor()
    asked = await ask(browser, destination="/calendar")
    page = (await browser.get(asked.headers["location"])).text
    (field,) = re.findall(r'<input[^>]+name="code"[^>]*>', page)
    assert 'autocomplete="one-time-code"' in field
    assert 'inputmode="numeric"' in field
    assert "maxlength" not in field
    assert '<time datetime="2026-10-07T13:15+01:00">13:15 UK time</time>' in page
    assert f'If <b class="any">{AMARA}</b> is known here, a message is on its way.' in page

    typed = await browser.send_form(
        "/sign-in/check", {"request": request_of(asked), "code": f" {(await newest(house)).code} "}
    )
    assert (typed.status_code, typed.headers["location"]) == (303, "/calendar")
    assert (await browser.get("/me")).status_code == 200


async def test_the_code_works_on_another_device_that_has_the_page_open_and_only_once(house: House) -> None:
    person = await a_person(house.store, "Amara Okafor", email=AMARA)
    asked = await ask(await house.visitor())
    letter, other = await newest(house), await house.visitor()
    page = (await other.get(asked.headers["location"])).text
    assert "If your address is known here" in page
    assert AMARA not in page
    sent = {"request": request_of(asked), "code": letter.code}
    assert (await other.send_form("/sign-in/check", sent)).status_code == 303
    third = await house.visitor()
    assert (await third.send_form("/sign-in/check", sent)).status_code == 422
    assert "had its day" in (await third.send_form(letter.link)).text
    assert len(await sessions_of(house, person)) == 1


async def test_five_wrong_codes_end_code_and_link_for_known_and_unknown_alike(house: House) -> None:
    person = await a_person(house.store, "Amara Okafor", email=AMARA)
    said = []
    for email in (AMARA, "nobody@example.org"):
        browser = await house.visitor()
        asked = await ask(browser, email=email)
        right = (await newest(house)).code if email == AMARA else "000 000"
        wrong = "111 111" if right != "111 111" else "222 222"
        answers = [
            await browser.send_form("/sign-in/check", {"request": request_of(asked), "code": wrong}) for _ in range(5)
        ]
        after = await browser.send_form("/sign-in/check", {"request": request_of(asked), "code": right})
        assert [answer.status_code for answer in answers] == [422, 422, 422, 422, 200]
        assert "You have 4 more tries" in answers[0].text
        assert "You have one more try" in answers[3].text
        assert "<h1>Those tries are used up</h1>" in after.text
        assert f'value="{email}"' in after.text
        said.append([alike(answer.text, email) for answer in (*answers, after)])
    assert said[0] == said[1]
    assert "had its day" in (await browser.send_form((await newest(house)).link)).text
    assert await sessions_of(house, person) == []


async def test_what_is_no_code_costs_no_try_and_is_kept_in_the_field(house: House) -> None:
    browser = await house.visitor()
    asked = await ask(browser)
    for _ in range(6):
        answer = await browser.send_form("/sign-in/check", {"request": request_of(asked), "code": "41830 two"})
        assert answer.status_code == 422
    assert "<title>Error: Check your e-mail – Threefold</title>" in answer.text
    assert "Enter the six figures from the e-mail, such as 418 302" in answer.text
    assert 'value="41830 two"' in answer.text


async def test_a_code_belongs_to_its_own_request(house: House) -> None:
    await a_person(house.store, "Amara Okafor", email=AMARA)
    await a_person(house.store, "Kit Thomas", email="kit@example.org")
    browser = await house.visitor()
    await ask(browser)
    of_kit = request_of(await ask(browser, email="kit@example.org"))
    sent = {"request": of_kit, "code": (await newest(house)).code}
    assert (await browser.send_form("/sign-in/check", sent)).status_code == 422


@pytest.mark.parametrize("request_id", ["", "nonsense", "01a5ffff-0000-7000-8000-000000000000"])
async def test_a_request_nobody_made_leads_back_to_the_start(house: House, request_id: str) -> None:
    browser = await house.visitor()
    assert (await browser.get(f"/sign-in/check?request={request_id}")).headers["location"] == "/sign-in"
    sent = {"request": request_id, "code": "418302"}
    assert (await browser.send_form("/sign-in/check", sent)).headers["location"] == "/sign-in"


# --- who is known -------------------------------------------------------------------------------------------


def alike(page: str, email: str) -> str:
    """A page without what must differ: the request's id and the address that was typed."""
    return A_UUID.sub("(request)", page).replace(email, "(address)")


async def test_known_and_unknown_addresses_get_the_same_bytes_at_every_step(house: House) -> None:
    await a_person(house.store, "Amara Okafor", email=AMARA)
    seen = []
    for email in (AMARA, "nobody.known@example.org"):
        browser = await house.visitor()
        asked = await ask(browser, email=email, destination="/calendar")
        page = await browser.get(asked.headers["location"])
        wrong = await browser.send_form("/sign-in/check", {"request": request_of(asked), "code": "000000"})
        house.later(minutes=15)
        over = await browser.get(asked.headers["location"])
        house.later(minutes=-15)
        seen.append([(a.status_code, sorted(a.headers), alike(a.text, email)) for a in (asked, page, wrong, over)])
    assert seen[0] == seen[1]
    assert "<h1>Check your e-mail</h1>" in seen[0][1][2]
    assert "<h1>This code has had its day</h1>" in seen[0][3][2]


async def test_using_the_link_does_not_show_on_the_page_of_whoever_asked(house: House) -> None:
    """Somebody who asked for another person's address learns nothing from whether they signed in."""
    await a_person(house.store, "Amara Okafor", email=AMARA)
    stranger, amara = await house.visitor(), await house.visitor()
    asked = await ask(stranger)
    before = await stranger.get(asked.headers["location"])
    await amara.send_form((await newest(house)).link)
    assert (await stranger.get(asked.headers["location"])).text == before.text


async def test_an_unknown_address_leaves_a_row_and_no_letter(house: House) -> None:
    await ask(await house.visitor(), email="nobody@example.org")
    rows, letters = await house.store.read(
        lambda db: (db.scalars(select(SignInRequest)).all(), db.scalars(select(Letter)).all())
    )
    assert [row.person_id for row in rows] == [None]
    assert letters == []


async def test_an_address_that_is_none_is_said_beside_the_field(house: House) -> None:
    answer = await (await house.visitor()).send_form("/sign-in", {"email": "amara at <home>", "next": "/calendar"})
    assert answer.status_code == 422
    assert "<title>Error: Sign in – Threefold</title>" in answer.text
    assert 'value="amara at &lt;home&gt;"' in answer.text
    assert 'href="#email"' in answer.text
    assert '<input type="hidden" name="next" value="/calendar">' in answer.text


# --- how often ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("email", [AMARA, "nobody@example.org"])
async def test_the_sixth_request_for_an_address_within_an_hour_waits(house: House, email: str) -> None:
    await a_person(house.store, "Amara Okafor", email=AMARA)
    answers = []
    for n in range(6):
        browser = await house.visitor(**{"x-forwarded-for": f"203.0.113.{n}"})
        answers.append(await ask(browser, email=email))
        house.later(minutes=5)
    assert [answer.status_code for answer in answers] == [303] * 5 + [429]
    assert "<h1>One moment, please</h1>" in answers[5].text
    assert "14:01 UK time" in answers[5].text
    assert answers[5].headers["retry-after"] == str(35 * 60)
    house.later(minutes=31)
    assert (await ask(browser, email=email)).status_code == 303


async def test_the_thirty_first_request_from_a_network_waits_whatever_a_header_says(house: House) -> None:
    for n in range(31):
        browser = await house.visitor(**{"x-forwarded-for": f"198.51.100.{n}", "forwarded": f"for=198.51.100.{n}"})
        answer = await ask(browser, email=f"somebody.{n}@example.org")
        assert answer.status_code == (303 if n < 30 else 429)


@pytest.mark.heavy
async def test_a_whole_class_may_sign_in_from_one_room(house: House) -> None:
    for n in range(32):
        email = f"trainee.{n}@example.org"
        await a_person(house.store, f"Trainee {n}", email=email)
        browser = await house.visitor()
        assert (await ask(browser, email=email)).status_code == 303
        assert (await browser.send_form((await newest(house, email)).link)).status_code == 303


# --- where to -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "destination",
    [
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "https://evil.example/",
        "javascript:alert(1)",
        "%2f%2fevil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        " //evil.example",
        "/sign-in?next=/sign-in",
        "/sign-out",
        "evil",
        "/" + "x" * 400,
    ],
)
async def test_signing_in_leads_nowhere_but_to_our_own_pages(house: House, destination: str) -> None:
    await a_person(house.store, "Amara Okafor", email=AMARA)
    browser = await house.visitor()
    shown = await browser.get("/sign-in", params={"next": destination})
    assert '<input type="hidden" name="next" value="/">' in shown.text
    await ask(browser, destination=destination)
    assert (await browser.send_form((await newest(house)).link)).headers["location"] == "/"
    assert (await browser.get("/sign-in", params={"next": destination})).headers["location"] == "/"


async def test_a_signed_in_person_who_asks_to_sign_in_goes_straight_on(house: House) -> None:
    browser = await house.as_(await a_person(house.store, "Amara Okafor"))
    assert (await browser.get("/sign-in?next=/me")).headers["location"] == "/me"


async def test_a_host_header_never_reaches_the_letter(house: House) -> None:
    await a_person(house.store, "Amara Okafor", email=AMARA)
    await ask(await house.visitor(host="evil.example", **{"x-forwarded-host": "evil.example"}))
    letter = await newest(house)
    assert "evil" not in letter.text + letter.html
