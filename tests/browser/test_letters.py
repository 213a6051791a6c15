"""A tutor copies the link of a letter that is stuck: by a button that says so, or by hand where scripts are off."""

import sqlite3
from contextlib import closing
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.running import PHONE, Site, visiting

pytestmark = pytest.mark.browser
CLIPBOARD: dict[str, Any] = {"permissions": ["clipboard-read", "clipboard-write"]}


def one_is_stuck(site: Site) -> str:
    """The letters page of a cohort in which one letter has just been given up."""
    with closing(sqlite3.connect(site.settings.database.removeprefix("sqlite:///"))) as db:
        (letter, cohort, latest), *_ = db.execute(
            "SELECT id, cohort_id, (SELECT max(written_at) FROM letter) FROM letter WHERE kind = 'overview' ORDER BY id"
        ).fetchall()
        db.execute(
            "UPDATE letter SET sent_at = NULL, stopped_at = ?, tries = 1, trouble = ? WHERE id = ?",
            (latest, "stopped: 550: the mail server refuses this letter", letter),
        )
        db.commit()
    return f"{site.address}/cohorts/{cohort}/letters"


def opened(page: Page, address: str) -> Page:
    page.goto(address)
    page.get_by_text("Copy the link").click()
    return page


def test_the_link_is_copied_and_it_is_said(browser: Browser, demo_site: Site) -> None:
    letters, state = one_is_stuck(demo_site), demo_site.signed_in(browser, "tutor")
    with visiting(browser, storage_state=state, **PHONE, **CLIPBOARD) as page:
        field = opened(page, letters).get_by_label("The page this letter leads to")
        button = page.get_by_role("button", name="Copy the link for")
        said = page.locator("[data-copy] [role=status]")
        expect(said).to_be_empty()
        for _ in range(2):
            button.press("Enter")
            expect(said).to_have_text("Copied")
        assert page.evaluate("navigator.clipboard.readText()") == field.input_value() == f"{demo_site.address}/calendar"
        field.focus()
        assert page.evaluate("getSelection().toString()") == f"{demo_site.address}/calendar"
    with visiting(browser, storage_state=state, java_script_enabled=False, **PHONE) as page:
        field = opened(page, letters).get_by_label("The page this letter leads to")
        assert (field.input_value(), field.is_editable()) == (f"{demo_site.address}/calendar", False)
        expect(page.locator("[data-copy] button")).to_be_hidden()
