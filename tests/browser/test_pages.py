"""What holds on every page, whoever looks at it: one heading, nothing that scrolls sideways, nothing fetched from
elsewhere, words that never blame, small, open to everybody's way of reading, and the same with scripts off."""

import gzip
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, Request

from tests.browser.running import DESK, PHONE, Site, visiting
from tests.browser.walking import PARTS, Walk, kind_of, walk
from threefold.web.templates import folder

pytestmark = pytest.mark.browser

AXE = {
    "resultTypes": ["violations"],
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]},
}
# A tall phone: sticky tabs would cover half of whatever lies under them while axe measures targets.
TALL: dict[str, Any] = {**PHONE, "viewport": {"width": 390, "height": 6000}}
HTML_KB, CSS_KB, JS_KB = 30, 12, 10
BLAME = re.compile(r"\b(?:fail|failed|poor|weak|bad|overdue|non-compliant)\b", re.IGNORECASE)
MOMENT = re.compile(r"\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d)?(?:Z|[+-]\d\d:\d\d))?$")

Expect = Callable[[bool, str], None]
Scheme = Literal["light", "dark"]

SEEN = """() => {
  const all = (selector) => [...document.querySelectorAll(selector)];
  const words = (selector) => all(selector).map((one) => one.textContent.trim());
  return {
    title: document.title,
    lang: document.documentElement.lang,
    mains: all('main').length,
    levels: all('h1, h2, h3, h4, h5, h6').filter((one) => !one.closest('[data-focus]'))
      .map((one) => Number(one.tagName[1])),
    skip: all('a, button, input, select, textarea, summary')[0].getAttribute('href'),
    help: words('footer a'),
    words: document.body.innerText,
    times: all('time').map((one) => one.getAttribute('datetime') ?? ''),
    fonts: document.fonts.size,
    inline: all('[style], style, script:not([src])').length,
    low: all('.btn, .tabs a').filter((one) => one.checkVisibility() && !one.matches('.vh'))
      .filter((one) => one.getBoundingClientRect().height < 43.5).map((one) => one.textContent.trim()),
    moving: document.getAnimations().length,
  };
}"""
TOO_WIDE = "() => document.documentElement.scrollWidth > innerWidth"
TWICE_AS_LARGE = "(size) => { document.documentElement.style.fontSize = size }"
LOOSER = """() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync('* { line-height: 1.5 !important; letter-spacing: .12em !important; '
    + 'word-spacing: .16em !important }'
    + 'p { margin-block-end: 2em !important }');
  document.adoptedStyleSheets = [sheet];
}"""


@dataclass
class Findings:
    """What is wrong, page by page, so that one run tells everything."""

    said: list[str] = field(default_factory=list)

    def on(self, path: str) -> Expect:
        def expect(holds: bool, otherwise: str) -> None:  # noqa: FBT001 - reads as a sentence where it is called
            if not holds:
                self.said.append(f"{kind_of(path)}: {otherwise}")

        return expect

    def check(self) -> None:
        assert not self.said, "\n".join(self.said)


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
        "/calendar",
        "/cohorts",
        "/cohorts/new",
        "/cohorts/{id}",
        "/cohorts/{id}/deletion",
        "/cohorts/{id}/framework",
        "/cohorts/{id}/people",
        "/cohorts/{id}/people/{id}",
        "/cohorts/{id}/people/{id}/removal",
        "/cohorts/{id}/plan",
        "/cohorts/{id}/sessions",
        "/cohorts/{id}/settings",
        "/feedback",
        "/feedback/to-come",
        "/feedback/{id}/{n}",
        "/feedback/{id}/{n}/check",
        "/feedback/{id}/{n}/form",
        "/feedback/{id}/{n}/steps/{n}",
        "/frameworks",
        "/help",
        "/me",
        "/outbox",
        "/outbox/{n}",
        "/practice/{id}",
        "/privacy",
        "/seats/{id}/withdrawal",
        "/sign-in",
    }


