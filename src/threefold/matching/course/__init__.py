"""A whole course planned in one go: who sits with whom in every session, then in what order, then in which role.

The steps: seat everybody so that no rule is broken; search for fewer repeats and fair quads; put sessions with
the same people in an order that keeps repeats apart; give everybody their roles. All of it follows from the
problem, the seed and the effort: no clock, and nothing that depends on the machine.
"""

from dataclasses import dataclass
from itertools import combinations
from random import Random

from threefold.core.grouping import Person
from threefold.matching.clash import NoPlan, clashes
from threefold.matching.course.search import Progress, search
from threefold.matching.course.seats import Places
from threefold.matching.plan import InvalidPlan, Plan, check
from threefold.matching.problem import CourseProblem
from threefold.matching.roles import in_turn

Seated = dict[int, list[list[Person]]]
"""The groups of each session to be planned, nobody's turn decided yet."""


@dataclass(frozen=True)
class Effort:
    """How hard to search at most, in steps for each place in the sessions to be planned (20 million a second).

    A search ends earlier when nothing better can exist. Its steps are a budget and nothing else: what a search
    finds in so many steps is the same however many more it was allowed. `most_bent` is the limit where absences or
    rules bend a course, so that no design fits it and bounds lie far below what can be had.
    """

    moves_per_place: int = 2_000_000
    most_moves: int = 120_000_000
    most_bent: int = 360_000_000

    @classmethod
    def exactly(cls, steps: int) -> "Effort":
        """So many steps whatever the problem: with a plan's seed and steps, that plan is found again."""
        return cls(steps, steps, steps)

    def moves(self, problem: CourseProblem) -> int:
        """The most moves that this problem will be given; fewer are made when nothing better can exist."""
        places = sum(len(problem.present[session]) for session in problem.open_sessions())
        bent = len(set(problem.present)) > 1 or problem.apart or problem.together
        return min(self.moves_per_place * places, self.most_bent if bent else self.most_moves)


BRIEF = Effort(20_000)
USUAL = Effort()
THOROUGH = Effort(20_000_000, 1_000_000_000, 1_000_000_000)


def plan_course(
    problem: CourseProblem, *, seed: int = 0, effort: Effort = USUAL, progress: Progress | None = None
) -> Plan | NoPlan:
    """A plan that keeps every rule, with as few repeated pairs as the effort finds; or why there is none.

    Among plans with the same repeats it prefers nobody meeting a third time, seats in quads (or pairs) shared
    evenly, repeats weeks apart, people who meet again in the other direction, groups of differing experience and
    wishes. The same problem, seed and effort give the same plan; another seed gives another.

    `progress` is told the steps made and the fewest repeats so far, at least five times a second, and stops the
    search by answering False: that is how a caller keeps to a clock. The plan says how many steps were made, and
    `Effort.exactly(plan.steps)` finds it again. Raises InvalidPlan if what was found breaks a rule.
    """
    if found := clashes(problem):
        return NoPlan(found)
    places = Places(problem)
    best = search(places, effort.moves(problem), seed, progress)
    draw = Random(f"{seed} after the search")  # not the search's own, whose state depends on when it was stopped
    ordered = _weeks_apart(problem, places.groups(best.seats), draw)
    made = in_turn(problem, ordered, draw)
    kept = problem.frozen
    plan = Plan(tuple(kept[n] if n in kept else made[n] for n in range(len(problem.present))), seed, best.steps)
    if broken := check(problem, plan):
        raise InvalidPlan("; ".join(broken))
    return plan


def _weeks_apart(problem: CourseProblem, groups_of: Seated, draw: Random) -> Seated:
    """The same groups, with sessions that ask the same exchanged so that repeats lie far apart.

    Two meetings one session apart cost four times as much as two sessions apart, nine times as three. Threshold
    accepting (Dueck and Scheuer 1990): worse orders are taken too, at first, if not worse by much.
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
    rules = {n: _asked_of_it_alone(problem, n) for n in groups_of}
    swaps = [
        (i, j)
        for i, j in combinations(groups_of, 2)
        if problem.present[i] == problem.present[j] and rules[i] == rules[j]
    ]
    if not any(again[i][j] for i, j in combinations(sessions, 2)):
        return groups_of
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
        if rise <= 720 * 3 * (rounds - step) // rounds:
            order[i], order[j] = order[j], order[i]
            price += rise
            if price < least:
                least, best = price, list(order)
    return {n: groups_of[best[n]] for n in groups_of}


def _asked_of_it_alone(problem: CourseProblem, number: int) -> tuple[object, ...]:
    """What ties a session's groups to their place in time."""
    return (
        problem.pinned.get(number, ()),
        frozenset(rule.pair for rule in problem.together if rule.session == number),
        frozenset(person for person, session in problem.rests if session == number),
    )
