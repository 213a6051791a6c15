"""Who may reach what: every route, asked by everybody, so that a new one cannot be forgotten."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

import httpx
import pytest
from litestar import Litestar, get
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute
from msgspec import structs
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.builders import Class, a_cohort, a_person, an_id, extra_practice
from tests.databases import POSTGRESQL_WHEN_LANDING
from tests.house import Browser, House
from threefold.app import build_app
from threefold.core.arriving import code
from threefold.core.identity import token_digest
from threefold.store.tables import (
    ApartRequest,
    Concern,
    Encounter,
    Guest,
    KeptForm,
    Note,
    Opening,
    Piece,
    PlanDraft,
    PlanVersion,
    Preference,
    Reply,
    Seat,
    SwapRequest,
    Triad,
    Waiting,
    metadata,
)
from threefold.web.security import Keys

pytestmark = POSTGRESQL_WHEN_LANDING

RIGHTS = {"open to all", "signed in", "by secret"}

# Signed-in routes that are about nobody's cohort. A new route stands here, or has a cohort's id in its address.
ABOUT_NO_COHORT = {
    "GET /",
    "GET /availability",
    "POST /availability/calendar",
    "POST /availability/calendar/ending",
    "POST /availability/calendar/reading",
    "POST /availability/dates",
    "POST /availability/dates/ending",
    "POST /availability/dates/return",
    "POST /availability/needs",
    "POST /availability/week",
    "POST /availability/zone",
    "GET /calendar",
    "POST /calendar/choice",
    "POST /calendar/feed",
    "GET /calibration",
    "GET /calibration/{scene}",
    "GET /calibration/{scene}/again",
    "POST /calibration/{scene}/ratings",
    "GET /choices",
    "GET /cohorts",
    "POST /cohorts",
    "GET /cohorts/new",
    "GET /concerns",
    "POST /concerns",
    "GET /concerns/new",
    "GET /concerns/readers",
    "POST /concerns/readers",
    "POST /concerns/readers/{person_id}/ending",
    "GET /concerns/{concern_id}",
    "POST /concerns/{concern_id}/acknowledgement",
    "POST /concerns/{concern_id}/closure",
    "POST /concerns/{concern_id}/looks",
    "POST /concerns/{concern_id}/notes",
    "GET /feedback",
    "GET /feedback/to-come",
    "POST /feedback/to-come/nudges",
    "GET /frameworks",
    "POST /frameworks",
    "POST /frameworks/reading",
    "GET /frameworks/schema.json",
    "GET /frameworks/{framework_id}/{framework_version}",
    "GET /frameworks/{framework_id}/{framework_version}/next",
    "POST /frameworks/{framework_id}/{framework_version}/next",
    "POST /frameworks/{framework_id}/{framework_version}/next/draft",
    "POST /frameworks/{framework_id}/{framework_version}/next/fresh",
    "GET /frameworks/{framework_id}/{framework_version}/next/look",
    "GET /growth",
    "GET /growth.csv",
    "GET /kept/{form_id}",
    "GET /me",
    "POST /me",
    "POST /me/browsers/sign-out",
    "POST /me/browsers/{session_id}/sign-out",
    "GET /me/letters",
    "POST /me/letters",
    "GET /portfolio",
    "GET /portfolio.csv",
    "GET /portfolio.json",
    "GET /portfolio/naming",
    "POST /portfolio/naming",
    "POST /portfolio/naming/withdrawal",
    "GET /portfolio/print",
    "GET /practice/extra",
    "GET /waiting",
}
# What ships lies under addresses that are the same for everybody.
SHIPPED = {"scene": "quiz-night", "framework_id": "human-connection-1", "framework_version": "1.0"}
# Numbers in addresses count within a thing that an id names: round 1, step 1.
NUMBERS = {"number": 1, "step": 1}
# Who reaches what in a cohort of their own; whatever is not named here is its tutors' alone.
ITS_PEOPLE = {
    "GET /cohorts/{cohort_id}/contract": "counsellor observer client elsewhere tutor",
    "POST /cohorts/{cohort_id}/contract": "counsellor observer client elsewhere tutor",
    "GET /cohorts/{cohort_id}/choices": "counsellor observer client elsewhere",
    "POST /cohorts/{cohort_id}/choices": "counsellor observer client elsewhere",
    "POST /cohorts/{cohort_id}/choices/{preference_id}/ending": "counsellor",
    "POST /cohorts/{cohort_id}/apart-requests": "counsellor observer client elsewhere",
    "POST /cohorts/{cohort_id}/apart-requests/{request_id}/ending": "counsellor",
    "POST /practice/{extra_id}/seats": "counsellor observer client elsewhere",
    "POST /practice/{extra_id}/triads": "counsellor observer client elsewhere",
    "POST /practice/{extra_id}/waiting": "counsellor observer client elsewhere",
    "POST /triads/{open_triad_id}/seats": "counsellor observer client elsewhere",
    "GET /seats/{place_id}/stepping-out": "counsellor",
    "POST /seats/{place_id}/stepping-out": "counsellor",
    "POST /waiting/{waiting_id}/acceptance": "counsellor",
    "POST /waiting/{waiting_id}/ending": "counsellor",
    "GET /windows/{matched_id}/offer": "counsellor observer client elsewhere",
    "POST /windows/{matched_id}/offer": "counsellor observer client elsewhere",
    "GET /practice/{practice_id}/brief": "counsellor",
    "POST /practice/{practice_id}/brief": "counsellor",
    "GET /here/{code}": "counsellor observer client elsewhere tutor",
    "POST /here/{code}": "counsellor observer client elsewhere",
    "GET /practice/{practice_id}/arrival": "counsellor observer client elsewhere",
    "POST /practice/{practice_id}/arrival": "counsellor observer client elsewhere",
    "GET /practice/{practice_id}": "counsellor observer client elsewhere tutor",
    "GET /seats/{seat_id}/invitation.ics": "counsellor",
    "GET /seats/{seat_id}/withdrawal": "counsellor",
    "POST /seats/{seat_id}/withdrawal": "counsellor",
    "POST /seats/{seat_id}/return": "counsellor",
    "GET /swaps/{swap_id}": "counsellor elsewhere",
    "POST /swaps/{swap_id}/acceptance": "elsewhere",
    "POST /swaps/{swap_id}/ending": "counsellor",
    "POST /swaps/{swap_id}/no-thanks": "elsewhere",
    "GET /cohorts/{cohort_id}/standby": "counsellor observer client elsewhere",
    "POST /practice/{practice_id}/standby": "counsellor observer client elsewhere",
    "POST /practice/{practice_id}/standby/ending": "counsellor observer client elsewhere",
    "GET /replies/{reply_id}": "counsellor",
    "POST /replies/{reply_id}": "counsellor",
    "GET /feedback/{triad_id}/{number}": "counsellor observer client tutor",
    "GET /feedback/{triad_id}/{number}/check": "observer tutor",
    "GET /feedback/{triad_id}/{number}/form": "counsellor client",
    "GET /feedback/{triad_id}/{number}/steps/{step}": "observer tutor",
    "POST /feedback/{triad_id}/{number}/draft": "counsellor observer client tutor",
    "POST /feedback/{triad_id}/{number}/focus": "counsellor",
    "POST /feedback/{triad_id}/{number}/opening": "counsellor",
    "POST /feedback/{triad_id}/{number}/piece": "counsellor observer client tutor",
    "POST /feedback/{triad_id}/{number}/skip": "counsellor",
    "POST /feedback/{triad_id}/{number}/steps/{step}": "observer tutor",
    "POST /feedback/pieces/{piece_id}/addenda": "observer",
    "POST /feedback/pieces/{piece_id}/answer": "counsellor",
    "GET /observation/{triad_id}/{number}": "observer tutor",
    "GET /observation/{triad_id}/{number}/notes": "observer tutor",
    "POST /observation/{triad_id}/{number}/finish": "observer tutor",
    "POST /observation/{triad_id}/{number}/notes": "observer tutor",
    "POST /observation/{triad_id}/{number}/notes/{note_id}": "observer",
    "POST /observation/{triad_id}/{number}/notes/{note_id}/removal": "observer",
    "POST /observation/{triad_id}/{number}/notes/{note_id}/return": "observer",
    "POST /observation/{triad_id}/{number}/stamps": "observer tutor",
    "POST /observation/{triad_id}/{number}/start": "observer tutor",
    "GET /practice/{practice_id}/clock": "counsellor observer client elsewhere tutor",
    "GET /practice/{practice_id}/clock.json": "counsellor observer client elsewhere tutor",
    "GET /practice/{practice_id}/clock/stream": "counsellor observer client elsewhere tutor",
    "GET /practice/{practice_id}/clock/wall": "counsellor observer client elsewhere tutor",
    "POST /triads/{triad_id}/please-come": "counsellor observer client",
    "POST /triads/{triad_id}/please-come/withdrawal": "counsellor observer client",
    "GET /practice/{practice_id}/rating": "counsellor observer client elsewhere",
    "POST /practice/{practice_id}/rating": "counsellor observer client elsewhere",
}


@dataclass(frozen=True)
class Way:
    """One method of one route."""

    method: str
    pattern: str
    right: str | None

    def __str__(self) -> str:
        return f"{self.method} {self.pattern}"

    @property
    def ids(self) -> list[str]:
        return re.findall(r"{(\w+)}", self.pattern)

    async def ask(self, browser: Browser, ids: Mapping[str, object], words: str = "") -> httpx.Response:
        path = self.pattern.format_map(ids)
        if self.method == "POST":
            return await browser.send_form(path, {"words": words})
        return await browser.request(self.method, path)


def ways(app: Litestar) -> Iterator[Way]:
    """Every way in, except HEAD, which is GET without a body, and the framework's own answers to OPTIONS."""
    for route in app.routes:
        assert isinstance(route, HTTPRoute), f"{route.path} is no HTTP route: say here who may use it"
        for handler in route.route_handlers:
            for method in sorted(handler.http_methods - {"OPTIONS", "HEAD"}):
                yield Way(str(method), route.path_format, right_of(handler))


