"""On which dates something recurs by a rule of RFC 5545, looked at within a window and never further.

Only what people's calendars hold: every so many days, weeks, months or years, on these days. A rule that asks for
anything else is not guessed at.
"""

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
MOST_PARTS = 62  # of one list in a rule
_UNKNOWN = {"BYWEEKNO", "BYYEARDAY"}
_OF_THE_DAY = {"BYHOUR", "BYMINUTE", "BYSECOND"}  # one of each says again what the start says


class TooMuch(Exception):  # noqa: N818 - said of what somebody's calendar asks for
    """The rules of a calendar ask for more dates than will be counted."""


@dataclass
class Patience:
    """How much is reckoned in all for one calendar, in days looked at, roughly. Raises TooMuch when it is used up."""

    left: int

    def take(self, cost: int) -> None:
        self.left -= cost
        if self.left < 0:
            raise TooMuch


@dataclass(frozen=True)
class Rule:
    """RFC 5545, 3.3.10. `days`: (which of the period's, 0 for all; weekday, Monday is 0). `until` is as written."""

    frequency: str
    interval: int = 1
    count: int | None = None
    until: str = ""
    days: tuple[tuple[int, int], ...] = ()
    month_days: tuple[int, ...] = ()
    months: tuple[int, ...] = ()
    places: tuple[int, ...] = ()
    week_starts: int = 0


def read_rule(words: str) -> Rule | None:
    """The rule, or None for one that cannot be read, or asks for what nobody's calendar holds."""
    parts = dict(part.upper().partition("=")[::2] for part in words.strip().split(";")[:20] if part)
    try:
        rule = Rule(
            parts.get("FREQ", ""),
            int(parts.get("INTERVAL", "1")),
            int(parts["COUNT"]) if "COUNT" in parts else None,
            parts.get("UNTIL", ""),
            tuple(_day(each) for each in _list(parts, "BYDAY")),
            tuple(int(each) for each in _list(parts, "BYMONTHDAY")),
            tuple(int(each) for each in _list(parts, "BYMONTH")),
            tuple(int(each) for each in _list(parts, "BYSETPOS")),
            DAYS.index(parts.get("WKST", "MO")),
        )
    except (ValueError, OverflowError):
        return None
    odd = _UNKNOWN & parts.keys() or any("," in parts.get(name, "") for name in _OF_THE_DAY)
    wrong = (
        rule.frequency not in FREQUENCIES
        or not 1 <= rule.interval <= 1000
        or (rule.count is not None and rule.count < 1)
    )
    return None if odd or wrong else rule


def dates(rule: Rule, first: date, start: date, end: date, patience: Patience) -> Iterator[date]:
    """The dates from `start` to `end` (both within) on which it recurs that was on `first` the first time.

    The first date always counts. Without a COUNT nothing before `start` is looked at. `until` is the caller's to look
    at: it is a moment. Raises TooMuch.
    """
    if end < first:
        return
    if start <= first:
        yield first
    cost = {"DAILY": 1, "WEEKLY": 2, "MONTHLY": 15}.get(rule.frequency, 150 if rule.days else 15)
    left = None if rule.count is None else rule.count - 1
    number = 0 if left is not None else max(0, _periods(rule, first, start) // rule.interval - 1)
    while left is None or left > 0:
        patience.take(cost)
        begins, found = _period(rule, first, number * rule.interval)
        if begins is None or begins > end:
            return
        for day in found:
            if day <= first or left == 0:
                continue
            left = left - 1 if left is not None else None
            if start <= day <= end:
                yield day
        number += 1


def _periods(rule: Rule, first: date, start: date) -> int:
    """How many days, weeks, months or years lie between, at least."""
    days, months = (start - first).days, (start.year - first.year) * 12 + start.month - first.month
    return {"DAILY": days, "WEEKLY": days // 7, "MONTHLY": months, "YEARLY": months // 12}[rule.frequency]


def _period(rule: Rule, first: date, steps: int) -> tuple[date | None, list[date]]:
    """The so-many-th period: when it begins (None past the end of time), and the dates of it that the rule means."""
    try:
        if rule.frequency == "DAILY":
            begins = first + timedelta(days=steps)
            found = [begins] if _fits(rule, begins) else []
        elif rule.frequency == "WEEKLY":
            begins = first - timedelta(days=(first.weekday() - rule.week_starts) % 7) + timedelta(weeks=steps)
            wanted = {weekday for _, weekday in rule.days} or {first.weekday()}
            week = (begins + timedelta(days=n) for n in range(7))
            found = [day for day in week if day.weekday() in wanted and day.month in (rule.months or range(1, 13))]
        elif rule.frequency == "MONTHLY":
            year, month = divmod(first.year * 12 + first.month - 1 + steps, 12)
            begins = date(year, month + 1, 1)
            found = _of_month(rule, begins, first.day) if begins.month in (rule.months or range(1, 13)) else []
        else:
            begins = date(first.year + steps, 1, 1)
            found = _of_year(rule, begins.year, first)
    except (OverflowError, ValueError):
        return None, []
    return begins, _placed(found, rule.places)


def _fits(rule: Rule, day: date) -> bool:
    length = calendar.monthrange(day.year, day.month)[1]
    return (
        day.month in (rule.months or range(1, 13))
        and (not rule.month_days or day.day in rule.month_days or day.day - length - 1 in rule.month_days)
        and (not rule.days or day.weekday() in {weekday for _, weekday in rule.days})
    )


def _of_month(rule: Rule, begins: date, otherwise: int) -> list[date]:
    length = calendar.monthrange(begins.year, begins.month)[1]
    days = [begins.replace(day=n + 1) for n in range(length)]
    if rule.month_days:
        wanted = {n if n > 0 else length + 1 + n for n in rule.month_days}
        days = [day for day in days if day.day in wanted]
    if rule.days:
        by_day = _by_day([begins.replace(day=n + 1) for n in range(length)], rule.days)
        return [day for day in days if day in by_day]
    return days if rule.month_days else [day for day in days if day.day == otherwise]


def _of_year(rule: Rule, year: int, first: date) -> list[date]:
    if rule.months or rule.month_days:
        # With neither days of the month nor of the week, a rule for months means the first date's day in each.
        months = sorted(set(rule.months) & set(range(1, 13))) or range(1, 13)
        return [day for month in months for day in _of_month(rule, date(year, month, 1), first.day)]
    if rule.days:
        whole = [date(year, 1, 1) + timedelta(days=n) for n in range(366 if calendar.isleap(year) else 365)]
        by_day = _by_day(whole, rule.days)
        return [day for day in whole if day in by_day]
    return [] if (first.month, first.day) == (2, 29) and not calendar.isleap(year) else [first.replace(year=year)]


def _by_day(days: list[date], wanted: tuple[tuple[int, int], ...]) -> set[date]:
    """Every Monday of these days, the first, the last but one."""
    found: set[date] = set()
    for which, weekday in wanted:
        these = [day for day in days if day.weekday() == weekday]
        if which == 0:
            found.update(these)
        elif abs(which) <= len(these):
            found.add(these[which - 1 if which > 0 else which])
    return found


def _placed(days: list[date], places: tuple[int, ...]) -> list[date]:
    if not places:
        return days
    return sorted({days[place - 1 if place > 0 else place] for place in places if 0 < abs(place) <= len(days)})


def _day(words: str) -> tuple[int, int]:
    return int(words[:-2] or "0"), DAYS.index(words[-2:])


def _list(parts: dict[str, str], name: str) -> list[str]:
    return parts[name].split(",")[:MOST_PARTS] if name in parts else []
