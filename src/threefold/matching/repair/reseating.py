"""Which groups of torn sessions go on, and where everybody else sits, so that few meetings of the course repeat.

Simulated annealing. As many groups go on as can (`torn` counts them); a change exchanges one of them for one that
was given up, or two of the people who sit anew. What is minimised is a price, mostly that of repeats.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import exp
from random import Random

from threefold.core.grouping import Person
from threefold.matching.problem import CourseProblem
from threefold.matching.repair.torn import Members, Torn

Heard = Callable[[int], bool]
"""Told how many changes were tried since it was last told; False asks the search to stop with the best so far."""

NEVER = 1_000_000_000
"""The price of a pair that must not meet, and of each who sits without somebody they belong with."""

REPEAT, AGAIN = 1_000, 20
"""What a repeat costs, and how much more for each meeting of the pair beyond its second. A seat out of a triad
costs 1 for each one its person had before."""

HOT, COLD = 1_500.0, 150.0
EXCHANGES = 0.2  # the part of the changes tried that exchange groups
EVERY = 500  # changes tried between two words to whoever listens
_OFTEN = 1_000  # stands for "must never meet" among the counts of meetings
_PRICES = (0, *(REPEAT + AGAIN * times for times in range(_OFTEN - 1)), *[NEVER] * _OFTEN)


@dataclass
class _Room:
    """One session while it is mended: groups that go on, groups that do not, and those built anew."""

    going_on: list[tuple[int, ...]]
    given_up: list[tuple[int, ...]]
    built: list[list[int]]
    settled: tuple[tuple[int, ...], ...]
    together: tuple[frozenset[int], ...]
    cherished: frozenset[frozenset[int]]

    def groups(self) -> list[Sequence[int]]:
        return [*self.settled, *self.going_on, *self.built]

    def copy(self) -> "_Room":
        built = [list(group) for group in self.built]
        return _Room(list(self.going_on), list(self.given_up), built, self.settled, self.together, self.cherished)

    def parted(self, groups: Iterable[Sequence[int]]) -> int:
        """How many sit in these groups without somebody they belong with."""
        if not self.together:
            return 0
        return sum(len(pair.intersection(group)) == 1 for pair in self.together for group in groups)

    def worth_keeping(self, groups: Iterable[Sequence[int]]) -> int:
        """How many people sit in those of these groups that are worth keeping."""
        if not self.cherished:
            return 0
        return sum(len(group) for group in groups if frozenset(group) in self.cherished)


def _has_choice(room: _Room) -> bool:
    return len(room.built) > 1 or bool(room.going_on and room.given_up)


class Reseating:
    """A way to seat some sessions of a course anew, made better step by step; the best so far is kept.

    With `spare`, as many groups go on as can; without it any group of these sessions may be broken up. `cherish`
    are groups worth keeping, by session: each that goes on is worth `worth` a member, in the unit of the prices.
    `around` are the groups of all other sessions. Everything follows from the arguments and the state of `draw`.
    """

    def __init__(
        self,
        problem: CourseProblem,
        torn: Iterable[Torn],
        around: Iterable[Iterable[Person]],
        draw: Random,
        *,
        spare: bool,
        cherish: Mapping[int, Collection[Members]],
        worth: int,
    ) -> None:
        self._people, self._draw, self._worth, self._spare = problem.people, draw, worth, spare
        self._number = {person: place for place, person in enumerate(problem.people)}
        self._met = [[0] * len(self._people) for _ in self._people]
        self._odd = [0] * len(self._people)
        for pair, count in problem.met.items():
            self._count(pair, min(count, _OFTEN // 2))
        for group in around:
            for two in combinations(group, 2):
                self._count(two, 1)
        for pair in problem.apart:
            self._count(pair, _OFTEN)
        self._torn = tuple(torn)
        self._rooms = [self._opened(one, cherish.get(one.number, ())) for one in self._torn]
        self._price = sum(self._seat(room, room.groups()) for room in self._rooms)
        self._best, self._kept = self._price, [room.copy() for room in self._rooms]

    @property
    def breaks_rules(self) -> bool:
        """Whether the best so far has somebody beside whom they must not sit, or without whom they must."""
        return self._best >= NEVER // 2

    def sessions(self) -> dict[int, list[Members]]:
        """The groups of each of these sessions, in the best way so far."""
        return {
            torn.number: [tuple(self._people[one] for one in group) for group in room.groups()]
            for torn, room in zip(self._torn, self._kept, strict=True)
        }

    @property
    def may_change(self) -> bool:
        """Whether there is anything to try: two groups built anew, or one that could go on instead of another."""
        return any(map(_has_choice, self._kept))

    @property
    def seats(self) -> int:
        """How many seats there are to be filled anew."""
        return sum(len(group) for room in self._kept for group in room.built)

    def search(self, steps: int, heard: Heard) -> bool:
        """One cycle of so many changes tried, from the best so far; False when asked to stop."""
        self._return_to_best()
        rooms = list(filter(_has_choice, self._rooms))
        chance = self._draw.random
        for begun in range(0, steps if rooms else 0, EVERY):
            heat = HOT * (COLD / HOT) ** (begun / steps)
            for _ in range(EVERY):
                room = rooms[int(chance() * len(rooms))]
                exchanges = room.going_on and room.given_up and (len(room.built) == 1 or chance() < EXCHANGES)
                (self._exchange if exchanges else self._swap)(room, heat)
                if self._price < self._best:
                    self._best, self._kept = self._price, [room.copy() for room in self._rooms]
            if not heard(EVERY):
                return False
        return True

    def loosen(self) -> bool:
        """Gives up one more group where a rule is broken, so that more can move; False where none is left."""
        self._return_to_best()
        for room in self._rooms:
            groups = room.groups()
            if room.going_on and (room.parted(groups) or any(map(self._side_by_side, groups))):
                group = room.going_on.pop()
                room.given_up.append(group)
                room.built.append(list(group))
                self._kept = [room.copy() for room in self._rooms]
                return True
        return False

    # --- one change -------------------------------------------------------------------------------------------

    def _swap(self, room: _Room, heat: float) -> None:
        """Two people who sit anew change places, if chance agrees."""
        chance, built = self._draw.random, room.built
        here = int(chance() * len(built))
        there = (here + 1 + int(chance() * (len(built) - 1))) % len(built)
        both = one, other = built[here], built[there]
        i, j = int(chance() * len(one)), int(chance() * len(other))
        rise = -self._unseat(room, both)
        one[i], other[j] = other[j], one[i]
        rise += self._seat(room, both)
        if self._agreed(rise, heat):
            self._price += rise
            return
        self._unseat(room, both)
        one[i], other[j] = other[j], one[i]
        self._seat(room, both)

    def _exchange(self, room: _Room, heat: float) -> None:
        """A group that was given up goes on, and another of its size is given up instead, if chance agrees."""
        chance = self._draw.random
        up, on = int(chance() * len(room.given_up)), int(chance() * len(room.going_on))
        back, out = room.given_up[up], room.going_on[on]
        if len(back) != len(out):
            return
        turn = int(chance() * len(out))
        instead = dict(zip(back, (*out[turn:], *out[:turn]), strict=True))
        touched = [place for place, group in enumerate(room.built) if not instead.keys().isdisjoint(group)]
        before = [room.built[place] for place in touched]
        after = [[instead.get(one, one) for one in group] for group in before]
        rise = -self._unseat(room, [*before, out])
        rise += self._seat(room, [*after, back])
        if self._agreed(rise, heat):
            self._price += rise
            room.given_up[up], room.going_on[on] = out, back
            for place, group in zip(touched, after, strict=True):
                room.built[place] = group
            return
        self._unseat(room, [*after, back])
        self._seat(room, [*before, out])

    def _agreed(self, rise: int, heat: float) -> bool:
        return rise <= 0 or (rise < 12 * heat and self._draw.random() < exp(-rise / heat))

    # --- counting ---------------------------------------------------------------------------------------------

    def _seat(self, room: _Room, groups: Sequence[Sequence[int]]) -> int:
        """Counts these groups; what they cost."""
        met, odd = self._met, self._odd
        cost = NEVER * room.parted(groups) - self._worth * room.worth_keeping(groups)
        for group in groups:
            for one, other in combinations(group, 2):
                times = met[one][other]
                cost += _PRICES[times]
                met[one][other] = met[other][one] = times + 1
            if len(group) != 3:
                for one in group:
                    cost += odd[one]
                    odd[one] += 1
        return cost

    def _unseat(self, room: _Room, groups: Sequence[Sequence[int]]) -> int:
        """Takes back what `_seat` counted; what that saves."""
        met, odd = self._met, self._odd
        saved = NEVER * room.parted(groups) - self._worth * room.worth_keeping(groups)
        for group in groups:
            for one, other in combinations(group, 2):
                times = met[one][other] - 1
                saved += _PRICES[times]
                met[one][other] = met[other][one] = times
            if len(group) != 3:
                for one in group:
                    odd[one] -= 1
                    saved += odd[one]
        return saved

    def _count(self, pair: Iterable[Person], times: int) -> None:
        known = [self._number[person] for person in pair if person in self._number]
        if len(known) == 2:
            one, other = known
            self._met[one][other] += times
            self._met[other][one] += times

    def _side_by_side(self, group: Sequence[int]) -> bool:
        return any(self._met[one][other] >= _OFTEN for one, other in combinations(group, 2))

    def _return_to_best(self) -> None:
        for room in self._rooms:
            self._unseat(room, room.groups())
        self._rooms = [room.copy() for room in self._kept]
        for room in self._rooms:
            self._seat(room, room.groups())
        self._price = self._best

    # --- where it begins --------------------------------------------------------------------------------------

    def _numbered(self, groups: Iterable[Iterable[Person]]) -> list[tuple[int, ...]]:
        return [tuple(self._number[person] for person in group) for group in groups]

    def _opened(self, torn: Torn, cherish: Collection[Members]) -> _Room:
        """A session to begin with: by chance, but for groups that go on."""
        whole, cherished = self._numbered(torn.whole), frozenset(map(frozenset, self._numbered(cherish)))
        self._draw.shuffle(whole)
        whole.sort(key=lambda group: frozenset(group) not in cherished)
        quota = torn.going_on()
        going_on: list[tuple[int, ...]] = []
        given_up: list[tuple[int, ...]] = []
        for group in whole:
            (going_on if quota[len(group)] > 0 else given_up).append(group)
            quota[len(group)] -= 1
        loose = [one for group in (*given_up, *self._numbered([torn.scattered])) for one in group]
        self._draw.shuffle(loose)
        seats = iter(loose)
        left = torn.to_fill() - Counter(map(len, going_on))
        built = [[next(seats) for _ in range(size)] for size in sorted(left.elements())]
        if not self._spare:
            built += [list(group) for group in going_on]
            going_on = []
        settled, together = tuple(self._numbered(torn.settled)), tuple(map(frozenset, self._numbered(torn.together)))
        return _Room(going_on, given_up, built, settled, together, cherished)
