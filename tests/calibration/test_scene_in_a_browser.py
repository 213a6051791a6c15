"""A practice scene rated by hand, on pages that are whole."""

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.looking import Findings
from tests.browser.running import PHONE, Site, press, visiting
from tests.frameworks.test_sheet_in_a_browser import look_at

pytestmark = [pytest.mark.browser, pytest.mark.heavy]  # a server and pages of its own take longer than the tests


def test_a_scene_is_rated_by_thumb_and_its_key_is_read(browser: Browser, demo_site: Site) -> None:
    found = Findings()
    state = demo_site.signed_in(browser, "trainee")
    with visiting(browser, storage_state=state, reduced_motion="reduce", **PHONE) as page:
        page.goto(f"{demo_site.address}/calibration")
        look_at(found, page, "the scenes", "trainee")
        press(page.get_by_role("link", name="Begin"))
        look_at(found, page, "a scene", "trainee")
        page.get_by_role("radio", name="Helping").first.check()
        page.get_by_role("radio", name="Beginning").last.check()
        press(page.get_by_role("button", name="Compare with the key"))
        look_at(found, page, "its key", "trainee")
        press(page.get_by_role("link", name="Next scene"))
        expect(page.get_by_role("heading", level=2).first).to_have_text("The two lines")
    found.check()
