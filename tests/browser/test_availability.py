"""The week as it is painted: by finger, mouse and keyboard, seen by eye and by voice, kept whatever happens."""

import base64
import gzip
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, StorageState, expect

from tests.browser.hands import look_at_print, look_at_tab_stops
from tests.browser.looking import (
    READ,
    SEEN,
    SHIFT,
    Findings,
    look_at_structure,
    look_at_width,
    look_at_words,
    look_with_axe,
)
from tests.browser.running import DESK, PHONE, Site, browser, demo_site, press, visiting
from threefold.web.templates import folder

__all__ = ["browser", "demo_site"]
pytestmark = [pytest.mark.browser, pytest.mark.heavy]

FREE, NOT_FREE = re.compile(", free$"), re.compile(", not free$")


@pytest.fixture(scope="module")
def state(browser: Browser, demo_site: Site) -> StorageState:
    return demo_site.signed_in(browser, "trainee")


@pytest.fixture
def address(browser: Browser, demo_site: Site, state: StorageState) -> str:
    """The page, with nothing marked on it yet."""
    with visiting(browser, storage_state=state, java_script_enabled=False, **DESK) as page:
        page.goto(f"{demo_site.address}/availability")
        ticked = page.locator("#list :checked")
        for _ in range(ticked.count()):
            ticked.first.uncheck()
        press(page.get_by_role("button", name="Save this week"))
    return f"{demo_site.address}/availability"


def opened(page: Page, address: str) -> Page:
    page.goto(address)
    page.get_by_role("grid").wait_for()
    return page


def cell(page: Page, name: str) -> Locator:
    """The cell of an hour: "Thu 18:00"."""
    return page.get_by_role("gridcell", name=name)


def marked(page: Page, how: str = "free") -> Locator:
    return page.locator(f"td[data-how={how}]")


def said(page: Page) -> Locator:
    return page.locator("[data-save-words]")


def middle(of: Locator) -> tuple[float, float]:
    box = of.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


class Finger:
    """One finger on the glass, at its own pace."""

    def __init__(self, page: Page) -> None:
        self.page, self.cdp = page, page.context.new_cdp_session(page)

    def _send(self, kind: str, *points: tuple[float, float]) -> None:
        self.cdp.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y} for x, y in points]})

    def drag(self, start: tuple[float, float], end: tuple[float, float], *, hold: int) -> None:
        self._send("touchStart", start)
        self.page.wait_for_timeout(hold)
        for step in range(1, 13):
            at = tuple(a + (b - a) * step / 12 for a, b in zip(start, end, strict=True))
            self._send("touchMove", (at[0], at[1]))
            self.page.wait_for_timeout(12)
        self._send("touchEnd")


def test_a_finger_taps_one_swipes_past_and_paints_when_it_rests(
    browser: Browser, state: StorageState, address: str
) -> None:
    with visiting(browser, storage_state=state, **PHONE) as page:
        opened(page, address)
        cell(page, "Wed 10:00").tap()
        expect(marked(page)).to_have_count(1)
        expect(cell(page, "Wed 10:00")).to_have_accessible_name("Wed 10:00 to 11:00, free")
        page.evaluate("scrollTo(0, 300)")
        before = page.evaluate("scrollY")
        x, y = middle(cell(page, "Tue 15:00"))
        Finger(page).drag((x, y), (x, y - 240), hold=0)
        page.wait_for_timeout(300)
        assert page.evaluate("scrollY") - before > 100
        expect(marked(page)).to_have_count(1)
        page.evaluate("scrollTo(0, 300)")
        before = page.evaluate("scrollY")
        Finger(page).drag(middle(cell(page, "Tue 13:00")), middle(cell(page, "Fri 15:00")), hold=350)
        expect(marked(page)).to_have_count(13)
        assert page.evaluate("scrollY") == before
        cell(page, "Wed 10:00").tap()
        expect(cell(page, "Wed 10:00")).to_have_accessible_name("Wed 10:00 to 11:00, not free")


