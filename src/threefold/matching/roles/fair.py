"""One round a session: how far apart each person's roles must lie for these very groups, and roles that keep to it."""

from collections.abc import Sequence

from threefold.matching.bounds.spread import Minutes, Split, least_spread, splits
from threefold.matching.problem import CourseProblem
from threefold.matching.roles.sharing import chosen_fairly
from threefold.matching.roles.standing import CLIENT, COUNSELLOR, OBSERVER, Roles, Table


def within_least_spread(problem: CourseProblem, table: Table) -> tuple[list[int], Roles | None]:
    """How far apart each person's roles may lie, at the least for these groups, and roles that keep to it.

    Who observes is chosen first, everybody within what their spread allows; the two left in each group are then
    counsellor and client one way or the other, everybody with as many of either as fits what they observe. Where
    nothing was settled before and nobody rests, this finds the least possible spread for these very groups: the
    first choice is exact, and the second always succeeds (each person's two numbers differ by one at most, as in
    an orientation along a closed walk; Euler 1736). Otherwise it may miss one that exists.
    """
    rounds, resting = [0] * table.people, [0] * table.people
    for person, spared in zip(table.person_of, table.spared, strict=True):
        rounds[person] += 1
        resting[person] += spared
    possible: dict[tuple[int, Minutes, int], tuple[Split, ...]] = {}
    ways = []
    for some, held, at_rest in zip(rounds, map(level, table.before), resting, strict=True):
        if (some, held, at_rest) not in possible:
            every = splits(some, held, table.minutes)
            possible[some, held, at_rest] = tuple(way for way in every if way.speaks <= some - at_rest)
        ways.append(possible[some, held, at_rest])
    alone = [min(split.spread for split in some) for some in ways]
    least = least_spread(problem)
    tried = [max(least, own) for own in alone]
    for spread in sorted({least, *(split.spread for some in possible.values() for split in some)}):
        if spread < least:
            continue
        limits = [max(spread, own) for own in alone]
        if roles := _roles_within(table, ways, limits):
            settled = any(map(any, table.before)) or any(table.spared)
            return (tried if settled else limits), roles
    return tried, None


def _roles_within(table: Table, ways: Sequence[Sequence[Split]], limits: list[int]) -> Roles | None:
    ranges: dict[tuple[int, int], tuple[int, int]] = {}

    def observing(person: int) -> tuple[int, int]:
        key = (id(ways[person]), limits[person])
        if key not in ranges:
            some = [way.observes for way in ways[person] if way.spread <= limits[person]]
            ranges[key] = (min(some), max(some))
        return ranges[key]

    between = [observing(person) for person in range(table.people)]
    candidates, takes = [], []
    given: list[set[int]] = []  # observers before any choice: of a quad's two, one who rests
    for g, size in enumerate(table.sizes):
        own = [(table.person_of[seat], table.spared[seat]) for seat in table.seats(g)]
        resting = [person for person, spared in own if spared]
        free = [person for person, spared in own if not spared]
        ahead = set(resting[:1]) if size == 4 and len(resting) > 1 else set()
        given.append(ahead)
        takes.append(size - 2 - len(ahead))
        # Somebody has to be left who can be client.
        candidates.append([p for p, _ in own if p not in ahead and (len(free) > takes[-1] or p in resting)])
    for person in (p for some in given for p in some):
        between[person] = (between[person][0] - 1, between[person][1] - 1)
    observers = chosen_fairly(candidates, takes, [low for low, _ in between], [high for _, high in between])
    if observers is None:
        return None
    observers = [some | ahead for some, ahead in zip(observers, given, strict=True)]
    observed = [0] * table.people
    for some in observers:
        for person in some:
            observed[person] += 1
    speaking = []
    for person in range(table.people):
        fits = [w.speaks for w in ways[person] if w.observes == observed[person] and w.spread <= limits[person]]
        if not fits:
            return None
        speaking.append((min(fits), max(fits)))
    left = [
        [table.person_of[s] for s in table.seats(g) if table.person_of[s] not in some and not table.spared[s]]
        for g, some in enumerate(observers)
    ]
    clients = chosen_fairly(left, [1] * len(left), [low for low, _ in speaking], [high for _, high in speaking])
    if clients is None:
        return None
    return [
        OBSERVER if person in observers[g] else CLIENT if person in clients[g] else COUNSELLOR
        for g, person in zip(table.group_of, table.person_of, strict=True)
    ]


def level(held: Minutes) -> Minutes:
    least = min(held)
    return (held[0] - least, held[1] - least, held[2] - least)
