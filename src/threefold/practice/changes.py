"""A tutor changes a published session: what would follow is shown first, and who would hear of it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, time
from typing import TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from litestar import get, post
from litestar.params import FromPath
from sqlalchemy.orm import Session

from threefold.core.changed import Difference, differences
from threefold.core.meeting import When, when
from threefold.core.publication import lay_out
from threefold.core.refusal import Problem, Refusal
from threefold.core.term import Kind, Notice
from threefold.matching import CourseProblem
from threefold.plans import queries as plans
from threefold.practice import changing, queries
from threefold.practice.queries import Group
from threefold.store.rows import CohortRow
from threefold.store.sessions import Me
from threefold.store.within import AtPractice, NotYours
from threefold.web.access import Right, cohort_for, practice_for
from threefold.web.forms import Form
from threefold.web.visit import Answer, Visit, Visited, signed_in

T = TypeVar("T")
Work = Callable[[Session, Me], Refusal | None]


@dataclass(frozen=True)
class Hears:
    """People who would get a letter that says the same."""

    names: tuple[str, ...]
    kind: Kind
    changes: tuple[Difference, ...]


@dataclass(frozen=True)
class ChangePage:
    """A session as it stands, the form's words, and (once looked at) who would hear."""

    at: AtPractice
    groups: list[Group]
    values: dict[str, str]
    hears: tuple[Hears, ...] | None = None


