"""How somebody would rather practise, chosen in private and without a reason; and what tutors see of it.

That somebody works from a brief, nobody else sees anywhere. Who would rather not be client, and who asked to be kept
apart from whom, tutors see, since they mend plans; never a reason, which goes to those who read concerns.
"""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from litestar import get, post
from litestar.params import FromPath
from sqlalchemy.orm import Session

from threefold.choices import actions, mending, queries
from threefold.choices.mending import Request, Unmended
from threefold.choices.queries import Choices, ForDate
from threefold.cohorts import members
from threefold.concerns import actions as concerns
from threefold.concerns import queries as concerned
from threefold.concerns.queries import Reader
from threefold.core.choices import Kind, Settled
from threefold.core.refusal import Problem, Refusal
from threefold.practice import changing
from threefold.store.rows import CohortRow
from threefold.store.sessions import Me
from threefold.store.within import AtPractice, NotYours
from threefold.web.access import Right, apart_request_for, cohort_for, cohorts_of, practice_for, preference_for
from threefold.web.forms import Form
from threefold.web.visit import Answer, Visit, Visited, signed_in

TERM = "term"
MOST_REASON = 4000
COHORT = "/cohorts/{cohort_id:uuid}"
DONE = {
    "chosen": "Noted. Nobody is asked why.",
    "back": "Taken back.",
    "asked": "Your tutors see that you asked, and nothing more.",
    "kept": "They are kept apart from now on. Sessions that are planned already stay as they are.",
    "left": "Left as it is.",
    "rests": "Left out. The group hears what its rounds are now, and nothing more.",
}


@dataclass(frozen=True)
class ChoicesPage:
    """What somebody chose, and what there is to choose; `readers` would read a reason."""

    cohort: CohortRow
    choices: Choices
    readers: tuple[Reader, ...]
    concern_id: UUID

    def reader_words(self) -> list[str]:
        """Who would read a reason; a tutor among them is called so."""
        return [
            f"{reader.first} (who teaches you too)" if reader.person_id in self.choices.tutors else reader.first
            for reader in self.readers
        ]


def load(visit: Visit, cohort_id: UUID) -> Callable[[Session, Me], ChoicesPage]:
    id_ = visit.new_id()

    def work(db: Session, me: Me) -> ChoicesPage:
        within = cohort_for(db, me, cohort_id, Right.TRAINEE)
        return ChoicesPage(within.cohort, queries.choices(db, within, visit.now), concerned.readers(db), id_)

    return work


async def choices_page(
    visit: Visit, cohort_id: UUID, refusal: Refusal | None = None, sent: Form | None = None
) -> Answer:
    asked = visit.request.query_params
    page = await visit.read(load(visit, cohort_id))
    return visit.page(
        "choices/choices.html",
        status=422 if refusal else 200,
        page=page,
        sent=sent or Form(tuple(asked.items())),
        done="" if refusal else DONE.get(asked.get("done", ""), ""),
        problems=refusal.problems if refusal else (),
    )


@get("/choices", **signed_in)
async def wherever(visit: Visited) -> Answer:
    """To one's own group's choices, or to choose which group's."""

    def work(db: Session, me: Me) -> list[CohortRow]:
        return [within.cohort for within in cohorts_of(db, me, Right.TRAINEE) if not within.cohort.archived_at]

    found = await visit.read(work)
    if not found:
        raise NotYours
    if len(found) == 1:
        return visit.go(f"/cohorts/{found[0].id}/choices")
    return visit.page("choices/groups.html", cohorts=found)


@get(f"{COHORT}/choices", **signed_in)
async def show(visit: Visited, cohort_id: FromPath[UUID]) -> Answer:
    return await choices_page(visit, cohort_id)


