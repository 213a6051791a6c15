"""A guest client on a phone, with scripts off: taken in by the tutor, asked, answering, and out of the role again."""

import re
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, StorageState, expect
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from tests.browser.looking import SEEN as LOOK
from tests.browser.looking import Findings, look_at_structure, look_at_width, look_with_axe
from tests.browser.running import PHONE, Site, press, text_of, visiting
from threefold.store.engine import Store
from threefold.store.tables import Cohort, Encounter, PracticeSession

pytestmark = [pytest.mark.browser, pytest.mark.heavy]
ROBIN = "robin.vale@stage.example"
FELT = {
    "I felt heard": "Very much",
    "I could be myself": "Mostly",
    "The pace suited me": "A little",
    "I’d come back to that": "Rather not say",
}
QUIET = {**PHONE, "java_script_enabled": False}


@pytest.fixture(scope="module")
def tutor(browser: Browser, demo_site: Site) -> StorageState:
    """Her browser; the link that signs her in is good for once."""
    return demo_site.signed_in(browser, "tutor")


def in_store(site: Site, work: object) -> object:
    store = Store.open(site.settings.database)
    try:
        return store.write_now(work)  # type: ignore[arg-type] # a unit of work, whatever it returns
    finally:
        store.close_now()


def link_in_mail(site: Site, page: Page) -> str:
    """The address in the newest letter to the guest, once it has left."""
    folder = Path(site.settings.outbox_folder)
    for _ in range(100):
        for path in sorted(folder.glob("*.eml"), reverse=True):
            mail = message_from_bytes(path.read_bytes(), policy=policy.default)
            found = re.search(r"http\S+/guest/[0-9a-f]+", text_of(mail)) if ROBIN in str(mail["To"]) else None
            if found:
                return found[0]
        page.wait_for_timeout(100)
    raise AssertionError("no letter to the guest has left")


def begin_now(db: Session) -> None:
    """The session they are asked to began half an hour ago: its first round is over, its second about to begin."""
    practice = db.scalars(
        select(PracticeSession)
        .join(Cohort, Cohort.id == PracticeSession.cohort_id)
        .where(PracticeSession.starts_at > datetime.now(UTC))
        .order_by(PracticeSession.starts_at)
    ).first()
    assert practice is not None
    began = datetime.now(UTC) - timedelta(minutes=40)
    db.execute(
        update(PracticeSession)
        .where(PracticeSession.id == practice.id)
        .values(starts_at=began, ends_at=began + (practice.ends_at - practice.starts_at))
    )


def look(found: Findings, page: Page, where: str) -> None:
    expect_ = found.on(where)
    look_at_structure(expect_, page.evaluate(LOOK))
    look_with_axe(expect_, page)
    look_at_width(expect_, page)


def test_a_guest_comes_and_goes_on_a_phone_with_scripts_off(
    browser: Browser, demo_site: Site, tutor: StorageState
) -> None:
    site = demo_site
    with visiting(browser, storage_state=tutor, **QUIET) as page:
        cohort = in_store(site, lambda db: str(db.scalar(select(Cohort.id).where(Cohort.published_at.is_not(None)))))
        page.goto(f"{site.address}/cohorts/{cohort}/guests")
        press(page.get_by_role("button", name="Take them in"))
        expect(page).to_have_title(re.compile("^Error: "))
        page.get_by_label("Name").fill("Robin Vale")
        page.get_by_label("E-mail address").fill(ROBIN)
        page.get_by_label("Their link works until").fill((datetime.now(UTC) + timedelta(days=60)).date().isoformat())
        press(page.get_by_role("button", name="Take them in"))
        expect(page.locator("h1")).to_have_text("When could Robin come?")
        page.get_by_role("checkbox").nth(0).check()
        page.get_by_role("checkbox").nth(1).check()
        page.get_by_label("Their brief").fill("You are Sol, 40, who has moved back home.")
        press(page.get_by_role("button", name="Ask Robin"))
        expect(page.locator("h1")).to_have_text("Robin hasn’t been told yet")
        press(page.get_by_role("button", name="Send Robin the link"))
        expect(page.locator("h1")).to_have_text("Robin hasn’t answered yet")
        base = page.url.partition("?")[0]
        link = link_in_mail(site, page)
    with visiting(browser, **QUIET) as page:
        page.goto(link)
        expect(page.locator("h1")).to_have_text("Could you come, Robin?")
        assert page.locator(".btn.go").count() == 1
        expect(page.locator("main")).to_contain_text("a break for you")
        for _ in range(2):
            press(page.get_by_role("button", name=re.compile("^Yes, I’ll come")).first)
            expect(page.get_by_role("status")).to_have_text("Thank you. You’re expected.")
        expect(page.locator("h1")).to_have_text(re.compile("^You’re expected on "))
        in_store(site, begin_now)
        page.goto(link)
        expect(page.locator("h1")).to_have_text("You can stop at any point")
        press(page.get_by_role("button", name="Stop"))
        expect(page.get_by_role("status")).to_have_text(re.compile("^You’ve stopped."))
        press(page.get_by_role("link", name=re.compile("^How it was, and out of the role")).first)
        press(page.get_by_role("button", name="Send"))
        expect(page).to_have_title(re.compile("^Error: "))
        expect(page.locator("a[href='#heard']")).to_be_visible()
        for question, said in FELT.items():
            page.get_by_role("group", name=question).get_by_role("radio", name=said).check()
        press(page.get_by_role("button", name="Send"))
        expect(page.locator("h1")).to_have_text("Now leave the role behind")
        page.get_by_role("checkbox").nth(1).check()
        press(page.get_by_role("button", name="I’m myself again"))
        expect(page.get_by_role("status")).to_have_text("Good. That’s all for this one.")
    with visiting(browser, storage_state=tutor, **QUIET) as page:
        page.goto(base)
        expect(page.locator("main")).to_contain_text("Robin has stopped")
    assert in_store(site, lambda db: db.scalar(select(Encounter.felt_at).where(Encounter.felt_at.is_not(None))))
    found = Findings()
    with visiting(browser, storage_state=tutor, reduced_motion="reduce", **PHONE) as page:
        for path in (base, base.rpartition("/")[0]):
            page.goto(path)
            look(found, page, path.removeprefix(site.address))
    with visiting(browser, color_scheme="dark", reduced_motion="reduce", **PHONE) as page:
        page.goto(link)
        look(found, page, "/guest")
        press(page.get_by_role("link", name=re.compile("Look at it again|How it was")).first)
        look(found, page, "/guest/encounter")
        page.goto(link[:-4] + "0000")
        look(found, page, "/guest/closed")
    found.check()
