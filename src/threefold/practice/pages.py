"""Where a trainee needs to be and as what: home, calendar, one session, "I can't make it", the private feed."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from uuid import UUID

from litestar import HttpMethod, Response, get, post, route
from litestar.params import FromPath
from sqlalchemy.orm import Session

from threefold.core import diary
from threefold.core.identity import token_digest
from threefold.core.invitation import FeedEntry
from threefold.core.names import first_name
from threefold.core.refusal import Refusal
from threefold.feedback import queries as feedback
from threefold.feedback.queries import Todo
from threefold.mail.calendar import download_bytes, feed_bytes
from threefold.practice import actions, queries
from threefold.practice.queries import Group, MyRound, Place, Waiting
from threefold.store.rows import SeatRow
from threefold.store.sessions import Me
from threefold.store.within import AtPractice, InTriad, NotYours, Within
from threefold.web.access import Right, cohorts_of, has_accepted, practice_for, seat_for
from threefold.web.errors import Answered, MustAccept
from threefold.web.security import same
from threefold.web.visit import Answer, Visit, Visited, by_secret, signed_in


@dataclass(frozen=True)
class Home:
    """What the home page holds."""

    first_name: str
    place: Place | None
    rounds: tuple[MyRound, ...]
    todo: list[Todo]
    waiting: list[Waiting]
    had_any: bool


@dataclass(frozen=True)
class PracticePage:
    """One session, for somebody who sits in it or teaches it."""

    at: AtPractice
    place: Place | None
    rounds: tuple[MyRound, ...]
    groups: list[Group]


@get("/", **signed_in)
async def home(visit: Visited) -> Answer:
    def work(db: Session, me: Me) -> Home | None:
        if me.is_tutor and not me.is_trainee:
            return None
        groups = cohorts_of(db, me, Right.TRAINEE)
        ask_to_accept(groups)
        places = queries.places_of(db, me)
        place = queries.next_place(places, visit.now)
        return Home(
            first_name(me.name),
            place,
            queries.rounds_of(db, place) if place else (),
            feedback.todo(db, me, visit.now),
            queries.still_waiting(within.cohort for within in groups),
            bool(places),
        )

    page = await visit.read(work)
    if page is None or (visit.me and visit.me.is_staff and not visit.me.is_trainee):
        return visit.go("/cohorts")
    return visit.page("practice/home.html", page=page)


def ask_to_accept(groups: Iterable[Within]) -> None:
    """Notice and contract come before the first look at a group, and again when they change. Raises MustAccept."""
    for within in groups:
        if within.cohort.published_at and not within.cohort.archived_at and not has_accepted(within):
            raise MustAccept(within.cohort.id)


@get("/calendar", **signed_in)
async def calendar(visit: Visited) -> Answer:
    def work(db: Session, me: Me) -> tuple[list[Place], int]:
        ask_to_accept(cohorts_of(db, me, Right.TRAINEE))
        return queries.places_of(db, me), queries.feed_person(db, me.id)[0]

    places, number = await visit.read(work)
    months: list[tuple[date, list[Place]]] = [
        (month, list(within)) for month, within in groupby(places, key=queries.month_of)
    ]
    me = visit.me
    if me is None:  # `read` answers before this when nobody is signed in
        raise NotYours
    feed = f"{visit.house.settings.base_url}{feed_path(visit, me.id, number)}"
    return visit.page("practice/calendar.html", months=months, feed=feed)


@post("/calendar/feed", status_code=303, **signed_in)
async def replace_feed(visit: Visited) -> Answer:
    await visit.write(lambda db, me: actions.replace_feed(db, by=me, now=visit.now, new_id=visit.new_id))
    return visit.go("/calendar?replaced=yes#feed")


@route(
    "/calendar/feed/{person_id:uuid}/{secret:str}/practice.ics",
    http_method=[HttpMethod.GET, HttpMethod.HEAD],
    **by_secret,
)
async def feed(visit: Visited, person_id: FromPath[UUID], secret: FromPath[str]) -> Answer:
    """The private feed: works without a cookie, the same bytes while nothing changes, 404 for every wrong secret."""

    def work(db: Session, _me: Me | None) -> list[FeedEntry]:
        number, reader = queries.feed_person(db, person_id)
        if not same(visit.house.keys.feed_token(str(person_id), number), secret) or reader is None:
            raise NotYours
        return [
            entry_of(visit, place, queries.rounds_of(db, place))
            for place in queries.places_of(db, reader)
            if not place.withdrawn_at
        ]

    entries = await visit.read_open(work)
    content = feed_bytes(entries, name=f"Practice, {visit.house.settings.centre}")
    return calendar_answer(visit, content)


@get("/practice/{practice_id:uuid}", **signed_in)
async def show(visit: Visited, practice_id: FromPath[UUID]) -> Answer:
    def work(db: Session, me: Me) -> PracticePage:
        at = practice_for(db, me, practice_id)
        place = next((p for p in queries.places_of(db, me) if p.practice_id == practice_id), None)
        if place is None and not at.is_tutor:
            raise NotYours
        return PracticePage(
            at,
            place,
            queries.rounds_of(db, place) if place else (),
            queries.groups_at(db, at) if at.is_tutor else [],
        )

    return visit.page("practice/show.html", page=await visit.read(work))


@get("/seats/{seat_id:uuid}/withdrawal", **signed_in)
async def cannot_make_it(visit: Visited, seat_id: FromPath[UUID]) -> Answer:
    """Says what will happen; only the button on it tells the tutor."""
    return visit.page("practice/withdrawal.html", place=await visit.read(own_place(seat_id)), problems=())


@post("/seats/{seat_id:uuid}/withdrawal", status_code=303, **signed_in)
async def withdraw(visit: Visited, seat_id: FromPath[UUID]) -> Answer:
    def work(db: Session, me: Me) -> tuple[object, InTriad]:
        within, seat = own_seat(db, me, seat_id)
        return actions.withdraw(db, within, seat, by=me, now=visit.now, new_id=visit.new_id), within

    outcome, within = await visit.write(work)
    if isinstance(outcome, Refusal):
        place = await visit.read(own_place(seat_id))
        return visit.refused("practice/withdrawal.html", outcome, place=place)
    return visit.go(f"/practice/{within.practice.id}")


@post("/seats/{seat_id:uuid}/return", status_code=303, **signed_in)
async def come_back(visit: Visited, seat_id: FromPath[UUID]) -> Answer:
    def work(db: Session, me: Me) -> tuple[Refusal | None, InTriad]:
        within, seat = own_seat(db, me, seat_id)
        return actions.come_back(db, within, seat, by=me, now=visit.now, new_id=visit.new_id), within

    refusal, within = await visit.write(work)
    if refusal:
        place = await visit.read(own_place(seat_id))
        return visit.refused("practice/withdrawal.html", refusal, place=place)
    return visit.go(f"/practice/{within.practice.id}")


@get("/seats/{seat_id:uuid}/invitation.ics", **signed_in)
async def download(visit: Visited, seat_id: FromPath[UUID]) -> Answer:
    def work(db: Session, me: Me) -> FeedEntry:
        place = own_place(seat_id)(db, me)
        return entry_of(visit, place, queries.rounds_of(db, place))

    answer = calendar_answer(visit, download_bytes(await visit.read(work)))
    answer.headers["content-disposition"] = 'attachment; filename="practice.ics"'
    return answer


def own_seat(db: Session, me: Me, seat_id: UUID) -> tuple[InTriad, SeatRow]:
    within = seat_for(db, me, seat_id)
    if within.seat is None:
        raise NotYours
    return within, within.seat


def own_place(seat_id: UUID) -> Callable[[Session, Me], Place]:
    def work(db: Session, me: Me) -> Place:
        seat_for(db, me, seat_id)
        found = next((place for place in queries.places_of(db, me) if place.seat_id == seat_id), None)
        if found is None:
            raise NotYours
        return found

    return work


def entry_of(visit: Visit, place: Place, rounds: tuple[MyRound, ...]) -> FeedEntry:
    """One seat as the feed and the download show it: the same words and UID as in the invitation."""
    entry = diary.entry(
        starts_at=place.starts_at,
        ends_at=place.ends_at,
        zone=place.zone,
        where=place.where,
        link=place.link,
        roles=[(r.starts_at, place.labels.of(r.said.role)) for r in rounds],
        url=f"{visit.house.settings.base_url}/practice/{place.practice_id}",
    )
    return FeedEntry(
        **{name: getattr(entry, name) for name in entry.__dataclass_fields__},
        uid=place.uid,
        sequence=place.sequence,
        changed_at=place.changed_at,
    )


def feed_path(visit: Visit, person_id: UUID, number: int) -> str:
    secret = visit.house.keys.feed_token(str(person_id), number)
    return f"/calendar/feed/{person_id}/{secret}/practice.ics"


def calendar_answer(visit: Visit, content: bytes) -> Answer:
    """Calendar bytes with an ETag; 304 for a reader that has them already."""
    etag = f'"{token_digest(content.decode()).hex()[:32]}"'
    headers = {"etag": etag, "cache-control": "private, no-cache"}
    if visit.request.headers.get("if-none-match") == etag:
        raise Answered(Response(None, status_code=304, headers=headers))
    return Response(content, media_type="text/calendar", headers=headers)


routes = [home, calendar, replace_feed, feed, show, cannot_make_it, withdraw, come_back, download]
