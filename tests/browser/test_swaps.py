"""Changing places as people do it: on a phone with a thumb, by keyboard, and with scripts off; three taps at most."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.classes import cookie
from tests.browser.hands import look_at_tab_stops
from tests.browser.looking import Findings, look_at_width, look_with_axe
from tests.browser.running import DESK, PHONE, Site, installed, press, visiting
from tests.builders import Class, a_cohort, offers, regrouped
from tests.swaps.evening import AMARA, BEN, CHLOE, DEV, ESTHER, FARID, GRACE, HANNA, IOAN
from threefold.store.engine import Store

pytestmark = [pytest.mark.browser, pytest.mark.heavy]
SCRIPTS = [True, False]


@dataclass(frozen=True)
class Evening:
    """In two weeks Amara sits with Hanna and Farid, the week after Dev with Ioan and Esther, as in `tests.swaps`."""

    site: Site
    made: Class
    seats: dict[int, UUID]

    @property
    def leaving(self) -> str:
        return f"{self.site.address}/seats/{self.seats[AMARA]}/withdrawal"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Site]:  # noqa: ARG001 - no browser, no site
    with installed(tmp_path_factory.mktemp("swaps")) as found:
        yield found


@pytest.fixture
def evening(site: Site) -> Evening:
    async def build() -> tuple[Class, dict[int, UUID]]:
        store = Store.open(site.settings.database)
        first = datetime.now(UTC).date() + timedelta(days=14)
        made = await a_cohort(store, trainees=9, weeks=2, first=first)
        seats = await regrouped(store, made, 0, [(AMARA, HANNA, FARID), (BEN, CHLOE, GRACE)])
        await regrouped(store, made, 1, [(DEV, IOAN, ESTHER), (BEN, GRACE, CHLOE)])
        await offers(store, made.people[DEV], *[(day, 17, 22, "free") for day in range(7)])
        await store.close()
        return made, seats

    # Playwright's own loop fills this thread.
    with ThreadPoolExecutor(1) as apart:
        return Evening(site, *apart.submit(asyncio.run, build()).result())


def go_buttons(page: Page) -> list[str]:
    """The filled buttons that can be seen."""
    return [each.inner_text() for each in page.locator("main .btn.go, .bar .btn.go").all() if each.is_visible()]


class Thumb:
    """Counts what is tapped."""

    def __init__(self) -> None:
        self.taps = 0

    def tap(self, what: Locator) -> None:
        self.taps += 1
        with what.page.expect_navigation():
            what.tap()


@pytest.mark.parametrize("scripts", SCRIPTS)
def test_asking_and_answering_take_three_taps_at_most(browser: Browser, evening: Evening, *, scripts: bool) -> None:
    """From home to the question, and from the link in the letter to the answer."""
    options: dict[str, Any] = {**PHONE, "java_script_enabled": scripts}
    asking, answering = Thumb(), Thumb()
    with visiting(browser, **options) as page:
        page.context.add_cookies([cookie(evening.site, evening.made.people[AMARA])])
        page.goto(evening.site.address)
        asking.tap(page.get_by_role("link", name="I can’t make it"))
        expect(page.get_by_role("radio").first).to_be_checked()
        assert go_buttons(page) == ["Ask Dev"]
        asking.tap(page.get_by_role("button", name="Ask Dev"))
        expect(page.get_by_role("heading", level=1)).to_have_text("You’ve asked Dev")
        asked = page.url
    with visiting(browser, **options) as page:
        page.context.add_cookies([cookie(evening.site, evening.made.people[DEV])])
        page.goto(asked)
        expect(page.get_by_role("heading", level=1)).to_have_text("Could you swap with Amara?")
        assert go_buttons(page) == ["Yes, I’ll swap"]
        answering.tap(page.get_by_role("button", name="Yes, I’ll swap"))
        expect(page.get_by_role("heading", level=1)).to_have_text("You’ve said yes")
    with visiting(browser, **options) as page:
        page.context.add_cookies([cookie(evening.site, evening.made.people[AMARA])])
        page.goto(evening.leaving)
        expect(page.get_by_role("heading", level=1)).to_contain_text("Somebody else has your place on")
    assert (asking.taps, answering.taps) == (2, 1)


@pytest.mark.parametrize("scripts", SCRIPTS)
def test_each_way_has_its_own_button_and_line_by_keyboard_too(
    browser: Browser, evening: Evening, *, scripts: bool
) -> None:
    with visiting(browser, java_script_enabled=scripts, **DESK) as page:
        page.context.add_cookies([cookie(evening.site, evening.made.people[AMARA])])
        page.goto(evening.leaving)
        page.get_by_role("radio").first.focus()
        seen = []
        for _ in range(4):
            seen.append((go_buttons(page), page.get_by_role("textbox").count()))
            page.keyboard.press("ArrowDown")
        assert (seen[0], seen[3]) == ((["Ask Dev"], 1), (["Let Marion know"], 0))
        assert sorted(seen[1:3]) == [(["Ask Esther"], 1), (["Ask Ioan"], 1)], "equally fair, in either order"
        page.get_by_role("radio", name="Ask Ioan").check()
        page.get_by_label("A line to Ioan").fill("No worries if not.")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("You’ve asked Ioan")
        press(page.get_by_role("button", name="Take it back"))
        expect(page.get_by_role("heading", level=1)).to_have_text("You’ve taken it back")
        press(page.get_by_role("link", name="See what else would work"))
        page.get_by_role("radio", name="Just let Marion know").check()
        press(page.get_by_role("button", name="Let Marion know"))
        expect(page.get_by_role("heading", level=1)).to_have_text("Your tutor knows you can’t make it")
        press(page.get_by_role("button", name="I can make it after all"))
        expect(page.get_by_role("heading", level=1)).to_have_text("Where to be, and as what")


def test_every_page_of_it_is_open_to_everybodys_way_of_reading(browser: Browser, evening: Evening) -> None:
    findings = Findings()

    def look(page: Page, name: str) -> None:
        told = findings.on(name)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            look_with_axe(told, page)
        look_at_width(told, page)
        page.reload()
        look_at_tab_stops(told, page)

    with visiting(browser, reduced_motion="reduce", **DESK) as page:
        page.context.add_cookies([cookie(evening.site, evening.made.people[AMARA])])
        page.goto(evening.leaving)
        look(page, "offering")
        press(page.get_by_role("button", name="Ask Dev"))
        look(page, "asked")
        asked = page.url
        page.goto(evening.leaving)
        look(page, "waiting")
        page.goto(f"{evening.site.address}/cohorts/{evening.made.cohort}/standby")
        look(page, "standing by")
    with visiting(browser, reduced_motion="reduce", **DESK) as page:
        page.context.add_cookies([cookie(evening.site, evening.made.people[DEV])])
        page.goto(asked)
        look(page, "answering")
        press(page.get_by_role("button", name="No thanks"))
        look(page, "answered")
    findings.check()
