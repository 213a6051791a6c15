"""Sessions of a cohort: a weekly pattern, the dates to leave out, how each session divides; as typed and as saved."""

from dataclasses import dataclass
from datetime import date, time, timedelta
from functools import cache
from uuid import UUID
from zoneinfo import available_timezones

from litestar import get, post
from litestar.params import FromPath
from sqlalchemy.orm import Session

from threefold.cohorts import actions, queries
from threefold.cohorts.actions import Where
from threefold.core.refusal import Problem, Refusal
from threefold.core.slots import (
    MOST_SESSIONS,
    SessionShape,
    Slot,
    WeeklyPattern,
    check_pattern,
    check_shape,
    dates,
    fits,
    sentence,
    suggested_skips,
)
from threefold.store.rows import CohortRow
from threefold.store.sessions import Me
from threefold.web.access import Right, cohort_for
from threefold.web.forms import Form
from threefold.web.visit import Answer, Visited, signed_in


@dataclass(frozen=True)
class SessionsPage:
    """Step two: the dates of the term, as saved or as just typed."""

    cohort: CohortRow
    steps: queries.Steps
    values: dict[str, str]
    skip: frozenset[str]
    suggestions: tuple[tuple[date, str], ...]
    total: str
    dates: tuple[Slot, ...]
    zones: tuple[tuple[str, str], ...]
    warning: str


def load_sessions(db: Session, me: Me, cohort_id: UUID, form: Form | None, today: date) -> SessionsPage:
    within = cohort_for(db, me, cohort_id, Right.TUTOR)
    cohort = within.cohort
    saved = {
        "zone": cohort.zone,
        "weekday": str(cohort.first_date.weekday()) if cohort.first_date else "3",
        "start": f"{cohort.starts:%H:%M}" if cohort.starts else "18:30",
        "minutes": str(cohort.minutes or 120),
        "first": cohort.first_date.isoformat() if cohort.first_date else "",
        "count": str(cohort.how_many or 10),
        "rounds": str(cohort.rounds),
        "practice": str(cohort.practice_minutes),
        "feedback": str(cohort.feedback_minutes),
        "opening": str(cohort.opening_minutes),
        "closing": str(cohort.closing_minutes),
        "place": cohort.place,
        "link": cohort.link,
        "rooms": "\n".join(cohort.rooms),
        "other_skips": "",
    }
    values = {name: form.get(name) if form and form.has(name) else value for name, value in saved.items()}
    skip = frozenset(form.all("skip")) if form else frozenset(cohort.skip)
    first = _date(values["first"]) or today
    last = first + timedelta(weeks=min(_number(values["count"]) or 10, MOST_SESSIONS) + 4)
    weekday = _number(values["weekday"])
    suggestions = tuple((day, why) for day, why in suggested_skips(first, last) if day.weekday() == weekday)
    suggested = {day.isoformat() for day, _ in suggestions}
    if not (form and form.has("other_skips")):
        values["other_skips"] = "\n".join(day for day in sorted(skip) if day not in suggested)
    typed = Form((*values.items(), *(("skip", day) for day in skip)))
    pattern, shape = read_pattern(typed), read_shape(typed)
    fit = fits(shape, pattern.minutes) if not isinstance(pattern, Refusal) and not isinstance(shape, Refusal) else None
    return SessionsPage(
        cohort,
        queries.steps(db, within, "sessions"),
        values,
        skip,
        suggestions,
        sentence(cohort.shape if isinstance(shape, Refusal) else shape),
        () if isinstance(pattern, Refusal) else dates(pattern),
        _zones(),
        fit.sentence if fit and fit.spare < 0 else "",
    )


@cache
def _zones() -> tuple[tuple[str, str], ...]:
    names = sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith("Etc/"))
    return tuple((zone, zone.replace("_", " ")) for zone in names)


@get("/cohorts/{cohort_id:uuid}/sessions", **signed_in)
async def sessions(visit: Visited, cohort_id: FromPath[UUID]) -> Answer:
    page = await visit.read(lambda db, me: load_sessions(db, me, cohort_id, None, visit.now.date()))
    return visit.page("cohorts/sessions.html", page=page, problems=())


