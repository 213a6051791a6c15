"""Somebody is asked to take somebody's place: what it would mean, yes or no; and standing by for a session.

A link in a letter only opens the page. Whoever is asked answers what they have seen: if anything of it has changed
since, they see it as it is now and are asked again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from litestar import get, post
from litestar.params import FromPath
from sqlalchemy.orm import Session

from threefold.core import swaps as rules
from threefold.core.refusal import Refusal
from threefold.core.roles import Role
from threefold.core.said import day
from threefold.core.standing import Place
from threefold.core.swaps import Over, Request
from threefold.store.rows import SwapRow
from threefold.store.sessions import Me
from threefold.store.within import AtPractice, NotYours, Within
from threefold.swaps import actions
from threefold.swaps.picture import Date, Picture, look
from threefold.swaps.queries import StandbyDate, dates_to_stand_by
from threefold.swaps.words import changes, over_for_asked, over_for_asker
from threefold.web.access import Right, cohort_for, practice_for, swap_for
from threefold.web.visit import Answer, Visit, Visited, signed_in

CHANGED = "Something changed while this page was open. Here is how it stands now."


@dataclass(frozen=True)
class Offered:
    """A place as the page shows it: when, where, with whom and as what, round by round."""

    date: Date
    where: str
    partners: tuple[str, ...]
    roles: tuple[tuple[Role, str], ...]


@dataclass(frozen=True)
class SwapPage:
    """A request, for whoever asked or is asked. `over` says why it can't be answered with yes any more."""

    at: AtPractice
    row: SwapRow
    request: Request
    picture: Picture
    asks: bool  # it is the asker who reads
    over: Over | None

    @property
    def asker(self) -> str:
        return self.picture.called(self.request.asker)

    @property
    def asked(self) -> str:
        return self.picture.called(self.request.asked)

    @property
    def day(self) -> str:
        return day(self.at.practice.starts_at, self.at.cohort.zone)

    @property
    def takes(self) -> Offered | None:
        """The place that would be taken."""
        return self._offered(self.picture.standing.places.get(self.request.seat))

    @property
    def gives(self) -> Offered | None:
        """The place that would be given for it; None where nothing is, or it is held no more."""
        return self._offered(self.picture.standing.places.get(self.request.in_return or UUID(int=0)))

    @property
    def stands_by(self) -> bool:
        return self.request.asked in self.picture.standing.standby.get(self.at.practice.id, ())

    @property
    def changes(self) -> tuple[tuple[str, bool], ...]:
        return changes(self.picture, self.request) if self.over is None else ()

    @property
    def said(self) -> tuple[str, str]:
        """A heading and a sentence for what is over."""
        given = self.gives
        if self.over is None:
            return "", ""
        if self.asks:
            return over_for_asker(self.over, self.asked, self.day)
        in_return = day(given.date.starts_at, self.at.cohort.zone) if given else ""
        return over_for_asked(self.over, self.asker, self.day, in_return)

    @property
    def seen(self) -> str:
        """The same while the page would show the same places."""
        shown = [self._seen(each) for each in (self.takes, self.gives)]
        return sha256(repr(shown).encode()).hexdigest()[:16]

    @staticmethod
    def _seen(each: Offered | None) -> object:
        return each and (each.date, each.where, each.partners, tuple((role.value, word) for role, word in each.roles))

    def _offered(self, place: Place | None) -> Offered | None:
        if place is None:
            return None
        picture, labels = self.picture, self.at.cohort.role_labels
        partners = tuple(picture.called(each) for each in picture.standing.others(place))
        roles = tuple((role, labels.of(role).capitalize()) for _, role in place.roles)
        return Offered(picture.dates[place.practice], picture.where(place), partners, roles)


def load(db: Session, me: Me, swap_id: UUID, now: datetime) -> SwapPage:
    at, row, _ = swap_for(db, me, swap_id)
    picture = look(db, at.cohort, now)
    request = next(each for each in picture.requests if each.id == swap_id)
    over = rules.why_over(picture.standing, request, now)
    if over in {Over.ACCEPTED, Over.DECLINED, Over.TAKEN_BACK, Over.PASSED_ON}:
        # What was settled long ago matters less than that the session is off, or was.
        off, begun = at.practice.cancelled_at is not None, now >= at.practice.starts_at
        over = Over.CALLED_OFF if off else Over.HELD if begun else over
    return SwapPage(at, row, request, picture, request.asker == str(at.membership.id), over)


@get("/swaps/{swap_id:uuid}", **signed_in)
async def show(visit: Visited, swap_id: FromPath[UUID]) -> Answer:
    page = await visit.read(lambda db, me: load(db, me, swap_id, visit.now))
    return visit.page("swaps/show.html", page=page, problems=())