def right_of(handler: HTTPRouteHandler) -> str | None:
    return handler.opt.get("right")


def about_a_cohort(app: Litestar) -> list[Way]:
    """Pages first: a form sent may change what a page shows."""
    found = [way for way in ways(app) if way.right == "signed in" and str(way) not in ABOUT_NO_COHORT]
    return sorted(found, key=lambda way: (way.method, way.pattern))


async def ids_of(house: House, built: Class) -> dict[str, object]:
    """Real ids for every name that stands in an address: Amara's place tomorrow, and round 1 of last week, in which
    she counselled Chloe while Ben observed and wrote about it, and which she has opened.
    """
    piece, reply, proposal, note = an_id(), an_id(), an_id(), an_id()
    concern, preference, request, swap = an_id(), an_id(), an_id(), an_id()
    guest, encounter, version = an_id(), an_id(), an_id()

    def work(db: Session) -> object:
        db.add(
            Piece(
                id=piece,
                triad_id=built.triads[0][0],
                round=1,
                author_id=built.members[1],
                kind="observer",
                words={"helped": "You waited.", "to_try": "Watch the clock."},
                sent_at=house.now - timedelta(days=5),
            )
        )
        db.add(Opening(triad_id=built.triads[0][0], round=1, at=house.now, by=built.people[0]))
        db.add(
            Note(
                id=note,
                triad_id=built.triads[0][0],
                round=1,
                author_id=built.members[1],
                seconds=440,
                code="HC2",
                noted_at=house.now - timedelta(days=5),
                received_at=house.now - timedelta(days=5),
            )
        )
        for id_, answer in ((reply, "declined"), (proposal, "counter")):
            db.add(
                Reply(
                    id=id_,
                    seat_id=built.seats[1][built.members[0]],
                    answer=answer,
                    said_at=house.now,
                    sequence=0,
                    received_at=house.now,
                    digest=id_.bytes,
                )
            )
        amara, dev = built.members[0], built.members[3]
        db.add(Concern(id=concern, person_id=built.people[0], cohort_id=built.cohort, words="Dev.", at=house.now))
        for each in (preference, an_id()):  # one of them is taken back on the way
            db.add(Preference(id=each, membership_id=amara, kind="brief", since=house.now))
        db.add(ApartRequest(id=request, membership_id=amara, other_id=dev, asked_at=house.now))
        db.add(
            SwapRequest(
                id=swap,
                seat_id=built.seats[1][amara],
                asked_id=dev,
                asked_at=house.now,
                expires_at=house.now + timedelta(hours=6),
            )
        )
        db.add(a_guest_of(built, house.now, guest))
        db.flush()
        asked = {"triad_id": built.triads[1][1], "round": 1, "asked_at": house.now, "asked_by": built.tutors[0]}
        db.add(Encounter(id=encounter, guest_id=guest, stepped_out=[], **asked))
        nobody: dict[str, list[object]] = {str(built.sessions[1]): []}
        kept = {"before": nobody, "after": nobody, "made_at": house.now, "made_by": built.tutors[0]}
        db.add(PlanVersion(id=version, cohort_id=built.cohort, number=1, why="date", **kept))
        return db.scalar(select(PlanDraft.id).where(PlanDraft.cohort_id == built.cohort))

    extra = await extra_practice(house.store, built, datetime.fromisoformat("2026-10-20T17:00"))
    matched = await extra_practice(
        house.store,
        built,
        datetime.fromisoformat("2026-10-21T17:00"),
        way="matched",
        closes_at=house.now + timedelta(days=9),
    )
    open_triad, place, waiting = an_id(), an_id(), an_id()

    def book(db: Session) -> None:
        """Amara has started a triad, and waits for a place as well: not what a page would let her do."""
        amara = built.members[0]
        db.add(Triad(id=open_triad, practice_id=extra.times[0], number=1, room="", places=3))
        db.flush()
        db.add(
            Seat(
                id=place,
                practice_id=extra.times[0],
                triad_id=open_triad,
                membership_id=amara,
                position=0,
                taken_at=house.now,
                uid=f"{place.hex}@elmhouse.example",
            )
        )
        db.add(
            Waiting(
                id=waiting,
                window_id=extra.window,
                practice_id=extra.times[0],
                membership_id=amara,
                since=house.now,
            )
        )

    await house.store.write(book)
    return {
        "extra_id": extra.times[0],
        "window_id": extra.window,
        "matched_id": matched.window,
        "open_triad_id": open_triad,
        "place_id": place,
        "waiting_id": waiting,
        "cohort_id": built.cohort,
        "membership_id": built.members[5],
        "plan_id": await house.store.write(work),
        "practice_id": built.sessions[1],
        "code": code(built.sessions[1], Keys(house.settings.secret).digest("here", str(built.sessions[1]))),
        "triad_id": built.triads[0][0],
        "seat_id": built.seats[1][built.members[0]],
        "piece_id": piece,
        "reply_id": reply,
        "concern_id": concern,
        "preference_id": preference,
        "request_id": request,
        "proposal_id": proposal,
        "note_id": note,
        "swap_id": swap,
        "guest_id": guest,
        "encounter_id": encounter,
        "version_id": version,
        **NUMBERS,
    }


