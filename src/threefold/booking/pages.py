"""Extra practice for trainees: see what is open, start a triad or join one, step out, wait for a place, offer times.

Whoever comes too late for a seat gets the same page again, with what is next best on it; nobody gets an error.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from litestar import get, post
from litestar.params import FromPath
from sqlalchemy.orm import Session

from threefold.booking import actions, windows
from threefold.booking.actions import Desk
from threefold.booking.opening import routes as opening
from threefold.booking.queries import ExtraPage, Table, extra_page
from threefold.core.refusal import Refusal
from threefold.core.said import clock, day
from threefold.core.slots import moment
from threefold.store.extra import Sheet, WindowRow, of_practice, sheets, window_row
from threefold.store.rows import CohortRow
from threefold.store.sessions import Me
from threefold.store.tables import WindowOffer
from threefold.store.within import AtPractice, NotYours, Within
from threefold.web.access import (
    Right,
    cohorts_of,
    extra_for,
    has_accepted,
    open_triad_for,
    place_for,
    waiting_for,
    window_for,
)
from threefold.web.errors import MustAccept
from threefold.web.forms import Form
from threefold.web.visit import Answer, Visit, Visited, signed_in

EXTRA = "/practice/extra"
DONE = {
    "in": "You’re in. You’ll get an invitation.",
    "started": "You’ve started a triad. The others who are free then can see it now.",
    "out": "You’ve stepped out. The others keep their places.",
    "waiting": "You’re on the list. We’ll write as soon as a place comes free.",
    "left": "Thank you. The place goes to whoever is next.",
    "offered": "Kept. You can change it until offers close.",
}
LIKINGS = ("free", "if_needed")


# --- the page -------------------------------------------------------------------------------------------------------


@get(EXTRA, **signed_in)
async def extra(visit: Visited) -> Answer:
    done = DONE.get(visit.request.query_params.get("done", ""), "")
    return visit.page("booking/extra.html", page=await visit.read(load(visit)), done=done, missed="", problems=())


def load(visit: Visit, cohort_id: UUID | None = None) -> Callable[[Session, Me], ExtraPage]:
    """One cohort at a time: the one that was asked for, else the one whose term was set up last."""
    asked = cohort_id or _id(visit.request.query_params.get("cohort", ""))

    def work(db: Session, me: Me) -> ExtraPage:
        mine = [each for each in cohorts_of(db, me, Right.TRAINEE) if _is_on(each)]
        within = next((each for each in mine if each.cohort.id == asked), mine[0] if mine else None)
        if within is None:
            raise NotYours
        if not has_accepted(within):
            raise MustAccept(within.cohort.id)
        return extra_page(db, within, [each for each in mine if each is not within], visit.now)

    return work


def _is_on(within: Within) -> bool:
    return within.cohort.published_at is not None and within.cohort.archived_at is None


def _id(typed: str) -> UUID | None:
    try:
        return UUID(typed)
    except ValueError:
        return None


# --- taking a place -------------------------------------------------------------------------------------------------


@post("/practice/{extra_id:uuid}/triads", status_code=303, **signed_in)
async def start(visit: Visited, extra_id: FromPath[UUID]) -> Answer:
    """A triad of one's own at this time."""
    return await _book(visit, lambda db, me: extra_for(db, me, extra_id), actions.start, "started")


@post("/practice/{extra_id:uuid}/seats", status_code=303, **signed_in)
async def wherever(visit: Visited, extra_id: FromPath[UUID]) -> Answer:
    """Any place at this time."""
    return await _book(visit, lambda db, me: extra_for(db, me, extra_id), actions.wherever, "in")


@post("/triads/{open_triad_id:uuid}/seats", status_code=303, **signed_in)
async def join(visit: Visited, open_triad_id: FromPath[UUID]) -> Answer:
    """A place in this very triad."""

    def take(db: Session, desk: Desk, at: AtPractice) -> Refusal | None:
        return actions.join(db, desk, at, open_triad_id)

    return await _book(visit, lambda db, me: open_triad_for(db, me, open_triad_id), take, "in")


