"""On which dates things recur, beside another's reckoning of the same rules."""

from datetime import date, datetime, timedelta

import pytest
from dateutil.rrule import rrulestr  # type: ignore[import-untyped] # has none; a test's oracle
from hypothesis import given
from hypothesis import strategies as st

from threefold.core.recurring import DAYS, Patience, Rule, TooMuch, dates, read_rule


def on(rule: str, first: date, start: date, end: date, patience: int = 50_000) -> list[date]:
    read = read_rule(rule)
    assert read is not None
    return list(dates(read, first, start, end, Patience(patience)))


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("FREQ=DAILY;COUNT=3", ["10-01", "10-02", "10-03"]),
        ("FREQ=WEEKLY;BYDAY=TU,TH;COUNT=4", ["10-01", "10-06", "10-08", "10-13"]),
        ("FREQ=WEEKLY;INTERVAL=2", ["10-01", "10-15", "10-29", "11-12", "11-26"]),
        ("FREQ=MONTHLY;BYDAY=-1FR", ["10-01", "10-30", "11-27"]),
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", ["10-01", "10-30", "11-30"]),
        ("FREQ=MONTHLY;BYMONTHDAY=-1,15", ["10-01", "10-15", "10-31", "11-15", "11-30"]),
        ("FREQ=YEARLY;BYMONTH=11;BYDAY=2TU", ["10-01", "11-10"]),
        ("FREQ=DAILY;BYMONTHDAY=31;BYMONTH=2", ["10-01"]),
    ],
)
def test_what_calendars_hold(rule: str, expected: list[str]) -> None:
    first = date(2026, 10, 1)
    assert [f"{day:%m-%d}" for day in on(rule, first, first, date(2026, 11, 30))] == expected


@pytest.mark.parametrize(
    "words",
    [
        "", "FREQ=", "FREQ=SECONDLY", "FREQ=HOURLY;INTERVAL=1", "FREQ=DAILY;INTERVAL=0", "FREQ=DAILY;INTERVAL=x",
        "FREQ=DAILY;COUNT=0", "FREQ=YEARLY;BYWEEKNO=20", "FREQ=YEARLY;BYYEARDAY=1", "FREQ=DAILY;BYHOUR=1,2,3",
        "FREQ=WEEKLY;BYDAY=XX", "FREQ=WEEKLY;BYDAY=", "FREQ=DAILY;COUNT=" + "9" * 5000,
        "\x00;=;=", "FREQ=DAILY;WKST=ZZ",
    ],
)  # fmt: skip
def test_what_they_do_not_hold_is_not_guessed_at(words: str) -> None:
    assert read_rule(words) is None


def test_one_hour_named_again_changes_nothing() -> None:
    assert read_rule("FREQ=DAILY;BYHOUR=18;BYMINUTE=30") == Rule("DAILY")


def test_an_endless_rule_costs_its_window_and_a_counted_one_all_its_periods() -> None:
    start, end = date(2026, 10, 1), date(2026, 10, 31)
    assert len(on("FREQ=DAILY", date(1900, 1, 1), start, end, patience=40)) == 31
    assert on("FREQ=YEARLY", date(1, 1, 1), start, date(9999, 12, 31), patience=8000 * 15)[-1] == date(9999, 1, 1)
    with pytest.raises(TooMuch):
        on("FREQ=DAILY;COUNT=999999", date(1800, 1, 1), start, end)
    with pytest.raises(TooMuch):
        on("FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30", start, start, date(9999, 12, 31))


weekdays = st.sampled_from(DAYS)


@st.composite
def rules(draw: st.DrawFn) -> str:
    frequency = draw(st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]))
    parts = [f"FREQ={frequency}", f"INTERVAL={draw(st.integers(1, 4))}"]
    some = draw(st.booleans())
    if draw(st.booleans()):
        parts.append(f"COUNT={draw(st.integers(1, 40))}")
    if draw(st.booleans()):
        days = draw(st.lists(weekdays, min_size=1, max_size=3, unique=True))
        ordinal = frequency in {"MONTHLY", "YEARLY"} and some
        which = draw(st.sampled_from(["1", "2", "-1"])) if ordinal else ""
        parts.append(f"BYDAY={','.join(which + day for day in days)}")
    if frequency in {"MONTHLY", "YEARLY", "DAILY"} and draw(st.booleans()) and not (some and "BYDAY" in parts[-1]):
        month_days = draw(
            st.lists(st.sampled_from([1, 2, 15, 28, 30, 31, -1, -2]), min_size=1, max_size=3, unique=True)
        )
        parts.append(f"BYMONTHDAY={','.join(map(str, month_days))}")
    if draw(st.booleans()):
        months = draw(st.lists(st.integers(1, 12), min_size=1, max_size=4, unique=True))
        parts.append(f"BYMONTH={','.join(map(str, months))}")
    return ";".join(parts)


@given(rules(), st.dates(date(2019, 1, 1), date(2027, 1, 1)), st.dates(date(2026, 1, 1), date(2026, 12, 31)))
def test_another_reckons_the_same_dates(rule: str, first: date, start: date) -> None:
    end = start + timedelta(days=200)
    theirs = rrulestr(rule, dtstart=_midnight(first))
    found = [at.date() for at in theirs.between(_midnight(first), _midnight(end), inc=True)]
    if "COUNT" in rule and first not in found:
        return  # whether a first date that the rule does not mean counts, everybody reads in their own way
    expected = sorted({day for day in [first, *found] if start <= day <= end})
    assert sorted(on(rule, first, start, end)) == expected


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day)  # noqa: DTZ001 - only the date is read
