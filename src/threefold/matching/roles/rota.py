"""In what order a group's members take the counsellor's place where everybody has a round of their own.

Everybody is counsellor once and client once, so what is left to choose is who has whom as client, and who comes
first. People who meet again should meet the other way round (a session covers three of the six ways a triad can
pair counsellor and client, PRACTICE §1.3); first and last rounds go round, since the first has most nerves and the
last is squeezed when time runs over, so whoever has counselled less than they should is seldom last. Whoever rests
is nobody's client: their round falls to a member who has agreed to it, else to nobody, and then it is the round of
whoever has counselled most.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import permutations
from math import comb, exp
from random import Random

from threefold.core.grouping import Group, Person
from threefold.core.roles import Role
from threefold.matching.bounds.spread import ORDER, minutes_before, settled_groups
from threefold.matching.problem import CourseProblem

SWEEPS = 1000
STEPS = 400_000
HOT, COLD = 1.0, 0.12


def rota(problem: CourseProblem, groups: Sequence[tuple[int, Sequence[Person]]], draw: Random) -> list[Group]:
    """Each (session, group) with its members in order, who rests and who is client twice; in time order."""
    settled = settled_groups(problem)
    resting = _where_somebody_rests(problem, groups)
    circles = [
        [resting[k]] if k in resting else list(_circles(problem, session, members))
        for k, (session, members) in enumerate(groups)
    ]
    return _begun_in_turn(problem, _other_way_round(problem, circles, settled, draw), settled, draw)


def _circles(
    problem: CourseProblem, session: int, members: Sequence[Person], twice: Person | None = None
) -> Iterator[Group]:
    """Every way round for a group, whoever begins."""
    rests = frozenset(person for person in members if (person, session) in problem.rests)
    for rest in permutations(members[1:]):
        order = (members[0], *rest)
        yield Group(order, tutor=len(order) == 2, turning=problem.turning, rests=rests, twice=twice)


def _where_somebody_rests(problem: CourseProblem, groups: Sequence[tuple[int, Sequence[Person]]]) -> dict[int, Group]:
    """The way round, and who is client twice, for each group in which somebody rests.

    In time order, each time: as many rounds as can be held; then minutes in the three roles as even as can be,
    for everybody in the group and all they have held so far; then no direction again.
    """
    if not problem.rests:
        return {}
    held = {person: list(minutes) for person, minutes in minutes_before(problem).items()}
    directions = dict(problem.counselled)
    found = {}
    for k, (session, members) in enumerate(groups):
        if any((person, session) in problem.rests for person in members):
            willing = [p for p in members if p in problem.willing and (p, session) not in problem.rests]
            options = [
                group
                for twice in (None, *willing)
                for group in _circles(problem, session, members, twice)
                if twice is None or _times_client(group, twice) == 2
            ]
            found[k] = min(options, key=lambda group: _unrest(problem, group, held, directions))
            made = found[k]
        else:
            made = next(_circles(problem, session, members))
        for roles in made.rounds():
            for person, role in roles.items():
                held[person][ORDER.index(role)] += problem.round_minutes
        if k in found:
            for both in made.counselled():
                directions[both] = directions.get(both, 0) + 1
    return found


def _times_client(group: Group, person: Person) -> int:
    return sum(roles[person] is Role.CLIENT for roles in group.rounds())


def _unrest(
    problem: CourseProblem,
    group: Group,
    held: Mapping[Person, Sequence[int]],
    directions: Mapping[tuple[Person, Person], int],
) -> tuple[int, int, int]:
    """Rounds not held, unevenness of the members' minutes, directions again: the less the better."""
    rounds = group.rounds()
    after = {person: list(held[person]) for person in group.members}
    for roles in rounds:
        for person, role in roles.items():
            after[person][ORDER.index(role)] += problem.round_minutes
    uneven = sum((one - other) ** 2 for some in after.values() for one in some for other in some)
    return (-len(rounds), uneven, sum(directions.get(both, 0) for both in group.counselled()))


def _other_way_round(
    problem: CourseProblem, circles: Sequence[Sequence[Group]], settled: Sequence[Group], draw: Random
) -> list[Group]:
    """One way round for each group, so that nobody counsels the same person again before it must be."""
    number = {person: place for place, person in enumerate(problem.people)}
    n = len(number)
    cells: dict[int, int] = {}

    def cell(both: tuple[Person, Person]) -> int:
        key = number[both[0]] * n + number[both[1]]
        return cells.setdefault(key, len(cells))

    marks = [[[cell(both) for both in group.counselled()] for group in options] for options in circles]
    start = [0] * len(cells)
    for both, times in [*problem.counselled.items(), *((b, 1) for group in settled for b in group.counselled())]:
        if both[0] in number and both[1] in number and (key := number[both[0]] * n + number[both[1]]) in cells:
            start[cells[key]] += times
    chosen = _evenly(marks, start, draw)
    return [options[k] for options, k in zip(circles, chosen, strict=True)]


def _begun_in_turn(
    problem: CourseProblem, circles: Sequence[Group], settled: Sequence[Group], draw: Random
) -> list[Group]:
    """The same circles, each begun by somebody else in turn and ended likewise."""
    number = {person: place for place, person in enumerate(problem.people)}
    start = [0] * (2 * len(number))
    for group in settled:
        for person, last in ((group.members[0], 0), (group.members[-1], 1)):
            if person in number:
                start[2 * number[person] + last] += 1
    for person, minutes in minutes_before(problem).items():  # whoever owes counselling leads, and is seldom last
        start[2 * number[person] + 1] += (max(minutes) - minutes[0]) // problem.round_minutes
    orders = [[_from(group, k) for k in range(len(group.members))] for group in circles]
    marks = [
        [[2 * number[group.members[0]], 2 * number[group.members[-1]] + 1] for group in options] for options in orders
    ]
    return [options[k] for options, k in zip(orders, _evenly(marks, start, draw), strict=True)]


def _from(group: Group, first: int) -> Group:
    members = group.members[first:] + group.members[:first]
    return Group(members, group.tutor, group.turning, group.rests, group.twice)


def _evenly(options: Sequence[Sequence[Sequence[int]]], start: Sequence[int], draw: Random) -> list[int]:
    """One option for each group, so that no cell they mark is marked much more often than another.

    Minimises the number of ways to pick two marks in one cell, by annealing; the best seen is returned.
    """
    held = list(start)
    marks = held.__getitem__
    chance = draw.random
    chosen = [int(chance() * len(some)) for some in options]
    settled = price = sum(comb(count, 2) for count in held)
    for some, option in zip(options, chosen, strict=True):
        for cell in some[option]:
            price += held[cell]
            held[cell] += 1
    best, kept = price, list(chosen)
    free = [(group, some, len(some) - 1) for group, some in enumerate(options) if len(some) > 1]
    sweeps = min(SWEEPS, STEPS // max(1, len(free)))
    for sweep in range(sweeps):
        if best <= settled:
            break
        heat = HOT * (COLD / HOT) ** (sweep / max(1, sweeps - 1))
        accept = [exp(-rise / heat) for rise in range(9)]
        for group, some, others in free:
            now = chosen[group]
            other = (now + 1 + int(chance() * others)) % (others + 1)
            for cell in some[now]:
                held[cell] -= 1
            rise = sum(map(marks, some[other])) - sum(map(marks, some[now]))
            if rise <= 0 or (rise < 9 and chance() < accept[rise]):
                chosen[group] = now = other
                price += rise
                if price < best:
                    best, kept = price, list(chosen)
            for cell in some[now]:
                held[cell] += 1
    return kept
