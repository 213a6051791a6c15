"""Feedback to come: what has not come in, and a tutor's own word to those it is still to come from."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from litestar import get, post
from litestar.params import FromPath
from sqlalchemy.orm import Session

from threefold.core.names import first_name
from threefold.core.said import weekday
from threefold.core.wishes import Kind, not_before
from threefold.feedback import nudges, queries, rows
from threefold.feedback.nudges import Key, Letter, Row
from threefold.mail.outbox import Written
from threefold.people.wishes import off_path
from threefold.store.rounds import held_rounds
from threefold.store.rows import CohortRow
from threefold.store.sessions import Me
from threefold.store.within import NotYours
from threefold.web.access import Right, cohorts_of, triad_for
from threefold.web.visit import Answer, Visit, Visited, signed_in

MOST_TRIES = 4  # each finds that a piece has come in since its letter was written
PAGE = "/feedback/to-come"


@dataclass(frozen=True)
class ToCome:
    """The page: what has not come in with whether it may be asked for, and what waits for a look first."""

    found: queries.ToCome
    rows: list[Row]
    only: str  # a cohort's id, "" for every cohort

    def may_ask(self, visit: Visit) -> int:
        """How many people can be asked now."""
        return len(nudges.letters(self.rows, visit.now))


def _taught(db: Session, me: Me, only: str) -> list[CohortRow]:
    """The cohorts the person asking teaches, or the one with this id. Raises NotYours."""
    if not me.is_tutor:
        raise NotYours
    taught = [within.cohort for within in cohorts_of(db, me, Right.TUTOR)]
    if only and only not in {str(cohort.id) for cohort in taught}:
        raise NotYours
    return [one for one in taught if only in {"", str(one.id)}]


def _page(visit: Visit, only: str) -> Callable[[Session, Me], ToCome]:
    def work(db: Session, me: Me) -> ToCome:
        found = queries.to_come(db, _taught(db, me, only), visit.now)
        return ToCome(found, nudges.standing(db, me, found.missing), only)

    return work


@get(PAGE, **signed_in)
async def to_come(visit: Visited) -> Answer:
    asked = visit.request.query_params.get("asked", "")
    page = await visit.read(_page(visit, visit.request.query_params.get("cohort", "")))
    return visit.page(
        "feedback/to_come.html",
        page=page.found,
        rows=page.rows,
        only=page.only,
        may_ask=page.may_ask(visit),
        asked=int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 4 else None,
    )


@post(f"{PAGE}/nudges", status_code=303, **signed_in)
async def ask_everybody(visit: Visited) -> Answer:
    """Ask everybody who may be asked, with one letter each."""
    only = (await visit.form()).get("cohort")
    return await _ask(visit, lambda db, me: _page(visit, only)(db, me).rows, only)


@post("/feedback/{triad_id:uuid}/{number:int}/nudges", status_code=303, **signed_in)
async def ask(visit: Visited, triad_id: FromPath[UUID], number: FromPath[int]) -> Answer:
    """Ask one person for one piece. For somebody who has sent it since, or was just asked, nothing happens."""
    form = await visit.form()
    member = form.id("member")

    def find(db: Session, me: Me) -> list[Row]:
        within = triad_for(db, me, triad_id)
        if not within.is_tutor or within.practice.cancelled_at is not None:
            raise NotYours
        rounds = held_rounds(db, [(within.triad, within.practice, within.cohort)], visit.now)
        held = next((one for one in rounds if one.number == number), None)
        if held is None or (member is not None and held.party(member) is None):
            raise NotYours
        rows = nudges.standing(db, me, queries.missing_of(rounds, visit.now))
        return [row for row in rows if row.missing.held.number == number and row.whom.member == member]

    return await _ask(visit, find, form.get("cohort"))


async def _ask(visit: Visit, find: Callable[[Session, Me], list[Row]], only: str) -> Answer:
    """Write the letters beforehand, then decide once more and keep them with their rows in one unit of work."""

    def work(db: Session, me: Me) -> int | None:
        return nudges.ask(db, find(db, me), written, by=me, now=visit.now, new_id=visit.new_id)

    written: dict[Key, Written] = {}
    asked = None
    for _ in range(MOST_TRIES):
        wanted = nudges.letters(await visit.read(find), visit.now)
        written |= await asyncio.to_thread(lambda new=wanted: {one.key: _letter(visit, one) for one in new})  # type: ignore[misc] # its own for each turn
        asked = await visit.write(work)
        if asked is not None:
            break
    where = f"{PAGE}?asked={asked or 0}"
    return visit.go(f"{where}&cohort={UUID(only)}" if _is_id(only) else where)


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _letter(visit: Visit, letter: Letter) -> Written:
    """One letter from the tutor who asks, due outside the reader's quiet hours. Raises Unsendable."""
    whom, first = letter.whom, letter.rows[0].missing.held
    days = {weekday(row.missing.held.starts_at, first.zone) for row in letter.rows}
    sessions = {row.missing.held.practice_id for row in letter.rows}
    when = f"{days.pop()}’s practice" if len(sessions) == 1 else "your last practices"
    tutor = visit.me.name if visit.me else ""
    return visit.house.postroom.write(
        Kind.FEEDBACK_ASKED,
        id=visit.new_id(),
        once=letter.once(visit.now),
        lane=rows.lane(whom.member),
        person_id=whom.person,
        cohort_id=first.cohort_id,
        name=whom.name,
        recipient=whom.email,
        sender_name=f"{tutor} via Threefold",
        subject=f"A few minutes of yours on {when}?",
        unsubscribe=off_path(visit.house.keys, whom.person, Kind.FEEDBACK_ASKED),
        now=visit.now,
        due_at=not_before(visit.now, whom.zone),
        tutor=first_name(tutor),
        when=when,
        pieces=[(row.missing.held.path, queries.asked_in_words(row.missing)) for row in letter.rows],
        cohort=first.cohort,
    )
