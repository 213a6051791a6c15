"""The plan: is it fair enough to publish? Look, try another, swap two people, say who is away, publish."""

import asyncio
import contextlib
from dataclasses import dataclass
from itertools import combinations
from uuid import UUID

from litestar import get, post
from litestar.params import FromPath
from sqlalchemy.orm import Session

from threefold.core.grouping import Person as Someone
from threefold.core.refusal import Problem, Refusal
from threefold.core.roles import Role
from threefold.matching import (
    Explanation,
    NoPlan,
    Plan,
    explain,
    say_clash,
    say_note,
    say_person,
    swap,
)
from threefold.matching.clash import clashes
from threefold.matching.wire import plan_in
from threefold.plans import actions, publication, queries
from threefold.plans.actions import Layout
from threefold.plans.queries import Course, Draft
from threefold.store.rows import CohortRow
from threefold.store.sessions import Me
from threefold.web.access import Right, cohort_for, plan_for
from threefold.web.forms import Form
from threefold.web.solver import Search
from threefold.web.visit import Answer, Visit, Visited, signed_in

FIRST_LOOK_SECONDS = 0.15
STEPS = (("People", "people"), ("Sessions", "sessions"), ("Framework", "framework"))


@dataclass(frozen=True)
class PlanPage:
    """Everything S4 shows. `explanation` is None while there is no plan that fits."""

    cohort: CohortRow
    course: Course
    drafts: list[Draft]
    draft: Draft | None
    explanation: Explanation | None
    clashes: tuple[tuple[str, ...], ...]
    missing: tuple[tuple[str, str], ...]

    @property
    def names(self) -> dict[Someone, str]:
        return self.course.names

    @property
    def notes(self) -> list[tuple[str, str]]:
        if self.explanation is None:
            return []
        return [say_note(note, self.names, self.course.weeks) for note in self.explanation.notes]

    @property
    def triangle(self) -> list[list[int]]:
        """Row i, column j < i: how often these two sit together."""
        if self.explanation is None:
            return []
        people = self.course.problem.people
        return [
            [self.explanation.together[frozenset((people[i], people[j]))] for j in range(i)] for i in range(len(people))
        ]

    def times(self, one: Someone, other: Someone) -> int:
        """How often two people sit together."""
        return self.explanation.together[frozenset((one, other))] if self.explanation else 0

    @property
    def counts(self) -> str:
        """The finding of the triangle, in words."""
        times = [cell for row in self.triangle for cell in row]
        by = [("never", times.count(0)), ("once", times.count(1)), ("twice", times.count(2))]
        by.append(("three times or more", sum(cell > 2 for cell in times)))
        return ", ".join(f"{count} pairs {word}" for word, count in by if count) or "No pairs yet"

    @property
    def sentences(self) -> dict[Someone, str]:
        if self.explanation is None:
            return {}
        weeks = self.course.weeks
        return {p: say_person(self.explanation, p, self.names, weeks) for p in self.course.problem.people}

    @property
    def bars(self) -> list[tuple[str, int, int, int]]:
        if self.explanation is None:
            return []
        turns = self.explanation.turns
        return [
            (self.names[p], turns[p][Role.COUNSELLOR], turns[p][Role.CLIENT], turns[p][Role.OBSERVER])
            for p in self.course.problem.people
        ]


def load(db: Session, me: Me, cohort_id: UUID) -> PlanPage:
    within = cohort_for(db, me, cohort_id, Right.TUTOR)
    course = queries.course(db, within)
    drafts = queries.drafts(db, within, course.problem)
    draft = drafts[0] if drafts else None
    missing = missing_steps(within.cohort, course)
    found = () if missing else clashes(course.problem)
    fits = draft is not None and not (draft.broken and draft.published_at is None)
    return PlanPage(
        cohort=within.cohort,
        course=course,
        drafts=drafts,
        draft=draft,
        explanation=explain(course.problem, draft.plan) if draft and fits and not draft.broken else None,
        clashes=tuple(say_clash(clash, course.names, course.weeks) for clash in found[:3]),
        missing=missing,
    )


def missing_steps(cohort: CohortRow, course: Course) -> tuple[tuple[str, str], ...]:
    """Steps of the set-up still to be done: (what, where)."""
    base = f"/cohorts/{cohort.id}"
    missing = []
    if not course.people:
        missing.append(("Add the people first", f"{base}/people"))
    if not course.dates:
        missing.append(("Set the sessions", f"{base}/sessions"))
    if not cohort.framework_id or not cohort.competencies:
        missing.append(("Choose what observers look for", f"{base}/framework"))
    return tuple(missing)