def a_guest_of(built: Class, now: datetime, id: UUID) -> Guest:
    """A guest of the cohort; that Marion is one too changes nothing about what she reaches."""
    until = now + timedelta(days=30)
    return Guest(
        id=id, cohort_id=built.cohort, person_id=built.tutors[0], link_digest=id.bytes, expires_at=until, most_a_day=3,
        invited_at=now, invited_by=built.tutors[0],
    )  # fmt: skip


def made_up(way: Way) -> dict[str, object]:
    return {name: NUMBERS.get(name) or an_id() for name in way.ids}


async def contents(house: House) -> str:
    """A digest of every row of every table, but for how often links were guessed at: that is counted wherever asked."""

    def work(db: Session) -> str:
        whole = hashlib.sha256()
        for table in metadata.sorted_tables:
            if table.name == "link_try":
                continue
            for row in db.execute(select(table).order_by(*table.primary_key.columns)):
                whole.update(repr((table.name, tuple(row))).encode())
        return whole.hexdigest()

    return await house.store.read(work)


# --- every route says who may use it --------------------------------------------------------------------------


def test_every_route_declares_its_right(house: House) -> None:
    for app in (house.app, build_app(structs.replace(house.settings, demo=True), house.store)):
        undeclared = [str(way) for way in ways(app) if way.right not in RIGHTS]
        assert undeclared == [], "declare open_to_all, signed_in or by_secret (threefold.web.visit)"


