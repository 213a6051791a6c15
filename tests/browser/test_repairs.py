"""Checklist 52 to 55 as a tutor meets them: away, gone for good, who hears of it and how often; scripts on and off."""

import asyncio
import re
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.browser.classes import a_class, cookie
from tests.browser.looking import Findings, look_at_width, look_with_axe
from tests.browser.running import DESK, PHONE, Site, installed, press, visiting
from tests.builders import Class, all_told
from threefold.store.engine import Store
from threefold.store.tables import Letter, Membership, Piece, Seat

pytestmark = [pytest.mark.browser, pytest.mark.heavy]  # a server of their own

PEOPLE, WEEKS = 9, 3
SCRIPTS = pytest.mark.parametrize(
    "scripts", [pytest.param(True, id="scripts on"), pytest.param(False, id="scripts off")]
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Site]:  # noqa: ARG001 - no browser, no site
    with installed(tmp_path_factory.mktemp("repairs")) as found:
        yield found


@pytest.fixture
def made(site: Site) -> Class:
    """Nine people whose first session is in a week, and who have had their letters."""
    found = a_class(site, PEOPLE, WEEKS, published=True)

    async def tell() -> None:
        store = Store.open(site.settings.database)
        await all_told(store, found.cohort)
        await store.close()

    with ThreadPoolExecutor(1) as apart:  # Playwright's own loop fills this thread
        apart.submit(asyncio.run, tell()).result()
    return found


def read(site: Site, work: Any) -> Any:
    store = Store.open(site.settings.database)
    try:
        return store.read_now(work)
    finally:
        store.close_now()


def waiting(site: Site, made: Class) -> Counter[UUID]:
    """How many letters wait for whom."""

    def work(db: Session) -> Counter[UUID]:
        asked = select(Letter.person_id).where(
            Letter.cohort_id == made.cohort, Letter.sent_at.is_(None), Letter.stopped_at.is_(None)
        )
        return Counter(db.scalars(asked))

    found: Counter[UUID] = read(site, work)
    return found


@contextmanager
def window(browser: Browser, site: Site, made: Class, frame: dict[str, Any] = DESK, **options: Any) -> Iterator[Page]:
    with visiting(browser, **frame, **options) as page:
        page.context.add_cookies([cookie(site, made.tutors[0])])
        yield page


def ask(page: Page, site: Site, made: Class, who: str, scope: str = "One date") -> None:
    """Fill in who can't come, and ask what could be done."""
    page.goto(f"{site.address}/cohorts/{made.cohort}/repair")
    page.get_by_role("radio", name=scope).check()
    page.get_by_label(who).check()
    press(page.get_by_role("button", name="Show what could be done"))


@SCRIPTS
def test_one_away_is_proposed_a_regroup_and_nothing_is_sent_before_it_is_confirmed(
    browser: Browser,
    site: Site,
    made: Class,
    scripts: bool,  # noqa: FBT001 - a case
) -> None:
    with window(browser, site, made, PHONE, java_script_enabled=scripts) as page:
        ask(page, site, made, "Amara Okafor")
        expect(page.locator("h1")).to_have_text(re.compile("^Amara can’t make [A-Z][a-z]+day"))
        expect(page.locator("h2").first).to_have_text("First way: nobody changes groups")
        expect(page.locator("h2").nth(1)).to_have_text(re.compile(r"Second way: \d people change groups"))
        assert page.locator(".btn.go").count() == 1
        press(page.get_by_role("button", name="Use this , the first way"))
        expect(page.locator("h1")).to_have_text("Is this what you mean?")
        expect(page.get_by_role("heading", name="3 letters would go out")).to_be_visible()
        assert waiting(site, made) == Counter()
        press(page.get_by_role("button", name="Change it and tell them"))
        expect(page.locator("h1")).to_have_text("The plan has changed once")
        affected = [made.people[made.members.index(who)] for who in made.members[:3]]
        assert waiting(site, made) == Counter(affected), "one letter each, and nobody else hears"
        undo = page.get_by_role("button", name="Undo")
        undo.focus()
        with page.expect_navigation():
            page.keyboard.press("Enter")
        expect(page.locator("h1")).to_have_text("The plan is as it was published")
        assert waiting(site, made) == Counter()


