"""The plan page at every size of class: drawn, looked at, a group kept, a swap considered, on a phone and a desk."""

import re
from collections.abc import Iterator
from math import comb

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.classes import a_class, cookie, drawn
from tests.browser.looking import Findings, look_at_width, look_with_axe
from tests.browser.running import DESK, PHONE, Site, installed, press, visiting

# A remainder of two with a pair, and one with fours every day; the others where everything is run.
SIZES = [5, *(pytest.param(size, marks=pytest.mark.heavy) for size in (4, 7, 12, 13, 16, 30))]
WEEKS = 10


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Site]:  # noqa: ARG001 - no browser, no site
    """One installation for classes of every size."""
    with installed(tmp_path_factory.mktemp("classes")) as found:
        yield found


@pytest.mark.heavy
@pytest.mark.parametrize("trainees", SIZES)
def test_the_plan_page_at_every_size(browser: Browser, site: Site, trainees: int) -> None:
    made = a_class(site, trainees, WEEKS)
    path, signed_in = f"/cohorts/{made.cohort}/plan", cookie(site, made.tutors[0])
    findings = Findings()
    with visiting(browser, **DESK) as page:
        page.context.add_cookies([signed_in])
        drawn(page, site.address + path)
        told = findings.on(path)
        # Every pair has its number, every week its groups, and everybody sits somewhere every week.
        cells = page.locator(".quilt .qn")
        told(cells.count() == comb(trainees, 2), f"has {cells.count()} cells for {comb(trainees, 2)} pairs")
        weeks = page.locator(".wk")
        told(weeks.count() == WEEKS, f"has {weeks.count()} weeks")
        for week in weeks.all():
            seated = week.locator(".gs li > span:not(.do, .tut)").all_inner_texts()
            told(len(set(seated)) == trainees, f"seats {len(set(seated))} of {trainees} people")
        lead = page.locator("p.lead").inner_text()
        told(bool(re.match(r"(Everyone works with everyone|\d+ of \d+ pairs)", lead)), f"says “{lead}”")
        look_with_axe(told, page)
        look_at_width(told, page)
        # Keep a group, and draw another plan round it.
        first = page.locator(".wk").first.locator("li").first
        kept = first.locator("span:not(.do, .tut)").all_inner_texts()
        first.get_by_role("checkbox").check()
        page.get_by_role("button", name="Try another plan").click()
        expect(page.get_by_role("heading", name="Plans you’ve looked at")).to_be_visible(timeout=60_000)
        again = page.locator(".wk").first.locator("li", has=page.locator("input:checked"))
        told(sorted(again.locator("span:not(.do, .tut)").all_inner_texts()) == sorted(kept), "lost the group to keep")
    with visiting(browser, java_script_enabled=False, **PHONE) as page:
        page.context.add_cookies([signed_in])
        page.goto(site.address + path)
        press(page.get_by_role("button", name="See what it would do"))
        said = page.locator("[role=status] p, .err").all_inner_texts()
        findings.on(path)(bool(said), "does not say what a swap would do")
        press(page.get_by_role("link", name=re.compile("^Why")).first)
        expect(page.locator("#why")).to_contain_text("in week 1?")
    findings.check()