def test_a_mouse_drags_a_rectangle_and_a_heading_fills_then_clears(
    browser: Browser, state: StorageState, address: str
) -> None:
    with visiting(browser, storage_state=state, **DESK) as page:
        opened(page, address)
        page.mouse.move(*middle(cell(page, "Tue 09:00")))
        page.mouse.down()
        page.mouse.move(*middle(cell(page, "Sat 14:00")), steps=4)
        page.mouse.move(*middle(cell(page, "Wed 10:00")), steps=4)  # what was only passed over is as before
        page.mouse.up()
        expect(marked(page)).to_have_count(4)
        page.get_by_role("radio", name="If needed").check()
        page.get_by_role("columnheader", name="Thursday, mark all").click()
        expect(marked(page, "if_needed")).to_have_count(15)
        page.get_by_role("columnheader", name="Thursday, mark all").click()
        expect(marked(page, "if_needed")).to_have_count(0)
        page.get_by_role("rowheader", name="20:00 every day, mark all").click()
        expect(marked(page, "if_needed")).to_have_count(7)
        page.get_by_role("button", name="Undo").click()
        expect(marked(page, "if_needed")).to_have_count(0)
        expect(marked(page)).to_have_count(4)


def test_the_keyboard_has_one_stop_and_all_the_rest_by_arrows(
    browser: Browser, state: StorageState, address: str
) -> None:
    with visiting(browser, storage_state=state, **DESK) as page:
        opened(page, address)
        assert page.locator(".pnt [tabindex='0']").count() == 1
        page.locator("[name=brush]").first.focus()
        page.keyboard.press("Tab")  # nothing to undo yet
        expect(cell(page, "Mon 07:00")).to_be_focused()
        keys = page.keyboard
        keys.press("End")
        expect(cell(page, "Sun 07:00")).to_be_focused()
        keys.press("Home")
        for _ in range(3):
            keys.press("ArrowRight")
        for _ in range(11):
            keys.press("ArrowDown")
        keys.press("Space")
        thursday = cell(page, "Thu 18:00")
        expect(thursday).to_be_focused()
        expect(thursday).to_have_accessible_name("Thu 18:00 to 19:00, free")
        keys.press("Shift+ArrowDown")
        keys.press("Shift+ArrowRight")
        expect(marked(page)).to_have_count(3)
        keys.press("Control+z")
        expect(marked(page)).to_have_count(2)
        keys.press("ArrowUp")
        for _ in range(20):
            keys.press("ArrowUp")
        expect(page.get_by_role("columnheader", name="Friday, mark all")).to_be_focused()
        keys.press("Enter")
        expect(marked(page)).to_have_count(17)
        assert page.locator(".pnt [tabindex='0']").count() == 1
        keys.press("Tab")
        assert page.evaluate("document.activeElement.closest('.pnt')") is None


def test_what_was_painted_is_there_after_an_immediate_reload(
    browser: Browser, state: StorageState, address: str
) -> None:
    with visiting(browser, storage_state=state, **DESK) as page:
        opened(page, address)
        page.get_by_role("columnheader", name="Friday, mark all").click()
        page.reload()
        expect(marked(page)).to_have_count(15)
        expect(page.locator("[data-words]")).to_have_text("You’re free on Friday from 07:00 to 22:00.")
        expect(page.locator("[data-paint] [role=status]")).to_have_count(1)
    with visiting(browser, storage_state=state, java_script_enabled=False, **PHONE) as page:
        page.goto(address)
        assert page.locator("#list :checked").count() == 15


def test_without_scripts_the_list_saves_what_the_grid_shows(
    browser: Browser, state: StorageState, address: str
) -> None:
    with visiting(browser, storage_state=state, java_script_enabled=False, **PHONE) as page:
        page.goto(address)
        expect(page.locator("[data-paint]")).to_be_hidden()
        thursday = page.get_by_role("group", name="Thursday: Free")
        for hour in ("18:00", "19:00"):
            thursday.get_by_role("checkbox", name=hour).check()
        page.get_by_role("group", name="Saturday: If needed").get_by_role("checkbox", name="09:00").check()
        press(page.get_by_role("button", name="Save this week"))
        expect(page.get_by_role("status").first).to_have_text("Saved.")
    with visiting(browser, storage_state=state, **DESK) as page:
        opened(page, address)
        expect(page.locator("#list")).to_be_hidden()
        names = [each.get_attribute("aria-label") for each in marked(page).all() + marked(page, "if_needed").all()]
        assert names == [
            "Thu 18:00 to 19:00, free",
            "Thu 19:00 to 20:00, free",
            "Sat 09:00 to 10:00, if needed",
        ]
        page.get_by_role("link", name="Use a plain list instead").click()
        page.get_by_role("group", name="Thursday: If needed").get_by_role("checkbox", name="18:00").check()
        expect(cell(page, "Thu 18:00")).to_have_accessible_name("Thu 18:00 to 19:00, if needed")
        expect(
            page.get_by_role("group", name="Thursday: Free").get_by_role("checkbox", name="18:00")
        ).not_to_be_checked()


