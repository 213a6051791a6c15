"""The compiled search: two people change seats within a session, millions of times a second, as it cools.

Simulated annealing (Kirkpatrick, Gelatt and Vecchi 1983) in whole numbers only, with its own random numbers and
acceptance tables, so that the same start gives the same end on every machine. Importing this module imports
numba, which takes a moment; whoever can answer without it does.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal, localcontext
from typing import Any, TypeVar, cast

import numpy as np
from numba import njit
from numpy.typing import NDArray

from threefold.matching.course.seats import Merit, Places, Seats

Numbers = NDArray[Any]

NEVER = 1_000_000
"""The price of a pair that must not meet: no chance accepts it."""

PRICE, BEST, SESSION, SEAT, UNSAVED, LEAST, CLOCK = range(7)
"""Where `anneal` keeps what it has to remember between slices; the last is how long that list is."""

_CERTAIN = 1 << 32
"""Acceptance is drawn against this: a rise accepted half the time has half of it in the table."""

Kernel = TypeVar("Kernel", bound=Callable[..., object])


def compiled(function: Kernel) -> Kernel:
    """Machine code on first use, kept on disk for the next process where a folder can be written to.

    numba looks beside the module, then in the user's cache folder, and refuses to decorate where neither can be
    written (a read-only installation without a home); such a process compiles for itself.
    """
    try:
        return cast("Kernel", njit(cache=True, nogil=True)(function))
    except RuntimeError:
        return cast("Kernel", njit(nogil=True)(function))


def acceptance(heat: float) -> Numbers:
    """How likely each rise in price is accepted at a temperature, of 2 to the 32nd; longer rises never are.

    By decimal arithmetic, which rounds alike on every machine, where the C library's exp need not.
    """
    with localcontext() as context:
        context.prec = 25
        each = float((Decimal(-1) / Decimal(heat)).exp())
    table, chance = [_CERTAIN], 1.0
    while (chance := chance * each) * _CERTAIN >= 1:
        table.append(int(chance * _CERTAIN))
    return np.array(table, np.int64)


@compiled
def anneal(  # noqa: C901, PLR0912, PLR0915 - one tight loop
    steps: int,
    seats: Numbers,
    movable: Numbers,
    layout: Numbers,
    price: Numbers,
    met: Numbers,
    kind: Numbers,
    curve: Numbers,
    taste: Numbers,
    shares: Numbers,
    share_price: Numbers,
    accept: Numbers,
    clock: Numbers,
    dice: Numbers,
    best: Numbers,
) -> int:
    """Up to `steps` moves; returns how many were made (fewer when `clock[LEAST]` was reached).

    `seats[s, p]` is who sits where in session s: triads first, three seats each, then the groups of the odd size.
    `movable[s, i]` are the seats that may change hands. `layout[s]` holds the triad seats, the odd size (2 or 4)
    and how many seats are movable. `price[a, b]` holds the price of one more meeting and of the last one, kept
    by `kind`, `curve` and `taste` as `met` changes. `shares[z // 4, a]` counts seats in groups of size z; each
    costs `share_price[z // 4]` for every one before it. `best` takes the cheapest seats seen.

    Going on with the same arrays continues exactly, however the steps are cut into slices.
    """
    sessions = seats.shape[0]
    limit = len(accept)
    cost, least_seen, s, i = clock[PRICE], clock[BEST], clock[SESSION], clock[SEAT]
    unsaved, least = clock[UNSAVED], clock[LEAST]
    state = dice[0]
    low = np.uint64(0xFFFFFFFF)
    done = 0
    while done < steps and least_seen > least:
        here = seats[s]
        may = movable[s]
        triad_seats, odd, free = layout[s, 0], layout[s, 1], layout[s, 2]
        while i < free and done < steps:
            done += 1
            # splitmix64 (Steele, Lea and Flood 2014)
            state += np.uint64(0x9E3779B97F4A7C15)
            z = state
            z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
            z ^= z >> np.uint64(31)
            p = may[i]
            i += 1
            q = may[np.int64(((z & low) * np.uint64(free)) >> np.uint64(32))]
            a, b = here[p], here[q]
            if p < triad_seats and q < triad_seats:
                first, second = p // 3 * 3, q // 3 * 3
                if first == second:
                    continue
                if p == first:
                    x, y = here[first + 1], here[first + 2]
                elif p == first + 1:
                    x, y = here[first], here[first + 2]
                else:
                    x, y = here[first], here[first + 1]
                if q == second:
                    u, v = here[second + 1], here[second + 2]
                elif q == second + 1:
                    u, v = here[second], here[second + 2]
                else:
                    u, v = here[second], here[second + 1]
                rise = (
                    price[a, u, 0] + price[a, v, 0] + price[b, x, 0] + price[b, y, 0]
                    - price[a, x, 1] - price[a, y, 1] - price[b, u, 1] - price[b, v, 1]
                )  # fmt: skip
                size = other_size = 3
            else:
                size = 3 if p < triad_seats else odd
                other_size = 3 if q < triad_seats else odd
                first = p // 3 * 3 if size == 3 else triad_seats + (p - triad_seats) // odd * odd
                second = q // 3 * 3 if other_size == 3 else triad_seats + (q - triad_seats) // odd * odd
                if first == second:
                    continue
                rise = 0
                for seat in range(first, first + size):
                    if seat != p:
                        rise += price[b, here[seat], 0] - price[a, here[seat], 1]
                for seat in range(second, second + other_size):
                    if seat != q:
                        rise += price[a, here[seat], 0] - price[b, here[seat], 1]
                if size != other_size:
                    into, out = (a, b) if size == 3 else (b, a)
                    rise += share_price[odd // 4] * (shares[odd // 4, into] - shares[odd // 4, out] + 1)
            if rise > 0 and (rise >= limit or np.int64(z >> np.uint64(32)) >= accept[rise]):
                continue
            if rise > 0 and unsaved:
                _copy(seats, best)
                unsaved = 0
            for seat in range(first, first + size):
                if seat != p:
                    _meet(a, here[seat], -1, price, met, kind, curve, taste)
                    _meet(b, here[seat], 1, price, met, kind, curve, taste)
            for seat in range(second, second + other_size):
                if seat != q:
                    _meet(b, here[seat], -1, price, met, kind, curve, taste)
                    _meet(a, here[seat], 1, price, met, kind, curve, taste)
            here[p], here[q] = b, a
            if size != other_size:
                into, out = (a, b) if size == 3 else (b, a)
                shares[odd // 4, into] += 1
                shares[odd // 4, out] -= 1
            cost += rise
            if cost < least_seen:
                least_seen = cost
                unsaved = 1
        if i >= free:
            i = 0
            s = s + 1 if s + 1 < sessions else 0
    if unsaved:  # and it stays so: where the slices are cut must not decide which of equals is kept
        _copy(seats, best)
    clock[PRICE], clock[BEST], clock[SESSION], clock[SEAT], clock[UNSAVED] = cost, least_seen, s, i, unsaved
    dice[0] = state
    return done


@compiled
def _copy(seats: Numbers, into: Numbers) -> None:
    # Not `into[:, :] = seats`, which takes numba seconds to compile.
    for session in range(seats.shape[0]):
        for place in range(seats.shape[1]):
            into[session, place] = seats[session, place]


@compiled
def _meet(
    one: int, other: int, times: int, price: Numbers, met: Numbers, kind: Numbers, curve: Numbers, taste: Numbers
) -> None:
    """Counts a meeting more or fewer, and says what the next one and the last one cost from now on."""
    count = met[one, other] + times
    met[one, other] = met[other, one] = count
    more = curve[kind[one, other], count + 1] + taste[one, other]
    last = curve[kind[one, other], count] + taste[one, other]
    price[one, other, 0] = price[other, one, 0] = more
    price[one, other, 1] = price[other, one, 1] = last


class Annealing:
    """One start of the search: its arrays, what has been paid so far, and the cheapest seats seen."""

    def __init__(
        self,
        places: Places,
        start: Sequence[Seats],
        meeting: tuple[int, int],
        share: tuple[int, int],
        *,
        dice: int,
        taste: int = 0,
    ) -> None:
        """Prices are those of a pair's second meeting, and how much more each further one costs; of an uneven seat
        in a pair and in a quad; and of one step of `places.alike`. Wishes count, for one, where there is a taste.
        """
        self.places, self.meeting, self.share = places, meeting, share
        n, most = places.people, max(map(len, start), default=0)
        self.seats = np.zeros((len(start), most), np.int32)
        self.movable = np.zeros((len(start), most), np.int32)
        self.layout = np.zeros((len(start), 3), np.int32)
        for s, (row, held, sizes) in enumerate(zip(start, places.held(start), places.sizes, strict=True)):
            self.seats[s, : len(row)] = row
            free = [seat for seat, person in enumerate(row) if person not in held] if len(sizes) > 1 else []
            self.movable[s, : len(free)] = free
            self.layout[s] = 3 * sizes.count(3), next((size for size in sizes if size != 3), 4), len(free)
        self.met = np.zeros((n, n), np.int16)
        for (one, other), count in places.met.items():
            if (one, other) in places.must_meet:
                continue  # they must meet anew, whatever was before: their first meeting is the one that counts
            self.met[one, other] = self.met[other, one] = count
        self.kind = np.zeros((n, n), np.uint8)
        for number, pairs in enumerate((places.wished if taste else (), places.must_meet, places.apart), start=1):
            for one, other in pairs:
                self.kind[one, other] = self.kind[other, one] = number
        longest = int(self.met.max(initial=0)) + len(start) + 2
        again = np.array([0, 0, *(meeting[0] + meeting[1] * further for further in range(longest))])
        self.curve = np.stack([again] * 4).astype(np.int32)
        self.curve[1, 1] -= 1
        self.curve[2, 1] -= NEVER
        self.curve[3, 1:] += NEVER
        self.taste = np.zeros((n, n), np.int32)
        if taste:
            self.taste[:] = [[taste * places.alike(one, other) for other in range(n)] for one in range(n)]
        self.shares = np.array([places.shares[2], places.shares[4]], np.int32)
        self.share_price = np.array(share, np.int32)
        self.price = np.zeros((n, n, 2), np.int32)
        self.clock = np.zeros(CLOCK, np.int64)
        self.clock[LEAST] = np.iinfo(np.int64).min
        self.dice = np.array([dice], np.uint64)
        self.lengths = [len(row) for row in start]
        paid = _seat_everybody(self, places, start)
        self.clock[PRICE] = self.clock[BEST] = paid
        self.best = self.seats.copy()

    def stop_at(self, least: Merit) -> None:
        """Nothing can be cheaper than such a seating: with one as cheap, `go_on` stops."""
        places = self.places
        crowding = least.crowding - places.settled_crowding
        uneven = sum(
            price * (places.least_uneven[size] - sum(n * (n - 1) // 2 for n in places.shares[size]))
            for size, price in zip((2, 4), self.share, strict=True)
        )
        if self.meeting[0] == self.meeting[1] and places.must_meet.isdisjoint(places.met):
            self.clock[LEAST] = self.meeting[0] * crowding + uneven - NEVER * len(places.must_meet)

    def go_on(self, steps: int, heat: float) -> int:
        """So many steps more at this temperature, in units of the price; how many were made."""
        if not self.layout[:, 2].any():
            return 0
        return anneal(
            steps,
            self.seats,
            self.movable,
            self.layout,
            self.price,
            self.met,
            self.kind,
            self.curve,
            self.taste,
            self.shares,
            self.share_price,
            acceptance(heat),
            self.clock,
            self.dice,
            self.best,
        )

    def cheapest(self) -> list[Seats]:
        return [[int(person) for person in row[:length]] for row, length in zip(self.best, self.lengths, strict=True)]


def _seat_everybody(arrays: Annealing, places: Places, start: Sequence[Seats]) -> int:
    """Counts every meeting and share of the start, sets all prices, and says what has been paid."""
    met, kind, curve, taste, shares = arrays.met, arrays.kind, arrays.curve, arrays.taste, arrays.shares
    paid = 0
    for row, ends in zip(start, places.ends, strict=True):
        for first, end in ends:
            for i in range(first, end):
                if end - first != 3:
                    paid += arrays.share[(end - first) // 4] * int(shares[(end - first) // 4, row[i]])
                    shares[(end - first) // 4, row[i]] += 1
                for j in range(first, i):
                    one, other = row[i], row[j]
                    count = met[one, other] + 1
                    paid += int(curve[kind[one, other], count] + taste[one, other])
                    met[one, other] = met[other, one] = count
    arrays.price[:, :, 0] = curve[kind, met + 1] + taste
    arrays.price[:, :, 1] = curve[kind, met] + taste
    return paid
