"""Choosing so many members of every group that nobody is chosen too seldom or too often, if that can be done."""

from collections import deque
from collections.abc import Sequence


def chosen_fairly(
    groups: Sequence[Sequence[int]], takes: Sequence[int], least: Sequence[int], most: Sequence[int]
) -> list[set[int]] | None:
    """Who is chosen in each group: `takes[g]` of its members, everybody p between `least[p]` and `most[p]` times.

    None when, and only when, there is no such choice: a degree-constrained subgraph of the bipartite graph of
    groups and people, found by augmenting paths (Ford and Fulkerson 1956). People are numbers from 0.
    """
    if any(take > len(group) for take, group in zip(takes, groups, strict=True)):
        return None
    choice = _Choice(groups, takes, least, most)
    # First nobody too often, then nobody too seldom: a chain of the second kind makes nobody chosen too often.
    enough = all(choice.brought_down(person) for person in range(len(most)))
    return choice.chosen if enough and all(choice.brought_up(person) for person in range(len(least))) else None


class _Choice:
    """A first choice, group by group, of whoever has been chosen least; then mended along chains of people."""

    def __init__(
        self, groups: Sequence[Sequence[int]], takes: Sequence[int], least: Sequence[int], most: Sequence[int]
    ) -> None:
        self.groups, self.least, self.most = groups, least, most
        self.times = times = [0] * len(most)
        self.sits_in: list[list[int]] = [[] for _ in most]
        self.chosen: list[set[int]] = []
        for number, (group, take) in enumerate(zip(groups, takes, strict=True)):
            for person in group:
                self.sits_in[person].append(number)
            need = sorted(group, key=lambda person: (times[person] >= most[person], times[person] - least[person]))
            self.chosen.append(set(need[:take]))
            for person in need[:take]:
                times[person] += 1

    def brought_down(self, person: int) -> bool:
        """Chosen no more often than they may be, others taking their place; False where that cannot be."""
        while self.times[person] > self.most[person]:
            if not self._hand_over(person, gives=True):
                return False
        return True

    def brought_up(self, person: int) -> bool:
        """Chosen as often as they must be, in the place of others; False where that cannot be."""
        while self.times[person] < self.least[person]:
            if not self._hand_over(person, gives=False):
                return False
        return True

    def _hand_over(self, start: int, *, gives: bool) -> bool:
        """One chain of people each taking the place of the next, so that `start` is chosen once less (or more)."""
        came: dict[int, tuple[int, int]] = {start: (start, -1)}
        waiting = deque([start])
        while waiting:
            person = waiting.popleft()
            for number in self.sits_in[person]:
                chosen = self.chosen[number]
                if (person in chosen) is not gives:
                    continue
                for other in self.groups[number]:
                    if other in came or (other in chosen) is gives:
                        continue
                    came[other] = (person, number)
                    if self.times[other] < self.most[other] if gives else self.times[other] > self.least[other]:
                        self._shift(came, other, start)
                        self.times[other] += 1 if gives else -1
                        self.times[start] -= 1 if gives else -1
                        return True
                    waiting.append(other)
        return False

    def _shift(self, came: dict[int, tuple[int, int]], end: int, start: int) -> None:
        while end != start:
            before, number = came[end]
            self.chosen[number] ^= {before, end}
            end = before
