"""How a session worked: each trainee says so in private, the tutors see the class's pattern a day later."""

from collections.abc import Callable
from uuid import UUID

from litestar import get, post
from litestar.params import FromPath
from sqlalchemy.orm import Session

from threefold.core.refusal import Refusal
from threefold.core.session_rating import QUESTIONS, SAID, SHORT, Answer
from threefold.ratings import actions, queries
from threefold.ratings.queries import Own
from threefold.store.sessions import Me
from threefold.web import visit as web
from threefold.web.access import Right, own_triad_for, practice_for
from threefold.web.forms import Form
from threefold.web.visit import Visit, Visited, signed_in

PRACTICE = "/practice/{practice_id:uuid}"


def own(visit: Visit, practice_id: UUID) -> Callable[[Session, Me], Own]:
    return lambda db, me: queries.own(db, own_triad_for(db, me, practice_id), visit.now)


def rating_page(visit: Visit, page: Own, refusal: Refusal | None = None, sent: Form | None = None) -> web.Answer:
    return visit.page(
        "ratings/rating.html",
        status=422 if refusal else 200,
        page=page,
        questions=QUESTIONS,
        options=[(answer.value, words) for answer, words in SAID.items()],
        chosen={code: sent.get(code) if sent else page.answers.get(code, "") for code in QUESTIONS},
        done="done" in visit.request.query_params and not refusal,
        problems=refusal.problems if refusal else (),
    )


@get(f"{PRACTICE}/rating", **signed_in)
async def show(visit: Visited, practice_id: FromPath[UUID]) -> web.Answer:
    return rating_page(visit, await visit.read(own(visit, practice_id)))


@post(f"{PRACTICE}/rating", status_code=303, **signed_in)
async def rate(visit: Visited, practice_id: FromPath[UUID]) -> web.Answer:
    form = await visit.form()
    answers = {code: form.get(code) for code in QUESTIONS}

    def work(db: Session, me: Me) -> Refusal | None:
        return actions.rate(db, own_triad_for(db, me, practice_id), answers, now=visit.now)

    refusal = await visit.write(work)
    if refusal:
        return rating_page(visit, await visit.read(own(visit, practice_id)), refusal, form)
    return visit.go(f"/practice/{practice_id}/rating?done=kept")


@get(f"{PRACTICE}/ratings", **signed_in)
async def show_class(visit: Visited, practice_id: FromPath[UUID]) -> web.Answer:
    def work(db: Session, me: Me) -> queries.ClassPattern:
        return queries.class_pattern(db, practice_for(db, me, practice_id, Right.TUTOR), visit.now)

    page = await visit.read(work)
    answers = [SAID[answer] for answer in Answer]
    return visit.page("ratings/pattern.html", page=page, answers=answers, short=SHORT, questions=QUESTIONS)


routes = [show, rate, show_class]
