"""Giving several sessions to come another time, place or number of rounds; what has begun keeps what it had.

The new minutes become the cohort's, and the old ones are written onto every session that goes on with them: so what
was held says itself how it was held, and sessions added later follow what is usual now.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from random import Random
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from threefold.core.grouping import Group
from threefold.core.identity import NewId
from threefold.core.refusal import Refusal
from threefold.core.repairs import Why
from threefold.core.roles import Turning
from threefold.core.slots import SessionShape
from threefold.core.usual import Meets, Usual
from threefold.matching.roles import in_turn
from threefold.repairs.actions import CHANGED
from threefold.store.courses import CourseNow
from threefold.store.deeds import record
from threefold.store.reseating import Sitting, reseat, sittings_of
from threefold.store.rows import CohortRow
from threefold.store.sessions import Me
from threefold.store.tables import Cohort, PracticeSession, Seat, Triad
from threefold.store.versions import version
from threefold.store.within import Within


@dataclass(frozen=True)
class NewTerm:
    """Sessions before and after, and the groups whose turns are dealt anew, by session and triad."""

    was: Usual
    usual: Usual
    before: tuple[Meets[UUID], ...]
    after: tuple[Meets[UUID], ...]
    dealt: Mapping[UUID, Mapping[UUID, Group]]
    at_version: int


def ahead(db: Session, cohort: CohortRow, now: datetime) -> tuple[Meets[UUID], ...]:
    """The sessions that have not begun, in two queries: for a form that nobody has filled in yet."""
    mine = (
        PracticeSession.cohort_id == cohort.id,
        PracticeSession.starts_at > now,
        PracticeSession.cancelled_at.is_(None),
        PracticeSession.window_id.is_(None),
    )
    groups: dict[UUID, list[tuple[str, int]]] = defaultdict(list)
    for row in db.execute(
        select(Triad.practice_id, Triad.room, func.count(Seat.id).label("size"))
        .join(Seat, (Seat.triad_id == Triad.id) & Seat.given_up_at.is_(None))
        .join(PracticeSession, PracticeSession.id == Triad.practice_id)
        .where(*mine)
        .group_by(Triad.id, Triad.practice_id, Triad.room, Triad.number)
        .order_by(Triad.number)
    ):
        groups[row.practice_id].append((row.room, row.size))
    return tuple(
        Meets(
            id=each.id,
            number=each.number,
            starts_at=each.starts_at,
            ends_at=each.ends_at,
            place=each.place,
            link=each.link,
            rooms=tuple(room for room, _ in groups[each.id]),
            shape=SessionShape(*each.shape) if each.shape else cohort.shape,
            sizes=tuple(size for _, size in groups[each.id]),
        )
        for each in db.scalars(select(PracticeSession).where(*mine).order_by(PracticeSession.starts_at))
    )


def sessions_to_come(course: CourseNow, first: UUID | None) -> tuple[Meets[UUID], ...]:
    """Those that have not begun, from `first` on; all of them where it is None."""
    start = next((date.starts_at for date in course.dates if date.id == first), None)
    return tuple(
        Meets(
            id=date.id,
            number=date.number,
            starts_at=date.starts_at,
            ends_at=date.ends_at,
            place=date.place,
            link=date.link,
            rooms=date.rooms,
            shape=date.shape,
            sizes=tuple(len(group.members) for group in groups),
        )
        for place, (date, groups) in enumerate(zip(course.dates, course.plan.sessions, strict=True))
        if place not in course.settled and (start is None or date.starts_at >= start)
    )


def deal(
    course: CourseNow, cohort: CohortRow, before: Sequence[Meets[UUID]], after: Sequence[Meets[UUID]]
) -> dict[UUID, dict[UUID, Group]]:
    """Turns for the groups that get another number of rounds, fair by what everybody has been and will be."""
    anew: dict[int, list[int]] = {}
    for was, now in zip(before, after, strict=True):
        if turned := was.turned_anew(now):
            anew[course.place_of(was.id) or 0] = list(turned)
    if not anew:
        return {}
    plan, people = course.plan.sessions, frozenset(course.problem.people)
    rounds = next(now.shape.rounds for now in after)
    problem = replace(
        course.problem,
        present=tuple(frozenset(who for group in groups for who in group.members) & people for groups in plan),
        turning=Turning.ONE_ROUND if rounds == 1 else Turning(cohort.turning),
        frozen={place: groups for place, groups in enumerate(plan) if place not in anew},
        pinned={
            place: tuple(group for number, group in enumerate(plan[place]) if number not in groups)
            for place, groups in anew.items()
        },
    )
    dealt = in_turn(problem, {place: [group.members for group in plan[place]] for place in anew}, Random(1))
    found: dict[UUID, dict[UUID, Group]] = {}
    for place, groups in anew.items():
        by_people = {frozenset(group.members): group for group in dealt[place]}
        date = course.dates[place]
        found[date.id] = {date.triads[n]: by_people[frozenset(plan[place][n].members)] for n in groups}
    return found


def change_term(
    db: Session,
    within: Within,
    new: NewTerm,
    *,
    domain: str,
    by: Me,
    now: datetime,
    new_id: NewId,
) -> Refusal | None:
    """Make it so. Refused where the cohort is not as it was when this was reckoned."""
    cohort = db.get_one(Cohort, within.cohort.id)
    if cohort.version != new.at_version:
        return Refusal.because(CHANGED)
    practices = [each.id for each in new.after]
    with version(db, cohort.id, practices, why=Why.ROUNDS, by=by.id, now=now, new_id=new_id):
        if new.usual.shape != new.was.shape:
            _keep_their_minutes(db, within.cohort, practices)
        for each in new.after:
            practice = db.get_one(PracticeSession, each.id)
            practice.starts_at, practice.ends_at = each.starts_at, each.ends_at
            practice.place, practice.link = each.place, each.link
            if new.usual.shape != new.was.shape:
                practice.shape = None
            _reroom(db, each)
            if dealt := new.dealt.get(each.id):
                sittings = [_dealt(one, dealt, each.shape) for one in sittings_of(db, each.id)]
                reseat(db, each.id, sittings, domain=domain, now=now, new_id=new_id)
    _make_usual(cohort, new.was, new.usual)
    db.flush()
    record(
        db, id=new_id(), at=now, by=by.id, verb="changed the term", cohort_id=cohort.id, sessions=len(practices)
    )  # fmt: skip
    return None


def _dealt(sitting: Sitting, dealt: Mapping[UUID, Group], shape: SessionShape) -> Sitting:
    group = dealt.get(sitting.triad_id) if sitting.triad_id else None
    if group is None:
        return sitting
    return replace(Sitting.of(group, shape), room=sitting.room, tutor_id=sitting.tutor_id, triad_id=sitting.triad_id)


def _keep_their_minutes(db: Session, cohort: CohortRow, but: Sequence[UUID]) -> None:
    """Every other session that has gone by the cohort's minutes keeps them as its own."""
    shape = cohort.shape
    own = [shape.rounds, shape.practice, shape.feedback, shape.opening, shape.closing, shape.between]
    for practice in db.scalars(select(PracticeSession).where(PracticeSession.cohort_id == cohort.id)).all():
        if practice.id not in but and practice.shape is None:
            practice.shape = own


def _reroom(db: Session, each: Meets[UUID]) -> None:
    triads = db.scalars(select(Triad).where(Triad.practice_id == each.id).order_by(Triad.number)).all()
    held = {one.triad_id for one in sittings_of(db, each.id)}
    for triad, room in zip((triad for triad in triads if triad.id in held), each.rooms, strict=True):
        triad.room = room
    db.flush()


def _make_usual(cohort: Cohort, was: Usual, usual: Usual) -> None:
    """What was changed is the cohort's from now on."""
    cohort.starts = usual.start if usual.start != was.start else cohort.starts
    cohort.minutes = usual.minutes if usual.minutes != was.minutes else cohort.minutes
    cohort.place = usual.place if usual.place != was.place else cohort.place
    cohort.link = usual.link if usual.link != was.link else cohort.link
    cohort.rooms = list(usual.rooms) if usual.rooms != was.rooms else cohort.rooms
    if usual.shape != was.shape:
        shape = usual.shape
        cohort.rounds, cohort.practice_minutes, cohort.feedback_minutes = shape.rounds, shape.practice, shape.feedback
        cohort.opening_minutes, cohort.closing_minutes = shape.opening, shape.closing
