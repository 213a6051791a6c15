"""A published plan mended when somebody is out, late or new: up to three ways, the least disturbing first.

Sessions that are past or frozen stay as they are, and so does every group that nobody leaves or joins, to the
byte. What is least is said only where counting proves it.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import combinations
from random import Random

from threefold.core.grouping import Group, Pair, Person
from threefold.core.roles import Role
from threefold.matching.bounds.spread import least_spread
from threefold.matching.clash import NoPlan
from threefold.matching.plan import InvalidPlan, Plan, check, meetings
from threefold.matching.problem import CourseProblem
from threefold.matching.repair.consequences import Appointment, Consequences, consequences, role_minutes
from threefold.matching.repair.renewed import renewed
from threefold.matching.repair.reseating import EVERY, REPEAT, Reseating
from threefold.matching.repair.torn import Members, Torn, least_repeats, moved_by_pins, repeats_of, ways_to_mend

STEPS = 100_000
"""Changes tried by default, shared by the options; the first few thousand are enough for valid ones."""

FIRST_CYCLE, LONGEST_CYCLE = 2_000, 64_000
MOST_OPTIONS, RIVALS = 3, 6
LIKE, UNLIKE = 40, 5 * REPEAT  # what keeping a group together is worth, a member


class RepairKind(StrEnum):
    """What sets an option apart from those before it."""

    FEWEST_MOVED = "fewest_moved"
    OTHER_SIZES = "other_sizes"
    FEWEST_REPEATS = "fewest_repeats"
    OTHER_PEOPLE = "other_people"


@dataclass(frozen=True)
class RepairProblem:
    """A course as it is now, and the plan that people have.

    `course` says who is present now: somebody out is missing from one session, from a date on or from all;
    somebody new is one of the people. What they bring stands in its `served` and `met`, as for a new plan.
    `settled` are the sessions, by their place in time, that are past or frozen: they stay as `published` has them,
    whoever sat there. `free_tutors` says how many tutors could observe a pair in a session, whatever the
    cohort's rule for remainders. `late` are (person, session): they observe the first round, where somebody does.

    Raises ValueError when the plan has another number of sessions, or a rule names a session that is not there.
    """

    course: CourseProblem
    published: Plan
    settled: frozenset[int] = frozenset()
    free_tutors: Mapping[int, int] = field(default_factory=dict)
    late: frozenset[tuple[Person, int]] = frozenset()

    def __post_init__(self) -> None:
        sessions = range(len(self.course.present))
        if len(self.published.sessions) != len(sessions):
            raise ValueError("the published plan has another number of sessions than the course")
        if not all(number in sessions for number in (*self.settled, *self.free_tutors, *(n for _, n in self.late))):
            raise ValueError("a rule names a session that is not one of the sessions")

    def now(self) -> CourseProblem:
        """The course with its settled sessions frozen as they were published."""
        settled = {number: self.published.sessions[number] for number in sorted(self.settled)}
        pinned = {number: groups for number, groups in self.course.pinned.items() if number not in settled}
        return replace(self.course, frozen={**self.course.frozen, **settled}, pinned=pinned)


@dataclass(frozen=True)
class RepairOption:
    """One way to mend the plan, and what it does to whom.

    No repair with these group sizes moves fewer appointments than `least_moved`, and none leaves fewer repeats
    in the whole plan than `least_repeats`, however many it moves. The plan's `steps` are the changes that were
    tried for all options together: given to `repair` as its `steps`, they make the same options again.
    """

    kind: RepairKind
    plan: Plan
    consequences: Consequences
    least_moved: int
    least_repeats: int


Progress = Callable[[int, int], bool]
"""Told the changes tried, and the repeats of the first option so far; False means "stop and use these"."""


def repair(
    problem: RepairProblem, *, seed: int = 0, steps: int = STEPS, progress: Progress | None = None
) -> tuple[RepairOption, ...] | NoPlan:
    """Up to three ways to mend the plan, best first: appointments moved, then repeats; or why there is none.

    The first moves as few appointments as can be. Others are there only for something they do better: no tutor
    needed (or one, where one is free), fewer repeats for more people moved, or other people moved. The same
    problem, seed and steps give the same options. Raises InvalidPlan if what was found breaks a rule.
    """
    course = problem.now()
    ways = ways_to_mend(course, problem.published.sessions, problem.free_tutors)
    if isinstance(ways, NoPlan):
        return ways
    usual = {number: some[0] for number, some in ways.items()}
    nearest = {number: min(some, key=Torn.least_moved) for number, some in ways.items()}
    other = {number: some[1] if nearest == usual and len(some) > 1 else some[0] for number, some in ways.items()}
    mend = _Mend(problem, course, seed, steps, progress)
    drafts = [mend.draft(RepairKind.FEWEST_MOVED, nearest)]
    if other != nearest:
        drafts.append(mend.draft(RepairKind.OTHER_SIZES, other))
    drafts.append(mend.draft(RepairKind.OTHER_PEOPLE, drafts[-1].torn, unlike=drafts[-1]))
    drafts.append(mend.draft(RepairKind.FEWEST_REPEATS, usual))
    mend.improve(drafts)
    return tuple(mend.finished(draft) for draft in mend.ranked(drafts))


@dataclass(frozen=True, eq=False)
class _Draft:
    """One option in the making; `around` counts the meetings in sessions that are not torn."""

    kind: RepairKind
    torn: Mapping[int, Torn]
    around: Mapping[Pair, int]
    reseating: Reseating
    least_repeats: int


class _Mend:
    """Makes the drafts of one repair better in turn; counts the changes tried, and remembers being asked to stop."""

    def __init__(
        self, problem: RepairProblem, course: CourseProblem, seed: int, steps: int, progress: Progress | None
    ) -> None:
        self.problem, self.course, self.seed, self.draw = problem, course, seed, Random(seed)
        self.steps, self.progress = steps, progress
        self.done = self.fewest = 0
        self.goes_on = True

    def draft(self, kind: RepairKind, torn: Mapping[int, Torn], unlike: _Draft | None = None) -> _Draft:
        """A first version that breaks no rule, whatever that takes."""
        cherish: dict[int, tuple[Members, ...]] = {}
        if unlike:
            kept = unlike.reseating.sessions()
            cherish = {n: tuple(group for group in one.whole if group not in kept[n]) for n, one in torn.items()}
        elif kind is RepairKind.FEWEST_REPEATS:
            cherish = {n: one.whole for n, one in torn.items()}
        untouched = [groups for n, groups in enumerate(self.problem.published.sessions) if n not in torn]
        reseating = Reseating(
            self.course,
            torn.values(),
            [group.members for groups in untouched for group in groups],
            self.draw,
            spare=kind is not RepairKind.FEWEST_REPEATS,
            cherish=cherish,
            worth=UNLIKE if unlike else LIKE,
        )
        cycle = min(FIRST_CYCLE, EVERY * (1 + reseating.seats // 10))
        reseating.search(cycle, self._count)
        while reseating.breaks_rules and reseating.loosen():
            reseating.search(cycle, self._count)
        around = meetings(untouched)
        return _Draft(kind, torn, around, reseating, least_repeats(self.course, around, torn.values()))

    def improve(self, drafts: list[_Draft]) -> None:
        """Cycles of search for each draft in turn, growing longer until no steps are left.

        Once the first has as few repeats as can be, some rivals to it are made, for the sake of even roles.
        How long a cycle is does not depend on how many are left: a run that was stopped is the run of fewer steps.
        """
        cycle, rivals, self.goes_on = FIRST_CYCLE, RIVALS, self.done < self.steps
        spread = self._spread(drafts[0]) if self.goes_on else 0
        while self.goes_on:
            cycle, before = min(2 * cycle, LONGEST_CYCLE), self.done
            unproven = [draft for draft in drafts if self._repeats(draft) > draft.least_repeats]
            if drafts[0] not in unproven and rivals and spread > self._least_spread(drafts[0]):
                rivals -= 1
                rival = self.draft(drafts[0].kind, drafts[0].torn)
                rival.reseating.search(cycle, self._hear)
                if self._repeats(rival) == drafts[0].least_repeats and self._spread(rival) < spread:
                    drafts[0], spread = rival, self._spread(rival)
            elif not unproven:
                break
            for draft in unproven:
                self.fewest = self._repeats(drafts[0])
                if not self.goes_on or not draft.reseating.search(cycle, self._hear):
                    break
            else:
                spread = self._spread(drafts[0]) if drafts[0] in unproven else spread
            if self.done == before:
                break  # so few are here that there is nothing to try

    def ranked(self, drafts: Iterable[_Draft]) -> list[_Draft]:
        """The drafts worth showing, fewest moved first, then fewest repeats; three at most.

        One is worth showing if it does better than each before it in something (moved, repeats, tutors needed), or
        if at least a quarter of the appointments it moves are not those that another moves.
        """
        shown: list[tuple[_Draft, tuple[int, int, int], set[Appointment]]] = []
        found = []
        for place, draft in enumerate(drafts):
            does = consequences(self.course, self.problem.published, self._sketch(draft))
            found.append(((len(does.moved), does.repeats, len(does.observed)), place, draft, set(does.moved)))
        for figures, _, draft, moved in sorted(found, key=lambda one: one[:2]):
            if all(
                any(mine < theirs for mine, theirs in zip(figures, others, strict=True))
                or (draft.kind is RepairKind.OTHER_PEOPLE and 4 * len(moved - other) >= len(moved) > 0)
                for _, others, other in shown
            ):
                shown.append((draft, figures, moved))
        first, *others = (draft for draft, _, _ in shown[:MOST_OPTIONS])
        return [replace(first, kind=RepairKind.FEWEST_MOVED), *others]

    def _renewed(self, draft: _Draft) -> Plan:
        return renewed(
            self.course, self.problem.published, draft.reseating.sessions(), self.problem.late, Random(self.seed)
        )

    def _spread(self, draft: _Draft) -> int:
        """The most by which somebody's roles differ, in minutes, over all that was and will be."""
        held = role_minutes(self.course, self._renewed(draft))
        served = self.course.served
        return max(
            max(roles.values()) - min(roles.values())
            for person, minutes in held.items()
            for roles in ({role: minutes[role] + served.get(person, {}).get(role, 0) for role in Role},)
        )

    def _least_spread(self, draft: _Draft) -> int:
        groups = self.problem.published.sessions
        return least_spread(
            replace(self.course, frozen={n: groups[n] for n in range(len(groups)) if n not in draft.torn})
        )

    def _sketch(self, draft: _Draft) -> Plan:
        """The plan as far as it matters who sits with whom."""
        seated = draft.reseating.sessions()
        return Plan(
            tuple(
                tuple(Group(members, tutor=len(members) == 2) for members in seated[number])
                if number in seated
                else groups
                for number, groups in enumerate(self.problem.published.sessions)
            )
        )

    def finished(self, draft: _Draft) -> RepairOption:
        """The option with everybody's turns, checked. Raises InvalidPlan if it breaks a rule."""
        course, published, plan = self.course, self.problem.published, self._renewed(draft)
        _checked(course, published, plan, draft.torn)
        return RepairOption(
            kind=draft.kind,
            plan=Plan(plan.sessions, self.seed, self.done),
            consequences=consequences(course, published, plan),
            least_moved=sum(
                torn.least_moved() + moved_by_pins(course, published.sessions[number], number)
                for number, torn in draft.torn.items()
            ),
            least_repeats=draft.least_repeats,
        )

    def _repeats(self, draft: _Draft) -> int:
        again = Counter(draft.around)
        for groups in draft.reseating.sessions().values():
            again.update(frozenset(pair) for group in groups for pair in combinations(group, 2))
        return repeats_of(self.course, again)

    def _count(self, tried: int) -> bool:
        """For what has to be done in any case."""
        self.done += tried
        return True

    def _hear(self, tried: int) -> bool:
        self.done += tried
        stopped = self.progress is not None and not self.progress(self.done, self.fewest)
        self.goes_on = self.goes_on and not stopped and self.done < self.steps
        return self.goes_on


def _checked(course: CourseProblem, published: Plan, plan: Plan, torn: Mapping[int, Torn]) -> None:
    """Every mended session against the rules it was mended by."""
    for remainder in {one.remainder for one in torn.values()}:
        mended = {number for number, one in torn.items() if one.remainder is remainder}
        broken = check(
            replace(
                course,
                remainder=remainder,
                frozen={n: groups for n, groups in enumerate(plan.sessions) if n not in mended},
                pinned={
                    n: (
                        *course.pinned.get(n, ()),
                        *(group for group in plan.sessions[n] if group in published.sessions[n]),
                    )
                    for n in mended
                },
            ),
            plan,
        )
        if broken:
            raise InvalidPlan("; ".join(broken))
