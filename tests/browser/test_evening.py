"""A whole evening class in a browser: a tutor at her desk and three phones side by side, from the door to the mails."""

import asyncio
import re
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests.browser.classes import cookie
from tests.browser.running import DESK, PATIENCE, PHONE, Site, installed, press, text_of
from tests.builders import NAMES, Class, a_cohort, all_told
from threefold.clerk import Clerk
from threefold.mail.letters import Postroom
from threefold.store.engine import Store
from threefold.store.tables import Person
from threefold.web.templates import environment

pytestmark = [pytest.mark.browser, pytest.mark.heavy]

LONDON = ZoneInfo("Europe/London")
TRAINEES = 10
AMARA, BEN, CHLOE, FARID, JOY = 0, 1, 2, 5, 9
MINUTE = timedelta(minutes=1)
ASKED = "Three minutes on Thursday’s round, while it’s fresh"
DIGEST = "Level 3, Thursdays: 27 pieces of feedback to come"
READY = "Your feedback from Thursday is ready"
SAID = (
    "You waited after ‘I don’t know’.",
    "Name the time when five minutes are left.",
    "It sounds lonely, being the strong one.",
    "They never hurried me.",
)
QUESTIONS = ("time", "safe", "room", "clear", "useful")


@dataclass
class Wall:
    """The clock on the wall: real time, moved on by hand between two parts of the evening."""

    ahead: timedelta = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def becomes(self, moment: datetime) -> None:
        self.ahead = moment - datetime.now(UTC)


@dataclass
class Evening:
    """Ten people meet in five minutes; in the first group Joy counsels Chloe first, and Amara observes."""

    site: Site
    wall: Wall
    built: Class
    begins: datetime
    errors: list[str] = field(default_factory=list)

    @property
    def path(self) -> str:
        return f"{self.site.address}/practice/{self.built.sessions[0]}"

    def address(self, who: int) -> str:
        """Where somebody's mails go."""
        store = Store.open(self.site.settings.database)
        try:
            return store.write_now(lambda db: db.get_one(Person, self.built.people[who]).email)
        finally:
            store.close_now()

    @property
    def round_one(self) -> str:
        return f"{self.built.triads[0][0]}/1"

    def device(self, stack: ExitStack, browser: Browser, person: UUID, **options: Any) -> BrowserContext:
        context = stack.enter_context(browser.new_context(locale="en-GB", reduced_motion="reduce", **options))
        context.set_default_timeout(PATIENCE)
        context.add_cookies([cookie(self.site, person)])
        return context

    def opened(self, context: BrowserContext, address: str) -> Page:
        page = context.new_page()
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.goto(address)
        return page

    def written(self) -> int:
        """The clerk looks round once; how many letters that makes."""
        return int(self._apart(self._look_round()))

    async def _look_round(self) -> int:
        store = Store.open(self.site.settings.database)
        try:
            return await Clerk(store, Postroom(self.site.settings, environment()), clock=self.wall).round()
        finally:
            await store.close()

    @staticmethod
    def _apart(work: Any) -> Any:
        with ThreadPoolExecutor(1) as apart:  # Playwright's own loop fills this thread
            return apart.submit(asyncio.run, work).result()


def next_thursday() -> datetime:
    """18:30 of a day to come. Whatever the real hour, letters keep the same quiet hours."""
    today = datetime.now(LONDON).date()
    return datetime.combine(today + timedelta(days=(3 - today.weekday()) % 7 or 7), time(18, 30), LONDON)


@pytest.fixture
def evening(tmp_path: Path, browser: Browser) -> Iterator[Evening]:  # noqa: ARG001 - no browser, no site
    wall = Wall()
    with installed(tmp_path, wall) as site:
        begins = next_thursday()
        wall.becomes(begins - 5 * MINUTE)

        async def build() -> Class:
            store = Store.open(site.settings.database)
            made = await a_cohort(store, trainees=TRAINEES, weeks=1, first=begins.date(), starts=begins.time())
            await all_told(store, made.cohort)
            await store.close()
            return made

        yield Evening(site, wall, Evening._apart(build()), begins.astimezone(UTC))


def heading(page: Page) -> Locator:
    return page.get_by_role("heading", level=1)


def button(page: Page | Locator, name: str) -> Locator:
    return page.get_by_role("button", name=re.compile(f"^{name}"))


