"""Growth and portfolio in a real browser: shapes, sizes and places that no page's source tells, and a print."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, StorageState

from tests.browser.looking import Findings, look_at_width, look_with_axe
from tests.browser.running import DESK, PHONE, Site, visiting

pytestmark = [pytest.mark.browser, pytest.mark.heavy]  # a server and pages of its own take longer than the tests

SHAPES = """() => Object.fromEntries(['own', 'observer', 'tutor', 'client'].map((kind) => [kind,
  [...document.querySelectorAll(`.gc use.m-${kind}`)].map((one) => one.getBoundingClientRect())
    .map((box) => Math.min(box.width, box.height))]))"""
TEXTS = """() => [...document.querySelectorAll('.gc text')].map((one) => parseFloat(getComputedStyle(one).fontSize))"""
SPILLS = """() => [...document.querySelectorAll('.gc')].flatMap((chart) => {
  const frame = chart.getBoundingClientRect();
  return [...chart.querySelectorAll('use')].map((one) => one.getBoundingClientRect())
    .filter((box) => box.left < frame.left - 1 || box.right > frame.right + 1
      || box.top < frame.top - 1 || box.bottom > frame.bottom + 1);
}).length"""


@pytest.fixture(scope="module")
def state(browser: Browser, demo_site: Site) -> StorageState:
    """The demo's trainee, signed in: their link works once."""
    return demo_site.signed_in(browser, "trainee")


@pytest.fixture(scope="module")
def page(browser: Browser, demo_site: Site, state: StorageState) -> Iterator[Page]:
    with visiting(browser, storage_state=state, **DESK) as opened:
        opened.goto(f"{demo_site.address}/growth")
        yield opened


def test_marks_have_four_shapes_large_enough_and_stay_within_their_chart(page: Page) -> None:
    for width in (1280, 390, 320):
        page.set_viewport_size({"width": width, "height": 900})
        found = page.evaluate(SHAPES)
        assert all(found[kind] for kind in ("own", "observer", "client")), found
        assert min(size for sizes in found.values() for size in sizes) >= 8
        assert min(page.evaluate(TEXTS)) >= 12
        assert page.evaluate(SPILLS) == 0
    page.set_viewport_size(DESK["viewport"])
    assert page.locator(".gc[role=img]").count() == page.locator(".gc > title").count()
    for chart in page.locator(".gc").all():
        assert len(chart.locator("desc").text_content() or "") > 10


def test_the_pages_are_open_to_everybody_and_keep_to_their_width(
    browser: Browser, demo_site: Site, state: StorageState
) -> None:
    found = Findings()
    for scheme in ("light", "dark"):
        with visiting(browser, storage_state=state, color_scheme=scheme, **DESK) as page:
            for path in ("/growth", "/portfolio", "/portfolio/print", "/portfolio/naming"):
                page.goto(demo_site.address + path)
                assert page.url == demo_site.address + path
                look_with_axe(found.on(path), page)
                look_at_width(found.on(path), page)
    found.check()


def test_at_a_desk_the_way_around_is_one_line(page: Page) -> None:
    tops = "(all) => all.map((one) => one.getBoundingClientRect()).map((box) => box.top + box.height / 2)"
    middles = page.locator(".top .brand, .top nav a, .top .me").evaluate_all(tops)
    assert len(middles) == 6
    assert max(middles) - min(middles) <= 2, middles


def test_in_print_the_navigation_is_gone_and_every_table_is_there(
    browser: Browser, demo_site: Site, state: StorageState
) -> None:
    with visiting(browser, storage_state=state, **DESK) as page:
        page.goto(f"{demo_site.address}/portfolio/print")
        page.emulate_media(media="print")
        assert page.locator("nav:visible, .top:visible, .foot:visible, .btn:visible").count() == 0
        assert page.locator("article").first.evaluate("(one) => getComputedStyle(one).breakInside") == "avoid"
        assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")
        page.goto(f"{demo_site.address}/growth")
        page.emulate_media(media="print")
        assert page.locator(".gc").first.is_visible()
        assert page.locator(".tb").first.is_visible()


def test_all_of_it_is_there_without_scripts_and_without_colours(
    browser: Browser, demo_site: Site, state: StorageState
) -> None:
    with visiting(browser, storage_state=state, java_script_enabled=False, **PHONE) as page:
        page.goto(f"{demo_site.address}/growth")
        page.locator("summary", has_text="Show as a table").first.click()
        assert page.locator("#main table caption").first.text_content()
        page.goto(f"{demo_site.address}/portfolio")
        page.get_by_label("Levels").uncheck()
        page.get_by_role("button", name="Show what’s in it").click()
        assert "kind=levels" not in page.url
        assert page.get_by_role("link", name="CSV").is_visible()
    with visiting(browser, storage_state=state, forced_colors="active", **DESK) as page:
        page.goto(f"{demo_site.address}/growth")
        assert page.locator(".gc").first.evaluate("(one) => getComputedStyle(one).forcedColorAdjust") == "none"