def load(practice_id: UUID) -> Callable[[Session, Me], ChangePage]:
    def work(db: Session, me: Me) -> ChangePage:
        at = practice_for(db, me, practice_id, Right.TUTOR)
        groups = queries.groups_at(db, at)
        zone, practice = ZoneInfo(at.cohort.zone), at.practice
        begins = practice.starts_at.astimezone(zone)
        values = {
            "date": begins.date().isoformat(),
            "start": f"{begins:%H:%M}",
            "minutes": str(int((practice.ends_at - practice.starts_at).total_seconds()) // 60),
            "place": practice.place,
            "link": practice.link,
            "second": "",
        }
        return ChangePage(at, groups, values | {f"room-{group.triad_id}": group.room for group in groups})

    return work


def with_words(page: ChangePage, form: Form, hears: tuple[Hears, ...] | None = None) -> ChangePage:
    """The page with every word of the form in place."""
    values = {name: form.get(name) if form.has(name) else value for name, value in page.values.items()}
    return ChangePage(page.at, page.groups, values, hears)


def heard(notices: tuple[Notice, ...]) -> tuple[Hears, ...]:
    together: dict[tuple[Kind, tuple[Difference, ...]], list[str]] = {}
    for each in notices:
        says = differences(each.was, each.shown) if each.kind is Kind.CHANGE and each.was else ()
        together.setdefault((each.kind, says), []).append(each.member.name)
    return tuple(Hears(tuple(names), kind, says) for (kind, says), names in together.items())


@get("/practice/{practice_id:uuid}/change", **signed_in)
async def before_changing(visit: Visited, practice_id: FromPath[UUID]) -> Answer:
    """The form; a time that somebody proposed may stand in the address, and nothing else can."""
    page, asked = await visit.read(load(practice_id)), visit.request.query_params
    filled = {name: asked[name][:20] for name in ("date", "start", "minutes") if name in asked}
    return visit.page("practice/change.html", page=replace(page, values=page.values | filled), problems=())


@post("/practice/{practice_id:uuid}/change", status_code=303, **signed_in)
async def change(visit: Visited, practice_id: FromPath[UUID]) -> Answer:
    """Look at who would hear of it, or do it and tell them."""
    form = await visit.form()
    page = await visit.read(load(practice_id))
    zone = page.at.cohort.zone
    moments = read_when(form, zone, visit)
    place, link = form.text("place", most=200), form.link("link")
    rooms = {group.triad_id: form.text(f"room-{group.triad_id}", most=60) for group in page.groups}
    if not place and not link:
        form.problem("place", "Enter where you meet, or a link if you meet online.")
    if isinstance(moments, Refusal):
        form.add(moments)
    if form.refusal or isinstance(moments, Refusal):
        problems = form.refusal or Refusal(())
        return visit.refused("practice/change.html", problems, page=with_words(page, form))

    def work(db: Session, me: Me) -> Refusal | None:
        at = practice_for(db, me, practice_id, Right.TUTOR)
        return changing.move(
            db, at, moments, place=place, link=link, rooms=rooms, by=me, now=visit.now, new_id=visit.new_id
        )

    return await look_or_tell(visit, page, form, work, "practice/change.html")


@get("/practice/{practice_id:uuid}/cancellation", **signed_in)
async def before_calling_off(visit: Visited, practice_id: FromPath[UUID]) -> Answer:
    return visit.page("practice/cancellation.html", page=await visit.read(load(practice_id)), problems=())


@post("/practice/{practice_id:uuid}/cancellation", status_code=303, **signed_in)
async def call_off(visit: Visited, practice_id: FromPath[UUID]) -> Answer:
    form = await visit.form()
    page = await visit.read(load(practice_id))

    def work(db: Session, me: Me) -> Refusal | None:
        at = practice_for(db, me, practice_id, Right.TUTOR)
        return changing.call_off(db, at, by=me, now=visit.now, new_id=visit.new_id)

    return await look_or_tell(visit, page, form, work, "practice/cancellation.html")


@post("/practice/{practice_id:uuid}/swap", status_code=303, **signed_in)
async def swap(visit: Visited, practice_id: FromPath[UUID]) -> Answer:
    """Two people take each other's place in this session."""
    form = await visit.form()
    page = await visit.read(load(practice_id))
    one, other = form.id("one"), form.id("other")
    if one is None or other is None or one == other:
        problem = Problem("other", "Choose two different people.")
        return visit.refused("practice/change.html", Refusal((problem,)), page=with_words(page, form))

    def work(db: Session, me: Me) -> Refusal | None:
        at = practice_for(db, me, practice_id, Right.TUTOR)
        return changing.swap(db, at, one, other, by=me, now=visit.now, new_id=visit.new_id)

    return await look_or_tell(visit, page, form, work, "practice/change.html")


async def look_or_tell(visit: Visit, page: ChangePage, form: Form, work: Work, template: str) -> Answer:
    """Show who would hear of it (`do` is "look"), or do it."""
    cohort, practice = page.at.cohort.id, page.at.practice.id
    if form.get("do") == "look":
        found = await visit.rehearse([cohort], work)
        if isinstance(found, Refusal):
            return visit.refused(template, found, page=with_words(page, form))
        return visit.page(template, page=with_words(page, form, heard(found or ())), sent=form, problems=())
    refusal = await visit.tell([cohort], work)
    if refusal:
        return visit.refused(template, refusal, page=with_words(page, form))
    return visit.go(f"/practice/{practice}")


@dataclass(frozen=True)
class NewSession:
    """One more session, as the form has it."""

    cohort: CohortRow
    id: UUID
    values: dict[str, str]


@get("/cohorts/{cohort_id:uuid}/sessions/new", **signed_in)
async def before_adding(visit: Visited, cohort_id: FromPath[UUID]) -> Answer:
    return visit.page("practice/new.html", page=await visit.read(blank(visit, cohort_id)), problems=())


def blank(visit: Visit, cohort_id: UUID, form: Form | None = None) -> Callable[[Session, Me], NewSession]:
    """The form for one more session; only a published cohort has one, others change their dates as a whole."""

    def work(db: Session, me: Me) -> NewSession:
        cohort = cohort_for(db, me, cohort_id, Right.TUTOR).cohort
        if cohort.published_at is None:
            raise NotYours
        usual = {
            "date": "",
            "start": f"{cohort.starts:%H:%M}" if cohort.starts else "",
            "minutes": str(cohort.minutes or ""),
            "place": cohort.place,
            "link": cohort.link,
            "second": "",
        }
        values = {name: form.get(name) if form and form.has(name) else value for name, value in usual.items()}
        return NewSession(cohort, (form and form.id("id")) or visit.new_id(), values)

    return work


@post("/cohorts/{cohort_id:uuid}/sessions/new", status_code=303, **signed_in)
async def add(visit: Visited, cohort_id: FromPath[UUID]) -> Answer:
    """Groups are drawn for it as for the rest of the term: those who have met least sit together."""
    form = await visit.form()
    page = await visit.read(blank(visit, cohort_id, form))
    moments = read_when(form, page.cohort.zone, visit)
    place, link = form.text("place", most=200), form.link("link")
    if not place and not link:
        form.problem("place", "Enter where you meet, or a link if you meet online.")
    if isinstance(moments, Refusal):
        form.add(moments)
    if form.refusal or isinstance(moments, Refusal):
        return visit.refused("practice/new.html", form.refusal or Refusal(()), page=page)

    def look(db: Session, me: Me) -> tuple[CourseProblem, list[str]]:
        within = cohort_for(db, me, cohort_id, Right.TUTOR)
        course = plans.course(db, within)
        problem = CourseProblem(
            people=course.problem.people,
            present=(frozenset(course.problem.people),),
            apart=course.problem.apart,
            remainder=course.problem.remainder,
            turning=course.problem.turning,
            met=queries.met(db, cohort_id),
            rests=frozenset((person, 0) for person in course.resting),
        )
        return problem, [tutor.member for tutor in course.tutors]

    problem, tutors = await visit.read(look)
    plan = await visit.house.solver.drawn(page.id, problem)
    if plan is None:
        why = Problem("", "No groups can be made of the people here just now. Add people, or let two meet again.")
        return visit.refused("practice/new.html", Refusal((why,)), page=page)
    groups = lay_out(plan.sessions, page.cohort.shape, page.cohort.rooms, tutors)

    def work(db: Session, me: Me) -> UUID:
        within = cohort_for(db, me, cohort_id, Right.TUTOR)
        return changing.add_session(
            db,
            within,
            moments,
            groups,
            id=page.id,
            place=place,
            link=link,
            domain=visit.house.settings.mail_domain,
            by=me,
            now=visit.now,
            new_id=visit.new_id,
        )

    return visit.go(f"/practice/{await visit.tell([cohort_id], work)}")


def read_when(form: Form, zone: str, visit: Visit) -> When | Refusal:
    """A session's date, start and length as typed, on the clock of its zone."""
    minutes = form.get("minutes").strip()
    return when(
        _read(date.fromisoformat, form.get("date")),
        _read(time.fromisoformat, form.get("start")),
        int(minutes) if minutes.isascii() and minutes.isdigit() and len(minutes) < 5 else None,
        zone,
        second={"first": False, "second": True}.get(form.get("second")),
        now=visit.now,
    )


def _read(reader: Callable[[str], T], typed: str) -> T | None:
    try:
        return reader(typed.strip())
    except ValueError:
        return None


routes = [before_changing, change, before_calling_off, call_off, swap, before_adding, add]
