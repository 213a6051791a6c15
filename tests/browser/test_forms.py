"""What forms and links promise: one press makes one thing, a slip is told beside its field, and no word is lost."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, StorageState, expect

from tests.browser.running import DESK, PHONE, Site, free_port, press, served, visiting
from threefold.demo import build_demo

pytestmark = [pytest.mark.browser, pytest.mark.heavy]

SCRIPTS = pytest.mark.parametrize(
    "scripts", [pytest.param(True, id="scripts on"), pytest.param(False, id="scripts off")]
)
AMARA, BEN = "amara.okafor@example.com", "ben.hughes@example.com"
SAVED = re.compile(r"Saved at \d\d:\d\d")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Site]:  # noqa: ARG001 - no browser, no site
    """The demo's people, with a mail server for their letters."""
    settings, links = build_demo(tmp_path_factory.mktemp("lived-in"), free_port())
    with served(settings, folder=False) as found:
        found.links = dict(links)
        yield found


@pytest.fixture(scope="module")
def states(browser: Browser, site: Site) -> dict[str, StorageState]:
    """Each part's signed-in browser, to open more windows with."""
    return {part: site.signed_in(browser, part) for part in site.links}


def heading(page: Page) -> Locator:
    return page.get_by_role("heading", level=1)


def said(page: Page) -> Locator:
    """What the page shows about saving. Its role=status says the same aloud, at most once in ten seconds."""
    return page.locator("[data-save-words]")


def open_a_form(page: Page, site: Site) -> Locator:
    """The first form that waits for Amara: its first box for words."""
    page.goto(f"{site.address}/feedback")
    page.locator(".todo a", has_text="minute").first.click()
    box = page.locator("form[data-autosave] textarea").first
    box.wait_for()
    return box


# --- errors -------------------------------------------------------------------------------------------------


@SCRIPTS
def test_every_slip_is_told_above_and_beside_its_field(
    browser: Browser,
    site: Site,
    states: dict[str, StorageState],
    scripts: bool,  # noqa: FBT001 - the two ways a browser may be
) -> None:
    with visiting(browser, storage_state=states["trainee"], java_script_enabled=scripts, **DESK) as page:
        page.goto(f"{site.address}/me")
        page.get_by_label("Name", exact=True).fill("")
        page.get_by_label("Pronouns").fill("she/her")
        page.get_by_role("button", name="Save", exact=True).first.click()
        expect(page).to_have_title(re.compile("^Error: "))
        summary = page.locator(".alert")
        expect(summary.get_by_role("heading", name="There’s a problem")).to_be_visible()
        if scripts:
            expect(summary).to_be_focused()
        link = summary.get_by_role("link").first
        field = page.get_by_label("Name", exact=True)
        expect(field).to_have_attribute("aria-invalid", "true")
        expect(field).to_have_accessible_description(re.compile(re.escape(link.inner_text())))
        expect(page.get_by_label("Pronouns")).to_have_value("she/her")
        link.click()
        expect(field).to_be_focused()


@SCRIPTS
def test_pressing_twice_makes_one(
    browser: Browser,
    site: Site,
    states: dict[str, StorageState],
    scripts: bool,  # noqa: FBT001 - as above
) -> None:
    name = f"Evening class {scripts}"
    with visiting(browser, storage_state=states["tutor"], java_script_enabled=scripts, **DESK) as page:
        page.goto(f"{site.address}/cohorts/new")
        page.get_by_label("Name", exact=True).fill(name)
        page.get_by_role("button", name="Go on to people").dblclick()
        expect(heading(page)).to_have_text("Who’s in this cohort?")
        page.goto(f"{site.address}/cohorts")
        expect(page.get_by_role("link", name=name, exact=True)).to_have_count(1)


# --- no word is lost ----------------------------------------------------------------------------------------


