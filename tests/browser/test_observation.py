"""Observing live: what is tapped is on the screen at once, then on the device, then with the server, and there once."""

import gzip
import re
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import APIResponse, Browser, BrowserContext, Locator, Page, Route, expect
from sqlalchemy import delete, select

from tests.browser.classes import cookie
from tests.browser.hands import look_at_tab_stops
from tests.browser.live import SLOW_4G, Live, a_device, now, running
from tests.browser.looking import (
    SEEN,
    SIGHT,
    Findings,
    look_at_structure,
    look_at_width,
    look_at_words,
    look_with_axe,
)
from tests.browser.running import DESK, PHONE, Site, installed, press, served
from threefold.store.tables import Note, Piece, PracticeSession, SignInSession
from threefold.web.templates import folder

pytestmark = pytest.mark.browser
heavy = pytest.mark.heavy
HELD = """async () => {
  const asked = (request) => new Promise((done, not) => {
    request.onsuccess = () => done(request.result); request.onerror = () => not(request.error);
  });
  const known = await indexedDB.databases();
  let notes = 0, rounds = 0;
  if (known.some((one) => one.name === 'threefold-observation')) {
    const shelves = await asked(indexedDB.open('threefold-observation'));
    if (shelves.objectStoreNames.contains('note')) {
      const inside = shelves.transaction(['note', 'round']);
      notes = await asked(inside.objectStore('note').count());
      rounds = await asked(inside.objectStore('round').count());
    }
    shelves.close();
  }
  const there = await caches.has('threefold-observation');
  const kept = there ? await (await caches.open('threefold-observation')).keys() : [];
  return { notes, rounds, pages: kept.filter((one) => !one.url.includes('/static/')).length };
}"""
NOTHING = {"notes": 0, "rounds": 0, "pages": 0}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Site]:  # noqa: ARG001 - no browser, no site
    with installed(tmp_path_factory.mktemp("live")) as found:
        yield found


@pytest.fixture
def live(site: Site) -> Live:
    return running(site)


def opened(context: BrowserContext, live: Live) -> Page:
    """The live page, once the device holds everything it needs without a signal."""
    page = context.new_page()
    page.goto(live.address)
    until(
        page,
        f"""async () => {{
      const shelf = await caches.open('threefold-observation');
      return Boolean(navigator.serviceWorker.controller && await shelf.match('{live.path}'));
    }}""",
    )
    return page


def until(page: Page, holds: str) -> None:
    """Ask the page until it says yes."""
    wait_for(lambda: page.evaluate(holds))


def tap(page: Page, label: str) -> None:
    page.get_by_role("button", name=re.compile(f"^{label}")).and_(page.locator(".tp")).click()


def badge(page: Page, label: str) -> Locator:
    return page.locator(".tp", has_text=label).locator("b")


def write(page: Page, words: str, *, quoted: bool = False) -> None:
    if quoted:
        page.locator(".cmp").get_by_label("The counsellor’s exact words").check()
    page.get_by_role("textbox", name="Write a note").fill(words)
    page.get_by_role("button", name="Add", exact=True).click()


def lines(page: Page) -> list[str]:
    return page.locator("[data-lines] > li").evaluate_all(  # type: ignore[no-any-return] # what the page answers
        "(all) => all.map((one) => [...one.querySelectorAll('[data-says], [data-marked], [data-words]')]"
        ".filter((part) => !part.hidden && part.textContent).map((part) => part.textContent).join(' '))"
    )


def shows(page: Page, expected: list[str]) -> None:
    """The list, once what the device keeps has been read into it."""
    expect(page.locator("[data-lines] > li")).to_have_count(len(expected), timeout=12_000)
    assert lines(page) == expected


def state(page: Page) -> Locator:
    return page.locator("[data-save-words]")


def reads(page: Page, words: str, *, timeout: float = 12_000) -> None:
    expect(state(page)).to_have_text(words, timeout=timeout)


