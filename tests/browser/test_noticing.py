"""Asking for feedback, and what tutors notice, as a person meets them: by keyboard and pointer, with scripts off too,
on a phone and a desk, open to everybody's way of reading."""

import re
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest
from playwright.sync_api import Browser, Page, StorageState, expect
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests.browser.looking import Findings, look_at_width, look_with_axe
from tests.browser.running import DESK, PHONE, Site, press, visiting
from tests.builders import an_id
from threefold.store.engine import Store
from threefold.store.tables import Cohort, Letter, Membership, Nudge, Person, Piece, Rating, Seat, Turn

pytestmark = [pytest.mark.browser, pytest.mark.heavy]  # a server and pages of its own take longer than the tests

WIDTHS = "(all) => all.map((one) => one.getBoundingClientRect().width)"
SCRIPTS = [True, False]


@pytest.fixture(scope="module")
def site(demo_site: Site) -> Iterator[Site]:
    """The demo, where Farid's boundaries got in the way, Joy gives one answer, and a tutor dropped in ten times."""
    store = Store.open(demo_site.settings.database)
    try:
        store.write_now(_patterns)
        yield demo_site
    finally:
        store.close_now()


@pytest.fixture(scope="module")
def tutor(browser: Browser, site: Site) -> StorageState:
    """Her browser; the link that signs her in is good for once."""
    return site.signed_in(browser, "tutor")


def _patterns(db: Session) -> None:
    people = db.execute(select(Membership.id, Person.name).join(Person, Person.id == Membership.person_id))
    member = {row.name: row.id for row in people}
    turns = db.execute(
        select(Turn.triad_id, Turn.round, Seat.membership_id)
        .join(Seat, Seat.id == Turn.seat_id)
        .where(Turn.role == "counsellor")
    )
    counsellor = {(row.triad_id, row.round): row.membership_id for row in turns}
    pieces = list(db.scalars(select(Piece).where(Piece.kind == "observer").order_by(Piece.id)))
    for place, piece in enumerate(pieces):
        for rating in list(db.scalars(select(Rating).where(Rating.piece_id == piece.id))):
            if counsellor[piece.triad_id, piece.round] == member["Farid Rahimi"] and rating.code == "HC8":
                rating.level, rating.moments = 1, ["“At least you have a job.”"]
            elif piece.author_id == member["Joy Adeyemi"] and rating.level:
                rating.level, rating.moments = 3, []
        if place < 10:
            _drops_in(db, piece, member["Tom Reid"])


def _drops_in(db: Session, beside: Piece, tutor: UUID) -> None:
    here = (Piece.triad_id == beside.triad_id, Piece.round == beside.round, Piece.author_id == tutor)
    if db.scalar(select(Piece.id).where(*here)) is not None:
        return
    id_ = an_id()
    place = {"triad_id": beside.triad_id, "round": beside.round, "author_id": tutor}
    db.add(Piece(id=id_, **place, kind="observer", words={}, sent_at=beside.sent_at + timedelta(hours=1)))
    db.flush()
    for rating in list(db.scalars(select(Rating).where(Rating.piece_id == beside.id))):
        db.add(Rating(piece_id=id_, code=rating.code, level=rating.level, moments=list(rating.moments), cues=[]))


def count(site: Site, table: type) -> int:
    store = Store.open(site.settings.database)
    try:
        return store.read_now(lambda db: db.scalar(select(func.count()).select_from(table)) or 0)
    finally:
        store.close_now()


def cohort_of(site: Site) -> str:
    store = Store.open(site.settings.database)
    try:
        return str(store.read_now(lambda db: db.scalar(select(Cohort.id))))
    finally:
        store.close_now()


