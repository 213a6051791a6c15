"""What holds on every page, whoever looks at it: one heading, words a reader can follow, nothing that scrolls sideways,
nothing fetched from elsewhere, small, and the same with scripts off."""

import gzip
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, Request

from tests.browser.running import DESK, Site, visiting
from tests.browser.walking import PARTS, Walk, kind_of, walk

pytestmark = pytest.mark.browser

AXE = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}
# A tall phone: the sticky tabs would cover half of whatever lies under them while axe measures targets.
TALL: dict[str, Any] = {"viewport": {"width": 390, "height": 6000}, "has_touch": True, "is_mobile": True}
HTML_KB, CSS_KB, JS_KB = 30, 12, 10
BANNED = re.compile(r"\b(fail|failed|poor|weak|bad|overdue|non-compliant)\b", re.IGNORECASE)

SEEN_ON_PAGE = """() => {
  const all = (selector) => [...document.querySelectorAll(selector)];
  const main = document.querySelector('main');
  return {
    title: document.title,
    lang: document.documentElement.lang,
    mains: all('main').length,
    headings: all('h1, h2, h3, h4, h5, h6').map((one) => Number(one.tagName[1])),
    skip: all('a, button, input, select, textarea, summary')[0]?.getAttribute('href'),
    help: all('a[href="/help"]').filter((one) => one.closest('footer')).map((one) => one.textContent.trim()),
    words: document.body.innerText,
    times: all('time').map((one) => one.getAttribute('datetime') ?? ''),
    fonts: document.fonts.size,
    inline: all('[style], script:not([src]), style').length,
    small: all('.btn, .tabs a, button').filter((one) => one.checkVisibility() && !one.closest('.vh, .vh *'))
      .filter((one) => one.getBoundingClientRect().height < 43.5 && !one.matches('.vh')).map((one) => one.textContent.trim()),
    moving: document.getAnimations().length,
  };
}"""
SIDEWAYS = "() => document.documentElement.scrollWidth - innerWidth"
BREATHING = """* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important }
p { margin-block-end: 2em !important }"""


@dataclass
class Findings:
    """What is wrong, page by page, so that one run tells everything."""

    said: list[str] = field(default_factory=list)

    def on(self, path: str) -> Callable[[bool, str], None]:
        def expect(holds: bool, otherwise: str) -> None:  # noqa: FBT001 - reads as a sentence where it is called
            if not holds:
                self.said.append(f"{kind_of(path)}: {otherwise}")

        return expect


@dataclass(frozen=True)
class Overheard:
    """What a window said and asked for while a page was open."""

    errors: list[str]
    elsewhere: list[str]


