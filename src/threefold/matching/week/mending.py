"""A week made better a neighbourhood at a time: some people who could sit together, matched anew as well as can be."""

from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import islice
from random import Random

from threefold.matching.week.choice import Option, best_choice
from threefold.matching.week.possible import PLACED, REPEATS, Candidate, Merit, Week, bits

SIZES = (15, 20, 25, 30, 40)
"""People in a neighbourhood; the larger ones are for when the smaller have brought nothing for a while."""
FINE_SIZE = 11
"""The same where roles and times are bettered: there nearly every choice differs a little, so fewer can be compared."""
QUIET = 25
"""How many neighbourhoods may bring nothing before they become larger."""
MOST_CANDIDATES = 1_200
"""Neighbourhoods with more possible groups than this are made smaller."""
NODES = 4_000
"""How far each is gone into; nearly all are solved before that."""

Fine = Callable[[Candidate], int]
"""What a group costs beyond its merit, for choosing among weeks of the same merit."""


class Matched:
    """The groups so far, who is in which, and how much room they leave."""

    def __init__(self, week: Week, groups: Iterable[Candidate]) -> None:
        self.week = week
        self.groups: dict[int, Candidate] = {}
        self.group_of: list[int | None] = [None] * week.count
        self.room = list(week.limits)
        self.merit = Merit(0, 0, 0, 0)
        self._next = 0
        self.change((), groups)

    def change(self, gone: Sequence[int], come: Iterable[Candidate]) -> None:
        """Put these groups in the place of those."""
        for number in gone:
            group = self.groups.pop(number)
            for person in group.members:
                self.group_of[person] = None
            for limit in self.week.taken(group):
                self.room[limit] += 1
            self.merit = self.merit.minus(self.week.merit(group))
        for group in come:
            self.groups[self._next] = group
            for person in group.members:
                self.group_of[person] = self._next
            for limit in self.week.taken(group):
                self.room[limit] -= 1
            self.merit = self.merit.plus(self.week.merit(group))
            self._next += 1

    def room_without(self, gone: Iterable[int]) -> list[int]:
        """The room there is when these groups are taken out."""
        room = list(self.room)
        for number in gone:
            for limit in self.week.taken(self.groups[number]):
                room[limit] += 1
        return room

    def wanting(self, part: int) -> list[int]:
        """People where this part of the merit, or a later one, loses something: unplaced, repeating, in a four."""
        people: list[int] = []
        if part <= PLACED:
            people += [p for p, at in enumerate(self.group_of) if at is None and self.week.capable[p]]
        if part <= REPEATS:
            people += [group.members[0] for group in self.groups.values() if group.repeats]
        people += [group.members[0] for group in self.groups.values() if len(group.members) != 3]
        return people


def mend(matched: Matched, focus: Sequence[int], size: int, draw: Random, fine: Fine | None = None) -> bool:
    """Match one neighbourhood anew; whether it has become better. It never becomes worse.

    Where nothing better is found, something as good takes its place, so that the next neighbourhoods are new ones.
    """
    week = matched.week
    people, gone = _neighbourhood(matched, focus, size, draw)
    groups = list(islice(week.candidates(people, room := matched.room_without(gone)), MOST_CANDIDATES + 1))
    if len(groups) > MOST_CANDIDATES:
        return len(people) > SIZES[0] // 2 and mend(matched, focus[:1], 2 * len(people) // 3, draw, fine)
    _shuffle(groups, draw)
    chosen = best_groups(week, groups, room, [matched.groups[number] for number in gone], NODES, fine)
    if chosen is None:
        return False
    matched.change(gone, chosen.groups)
    return chosen.better


@dataclass(frozen=True)
class Choice:
    """Groups as good as those there were, or better; `best` says that nothing is better still."""

    groups: list[Candidate]
    better: bool
    best: bool


