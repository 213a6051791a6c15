"""Story 5, end to end: an observer without a signal, a browser that is killed, and a cue for the tutor alone."""

import re
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from sqlalchemy import select

from tests.browser.classes import cookie
from tests.browser.live import Live, running
from tests.browser.running import CHROMIUM, FLAGS, PATIENCE, PHONE, installed, press, visiting
from threefold.store.tables import Letter, Note, Piece, Rating

pytestmark = [pytest.mark.browser, pytest.mark.heavy]  # a browser that is killed and begun again
WORDS = "At least you have a job"


def test_noted_without_a_signal_through_a_killed_browser_and_a_cue_that_peers_never_see(
    browser: Browser, tmp_path: Path
) -> None:
    """Round 2: Ben counsels Amara, Chloe observes."""
    with installed(tmp_path / "site") as site:
        live = running(site, into=timedelta(minutes=55))  # ten minutes into the second round
        triad = live.built.triads[0][0]
        notes = f"{site.address}/observation/{triad}/2"
        amara, ben, chloe = live.built.people

        phone = a_phone(browser, tmp_path)
        signed_in: Any = cookie(site, chloe) | {"expires": time.time() + 86_400}
        phone.add_cookies([signed_in])
        page = phone.new_page()
        page.goto(notes)
        expect(page.locator(".tp")).to_have_count(3)  # what planned sampling asks for, there without being chosen
        expect(page.locator("[data-left]")).to_have_text(re.compile(r"^(09|10):\d\d$"))
        kept_for_later(page, f"/observation/{triad}/2")
        phone.set_offline(True)
        for label in ("Empathy", "Boundaries", "Empathy"):
            page.locator(".tp", has_text=label).click()
        page.get_by_role("textbox", name="Write a note").fill(WORDS)
        page.get_by_role("button", name="Add", exact=True).click()
        expect(page.locator("[data-save-words]")).to_have_text("Offline. Saved here")
        assert stored(live) == 0
        phone.close()  # the phone sleeps, and its browser is killed

        phone = a_phone(browser, tmp_path)
        phone.set_offline(True)
        page = phone.new_page()
        page.goto(notes)
        expect(page.locator("[data-lines] > li")).to_have_count(4)
        expect(page.locator(".tp", has_text="Empathy").locator("b")).to_have_text(re.compile("^2"))
        phone.set_offline(False)
        expect(page.locator("[data-save-words]")).to_have_text("Sent", timeout=20_000)
        assert stored(live) == 4

        # A cue makes it “Got in the way”, whatever was chosen, and asks what was said or done.
        press(page.get_by_role("button", name="Finish"))
        page.get_by_label("Helping").check()
        page.locator("summary", has_text="Did something get in the client’s way?").click()
        page.get_by_role("group", name="Tick what you saw or heard").get_by_role("checkbox").first.check()
        press(page.get_by_role("button", name="Continue"))
        expect(page.get_by_role("heading", name="There’s a problem")).to_be_visible()
        page.get_by_label("What did Ben say or do?").fill(WORDS)
        press(page.get_by_role("button", name="Continue"))
        for level in ("Helping", "Not seen this time"):
            page.get_by_label(level).check()
            press(page.get_by_role("button", name="Continue"))
        page.get_by_label("One thing that helped").fill("You waited.")
        page.get_by_label("One thing to try next").fill("Name the ending.")
        press(page.get_by_role("button", name="Continue"))
        expect(page.locator("dd").first).to_contain_text("Got in the way")
        press(page.get_by_role("button", name="Send to Ben"))
        expect(page.get_by_role("heading", level=1)).to_have_text("Sent")
        phone.close()
        assert live.unit(lambda db: db.scalar(select(Rating.level).where(Rating.code == "HC2"))) == 1
        assert live.unit(lambda db: db.scalar(select(Piece.flagged))) == 1

        # The tutor is told that there is something to look at; the one it is about and the client see none of it.
        told = seen(browser, live, live.built.tutors[0], "/feedback/to-come")
        assert "Ben Hughes, round 2" in told.partition("Worth a look before it opens")[2]
        assert WORDS in seen(browser, live, live.built.tutors[0], f"/feedback/{triad}/2")
        for person in (ben, amara):
            for path in ("/", "/feedback", f"/feedback/{triad}/2", "/growth"):
                page_of = seen(browser, live, person, path)
                assert not re.search(f"{WORDS}|You waited|Worth a look|tutor reads", page_of), (path, page_of)
        mails = live.unit(lambda db: [letter.message.decode() for letter in db.scalars(select(Letter))])
        assert not [mail for mail in mails if WORDS in mail or "You waited" in mail]


def a_phone(browser: Browser, folder: Path) -> BrowserContext:
    """A browser that keeps what it has on a disk, so that killing it is not the end of it."""
    kind = browser.browser_type
    phone = kind.launch_persistent_context(
        folder / "phone", executable_path=CHROMIUM, args=FLAGS, locale="en-GB", **PHONE
    )
    phone.set_default_timeout(PATIENCE)
    return phone


def kept_for_later(page: Page, path: str) -> None:
    """The device holds the page and everything it needs."""
    holds = f"""async () => {{
      const shelf = await caches.open('threefold-observation');
      return Boolean(navigator.serviceWorker.controller && await shelf.match('{path}'));
    }}"""
    for _ in range(200):
        if page.evaluate(holds):
            return
        page.wait_for_timeout(50)
    raise AssertionError("the page is not kept for when there is no signal")


def stored(live: Live) -> int:
    return live.unit(lambda db: len(list(db.scalars(select(Note.id)))))  # type: ignore[no-any-return] # what the unit answers


def seen(browser: Browser, live: Live, person: Any, path: str) -> str:
    """What somebody finds there, wherever it leads."""
    with visiting(browser) as page:
        page.context.add_cookies([cookie(live.site, person)])
        page.goto(live.site.address + path)
        return page.locator("main").inner_text()
