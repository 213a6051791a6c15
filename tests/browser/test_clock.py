"""The shared clock in browsers: a tutor and three phones side by side, through a whole evening's presses."""

import asyncio
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.classes import cookie
from tests.browser.hands import look_at_tab_stops
from tests.browser.looking import (
    SEEN,
    Findings,
    look_at_structure,
    look_at_width,
    look_at_words,
    look_with_axe,
)
from tests.browser.running import DESK, PATIENCE, PHONE, Site, installed
from tests.builders import Class, a_cohort
from threefold.store.engine import Store

pytestmark = [pytest.mark.browser, pytest.mark.heavy]
LONDON = ZoneInfo("Europe/London")
APART = 300  # ms that two phones may be apart
LOOKS = 3
# What a page shows, in milliseconds since its phase began to run out: read at one moment in each window.
SHOWS = """() => new Promise((tell) => {
  const left = document.querySelector('[data-left]');
  const before = left.textContent;
  const look = () => {
    if (left.textContent === before) { setTimeout(look, 4); return; }
    const [minutes, seconds] = left.textContent.split(':').map(Number);
    tell([Date.now(), minutes * 60 + seconds]);
  };
  look();
})"""


@dataclass
class Evening:
    """A class of six that meets now, in two groups; Amara, Ben and Chloe sit in the first."""

    site: Site
    built: Class

    @property
    def path(self) -> str:
        return f"{self.site.address}/practice/{self.built.sessions[0]}/clock"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Site]:  # noqa: ARG001 - no browser, no site
    with installed(tmp_path_factory.mktemp("clock")) as found:
        yield found


@pytest.fixture
def evening(site: Site) -> Evening:
    """It began a minute ago by the plan."""
    return an_evening(site, timedelta(minutes=-1))


def an_evening(site: Site, ahead: timedelta) -> Evening:
    begins = (datetime.now(UTC) + ahead).astimezone(LONDON).replace(second=0, microsecond=0)

    async def build() -> Class:
        store = Store.open(site.settings.database)
        made = await a_cohort(store, trainees=6, weeks=1, first=begins.date(), starts=begins.time())
        await store.close()
        return made

    with ThreadPoolExecutor(1) as apart:  # Playwright's own loop fills this thread
        return Evening(site, apart.submit(asyncio.run, build()).result())


def test_before_the_start_the_strip_says_when_each_part_begins_by_the_plan(browser: Browser, site: Site) -> None:
    evening = an_evening(site, timedelta(hours=1))
    with device(browser, evening, evening.built.tutors[0], **DESK) as desk:
        page = opened(desk, evening)
        drawn = page.locator("[data-stage] time").evaluate_all("(all) => all.map((one) => Date.parse(one.dateTime))")
        expect(page.locator("[data-sound]")).to_be_visible()  # the script has drawn it anew
        again = page.locator("[data-stage] time").evaluate_all("(all) => all.map((one) => Date.parse(one.dateTime))")
        assert [(each - drawn[0]) / 60_000 for each in again] == [0, 15, 45, 75, 105]
        expect(page.locator("details.own")).not_to_have_attribute("open", "")


@contextmanager
def device(browser: Browser, evening: Evening, person: UUID, **options: Any) -> Iterator[BrowserContext]:
    context = browser.new_context(locale="en-GB", **{**PHONE, **options})
    context.set_default_timeout(PATIENCE)
    context.add_cookies([cookie(evening.site, person)])
    try:
        yield context
    finally:
        context.close()


def opened(context: BrowserContext, evening: Evening, more: str = "") -> Page:
    page = context.new_page()
    page.goto(evening.path + more)
    return page


def press(page: Page, name: str, *, group: str = "") -> None:
    within = page.locator("[data-group]", has_text=group) if group else page.locator("[data-press]").first
    within.get_by_role("button", name=re.compile(f"^{name}")).click()


def spread(*pages: Page) -> float:
    """How far apart in milliseconds these pages show the same second, as each of them turns to its next one.

    Of a few looks at each the earliest counts: a busy machine lets a page turn late now and then, and never early.
    """
    ends = [min(at + left * 1000 for at, left in (page.evaluate(SHOWS) for _ in range(LOOKS))) for page in pages]
    return float(max(ends) - min(ends))