@SCRIPTS
def test_words_sent_after_signing_out_come_back_after_signing_in(
    browser: Browser,
    site: Site,
    scripts: bool,  # noqa: FBT001 - as above
) -> None:
    words = "I’d keep the silence after their last sentence."
    with visiting(browser, java_script_enabled=scripts, **PHONE) as page:
        site.sign_in(page, BEN)
        page.goto(f"{site.address}/me")
        page.get_by_label("Name", exact=True).fill(words)
        with visiting(browser, storage_state=page.context.storage_state(), **DESK) as elsewhere:
            elsewhere.goto(f"{site.address}/me")
            press(elsewhere.get_by_role("button", name="Sign out", exact=True))
        page.get_by_role("button", name="Save", exact=True).first.click()
        expect(page.get_by_label("E-mail address")).to_be_visible()
        _, code = site.ask_to_sign_in(page, BEN)
        page.get_by_label("Six-figure code").fill(code)
        page.get_by_role("button", name="Sign in", exact=True).click()
        expect(heading(page)).to_have_text("Your words are still here")
        assert words in [box.input_value() for box in page.locator("textarea").all()]
        page.get_by_role("button", name="Send them now").click()
        expect(page.get_by_label("Name", exact=True)).to_have_value(words)


def test_two_windows_show_both_versions_and_lose_neither(
    browser: Browser, site: Site, states: dict[str, StorageState]
) -> None:
    with (
        visiting(browser, storage_state=states["trainee"], **DESK) as one,
        visiting(browser, storage_state=states["trainee"], **DESK) as other,
    ):
        here, there = open_a_form(one, site), open_a_form(other, site)
        here.fill("Written on the train.")
        expect(said(one)).to_have_text(SAVED)
        there.fill("Written at the kitchen table.")
        both = other.locator("form .alert")
        expect(both.get_by_role("heading", name="This was changed in another window")).to_be_visible()
        assert both.locator("pre").all_inner_texts() == ["Written at the kitchen table.", "Written on the train."]
        both.get_by_role("button", name="Keep what’s on this page").click()
        expect(said(other)).to_have_text(SAVED)
        expect(there).to_have_value("Written at the kitchen table.")
        expect(open_a_form(one, site)).to_have_value("Written at the kitchen table.")


def test_without_scripts_the_later_window_is_shown_both_versions_too(
    browser: Browser, site: Site, states: dict[str, StorageState]
) -> None:
    with (
        visiting(browser, storage_state=states["observer"], java_script_enabled=False, **DESK) as one,
        visiting(browser, storage_state=states["observer"], java_script_enabled=False, **DESK) as other,
    ):
        for page in (one, other):
            page.goto(f"{site.address}/feedback")
            press(page.locator(".todo a", has_text="what you noticed").first)
        for page, words in ((one, "“Where would you like to start?”"), (other, "“There’s no hurry.”")):
            page.get_by_label("Helping").check()
            page.get_by_label("A moment", exact=True).fill(words)
            press(page.get_by_role("button", name="Continue"))
        expect(heading(other)).to_have_text("This was changed in another window")
        for words in ("“Where would you like to start?”", "“There’s no hurry.”"):
            expect(other.locator("main")).to_contain_text(words)
        press(other.get_by_role("button", name="Keep what you’ve just sent"))
        other.goto(one.url.replace("/steps/2", "/steps/1"))
        expect(other.get_by_label("A moment", exact=True)).to_have_value("“There’s no hurry.”")


def test_a_server_that_goes_away_while_somebody_types_takes_no_word_with_it(browser: Browser, tmp_path: Path) -> None:
    settings, links = build_demo(tmp_path, free_port())
    with ExitStack() as stack:
        with served(settings, folder=True) as site:
            site.links = dict(links)
            page = stack.enter_context(visiting(browser, **PHONE))
            site.sign_in_by_link(page, "trainee")
            box = open_a_form(page, site)
        box.fill("The end came a little suddenly.")
        expect(said(page)).to_contain_text("Couldn’t save. Your words are still on this page.")
        expect(box).to_have_value("The end came a little suddenly.")
        stack.enter_context(served(settings, folder=True))
        page.get_by_role("button", name="Try again").click()
        expect(said(page)).to_have_text(SAVED)
        page.reload()
        expect(box).to_have_value("The end came a little suddenly.")


