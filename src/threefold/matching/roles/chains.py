"""Directions turned by chains of two roles, so that every three keeps one of each role."""

from math import exp
from random import Random

from threefold.matching.roles.standing import Standing

HEAT = 10.0
"""A direction again costs a little less (see `standing`): a turn that brings one or two more is often tried."""


class Chains:
    """A course of triads in which nobody has a role twice in a three; turning a chain over keeps it so.

    A chain goes from group to group through the people who hold one of two roles in a group and the other in the
    same three; all its groups exchange the two roles at once (Kempe chains).
    """

    def __init__(self, standing: Standing) -> None:
        self.standing = standing
        self.at_three = [[-1] * 3 for _ in standing.table.threes]
        for seat, role in enumerate(standing.roles):
            self.at_three[standing.table.three_of[seat]][role] = seat

    def fewer_directions(self, draw: Random, steps: int) -> None:
        """Fewer people counselled twice, and fewer clashes with a three begun before, as far as chance finds them.

        At most so many steps (exchanges, mostly), each beginning at a group in trouble; the best seen stays. What
        it reaches is not proven least.
        """
        standing, work = self.standing, 0
        best, kept = standing.merit(), list(standing.roles)
        while any(best) and work < min(1200 * len(standing.table.sizes), steps):
            troubled = standing.troubled()
            if not troubled:
                break
            group = troubled[int(draw.random() * len(troubled))]
            one = int(draw.random() * 3)
            other = (one + 1 + int(draw.random() * 2)) % 3
            groups = self._chain(group, one, other)
            work += len(groups) + 5
            before = standing.price()
            self._turn_over(groups, one, other)
            rise = standing.price() - before
            if rise > 0 and draw.random() >= exp(-rise / HEAT):
                self._turn_over(groups, one, other)
            elif (merit := standing.merit()) < best:
                best, kept = merit, list(standing.roles)
        standing.take(kept)

    def _chain(self, start: int, one: int, other: int) -> list[int]:
        table, standing = self.standing.table, self.standing
        groups = [start]
        for leaving, arriving in ((one, other), (other, one)):
            group = start
            while (seat := self.at_three[table.three_of[standing.seat_of(group, leaving)]][arriving]) >= 0:
                group = table.group_of[seat]
                if group == start:
                    return groups
                groups.append(group)
        return groups

    def _turn_over(self, groups: list[int], one: int, other: int) -> None:
        standing, three_of = self.standing, self.standing.table.three_of
        turned = []
        for group in groups:
            first, second = standing.seat_of(group, one), standing.seat_of(group, other)
            standing.exchange(first, second)
            turned += [first, second]
        for seat in turned:
            three = self.at_three[three_of[seat]]
            for role in (one, other):
                if three[role] == seat:
                    three[role] = -1
        for seat in turned:
            self.at_three[three_of[seat]][standing.roles[seat]] = seat
