"""What to look for on any page: one heading, nothing that scrolls sideways, words that never blame, open to
everybody's way of reading."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.running import DESK, PHONE
from tests.browser.walking import kind_of

# A letter's frame runs no script, so axe has nobody to ask in it, and the browser complains of each question.
RULES = {
    "iframes": False,
    "resultTypes": ["violations"],
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]},
}
# What can differ between light and dark, and between a desk and a phone; the rest is the same page.
SIGHT = {
    "iframes": False,
    "resultTypes": ["violations"],
    "runOnly": {
        "type": "rule",
        "values": ["color-contrast", "link-in-text-block", "scrollable-region-focusable", "target-size"],
    },
}
BLAME = re.compile(r"\b(?:fail|failed|poor|weak|bad|overdue|non-compliant)\b", re.IGNORECASE)
MOMENT = re.compile(r"\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d)?(?:Z|[+-]\d\d:\d\d))?$")

Expect = Callable[[bool, str], None]

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
    signed: all('footer form').length,
    words: document.body.innerText,
    times: all('time').map((one) => one.getAttribute('datetime') ?? ''),
    fonts: document.fonts.size,
    inline: all('[style], style, script:not([src])').length,
    low: all('.btn, .tabs a').filter((one) => one.checkVisibility() && !one.matches('.vh'))
      .filter((one) => one.getBoundingClientRect().height < 43.5).map((one) => one.textContent.trim()),
    moving: document.getAnimations().length,
  };
}"""
SHIFT = """() => new Promise((tell) => {
  let shift = 0;
  new PerformanceObserver((list) => {
    for (const one of list.getEntries()) shift += one.hadRecentInput ? 0 : one.value;
  }).observe({ type: 'layout-shift', buffered: true });
  requestAnimationFrame(() => setTimeout(() => tell(shift)));
})"""
# What is read on the page: its headings and its one filled button, as they look.
READ = """() => ['h1', 'main h2', '.btn.go'].map((what) =>
  [...document.querySelectorAll(what)].map((one) => one.innerText.trim()))"""
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


def look_at_structure(expect: Expect, seen: dict[str, Any]) -> None:
    levels = seen["levels"]
    expect(levels.count(1) == 1, f"has {levels.count(1)} h1")
    expect(all(b - a <= 1 for a, b in zip([0, *levels], levels, strict=False)), f"skips a heading level: {levels}")
    expect(seen["title"].endswith("– Threefold"), f"is called “{seen['title']}”")
    expect(seen["lang"] == "en-GB", f"is in “{seen['lang']}”")
    expect(seen["mains"] == 1, f"has {seen['mains']} main")
    expect(seen["skip"] == "#main", f"begins with {seen['skip']}")
    ways = ["Help and contact", *(["Worried about someone?"] if seen["signed"] else [])]
    expect(seen["help"] == ways, f"has {seen['help']} in its footer")
    expect(seen["fonts"] == 0, "loads a font")
    expect(seen["inline"] == 0, f"has {seen['inline']} inline styles or scripts")
    expect(seen["low"] == [], f"has buttons too low to press: {seen['low']}")
    expect(seen["moving"] == 0, "moves though asked not to")


def look_at_words(expect: Expect, seen: dict[str, Any], part: str) -> None:
    vague = [one for one in seen["times"] if not MOMENT.match(one)]
    expect(not vague, f"has times without an offset: {vague}")
    expect(not BLAME.findall(seen["words"]), f"says {BLAME.findall(seen['words'])}")
    expect(part == "tutor" or "!" not in seen["words"], "exclaims")


def look_with_axe(expect: Expect, page: Page, rules: dict[str, Any] = RULES) -> None:
    if not page.evaluate("'axe' in window"):
        page.evaluate(Axe().axe_script)
    for one in page.evaluate("async (rules) => (await axe.run(document, rules)).violations", rules):
        first = one["nodes"][0]
        expect(False, f"{one['id']}, {len(one['nodes'])} times: {first['html'][:150]} {first['failureSummary'][:200]}")


def look_at_width(expect: Expect, page: Page) -> None:
    """Narrow, with text twice as large, and with looser text; then as it was."""
    page.set_viewport_size(PHONE["viewport"])
    page.evaluate(TWICE_AS_LARGE, "200%")
    expect(not page.evaluate(TOO_WIDE), "scrolls sideways at 390 px with text twice as large")
    page.evaluate(TWICE_AS_LARGE, "")
    page.evaluate(LOOSER)
    expect(not page.evaluate(TOO_WIDE), "scrolls sideways at 390 px with looser text")
    page.evaluate("document.adoptedStyleSheets = []")
    page.set_viewport_size({"width": 320, "height": 800})
    expect(not page.evaluate(TOO_WIDE), "scrolls sideways at 320 px")
    page.set_viewport_size(DESK["viewport"])