async def test_a_route_that_declares_none_is_not_there(house: House) -> None:
    @get("/undeclared")
    async def undeclared() -> str:
        return "reached"

    house.app.register(undeclared)
    browser = await house.visitor()
    answer = await browser.get("/undeclared")
    assert (answer.status_code, "reached" in answer.text) == (404, False)
    assert [str(way) for way in ways(house.app) if way.right not in RIGHTS] == ["GET /undeclared"]


async def test_every_signed_in_route_is_about_a_cohort_or_stands_in_the_table(house: House) -> None:
    known = await ids_of(house, await a_cohort(house.store))
    unplaced = [str(way) for way in about_a_cohort(house.app) if not way.ids or set(way.ids) - set(known)]
    assert unplaced == [], "add it to ABOUT_NO_COHORT, or its ids to ids_of"


# --- nobody ---------------------------------------------------------------------------------------------------


async def test_nobody_is_asked_to_sign_in_first_and_every_word_is_kept(house: House) -> None:
    ids = {**await ids_of(house, await a_cohort(house.store)), "form_id": an_id(), "session_id": an_id(), **SHIPPED}
    ids |= {"person_id": an_id()}
    browser = await house.visitor()
    for way in ways(house.app):
        if way.right != "signed in":
            continue
        house.later(minutes=2)  # no more forms an hour are kept for one network than a person could send
        path = way.pattern.format_map(ids)
        answer = await way.ask(browser, ids, words=f"sent to {path}")
        assert answer.status_code == 303, str(way)
        if way.method == "GET":
            assert answer.headers["location"] == ("/sign-in" if path == "/" else f"/sign-in?next={path}"), str(way)
            continue
        kept_at, _, form_id = answer.headers["location"].rpartition("/")
        kept = await house.store.read(partial(Session.get, entity=KeptForm, ident=UUID(form_id)))
        assert kept_at == "/sign-in?next=/kept", str(way)
        assert kept is not None
        assert (kept.path, kept.fields) == (path, [["words", f"sent to {path}"]]), str(way)
        assert kept.browser_digest == token_digest(browser.cookies["threefold-kept"]), str(way)