@post("/cohorts/{cohort_id:uuid}/sessions", status_code=303, **signed_in)
async def set_sessions(visit: Visited, cohort_id: FromPath[UUID]) -> Answer:
    form = await visit.form()
    read = read_sessions(form)
    if form.get("do") == "dates":  # scripts off: look at the suggested dates for what is typed now
        page = await visit.read(lambda db, me: load_sessions(db, me, cohort_id, form, visit.now.date()))
        return visit.page("cohorts/sessions.html", page=page, problems=())

    def work(db: Session, me: Me) -> Refusal | None:
        within = cohort_for(db, me, cohort_id, Right.TUTOR)
        if isinstance(read, Refusal):
            return read
        pattern, shape, where = read
        return actions.set_sessions(db, within, pattern, shape, where, by=me, now=visit.now, new_id=visit.new_id)

    refusal = await visit.write(work)
    if refusal:
        page = await visit.read(lambda db, me: load_sessions(db, me, cohort_id, form, visit.now.date()))
        return visit.refused("cohorts/sessions.html", refusal, page=page)
    return visit.go(f"/cohorts/{cohort_id}/framework")


def read_sessions(form: Form) -> tuple[WeeklyPattern, SessionShape, Where] | Refusal:
    """The whole step, or every problem of it at once."""
    pattern, shape = read_pattern(form), read_shape(form)
    problems = [p for read in (pattern, shape) if isinstance(read, Refusal) for p in read.problems]
    place = form.text("place", most=200)
    link = form.link("link")
    if not place and not link:
        problems.append(Problem("place", "Enter where you meet, or a link if you meet online."))
    if isinstance(pattern, WeeklyPattern) and isinstance(shape, SessionShape):
        fit = fits(shape, pattern.minutes)
        if fit.spare < 0:
            problems.append(Problem("minutes", f"{fit.sentence} Make the session longer, or the rounds shorter."))
    problems += form.problems
    if problems or isinstance(pattern, Refusal) or isinstance(shape, Refusal):
        return Refusal(tuple(problems))
    rooms = tuple(room for line in form.get("rooms").splitlines() if (room := " ".join(line.split())[:60]))
    return pattern, shape, Where(place, link, rooms[:30])


def read_pattern(form: Form) -> WeeklyPattern | Refusal:
    """When the cohort meets, as typed; dates to skip are ticked or written out."""
    words = (*form.all("skip"), *form.get("other_skips").replace(",", " ").split())
    written = [(typed, _date(typed)) for typed in words]
    pattern = check_pattern(
        form.get("zone"),
        _number(form.get("weekday")),
        _time(form.get("start")),
        _number(form.get("minutes")),
        _date(form.get("first")),
        _number(form.get("count")),
        frozenset(day for _, day in written if day),
    )
    unread = tuple(
        Problem("other_skips", f"“{typed[:40]}” can’t be read as a date. Write dates like 2026-10-29, one a line.")
        for typed, day in written
        if day is None
    )
    return Refusal((*(pattern.problems if isinstance(pattern, Refusal) else ()), *unread)) if unread else pattern


def read_shape(form: Form) -> SessionShape | Refusal:
    """How a session is divided, as typed."""
    return check_shape(*(_number(form.get(name)) for name in ("rounds", "practice", "feedback", "opening", "closing")))


def _time(typed: str) -> time | None:
    try:
        return time.fromisoformat(typed.strip()).replace(second=0, microsecond=0, tzinfo=None)
    except ValueError:
        return None


def _number(typed: str) -> int | None:
    return int(typed) if typed.strip().isascii() and typed.strip().isdigit() and len(typed) < 7 else None


def _date(typed: str) -> date | None:
    """A date near enough to be one of a course: the calendar's far ends are beyond every clock."""
    try:
        found = date.fromisoformat(typed.strip())
    except ValueError:
        return None
    return found if 2000 <= found.year < 2200 else None


routes = [sessions, set_sessions]
