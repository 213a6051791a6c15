"""The design keeps its promises: small files, measured colours, nothing inline, nothing from elsewhere."""

import gzip
import re
from pathlib import Path

import pytest

TEMPLATES = Path(__file__).parents[2] / "templates"
STATIC = TEMPLATES / "static"
CSS = (STATIC / "threefold.css").read_text(encoding="utf-8")
PAGES = sorted(TEMPLATES.rglob("*.html"))
# A letter has no stylesheet to link to: mail programs read only what stands in the letter itself.
SCREENS = [page for page in PAGES if "mail" not in page.relative_to(TEMPLATES).parts]

Colours = dict[str, str]


def named(paths: list[Path]) -> list[object]:
    return [pytest.param(path, id=str(path.relative_to(TEMPLATES))) for path in paths]


def tokens() -> tuple[Colours, Colours]:
    """Every colour token as (light, dark); one without light-dark() is the same in both."""
    plain = dict(re.findall(r"--([\w-]+): (#[0-9A-F]{6});", CSS))
    pairs = re.findall(r"--([\w-]+): light-dark\((#[0-9A-F]{6}), (#[0-9A-F]{6})\)", CSS)
    return plain, plain | {name: dark for name, _, dark in pairs}


def luminance(colour: str) -> float:
    """Relative luminance, 0 to 1, as WCAG 2.2 defines it."""
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """WCAG contrast ratio, 1 to 21, to the two places it is quoted with."""
    dim, bright = sorted((luminance(one), luminance(other)))
    return round((bright + 0.05) / (dim + 0.05), 2)


# what stands on what, and the least contrast in light and dark; None for the dark column: AA, 4.5
MEASURED = [
    ("ink", "paper", 12.97, 15.49),
    ("ink", "surface", 14.12, 13.84),
    ("ink-2", "paper", 6.96, 8.83),
    ("ink-2", "surface", 6.96, 8.83),
    ("ink-2", "sunken", 6.96, 8.83),
    ("on-primary", "primary", 8.08, 8.61),
    ("on-primary", "primary-hover", 8.08, 8.61),
    ("primary", "paper", 7.43, 10.06),
    ("ink", "primary-soft", 11.47, 10.64),
    ("on-sun", "sun", 8.05, 8.05),
    ("counsellor", "surface", 7.7, None),
    ("counsellor", "counsellor-soft", 6.27, None),
    ("client", "surface", 7.87, None),
    ("client", "client-soft", 6.38, None),
    ("observer", "surface", 6.93, None),
    ("observer", "observer-soft", 5.87, None),
    ("danger", "surface", 7.59, None),
    ("ok", "surface", 7.16, None),
    ("focus", "halo", 9.79, None),
    # controls and rings need 3
    ("edge", "paper", 3.9, 5.0),
    ("edge", "surface", 3.9, 5.0),
    ("focus", "paper", 3, 3),
    # what the pages put on the tinted cards, and the numbers in the charts
    *[("ink", soft, 10, 8) for soft in ("sunken", "sun-soft", "ok-soft")],
    *[("ink", f"{role}-soft", 10, 8) for role in ("counsellor", "client", "observer")],
    *[("on-role", role, 6.9, 8) for role in ("counsellor", "client", "observer")],
    ("primary", "sun-soft", 4.5, None),
    ("observer", "sun-soft", 4.5, None),
    ("primary", "sunken", 4.5, None),
    ("ok", "ok-soft", 4.5, None),
    ("on-once", "once", 4.5, None),
    ("on-twice", "twice", 4.5, None),
]


@pytest.mark.parametrize(("over", "under", "light", "dark"), MEASURED)
def test_every_colour_is_read_easily_on_what_it_stands_on(
    over: str, under: str, light: float, dark: float | None
) -> None:
    by_day, by_night = tokens()
    measured = contrast(by_day[over], by_day[under]), contrast(by_night[over], by_night[under])
    assert measured[0] >= light, measured
    assert measured[1] >= (dark or 4.5), measured


def test_browsers_without_light_dark_see_the_same_light_colours() -> None:
    light, _ = tokens()
    pairs = re.findall(r"--([\w-]+): light-dark\((#[0-9A-F]{6}), #[0-9A-F]{6}\)", CSS)
    assert {name: light[name] for name, _ in pairs} == dict(pairs)
    assert set(light) - {name for name, _ in pairs} == {"sun", "on-sun"}


def test_every_token_that_is_used_is_there() -> None:
    given = set(re.findall(r"--([\w-]+):", CSS))
    assert set(re.findall(r"var\(--([\w-]+)", CSS)) <= given


def test_the_fonts_are_the_readers_own() -> None:
    assert '--font: system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;' in CSS
    assert "@font-face" not in CSS
    assert "@layer reset, base, layout, parts, util, page;" in CSS


def zipped(*paths: Path) -> int:
    return sum(len(gzip.compress(path.read_bytes())) for path in paths)


def test_a_slow_phone_has_little_to_fetch() -> None:
    assert zipped(*STATIC.glob("*.css")) <= 12_000
    of_one_page = ("observation", "availability", "clock", "day")
    everywhere = [file for file in STATIC.glob("*.js") if not file.name.startswith(of_one_page)]
    assert zipped(*everywhere) <= 10_000  # the live form has a limit of its own: tests/browser/test_observation.py
    for theirs in (("autosave.js", "availability.js"), ("clock.js", "clock-follow.js", "day.js")):
        assert zipped(*(STATIC / name for name in ("threefold.js", *theirs))) <= 10_000
    fonts = {".woff", ".woff2", ".ttf", ".otf"}
    assert [path.name for path in STATIC.iterdir() if path.suffix in fonts] == []


@pytest.mark.parametrize("page", named(SCREENS))
def test_no_page_carries_style_or_script_of_its_own(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert re.findall(r"\sstyle\s*=|<style\b|\son[a-z]+\s*=\s*[\"']|javascript:", text) == []
    scripts = re.findall(r"<script\b[^>]*>.*?</script>", text, re.DOTALL)
    assert [script for script in scripts if not re.fullmatch(r"<script [^>]*\bsrc=[^>]*></script>", script)] == []


# Addresses that name a thing without fetching it.
NAMES_ONLY = {"http://www.w3.org/2000/svg"}


@pytest.mark.parametrize("page", named([*PAGES, *sorted(STATIC.iterdir())]))
def test_nothing_is_fetched_from_elsewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    addresses = set(re.findall(r"(?:https?:)?//[a-z][\w.-]*\.[a-z]{2,}[^\s\"'<)]*", text))
    assert addresses - NAMES_ONLY == set()


@pytest.mark.parametrize("script", named(sorted(STATIC.glob("*.js"))))
def test_scripts_never_turn_words_into_markup(script: Path) -> None:
    text = script.read_text(encoding="utf-8")
    sinks = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|DOMParser"
    assert re.findall(sinks, text) == []
