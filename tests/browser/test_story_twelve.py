"""Story 12, end to end: practised beforehand, said only as far as the numbers go, and open to a keyboard alone."""

import asyncio
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect
from sqlalchemy import select

from tests.browser.running import DESK, PATIENCE, Site, installed
from tests.builders import an_id
from tests.noticing.terms import Term, a_term
from threefold.calibration.scenes import scenes
from threefold.store import sessions
from threefold.store.engine import Store
from threefold.store.tables import Note, Opening, Piece, Rating
from threefold.web.security import Keys, new_token

pytestmark = [pytest.mark.browser, pytest.mark.heavy]  # a term of sixteen people takes longer than most tests

TRAINEES, WEEKS = 16, 10
GRACE, LENA = 6, 11
OF_GRACE = (1, 2, 4, 5, 6)
"""Weeks in which somebody rated Grace's empathy: eight times, by four people; two of those evenings she sat in a
group of four, with two observers."""
OF_LENA = (0, 1, 2, 3)
"""The same of Lena's: four times, by two people."""
CO_OBSERVED = 24
MOST_PRESSES = 120
"""A press a second is an unhurried hand; the words themselves take another minute."""


@dataclass
class Centre:
    """An installation whose clock a test sets, with a term of sixteen."""

    site: Site
    ahead: timedelta
    term: Term = field(init=False)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def until(self, moment: datetime) -> None:
        """Let time pass."""
        self.ahead += moment - self.now()

    def unit(self, work: Any) -> Any:
        store = Store.open(self.site.settings.database)
        try:
            return store.write_now(work)
        finally:
            store.close_now()

    def apart(self, work: Any) -> Any:
        """Playwright's own loop fills this thread, so that what waits runs in another."""

        async def whole() -> Any:
            store = Store.open(self.site.settings.database)
            try:
                return await work(store)
            finally:
                await store.close()

        with ThreadPoolExecutor(1) as thread:
            return thread.submit(asyncio.run, whole()).result()

    def token_of(self, person: UUID) -> str:
        token, now = new_token(), self.now()
        self.unit(lambda db: sessions.begin(db, id=an_id(), person_id=person, token=token, browser="", now=now))
        return token

    @contextmanager
    def as_(self, person: UUID) -> Iterator["Visitor"]:
        token, address = self.token_of(person), self.site.address
        headers = {"origin": address, "sec-fetch-site": "same-origin"}
        with httpx.Client(base_url=address, cookies={"threefold": token}, headers=headers) as asking:
            yield Visitor(asking, Keys(self.site.settings.secret).form_token(token))


@dataclass
class Visitor:
    """Somebody's browser without a screen."""

    asking: httpx.Client
    form_token: str

    def reads(self, path: str) -> str:
        answer = self.asking.get(path)
        assert answer.status_code == 200, (path, answer.status_code)
        return unescape(answer.text)

    def sends(self, path: str, fields: dict[str, str]) -> None:
        answer = self.asking.post(path, data={"_token": self.form_token, **fields})
        assert answer.status_code == 303, answer.text


@dataclass
class Keyboard:
    """Somebody who has only a keyboard; each Tab, arrow, Space and Enter counts, words typed do not."""

    page: Page
    presses: int = 0

    def press(self, key: str) -> None:
        self.presses += 1
        self.page.keyboard.press(key)

    def to(self, what: Locator) -> None:
        """Tab as far as it is; a group of choices is entered at its first, and gone through by arrow."""
        choice = what.evaluate("(one) => one.type === 'radio'")
        for _ in range(60):
            held = "(one) => one === document.activeElement"
            inside = "(one) => document.activeElement.type === 'radio' && one.name === document.activeElement.name"
            if what.evaluate(held):
                return
            self.press("ArrowDown" if choice and what.evaluate(inside) else "Tab")
        raise AssertionError(f"Tab never leads to {what}")

    def chooses(self, label: str) -> None:
        what = self.page.get_by_role("radio", name=re.compile(f"^{label}"))
        self.to(what)
        if not what.is_checked():
            self.press("Space")
        expect(what).to_be_checked()

    def uses(self, what: Locator, key: str = "Enter") -> None:
        self.to(what)
        self.press(key)

    def follows(self, what: Locator) -> None:
        self.to(what)
        with self.page.expect_navigation():
            self.press("Enter")

    def writes(self, label: str, words: str) -> None:
        self.to(self.page.get_by_role("textbox", name=label))
        self.page.keyboard.type(words)


@pytest.fixture
def centre(tmp_path: Path, browser: Browser) -> Iterator[Centre]:  # noqa: ARG001 - no browser, no centre
    passed: list[Centre] = []

    def clock() -> datetime:
        return passed[0].now() if passed else datetime.now(UTC)

    with installed(tmp_path, clock) as site:
        passed.append(Centre(site, timedelta()))
        passed[0].term = passed[0].apart(lambda store: a_term(store, trainees=TRAINEES, weeks=WEEKS + 1))
        yield passed[0]