@post("/swaps/{swap_id:uuid}/acceptance", status_code=303, **signed_in)
async def accept(visit: Visited, swap_id: FromPath[UUID]) -> Answer:
    """Yes: the places change hands, and all whom it concerns are told."""
    form = await visit.form()

    def work(db: Session, me: Me) -> Over | Refusal | None:
        page = load(db, me, swap_id, visit.now)
        if page.asks:
            raise NotYours
        if page.over is None and form.get("seen") != page.seen:
            return Refusal.because(CHANGED)
        return actions.accept(
            db,
            page.picture,
            page.request,
            domain=visit.house.settings.mail_domain,
            by=me,
            now=visit.now,
            new_id=visit.new_id,
        )

    at, _, _ = await visit.read(lambda db, me: swap_for(db, me, swap_id))
    return await answered(visit, swap_id, await visit.tell([at.cohort.id], work))


@post("/swaps/{swap_id:uuid}/no-thanks", status_code=303, **signed_in)
async def decline(visit: Visited, swap_id: FromPath[UUID]) -> Answer:
    def work(db: Session, me: Me) -> Over | None:
        page = load(db, me, swap_id, visit.now)
        if page.asks:
            raise NotYours
        return actions.decline(db, page.picture, page.request, by=me, now=visit.now, new_id=visit.new_id)

    return await answered(visit, swap_id, await visit.write(work))


@post("/swaps/{swap_id:uuid}/ending", status_code=303, **signed_in)
async def take_back(visit: Visited, swap_id: FromPath[UUID]) -> Answer:
    def work(db: Session, me: Me) -> Over | None:
        page = load(db, me, swap_id, visit.now)
        if not page.asks:
            raise NotYours
        return actions.take_back(db, page.picture, page.request, by=me, now=visit.now, new_id=visit.new_id)

    return await answered(visit, swap_id, await visit.write(work))


async def answered(visit: Visit, swap_id: UUID, outcome: Over | Refusal | None) -> Answer:
    """On to the page that says what is so now; what could not be done any more is said there in words (409)."""
    if outcome is None:
        return visit.go(f"/swaps/{swap_id}")
    page = await visit.read(lambda db, me: load(db, me, swap_id, visit.now))
    if isinstance(outcome, Refusal):
        return visit.refused("swaps/show.html", outcome, page=page)
    return visit.page("swaps/show.html", status=409, page=page, problems=())


# --- standing by ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class StandbyPage:
    """The sessions to come that somebody has no place in."""

    within: Within
    dates: tuple[StandbyDate, ...]


def standby_page(cohort_id: UUID, now: datetime) -> Callable[[Session, Me], StandbyPage]:
    def work(db: Session, me: Me) -> StandbyPage:
        within = cohort_for(db, me, cohort_id, Right.TRAINEE)
        if within.cohort.published_at is None:
            raise NotYours
        return StandbyPage(within, dates_to_stand_by(db, within, now))

    return work


@get("/cohorts/{cohort_id:uuid}/standby", **signed_in)
async def standby(visit: Visited, cohort_id: FromPath[UUID]) -> Answer:
    page = await visit.read(standby_page(cohort_id, visit.now))
    return visit.page("swaps/standby.html", page=page, problems=())


@post("/practice/{practice_id:uuid}/standby", status_code=303, **signed_in)
async def stand_by(visit: Visited, practice_id: FromPath[UUID]) -> Answer:
    def work(db: Session, me: Me) -> tuple[Refusal | None, UUID]:
        at = practice_for(db, me, practice_id, Right.TRAINEE)
        return actions.stand_by(db, at, by=me, now=visit.now, new_id=visit.new_id), at.cohort.id

    refusal, cohort_id = await visit.write(work)
    if refusal:
        page = await visit.read(standby_page(cohort_id, visit.now))
        return visit.refused("swaps/standby.html", refusal, page=page)
    return visit.go(f"/cohorts/{cohort_id}/standby")


@post("/practice/{practice_id:uuid}/standby/ending", status_code=303, **signed_in)
async def stand_by_no_more(visit: Visited, practice_id: FromPath[UUID]) -> Answer:
    def work(db: Session, me: Me) -> UUID:
        at = practice_for(db, me, practice_id, Right.TRAINEE)
        actions.stand_by_no_more(db, at, by=me, now=visit.now, new_id=visit.new_id)
        return at.cohort.id

    return visit.go(f"/cohorts/{await visit.write(work)}/standby")


routes = [show, accept, decline, take_back, standby, stand_by, stand_by_no_more]
