"""A course's search: from a known design or from chance, cooling again and again, until nothing better can exist.

What it does next never depends on how many steps it may still make, so a search that is stopped gives what a
search with that many steps gives.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from random import Random
from typing import NamedTuple, Protocol

from threefold.matching.course.laying import by_design
from threefold.matching.course.seats import Merit, Places, Seats

Progress = Callable[[int, int], bool]
"""Told the steps made and the fewest repeats so far; False means "stop and use this one"."""

MEETING = 12
"""The price of a pair's second meeting; temperatures are in units of it."""

EVEN, FEW = 12, 1
"""How much more each further meeting of a pair costs: as much again, for an even spread and a smooth way there, or
hardly more, where fewest repeats are had by letting a few pairs meet often."""

SLIGHT, MILD, FAIR = 1, 3, 12
"""The price of an uneven seat in a quad or a pair, for few repeats in a large course or a small one, and for fair
shares that cost none."""

FIRST, DEAREST = 36, 36 << 7
"""The price of an uneven seat where even shares come before repeats, or before all but them; and how far it rises
where a few people must meet very often for the sake of even shares."""

LEVELS = 60
"""Temperatures in one cooling, each with the same number of steps."""

SLICE = 400_000
"""Steps between two looks at whether to stop: a twentieth to a tenth of a second."""

LANES, LONG = 2, 1_000_000
"""A cooling of more steps than LONG is made twice side by side, each with chances of its own, and the better one
counts: on two cores twice as much is tried in the same time, and what is found is the same on one."""

PATIENCE = 45_000_000
"""Steps in vain after which even quads and fewer third meetings are given up, where repeats are as few as can be;
other uneven seats are given up after a third as many."""


class Lane(Protocol):
    """One start of the compiled search, which is loaded where it is needed (`annealing.Annealing`)."""

    def go_on(self, steps: int, heat: float) -> int: ...
    def cheapest(self) -> list[Seats]: ...


class Cooling(NamedTuple):
    """Where one cooling starts, how warm and how cold it is, how long, and what is dear in it."""

    start: str
    hot: float
    cold: float
    steps: int
    share: int = MILD
    further: int = EVEN


class Found(NamedTuple):
    """The best seats of a search, how good they are, and how many steps it took."""

    seats: list[Seats]
    merit: Merit
    steps: int


def search(places: Places, steps: int, seed: int, progress: Progress | None = None) -> Found:
    """The best seats found in at most `steps` moves: everybody placed, and no rule broken.

    Repeats come first (or even quads, where the problem says so), then quads shared within one of each other, then
    the most that any pair meets, other uneven seats, third meetings; last, and in a few moves more that are the same
    for every search, experience that differs within groups and wishes.
    """
    return _Search(places, steps, seed, progress).result()


