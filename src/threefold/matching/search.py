"""The search for who sits with whom: two people at a time change seats, for as many moves as it is given.

Simulated annealing. A session is a list of seats whose groups stand one after another, triads first; a move
exchanges the people on two seats of one session. What is minimised is a price: for each pair the number of
ways to pick two of its meetings, so that a third meeting costs more than a second, and for each person the
same count over their seats in quads and over those in pairs.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from math import exp
from random import Random

MEETING = 2
"""The price of a meeting, for each time the pair has met before."""

NEVER = 1_000_000
"""The price of a pair that must not meet: no chance accepts it."""

HOT, COLD = 1.6, 0.45
"""Temperatures between which a cycle cools, in the unit of the prices (measured over 10 to 60 people)."""

Seats = list[int]
"""Who sits where in one session: people are numbers from 0."""

Heard = Callable[[int, int], bool]
"""Told the moves made and the lowest price so far; False asks the search to stop with the best it has."""


@dataclass(frozen=True)
class Layout:
    """How the seats of one session belong together, for group sizes with the triads first."""

    sizes: tuple[int, ...]
    home: tuple[int, ...]
    mates: tuple[tuple[int, ...], ...]

    @classmethod
    def of(cls, sizes: Sequence[int]) -> "Layout":
        ends = tuple(pairwise(accumulate(sizes, initial=0)))
        home = tuple(group for group, size in enumerate(sizes) for _ in range(size))
        mates = tuple(
            tuple(seat for seat in range(*end) if seat != own) for end in ends for own in range(*end)
        )
        return cls(tuple(sizes), home, mates)

    def odd_size(self) -> int:
        """The size of the groups that are not triads (4 or 2); 3 when there are none."""
        return self.sizes[-1]

    def groups(self, seats: Sequence[int]) -> list[list[int]]:
        return [list(seats[first:end]) for first, end in pairwise(accumulate(self.sizes, initial=0))]


class Ledger:
    """What has been counted so far: the price of the next meeting of every pair, and seats out of triads.

    `share` is the price of a seat in a quad or a pair, for each such seat the person has had before.
    """

    def __init__(self, people: int, share: int) -> None:
        # One person more than there are: nobody, who sits where a triad has no fourth seat and costs nothing.
        self.next_meeting = [[0] * (people + 1) for _ in range(people + 1)]
        self.shares = {size: [0] * people for size in (2, 3, 4)}  # those of 3 stay 0
        self.share = share
        self.price = 0

    def copy(self) -> "Ledger":
        twin = Ledger(0, self.share)
        twin.next_meeting = [row[:] for row in self.next_meeting]
        twin.shares = {size: row[:] for size, row in self.shares.items()}
        twin.price = self.price
        return twin

    def keep_apart(self, one: int, other: int) -> None:
        self.next_meeting[one][other] += NEVER
        self.next_meeting[other][one] += NEVER

    def meet(self, one: int, other: int, times: int = 1) -> None:
        for _ in range(times):
            self.price += self.next_meeting[one][other]
            self.next_meeting[one][other] += MEETING
            self.next_meeting[other][one] += MEETING

    def sit(self, person: int, size: int) -> None:
        if size != 3:
            self.price += self.share * self.shares[size][person]
            self.shares[size][person] += 1

    def seat(self, sessions: Iterable[Sequence[int]], layouts: Iterable[Layout]) -> "Ledger":
        """Counts everybody in these sessions; returns itself."""
        for seats, layout in zip(sessions, layouts, strict=True):
            for group in layout.groups(seats):
                for place, one in enumerate(group):
                    self.sit(one, len(group))
                    for other in group[:place]:
                        self.meet(one, other)
        return self

    def merit(self) -> tuple[int, int, int, int, int]:
        """How good all that has been counted is, in order: the lower, the better.

        Pairs who met against a rule, repeats, the most meetings of a pair, unevenness of quads and pairs,
        and the whole price.
        """
        counts = [
            (cost % NEVER) // MEETING for one, row in enumerate(self.next_meeting) for cost in row[:one]
        ]
        return (
            self.price // NEVER,
            sum(count - 1 for count in counts if count),
            max(counts, default=0),
            sum(count * (count - 1) // 2 for shares in self.shares.values() for count in shares),
            self.price,
        )


def search(  # noqa: C901, PLR0912, PLR0914, PLR0915 - one tight loop: a call for each move would halve its speed
    start: Sequence[Sequence[int]],
    layouts: Sequence[Layout],
    ledger: Ledger,
    moves: int,
    draw: Random,
    *,
    least: int,
    hot: float = HOT,
    cycles: int = 3,
    heard: Heard | None = None,
) -> tuple[int, list[Seats]]:
    """The lowest price found and the seats that have it, after at most `moves` moves from `start`.

    `ledger` holds what was counted before these sessions and is left as it is. `least` is a price that cannot
    be undercut: reaching it ends the search. Everything follows from the arguments and the state of `draw`.
    """
    ledger = ledger.copy().seat(start, layouts)
    nobody = len(ledger.next_meeting) - 1
    share = ledger.share
    sessions = []
    for seats, layout in zip(start, layouts, strict=True):
        triad_seats = 3 * layout.sizes.count(3)
        padded = [(*mates, *[len(seats)] * (3 - len(mates))) for mates in layout.mates]
        sessions.append(([*seats, nobody], layout, padded, triad_seats, ledger.shares[layout.odd_size()]))
    best, kept = ledger.price, [seats[:-1] for seats, *_ in sessions]
    price, done, told = best, 0, 0
    to_move = [session for session in sessions if len(session[1].sizes) > 1]
    places = sum(len(layout.home) for _, layout, *_ in to_move)
    sweeps = moves // (cycles * places) if places else 0
    chance = draw.random
    costs = ledger.next_meeting
    for sweep in range(cycles * sweeps):
        if best <= least:
            break
        if heard and done - told >= 20_000:
            told = done
            if not heard(done, best):
                break
        cooled = (sweep % sweeps) / max(1, sweeps - 1)
        heat = hot * (COLD / hot) ** cooled
        accept = [exp(-rise / heat) for rise in range(int(8 * heat) + 2)]
        limit = len(accept)
        done += places
        for seats, layout, padded, triad_seats, shares in to_move:
            home, mates = layout.home, layout.mates
            size = len(home)
            for p in range(size):
                q = int(chance() * size)
                if home[p] == home[q]:
                    continue
                a, b = seats[p], seats[q]
                costs_a, costs_b = costs[a], costs[b]
                if p < triad_seats and q < triad_seats:
                    i, j = mates[p]
                    x, y = seats[i], seats[j]
                    i, j = mates[q]
                    u, v = seats[i], seats[j]
                    rise = (
                        costs_a[u] + costs_a[v] + costs_b[x] + costs_b[y]
                        - costs_a[x] - costs_a[y] - costs_b[u] - costs_b[v]
                        + 4 * MEETING
                    )  # fmt: skip
                    if rise > 0 and (rise >= limit or chance() >= accept[rise]):
                        continue
                    seats[p], seats[q] = b, a
                    costs_a[u] += MEETING
                    costs_a[v] += MEETING
                    costs_a[x] -= MEETING
                    costs_a[y] -= MEETING
                    costs_b[u] -= MEETING
                    costs_b[v] -= MEETING
                    costs_b[x] += MEETING
                    costs_b[y] += MEETING
                    for mate in (x, y):
                        row = costs[mate]
                        row[a] -= MEETING
                        row[b] += MEETING
                    for mate in (u, v):
                        row = costs[mate]
                        row[a] += MEETING
                        row[b] -= MEETING
                else:
                    i, j, k = padded[p]
                    x, y, z = seats[i], seats[j], seats[k]
                    i, j, k = padded[q]
                    u, v, w = seats[i], seats[j], seats[k]
                    rise = (
                        costs_a[u] + costs_a[v] + costs_a[w] + costs_b[x] + costs_b[y] + costs_b[z]
                        - costs_a[x] - costs_a[y] - costs_a[z] - costs_b[u] - costs_b[v] - costs_b[w]
                        + MEETING * (len(mates[p]) + len(mates[q]))
                    )  # fmt: skip
                    if p < triad_seats:
                        rise += share * (shares[a] - shares[b] + 1)
                    elif q < triad_seats:
                        rise += share * (shares[b] - shares[a] + 1)
                    if rise > 0 and (rise >= limit or chance() >= accept[rise]):
                        continue
                    for seat in mates[p]:
                        row = costs[seats[seat]]
                        row[a] -= MEETING
                        row[b] += MEETING
                        costs_a[seats[seat]] -= MEETING
                        costs_b[seats[seat]] += MEETING
                    for seat in mates[q]:
                        row = costs[seats[seat]]
                        row[a] += MEETING
                        row[b] -= MEETING
                        costs_a[seats[seat]] += MEETING
                        costs_b[seats[seat]] -= MEETING
                    seats[p], seats[q] = b, a
                    if p < triad_seats:
                        shares[a] += 1
                        shares[b] -= 1
                    elif q < triad_seats:
                        shares[b] += 1
                        shares[a] -= 1
                price += rise
                if price < best:
                    best = price
                    kept = [session[:-1] for session, *_ in sessions]
    if heard:
        heard(done, best)
    return best, kept