def listen(page: Page, site: Site) -> Overheard:
    heard = Overheard([], [])

    def on_console(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            heard.errors.append(message.text)

    def on_request(request: Request) -> None:
        if not request.url.startswith((site.address, "data:")):
            heard.elsewhere.append(request.url)

    page.on("console", on_console)
    page.on("pageerror", lambda error: heard.errors.append(str(error)))
    page.on("request", on_request)
    return heard


@pytest.fixture(scope="session")
def walks(browser: Browser, demo_site: Site) -> dict[str, Walk]:
    """Where each part can go; a kind of page that an earlier part has met is looked at once."""
    met: set[str] = set()
    found = {}
    for part in PARTS:
        walked = walk(browser, demo_site, part)
        own = tuple(p for p in walked.paths if kind_of(p) not in met or p.startswith("/feedback"))
        own = tuple(p for p in own if p not in met)
        met |= {kind_of(p) for p in own} | set(own)
        found[part] = Walk(part, walked.state, own)
    return found


@pytest.fixture(params=PARTS)
def walked(request: pytest.FixtureRequest, walks: dict[str, Walk]) -> Iterator[Walk]:
    yield walks[request.param]


def test_the_walk_meets_every_room(walks: dict[str, Walk]) -> None:
    kinds = {kind_of(path) for walked in walks.values() for path in walked.paths}
    assert kinds >= {
        "/sign-in",
        "/help",
        "/privacy",
        "/me",
        "/outbox",
        "/outbox/{n}",
        "/cohorts",
        "/cohorts/new",
        "/cohorts/{id}",
        "/cohorts/{id}/people",
        "/cohorts/{id}/plan",
        "/cohorts/{id}/settings",
        "/feedback/to-come",
        "/practice/{id}",
        "/",
        "/calendar",
        "/feedback",
        "/feedback/{id}/{n}",
        "/seats/{id}/withdrawal",
    }


def test_every_page_is_whole_on_a_desk_in_light(browser: Browser, demo_site: Site, walked: Walk) -> None:
    found = Findings()
    with visiting(browser, storage_state=walked.state, color_scheme="light", reduced_motion="reduce", **DESK) as page:
        heard = listen(page, demo_site)
        titles: dict[str, str] = {}
        for path in walked.paths:
            expect = found.on(path)
            answer = page.goto(demo_site.address + path)
            assert answer is not None
            expect(answer.status == 200, f"answers {answer.status}")
            seen = page.evaluate(SEEN_ON_PAGE)
            look_at_structure(expect, seen, walked.part)
            other = titles.setdefault(seen["title"], kind_of(path))
            expect(other == kind_of(path), f"has the title of {other}: {seen['title']}")
            look_at_bytes(expect, answer.body())
            page.keyboard.press("Tab")
            page.keyboard.press("Enter")
            expect(page.evaluate("document.activeElement.localName") == "main", "the skip link doesn’t lead to main")
            look_with_axe(expect, page)
            for width in (320, 390):
                page.set_viewport_size({"width": width, "height": 900})
                expect(page.evaluate(SIDEWAYS) <= 0, f"scrolls sideways at {width} px")
            page.set_viewport_size(DESK["viewport"])
            expect(not heard.errors, f"console: {heard.errors}")
            expect(not heard.elsewhere, f"asks elsewhere: {heard.elsewhere}")
            heard.errors.clear()
    assert found.said == []


def look_at_structure(expect: Callable[[bool, str], None], seen: dict[str, Any], part: str) -> None:
    levels = seen["headings"]
    expect(levels.count(1) == 1, f"has {levels.count(1)} h1")
    expect(all(b - a <= 1 for a, b in zip([0, *levels], levels, strict=False)), f"skips a heading level: {levels}")
    expect(seen["title"].endswith("– Threefold"), f"title “{seen['title']}”")
    expect(seen["lang"] == "en-GB", f"lang “{seen['lang']}”")
    expect(seen["mains"] == 1, f"has {seen['mains']} main")
    expect(seen["skip"] == "#main", f"first stop is {seen['skip']}")
    expect(seen["help"] == ["Help and contact"], f"help in the footer: {seen['help']}")
    expect(seen["fonts"] == 0, "loads a font")
    expect(seen["inline"] == 0, f"{seen['inline']} inline styles or scripts")
    expect(seen["small"] == [], f"too low to press: {seen['small']}")
    expect(seen["moving"] == 0, "something moves though asked not to")
    offset = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d))?$")
    expect(
        all(offset.match(one) for one in seen["times"]), f"times: {[t for t in seen['times'] if not offset.match(t)]}"
    )
    expect(BANNED.findall(seen["words"]) == [], f"says {BANNED.findall(seen['words'])}")
    if part in {"trainee", "observer"}:
        expect("!" not in seen["words"], "exclaims")


def look_at_bytes(expect: Callable[[bool, str], None], html: bytes) -> None:
    size = len(gzip.compress(html)) / 1000
    expect(size <= HTML_KB, f"{size:.1f} kB of HTML")


def look_with_axe(expect: Callable[[bool, str], None], page: Page) -> None:
    for one in Axe().run(page, options=AXE).response["violations"]:
        nodes = [
            node["html"][:120] + " " + node["failureSummary"].split("\n")[1].strip()[:160] for node in one["nodes"][:2]
        ]
        expect(False, f"{one['id']} ({len(one['nodes'])}): {nodes}")


def test_every_page_is_whole_on_a_phone_in_dark(browser: Browser, demo_site: Site, walked: Walk) -> None:
    found = Findings()
    with visiting(browser, storage_state=walked.state, color_scheme="dark", **TALL) as page:
        for path in walked.paths:
            expect = found.on(path)
            page.goto(demo_site.address + path)
            look_with_axe(expect, page)
            page.add_style_tag(content="html { font-size: 200% !important }") if False else None
            page.evaluate("document.documentElement.style.fontSize = '200%'")
            expect(page.evaluate(SIDEWAYS) <= 0, "scrolls sideways at 390 px with text twice as large")
            page.evaluate("document.documentElement.style.fontSize = ''")
    assert found.said == []
