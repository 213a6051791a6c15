"""The page a letter leads to when a calendar has said no: was that you? Only its buttons do anything."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from litestar import get, post
from litestar.params import FromPath
from sqlalchemy.orm import Session

from threefold.core import reply as rules
from threefold.core.refusal import Refusal
from threefold.core.reply import Answer
from threefold.core.triad import Withdrawn
from threefold.practice import answers, queries
from threefold.practice.answers import Held
from threefold.practice.queries import Place
from threefold.store.sessions import Me
from threefold.store.tables import Reply
from threefold.store.within import InTriad, NotYours
from threefold.web.access import seat_for
from threefold.web.visit import Answer as Page
from threefold.web.visit import Visited, signed_in

COMING = "coming"
UNABLE = "unable"
SAY_WHICH = "Say whether you’re coming."


@dataclass(frozen=True)
class Asked:
    """What the page shows: the reader's place, what their calendar says now, and when that counts by itself."""

    reply_id: UUID
    place: Place
    answer: Answer | None
    waits: bool
    counts_at: datetime | None


@get("/replies/{reply_id:uuid}", **signed_in)
async def ask(visit: Visited, reply_id: FromPath[UUID]) -> Page:
    """Any reply of a seat leads to the same question: what holds is what was answered last."""
    return visit.page("practice/reply.html", page=await visit.read(_asked(reply_id, visit.now)), problems=())


@post("/replies/{reply_id:uuid}", status_code=303, **signed_in)
async def settle(visit: Visited, reply_id: FromPath[UUID]) -> Page:
    form = await visit.form()
    said = form.get("answer")

    def work(db: Session, me: Me) -> Withdrawn | Refusal | None:
        within = _own(db, me, reply_id)
        if within.seat is None:
            raise NotYours
        if said == UNABLE:
            return answers.confirm(db, within, within.seat, by=me, now=visit.now, new_id=visit.new_id)
        if said == COMING:
            return answers.coming(db, within, within.seat, by=me, now=visit.now, new_id=visit.new_id)
        return Refusal.because(SAY_WHICH)

    within = await visit.read(lambda db, me: _own(db, me, reply_id))
    outcome = await visit.tell([within.cohort.id], work)
    if isinstance(outcome, Refusal):
        return visit.refused("practice/reply.html", outcome, page=await visit.read(_asked(reply_id, visit.now)))
    return visit.go(f"/practice/{within.practice.id}")


def _own(db: Session, me: Me, reply_id: UUID) -> InTriad:
    """The triad in which the asker holds the seat that was answered for. Raises NotYours."""
    reply = db.get(Reply, reply_id)
    if reply is None:
        raise NotYours
    return seat_for(db, me, reply.seat_id)


def _asked(reply_id: UUID, now: datetime) -> Callable[[Session, Me], Asked]:
    def work(db: Session, me: Me) -> Asked:
        seat = _own(db, me, reply_id).seat
        place = next((each for each in queries.places_of(db, me) if seat and each.seat_id == seat.id), None)
        held: list[Held] = answers.held(db, [place.seat_id], now) if place else []
        if place is None or not held:
            raise NotYours
        last = rules.holding(held[0].kept)
        waits = rules.first_heard(held[0].kept) is not None
        return Asked(reply_id, place, last.answer if last else None, waits, held[0].counts_at(now) if waits else None)

    return work


routes = [ask, settle]
