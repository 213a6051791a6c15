"""Triads formed of the times people offered: what is asked of the engine, and its answer as it is to be kept.

A window may span several weeks, and somebody may want to come more than once in one: each week is matched by itself,
and again for those who want more, with whoever has sat together by then counted as having met.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from threefold.booking.windows import Formed
from threefold.core.booking import Time
from threefold.core.choices import Kind
from threefold.core.grouping import Person
from threefold.core.roles import Turning
from threefold.core.said import clock, day
from threefold.core.slots import moment
from threefold.matching import Liking, Unplaced, WeekProblem, WeekSlot, say_unplaced
from threefold.store.diaries import Diaries, diaries
from threefold.store.extra import WindowRow, window_row
from threefold.store.ledger import ledger
from threefold.store.rows import CohortRow
from threefold.store.tables import Membership, PracticeWindow, Preference, WindowOffer
from threefold.web.solver import week_matched

LIKED = {"free": Liking.PREFERRED, "if_needed": Liking.IF_NEEDED}


@dataclass(frozen=True)
class Question:
    """A window ready to be matched. `wants`: how often each would come in a week. `names`: how times are said."""

    cohort_id: UUID
    version: int
    problem: WeekProblem
    wants: Mapping[Person, int]
    names: Mapping[str, str]


@dataclass(frozen=True)
class Answer:
    formed: tuple[Formed, ...]
    unplaced: Mapping[UUID, str]


def question(db: Session, cohort: CohortRow, entity: PracticeWindow, now: datetime) -> Question | None:
    """What is to be matched now; None for what is no matched window, or one that has been formed or called off."""
    window = window_row(entity)
    if window.way != "matched" or window.opened_at is None or window.drawn_at or window.called_off_at:
        return None
    rows = db.execute(
        select(WindowOffer.membership_id, WindowOffer.times, WindowOffer.wants)
        .join(Membership, Membership.id == WindowOffer.membership_id)
        .where(WindowOffer.window_id == window.id, WindowOffer.taken_back_at.is_(None), Membership.left_at.is_(None))
        .order_by(WindowOffer.membership_id)
    ).all()
    members = [row.membership_id for row in rows]
    starts = {local: moment(datetime.fromisoformat(local), cohort.zone)[0] for local in window.times}
    ahead = {local: at for local, at in starts.items() if at > now}
    diary = diaries(db, cohort.zone, members, first=now)
    held = ledger(db, cohort, now)
    known = {str(member) for member in members}
    resting = db.scalars(
        select(Preference.membership_id).where(
            Preference.membership_id.in_(members),
            Preference.kind == Kind.NOT_CLIENT.value,
            Preference.ended_at.is_(None),
            Preference.practice_id.is_(None),
        )
    )
    problem = WeekProblem(
        people=tuple(str(member) for member in members),
        slots=tuple(_slot(local, at, window) for local, at in ahead.items()),
        offers={
            str(row.membership_id): {
                local: LIKED[how]
                for local, how in row.times.items()
                if local in ahead and how in LIKED and _can(diary, window, row.membership_id, ahead[local])
            }
            for row in rows
        },
        apart=frozenset(
            frozenset((str(one), str(other)))
            for one in members
            for other in diary.apart.get(one, ())
            if str(other) in known
        ),
        met={pair: count for pair, count in held.met.items() if pair <= known},
        served={who: roles for who, roles in held.served.items() if who in known},
        counselled=held.counselled,
        quads=False,
        turning=Turning.ONE_ROUND if window.shape[0] == 1 else Turning(cohort.turning),
        rests=frozenset(str(member) for member in resting),
        round_minutes=cohort.practice_minutes,
    )
    return Question(
        cohort.id,
        cohort.version,
        problem,
        {str(row.membership_id): min(row.wants, window.most_each) for row in rows},
        {local: f"{day(at, cohort.zone)} at {clock(at, cohort.zone)}" for local, at in ahead.items()},
    )


def _slot(local: str, at: datetime, window: WindowRow) -> WeekSlot:
    # One place for all of them: times that overlap share its rooms.
    return WeekSlot(local, int(at.timestamp()) // 60, window.minutes, bool(window.place), window.at_once, "here")


def _can(diary: Diaries, window: WindowRow, member: UUID, at: datetime) -> bool:
    """Whether somebody is booked nowhere else then, and a room would do."""
    ends = at + timedelta(minutes=window.minutes)
    time = Time(window.id, at, ends, window.at_once, window.most_each, window.if_two, window.steps_out_until, ())
    who = diary.at(window, time, member)
    suits = not window.rooms or any(who.needs <= set(room.access) for room in window.rooms)
    return not who.elsewhere and suits


async def answer(asked: Question) -> Answer:
    """The groups of every week, matched outside any transaction."""
    formed: list[Formed] = []
    unplaced: dict[UUID, str] = {}
    for week in _weeks(asked.problem.slots):
        week_formed, missing = await _week(asked, week, formed)
        formed += week_formed
        for one in missing:
            if asked.problem.offers[one.person].keys() & {slot.id for slot in week} or one.reason == "no_times":
                unplaced[UUID(one.person)] = say_unplaced(one, asked.names)
    placed = {UUID(member) for each in formed for member in each.group.members}
    return Answer(tuple(formed), {who: why for who, why in unplaced.items() if who not in placed})


def _weeks(slots: Sequence[WeekSlot]) -> list[list[WeekSlot]]:
    by_week: dict[tuple[int, int], list[WeekSlot]] = {}
    for slot in slots:
        by_week.setdefault(datetime.fromisoformat(slot.id).isocalendar()[:2], []).append(slot)
    return [by_week[key] for key in sorted(by_week)]


async def _week(
    asked: Question, slots: Sequence[WeekSlot], before: Sequence[Formed]
) -> tuple[list[Formed], tuple[Unplaced, ...]]:
    formed: list[Formed] = []
    missing: tuple[Unplaced, ...] = ()
    for turn in range(max(asked.wants.values(), default=0)):
        had = Counter(person for each in formed for person in each.group.members)
        people = tuple(who for who in asked.problem.people if asked.wants[who] > turn and had[who] == turn)
        if not people or (turn and len(people) < 3):
            break
        groups, left = await week_matched(_narrowed(asked.problem, people, slots, formed, before))
        formed += [Formed(slot, group) for slot, group in groups]
        missing = left if turn == 0 else missing
    return formed, missing


def _narrowed(
    whole: WeekProblem,
    people: tuple[Person, ...],
    slots: Sequence[WeekSlot],
    formed: Sequence[Formed],
    before: Sequence[Formed],
) -> WeekProblem:
    """The week for these people: without the times they sit already, and with the rooms that are left."""
    here = frozenset(people)
    used = Counter(each.time for each in formed)
    left = [replace(slot, capacity=(slot.capacity or 0) - _taken(slot, slots, used), place="") for slot in slots]
    if not formed:
        left = list(slots)
    times = {slot.id: slot for slot in slots}
    met = Counter(whole.met)
    for each in (*before, *formed):
        met.update(each.group.pairs())

    def free(who: Person, slot: WeekSlot) -> bool:
        mine = [times[each.time] for each in formed if who in each.group.members]
        return not any(one.start < slot.start + slot.minutes and slot.start < one.start + one.minutes for one in mine)

    return replace(
        whole,
        people=people,
        slots=tuple(left),
        offers={
            who: {s: how for s, how in whole.offers[who].items() if s in times and free(who, times[s])}
            for who in people
        },
        apart=frozenset(pair for pair in whole.apart if pair <= here),
        met={pair: count for pair, count in met.items() if pair <= here},
        rests=whole.rests & here,
    )


def _taken(slot: WeekSlot, slots: Sequence[WeekSlot], used: Mapping[str, int]) -> int:
    """Groups that are in the rooms at some time of this slot already."""
    overlap = [s for s in slots if s.start < slot.start + slot.minutes and slot.start < s.start + s.minutes]
    return min(slot.capacity or 0, sum(used.get(each.id, 0) for each in overlap))
