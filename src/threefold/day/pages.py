"""The day: the board, saying that one is here, groups from who is here, and the views for a wall and for paper."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import segno
from litestar import get, post
from litestar.params import FromPath
from sqlalchemy.orm import Session

from threefold.clock.queries import Panel, panel_of
from threefold.clock.record import GroupAt
from threefold.core import arriving
from threefold.core.grouping import Group
from threefold.core.happened import How, Mode, Presence
from threefold.core.refusal import Refusal
from threefold.core.roles import Turning
from threefold.core.said import listed
from threefold.day import actions, queries, regrouping, seating
from threefold.day.queries import Arrival, Day
from threefold.day.record import routes as record
from threefold.day.regrouping import NEW, Question, Ways
from threefold.store.sessions import Me
from threefold.store.within import AtPractice, NotYours
from threefold.web.access import Right, cohort_for, practice_for
from threefold.web.forms import Form
from threefold.web.visit import Answer, Visit, Visited, signed_in

PRACTICE = "/practice/{practice_id:uuid}"
DAY = f"{PRACTICE}/day"
WHATS = ("came", "left")
NO_TIME = "Enter a time like 18:39."
DONE = {
    "groups": "These are the groups now.",
    "undone": "The groups are as they were before.",
    "rooms": "The rooms are changed.",
    "time": "Noted.",
    "presence": "Noted.",
    "pin": "The PIN is asked for from now on.",
    "tap": "A tap is enough again.",
}


def load(practice_id: UUID, now: datetime) -> Callable[[Session, Me], Day]:
    def work(db: Session, me: Me) -> Day:
        return queries.day(db, practice_for(db, me, practice_id, Right.TUTOR), now)

    return work


def with_clock(practice_id: UUID, now: datetime) -> Callable[[Session, Me], tuple[Day, Panel]]:
    """The board, and the clock of its groups; eight questions in all."""

    def work(db: Session, me: Me) -> tuple[Day, Panel]:
        day = load(practice_id, now)(db, me)
        groups = [GroupAt(one.triad, one.number, one.room, len(one.lines), one.rounds or None) for one in day.rooms]
        return day, panel_of(db, day.at.practice, day.at.cohort, now, groups)

    return work


async def board(visit: Visit, practice_id: UUID, refusal: Refusal | None = None, form: Form | None = None) -> Answer:
    """The board; with what a form of it refused, its words kept."""
    day, clock_panel = await visit.read(with_clock(practice_id, visit.now))
    return visit.page(
        "day/board.html",
        status=422 if refusal else 200,
        day=day,
        clock_panel=clock_panel,
        typed=form,
        done="" if refusal else DONE.get(visit.request.query_params.get("done", ""), ""),
        problems=refusal.problems if refusal else (),
    )


@get(DAY, **signed_in)
async def show(visit: Visited, practice_id: FromPath[UUID]) -> Answer:
    return await board(visit, practice_id)


@get(f"{DAY}/live", **signed_in)
async def live(visit: Visited, practice_id: FromPath[UUID]) -> Answer:
    """What changes on the board, for the script that keeps it fresh."""
    return visit.page("day/_live.html", day=await visit.read(load(practice_id, visit.now)))


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
            return actions.SOMEBODY
        for each in members:
            refusal = actions.tick(
                db,
                at,
                each,
                here=here,
                together=everybody,
                by=me,
                domain=_domain(visit),
                now=visit.now,
                new_id=visit.new_id,
            )
            if refusal:
                return refusal
        return None

    refusal = await _told_if_ahead(visit, practice_id, work)
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
            return actions.SOMEBODY
        moment = actions.bounds_of(at).moment(typed)
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

    return await _written(visit, practice_id, work, form, "pin" if asked else "tap")


async def _written(
    visit: Visit, practice_id: UUID, work: Callable[[Session, Me], Refusal | None], form: Form, done: str
) -> Answer:
    refusal = await visit.write(work)
    if refusal:
        return await board(visit, practice_id, refusal, form)
    return visit.go(f"/practice/{practice_id}/day?done={done}")


async def _told_if_ahead(
    visit: Visit, practice_id: UUID, work: Callable[[Session, Me], Refusal | None]
) -> Refusal | None:
    """Calendars are told of what changes before the session; once it runs, whoever is in the room knows."""
    at = await visit.read(lambda db, me: practice_for(db, me, practice_id))
    if visit.now >= at.practice.starts_at:
        return await visit.write(work)
    return await visit.tell([at.cohort.id], work)


def _domain(visit: Visit) -> str:
    return visit.house.settings.mail_domain


# --- groups ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class GroupsPage:
    """The ways to seat who is here, and the groups as they are."""

    at: AtPractice
    question: Question
    ways: Ways

    @property
    def names(self) -> dict[str, str]:
        return dict(self.question.names)

    @property
    def title(self) -> str:
        """“Ioan and Joy are away”"""
        names = [self.names[person] for person in self.question.away]
        if not names or not self.question.standing:
            return "Groups from who is here"
        if len(names) > 4:
            return f"{len(names)} people are away"
        return f"{listed(names)} {'is' if len(names) == 1 else 'are'} away"

    @property
    def sits(self) -> dict[str, str]:
        """The number of the group that the first way, or the groups as they are, have for each."""
        ways = self.ways.found
        groups = [group.group for group in ways[0].groups] if ways else [each.group for each in self.question.standing]
        found = {person: str(place) for place, group in enumerate(groups, start=1) for person in group.members}
        return {person: found.get(person, "1") for person in self.question.here}

    @property
    def choices(self) -> list[tuple[str, str]]:
        """The groups of the first way, or as they are, and two more."""
        ways = self.ways.found
        called = (
            [group.called for group in ways[0].groups] if ways else [each.called for each in self.question.standing]
        )
        return [(str(place), name) for place, name in enumerate([*called, "A new group", "Another new group"], start=1)]


async def _ways(visit: Visit, practice_id: UUID) -> GroupsPage:
    def work(db: Session, me: Me) -> tuple[AtPractice, Question]:
        at = practice_for(db, me, practice_id, Right.TUTOR)
        return at, queries.question(db, at, visit.now)

    at, question = await visit.read(work)
    return GroupsPage(at, question, await asyncio.to_thread(regrouping.propose, question))


@get(f"{DAY}/groups", **signed_in)
async def groups(visit: Visited, practice_id: FromPath[UUID]) -> Answer:
    """All ways to seat who is here, and a form to do it by hand."""
    return visit.page("day/groups.html", page=await _ways(visit, practice_id), problems=())


@get(f"{DAY}/proposal", **signed_in)
async def proposal(visit: Visited, practice_id: FromPath[UUID]) -> Answer:
    """The first way alone, for the board; nothing where the groups fit who is here."""
    page = await _ways(visit, practice_id)
    return visit.page("day/_proposal.html", page=page)


@post(f"{PRACTICE}/groups", status_code=303, **signed_in)
async def regroup(visit: Visited, practice_id: FromPath[UUID]) -> Answer:
    """Use a way that was shown, just as it was shown."""
    form = await visit.form()
    at = await visit.read(lambda db, me: practice_for(db, me, practice_id, Right.TUTOR))
    question = await visit.read(lambda db, _me: queries.question(db, at, visit.now))
    chosen = _chosen(form, question)
    return await _use(visit, at, chosen, form)


@post(f"{PRACTICE}/groups/by-hand", status_code=303, **signed_in)
async def regroup_by_hand(visit: Visited, practice_id: FromPath[UUID]) -> Answer:
    """The groups as a tutor put them together; turns are dealt as for any plan."""
    form = await visit.form()
    at = await visit.read(lambda db, me: practice_for(db, me, practice_id, Right.TUTOR))
    question = await visit.read(lambda db, _me: queries.question(db, at, visit.now))
    places: dict[int, list[str]] = {}
    for person in question.here:
        place = form.get(f"in-{person}")
        if place.isascii() and place.isdigit() and 0 < int(place[:3]) <= len(question.here):
            places.setdefault(int(place[:3]), []).append(person)
    seated = [people for _, people in sorted(places.items())]
    chosen = None
    if seated and all(2 <= len(people) <= seating.MOST_IN_A_GROUP for people in seated):
        if regrouping.apart_in(question.course, seated):
            return await _refused(visit, practice_id, seating.APART)
        way = await asyncio.to_thread(regrouping.by_hand, question, seated)
        chosen = [(group.triad, group.room, group.group) for group in way.groups]
    return await _use(visit, at, chosen, form)


Chosen = list[tuple[UUID | None, str, Group]]


def _chosen(form: Form, question: Question) -> Chosen | None:
    """The groups that a form carries: each its triad (or "new"), and its people in the order of their places."""
    rests = {person for person, _ in question.course.rests}
    all_turn = question.course.turning is not Turning.ONE_ROUND
    free = [room for room in question.rooms if room not in {each.room for each in question.standing}]
    found: Chosen = []
    for typed in form.all("group"):
        triad, _, members = typed.partition(":")
        people = tuple(members.split(","))
        try:
            known = None if triad == NEW else UUID(triad)
            texts = tuple(str(UUID(person)) for person in people)
        except ValueError:
            return None
        if not 2 <= len(set(texts)) == len(texts) <= seating.MOST_IN_A_GROUP:
            return None
        room = free.pop(0) if known is None and free else ""
        resting = frozenset(texts) & rests if all_turn else frozenset()
        found.append((known, room, Group(texts, len(texts) == 2, question.course.turning, resting)))
    return found


async def _use(visit: Visit, at: AtPractice, chosen: Chosen | None, form: Form) -> Answer:
    practice_id = at.practice.id
    if not chosen or any(not group.rounds() for _, _, group in chosen):
        return await _refused(visit, practice_id, seating.UNREADABLE)

    def work(db: Session, me: Me) -> Refusal | None:
        at = practice_for(db, me, practice_id, Right.TUTOR)
        return seating.regroup(
            db,
            at,
            [(triad, group) for triad, _, group in chosen],
            mark=form.get("mark"),
            tutors=queries.tutor_order(db, at),
            rooms={place: room for place, (_, room, _) in enumerate(chosen)},
            by=me,
            domain=_domain(visit),
            now=visit.now,
            new_id=visit.new_id,
        )

    refusal = await visit.tell([at.cohort.id], work)
    if refusal:
        return await _refused(visit, practice_id, refusal)
    return visit.go(f"/practice/{practice_id}/day?done=groups")


async def _refused(visit: Visit, practice_id: UUID, refusal: Refusal) -> Answer:
    return visit.refused("day/groups.html", refusal, page=await _ways(visit, practice_id))


@post(f"{PRACTICE}/groups/return", status_code=303, **signed_in)
async def go_back(visit: Visited, practice_id: FromPath[UUID]) -> Answer:
    """Undo the last change of groups."""
    form = await visit.form()
    at = await visit.read(lambda db, me: practice_for(db, me, practice_id, Right.TUTOR))
    version = form.id("version")

    def work(db: Session, me: Me) -> Refusal | None:
        at = practice_for(db, me, practice_id, Right.TUTOR)
        if version is None:
            return seating.NO_WAY_BACK
        return seating.go_back(db, at, version, by=me, domain=_domain(visit), now=visit.now, new_id=visit.new_id)

    refusal = await visit.tell([at.cohort.id], work)
    if refusal:
        return await board(visit, practice_id, refusal, form)
    return visit.go(f"/practice/{practice_id}/day?done=undone")


@post(f"{PRACTICE}/rooms", status_code=303, **signed_in)
async def name_rooms(visit: Visited, practice_id: FromPath[UUID]) -> Answer:
    """Rooms, or numbers of breakout rooms."""
    form = await visit.form()
    day = await visit.read(load(practice_id, visit.now))
    names = {room.triad: form.text(f"room-{room.triad}", most=60) for room in day.rooms}
    rooms = {triad: name for triad, name in names.items() if form.has(f"room-{triad}")}

    def work(db: Session, me: Me) -> Refusal | None:
        at = practice_for(db, me, practice_id, Right.TUTOR)
        if form.refusal:
            return form.refusal
        return seating.name_rooms(db, at, rooms, by=me, now=visit.now, new_id=visit.new_id)

    refusal = await visit.tell([day.at.cohort.id], work)
    if refusal:
        return await board(visit, practice_id, refusal, form)
    return visit.go(f"/practice/{practice_id}/day?done=rooms")


@post("/cohorts/{cohort_id:uuid}/practice-now", status_code=303, **signed_in)
async def practise_now(visit: Visited, cohort_id: FromPath[UUID]) -> Answer:
    """A session on the spot, for whoever is here."""
    form = await visit.form()
    id_ = form.id("id") or visit.new_id()

    def work(db: Session, me: Me) -> UUID | Refusal:
        within = cohort_for(db, me, cohort_id, Right.TUTOR)
        return seating.practise_now(db, within, id=id_, by=me, now=visit.now, new_id=visit.new_id)

    made = await visit.write(work)
    if isinstance(made, Refusal):
        return visit.refused("day/not_yet.html", made, cohort_id=cohort_id)
    return visit.go(f"/practice/{made}/day")


# --- saying that one is here -----------------------------------------------------------------------------------


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
        return actions.arrive(db, at, how=how, by=me, domain=_domain(visit), now=visit.now, new_id=visit.new_id)

    return await _arrived(visit, practice_id, work, f"/practice/{practice_id}/arrival")


async def _arrived(
    visit: Visit, practice_id: UUID, work: Callable[[Session, Me], Refusal | None], action: str
) -> Answer:
    refusal = await _told_if_ahead(visit, practice_id, work)
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
        return actions.arrive(db, at, how=How.CODE, by=me, domain=_domain(visit), now=visit.now, new_id=visit.new_id)

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


# --- for a wall and for paper ----------------------------------------------------------------------------------


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
    drawn = segno.make_qr(address, error="m")
    rows = list(drawn.matrix_iter(border=4))
    drawing = "".join(f"M{x} {y}h1v1h-1z" for y, row in enumerate(rows) for x, dark in enumerate(row) if dark)
    page = Door(day, _pin(visit, day.at), address, drawing, len(rows))
    return visit.page("day/door.html", page=page, problems=())


@get(f"{PRACTICE}/wall", **signed_in)
async def wall(visit: Visited, practice_id: FromPath[UUID]) -> Answer:
    """Groups, rooms and roles by first names, large; nothing else about anybody."""
    return visit.page("day/wall.html", day=await visit.read(load(practice_id, visit.now)))


@get(f"{PRACTICE}/cards", **signed_in)
async def cards(visit: Visited, practice_id: FromPath[UUID]) -> Answer:
    """A card for everybody, to be printed."""
    return visit.page("day/cards.html", day=await visit.read(load(practice_id, visit.now)))


routes = [
    show, live, tick, note_time, be_present, take_part, ask_for_pin, groups, proposal, regroup, regroup_by_hand,
    go_back, name_rooms, practise_now, before_arriving, arrive, before_arriving_by_code, arrive_by_code, door, wall,
    cards, *record,
]  # fmt: skip
