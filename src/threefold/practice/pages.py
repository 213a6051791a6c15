"""Where a trainee needs to be and as what: home, calendar, one session."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from uuid import UUID

from litestar import get, post
from litestar.params import FromPath
from sqlalchemy.orm import Session

from threefold.availability import queries as availability
from threefold.availability.queries import Card
from threefold.booking import queries as booking
from threefold.calibration.queries import to_practise
from threefold.choices import mending
from threefold.choices import queries as choices
from threefold.choices.queries import ForDate
from threefold.core import session_rating
from threefold.core.choices import Kind
from threefold.core.diary import Shows
from threefold.core.names import first_name
from threefold.core.reply import Answer as Said
from threefold.feedback import queries as feedback
from threefold.feedback.queries import Todo
from threefold.guests import queries as guests
from threefold.guests.queries import Coming
from threefold.practice import actions, answers, feeds, queries
from threefold.practice.answers import Proposal
from threefold.practice.feed import feed_path
from threefold.practice.feed import routes as feed_routes
from threefold.practice.leaving import routes as leaving_routes
from threefold.practice.queries import Group, MyRound, Place, Waiting
from threefold.store.rows import CohortRow
from threefold.store.sessions import Me
from threefold.store.within import AtPractice, NotYours, Within
from threefold.swaps import queries as swaps
from threefold.swaps.queries import Asked
from threefold.web.access import Right, cohorts_of, has_accepted, practice_for
from threefold.web.errors import MustAccept
from threefold.web.visit import Answer, Visit, Visited, signed_in


@dataclass(frozen=True)
class Home:
    """What the home page holds."""

    first_name: str
    place: Place | None
    rounds: tuple[MyRound, ...]
    todo: list[Todo]
    waiting: list[Waiting]
    had_any: bool
    here: ForDate
    after: tuple[Place, ForDate] | None  # a session just over in which they worked from a brief
    to_rate: list[Place]  # just over, and they may say how it worked
    asked: list[Asked]  # what waits for an answer about places, theirs or somebody else's


@dataclass(frozen=True)
class PracticePage:
    """One session, for somebody who sits in it or teaches it."""

    at: AtPractice
    place: Place | None
    rounds: tuple[MyRound, ...]
    groups: list[Group]
    said: Mapping[UUID, Said]  # by seat, what calendars answered; for tutors
    here: ForDate
    unmended: int  # how many would rather not be client and are down as one; for tutors
    proposals: list[Proposal]  # of another time, which nobody has answered; for tutors
    guests: list[Coming]  # who comes as a client by a link, and who stopped; for tutors


@dataclass(frozen=True)
class CalendarPage:
    """The sessions month by month, and how they reach somebody's own calendar."""

    months: list[tuple[date, list[Place]]]
    feed: str  # its whole address
    way: str  # "invitations" or "feed"
    shows: Shows
    asked: list[Asked]  # what waits for an answer about somebody's place
    times_open: int  # of extra practice
    availability: Card
    cohorts: list[CohortRow]  # where they could stand by


WAYS = ("invitations", "feed")
CALENDAR_DONE = {
    "chosen": "Saved. What comes from now on follows your choice.",
    "replaced": "Here is your new address. The one before has stopped working.",
}


@get("/", **signed_in)
async def home(visit: Visited) -> Answer:
    def work(db: Session, me: Me) -> Home | None:
        if me.is_tutor and not me.is_trainee:
            return None
        groups = cohorts_of(db, me, Right.TRAINEE)
        ask_to_accept(groups)
        places, place, rounds = queries.places_and_rounds(db, me, lambda held: queries.next_place(held, visit.now))
        begun = any(each.starts_at <= visit.now for each in places)
        todo = feedback.todo(db, me, visit.now) if begun else [Todo(*each) for each in to_practise(db, me)]
        return Home(
            first_name(me.name),
            place,
            rounds,
            todo,
            queries.still_waiting(within.cohort for within in groups),
            bool(places),
            chosen_at(place),
            stepping_out(queries.last_place(places, visit.now)),
            [each for each in places if may_rate(each, visit.now)],
            swaps.waiting_for(db, me, visit.now),
        )

    page = await visit.read(work)
    if page is None or (visit.me and visit.me.is_staff and not visit.me.is_trainee):
        return visit.go("/cohorts")
    return visit.page("practice/home.html", page=page)


def may_rate(place: Place, now: datetime) -> bool:
    """Whether somebody is asked how a session worked: for a day, and once."""
    closed = session_rating.why_not(
        place.ends_at, None, now, cancelled=place.cancelled_at is not None, was_there=place.was_there
    )
    return not closed and not place.has_rated and now < place.ends_at + session_rating.PATTERN_AFTER


def chosen_at(place: Place | None) -> ForDate:
    """What somebody chose for a session of theirs."""
    if place is None or place.chosen is None:
        return ForDate()
    return choices.chosen_for(Kind(place.chosen), place.member_id, place.number, place.brief, is_client=place.is_client)


