"""The record of a session: what really happened, put right with a word on why, and all that it replaced."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from litestar import get, post
from litestar.params import FromPath
from sqlalchemy.orm import Session

from threefold.core import happened as rules
from threefold.core.happened import Fact, How, Kind, Mode, Presence, Scope, Step
from threefold.core.refusal import Refusal
from threefold.core.roles import Role
from threefold.day import correcting, queries
from threefold.day.desk import NO_TIME
from threefold.day.noting import SOMEBODY, bounds_of
from threefold.day.showing import Day, Tile
from threefold.day.since import PRESENCE
from threefold.store.sessions import Me
from threefold.web.access import Right, practice_for
from threefold.web.forms import Form
from threefold.web.visit import Answer, Visited, signed_in

RECORD = "/practice/{practice_id:uuid}/record"
DONE = {
    "kept": "Kept. What was there before can be read below.",
    "noted": "Noted, for you and your fellow tutors alone.",
}
HOWS = {
    How.TAP: "on their own phone",
    How.PIN: "with the PIN",
    How.CODE: "with the code",
    How.TUTOR: "on the board",
    How.CLOCK: "by the clock",
    How.CORRECTION: "put right",
}
VALUES: dict[Kind, tuple[str, ...]] = {
    Kind.HERE: ("",),
    Kind.ROLE: tuple(Role),
    Kind.MODE: tuple(Mode),
    Kind.TUTOR: tuple(Presence),
}


@dataclass(frozen=True)
class Entry:
    """Something that was so, in words; `before` is what it stands in for, newest first."""

    fact: Fact
    who: str
    what: str
    by: str
    before: tuple[Fact, ...]

    @property
    def stands(self) -> bool:
        return not self.fact.is_empty


@dataclass(frozen=True)
class RecordPage:
    """One session's record."""

    day: Day
    entries: tuple[Entry, ...]
    names: dict[UUID, str]  # of those who noted something, by person

    @property
    def missed(self) -> list[Tile]:
        """Who had a place, had not said that they can't make it, and was never there."""
        accounts = self.day.accounts
        return [
            tile
            for tile in self.day.tiles
            if tile.seated
            and tile.wrote_at is None
            and (tile.who.member not in accounts or not accounts[tile.who.member].minutes)
        ]

    def values(self, fact: Fact) -> list[tuple[str, str]]:
        """What else it might have been."""
        return [(value, value.replace("_", " ").capitalize()) for value in VALUES[fact.scope.kind]]

    def words(self, fact: Fact) -> str:
        return words_of(fact, self.day)


def load(practice_id: UUID, now: datetime) -> Callable[[Session, Me], RecordPage]:
    def work(db: Session, me: Me) -> RecordPage:
        day = queries.day(db, practice_for(db, me, practice_id, Right.TUTOR), now)
        people = {one.person_id: one.first for one in day.people}
        entries = tuple(
            Entry(
                tip,
                _who(day, tip),
                words_of(tip, day),
                people.get(tip.recorded_by, "") if tip.recorded_by else "",
                tuple(rules.history(day.facts, tip)[1:]),
            )
            for tip in sorted(rules.tips(day.facts), key=lambda tip: (tip.from_at, tip.recorded_at, tip.id))
        )
        return RecordPage(day, entries, people)

    return work


def _who(day: Day, fact: Fact) -> str:
    return day.by_member[fact.scope.member].first if fact.scope.member else "Everybody"


def words_of(fact: Fact, day: Day) -> str:
    """“there from 18:39”, “observer in round 2”"""
    zone = ZoneInfo(day.at.cohort.zone)
    begins = f"{fact.from_at.astimezone(zone):%H:%M}"
    until = f" to {fact.until_at.astimezone(zone):%H:%M}" if fact.until_at else ""
    if fact.is_empty:
        return "not there" if fact.scope.kind is Kind.HERE else "struck out"
    where = ""
    if fact.scope.triad and fact.scope.triad in day.triads:
        number, room, _ = day.triads[fact.scope.triad]
        where = f" with {room or f'group {number}'}"
    said = {
        Kind.HERE: "there",
        Kind.ROLE: f"{fact.value} in round {fact.scope.round}",
        Kind.MODE: "online" if fact.value == Mode.ONLINE else "in the room",
        Kind.TUTOR: f"{PRESENCE.get(Presence(fact.value), '')}{where}" if fact.scope.kind is Kind.TUTOR else "",
    }[fact.scope.kind]
    return f"{said}, {begins}{until}" if until else f"{said} from {begins}"


