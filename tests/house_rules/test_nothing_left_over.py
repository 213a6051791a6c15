"""What the words name is there, and what is there is used: paths in prose and docstrings, classes, tokens, macros."""

import re
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "threefold"
TEMPLATES = ROOT / "templates"
PROSE = [ROOT / "README.md", SOURCE / "DECISIONS.md"]
MODULES = sorted(path for path in SOURCE.rglob("*.py") if "versions" not in path.parts)
ROOMS = {path.name for path in SOURCE.iterdir() if path.is_dir()}
PAGES = {path: re.sub(r"\{#.*?#\}", "", path.read_text(), flags=re.DOTALL) for path in TEMPLATES.rglob("*.html")}
CSS = re.sub(r"/\*.*?\*/", "", (TEMPLATES / "static" / "threefold.css").read_text(), flags=re.DOTALL)
# Classes that a template puts together from a word and a number, or a role.
PUT_TOGETHER = re.compile(r"[hrt]\d|m-(own|tutor|observer|client)")


def quoted(text: str) -> list[str]:
    return re.findall(r"`([\w./<>-]+)`", text)


def test_every_path_that_the_words_name_exists() -> None:
    places = [ROOT, SOURCE, TEMPLATES, ROOT / "tests"]
    words = "".join(path.read_text() for path in PROSE)
    paths = [each for each in quoted(words) if "/" in each and not each.startswith("/") and "<" not in each]
    assert len(paths) > 20
    assert [path for path in paths if not any((place / path).exists() for place in places)] == []


def test_every_room_that_a_docstring_names_exists() -> None:
    lost = []
    for path in [*MODULES, *PROSE]:
        for name in quoted(path.read_text()):
            parts = name.split(".")
            if len(parts) > 1 and parts[0] in ROOMS and parts[-1] not in {"py", "html", "json", "css"}:
                lost += [f"{path.relative_to(ROOT)}: {name}"] if not stands(parts) else []
    assert lost == []


def test_what_a_template_says_it_is_given_exists() -> None:
    """“Context: page (opening.NewWindow)”: a room of the slice, or of any."""
    lost = []
    for path in PAGES:
        slice_ = path.relative_to(TEMPLATES).parts[0]
        for comment in re.findall(r"\{#.*?#\}", path.read_text(), flags=re.DOTALL):
            for room, name in re.findall(r"\b([a-z_.]+)\.([A-Z]\w+)", comment):
                parts = [*room.split("."), name]
                lost += [] if stands([slice_, *parts]) or stands(parts) else [f"{path.name}: {room}.{name}"]
    assert lost == []


def stands(parts: list[str]) -> bool:
    """Whether a dotted name is a module of ours, or something in one."""
    for length in range(len(parts), 0, -1):
        name = ".".join(["threefold", *parts[:length]])
        try:
            found = find_spec(name)
        except ModuleNotFoundError:
            continue
        if found is not None:
            here: object = import_module(name)
            for part in parts[length:]:
                if not hasattr(here, part):
                    return False
                here = getattr(here, part)
            return True
    return False


def test_every_class_of_the_stylesheet_is_worn_and_every_token_used() -> None:
    scripts = "".join(path.read_text() for path in (TEMPLATES / "static").glob("*.js"))
    words = set(re.findall(r"[A-Za-z][\w-]*", "".join(PAGES.values()) + scripts))
    classes = set(re.findall(r"\.([A-Za-z][\w-]*)", re.sub(r"\{[^{}]*\}", "{}", CSS)))
    assert sorted(name for name in classes - words if not PUT_TOGETHER.fullmatch(name)) == []
    tokens, used = set(re.findall(r"(--[\w-]+)\s*:", CSS)), set(re.findall(r"var\((--[\w-]+)", CSS))
    assert (sorted(tokens - used), sorted(used - tokens)) == ([], [])


def test_every_macro_is_called() -> None:
    whole = "".join(PAGES.values())
    names = {name for text in PAGES.values() for name in re.findall(r"macro (\w+)\(", text)}
    assert sorted(name for name in names if not re.search(rf"(?<!macro )\b{name}\b\(", whole)) == []


def test_every_filter_of_ours_is_used() -> None:
    whole = "".join(PAGES.values()) + "".join(path.read_text() for path in TEMPLATES.rglob("*.txt"))
    said = import_module("threefold.web.templates").said()
    assert sorted(name for name in said if not re.search(rf"\|\s*{name}\b", whole)) == []
