"""The plan: is it fair enough to publish? Look, try another, pin groups, swap two people, say who is away, publish."""

import asyncio
import contextlib
from uuid import UUID

from litestar import get, post
from litestar.params import FromPath
from sqlalchemy.orm import Session

from threefold.core.refusal import Problem, Refusal
from threefold.matching import NoPlan, Plan, say_clash, say_swap, swap
from threefold.matching.pins import Pin, pins_in, still_there, with_pins
from threefold.matching.wire import plan_in
from threefold.plans import actions, publication, queries
from threefold.plans.looking import PlanPage, load
from threefold.plans.queries import Course
from threefold.store.sessions import Me
from threefold.web.access import Right, cohort_for, plan_for
from threefold.web.forms import Form
from threefold.web.solver import Search
from threefold.web.visit import Answer, Visit, Visited, signed_in

FIRST_LOOK_SECONDS = 0.15


@get("/cohorts/{cohort_id:uuid}/plan", **signed_in)
async def show(visit: Visited, cohort_id: FromPath[UUID]) -> Answer:
    """The plan; with `why` it says why one group sits together, with two people and a week what a swap would do."""
    # Asked before the plan is read: a search that ends in between has kept its plan by then.
    search = visit.house.solver.under_way(cohort_id)
    page = await visit.read(lambda db, me: load(db, me, cohort_id))
    asked = Form(tuple(visit.request.query_params.items()), {})
    swapped = previewed(page, asked) if asked.has("week") else None
    if isinstance(swapped, Refusal):
        return plan_page(visit, page, swapped, asked)
    return plan_page(visit, page, form=asked, search=search, swapped=swapped, why=group_asked_for(page, asked))


def previewed(page: PlanPage, form: Form) -> tuple[str, ...] | Refusal:
    """What swapping the two people asked about would do, in sentences; nothing is changed."""
    if page.draft is None or page.explanation is None:
        return ()
    swapped = swapped_plan(form, page.course, page.draft.plan)
    if isinstance(swapped, Refusal):
        return swapped
    week, people = int(form.get("week")), (form.get("one"), form.get("other"))
    return say_swap(page.course.problem, page.draft.plan, swapped, week - 1, people, page.names)


def swapped_plan(form: Form, course: Course, plan: Plan) -> Plan | Refusal:
    """The plan with two people in each other's place, or everything that is wrong with the asking."""
    week = form.whole("week", "Choose a week.", least=1, most=max(1, len(course.dates)))
    one = form.one_of("one", course.names, "Choose the first person.")
    other = form.one_of("other", course.names, "Choose the second person.")
    if form.refusal:
        return form.refusal
    swapped = swap(course.problem, plan, week - 1, one, other)
    if isinstance(swapped, NoPlan):
        said = (" ".join(say_clash(clash, course.names, course.weeks)) for clash in swapped.clashes)
        return Refusal(tuple(Problem("other", sentence) for sentence in said))
    return swapped


def group_asked_for(page: PlanPage, asked: Form) -> tuple[int, int] | None:
    """The group whose reasons are asked for, as its week and its place in it."""
    week, _, place = asked.get("why").partition("-")
    if page.draft is None or not (week.isdecimal() and place.isdecimal()):
        return None
    sessions = page.draft.plan.sessions
    there = 0 < int(week) <= len(sessions) and 0 < int(place) <= len(sessions[int(week) - 1])
    return (int(week) - 1, int(place) - 1) if there else None


def plan_page(
    visit: Visit,
    page: PlanPage,
    refusal: Refusal | None = None,
    form: Form | None = None,
    search: Search | None = None,
    swapped: tuple[str, ...] | None = None,
    why: tuple[int, int] | None = None,
) -> Answer:
    return visit.page(
        "plans/show.html",
        status=422 if refusal else 200,
        page=page,
        search=search,
        swapped=swapped,
        why=why,
        problems=refusal.problems if refusal else (),
        typed=form,
    )


@post("/cohorts/{cohort_id:uuid}/plan/drafts", status_code=303, **signed_in)
async def draw(visit: Visited, cohort_id: FromPath[UUID]) -> Answer:
    """Begin a search round the groups that are to stay; the page follows it, with scripts or without."""
    form = await visit.form()
    page = await visit.read(lambda db, me: load(db, me, cohort_id))
    return await another(visit, page, pinned(page, form))


