"""Groups from who is here: ways to make them, one that is used or laid by hand, taken back, and rooms by name."""

import asyncio
from dataclasses import dataclass
from uuid import UUID

from litestar import get, post
from litestar.params import FromPath
from sqlalchemy.orm import Session

from threefold.core.grouping import Group
from threefold.core.refusal import Refusal
from threefold.core.roles import Turning
from threefold.core.said import listed
from threefold.day import queries, regrouping, seating
from threefold.day.desk import DAY, PRACTICE, board, domain_of, load
from threefold.day.question import Question, asked
from threefold.day.ways import NEW, Ways
from threefold.store.sessions import Me
from threefold.store.within import AtPractice
from threefold.web.access import Right, cohort_for, practice_for
from threefold.web.forms import Form
from threefold.web.visit import Answer, Visit, Visited, signed_in


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
        return at, asked(db, at, visit.now)

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
    question = await visit.read(lambda db, _me: asked(db, at, visit.now))
    chosen = _chosen(form, question)
    return await _use(visit, at, chosen, form)


@post(f"{PRACTICE}/groups/by-hand", status_code=303, **signed_in)
async def regroup_by_hand(visit: Visited, practice_id: FromPath[UUID]) -> Answer:
    """The groups as a tutor put them together; turns are dealt as for any plan."""
    form = await visit.form()
    at = await visit.read(lambda db, me: practice_for(db, me, practice_id, Right.TUTOR))
    question = await visit.read(lambda db, _me: asked(db, at, visit.now))
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
            domain=domain_of(visit),
            now=visit.now,
            new_id=visit.new_id,
        )

    refusal = await visit.tell([at.cohort.id], work, only=practice_id)
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
        return seating.go_back(db, at, version, by=me, domain=domain_of(visit), now=visit.now, new_id=visit.new_id)

    refusal = await visit.tell([at.cohort.id], work, only=practice_id)
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

    refusal = await visit.tell([day.at.cohort.id], work, only=practice_id)
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


routes = [groups, proposal, regroup, regroup_by_hand, go_back, name_rooms, practise_now]
