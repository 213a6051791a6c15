"""What no plan can beat: the least possible repeats, most-meetings and role spread, each proven.

A bound holds for the group sizes the cohort asked for, these absences, keep-apart pairs, pins, pairs to be
together and frozen sessions. It may lie below what can be reached; it never lies above. Finding out costs no search.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from heapq import heapify, heappop, heapreplace
from itertools import combinations
from math import ceil, comb

from threefold.core.grouping import Group, Pair, Person
from threefold.matching.bounds.small_classes import least_of_small
from threefold.matching.bounds.spread import least_fours, least_spread
from threefold.matching.bounds.stretch import attendance, by_person
from threefold.matching.plan import meetings
from threefold.matching.problem import CourseProblem


class Ground(StrEnum):
    """Why repeats must be, for the argument that proves the most.

    NOTHING: none must be. BY_PERSON: some people have more places beside them than people to fill them with.
    BY_PIGEONHOLE: a group is drawn from fewer earlier groups than it has members. BY_TRYING: every plan for so
    small a class has been tried. SETTLED: frozen sessions, pins or pairs to be together repeat by themselves.
    """

    NOTHING = "nothing"
    BY_PERSON = "by_person"
    BY_PIGEONHOLE = "by_pigeonhole"
    BY_TRYING = "by_trying"
    SETTLED = "settled"


@dataclass(frozen=True)
class Bounds:
    """Counted over the whole course; meetings before it (`problem.met`) make a first one here a repeat.

    `meetings`: pairs sitting together, all sessions added up. `least_repeats`: no plan has fewer, on the `ground`
    named. `least_most`: in every plan some pair will have met this often. `stretched`: people with more places
    beside them to fill than people to fill them with, as (person, places, people), which is one reason why repeats
    must be. `least_spread`: in every plan somebody's longest and shortest role differ by so many minutes.
    `least_fours`: in every plan somebody sits in so many more quads than somebody else.
    """

    meetings: int
    least_repeats: int
    least_most: int
    stretched: tuple[tuple[Person, int, int], ...]
    ground: Ground = Ground.NOTHING
    least_spread: int = 0
    least_fours: int = 0


def bounds(problem: CourseProblem) -> Bounds:
    """The proven limits of this problem; frozen sessions count as they are, the others as they could be.

    By person: whoever has more places beside them than people not yet met, session by session (Hall 1935),
    repeats the difference. By pigeonhole: four people drawn from three earlier groups bring along two who have
    just met, so many sessions of few groups force repeats. By trying: for small classes see `small_classes`.
    Meetings that are certain (pins, pairs to be together) are counted first and take their places away.
    """
    frozen = meetings(problem.frozen.values())
    in_frozen = sum(
        max(0, problem.met.get(pair, 0) + n - 1) - max(0, problem.met.get(pair, 0) - 1) for pair, n in frozen.items()
    )
    before = met_before(problem)
    to_be = _certain(problem, before)
    certain = Counter(pair for pairs in to_be.values() for pair in pairs)
    in_certain = sum(max(0, before[pair] + n - 1) - max(0, before[pair] - 1) for pair, n in certain.items())
    after = before + certain
    masks = attendance(problem)
    to_come = sum(comb(size, 2) for sizes in problem.shapes().values() for size in sizes)
    stretch, stretched = by_person(problem, after, to_be, masks)
    least = {
        Ground.NOTHING: 0,
        Ground.SETTLED: in_frozen + in_certain,
        Ground.BY_TRYING: _by_trying(problem),
        Ground.BY_PIGEONHOLE: in_frozen + _by_pigeonhole(problem),
        Ground.BY_PERSON: in_frozen + in_certain + stretch,
    }
    ground = max(least, key=lambda reason: least[reason])
    return Bounds(
        meetings=to_come + frozen.total(),
        least_repeats=least[ground],
        least_most=_least_most(problem, before, masks, to_come),
        stretched=stretched,
        ground=ground,
        least_spread=least_spread(problem),
        least_fours=least_fours(problem),
    )


def met_before(problem: CourseProblem) -> Counter[Pair]:
    """Meetings that are settled: those of the past, and those of the frozen sessions."""
    return Counter(problem.met) + meetings(problem.frozen.values())


def chances(problem: CourseProblem) -> dict[Pair, int]:
    """In how many of the sessions to be planned a pair could sit together; pairs who never could are left out."""
    masks = attendance(problem)
    seen = {}
    for one, other in combinations(problem.people, 2):
        both = masks[one] & masks[other]
        if both and (pair := frozenset((one, other))) not in problem.apart:
            seen[pair] = both.bit_count()
    return seen


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
        max(
            _brought_along(problem.present[second], shapes[second], problem.present[first], len(shapes[first])),
            _brought_along(problem.present[first], shapes[first], problem.present[second], len(shapes[second])),
        )
        for first, second in combinations(shapes, 2)
        if min(len(shapes[first]), len(shapes[second])) <= 3  # more groups than members: nobody need be brought
    )


def _certain(problem: CourseProblem, before: Mapping[Pair, int]) -> dict[int, set[Pair]]:
    """Who will meet in which open session whatever the plan: pinned groups, and pairs to be together there.

    Whoever is to be with two people brings those two together. A pair to be together in any session who have met
    before will repeat somewhere: that is counted under -1.
    """
    to_be: dict[int, set[Pair]] = {}
    for number in problem.open_sessions():
        circles = [set(group.members) for group in problem.pinned.get(number, ())]
        for rule in problem.together:
            if rule.session == number and rule.pair <= problem.present[number]:
                touching = [circle for circle in circles if circle & rule.pair]
                circles = [circle for circle in circles if not circle & rule.pair]
                circles.append(set(rule.pair).union(*touching))
        if circles:
            to_be[number] = {frozenset(two) for circle in circles for two in combinations(sorted(circle), 2)}
    met_there = {pair for pairs in to_be.values() for pair in pairs}
    frozen = meetings(problem.frozen.values())
    somewhere = {
        rule.pair
        for rule in problem.together
        if rule.session is None and before.get(rule.pair) and rule.pair not in met_there and rule.pair not in frozen
    }
    return {**to_be, **({-1: somewhere} if somewhere else {})}


def _brought_along(people: frozenset[Person], sizes: Sequence[int], earlier: frozenset[Person], groups: int) -> int:
    """The fewest pairs from one earlier group within groups of these sizes; newcomers sit where they help most."""
    if not groups:
        return 0
    drawn = list(sizes)
    for _ in range(len(people - earlier)):
        # The pair-making of a group grows with its size, so one less in the fullest helps most.
        fullest = max(range(len(drawn)), key=drawn.__getitem__)
        drawn[fullest] -= 1
    return sum(
        more * comb(each + 1, 2) + (groups - more) * comb(each, 2)
        for each, more in (divmod(size, groups) for size in drawn)
    )


def _by_pigeonhole(problem: CourseProblem) -> int:
    """Repeats in the sessions to be planned, from meetings that two sessions have in common.

    A pair who meet in m of R sessions repeat m - 1 times and are common to m(m-1)/2 pairs of sessions, at most
    R/2 for each repeat. What a session has in common with a frozen one repeats at once.
    """
    shapes = problem.shapes()
    after_frozen = sum(
        max(
            (
                _brought_along(problem.present[number], sizes, _members(groups), len(groups))
                for groups in problem.frozen.values()
            ),
            default=0,
        )
        for number, sizes in shapes.items()
    )
    return max(after_frozen, ceil(2 * forced_by_pigeonhole(problem) / len(shapes)) if shapes else 0)


def _members(groups: Iterable[Group]) -> frozenset[Person]:
    return frozenset(person for group in groups for person in group.members)


def _by_trying(problem: CourseProblem) -> int:
    """Repeats among sessions with the same people, frozen ones included, of classes known exhaustively."""
    alike: Counter[tuple[frozenset[Person], tuple[int, ...]]] = Counter()
    for number, sizes in problem.shapes().items():
        alike[problem.present[number], tuple(sorted(sizes))] += 1
    for groups in problem.frozen.values():
        alike[_members(groups), tuple(sorted(len(group.members) for group in groups))] += 1
    return sum(least_of_small(sizes, sessions) for (_, sizes), sessions in alike.items())


def _least_most(problem: CourseProblem, before: Mapping[Pair, int], masks: Mapping[Person, int], to_come: int) -> int:
    """The most any pair will have met, were all meetings to come dealt to whoever has met least."""
    alike: Counter[tuple[int, int]] = Counter()
    most = 0
    for one, other in combinations(problem.people, 2):
        pair = frozenset((one, other)) if before or problem.apart else None
        had = before.get(pair, 0) if pair else 0
        most = max(most, had)
        room = (masks[one] & masks[other]).bit_count()
        if room and (pair is None or pair not in problem.apart):
            alike[had, had + room] += 1
    level = 0
    while sum(pairs * max(0, min(top, level) - had) for (had, top), pairs in alike.items()) < to_come:
        level += 1
        if level > max((top for _, top in alike), default=0):
            break
    return max(most, level)
