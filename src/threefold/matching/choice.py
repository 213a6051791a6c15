"""The best choice among a few dozen groups that compete for the same people: small exact set packing, no solver.

Branch and bound over the people, whoever could sit in fewest groups first: put them in one of those groups or in
none. What the people left over could still bring is bounded by each one's best share in any group, and what has
been reached before by the same people is not gone through again. For 15 to 30 people this takes milliseconds.
"""

from collections.abc import Sequence
from dataclasses import dataclass

_FIELD = 8  # bits in which the places taken of one limit are counted
_FULL = 127  # the most such a count can hold before its highest bit says "too many"


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

    Among equals the options given first are preferred. After so many `nodes` the best so far stands.
    """
    known = [1 << place for place in range(max((option.people.bit_length() for option in options), default=0))]
    count = dict.fromkeys(known, 0)
    share = dict.fromkeys(known, 0)
    lists = [[bit for bit in known if bit & option.people] for option in options]
    for option, bits in zip(options, lists, strict=True):
        each = -(-option.worth // len(bits)) if option.worth > 0 else 0
        for bit in bits:
            count[bit] += 1
            share[bit] = max(share[bit], each)
    # The lowest bit is whoever has fewest options: they are decided first.
    order = sorted((bit for bit in known if count[bit]), key=lambda bit: (count[bit], bit))
    at = {bit: 1 << place for place, bit in enumerate(order)}
    shares = {at[bit]: share[bit] for bit in order}
    fields = {limit: place for place, limit in enumerate(sorted({limit for o in options for limit in o.takes}))}
    full = sum(1 << (_FIELD * place + _FIELD - 1) for place in fields.values())
    taken = sum(
        (_FULL - min(_FULL, max(0, room[limit]))) << (_FIELD * place) for limit, place in fields.items()
    )
    by_first: dict[int, list[tuple[int, int, int, int, int]]] = {bit: [] for bit in shares}
    for number, (option, bits) in enumerate(zip(options, lists, strict=True)):
        mask = sum(at[bit] for bit in bits)
        loss = sum(share[bit] for bit in bits) - option.worth
        takes = sum(1 << (_FIELD * fields[limit]) for limit in option.takes)
        by_first[mask & -mask].append((loss, number, mask, takes, option.worth))
    for some in by_first.values():
        some.sort()

    best = at_least - 1
    found: list[int] | None = None
    path: list[int] = []
    seen: dict[tuple[int, int], int] = {}
    left = nodes

    def go(people: int, used: int, worth: int, most: int) -> None:
        nonlocal best, found, left
        if worth > best:
            best, found = worth, path.copy()
        left -= 1
        if left < 0:
            raise _Enough
        first = people & -people
        for loss, number, mask, takes, brings in by_first.get(first, ()):
            if most - loss <= best:
                break
            if mask & ~people or (used + takes) & full:
                continue
            state = (people ^ mask, used + takes)
            if seen.get(state, -1) >= worth + brings:
                continue
            seen[state] = worth + brings
            path.append(number)
            go(*state, worth + brings, most - loss)
            path.pop()
        if first and most - shares[first] > best:
            state = (people ^ first, used)
            if seen.get(state, -1) < worth:
                seen[state] = worth
                go(*state, worth, most - shares[first])

    try:
        go((1 << len(order)) - 1, taken, 0, sum(shares.values()))
    except _Enough:
        pass
    return None if found is None else Chosen(tuple(found), best, best=left >= 0)
