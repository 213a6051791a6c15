"""The form of a window: what it begins with, what a draft puts into it, and what it describes, every problem noted."""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

from threefold.core.booking import IfTwo
from threefold.core.refusal import Refusal
from threefold.core.slots import SessionShape
from threefold.core.window import (
    MOST_AT_ONCE,
    Opening,
    Room,
    Way,
    check_close,
    check_length,
    read_days,
    read_moments,
    read_rooms,
    starts,
)
from threefold.store.rows import CohortRow
from threefold.store.tables import PracticeWindow
from threefold.web.forms import Form

T = TypeVar("T")
MOST_WEEKS = 12
MOST_EACH = 5


def usual(cohort: CohortRow) -> dict[str, str]:
    """What the form begins with."""
    return {
        "date": "",
        "start": "17:00",
        "end": "19:00",
        "weeks": "1",
        "leaving_out": "",
        "other_times": "",
        "way": Way.JOINED.value,
        "closes_date": "",
        "closes_time": "12:00",
        "place": cohort.place,
        "link": cohort.link,
        "rooms": "",
        "at_once": "1",
        "rounds": str(cohort.rounds),
        "practice": str(cohort.practice_minutes),
        "feedback": str(cohort.feedback_minutes),
        "opening": "10",
        "closing": "10",
        "most_each": "1",
        "if_two": IfTwo.GO_AHEAD.value,
        "steps_out_until": "2",
    }


def values_of(window: PracticeWindow, cohort: CohortRow) -> dict[str, str]:
    """A draft as the form has it: every time but the first stands among the further ones."""
    first = datetime.fromisoformat(window.times[0])
    shape = SessionShape(*window.shape)
    closes = window.closes_at.astimezone(ZoneInfo(cohort.zone)) if window.closes_at else None
    return usual(cohort) | {
        "date": f"{first:%Y-%m-%d}",
        "start": f"{first:%H:%M}",
        "end": f"{first + timedelta(minutes=window.minutes):%H:%M}",
        "other_times": "\n".join(each.replace("T", " ") for each in window.times[1:]),
        "way": window.way,
        "closes_date": f"{closes:%Y-%m-%d}" if closes else "",
        "closes_time": f"{closes:%H:%M}" if closes else "12:00",
        "place": window.place,
        "link": window.link,
        "rooms": "\n".join(Room(r["name"], r["people"], tuple(r["access"])).line for r in window.rooms),
        "at_once": str(window.at_once),
        "rounds": str(shape.rounds),
        "practice": str(shape.practice),
        "feedback": str(shape.feedback),
        "opening": str(shape.opening),
        "closing": str(shape.closing),
        "most_each": str(window.most_each),
        "if_two": window.if_two,
        "steps_out_until": str(window.steps_out_until),
    }


def read_opening(form: Form, cohort: CohortRow, now: datetime) -> Opening | None:
    """The window a form describes; every problem is noted on the form, and None means that there is one."""
    first, start, end = (
        _read(date.fromisoformat, form.get("date")),
        _read(time.fromisoformat, form.get("start")),
        _read(time.fromisoformat, form.get("end")),
    )
    weeks = form.whole("weeks", "Choose how many weeks", least=1, most=MOST_WEEKS)
    times = _or_noted(form, starts(
        first, start, weeks, _or_noted(form, read_days(form.get("leaving_out"))) or (),
        _or_noted(form, read_moments(form.get("other_times"))) or (), cohort.zone, now,
    ))  # fmt: skip
    minutes = _minutes(start, end)
    if end is None or minutes == 0:
        form.problem("end", "Enter when it ends, like 19:00, after it begins")
    shape = SessionShape(
        form.whole("rounds", "Enter a number of rounds from 1 to 6", least=1, most=6),
        form.whole("practice", "Enter the minutes of practice in a round, from 1 to 180", least=1, most=180),
        form.whole("feedback", "Enter the minutes of feedback after a round, from 0 to 120", least=0, most=120),
        form.whole("opening", "Enter the minutes for the welcome, from 0 to 60", least=0, most=60),
        form.whole("closing", "Enter the minutes for the close, from 0 to 60", least=0, most=60),
    )
    if minutes and (long := check_length(shape, minutes)):
        form.add(long)
    place, link = form.text("place", most=200), form.link("link")
    if not place and not link:
        form.problem("place", "Enter where you meet, or a link if you meet online")
    rooms = _or_noted(form, read_rooms(form.get("rooms"))) or ()
    at_once = form.whole("at_once", "Choose how many triads there can be at once", least=1, most=MOST_AT_ONCE)
    if rooms and len(rooms) < at_once:
        form.problem("rooms", f"Name {at_once} rooms, one for each triad, or leave them all out")
    way = Way(form.one_of("way", [each.value for each in Way], "Choose how triads come about"))
    closes = None
    if way is Way.MATCHED:
        closes_day = _read(date.fromisoformat, form.get("closes_date"))
        closes_time = _read(time.fromisoformat, form.get("closes_time"))
        wall = datetime.combine(closes_day, closes_time) if closes_day and closes_time else None
        closes = _or_noted(form, check_close(way, wall, cohort.zone, times or (), now))
    opening = Opening(
        way=way,
        times=times or (),
        minutes=minutes,
        shape=shape,
        place=place,
        link=link,
        rooms=rooms,
        at_once=at_once,
        most_each=form.whole("most_each", "Choose how often each may book", least=1, most=MOST_EACH),
        if_two=IfTwo(form.one_of("if_two", [each.value for each in IfTwo], "Choose what happens with two")),
        steps_out_until=form.whole("steps_out_until", "Choose until when people can step out", least=1, most=48),
        closes_at=closes,
    )
    return None if form.problems else opening


def _minutes(start: time | None, end: time | None) -> int:
    """From the one to the other on one evening; past midnight it ends the day after. 0 for what cannot be."""
    if start is None or end is None:
        return 0
    between = (end.hour - start.hour) * 60 + end.minute - start.minute
    return between % (24 * 60) if between < -18 * 60 or between >= 0 else 0


def _read(reader: Callable[[str], T], typed: str) -> T | None:
    try:
        return reader(typed.strip())
    except ValueError:
        return None


def _or_noted(form: Form, found: T | Refusal) -> T | None:
    if isinstance(found, Refusal):
        form.add(found)
        return None
    return found
