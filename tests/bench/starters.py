"""`python -m tests.bench.starters 22`: a starter for 22 people, found anew, developed and counted.

`python -m tests.bench.starters 22 10` looks for a course of ten sessions with as few repeats as can be found,
seed after seed, for as long as it is left running. Both print what the data files of `matching` hold. A starter
is found by simulated annealing on its base sessions: what it costs is pairs of people who would meet twice once
the sessions are turned, that is differences within and between rows that occur more than once.
"""

import sys
from collections import Counter
from collections.abc import Iterator
from itertools import combinations, count, pairwise
from math import comb
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.matching.classes import course
from threefold.matching import Remainder, shape
from threefold.matching.course import THOROUGH
from threefold.matching.course.annealing import acceptance, compiled
from threefold.matching.course.designs import Design, Session, turned
from threefold.matching.course.search import search
from threefold.matching.course.seats import Places

CYCLE = 3_000_000
LEVELS = 100
HOT, COLD = 1.0, 0.1
CYCLES = 12
MOST_STAYING = 7

Numbers = NDArray[Any]


def main() -> None:
    people, *sessions = map(int, sys.argv[1:])
    for line in best_course(people, sessions[0]) if sessions else starter(people):
        print(line, flush=True)  # noqa: T201 - what it is for


def starter(people: int) -> Iterator[str]:
    """A starter for the longest course that can be found, as the data file has it."""
    for turn, rows, number in layouts(people):
        if bases := found(people, turn, rows, number):
            design = tuple(turned(base, steps, turn, rows) for base in bases for steps in range(turn))
            met = Counter(frozenset(two) for groups in design for group in groups for two in combinations(group, 2))
            assert max(met.values()) == 1
            yield f"{people} turn {turn} rows {rows}"
            yield from written(bases)
            return
    yield f"# nothing found for {people}"


