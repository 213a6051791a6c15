"""Extra practice for tutors: what is open, a time to open with what trainees would see of it, calling it off."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from litestar import get, post
from litestar.params import FromPath
from sqlalchemy.orm import Session

from threefold.booking import forming, windows
from threefold.booking.actions import Desk
from threefold.booking.heat import Heat, Owing, heat_of, owing
from threefold.booking.overview import WindowShown, trainees_of, window_shown, windows_of
from threefold.core.booking import IfTwo
from threefold.core.refusal import Refusal
from threefold.core.slots import SessionShape, moment, sentence
from threefold.core.window import (
    MOST_AT_ONCE,
    Opening,
    Room,
    Way,
    check_close,
    check_length,
    in_short,
    read_days,
    read_moments,
    read_rooms,
    starts,
)
from threefold.store.rows import CohortRow
from threefold.store.sessions import Me
from threefold.store.tables import PracticeWindow
from threefold.store.within import NotYours
from threefold.web.access import Right, cohort_for, window_for
from threefold.web.forms import Form
from threefold.web.visit import Answer, Visit, Visited, signed_in

T = TypeVar("T")
MOST_WEEKS = 12
MOST_EACH = 5
STEPS_OUT = (1, 2, 6, 12, 24, 48)  # hours before the start
DONE = {
    "opened": "Open. Each trainee gets one letter about it within a minute or two.",
    "draft": "Kept as a draft. Nobody has been told.",
    "off": "Called off. Whoever had booked is told.",
    "formed": "The triads are formed, and everybody who offered times hears of it.",
}


@dataclass(frozen=True)
class NewWindow:
    """The form, as typed so far, with what is known that helps to fill it in."""

    cohort: CohortRow
    id: UUID
    values: Mapping[str, str]
    trainees: int
    heat: Heat | None
    owing: tuple[Owing, ...]
    seen: Opening | None  # what trainees would see, once somebody asked to look

    @property
    def first_seen(self) -> datetime | None:
        return moment(self.seen.times[0], self.cohort.zone)[0] if self.seen else None

    @property
    def button(self) -> str:
        return f"Open {in_short(int(self.values['weeks'] or 1), self.seen.times)}" if self.seen else "Open this"

    @property
    def total(self) -> str:
        """The length of a practice in words, as far as the numbers typed so far can be read."""
        minutes = [self.values[name] for name in ("rounds", "practice", "feedback", "opening", "closing")]
        if not all(each.isascii() and each.isdigit() and len(each) < 4 for each in minutes):
            return ""
        return sentence(SessionShape(*map(int, minutes)))


# --- what is open ---------------------------------------------------------------------------------------------------


@get("/cohorts/{cohort_id:uuid}/windows", **signed_in)
async def listed(visit: Visited, cohort_id: FromPath[UUID]) -> Answer:
    page = await visit.read(lambda db, me: windows_of(db, cohort_for(db, me, cohort_id, Right.TUTOR), visit.now))
    done = DONE.get(visit.request.query_params.get("done", ""), "")
    return visit.page("booking/windows.html", page=page, done=done, problems=())


@get("/windows/{window_id:uuid}", **signed_in)
async def show(visit: Visited, window_id: FromPath[UUID]) -> Answer:
    """One window: who booked, or who offered; a draft is the form it was kept from."""
    return await _show(visit, window_id, None)


async def _show(visit: Visit, window_id: UUID, refusal: Refusal | None) -> Answer:
    def work(db: Session, me: Me) -> WindowShown | NewWindow:
        within, entity = window_for(db, me, window_id, Right.TUTOR)
        if entity.opened_at is None and entity.called_off_at is None:
            values = _values_of(entity, within.cohort)
            return _form(db, visit, within.cohort, window_id, values, None)
        return window_shown(db, within, entity, visit.now)

    page = await visit.read(work)
    if isinstance(page, NewWindow):
        return visit.page("booking/new.html", page=page, problems=())
    done = "" if refusal else DONE.get(visit.request.query_params.get("done", ""), "")
    problems = refusal.problems if refusal else ()
    return visit.page("booking/window.html", status=422 if refusal else 200, page=page, done=done, problems=problems)


# --- opening --------------------------------------------------------------------------------------------------------


@get("/cohorts/{cohort_id:uuid}/windows/new", **signed_in)
async def blank(visit: Visited, cohort_id: FromPath[UUID]) -> Answer:
    def work(db: Session, me: Me) -> NewWindow:
        cohort = _cohort(db, me, cohort_id)
        return _form(db, visit, cohort, visit.new_id(), _usual(cohort), None)

    return visit.page("booking/new.html", page=await visit.read(work), problems=())


@post("/cohorts/{cohort_id:uuid}/windows", status_code=303, **signed_in)
async def keep(visit: Visited, cohort_id: FromPath[UUID]) -> Answer:
    """Look at what trainees would see, keep it as a draft, or open it, as `do` says."""
    form = await visit.form()
    do = form.one_of("do", ("look", "draft", "open"), "Choose whether to look, to keep it as a draft, or to open it")
    cohort = await visit.read(lambda db, me: _cohort(db, me, cohort_id))
    found = read_opening(form, cohort, visit.now)
    id_ = form.id("id") or visit.new_id()

    async def page(seen: Opening | None) -> NewWindow:
        values = {name: form.get(name, usual) for name, usual in _usual(cohort).items()}
        return await visit.read(lambda db, me: _form(db, visit, _cohort(db, me, cohort_id), id_, values, seen))

    if form.refusal or found is None:
        return visit.refused("booking/new.html", form.refusal or Refusal(()), page=await page(None))
    if do == "look":
        return visit.page("booking/new.html", page=await page(found), problems=())

    def work(db: Session, me: Me) -> Refusal | None:
        desk = Desk(_cohort(db, me, cohort_id), visit.house.settings.mail_domain, me.id, visit.now, visit.new_id)
        return (windows.open_ if do == "open" else windows.keep)(db, desk, id_, found)

    refusal = await visit.write(work)
    if refusal:
        return visit.refused("booking/new.html", refusal, page=await page(found))
    return visit.go(f"/cohorts/{cohort_id}/windows?done={'opened' if do == 'open' else 'draft'}")


def _cohort(db: Session, me: Me, cohort_id: UUID) -> CohortRow:
    """Extra practice belongs to a term that people know of."""
    cohort = cohort_for(db, me, cohort_id, Right.TUTOR).cohort
    if cohort.published_at is None or cohort.archived_at is not None:
        raise NotYours
    return cohort


def _form(
    db: Session, visit: Visit, cohort: CohortRow, id_: UUID, values: Mapping[str, str], seen: Opening | None
) -> NewWindow:
    people = trainees_of(db, cohort.id)
    return NewWindow(
        cohort, id_, values, len(people), heat_of(db, people, cohort.zone, visit.now),
        owing(db, people, cohort, visit.now), seen,
    )  # fmt: skip


def _usual(cohort: CohortRow) -> dict[str, str]:
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


def _values_of(window: PracticeWindow, cohort: CohortRow) -> dict[str, str]:
    """A draft as the form has it: every time but the first stands among the further ones."""
    first = datetime.fromisoformat(window.times[0])
    shape = SessionShape(*window.shape)
    closes = moment_in(window.closes_at, cohort.zone)
    return _usual(cohort) | {
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


def moment_in(at: datetime | None, zone: str) -> datetime | None:
    """On the wall clock of a zone."""
    return at.astimezone(ZoneInfo(zone)) if at else None


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


# --- calling off, and forming triads --------------------------------------------------------------------------------


@get("/windows/{window_id:uuid}/cancellation", **signed_in)
async def before_calling_off(visit: Visited, window_id: FromPath[UUID]) -> Answer:
    def work(db: Session, me: Me) -> WindowShown:
        within, entity = window_for(db, me, window_id, Right.TUTOR)
        return window_shown(db, within, entity, visit.now)

    return visit.page("booking/cancellation.html", page=await visit.read(work), problems=())


@post("/windows/{window_id:uuid}/cancellation", status_code=303, **signed_in)
async def call_off(visit: Visited, window_id: FromPath[UUID]) -> Answer:
    cohort_id = (await visit.read(lambda db, me: window_for(db, me, window_id, Right.TUTOR)[0])).cohort.id

    def work(db: Session, me: Me) -> None:
        within, entity = window_for(db, me, window_id, Right.TUTOR)
        desk = Desk(within.cohort, visit.house.settings.mail_domain, me.id, visit.now, visit.new_id)
        windows.call_off(db, desk, entity)

    await visit.tell([cohort_id], work)
    return visit.go(f"/cohorts/{cohort_id}/windows?done=off")


@post("/windows/{window_id:uuid}/triads", status_code=303, **signed_in)
async def form_now(visit: Visited, window_id: FromPath[UUID]) -> Answer:
    """Form the triads of what people have offered so far, without waiting for the close."""

    def look(db: Session, me: Me) -> forming.Question | None:
        within, entity = window_for(db, me, window_id, Right.TUTOR)
        return forming.question(db, within.cohort, entity, visit.now)

    question = await visit.read(look)
    if question is None:
        return await _show(visit, window_id, Refusal.because("There is nothing to form here, or it has been done."))
    answer = await forming.answer(question)

    def work(db: Session, me: Me) -> Refusal | None:
        within, entity = window_for(db, me, window_id, Right.TUTOR)
        desk = Desk(within.cohort, visit.house.settings.mail_domain, me.id, visit.now, visit.new_id)
        return windows.form(
            db, desk, entity, answer.formed, answer.unplaced, version=question.version, new_id=visit.new_id
        )

    refusal = await visit.tell([question.cohort_id], work)
    if refusal:
        return await _show(visit, window_id, refusal)
    return visit.go(f"/windows/{window_id}?done=formed")


routes = [listed, show, blank, keep, before_calling_off, call_off, form_now]
