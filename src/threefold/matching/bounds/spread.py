"""How evenly the roles can fall at best: for each person, and for a whole course whatever its groups.

A person's spread is the difference, in minutes, between the role they have held longest and the one they have
held least, over everything that has really happened and everything planned.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import NamedTuple

from threefold.core.grouping import Group, Person
from threefold.core.roles import Role, Turning
from threefold.matching.problem import CourseProblem, shape

Minutes = tuple[int, int, int]
"""As counsellor, client and observer."""

ORDER = (Role.COUNSELLOR, Role.CLIENT, Role.OBSERVER)


class Split(NamedTuple):
    """How often somebody takes each role in their rounds to come, and how far apart the roles then are."""

    spread: int
    counsels: int
    speaks: int
    observes: int


def minutes_before(problem: CourseProblem) -> dict[Person, Minutes]:
    """What everybody has behind them or settled: `served`, the frozen sessions and the pinned groups."""
    held: dict[Person, list[int]] = {
        person: [problem.served.get(person, {}).get(role, 0) for role in ORDER] for person in problem.people
    }
    for group in settled_groups(problem):
        for roles in group.rounds():
            for person, role in roles.items():
                if person in held:
                    held[person][ORDER.index(role)] += problem.round_minutes
    return {person: (some[0], some[1], some[2]) for person, some in held.items()}


def settled_groups(problem: CourseProblem) -> list[Group]:
    """Every group nobody may touch any more, frozen ones first."""
    return [g for groups in (*problem.frozen.values(), *problem.pinned.values()) for g in groups]


@lru_cache(maxsize=20_000)
def splits(rounds: int, before: Minutes, minutes: int) -> tuple[Split, ...]:
    """Every way of sharing so many rounds of so many minutes among the three roles, given the minutes before."""
    found = []
    for observes in range(rounds + 1):
        for counsels in range(rounds - observes + 1):
            speaks = rounds - observes - counsels
            held = [b + minutes * n for b, n in zip(before, (counsels, speaks, observes), strict=True)]
            found.append(Split(max(held) - min(held), counsels, speaks, observes))
    return tuple(found)


def free_sizes(problem: CourseProblem) -> dict[int, list[int]]:
    """The sizes of the groups still to be made, session by session: pinned ones are not among them."""
    sizes: dict[int, list[int]] = {}
    for number in problem.open_sessions():
        left = list(shape(len(problem.present[number]), problem.remainder))
        for group in problem.pinned.get(number, ()):
            if len(group.members) in left:
                left.remove(len(group.members))
        sizes[number] = left
    return sizes


def rounds_to_come(problem: CourseProblem) -> Counter[Person]:
    """In how many open sessions each person has a place in a group that is not pinned."""
    return Counter(
        person
        for number in problem.open_sessions()
        for pinned in ({p for group in problem.pinned.get(number, ()) for p in group.members},)
        for person in problem.present[number]
        if person not in pinned and len(problem.present[number]) > 1
    )


def least_spread(problem: CourseProblem) -> int:
    """No plan has everybody's spread below this: the least possible largest spread, in minutes.

    By counting alone, so it may lie below what the groups allow. With one round a session every group needs one
    counsellor and one client, and the rest observe; within a spread everybody can hold each role only so often,
    and those limits, added up, must leave room for all of them. With rounds inside a session a quad gives each of
    its four one observation more and a pair one less; those have to go round.
    """
    if _rounds_may_fall_out(problem):
        return 0  # nothing is certain by counting
    if problem.turning is Turning.ONE_ROUND:
        return _with_one_round(problem)
    return _with_rounds_inside(problem)


def _with_one_round(problem: CourseProblem) -> int:
    sizes = [size for some in free_sizes(problem).values() for size in some]
    needed = (len(sizes), len(sizes), sum(size - 2 for size in sizes))
    rounds, before = rounds_to_come(problem), minutes_before(problem)
    resting = Counter(person for person, number in problem.rests if _may_be_client(problem, person, number))
    alike = Counter(
        (rounds[p], _above_the_least(before[p]), rounds[p] - resting[p])
        for p in problem.people
        if rounds[p] or any(before[p])
    )
    tables = [
        ([split for split in splits(some, held, problem.round_minutes) if split.speaks <= most], people)
        for (some, held, most), people in alike.items()
    ]
    alone = max((min(split.spread for split in table) for table, _ in tables), default=0)

    def can_be(spread: int) -> bool:
        least, most = [0, 0, 0], [0, 0, 0]
        for table, people in tables:
            fair = [split for split in table if split.spread <= spread]
            for role in range(3):
                least[role] += people * min(split[role + 1] for split in fair)
                most[role] += people * max(split[role + 1] for split in fair)
        return all(low <= need <= high for low, need, high in zip(least, needed, most, strict=True))

    return first_that(can_be, alone, (split.spread for table, _ in tables for split in table))


def _rounds_may_fall_out(problem: CourseProblem) -> bool:
    """Whether some group could consist of people who rest, or, with rounds inside, has anybody who does."""
    if problem.turning is not Turning.ONE_ROUND:
        return bool(problem.rests)
    resting = Counter(number for person, number in problem.rests if person in problem.present[number])
    return any(sizes and resting[number] >= min(sizes) for number, sizes in free_sizes(problem).items())


def _may_be_client(problem: CourseProblem, person: Person, number: int) -> bool:
    """Whether somebody would be a client to come, did they not rest: present, not pinned, not in a frozen session."""
    pinned = any(person in group.members for group in problem.pinned.get(number, ()))
    return number in problem.open_sessions() and person in problem.present[number] and not pinned


def _with_rounds_inside(problem: CourseProblem) -> int:
    """Net quad seats (quads less pairs) shared so that nobody's roles are further apart than they must be."""
    before, rounds = minutes_before(problem), rounds_to_come(problem)
    fewest: Counter[Person] = Counter()
    most: Counter[Person] = Counter()
    net = 0
    for number, sizes in free_sizes(problem).items():
        net += sum(size * (size - 3) for size in sizes)
        pinned = {p for group in problem.pinned.get(number, ()) for p in group.members}
        for person in problem.present[number] - pinned if sizes else ():
            fewest[person] += min(sizes) - 3
            most[person] += max(sizes) - 3
    spreads = {
        person: {
            extra: max(held) - min(held)
            for extra in range(fewest[person], most[person] + 1)
            for held in ([*before[person][:2], before[person][2] + problem.round_minutes * extra],)
        }
        for person in problem.people
        if rounds[person] or any(before[person])
    }
    alone = max((min(some.values()) for some in spreads.values()), default=0)

    def can_be(spread: int) -> bool:
        fair = [[extra for extra, some in mine.items() if some <= spread] for mine in spreads.values()]
        return sum(map(min, fair)) <= net <= sum(map(max, fair))

    return first_that(can_be, alone, (spread for mine in spreads.values() for spread in mine.values()))