def test_a_whole_evening(browser: Browser, evening: Evening) -> None:
    people, tutor = evening.built.people, evening.built.tutors[0]
    with ExitStack() as stack:
        desk = evening.device(stack, browser, tutor, **DESK)
        phones = [evening.device(stack, browser, people[who], **PHONE) for who in (JOY, AMARA, CHLOE)]
        board = evening.opened(desk, f"{evening.path}/day")
        expect(heading(board)).to_have_text("Nobody is here, ten still to come")
        three_come_in(evening, desk, phones)
        expect(heading(board)).to_have_text("Three are here, seven still to come")  # by itself
        the_groups_are_made(evening, board)
        clocks = [evening.opened(phone, f"{evening.path}/clock") for phone in phones]
        wall = evening.opened(desk, f"{evening.path}/clock/wall")
        a_round_is_followed(board, wall, clocks)
        live = amara_notes_what_she_sees(evening, phones[1])
        longer_for_one_group(board, wall, clocks)
        a_phone_loses_the_network(phones[2], board, clocks)
        somebody_asks_for_the_tutor(board, clocks)
        somebody_comes_late(evening, stack, browser, board)
        button(board.locator("[data-press]").first, "Stop").click()
        for clock in clocks:
            expect(clock.locator("[data-stands]")).to_have_text("Stopped")
        assert evening.site.box.arrived == [], "nobody is written to while they sit in the room"

        evening.wall.becomes(evening.begins + timedelta(hours=2, minutes=2))
        amara_sends_what_she_saw(live)
        chloe_says_how_it_was(evening, clocks[2])
        joy_looks_back(evening, clocks[0])
        everybody_rates_the_session(evening, stack, browser, clocks)
        what_really_happened(evening, board)
        the_pattern_opens(evening, board)
        joy_reads(evening, clocks[0])
        the_mails(evening)
    assert evening.errors == []


def three_come_in(evening: Evening, desk: BrowserContext, phones: list[BrowserContext]) -> None:
    """One by a tap on her session, one by the PIN in the room, one by the code beside it."""
    joy, amara, chloe = phones
    page = evening.opened(joy, f"{evening.site.address}/")
    press(page.get_by_role("link", name="I’m here"))
    press(button(page, "I’m here"))
    expect(heading(page)).to_have_text("Good to have you here")
    page.close()
    door = evening.opened(desk, f"{evening.path}/door")
    press(button(door, "Ask for a PIN"))
    pin = str(door.locator(".pin").text_content())
    code = str(door.get_by_role("img").get_attribute("aria-label")).removeprefix("A code that leads to ")
    door.close()
    page = evening.opened(amara, f"{evening.path}/arrival")
    box = page.get_by_label("The PIN shown in the room")
    box.fill(str((int(pin) + 1) % 10_000).zfill(4))
    press(button(page, "I’m here"))
    expect(page).to_have_title(re.compile("^Error: "))
    box.fill(pin)
    press(button(page, "I’m here"))
    expect(heading(page)).to_have_text("Good to have you here")
    page.close()
    page = evening.opened(chloe, code)
    press(button(page, "I’m here"))
    expect(heading(page)).to_have_text("Good to have you here")
    page.close()


def the_groups_are_made(evening: Evening, board: Page) -> None:
    """Farid is missing; a four gives somebody to the two who wait."""
    for number in set(range(TRAINEES)) - {JOY, AMARA, CHLOE, FARID}:
        tile = board.locator(f"#tick-{evening.built.members[number]}")
        tile.click()
        expect(tile).to_have_attribute("aria-pressed", "true")
    expect(heading(board)).to_have_text("Nine are here, one still to come")
    evening.wall.becomes(evening.begins + 6 * MINUTE)
    board.reload()
    expect(heading(board)).to_have_text("Nine are here, one is away")
    proposal = board.locator("[data-proposal]")
    expect(proposal.get_by_role("heading")).to_have_text("Farid is away")
    expect(proposal).to_contain_text("Ben")
    press(proposal.get_by_role("button", name="Use this"))
    expect(board.get_by_text("These are the groups now.")).to_be_visible()
    rooms = board.locator("[data-live=rooms] li.card")
    expect(rooms).to_have_count(3)
    for room, counsels in zip(rooms.all(), ("Joy", "Ben", "Grace"), strict=True):
        expect(room.locator("tbody tr").first).to_contain_text(counsels)


def a_round_is_followed(board: Page, wall: Page, clocks: list[Page]) -> None:
    """Every phone turns with the tutor's press: to be seen, and said to whoever listens."""
    for page in clocks:
        expect(page.locator("[data-stands]")).to_have_text("By the plan,")
    for what, name in (("Start", "Welcome"), ("Next", "Agreeing the round"), ("Next", "Practice")):
        button(board.locator("[data-press]").first, what).click()
        for page in (*clocks, wall):
            expect(heading(page)).to_have_text(name)
    for page, part in zip(clocks, ("You’re counsellor", "You’re observing", "You’re the client"), strict=True):
        expect(page.locator("[data-aloud]")).to_have_text(re.compile(r"^Round 1\. Practice, until \d\d:\d\d\.$"))
        expect(page.get_by_role("heading", name=part)).to_be_visible()
    main = wall.locator("main").inner_text()
    assert not [name for name in ("Joy", "Amara", "Chloe", "Elm House") if name in main]


