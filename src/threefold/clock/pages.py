"""The shared clock: a trainee's phone, the projector, the tutors' panel; and how every device hears of a press."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Stream
from msgspec import json
from sqlalchemy.orm import Session

from threefold.clock import actions, queries
from threefold.clock.queries import OwnClock, Panel
from threefold.clock.record import clock_of, seatings_of
from threefold.clock.showing import Dial, device_of, dial_of
from threefold.clock.stream import Audience, ClockTopic, message
from threefold.core.clock import EXTENSIONS, What
from threefold.core.refusal import Refusal
from threefold.store.sessions import Me
from threefold.store.within import AtPractice, InTriad, NotYours
from threefold.web.access import own_triad_for, practice_for, triad_for
from threefold.web.visit import Answer, Visit, Visited, signed_in

CLOCK = "/practice/{practice_id:uuid}/clock"
ASK = "/triads/{triad_id:uuid}/please-come"
DONE = {"moved": "It had moved on already."}


@dataclass(frozen=True)
class Before:
    """A session's clock in front of somebody: their own group's, or for a tutor the panel."""

    at: AtPractice
    own: OwnClock | None
    panel: Panel | None


def own_or_all(db: Session, me: Me, practice_id: UUID) -> AtPractice:
    """The group somebody sits in, else the session that they teach."""
    try:
        return own_triad_for(db, me, practice_id)
    except NotYours:
        at = practice_for(db, me, practice_id)
        if not at.is_tutor:
            raise
        return at


def before(visit: Visit, practice_id: UUID) -> Callable[[Session, Me], Before]:
    def work(db: Session, me: Me) -> Before:
        at = own_or_all(db, me, practice_id)
        if isinstance(at, InTriad):
            return Before(at, queries.own_clock(db, at, visit.now), None)
        return Before(at, None, queries.panel_of(db, at.practice, at.cohort, visit.now))

    return work


@get(CLOCK, **signed_in)
async def show(visit: Visited, practice_id: FromPath[UUID]) -> Answer:
    return clock_page(visit, await visit.read(before(visit, practice_id)))


def clock_page(visit: Visit, page: Before, refusal: Refusal | None = None) -> Answer:
    problems = refusal.problems if refusal else ()
    status, done = 422 if refusal else 200, DONE.get(visit.request.query_params.get("done", ""), "")
    if page.own:
        return visit.page("clock/own.html", status=status, at=page.at, own=page.own, problems=problems)
    return visit.page(
        "clock/panel.html", status=status, at=page.at, clock_panel=page.panel, problems=problems, done=done
    )


@get(f"{CLOCK}/wall", **signed_in)
async def wall(visit: Visited, practice_id: FromPath[UUID]) -> Answer:
    """The big clock for a projector: no names, no rooms."""

    def work(db: Session, me: Me) -> tuple[AtPractice, Dial]:
        at = own_or_all(db, me, practice_id)
        return at, dial_of(clock_of(db, at.practice, at.cohort), visit.now)

    at, dial = await visit.read(work)
    return visit.page("clock/wall.html", at=at, dial=dial, device=device_of(dial, practice_id, wall=True))


# --- devices --------------------------------------------------------------------------------------------------


def audience_of(visit: Visit, at: AtPractice) -> UUID | Audience:
    """Which audience somebody belongs to."""
    if "wall" in visit.request.query_params:
        return Audience.WALL
    return at.triad.id if isinstance(at, InTriad) else Audience.TUTORS


def stands(visit: Visit, practice_id: UUID) -> Callable[[Session, Me], bytes]:
    """How the clock stands for somebody, as JSON."""

    def work(db: Session, me: Me) -> bytes:
        at = own_or_all(db, me, practice_id)
        audience = audience_of(visit, at)
        clock = clock_of(db, at.practice, at.cohort)
        seatings = seatings_of(db, practice_id) if isinstance(audience, UUID) else {}
        return json.encode(message(clock, seatings, audience, visit.now))

    return work


@get(f"{CLOCK}.json", **signed_in)
async def as_json(visit: Visited, practice_id: FromPath[UUID]) -> Answer:
    return told_now(visit, await visit.glance(stands(visit, practice_id)))


def told_now(visit: Visit, state: bytes) -> Answer:
    """With the server's time, read as late as can be: a device halves the way there and back and sets itself by it."""
    now = int(visit.house.clock().timestamp() * 1000)
    body = b'{"now":%d,"state":%b}' % (now, state)
    return Response(body, media_type="application/json", headers={"cache-control": "no-store"})


