"""The ways to mend a published term, for the page that offers them: asked of a snapshot, found outside any unit."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from uuid import UUID

from threefold.core.grouping import Group, Person
from threefold.core.repairs import Change, Scope, Sitting, changes
from threefold.core.said import day
from threefold.core.slots import SessionShape, duration, shape_for
from threefold.matching import NoPlan, Plan, say_clash
from threefold.matching.repair import Progress, RepairOption, RepairProblem, repair
from threefold.matching.repair.asking import Question, asked
from threefold.matching.repair.telling import say_option
from threefold.matching.wire import groups_out
from threefold.store.courses import CourseDate, CourseNow
from threefold.store.within import Within

STEPS = 20_000
"""Changes tried for all the ways together, unless the time is up before."""

Former = dict[tuple[UUID, UUID], list[Person]]
"""Whoever left the cohort, by the session and the group in which they had a place."""


@dataclass(frozen=True)
class Seated:
    """The groups that one session is to have, with those who observe its pairs."""

    practice: UUID
    shape: SessionShape
    groups: tuple[Group, ...]
    before: tuple[Group, ...]  # the groups it has


@dataclass(frozen=True)
class Asking:
    """What a tutor wants mended, in the term as it was read."""

    within: Within
    course: CourseNow
    scope: Scope
    practice: UUID
    people: tuple[Person, ...]
    former: Former

    @property
    def place(self) -> int | None:
        """Where the chosen session stands; None for one that has begun or can't be mended."""
        place = self.course.place_of(self.practice)
        return None if place in self.course.settled else place

    @property
    def date(self) -> CourseDate | None:
        return None if self.place is None else self.course.dates[self.place]

    @cached_property
    def plan(self) -> Plan:
        """The plan as people have it, with those who have left where they sat."""
        sessions = []
        for date, groups in zip(self.course.dates, self.course.plan.sessions, strict=True):
            gone: dict[UUID, list[Person]] = defaultdict(list)
            for (practice, triad), people in self.former.items():
                if practice == date.id:
                    gone[triad] += people
            full = [
                replace(group, members=(*group.members, *gone.pop(triad)), tutor=False) if triad in gone else group
                for triad, group in zip(date.triads, groups, strict=True)
            ]
            sessions.append((*full, *(Group(tuple(people)) for people in gone.values())))
        return Plan(tuple(sessions))

    @property
    def problem(self) -> RepairProblem | None:
        if self.place is None:
            return None
        course = self.course
        return asked(
            course.problem,
            self.plan,
            course.settled,
            Question(self.scope, self.place, frozenset(self.people)),
            away={place: date.away for place, date in enumerate(course.dates)},
            tutors={
                place: len(course.tutors) - len({tutor for tutor in date.tutors if tutor})
                for place, date in enumerate(course.dates)
            },
            lengths={
                (place, rounds): shape_for(date.shape, rounds).practice
                for place, date in enumerate(course.dates)
                for rounds in range(1, 2 * date.shape.rounds + 2)
            },
        )


@dataclass(frozen=True)
class DateChanges:
    """Whose place is another on one date."""

    date: CourseDate
    changes: tuple[Change[Person, bool], ...]


@dataclass(frozen=True)
class Way:
    """One way to mend it: what it does, in sentences and person by person. `mark` tells it from every other."""

    mark: str
    steps: int
    moved: int
    sentences: tuple[str, ...]
    dates: tuple[DateChanges, ...]
    seated: tuple[Seated, ...]
    owed: dict[Person, dict[str, int]]
    repeats_added: int


@dataclass(frozen=True)
class Ways:
    """Up to three, the least disturbing first; or why there is none."""

    asking: Asking
    found: tuple[Way, ...]
    clashes: tuple[tuple[str, ...], ...] = ()

    def marked(self, mark: str) -> Way | None:
        return next((way for way in self.found if way.mark == mark), None)


def ways(asking: Asking, *, steps: int = STEPS, progress: Progress | None = None) -> Ways:
    """Look for them. The same term, question and number of steps have the same ways."""
    problem, weeks = asking.problem, dates_in_words(asking)
    if problem is None:
        return Ways(asking, ())
    found = repair(problem, seed=1, steps=min(steps, STEPS), progress=progress)
    if isinstance(found, NoPlan):
        clashes = tuple(say_clash(clash, asking.course.names, weeks) for clash in found.clashes[:3])
        return Ways(asking, (), clashes)
    return Ways(asking, tuple(way for option in found if (way := _way(asking, problem, option, weeks)).seated))


def dates_in_words(asking: Asking) -> list[str]:
    return ["the session of " + day(date.starts_at, asking.within.cohort.zone) for date in asking.course.dates]


def _way(asking: Asking, problem: RepairProblem, option: RepairOption, weeks: Sequence[str]) -> Way:
    course, cohort = asking.course, asking.within.cohort
    seated, dates = [], []
    for place, date in enumerate(course.dates):
        was, is_now = asking.plan.sessions[place], option.plan.sessions[place]
        if was == is_now or place in problem.settled:
            continue
        seated.append(Seated(date.id, date.shape, is_now, was))
        dates.append(DateChanges(date, changes([_sitting(one) for one in was], [_sitting(one) for one in is_now])))
    said = say_option(
        option, course.names, weeks, labels=cohort.role_labels, round_minutes=course.problem.round_minutes
    )
    return Way(
        mark=_mark(seated),
        steps=option.plan.steps,
        moved=len(option.consequences.people_moved),
        sentences=(*said, *_hours(asking, option)),
        dates=tuple(dates),
        seated=tuple(seated),
        owed={who: {role.value: n for role, n in roles.items()} for who, roles in option.consequences.owed.items()},
        repeats_added=option.consequences.repeats_added,
    )


def _hours(asking: Asking, option: RepairOption) -> Iterator[str]:
    """What it does to the hours of those who are out; who is there has the whole session, whoever they sit with."""
    minutes: Counter[Person] = Counter()
    for place, person in option.consequences.ended:
        date = asking.course.dates[place]
        minutes[person] += int((date.ends_at - date.starts_at).total_seconds()) // 60
    for person, lost in minutes.items():
        yield f"{asking.course.names[person]} has {duration(lost)} fewer in the course; nobody else’s hours change."


def _sitting(group: Group) -> Sitting[Person, bool]:
    return Sitting(group.members, group.rounds(), tutor=group.tutor)


def _mark(seated: Sequence[Seated]) -> str:
    said = [[str(one.practice), groups_out(one.groups)] for one in seated]
    return sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:20]