def test_a_tap_is_a_stamp_with_the_rounds_time_and_sent_only_once_the_server_has_it(
    browser: Browser, live: Live
) -> None:
    with a_device(browser, live) as device:
        page = opened(device, live)
        answers: list[int] = []
        page.on("response", lambda answer: answers.append(answer.status) if answer.request.method == "POST" else None)
        page.route("**/notes", held := HeldBack())
        tap(page, "Empathy")
        expect(badge(page, "Empathy")).to_have_text(re.compile("^1"))
        into = (now() - live.starts_at).total_seconds()
        reads(page, "Saved")
        assert answers == []
        held.let_go()
        reads(page, "Sent")
        assert answers == [200]
        page.get_by_role("button", name="Helped").click()
        write(page, "It sounds lonely", quoted=True)
        reads(page, "Sent")
        shows(page, ["Noted It sounds lonely", "Empathy helped"])
        assert live.kept() == [("HC2", "", False, False), (None, "It sounds lonely", True, False)]
        seconds = live.unit(lambda db: db.scalar(select(Note.seconds).where(live.here, Note.code == "HC2")))
        assert abs(seconds - into) <= 1.5, (seconds, into)
        page.reload()
        shows(page, ["Noted It sounds lonely", "Empathy helped"])


class HeldBack:
    """Keeps requests waiting until they are let go."""

    def __init__(self) -> None:
        self.waiting: list[Route] = []
        self.open = False

    def __call__(self, route: Route) -> None:
        if self.open or route.request.method != "POST":
            route.continue_()
        else:
            self.waiting.append(route)

    def let_go(self) -> None:
        self.open = True
        for route in self.waiting:
            route.continue_()


class HeardLate:
    """Answers the first of what is sent when it is told to, with what the server said at once; nothing gets through any
    more after it, for the server's own clock hasn't moved."""

    def __init__(self) -> None:
        self.answers: list[tuple[Route, APIResponse]] = []

    def __call__(self, route: Route) -> None:
        if self.answers:
            route.abort()
        elif route.request.method == "POST":
            self.answers.append((route, route.fetch()))
        else:
            route.continue_()

    def tell(self) -> None:
        for route, answer in self.answers:
            route.fulfill(response=answer)


@heavy
def test_a_tap_is_on_the_screen_within_fifty_milliseconds(browser: Browser, live: Live) -> None:
    with a_device(browser, live) as device:
        page = opened(device, live)
        took = [
            page.evaluate("""() => new Promise((tell) => {
              const tap = document.querySelector('.tp');
              tap.addEventListener('click', () => {
                const began = performance.now();
                requestAnimationFrame(() => setTimeout(() => tell(performance.now() - began)));
              }, { once: true, capture: true });
              tap.click();
            })""")
            for _ in range(15)
        ]
        expect(badge(page, "Empathy")).to_have_text(re.compile("^15"))
        assert median(took) <= 50, took


@heavy
def test_without_a_signal_the_page_opens_again_and_everything_arrives_once(browser: Browser, live: Live) -> None:
    with a_device(browser, live) as device:
        page = opened(device, live)
        device.set_offline(True)
        for label in ["Empathy", "Boundaries"] * 2:
            tap(page, label)
        reads(page, "Offline. Saved here")
        page.reload()
        expect(page.locator("[data-lines] > li")).to_have_count(4)
        for label in ["Empathy", "Client choice"] * 3:
            tap(page, label)
        write(page, "It sounds lonely", quoted=True)
        write(page, "Take your time", quoted=True)
        page.reload()
        expect(badge(page, "Empathy")).to_have_text(re.compile("^5"))
        reads(page, "Offline. Saved here")
        shown = lines(page)
        assert len(shown) == 12
        assert live.kept() == []
        device.set_offline(False)
        reads(page, "Sent", timeout=20_000)
        kept = live.kept()
        assert len(kept) == 12
        assert sorted(words for _, words, quoted, _ in kept if quoted) == ["It sounds lonely", "Take your time"]
        page.reload()
        expect(page.locator("[data-lines] > li")).to_have_count(12)
        shows(page, shown)
        assert len(live.kept()) == 12


@heavy
def test_a_tab_closed_without_a_signal_loses_nothing(browser: Browser, live: Live) -> None:
    with a_device(browser, live) as device:
        page = opened(device, live)
        device.set_offline(True)
        tap(page, "Empathy")
        write(page, "Slowed down")
        reads(page, "Offline. Saved here")
        page.close()
        again = device.new_page()
        again.goto(live.address)
        expect(again.locator("[data-lines] > li")).to_have_count(2)
        shows(again, ["Noted Slowed down", "Empathy"])
        again.close()
        device.set_offline(False)
        elsewhere = device.new_page()
        elsewhere.goto(f"{live.site.address}/")  # whatever page is opened next sends them
        wait_for(lambda: len(live.kept()) == 2)


