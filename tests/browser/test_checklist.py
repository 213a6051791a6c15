"""What pages promise beside their words: a way back, quiet saving, a way to undo, and figures that are true."""

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.browser.classes import a_class, cookie, drawn
from tests.browser.running import DESK, PHONE, Site, installed, press, visiting
from threefold.store.engine import Store
from threefold.store.tables import PlanDraft

pytestmark = [pytest.mark.browser, pytest.mark.heavy]

PEOPLE, WEEKS = 6, 3
SCRIPTS = pytest.mark.parametrize(
    "scripts", [pytest.param(True, id="scripts on"), pytest.param(False, id="scripts off")]
)
# Every saying of the save state to a screen reader, with its moment in milliseconds.
LISTEN = """() => {
  window.heard = [];
  new MutationObserver(() => heard.push(performance.now()))
    .observe(document.querySelector('[data-save-said]'), { childList: true });
}"""
ROLE_BARS = """() => [...document.querySelectorAll('.bars li')].map((row) => [
  row.querySelector('.bn').textContent,
  ...[...row.querySelectorAll('text')].filter((one) => one.checkVisibility()).map((one) => one.textContent),
])"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Site]:  # noqa: ARG001 - no browser, no site
    with installed(tmp_path_factory.mktemp("checklist")) as found:
        yield found


@dataclass(frozen=True)
class Preview:
    """A plan that has been drawn: its page, its tutor's cookie, and its groups as the database has them."""

    address: str
    tutor: Any
    groups: list[list[list[str]]]


@pytest.fixture(scope="module")
def preview(browser: Browser, site: Site) -> Preview:
    made = a_class(site, PEOPLE, WEEKS)
    address, tutor = f"{site.address}/cohorts/{made.cohort}/plan", cookie(site, made.tutors[0])
    with window(browser, tutor) as page:
        drawn(page, address)

    def groups(db: Session) -> list[list[list[str]]]:
        (kept,) = db.scalars(select(PlanDraft).where(PlanDraft.cohort_id == made.cohort))
        return [[group["members"] for group in session] for session in kept.groups]

    store = Store.open(site.settings.database)
    try:
        return Preview(address, tutor, store.read_now(groups))
    finally:
        store.close_now()


@contextmanager
def window(browser: Browser, who: Any, frame: dict[str, Any] = DESK, **options: Any) -> Iterator[Page]:
    with visiting(browser, **frame, **options) as page:
        page.context.add_cookies([who])
        yield page


# --- going back, and not being asked twice --------------------------------------------------------------------


@SCRIPTS
def test_the_back_button_leads_to_the_step_before_with_its_answers(
    browser: Browser,
    site: Site,
    scripts: bool,  # noqa: FBT001 - the two ways a browser may be
) -> None:
    made = a_class(site, PEOPLE, WEEKS)
    with window(browser, cookie(site, made.tutors[0]), java_script_enabled=scripts) as page:
        page.goto(f"{site.address}/cohorts/{made.cohort}/sessions")
        page.get_by_label("Place", exact=True).fill("The library")
        page.get_by_label("Rounds", exact=True).fill("2")
        press(page.get_by_role("button", name="Save and go on"))
        expect(page.get_by_role("heading", level=1)).to_have_text("What do observers look for this term?")
        page.go_back()
        expect(page.get_by_role("heading", level=1)).to_have_text("When does this cohort meet?")
        expect(page.get_by_label("Place", exact=True)).to_have_value("The library")
        expect(page.get_by_label("Rounds", exact=True)).to_have_value("2")


def test_what_was_said_once_is_not_asked_for_again(browser: Browser, site: Site) -> None:
    made = a_class(site, PEOPLE, WEEKS)
    with window(browser, cookie(site, made.tutors[0])) as page:
        for step in ("sessions", "framework"):
            page.goto(f"{site.address}/cohorts/{made.cohort}/{step}")
            expect(page.get_by_label("Breadcrumb")).to_contain_text("Level 3, Thursdays")
            asked = page.locator("main [aria-required=true]").all()
            assert asked
            assert all(field.input_value() for field in asked), step
    with visiting(browser, **PHONE) as page:
        page.goto(f"{site.address}/sign-in")
        page.get_by_label("E-mail address").fill("amara@example.com")
        press(page.get_by_role("button", name="E-mail me"))
        expect(page.locator("main")).to_contain_text("amara@example.com")
        open_fields = page.locator("main input:visible, main textarea:visible").all()
        assert [field.get_attribute("name") for field in open_fields if not field.input_value()] == ["code"]