async def _book(
    visit: Visit,
    find: Callable[[Session, Me], AtPractice],
    take: Callable[[Session, Desk, AtPractice], Refusal | None],
    done: str,
) -> Answer:
    """Take a place and tell everybody concerned, or show what is next best."""
    found = await visit.read(find)
    cohort_id = found.cohort.id

    def work(db: Session, me: Me) -> Refusal | None:
        at = find(db, me)
        return take(db, desk_of(visit, at.cohort, me), at)

    refusal = await visit.tell([cohort_id], work, only=found.practice.id)
    if refusal:
        return await _missed(visit, cohort_id, refusal)
    return visit.go(f"{EXTRA}?cohort={cohort_id}&done={done}")


async def _missed(visit: Visit, cohort_id: UUID, refusal: Refusal) -> Answer:
    """Kind words, and the page as it stands now (409)."""
    page = await visit.read(load(visit, cohort_id))
    said = refusal.problems[0].sentence
    missed = f"{said} {next_best(page)}".strip()
    return visit.page("booking/extra.html", status=409, page=page, done="", missed=missed, problems=())


def next_best(page: ExtraPage) -> str:
    """What somebody could do instead, in a sentence."""
    card = page.best
    if card is None:
        return "Nothing else is free just now; you can wait for a place, and we’ll write when one comes free."
    when = f"{day(card.sheet.time.starts_at, card.zone)}, {clock(card.sheet.time.starts_at, card.zone)}"
    if card.offered:
        return f"A place is kept for you on {when}."
    if card.open:
        seats = "One seat is" if card.open[0].needs == 1 else "Two seats are"
        return f"{seats} left on {when}, with {_with(card.open[0])}."
    return f"You can start a triad on {when}."


def _with(table: Table) -> str:
    return " and ".join(table.names)


def desk_of(visit: Visit, cohort: CohortRow, me: Me) -> Desk:
    return Desk(cohort, visit.house.settings.mail_domain, me.id, visit.now, visit.new_id)


# --- stepping out ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class StepPage:
    """A place that somebody is about to give up, and until when they can. `others` are who they would leave."""

    cohort: CohortRow
    sheet: Sheet
    seat_id: UUID
    where: str
    others: tuple[str, ...]

    @property
    def leave_until(self) -> datetime:
        return self.sheet.time.can_leave_until


@get("/seats/{place_id:uuid}/stepping-out", **signed_in)
async def before_stepping_out(visit: Visited, place_id: FromPath[UUID]) -> Answer:
    """Says what will happen; only the button on it does it."""
    return await _step_page(visit, place_id, None)


@post("/seats/{place_id:uuid}/stepping-out", status_code=303, **signed_in)
async def step_out(visit: Visited, place_id: FromPath[UUID]) -> Answer:
    found = await visit.read(lambda db, me: place_for(db, me, place_id)[0])
    cohort_id = found.cohort.id

    def work(db: Session, me: Me) -> Refusal | None:
        at, seat = place_for(db, me, place_id)
        if seat.given_up_at is not None:
            return None
        return actions.step_out(db, desk_of(visit, at.cohort, me), at, seat.membership_id)

    refusal = await visit.tell([cohort_id], work, only=found.practice.id)
    if refusal:
        return await _step_page(visit, place_id, refusal)
    return visit.go(f"{EXTRA}?cohort={cohort_id}&done=out")


async def _step_page(visit: Visit, place_id: UUID, refusal: Refusal | None) -> Answer:
    def work(db: Session, me: Me) -> StepPage | None:
        at, seat = place_for(db, me, place_id)
        sheet = sheets(db, of_practice(seat.practice_id))[0]
        people = sheet.people.get(seat.triad_id, ())
        if seat.given_up_at is not None or sheet.time.cancelled or visit.now >= sheet.time.ends_at:
            return None
        where = ", ".join(filter(None, (sheet.rooms.get(seat.triad_id, ""), sheet.place)))
        others = tuple(one.first for one in people if one.member != seat.membership_id)
        return StepPage(at.cohort, sheet, seat.id, where, others)

    page = await visit.read(work)
    if page is None:
        return visit.go(EXTRA)  # given up already, called off, or over: what there is instead stands there
    if refusal:
        return visit.refused("booking/stepping_out.html", refusal, page=page)
    return visit.page("booking/stepping_out.html", page=page, problems=())