@post(f"{COHORT}/choices", status_code=303, **signed_in)
async def choose(visit: Visited, cohort_id: FromPath[UUID]) -> Answer:
    form = await visit.form()
    kind = form.one_of("kind", [kind.value for kind in Kind], "Choose what you would rather.")
    when = form.id("when")
    if form.get("when") != TERM and when is None:
        form.problem("when", "Choose one of your dates, or the whole term.")

    def work(db: Session, me: Me) -> Refusal | None:
        within = cohort_for(db, me, cohort_id, Right.TRAINEE)
        if form.refusal:
            return form.refusal
        return actions.choose(db, within, Kind(kind), when, now=visit.now, new_id=visit.new_id)

    refusal = await visit.write(work)
    if refusal:
        return await choices_page(visit, cohort_id, refusal, form)
    return visit.go(f"/cohorts/{cohort_id}/choices?done=chosen")


@post(f"{COHORT}/choices/{{preference_id:uuid}}/ending", status_code=303, **signed_in)
async def take_back(visit: Visited, cohort_id: FromPath[UUID], preference_id: FromPath[UUID]) -> Answer:
    def work(db: Session, me: Me) -> None:
        within, preference = preference_for(db, me, cohort_id, preference_id)
        actions.take_back(db, within, preference, now=visit.now)

    await visit.write(work)
    return visit.go(f"/cohorts/{cohort_id}/choices?done=back")


@dataclass(frozen=True)
class BriefPage:
    """A brief, for whoever works from one on this date."""

    at: AtPractice
    here: ForDate


def own_brief(db: Session, me: Me, practice_id: UUID) -> BriefPage:
    """Raises NotYours for everybody who has not chosen to work from one on that date."""
    at = practice_for(db, me, practice_id, Right.TRAINEE)
    here = queries.for_date(db, me, practice_id)
    if here.brief is None:
        raise NotYours
    return BriefPage(at, here)


@get("/practice/{practice_id:uuid}/brief", **signed_in)
async def brief(visit: Visited, practice_id: FromPath[UUID]) -> Answer:
    """One's own brief for a date, to read or print."""
    page = await visit.read(lambda db, me: own_brief(db, me, practice_id))
    return visit.page("choices/brief.html", page=page)


@post("/practice/{practice_id:uuid}/brief", status_code=303, **signed_in)
async def take_brief(visit: Visited, practice_id: FromPath[UUID]) -> Answer:
    """Take the brief with this code instead; one that there isn't leaves everything as it is."""
    code = (await visit.form()).get("code")

    def work(db: Session, me: Me) -> None:
        at = own_brief(db, me, practice_id).at
        if any(code == each.code for each in queries.briefs()):
            actions.take_brief(db, at.membership.id, practice_id, code, now=visit.now)

    await visit.write(work)
    return visit.go(f"/practice/{practice_id}/brief")


# --- being kept apart -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class TutorsPage:
    """What people have asked, as tutors see it."""

    cohort: CohortRow
    requests: tuple[Request, ...]
    unmended: tuple[Unmended, ...]


def load_requests(visit: Visit, cohort_id: UUID) -> Callable[[Session, Me], TutorsPage]:
    def work(db: Session, me: Me) -> TutorsPage:
        within = cohort_for(db, me, cohort_id, Right.TUTOR)
        return TutorsPage(
            within.cohort,
            mending.requests(db, within, visit.now),
            tuple(mending.unmended(db, cohort_id, visit.now)),
        )

    return work


@get(f"{COHORT}/apart-requests", **signed_in)
async def requests(visit: Visited, cohort_id: FromPath[UUID]) -> Answer:
    done = DONE.get(visit.request.query_params.get("done", ""), "")
    page = await visit.read(load_requests(visit, cohort_id))
    return visit.page("choices/requests.html", page=page, done=done, problems=())


@post(f"{COHORT}/apart-requests", status_code=303, **signed_in)
async def ask_apart(visit: Visited, cohort_id: FromPath[UUID]) -> Answer:
    """Ask for it. A reason is nobody's due; one that is given goes to those who read concerns, and nowhere else."""
    form = await visit.form()
    other, reason = form.id("other"), form.words("reason", most=MOST_REASON)
    id_ = form.id("id") or visit.new_id()

    def work(db: Session, me: Me) -> Refusal | None:
        within = cohort_for(db, me, cohort_id, Right.TRAINEE)
        if reason and not concerned.anybody_reads(db):
            form.problem("reason", concerns.NOBODY_READS)
        refusal = form.refusal or actions.ask_apart(db, within, other, now=visit.now, new_id=visit.new_id)
        if refusal or not reason:
            return refusal
        found = members.member_of(db, within, other) if other else None
        whom = found[1].name if found else "somebody"
        words = f"I asked not to be placed with {whom}.\n\n{reason}"
        concerns.send(db, words, cohort_id, id=id_, by=me, now=visit.now, new_id=visit.new_id)
        visit.forget_kept(db)
        return None

    refusal = await visit.write(work)
    if refusal:
        return await choices_page(visit, cohort_id, refusal, form)
    return visit.go(f"/cohorts/{cohort_id}/choices?done=asked#apart")


