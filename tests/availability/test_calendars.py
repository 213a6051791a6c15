"""Busy times out of calendars: as other readers find them, bounded whatever is written, and not a word of what for."""

import time as clock
from datetime import UTC, date, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import icalendar
import pytest
import recurring_ical_events
from hypothesis import given
from hypothesis import strategies as st

from threefold.availability.calendars import AHEAD, BEHIND, MOST_BYTES, NO_CALENDAR, TOO_BIG, TOO_MUCH, busy_times
from threefold.core.availability import Busy, merged
from threefold.core.refusal import Refusal

NOW = datetime(2026, 10, 7, 12, 0, tzinfo=UTC)
LONDON = ZoneInfo("Europe/London")


def calendar(*entries: str, newline: str = "\r\n") -> bytes:
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//somebody//else//EN"]
    for number, entry in enumerate(entries):
        body = entry.strip().splitlines()
        uid = [] if any(line.strip().startswith("UID") for line in body) else [f"UID:{number}@home.example"]
        lines += ["BEGIN:VEVENT", *uid, *(line.strip() for line in body), "END:VEVENT"]
    return newline.join([*lines, "END:VCALENDAR", ""]).encode()


def read(content: bytes, zone: str = "Europe/London") -> Busy | Refusal:
    return busy_times(content, zone=zone, now=NOW, ours="elmhouse.example")


def at(*wall: int) -> datetime:
    return datetime(*wall, tzinfo=LONDON).astimezone(UTC)  # type: ignore[misc,arg-type] # year to minute


DENTIST = """DTSTART;TZID=Europe/London:20261012T093000
DTEND;TZID=Europe/London:20261012T101500
SUMMARY:Dentist"""

BIRTHDAY = "DTSTART:10010101T100000Z\nDURATION:PT1H\nRRULE:FREQ=YEARLY;COUNT=999;BYDAY=" + ",".join(
    ["1MO,TU,-3WE"] * 20
)


def test_an_appointment_takes_its_time_and_nothing_of_what_it_says_is_kept() -> None:
    assert read(calendar(DENTIST)) == ((at(2026, 10, 12, 9, 30), at(2026, 10, 12, 10, 15)),)


@pytest.mark.parametrize(
    "line", ["TRANSP:TRANSPARENT", "STATUS:CANCELLED", "X-MICROSOFT-CDO-BUSYSTATUS:FREE", "UID:7@elmhouse.example"]
)
def test_what_takes_no_time_is_not_busy(line: str) -> None:
    """Among it our own invitations: what we planned is not in the way of itself."""
    assert read(calendar(f"{DENTIST}\n{line}")) == ()


def test_a_weekly_choir_keeps_its_hour_over_the_clock_change_but_for_one_evening_moved_and_one_left_out() -> None:
    choir = """UID:choir
DTSTART;TZID=GMT Standard Time:20260903T193000
DURATION:PT2H
RRULE:FREQ=WEEKLY;UNTIL=20261112T193000Z
EXDATE;TZID=GMT Standard Time:20261015T193000"""
    moved = """UID:choir
RECURRENCE-ID;TZID=Europe/London:20261029T193000
DTSTART;TZID=Europe/London:20261030T200000
DURATION:PT1H"""
    evenings = [(at(2026, m, d, 19, 30), at(2026, m, d, 21, 30)) for m, d in ((10, 8), (10, 22), (11, 5), (11, 12))]
    assert read(calendar(choir, moved)) == tuple(sorted([*evenings, (at(2026, 10, 30, 20), at(2026, 10, 30, 21))]))


def test_whole_days_are_days_on_ones_own_clock_also_when_they_last_25_hours() -> None:
    away = "DTSTART;VALUE=DATE:20261024\nDTEND;VALUE=DATE:20261026"
    assert read(calendar(away)) == ((at(2026, 10, 24, 0, 0), at(2026, 10, 26, 0, 0)),)
    assert at(2026, 10, 26, 0, 0) - at(2026, 10, 24, 0, 0) == timedelta(hours=49)
    tokyo = read(calendar("DTSTART;VALUE=DATE:20261024"), "Asia/Tokyo")
    assert tokyo == ((datetime(2026, 10, 23, 15, tzinfo=UTC), datetime(2026, 10, 24, 15, tzinfo=UTC)),)


def test_a_list_of_busy_periods_is_read_as_well() -> None:
    lines = ["BEGIN:VCALENDAR", "BEGIN:VFREEBUSY", "FREEBUSY:20261012T080000Z/PT1H,20261013T080000Z/20261013T090000Z"]
    lines += ["FREEBUSY;FBTYPE=FREE:20261014T080000Z/PT1H", "END:VFREEBUSY", "END:VCALENDAR"]
    hours = [datetime(2026, 10, day, 8, tzinfo=UTC) for day in (12, 13)]
    assert read("\n".join(lines).encode()) == tuple((hour, hour + timedelta(hours=1)) for hour in hours)


