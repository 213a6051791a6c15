"""A week matched: for as many people as can be a slot they offered and a group to sit in, and why not for the rest.

The order of what is wanted: pairs who belong together, people placed, fewest repeats, fewest groups that are not
triads, roles owed, and times that people like over times they only offered if needed. The first four are pursued
to the limit and the limit is stated; the last two are bettered without ever giving up any of the first.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from random import Random

from threefold.core.grouping import Group
from threefold.core.roles import Turning
from threefold.matching.plan import InvalidPlan
from threefold.matching.week.filling import filled_week
from threefold.matching.week.mending import FINE_SIZE, QUIET, SIZES, Fine, Matched, mend
from threefold.matching.week.offers import Liking, WeekProblem, WeekSlot
from threefold.matching.week.owed import RoleDebts, in_owed_order
from threefold.matching.week.possible import ANYWHEN, REPEATS, Candidate, Members, Merit, Week, bits
from threefold.matching.week.proving import Proof
from threefold.matching.week.waiting import Unplaced, left_waiting


@dataclass(frozen=True)
class WeekEffort:
    """How hard to try: neighbourhoods matched anew and proofs attempted, and how far a proof may branch."""

    steps: int = 5_000
    nodes: int = 500


BRIEF_WEEK = WeekEffort(200, 20)
USUAL_WEEK = WeekEffort()
THOROUGH_WEEK = WeekEffort(50_000, 50_000)

PATIENCE = 40 * QUIET
"""Neighbourhoods that may bring nothing before a proof is attempted; fewer where few groups are possible."""


@dataclass(frozen=True)
class WeekLimits:
    """What no week can beat. The last two are about weeks that place as many people as this one does (and, for
    groups that are not triads, repeat as little); None where it is not proven that those are the most.
    """

    most_placed: int
    least_repeats: int | None
    least_odd: int | None


@dataclass(frozen=True)
class WeekPlan:
    """The groups with their slots, in time order; who has no place and why; what has been proven; steps taken.

    `odd` counts groups that are not triads. With `effort.steps` set to `steps`, the same problem and seed give the
    same plan again, even if it was stopped by the clock.
    """

    groups: tuple[tuple[str, Group], ...]
    unplaced: tuple[Unplaced, ...]
    repeats: int
    limits: WeekLimits
    steps: int

    @property
    def placed(self) -> int:
        return sum(len(group.members) for _, group in self.groups)

    @property
    def odd(self) -> int:
        return sum(len(group.members) != 3 for _, group in self.groups)

    @property
    def best(self) -> bool:
        """Whether it is proven that nothing places more, or as many with fewer repeats, or then fewer odd groups."""
        reached = (self.placed, self.repeats, self.odd)
        return reached == (self.limits.most_placed, self.limits.least_repeats, self.limits.least_odd)


WeekProgress = Callable[[int, int, int], bool]
"""Told the steps taken, people placed and the most that could be; False means "stop and use this one"."""


def plan_week(
    problem: WeekProblem, *, seed: int = 0, effort: WeekEffort = USUAL_WEEK, progress: WeekProgress | None = None
) -> WeekPlan:
    """Choose slot and members so that the most people are placed, then fewest repeats, then fewest fours (or pairs).

    A week that cannot place anybody is a plan without groups. The same problem, seed and effort give the same plan.
    Raises InvalidPlan if what was found breaks a rule.
    """
    week, draw = Week(problem), Random(seed)
    search = _Search(week, draw, effort, progress)
    search.run()
    groups = _with_slots(week, search.matched)
    made = [(problem.slots[slot].id, _in_order(problem, members, draw)) for members, slot in groups]
    merit, limits = search.matched.merit, search.proof.limits(search.matched.merit)
    proven = search.proof.proven(merit)
    plan = WeekPlan(
        groups=tuple(made),
        unplaced=left_waiting(week, groups),
        repeats=-merit.repeats,
        limits=WeekLimits(
            limits.placed,
            -limits.repeats if proven >= REPEATS else None,
            -limits.odd if proven > REPEATS else None,
        ),
        steps=search.steps,
    )
    if broken := check_week(problem, plan):
        raise InvalidPlan("; ".join(broken))
    return plan


class _Search:
    """The best week so far and what is proven about it; knows when it has to stop."""

    def __init__(self, week: Week, draw: Random, effort: WeekEffort, progress: WeekProgress | None) -> None:
        self.week, self.draw, self.effort, self.progress = week, draw, effort, progress
        self.proof = Proof(week)
        self.matched = Matched(week, filled_week(week, draw))
        self.steps = self.size = 0
        self.stopped = False

    def run(self) -> None:
        """The whole if it is small; else neighbourhoods, limits and proofs in turn, until they come to rest."""
        if not self._done() and self._going():
            self.steps += 1
            if (best := self.proof.gone_through(list(self.matched.groups.values()))) is not None:
                self.matched = Matched(self.week, best)
        self._better(QUIET)
        while not self._done() and self._going():
            self.steps += 1
            if self.proof.relax(self.matched.merit):
                continue
            if not self.proof.soon_settled(self.matched.merit) and self._better(
                min(4 * QUIET + self.proof.size() // 20, PATIENCE)
            ):
                continue
            if not (self._going() and self._settled()):
                break
        self._finer()

    def _done(self) -> bool:
        return self.proof.proven(self.matched.merit) == len(Merit._fields)

    def _going(self) -> bool:
        """Whether there are steps left and nobody has asked to stop; asks on the way."""
        if self.progress is not None and not self.stopped:
            merit = self.matched.merit
            self.stopped = not self.progress(self.steps, merit.placed, self.proof.limits(merit).placed)
        return not self.stopped and self.steps < self.effort.steps

    def _better(self, patience: int) -> bool:
        """Neighbourhoods around whatever could be better, until so many running have brought nothing."""
        quiet, any_better = 0, False
        while quiet < patience and not self._done() and self._going():
            wanting = self.matched.wanting(self.proof.proven(self.matched.merit))
            if not wanting:
                break
            self.steps += 1
            focus = [wanting[int(self.draw.random() * len(wanting))] for _ in range(1 + self.steps % 3)]
            if mend(self.matched, focus, SIZES[self.size], self.draw):
                quiet, any_better = 0, True
                self.size = max(0, self.size - 1)
            else:
                quiet += 1
                self.size = min(self.size + (quiet % QUIET == 0), len(SIZES) - 1)
        return any_better

    def _settled(self) -> bool:
        """One proof attempted: whether it has brought a better week or a limit. If stopped, it counts for nothing."""
        merit = self.matched.merit
        proven = self.proof.proven(merit)
        better = self.proof.beaten(merit, self.effort.nodes, self._going)
        if self.stopped:
            return False
        self.steps += 1
        if better is not None:
            self.matched = Matched(self.week, better)
        return better is not None or self.proof.proven(merit) > proven

    def _finer(self) -> None:
        """The same merit with roles owed made up for and times liked, as far as neighbourhoods show how."""
        fine = _fine(self.week)
        quiet = 0
        while fine is not None and quiet < 2 * QUIET and self._going():
            costly = [group for group in self.matched.groups.values() if fine(group) > self._finest(group)]
            if not costly:
                break
            self.steps += 1
            focus = costly[int(self.draw.random() * len(costly))].members[:1]
            quiet = 0 if mend(self.matched, focus, FINE_SIZE, self.draw, fine) else quiet + 1

    def _finest(self, group: Candidate) -> int:
        """What a group costs in which everybody likes the time and, in a single round, has a role they are owed."""
        problem = self.week.problem
        if problem.turning is not Turning.ONE_ROUND or not problem.served:
            return 0
        return -problem.round_minutes * len(group.members) * (self.week.count + 1)


def _fine(week: Week) -> Fine | None:
    """What a group costs in roles owed and then in times less liked; None where that is the same for every group."""
    problem = week.problem
    some_less = any(Liking.IF_NEEDED in offers.values() for offers in problem.offers.values())
    debts = RoleDebts.of(problem)
    if debts is None and not some_less:
        return None

    @cache
    def cost(group: Candidate) -> int:
        debt = 0 if debts is None else debts.of_group(group.members)
        return debt * (week.count + 1) + min(week.likes_less(group.members, slot) for slot in _slots_for(week, group))

    return cost


def _slots_for(week: Week, group: Candidate) -> Iterable[int]:
    """The slots this group can choose from without taking room from another."""
    return bits(week.together_at(group.members) & week.unlimited) if group.slot == ANYWHEN else (group.slot,)


def _with_slots(week: Week, matched: Matched) -> list[tuple[Members, int]]:
    """Every group with the slot its members like best, in time order; where room is left, also in a room."""
    room = list(matched.room)
    found = []
    for group in sorted(matched.groups.values(), key=lambda group: group.members):
        slots = list(_slots_for(week, group))
        if group.slot == ANYWHEN:
            common = week.together_at(group.members) & ~week.unlimited
            slots += [slot for slot in bits(common) if all(room[limit] > 0 for limit in week.takes[slot])]
        members = group.members
        best = min(slots, key=lambda slot: (week.likes_less(members, slot), len(week.takes[slot]), slot))
        if group.slot == ANYWHEN:
            for limit in week.takes[best]:
                room[limit] -= 1
        found.append((members, best))
    return sorted(found, key=lambda both: (week.problem.slots[both[1]].start, both[1], both[0]))


def _in_order(problem: WeekProblem, members: Members, draw: Random) -> Group:
    """The group with its members in the order in which roles owed are made up for, and chance beyond that."""
    people = [problem.people[number] for number in members]
    draw.shuffle(people)
    return in_owed_order(problem, people)[1]


def check_week(problem: WeekProblem, plan: WeekPlan) -> tuple[str, ...]:
    """Every rule the plan breaks, in words for whoever mends the engine; () when it keeps them all.

    Knows nothing of how plans are made: nobody has two places, everybody offered the slot they are in, groups have
    the sizes the week allows, people kept apart are apart and no room is fuller than it can be. Whoever has no
    place is named.
    """
    slots = {slot.id: slot for slot in problem.slots}
    seats = Counter(person for _, group in plan.groups for person in group.members)
    waiting = [one.person for one in plan.unplaced]
    broken = [f"{person} has {count} places" for person, count in seats.items() if count > 1]
    if sorted([*seats, *waiting]) != sorted(problem.people):
        broken.append("somebody has neither a place nor a reason, or both")
    for slot, group in plan.groups:
        who = " and ".join(group.members)
        if any(slot not in problem.offers.get(person, {}) for person in group.members):
            broken.append(f"{who} did not all offer {slot}")
        if len(group.members) not in problem.sizes():
            broken.append(f"{who} are a group of {len(group.members)}")
        if any(pair in problem.apart for pair in group.pairs()):
            broken.append(f"{who}: two of them sit together who are kept apart")
        if any(len(pair.intersection(group.members)) == 1 for pair in problem.together):
            broken.append(f"{who}: somebody sits without whom they belong with")
        if group.tutor != (len(group.members) == 2):
            broken.append(f"{who}: a tutor belongs with a pair, and only there")
    if sum(group.tutor for _, group in plan.groups) > problem.tutors:
        broken.append("more tutors are needed than there are")
    return (*broken, *_overfull([slots[slot] for slot, _ in plan.groups if slot in slots]))


def _overfull(used: Sequence[WeekSlot]) -> Iterator[str]:
    """A place is fullest when a group has just come, so it is counted then."""
    limited = [slot for slot in used if slot.capacity is not None]
    for slot in dict.fromkeys(limited):
        there = sum(
            other.id == slot.id
            or (slot.place == other.place != "" and other.start <= slot.start < other.start + max(1, other.minutes))
            for other in limited
        )
        if there > (slot.capacity or 0):
            yield f"{slot.id} holds {there} groups"