def amara_notes_what_she_sees(evening: Evening, phone: BrowserContext) -> Page:
    live = evening.opened(phone, f"{evening.site.address}/observation/{evening.round_one}")
    expect(live.locator("[data-of]")).to_have_text("left of 20")
    button(live, "Empathy").and_(live.locator(".tp")).click()
    live.get_by_role("textbox", name="Write a note").fill("It sounds lonely, being the strong one.")
    live.get_by_role("button", name="Add", exact=True).click()
    expect(live.locator("[data-save-words]")).to_have_text("Sent", timeout=12_000)
    expect(live.locator("[data-lines] > li")).to_have_count(2)
    return live


def longer_for_one_group(board: Page, wall: Page, clocks: list[Page]) -> None:
    board.get_by_text("One group alone").click()
    button(board.locator("[data-group]", has_text="Group 1"), "Add 2 minutes").click()
    for page in clocks:
        expect(page.locator("[data-of]")).to_have_text("left of 22 minutes")
        expect(page.locator("[data-aloud]")).to_have_text(re.compile("^A little longer, until"))
    expect(wall.locator("[data-of]")).to_have_text("left of 20 minutes")


def a_phone_loses_the_network(phone: BrowserContext, board: Page, clocks: list[Page]) -> None:
    *others, page = clocks
    phone.set_offline(True)
    expect(page.locator("[data-lost]")).to_be_visible()
    button(board.locator("[data-press]").first, "Next").click()
    for other in others:
        expect(heading(other)).to_have_text("Feedback")
        expect(other.locator("[data-aloud]")).to_have_text(re.compile("^Round 1. Feedback: counsellor first, until"))
    expect(heading(page)).to_have_text("Practice")
    phone.set_offline(False)
    expect(heading(page)).to_have_text("Feedback")
    expect(page.locator("[data-lost]")).to_be_hidden()


def somebody_asks_for_the_tutor(board: Page, clocks: list[Page]) -> None:
    button(clocks[0], "Please come").click()
    asked = board.get_by_role("list", name="Who asked for you")
    expect(asked).to_contain_text("Group 1 asked for you just now")
    button(asked, "I’m coming").click()
    for page in clocks:
        expect(page.locator("[data-asked]")).to_have_text("Marion is on the way.")


def somebody_comes_late(evening: Evening, stack: ExitStack, browser: Browser, board: Page) -> None:
    phone = evening.device(stack, browser, evening.built.people[FARID], **PHONE)
    board.locator(f"#tick-{evening.built.members[FARID]}").click()
    expect(heading(board)).to_have_text("Ten are here")
    expect(board.locator("[data-live=since]")).to_contain_text(re.compile(r"Farid came \d min after the start"))
    page = evening.opened(phone, f"{evening.path}/clock")
    expect(heading(page)).to_have_text("Feedback")
    expect(page.locator("main")).to_contain_text("Joy counsels Chloe, Amara observes with you.")
    page.close()


def amara_sends_what_she_saw(live: Page) -> None:
    """From her notes straight to the rating; what she picks of them travels with it."""
    live.reload()
    press(button(live, "Finish"))
    live.get_by_label("Deepening").check()
    live.get_by_label(re.compile("It sounds lonely")).check()
    press(button(live, "Continue"))
    for choice in ("Helping", "Not seen this time"):
        live.get_by_label(choice).check()
        press(button(live, "Continue"))
    live.get_by_label("One thing that helped").fill("You waited after ‘I don’t know’.")
    live.get_by_label("One thing to try next").fill("Name the time when five minutes are left.")
    press(button(live, "Continue"))
    expect(heading(live)).to_have_text("Check your feedback for Joy")
    press(button(live, "Send to Joy"))
    expect(heading(live)).to_have_text("Sent")


def chloe_says_how_it_was(evening: Evening, page: Page) -> None:
    page.goto(f"{evening.site.address}/feedback/{evening.round_one}")
    for group, answer in (
        ("I felt heard", "Very much"),
        ("I could be myself", "Mostly"),
        ("The pace suited me", "A little"),
        ("I’d come back to that", "Rather not say"),
    ):
        page.get_by_role("group", name=group).get_by_label(answer, exact=True).check()
    page.get_by_label(re.compile("^One thing")).fill("They never hurried me.")
    press(button(page, "Send to Joy"))
    expect(heading(page)).to_have_text("Sent")