# --- people of another cohort, and of this one ----------------------------------------------------------------


async def nothing_there(way: Way, browser: Browser, ids: Mapping[str, object]) -> bool:
    """Whether the answer to these ids is, byte for byte, the one to ids that nobody ever had."""
    real, unknown = await way.ask(browser, ids), await way.ask(browser, made_up(way))
    assert unknown.status_code == 404, f"{way} with made-up ids: {unknown.status_code}"
    assert real.status_code < 500, f"{way} breaks: {real.status_code}"
    if real.status_code == 404:
        assert real.content == unknown.content, f"{way} tells a foreign id from a made-up one"
        assert dict(real.headers) == dict(unknown.headers), f"{way} tells them apart by a header"
    return real.status_code == 404


async def reached(house: House, browser: Browser, ids: Mapping[str, object]) -> set[str]:
    """Which of the routes about a cohort lead somewhere for this person."""
    return {str(way) for way in about_a_cohort(house.app) if not await nothing_there(way, browser, ids)}


@pytest.mark.parametrize("who", ["trainee", "tutor", "staff"])
async def test_for_people_of_another_cohort_there_is_nothing_here(house: House, who: str) -> None:
    ids = await ids_of(house, await a_cohort(house.store))
    other = await a_cohort(house.store, name="Another cohort")
    whose = {"trainee": other.people[0], "tutor": other.tutors[0], "staff": await a_person(house.store, staff=True)}
    before = await contents_after_signing_in(house, browser := await house.as_(whose[who]))
    assert await reached(house, browser, ids) == set()
    assert await contents(house) == before


