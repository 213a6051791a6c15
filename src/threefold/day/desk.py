"""What the day's pages share: the board, loaded and shown, and who hears of a change."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from threefold.clock.queries import Panel, panel_of
from threefold.clock.record import GroupAt
from threefold.core.refusal import Refusal
from threefold.day import queries
from threefold.day.showing import Day
from threefold.day.since import since_the_start
from threefold.store.sessions import Me
from threefold.web.access import Right, practice_for
from threefold.web.forms import Form
from threefold.web.visit import Answer, Visit

PRACTICE = "/practice/{practice_id:uuid}"
DAY = f"{PRACTICE}/day"
NO_TIME = "Enter a time like 18:39."
DONE = {
    "groups": "These are the groups now.",
    "undone": "The groups are as they were before.",
    "rooms": "The rooms are changed.",
    "time": "Noted.",
    "presence": "Noted.",
}


def load(practice_id: UUID, now: datetime) -> Callable[[Session, Me], Day]:
    def work(db: Session, me: Me) -> Day:
        return queries.day(db, practice_for(db, me, practice_id, Right.TUTOR), now)

    return work


def with_clock(practice_id: UUID, now: datetime) -> Callable[[Session, Me], tuple[Day, Panel]]:
    """The board, and the clock of its groups; eight questions in all."""

    def work(db: Session, me: Me) -> tuple[Day, Panel]:
        day = load(practice_id, now)(db, me)
        groups = [GroupAt(one.triad, one.number, one.room, len(one.lines), one.rounds or None) for one in day.rooms]
        return day, panel_of(db, day.at.practice, day.at.cohort, now, groups)

    return work


async def board(visit: Visit, practice_id: UUID, refusal: Refusal | None = None, form: Form | None = None) -> Answer:
    """The board; with what a form of it refused, its words kept."""
    day, clock_panel = await visit.read(with_clock(practice_id, visit.now))
    return visit.page(
        "day/board.html",
        status=422 if refusal else 200,
        day=day,
        since=since_the_start(day),
        clock_panel=clock_panel,
        typed=form,
        done="" if refusal else DONE.get(visit.request.query_params.get("done", ""), ""),
        problems=refusal.problems if refusal else (),
    )


async def told_if_ahead(
    visit: Visit, practice_id: UUID, work: Callable[[Session, Me], Refusal | None]
) -> Refusal | None:
    """Calendars are told of what changes before the session; once it runs, whoever is in the room knows."""
    at = await visit.read(lambda db, me: practice_for(db, me, practice_id))
    if visit.now >= at.practice.starts_at:
        return await visit.write(work)
    return await visit.tell([at.cohort.id], work, only=practice_id)


def domain_of(visit: Visit) -> str:
    return visit.house.settings.mail_domain