def wait_for(holds: Any) -> None:
    for _ in range(400):
        if holds():
            return
        time.sleep(0.05)
    raise AssertionError("it never came to be")


@heavy
def test_a_server_killed_while_it_is_sent_to_gets_every_note_once(browser: Browser, tmp_path: Path) -> None:
    with ExitStack() as stack:
        with installed(tmp_path) as site:
            live = running(site)
            device = stack.enter_context(a_device(browser, live))
            page = opened(device, live)

            def take_and_die(route: Route) -> None:
                """The server keeps the notes; its answer never arrives."""
                if route.request.method == "POST":
                    route.fetch()
                route.abort("connectionreset")

            page.route("**/notes", take_and_die)
            tap(page, "Empathy")
            reads(page, "Offline. Saved here")
            assert len(live.kept()) == 1
        page.unroute("**/notes")
        tap(page, "Boundaries")
        write(page, "Waited for the end", quoted=False)
        reads(page, "Offline. Saved here")
        assert len(live.kept()) == 1
        stack.enter_context(served(site.settings, folder=False))
        page.get_by_role("button", name="Try again").click()
        reads(page, "Sent", timeout=20_000)
        assert live.kept() == [
            ("HC2", "", False, False),
            ("HC8", "", False, False),
            (None, "Waited for the end", False, False),
        ]


@heavy
def test_two_devices_of_one_observer_become_one_list(browser: Browser, live: Live) -> None:
    with a_device(browser, live) as phone, a_device(browser, live, **DESK) as tablet:
        here, there = opened(phone, live), opened(tablet, live)
        tablet.set_offline(True)
        tap(here, "Empathy")
        tap(there, "Boundaries")
        reads(here, "Sent")
        tablet.set_offline(False)
        reads(there, "Sent", timeout=20_000)
        expect(there.locator("[data-lines] > li")).to_have_count(2)
        here.reload()
        expect(here.locator("[data-lines] > li")).to_have_count(2)
        there.locator("[data-lines] > li", has_text="Empathy").locator("summary").click()
        there.locator("[data-lines] > li", has_text="Empathy").get_by_role("button", name="Remove").click()
        reads(there, "Sent")
        here.reload()
        expect(here.locator("[data-lines] > li")).to_have_count(1)
        there.get_by_role("button", name="Undo").click()
        reads(there, "Sent")
        here.reload()
        expect(here.locator("[data-lines] > li")).to_have_count(2)


@heavy
def test_two_tabs_show_the_same_notes(browser: Browser, live: Live) -> None:
    with a_device(browser, live) as device:
        one, other = opened(device, live), opened(device, live)
        tap(one, "Empathy")
        expect(other.locator("[data-lines] > li")).to_have_count(1)
        other.get_by_role("button", name="Got in the way").click()
        expect(one.locator("[data-marked]").first).to_have_text("got in the way")
        reads(one, "Sent")
        wait_for(lambda: live.unit(lambda db: db.scalar(select(Note.effect).where(live.here))) == "in_the_way")


@heavy
def test_signing_out_clears_the_device_and_asks_first_while_something_is_unsent(browser: Browser, live: Live) -> None:
    with a_device(browser, live) as device:
        page = opened(device, live)
        device.set_offline(True)
        tap(page, "Empathy")
        reads(page, "Offline. Saved here")
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_role("alert")).to_have_text(re.compile("^One note hasn’t been sent yet"))
        assert page.evaluate(HELD) == {"notes": 1, "rounds": 1, "pages": 1}
        device.set_offline(False)
        reads(page, "Sent", timeout=20_000)
        press(page.get_by_role("button", name="Sign out"))
        assert page.evaluate(HELD) == NOTHING
        assert page.evaluate("async () => (await navigator.serviceWorker.getRegistrations()).length") == 0
        assert page.evaluate("localStorage.length") == 0
        assert len(live.kept()) == 1


