"""The day's board under one thumb, side by side with a second tutor and a trainee's phone; with scripts off too."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests.browser.classes import a_class, cookie
from tests.browser.looking import Findings, look_at_width, look_with_axe
from tests.browser.running import PHONE, Site, installed, press, visiting
from tests.builders import Class
from threefold.store.engine import Store
from threefold.store.tables import Happening, Letter, PlanVersion, PracticeSession, Triad

pytestmark = [pytest.mark.browser, pytest.mark.heavy]  # a server of their own takes longer than the tests

THUMB: dict[str, Any] = {"viewport": {"width": 320, "height": 640}, "has_touch": True, "is_mobile": True}
SCROLLED = "() => scrollY"


@pytest.fixture
def site(tmp_path: Path, browser: Browser) -> Iterator[Site]:  # noqa: ARG001 - no browser, no site
    with installed(tmp_path) as site:
        yield site


@pytest.fixture
def built(site: Site) -> Class:
    """Twelve people whose session began six minutes ago, in rooms 2 to 5."""
    built = a_class(site, 12, 1, published=True)

    def work(db: Session) -> None:
        practice, now = db.get_one(PracticeSession, built.sessions[0]), datetime.now(UTC)
        practice.starts_at, practice.ends_at = now - timedelta(minutes=6), now + timedelta(minutes=114)
        for number, triad in enumerate(built.triads[0], start=2):
            db.get_one(Triad, triad).room = f"Room {number}"

    done(site, work)
    return built


def done(site: Site, work: Any) -> Any:
    store = Store.open(site.settings.database)
    try:
        return store.write_now(work)
    finally:
        store.close_now()


def counted(site: Site, table: type) -> int:
    return int(done(site, lambda db: db.scalar(select(func.count()).select_from(table))))


def board_of(page: Page, site: Site, built: Class, person: UUID, path: str = "/day") -> None:
    page.context.add_cookies([cookie(site, person)])
    page.goto(f"{site.address}/practice/{built.sessions[0]}{path}")


def tile(page: Page, built: Class, number: int) -> Any:
    return page.locator(f"#tick-{built.members[number]}")


def test_ten_are_ticked_with_one_thumb_and_the_proposal_is_used(browser: Browser, site: Site, built: Class) -> None:
    with visiting(browser, **THUMB) as page:
        board_of(page, site, built, built.tutors[0])
        for number in range(10):
            tile(page, built, number).tap()
            expect(tile(page, built, number)).to_have_attribute("aria-pressed", "true")
        expect(page.get_by_role("heading", level=1)).to_have_text("Ten are here, two are away")
        expect(page.get_by_text("Saved at").first).to_be_visible()
        proposal = page.locator("[data-proposal]")
        expect(proposal.get_by_role("heading")).to_have_text("Kit and Lena are away")
        expect(proposal).to_contain_text("stay where they are")
        letters = counted(site, Letter)
        assert counted(site, PlanVersion) == 0  # nothing changes before it is used
        press(proposal.get_by_role("button", name="Use this"))
        expect(page.get_by_text("These are the groups now.")).to_be_visible()
        expect(page.locator("[data-live=rooms] li.card")).to_have_count(3)
        assert (counted(site, PlanVersion), counted(site, Letter)) == (1, letters)
        press(page.get_by_role("button", name="Undo this change of groups"))
        expect(page.locator("[data-live=rooms] li.card")).to_have_count(4)
        findings = Findings()
        look_with_axe(findings.on("/practice/{id}/day"), page)
        look_at_width(findings.on("/practice/{id}/day"), page)
        findings.check()


def test_what_another_tutor_ticks_appears_and_moves_nothing_under_the_thumb(
    browser: Browser, site: Site, built: Class
) -> None:
    with visiting(browser, **THUMB) as page, visiting(browser, **PHONE) as other:
        board_of(page, site, built, built.tutors[0])
        board_of(other, site, built, built.tutors[0])
        last = tile(page, built, 10)
        last.scroll_into_view_if_needed()
        last.focus()
        page.evaluate("scrollBy({ top: 120, behavior: 'instant' })")
        top = last.bounding_box()
        tile(other, built, 0).tap()
        expect(tile(page, built, 0)).to_have_attribute("aria-pressed", "true", timeout=12_000)
        expect(last).to_be_focused()
        after = last.bounding_box()
        assert top is not None
        assert after is not None
        assert abs(top["y"] - after["y"]) < 2


def test_with_scripts_off_each_tap_is_a_form_and_the_same_tap_undoes_it(
    browser: Browser, site: Site, built: Class
) -> None:
    with visiting(browser, java_script_enabled=False, **THUMB) as page:
        board_of(page, site, built, built.tutors[0])
        for pressed in ("true", "false", "true"):
            press(tile(page, built, 0))
            expect(tile(page, built, 0)).to_have_attribute("aria-pressed", pressed)
        press(page.get_by_role("button", name="Everybody else is here too"))
        expect(page.get_by_role("heading", level=1)).to_have_text("Twelve are here")
        press(page.get_by_role("link", name="Groups from who is here"))
        expect(page.get_by_role("heading", level=1)).to_have_text("The groups fit who is here")


def test_a_tap_that_cannot_be_saved_says_so_and_stays_undone(browser: Browser, site: Site, built: Class) -> None:
    with visiting(browser, **THUMB) as page:
        board_of(page, site, built, built.tutors[0])
        page.context.set_offline(True)
        tile(page, built, 0).tap()
        expect(page.locator("[data-save-words]")).to_have_text("Couldn’t save. Tap again.")
        expect(tile(page, built, 0)).to_have_attribute("aria-pressed", "false")
        page.context.set_offline(False)
        tile(page, built, 0).tap()
        expect(page.get_by_role("heading", level=1)).to_contain_text("One is here")
        assert counted(site, Happening) == 1


def test_a_trainee_scans_the_code_presses_the_button_and_the_board_knows(
    browser: Browser, site: Site, built: Class
) -> None:
    with visiting(browser, **PHONE) as page, visiting(browser, **PHONE) as phone:
        board_of(page, site, built, built.tutors[0], "/door")
        where = page.locator("svg.qr").get_attribute("aria-label")
        assert where is not None
        phone.context.add_cookies([cookie(site, built.people[0])])
        phone.goto(where.rpartition(" ")[2])
        assert counted(site, Happening) == 0
        press(phone.get_by_role("button", name="I’m here"))
        expect(phone.get_by_role("heading", level=1)).to_have_text("Good to have you here")
        page.goto(f"{site.address}/practice/{built.sessions[0]}/day")
        expect(page.get_by_role("heading", level=1)).to_contain_text("One is here")


@pytest.mark.parametrize("path", ["/day/groups", "/wall", "/cards", "/door", "/record", "/arrival"])
def test_every_page_of_the_day_is_open_to_everybody(browser: Browser, site: Site, built: Class, path: str) -> None:
    person = built.people[0] if path == "/arrival" else built.tutors[0]
    findings = Findings()
    for scheme in ("light", "dark"):
        with visiting(browser, color_scheme=scheme, **PHONE) as page:
            board_of(page, site, built, person, path)
            look_with_axe(findings.on(path), page)
            look_at_width(findings.on(path), page)
    findings.check()
