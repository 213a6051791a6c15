"""A published term's times, places and rounds, changed from a date on; what follows is shown first."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import time
from typing import TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from litestar import get, post
from litestar.params import FromPath
from sqlalchemy.orm import Session

from threefold.core.meeting import When
from threefold.core.refusal import Problem, Refusal
from threefold.core.said import day
from threefold.core.slots import MOST_MINUTES, SessionShape, check_shape, fits, sentence
from threefold.core.usual import Meets, Usual, changed, shorter_in_fours
from threefold.practice.changes import Hears, heard
from threefold.repairs import usual
from threefold.repairs.actions import CHANGED
from threefold.repairs.meanwhile import busy_then
from threefold.repairs.usual import NewTerm, sessions_to_come
from threefold.store.courses import CourseNow, course_now
from threefold.store.rows import CohortRow
from threefold.store.sessions import Me
from threefold.store.within import NotYours
from threefold.web.access import Right, cohort_for
from threefold.web.forms import Form
from threefold.web.visit import Answer, Visit, Visited, signed_in

T = TypeVar("T")
SHAPE = ("rounds", "practice", "feedback", "opening", "closing")
FIELDS = ("weekday", "start", "minutes", "place", "link", "rooms", *SHAPE)
MOST_ROOMS = 30
TRIES = 3


@dataclass(frozen=True)
class TermPage:
    """The sessions to come, the form's words and, once looked at, what follows from them."""

    cohort: CohortRow
    sessions: tuple[Meets[UUID], ...]
    values: dict[str, str]
    shown: dict[str, str]  # what the form showed before anybody typed: only what differs from it is changed
    total: str
    warning: str
    notes: tuple[tuple[str, str], ...] = ()
    hears: tuple[Hears, ...] | None = None


@get("/cohorts/{cohort_id:uuid}/term", **signed_in)
async def show(visit: Visited, cohort_id: FromPath[UUID]) -> Answer:
    def work(db: Session, me: Me) -> tuple[CohortRow, tuple[Meets[UUID], ...]]:
        cohort = published(db, me, cohort_id)
        return cohort, usual.ahead(db, cohort, visit.now)

    cohort, sessions = await visit.read(work)
    return visit.page("repairs/term.html", page=blank(cohort, sessions), problems=())


def published(db: Session, me: Me, cohort_id: UUID) -> CohortRow:
    cohort = cohort_for(db, me, cohort_id, Right.TUTOR).cohort
    if cohort.published_at is None:
        raise NotYours
    return cohort


def blank(cohort: CohortRow, sessions: tuple[Meets[UUID], ...], form: Form | None = None) -> TermPage:
    """The form as the first session to come has it, or as it was sent."""
    first = sessions[0] if sessions else None
    begins = first.starts_at.astimezone(ZoneInfo(cohort.zone)) if first else None
    shape = first.shape if first else cohort.shape
    now = {
        "weekday": str(begins.weekday()) if begins else "0",
        "start": f"{begins:%H:%M}" if begins else "",
        "minutes": str(first.minutes if first else cohort.minutes or ""),
        "place": first.place if first else cohort.place,
        "link": first.link if first else cohort.link,
        "rooms": "\n".join(cohort.rooms),
        "rounds": str(shape.rounds),
        "practice": str(shape.practice),
        "feedback": str(shape.feedback),
        "opening": str(shape.opening),
        "closing": str(shape.closing),
    }
    shown = {name: form.get(f"was-{name}") if form and form.has(f"was-{name}") else now[name] for name in FIELDS}
    values = {name: form.get(name) if form and form.has(name) else shown[name] for name in FIELDS}
    values["practice_id"] = form.get("from") if form else str(first.id) if first else ""
    typed, minutes = read_shape(values), number(values["minutes"])
    fit = fits(typed, minutes) if isinstance(typed, SessionShape) and minutes else None
    four = fits(typed, minutes, 4) if isinstance(typed, SessionShape) and minutes else None
    has_fours = any(4 in each.sizes for each in sessions)
    said = fit if fit and fit.spare < 0 else four if has_fours and four and typed != four.shape else None
    return TermPage(
        cohort,
        sessions,
        values,
        shown,
        sentence(typed if isinstance(typed, SessionShape) else shape),
        said.sentence if said else "",
    )


