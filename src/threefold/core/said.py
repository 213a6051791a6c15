"""How dates, times, lists and counts are said, in pages and letters alike."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


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


def own_time(value: datetime, zone: str, own: str | None) -> str:
    """“ (13:30 for you)”, “ (Thursday 19:30 for you)” where the day is another one, "" where the clocks agree."""
    there, here = value.astimezone(ZoneInfo(zone)), value.astimezone(ZoneInfo(own or zone))
    if there.replace(tzinfo=None) == here.replace(tzinfo=None):
        return ""
    return f" ({'' if there.date() == here.date() else f'{DAYS[here.weekday()]} '}{here:%H:%M} for you)"


def number(count: int) -> str:
    """A count before a noun: “eight”, “13”."""
    return NUMBERS[count] if count < len(NUMBERS) else str(count)


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
