"""A published term is mended: what could be done, what one way would do to whom, and doing it."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from litestar import get, post
from litestar.params import FromPath
from sqlalchemy.orm import Session

from threefold.cohorts import members
from threefold.core.grouping import Person
from threefold.core.refusal import Problem, Refusal
from threefold.core.repairs import Scope, Why
from threefold.practice.changes import Hears, heard, read_when
from threefold.repairs import actions, queries
from threefold.repairs.queries import Choices, Date, Trainee
from threefold.repairs.term import routes as term
from threefold.repairs.versions import routes as versions
from threefold.repairs.ways import Asking, Way, Ways, ways
from threefold.store.courses import course_now
from threefold.store.rows import CohortRow
from threefold.store.sessions import Me
from threefold.store.within import NotYours, Within
from threefold.web.access import Right, cohort_for, practice_for
from threefold.web.forms import Form
from threefold.web.visit import Answer, Visit, Visited, signed_in

SECONDS = 0.6  # the ways found by then are shown
MOST_PEOPLE = 60
TRIES = 3  # each finds the term changed by somebody else in between
Work = Callable[[Session, Me], Refusal | None]


@dataclass(frozen=True)
class Plain:
    """A group of which somebody is out: who is left, for what can be done by hand."""

    triad: UUID
    out: Person
    left: tuple[str, ...]


@dataclass(frozen=True)
class RepairPage:
    """What is asked, and once that is said, the ways."""

    cohort: CohortRow
    choices: Choices
    scope: Scope
    date: Date | None
    people: tuple[Trainee, ...]
    ways: Ways | None = None
    anew: bool = False

    @property
    def picked(self) -> list[str]:
        return [one.member for one in self.people]

    @property
    def offered(self) -> tuple[Trainee, ...]:
        """Who may be asked about: for newcomers those who came after the plan, where there are any."""
        new = tuple(one for one in self.choices.here if one.new)
        gone = tuple(one for one in self.people if one.left_at)
        return (*(new if self.scope is Scope.NEWCOMER and new else self.choices.here), *gone)

    @property
    def by_hand(self) -> tuple[Plain, ...]:
        """The groups that these people leave on the one date; none where it is not about one date."""
        if self.ways is None or self.scope is not Scope.DATE or self.ways.asking.place is None:
            return ()
        asking, place = self.ways.asking, self.ways.asking.place
        names = asking.course.names
        return tuple(
            Plain(triad, out[0], tuple(names[who] for who in group.members if who not in out))
            for triad, group in zip(asking.course.dates[place].triads, asking.plan.sessions[place], strict=False)
            if len(out := [who for who in group.members if who in asking.people]) == 1
        )

    @property
    def tutors(self) -> list[tuple[UUID, str]]:
        course = self.ways.asking.course if self.ways else None
        return [(tutor, course.full_names[str(tutor)]) for tutor in course.tutors] if course else []

    @property
    def minutes(self) -> int:
        """How long the chosen session is."""
        date = self.ways.asking.date if self.ways else None
        return int((date.ends_at - date.starts_at).total_seconds()) // 60 if date else 0

    def name_of(self, member: Person) -> str:
        return self.ways.asking.course.names[member] if self.ways else ""


@dataclass(frozen=True)
class Look:
    """A change before it is made: what it is, who would hear, and the form that makes it."""

    cohort: CohortRow
    says: tuple[str, ...]
    hears: tuple[Hears, ...]
    action: str
    fields: tuple[tuple[str, str], ...]
    back: str


@get("/cohorts/{cohort_id:uuid}/repair", **signed_in)
async def show(visit: Visited, cohort_id: FromPath[UUID]) -> Answer:
    """What could be done about people who can't come, leave or are new; nothing is changed by asking.

    Whoever has said so for the chosen date is taken as meant, until the form says otherwise.
    """
    return await answer(visit, cohort_id, Form(tuple(visit.request.query_params.multi_items())))


async def answer(visit: Visit, cohort_id: UUID, form: Form, refusal: Refusal | None = None) -> Answer:
    page = await looked_up(visit, cohort_id, form)
    problems = refusal.problems if refusal else ()
    if form.has("asked") and not page.people and not problems:
        problems = (Problem("who", "Choose who this is about."),)
    return visit.page(
        "repairs/show.html",
        status=422 if problems and visit.request.method == "POST" else 200,
        page=page,
        values={name: form.get(name) for name in ("date", "start", "minutes", "place", "tutor")},
        new_id=visit.new_id(),
        problems=problems,
    )


async def looked_up(visit: Visit, cohort_id: UUID, form: Form, steps: int | None = None) -> RepairPage:
    """The page of a question, with its ways where enough was said to look for them."""

    def look(db: Session, me: Me) -> tuple[RepairPage, Asking | None]:
        within = cohort_for(db, me, cohort_id, Right.TUTOR)
        if within.cohort.published_at is None:
            raise NotYours
        page = read_question(within, queries.choices(db, within, visit.now), form)
        return page, asking(db, within, page, visit) if page.date and page.people else None

    page, question = await visit.read(look)
    if question is None:
        return page
    found = await asyncio.to_thread(found_in_time, question, steps)
    return RepairPage(page.cohort, page.choices, page.scope, page.date, page.people, found)


def read_question(within: Within, choices: Choices, form: Form) -> RepairPage:
    scopes = {scope.value: scope for scope in Scope}
    scope = scopes.get(form.get("scope"), Scope.DATE)
    date = choices.date(form.id("practice")) or (None if form.has("practice") else next(iter(choices.dates), None))
    said = date.away if date and scope is Scope.DATE and not form.has("asked") and not form.has("who") else ()
    named = [choices.person(member) for member in dict.fromkeys((*form.all("who")[:MOST_PEOPLE], *said))]
    people = tuple(one for one in named if one and (one.left_at is None or scope is Scope.LEAVER))
    return RepairPage(within.cohort, choices, scope, date, people)


def asking(db: Session, within: Within, page: RepairPage, visit: Visit) -> Asking | None:
    if page.date is None:
        return None
    gone = [UUID(one.member) for one in page.people if one.left_at]
    return Asking(
        within,
        course_now(db, within.cohort, visit.now),
        page.scope,
        page.date.id,
        tuple(one.member for one in page.people),
        queries.former(db, gone, visit.now) if gone else {},
    )


def found_in_time(question: Asking, steps: int | None) -> Ways:
    """The ways: as many steps as there is time for, or just as many as were made when they were first shown."""
    if steps is not None:
        return ways(question, steps=steps)
    until = time.monotonic() + SECONDS
    return ways(question, progress=lambda _done, _fewest: time.monotonic() < until)


@post("/cohorts/{cohort_id:uuid}/repair", status_code=303, **signed_in)
async def mend(visit: Visited, cohort_id: FromPath[UUID]) -> Answer:
    """Show who would hear of one way (`do` is "look"), or do it and tell them.

    The ways are found again in the term as it stands now: one that is no longer among them is not done.
    """
    form = await visit.form()
    for _ in range(TRIES):
        page = await looked_up(visit, cohort_id, form, steps_of(form))
        way = page.ways.marked(form.get("way")) if page.ways else None
        if page.ways is None or way is None:
            if await visit.read(lambda db, me: done_already(db, me, cohort_id, form)):
                return visit.go(f"/cohorts/{cohort_id}/versions")
            return await answer(visit, cohort_id, form, Refusal.because(actions.CHANGED))
        work = mending(visit, cohort_id, page, page.ways, way)
        if form.get("do") == "look":
            outcome = await visit.rehearse([cohort_id], work)
            if not isinstance(outcome, Refusal):
                return visit.page("repairs/look.html", page=looked(page, way, form, heard(outcome or ())), problems=())
        else:
            outcome = await visit.tell([cohort_id], work)
            if not isinstance(outcome, Refusal):
                return visit.go(f"/cohorts/{cohort_id}/versions")
        if outcome.problems[0].sentence != actions.CHANGED:
            return await answer(visit, cohort_id, form, outcome)
    return visit.busy()


def done_already(db: Session, me: Me, cohort_id: UUID, form: Form) -> bool:
    return queries.was_done(db, cohort_for(db, me, cohort_id, Right.TUTOR), form.get("way"))


def mending(visit: Visit, cohort_id: UUID, page: RepairPage, found: Ways, way: Way) -> Work:
    def work(db: Session, me: Me) -> Refusal | None:
        within = cohort_for(db, me, cohort_id, Right.TUTOR)

        def leave() -> Refusal | None:
            for one in page.people if page.scope is Scope.LEAVER else ():
                member = members.member_of(db, within, UUID(one.member))
                if member is None:
                    continue
                refusal = members.take_out(db, within, member[0], by=me, now=visit.now, new_id=visit.new_id)
                if refusal:
                    return refusal
            return None

        return actions.mend(
            db,
            within,
            way.seated,
            at_version=found.asking.course.version,
            why=Why(page.scope.value),
            tutors=found.asking.course.tutors,
            leave=leave,
            said={
                "way": way.mark,
                "moved": way.moved,
                "repeats": way.repeats_added,
                "owed": way.owed,
                "people": page.picked,
            },
            domain=visit.house.settings.mail_domain,
            by=me,
            now=visit.now,
            new_id=visit.new_id,
        )

    return work


def looked(page: RepairPage, way: Way, form: Form, hears: tuple[Hears, ...]) -> Look:
    base = f"/cohorts/{page.cohort.id}"
    asked = [("scope", page.scope.value), ("practice", str(page.date.id if page.date else "")), ("asked", "yes")]
    asked += [("who", member) for member in page.picked]
    fields = (*asked, ("way", way.mark), ("steps", form.get("steps")))
    back = f"{base}/repair?" + "&".join(f"{name}={value}" for name, value in asked)
    return Look(page.cohort, way.sentences, hears, f"{base}/repair", fields, back)


def steps_of(form: Form) -> int | None:
    typed = form.get("steps")
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 7 else None


# --- by hand ----------------------------------------------------------------------------------------------------


@post("/practice/{practice_id:uuid}/pairs", status_code=303, **signed_in)
async def pair_up(visit: Visited, practice_id: FromPath[UUID]) -> Answer:
    """The two who are left work as a pair, with a tutor who observes."""
    form = await visit.form()
    triad, out, tutor = form.id("triad"), form.id("who"), form.id("tutor")
    missing = None if triad and out else Refusal.because(actions.CHANGED)
    if missing is None and tutor is None:
        missing = Refusal.because("Choose a tutor of this cohort.", "tutor")

    def work(db: Session, me: Me) -> Refusal | None:
        at = practice_for(db, me, practice_id, Right.TUTOR)
        if missing or not (triad and out and tutor):
            return missing
        domain = visit.house.settings.mail_domain
        return actions.pair_up(db, at, triad, out, tutor, domain=domain, by=me, now=visit.now, new_id=visit.new_id)

    return await by_hand(visit, practice_id, form, work, "pairs", ("They work as a pair, and a tutor observes.",))


@post("/practice/{practice_id:uuid}/group-times", status_code=303, **signed_in)
async def move_group(visit: Visited, practice_id: FromPath[UUID]) -> Answer:
    """One group meets at another time; everybody in it keeps their place."""
    form = await visit.form()
    at = await visit.read(lambda db, me: practice_for(db, me, practice_id, Right.TUTOR))
    when, triad, id_ = read_when(form, at.cohort.zone, visit), form.id("triad"), form.id("id")
    place = form.text("place", most=200) or at.practice.place

    def work(db: Session, me: Me) -> Refusal | None:
        at = practice_for(db, me, practice_id, Right.TUTOR)
        if isinstance(when, Refusal):
            return when
        if triad is None or id_ is None:
            return Refusal.because(actions.CHANGED)
        return actions.move_group(
            db, at, triad, when, id=id_, place=place, link=at.practice.link, by=me, now=visit.now, new_id=visit.new_id
        )

    return await by_hand(visit, practice_id, form, work, "group-times", ("One group meets at another time.",))


async def by_hand(visit: Visit, practice_id: UUID, form: Form, work: Work, noun: str, says: Sequence[str]) -> Answer:
    """Show who would hear of it (`do` is "look"), or do it; a refusal comes back on the page it was asked from."""
    at = await visit.read(lambda db, me: practice_for(db, me, practice_id, Right.TUTOR))
    if at.cohort.published_at is None:
        raise NotYours
    looking = form.get("do") == "look"
    outcome = await (visit.rehearse if looking else visit.tell)([at.cohort.id], work)
    if isinstance(outcome, Refusal):
        question = Form((*form.fields, ("practice", str(practice_id)), ("scope", "date")))
        return await answer(visit, at.cohort.id, question, outcome)
    if not looking:
        return visit.go(f"/cohorts/{at.cohort.id}/versions")
    fields = tuple(field for field in form.kept if field[0] != "do")
    back = f"/cohorts/{at.cohort.id}/repair?practice={practice_id}&asked=yes&who={form.get('who')}"
    look = Look(at.cohort, tuple(says), heard(outcome or ()), f"/practice/{practice_id}/{noun}", fields, back)
    return visit.page("repairs/look.html", page=look, problems=())


routes = [show, mend, pair_up, move_group, *versions, *term]
