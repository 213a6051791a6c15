"""What a course's search is about, in numbers: places to fill, what is settled, and how good a seating is."""

from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import accumulate, combinations, pairwise
from math import comb
from random import Random
from typing import NamedTuple

from threefold.core.grouping import Pair, Person
from threefold.matching.bounds import bounds, chances, filled, forced_by_pigeonhole, met_before
from threefold.matching.plan import meetings
from threefold.matching.problem import CourseProblem
from threefold.matching.seating import meeting_sessions, rules_of, seating

Seats = list[int]
"""Who sits where in one session: people are numbers from 0, groups stand one after another, triads first."""

MANY = 150
"""Beyond so many people the bounds are not worth their time: what was settled before stands for them."""


class Merit(NamedTuple):
    """How good a seating is, in order: the lower, the better.

    `broken` counts pairs who met against a rule or did not meet as they must, and groups in which everybody rests.
    `quads` are the uneven seats in quads where they come before repeats (`CourseProblem.even_quads`), else 0.
    `repeats` are meetings of a pair after its first. `lopsided` is 1 where seats in quads are not shared as evenly as
    counting allows, else 0; `most` is how often the pair meets that meets most. `uneven` counts, for each person, the
    ways to pick two of their seats in quads and of those in pairs, so that a third seat weighs more than a second;
    `crowding` the same of each pair's meetings. `alike` adds up how little the members of each group differ in
    experience; `wishes` are those not granted.
    """

    broken: int
    quads: int
    repeats: int
    lopsided: int
    most: int
    uneven: int
    crowding: int
    alike: int
    wishes: int


