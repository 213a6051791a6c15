"""What no plan can beat: the least possible repeats and the least possible most-meetings, proven by counting.

A bound holds for the group sizes the cohort asked for, these absences, keep-apart pairs and frozen sessions.
It may lie below what can be reached; it never lies above. Finding out costs no search.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heapreplace
from itertools import combinations
from math import ceil, comb

from threefold.core.grouping import Pair, Person
from threefold.matching.plan import meetings
from threefold.matching.problem import CourseProblem


@dataclass(frozen=True)
class Bounds:
    """Counted over the whole course; meetings before it (`problem.met`) make a first one here a repeat.

    `meetings`: pairs sitting together, all sessions added up. `least_repeats`: no plan has fewer. `least_most`:
    in every plan some pair will have met this often. `stretched`: people with more places beside them to fill
    than people to fill them with, as (person, places, people), which is one reason why repeats must be.
    """

    meetings: int
    least_repeats: int
    least_most: int
    stretched: tuple[tuple[Person, int, int], ...]


def bounds(problem: CourseProblem) -> Bounds:
    """The proven limits of this problem; frozen sessions count as they are, the others as they could be.

    Two arguments, the better of which stands. By person: whoever has more places beside them than people not
    yet met repeats the difference. By pigeonhole: four people drawn from three earlier groups bring along two
    who have just met, so many sessions of few groups force repeats.
    """
    before = met_before(problem)
    frozen = meetings(problem.frozen.values())
    settled = sum(max(0, before[pair] - 1) - max(0, problem.met.get(pair, 0) - 1) for pair in frozen)
    possible = chances(problem)
    sessions = len(problem.open_sessions())
    to_come = sum(comb(size, 2) for sizes in problem.shapes().values() for size in sizes)
    by_person, stretched = _by_person(problem, before, possible)
    by_pigeonhole = ceil(2 * forced_by_pigeonhole(problem) / sessions) if sessions else 0
    even = filled([before[pair] for pair in possible], list(possible.values()), to_come)
    known = [before[frozenset(pair)] for pair in combinations(problem.people, 2)]
    return Bounds(
        meetings=to_come + frozen.total(),
        least_repeats=settled + max(by_person, by_pigeonhole),
        least_most=max([0, *even, *known]),
        stretched=stretched,
    )


def met_before(problem: CourseProblem) -> Counter[Pair]:
    """Meetings that are settled: those of the past, and those of the frozen sessions."""
    return Counter(problem.met) + meetings(problem.frozen.values())


def chances(problem: CourseProblem) -> dict[Pair, int]:
    """In how many of the sessions to be planned a pair could sit together; pairs who never could are left out."""
    seen: dict[Pair, int] = {}
    for number in problem.open_sessions():
        for pair in map(frozenset, combinations(problem.here(number), 2)):
            seen[pair] = seen.get(pair, 0) + 1
    return {pair: count for pair, count in seen.items() if pair not in problem.apart}


def filled(start: Sequence[int], room: Sequence[int], more: int) -> list[int]:
    """The counts after `more` have been added one by one, each to the lowest that has room left.

    No other way of adding them has a smaller largest count or a smaller sum of squares.
    """
    counts, left = list(start), list(room)
    open_still = [(count, number) for number, count in enumerate(counts) if left[number]]
    heapify(open_still)
    for _ in range(more):
        if not open_still:
            break
        _, number = open_still[0]
        counts[number] += 1
        left[number] -= 1
        if left[number]:
            heapreplace(open_still, (counts[number], number))
        else:
            heappop(open_still)
    return counts


def forced_by_pigeonhole(problem: CourseProblem) -> int:
    """At least so many times, over all pairs of sessions to be planned, do two people meet in both."""
    shapes = problem.shapes()
    return sum(
        _brought_along(size, len(shapes[first if wider else second]))
        for first, second in combinations(shapes, 2)
        for wider in (problem.present[first] >= problem.present[second],)
        if wider or problem.present[second] >= problem.present[first]
        for size in shapes[second if wider else first]
    )


def _brought_along(people: int, groups: int) -> int:
    """The fewest pairs from one group among so many people, drawn as evenly as can be from so many groups."""
    each, more = divmod(people, groups)
    return more * comb(each + 1, 2) + (groups - more) * comb(each, 2)


def _by_person(
    problem: CourseProblem, before: Mapping[Pair, int], possible: Mapping[Pair, int]
) -> tuple[int, tuple[tuple[Person, int, int], ...]]:
    """The least repeats from counting the places beside each person, and whose places are too many."""
    fresh: Counter[Person] = Counter(person for pair in possible if not before[pair] for person in pair)
    places: Counter[Person] = Counter()  # beside each person at least
    elastic: Counter[Person] = Counter()  # and so many more, if they always sit in the larger groups
    spare = 0  # places that somebody has, beyond everybody's least
    for number, sizes in problem.shapes().items():
        if not sizes:
            continue
        spare += sum(size * (size - min(sizes)) for size in sizes)
        for person in problem.present[number]:
            places[person] += min(sizes) - 1
            elastic[person] += max(sizes) - min(sizes)
    excess = {p: places[p] - fresh[p] for p in problem.people if places[p] > fresh[p]}
    absorbed = sum(min(max(0, fresh[p] - places[p]), elastic[p]) for p in problem.people)
    # One repeat can serve two people's excess, but only two who may sit together.
    shared = sum(
        min(own, sum(other for q, other in excess.items() if frozenset((p, q)) in possible))
        for p, own in excess.items()
    )
    total = sum(excess.values())
    least = max(ceil((total + max(0, spare - absorbed)) / 2), total - shared // 2)
    return least, tuple((p, places[p], fresh[p]) for p in excess)
