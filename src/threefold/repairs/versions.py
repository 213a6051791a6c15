"""Every version of a published plan, compared with the one before; taken back unheard, or gone back to."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from litestar import get, post
from litestar.params import FromPath
from sqlalchemy.orm import Session

from threefold.core.refusal import Refusal
from threefold.practice.changes import Hears, heard
from threefold.repairs import actions, queries
from threefold.repairs.queries import History
from threefold.store.rows import CohortRow
from threefold.store.sessions import Me
from threefold.store.within import NotYours
from threefold.web.access import Right, cohort_for, version_for
from threefold.web.visit import Answer, Visit, Visited, signed_in

# What the codes of versions are called, by whatever slice they were written.
WORDS = {
    "date": "Somebody couldn’t come on one date",
    "onwards": "Somebody can’t come from a date on",
    "leaver": "Somebody left the cohort",
    "newcomer": "Somebody joined",
    "pair": "Two worked as a pair",
    "moved": "One group met at another time",
    "rounds": "Another number of rounds",
    "returned": "Back to how it was before",
    "swapped": "Two people swapped",
    "rested": "A round was left out",
    "joined": "Somebody was put in",
    "removed": "Somebody was taken out",
    "added": "A session was added",
    "regrouped": "Groups from who was there",
    "rooms": "Other rooms",
    "undone": "A change was taken back",
}


@dataclass(frozen=True)
class VersionsPage:
    """The history of a plan, and (once looked at) who would hear of going back before one change."""

    cohort: CohortRow
    history: History
    looking: UUID | None = None
    hears: tuple[Hears, ...] = ()

    def why(self, code: str) -> str:
        return WORDS.get(code, "Groups changed")


@get("/cohorts/{cohort_id:uuid}/versions", **signed_in)
async def show(visit: Visited, cohort_id: FromPath[UUID]) -> Answer:
    return visit.page("repairs/versions.html", page=await visit.read(load(visit, cohort_id)), problems=())


def load(visit: Visit, cohort_id: UUID) -> Callable[[Session, Me], VersionsPage]:
    def work(db: Session, me: Me) -> VersionsPage:
        within = cohort_for(db, me, cohort_id, Right.TUTOR)
        if within.cohort.published_at is None:
            raise NotYours
        return VersionsPage(within.cohort, queries.history(db, within, visit.now))

    return work


@post("/cohorts/{cohort_id:uuid}/versions/{version_id:uuid}/undoing", status_code=303, **signed_in)
async def undo(visit: Visited, cohort_id: FromPath[UUID], version_id: FromPath[UUID]) -> Answer:
    """Take a change back while nobody has heard of it; then nobody ever does."""

    def work(db: Session, me: Me) -> Refusal | None:
        within, kept = version_for(db, me, cohort_id, version_id)
        domain = visit.house.settings.mail_domain
        return actions.undo(db, within, kept, domain=domain, by=me, now=visit.now, new_id=visit.new_id)

    refusal = await visit.tell([cohort_id], work)
    if refusal:
        return visit.refused("repairs/versions.html", refusal, page=await visit.read(load(visit, cohort_id)))
    return visit.go(f"/cohorts/{cohort_id}/versions")


@post("/cohorts/{cohort_id:uuid}/versions/{version_id:uuid}/return", status_code=303, **signed_in)
async def go_back(visit: Visited, cohort_id: FromPath[UUID], version_id: FromPath[UUID]) -> Answer:
    """Back to how it was before a change that people have heard of: a change of its own, shown first."""
    form = await visit.form()

    def work(db: Session, me: Me) -> Refusal | None:
        within, kept = version_for(db, me, cohort_id, version_id)
        domain = visit.house.settings.mail_domain
        return actions.go_back(db, within, kept, domain=domain, by=me, now=visit.now, new_id=visit.new_id)

    looking = form.get("do") == "look"
    outcome = await (visit.rehearse if looking else visit.tell)([cohort_id], work)
    page = await visit.read(load(visit, cohort_id))
    if isinstance(outcome, Refusal):
        return visit.refused("repairs/versions.html", outcome, page=page)
    if looking:
        page = VersionsPage(page.cohort, page.history, version_id, heard(outcome or ()))
        return visit.page("repairs/versions.html", page=page, problems=())
    return visit.go(f"/cohorts/{cohort_id}/versions")


routes = [show, undo, go_back]