def test_a_whole_evening_tutor_and_three_phones_side_by_side(browser: Browser, evening: Evening) -> None:
    people = evening.built.people
    with ExitStack() as stack:
        desk = stack.enter_context(device(browser, evening, evening.built.tutors[0], **DESK))
        contexts = [stack.enter_context(device(browser, evening, people[n])) for n in (0, 1, 3)]
        # One phone is an hour wrong, and believes the server all the same.
        contexts[1].add_init_script("const right = Date.now; Date.now = () => right() + 3_600_000;")
        tutor = opened(desk, evening)
        phones = [opened(context, evening) for context in contexts]
        wall = opened(desk, evening, "/wall")
        errors: list[str] = []
        for page in (tutor, wall, *phones):
            page.on("pageerror", lambda error: errors.append(str(error)))
        for phone in phones:
            expect(phone.locator("[data-stands]").first).to_have_text("By the plan,")

        press(tutor, "Start")
        for page in (*phones, wall):
            expect(page.locator("[data-stands]").first).to_have_text("")
            expect(page.locator("[data-name]").first).to_have_text("Welcome")
        assert spread(tutor, wall, phones[0], phones[2]) <= APART
        press(tutor, "Next")
        press(tutor, "Next")
        for page in (*phones, wall):
            expect(page.locator("[data-name]").first).to_have_text("Practice")
        expect(phones[0].locator("[data-aloud]")).to_have_text(re.compile(r"^Round 1\. Practice, until \d\d:\d\d\.$"))
        expect(phones[0].get_by_role("heading", name="You’re counsellor")).to_be_visible()
        expect(phones[2].get_by_role("heading", name="You’re counsellor")).to_be_visible()

        press(tutor, "Pause")
        for page in (*phones, wall):
            expect(page.locator("[data-stands]").first).to_have_text("Paused")
        stood = [page.locator("[data-left]").text_content() for page in (*phones, wall)]
        assert len(set(stood)) == 1
        press(tutor, "Go on")
        for page in (*phones, wall):
            expect(page.locator("[data-until]").first).to_be_visible()

        # Two minutes more for the first group alone.
        tutor.get_by_text("One group alone").click()
        press(tutor, "Add 2 minutes", group="Group 1")
        for phone in phones[:2]:
            expect(phone.locator("[data-of]")).to_have_text("left of 22 minutes")
            expect(phone.locator("[data-aloud]")).to_have_text(re.compile("^A little longer, until"))
        expect(phones[2].locator("[data-of]")).to_have_text("left of 20 minutes")
        assert spread(phones[0], phones[1]) >= 3_599_000  # as its own clock has it
        assert spread(phones[0], phones[0]) <= APART

        # A phone sleeps: it goes on by what it knows, and is right again when it wakes.
        contexts[0].set_offline(True)
        expect(phones[0].locator("[data-lost]")).to_be_visible()
        press(tutor, "Next")
        expect(phones[1].locator("[data-name]")).to_have_text("Feedback")
        expect(phones[2].locator("[data-detail]")).to_have_text("Counsellor first")
        expect(phones[0].locator("[data-name]")).to_have_text("Practice")
        contexts[0].set_offline(False)
        expect(phones[0].locator("[data-name]")).to_have_text("Feedback")
        expect(phones[0].locator("[data-lost]")).to_be_hidden()
        assert spread(phones[0], phones[2], tutor, wall) <= APART
        assert errors == []


def test_please_come_is_one_tap_seen_by_the_tutor_alone(browser: Browser, evening: Evening) -> None:
    with ExitStack() as stack:
        desk = stack.enter_context(device(browser, evening, evening.built.tutors[0], **DESK))
        mine, beside, elsewhere = [
            opened(stack.enter_context(device(browser, evening, evening.built.people[n])), evening) for n in (0, 1, 3)
        ]
        tutor = opened(desk, evening)
        mine.get_by_role("button", name="Please come").click()
        asked = tutor.get_by_role("list", name="Who asked for you")
        expect(asked).to_contain_text("Group 1 asked for you just now")
        for page in (mine, beside):
            expect(page.get_by_text("Asked. Marion can see it.")).to_be_visible()
        expect(elsewhere.get_by_role("button", name="Please come")).to_be_visible()
        asked.get_by_role("button", name="I’m coming").click()
        expect(asked.get_by_role("listitem")).to_have_count(0)
        for page in (mine, beside):
            expect(page.get_by_text("Marion is on the way.")).to_be_visible()
        expect(elsewhere.locator("[data-asked]")).to_have_text(re.compile("^Tells Marion"))
        beside.get_by_role("button", name="Please come").click()
        expect(mine.get_by_text("Asked. Marion can see it.")).to_be_visible()
        mine.get_by_role("button", name="Take it back").click()
        expect(beside.get_by_role("button", name="Please come")).to_be_visible()
        for page in (mine, beside):
            expect(page.locator("[data-asked]")).to_have_text(re.compile("^Tells Marion, and only Marion"))