def layouts(people: int) -> Iterator[tuple[int, int, int]]:
    """Turns, rows and base sessions to try, for as many sessions as counting pairs allows, then fewer."""
    most = comb(people, 2) // sum(comb(size, 2) for size in shape(people, Remainder.QUADS))
    for sessions in range(most, most // 2, -1):
        for bases in range(1, sessions + 1):
            turn, rest = divmod(sessions, bases)
            if rest:
                continue
            for rows in range(people // turn, 0, -1):
                if people - rows * turn <= MOST_STAYING:
                    yield turn, rows, bases


def found(people: int, turn: int, rows: int, bases: int) -> list[Session]:
    """Base sessions that turn into a course without a repeated pair; [] where none turned up."""
    sizes = shape(people, Remainder.QUADS)
    ends = np.cumsum([0, *sizes])
    home = np.repeat(np.arange(len(sizes)), sizes)
    orbit, used = orbits(people, turn, rows)
    draw = np.random.default_rng(people * turn)
    for cycle in range(1, CYCLES + 1):
        seats = np.array([draw.permutation(people) for _ in range(bases)])
        counts = used.copy()
        cost = 0
        for row in seats:
            for first, end in pairwise(ends):
                for one, other in combinations(row[first:end], 2):
                    cost += counts[orbit[one, other]]
                    counts[orbit[one, other]] += 1
        dice = draw.integers(0, 1 << 63, 1, np.uint64)
        for level in range(LEVELS):
            heat = HOT * (COLD / HOT) ** (level / (LEVELS - 1))
            cost = turn_over(CYCLE * cycle // LEVELS, seats, ends, home, orbit, counts, acceptance(heat), dice, cost)
            if not cost:
                return [tuple(tuple(map(int, row[a:b])) for a, b in pairwise(ends)) for row in seats]
    return []


def orbits(people: int, turn: int, rows: int) -> tuple[Numbers, Numbers]:
    """The orbit of every pair under turning, and how often each is used up before the start.

    An orbit that would bring a pair round again within one turn is used up: two who stay, and two half a turn apart.
    """
    names: dict[tuple[int, int, int], int] = {}
    orbit = np.zeros((people, people), np.int64)
    spent = set()
    for one, other in combinations(range(people), 2):
        (row, place), (other_row, other_place) = divmod(one, turn), divmod(other, turn)
        moves, other_moves = row < rows, other_row < rows
        if moves and other_moves:
            step = (other_place - place) % turn
            key = (row, other_row, min(step, turn - step) if row == other_row else step)
        else:
            key = (row if moves else -1 - one, -1 - other, 0)
        name = names.setdefault(key, len(names))
        orbit[one, other] = orbit[other, one] = name
        half = moves and row == other_row and 2 * key[2] == turn
        if turn > 1 and (half or not (moves or other_moves)):
            spent.add(name)
    return orbit, np.array([name in spent for name in range(len(names))], np.int64)


@compiled
def turn_over(  # noqa: C901, PLR0912 - one tight loop
    steps: int,
    seats: Numbers,
    ends: Numbers,
    home: Numbers,
    orbit: Numbers,
    counts: Numbers,
    accept: Numbers,
    dice: Numbers,
    cost: int,
) -> int:
    """So many exchanges of two people within a base session; returns what the seats cost then, 0 being the aim."""
    state, limit, people = dice[0], len(accept), seats.shape[1]
    for step in range(steps):
        here = seats[step % seats.shape[0]]
        state = state * np.uint64(6364136223846793005) + np.uint64(1442695040888963407)
        high = state >> np.uint64(33)
        p = np.int64(high % np.uint64(people))
        q = np.int64((high // np.uint64(people)) % np.uint64(people))
        if home[p] == home[q]:
            continue
        before = cost
        for turn in range(2):  # first as it would be, then, if that is not accepted, back again
            a, b = here[p], here[q]
            for seat in range(ends[home[p]], ends[home[p] + 1]):
                if seat != p:
                    counts[orbit[a, here[seat]]] -= 1
                    cost -= counts[orbit[a, here[seat]]]
            for seat in range(ends[home[q]], ends[home[q] + 1]):
                if seat != q:
                    counts[orbit[b, here[seat]]] -= 1
                    cost -= counts[orbit[b, here[seat]]]
            for seat in range(ends[home[p]], ends[home[p] + 1]):
                if seat != p:
                    cost += counts[orbit[b, here[seat]]]
                    counts[orbit[b, here[seat]]] += 1
            for seat in range(ends[home[q]], ends[home[q] + 1]):
                if seat != q:
                    cost += counts[orbit[a, here[seat]]]
                    counts[orbit[a, here[seat]]] += 1
            here[p], here[q] = b, a
            if turn == 1:
                break
            state = state * np.uint64(6364136223846793005) + np.uint64(1442695040888963407)
            rise = cost - before
            if rise <= 0 or (rise < limit and np.int64(state >> np.uint64(32)) < accept[rise]):
                break
        if cost == 0:
            break
    dice[0] = state
    return cost


def best_course(people: int, sessions: int) -> Iterator[str]:
    """Ever better courses, as the data file has them."""
    places = Places(course(people, sessions))
    fewest = None
    for seed in count():
        result = search(places, THOROUGH.moves(places.problem), seed)
        if fewest is None or result.merit < fewest:
            fewest = result.merit
            yield f"# {fewest.repeats} repeats with seed {seed}"
            yield f"{people} over {sessions}"
            yield from written(
                [
                    tuple(tuple(row[first:end]) for first, end in ends)
                    for row, ends in zip(result.seats, places.ends, strict=True)
                ]
            )
        if fewest[:7] <= places.least()[:7]:
            return


def written(sessions: Design | list[Session]) -> Iterator[str]:
    for groups in sessions:
        yield "  " + " ".join(str(person) for group in reversed(groups) for person in group)


if __name__ == "__main__":
    main()