async def contents_after_signing_in(house: House, browser: Browser) -> str:
    assert (await browser.get("/me")).status_code == 200
    return await contents(house)


async def test_an_id_of_another_cohort_inside_ones_own_address_leads_nowhere(house: House) -> None:
    own, other = await a_cohort(house.store), await a_cohort(house.store, name="Another cohort")
    mixed = {**await ids_of(house, other), "cohort_id": own.cohort}
    browser = await house.as_(own.tutors[0])
    several = [way for way in about_a_cohort(house.app) if len(set(way.ids) - set(NUMBERS)) > 1]
    assert several
    assert [str(way) for way in several if not await nothing_there(way, browser, mixed)] == []


@pytest.mark.parametrize("who", ["counsellor", "observer", "client", "elsewhere", "tutor"])
async def test_people_of_the_cohort_reach_what_is_theirs(house: House, who: str) -> None:
    built = await a_cohort(house.store)
    ids = await ids_of(house, built)
    amara, ben, chloe, dev, *_ = built.people
    whose = {"counsellor": amara, "observer": ben, "client": chloe, "elsewhere": dev, "tutor": built.tutors[0]}
    theirs = {str(way) for way in about_a_cohort(house.app) if who in ITS_PEOPLE.get(str(way), "tutor").split()}
    assert await reached(house, await house.as_(whose[who]), ids) == theirs


async def test_who_has_left_is_a_stranger(house: House) -> None:
    built = await a_cohort(house.store)
    ids = await ids_of(house, built)
    browser = await house.as_(built.people[0])
    membership, now = metadata.tables["membership"], house.now
    await house.store.write(
        lambda db: db.execute(membership.update().where(membership.c.id == built.members[0]).values(left_at=now))
    )
    assert await reached(house, browser, ids) == set()


# --- looking changes nothing ----------------------------------------------------------------------------------


async def test_looking_at_every_page_changes_nothing(house: House) -> None:
    built = await a_cohort(house.store)
    ids = {**await ids_of(house, built), "form_id": an_id(), "session_id": an_id(), "person_id": built.people[0]}
    ids |= SHIPPED | {
        "secret": "0" * 64,
        "kind": "reminder",
        "token": "a-token",
        "version": "0",
        "name": "threefold.css",
    }
    browsers = [await house.visitor(), await house.as_(built.people[0]), await house.as_(built.tutors[0])]
    before = await contents(house)
    answered: set[int] = set()
    for way in ways(house.app):
        if way.method == "POST":
            continue
        for browser in browsers:
            looked = await way.ask(browser, ids)
            peeked = await Way("HEAD", way.pattern, way.right).ask(browser, ids)
            assert (peeked.status_code, peeked.content) == (looked.status_code, b""), str(way)
            answered.add(looked.status_code)
    assert await contents(house) == before
    assert answered == {200, 303, 404}
