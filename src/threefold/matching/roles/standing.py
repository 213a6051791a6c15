"""Where everybody stands while roles are being chosen: minutes in each role, threes, and who counselled whom."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import NamedTuple

from threefold.matching.bounds.spread import Minutes

COUNSELLOR, CLIENT, OBSERVER = 0, 1, 2

Roles = list[int]
"""The role of every seat; the seats of a group stand one after another."""

BEYOND, DIRECTION, THREE = 6, 8, 1
"""What a round beyond the least spread costs, a direction again, and a role missing in a three."""


class Merit(NamedTuple):
    """What counts, in order: minutes beyond the limits (the worst, all), directions twice, roles missed in threes."""

    worst: int
    beyond: int
    directions: int
    threes: int


@dataclass(frozen=True)
class Table:
    """The groups of all sessions as one row of seats; people, groups and threes are numbers from 0.

    `spared` seats are of people who rest from the client's place. `before` are the minutes settled, `threes` the
    roles each three has had already, `directions` how often (counsellor · people + client) has been.
    """

    people: int
    sizes: tuple[int, ...]
    person_of: tuple[int, ...]
    three_of: tuple[int, ...]
    spared: tuple[bool, ...]
    before: tuple[Minutes, ...]
    minutes: int
    threes: tuple[Minutes, ...]
    directions: Mapping[int, int]
    only_triads: bool

    @cached_property
    def firsts(self) -> tuple[int, ...]:
        return tuple(accumulate(self.sizes, initial=0))[:-1]

    @cached_property
    def group_of(self) -> tuple[int, ...]:
        return tuple(g for g, size in enumerate(self.sizes) for _ in range(size))

    def seats(self, group: int) -> range:
        return range(self.firsts[group], self.firsts[group] + self.sizes[group])


class Standing:
    """Roles for every seat of a table, and what they cost; `limits` is how far apart each person's may lie."""

    def __init__(self, table: Table, limits: Sequence[int], roles: Roles) -> None:
        self.table, self.limits = table, limits
        self.take(roles)

    def take(self, roles: Roles) -> None:
        """Begins anew with these roles."""
        table = self.table
        self.roles = list(roles)
        self.held = [list(minutes) for minutes in table.before]
        self.threes = [list(three) for three in table.threes]
        self.pairs = dict(table.directions)
        self.counsellors, self.clients = [0] * len(table.sizes), [0] * len(table.sizes)
        for seat, role in enumerate(roles):
            self.held[table.person_of[seat]][role] += table.minutes
            self.threes[table.three_of[seat]][role] += 1
            if role == COUNSELLOR:
                self.counsellors[table.group_of[seat]] = seat
            elif role == CLIENT:
                self.clients[table.group_of[seat]] = seat
        self.directions = 0
        for g in range(len(table.sizes)):
            key = self._direction(g)
            self.directions += key in self.pairs
            self.pairs[key] = self.pairs.get(key, 0) + 1
        self.over = [max(0, max(held) - min(held) - most) for held, most in zip(self.held, self.limits, strict=True)]
        self.beyond = sum(self.over)
        self.threes_missed = sum(max(0, count - 1) for three in self.threes for count in three)

    def merit(self) -> Merit:
        return Merit(max(self.over, default=0) if self.beyond else 0, self.beyond, self.directions, self.threes_missed)

    def price(self) -> int:
        return BEYOND * self.beyond // self.table.minutes + DIRECTION * self.directions + THREE * self.threes_missed

    def seat_of(self, group: int, role: int) -> int:
        """Who has this role in a group (of two who observe, the first)."""
        if role == COUNSELLOR:
            return self.counsellors[group]
        if role == CLIENT:
            return self.clients[group]
        return next(seat for seat in self.table.seats(group) if self.roles[seat] == OBSERVER)

    def troubled(self) -> list[int]:
        """Groups whose direction repeats, or with somebody who has one role twice in a three."""
        table = self.table
        twice = {g for g in range(len(table.sizes)) if self.pairs[self._direction(g)] > 1}
        if self.threes_missed:
            twice.update(
                table.group_of[seat]
                for seat, role in enumerate(self.roles)
                if self.threes[table.three_of[seat]][role] > 1
            )
        return sorted(twice)

    def exchange(self, one: int, other: int) -> None:
        """Two seats of one group take each other's role; done twice, nothing has happened."""
        table, roles, minutes = self.table, self.roles, self.table.minutes
        mine, theirs = roles[one], roles[other]
        for seat, old, new in ((one, mine, theirs), (other, theirs, mine)):
            person = table.person_of[seat]
            held = self.held[person]
            held[old] -= minutes
            held[new] += minutes
            over = max(held) - min(held) - self.limits[person]
            over = max(over, 0)
            self.beyond += over - self.over[person]
            self.over[person] = over
            three = self.threes[table.three_of[seat]]
            three[old] -= 1
            self.threes_missed += (three[new] > 0) - (three[old] > 0)
            three[new] += 1
            roles[seat] = new
        group = table.group_of[one]
        key = self._direction(group)
        self.pairs[key] -= 1
        self.directions -= self.pairs[key] > 0
        for seat in (one, other):
            if roles[seat] == COUNSELLOR:
                self.counsellors[group] = seat
            elif roles[seat] == CLIENT:
                self.clients[group] = seat
        key = self._direction(group)
        again = self.pairs.get(key, 0)
        self.directions += again > 0
        self.pairs[key] = again + 1

    def _direction(self, group: int) -> int:
        person_of = self.table.person_of
        return person_of[self.counsellors[group]] * self.table.people + person_of[self.clients[group]]