def test_the_length_of_a_session_is_said_while_the_numbers_are_typed(browser: Browser, site: Site) -> None:
    made = a_class(site, PEOPLE, WEEKS)
    numbers = {
        "Rounds": "4",
        "Practice, minutes": "15",
        "Feedback, minutes": "5",
        "Welcome, minutes": "10",
        "Close, minutes": "5",
    }
    with window(browser, cookie(site, made.tutors[0])) as page:
        page.goto(f"{site.address}/cohorts/{made.cohort}/sessions")
        for label, number in numbers.items():
            page.get_by_label(label, exact=True).fill(number)
        total = page.locator("[data-total]")
        expect(total).to_have_text("4 rounds of 15 + 5 min feedback, with welcome and close: 1 h 35")
        page.get_by_label("Rounds", exact=True).fill("1")
        expect(total).to_have_text("1 round of 15 + 5 min feedback, with welcome and close: 35 min")
        press(page.get_by_role("button", name="Show the dates"))
        expect(page.locator("[data-total]")).to_have_text(
            "1 round of 15 + 5 min feedback, with welcome and close: 35 min"
        )


# --- saving and undoing -----------------------------------------------------------------------------------------


def test_saving_is_said_aloud_at_most_once_in_ten_seconds(browser: Browser, site: Site) -> None:
    made = a_class(site, PEOPLE, WEEKS, begins=-8, published=True)
    with window(browser, cookie(site, made.people[0]), PHONE) as page:
        page.clock.install()
        page.goto(f"{site.address}/feedback")
        press(page.locator(".todo a").first)
        box = page.locator("form[data-autosave] textarea").first
        expect(page.locator("[data-save-said]")).to_have_attribute("role", "status")
        page.evaluate(LISTEN)
        for words in ("I waited.", "I waited, and then", "I waited, and then they went on."):
            box.fill(words)
            with page.expect_response("**/draft"):
                page.clock.run_for(1000)
            expect(page.locator("[data-save-words]")).to_have_text(re.compile(r"Saved at \d\d:\d\d"))
            page.clock.run_for(500)
        page.clock.run_for(20_000)
        heard = page.evaluate("heard")
        assert len(heard) == 2, "the first at once, the others in one"
        assert heard[1] - heard[0] >= 9_950  # ms; it is heard a moment after it is said, not always the same


def test_a_cohort_put_away_can_be_had_back_by_keyboard_for_as_long_as_the_page_stands(
    browser: Browser, site: Site
) -> None:
    made = a_class(site, PEOPLE, WEEKS, published=True)
    with window(browser, cookie(site, made.tutors[0])) as page:
        page.clock.install()
        page.goto(f"{site.address}/cohorts/{made.cohort}/settings")
        press(page.get_by_role("button", name="Archive this cohort"))
        expect(page.get_by_role("status")).to_contain_text("is in the archive")
        page.clock.run_for(60_000)
        undo = page.get_by_role("button", name="Undo")
        for _ in range(20):
            page.keyboard.press("Tab")
            if undo.evaluate("(one) => one === document.activeElement"):
                break
        expect(undo).to_be_focused()
        with page.expect_navigation():
            page.keyboard.press("Enter")
        expect(page.get_by_role("status")).to_contain_text("is back among your cohorts")
        expect(page.get_by_role("link", name="Level 3, Thursdays", exact=True)).to_be_visible()


# --- the plan before it is published ------------------------------------------------------------------------------


