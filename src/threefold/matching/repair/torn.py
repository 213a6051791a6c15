"""What is left of a published session when people leave it or come: groups that may go on, and everybody else.

Least moved is a matter of counting: somebody stays where they were only in a group that is all that is left of a
published one. So of each size as many groups go on as the session has places for, and nobody else stays.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from math import comb

from threefold.core.grouping import Group, Pair, Person
from threefold.matching.clash import Clash, NoPlan, clashes
from threefold.matching.problem import CourseProblem, Remainder, shape

Members = tuple[Person, ...]


@dataclass(frozen=True)
class Torn:
    """One session to be mended: its group sizes, what is left of its groups, and everybody who has none.

    `whole` are remainders of published groups that may go on as they are; `scattered` are newcomers and people
    whose group may not. `settled` are groups that are given. `together` are pairs who must share a group.
    `remainder` is the rule that the sizes follow, which may be another than the cohort's where a tutor is free.
    """

    number: int
    remainder: Remainder
    sizes: tuple[int, ...]
    whole: tuple[Members, ...]
    scattered: Members
    settled: tuple[Members, ...] = ()
    together: frozenset[Pair] = frozenset()

    def to_fill(self) -> Counter[int]:
        """How many groups of each size there are, besides those that are given."""
        return Counter(self.sizes) - Counter(map(len, self.settled))

    def going_on(self) -> Counter[int]:
        """How many whole groups of each size can go on, at the very most."""
        return Counter(map(len, self.whole)) & self.to_fill()

    def least_moved(self) -> int:
        """However this session is mended, so many people, of those whose group is not given, change groups."""
        people = len(self.scattered) + sum(map(len, self.whole))
        return people - sum(size * count for size, count in self.going_on().items())


def torn(course: CourseProblem, published: Sequence[Group], number: int, tutors: int) -> tuple[Torn, ...]:
    """The ways to divide a session that cannot stay as published, the cohort's own rule first; () where it can.

    Where so many `tutors` are free, pairs with them are a way besides; more fours than the rule has are not.
    A session stays when everybody in it is there, nobody else is, and no rule has come up against a group of it.
    """
    here = course.present[number]
    given = tuple(group.members for group in course.pinned.get(number, ()))
    bound = _belonging(course, published, number)
    seated = Counter(person for group in published for person in group.members)
    groups = [group.members for group in published]
    held = all(any(set(one) == set(other) for other in groups) for one in given)
    if seated.keys() == here and held and all(_may_go_on(course, group, bound) for group in groups):
        return ()
    among_given = {person for group in given for person in group}
    left = [tuple(person for person in group if person in here) for group in groups]
    whole = tuple(
        group for group in left if len(group) > 1 and among_given.isdisjoint(group) and _may_go_on(course, group, bound)
    )
    placed = among_given.union(*whole)
    scattered = tuple(person for person in course.here(number) if person not in placed)
    ways: list[Torn] = []
    for remainder in (course.remainder, *Remainder):
        sizes = _sizes(len(here), remainder, given)
        if ways and (sizes == ways[0].sizes or sizes.count(2) > tutors or sizes.count(4) > ways[0].sizes.count(4)):
            continue
        ways.append(Torn(number, remainder, sizes, whole, scattered, given, bound))
    return tuple(ways)


def ways_to_mend(
    course: CourseProblem, published: Sequence[Sequence[Group]], free_tutors: Mapping[int, int]
) -> dict[int, list[Torn]] | NoPlan:
    """For each session that must be mended, the sizes it can be mended into, the cohort's own first; or why not."""
    ways: dict[int, list[Torn]] = {}
    found: list[Clash] = []
    for number in course.open_sessions():
        some = torn(course, published[number], number, free_tutors.get(number, 0))
        if not some:
            continue
        others = {n: () for n in range(len(course.present)) if n != number}
        alone = replace(course, frozen=others, pinned={n: g for n, g in course.pinned.items() if n == number})
        why = {way: clashes(replace(alone, remainder=way.remainder)) for way in some}
        ways[number] = [way for way in some if not why[way]]
        if not ways[number]:
            found += why[some[0]]
    return NoPlan(tuple(sorted(found, key=lambda clash: (len(clash.people), clash.sessions)))) if found else ways


def moved_by_pins(course: CourseProblem, published: Sequence[Group], number: int) -> int:
    """How many people change groups because a group is given that is not what is left of theirs."""
    here = course.present[number]
    left = [here.intersection(group.members) for group in published]
    return sum(len(group.members) for group in course.pinned.get(number, ()) if frozenset(group.members) not in left)


def least_repeats(course: CourseProblem, around: Mapping[Pair, int], torn: Iterable[Torn]) -> int:
    """However these sessions are mended: every meeting repeats that is not the first of a pair who can have one."""
    mended = list(torn)
    able = {frozenset(pair) for one in mended for pair in combinations(course.here(one.number), 2)} - course.apart
    first = {pair for pair in able | around.keys() if not course.met.get(pair)}
    held = sum(around.values()) + sum(comb(size, 2) for one in mended for size in one.sizes)
    return max(held - len(first), repeats_of(course, around))


def repeats_of(course: CourseProblem, counts: Mapping[Pair, int]) -> int:
    """The meetings among these that are not the first of a pair; `counts` says how often each meets."""
    return sum(count - (not course.met.get(pair)) for pair, count in counts.items())


def _sizes(here: int, remainder: Remainder, given: Collection[Members]) -> tuple[int, ...]:
    sizes, fixed = shape(here, remainder), [len(group) for group in given]
    if Counter(fixed) <= Counter(sizes):
        return sizes
    return tuple(sorted((*shape(here - sum(fixed), remainder), *fixed), key=lambda size: (size != 3, size)))


def _may_go_on(course: CourseProblem, group: Members, bound: Collection[Pair]) -> bool:
    """Nobody in it is beside whom they must not be, or without whom they must be."""
    among = frozenset(group)
    return all(len(pair & among) != 1 for pair in bound) and not any(pair <= among for pair in course.apart)


def _belonging(course: CourseProblem, published: Sequence[Group], number: int) -> frozenset[Pair]:
    """The pairs who must share a group in this session, and those who do so nowhere else as published."""
    here = course.present[number]
    return frozenset(
        rule.pair
        for rule in course.together
        if rule.pair <= here
        and (rule.session == number or (rule.session is None and any(rule.pair <= set(g.members) for g in published)))
    )