@SCRIPTS
def test_a_leaver_keeps_what_was_and_everyone_affected_is_listed_first(
    browser: Browser,
    site: Site,
    made: Class,
    scripts: bool,  # noqa: FBT001 - a case
) -> None:
    kept = read(site, lambda db: len(list(db.scalars(select(Piece)))))
    with window(browser, site, made, java_script_enabled=scripts) as page:
        ask(page, site, made, "Ben Hughes", "They leave the cohort")
        expect(page.locator("h1")).to_have_text("Ben leaves the cohort")
        names = page.locator("section", has=page.get_by_role("heading", name="First way")).locator(".gs b")
        changing = set(names.all_text_contents())
        press(page.get_by_role("button", name="Use this , the first way"))
        listed = " ".join(page.locator("ul[aria-label='Who would get which letter']").all_text_contents())
        assert all(name in listed for name in changing)
        assert read(site, lambda db: db.get_one(Membership, made.members[1]).left_at) is None
        press(page.get_by_role("button", name="Change it and tell them"))
        expect(page.locator("section").first).to_contain_text("Somebody left the cohort")
    assert read(site, lambda db: db.get_one(Membership, made.members[1]).left_at) is not None
    assert waiting(site, made)[made.people[1]] == WEEKS
    assert read(site, lambda db: len(list(db.scalars(select(Piece))))) == kept


def test_two_repairs_within_ten_minutes_are_one_letter_each_with_the_final_state(
    browser: Browser, site: Site, made: Class
) -> None:
    with window(browser, site, made) as page:
        for who in ("Amara Okafor", "Dev Mehta"):
            ask(page, site, made, who)
            press(page.get_by_role("button", name="Use this , the first way"))
            press(page.get_by_role("button", name="Change it and tell them"))
        expect(page.locator("h1")).to_have_text("The plan has changed twice")
    assert set(waiting(site, made).values()) == {1}
    held = select(Seat.membership_id).where(Seat.practice_id == made.sessions[0], Seat.given_up_at.is_(None))
    assert set(read(site, lambda db: list(db.scalars(held)))) == set(made.members) - {made.members[0], made.members[3]}


@pytest.mark.parametrize("scripts", [True, False])
def test_sessions_to_come_get_another_time_and_the_total_is_said_while_typing(
    browser: Browser,
    site: Site,
    made: Class,
    scripts: bool,  # noqa: FBT001 - a case
) -> None:
    with window(browser, site, made, java_script_enabled=scripts) as page:
        page.goto(f"{site.address}/cohorts/{made.cohort}/term")
        page.get_by_label("Start").fill("17:00")
        page.get_by_label("Practice, minutes").fill("15")
        if scripts:
            expect(page.locator("[data-total]")).to_contain_text("3 rounds of 15 + 10 min feedback")
        press(page.get_by_role("button", name="See what follows"))
        expect(page.get_by_role("heading", name=f"{PEOPLE * WEEKS} letters would go out")).to_be_visible()
        assert waiting(site, made) == Counter()
        press(page.get_by_role("button", name="Change it and tell them"))
        expect(page.locator("h1")).to_contain_text("Everyone is expected on")
    assert waiting(site, made) == Counter(dict.fromkeys(made.people, WEEKS))


def test_the_screens_are_open_to_everybody(browser: Browser, site: Site, made: Class) -> None:
    base, findings = f"/cohorts/{made.cohort}", Findings()
    asked = f"{base}/repair?asked=yes&practice={made.sessions[0]}&who={made.members[0]}"
    with window(browser, site, made) as page:
        ask(page, site, made, "Ioan Popescu")
        press(page.get_by_role("button", name="Use this , the first way"))
        look_with_axe(findings.on(f"{base}/repair look"), page)
        press(page.get_by_role("button", name="Change it and tell them"))
    for path in (f"{base}/repair", asked, f"{base}/versions", f"{base}/term"):
        for frame in (DESK, PHONE):
            for scheme in ("light", "dark"):
                with window(browser, site, made, frame, color_scheme=scheme) as page:
                    page.goto(site.address + path)
                    look_with_axe(findings.on(f"{path} {scheme}"), page)
        with window(browser, site, made) as page:
            page.goto(site.address + path)
            look_at_width(findings.on(path), page)
    findings.check()
