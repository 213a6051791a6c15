"""What somebody can do who can’t make a session, what becomes of the others, and taking it back. Nobody asks why."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from litestar import get, post
from litestar.params import FromPath
from sqlalchemy.orm import Session

from threefold.core import swaps as rules
from threefold.core.refusal import Refusal
from threefold.core.standing import Place
from threefold.core.swaps import Request, Way
from threefold.practice import actions
from threefold.store.sessions import Me
from threefold.store.within import AtPractice
from threefold.swaps import actions as swaps
from threefold.swaps.picture import Picture, look, with_time
from threefold.swaps.words import TELL, Card, cards, value_of
from threefold.web.access import own_seat_for, seat_for
from threefold.web.visit import Answer, Visit, Visited, signed_in

MOST_WORDS = 500
PASSED_ON = "Your place in this session has gone to somebody else meanwhile."


@dataclass(frozen=True)
class LeavingPage:
    """A session somebody may not be able to come to. `seat` is None where they hold no place in it any more.

    `typed` are words that could not be taken, by field.
    """

    at: AtPractice
    seat_id: UUID  # as the address has it
    now: datetime
    seat: UUID | None
    picture: Picture | None = None
    place: Place | None = None
    ways: tuple[Way, ...] = ()
    chosen: str = ""
    typed: tuple[tuple[str, str], ...] = ()

    @property
    def state(self) -> str:
        """What there is to say: "off", "held", "passed", "withdrawn", "asked" or "open"."""
        if self.at.practice.cancelled_at is not None:
            return "off"
        if self.now >= self.at.practice.starts_at:
            return "held"
        if self.place is None:
            return "passed"
        if self.place.withdrawn:
            return "withdrawn"
        return "asked" if self.asked else "open"

    @property
    def asked(self) -> Request | None:
        """The question about this place that waits for an answer."""
        return self.picture.open_for(self.place.seat) if self.picture and self.place else None

    @property
    def late(self) -> bool:
        return rules.is_late(self.at.practice.starts_at, self.at.cohort.notice_hours, self.now)

    @property
    def very_late(self) -> bool:
        return rules.is_very_late(self.at.practice.starts_at, self.now)

    @property
    def partners(self) -> list[str]:
        if self.picture is None or self.place is None:
            return []
        return [self.picture.called(each) for each in self.picture.standing.others(self.place)]

    @property
    def cards(self) -> tuple[Card, ...]:
        if self.picture is None or self.place is None:
            return ()
        return cards(self.picture, self.place, self.ways, late=self.late)

    @property
    def checked(self) -> str:
        """The card that is chosen: theirs, or the first."""
        values = [card.value for card in self.cards]
        return self.chosen if self.chosen in values else next(iter(values), TELL)


def leaving(db: Session, me: Me, seat_id: UUID, now: datetime) -> LeavingPage:
    """A place of the asker's, with everything they could do about it."""
    at, seat = own_seat_for(db, me, seat_id)
    page = LeavingPage(at, seat_id, now, seat)
    if seat is None or at.practice.cancelled_at is not None or now >= at.practice.starts_at:
        return page
    picture = look(db, at.cohort, now)
    place = picture.standing.places[seat]
    if picture.open_for(seat) is not None or place.withdrawn:
        return replace(page, picture=picture, place=place)
    picture = with_time(db, picture, place)
    ways = rules.ways(
        picture.standing, seat, notice_hours=at.cohort.notice_hours, now=now, not_these=picture.not_to_ask(seat)
    )
    return replace(page, picture=picture, place=place, ways=ways)


@get("/seats/{seat_id:uuid}/withdrawal", **signed_in)
async def cannot_make_it(visit: Visited, seat_id: FromPath[UUID]) -> Answer:
    """Says what would happen; only a button on it does anything."""
    page = await visit.read(lambda db, me: leaving(db, me, seat_id, visit.now))
    return visit.page("practice/withdrawal.html", page=page, problems=())


@post("/seats/{seat_id:uuid}/withdrawal", status_code=303, **signed_in)
async def withdraw(visit: Visited, seat_id: FromPath[UUID]) -> Answer:
    """Ask the chosen person to take the place, or let the tutor know."""
    form = await visit.form()
    choice = form.get("choice", TELL)
    words = form.words(f"words-{choice}", most=MOST_WORDS)

    def work(db: Session, me: Me) -> str | Refusal:
        if choice != TELL:
            return ask(db, me, leaving(db, me, seat_id, visit.now))
        at, seat = own_seat_for(db, me, seat_id)
        if seat is None:
            return Refusal.because(PASSED_ON)
        within = seat_for(db, me, seat)
        if within.seat is None:
            return Refusal.because(PASSED_ON)
        outcome = actions.withdraw(db, within, within.seat, by=me, now=visit.now, new_id=visit.new_id)
        if isinstance(outcome, Refusal):
            return outcome
        late = rules.is_late(at.practice.starts_at, at.cohort.notice_hours, visit.now)
        return f"/seats/{seat}/withdrawal" if late else f"/practice/{at.practice.id}"

    def ask(db: Session, me: Me, page: LeavingPage) -> str | Refusal:
        if page.picture is None or page.place is None or page.place.withdrawn:
            return Refusal.because(swaps.NOBODY_THERE)
        if page.asked and value_of(page.asked.asked, page.asked.in_return) == choice:
            return f"/swaps/{page.asked.id}"
        way = next((w for w in page.ways if value_of(w.member, w.seat_in_return) == choice), None)
        asked = swaps.ask(db, page.picture, page.place, way, words, by=me, now=visit.now, new_id=visit.new_id)
        return asked if isinstance(asked, Refusal) else f"/swaps/{asked}"

    if form.refusal:
        return await refused(visit, seat_id, form.refusal)
    outcome = await told(visit, seat_id, work)
    return await refused(visit, seat_id, outcome) if isinstance(outcome, Refusal) else visit.go(outcome)


@post("/seats/{seat_id:uuid}/return", status_code=303, **signed_in)
async def come_back(visit: Visited, seat_id: FromPath[UUID]) -> Answer:
    def work(db: Session, me: Me) -> str | Refusal:
        at, seat = own_seat_for(db, me, seat_id)
        within = seat_for(db, me, seat) if seat else None
        if within is None or within.seat is None:
            return Refusal.because(PASSED_ON)
        refusal = actions.come_back(db, within, within.seat, by=me, now=visit.now, new_id=visit.new_id)
        return refusal or f"/practice/{at.practice.id}"

    outcome = await told(visit, seat_id, work)
    return await refused(visit, seat_id, outcome) if isinstance(outcome, Refusal) else visit.go(outcome)


async def told(visit: Visit, seat_id: UUID, work: Callable[[Session, Me], str | Refusal]) -> str | Refusal:
    """Do it, and tell whom it concerns."""
    at, _ = await visit.read(lambda db, me: own_seat_for(db, me, seat_id))
    return await visit.tell([at.cohort.id], work)


async def refused(visit: Visit, seat_id: UUID, refusal: Refusal) -> Answer:
    """The page as it stands now, with every word still in place."""
    form = await visit.form()
    page = await visit.read(lambda db, me: leaving(db, me, seat_id, visit.now))
    page = replace(page, chosen=form.get("choice"), typed=form.kept)
    return visit.refused("practice/withdrawal.html", refusal, page=page)


routes = [cannot_make_it, withdraw, come_back]
