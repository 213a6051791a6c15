"""What holds on every page, whoever looks at it: one heading, nothing that scrolls sideways, nothing fetched from
elsewhere, words that never blame, small, open to everybody's way of reading, and the same with scripts off."""

import gzip
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request

from tests.browser.hands import look_at_print, look_at_tab_stops
from tests.browser.looking import (
    READ,
    RULES,
    SEEN,
    SHIFT,
    SIGHT,
    Findings,
    look_at_structure,
    look_at_width,
    look_at_words,
    look_with_axe,
)
from tests.browser.running import DESK, PHONE, Site, demonstrated, press, visiting
from tests.browser.walking import PARTS, Walk, kind_of, walk
from threefold.web.templates import folder

pytestmark = [pytest.mark.browser, pytest.mark.heavy]  # every page, several ways round: minutes

# A tall phone: sticky tabs would cover half of whatever lies under them while axe measures targets.
TALL: dict[str, Any] = {**PHONE, "viewport": {"width": 390, "height": 6000}}
HTML_KB, CSS_KB, JS_KB = 30, 12, 10
SHIFT_AT_MOST = 0.1
OF_ONE_PAGE = ("observation", "availability", "clock", "day")
# Where people spend their time; what is asked of these takes too long to be asked of every page.
MAIN = {
    "/sign-in", "/cohorts", "/cohorts/{id}", "/cohorts/{id}/people", "/cohorts/{id}/plan", "/cohorts/{id}/sessions",
    "/feedback/to-come", "/", "/calendar", "/feedback", "/feedback/{id}/{n}", "/feedback/{id}/{n}/form",
    "/feedback/{id}/{n}/steps/{n}", "/practice/{id}",
}  # fmt: skip


@dataclass(frozen=True)
class Overheard:
    """What a window complained of, and whom it asked elsewhere."""

    complaints: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)


