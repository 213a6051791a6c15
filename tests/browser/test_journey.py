"""From an empty database to feedback that has been read, as a tutor, an observer, a client and a counsellor would."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from tests.browser.running import DESK, PHONE, Site, visiting
from tests.builders import BEFORE, NAMES, an_id
from threefold.people.actions import make_tutor
from threefold.store.engine import Store
from threefold.store.tables import Membership, Person, PracticeSession, Seat, Triad, Turn

pytestmark = pytest.mark.browser
MARION = "marion.shaw@example.org"


def address_of(name: str) -> str:
    return f"{name.lower().replace(' ', '.')}@example.org"


def the_list() -> str:
    """Fourteen rows as a spreadsheet gives them; two want a fix."""
    rows = [f"{name}\t{address_of(name)}" for name in NAMES[:14]]
    rows[3] = "Dev Mehta\tdev.mehta@example,org"
    rows[8] = f"\t{address_of(NAMES[8])}"
    return "Name\tE-mail\n" + "\n".join(rows)


@contextmanager
def signed_in(site: Site, browser: Browser, email: str, **options: Any) -> Iterator[Page]:
    with visiting(browser, **options) as page:
        site.sign_in(page, email)
        yield page


def press(page: Page, name: str | re.Pattern[str]) -> None:
    page.get_by_role("button", name=name).first.click()


def set_up(site: Site, page: Page) -> None:
    """The four steps, the first session having begun three hours ago."""
    begun = datetime.now(ZoneInfo("Europe/London")) - timedelta(hours=3)
    page.get_by_role("link", name="Set up a cohort").first.click()
    page.locator("[name=name]").fill("Level 3, evenings")
    press(page, "Go on to people")
    page.locator("[name=list]").fill(the_list())
    press(page, "Read this list")
    expect(page.locator("h1")).to_contain_text("12 people are ready, 2 need a fix")
    page.locator("#row-5-email").fill(address_of("Dev Mehta"))
    page.locator("#row-10-name").fill(NAMES[8])
    press(page, re.compile("^Save row"))
    press(page, "Add 14 people")
    page.goto(page.url.replace("/people", "/sessions"))
    page.locator("[name=weekday]").select_option(str(begun.weekday()))
    page.locator("[name=start]").fill(f"{begun:%H:%M}")
    page.locator("[name=first]").fill(begun.date().isoformat())
    page.locator("[name=count]").fill("4")
    page.locator("[name=place]").fill("Elm House")
    press(page, "Save and go on")
    for code in ("HC2", "HC5", "HC8"):
        page.locator(f"[name=competencies][value={code}]").check()
    page.locator("[name=safeguarding_lead]").fill("Marion Shaw, 01632 960001")
    press(page, "Save and check the plan")
    press(page, "Draw the plan")
    expect(page.locator("h1")).to_contain_text("Your plan is ready to check", timeout=30_000)


def publish(site: Site, page: Page) -> None:
    """Nobody hears before; afterwards exactly those on the list, each one overview and three invitations."""
    assert [mail for mail, _ in site.box.arrived if mail != MARION] == []
    page.get_by_role("link", name="Publish plan").click()
    listed = {row.inner_text() for row in page.locator("tbody td:first-of-type").all()}
    press(page, "Publish and write to everyone")
    for name in NAMES[:14]:
        site.mail(address_of(name), "your practice session", 3)
        subjects = [mail["Subject"] for mail in site.mails(address_of(name))]
        assert len(subjects) == 4
        assert subjects[0].startswith("Your practice sessions, ")
    assert listed == {address_of(name) for name in NAMES[:14]}
    assert {to for to, _ in site.box.arrived} == {MARION, *listed}


def first_round(site: Site) -> tuple[str, dict[str, str]]:
    """The address of round one in the first triad, and who is what in it."""
    store = Store.open(site.settings.database)
    try:
        rows = store.read_now(
            lambda db: db.execute(
                select(Triad.id, Turn.role, Person.email)
                .join(PracticeSession, PracticeSession.id == Triad.practice_id)
                .join(Turn, Turn.triad_id == Triad.id)
                .join(Seat, Seat.id == Turn.seat_id)
                .join(Membership, Membership.id == Seat.membership_id)
                .join(Person, Person.id == Membership.person_id)
                .where(PracticeSession.number == 1, Triad.number == 1, Turn.round == 1)
            ).all()
        )
    finally:
        store.close_now()
    return f"/feedback/{rows[0].id}/1", {row.role: row.email for row in rows}


def agree(page: Page) -> None:
    expect(page.get_by_role("button", name="I’ve read this and agree")).to_be_visible()
    press(page, "I’ve read this and agree")


def observe(site: Site, page: Page, path: str) -> None:
    agree_first(site, page, path)
    for number in range(3):
        expect(page.get_by_text(f"Step {number + 1} of")).to_be_visible()
        level = page.locator("input[type=radio][value='4']" if number == 0 else "input[type=radio][value='3']")
        level.first.check()
        if number == 0:
            press(page, "Continue")
            expect(page.get_by_role("heading", name="There’s a problem")).to_be_visible()
            assert page.title().startswith("Error: ")
            page.locator("textarea[name$='.moment']").first.fill("“It sounds as if both are true.”")
        press(page, "Continue")
    page.locator("[name=helped]").fill("You waited, and the next words were theirs.")
    page.locator("[name=to_try]").fill("Name the time when five minutes are left.")
    press(page, "Continue")
    press(page, re.compile("^Send to"))
    expect(page.locator("main")).to_contain_text("Sent")


def agree_first(site: Site, page: Page, path: str) -> None:
    """The first page of a cohort asks for the notice and the contract, and then leads on."""
    page.goto(site.address + path)
    agree(page)


def feel(site: Site, page: Page, path: str) -> None:
    agree_first(site, page, path)
    for question in ("heard", "myself", "pace"):
        page.locator(f"[name={question}][value='3']").check()
    page.locator("[name=return][value=rather-not]").check()
    page.locator("[name=did]").fill("They never hurried me.")
    press(page, re.compile("^Send to"))
    expect(page.locator("main")).to_contain_text("Sent")


def reflect_and_read(site: Site, page: Page, path: str) -> None:
    agree_first(site, page, path)
    assert "the next words were theirs" not in page.content()
    for field in page.locator("fieldset:has(input[name$='.level'])").all():
        field.locator("input[value='3']").check()
    page.locator("[name=helped]").fill("I let silences be.")
    page.locator("[name=to_try]").fill("Slow down at the end.")
    press(page, "Keep my reflection")
    page.goto(site.address + path)
    assert "the next words were theirs" not in page.content()
    press(page, "Open it")
    expect(page.get_by_text("You waited, and the next words were theirs.").first).to_be_visible()
    expect(page.get_by_text("They never hurried me.").first).to_be_visible()
    expect(page.get_by_text("“It sounds as if both are true.”").first).to_be_visible()


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts on", "scripts off"])
def test_from_a_pasted_roster_to_feedback_that_has_been_read(
    empty_site: Site,
    browser: Browser,
    scripts: bool,  # noqa: FBT001 - a parameter of the story
) -> None:
    site, phone = empty_site, {**PHONE, "java_script_enabled": scripts}
    store = Store.open(site.settings.database)
    store.write_now(lambda db: make_tutor(db, MARION, "Marion Shaw", BEFORE, an_id))
    store.close_now()
    with signed_in(site, browser, MARION, **DESK, java_script_enabled=scripts) as tutor:
        set_up(site, tutor)
        publish(site, tutor)
        path, people = first_round(site)
        with signed_in(site, browser, people["observer"], **phone) as page:
            observe(site, page, path)
            page.goto(site.address)
            expect(page.get_by_role("heading", name="Your next session")).to_be_visible()
        with signed_in(site, browser, people["client"], **phone) as page:
            feel(site, page, path)
        tutor.goto(f"{site.address}/feedback/to-come")
        expect(tutor.locator("h1")).to_contain_text("haven’t come in yet")
        with signed_in(site, browser, people["counsellor"], **phone) as page:
            reflect_and_read(site, page, path)