@heavy
def test_a_round_can_be_forgotten_on_this_device(browser: Browser, live: Live) -> None:
    with a_device(browser, live) as device:
        page = opened(device, live)
        tap(page, "Empathy")
        reads(page, "Sent")
        page.get_by_role("button", name="Forget this round on this device").click()
        expect(page.locator("[data-closed]")).to_contain_text("is forgotten on this device")
        until(page, f"async () => (await ({HELD})()).notes === 0")
        assert page.evaluate(HELD) == NOTHING
        page.reload()
        expect(page.locator("[data-lines] > li")).to_have_count(1)


@heavy
def test_a_day_after_everything_has_arrived_the_copy_goes_by_itself(browser: Browser, live: Live) -> None:
    with a_device(browser, live) as device:
        page = opened(device, live)
        tap(page, "Empathy")
        reads(page, "Sent")
        page.close()
        later = device.new_page()
        later.clock.set_fixed_time(now() + timedelta(hours=25))
        later.goto(f"{live.site.address}/")
        until(later, f"async () => (await ({HELD})()).notes === 0")
        assert later.evaluate(HELD) == NOTHING


@heavy
def test_a_device_without_room_sends_from_the_page_alone(browser: Browser, live: Live) -> None:
    with a_device(browser, live) as device:
        device.add_init_script("indexedDB.open = () => { throw new Error('no room'); }")
        page = device.new_page()
        page.goto(live.address)
        device.set_offline(True)
        tap(page, "Empathy")
        reads(page, "Couldn’t save. Your words are still on this page.")
        device.set_offline(False)
        reads(page, "Sent", timeout=20_000)
        tap(page, "Boundaries")
        reads(page, "Sent")
        assert [code for code, *_ in live.kept()] == ["HC2", "HC8"]


@heavy
def test_somebody_else_on_the_device_neither_sees_nor_sends_them(browser: Browser, live: Live) -> None:
    with a_device(browser, live) as device:
        page = opened(device, live)
        device.set_offline(True)
        write(page, "Ben’s own words")
        reads(page, "Offline. Saved here")
        device.clear_cookies()
        device.add_cookies([cookie(live.site, live.built.tutors[0])])
        device.set_offline(False)
        expect(page.locator("[data-closed]")).to_contain_text("Somebody else is signed in", timeout=20_000)
        shows(page, [])
        page.close()
        other = device.new_page()
        other.goto(f"{live.site.address}/cohorts")
        until(other, f"async () => (await ({HELD})()).pages === 0")
        other.goto(live.address)
        expect(other.get_by_text("Nothing yet.")).to_be_visible()
        reads(other, "", timeout=3000)
        assert "Ben’s own words" not in other.content()
        assert live.kept() == []
        other.close()
        device.clear_cookies()
        device.add_cookies([cookie(live.site, live.built.people[1])])
        again = device.new_page()
        again.goto(live.address)
        reads(again, "Sent", timeout=20_000)
        assert [words for _, words, *_ in live.kept()] == ["Ben’s own words"]


@heavy
def test_a_sign_in_that_ran_out_keeps_the_notes_until_the_next(browser: Browser, live: Live) -> None:
    with a_device(browser, live) as device:
        page = opened(device, live)
        live.unit(lambda db: db.execute(delete(SignInSession)))
        tap(page, "Empathy")
        reads(page, "Saved here. Sign in to send")
        expect(page.get_by_role("link", name="Sign in")).to_have_attribute("href", f"/sign-in?next={live.path}")
        device.clear_cookies()
        device.add_cookies([cookie(live.site, live.built.people[1])])
        tap(page, "Boundaries")
        reads(page, "Sent", timeout=20_000)
        expect(page.get_by_role("link", name="Sign in")).to_be_hidden()
        assert [code for code, *_ in live.kept()] == ["HC2", "HC8"]


@heavy
def test_a_session_that_was_cancelled_says_so_and_the_notes_stay(browser: Browser, live: Live) -> None:
    with a_device(browser, live) as device:
        page = opened(device, live)
        device.set_offline(True)
        write(page, "Slowed down")
        reads(page, "Offline. Saved here")
        live.unit(lambda db: setattr(db.get(PracticeSession, live.built.sessions[0]), "cancelled_at", now()))
        device.set_offline(False)
        expect(page.locator("[data-closed]")).to_contain_text("This session was cancelled", timeout=20_000)
        assert page.evaluate(HELD)["notes"] == 1
        page.reload()
        expect(page.locator("[data-closed]")).to_contain_text("This session was cancelled")
        shows(page, ["Noted Slowed down"])


