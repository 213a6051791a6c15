"""The pages letters lead to when a calendar has said no (was that you?) or proposed another time (may it stay?).

Only their buttons do anything.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from litestar import get, post
from litestar.params import FromPath
from sqlalchemy.orm import Session

from threefold.core import reply as rules
from threefold.core.refusal import Refusal
from threefold.core.reply import Answer
from threefold.core.triad import Withdrawn
from threefold.practice import answers, queries
from threefold.practice.answers import Held, Proposal
from threefold.practice.queries import Place
from threefold.store.sessions import Me
from threefold.store.tables import Reply
from threefold.store.within import AtPractice, InTriad, NotYours
from threefold.web.access import Right, practice_for, seat_for
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


# --- for tutors: another time was proposed ---------------------------------------------------------------------


@dataclass(frozen=True)
class Proposed:
    """A proposal beside the time that holds, and the words with which the session's own form would take it."""

    at: AtPractice
    proposal: Proposal

    @property
    def as_change(self) -> str:
        """The query that fills in the form for changing the session; "" where the proposed time can't be read."""
        begins, ends = self.proposal.starts_at, self.proposal.ends_at
        if begins is None:
            return ""
        there = begins.astimezone(ZoneInfo(self.at.cohort.zone))
        words = {"date": there.date().isoformat(), "start": f"{there:%H:%M}"}
        if ends is not None and ends > begins:
            words["minutes"] = str(int((ends - begins).total_seconds()) // 60)
        return urlencode(words)


PROPOSAL = "/practice/{practice_id:uuid}/proposals/{proposal_id:uuid}"


@get(PROPOSAL, **signed_in)
async def proposed(visit: Visited, practice_id: FromPath[UUID], proposal_id: FromPath[UUID]) -> Page:
    page = await visit.read(_proposed(practice_id, proposal_id, visit.now))
    return visit.page("practice/proposal.html", page=page, problems=())


@post(PROPOSAL, status_code=303, **signed_in)
async def keep(visit: Visited, practice_id: FromPath[UUID], proposal_id: FromPath[UUID]) -> Page:
    """The time stays as it is, and whoever proposed another hears it."""
    page = await visit.read(_proposed(practice_id, proposal_id, visit.now))

    def work(db: Session, me: Me) -> Refusal | None:
        at = practice_for(db, me, practice_id, Right.TUTOR)
        return answers.keep_the_time(db, at, proposal_id, by=me, now=visit.now, new_id=visit.new_id)

    refusal = await visit.tell([page.at.cohort.id], work)
    if refusal:
        page = await visit.read(_proposed(practice_id, proposal_id, visit.now))
        return visit.refused("practice/proposal.html", refusal, page=page)
    return visit.go(f"/practice/{practice_id}/proposals/{proposal_id}")


def _proposed(practice_id: UUID, proposal_id: UUID, now: datetime) -> Callable[[Session, Me], Proposed]:
    def work(db: Session, me: Me) -> Proposed:
        at = practice_for(db, me, practice_id, Right.TUTOR)
        found = next((each for each in answers.proposals_at(db, at, now) if each.id == proposal_id), None)
        if found is None:
            raise NotYours
        return Proposed(at, found)

    return work


# --- for the person: was that you? ------------------------------------------------------------------------------


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


routes = [ask, settle, proposed, keep]
