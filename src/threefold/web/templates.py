"""The page templates and static files: where they lie, how values are said in them, and their versioned addresses."""

import gzip
import hashlib
from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def folder() -> Path:
    """The templates: inside the package when installed from a wheel, at the top of the checkout otherwise."""
    installed = Path(__file__).parent.parent / "templates"
    return installed if installed.is_dir() else Path(__file__).parents[3] / "templates"


def zone_name(zone: str) -> str:
    """What people call a zone: "UK time" for London, the city for others."""
    return "UK time" if zone == "Europe/London" else f"{zone.rpartition('/')[2].replace('_', ' ')} time"


def day(value: date | datetime, zone: str | None = None) -> str:
    """Thursday 8 October"""
    local = _local(value, zone)
    return f"{DAYS[local.weekday()]} {local.day} {MONTHS[local.month - 1]}"


def short_day(value: date | datetime, zone: str | None = None) -> str:
    """8 Oct"""
    local = _local(value, zone)
    return f"{local.day} {MONTHS[local.month - 1][:3]}"


def weekday(value: date | datetime, zone: str | None = None) -> str:
    return DAYS[_local(value, zone).weekday()]


def clock(value: datetime, zone: str) -> str:
    """18:30"""
    return value.astimezone(ZoneInfo(zone)).strftime("%H:%M")


def iso(value: datetime, zone: str) -> str:
    """The moment with its offset, for <time datetime>."""
    return value.astimezone(ZoneInfo(zone)).isoformat(timespec="minutes")


def plural(count: int, one: str, many: str = "") -> str:
    """1 person, 2 people"""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def listed(words: list[str] | tuple[str, ...]) -> str:
    """Kit, Grace and Amara"""
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1]))) if words else ""


def duration(minutes: int) -> str:
    """2 h, 1 h 30, 45 min"""
    hours, rest = divmod(minutes, 60)
    return f"{rest} min" if not hours else f"{hours} h {rest:02d}" if rest else f"{hours} h"


def _local(value: date | datetime, zone: str | None) -> date:
    return value.astimezone(ZoneInfo(zone)) if isinstance(value, datetime) and zone else value


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
        "plural": plural,
        "listed": listed,
        "duration": duration,
    }
