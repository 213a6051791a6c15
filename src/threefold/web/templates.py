"""The page templates and static files: where they lie, how values are said in them, and their versioned addresses."""

import gzip
import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from threefold.core.said import clock, day, iso, listed, own_time, plural, short_day, weekday, zone_name


def folder() -> Path:
    """The templates: inside the package when installed from a wheel, at the top of the checkout otherwise."""
    installed = Path(__file__).parent.parent / "templates"
    return installed if installed.is_dir() else Path(__file__).parents[3] / "templates"


class Static:
    """The static files, read once: each under an address that changes with its content, plain and gzipped."""

    def __init__(self, root: Path) -> None:
        self.files: dict[str, tuple[bytes, bytes]] = {}
        whole = hashlib.sha256()
        for path in sorted(root.rglob("*")):
            if path.is_file():
                content = path.read_bytes()
                name = path.relative_to(root).as_posix()
                whole.update(name.encode() + content)
                self.files[name] = (content, gzip.compress(content, 9, mtime=0))
        # One version for all of them: modules import one another by relative address.
        self.version = whole.hexdigest()[:12]

    def address(self, name: str) -> str:
        if name not in self.files:
            raise KeyError(f"no static file {name}")
        return f"/static/{self.version}/{name}"


@cache
def static_files() -> Static:
    """The static files, read once a process: they do not change while it runs."""
    return Static(folder() / "static")


@cache
def environment() -> Environment:
    """Jinja set so that a missing value is an error and everything is escaped; templates are compiled once."""
    env = Environment(
        loader=FileSystemLoader(folder()),
        autoescape=select_autoescape(enabled_extensions=("html",), default=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    env.globals["static"] = static_files().address
    env.filters.update(said())
    return env


def said() -> Mapping[str, Any]:
    """The filters: values said the way the house says them."""
    return {
        "day": day,
        "short_day": short_day,
        "weekday": weekday,
        "clock": clock,
        "iso": iso,
        "zone_name": zone_name,
        "own_time": own_time,
        "plural": plural,
        "listed": listed,
    }
