"""The whole loop as its people live it: a pasted list, a plan, invitations, an evening, words, and reading them."""

import re
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.looking import SEEN, Findings, look_at_structure, look_with_axe
from tests.browser.running import DESK, PHONE, Site, press, visiting
from threefold.core.refusal import Refusal
from threefold.people.actions import make_tutor
from threefold.store.engine import Store
from threefold.web.ids import Ids

pytestmark = pytest.mark.browser

MARION = "marion@elmhouse.example"
NAMES = (
    "Amara Okafor", "Ben Hughes", "Chloé Martin", "Dev Mehta", "Esther Cohen", "Farid Rahimi", "Grace Liu",
    "Hanna Kaya", "Ioan Popescu", "Joy Adeyemi", "Kit Thomas", "Léa Moreau", "Mira Shah", "Priya Nair",
)  # fmt: skip
ADDRESSES = {name: f"{name.split()[0].lower().replace('é', 'e')}@example.com" for name in NAMES}
WEEKS = 3


def a_list_with_two_slips() -> str:
    """Fourteen lines from a spreadsheet; an address has lost its @ and a name is missing."""
    lines = [f"{name}\t{address}" for name, address in ADDRESSES.items()]
    lines[3] = "Dev Mehta\tdev.example.com"
    lines[9] = "\tjoy@example.com"
    return "\n".join(["Name\tE-mail", *lines, "", ""])


@dataclass
class Hand:
    """A tutor's hand, counting what it does: a press, a choice, a field filled in."""

    page: Page
    times: int = 0

    def press(self, name: str, role: Any = "button") -> None:
        self.times += 1
        self.page.get_by_role(role, name=name, exact=True).first.click()

    def fill(self, label: str, words: str) -> None:
        self.times += 1
        self.page.get_by_label(label, exact=True).fill(words)

    def choose(self, label: str, option: str) -> None:
        self.times += 1
        self.page.get_by_label(label, exact=True).select_option(label=option)

    def tick(self, box: Locator) -> None:
        self.times += 1
        box.check()


@dataclass(frozen=True)
class Round:
    """One round of the evening, with the three people it asks for words."""

    path: str
    counsellor: str
    client: str
    observer: str


def look(page: Page) -> None:
    """A page that only lives on the way is whole as well. (axe needs scripts; without them it would wait for ever.)"""
    if not page.evaluate("matchMedia('(scripting: enabled)').matches"):
        return
    found = Findings()
    look_at_structure(found.on(urlsplit(page.url).path), page.evaluate(SEEN))
    look_with_axe(found.on(urlsplit(page.url).path), page)
    found.check()


def heading(page: Page) -> Locator:
    return page.get_by_role("heading", level=1)


@pytest.mark.parametrize(
    "scripts", [pytest.param(True, id="scripts on"), pytest.param(False, id="scripts off", marks=pytest.mark.heavy)]
)
def test_from_an_empty_database_to_feedback_that_has_been_read(
    browser: Browser,
    empty_site: Site,
    scripts: bool,  # noqa: FBT001 - the two ways a browser may be
) -> None:
    site = empty_site
    employ(site, MARION, "Marion Shaw")
    way = {"java_script_enabled": scripts, "reduced_motion": "reduce"}
    desk, phone = DESK | way, PHONE | way

    with visiting(browser, **desk) as page:
        site.sign_in(page, MARION)
        hand = Hand(page)
        set_up(hand)
        assert {to for to, _ in site.box.arrived} == {MARION}, "nobody hears anything before Publish"
        listed = publish(hand)
        assert hand.times <= 25
        assert letters(site, until=len(NAMES) * WEEKS) == listed
        evening = a_round_of_three(page, site)

    with visiting(browser, **phone) as page:
        arrive(page, site, evening.counsellor)
        expect(heading(page)).to_have_text(f"Hello, {first(evening.counsellor)}")
        expect(page.get_by_role("heading", name="Your next session")).to_be_visible()
        assert page.locator(".rd").count() in {3, 4}
        assert page.get_by_role("link", name="Look back on your own round").is_visible()

    with visiting(browser, **phone) as page:
        arrive(page, site, evening.observer)
        observe(page, evening)
    with visiting(browser, **phone) as page:
        arrive(page, site, evening.client)
        answer_as_client(page, evening)
    with visiting(browser, **phone) as page:
        site.sign_in(page, ADDRESSES[evening.counsellor])
        reflect_and_read(page, evening)

    with visiting(browser, **desk) as page:
        site.sign_in(page, MARION)
        press(page.get_by_role("link", name="Feedback", exact=True))
        expect(page.locator("main")).not_to_contain_text("Everything has come in")
        still = {urlsplit(str(link.get_attribute("href"))).path for link in page.locator(".ft .wh a").all()}
        assert still
        assert evening.path not in still


