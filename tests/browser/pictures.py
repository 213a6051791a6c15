"""Takes the README's three pictures from the running demo, or every page for somebody to look at.

`python -m tests.browser.pictures [FOLDER]` writes plan.png, home.png and reading.png;
`python -m tests.browser.pictures --all FOLDER` every page, on a desk and on a phone, in light and in dark.
"""

import argparse
import tempfile
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.running import DESK, FLAGS, PHONE, Site, chromium, free_port, press, served, visiting
from tests.browser.walking import PARTS, kind_of, walk
from threefold.demo import build_demo

HERE = Path(__file__).with_name("pictures")
FRAMES: dict[str, dict[str, Any]] = {"desk": DESK, "phone": PHONE}
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


def for_the_readme(browser: Browser, site: Site, folder: Path) -> None:
    with visiting(browser, **DESK) as page:
        site.sign_in_by_link(page, "tutor")
        press(page.locator("main a", has_text="Level 3 Skills").first)
        press(page.get_by_role("link", name="The published plan"))
        take(page, folder / "plan.png")
    with visiting(browser, **PHONE) as page:
        site.sign_in_by_link(page, "trainee")
        take(page, folder / "home.png")
        state = page.context.storage_state()
    with visiting(browser, storage_state=state, **DESK) as page:
        page.goto(f"{site.address}/feedback")
        press(page.locator("section:has-text('Your own rounds') a:has-text('round')").nth(1))
        take(page, folder / "reading.png")


def take(page: Page, path: Path, *, whole: bool = False) -> None:
    page.wait_for_load_state("networkidle")
    page.evaluate("document.querySelector('.demo')?.remove()")
    page.screenshot(path=path, full_page=whole)


def everything(browser: Browser, site: Site, folder: Path) -> None:
    """Each kind of page once, under the part that meets it first; the observer's own pages are the trainee's."""
    seen: set[str] = set()
    for part in PARTS:
        walked = walk(browser, site, part)
        new = [path for path in walked.paths if path not in seen and (kind_of(path) not in seen or "feedback" in path)]
        seen |= set(new) | {kind_of(path) for path in new}
        for frame, options in FRAMES.items():
            for scheme in SCHEMES:
                with visiting(browser, storage_state=walked.state, color_scheme=scheme, **options) as page:
                    for number, path in enumerate(new):
                        page.goto(site.address + path)
                        name = kind_of(path).strip("/").replace("/", ".").replace("{", "").replace("}", "") or "home"
                        take(page, folder / f"{part}-{number:02}-{name}-{frame}-{scheme}.png", whole=True)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("folder", type=Path, nargs="?", default=HERE)
    asked.add_argument("--all", action="store_true", dest="every")
    given = asked.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    settings, links = build_demo(Path(tempfile.mkdtemp()), free_port())
    with served(settings, folder=True) as site, sync_playwright() as playwright:
        site.links = dict(links)
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        (everything if given.every else for_the_readme)(browser, site, given.folder)
        browser.close()


if __name__ == "__main__":
    main()