def test_practised_beforehand_said_only_as_far_as_numbers_go_and_open_to_a_keyboard(
    browser: Browser, centre: Centre
) -> None:
    centre.until(centre.term.starts[0] - timedelta(days=2))
    everybody_rates_the_scenes(centre)
    tutors_alone_see_how_near_the_key_the_group_came(centre)

    centre.until(centre.term.starts[0] + timedelta(days=1))
    six_rounds_are_too_few_to_say(centre)
    centre.until(centre.term.starts[WEEKS - 1] + timedelta(days=1))
    after_ten_weeks_there_is_an_alpha_with_its_range(centre)
    four_ratings_are_words_and_eight_by_four_people_a_band(centre)

    someone_observes_by_keyboard_alone(browser, centre)


def everybody_rates_the_scenes(centre: Centre) -> None:
    """Nobody has observed yet; from the list of what waits for them each rates all four."""
    for number, person in enumerate(centre.term.built.people):
        with centre.as_(person) as trainee:
            assert 'href="/calibration"' in trainee.reads("/feedback")
            for scene in scenes():
                # A third reads more into it than the key does, as far as there is more.
                levels = {f"{key.code}.level": str(min(4, key.level + (number % 3 == 0))) for key in scene.keys}
                trainee.sends(f"/calibration/{scene.code}/ratings", levels)
            assert "Practise rating" not in trainee.reads("/feedback")


def tutors_alone_see_how_near_the_key_the_group_came(centre: Centre) -> None:
    built = centre.term.built
    path = f"/calibration/cohorts/{built.cohort}"
    with centre.as_(built.tutors[0]) as tutor:
        page = tutor.reads(path)
    assert "Everybody has rated all the scenes" in page
    rows = re.findall(
        r'<tr><th scope="row">[^<]*</th><td>[^<]*</td><td>(\d+) of (\d+)</td><td>(\d+)</td><td>(\d+)</td>', page
    )
    expected = [("10", "16", "6", "0") if key.level < 4 else ("16", "16", "0", "0") for s in scenes() for key in s.keys]
    assert rows == expected
    with centre.as_(built.people[0]) as trainee:
        for hidden in (path, agreement_of(centre)):
            assert trainee.asking.get(hidden).status_code == 404


def agreement_of(centre: Centre) -> str:
    return f"/cohorts/{centre.term.built.cohort}/agreement"


def six_rounds_are_too_few_to_say(centre: Centre) -> None:
    """After one evening: four rounds of the group of four, and two that a tutor dropped in on."""
    observed(centre, weeks=(0,))
    co_observed(centre, 0, 2)
    centre.apart(centre.term.keep)
    with centre.as_(centre.term.built.tutors[0]) as tutor:
        page = tutor.reads(agreement_of(centre))
    assert "Too few to say how far observers agree" in page
    assert "Six rounds have two or more observers so far." in page
    assert "Alpha" not in page


def after_ten_weeks_there_is_an_alpha_with_its_range(centre: Centre) -> None:
    observed(centre, weeks=range(1, WEEKS))
    co_observed(centre, 2, CO_OBSERVED)
    centre.apart(centre.term.keep)
    with centre.as_(centre.term.built.tutors[0]) as tutor:
        page = tutor.reads(agreement_of(centre))
    row = re.search(
        r'<th scope="row">Everything together</th><td>([^<]+)</td>'
        r'<td class="num">([\d.−]+)</td><td class="num">([\d.−]+) to ([\d.−]+)</td><td class="num">(\d+)</td>',
        page,
    )
    assert row is not None
    words, alpha, low, high, rounds = row.groups()
    assert words
    # Ten groups of four with a round for each of the four, and the tutor's own.
    assert int(rounds) == 4 * WEEKS + CO_OBSERVED
    assert float(low) < float(alpha) < float(high)
    assert "tends to be sterner" in page


def observed(centre: Centre, weeks: Any) -> None:
    """Observers' pieces on every round of these weeks, all of them opened. Ben gives a level less than others do."""
    term = centre.term
    opened = []
    for week in weeks:
        for person in range(TRAINEES):
            only = {GRACE: OF_GRACE, LENA: OF_LENA}.get(person)
            for observer in term.observers(week, person):
                level = 2 + (person + week) % 2 - (observer == 1)
                seen = level if only is None or week in only else None
                term.writes(week, person, observer, "observer", HC2=seen, HC8=level + 1, HC10=None)
            triad, number = term.counselled[week, person]
            opened.append(Opening(triad_id=triad, round=number, at=centre.now(), by=term.built.members[person]))
    centre.unit(lambda db: db.add_all(opened))


def co_observed(centre: Centre, first: int, last: int) -> None:
    """The tutor's own view of rounds that had one observer: the first-th to the last-th such of the term."""
    term = centre.term
    alone = [
        (week, person)
        for week, person in sorted(term.counselled)
        if len(term.observers(week, person)) == 1 and person not in {GRACE, LENA}
    ]
    for week, person in alone[first:last]:
        tutor = term.built.tutor_members[0]
        term.writes(week, person, tutor, "observer", HC2=2 + (person + week) % 2, HC8=3, HC10=None)