def first(name: str) -> str:
    return name.split(maxsplit=1)[0]


def employ(site: Site, email: str, name: str) -> None:
    """As `threefold create-tutor` does."""
    moment = datetime.now(UTC)
    store = Store.open(site.settings.database)
    try:
        made = store.write_now(lambda db: make_tutor(db, email, name, moment, Ids(moment)))
    finally:
        store.close_now()
    assert not isinstance(made, Refusal)


def set_up(hand: Hand) -> None:
    """The four steps, with a first session that began three hours ago and is over."""
    page = hand.page
    hand.press("Set up a cohort", "link")
    hand.fill("Name", "Level 3 Skills")
    hand.press("Go on to people")

    hand.fill("Names and e-mail addresses", a_list_with_two_slips())
    hand.press("Read this list")
    expect(heading(page)).to_have_text("12 people are ready, 2 need a fix")
    look(page)
    for number, label, words in ((5, "E-mail address", "dev@example.com"), (11, "Name", "Joy Adeyemi")):
        hand.times += 1
        page.get_by_role("group", name=f"Row {number}").get_by_label(label, exact=True).fill(words)
    hand.press("Save row 5")
    expect(heading(page)).to_have_text("14 people are ready")
    hand.press("Add 14 people")
    expect(heading(page)).to_have_text("14 people are in this cohort")
    hand.press("Go on to the sessions", "link")

    begun = datetime.now(ZoneInfo("Europe/London")) - timedelta(hours=3)
    hand.choose("Day", begun.strftime("%A"))
    hand.fill("Start", begun.strftime("%H:%M"))
    hand.fill("First session", begun.date().isoformat())
    hand.fill("How many sessions", str(WEEKS))
    hand.fill("Place", "Elm House")
    hand.press("Save and go on")

    expect(heading(page)).to_have_text("What do observers look for this term?")
    boxes = page.locator("input[name=competencies]")
    for box in boxes.all():
        if box.is_checked():
            hand.times += 1
            box.uncheck()
    for number in range(3):
        hand.tick(boxes.nth(number))
    hand.fill("Safeguarding lead", "Tom Reid, 01632 960001")
    hand.press("Save and check the plan")
    hand.press("Draw the plan")
    expect(heading(page)).to_have_text("Your plan is ready to check", timeout=90_000)
    look(page)


def publish(hand: Hand) -> Counter[str]:
    """Publish; (address, letters) as the page before it listed them."""
    page = hand.page
    hand.press("Publish plan", "link")
    expect(page.get_by_role("button", name="Publish and write to everyone")).to_be_visible()
    look(page)
    rows = [row.locator("td").all_inner_texts() for row in page.locator("tbody tr").all()]
    listed = Counter({address: int(overview) + int(invitations) for address, overview, invitations in rows})
    assert listed == Counter(dict.fromkeys(ADDRESSES.values(), WEEKS)), "one evening is over already"
    hand.press("Publish and write to everyone")
    expect(page.get_by_role("heading", name="The term")).to_be_visible()
    return listed


def letters(site: Site, until: int) -> Counter[str]:
    """Letters by address once so many have come; one of each is an overview, the rest invitations of their own."""
    name = NAMES[0]
    site.mail(ADDRESSES[name], "Your practice sessions")
    for address in ADDRESSES.values():
        site.mail(address, "your practice session", WEEKS - 1)
    counted: Counter[str] = Counter()
    for address in ADDRESSES.values():
        mails = site.mails(address)
        invitations = [mail for mail in mails if any(p.get_content_type() == "text/calendar" for p in mail.walk())]
        overview = [mail for mail in mails if mail not in invitations]
        assert len(overview) == 1
        assert all(mail["References"] == overview[0]["Message-ID"] for mail in invitations)
        written = "".join(str(mail) for mail in mails)
        assert not any(other in written for other in ADDRESSES.values() if other != address)
        counted[address] = len(mails)
    assert counted.total() == until
    return counted