def listen(page: Page, site: Site) -> Overheard:
    heard = Overheard()

    def on_console(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            heard.complaints.append(message.text)

    def on_request(request: Request) -> None:
        if not request.url.startswith((f"{site.address}/", "data:")):
            heard.elsewhere.append(request.url)

    page.on("console", on_console)
    page.on("pageerror", lambda error: heard.complaints.append(str(error)))
    page.on("request", on_request)
    return heard


@pytest.fixture(scope="module")
def demo_site(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Site]:  # noqa: ARG001 - no browser, no site
    """The demo in an afternoon, whatever the hour is: later the evening is tomorrow's, and has no board yet."""
    began = datetime.now(UTC)
    shift = began.replace(hour=14, minute=0) - began
    with demonstrated(tmp_path_factory.mktemp("demo"), lambda: datetime.now(UTC) + shift) as site:
        yield site


@pytest.fixture(scope="module")
def walks(browser: Browser, demo_site: Site) -> dict[str, Walk]:
    """Where each part can go; a kind of page that an earlier part has met is looked at once."""
    met: set[str] = set()
    found = {}
    for part in PARTS:
        walked = walk(browser, demo_site, part)
        own = tuple(p for p in walked.paths if p not in met and (kind_of(p) not in met or p.startswith("/feedback/")))
        met |= {kind_of(path) for path in own} | set(own)
        found[part] = Walk(part, walked.state, own)
    return found


@pytest.fixture(params=PARTS)
def walked(request: pytest.FixtureRequest, walks: dict[str, Walk]) -> Walk:
    return walks[request.param]


def test_the_walk_meets_every_room(walks: dict[str, Walk]) -> None:
    kinds = {kind_of(path) for walked in walks.values() for path in walked.paths}
    assert kinds == {
        "/",
        "/availability",
        "/calendar",
        "/calibration",
        "/calibration/cohorts/{id}",
        "/calibration/{scene}",
        "/choices",
        "/cohorts",
        "/cohorts/new",
        "/cohorts/{id}",
        "/cohorts/{id}/agreement",
        "/cohorts/{id}/apart-requests",
        "/cohorts/{id}/choices",
        "/cohorts/{id}/contract",
        "/cohorts/{id}/coverage",
        "/cohorts/{id}/deletion",
        "/cohorts/{id}/framework",
        "/cohorts/{id}/guests",
        "/cohorts/{id}/guests/{id}",
        "/cohorts/{id}/letters",
        "/cohorts/{id}/noticing",
        "/cohorts/{id}/people",
        "/cohorts/{id}/people/{id}",
        "/cohorts/{id}/people/{id}/removal",
        "/cohorts/{id}/plan",
        "/cohorts/{id}/repair",
        "/cohorts/{id}/sessions",
        "/cohorts/{id}/sessions/new",
        "/cohorts/{id}/settings",
        "/cohorts/{id}/standby",
        "/cohorts/{id}/term",
        "/cohorts/{id}/versions",
        "/cohorts/{id}/windows",
        "/cohorts/{id}/windows/new",
        "/concerns",
        "/concerns/new",
        "/concerns/readers",
        "/feedback",
        "/feedback/to-come",
        "/feedback/{id}/{n}",
        "/feedback/{id}/{n}/check",
        "/feedback/{id}/{n}/form",
        "/feedback/{id}/{n}/steps/{n}",
        "/frameworks",
        "/frameworks/human-connection-1/1.0",
        "/frameworks/human-connection-1/1.0/next",
        "/growth",
        "/growth/{id}",
        "/help",
        "/me",
        "/me/letters",
        "/observation/{id}/{n}",
        "/outbox",
        "/outbox/{n}",
        "/portfolio",
        "/portfolio/naming",
        "/portfolio/print",
        "/practice/{id}",
        "/practice/{id}/arrival",
        "/practice/{id}/cancellation",
        "/practice/{id}/cards",
        "/practice/{id}/change",
        "/practice/{id}/clock",
        "/practice/{id}/clock/wall",
        "/practice/{id}/day",
        "/practice/{id}/day/groups",
        "/practice/{id}/door",
        "/practice/extra",
        "/practice/{id}/rating",
        "/practice/{id}/record",
        "/practice/{id}/wall",
        "/privacy",
        "/seats/{id}/stepping-out",
        "/seats/{id}/withdrawal",
        "/sign-in",
        "/swaps/{id}",
        "/windows/{id}",
        "/windows/{id}/cancellation",
    }


def test_the_top_bar_is_one_row_on_a_desk(browser: Browser, demo_site: Site, walked: Walk) -> None:
    with visiting(browser, **DESK | {"storage_state": walked.state}) as page:
        page.goto(f"{demo_site.address}/")
        rows = page.locator(".top .brand, .top nav, .top .me").evaluate_all(
            "(all) => all.filter((one) => one.offsetHeight)"
            ".map((one) => Math.round(one.getBoundingClientRect().top + one.getBoundingClientRect().height / 2))"
        )
        assert rows
        assert max(rows) - min(rows) <= 4


def test_every_page_is_whole_wide_and_narrow_in_light_and_dark_and_the_same_with_scripts_off(
    browser: Browser, demo_site: Site, walked: Walk
) -> None:
    found = Findings()
    titles: dict[str, str] = {}
    options = DESK | {"storage_state": walked.state, "color_scheme": "light", "reduced_motion": "reduce"}
    with visiting(browser, **options) as page, visiting(browser, java_script_enabled=False, **options) as plain:
        heard = listen(page, demo_site)
        for path in walked.paths:
            expect = found.on(path)
            answer = page.goto(demo_site.address + path)
            assert answer is not None
            expect(answer.status == 200, f"answers {answer.status}")
            size = len(gzip.compress(answer.body())) / 1000
            expect(size <= HTML_KB, f"{size:.1f} kB of HTML")
            shift = page.evaluate(SHIFT)
            expect(shift <= SHIFT_AT_MOST, f"jumps by {shift:.3f} while it loads")
            seen = page.evaluate(SEEN)
            other = titles.setdefault(seen["title"], kind_of(path))
            expect(other == kind_of(path), f"has the title of {other}: {seen['title']}")
            look_at_structure(expect, seen)
            look_at_words(expect, seen, walked.part)
            look_with_axe(expect, page)
            plain.goto(demo_site.address + path)
            with_scripts, without = page.evaluate(READ), plain.evaluate(READ)
            expect(with_scripts == without, f"differs with scripts off: {with_scripts}, {without}")
            page.keyboard.press("Tab")
            page.keyboard.press("Enter")
            expect(page.evaluate("document.activeElement.localName") == "main", "the skip link doesn’t lead to main")
            if kind_of(path) in MAIN:
                page.emulate_media(color_scheme="dark")
                page.set_viewport_size(TALL["viewport"])
                look_with_axe(expect, page, SIGHT)
                page.emulate_media(color_scheme="light")
            look_at_width(expect, page)
            expect(not heard.complaints, f"complains: {heard.complaints}")
            expect(not heard.elsewhere, f"asks elsewhere: {heard.elsewhere}")
            heard.complaints.clear()
    found.check()


@pytest.mark.parametrize(
    ("scheme", "frame"),
    [("dark", DESK), ("light", TALL), ("dark", TALL)],
    ids=["desk-dark", "phone-light", "phone-dark"],
)
def test_every_page_is_whole_every_other_way_round(
    browser: Browser, demo_site: Site, walked: Walk, scheme: str, frame: dict[str, Any]
) -> None:
    look_at_all(browser, demo_site, walked, RULES, color_scheme=scheme, **frame)


def look_at_all(browser: Browser, site: Site, walked: Walk, rules: dict[str, Any], **options: Any) -> None:
    found = Findings()
    with visiting(browser, storage_state=walked.state, **options) as page:
        for path in walked.paths:
            page.goto(site.address + path)
            look_with_axe(found.on(path), page, rules)
    found.check()


def test_states_stay_visible_in_forced_colours(browser: Browser, demo_site: Site, walks: dict[str, Walk]) -> None:
    with visiting(browser, storage_state=walks["trainee"].state, forced_colors="active", **PHONE) as page:
        page.goto(f"{demo_site.address}/")
        here = page.locator(".tabs a[aria-current]")
        assert here.evaluate("(one) => getComputedStyle(one).outlineStyle") == "solid"


def test_pages_that_say_no_are_whole_too(browser: Browser, demo_site: Site) -> None:
    """The page for nothing there, a form with a problem, and a link that has had its day."""
    found = Findings()
    with visiting(browser, reduced_motion="reduce", **DESK) as page:
        for path in ("/nothing/here", "/sign-in", "/sign-in/link/not-a-link"):
            expect = found.on(path)
            page.goto(demo_site.address + path)
            if path == "/sign-in":
                press(page.get_by_role("button", name="E-mail me"))
            seen = page.evaluate(SEEN)
            look_at_structure(expect, seen)
            look_at_words(expect, seen, "nobody")
            look_with_axe(expect, page)
            look_at_width(expect, page)
    found.check()


def main_paths(walked: Walk) -> list[str]:
    """One address of each main kind."""
    return [*{kind: path for path in reversed(walked.paths) if (kind := kind_of(path)) in MAIN}.values()]


def test_by_keyboard_everything_is_reached_in_the_order_it_is_read_and_shows_itself(
    browser: Browser, demo_site: Site, walked: Walk
) -> None:
    found = Findings()
    with visiting(browser, storage_state=walked.state, **DESK) as page:
        for path in main_paths(walked):
            page.goto(demo_site.address + path)
            look_at_tab_stops(found.on(path), page)
    found.check()


def test_on_a_phone_nothing_jumps_or_is_covered_and_paper_holds_words_alone(
    browser: Browser, demo_site: Site, walked: Walk
) -> None:
    found = Findings()
    with visiting(browser, storage_state=walked.state, **PHONE) as page:
        for path in main_paths(walked):
            expect = found.on(path)
            page.emulate_media(media="screen", color_scheme="light")
            page.set_viewport_size(PHONE["viewport"])
            page.goto(demo_site.address + path)
            shift = page.evaluate(SHIFT)
            expect(shift <= SHIFT_AT_MOST, f"jumps by {shift:.3f} while it loads")
            if path == "/":
                look_at_tab_stops(expect, page)
            look_at_print(expect, page)
    found.check()


def test_styles_and_scripts_are_small() -> None:
    def kilobytes(ending: str) -> float:
        found = [file for file in (folder() / "static").glob(ending) if not file.name.startswith(OF_ONE_PAGE)]
        return sum(len(gzip.compress(file.read_bytes())) for file in found) / 1000

    assert kilobytes("*.css") <= CSS_KB
    assert kilobytes("*.js") <= JS_KB  # what one page alone loads weighs with that page: test_observation and others
