"""Everybody seated as well as an effort allows: where the search starts, what it pays for, which result stands."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import comb
from random import Random

from threefold.core.grouping import Person
from threefold.matching.bounds import chances, filled, forced_by_pigeonhole, met_before
from threefold.matching.clash import seating
from threefold.matching.designs import without_repeats
from threefold.matching.problem import CourseProblem
from threefold.matching.search import CYCLES, HOT, WARM, Layout, Ledger, Seats, search

Seated = dict[int, list[list[Person]]]
"""The groups of each session to be planned, nobody's turn decided yet."""

Progress = Callable[[int, int], bool]
"""Told the moves made and the fewest repeats so far; False means "stop and use this one"."""


@dataclass(frozen=True)
class _Pass:
    """One run of the search: its part of the moves, what a meeting and a share cost in it, how warm it starts."""

    part: float
    meeting: int = 2
    share: int = 1
    hot: float = WARM
    cycles: int = 1


_FROM_DESIGN = _Pass(0.2)
_FROM_CHANCE = _Pass(0.6, hot=HOT, cycles=CYCLES)
_FAIRER = (_Pass(0.1, share=8), _Pass(0.1, meeting=12, hot=3 * WARM))


def seated(problem: CourseProblem, moves: int, draw: Random, progress: Progress | None) -> Seated:
    """The groups of every session to be planned, no rule broken (there must be a way: see `clash`).

    First from a known design, where there is one, then from chance. Where quads or pairs are still shared
    unevenly, the last moves go there, once at a high price on that and once at a high price on meetings; what
    they find stands if it costs no repeat.
    """
    best = _Best(problem, _by_chance(problem, draw), progress)
    by_chance = best.seats

    def run(start: Sequence[Seats], how: _Pass) -> None:
        ledger = _so_far(problem, how.meeting, how.share)
        least = how.meeting * best.least_meetings + how.share * best.least_uneven
        best.begin()
        best.offer(
            search(
                start,
                best.layouts,
                ledger,
                int(how.part * moves),
                draw,
                least=least,
                heard=best.hear,
                hot=how.hot,
                cycles=how.cycles,
            )
        )

    if by_design := _by_design(problem, by_chance, draw):
        best.offer(by_design)
        run(by_design, _FROM_DESIGN)
    if not best.perfect() and not best.stopped:
        run(by_chance, _FROM_CHANCE)
    for how in _FAIRER:
        if best.unevenness() > best.least_uneven and not best.stopped:
            run(best.seats, how)
    return {
        session: [[problem.people[place] for place in group] for group in layout.groups(places)]
        for session, layout, places in zip(problem.shapes(), best.layouts, best.seats, strict=True)
    }


class _Best:
    """The best seats so far, across all passes; tells whoever listens, and remembers being asked to stop."""

    def __init__(self, problem: CourseProblem, seats: list[Seats], progress: Progress | None) -> None:
        self.ledger = _so_far(problem, 1, 1)
        self.layouts = [Layout.of(sizes) for sizes in problem.shapes().values()]
        self.least_meetings, self.least_uneven = _least(problem, self.ledger)
        self.seats, self.merit = seats, self._judged(seats)
        self.progress = progress
        self.stopped = False
        self.done_before = self.done = 0

    def offer(self, seats: list[Seats]) -> None:
        merit = self._judged(seats)
        if merit < self.merit:
            self.seats, self.merit = seats, merit

    def unevenness(self) -> int:
        return self.merit[3]

    def perfect(self) -> bool:
        """Whether nothing better can exist."""
        return self.merit[-1] <= self.least_meetings + self.least_uneven

    def begin(self) -> None:
        self.done_before = self.done

    def hear(self, done: int, seats: Sequence[Seats]) -> bool:
        self.done = self.done_before + done
        if self.progress and not self.stopped:
            self.stopped = not self.progress(self.done, min(self.merit, self._judged(seats))[1])
        return not self.stopped

    def _judged(self, seats: Sequence[Seats]) -> tuple[int, int, int, int, int]:
        return self.ledger.copy().seat(seats, self.layouts).merit()


def _by_chance(problem: CourseProblem, draw: Random) -> list[Seats]:
    """Any seating that keeps every rule, for every session to be planned."""
    number = {person: place for place, person in enumerate(problem.people)}
    start = []
    for session, sizes in problem.shapes().items():
        here = problem.here(session)
        groups = seating(here, sizes, problem.apart, draw) or seating(here, sizes, problem.apart) or []
        start.append([number[person] for group in groups for person in group])
    return start


def _by_design(problem: CourseProblem, by_chance: Sequence[Seats], draw: Random) -> list[Seats] | None:
    """The same, but as many sessions as it has from a course known to have no repeats, drawn at random.

    It goes to the largest number of sessions with the same people. It knows nothing of who is kept apart: the
    search sees to that, or its result is not used. None where no design fits.
    """
    alike = Counter(problem.present[session] for session in problem.shapes())
    if not alike:
        return None
    present = max(alike, key=lambda some: (alike[some], len(some)))
    design = list(without_repeats(len(present), problem.remainder))
    if not design:
        return None
    draw.shuffle(design)
    names = [place for place, person in enumerate(problem.people) if person in present]
    draw.shuffle(names)
    waiting = iter(design)
    return [
        [names[person] for group in groups for person in group] if groups else seats
        for session, seats in zip(problem.shapes(), by_chance, strict=True)
        for groups in (next(waiting, None) if problem.present[session] == present else None,)
    ]


def _so_far(problem: CourseProblem, meeting: int, share: int) -> Ledger:
    """What is settled before the search begins: past meetings, frozen sessions and who is kept apart."""
    number = {person: place for place, person in enumerate(problem.people)}
    ledger = Ledger(len(number), meeting, share)
    for pair, times in met_before(problem).items():
        if pair <= number.keys():
            one, other = pair
            ledger.meet(number[one], number[other], times)
    for groups in problem.frozen.values():
        for group in groups:
            for person in number.keys() & group.members:
                ledger.sit(number[person], len(group.members))
    for one, other in problem.apart:
        ledger.keep_apart(number[one], number[other])
    return ledger


def _least(problem: CourseProblem, ledger: Ledger) -> tuple[int, int]:
    """What no seating can undercut: ways to pick two meetings of a pair, and two odd seats of a person.

    Both as if meetings and seats could be dealt out one by one, always to whoever has had fewest.
    """
    before, possible, shapes = met_before(problem), chances(problem), problem.shapes()
    to_come = sum(comb(size, 2) for sizes in shapes.values() for size in sizes)
    had = [before[pair] for pair in possible]
    more = _twos(filled(had, list(possible.values()), to_come)) - _twos(had)
    known = frozenset(problem.people)
    settled = _twos(count for pair, count in before.items() if pair <= known)
    uneven = 0
    for size in (2, 4):
        theirs = {session: sizes.count(size) for session, sizes in shapes.items() if size in sizes}
        room = [sum(person in problem.present[session] for session in theirs) for person in problem.people]
        uneven += _twos(filled(ledger.shares[size], room, size * sum(theirs.values())))
    return settled + max(more, forced_by_pigeonhole(problem)), uneven


def _twos(counts: Iterable[int]) -> int:
    """In how many ways two can be picked, each time among as many as a count says."""
    return sum(comb(count, 2) for count in counts)
