"""A first week by a simple rule: whoever has offered least chooses first, and sits with others who offered little."""

from itertools import combinations
from random import Random

from threefold.matching.possible import ANYWHEN, Candidate, Week

LOOKED_AT = 9
"""How many others are looked at in each slot; those with the fewest offers come first."""


def filled_week(week: Week, draw: Random) -> list[Candidate]:
    """Triads for most of the people, hardly any of whom have met before; no rule broken, nothing proven.

    People who belong together come first of all. Takes time in proportion to the number of offers.
    """
    chance = [draw.random() for _ in range(week.count)]
    order = sorted(range(week.count), key=lambda p: (not week.bound[p], len(week.offers[p]), chance[p]))
    rank = [0] * week.count
    for place, person in enumerate(order):
        rank[person] = place
    waiting = [sorted(some, key=rank.__getitem__) for some in week.offerers]
    placed = [not capable for capable in week.capable]
    room = list(week.limits)
    groups = []
    for met in (0, 1, 3):
        for person in order:
            if placed[person]:
                continue
            best: tuple[int, int, int, tuple[int, ...]] | None = None
            for slot in week.offers[person]:
                if any(room[limit] < 1 for limit in week.takes[slot]):
                    continue
                others = _first(waiting[slot], placed, person)
                for pair in combinations(others, 2):
                    members = (person, *pair)
                    if not week.allowed(members) or (repeats := week.repeats(members)) > met:
                        continue
                    merit = (repeats, week.likes_less(members, slot), rank[pair[0]] + rank[pair[1]], members)
                    if best is None or merit < best:
                        best, at = merit, slot
                    break
            if best is None:
                continue
            members = tuple(sorted(best[3]))
            for one in members:
                placed[one] = True
            group = Candidate(members, ANYWHEN if week.together_at(members) & week.unlimited else at, best[0])
            for limit in week.taken(group):
                room[limit] -= 1
            groups.append(group)
    return groups


def _first(waiting: list[int], placed: list[bool], person: int) -> list[int]:
    """The first few who still wait for a place at this slot; those who have one are struck off on the way."""
    found: list[int] = []
    for place, other in enumerate(waiting):
        if not placed[other]:
            if other != person:
                found.append(other)
            if len(found) == LOOKED_AT:
                break
    else:
        place = len(waiting)
    if place > 3 * LOOKED_AT:
        waiting[:place] = [other for other in waiting[:place] if not placed[other]]
    return found
