"""A known design laid over the people of a course, so that as few rules as can be are broken by it."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from itertools import combinations, permutations
from random import Random

from threefold.matching.course.designs import Session, few_repeats, without_repeats
from threefold.matching.course.seats import Places, Seats

_RULE = 1000
_TRIES = 10_000
_WORK = 40_000


def by_design(places: Places, draw: Random) -> list[Seats] | None:
    """Seats in which as many sessions as a known design has are taken from it; None where no design fits.

    It goes to the largest number of sessions with the same people, again with other names where the course is
    longer than the design; sessions with other people are seated by chance. Names are given so that people who
    are kept apart, have met before or are to be together fall on fitting places, as far as trying finds them;
    what is still wrong is left for the search, but pinned groups and pairs who must be together are gathered.
    """
    problem = places.problem
    alike = Counter(problem.present[session] for session in places.sessions)
    if not alike:
        return None
    present = max(alike, key=lambda some: (alike[some], len(some), sorted(some)))
    known = few_repeats(len(present), problem.remainder, alike[present])
    design = list(known or without_repeats(len(present), problem.remainder))
    if not design:
        return None
    draw.shuffle(design)
    theirs = [at for at, session in enumerate(places.sessions) if problem.present[session] == present]
    rows = places.by_chance(draw) if len(theirs) < len(places.sessions) else [[] for _ in places.sessions]
    everybody = [places.number[person] for person in problem.people if person in present]
    for first in range(0, len(theirs), len(design)):
        some = theirs[first : first + len(design)]
        names = everybody[:]
        draw.shuffle(names)
        _fit(places, dict(zip(some, design, strict=False)), names, draw)
        for at, groups in zip(some, design, strict=False):
            rows[at] = [names[place] for group in groups for place in group]
    for at in theirs:
        _gather(places, at, rows[at])
    return rows


def _fit(places: Places, sessions: Mapping[int, Session], names: list[int], draw: Random) -> None:
    """Exchanges names, in place, while that makes the design fit the rules and the past better.

    Threshold accepting (Dueck and Scheuer 1990): small steps back are allowed, smaller and smaller ones.
    """
    minds = _minds(places, sessions, names)
    if not minds:
        return
    place = {person: number for number, person in enumerate(names)}
    home = {at: {person: n for n, group in enumerate(groups) for person in group} for at, groups in sessions.items()}
    beside = Counter(pair for groups in sessions.values() for group in groups for pair in permutations(group, 2))

    def cost(person: int) -> int:
        mine, total = place[person], 0
        for other, at, weight in minds.get(person, ()):
            theirs = place[other]
            if at is not None:
                total += weight * (home[at][mine] == home[at][theirs])
            else:
                times = beside.get((mine, theirs), 0)
                total += weight * (times if weight > 0 else times > 0)
        return total

    people, concerned = list(names), sorted(minds)
    tries = min(_TRIES, _WORK // (1 + sum(map(len, minds.values())) // len(people)))
    # Each mind stands with both people; best would be to meet all whom one would rather, and nobody one minds.
    to_gain = sum(map(cost, people)) - sum(min(0, weight) for theirs in minds.values() for *_, weight in theirs)
    best, least, now = list(names), 0, 0
    for step in range(tries if to_gain else 0):
        one, other = concerned[int(draw.random() * len(concerned))], people[int(draw.random() * len(people))]
        before = cost(one) + cost(other)
        place[one], place[other] = place[other], place[one]
        rise = cost(one) + cost(other) - before
        if rise > 6 * (tries - step) // tries:
            place[one], place[other] = place[other], place[one]
            continue
        now += rise
        if now < least:
            least, best = now, sorted(place, key=place.__getitem__)
            if 2 * least + to_gain <= 0:
                break
    names[:] = best


def _minds(
    places: Places, sessions: Mapping[int, Session], people: Collection[int]
) -> dict[int, list[tuple[int, int | None, int]]]:
    """For each of these people, whom they mind meeting, or would rather: (whom, in which session, how much).

    None stands for every session. What one would rather counts once, what one minds every time.
    """
    minds: dict[int, list[tuple[int, int | None, int]]] = {}
    among = frozenset(people)

    def mind(pairs: Iterable[tuple[int, int]], weight: int, session: int | None = None) -> None:
        for one, other in pairs:
            if one in among and other in among:
                minds.setdefault(one, []).append((other, session, weight))
                minds.setdefault(other, []).append((one, session, weight))

    mind(sorted(places.apart), _RULE)
    mind(sorted(places.must_meet), -_RULE)
    mind(sorted(places.wished), -1)
    for pair, count in sorted(places.met.items()):
        mind([pair], 4 * count)
    for at in sessions:
        rules = places.rules[at]
        together = (
            *map(tuple, map(sorted, rules.tied)),
            *(p for pin in rules.pinned for p in combinations(sorted(pin), 2)),
        )
        mind([(places.number[one], places.number[other]) for one, other in together], -_RULE, at)
    return minds


def _gather(places: Places, at: int, row: Seats) -> None:
    """Brings pinned groups, and people tied to one another, into one group of a session, by exchanges of two."""
    rules, ends = places.rules[at], places.ends[at]
    done: set[int] = set()
    units = [frozenset(places.number[person] for person in pin) for pin in rules.pinned]
    exact = len(units)
    for pair in rules.tied:
        some = frozenset(places.number[person] for person in pair)
        for unit in [unit for unit in units[exact:] if unit & some]:
            units.remove(unit)
            some |= unit
        if not any(some <= pin for pin in units[:exact]):
            units.append(some)
    for number, unit in enumerate(units):
        fitting = [
            end
            for end in ends
            if (end[1] - end[0] == len(unit) or (number >= exact and end[1] - end[0] > len(unit)))
            and done.isdisjoint(row[end[0] : end[1]])
        ]
        if not fitting:
            continue
        first, end = max(fitting, key=lambda seats: len(unit.intersection(row[seats[0] : seats[1]])))
        for person in sorted(unit.difference(row[first:end])):
            seat = next(seat for seat in range(first, end) if row[seat] not in unit)
            other = row.index(person)
            row[seat], row[other] = row[other], row[seat]
        done |= unit