@get(f"{CLOCK}/stream", **signed_in)
async def stream(visit: Visited, practice_id: FromPath[UUID]) -> Answer:
    """Every change as it happens (server-sent events); whoever asks for no stream gets how it stands, once."""
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    if "text/event-stream" not in visit.request.headers.get("accept", "") or visit.request.method == "HEAD":
        once = await visit.glance(stands(visit, practice_id))
        return Response(b"data: " + once + b"\n\n", media_type="text/event-stream", headers=headers)
    audience = await visit.glance(lambda db, me: audience_of(visit, own_or_all(db, me, practice_id)))
    topic = ClockTopic(visit.house, practice_id)
    events = visit.house.streams.events(("clock", practice_id), topic, audience)
    return Stream(events, media_type="text/event-stream", headers=headers)


# --- pressing -------------------------------------------------------------------------------------------------


@post(f"{CLOCK}/presses", status_code=303, **signed_in)
async def press(visit: Visited, practice_id: FromPath[UUID]) -> Answer:
    """A tutor presses for everybody or for one group; in practice people booked by themselves, a group for itself."""
    form = await visit.form()
    what = What(form.one_of("what", [what.value for what in What], "Choose what the clock should do."))
    minutes = 0
    if what is What.EXTEND:
        minutes = form.whole("minutes", "Enter from 1 to 30 minutes.", least=EXTENSIONS[0], most=EXTENSIONS[-1])
    seen = form.get("seen")
    group = form.id("group")
    id = form.id("id") or visit.new_id()

    def work(db: Session, me: Me) -> Refusal | None:
        at = own_or_all(db, me, practice_id)
        if isinstance(at, InTriad) and (at.practice.window_id is None or group != at.triad.id):
            raise NotYours
        if form.get("group") and group is None:
            raise NotYours
        if form.refusal:
            return form.refusal
        return actions.press(
            db,
            at,
            what,
            group=group,
            seconds=minutes * 60,
            seen=int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 4 else None,
            id=id,
            by=me,
            now=visit.now,
            new_id=visit.new_id,
        )

    return await afterwards(visit, practice_id, await visit.write(work))


# --- please come ----------------------------------------------------------------------------------------------


@post(ASK, status_code=303, **signed_in)
async def ask(visit: Visited, triad_id: FromPath[UUID]) -> Answer:
    """Somebody of a group asks its tutors to look in."""
    form = await visit.form()
    id = form.id("id") or visit.new_id()

    def work(db: Session, me: Me) -> tuple[Refusal | None, UUID]:
        within = sitting(db, me, triad_id)
        return actions.ask(db, within, id=id, by=me, now=visit.now, new_id=visit.new_id), within.practice.id

    refusal, practice_id = await visit.write(work)
    return await afterwards(visit, practice_id, refusal)


@post(f"{ASK}/withdrawal", status_code=303, **signed_in)
async def take_back(visit: Visited, triad_id: FromPath[UUID]) -> Answer:
    def work(db: Session, me: Me) -> UUID:
        within = sitting(db, me, triad_id)
        actions.take_back(db, within, by=me, now=visit.now, new_id=visit.new_id)
        return within.practice.id

    return await afterwards(visit, await visit.write(work))


@post(f"{ASK}/coming", status_code=303, **signed_in)
async def come(visit: Visited, triad_id: FromPath[UUID]) -> Answer:
    """A tutor says that they are on the way."""

    def work(db: Session, me: Me) -> UUID:
        within = triad_for(db, me, triad_id)
        if not within.is_tutor:
            raise NotYours
        actions.come(db, within, by=me, now=visit.now, new_id=visit.new_id)
        return within.practice.id

    return await afterwards(visit, await visit.write(work))


def sitting(db: Session, me: Me, triad_id: UUID) -> InTriad:
    within = triad_for(db, me, triad_id)
    if within.seat is None:
        raise NotYours
    return within


async def afterwards(visit: Visit, practice_id: UUID, refusal: Refusal | None = None) -> Answer:
    """Back to where it was pressed, or why not; everybody concerned hears of it at once."""
    visit.house.streams.nudge(("clock", practice_id))
    if "application/json" in visit.request.headers.get("accept", ""):
        if refusal:
            return Response({"sentence": refusal.problems[0].sentence}, status_code=422)
        answer = told_now(visit, await visit.glance(stands(visit, practice_id)))
        answer.status_code = 200
        return answer
    if refusal:
        return clock_page(visit, await visit.read(before(visit, practice_id)), refusal)
    form = await visit.form()
    return visit.go(form.get("from") or f"/practice/{practice_id}/clock")


routes = [show, wall, as_json, stream, press, ask, take_back, come]
