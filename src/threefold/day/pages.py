"""The day: the board with its register, and the views for a wall and for paper."""

from collections.abc import Callable
from uuid import UUID

from litestar import get, post
from litestar.params import FromPath
from sqlalchemy.orm import Session

from threefold.core.happened import Mode, Presence
from threefold.core.refusal import Refusal
from threefold.day import actions, queries
from threefold.day.arrivals import routes as arrivals
from threefold.day.desk import DAY, NO_TIME, PRACTICE, board, domain_of, load, told_if_ahead
from threefold.day.groups import routes as groups
from threefold.day.noting import SOMEBODY, bounds_of
from threefold.day.record import routes as record
from threefold.day.since import since_the_start
from threefold.store.sessions import Me
from threefold.web.access import Right, practice_for
from threefold.web.forms import Form
from threefold.web.visit import Answer, Visit, Visited, signed_in

WHATS = ("came", "left")


@get(DAY, **signed_in)
async def show(visit: Visited, practice_id: FromPath[UUID]) -> Answer:
    return await board(visit, practice_id)


@get(f"{DAY}/live", **signed_in)
async def live(visit: Visited, practice_id: FromPath[UUID]) -> Answer:
    """What changes on the board, for the script that keeps it fresh."""
    day = await visit.read(load(practice_id, visit.now))
    return visit.page("day/_live.html", day=day, since=since_the_start(day))


# --- the register ----------------------------------------------------------------------------------------------


@post(f"{DAY}/ticks", status_code=303, **signed_in)
async def tick(visit: Visited, practice_id: FromPath[UUID]) -> Answer:
    """Somebody is here, or is not; everybody (`member` is "all") who is not here yet."""
    form = await visit.form()
    everybody, member, here = form.get("member") == "all", form.id("member"), form.get("here") == "yes"

    def work(db: Session, me: Me) -> Refusal | None:
        at = practice_for(db, me, practice_id, Right.TUTOR)
        members = [member] if member else []
        if everybody:
            tiles = queries.day(db, at, visit.now).tiles
            members = [tile.who.member for tile in tiles if not tile.is_here and not tile.is_away and tile.seated]
        elif member is None:
            return SOMEBODY
        for each in members:
            refusal = actions.tick(
                db,
                at,
                each,
                here=here,
                together=everybody,
                by=me,
                domain=domain_of(visit),
                now=visit.now,
                new_id=visit.new_id,
            )
            if refusal:
                return refusal
        return None

    refusal = await told_if_ahead(visit, practice_id, work)
    return await board(visit, practice_id, refusal, form) if refusal else visit.go(f"/practice/{practice_id}/day#here")


@post(f"{DAY}/times", status_code=303, **signed_in)
async def note_time(visit: Visited, practice_id: FromPath[UUID]) -> Answer:
    """Late, or leaving early, by the minute."""
    form = await visit.form()
    member, what = form.id("member"), form.one_of("what", WHATS, "Choose whether they came or left.")
    typed = form.clock("at", NO_TIME)

    def work(db: Session, me: Me) -> Refusal | None:
        at = practice_for(db, me, practice_id, Right.TUTOR)
        if form.refusal:
            return form.refusal
        if member is None:
            return SOMEBODY
        moment = bounds_of(at).moment(typed)
        return actions.note_time(db, at, member, what, moment, by=me, now=visit.now, new_id=visit.new_id)

    refusal = await visit.write(work)
    if refusal:
        return await board(visit, practice_id, refusal, form)
    return visit.go(f"/practice/{practice_id}/day?done=time#here")


@post(f"{DAY}/presence", status_code=303, **signed_in)
async def be_present(visit: Visited, practice_id: FromPath[UUID]) -> Answer:
    """How the tutor who says so is there, with all groups or one."""
    form = await visit.form()
    presence = Presence(form.one_of("presence", list(Presence), "Choose how you are there."))
    triad = form.id("triad")

    def work(db: Session, me: Me) -> Refusal | None:
        at = practice_for(db, me, practice_id, Right.TUTOR)
        if form.refusal:
            return form.refusal
        return actions.be_present(db, at, triad, presence, by=me, now=visit.now, new_id=visit.new_id)

    return await _written(visit, practice_id, work, form, "presence")


@post(f"{DAY}/mode", status_code=303, **signed_in)
async def take_part(visit: Visited, practice_id: FromPath[UUID]) -> Answer:
    """Who takes part in the room, and who online."""
    form = await visit.form()
    mode = Mode(form.one_of("mode", list(Mode), "Choose in the room, or online."))
    member = form.id("member")

    def work(db: Session, me: Me) -> Refusal | None:
        at = practice_for(db, me, practice_id, Right.TUTOR)
        if form.refusal:
            return form.refusal
        return actions.take_part(db, at, member, mode, by=me, now=visit.now, new_id=visit.new_id)

    return await _written(visit, practice_id, work, form, "presence")


@post(f"{PRACTICE}/pin", status_code=303, **signed_in)
async def ask_for_pin(visit: Visited, practice_id: FromPath[UUID]) -> Answer:
    """The PIN in the room is asked for, or a tap is enough again."""
    form = await visit.form()
    asked = form.get("asked") == "yes"

    def work(db: Session, me: Me) -> Refusal | None:
        at = practice_for(db, me, practice_id, Right.TUTOR)
        return actions.ask_for_pin(db, at, asked=asked, by=me, now=visit.now, new_id=visit.new_id)

    if refusal := await visit.write(work):
        return await board(visit, practice_id, refusal, form)
    return visit.go(f"/practice/{practice_id}/door")  # which shows what is so now to the room


async def _written(
    visit: Visit, practice_id: UUID, work: Callable[[Session, Me], Refusal | None], form: Form, done: str
) -> Answer:
    refusal = await visit.write(work)
    if refusal:
        return await board(visit, practice_id, refusal, form)
    return visit.go(f"/practice/{practice_id}/day?done={done}")


@get(f"{PRACTICE}/wall", **signed_in)
async def wall(visit: Visited, practice_id: FromPath[UUID]) -> Answer:
    """Groups, rooms and roles by first names, large; nothing else about anybody."""
    return visit.page("day/wall.html", day=await visit.read(load(practice_id, visit.now)))


@get(f"{PRACTICE}/cards", **signed_in)
async def cards(visit: Visited, practice_id: FromPath[UUID]) -> Answer:
    """A card for everybody, to be printed."""
    return visit.page("day/cards.html", day=await visit.read(load(practice_id, visit.now)))


routes = [show, live, tick, note_time, be_present, take_part, ask_for_pin, wall, cards, *groups, *arrivals, *record]