@post(f"{COHORT}/apart-requests/{{request_id:uuid}}/settlement", status_code=303, **signed_in)
async def settle(visit: Visited, cohort_id: FromPath[UUID], request_id: FromPath[UUID]) -> Answer:
    """A tutor keeps the two apart, or leaves it as it is."""
    form = await visit.form()
    how = Settled(form.one_of("how", [Settled.LEFT.value, Settled.KEPT_APART.value], "Choose what to do."))

    def work(db: Session, me: Me) -> Refusal | None:
        within, request = apart_request_for(db, me, cohort_id, request_id)
        if not within.is_tutor:
            raise NotYours
        if form.refusal or request.settled_at is not None:
            return form.refusal
        if how is Settled.KEPT_APART:
            refusal = members.keep_apart(
                db, within, request.membership_id, request.other_id, by=me, now=visit.now, new_id=visit.new_id
            )
            if refusal:
                return Refusal(tuple(Problem("", problem.sentence) for problem in refusal.problems))
        actions.settle(db, within, request, how, by=me, now=visit.now, new_id=visit.new_id)
        return None

    refusal = await visit.write(work)
    if refusal:
        page = await visit.read(load_requests(visit, cohort_id))
        return visit.refused("choices/requests.html", refusal, page=page, done="")
    return visit.go(f"/cohorts/{cohort_id}/apart-requests?done={'kept' if how is Settled.KEPT_APART else 'left'}")


@post(f"{COHORT}/rests", status_code=303, **signed_in)
async def rest(visit: Visited, cohort_id: FromPath[UUID]) -> Answer:
    """A tutor leaves a round out of a published session; its people hear what their rounds are now, and not why."""
    form = await visit.form()
    practice_id, seat_id = form.id("practice"), form.id("seat")

    def work(db: Session, me: Me) -> Refusal | None:
        cohort_for(db, me, cohort_id, Right.TUTOR)
        down = mending.unmended(db, cohort_id, visit.now)
        if practice_id is None or seat_id is None or not any(seat_id == each.seat_id for each in down):
            return None  # mended meanwhile, or taken back
        at = practice_for(db, me, practice_id, Right.TUTOR)
        return changing.rest(db, at, seat_id, by=me, now=visit.now, new_id=visit.new_id)

    refusal = await visit.tell([cohort_id], work)
    if refusal:
        page = await visit.read(load_requests(visit, cohort_id))
        return visit.refused("choices/requests.html", refusal, page=page, done="")
    return visit.go(f"/cohorts/{cohort_id}/apart-requests?done=rests")


@post(f"{COHORT}/apart-requests/{{request_id:uuid}}/ending", status_code=303, **signed_in)
async def take_request_back(visit: Visited, cohort_id: FromPath[UUID], request_id: FromPath[UUID]) -> Answer:
    """Whoever asked no longer does, as long as no tutor has settled it."""

    def work(db: Session, me: Me) -> None:
        within, request = apart_request_for(db, me, cohort_id, request_id)
        if request.membership_id != within.membership.id:
            raise NotYours
        actions.settle(db, within, request, Settled.TAKEN_BACK, by=me, now=visit.now, new_id=visit.new_id)

    await visit.write(work)
    return visit.go(f"/cohorts/{cohort_id}/choices?done=back#apart")


routes = [
    wherever,
    show,
    choose,
    take_back,
    brief,
    take_brief,
    requests,
    ask_apart,
    settle,
    rest,
    take_request_back,
]