@post("/cohorts/{cohort_id:uuid}/plan/fours", status_code=303, **signed_in)
async def share_fours(visit: Visited, cohort_id: FromPath[UUID]) -> Answer:
    """Even seats in groups of four first, or fewest repeats: a plan is drawn so, beside the one there is."""
    form = await visit.form()

    def work(db: Session, me: Me) -> Refusal | None:
        within = cohort_for(db, me, cohort_id, Right.TUTOR)
        evenly = form.get("evenly") == "yes"
        return actions.share_fours(db, within, evenly=evenly, by=me, now=visit.now, new_id=visit.new_id)

    refusal = await visit.write(work)
    page = await visit.read(lambda db, me: load(db, me, cohort_id))
    if refusal:
        return plan_page(visit, page, refusal)
    return await another(visit, page, page.draft.pins if page.draft and not page.draft.broken else ())


async def another(visit: Visit, page: PlanPage, pins: tuple[Pin, ...]) -> Answer:
    """Begin a search round these groups, where there is anything to plan."""
    cohort_id = page.cohort.id
    if page.cohort.published_at is not None or page.missing or page.clashes or visit.me is None:
        return visit.go(f"/cohorts/{cohort_id}/plan")
    seed = max((draft.seed for draft in page.drafts), default=0) + 1
    me, store, now, new_id = visit.me, visit.house.store, visit.now, visit.new_id

    async def keep(plan: Plan) -> None:
        def work(db: Session) -> None:
            within = cohort_for(db, me, cohort_id, Right.TUTOR)
            problem = queries.course(db, within).problem
            actions.keep_draft(db, within, problem, plan, seed=seed, pins=pins, by=me, now=now, new_id=new_id)

        await store.write(work)

    problem = with_pins(page.course.problem, pins, page.draft.plan if page.draft else None)
    search = visit.house.solver.start(cohort_id, problem, seed, keep)
    with contextlib.suppress(TimeoutError):  # a longer search: the page shows how far it is
        await asyncio.wait_for(search.finished.wait(), FIRST_LOOK_SECONDS)
    return visit.go(f"/cohorts/{cohort_id}/plan")


def pinned(page: PlanPage, form: Form) -> tuple[Pin, ...]:
    """The groups ticked to stay as they are, if they were ticked on the plan that is still on the page."""
    if page.draft is None or page.draft.broken or form.id("plan") != page.draft.id:
        return ()
    groups = {
        f"{session}-{place}": Pin(session - 1, frozenset(group.members))
        for session, groups in enumerate(page.draft.plan.sessions, start=1)
        for place, group in enumerate(groups, start=1)
    }
    return tuple(groups[value] for value in dict.fromkeys(form.all("pin")) if value in groups)


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
        swapped = swapped_plan(form, course, plan_in(row.groups))
        if isinstance(swapped, Refusal):
            return swapped
        pins = still_there(pins_in(row.pins), swapped)
        return actions.keep_draft(
            db, within, course.problem, swapped, seed=row.seed, pins=pins, by=me, now=visit.now, new_id=visit.new_id
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
        recipients=publication.recipients(page.cohort, page.course, page.draft.plan, visit.now),
        problems=refusal.problems if refusal else (),
    )


@post("/cohorts/{cohort_id:uuid}/plan/publication", status_code=303, **signed_in)
async def publish(visit: Visited, cohort_id: FromPath[UUID]) -> Answer:
    """Put plan and letters into the store together."""
    form = await visit.form()
    plan_id = form.id("plan")
    page = await visit.read(lambda db, me: load(db, me, cohort_id))
    if page.cohort.published_at is not None:
        return visit.go(f"/cohorts/{cohort_id}")
    if page.draft is None or page.draft.id != plan_id or page.explanation is None or visit.me is None:
        return publication_page(visit, page, Refusal.because("This plan has changed since you looked. Look once more."))
    if not page.cohort.safeguarding_lead.strip():
        return publication_page(visit, page)
    layout = publication.prepare(
        page.cohort,
        page.course,
        page.draft.plan,
        domain=visit.house.settings.mail_domain,
        now=visit.now,
        new_id=visit.new_id,
    )

    def work(db: Session, me: Me) -> Refusal | None:
        within, plan = plan_for(db, me, cohort_id, plan_id)
        return actions.publish(db, within, plan, layout, by=me, now=visit.now, new_id=visit.new_id)

    refusal = await visit.tell([cohort_id], work)
    if refusal:
        return publication_page(visit, await visit.read(lambda db, me: load(db, me, cohort_id)), refusal)
    return visit.go(f"/cohorts/{cohort_id}")


def _is_id(value: str) -> bool:
    try:
        UUID(value)
    except ValueError:
        return False
    return True


routes = [show, draw, share_fours, stop, choose, swap_two, away, before_publishing, publish]