def test_the_figures_are_those_of_the_groups_in_the_database(browser: Browser, preview: Preview) -> None:
    met = Counter(frozenset(two) for session in preview.groups for group in session for two in combinations(group, 2))
    with window(browser, preview.tutor) as page:
        page.goto(preview.address)
        said = page.locator(".figs b").all_inner_texts()
        pairs = PEOPLE * (PEOPLE - 1) // 2
        # Six people sit in threes, so that everybody has every role once a week.
        assert said == [f"{len(met)} of {pairs}", f"{max(met.values())} at most", f"{WEEKS} turns"]
        written = page.locator(".quilt .qn").all_text_contents()
        assert Counter(map(int, written)) == Counter(met.values()) + Counter({0: pairs - len(met)})


def test_the_triangle_and_its_table_say_the_same(browser: Browser, preview: Preview) -> None:
    with window(browser, preview.tutor) as page:
        page.goto(preview.address)
        table = page.locator("section", has=page.locator("#h-whom")).locator("table")
        page.get_by_text("Show this as a table").first.click()
        expect(table.locator("caption")).to_have_text("How often two people sit together")
        assert table.locator("thead th[scope=col]").count() == PEOPLE + 1
        assert table.locator("tbody th[scope=row]").count() == PEOPLE
        rows = [row.locator("td").all_inner_texts() for row in table.locator("tbody tr").all()]
        below = [number for place, row in enumerate(rows) for number in row[:place]]
        assert below == page.locator(".quilt .qn").all_text_contents()
        assert all(rows[a][b] == rows[b][a] for a, b in combinations(range(PEOPLE), 2))
        assert page.locator(".quilt desc").text_content()


def test_one_person_is_outlined_without_moving_anything(browser: Browser, preview: Preview) -> None:
    with window(browser, preview.tutor, PHONE) as page:
        page.goto(preview.address)
        picker = page.get_by_label("Look at one person")
        picker.scroll_into_view_if_needed()
        picker.focus()
        before = page.evaluate("scrollY")
        for number in (1, 3):
            picker.select_option(index=number)
            expect(page.locator(".quilt rect.hl")).to_have_count(PEOPLE - 1)
            name = picker.locator("option").nth(number).inner_text()
            said = page.locator("[aria-live=polite] [data-says]:visible")
            expect(said).to_have_count(1)
            expect(said).to_contain_text(f"{name}:")
            expect(picker).to_be_focused()
            assert page.evaluate("scrollY") == before
        picker.select_option(index=0)
        expect(page.locator(".quilt rect.hl")).to_have_count(0)


def test_role_bars_say_their_numbers_and_differ_by_shape(browser: Browser, preview: Preview) -> None:
    with window(browser, preview.tutor) as page:
        page.goto(preview.address)
        bars = page.evaluate(ROLE_BARS)
        table = page.locator("table", has=page.locator("caption", has_text="Turns in each role"))
        rows = [row.locator("th, td").all_text_contents() for row in table.locator("tbody tr").all()]
        shapes = ("", "● ", "◆ ", "▲ ")
        assert bars == [[shape + said for shape, said in zip(shapes, row, strict=True)] for row in rows]
        assert page.locator("section", has=page.locator("#h-turns")).locator(".key").inner_text().split() == [
            "Counsellor",
            "Client",
            "Observer",
        ]


def test_a_search_is_followed_can_be_stopped_and_leaves_the_plan_before_to_choose(browser: Browser, site: Site) -> None:
    made = a_class(site, 40, 10)
    with window(browser, cookie(site, made.tutors[0]), reduced_motion="reduce") as page:
        page.goto(f"{site.address}/cohorts/{made.cohort}/plan")
        title = page.get_by_role("heading", level=1)
        for begin in ("Draw the plan", "Try another plan"):
            page.get_by_role("button", name=begin).click()
            expect(title).to_have_text("Looking for the fairest plan")
            expect(page.get_by_role("status")).to_contain_text("in a hundred of the tries are done")
            page.get_by_role("button", name="Stop and use this one").click()
            expect(title).to_have_text("Your plan is ready to check", timeout=60_000)
        row = page.get_by_role("row", name=re.compile("^Plan 1 "))
        press(row.get_by_role("button", name="Use this one"))
        expect(row).to_contain_text("On this page")
