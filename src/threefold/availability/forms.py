"""A week and a date as forms carry them: ticked hours by day and by how, in fields that the list and the grid share."""

import re
from collections.abc import Sequence
from datetime import date, time

from threefold.core.availability import (
    ALL_HOURS,
    DAY,
    USUAL_HOURS,
    Dates,
    Day,
    How,
    Painted,
    Span,
    check_dates,
    hour_of,
    tidy,
)
from threefold.core.refusal import Refusal
from threefold.web.forms import Form

HOURS = {"usual": USUAL_HOURS, "all": ALL_HOURS}
TICKED = (How.FREE, How.IF_NEEDED)  # where an hour is ticked as both, the later one counts: it promises less
_SPAN = re.compile(r"(\d{1,4})-(\d{1,4})-(free|if_needed)")


def read_week(form: Form) -> Painted:
    """What is ticked; a value that is no hour of the page's says nothing."""
    hours = HOURS.get(form.get("hours"), USUAL_HOURS)
    named = {said(hour): hour for hour in hours}
    days: list[dict[int, How]] = [{} for _ in range(7)]
    for number, day in enumerate(days):
        for how in TICKED:
            day.update({named[value]: how for value in form.all(f"{how.value}_{number}") if value in named})
    return Painted(hours, tuple(days))


def fields_of(days: Sequence[Day], hours: range) -> dict[str, list[str]]:
    """The same week as the fields that would be sent for it."""
    fields: dict[str, list[str]] = {}
    for number, day in enumerate(days):
        for how in TICKED:
            if ticked := [said(hour) for hour in hours if hour_of(day, hour) is how]:
                fields[f"{how.value}_{number}"] = ticked
    return fields


def name_of(hours: range) -> str:
    return next(name for name, each in HOURS.items() if each == hours)


def said(hour: int) -> str:
    """18:00, as a ticked hour is called."""
    return f"{hour:02}:00"


def read_dates(form: Form, *, zone: str, today: date) -> Dates | Refusal:
    """What somebody says of one date or several."""
    how = form.get("how")
    begins, ends = (_clock(form, name) for name in ("begins", "ends"))
    first, last = (_date(form.get(name)) for name in ("first", "last"))
    if last is None and form.get("last").strip():
        form.problem("last", "Enter the last date, or leave it empty")
    found = check_dates(first, last, How(how) if how in _HOWS else None, begins, ends, zone=zone, today=today)
    if isinstance(found, Refusal):
        form.add(found)
    return form.refusal or found


_HOWS = {How.FREE.value, How.IF_NEEDED.value, How.NOT_FREE.value}


def day_as_words(day: Day) -> str:
    """A date's marks as one field carries them, for undoing."""
    return ",".join(f"{span.minute}-{span.minutes}-{span.how.value}" for span in day)


def read_day(words: str) -> Day:
    """What `day_as_words` wrote; anything else says nothing."""
    found = (_SPAN.fullmatch(part) for part in words.split(",")[:48])
    spans = [Span(int(part[1]), int(part[2]), How(part[3])) for part in found if part]
    return tidy(span for span in spans if span.minutes > 0 and span.end <= DAY)


def read_date(form: Form) -> date | None:
    """The date a button stands for."""
    return _date(form.get("on"))


def _date(typed: str) -> date | None:
    try:
        return date.fromisoformat(typed.strip())
    except ValueError:
        return None


def _clock(form: Form, name: str) -> time | None:
    if not form.get(name).strip():
        return None
    found = form.clock(name, "Enter a time like 18:00, or leave it empty for the whole day")
    return found.replace(second=0, microsecond=0, tzinfo=None)