def test_a_device_that_was_offline_still_has_the_words_after_a_reload(
    browser: Browser, site: Site, states: dict[str, StorageState]
) -> None:
    def cut(route: Route) -> None:
        route.abort("internetdisconnected")

    with visiting(browser, storage_state=states["trainee"], **PHONE) as page:
        box = open_a_form(page, site)
        page.route("**/draft", cut)
        box.fill("Typed in a tunnel.")
        expect(said(page)).to_contain_text("Your words are still on this page")
        page.unroute("**/draft", cut)
        page.reload()
        expect(box).to_have_value("Typed in a tunnel.")


def test_a_page_read_before_the_last_save_arrived_still_shows_the_words(
    browser: Browser, site: Site, states: dict[str, StorageState]
) -> None:
    """The save of a page that is being left races the page that comes next; the device's copy settles it."""
    with visiting(browser, storage_state=states["trainee"], **PHONE) as page:
        box = open_a_form(page, site)
        before = page.request.get(page.url)
        page.route("**/draft", lambda route: route.abort("internetdisconnected"))
        box.fill("Typed on the way out.")
        expect(said(page)).to_contain_text("Your words are still on this page")
        page.unroute("**/draft")
        with page.expect_response("**/draft") as saved:
            page.evaluate("dispatchEvent(new Event('beforeunload'))")
        assert saved.value.status == 200
        expect(said(page)).to_contain_text("Saved at")
        page.route(page.url, lambda route: route.fulfill(response=before))
        page.reload()
        expect(box).to_have_value("Typed on the way out.")


def test_opening_a_link_any_number_of_times_spends_nothing_and_one_press_does(browser: Browser, site: Site) -> None:
    with visiting(browser, **DESK) as scanner, visiting(browser, **PHONE) as page:
        page.goto(f"{site.address}/calendar")
        link, _ = site.ask_to_sign_in(page, AMARA)
        for _ in range(3):
            assert scanner.request.get(link).status == scanner.request.head(link).status == 200
        scanner.goto(link)
        scanner.wait_for_load_state("networkidle")
        assert scanner.url == link, "no script presses the button"
        assert scanner.context.cookies() == []
        page.goto(link)
        press(page.get_by_role("button", name="Sign in as Amara"))
        expect(heading(page)).to_have_text("Your practice sessions")

        scanner.goto(link)
        expect(heading(scanner)).to_have_text("This link has had its day")
        expect(scanner.get_by_label("E-mail address")).to_have_value(AMARA)
        _, code = site.ask_to_sign_in(scanner, AMARA, "Send a fresh one")
        scanner.get_by_label("Six-figure code").fill(code)
        scanner.get_by_role("button", name="Sign in", exact=True).click()
        expect(scanner).to_have_url(f"{site.address}/calendar")


def test_the_code_is_easy_to_hand_over_and_a_wrong_one_is_told_kindly(browser: Browser, site: Site) -> None:
    with visiting(browser, **PHONE) as page:
        page.goto(f"{site.address}/me")
        _, code = site.ask_to_sign_in(page, AMARA)
        field = page.get_by_label("Six-figure code")
        expect(field).to_have_attribute("autocomplete", "one-time-code")
        expect(field).to_have_attribute("inputmode", "numeric")
        field.fill("000000" if code != "000 000" else "111111")
        page.get_by_role("button", name="Sign in", exact=True).click()
        expect(page).to_have_title(re.compile("^Error: "))
        field.fill(f" {code} ")  # as it is pasted from the mail
        page.get_by_role("button", name="Sign in", exact=True).click()
        expect(heading(page)).to_have_text("Your details")
        assert urlsplit(page.url).path == "/me"