def test_every_page_is_whole_on_a_desk_in_light(browser: Browser, demo_site: Site, walked: Walk) -> None:
    found = Findings()
    titles: dict[str, str] = {}
    with visiting(browser, storage_state=walked.state, color_scheme="light", reduced_motion="reduce", **DESK) as page:
        heard = listen(page, demo_site)
        for path in walked.paths:
            expect = found.on(path)
            answer = page.goto(demo_site.address + path)
            assert answer is not None
            expect(answer.status == 200, f"answers {answer.status}")
            size = len(gzip.compress(answer.body())) / 1000
            expect(size <= HTML_KB, f"{size:.1f} kB of HTML")
            seen = page.evaluate(SEEN)
            other = titles.setdefault(seen["title"], kind_of(path))
            expect(other == kind_of(path), f"has the title of {other}: {seen['title']}")
            look_at_structure(expect, seen)
            look_at_words(expect, seen, walked.part)
            look_with_axe(expect, page)
            page.keyboard.press("Tab")
            page.keyboard.press("Enter")
            expect(page.evaluate("document.activeElement.localName") == "main", "the skip link doesn’t lead to main")
            look_at_width(expect, page)
            expect(not heard.complaints, f"complains: {heard.complaints}")
            expect(not heard.elsewhere, f"asks elsewhere: {heard.elsewhere}")
            heard.complaints.clear()
    found.check()


def look_at_structure(expect: Expect, seen: dict[str, Any]) -> None:
    levels = seen["levels"]
    expect(levels.count(1) == 1, f"has {levels.count(1)} h1")
    expect(all(b - a <= 1 for a, b in zip([0, *levels], levels, strict=False)), f"skips a heading level: {levels}")
    expect(seen["title"].endswith("– Threefold"), f"is called “{seen['title']}”")
    expect(seen["lang"] == "en-GB", f"is in “{seen['lang']}”")
    expect(seen["mains"] == 1, f"has {seen['mains']} main")
    expect(seen["skip"] == "#main", f"begins with {seen['skip']}")
    expect(seen["help"] == ["Help and contact"], f"has {seen['help']} in its footer")
    expect(seen["fonts"] == 0, "loads a font")
    expect(seen["inline"] == 0, f"has {seen['inline']} inline styles or scripts")
    expect(seen["low"] == [], f"has buttons too low to press: {seen['low']}")
    expect(seen["moving"] == 0, "moves though asked not to")


def look_at_words(expect: Expect, seen: dict[str, Any], part: str) -> None:
    vague = [one for one in seen["times"] if not MOMENT.match(one)]
    expect(not vague, f"has times without an offset: {vague}")
    expect(not BLAME.findall(seen["words"]), f"says {BLAME.findall(seen['words'])}")
    expect(part == "tutor" or "!" not in seen["words"], "exclaims")


def look_with_axe(expect: Expect, page: Page) -> None:
    for one in Axe().run(page, options=AXE).response["violations"]:
        first = one["nodes"][0]
        expect(False, f"{one['id']}, {len(one['nodes'])} times: {first['html'][:150]} {first['failureSummary'][:200]}")


def look_at_width(expect: Expect, page: Page) -> None:
    """Narrow, with looser text, and with text twice as large; then as it was."""
    page.set_viewport_size({"width": 320, "height": 800})
    expect(not page.evaluate(TOO_WIDE), "scrolls sideways at 320 px")
    page.set_viewport_size({"width": 390, "height": 800})
    page.evaluate(TWICE_AS_LARGE, "200%")
    expect(not page.evaluate(TOO_WIDE), "scrolls sideways at 390 px with text twice as large")
    page.evaluate(TWICE_AS_LARGE, "")
    page.evaluate(LOOSER)
    expect(not page.evaluate(TOO_WIDE), "scrolls sideways at 390 px with looser text")
    page.set_viewport_size(DESK["viewport"])


def test_every_page_reads_well_on_a_phone_in_the_dark(browser: Browser, demo_site: Site, walked: Walk) -> None:
    look_at_all(browser, demo_site, walked, "dark", TALL)