# --- waiting for a place --------------------------------------------------------------------------------------------


@post("/practice/{extra_id:uuid}/waiting", status_code=303, **signed_in)
async def wait(visit: Visited, extra_id: FromPath[UUID]) -> Answer:
    return await _book(visit, lambda db, me: extra_for(db, me, extra_id), actions.wait, "waiting")


@post("/waiting/{waiting_id:uuid}/acceptance", status_code=303, **signed_in)
async def accept(visit: Visited, waiting_id: FromPath[UUID]) -> Answer:
    return await _answer(visit, waiting_id, "in")


@post("/waiting/{waiting_id:uuid}/ending", status_code=303, **signed_in)
async def stop_waiting(visit: Visited, waiting_id: FromPath[UUID]) -> Answer:
    return await _answer(visit, waiting_id, "left")


async def _answer(visit: Visit, waiting_id: UUID, done: str) -> Answer:
    def find(db: Session, me: Me) -> AtPractice:
        return waiting_for(db, me, waiting_id)[0]

    def take(db: Session, desk: Desk, at: AtPractice) -> Refusal | None:
        # Read again within the unit: somebody else may have been sooner.
        if visit.me is None:
            raise NotYours
        waiting = waiting_for(db, visit.me, waiting_id)[1]
        if done == "in":
            return actions.accept(db, desk, at, waiting)
        actions.stop_waiting(db, desk, at, waiting)
        return None

    return await _book(visit, find, take, done)


# --- offering times -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class OfferPage:
    """The times of a window, what somebody said of each, and how often they would come."""

    window: WindowRow
    cohort: CohortRow
    times: tuple[tuple[str, datetime], ...]
    said: dict[str, str]
    wants: int
    is_open: bool


@get("/windows/{matched_id:uuid}/offer", **signed_in)
async def before_offering(visit: Visited, matched_id: FromPath[UUID]) -> Answer:
    return visit.page("booking/offer.html", page=await visit.read(_offer_page(visit, matched_id)), problems=())


@post("/windows/{matched_id:uuid}/offer", status_code=303, **signed_in)
async def offer(visit: Visited, matched_id: FromPath[UUID]) -> Answer:
    form = await visit.form()
    page = await visit.read(_offer_page(visit, matched_id, form))
    times = {local: form.get(f"at-{local}") for local, _ in page.times if form.get(f"at-{local}") in LIKINGS}
    wants = form.whole("wants", "Choose how often you’d come", least=1, most=page.window.most_each)
    if form.refusal:
        return visit.refused("booking/offer.html", form.refusal, page=page)

    def work(db: Session, me: Me) -> Refusal | None:
        within, window = window_for(db, me, matched_id, Right.TRAINEE)
        return windows.offer(db, desk_of(visit, within.cohort, me), window, within.membership.id, times, wants)

    refusal = await visit.write(work)
    if refusal:
        return visit.refused("booking/offer.html", refusal, page=page)
    return visit.go(f"{EXTRA}?cohort={page.cohort.id}&done=offered")


def _offer_page(visit: Visit, window_id: UUID, form: Form | None = None) -> Callable[[Session, Me], OfferPage]:
    def work(db: Session, me: Me) -> OfferPage:
        within, entity = window_for(db, me, window_id, Right.TRAINEE)
        window = window_row(entity)
        if window.way != "matched":
            raise NotYours
        said = db.get(WindowOffer, (window_id, within.membership.id))
        times = {} if said is None or said.taken_back_at else dict(said.times)
        if form is not None:
            times = {local: form.get(f"at-{local}") for local in window.times}
        return OfferPage(
            window,
            within.cohort,
            tuple((local, moment(datetime.fromisoformat(local), within.cohort.zone)[0]) for local in window.times),
            times,
            said.wants if said else 1,
            window.called_off_at is None
            and window.drawn_at is None
            and window.closes_at is not None
            and visit.now < window.closes_at,
        )

    return work


routes = [
    extra, start, wherever, join, before_stepping_out, step_out, wait, accept, stop_waiting, before_offering, offer,
    *opening,
]  # fmt: skip
