"""Who has more places beside them than people to fill them with, and how many repeats that alone forces."""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import combinations
from math import ceil

from threefold.core.grouping import Pair, Person
from threefold.matching.bounds.spread import free_sizes
from threefold.matching.problem import CourseProblem

SEATED_ONE_BY_ONE = 60
"""Beyond so many people, partners are only counted, not seated session by session: it would never matter."""


def attendance(problem: CourseProblem) -> dict[Person, int]:
    """For each person the sessions to be planned they are at, as the bits of a number."""
    return {
        person: sum(1 << number for number in problem.open_sessions() if person in problem.present[number])
        for person in problem.people
    }


def by_person(
    problem: CourseProblem, after: Mapping[Pair, int], to_be: Mapping[int, set[Pair]], masks: Mapping[Person, int]
) -> tuple[int, tuple[tuple[Person, int, int], ...]]:
    """The least repeats beyond certain ones from counting the places beside each person, and whose are too many."""
    places: dict[Person, dict[int, int]] = {person: {} for person in problem.people}  # at least, session by session
    elastic: Counter[Person] = Counter()  # and so many more, if they always sit in the larger groups
    spare = 0  # places that somebody has, beyond everybody's least
    for number, sizes in free_sizes(problem).items():
        if not sizes:
            continue
        pinned = {person for group in problem.pinned.get(number, ()) for person in group.members}
        low, high = min(sizes) - 1, max(sizes) - 1
        spare += sum(size * (size - 1 - low) for size in sizes)
        taken = Counter(person for pair in to_be.get(number, ()) for person in pair)
        for person in problem.present[number] - pinned:
            places[person][number] = max(0, low - taken[person])
            elastic[person] += high - low
            spare -= max(0, taken[person] - low)
    whenever = Counter(person for pair in to_be.get(-1, ()) for person in pair)
    fresh = _not_yet_met(problem, after, masks)
    excess: dict[Person, int] = {}
    absorbed = 0
    stretched = []
    for person in problem.people:
        wanted = sum(places[person].values())
        found = min(wanted, len(fresh[person]))
        if len(problem.people) <= SEATED_ONE_BY_ONE:
            found = _different_partners(problem, places[person], fresh[person])
        beyond = max(0, wanted - found - whenever[person])
        if beyond:
            excess[person] = beyond
        if wanted > len(fresh[person]):
            stretched.append((person, wanted, len(fresh[person])))
        absorbed += min(max(0, len(fresh[person]) - found), elastic[person]) + whenever[person]
    # One repeat can serve two people's excess, but only two who may sit together.
    shared = sum(
        min(
            own,
            sum(
                more
                for q, more in excess.items()
                if q != p and masks[p] & masks[q] and frozenset((p, q)) not in problem.apart
            ),
        )
        for p, own in excess.items()
    )
    total = sum(excess.values())
    least = max(ceil((total + max(0, spare - absorbed)) / 2), total - shared // 2)
    return least, tuple(stretched)


def _not_yet_met(
    problem: CourseProblem, after: Mapping[Pair, int], masks: Mapping[Person, int]
) -> dict[Person, list[Person]]:
    """Whom each person could meet for the first time."""
    fresh: dict[Person, list[Person]] = {person: [] for person in problem.people}
    for one, other in combinations(problem.people, 2):
        if masks[one] & masks[other]:
            pair = frozenset((one, other))
            if not after.get(pair) and pair not in problem.apart:
                fresh[one].append(other)
                fresh[other].append(one)
    return fresh


def _different_partners(problem: CourseProblem, places: Mapping[int, int], fresh: Sequence[Person]) -> int:
    """How many of somebody's places can have a different new partner each, were all others at their service."""
    sits_in: dict[Person, int] = {}
    left = dict(places)

    def seat(person: Person, tried: set[int]) -> bool:
        for number in places:
            if number in tried or person not in problem.present[number] or not places[number]:
                continue
            tried.add(number)
            if left[number]:
                left[number] -= 1
                sits_in[person] = number
                return True
            for other in [p for p, where in sits_in.items() if where == number]:
                if seat(other, tried):
                    sits_in[person] = number
                    return True
        return False

    wanted = sum(places.values())
    for person in fresh:
        if len(sits_in) == wanted:
            break
        seat(person, set())
    return len(sits_in)
