"""Which people can sit together when: a week in numbers, and every group that some people could make."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import NamedTuple

from threefold.matching.week.offers import Liking, WeekProblem

Members = tuple[int, ...]
"""A group of people by number (their place in the problem), ascending."""

A_FEW = 12

ANYWHEN = -1
"""Stands for the slot of a group that could meet where there is no limit; which one is chosen last."""


@dataclass(frozen=True)
class Candidate:
    """A group that could be, with the slot it would need a place in (or ANYWHEN), and what it would repeat."""

    members: Members
    slot: int
    repeats: int


class Merit(NamedTuple):
    """How good a week is, the greatest the best: the most important part comes first.

    `bound`: pairs who belong together and sit together. `placed`: people. Repeats and groups that are not triads
    count against a week, so they are held below nought.
    """

    bound: int
    placed: int
    repeats: int
    odd: int

    @classmethod
    def of(cls, week: "Week", groups: Iterable[Candidate]) -> "Merit":
        """What these groups come to together."""
        merit = cls(0, 0, 0, 0)
        for group in groups:
            merit = merit.plus(week.merit(group))
        return merit

    def plus(self, other: "Merit") -> "Merit":
        return Merit(*(one + more for one, more in zip(self, other, strict=True)))

    def minus(self, other: "Merit") -> "Merit":
        return Merit(*(one - less for one, less in zip(self, other, strict=True)))


BOUND, PLACED, REPEATS, ODD = range(4)
"""The parts of a merit, by their place in it."""


class Week:
    """A week's problem in numbers, as the search needs it.

    People and slots go by their place in the problem. Sets of slots are the bits of one integer, so "when can all
    of these come" is one operation. `limits` are the things that can be full: how many groups each can hold; by
    slot, `takes` says in which of them a group there takes a place. The last of the limits is the tutors, of whom
    each pair takes one.
    """

    def __init__(self, problem: WeekProblem) -> None:
        self.problem = problem
        self.sizes = problem.sizes()
        self.count = len(problem.people)
        number = {person: place for place, person in enumerate(problem.people)}
        at = {slot.id: place for place, slot in enumerate(problem.slots)}
        self.offers: list[list[int]] = [
            sorted(at[slot] for slot in problem.offers.get(person, ())) for person in problem.people
        ]
        self.gladly: list[int] = [
            sum(1 << at[slot] for slot, liking in problem.offers.get(person, {}).items() if liking is Liking.PREFERRED)
            for person in problem.people
        ]
        self.free: list[int] = [sum(1 << slot for slot in some) for some in self.offers]
        self.offerers: list[list[int]] = [[] for _ in problem.slots]
        for person, some in enumerate(self.offers):
            for slot in some:
                self.offerers[slot].append(person)
        self.foes = _beside(self.count, ((number[p] for p in pair) for pair in problem.apart))
        self.bound = _beside(self.count, ((number[p] for p in pair) for pair in problem.together))
        self.bonded = bool(problem.together)
        self.known = _beside(
            self.count,
            (
                (number[p] for p in pair)
                for pair, times in problem.met.items()
                if times and all(p in number for p in pair)
            ),
        )
        self.limits, self.takes = _limits(problem)
        self.limits.append(problem.tutors)
        self.tutors = len(self.limits) - 1
        self.unlimited = sum(1 << slot for slot, taken in enumerate(self.takes) if not taken)

    def together_at(self, members: Iterable[int]) -> int:
        """The slots at which all of them can come, as bits."""
        common = -1
        for person in members:
            common &= self.free[person]
        return common

    def taken(self, group: Candidate) -> tuple[int, ...]:
        """The limits in which this group takes a place."""
        rooms = () if group.slot == ANYWHEN else self.takes[group.slot]
        return (*rooms, self.tutors) if len(group.members) == 2 else rooms

    def merit(self, group: Candidate) -> Merit:
        """What this group adds to the merit of a week."""
        members = group.members
        bound = sum(other in self.bound[one] for one, other in combinations(members, 2)) if self.bonded else 0
        return Merit(bound, len(members), -group.repeats, -1 if len(members) != 3 else 0)

    def repeats(self, members: Sequence[int]) -> int:
        """How many of the pairs in this group have met before."""
        return sum(other in self.known[one] for one, other in combinations(members, 2))

    def likes_less(self, members: Iterable[int], slot: int) -> int:
        """How many of them would come at this slot only if needed."""
        bit = 1 << slot
        return sum(not self.gladly[person] & bit for person in members)

    def allowed(self, members: Sequence[int]) -> bool:
        """Whether nobody sits beside somebody they are kept apart from, or without whom they belong with."""
        return all(self.foes[person].isdisjoint(members) and self.bound[person].issubset(members) for person in members)

    def candidates(self, people: Iterable[int], room: Sequence[int]) -> Iterator[Candidate]:
        """Every group that these people could make among themselves, with `room[limit]` places left in each limit.

        A group that can meet where there is no limit is given once, ANYWHEN; any other once for each slot.
        """
        open_slots = self.unlimited | sum(
            1 << slot for slot, taken in enumerate(self.takes) if taken and all(room[limit] > 0 for limit in taken)
        )
        everybody = [person for person in sorted(people) if self.free[person] & open_slots]
        for members, common in self._grown(everybody, open_slots):
            if any(not self.bound[person].issubset(members) for person in members):
                continue
            if len(members) == 2 and not room[self.tutors]:
                continue
            repeats = self.repeats(members)
            if common & self.unlimited:
                yield Candidate(members, ANYWHEN, repeats)
            else:
                yield from (Candidate(members, slot, repeats) for slot in bits(common))

    def _grown(self, people: Sequence[int], open_slots: int) -> Iterator[tuple[Members, int]]:
        """Groups of allowed sizes, everybody free at once and nobody beside a foe; with their common slots."""
        largest = self.sizes[-1]

        def grow(members: Members, common: int, others: Sequence[int]) -> Iterator[tuple[Members, int]]:
            if len(members) in self.sizes:
                yield members, common
            if len(members) == largest:
                return
            for place, other in enumerate(others):
                shared = common & self.free[other]
                if shared:
                    foes = self.foes[other]
                    later = others[place + 1 :]
                    yield from grow((*members, other), shared, [p for p in later if p not in foes] if foes else later)

        yield from grow((), open_slots, people)

    @cached_property
    def capable(self) -> list[bool]:
        """For each person, whether there is any group they could be in, were everybody else free to join it."""
        found = [False] * self.count
        for person in range(self.count):
            if not found[person]:
                for members in self._around(person):
                    for one in members:
                        found[one] = True
                    break
        return found

    def _around(self, person: int) -> Iterator[Members]:
        """Groups with this person in them, slot by slot."""
        partners = tuple(sorted(self.bound[person]))
        beside = {person, *partners, *self.foes[person]}
        for slot in self.offers[person]:
            if any(self.limits[limit] < 1 for limit in self.takes[slot]):
                continue
            # A few others nearly always do; to look at everybody would take the square of the people's number.
            for offerers in (self.offerers[slot][:A_FEW], self.offerers[slot]):
                others = [p for p in offerers if p not in beside]
                for size in self.sizes:
                    yield from self._with(person, partners, others, size)

    def _with(self, person: int, partners: Members, others: Sequence[int], size: int) -> Iterator[Members]:
        for some in combinations(others, max(0, size - 1 - len(partners))):
            members = tuple(sorted((person, *partners, *some)))
            if len(members) == size and self.together_at(members) and self.allowed(members):
                yield members


def bits(number: int) -> Iterator[int]:
    """The places of the ones in a number, lowest first."""
    while number:
        low = number & -number
        yield low.bit_length() - 1
        number ^= low


def _beside(count: int, pairs: Iterable[Iterable[int]]) -> list[set[int]]:
    """For each person, the others they are named with."""
    beside: list[set[int]] = [set() for _ in range(count)]
    for one, other in pairs:
        beside[one].add(other)
        beside[other].add(one)
    return beside


def _limits(problem: WeekProblem) -> tuple[list[int], list[tuple[int, ...]]]:
    """What can be full, and what each slot takes of it.

    A place is fullest when somebody has just arrived, so one limit for each arrival there is enough: it counts the
    slots of the place that have begun and not ended then.
    """
    limits: list[int] = []
    takes: list[list[int]] = [[] for _ in problem.slots]
    shared: dict[str, list[int]] = {}
    for number, slot in enumerate(problem.slots):
        if slot.capacity is None:
            continue
        if slot.place:
            shared.setdefault(slot.place, []).append(number)
        else:
            takes[number].append(len(limits))
            limits.append(slot.capacity)
    for numbers in shared.values():
        arrivals = sorted({problem.slots[number].start for number in numbers})
        for moment in arrivals:
            there = [n for n in numbers if problem.slots[n].start <= moment < _end(problem, n)]
            for number in there:
                takes[number].append(len(limits))
            limits.append(problem.slots[there[0]].capacity or 0)
    return limits, [tuple(some) for some in takes]


def _end(problem: WeekProblem, number: int) -> int:
    """When the place is free again; a slot without length still holds its start."""
    slot = problem.slots[number]
    return slot.start + max(1, slot.minutes)
