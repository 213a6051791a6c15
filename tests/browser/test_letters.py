"""A tutor copies the link of a letter that is stuck: by a button that says so, or by hand where scripts are off."""

import sqlite3
import time
from contextlib import closing
from typing import Any
from uuid import UUID

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.running import PHONE, Site, visiting

pytestmark = [pytest.mark.browser, pytest.mark.heavy]  # a server and pages of its own take longer than the tests
CLIPBOARD: dict[str, Any] = {"permissions": ["clipboard-read", "clipboard-write"]}


def one_is_stuck(site: Site) -> str:
    """The letters page of a cohort in which one letter, which had left, is made to look as if it had not."""
    asked = "SELECT id, cohort_id FROM letter WHERE kind = 'overview' AND sent_at IS NOT NULL AND lease_until IS NULL"
    with closing(sqlite3.connect(site.settings.database.removeprefix("sqlite:///"), timeout=20)) as db:
        for _ in range(200):
            if found := db.execute(asked).fetchone():
                break
            time.sleep(0.05)
        letter, cohort = found
        db.execute(
            "UPDATE letter SET sent_at = NULL, stopped_at = sent_at, tries = 1, trouble = ? WHERE id = ?",
            ("stopped: 550: the mail server refuses this letter", letter),
        )
        db.commit()
    return f"{site.address}/cohorts/{cohort}/letters#letter-{UUID(letter)}"


def opened(page: Page, address: str) -> Locator:
    """The one letter, its link unfolded; others may be on their way meanwhile."""
    page.goto(address)
    letter = page.locator(f"[id={address.partition('#')[2]}]")
    letter.locator("summary").click()
    return letter


def test_the_link_is_copied_and_it_is_said(browser: Browser, demo_site: Site) -> None:
    letters, state = one_is_stuck(demo_site), demo_site.signed_in(browser, "tutor")
    with visiting(browser, storage_state=state, **PHONE, **CLIPBOARD) as page:
        letter = opened(page, letters)
        field, said = letter.get_by_label("The page this letter leads to"), letter.get_by_role("status")
        button = letter.get_by_role("button", name="Copy the link for")
        expect(said).to_be_empty()
        for _ in range(2):
            button.press("Enter")
            expect(said).to_have_text("Copied")
        assert page.evaluate("navigator.clipboard.readText()") == field.input_value() == f"{demo_site.address}/calendar"
        field.focus()
        assert page.evaluate("getSelection().toString()") == f"{demo_site.address}/calendar"
    with visiting(browser, storage_state=state, java_script_enabled=False, **PHONE) as page:
        letter = opened(page, letters)
        field = letter.get_by_label("The page this letter leads to")
        assert (field.input_value(), field.is_editable()) == (f"{demo_site.address}/calendar", False)
        expect(letter.locator("[data-copy] button")).to_be_hidden()