@heavy
def test_notes_left_unsent_for_a_day_say_so(browser: Browser, live: Live) -> None:
    with a_device(browser, live) as device:
        page = opened(device, live)
        device.set_offline(True)
        tap(page, "Empathy")
        expect(page.locator("[data-old]")).to_be_hidden()
        reads(page, "Offline. Saved here")
        page.clock.set_fixed_time(now() + timedelta(hours=25))
        tap(page, "Boundaries")
        expect(page.locator("[data-old]")).to_be_visible()


@heavy
def test_the_clock_is_right_after_five_minutes_asleep_and_the_screen_stays_on_only_while_it_runs(
    browser: Browser, live: Live
) -> None:
    with a_device(browser, live) as device:
        device.add_init_script("""
          const locks = [];
          const tell = (what) => {
            locks.push(what);
            document.documentElement.dataset.locks = locks.join(' ');
          };
          Object.defineProperty(navigator, 'wakeLock', { value: { request: async () => {
            const lock = new EventTarget();
            lock.release = async () => { tell('released'); lock.dispatchEvent(new Event('release')); };
            tell('asked');
            return lock;
          } } });
        """)
        page = device.new_page()
        page.clock.install()
        page.goto(live.address)
        expect(page.locator("[data-left]")).to_have_text(re.compile(r"^1[45]:\d\d$"))
        # It falls asleep while the server is answering, and hears the rest when it wakes.
        page.route("**/notes", late := HeardLate())
        tap(page, "Empathy")
        wait_for(lambda: bool(page.title() and late.answers))  # asking the page lets the answer come in
        reads_before = seconds_of(page)
        page.clock.fast_forward(300_000)
        late.tell()
        reads(page, "Sent")
        expect(page.locator("[data-left]")).to_have_text(re.compile(r"^(09|10):\d\d$"))
        assert abs(reads_before - 300 - seconds_of(page)) <= 3
        expect(page.locator("html")).to_have_attribute("data-locks", "asked")
        page.clock.fast_forward(700_000)
        # Not wait_for_function: what it evaluates anew is forbidden by the page's own policy.
        expect(page.locator("[data-left]")).to_have_text("00:00")
        expect(page.locator("html")).to_have_attribute("data-locks", "asked released")
        expect(page.locator("[data-phase]")).to_have_text(re.compile("^That’s the time"))


def seconds_of(page: Page) -> int:
    minutes, seconds = page.locator("[data-left]").inner_text().split(":")
    return int(minutes) * 60 + int(seconds)


@heavy
def test_an_own_start_holds_without_a_signal_too(browser: Browser, live: Live) -> None:
    with a_device(browser, live) as device:
        page = opened(device, live)
        device.set_offline(True)
        page.get_by_role("button", name="Start the round now").click()
        expect(page.locator("[data-left]")).to_have_text(re.compile(r"^(20:00|19:5\d)$"))
        page.reload()
        expect(page.locator("[data-left]")).to_have_text(re.compile(r"^19:[345]\d$"))
        device.set_offline(False)
        page.reload()
        expect(page.locator("[data-left]")).to_have_text(re.compile(r"^19:[2345]\d$"))
        expect(page.get_by_role("button", name="Start the clock again")).to_be_visible()


@heavy
def test_words_not_yet_added_are_there_again_after_the_tab_was_closed(browser: Browser, live: Live) -> None:
    with a_device(browser, live) as device:
        page = opened(device, live)
        page.get_by_role("textbox", name="Write a note").press_sequentially("Waited, then")
        page.locator(".cmp").get_by_label("The counsellor’s exact words").check()
        device.set_offline(True)
        page.close()
        page = device.new_page()
        page.goto(live.address)
        box = page.get_by_role("textbox", name="Write a note")
        expect(box).to_have_value("Waited, then")
        expect(page.locator(".cmp").get_by_label("The counsellor’s exact words")).to_be_checked()
        page.get_by_role("button", name="Add", exact=True).click()
        expect(box).to_have_value("")
        page.reload()
        shows(page, ["Noted Waited, then"])
        expect(page.get_by_role("textbox", name="Write a note")).to_have_value("")