def a_round_of_three(page: Page, site: Site) -> Round:
    """The first round of a group of three, as the tutor's list of what hasn't come in tells it."""
    page.goto(f"{site.address}/feedback/to-come")
    asked: dict[str, dict[str, str]] = {}
    for row in page.locator(".ft tbody tr").all():
        path = str(row.locator(".wh a").get_attribute("href"))
        part = row.locator(".kd").inner_text().split()[-1].lower()
        asked.setdefault(path, {}).setdefault(part, row.locator("th").inner_text())
        asked[path]["many"] = asked[path].get("many", "") + "|"
    path, who = next((p, w) for p, w in asked.items() if len(w["many"]) == 3 and p.endswith("/1"))
    return Round(path, who["reflection"], who["client"], who["observer"])


def arrive(page: Page, site: Site, name: str) -> None:
    """Sign in for the first time: the notice and the group's contract come before anything else."""
    site.sign_in(page, ADDRESSES[name])
    expect(heading(page)).to_have_text("Before you begin in Level 3 Skills")
    expect(page.locator("main")).to_contain_text("Tom Reid, 01632 960001")
    look(page)
    page.get_by_role("button", name="I’ve read this and agree").click()
    expect(heading(page)).to_have_text(f"Hello, {first(name)}")


def observe(page: Page, evening: Round) -> None:
    """One page for each competency: an extreme wants a moment, the rest only a choice; then two sentences."""
    press(page.locator(f"main a[href^='{evening.path}']").first)
    page.get_by_label("Deepening").check()
    press(page.get_by_role("button", name="Continue"))
    expect(page.get_by_role("heading", name="There’s a problem")).to_be_visible()
    look(page)
    page.get_by_label("A moment", exact=True).fill("“It sounds lonely, being the strong one.”")
    press(page.get_by_role("button", name="Continue"))
    for choice in ("Helping", "Not seen this time"):
        page.get_by_label(choice).check()
        press(page.get_by_role("button", name="Continue"))
    page.get_by_label("One thing that helped").fill("You waited after ‘I don’t know’.")
    page.get_by_label("One thing to try next").fill("Name the time when five minutes are left.")
    press(page.get_by_role("button", name="Continue"))
    expect(heading(page)).to_have_text(f"Check your feedback for {first(evening.counsellor)}")
    page.get_by_role("button", name=f"Send to {first(evening.counsellor)}").click()
    expect(heading(page)).to_have_text("Sent")


def answer_as_client(page: Page, evening: Round) -> None:
    press(page.locator(f"main a[href^='{evening.path}']").first)
    for group, answer in (
        ("I felt heard", "Very much"),
        ("I could be myself", "Mostly"),
        ("The pace suited me", "A little"),
        ("I’d come back to that", "Rather not say"),
    ):
        page.get_by_role("group", name=group).get_by_label(answer, exact=True).check()
    page.get_by_label(re.compile("^One thing")).fill("They never hurried me.")
    page.get_by_role("button", name=f"Send to {first(evening.counsellor)}").click()
    expect(heading(page)).to_have_text("Sent")


def reflect_and_read(page: Page, evening: Round) -> None:
    """Nothing is shown before one's own words are in; then everything at once, words before levels."""
    press(page.locator(f"main a[href^='{evening.path}']").first)
    expect(page.locator("main")).not_to_contain_text("You waited")
    page.get_by_label("One thing you’d keep").fill("I stayed with the silence.")
    page.get_by_label("One thing you’d like to try").fill("Say less at the end.")
    for group in page.get_by_role("group").all():
        if group.get_by_label("Helping").count():
            group.get_by_label("Helping").check()
    page.get_by_role("button", name="Keep my reflection").click()
    expect(heading(page)).to_have_text("What people noticed is ready to read")
    look(page)
    page.get_by_role("button", name="Open it").click()
    expect(heading(page)).to_have_text(f"Your round with {first(evening.client)}")
    words = page.locator("main").inner_text()
    for said in (
        "“It sounds lonely, being the strong one.”",
        "You waited after ‘I don’t know’.",
        "Name the time when five minutes are left.",
        "They never hurried me.",
    ):
        assert said in words
    assert words.index("You waited") < words.index("The levels, side by side")