def joy_looks_back(evening: Evening, page: Page) -> None:
    """Her own words first. Farid, who saw some of it, has not written yet, so nothing opens today."""
    page.goto(f"{evening.site.address}/")
    press(page.get_by_role("link", name="Look back on your own round"))
    expect(page.locator("main")).not_to_contain_text("You waited")
    page.get_by_label("One thing you’d keep").fill("I stayed with the silence.")
    page.get_by_label("One thing you’d like to try").fill("Say less at the end.")
    for group in page.get_by_role("group").all():
        if group.get_by_label("Helping").count():
            group.get_by_label("Helping").check()
    press(button(page, "Keep my reflection"))
    expect(heading(page)).to_have_text("Your reflection is in")
    expect(page.locator("main")).not_to_contain_text("You waited")


def joy_reads(evening: Evening, page: Page) -> None:
    """Two days on it opens without him: a letter says so, with nothing of it inside."""
    evening.wall.becomes(evening.begins + timedelta(days=2, hours=16))
    evening.written()
    mail = evening.site.mail(evening.address(JOY), READY)
    link = re.search(rf"{evening.site.address}/feedback\S*", text_of(mail))
    assert link is not None
    assert not [each for each in (*SAID, "Amara", "Chloe", "Farid") if each in str(mail)]
    page.goto(link[0])
    press(page.get_by_role("link", name="Read what people noticed"))
    expect(heading(page)).to_have_text("What people noticed is ready to read")
    press(button(page, "Open it"))
    expect(heading(page)).to_have_text("Your round with Chloe")
    for said in SAID:
        expect(page.locator("main")).to_contain_text(said)


def everybody_rates_the_session(evening: Evening, stack: ExitStack, browser: Browser, clocks: list[Page]) -> None:
    """Five answers; the tutor is shown nothing of them yet."""
    others = [evening.device(stack, browser, evening.built.people[who], **PHONE) for who in (3, 4)]
    for page in (*clocks, *(other.new_page() for other in others)):
        page.goto(f"{evening.path}/rating")
        for code in QUESTIONS:
            page.locator(f"input[name={code}][value=mostly]").check()
        press(button(page, "Send"))
        expect(page.get_by_text("Thank you. You can change it until")).to_be_visible()


def what_really_happened(evening: Evening, board: Page) -> None:
    """Farid's minutes as they were noted, put right with a reason; what was noted before stays to be read."""
    board.goto(f"{evening.path}/record")
    minutes = board.get_by_role("table").get_by_role("row", name=re.compile("^Farid"))
    expect(minutes).to_have_text(re.compile(r"Farid\s*114\s*6\s*–"))
    line = board.get_by_role("listitem").filter(has=board.locator("b", has_text="Farid"))
    line.get_by_text("Put it right").click()
    came = evening.begins.astimezone(LONDON) + 2 * MINUTE
    line.get_by_label("From").fill(f"{came:%H:%M}")
    press(line.get_by_role("button", name="Keep it"))
    expect(board).to_have_title(re.compile("^Error: "))
    line.get_by_label("Why").fill("He was in the corridor with me by then.")
    press(line.get_by_role("button", name="Keep it"))
    expect(minutes).to_have_text(re.compile(r"Farid\s*118\s*2\s*–"))
    expect(line.locator("del")).to_have_text(re.compile("^there from"))
    expect(line).to_contain_text("He was in the corridor with me by then.")


def the_pattern_opens(evening: Evening, board: Page) -> None:
    """A day after, with five answers: a pattern of the class, and nobody's name."""
    board.goto(f"{evening.path}/ratings")
    expect(board.locator("main")).to_contain_text("The pattern opens on")
    evening.wall.becomes(evening.begins + timedelta(hours=14, minutes=30))  # the next morning
    evening.written()
    evening.wall.becomes(evening.begins + timedelta(days=1, hours=3))
    board.reload()
    expect(board.get_by_role("heading", level=2).first).to_have_text("5 or 6 answered")
    main = board.locator("main").inner_text()
    assert not [name for name in NAMES[:TRAINEES] if name.split()[0] in main]


def the_mails(evening: Evening) -> None:
    """Everything that left from the first check-in to the third morning, by person."""
    addresses = {NAMES[who].split()[0]: evening.address(who) for who in range(TRAINEES)}
    expected = Counter([*((name, ASKED) for name in addresses), ("Joy", READY), ("Marion", DIGEST)])
    for name, subject in expected:
        if name in addresses:
            evening.site.mail(addresses[name], subject)
    called = {address: name for name, address in addresses.items()}
    left = [
        (called.get(to, "Marion"), str(message_from_bytes(content, policy=policy.default)["Subject"]))
        for to, content in evening.site.box.arrived
    ]
    assert Counter(left) == expected