def stepping_out(place: Place | None) -> tuple[Place, ForDate] | None:
    """A session that was just held, if they were its client from a brief: there is a role to step out of."""
    here = chosen_at(place)
    return (place, here) if place and here.brief and here.is_client else None


def ask_to_accept(groups: Iterable[Within]) -> None:
    """Notice and contract come before the first look at a group, and again when they change. Raises MustAccept."""
    for within in groups:
        if within.cohort.published_at and not within.cohort.archived_at and not has_accepted(within):
            raise MustAccept(within.cohort.id)


@get("/calendar", **signed_in)
async def calendar(visit: Visited) -> Answer:
    page = await visit.read(calendar_page(visit))
    done = CALENDAR_DONE.get(visit.request.query_params.get("done", ""), "")
    return visit.page("practice/calendar.html", page=page, done=done, problems=())


def calendar_page(visit: Visit) -> Callable[[Session, Me], CalendarPage]:
    def work(db: Session, me: Me) -> CalendarPage:
        groups = cohorts_of(db, me, Right.TRAINEE)
        ask_to_accept(groups)
        reader = feeds.reader_of(db, me.id)
        if reader is None:
            raise NotYours
        months = groupby(queries.places_of(db, me), key=queries.month_of)
        return CalendarPage(
            [(month, list(within)) for month, within in months],
            visit.house.settings.base_url + feed_path(visit, me.id, reader.number),
            "feed" if reader.takes_feed else "invitations",
            reader.shows,
            swaps.waiting_for(db, me, visit.now),
            booking.times_open(db, me.id, visit.now),
            availability.card(db, me),
            [each.cohort for each in groups if each.cohort.published_at and not each.cohort.archived_at],
        )

    return work


@post("/calendar/choice", status_code=303, **signed_in)
async def choose(visit: Visited) -> Answer:
    """How dates reach one's calendar, and how much they show there; asked here and on one's own page."""
    form = await visit.form()
    way = form.one_of("calendar", WAYS, "Choose how dates reach your calendar")
    shows = Shows(form.one_of("shows", [each.value for each in Shows], "Choose how much your calendar shows"))
    if form.refusal:
        page = await visit.read(calendar_page(visit))
        return visit.refused("practice/calendar.html", form.refusal, page=page, done="")
    cohorts = await visit.read(lambda db, me: [within.cohort.id for within in cohorts_of(db, me, Right.TRAINEE)])

    def work(db: Session, me: Me) -> None:
        takes_feed = way == "feed"
        actions.choose_feed(db, takes_feed=takes_feed, shows=shows, by=me, now=visit.now, new_id=visit.new_id)

    await visit.tell(cohorts, work)
    return visit.go("/me?done=saved" if form.get("from") == "/me" else "/calendar?done=chosen#ways")


@post("/calendar/feed", status_code=303, **signed_in)
async def replace_feed(visit: Visited) -> Answer:
    await visit.write(lambda db, me: actions.replace_feed(db, by=me, now=visit.now, new_id=visit.new_id))
    return visit.go("/calendar?done=replaced#feed")


@get("/practice/{practice_id:uuid}", **signed_in)
async def show(visit: Visited, practice_id: FromPath[UUID]) -> Answer:
    def work(db: Session, me: Me) -> PracticePage | AtPractice:
        at = practice_for(db, me, practice_id)
        # Who teaches a cohort holds no seat in it.
        place: Place | None = None
        rounds: tuple[MyRound, ...] = ()
        if not at.is_tutor:
            _, place, rounds = queries.places_and_rounds(
                db, me, lambda places: next((p for p in places if p.practice_id == practice_id), None)
            )
        if place is None and not at.is_tutor:
            if at.practice.window_id is None and not queries.had_a_place(db, at):
                raise NotYours
            return at
        unmended = mending.unmended(db, at.cohort.id, visit.now) if at.is_tutor else []
        return PracticePage(
            at,
            place,
            rounds,
            queries.groups_at(db, at) if at.is_tutor else [],
            answers.answers_at(db, practice_id) if at.is_tutor else {},
            chosen_at(place),
            len({each.name for each in unmended if each.practice_id == practice_id}),
            [each for each in answers.proposals_at(db, at, visit.now) if each.is_open] if at.is_tutor else [],
            guests.coming(db, practice_id) if at.is_tutor else [],
        )

    page = await visit.read(work)
    if isinstance(page, PracticePage):
        return visit.page("practice/show.html", page=page)
    if page.practice.window_id is not None:
        return visit.go(f"/practice/extra?cohort={page.cohort.id}#t-{practice_id}")
    return visit.page("practice/gone.html", at=page)


routes = [home, calendar, choose, replace_feed, *feed_routes, show, *leaving_routes]