@get("/cohorts/{cohort_id:uuid}/plan", **signed_in)
async def show(visit: Visited, cohort_id: FromPath[UUID]) -> Answer:
    # Asked before the plan is read: a search that ends in between has kept its plan by then.
    search = visit.house.solver.under_way(cohort_id)
    page = await visit.read(lambda db, me: load(db, me, cohort_id))
    return plan_page(visit, page, search=search)


def plan_page(
    visit: Visit,
    page: PlanPage,
    refusal: Refusal | None = None,
    form: Form | None = None,
    search: Search | None = None,
) -> Answer:
    return visit.page(
        "plans/show.html",
        status=422 if refusal else 200,
        page=page,
        search=search,
        problems=refusal.problems if refusal else (),
        typed=form,
        pairs=len(list(combinations(page.course.people, 2))),
    )


@post("/cohorts/{cohort_id:uuid}/plan/drafts", status_code=303, **signed_in)
async def draw(visit: Visited, cohort_id: FromPath[UUID]) -> Answer:
    """Begin a search; the page follows it, with scripts or without."""
    page = await visit.read(lambda db, me: load(db, me, cohort_id))
    if page.cohort.published_at is not None or page.missing or page.clashes or visit.me is None:
        return visit.go(f"/cohorts/{cohort_id}/plan")
    seed = max((draft.seed for draft in page.drafts), default=0) + 1
    me, store, now, new_id = visit.me, visit.house.store, visit.now, visit.new_id

    async def keep(plan: Plan) -> None:
        def work(db: Session) -> None:
            within = cohort_for(db, me, cohort_id, Right.TUTOR)
            problem = queries.course(db, within).problem
            actions.keep_draft(db, within, problem, plan, seed=seed, by=me, now=now, new_id=new_id)

        await store.write(work)

    search = visit.house.solver.start(cohort_id, page.course.problem, seed, keep)
    with contextlib.suppress(TimeoutError):  # a longer search: the page shows how far it is
        await asyncio.wait_for(search.finished.wait(), FIRST_LOOK_SECONDS)
    return visit.go(f"/cohorts/{cohort_id}/plan")


@post("/cohorts/{cohort_id:uuid}/plan/stop", status_code=303, **signed_in)
async def stop(visit: Visited, cohort_id: FromPath[UUID]) -> Answer:
    """Stop looking and use the best plan so far."""
    await visit.read(lambda db, me: cohort_for(db, me, cohort_id, Right.TUTOR))
    search = visit.house.solver.under_way(cohort_id)
    visit.house.solver.stop(cohort_id)
    if search:
        with contextlib.suppress(TimeoutError):  # still finishing; the page goes on following it
            await asyncio.wait_for(search.finished.wait(), 2)
    return visit.go(f"/cohorts/{cohort_id}/plan")


@post("/cohorts/{cohort_id:uuid}/plan/drafts/{plan_id:uuid}/choice", status_code=303, **signed_in)
async def choose(visit: Visited, cohort_id: FromPath[UUID], plan_id: FromPath[UUID]) -> Answer:
    def work(db: Session, me: Me) -> Refusal | None:
        within, plan = plan_for(db, me, cohort_id, plan_id)
        return actions.choose(db, within, plan, by=me, now=visit.now, new_id=visit.new_id)

    refusal = await visit.write(work)
    if refusal:
        return plan_page(visit, await visit.read(lambda db, me: load(db, me, cohort_id)), refusal)
    return visit.go(f"/cohorts/{cohort_id}/plan")


