"""A whole course planned in one go: who sits with whom in every session, then in what order, then who begins.

The steps: seat everybody so that no rule is broken; search for fewer repeats and fair quads; put sessions with
the same people in an order that keeps repeats apart; choose who begins. All of it follows from the problem,
the seed and the effort: no clock, and nothing that depends on the machine.
"""

from dataclasses import dataclass
from itertools import combinations
from math import exp
from random import Random

from threefold.core.grouping import Group
from threefold.matching.clash import NoPlan, clashes
from threefold.matching.plan import InvalidPlan, Plan, check
from threefold.matching.problem import CourseProblem
from threefold.matching.roles import in_turn
from threefold.matching.seats import Progress, Seated, seated


@dataclass(frozen=True)
class Effort:
    """How hard to search, in moves for each place in the sessions to be planned (a million moves is a second)."""

    moves_per_place: int = 10_000
    most_moves: int = 8_000_000

    def moves(self, problem: CourseProblem) -> int:
        """The most moves that this problem will be given; fewer are made when nothing better can exist."""
        places = sum(len(problem.present[session]) for session in problem.open_sessions())
        return min(self.moves_per_place * places, self.most_moves)


BRIEF = Effort(600)
USUAL = Effort()
THOROUGH = Effort(40_000, 40_000_000)


def plan_course(
    problem: CourseProblem, *, seed: int = 0, effort: Effort = USUAL, progress: Progress | None = None
) -> Plan | NoPlan:
    """A plan that keeps every rule, with as few repeated pairs as the effort finds; or why there is none.

    Among plans with the same repeats it prefers nobody meeting a third time, seats in quads (or pairs) shared
    evenly, repeats weeks apart, and people who meet again in the other direction. The same problem, seed and
    effort give the same plan; another seed gives another. Raises InvalidPlan if what was found breaks a rule.
    """
    if found := clashes(problem):
        return NoPlan(found)
    draw = Random(seed)
    groups = seated(problem, effort.moves(problem), draw, progress)
    ordered = _weeks_apart(problem, groups, draw)
    numbers = list(ordered)
    settled = [group for groups in problem.frozen.values() for group in groups]
    orders = iter(in_turn([group for number in numbers for group in ordered[number]], settled, draw))
    made = {n: tuple(Group(o, tutor=len(o) == 2) for o in (next(orders) for _ in ordered[n])) for n in numbers}
    kept = problem.frozen
    plan = Plan(tuple(kept[n] if n in kept else made[n] for n in range(len(problem.present))))
    if broken := check(problem, plan):
        raise InvalidPlan("; ".join(broken))
    return plan


def _weeks_apart(problem: CourseProblem, groups_of: Seated, draw: Random) -> Seated:
    """The same groups, with sessions that have the same people exchanged so that repeats lie far apart.

    Two meetings one session apart cost four times as much as two sessions apart, nine times as three.
    """
    sessions = range(len(problem.present))
    pairs = [
        frozenset(frozenset(pair) for group in groups_of[n] for pair in combinations(group, 2))
        if n in groups_of
        else frozenset(pair for group in problem.frozen[n] for pair in group.pairs())
        for n in sessions
    ]
    again = [[len(one & other) for other in pairs] for one in pairs]
    near = [0, *(720 // (gap * gap) for gap in sessions[1:])]
    swaps = [(i, j) for i, j in combinations(groups_of, 2) if problem.present[i] == problem.present[j]]
    order, best = list(sessions), list(sessions)
    price = least = 0
    rounds = 300 * len(groups_of) if swaps else 0
    for step in range(rounds):
        i, j = swaps[int(draw.random() * len(swaps))]
        one, other = again[order[i]], again[order[j]]
        rise = sum(
            (other[order[k]] - one[order[k]]) * (near[abs(i - k)] - near[abs(j - k)])
            for k in sessions
            if k not in (i, j)
        )
        heat = 720 * 4 * (1 - step / rounds) + 1
        if rise <= 0 or draw.random() < exp(-rise / heat):
            order[i], order[j] = order[j], order[i]
            price += rise
            if price < least:
                least, best = price, list(order)
    return {n: groups_of[best[n]] for n in groups_of}
