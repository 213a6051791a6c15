"""Who is counsellor and who is client where a session has time for one round only.

Three aims, each before the next: nobody's roles lie further apart than they must; nobody counsels the same
person twice; and of every three sessions that somebody attends, each role has one. With triads alone the last is
reached always (see `thirds`), and the first with it. Whoever rests from the client's place is never put there.
"""

from collections.abc import Iterator, Sequence
from math import exp
from random import Random

from threefold.core.grouping import Person
from threefold.matching.bounds.spread import Minutes, minutes_before, settled_groups
from threefold.matching.problem import CourseProblem
from threefold.matching.roles.chains import Chains
from threefold.matching.roles.exact import SEATS, roles_within
from threefold.matching.roles.fair import within_least_spread
from threefold.matching.roles.sharing import chosen_fairly
from threefold.matching.roles.standing import CLIENT, COUNSELLOR, OBSERVER, Merit, Roles, Standing, Table
from threefold.matching.roles.thirds import coloured

STEPS = 120_000
"""The most exchanges of roles tried in one go, about a second and a half; `SWEEPS` for each group are enough."""

SWEEPS = 200

COLOURINGS = 8
"""In triads alone, so many ways to colour the threes are tried where somebody is still counselled twice."""

HOT, COLD = 0.5, 0.3


def one_round(
    problem: CourseProblem, groups: Sequence[tuple[int, Sequence[Person]]], draw: Random
) -> list[tuple[Person, ...]]:
    """The members of each (session, group): the counsellor first, the client second, then who observes.

    Groups stand in time order. Everything settled before (`served`, frozen sessions, pinned groups) counts. A
    group in which everybody rests holds no round; its members come back in the order given.
    """
    held = [k for k, (number, members) in enumerate(groups) if any((p, number) not in problem.rests for p in members)]
    table = _laid(problem, [groups[k] for k in held])
    limits, start = within_least_spread(problem, table)
    best = _chosen(table, limits, start, draw)
    orders = [tuple(members) for _, members in groups]
    for k, first in zip(held, table.firsts, strict=True):
        members = orders[k]
        orders[k] = tuple(members[i] for i in sorted(range(len(members)), key=lambda i: best[first + i]))
    return orders


