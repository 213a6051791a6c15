"""Saying that one is here: by a tap, with the PIN in the room, or by the code at its door."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from litestar import get, post
from litestar.params import FromPath
from sqlalchemy.orm import Session

from threefold.core import arriving
from threefold.core.happened import How
from threefold.core.refusal import Refusal
from threefold.day import actions, queries
from threefold.day.desk import PRACTICE, domain_of, load, told_if_ahead
from threefold.day.queries import Arrival
from threefold.day.showing import Day
from threefold.store.sessions import Me
from threefold.store.within import AtPractice, NotYours
from threefold.web.access import Right, practice_for
from threefold.web.visit import Answer, Visit, Visited, signed_in


def _arrival(practice_id: UUID, now: datetime) -> Callable[[Session, Me], Arrival]:
    def work(db: Session, me: Me) -> Arrival:
        return queries.arrival(db, practice_for(db, me, practice_id, Right.TRAINEE), now)

    return work


@get(f"{PRACTICE}/arrival", **signed_in)
async def before_arriving(visit: Visited, practice_id: FromPath[UUID]) -> Answer:
    page = await visit.read(_arrival(practice_id, visit.now))
    return visit.page("day/arrival.html", page=page, action=f"/practice/{practice_id}/arrival", problems=())


@post(f"{PRACTICE}/arrival", status_code=303, **signed_in)
async def arrive(visit: Visited, practice_id: FromPath[UUID]) -> Answer:
    """“I’m here”, with the PIN in the room where it is asked for."""
    form = await visit.form()

    def work(db: Session, me: Me) -> Refusal | None:
        at = practice_for(db, me, practice_id, Right.TRAINEE)
        page = queries.arrival(db, at, visit.now)
        if page.is_open and page.asks_pin and page.here_since is None:
            wrong = actions.check_pin(
                db, at, form.get("pin"), _pin(visit, at), by=me, now=visit.now, new_id=visit.new_id
            )
            if wrong:
                return wrong
        how = How.PIN if page.asks_pin else How.TAP
        return actions.arrive(db, at, how=how, by=me, domain=domain_of(visit), now=visit.now, new_id=visit.new_id)

    return await _arrived(visit, practice_id, work, f"/practice/{practice_id}/arrival")


async def _arrived(
    visit: Visit, practice_id: UUID, work: Callable[[Session, Me], Refusal | None], action: str
) -> Answer:
    refusal = await told_if_ahead(visit, practice_id, work)
    if refusal:
        page = await visit.read(_arrival(practice_id, visit.now))
        return visit.refused("day/arrival.html", refusal, page=page, action=action)
    return visit.go(f"/practice/{practice_id}/arrival")


@get("/here/{code:str}", **signed_in)
async def before_arriving_by_code(visit: Visited, code: FromPath[str]) -> Answer:
    """Where a QR code leads: a page with a button, which alone says that somebody is here."""

    def work(db: Session, me: Me) -> tuple[AtPractice, Arrival | None]:
        at = _at_code(visit, db, me, code)
        return at, None if at.is_tutor else queries.arrival(db, at, visit.now)

    at, page = await visit.read(work)
    if page is None:
        return visit.go(f"/practice/{at.practice.id}/day")
    return visit.page("day/arrival.html", page=page, action=f"/here/{code}", problems=())


@post("/here/{code:str}", status_code=303, **signed_in)
async def arrive_by_code(visit: Visited, code: FromPath[str]) -> Answer:
    await visit.form()
    at = await visit.read(lambda db, me: _at_code(visit, db, me, code, Right.TRAINEE))

    def work(db: Session, me: Me) -> Refusal | None:
        at = _at_code(visit, db, me, code, Right.TRAINEE)
        return actions.arrive(db, at, how=How.CODE, by=me, domain=domain_of(visit), now=visit.now, new_id=visit.new_id)

    return await _arrived(visit, at.practice.id, work, f"/here/{code}")


def _at_code(visit: Visit, db: Session, me: Me, code: str, right: Right = Right.MEMBER) -> AtPractice:
    """The session that a code is of; raises NotYours for one that we did not make, or that is not theirs."""
    found = arriving.read_code(code)
    if found is None or not arriving.sealed(found[1], _seal(visit, found[0])):
        raise NotYours
    return practice_for(db, me, found[0], right)


def _seal(visit: Visit, practice_id: UUID) -> bytes:
    return visit.house.keys.digest("here", str(practice_id))


def _pin(visit: Visit, at: AtPractice) -> str:
    """The session’s PIN: another one for each session, and for each time it is moved to."""
    return arriving.pin(visit.house.keys.digest("pin", str(at.practice.id), at.practice.starts_at.isoformat()))


@dataclass(frozen=True)
class Door:
    """What is shown at the door: the PIN, and a code to be scanned."""

    day: Day
    pin: str
    address: str
    drawing: str
    size: int


@get(f"{PRACTICE}/door", **signed_in)
async def door(visit: Visited, practice_id: FromPath[UUID]) -> Answer:
    day = await visit.read(load(practice_id, visit.now))
    code = arriving.code(practice_id, _seal(visit, practice_id))
    address = f"{visit.house.settings.base_url}/here/{code}"
    import segno  # noqa: PLC0415 - only this page draws a code; every start would pay for it

    drawn = segno.make_qr(address, error="m")
    rows = list(drawn.matrix_iter(border=4))
    drawing = "".join(f"M{x} {y}h1v1h-1z" for y, row in enumerate(rows) for x, dark in enumerate(row) if dark)
    page = Door(day, _pin(visit, day.at), address, drawing, len(rows))
    return visit.page("day/door.html", page=page, problems=())


routes = [before_arriving, arrive, before_arriving_by_code, arrive_by_code, door]
