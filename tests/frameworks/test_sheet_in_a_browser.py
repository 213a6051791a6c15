"""A framework brought in, changed and kept by hand: pages that are whole, and a sheet that saves itself."""

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.looking import (
    SEEN,
    Findings,
    look_at_structure,
    look_at_width,
    look_at_words,
    look_with_axe,
)
from tests.browser.running import DESK, PHONE, Site, press, visiting
from tests.core.test_framework_document import small

pytestmark = [pytest.mark.browser, pytest.mark.heavy]  # a server and pages of its own take longer than the tests

# A tall phone: the sticky bar would cover half of whatever lies under it while axe measures targets.
TALL: dict[str, Any] = {**PHONE, "viewport": {"width": 390, "height": 6000}}
SAVED = re.compile(r"Saved at \d\d:\d\d")


def look_at(found: Findings, page: Page, name: str, part: str = "tutor") -> None:
    seen = page.evaluate(SEEN)
    look_at_structure(found.on(name), seen)
    look_at_words(found.on(name), seen, part)
    page.set_viewport_size(TALL["viewport"])
    look_with_axe(found.on(name), page)
    look_at_width(found.on(name), page)


def test_a_framework_is_brought_in_changed_and_kept(browser: Browser, demo_site: Site) -> None:
    found = Findings()
    state = demo_site.signed_in(browser, "tutor")
    with visiting(browser, storage_state=state, reduced_motion="reduce", **DESK) as page:
        page.goto(f"{demo_site.address}/frameworks")
        page.get_by_label("The framework").fill('{"id": "elm-house"}')
        press(page.get_by_role("button", name="Show what it says"))
        expect(page.locator("[data-focus]")).to_be_focused()
        look_at(found, page, "the list, with what is to be put right")
        page.get_by_label("The framework").fill(json.dumps(small()))
        press(page.get_by_role("button", name="Show what it says"))
        look_at(found, page, "a framework before it is kept")
        press(page.get_by_role("button", name="Keep this framework"))
        press(page.get_by_role("link", name="Change it as a new version"))
        page.get_by_label("Name", exact=True).first.fill("Elm House, evenings")
        expect(page.locator("[data-save-words]")).to_have_text(SAVED)
        page.reload()
        expect(page.get_by_label("Name", exact=True).first).to_have_value("Elm House, evenings")
        page.locator("summary", has_text="Warmth").click()
        press(page.get_by_role("button", name="Move up Warmth"))
        expect(page.locator("details[open] > summary")).to_have_text("Warmth")
        press(page.get_by_role("button", name="Add a competency"))
        press(page.get_by_role("button", name="Look at the new version"))
        assert page.title().startswith("Error: ")
        look_at(found, page, "the sheet, with what is to be put right")
        page.get_by_label("Leave it out of the new version").last.check()
        press(page.get_by_role("button", name="Look at the new version"))
        expect(page.get_by_role("heading", level=1)).to_have_text("Elm House, evenings, version 2026.2")
        press(page.get_by_role("button", name="Keep this framework"))
        assert page.url == f"{demo_site.address}/frameworks/elm-house/2026.2"
        look_at(found, page, "a version")
    found.check()