def first_that(can_be: Callable[[int], bool], start: int, candidates: Iterable[int]) -> int:
    """The least candidate from `start` on that can be; `start` where none can (it is a bound all the same)."""
    return next((spread for spread in sorted({start, *candidates}) if spread >= start and can_be(spread)), start)


def least_fours(problem: CourseProblem) -> int:
    """In every plan somebody sits in so many more quads than somebody else; quads settled before count."""
    had = Counter(p for group in settled_groups(problem) if len(group.members) == 4 for p in group.members)
    room: Counter[Person] = Counter(dict.fromkeys(rounds_to_come(problem), 0))
    seats = 0
    for number, sizes in free_sizes(problem).items():
        seats += 4 * sizes.count(4)
        if 4 in sizes:
            room.update(problem.present[number] - {p for g in problem.pinned.get(number, ()) for p in g.members})
    ranges = Counter((had[person], had[person] + some) for person, some in room.items())
    total = seats + sum(low * people for (low, _), people in ranges.items())
    tops = sorted({high for _, high in ranges} | {low for low, _ in ranges})
    most = tops[-1] if tops else 0
    for gap in range(most):
        for floor in range(most - gap + 1):
            fits = [(max(low, floor), min(high, floor + gap), people) for (low, high), people in ranges.items()]
            if all(low <= high for low, high, _ in fits) and (
                sum(low * people for low, _, people in fits) <= total <= sum(high * people for _, high, people in fits)
            ):
                return gap
    return most


def _above_the_least(held: Minutes) -> Minutes:
    least = min(held)
    return (held[0] - least, held[1] - least, held[2] - least)