def test_the_week_is_said_in_words_after_each_stroke_and_its_saving_too(
    browser: Browser, state: StorageState, address: str
) -> None:
    with visiting(browser, storage_state=state, **DESK) as page:
        opened(page, address)
        cell(page, "Mon 18:00").click()
        expect(said(page)).to_have_text(re.compile(r"Saved at \d\d:\d\d"))
        words = "You’re free on Monday from 18:00 to 19:00."
        expect(page.locator("[data-words]")).to_have_text(words)
        expect(page.locator("[data-words-aloud]")).to_have_text(words)
        cell(page, "Mon 19:00").click()
        expect(page.locator("[data-words]")).to_have_text("You’re free on Monday from 18:00 to 20:00.")
        expect(page.locator("[data-words-aloud]")).to_have_text(words)  # the voice waits its ten seconds


def test_two_windows_show_both_weeks_and_one_is_chosen(browser: Browser, state: StorageState, address: str) -> None:
    with (
        visiting(browser, storage_state=state, **DESK) as page,
        visiting(browser, storage_state=state, **DESK) as other,
    ):
        opened(page, address)
        opened(other, address)
        cell(page, "Mon 18:00").click()
        expect(said(page)).to_have_text(re.compile("Saved at"))
        cell(other, "Tue 10:00").click()
        panel = other.get_by_role("alert")
        expect(panel.get_by_role("heading", name="This was changed in another window")).to_be_visible()
        expect(panel.get_by_role("heading", name="Monday: Free")).to_be_visible()
        panel.get_by_role("button", name="Use the other window’s words").click()
        expect(cell(other, "Mon 18:00")).to_have_accessible_name(FREE)
        expect(cell(other, "Tue 10:00")).to_have_accessible_name(NOT_FREE)


def test_while_the_server_is_away_nothing_is_lost(browser: Browser, state: StorageState, address: str) -> None:
    with visiting(browser, storage_state=state, **DESK) as page:
        opened(page, address)
        page.route("**/availability/week", lambda route: route.abort())
        cell(page, "Mon 18:00").click()
        expect(said(page)).to_have_text("Couldn’t save. Your words are still on this page.")
        page.unroute("**/availability/week")
        page.get_by_role("button", name="Try again").click()
        expect(said(page)).to_have_text(re.compile("Saved at"))
        page.reload()
        expect(cell(page, "Mon 18:00")).to_have_accessible_name(FREE)


@pytest.mark.parametrize("media", [{}, {"color_scheme": "dark"}, {"forced_colors": "active"}], ids=str)
def test_free_is_the_strongest_of_three_marks_that_tell_apart(
    browser: Browser, state: StorageState, address: str, media: dict[str, Any]
) -> None:
    """By lightness alone, as a grey print or an eye without colours has it: how far each mark stands from the card."""
    with visiting(browser, storage_state=state, **DESK, **media) as page:
        opened(page, address)
        cell(page, "Mon 10:00").click()
        page.get_by_role("radio", name="If needed").check()
        cell(page, "Tue 10:00").click()
        greys = [_distances(page, cell(page, f"{day} 10:00")) for day in ("Mon", "Tue", "Wed")]
        free, maybe, none = (sum(each) / len(each) for each in greys)
        assert free > 2 * maybe > 2 * none, (free, maybe, none)


def _distances(page: Page, what: Locator) -> list[float]:
    """How far in lightness each pixel across the middle of this stands from the card around it, 0 to 255."""
    x, y = middle(what)
    shot = page.screenshot(clip={"x": x - 14, "y": y + 6, "width": 28, "height": 8})
    corner = page.locator("[data-paint]").bounding_box()
    assert corner is not None
    card = page.screenshot(clip={"x": corner["x"] + 3, "y": corner["y"] + 90, "width": 2, "height": 2})
    bright, (ground, *_) = _lightness(page, shot), _lightness(page, card)
    return [abs(each - ground) for each in bright]