class _Search:
    def __init__(self, places: Places, steps: int, seed: int, progress: Progress | None) -> None:
        self.places, self.budget, self.progress = places, steps, progress
        self.draw, self.last_draw = Random(seed), Random(f"{seed} polish")
        self.least = places.least()
        self.done = 0
        self.first = FIRST // 2
        self.stopped = False
        self.side_by_side = ThreadPoolExecutor(LANES)
        self.design = by_design(places, self.draw)
        self.seats = self.design or places.by_chance(self.draw)
        self.merit = places.judged(self.seats)
        if self.merit.broken:  # a design that could not be bent to every rule is a start, and no answer
            self.offer(places.by_chance(self.draw))

    def result(self) -> Found:
        dear = (3, 4) if self.places.problem.even_quads else (3,)  # quads are dear throughout then
        shares = any(size not in dear for sizes in self.places.sizes for size in sizes)
        for cooling in coolings(self.places.total, designed=self.design is not None):
            if cooling.share == FAIR and not shares:
                continue
            if self.over() or self.merit[:3] <= self.least[:3]:
                break
            self.cool(cooling)
        since = self.done
        for cooling in fairer(self.places.total):
            worth = self.merit.lopsided or self.merit.crowding > self.least.crowding
            if self.over() or self.done - since > (PATIENCE if worth else PATIENCE // 3):
                break
            before = self.merit
            self.cool(cooling)
            since = since if self.merit == before else self.done
        self.side_by_side.shutdown()
        self.polish()
        return Found(self.seats, self.merit, self.done)

    def over(self) -> bool:
        """Whether it is time to stop: asked to, no steps left, nothing better can exist or nothing can change."""
        merit, least = self.merit, self.least
        # A search by price sees nothing to gain then, though the most that a pair meets may lie above its bound.
        settled = merit[:3] <= least[:3] and merit.uneven <= least.uneven and merit.crowding <= least.crowding
        return self.stopped or self.done >= self.budget or settled or all(len(s) < 2 for s in self.places.sizes)

    def offer(self, seats: list[Seats]) -> None:
        merit = self.places.judged(seats)
        if merit < self.merit:
            self.seats, self.merit = seats, merit

    def cool(self, cooling: Cooling) -> None:
        """One cooling, from start to end or until it is time to stop; keeps what it found if that is better."""
        from threefold.matching.course.annealing import Annealing  # noqa: PLC0415 - numba is slow to import; designs do without

        starts = self.starts(cooling)
        prices = (cooling.share, self.price_of_a_quad(cooling))
        lanes = []
        for start in starts:
            lanes.append(
                Annealing(self.places, start, (MEETING, cooling.further), prices, dice=self.draw.getrandbits(64))
            )
            lanes[-1].stop_at(self.least)
        for level in range(LEVELS):
            heat = MEETING * cooling.hot * (cooling.cold / cooling.hot) ** (level / (LEVELS - 1))
            left = cooling.steps // LEVELS
            while left:
                asked = min(left, SLICE, self.budget - self.done)
                made = self.go_on(lanes, asked, heat)
                self.done, left = self.done + max(made), left - max(made)
                if min(made) < asked or self.done >= self.budget or not self.heard():
                    return self.offer_each(lanes)
            if level % 4 == 0:  # whether or not anybody listens: what is kept must not hang on that
                self.offer_each(lanes)
        return self.offer_each(lanes)

    def starts(self, cooling: Cooling) -> list[list[Seats]]:
        """Where each lane of a cooling starts."""
        found = []
        for _ in range(LANES if cooling.steps > LONG else 1):
            match cooling.start:
                case "best":
                    found.append(self.seats)
                case "design" if self.design:
                    found.append(self.design)
                    self.design = by_design(self.places, self.draw)  # laid out anew for the next time
                case _:
                    found.append(self.places.by_chance(self.draw))
        return found

    def go_on(self, lanes: Sequence[Lane], steps: int, heat: float) -> list[int]:
        """So many steps more in each lane; how many were made. The compiled search lets go of the interpreter."""
        if len(lanes) == 1:
            return [lanes[0].go_on(steps, heat)]
        return list(self.side_by_side.map(lambda lane: lane.go_on(steps, heat), lanes))

    def offer_each(self, lanes: Sequence[Lane]) -> None:
        for lane in lanes:
            self.offer(lane.cheapest())

    def price_of_a_quad(self, cooling: Cooling) -> int:
        """What an uneven seat in a quad costs next; where even quads come first, more each time until they are."""
        if not self.places.problem.even_quads:
            return cooling.share
        if self.merit.quads > self.least.quads:
            self.first = min(2 * self.first, DEAREST)
        return self.first

    def heard(self) -> bool:
        if self.progress and not self.progress(self.done, self.merit.repeats):
            self.stopped = True
        return not self.stopped

    def polish(self) -> None:
        """Differing experience and wishes, as far as they cost nothing that comes before them.

        A course in which most pairs meet once has nothing to give: whoever changes seats meets somebody again.
        """
        places = self.places
        known = {experience for experience in places.experience if experience is not None}
        full = self.done == 0 and places.total > places.people * (places.people - 1) // 4
        if full or (len(known) < 2 and not self.merit.wishes) or all(len(sizes) < 2 for sizes in places.sizes):
            return
        from threefold.matching.course.annealing import Annealing  # noqa: PLC0415 - numba is slow to import; designs do without

        dear = 1_000  # so that no heat of this cooling trades anything for a taste
        state = Annealing(places, self.seats, (dear, dear), (dear, dear), dice=self.last_draw.getrandbits(64), taste=2)
        steps = min(40 * places.total, 40_000)
        for level in range(LEVELS):
            state.go_on(steps, 6 * 0.1 ** (level / (LEVELS - 1)))
        self.offer(state.cheapest())


def coolings(places: int, *, designed: bool) -> Iterator[Cooling]:
    """What is tried, one after another: the first few are short, so that a small effort has something to show.

    Long coolings from chance find the fewest repeats where no design has them, in a narrow range of heat around
    the one at which a plan freezes (measured over 8 to 45 people); one long cooling finds more than many short
    ones. Each is followed by one that starts from the best and makes uneven seats dear: its result stands where
    fairness costs no repeat.
    """
    unit = min(places, 1000)
    fair = Cooling("best", 0.16, 0.08, 3_000 * unit, FAIR)
    from_design = Cooling("design", 0.2, 0.1, 8_000 * unit)
    if designed:
        yield from (from_design, fair)
    yield Cooling("chance", 0.24, 0.12, 12_000 * unit)
    yield fair
    if designed:
        yield from (Cooling("design", 0.2, 0.1, 40_000 * unit), fair)
    long = _long(places)
    for turn in count():
        yield long._replace(steps=long.steps << turn // 8, further=FEW if turn % 2 else EVEN)
        if designed:
            yield from_design
        yield fair


def fairer(places: int) -> Iterator[Cooling]:
    """What is tried where repeats are as few as can be, but somebody meets a third time or seats are uneven."""
    steps = min(10_000 * places, 10_000_000)
    while True:
        yield Cooling("best", 0.16, 0.08, steps, FAIR)
        yield Cooling("chance", 0.24, 0.08, steps, FIRST)
        yield _long(places)._replace(steps=steps)
        yield Cooling("chance", 0.24, 0.08, steps, FAIR)


def _long(places: int) -> Cooling:
    """The cooling that finds most, for a course of so many places (measured over 40 to 800)."""
    if places <= 450:
        steps = min(max(800 * places * places, 500_000), 40_000_000)
        return Cooling("chance", 0.3, 0.12, steps) if places <= 150 else Cooling("chance", 0.2, 0.14, steps, SLIGHT)
    return Cooling("chance", 0.19, 0.14, 80_000_000, SLIGHT)
