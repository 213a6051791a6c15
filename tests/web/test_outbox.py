"""The demo's outbox: letters as they left, shown without being let loose; not there outside the demo."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.house import House, settings_for
from threefold.app import build_app
from threefold.mail.carriers import FolderCarrier
from threefold.mail.message import compose
from threefold.store.engine import Store
from threefold.web.security import CONTENT_SECURITY_POLICY, FRAMED_POLICY

CALENDAR = "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nSUMMARY:Practice\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
HTML = "<!doctype html><p>Dear Zoë,</p><script>document.title = 'loose'</script>"


@pytest.fixture
def kind() -> str:
    """What the outbox shows lies in files; one database is enough."""
    return "sqlite"


@pytest.fixture
def house(store: Store, tmp_path: Path) -> House:
    settings = settings_for(tmp_path, demo=True)
    return House(build_app(settings, store), store, settings)


async def letter(house: House, subject: str = "Your practice sessions ✉", *, calendar: str = "") -> bytes:
    """One letter that the demo's carrier has kept."""
    message = compose(
        sender_name="Elm House",
        sender="practice@elmhouse.example",
        recipient_name="Zoë Adeyemi",
        recipient="zoe@example.com",
        subject=subject,
        text="Dear Zoë,\nopen http://127.0.0.1:8000/sign-in/link/abc and <b>not this</b>.\n",
        html=HTML,
        message_id="<1@elmhouse.example>",
        date=datetime(2026, 10, 7, 12, tzinfo=UTC),
        calendar=calendar.encode() or None,
        method="REQUEST" if calendar else None,
    )
    await FolderCarrier(house.settings.outbox_folder).carry("practice@elmhouse.example", "zoe@example.com", message)
    return message


async def test_an_empty_outbox_says_what_will_come(house: House) -> None:
    browser = await house.visitor()
    answer = await browser.get("/outbox")
    assert answer.status_code == 200
    assert "No letters here" in answer.text


async def test_the_list_has_the_newest_first_with_whom_it_went_to_and_what_it_holds(house: House) -> None:
    await letter(house, "The first one")
    await letter(house, "The second one", calendar=CALENDAR)
    page = (await (await house.visitor()).get("/outbox")).text
    assert page.index("The second one") < page.index("The first one")
    assert "Letter 2 to Zoë Adeyemi &lt;zoe@example.com&gt;, with text, HTML and a calendar part (REQUEST)" in page
    assert "Letter 1 to Zoë Adeyemi &lt;zoe@example.com&gt;, with text and HTML" in page


@pytest.mark.heavy
async def test_a_hundred_letters_to_a_page_and_the_rest_one_link_away(house: House) -> None:
    for number in range(1, 104):
        await letter(house, f"Subject {number:03}")
    browser = await house.visitor()
    newest, rest = (await browser.get("/outbox")).text, (await browser.get("/outbox?before=4")).text
    assert ("Subject 103" in newest, "Subject 004" in newest, "Subject 003" in newest) == (True, True, False)
    assert 'href="/outbox?before=4"' in newest
    assert ("Subject 004" in rest, "Subject 003" in rest, "Earlier letters" in rest) == (False, True, False)
    assert "Subject 103" in (await browser.get("/outbox?before=²")).text


async def test_a_letter_shows_headers_text_html_in_a_frame_and_the_calendar_as_it_is(house: House) -> None:
    await letter(house, "A subject <b>with</b> marks", calendar=CALENDAR)
    answer = await (await house.visitor()).get("/outbox/1")
    page = answer.text
    assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert "frame-src 'self'" in CONTENT_SECURITY_POLICY
    for shown in (
        "<h1>A subject &lt;b&gt;with&lt;/b&gt; marks</h1>",
        "<dt>From</dt><dd>Elm House &lt;practice@elmhouse.example&gt;</dd>",
        "<dt>Message-ID</dt><dd>&lt;1@elmhouse.example&gt;</dd>",
        '<a href="http://127.0.0.1:8000/sign-in/link/abc" rel="noopener">',  # a click away, as in a mail program
        "and &lt;b&gt;not this&lt;/b&gt;.",
        '<iframe class="letter" sandbox src="/outbox/1/html"',
        "BEGIN:VCALENDAR\nMETHOD:REQUEST\nBEGIN:VEVENT\nSUMMARY:Practice\nEND:VEVENT\nEND:VCALENDAR\n",
    ):
        assert shown in page
    assert "document.title" not in page


async def test_the_framed_html_may_run_and_fetch_nothing(house: House) -> None:
    await letter(house)
    answer = await (await house.visitor()).get("/outbox/1/html")
    assert answer.text.replace("\r\n", "\n").strip() == HTML
    assert answer.headers["content-security-policy"] == FRAMED_POLICY
    assert answer.headers["content-type"] == "text/html; charset=utf-8"


async def test_the_download_is_the_letter_byte_for_byte(house: House) -> None:
    sent = await letter(house, calendar=CALENDAR)
    answer = await (await house.visitor()).get("/outbox/1/letter.eml")
    assert answer.content == sent
    assert answer.headers["content-type"].startswith("message/rfc822")
    assert answer.headers["content-disposition"] == 'attachment; filename="letter-1.eml"'


@pytest.mark.parametrize("number", ["2", "0", "-1", "x", "1.eml", "..%2f000001", f"{10**20}", "9" * 5000, "%00"])
async def test_what_is_no_letters_number_is_404(house: House, number: str) -> None:
    await letter(house)
    browser = await house.visitor()
    for path in (f"/outbox/{number}", f"/outbox/{number}/html", f"/outbox/{number}/letter.eml"):
        assert (await browser.get(path)).status_code == 404


async def test_files_that_are_no_letters_are_passed_over(house: House) -> None:
    await letter(house)
    (house.settings.outbox_folder / "notes.eml").write_text("not a number")
    (house.settings.outbox_folder / "000002.part").write_text("half a letter")
    page = (await (await house.visitor()).get("/outbox")).text
    assert page.count('href="/outbox/') == 1


async def test_outside_the_demo_there_is_no_outbox(store: Store, tmp_path: Path) -> None:
    settings = settings_for(tmp_path)
    house = House(build_app(settings, store), store, settings)
    await letter(house)
    browser = await house.visitor()
    assert [(await browser.get(path)).status_code for path in ("/outbox", "/outbox/1", "/outbox/1/letter.eml")] == [
        404,
        404,
        404,
    ]