def test_an_observers_live_page_follows_the_rooms_clock_and_goes_on_without_a_signal(
    browser: Browser, evening: Evening
) -> None:
    with ExitStack() as stack:
        desk = stack.enter_context(device(browser, evening, evening.built.tutors[0], **DESK))
        context = stack.enter_context(device(browser, evening, evening.built.people[1]))
        live = context.new_page()
        live.goto(f"{evening.site.address}/observation/{evening.built.triads[0][0]}/1")
        tutor, phone = opened(desk, evening), opened(context, evening)
        expect(live.get_by_role("button", name="Start the round now")).to_be_visible()
        for name in ("Start", "Next", "Next"):
            press(tutor, name)
            expect(tutor.locator("[data-until]").first).to_be_visible()
        expect(live.locator("[data-of]")).to_have_text("left of 20")
        expect(live.get_by_role("button", name="Start the round now")).to_be_hidden()
        left = "Number(document.querySelector('[data-left]').textContent.replace(':', '.'))"
        assert abs(live.evaluate(left) - phone.evaluate(left)) < 0.02
        tutor.get_by_text("One group alone").click()
        press(tutor, "Add 2 minutes", group="Group 1")
        expect(live.locator("[data-of]")).to_have_text("left of 22")
        live.get_by_role("button", name=re.compile("^Empathy")).click()
        context.set_offline(True)
        before = live.locator("[data-left]").text_content()
        expect(live.locator("[data-left]")).not_to_have_text(before or "")
        context.set_offline(False)
        press(tutor, "Pause", group="Group 1")
        expect(phone.locator("[data-stands]")).to_have_text("Paused")
        expect(live.locator("[data-left]")).to_have_text(phone.locator("[data-left]").text_content() or "")


def test_without_scripts_the_same_buttons_do_the_same(browser: Browser, evening: Evening) -> None:
    with ExitStack() as stack:
        desk = stack.enter_context(device(browser, evening, evening.built.tutors[0], **DESK, java_script_enabled=False))
        phone = opened(
            stack.enter_context(device(browser, evening, evening.built.people[0], java_script_enabled=False)), evening
        )
        tutor = opened(desk, evening)
        press(tutor, "Start")
        press(tutor, "Next")
        expect(tutor.locator("[data-name]").first).to_have_text("Agreeing the round")
        expect(tutor.get_by_role("button", name="Start", exact=True)).to_have_count(0)
        phone.get_by_role("link", name="Show the time now").click()
        expect(phone.get_by_role("heading", level=1)).to_have_text("Agreeing the round")
        expect(phone.locator("[data-left]")).to_have_text(re.compile(r"^01:5\d|02:00$"))
        phone.get_by_role("button", name="Please come").click()
        expect(phone.get_by_text("Asked. Marion can see it.")).to_be_visible()
        tutor.reload()
        tutor.get_by_role("button", name="I’m coming").click()
        phone.reload()
        expect(phone.get_by_text("Marion is on the way.")).to_be_visible()


def test_the_sound_is_off_until_asked_for_and_remembered(browser: Browser, evening: Evening) -> None:
    with ExitStack() as stack:
        context = stack.enter_context(device(browser, evening, evening.built.people[0]))
        desk = stack.enter_context(device(browser, evening, evening.built.tutors[0], **DESK))
        context.add_init_script(
            "window.notes = 0; const made = AudioContext.prototype.createOscillator;"
            "AudioContext.prototype.createOscillator = function () { window.notes += 1; return made.call(this); };"
        )
        phone, tutor = opened(context, evening), opened(desk, evening)
        press(tutor, "Start")
        press(tutor, "Next")
        expect(phone.locator("[data-name]")).to_have_text("Agreeing the round")
        assert phone.evaluate("window.notes") == 0
        button = phone.get_by_role("button", name="A soft sound at each change")
        button.click()
        expect(button).to_have_attribute("aria-pressed", "true")
        assert phone.evaluate("window.notes") == 2
        phone.reload()
        expect(button).to_have_attribute("aria-pressed", "true")
        press(tutor, "Next")
        expect(phone.locator("[data-name]")).to_have_text("Practice")
        assert phone.evaluate("window.notes") == 2


def test_its_pages_are_open_to_everybodys_way_of_reading(browser: Browser, evening: Evening) -> None:
    findings = Findings()
    with ExitStack() as stack:
        for person, more, part in (
            (evening.built.people[0], "", "trainee"),
            (evening.built.tutors[0], "", "tutor"),
            (evening.built.tutors[0], "/wall", "tutor"),
        ):
            context = stack.enter_context(device(browser, evening, person, **DESK, reduced_motion="reduce"))
            page = opened(context, evening, more)
            page.wait_for_selector("[data-sound]:not([hidden])")
            expects = findings.on(f"/practice/{evening.built.sessions[0]}/clock{more}")
            seen = page.evaluate(SEEN)
            look_at_structure(expects, seen)
            look_at_words(expects, seen, part)
            look_with_axe(expects, page)
            look_at_tab_stops(expects, page)
            look_at_width(expects, page)
            page.emulate_media(color_scheme="dark")
            look_with_axe(expects, page)
    findings.check()