@pytest.mark.parametrize("scripts", SCRIPTS)
def test_somebody_is_asked_once_and_the_page_says_when_again(
    browser: Browser,
    site: Site,
    tutor: StorageState,
    scripts: bool,  # noqa: FBT001 - a case
) -> None:
    before = count(site, Nudge), count(site, Letter)
    with visiting(browser, storage_state=tutor, java_script_enabled=scripts, **PHONE) as page:
        page.goto(f"{site.address}/feedback/to-come")
        row = page.locator("tr", has=page.get_by_role("button", name=re.compile("^Ask (?!everybody)"))).first
        who = row.get_by_role("rowheader").inner_text()
        where = row.locator(".wh").inner_text()
        press(row.get_by_role("button"))
        expect(page.get_by_role("status").first).to_have_text(re.compile("1 person has been asked."))
        again = page.locator("tr", has_text=who).filter(has_text=where)
        expect(again.first).to_contain_text(re.compile("Asked today. You can ask again on [A-Z][a-z]+day"))
        expect(again.first.get_by_role("button")).to_have_count(0)
    assert (count(site, Nudge), count(site, Letter)) == (before[0] + 1, before[1] + 1)


def test_a_double_click_asks_once(browser: Browser, site: Site, tutor: StorageState) -> None:
    before = count(site, Nudge)
    with visiting(browser, storage_state=tutor, **DESK) as page:
        page.goto(f"{site.address}/feedback/to-come")
        page.get_by_role("button", name=re.compile("^Ask (?!everybody)")).last.dblclick()
        expect(page.get_by_role("status").first).to_be_visible()
    assert count(site, Nudge) == before + 1


def test_an_entry_rests_after_a_chat_by_keyboard_alone(browser: Browser, site: Site, tutor: StorageState) -> None:
    overview = f"{site.address}/cohorts/{cohort_of(site)}"
    with visiting(browser, storage_state=tutor, **DESK) as page:
        page.goto(overview)
        expect(page.locator("[data-number]")).to_have_text(re.compile(r"^\d worth a look$"))
        press(page.get_by_role("link", name="How people are getting on"))
        expect(page.locator("h1")).to_have_text("One person you might talk with")
        entry = page.locator("article", has_text="Farid Rahimi")
        expect(entry).to_contain_text("chose “Got in the way” for boundaries")
        assert page.locator(".btn.go").count() == 0
        entry.locator("summary").focus()
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        page.keyboard.type("We look at endings together.")
        entry.get_by_role("button", name=re.compile("had a chat")).focus()
        with page.expect_navigation():
            page.keyboard.press("Enter")
        expect(page.locator("h1")).to_have_text("Nobody stands out just now")
        page.locator("section", has_text="Resting since a chat").locator("summary").first.click()
        expect(page.get_by_text("We look at endings together.")).to_be_visible()


def test_the_screens_are_open_to_everybody(browser: Browser, site: Site, tutor: StorageState) -> None:
    base, findings = f"/cohorts/{cohort_of(site)}", Findings()
    for path in (f"{base}/noticing", f"{base}/agreement", "/feedback/to-come"):
        for frame in (DESK, PHONE):
            for scheme in ("light", "dark"):
                with visiting(browser, storage_state=tutor, color_scheme=scheme, **frame) as page:
                    page.goto(site.address + path)
                    look_with_axe(findings.on(f"{path} {scheme}"), page)
        with visiting(browser, storage_state=tutor, **DESK) as page:
            page.goto(site.address + path)
            findings.on(path)(page.url == site.address + path, "is not there")
            look_at_width(findings.on(path), page)
            look_at_chart(findings, page, path)
    findings.check()


def look_at_chart(findings: Findings, page: Page, path: str) -> None:
    """Marks of 8 px and more, a sentence above, and a table with a row for each line of the chart."""
    told, chart = findings.on(path), page.locator("svg.lean")
    if not chart.count():
        return
    told(min(chart.locator("circle").evaluate_all(WIDTHS)) >= 8, "has marks smaller than 8 px")
    page.get_by_text("Show this as a table").click()
    rows = page.locator("table", has_text="How each observer differs").locator("tbody tr")
    told(rows.count() == chart.locator("circle").count(), "the table has other rows than the chart")
    faint = chart.locator("g.few .nr").all_text_contents()
    told(all(int(words.split()[0]) < 5 for words in faint), "faint with five rounds or more")
