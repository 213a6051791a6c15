"""Takes pictures of letters as a mail program shows them, for somebody to look at.

`python -m tests.browser.letters FOLDER` takes the overview, an invitation and a change out of the made-up term of
`threefold letters --samples`, on a phone and on a desk, in light and in dark; `--all` one of every kind, and on the
narrowest phone as well. `--from SAMPLES` takes letters that lie in a folder already.
"""

import argparse
import asyncio
import logging
import re
import tempfile
from collections.abc import Iterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from html import escape
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.pictures import FRAMES, SCHEMES
from tests.browser.running import FLAGS, chromium, visiting
from threefold.commands.samples import write_samples
from threefold.commands.samples.week import INDEX
from threefold.logs import start_logging

NARROW: dict[str, Any] = {"viewport": {"width": 320, "height": 700}, "has_touch": True, "is_mobile": True}
# Which letter is which: by the word its subject begins or ends with.
SUBJECTS = {
    "overview": r"^Your practice sessions?\b",
    "invitation": r"\d: your practice session$",
    "change": r"^Changed: ",
    "cancellation": r"^Cancelled: ",
    "time-kept": r"the time stays as it is$",
    "sign-in": r"sign-in link",
    "reminder": r"^\w+day \d\d:\d\d: your practice session$",
    "co-tutor": r"invited to teach",
    "decline-seen": r"Was that you\?$",
    "declined": r"^A calendar said no",
    "counter": r"^Another time was proposed",
    "away": r"^Somebody can’t make",
    "feedback-wanted": r"^Three minutes",
    "feedback-reminder": r"^Still hoping",
    "feedback-ready": r"^Your feedback",
    "tutor-digest": r": \d+ (person|people) away",
    "weekly": r"in your practice waits?",
}
THREE = ("overview", "invitation", "change")

# A mail program of nobody's: who wrote, to whom, about what, and the letter below in a frame of its own, as real ones
# have it. What an invitation's buttons look like is each calendar's affair.
MAIL_PROGRAM = """<!doctype html>
<html lang="en-GB"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{subject}</title>
<style>
:root {{ color-scheme: light dark; font: 15px/1.45 system-ui, sans-serif }}
body {{ margin: 0; background: light-dark(#fff, #162422); color: light-dark(#1c1c1e, #e9ecee) }}
header {{ padding: 16px 20px 14px; border-bottom: 1px solid light-dark(#d9dce0, #33383d) }}
header, .calendar {{ background: light-dark(#f4f5f7, #1d2023) }}
h1 {{ margin: 0 0 10px; font-size: 20px; line-height: 1.3 }}
dl {{ display: grid; grid-template-columns: max-content 1fr; gap: 2px 10px; margin: 0 }}
dt {{ color: light-dark(#61666c, #a3a9b0) }} dd {{ margin: 0; overflow-wrap: anywhere }}
.calendar {{ display: flex; flex-wrap: wrap; gap: 8px 18px; margin: 0; padding: 10px 20px;
  border-bottom: 1px solid light-dark(#d9dce0, #33383d) }}
iframe {{ display: block; width: 100%; border: 0 }}
</style></head><body>
<header><h1>{subject}</h1><dl><dt>From</dt><dd>{sender}</dd><dt>To</dt><dd>{recipient}</dd></dl></header>
{calendar}<iframe srcdoc="{letter}"></iframe>
</body></html>"""
CALENDAR = '<p class="calendar"><b>In your calendar?</b> <span>Yes</span> <span>Maybe</span> <span>No</span></p>'
FITS = """() => {
  const frame = document.querySelector('iframe');
  frame.style.height = `${frame.contentDocument.documentElement.scrollHeight}px`;
  return [document, frame.contentDocument].map((one) => one.documentElement.scrollWidth);
}"""


def of_each_kind(folder: Path) -> Iterator[tuple[str, EmailMessage]]:
    """The first letter of each kind there is."""
    letters = [message_from_bytes(path.read_bytes(), policy=default) for path in sorted(folder.glob("*.eml"))]
    for kind, pattern in SUBJECTS.items():
        found = [letter for letter in letters if re.search(pattern, letter["Subject"])]
        if found and isinstance(found[0], EmailMessage):
            yield kind, found[0]


def shown(letter: EmailMessage) -> str:
    """The letter's HTML part in the mail program."""
    body = letter.get_body(("html",))
    if body is None:
        raise ValueError(f"{letter['Subject']} has no HTML")
    asks = any(part.get_param("method") == "REQUEST" for part in letter.walk())
    return MAIL_PROGRAM.format(
        subject=escape(letter["Subject"]),
        sender=escape(letter["From"].addresses[0].display_name),
        recipient=escape(letter["To"].addresses[0].display_name),
        calendar=CALENDAR if asks else "",
        letter=escape(str(body.get_content())),
    )


def take(page: Page, letter: EmailMessage, path: Path) -> None:
    """One picture, as high as the letter. Says so where something is wider than the window."""
    page.set_content(shown(letter), wait_until="load")
    widths = page.evaluate(FITS)
    if max(widths) > (page.viewport_size or {"width": 0})["width"]:
        print(f"{path.name}: wider than its window, {widths}")  # noqa: T201 - for whoever takes the pictures
    page.screenshot(path=path, full_page=True)


def pictures(browser: Browser, samples: Path, folder: Path, *, every: bool) -> None:
    frames = FRAMES | ({"narrow": NARROW} if every else {})
    letters = [(kind, letter) for kind, letter in of_each_kind(samples) if every or kind in THREE]
    for frame, options in frames.items():
        for scheme in SCHEMES:
            with visiting(browser, color_scheme=scheme, **options) as page:
                for kind, letter in letters:
                    take(page, letter, folder / f"{kind}-{frame}-{scheme}.png")


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("folder", type=Path)
    asked.add_argument("--all", action="store_true", dest="every")
    asked.add_argument("--from", type=Path, dest="samples")
    given = asked.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    start_logging(level=logging.ERROR)
    with tempfile.TemporaryDirectory() as name:
        samples: Path = given.samples or Path(name) / "samples"
        if not (samples / INDEX).exists():
            samples.mkdir(parents=True, exist_ok=True)
            asyncio.run(write_samples(samples, Path(name), print))
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
            pictures(browser, samples, given.folder, every=given.every)
            browser.close()


if __name__ == "__main__":
    main()