class Places:
    """A problem in numbers: its sessions to be planned, and what has been counted before them."""

    def __init__(self, problem: CourseProblem) -> None:
        self.problem = problem
        self.people = len(problem.people)
        self.number = {person: number for number, person in enumerate(problem.people)}
        self.sessions = problem.open_sessions()
        self.rules = [rules_of(problem, session) for session in self.sessions]
        self.sizes = [rules.sizes for rules in self.rules]
        self.resting = [frozenset(map(self.number.__getitem__, rules.resting)) for rules in self.rules]
        self.ends = [tuple(pairwise(accumulate(sizes, initial=0))) for sizes in self.sizes]
        self.total = sum(map(sum, self.sizes))
        known = frozenset(self.number)
        past = met_before(problem)
        self.met = {self._key(pair): count for pair, count in past.items() if pair <= known and count}
        self.apart = frozenset(map(self._key, problem.apart))
        fixed = [group for groups in (*problem.frozen.values(), *problem.pinned.values()) for group in groups]
        self.must_meet = frozenset(
            self._key(rule.pair)
            for rule in problem.together
            if rule.session is None and not any(rule.pair.issubset(group.members) for group in fixed)
        )
        self.wished = frozenset(map(self._key, problem.wishes))
        self.experience = [problem.experience.get(person) for person in problem.people]
        self.shares = {size: [0] * self.people for size in (2, 3, 4)}  # nobody minds a triad: those of 3 are not used
        for groups in problem.frozen.values():
            for group in groups:
                for person in known & set(group.members):
                    self.shares[len(group.members)][self.number[person]] += 1
        frozen = meetings(problem.frozen.values())
        self.settled_repeats = sum(max(0, past[pair] - 1) - max(0, problem.met.get(pair, 0) - 1) for pair in frozen)
        self.settled_crowding = sum(comb(count, 2) for count in self.met.values())

    def _key(self, pair: Pair) -> tuple[int, int]:
        one, other = sorted(self.number[person] for person in pair)
        return one, other

    def groups(self, seats: Sequence[Seats]) -> dict[int, list[list[Person]]]:
        """The people of every group, by session."""
        names = self.problem.people
        return {
            session: [[names[person] for person in row[first:end]] for first, end in ends]
            for session, row, ends in zip(self.sessions, seats, self.ends, strict=True)
        }

    def judged(self, seats: Sequence[Seats]) -> Merit:
        met = dict(self.met)
        shares = {size: counts[:] for size, counts in self.shares.items()}
        repeats, crowding, alike = self.settled_repeats, self.settled_crowding, 0
        against, lacking = 0, set(self.must_meet)
        for row, ends, resting in zip(seats, self.ends, self.resting, strict=True):
            for first, end in ends:
                group = sorted(row[first:end])
                against += bool(resting) and resting.issuperset(group)  # nobody there could be client
                if end - first != 3:
                    for person in group:
                        shares[end - first][person] += 1
                for pair in combinations(group, 2):
                    lacking.discard(pair)
                    before = met.get(pair, 0)
                    met[pair] = before + 1
                    repeats += before > 0
                    crowding += before
                    against += pair in self.apart
                    alike += self.alike(*pair)
        quads = _twos(shares[4])
        return Merit(
            against + len(lacking),
            quads if self.problem.even_quads else 0,
            repeats,
            int(quads > self.least_uneven[4]),
            max(met.values(), default=0),
            quads + _twos(shares[2]),
            crowding,
            alike,
            sum(not met.get(pair) for pair in self.wished),
        )

    def alike(self, one: int, other: int) -> int:
        """How little two people differ in experience, at most so much; 0 where that is not known of both."""
        first, second = self.experience[one], self.experience[other]
        return 0 if first is None or second is None else max(0, MOST_APART - abs(first - second))

    def least(self) -> Merit:
        """What no seating can undercut; of experience and wishes nothing is known, so theirs are never reached."""
        problem = self.problem
        uneven = sum(self.least_uneven.values())
        quads = self.least_uneven[4] if problem.even_quads else 0
        if self.people > MANY:
            most = max(self.met.values(), default=1)
            return Merit(0, quads, self.settled_repeats, 0, most, uneven, self.settled_crowding, 0, 0)
        possible, before = chances(problem), met_before(problem)
        to_come = sum(comb(size, 2) for sizes in self.sizes for size in sizes)
        had = [before[pair] for pair in possible]
        more = _twos(filled(had, list(possible.values()), to_come)) - _twos(had)
        limits = bounds(problem)
        more = max(more, forced_by_pigeonhole(problem), limits.least_repeats - self.settled_repeats)
        crowding = self.settled_crowding + more
        return Merit(0, quads, limits.least_repeats, 0, limits.least_most, uneven, crowding, 0, 0)

    @cached_property
    def least_uneven(self) -> dict[int, int]:
        """By group size, how uneven seats in such groups are at least: dealt out to whoever has had fewest."""
        found = {}
        for size in (2, 4):
            theirs = [session for session, sizes in zip(self.sessions, self.sizes, strict=True) if size in sizes]
            seats = sum(size * sizes.count(size) for sizes in self.sizes)
            room = [
                sum(person in self.problem.present[session] for session in theirs) for person in self.problem.people
            ]
            found[size] = _twos(filled(self.shares[size], room, seats))
        return found

    def held(self, seats: Sequence[Seats]) -> list[frozenset[int]]:
        """For each session, the people who must keep their seats in a search: pinned, tied, or the only client.

        Nothing is lost by holding people who belong together, but for the size of their group: groups have no
        names, and everybody else can move around them.
        """
        return [
            frozenset(self.number[person] for some in (*rules.pinned, *rules.tied) for person in some)
            | self._clients(row, ends, resting)
            for rules, row, ends, resting in zip(self.rules, seats, self.ends, self.resting, strict=True)
        ]

    @staticmethod
    def _clients(row: Seats, ends: Iterable[tuple[int, int]], resting: frozenset[int]) -> set[int]:
        """One who can be client from each group that has one, where enough people rest to fill a group."""
        ends = list(ends)
        if len(resting) < min((end - first for first, end in ends), default=0):
            return set()
        able = ([person for person in row[first:end] if person not in resting] for first, end in ends)
        return {some[0] for some in able if some}

    def by_chance(self, draw: Random) -> list[Seats]:
        """A seating drawn at random in which every rule is kept (there must be one: see `clash`)."""
        tied = meeting_sessions(self.problem) or {}
        rows = []
        for session in self.sessions:
            here, rules = self.problem.here(session), rules_of(self.problem, session, tied.get(session, ()))
            groups = seating(here, rules, draw) or seating(here, rules) or []
            rows.append([self.number[person] for group in groups for person in group])
        return rows


MOST_APART = 3
"""A difference in experience of so many steps, or more, is as good as can be."""


def _twos(counts: Iterable[int]) -> int:
    """In how many ways two can be picked, each time among as many as a count says."""
    return sum(comb(count, 2) for count in counts)
