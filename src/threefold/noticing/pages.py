"""For tutors: who might welcome a conversation, which ratings to read with care, and how far observers agree."""

from collections.abc import Hashable
from uuid import UUID

from litestar import get, post
from litestar.params import FromPath
from sqlalchemy.orm import Session

from threefold.core.refusal import Refusal
from threefold.noticing import actions, queries
from threefold.noticing.agreeing import show_agreement, table_of_agreement
from threefold.noticing.queries import Watched
from threefold.noticing.words import counted, sentence
from threefold.store.sessions import Me
from threefold.web.access import Right, cohort_for
from threefold.web.visit import Answer, Visit, Visited, signed_in

NOTED = {"talked": "Kept. It rests until something new comes in.", "noted": "Your note is kept."}


async def _looked(visit: Visit, cohort_id: UUID) -> Watched:
    def work(db: Session, me: Me) -> Watched:
        return queries.watched(db, cohort_for(db, me, cohort_id, Right.TUTOR), visit.now)

    return await visit.read(work)


@get("/cohorts/{cohort_id:uuid}/noticing", **signed_in)
async def show(visit: Visited, cohort_id: FromPath[UUID]) -> Answer:
    """Two quiet lists for tutors, and nothing that follows from them by itself."""
    done = NOTED.get(visit.request.query_params.get("done", ""), "")
    return _page(visit, await _looked(visit, cohort_id), done=done)


@get("/cohorts/{cohort_id:uuid}/noticing/count", **signed_in)
async def count(visit: Visited, cohort_id: FromPath[UUID]) -> Answer:
    """How much there is to look at, never whom it is about, for the link on the cohort's own page; or nothing."""
    looked = await _looked(visit, cohort_id)
    entries = len(looked.awake("person")) + len(looked.awake("ratings"))
    answer = visit.html(f"{entries} worth a look" if entries else "")
    answer.media_type = "text/plain"
    return answer


@post("/cohorts/{cohort_id:uuid}/noticing/conversations", status_code=303, **signed_in)
async def keep(visit: Visited, cohort_id: FromPath[UUID]) -> Answer:
    """A tutor has had a chat, or notes something for the tutors."""
    form = await visit.form()
    talked = form.get("do") == "talked"
    about = form.one_of("about", ("person", "ratings"), "Choose what it is about.")
    member = form.id("member")
    words = form.words("words", most=actions.MOST_WORDS)

    def work(db: Session, me: Me) -> Refusal | None:
        within = cohort_for(db, me, cohort_id, Right.TUTOR)
        if form.problems and form.problems[0].field == "about":
            return form.refusal
        whom = queries.member_of(db, within, member)
        if form.refusal:
            at = f"words-{about}-{whom}"
            return Refusal.because(form.problems[0].sentence, at)
        return actions.keep(
            db,
            cohort_id,
            whom,
            about,
            words,
            talked=talked,
            id=form.id("id") or visit.new_id(),
            by=me,
            now=visit.now,
            new_id=visit.new_id,
        )

    refusal = await visit.write(work)
    if refusal:
        return _page(visit, await _looked(visit, cohort_id), refusal=refusal, typed=form.get("words"))
    return visit.go(f"/cohorts/{cohort_id}/noticing?done={'talked' if talked else 'noted'}")


def _page(visit: Visit, looked: Watched, *, done: str = "", refusal: Refusal | None = None, typed: str = "") -> Answer:
    def called(who: Hashable) -> str:
        member = looked.members.get(who)
        return member.first if member else "somebody"

    return visit.page(
        "noticing/show.html",
        status=422 if refusal else 200,
        problems=refusal.problems if refusal else (),
        looked=looked,
        called=called,
        counted=counted,
        said=lambda evidence: sentence(evidence, looked.framework, called),
        new_id=visit.new_id,
        done=done,
        typed=typed,
    )


routes = [show, count, keep, show_agreement, table_of_agreement]