@post("/cohorts/{cohort_id:uuid}/term", status_code=303, **signed_in)
async def change(visit: Visited, cohort_id: FromPath[UUID]) -> Answer:
    """Show what follows (`do` is "look"), or do it and tell those who would notice."""
    form = await visit.form()
    for _ in range(TRIES):
        page, course = await visit.read(loaded(visit, cohort_id, form))
        read = read_usual(form, page)
        if isinstance(read, Refusal):
            return visit.refused("repairs/term.html", read, page=page)
        was, wanted = read
        chosen = sessions_to_come(course, form.id("from"))
        after = changed(chosen, was, wanted, page.cohort.zone, now=visit.now)
        if isinstance(after, Refusal):
            return visit.refused("repairs/term.html", after, page=page)
        dealt = await asyncio.to_thread(usual.deal, course, page.cohort, chosen, after)
        new = NewTerm(was, wanted, chosen, after, dealt, course.version)
        work = changing(visit, cohort_id, new)
        if form.get("do") != "tell":
            outcome = await visit.rehearse([cohort_id], work)
            if not isinstance(outcome, Refusal):
                notes = await visit.read(noted(new, course, page))
                page = replace(page, notes=notes, hears=heard(outcome or ()))
                return visit.page("repairs/term.html", page=page, problems=())
        else:
            outcome = await visit.tell([cohort_id], work)
            if not isinstance(outcome, Refusal):
                return visit.go(f"/cohorts/{cohort_id}")
        if outcome.problems[0].sentence != CHANGED:
            return visit.refused("repairs/term.html", outcome, page=page)
    return visit.busy()


def loaded(visit: Visit, cohort_id: UUID, form: Form) -> Callable[[Session, Me], tuple[TermPage, CourseNow]]:
    def work(db: Session, me: Me) -> tuple[TermPage, CourseNow]:
        cohort = published(db, me, cohort_id)
        course = course_now(db, cohort, visit.now)
        return blank(cohort, sessions_to_come(course, None), form), course

    return work


def changing(visit: Visit, cohort_id: UUID, new: NewTerm) -> Callable[[Session, Me], Refusal | None]:
    def work(db: Session, me: Me) -> Refusal | None:
        within = cohort_for(db, me, cohort_id, Right.TUTOR)
        domain = visit.house.settings.mail_domain
        return usual.change_term(db, within, new, domain=domain, by=me, now=visit.now, new_id=visit.new_id)

    return work


def noted(new: NewTerm, course: CourseNow, page: TermPage) -> Callable[[Session, Me], tuple[tuple[str, str], ...]]:
    """What else is worth a look before this is done: (what, about what)."""
    zone = page.cohort.zone

    def work(db: Session, _me: Me) -> tuple[tuple[str, str], ...]:
        found = [
            (f"{day(each.starts_at, zone)}: shorter rounds in groups of four", said)
            for each, said in shorter_in_fours(new.before, new.after)
        ]
        moved = [
            n
            for w, n in zip(new.before, new.after, strict=True)
            if (w.starts_at, w.ends_at) != (n.starts_at, n.ends_at)
        ]
        whens = [When(each.starts_at, each.ends_at) for each in moved]
        people = [UUID(person) for person in course.problem.people]
        busy = busy_then(db, people, whens, leave_out=[each.id for each in new.after])
        found += [(f"{name} has another session then", "Only one of them can be held with everybody.") for name in busy]
        turned = sum(len(groups) for groups in new.dealt.values())
        if turned:
            found.append(("Roles are shared out anew", f"In {turned} groups, since their number of rounds changes."))
        return tuple(found)

    return work


def read_usual(form: Form, page: TermPage) -> tuple[Usual, Usual] | Refusal:
    """What the form showed, and what was typed; or every problem at once."""
    problems: list[Problem] = []
    if form.id("from") not in {each.id for each in page.sessions}:
        problems.append(Problem("from", "Choose a session that is still to come."))
    link, place = form.link("link"), form.text("place", most=200)
    if not place and not link:
        form.problem("place", "Enter where you meet, or a link if you meet online.")
    was, typed = (read_values(values, problems) for values in (page.shown, page.values))
    problems += form.problems
    if problems or was is None or typed is None:
        return Refusal(tuple(dict.fromkeys(problems)))
    return was, replace(typed, place=place, link=link)


def read_values(values: dict[str, str], problems: list[Problem]) -> Usual | None:
    weekday, start, minutes = (
        number(values["weekday"]),
        _read(time.fromisoformat, values["start"]),
        number(values["minutes"]),
    )
    shape = read_shape(values)
    if isinstance(shape, Refusal):
        problems.extend(shape.problems)
    for name, wrong, what in (
        ("weekday", weekday is None or weekday > 6, "Choose the day you meet"),
        ("start", start is None, "Enter a start time like 18:30"),
        ("minutes", minutes is None or not 10 <= minutes <= MOST_MINUTES, "Enter a length from 10 minutes to 12 hours"),
    ):
        if wrong:
            problems.append(Problem(name, what))
    if weekday is None or start is None or minutes is None or isinstance(shape, Refusal):
        return None
    rooms = tuple(room for line in values["rooms"].splitlines() if (room := " ".join(line.split())[:60]))
    start = start.replace(second=0, microsecond=0, tzinfo=None)
    return Usual(weekday, start, minutes, values["place"], values["link"], rooms[:MOST_ROOMS], shape)


def read_shape(values: dict[str, str]) -> SessionShape | Refusal:
    return check_shape(*(number(values[name]) for name in SHAPE))


def number(typed: str) -> int | None:
    typed = typed.strip()
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 5 else None


def _read(reader: Callable[[str], T], typed: str) -> T | None:
    try:
        return reader(typed.strip())
    except ValueError:
        return None


routes = [show, change]