@post("/cohorts/{cohort_id:uuid}/plan/drafts/{plan_id:uuid}/swaps", status_code=303, **signed_in)
async def swap_two(visit: Visited, cohort_id: FromPath[UUID], plan_id: FromPath[UUID]) -> Answer:
    """Two people change places in one week; the plan before stays in the drawer, so it can be undone."""
    form = await visit.form()

    def work(db: Session, me: Me) -> UUID | Refusal:
        within, row = plan_for(db, me, cohort_id, plan_id)
        course = queries.course(db, within)
        week = form.whole("week", "Choose a week.", least=1, most=max(1, len(course.dates)))
        one = form.one_of("one", course.names, "Choose the first person.")
        other = form.one_of("other", course.names, "Choose the second person.")
        if form.refusal:
            return form.refusal
        swapped = swap(course.problem, plan_in(row.groups), week - 1, one, other)
        if isinstance(swapped, NoPlan):
            return Refusal(
                tuple(
                    Problem("other", " ".join(say_clash(clash, course.names, course.weeks)))
                    for clash in swapped.clashes
                )
            )
        return actions.keep_draft(
            db, within, course.problem, swapped, seed=row.seed, by=me, now=visit.now, new_id=visit.new_id
        )

    done = await visit.write(work)
    if isinstance(done, Refusal):
        return plan_page(visit, await visit.read(lambda db, me: load(db, me, cohort_id)), done, form)
    return visit.go(f"/cohorts/{cohort_id}/plan?swapped={plan_id}")


@post("/cohorts/{cohort_id:uuid}/plan/away", status_code=303, **signed_in)
async def away(visit: Visited, cohort_id: FromPath[UUID]) -> Answer:
    """Who is away on one date; the plan is drawn anew round it."""
    form = await visit.form()
    practice = form.id("practice")
    members = [UUID(value) for value in form.all("away") if _is_id(value)]

    def work(db: Session, me: Me) -> Refusal | None:
        within = cohort_for(db, me, cohort_id, Right.TUTOR)
        if practice is None:
            return Refusal.because("Choose one of this cohort’s dates.", "practice")
        return actions.set_away(db, within, practice, members, by=me, now=visit.now, new_id=visit.new_id)

    refusal = await visit.write(work)
    if refusal:
        return plan_page(visit, await visit.read(lambda db, me: load(db, me, cohort_id)), refusal, form)
    return visit.go(f"/cohorts/{cohort_id}/plan")


@get("/cohorts/{cohort_id:uuid}/plan/publication", **signed_in)
async def before_publishing(visit: Visited, cohort_id: FromPath[UUID]) -> Answer:
    """Exactly who gets which letter; nothing leaves before the button is pressed."""
    page = await visit.read(lambda db, me: load(db, me, cohort_id))
    return publication_page(visit, page)


def publication_page(visit: Visit, page: PlanPage, refusal: Refusal | None = None) -> Answer:
    if page.cohort.published_at is not None or page.draft is None or page.explanation is None:
        return visit.go(f"/cohorts/{page.cohort.id}/plan")
    if not page.cohort.safeguarding_lead.strip() and refusal is None:
        refusal = Refusal.because(
            "Name a safeguarding lead on the framework step first: people must know whom to turn to."
        )
    return visit.page(
        "plans/publication.html",
        status=422 if refusal else 200,
        page=page,
        recipients=publication.recipients(page.course, page.draft.plan, visit.now),
        problems=refusal.problems if refusal else (),
    )


@post("/cohorts/{cohort_id:uuid}/plan/publication", status_code=303, **signed_in)
async def publish(visit: Visited, cohort_id: FromPath[UUID]) -> Answer:
    """Write every letter from a snapshot, then put plan and letters into the store together."""
    form = await visit.form()
    plan_id = form.id("plan")
    page = await visit.read(lambda db, me: load(db, me, cohort_id))
    if page.cohort.published_at is not None:
        return visit.go(f"/cohorts/{cohort_id}")
    if page.draft is None or page.draft.id != plan_id or page.explanation is None or visit.me is None:
        return publication_page(visit, page, Refusal.because("This plan has changed since you looked. Look once more."))
    if not page.cohort.safeguarding_lead.strip():
        return publication_page(visit, page)
    layout: Layout = await asyncio.to_thread(
        publication.prepare,
        visit.house.postroom,
        page.cohort,
        page.course,
        page.draft.plan,
        tutor=visit.me.name,
        now=visit.now,
        new_id=visit.new_id,
    )

    def work(db: Session, me: Me) -> Refusal | None:
        within, plan = plan_for(db, me, cohort_id, plan_id)
        return actions.publish(db, within, plan, layout, by=me, now=visit.now, new_id=visit.new_id)

    refusal = await visit.write(work)
    if refusal:
        return publication_page(visit, await visit.read(lambda db, me: load(db, me, cohort_id)), refusal)
    return visit.go(f"/cohorts/{cohort_id}")


def _is_id(value: str) -> bool:
    try:
        UUID(value)
    except ValueError:
        return False
    return True


routes = [show, draw, stop, choose, swap_two, away, before_publishing, publish]