@pytest.mark.heavy
@pytest.mark.parametrize(("scheme", "frame"), [("dark", DESK), ("light", TALL)], ids=["desk-dark", "phone-light"])
def test_every_page_reads_well_the_other_way_round(
    browser: Browser, demo_site: Site, walked: Walk, scheme: Scheme, frame: dict[str, Any]
) -> None:
    look_at_all(browser, demo_site, walked, scheme, frame)


def look_at_all(browser: Browser, site: Site, walked: Walk, scheme: Scheme, frame: dict[str, Any]) -> None:
    found = Findings()
    with visiting(browser, storage_state=walked.state, color_scheme=scheme, **frame) as page:
        for path in walked.paths:
            page.goto(site.address + path)
            look_with_axe(found.on(path), page)
    found.check()


def test_every_page_says_the_same_with_scripts_off(browser: Browser, demo_site: Site, walked: Walk) -> None:
    found = Findings()
    with (
        visiting(browser, storage_state=walked.state, **DESK) as page,
        visiting(browser, storage_state=walked.state, java_script_enabled=False, **DESK) as plain,
    ):
        for path in walked.paths:
            page.goto(demo_site.address + path)
            plain.goto(demo_site.address + path)
            for what in ("h1", "main h2", ".btn.go"):
                both = [[words.strip() for words in one.locator(what).all_inner_texts()] for one in (page, plain)]
                found.on(path)(both[0] == both[1], f"differs with scripts off: {both}")
    found.check()


def test_states_stay_visible_in_forced_colours_and_nothing_but_words_is_printed(
    browser: Browser, demo_site: Site, walks: dict[str, Walk]
) -> None:
    trainee = walks["trainee"]
    with visiting(browser, storage_state=trainee.state, forced_colors="active", **PHONE) as page:
        page.goto(f"{demo_site.address}/")
        here = page.locator(".tabs a[aria-current]")
        assert here.evaluate("(one) => getComputedStyle(one).outlineStyle") == "solid"
        page.emulate_media(media="print")
        for part in (".top nav", ".me", ".tabs", ".foot", "main .btn"):
            assert not any(one.is_visible() for one in page.locator(part).all()), part
        assert page.get_by_role("heading", level=1).is_visible()


def test_pages_that_say_no_are_whole_too(browser: Browser, demo_site: Site) -> None:
    """The page for nothing there, a form with a problem, and a link that has had its day."""
    found = Findings()
    with visiting(browser, reduced_motion="reduce", **DESK) as page:
        for path in ("/nothing/here", "/sign-in", "/sign-in/link/not-a-link"):
            expect = found.on(path)
            page.goto(demo_site.address + path)
            if path == "/sign-in":
                page.get_by_role("button", name="E-mail me").click()
            seen = page.evaluate(SEEN)
            look_at_structure(expect, seen)
            look_at_words(expect, seen, "nobody")
            look_with_axe(expect, page)
            look_at_width(expect, page)
    found.check()


def test_a_focused_control_shows_itself_and_is_not_covered(
    browser: Browser, demo_site: Site, walks: dict[str, Walk]
) -> None:
    """Tab through a page on a phone: a thick outline each time, never behind the tabs."""
    with visiting(browser, storage_state=walks["trainee"].state, **PHONE) as page:
        page.goto(f"{demo_site.address}/")
        stops = []
        for _ in range(12):
            page.keyboard.press("Tab")
            stops.append(
                page.evaluate("""() => {
                  const one = document.activeElement, at = one.getBoundingClientRect();
                  const bar = document.querySelector('.tabs').getBoundingClientRect();
                  const style = getComputedStyle(one);
                  return { words: one.textContent.trim(), outline: parseFloat(style.outlineWidth),
                           covered: !one.closest('.tabs') && at.bottom > bar.top + 1 && at.top < bar.bottom };
                }""")
            )
        assert [stop for stop in stops if stop["outline"] < 3 or stop["covered"]] == []


def test_styles_and_scripts_are_small() -> None:
    def kilobytes(ending: str) -> float:
        return sum(len(gzip.compress(file.read_bytes())) for file in (folder() / "static").glob(ending)) / 1000

    assert kilobytes("*.css") <= CSS_KB
    assert kilobytes("*.js") <= JS_KB
