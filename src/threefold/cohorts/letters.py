"""The page of a cohort's letters, for its tutors: what is stuck and why, and a button to send it again."""

from typing import Any
from uuid import UUID

from litestar import get, post
from litestar.params import FromPath
from sqlalchemy.orm import Session

from threefold.cohorts.post import GONE, MOST_AHEAD, PAGE, post_of, send_again
from threefold.core.refusal import Refusal
from threefold.store.sessions import Me
from threefold.web.access import Right, cohort_for
from threefold.web.visit import Answer, Visit, Visited, signed_in


@get("/cohorts/{cohort_id:uuid}/letters", **signed_in)
async def letters(visit: Visited, cohort_id: FromPath[UUID]) -> Answer:
    page = await visit.read(
        lambda db, me: post_of(db, cohort_for(db, me, cohort_id, Right.TUTOR), visit.now, _mark(visit))
    )
    asked = visit.request.query_params
    return visit.page("cohorts/letters.html", page=page, again=asked.get("again") == "yes", problems=(), **_more(visit))


@post("/cohorts/{cohort_id:uuid}/letters", status_code=303, **signed_in)
async def again(visit: Visited, cohort_id: FromPath[UUID]) -> Answer:
    form = await visit.form()
    letter_id = form.id("letter")

    def work(db: Session, me: Me) -> Refusal | None:
        within = cohort_for(db, me, cohort_id, Right.TUTOR)
        return send_again(db, within, letter_id, by=me, now=visit.now, new_id=visit.new_id) if letter_id else GONE

    refusal = await visit.write(work)
    if refusal:
        page = await visit.read(lambda db, me: post_of(db, cohort_for(db, me, cohort_id, Right.TUTOR), visit.now, None))
        return visit.refused("cohorts/letters.html", refusal, page=page, again=False, **_more(visit))
    return visit.go(f"/cohorts/{cohort_id}/letters?again=yes")


def _mark(visit: Visit) -> UUID | None:
    """The last letter of the page before."""
    try:
        return UUID(visit.request.query_params.get("before", ""))
    except ValueError:
        return None


def _more(visit: Visit) -> dict[str, Any]:
    return {"size": PAGE, "most_ahead": MOST_AHEAD, "ours": visit.house.settings.base_url, "before": _mark(visit)}


routes = [letters, again]