def _chosen(table: Table, limits: Sequence[int], fair: Roles | None, draw: Random) -> Roles:
    """The best of what every beginning leads to; more of them where somebody is still counselled twice."""
    found: list[tuple[Merit, Roles]] = []
    for _ in range(COLOURINGS if table.only_triads else 1):
        by_thirds = Standing(table, limits, _by_thirds(table, draw))
        if table.only_triads:
            Chains(by_thirds).fewer_directions(draw, STEPS // COLOURINGS)
        found.append((by_thirds.merit(), by_thirds.roles))
        if not any(min(found)[0]):
            break
    # A beginning by threes leads to far fewer missed than one by fair shares, so that comes last.
    for start in (min(found)[1], None, None, fair, min(found)[1]):
        best, roles = min(found)
        settled = not best.beyond and not best.directions and len(found) > 1
        # In triads alone, exchanges inside one group would only break threes.
        if settled or (table.only_triads and not best.beyond):
            break
        again = _by_thirds(table, draw) if best.beyond else roles
        standing = Standing(table, limits, start or again)
        _exchange(standing, draw)
        found.append((standing.merit(), standing.roles))
    if min(found)[0].beyond and len(table.person_of) <= SEATS:
        found += _exactly(table, limits, min(found)[0].worst, draw)
    return min(found)[1]


def _exactly(table: Table, limits: Sequence[int], beyond: int, draw: Random) -> Iterator[tuple[Merit, Roles]]:
    """Roles with everybody's spread as little beyond their limit as can be, where that is less than `beyond`."""
    for more in range(0, beyond, table.minutes):
        relaxed = [limit + more for limit in limits]
        if exact := roles_within(table, relaxed):
            standing = Standing(table, relaxed, exact)
            _exchange(standing, draw)
            yield Standing(table, limits, standing.roles).merit(), standing.roles
            return


def _laid(problem: CourseProblem, groups: Sequence[tuple[int, Sequence[Person]]]) -> Table:
    """The groups as seats, everybody's threes, and what is settled."""
    number = {person: place for place, person in enumerate(problem.people)}
    before = minutes_before(problem)
    begun = {person: _begun_three(before[person], problem.round_minutes) for person in problem.people}
    place = {person: sum(begun[person] or (0, 0, 0)) for person in problem.people}
    threes: list[list[int]] = []
    of_person: dict[tuple[Person, int], int] = {}
    seats, three_of, spared = [], [], []
    for session, members in groups:
        for person in members:
            where = (person, place[person] // 3)
            place[person] += 1
            if where not in of_person:
                of_person[where] = len(threes)
                threes.append(list(begun[person] or (0, 0, 0)) if where[1] == 0 else [0, 0, 0])
            seats.append(number[person])
            three_of.append(of_person[where])
            spared.append((person, session) in problem.rests)
    directions: dict[int, int] = {}
    known = [
        *((both, times) for both, times in problem.counselled.items()),
        *((both, 1) for group in settled_groups(problem) for both in group.counselled()),
    ]
    for (counsellor, client), times in known:
        if counsellor in number and client in number:
            key = number[counsellor] * len(number) + number[client]
            directions[key] = directions.get(key, 0) + times
    return Table(
        people=len(number),
        sizes=tuple(len(members) for _, members in groups),
        person_of=tuple(seats),
        three_of=tuple(three_of),
        spared=tuple(spared),
        before=tuple(before[person] for person in problem.people),
        minutes=problem.round_minutes,
        threes=tuple((some[0], some[1], some[2]) for some in threes),
        directions=directions,
        only_triads=all(len(members) == 3 for _, members in groups)
        and not any(spared)
        and all(some is not None for some in begun.values()),
    )


def _begun_three(before: Minutes, minutes: int) -> tuple[int, int, int] | None:
    """The roles that the current, unfinished three has had already; None where more than a three is owed."""
    least = min(before)
    surplus = [held - least for held in before]
    if any(more not in (0, minutes) for more in surplus):
        return None
    return (surplus[0] // minutes, surplus[1] // minutes, surplus[2] // minutes)


def _by_thirds(table: Table, draw: Random) -> Roles:
    """Roles by three colours; of each quad one member observes beside the three, in pairs chance decides."""
    roles: Roles = [OBSERVER] * len(table.person_of)
    quads = [g for g, size in enumerate(table.sizes) if size == 4]
    members = [[table.person_of[seat] for seat in table.seats(g)] for g in quads]
    beside: dict[int, set[int]] = {}
    if quads:
        for share in range(1, len(quads) + 1):
            chosen = chosen_fairly(members, [1] * len(quads), [0] * table.people, [share] * table.people)
            if chosen is not None:
                beside = dict(zip(quads, chosen, strict=True))
                break
    seats = [
        seat
        for g, size in enumerate(table.sizes)
        for seat in table.seats(g)
        if size > 2 and table.person_of[seat] not in beside.get(g, ())
    ]
    draw.shuffle(seats)
    for seat, colour in zip(seats, coloured([(table.three_of[s], table.group_of[s]) for s in seats]), strict=True):
        roles[seat] = colour
    for g, size in enumerate(table.sizes):
        own = list(table.seats(g))
        if size == 2:
            draw.shuffle(own)
            roles[own[0]], roles[own[1]] = COUNSELLOR, CLIENT
        client = next(seat for seat in own if roles[seat] == CLIENT)
        if table.spared[client]:
            other = next(seat for seat in own if not table.spared[seat])
            roles[client], roles[other] = roles[other], roles[client]
    return roles


def _exchange(standing: Standing, draw: Random) -> None:
    """Two members of a group exchange their roles, many times over: simulated annealing, the best seen stays."""
    sizes, firsts = standing.table.sizes, standing.table.firsts
    spared = standing.table.spared
    steps = min(STEPS, SWEEPS * len(sizes))
    everywhere = range(len(sizes))
    chance = draw.random
    best, kept = standing.merit(), list(standing.roles)
    price = standing.price()
    heat, troubled = HOT, list(range(len(sizes)))
    for step in range(steps):
        if not any(best):
            break
        if step % 64 == 0:
            heat = HOT * (COLD / HOT) ** (step / steps)
        if step % len(sizes) == 0:
            troubled = standing.troubled() or troubled
        some = troubled if step % 2 else everywhere
        g = some[int(chance() * len(some))]
        size, first = sizes[g], firsts[g]
        one = first + int(chance() * size)
        other = first + (one - first + 1 + int(chance() * (size - 1))) % size
        roles = standing.roles
        mine, theirs = roles[one], roles[other]
        if mine == theirs or (spared[one] and theirs == CLIENT) or (spared[other] and mine == CLIENT):
            continue
        standing.exchange(one, other)
        now = standing.price()
        if now > price and chance() >= exp((price - now) / heat):
            standing.exchange(one, other)
            continue
        price = now
        if (merit := standing.merit()) < best:
            best, kept = merit, list(roles)
    standing.take(kept)
