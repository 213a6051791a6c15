"""A whole course planned in one go: who sits with whom in every session, then in what order, then who begins.

The steps: seat everybody so that no rule is broken; search for fewer repeats and fair quads; put sessions with
the same people in an order that keeps repeats apart; choose who begins. All of it follows from the problem,
the seed and the effort: no clock, and nothing that depends on the machine.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb, exp
from random import Random

from threefold.core.grouping import Group, Person
from threefold.matching.bounds import chances, filled, forced_by_pigeonhole, met_before
from threefold.matching.clash import NoPlan, clashes, seating
from threefold.matching.plan import InvalidPlan, Plan, check
from threefold.matching.problem import CourseProblem, shape
from threefold.matching.turns import in_turn
from threefold.matching.search import MEETING, SHARE, Layout, Ledger, search

Progress = Callable[[int, int], bool]
"""Told the moves made and the lowest price so far; False means "stop and use this one"."""


@dataclass(frozen=True)
class Effort:
    """How hard to search, in moves for each place in the sessions to be planned (a million moves is a second)."""

    moves_per_place: int = 8_000

    def moves(self, problem: CourseProblem) -> int:
        """The most moves that this problem will be given; fewer when nothing better can exist."""
        return self.moves_per_place * sum(len(problem.present[n]) for n in problem.open_sessions())


BRIEF = Effort(600)
USUAL = Effort()
THOROUGH = Effort(40_000)


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
    seated = _seated(problem, effort.moves(problem), draw, progress)
    ordered = _weeks_apart(problem, seated, draw)
    numbers = list(ordered)
    settled = [group for groups in problem.frozen.values() for group in groups]
    orders = iter(in_turn([group for number in numbers for group in ordered[number]], settled, draw))
    made = {n: tuple(Group(o, tutor=len(o) == 2) for o in (next(orders) for _ in ordered[n])) for n in numbers}
    kept = problem.frozen
    plan = Plan(tuple(kept[n] if n in kept else made[n] for n in range(len(problem.present))))
    if broken := check(problem, plan):
        raise InvalidPlan("; ".join(broken))
    return plan


Seated = dict[int, list[list[Person]]]
"""The groups of each session to be planned, nobody's turn decided yet."""


def _seated(problem: CourseProblem, moves: int, draw: Random, progress: Progress | None) -> Seated:
    """Everybody seated as well as the moves allow: from a known design where there is one, and from chance.

    Where fours or pairs are still shared unevenly, a last part of the moves is spent with a higher price on
    that; the result stands if it costs no repeat.
    """
    ledger = _so_far(problem, share=1)
    sizes = _shapes(problem)
    layouts = [Layout.of(groups) for groups in sizes.values()]
    meetings_least, shares_least = _least(problem, ledger)
    by_chance = [_by_chance(problem, session, sizes[session], draw) for session in sizes]
    ways = [(by_chance, 1.0, HOT, CYCLES, 1)]
    if by_design := _by_design(problem, by_chance, draw):
        ways[:0] = [(by_design, 0.25, WARM, 1, 1)]
    ways.append(([], 0.25, WARM, 1, FAIRER))
    best, best_merit = by_chance, ledger.copy().seat(by_chance, layouts).merit()
    heard = _Ears(progress, moves)
    for start, part, hot, cycles, share in ways:
        least = meetings_least + share * shares_least
        ...
    return best
def _weeks_apart(problem: CourseProblem, seated: Seated, draw: Random) -> Seated:
    """The same groups, with sessions that have the same people exchanged so that repeats lie far apart.

    Two meetings one session apart cost four times as much as two sessions apart, nine times as three.
    """
    sessions = range(len(problem.present))
    pairs = [
        frozenset(frozenset(pair) for group in seated[n] for pair in combinations(group, 2))
        if n in seated
        else frozenset(pair for group in problem.frozen[n] for pair in group.pairs())
        for n in sessions
    ]
    again = [[len(one & other) for other in pairs] for one in pairs]
    near = [0, *(720 // (gap * gap) for gap in sessions[1:])]
    swaps = [(i, j) for i, j in combinations(seated, 2) if problem.present[i] == problem.present[j]]
    order, best = list(sessions), list(sessions)
    price = least = 0
    rounds = 300 * len(seated) if swaps else 0
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
    return {n: seated[best[n]] for n in seated}
