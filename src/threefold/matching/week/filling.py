"""A first week by a simple rule: whoever has offered least chooses first, and sits with others who offered little."""

from collections.abc import Sequence
from itertools import combinations
from random import Random

from threefold.matching.week.possible import ANYWHEN, Candidate, Members, Week

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
            if placed[person] or (group := _joined(week, person, waiting, placed, room, rank, met)) is None:
                continue
            groups.append(group)
            for one in group.members:
                placed[one] = True
            for limit in week.taken(group):
                room[limit] -= 1
    return groups


def _joined(
    week: Week,
    person: int,
    waiting: Sequence[list[int]],
    placed: Sequence[bool],
    room: Sequence[int],
    rank: Sequence[int],
    met: int,
) -> Candidate | None:
    """The triad for this person that repeats least (`met` at most), suits best and takes whoever offered least."""
    best: tuple[int, int, int, Members, int] | None = None
    for slot in week.offers[person]:
        if any(room[limit] < 1 for limit in week.takes[slot]):
            continue
        partners = sorted(other for other in week.bound[person] if week.free[other] >> slot & 1 and not placed[other])
        for one, other in combinations((*partners, *_first(waiting[slot], placed, person)), 2):
            members = (person, one, other)
            if one != other and week.allowed(members) and (repeats := week.repeats(members)) <= met:
                merit = (repeats, week.likes_less(members, slot), rank[one] + rank[other], members, slot)
                best = merit if best is None else min(best, merit)
                break
    if best is None:
        return None
    repeats, _, _, triad, slot = best
    return Candidate(tuple(sorted(triad)), ANYWHEN if week.together_at(triad) & week.unlimited else slot, repeats)


def _first(waiting: list[int], placed: Sequence[bool], person: int) -> list[int]:
    """The first few who still wait for a place at this slot; those who have one are struck off on the way."""
    found: list[int] = []
    looked = 0
    for other in waiting:
        if not placed[other] and other != person:
            found.append(other)
            if len(found) == LOOKED_AT:
                break
        looked += 1
    if looked > 3 * LOOKED_AT:
        waiting[:looked] = [other for other in waiting[:looked] if not placed[other]]
    return found
