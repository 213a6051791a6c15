"""Going through a page by keyboard, and through what is left of it on paper."""

from itertools import pairwise
from typing import Any

from playwright.sync_api import Page, ViewportSize

from tests.browser.looking import Expect

RING = 3  # px
MOST_STOPS = 90
# Of a group of radio buttons, the one that is chosen takes the focus, or the first.
REACHABLE = """() => {
  const groups = new Set();
  const all = [...document.querySelectorAll(
    'a[href], button, input:not([type=hidden]), select, textarea, summary, iframe, [tabindex="0"]'
  )].filter((one) => !one.disabled && one.checkVisibility({ visibilityProperty: true })).filter((one) => {
    if (one.type !== 'radio') return true;
    const chosen = one.form?.querySelector(`[name="${one.name}"]:checked`);
    const takes = chosen ? chosen === one : !groups.has(one.name);
    groups.add(one.name);
    return takes;
  });
  all.forEach((one, number) => { one.tabNumber = number });
  return all.map((one) => (one.ariaLabel || one.textContent || one.name || one.localName).trim().slice(0, 40));
}"""
STOP = """() => {
  const one = document.activeElement;
  if (!one || one === document.body) return null;
  const box = one.getBoundingClientRect();
  const widths = [one, one.nextElementSibling, one.closest('label')].filter(Boolean).map((worn) => {
    const style = getComputedStyle(worn);
    return style.outlineStyle === 'none' ? 0 : parseFloat(style.outlineWidth);
  });
  const inside = (at, most) => Math.min(Math.max(at, 1), most - 2);
  const stays = '.bar, .tabs, .toast';
  const above = document.elementFromPoint(
    inside(box.x + box.width / 2, innerWidth), inside(box.y + box.height / 2, innerHeight)
  )?.closest(stays);
  return {
    number: one.tabNumber ?? -1, ring: Math.max(...widths), covered: !!above && above !== one.closest(stays),
    part: one.closest('main, header, nav, footer, .bar')?.localName ?? '',
    left: box.left, right: box.right, top: box.top + scrollY, bottom: box.bottom + scrollY,
  };
}"""
PAPER = ViewportSize(width=718, height=1000)  # A4 between margins of 10 mm
PRINTED = """() => {
  const seen = [...document.querySelectorAll('main, main *')].filter((one) => one.checkVisibility());
  const bright = (colour) => {
    const [red, green, blue] = colour.match(/[\\d.]+/g).map((part) => {
      const share = part / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const says = (one) => [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
  const named = (ones) => ones.map((one) => `${one.localName}.${one.className?.baseVal ?? one.className}`);
  const words = seen.filter((one) => !one.closest('svg') && !one.matches('.vh, .vh *') && says(one));
  return {
    unusable: named([...document.querySelectorAll('nav, .bar, .tabs, .btn, .foot, .demo, .toast, .skip, .me')]
      .filter((one) => one.checkVisibility())),
    pale: named(words.filter((one) => 1.05 / (bright(getComputedStyle(one).color) + 0.05) < 4.5)),
    dark: named([document.documentElement, document.body, ...seen].filter((one) => {
      const ground = getComputedStyle(one).backgroundColor;
      return !/, 0\\)$/.test(ground) && bright(ground) < 0.5 && says(one);
    })),
    cut: named(seen.filter((one) => !one.matches('.vh, .vh *') && one.getBoundingClientRect().width > 1
      && (one.getBoundingClientRect().right > innerWidth + 1
        || (getComputedStyle(one).overflowX !== 'visible' && !one.closest('svg') && one.localName !== 'textarea'
          && one.scrollWidth > one.clientWidth + 1)))),
    heading: !!document.querySelector('h1')?.checkVisibility(),
  };
}"""


def look_at_tab_stops(expect: Expect, page: Page) -> None:
    """Tab from the top to the end: everything that can be used, in the order it is read, each with its ring."""
    page.wait_for_selector("[data-copy] button[hidden]", state="detached")  # a script shows it once it is loaded
    names = page.evaluate(REACHABLE)
    stops: list[dict[str, Any]] = []
    for _ in range(MOST_STOPS):
        page.keyboard.press("Tab")
        stop = page.evaluate(STOP)
        if stop is None or (stops and stop["number"] == stops[0]["number"]):
            break
        if not stops or stop["number"] != stops[-1]["number"]:  # a date has several stops of its own
            stops.append(stop)
    reached = [stop["number"] for stop in stops]
    expect(
        reached == list(range(len(names)))[: MOST_STOPS if len(reached) == MOST_STOPS else None],
        f"Tab leads to {[names[n] if n >= 0 else '?' for n in reached]} of {names}",
    )
    for stop in stops:
        name = names[stop["number"]]
        expect(stop["ring"] >= RING, f"“{name}” has a ring of {stop['ring']} px")
        expect(not stop["covered"], f"“{name}” is covered while it has the focus")
    for before, after in pairwise(stops[1:]):
        beside = after["left"] < before["right"] and before["left"] < after["right"]
        expect(
            before["part"] != after["part"] or not beside or after["bottom"] > before["top"],
            f"Tab goes up from “{names[before['number']]}” to “{names[after['number']]}”",
        )


def look_at_print(expect: Expect, page: Page) -> None:
    """On paper there are words, dark on white, and no controls; nothing is cut at the edge."""
    page.emulate_media(media="print", color_scheme="dark")
    page.set_viewport_size(PAPER)
    seen = page.evaluate(PRINTED)
    expect(seen["heading"], "prints without its heading")
    for what in ("unusable", "pale", "dark", "cut"):
        expect(not seen[what], f"prints what is {what}: {seen[what][:6]}")