@get(RECORD, **signed_in)
async def show(visit: Visited, practice_id: FromPath[UUID]) -> Answer:
    page = await visit.read(load(practice_id, visit.now))
    done = DONE.get(visit.request.query_params.get("done", ""), "")
    return visit.page("day/record.html", page=page, typed=None, done=done, hows=HOWS, problems=())


@post(RECORD, status_code=303, **signed_in)
async def correct(visit: Visited, practice_id: FromPath[UUID]) -> Answer:
    """Put something right, or add it; `fact` is what it stands in for, if anything."""
    form = await visit.form()
    day = (await visit.read(load(practice_id, visit.now))).day
    step = _step(form, day)
    why = form.text("why", correcting.WHY.problems[0].sentence, most=200)

    def work(db: Session, me: Me) -> Refusal | None:
        at = practice_for(db, me, practice_id, Right.TUTOR)
        if form.refusal or step is None:
            return form.refusal or Refusal(())
        fact = form.id("fact")
        return correcting.correct(db, at, fact, step, why, by=me, now=visit.now, new_id=visit.new_id)

    refusal = await visit.write(work)
    if refusal:
        page = await visit.read(load(practice_id, visit.now))
        return visit.refused("day/record.html", refusal, page=page, typed=form, done="", hows=HOWS)
    return visit.go(f"/practice/{practice_id}/record?done=kept")


@post(f"{RECORD}/absences", status_code=303, **signed_in)
async def was_not_there(visit: Visited, practice_id: FromPath[UUID]) -> Answer:
    """Somebody was not there; no reason is asked, and tutors alone see it."""
    form = await visit.form()
    member = form.id("member")

    def work(db: Session, me: Me) -> Refusal | None:
        at = practice_for(db, me, practice_id, Right.TUTOR)
        if member is None:
            return SOMEBODY
        return correcting.was_not_there(db, at, member, by=me, now=visit.now, new_id=visit.new_id)

    refusal = await visit.write(work)
    if refusal:
        page = await visit.read(load(practice_id, visit.now))
        return visit.refused("day/record.html", refusal, page=page, typed=form, done="", hows=HOWS)
    return visit.go(f"/practice/{practice_id}/record?done=noted")


def _step(form: Form, day: Day) -> Step | None:
    """What the form says was so; notes a problem for each thing that cannot be read."""
    fact = next((each for each in day.facts if each.id == form.id("fact")), None)
    kind = fact.scope.kind if fact else Kind(form.one_of("kind", list(Kind), "Choose what it is about."))
    value = form.get("value") or (fact.value if fact else "")
    if value not in VALUES[kind]:
        form.problem("value", "Choose one of these.")
    number = form.get("round")
    scope = (
        fact.scope
        if fact
        else Scope(
            kind,
            form.id("member"),
            form.id("triad"),
            int(number) if kind is Kind.ROLE and number.isascii() and number.isdigit() and len(number) < 3 else None,
        )
    )
    if not fact and scope.member is None and kind is not Kind.MODE:
        form.problem("member", "Choose who.")
    if not fact and kind is Kind.ROLE and (scope.round is None or scope.triad is None):
        form.problem("round", "Choose a group and its round.")
    if form.get("struck") == "yes" and fact:
        return Step(fact.scope, fact.value, fact.from_at, fact.from_at)
    begins = form.clock("from", NO_TIME)
    until = form.clock("until", NO_TIME) if form.get("until").strip() else None
    if form.refusal:
        return None
    bounds = bounds_of(day.at)
    return Step(scope, value, bounds.moment(begins), bounds.moment(until) if until is not None else None)


routes = [show, correct, was_not_there]
