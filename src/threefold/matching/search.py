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

NEVER = 1_000_000
"""The price of a pair that must not meet: no chance accepts it."""

HOT, WARM, COLD = 1.6, 0.8, 0.45
"""Temperatures in the unit of the prices, measured over 10 to 60 people: a cycle cools from hot to cold, or from
warm where a good start is not to be forgotten."""

CYCLES = 3
"""How often the search warms up again; each cycle has the same share of the moves."""

Seats = list[int]
"""Who sits where in one session: people are numbers from 0."""

Heard = Callable[[int, Sequence[Seats]], bool]
"""Told the moves made and the best seats so far; False asks the search to stop with those."""


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
        mates = tuple(tuple(seat for seat in range(*end) if seat != own) for end in ends for own in range(*end))
        return cls(tuple(sizes), home, mates)

    def odd_size(self) -> int:
        """The size of the groups that are not triads (4 or 2); 3 when there are none."""
        return self.sizes[-1]

    def groups(self, seats: Sequence[int]) -> list[list[int]]:
        return [list(seats[first:end]) for first, end in pairwise(accumulate(self.sizes, initial=0))]


class Ledger:
    """What has been counted so far: the price of the next meeting of every pair, and seats out of triads.

    `meeting` is the price of a meeting, for each time the pair has met before; `share` that of a seat in a quad
    or a pair, for each such seat the person has had before.
    """

    def __init__(self, people: int, meeting: int, share: int) -> None:
        # One person more than there are: nobody, who sits where a triad has no fourth seat and costs nothing.
        self.next_meeting = [[0] * (people + 1) for _ in range(people + 1)]
        self.shares = {size: [0] * people for size in (2, 3, 4)}  # those of 3 stay 0
        self.meeting, self.share = meeting, share
        self.price = 0

    def copy(self) -> "Ledger":
        twin = Ledger(0, self.meeting, self.share)
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
            self.next_meeting[one][other] += self.meeting
            self.next_meeting[other][one] += self.meeting

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
        counts = [(cost % NEVER) // self.meeting for one, row in enumerate(self.next_meeting) for cost in row[:one]]
        return (
            self.price // NEVER,
            sum(count - 1 for count in counts if count),
            max(counts, default=0),
            sum(count * (count - 1) // 2 for shares in self.shares.values() for count in shares),
            self.price,
        )


def search(  # noqa: C901, PLR0912, PLR0915 - one tight loop: a call for each move would halve its speed
    start: Sequence[Sequence[int]],
    layouts: Sequence[Layout],
    ledger: Ledger,
    moves: int,
    draw: Random,
    *,
    least: int,
    heard: Heard,
    hot: float = HOT,
    cycles: int = CYCLES,
) -> list[Seats]:
    """The seats with the lowest price met in at most `moves` moves from `start`, which is among them.

    The search cools from `hot` in each of its `cycles`, and goes on from where the last one ended. `ledger`
    holds what was counted before these sessions and is left as it is. `least` is a price that cannot be
    undercut: reaching it ends the search. Everything follows from the arguments and the state of `draw`.
    """
    ledger = ledger.copy().seat(start, layouts)
    nobody = len(ledger.next_meeting) - 1
    meeting, share = ledger.meeting, ledger.share
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
        if done - told >= 20_000:
            told = done
            if not heard(done, kept):
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
                        + 4 * meeting
                    )  # fmt: skip
                    if rise > 0 and (rise >= limit or chance() >= accept[rise]):
                        continue
                    seats[p], seats[q] = b, a
                    costs_a[u] += meeting
                    costs_a[v] += meeting
                    costs_a[x] -= meeting
                    costs_a[y] -= meeting
                    costs_b[u] -= meeting
                    costs_b[v] -= meeting
                    costs_b[x] += meeting
                    costs_b[y] += meeting
                    for mate in (x, y):
                        row = costs[mate]
                        row[a] -= meeting
                        row[b] += meeting
                    for mate in (u, v):
                        row = costs[mate]
                        row[a] += meeting
                        row[b] -= meeting
                else:
                    i, j, k = padded[p]
                    x, y, z = seats[i], seats[j], seats[k]
                    i, j, k = padded[q]
                    u, v, w = seats[i], seats[j], seats[k]
                    rise = (
                        costs_a[u] + costs_a[v] + costs_a[w] + costs_b[x] + costs_b[y] + costs_b[z]
                        - costs_a[x] - costs_a[y] - costs_a[z] - costs_b[u] - costs_b[v] - costs_b[w]
                        + meeting * (len(mates[p]) + len(mates[q]))
                    )  # fmt: skip
                    if p < triad_seats:
                        rise += share * (shares[a] - shares[b] + 1)
                    elif q < triad_seats:
                        rise += share * (shares[b] - shares[a] + 1)
                    if rise > 0 and (rise >= limit or chance() >= accept[rise]):
                        continue
                    for seat in mates[p]:
                        row = costs[seats[seat]]
                        row[a] -= meeting
                        row[b] += meeting
                        costs_a[seats[seat]] -= meeting
                        costs_b[seats[seat]] += meeting
                    for seat in mates[q]:
                        row = costs[seats[seat]]
                        row[a] += meeting
                        row[b] -= meeting
                        costs_a[seats[seat]] += meeting
                        costs_b[seats[seat]] -= meeting
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
    heard(done, kept)
    return kept