@heavy
def test_the_quiet_screen_is_remembered(browser: Browser, live: Live) -> None:
    with a_device(browser, live, color_scheme="light") as device:
        page = opened(device, live)
        quiet = page.get_by_role("button", name="Quiet screen")
        expect(quiet).to_have_attribute("aria-pressed", "true")
        assert scheme(page) == "dark"
        quiet.click()
        expect(quiet).to_have_attribute("aria-pressed", "false")
        page.reload()
        expect(quiet).to_have_attribute("aria-pressed", "false")
        assert scheme(page) != "dark"


def scheme(page: Page) -> str:
    return str(page.evaluate("getComputedStyle(document.documentElement).colorScheme"))


@heavy
def test_from_finish_to_sent_takes_fourteen_presses_at_most(browser: Browser, site: Site) -> None:
    live = running(site, into=timedelta(minutes=36))
    presses = 0
    with a_device(browser, live) as device:
        page = opened(device, live)
        tap(page, "Empathy")
        tap(page, "Boundaries")
        reads(page, "Sent")

        def pressing(what: Locator, *, leads: bool = False) -> None:
            nonlocal presses
            presses += 1
            if leads:
                press(what)
            else:
                what.click()

        pressing(page.get_by_role("button", name="Finish"), leads=True)
        for level, moment in (("Deepening", True), ("Got in the way", True), ("Not seen this time", False)):
            assert page.locator("input[type=radio]:checked").count() == 0
            assert page.get_by_label("Not seen this time").count() == 1
            pressing(page.get_by_label(level))
            if moment:
                pressing(page.locator(".op", has_text="Use this moment").first)
            pressing(page.get_by_role("button", name="Continue"), leads=True)
        letters = 0
        for label, words in (
            ("One thing that helped", "You waited after ‘I don’t know’, and the next words were hers."),
            ("One thing to try next", "Name the time when five minutes are left."),
        ):
            letters += len(words)
            page.get_by_label(label).fill(words)
        pressing(page.get_by_role("button", name="Continue"), leads=True)
        pressing(page.get_by_role("button", name="Send to Amara"), leads=True)
        expect(page.get_by_role("heading", level=1)).to_have_text("Sent")
        assert presses <= 14, presses
        # A person reads for five seconds before each press and types two letters a second: well within three minutes.
        assert 5 * presses + letters / 2 <= 180, (presses, letters)
    assert live.unit(lambda db: db.scalar(select(Piece.kind))) == "observer"


@heavy
def test_finishing_without_a_signal_waits_for_one(browser: Browser, live: Live) -> None:
    with a_device(browser, live) as device:
        page = opened(device, live)
        device.set_offline(True)
        tap(page, "Empathy")
        page.get_by_role("button", name="Finish").click()
        expect(page.locator("[data-closed]")).to_contain_text("Your notes are safe on this device")
        device.set_offline(False)
        reads(page, "Sent", timeout=20_000)
        press(page.get_by_role("button", name="Finish"))
        assert page.url.startswith(live.rating)


@heavy
def test_with_scripts_off_every_note_is_a_form(browser: Browser, live: Live) -> None:
    with a_device(browser, live, java_script_enabled=False) as device:
        page = device.new_page()
        page.goto(live.address)
        press(page.locator(".tp", has_text="Empathy"))
        press(page.get_by_role("button", name="Helped"))
        page.locator("summary", has_text="Add words").click()
        page.get_by_role("textbox", name="In words").fill("It sounds lonely")
        page.get_by_label("The counsellor’s exact words").first.check()
        press(page.get_by_role("button", name="Keep"))
        expect(page.locator("[data-words]").first).to_have_text("It sounds lonely")
        press(page.locator(".tp", has_text="Boundaries"))
        page.locator("summary", has_text="Add words").click()
        press(page.get_by_role("button", name="Remove (Boundaries"))
        press(page.get_by_role("button", name="Undo"))
        page.get_by_role("textbox", name="Write a note").fill("Slowed down")
        press(page.get_by_role("button", name="Add", exact=True))
        assert live.kept() == [
            ("HC2", "It sounds lonely", True, False),
            ("HC8", "", False, False),
            (None, "Slowed down", False, False),
        ]
        press(page.get_by_role("button", name="Finish"))
        assert page.url == f"{live.rating}/steps/1"
        page.get_by_label("Deepening").check()
        page.get_by_label("Use this moment").first.check()
        press(page.get_by_role("button", name="Continue"))
        assert page.url == f"{live.rating}/steps/2"


