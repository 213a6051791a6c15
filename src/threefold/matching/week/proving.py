"""What no week can beat: how many can be placed, how few repeats and fours there must be, and the proof of it."""

from collections.abc import Callable, Sequence
from itertools import islice
from math import floor
from typing import Any

from threefold.matching.week.mending import best_groups
from threefold.matching.week.packing import SLACK, Demand, Packing
from threefold.matching.week.possible import ODD, Candidate, Merit, Week

MOST_CANDIDATES = 150_000
"""Above so many groups that could be, nothing is computed: a week of so much choice meets the plain limits."""
FEW_CANDIDATES = 600
FEW_NODES = 30_000
"""A week of so few possible groups is mostly gone through as a whole, in less time than it takes to load a solver."""

SOON_BRANCHED = 1_500
MOST_BRANCHED = 12_000
"""Among so few groups that could still be in a better week, branch and bound takes no time. Above so many, it
would take minutes."""


class Proof:
    """The limits of one week, tightened bit by bit as a better week is known.

    Each limit counts among the weeks that are as good in everything that comes before it, as `Merit` orders things.
    At first they are what needs no search: everybody whom any group could take is placed, nothing repeats, and
    there are as many fours as division leaves over.
    """

    def __init__(self, week: Week) -> None:
        self.week = week
        self._placeable = sum(week.capable)
        while self._placeable and not _divides(week.sizes, self._placeable):
            self._placeable -= 1
        self._bonds = (
            sum(sum(week.capable[other] for other in beside) for p, beside in enumerate(week.bound) if week.capable[p])
            // 2
        )
        # Of each part of a merit: the earlier parts it was computed for, and what it is at most after those.
        self._tightened: dict[int, tuple[Merit, int]] = {}
        self._relaxed: dict[int, tuple[Merit, float, Any]] = {}
        self._candidates: list[Candidate] | None = None
        self._shares: list[list[int]] = []
        self._packing: Packing | None = None

    def limits(self, merit: Merit) -> Merit:
        """The most that each part of a merit could be, were the parts before it as they are here."""
        plain = (self._bonds, self._placeable, 0, -_least_odd(self.week.sizes, merit.placed))
        return Merit(*(min(limit, self._tight(merit, part, limit)) for part, limit in enumerate(plain)))

    def proven(self, merit: Merit) -> int:
        """How many parts of this merit, the most important first, are known to be as good as can be."""
        limits = self.limits(merit)
        return next((part for part, limit in enumerate(limits) if merit[part] < limit), len(merit))

    def gone_through(self, now: Sequence[Candidate]) -> list[Candidate] | None:
        """The best week of all, where there are so few groups to choose from that all choices can be gone through.

        None where there are too many. What comes back is proven in every part.
        """
        week = self.week
        groups = list(islice(week.candidates(range(week.count), week.limits), FEW_CANDIDATES + 1))
        if len(groups) > FEW_CANDIDATES:
            return None
        choice = best_groups(week, groups, week.limits, now, FEW_NODES)
        if choice is None or not choice.best:
            return None
        merit = Merit.of(week, choice.groups)
        for part, limit in enumerate(merit):
            self._tighten(merit, part, limit)
        return choice.groups

    def relax(self, merit: Merit) -> bool:
        """Tighten the limit of the first part not proven, by linear programming; whether that proves it."""
        part = self.proven(merit)
        if part == len(merit) or not self._gathered():
            return False
        most, _ = self._relaxation(merit, part)
        self._tighten(merit, part, floor(most + SLACK))
        return self.proven(merit) > part

    def beaten(self, merit: Merit, nodes: int, go_on: Callable[[], bool]) -> list[Candidate] | None:
        """A better week if there is one, by branch and bound; where there certainly is none, the limit says so."""
        part = self.proven(merit)
        packing = self._gathered()
        if part == len(merit) or packing is None or self._candidates is None:
            return None
        better = merit[part] + 1
        useful = self._useful(merit, part)
        if useful.sum() > MOST_BRANCHED:
            return None
        found = packing.chosen(
            self._shares[part],
            [*self._demands(merit, part), Demand(self._shares[part], better)],
            useful,
            nodes=nodes,
            go_on=go_on,
        )
        if found.chosen is None:
            if found.certain:
                self._tighten(merit, part, merit[part])
            return None
        return [self._candidates[column] for column in found.chosen]

    def soon_settled(self, merit: Merit) -> bool:
        """Whether so few groups could still be in a better week that it is soon found, or proven not to be."""
        part = self.proven(merit)
        return part < len(merit) and self._gathered() is not None and self._useful(merit, part).sum() <= SOON_BRANCHED

    def _useful(self, merit: Merit, part: int) -> Any:
        """Which groups could be in a week that is better in this part; with any other, it falls short."""
        most, lost = self._relaxation(merit, part)
        return lost <= most - (merit[part] + 1) + SLACK

    def size(self) -> int:
        """How many groups there could be, as far as they have been gathered."""
        return len(self._candidates or ())

    def _tight(self, merit: Merit, part: int, otherwise: int) -> int:
        given, limit = self._tightened.get(part, (None, 0))
        return limit if given is not None and given[:part] == merit[:part] else otherwise

    def _tighten(self, merit: Merit, part: int, limit: int) -> None:
        if part == ODD and len(self.week.sizes) == 2:  # with one other size, their number is settled modulo three
            limit -= (limit + _least_odd(self.week.sizes, merit.placed)) % 3
        self._tightened[part] = merit, min(limit, self._tight(merit, part, limit))

    def _relaxation(self, merit: Merit, part: int) -> tuple[float, Any]:
        known = self._relaxed.get(part)
        if known is not None and known[0][:part] == merit[:part]:
            return known[1:]
        packing = self._gathered()
        if packing is None:
            raise ValueError("nothing was gathered to relax")
        relaxed = packing.relaxed(self._shares[part], self._demands(merit, part))
        self._relaxed[part] = merit, relaxed.most, relaxed.lost
        return relaxed.most, relaxed.lost

    def _demands(self, merit: Merit, part: int) -> list[Demand]:
        return [Demand(self._shares[earlier], merit[earlier]) for earlier in range(part) if any(self._shares[earlier])]

    def _gathered(self) -> Packing | None:
        """Every group that could be, as columns; None where they are too many or none. Gathered once."""
        if self._candidates is None:
            week = self.week
            self._candidates = list(islice(week.candidates(range(week.count), week.limits), MOST_CANDIDATES + 1))
            if 0 < len(self._candidates) <= MOST_CANDIDATES:
                parts = [week.merit(group) for group in self._candidates]
                self._shares = [[merit[part] for merit in parts] for part in range(len(Merit._fields))]
                needs = [
                    (*group.members, *(week.count + limit for limit in week.taken(group))) for group in self._candidates
                ]
                self._packing = Packing(needs, [1] * week.count + week.limits)
        return self._packing


def _divides(sizes: Sequence[int], people: int) -> bool:
    """Whether so many people can be divided into groups of these sizes: triads, and two others at most."""
    return any(people >= some and (people - some) % 3 == 0 for size in (0, *sizes) for some in (size, 2 * size))


def _least_odd(sizes: Sequence[int], people: int) -> int:
    """The fewest groups that are not triads among so many people (who can be divided into such groups).

    Counted modulo three: a four brings one more than a triad, a pair one less.
    """
    over = people % 3
    return min((abs(odd) for odd in (over, over - 3) if odd == 0 or (3 + odd // abs(odd)) in sizes), default=0)
