"""Every page somebody can reach by following links from where they land, one for each kind of address."""

import re
from collections import Counter
from dataclasses import dataclass
from html import unescape
from urllib.parse import urljoin, urlsplit

from playwright.sync_api import APIRequestContext, Browser, Page, StorageState

from tests.browser.running import Site, press, visiting

PARTS = ("nobody", "tutor", "trainee", "observer")
START = {"nobody": "/sign-in", "tutor": "/cohorts", "trainee": "/", "observer": "/feedback"}
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")
NOT_PAGES = re.compile(r"^/(static|sign-in/link)/|\.(ics|eml|csv|json)$|^/outbox/\d+/html$")
MOST = 80
# A round looks different to its counsellor, its client, its observer and its tutor, and before and after it is read;
# a cohort's rooms look different while it is being set up.
HOW_MANY = {"/feedback/{id}/{n}": 4, "/feedback/{id}/{n}/form": 2} | {
    f"/cohorts/{{id}}/{room}": 2 for room in ("people", "framework", "plan", "settings")
}
# Which rounds wait for what is the plan's affair, and who of a cohort's people learns: more of them are opened for the
# links they show than are kept.
OPENED = {"/feedback/{id}/{n}": 24, "/cohorts/{id}/people/{id}": 40}


@dataclass(frozen=True)
class Walk:
    """One person's browser, as a state to open more windows with, and the addresses they found."""

    part: str
    state: StorageState
    paths: tuple[str, ...]


def kind_of(path: str) -> str:
    """The address with its ids and numbers left open: /cohorts/{id}/plan."""
    return re.sub(
        r"(?<=^/calibration/)(?!cohorts)[a-z-]+", "{scene}", re.sub(r"/\d+(?=/|$)", "/{n}", UUID.sub("{id}", path))
    )


def walk(browser: Browser, site: Site, part: str) -> Walk:
    """Sign in by the demo's link, then follow every link of this site, nearest first.

    The tutor copies the cohort beforehand, so that one of the two is still being set up.
    """
    state = site.signed_in(browser, part) if part != "nobody" else None
    if part == "tutor":
        with visiting(browser, storage_state=state) as page:
            page.goto(site.address + START[part])
            copy_a_cohort(page)
    context = browser.new_context(storage_state=state)
    try:
        paths = tuple(follow(context.request, site.address, START[part]))
        return Walk(part, context.storage_state(), paths)
    finally:
        context.close()


def copy_a_cohort(page: Page) -> None:
    press(page.locator("main a[href^='/cohorts/']:has-text('evenings')").first)
    press(page.get_by_role("link", name="Settings"))
    page.get_by_label("Name of the copy").fill("Level 3 Skills, spring")
    press(page.get_by_role("button", name="Make the copy"))


def follow(asking: APIRequestContext, address: str, start: str) -> list[str]:
    """Paths in the order they are met. Asks by GET alone, which changes nothing."""
    found: list[str] = []
    seen: Counter[str] = Counter()
    waiting, met = [start], {start}
    while waiting and len(found) < MOST:
        path = waiting.pop(0)
        kind = kind_of(path)
        most = HOW_MANY.get(kind, 1)
        if seen[kind] >= OPENED.get(kind, most):
            continue
        answer = asking.get(address + path)
        landed = urlsplit(answer.url).path
        if landed != path and kind_of(landed) != kind:
            if landed not in met:
                met.add(landed)
                waiting.insert(0, landed)
            continue
        seen[kind] += 1
        if seen[kind] <= most:
            found.append(path)
        hrefs = re.findall(r'<a [^>]*href="([^"#]+)', answer.text())
        if kind == "/feedback/{id}/{n}/steps/{n}":
            hrefs.append("../check")  # where the last step's button leads; a link does from some rounds only
        for href in hrefs:
            link = urlsplit(urljoin(answer.url, unescape(href)))
            if f"{link.scheme}://{link.netloc}" == address and not NOT_PAGES.search(link.path) and link.path not in met:
                met.add(link.path)
                waiting.append(link.path)
    return found