def four_ratings_are_words_and_eight_by_four_people_a_band(centre: Centre) -> None:
    """What each of the two sees of their own empathy; words are there from the first round on."""
    for person, band in ((LENA, False), (GRACE, True)):
        with centre.as_(centre.term.built.people[person]) as learner:
            page = learner.reads("/growth")
            card = page[page.index('id="c-HC2"') : page.index('id="c-HC8"')]
            rows = re.findall(
                r"<td>(?:An )?[Oo]bserver</td><td>(Beginning|Helping|Got in the way|Deepening)</td>", card
            )
            assert len(rows) == (8 if band else 4), card
            assert ("not enough to draw a trend" in card) is not band
            assert ('class="bd"' in card) is band
            for week in OF_GRACE if band else OF_LENA:
                assert "“It sounds lonely.”" in learner.reads(centre.term.path(week, person))
            assert not re.search(r"α|Krippendorff|\d\.\d", re.sub(r"<svg.*?</svg>", "", page, flags=re.DOTALL))


# --- by keyboard alone -----------------------------------------------------------------------------------------------


def someone_observes_by_keyboard_alone(browser: Browser, centre: Centre) -> None:
    """The eleventh evening: from the first stamp to Sent, without a pointer, without a colour, told what time it is."""
    term, week = centre.term, WEEKS
    counsellor = next(
        person
        for person in range(TRAINEES)
        if term.counselled[week, person][1] == 1 and len(term.observers(week, person)) == 1
    )
    triad, number = term.counselled[week, counsellor]
    (observer,) = term.observers(week, counsellor)
    centre.until(term.starts[week] + timedelta(minutes=14, seconds=50))  # just before the talking begins
    context = browser.new_context(locale="en-GB", forced_colors="active", reduced_motion="reduce", **DESK)
    try:
        observe(context, centre, observer, f"/observation/{triad}/{number}", f"/feedback/{triad}/{number}")
    finally:
        context.close()
    kept = centre.unit(
        lambda db: [
            (code, level, len(moments))
            for code, level, moments in db.execute(
                select(Rating.code, Rating.level, Rating.moments)
                .join(Piece, Piece.id == Rating.piece_id)
                .where(Piece.triad_id == triad, Piece.round == number)
                .order_by(Rating.code)
            )
        ]
    )
    assert kept == [("HC10", None, 0), ("HC2", 4, 1), ("HC8", 3, 0)]


def observe(context: BrowserContext, centre: Centre, observer: int, live: str, rating: str) -> None:
    context.set_default_timeout(PATIENCE)
    token = centre.token_of(centre.term.built.people[observer])
    context.add_cookies([{"name": "threefold", "value": token, "url": centre.site.address}])
    page = context.new_page()
    page.clock.install()
    page.goto(centre.site.address + live)
    keys, said = Keyboard(page), page.locator("[data-phase]")
    expect(said).to_have_attribute("role", "status")  # told politely: a word that is being read is never cut off
    expect(said).to_have_text("")
    expect(page.locator("[data-clock]")).to_have_attribute("role", "timer")  # which nobody is read aloud by itself

    def minutes(many: float) -> None:
        centre.ahead += timedelta(minutes=many)
        page.clock.fast_forward(int(many * 60_000))

    minutes(0.5)
    expect(said).to_have_text("The round has begun")
    keys.uses(page.get_by_role("button", name=re.compile("^Empathy")))
    expect(page.locator("[data-lines] > li")).to_have_count(1)
    keys.uses(page.get_by_role("button", name=re.compile("^Helped")))
    expect(page.locator("[data-marked]").first).to_have_text("helped")  # a word, and not a colour
    keys.to(page.get_by_role("textbox", name="Write a note"))
    page.keyboard.type("It sounds lonely")
    keys.press("Enter")
    expect(page.locator("[data-lines] > li")).to_have_count(2)
    minutes(15)
    expect(said).to_have_text("Five minutes left")
    minutes(5)
    expect(said).to_have_text(re.compile("^That’s the time"))
    expect(page.locator("[data-save-words]")).to_have_text("Sent")
    assert centre.unit(lambda db: len(list(db.scalars(select(Note.id))))) == 2
    keys.follows(page.get_by_role("button", name="Finish"))

    for level in ("Deepening", "Helping", "Not seen this time"):
        keys.chooses(level)
        if level == "Deepening":
            keys.uses(page.get_by_role("checkbox", name=re.compile("Use this moment")).first, "Space")
        keys.follows(page.get_by_role("button", name="Continue"))
    keys.writes("One thing that helped", "You waited after ‘I don’t know’.")
    keys.writes("One thing to try next", "Name the last five minutes.")
    keys.follows(page.get_by_role("button", name="Continue"))
    keys.follows(page.get_by_role("button", name=re.compile("^Send to ")))
    assert page.url == centre.site.address + rating
    expect(page.get_by_role("heading", level=1)).to_have_text("Sent")
    assert keys.presses <= MOST_PRESSES, keys.presses
