"""Extra practice in a browser: a tutor opens it on a desk, three people fill a triad on their phones, one steps out."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.classes import a_class, cookie
from tests.browser.looking import Findings, look_at_width, look_with_axe
from tests.browser.running import DESK, PHONE, Site, installed, press, visiting

pytestmark = [pytest.mark.browser, pytest.mark.heavy]
EXTRA = "/practice/extra"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Site]:  # noqa: ARG001 - no browser, no site
    with installed(tmp_path_factory.mktemp("booking")) as found:
        yield found


def next_tuesday() -> str:
    today = datetime.now(UTC).date()
    return (today + timedelta(days=8 - today.weekday() + 7)).isoformat()


def opened(page: Page, site: Site, cohort: object) -> None:
    """Open three Tuesdays, as a tutor does, looking first."""
    page.goto(f"{site.address}/cohorts/{cohort}/windows")
    press(page.get_by_role("link", name="Open a time"))
    page.get_by_label("First date").fill(next_tuesday())
    page.get_by_label("From").fill("17:00")
    page.get_by_label("To", exact=True).fill("19:00")
    page.get_by_label("Again").select_option("3")
    page.get_by_role("textbox", name="Place").fill("Library")
    page.get_by_label("Triads at the same time").select_option("2")
    press(page.get_by_role("button", name="Show what they see"))
    expect(page.get_by_text("2 rooms free")).to_be_visible()
    press(page.get_by_role("button", name="Open three Tuesdays"))
    expect(page.get_by_text("Open. Each trainee gets one letter")).to_be_visible()


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_a_triad_comes_about_in_a_tap_each(browser: Browser, site: Site, scripts: bool) -> None:  # noqa: FBT001 - a case
    made = a_class(site, 6, 3, published=True)
    findings = Findings()
    with visiting(browser, java_script_enabled=scripts, **DESK) as page:
        page.context.add_cookies([cookie(site, made.tutors[0])])
        opened(page, site, made.cohort)
    for scheme in ("light", "dark") if scripts else ():
        with visiting(browser, color_scheme=scheme, **DESK) as page:
            page.context.add_cookies([cookie(site, made.people[5])])
            page.goto(site.address + EXTRA)
            look_with_axe(findings.on(EXTRA), page)
            look_at_width(findings.on(EXTRA), page)
    taps = ["Start a triad", "Join", "Take the third seat"]
    for person, words in zip(made.people, taps, strict=False):
        with visiting(browser, java_script_enabled=scripts, **PHONE) as page:
            page.context.add_cookies([cookie(site, person)])
            page.goto(site.address + EXTRA)
            press(page.get_by_role("button", name=re.compile(words)).first)
            expect(page.locator(".toast")).to_contain_text("You’")
    with visiting(browser, java_script_enabled=scripts, **PHONE) as page:
        page.context.add_cookies([cookie(site, made.people[0])])
        page.goto(site.address + EXTRA)
        expect(page.locator(".tile")).to_have_count(3)
        press(page.get_by_role("link", name="Step out"))
        press(page.get_by_role("button", name="Step out"))
        expect(page.get_by_text("You’ve stepped out.")).to_be_visible()
    findings.check()


def test_the_form_says_everything_at_once_and_keeps_every_word(browser: Browser, site: Site) -> None:
    made = a_class(site, 6, 3, published=True)
    with visiting(browser, **DESK) as page:
        page.context.add_cookies([cookie(site, made.tutors[0])])
        page.goto(f"{site.address}/cohorts/{made.cohort}/windows/new")
        total = page.locator("[data-total]")
        before = total.inner_text()
        page.get_by_label("Minutes each").fill("50")
        expect(total).not_to_have_text(before)
        press(page.get_by_role("button", name="Open this"))
        expect(page).to_have_title(re.compile("^Error: "))
        expect(page.get_by_role("alert")).to_be_focused()
        expect(page.get_by_label("Minutes each")).to_have_value("50")
        page.get_by_role("alert").get_by_role("link").first.click()
        expect(page.get_by_label("First date")).to_be_focused()
        findings = Findings()
        told = findings.on("the form")
        look_with_axe(told, page)
        look_at_width(told, page)
        findings.check()