@heavy
@pytest.mark.parametrize("scheme_", ["light", "dark"])
def test_the_page_is_whole_in_every_way_it_may_look(browser: Browser, live: Live, scheme_: Any) -> None:
    found = Findings()
    with a_device(browser, live, color_scheme=scheme_, reduced_motion="reduce") as device:
        page = opened(device, live)
        complaints: list[str] = []
        page.on("console", lambda said: complaints.append(said.text) if said.type in {"error", "warning"} else None)
        for label in ("Empathy", "Boundaries", "Empathy"):
            tap(page, label)
        page.get_by_role("button", name="Got in the way").click()
        write(page, "It sounds lonely", quoted=True)
        reads(page, "Sent")
        expect_ = found.on(live.path)
        page.locator("summary").last.click()
        seen = page.evaluate(SEEN)
        look_at_structure(expect_, seen)
        look_at_words(expect_, seen, "observer")
        for quiet in (True, False):
            page.set_viewport_size({"width": 390, "height": 4000})
            look_with_axe(expect_, page)
            look_with_axe(expect_, page, SIGHT)
            look_at_width(expect_, page)
            page.set_viewport_size(PHONE["viewport"])
            if quiet:
                page.get_by_role("button", name="Quiet screen").click()
        page.reload()
        expect(page.get_by_role("button", name="Forget this round")).to_be_visible()
        look_at_tab_stops(expect_, page)
        low = page.locator(".tp").evaluate_all("(all) => all.map((one) => one.getBoundingClientRect().height)")
        expect_(min(low) >= 56, f"has taps of {min(low)} px")
        expect_(not complaints, f"complains: {complaints}")
    found.check()


@heavy
def test_on_slow_4g_the_page_is_there_after_two_journeys_and_little_of_it(browser: Browser, live: Live) -> None:
    """No time is measured: what makes it quick is that little is fetched, and nothing waits for something fetched."""
    with a_device(browser, live) as device:
        page = device.new_page()
        line = device.new_cdp_session(page)
        line.send("Network.enable")
        line.send("Network.emulateNetworkConditions", SLOW_4G)
        asked: dict[str, tuple[str, str]] = {}  # request: its address, and the page or script that names it
        arrived: dict[str, int] = {}  # request: bytes on the line, heads and all

        def asks(told: dict[str, Any]) -> None:
            by, url = told["initiator"].get("url", ""), told["request"]["url"]
            if by or url == live.address:  # and not what a script goes and fetches once it runs
                asked.setdefault(told["requestId"], (url, by))

        line.on("Network.requestWillBeSent", asks)
        line.on("Network.loadingFinished", lambda told: arrived.update({told["requestId"]: told["encodedDataLength"]}))
        page.goto(live.address, wait_until="commit")
        expect(page.get_by_role("button", name="Quiet screen")).to_be_visible()  # its script has run
        tap(page, "Empathy")
        expect(badge(page, "Empathy")).to_have_text(re.compile("^1"))
        needed = {url: (by, arrived.get(one, 0)) for one, (url, by) in reversed(asked.items())}
        names = {urlsplit(url).path.rpartition("/")[2] for url in needed} - {
            urlsplit(live.path).path.rpartition("/")[2]
        }
        assert names == {"threefold.css", "threefold.js", "observation.js", "observation-store.js", "clock-follow.js"}
        sizes = [size for _, size in needed.values()]
        assert min(sizes) > 0, needed
        assert sum(sizes) <= 45_000, needed
        assert {url for url, (by, _) in needed.items() if by not in {"", live.address}} == set(), "a third journey"


def test_the_live_form_is_small() -> None:
    parts = ("threefold.js", "autosave.js", "observation.js", "observation-store.js", "observation-worker.js")
    assert sum(len(gzip.compress((folder() / "static" / name).read_bytes())) for name in parts) / 1000 <= 25