def test_folded_lines_and_other_line_ends_are_read_and_alarms_inside_are_not() -> None:
    folded = calendar(DENTIST).replace(b"Europe/London:20261012T09", b"Europe/Lon\r\n don:2026\r\n\t1012T09")
    assert read(folded) == read(calendar(DENTIST)) == read(calendar(DENTIST, newline="\n"))
    alarm = "BEGIN:VALARM\nDTSTART:20261020T100000Z\nDURATION:PT9H\nEND:VALARM"
    assert read(calendar(f"{DENTIST}\n{alarm}")) == read(calendar(DENTIST))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", NO_CALENDAR),
        (b"<!doctype html><title>Sign in</title>", NO_CALENDAR),
        (b"\x1f\x8b\x08\x00" + b"\x00" * 50, NO_CALENDAR),  # a gzip bomb is not opened
        (b"PK\x03\x04" + b"\x00" * 50, NO_CALENDAR),
        (b"BEGIN:VCALENDAR\r\n" + b"A" * MOST_BYTES, TOO_BIG),
        (b"BEGIN:VCALENDAR\r\n" + b"\n" * 300_000, TOO_MUCH),
        (b"BEGIN:VCALENDAR\r\n" + b"BEGIN:VEVENT\r\nEND:VEVENT\r\n" * 20_001, TOO_MUCH),
        (
            calendar(*["DTSTART:19000101T000000Z\nDURATION:PT1M\nRRULE:FREQ=DAILY;COUNT=99999999"] * 50),
            TOO_MUCH,
        ),
        (calendar(*[f"DTSTART:20261008T{n:02}0000Z\nDURATION:PT30S\nRRULE:FREQ=DAILY" for n in range(24)]), TOO_MUCH),
        (calendar(*[BIRTHDAY] * 3000), TOO_MUCH),
    ],
    ids=["empty", "page", "gzip", "zip", "large", "lines", "entries", "counting", "hours", "weekdays"],
)  # fmt: skip
def test_hostile_files_are_refused_kindly_and_soon(content: bytes, sentence: str) -> None:
    began = clock.process_time()
    assert read(content) == Refusal.because(sentence, "calendar")
    assert clock.process_time() - began < 5  # about a tenth of it on an idle machine


@pytest.mark.parametrize(
    "entry",
    [
        "DTSTART:20261012T250000Z\nDURATION:PT1H",
        "DTSTART:00000000\nDURATION:P1D",
        "DTSTART:99991231T235959Z\nDURATION:P300D",
        "DTSTART:20261012T080000Z\nDTEND:20261012T070000Z",
        "DTSTART:20261012T080000Z\nDURATION:P999W",
        "DTSTART:20261012T080000Z",
        "DTSTART;TZID=../../etc/passwd:x",
        "SUMMARY:DTSTART:20261012T080000Z",
        'DTSTART;X="a:b;c:20261012T080000Z',
    ],
)
def test_what_makes_no_sense_takes_no_time_and_the_rest_is_read(entry: str) -> None:
    assert read(calendar(entry, DENTIST)) == read(calendar(DENTIST))


def test_an_unknown_rule_leaves_the_first_date_and_an_unknown_zone_is_ones_own() -> None:
    entry = DENTIST.replace("Europe/London", "Mars/Olympus") + "\nRRULE:FREQ=SECONDLY"
    assert read(calendar(entry)) == read(calendar(DENTIST))


@given(st.binary(max_size=300), st.integers(0, 400))
def test_bytes_of_any_kind_are_answered(noise: bytes, place: int) -> None:
    whole = calendar(DENTIST + "\nRRULE:FREQ=WEEKLY;BYDAY=MO\nEXDATE:20261019T083000Z")
    answer = read(whole[:place] + noise + whole[place:])
    assert isinstance(answer, (tuple, Refusal))


# --- as another reader finds them -------------------------------------------------------------------------------


def drawn(chance: Random) -> bytes:
    """A calendar with a few appointments, most of them recurring."""
    entries = []
    for _ in range(4):
        day = date(2026, chance.randint(1, 12), chance.randint(1, 28))
        hour = chance.randint(0, 23)
        zone = chance.choice([";TZID=Europe/London", ";TZID=America/New_York", ""])
        lines = [
            f"DTSTART{zone}:{day:%Y%m%d}T{hour:02}0000{'' if zone else 'Z'}",
            f"DURATION:PT{chance.randint(1, 5)}H",
        ]
        rule = chance.choice(
            ["", "FREQ=DAILY;COUNT=9", "FREQ=WEEKLY;INTERVAL=2", "FREQ=MONTHLY", "FREQ=MONTHLY;BYDAY=1MO"]
        )
        if rule.endswith("1MO"):
            day += timedelta(days=(7 - day.weekday()) % 7 - day.day + 1 if day.day > 7 else -day.weekday() % 7)
        lines += [f"RRULE:{rule}"] if rule and not rule.endswith("1MO") else []
        entries.append("\n".join(lines))
    return calendar(*entries)


@pytest.mark.parametrize("seed", range(12))
def test_another_reader_finds_the_same_times(seed: int) -> None:
    content = drawn(Random(seed))
    start, end = NOW - BEHIND, NOW + AHEAD
    found = []
    for event in recurring_ical_events.of(icalendar.Calendar.from_ical(content)).between(start, end):
        begins, ends = (event[name].dt.astimezone(UTC) for name in ("DTSTART", "DTEND"))
        found.append((max(begins, start), min(ends, end)))
    assert read(content) == merged(found)