def best_groups(
    week: Week,
    groups: Sequence[Candidate],
    room: Sequence[int],
    now: Sequence[Candidate],
    nodes: int,
    fine: Fine | None = None,
) -> Choice | None:
    """The best that these groups offer in the place of those there are now; None where nothing as good was found.

    Among equals the groups given first are preferred.
    """
    people = sorted({person for group in (*groups, *now) for person in group.members})
    bit = {person: 1 << place for place, person in enumerate(people)}
    worth = _worth(week, len(people), (*groups, *now), fine)
    options = [Option(sum(bit[p] for p in g.members), week.taken(g), worth(g)) for g in groups]
    before = sum(map(worth, now))
    chosen = best_choice(options, room, before, nodes)
    if chosen is None:
        return None
    return Choice([groups[number] for number in chosen.options], chosen.worth > before, chosen.best)


def _worth(week: Week, people: int, groups: Iterable[Candidate], fine: Fine | None) -> Callable[[Candidate], int]:
    """What a group is worth among so many people: a whole number that puts first things first.

    All the lesser things together never outweigh one greater: people placed, repeats, groups that are not triads,
    and last what is fine.
    """
    repeat = people // 2 + 1
    person = repeat * 2 * people
    weights = Merit(person * (people + 1), person, repeat, 1)

    def plain(group: Candidate) -> int:
        return sum(weight * part for weight, part in zip(weights, week.merit(group), strict=True))

    if fine is None:
        return plain
    unit = 1 + 2 * people * max((abs(fine(group)) for group in groups), default=0)
    return lambda group: unit * plain(group) - fine(group)


def _neighbourhood(matched: Matched, focus: Sequence[int], size: int, draw: Random) -> tuple[list[int], list[int]]:
    """About `size` people around some, with their groups; each comes in as free at the same time as one before.

    Those it is about are joined by the shortest chains of groups, so that they can come to sit together.
    """
    week = matched.week
    people: list[int] = []
    gone: list[int] = []
    inside: set[int] = set()

    def bring(person: int) -> None:
        if person in inside:
            return
        number = matched.group_of[person]
        members = (person,) if number is None else matched.groups[number].members
        if number is not None:
            gone.append(number)
        people.extend(members)
        inside.update(members)

    bring(focus[0])
    for person in focus[1:]:
        for one in _path(matched, inside, person):
            bring(one)
    for _ in range(20 * size):
        if len(people) >= size:
            break
        offers = week.offers[people[_upto(len(people), draw)]]
        offerers = week.offerers[offers[_upto(len(offers), draw)]]
        bring(offerers[_upto(len(offerers), draw)])
    return people, gone


def _path(matched: Matched, inside: AbstractSet[int], person: int) -> list[int]:
    """People through whom somebody could change places with one of those inside: each free when the next is.

    Whoever has a group stands for all of it, so this is the shortest chain of groups; () where there is none.
    """
    week = matched.week
    came: dict[int, int] = {}
    seen_slots = 0
    edge = [person]
    reached = {person}
    while edge:
        one = edge.pop(0)
        number = matched.group_of[one]
        for member in (one,) if number is None else matched.groups[number].members:
            if member in inside:
                chain = [one]
                while chain[-1] != person:
                    chain.append(came[chain[-1]])
                return chain
            reached.add(member)
            fresh = list(bits(week.free[member] & ~seen_slots))
            seen_slots |= week.free[member]
            for slot in fresh:
                for other in week.offerers[slot]:
                    if other not in reached:
                        reached.add(other)
                        came[other] = one
                        edge.append(other)
    return []


def _shuffle(groups: list[Candidate], draw: Random) -> None:
    for place in range(len(groups) - 1, 0, -1):
        other = _upto(place + 1, draw)
        groups[place], groups[other] = groups[other], groups[place]


def _upto(count: int, draw: Random) -> int:
    """A number from 0 to below `count`, by chance."""
    return int(draw.random() * count)