def _lightness(page: Page, png: bytes) -> list[float]:
    """The lightness of each pixel of a picture, as the browser itself reads it."""
    found: list[float] = page.evaluate(
        """async (data) => {
          const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
          const picture = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
          const canvas = new OffscreenCanvas(picture.width, picture.height);
          const on = canvas.getContext('2d');
          on.drawImage(picture, 0, 0);
          const { data: rgba } = on.getImageData(0, 0, picture.width, picture.height);
          return Array.from({ length: rgba.length / 4 }, (_, n) =>
            0.2126 * rgba[4 * n] + 0.7152 * rgba[4 * n + 1] + 0.0722 * rgba[4 * n + 2]);
        }""",
        base64.b64encode(png).decode(),
    )
    return found


# --- the page itself --------------------------------------------------------------------------------------------


def test_the_page_is_whole_in_every_light_and_width_and_its_scripts_are_small(
    browser: Browser, demo_site: Site, state: StorageState
) -> None:
    found = Findings()
    expected = found.on("/availability")
    options = DESK | {"storage_state": state, "color_scheme": "light", "reduced_motion": "reduce"}
    asked: set[str] = set()
    with visiting(browser, **options) as page, visiting(browser, java_script_enabled=False, **options) as plain:
        complaints: list[str] = []
        page.on("console", lambda said: complaints.append(said.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("response", lambda got: asked.update(re.findall(r"[^/]+\.js$", got.url)))
        for path in ("/availability", "/availability?hours=all"):
            answer = page.goto(demo_site.address + path)
            assert answer is not None
            assert len(gzip.compress(answer.body())) < 30_000
            page.get_by_role("grid").wait_for()
            assert page.evaluate(SHIFT) <= 0.01
            seen = page.evaluate(SEEN)
            look_at_structure(expected, seen)
            look_at_words(expected, seen, "trainee")
            look_with_axe(expected, page)
            plain.goto(demo_site.address + path)
            assert page.evaluate(READ) == plain.evaluate(READ)
            look_at_width(expected, page)
            look_at_width(expected, plain)
        page.get_by_role("link", name="Use a plain list instead").click()
        page.locator("details summary").click()
        page.emulate_media(color_scheme="dark")
        look_with_axe(expected, page)
        assert complaints == []
    assert asked == {"autosave.js", "availability.js", "threefold.js"}
    assert sum(len(gzip.compress((folder() / "static" / name).read_bytes())) for name in asked) <= 10_000
    found.check()


@pytest.mark.parametrize("frame", [DESK, PHONE], ids=["desk", "phone"])
def test_by_keyboard_everything_is_reached_and_paper_holds_words_alone(
    browser: Browser, state: StorageState, address: str, frame: dict[str, Any]
) -> None:
    found = Findings()
    with visiting(browser, storage_state=state, **frame) as page:
        opened(page, address)
        assert page.evaluate(SHIFT) <= 0.01
        look_at_tab_stops(found.on("/availability"), page)
        look_at_print(found.on("/availability"), page)
    found.check()


def test_dates_calendar_and_needs_are_told_and_taken_back(browser: Browser, state: StorageState, address: str) -> None:
    for scripts in (True, False):
        with visiting(browser, storage_state=state, java_script_enabled=scripts, **PHONE) as page:
            page.goto(address)
            on = datetime.now(UTC).date() + timedelta(days=20)
            page.get_by_label("Date", exact=True).fill(on.isoformat())
            press(page.get_by_role("button", name="Add to your dates"))
            here = page.locator("#dates li")
            expect(here).to_have_count(1)
            expect(here).to_contain_text("Not free")
            press(here.get_by_role("button"))
            expect(here).to_have_count(0)
            press(page.get_by_role("button", name="Undo").first)
            expect(here).to_have_count(1)
            press(here.get_by_role("button"))
            page.locator("summary", has_text="Add your calendar").click()
            page.get_by_label("Its address").fill("http://10.0.0.1/cal.ics")
            press(page.get_by_role("button", name="Look when it takes time"))
            expect(page).to_have_title(re.compile("^Error: "))
            expect(page.get_by_label("Its address")).to_have_value("http://10.0.0.1/cal.ics")
            expect(page.get_by_label("Its address")).to_be_visible()
            page.get_by_role("checkbox", name="A way in without steps").check()
            press(page.get_by_role("button", name="Save what you need of a room"))
            expect(page.get_by_role("checkbox", name="A way in without steps")).to_be_checked()
            page.get_by_role("checkbox", name="A way in without steps").uncheck()
            press(page.get_by_role("button", name="Save what you need of a room"))
