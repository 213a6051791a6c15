"""The lines of a calendar as anybody may have written them: their parts, the zones they name, how long things last."""

import re
from datetime import timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

_DURATION = re.compile(r"\+?P(?:(\d{1,3})W)?(?:(\d{1,4})D)?(?:T(?:(\d{1,4})H)?(?:(\d{1,5})M)?(?:(\d{1,6})S)?)?")


def read_line(line: str) -> tuple[str, dict[str, str], str]:
    """Name, parameters and value of a line. A colon or semicolon in quotes divides nothing (RFC 5545, 3.1)."""
    quoted = line.split('"')
    head, value = [], ""
    for number, piece in enumerate(quoted):
        before, colon, after = piece.partition(":") if number % 2 == 0 else (piece, "", "")
        head.append(before.replace(";", "\x00") if number % 2 == 0 else before)
        if colon:
            value = '"'.join([after, *quoted[number + 1 :]])
            break
    name, *parameters = "".join(head).split("\x00")
    split = (parameter.partition("=") for parameter in parameters)
    return name.strip().upper(), {key.strip().upper(): said for key, _, said in split}, value


@lru_cache(maxsize=64)
def zone_called(name: str) -> ZoneInfo | None:
    """An IANA zone, also under Windows's name for it or with a library's path in front of it."""
    name = WINDOWS_TO_OLSON.get(name.strip(), name.strip())
    known = _known_zones()
    words = name.split("/")
    tries = (name, "/".join(words[-2:]), "/".join(words[-3:]))
    return next((ZoneInfo(each) for each in tries if each in known), None)


@lru_cache(maxsize=1)
def _known_zones() -> frozenset[str]:
    return frozenset(available_timezones())


def length_of(duration: str) -> timedelta | None:
    """How long PT1H30M is; None for anything that is no length."""
    found = _DURATION.fullmatch(duration.strip())
    if not found or not any(found.groups()):
        return None
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
