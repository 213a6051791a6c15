"""The plan page at every size of class: drawn, looked at, a group kept, a swap considered, on a phone and a desk."""

import asyncio
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from math import comb
from typing import Any
from uuid import UUID

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.looking import Findings, look_at_width, look_with_axe
from tests.browser.running import DESK, PHONE, Site, installed, press, visiting
from tests.builders import a_cohort, an_id
from threefold.settings import Settings
from threefold.store import sessions
from threefold.store.engine import Store
from threefold.web.security import new_token

# A remainder of two with a pair, and one with fours every day; the others where everything is run.
SIZES = [5, 13, *(pytest.param(size, marks=pytest.mark.heavy) for size in (4, 7, 12, 16, 30))]
WEEKS = 10


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Site]:  # noqa: ARG001 - no browser, no site
    """One installation for classes of every size."""
    with installed(tmp_path_factory.mktemp("classes")) as found:
        yield found


def a_class(settings: Settings, trainees: int) -> tuple[str, str]:
    """A cohort whose plan is still to be drawn: its address, and a cookie that signs its tutor in."""

    async def build() -> tuple[str, str]:
        store, token = Store.open(settings.database), new_token()
        first = datetime.now(UTC).date() + timedelta(days=7)
        made = await a_cohort(store, trainees=trainees, weeks=WEEKS, published=False, first=first)
        await store.write(lambda db: begin(db, made.tutors[0], token))
        await store.close()
        return f"/cohorts/{made.cohort}/plan", token

    def begin(db: object, tutor: UUID, token: str) -> None:
        sessions.begin(db, id=an_id(), person_id=tutor, token=token, browser="", now=datetime.now(UTC))  # type: ignore[arg-type] # a unit's session

    # Playwright's own loop fills this thread.
    with ThreadPoolExecutor(1) as apart:
        return apart.submit(asyncio.run, build()).result()


def drawn(page: Page, address: str) -> None:
    page.goto(address)
    page.get_by_role("button", name="Draw the plan").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your plan is ready to check", timeout=60_000)


@pytest.mark.parametrize("trainees", SIZES)
def test_the_plan_page_at_every_size(browser: Browser, site: Site, trainees: int) -> None:
    path, token = a_class(site.settings, trainees)
    signed_in: Any = {"name": "threefold", "value": token, "url": site.address}
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
