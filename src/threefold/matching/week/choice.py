"""The best choice among a few dozen groups that compete for the same people: small exact set packing, no solver.

Branch and bound over the people, whoever could sit in fewest groups first: put them in one of those groups or in
none. What the people left over could still bring is bounded by each one's best share in any group, and what has
been reached before by the same people is not gone through again. For 15 to 30 people this takes milliseconds.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from threefold.matching.week.possible import bits

_FIELD = 8  # bits in which the places taken of one limit are counted
_MOST = 127  # the most such a count can hold before its highest bit says "too many"


@dataclass(frozen=True)
class Option:
    """A group to choose or not: its people as bits, the limits it takes a place in, and what it is worth."""

    people: int
    takes: tuple[int, ...]
    worth: int


@dataclass(frozen=True)
class Chosen:
    """Places in the options given, what they are worth together, and whether nothing better exists."""

    options: tuple[int, ...]
    worth: int
    best: bool


class _Enough(Exception):  # noqa: N818 - a way out of the search, nothing has gone wrong
    pass


def best_choice(options: Sequence[Option], room: Sequence[int], at_least: int, nodes: int) -> Chosen | None:
    """The choice of most worth, nobody in two groups, no limit overfull; None where `at_least` is out of reach.

    `room` says how many places each limit has. Among equals the options given first are preferred. After so many
    `nodes` the best so far stands.
    """
    search = _Branching(options, room, at_least, nodes)
    complete = True
    try:
        search.go(search.everybody, search.taken, 0, sum(search.shares.values()))
    except _Enough:
        complete = False
    return None if search.found is None else Chosen(tuple(search.found), search.best, complete)


class _Branching:
    """The search: options by the first of their people to be decided, and what has been reached so far."""

    def __init__(self, options: Sequence[Option], room: Sequence[int], at_least: int, nodes: int) -> None:
        lists = [list(bits(option.people)) for option in options]
        count = Counter(person for some in lists for person in some)
        share = dict.fromkeys(count, 0)
        for option, some in zip(options, lists, strict=True):
            for person in some:
                share[person] = max(share[person], -(-option.worth // len(some)))
        # The lowest bit is whoever has fewest options: they are decided first.
        bit = {person: 1 << at for at, person in enumerate(sorted(count, key=lambda person: (count[person], person)))}
        fields = {limit: _FIELD * at for at, limit in enumerate(sorted({one for o in options for one in o.takes}))}
        self.everybody = (1 << len(count)) - 1
        self.shares = {bit[person]: share[person] for person in count}
        self.full = sum(1 << (field + _FIELD - 1) for field in fields.values())
        self.taken = sum((_MOST - max(0, min(_MOST, room[limit]))) << field for limit, field in fields.items())
        self.by_first: dict[int, list[tuple[int, int, int, int, int]]] = {first: [] for first in self.shares}
        for number, (option, some) in enumerate(zip(options, lists, strict=True)):
            people = sum(bit[person] for person in some)
            loss = sum(share[person] for person in some) - option.worth
            takes = sum(1 << fields[limit] for limit in option.takes)
            self.by_first[people & -people].append((loss, number, people, takes, option.worth))
        for choices in self.by_first.values():
            choices.sort()
        self.best = at_least - 1
        self.found: list[int] | None = None
        self.path: list[int] = []
        self.seen: dict[tuple[int, int], int] = {}
        self.nodes = nodes

    def go(self, people: int, used: int, worth: int, most: int) -> None:
        """Decide the first of these people, and so on; `most` is what this branch could come to."""
        if worth > self.best:
            self.best, self.found = worth, self.path.copy()
        self.nodes -= 1
        if self.nodes < 0:
            raise _Enough
        first = people & -people
        if not first:
            return
        for loss, number, some, takes, brings in self.by_first[first]:
            if most - loss <= self.best:
                break
            if some & ~people or (used + takes) & self.full:
                continue
            if self._is_news(state := (people ^ some, used + takes), worth + brings):
                self.path.append(number)
                self.go(*state, worth + brings, most - loss)
                self.path.pop()
        alone = most - self.shares[first]
        if alone > self.best and self._is_news(state := (people ^ first, used), worth):
            self.go(*state, worth, alone)

    def _is_news(self, state: tuple[int, int], worth: int) -> bool:
        """Whether these people have not been left over by something as good before."""
        if self.seen.get(state, -1) >= worth:
            return False
        self.seen[state] = worth
        return True
