"""Problems for the benchmark, drawn from a seed: classes mathematics knows, absences, rules, weeks, and plans to mend.

As documents of the format "triad-instance/1" (`threefold.matching.instances`). Another seed draws siblings.
"""

from collections.abc import Iterator
from itertools import combinations, permutations
from random import Random
from typing import Any

Document = dict[str, Any]

DAY = 24 * 60
FIRST, LAST = 8 * 60, 21 * 60 + 30  # half-hour starts, UTC minutes
ZONES = {"Europe/London": 0, "America/New_York": 5 * 60, "Asia/Kolkata": -5 * 60 - 30}


def problems(seed: int) -> Iterator[Document]:
    """One of each kind and size that the engine is measured by, smallest first within its kind."""
    draw = Random(seed)
    for people in (9, 15, 21, 27, 33, 39):
        yield course(f"kts-{people}", people, (people - 1) // 2, draw)
    for people in (18, 24, 30):
        yield course(f"nkts-{people}", people, (people - 2) // 2, draw)
    for people, sessions in ((7, 6), (10, 6), (13, 8), (16, 10), (17, 10), (20, 12), (25, 12), (100, 12), (1000, 12)):
        yield course(f"odd-{people}", people, sessions, draw)
    yield course("rotate-12", 12, 11, draw, rounds="rotate")
    yield course("rotate-16", 16, 10, draw, rounds="rotate")
    yield course("pairs-16", 16, 8, draw, group_sizes=[2, 3])
    yield absent(course("absent-24", 24, 11, draw), 0.10, draw)
    yield absent(course("absent-200", 200, 12, draw), 0.10, draw)
    yield excluded(course("excl-21", 21, 9, draw), 10, draw)
    yield together(excluded(course("excl-30", 30, 12, draw), 12, draw), 3, draw)
    yield excluded(absent(course("mixed-45", 45, 20, draw), 0.12, draw), 25, draw)
    yield rested(course("rests-15", 15, 7, draw, rounds="rotate"), 4, draw)
    for people in (12, 30, 60, 120, 300, 1000):
        yield week(f"weekly-{people}", people, draw, offers=(6, 20))
    for people in (60, 300):
        yield week(f"scarce-{people}", people, draw, offers=(2, 4), peaks=False)
    yield week("zones-120", 120, draw, offers=(6, 20), zones=True, capacity=1)
    yield from repairs(draw)
    yield course("even-13", 13, 4, draw, even_quads=True)


def repairs(draw: Random) -> Iterator[Document]:
    """Published plans to be mended."""
    yield repair("repair-21-one", 21, 10, draw, leave=[(1, 3)])
    yield repair("repair-21-pairs", 21, 10, draw, leave=[(1, 3)], group_sizes=[2, 3])
    yield repair("repair-39-join", 39, 12, draw, leave=[(2, 6)], join=2)
    yield repair("repair-39-three", 39, 19, draw, leave=[(1, 5), (2, 9)])


def course(name: str, people: int, sessions: int, draw: Random, **more: Any) -> Document:
    """A class that is there every time."""
    known = [f"t{number:04}" for number in draw.sample(range(people), people)]
    return {
        "format": "triad-instance/1",
        "name": name,
        "kind": "course",
        "people": [{"id": person, "level": draw.randint(1, 3)} for person in known],
        "sessions": [{"id": f"week {number}", "present": sorted(known)} for number in range(1, sessions + 1)],
        "group_sizes": [3, 4],
        "rounds": "fixed",
        **more,
    }


def absent(document: Document, chance: float, draw: Random) -> Document:
    """Everybody misses each session with this chance."""
    for session in document["sessions"]:
        session["present"] = [person for person in session["present"] if draw.random() >= chance]
    return document


def excluded(document: Document, pairs: int, draw: Random) -> Document:
    every = list(combinations([person["id"] for person in document["people"]], 2))
    document["exclusions"] = [list(pair) for pair in draw.sample(every, pairs)]
    return document


def together(document: Document, pairs: int, draw: Random) -> Document:
    """Pairs who must share a group, each in a session of its own."""
    apart = set(map(frozenset, document.get("exclusions", ())))
    document["together"] = []
    for session in draw.sample(document["sessions"], pairs):
        may = [pair for pair in combinations(session["present"], 2) if frozenset(pair) not in apart]
        both = list(draw.choice(may))
        document["together"].append({"people": both, "session": session["id"]})
    return document


def rested(document: Document, people: int, draw: Random) -> Document:
    """Some are nobody's client in a session or two; one more is willing to be client twice."""
    chosen = draw.sample([person["id"] for person in document["people"]], people + 1)
    document["client_rests"] = [
        {"person": person, "session": session["id"]}
        for person in chosen[1:]
        for session in draw.sample(document["sessions"], 2)
    ]
    document["client_twice"] = chosen[:1]
    return document


def week(
    name: str,
    people: int,
    draw: Random,
    *,
    offers: tuple[int, int],
    peaks: bool = True,
    zones: bool = False,
    capacity: int | None = None,
) -> Document:
    """One week of half-hour starts; everybody offers some stretches of it, online or in the room, or either."""
    document = course(name, people, 1, draw, kind="weekly", rounds="rotate")
    starts = range(FIRST, LAST + 1, 30)
    weights = [4 if peaks and 18 * 60 <= start <= 20 * 60 + 30 else 1 for start in starts]
    availability: dict[str, list[str]] = {}
    used: dict[str, tuple[int, int, str]] = {}
    for person in document["people"]:
        shift = draw.choices(list(ZONES.values()), (6, 2, 2))[0] if zones else 0
        modes = draw.choice([["online"], ["online"], ["room"], ["online", "room"]])
        own: set[tuple[int, int]] = set()
        while len(own) < offers[0] or (len(own) < offers[1] and draw.random() < 0.85):
            day, start = draw.randrange(7), draw.choices(starts, weights)[0] + shift
            own |= {
                (day, start + 30 * more) for more in range(draw.randint(2, 4)) if FIRST <= start + 30 * more <= LAST
            }
        availability[person["id"]] = []
        for day, start in sorted(own):
            for mode in modes:
                slot = f"{mode} {day} {start // 60:02}:{start % 60:02}"
                used[slot] = (day, start, mode)
                availability[person["id"]].append(slot)
    document["slots"] = [
        {"id": slot, "day": day, "start_min": start, "mode": mode}
        | ({"capacity": capacity} if capacity and mode == "room" else {})
        for slot, (day, start, mode) in sorted(used.items())
    ]
    document["availability"] = availability
    known = [person["id"] for person in document["people"]]
    met: dict[tuple[str, str], int] = {}
    for _ in range(4):
        draw.shuffle(known)
        for place in range(0, people - 2, 3):
            for one, other in combinations(sorted(known[place : place + 3]), 2):
                met[one, other] = met.get((one, other), 0) + 1
    document["history_pairs"] = [[one, other, count] for (one, other), count in sorted(met.items())]
    return excluded(document, people // 6, draw)


def repair(
    name: str, people: int, sessions: int, draw: Random, *, leave: list[tuple[int, int]], join: int = 0, **more: Any
) -> Document:
    """A published plan without a repeat, from which people leave for good, and into which others come.

    `leave` says how many go from which session on. What was held before the first of them is frozen.
    """
    document = course(name, people, sessions, draw, kind="repair", **more)
    known = [person["id"] for person in document["people"]]
    groups = []
    load = {person: [0, 0, 0] for person in known}
    for session, triads in zip(document["sessions"], without_repeats(people), strict=False):
        for triad in triads:
            ways = permutations([known[point] for point in triad])
            who = min(ways, key=lambda way: sum(load[person][role] for role, person in enumerate(way)))
            for role, person in enumerate(who):
                load[person][role] += 1
            groups.append(
                {"session": session["id"], "rounds": [{"counsellor": who[0], "client": who[1], "observers": [who[2]]}]}
            )
    document["previous_plan"] = {"instance": name, "groups": groups}
    stay = list(known)
    for count, first in leave:
        gone = {stay.pop(draw.randrange(len(stay))) for _ in range(count)}
        for session in document["sessions"][first:]:
            session["present"] = [person for person in session["present"] if person not in gone]
    first = min(first for _, first in leave)
    for number in range(join):
        document["people"].append({"id": f"new {number + 1}", "level": 1})
        for session in document["sessions"][first:]:
            session["present"].append(f"new {number + 1}")
    document["frozen_sessions"] = [session["id"] for session in document["sessions"][:first]]
    return document


def without_repeats(people: int) -> list[list[tuple[int, int, int]]]:
    """A Kirkman triple system on 3q points, q a prime that is 1 more than a multiple of 6, class by class.

    Ray-Chaudhuri and Wilson, Solution of Kirkman's schoolgirl problem (1971), theorem 5: points are three copies of
    the integers mod q; one class is turned q times, and the triples it leaves over make classes of their own.
    """
    q = people // 3
    generator = next(g for g in range(2, q) if len({pow(g, power, q) for power in range(q - 1)}) == q - 1)
    t = (q - 1) // 6

    def power(exponent: int) -> int:
        return pow(generator, exponent % (q - 1), q)

    across = [[(power(i + 2 * t * copy), copy) for copy in range(3)] for i in range(6 * t)]
    base = [[(0, 0), (0, 1), (0, 2)]]
    base += [[(power(i + 2 * t * k), copy) for k in range(3)] for copy in range(3) for i in range(t)]
    base += across[t : 2 * t] + across[3 * t : 4 * t] + across[5 * t :]

    def turned(triple: list[tuple[int, int]], by: int) -> tuple[int, int, int]:
        one, two, three = (3 * ((value + by) % q) + copy for value, copy in triple)
        return one, two, three

    left_over = across[:t] + across[2 * t : 3 * t] + across[4 * t : 5 * t]
    return [
        *([turned(triple, by) for triple in base] for by in range(q)),
        *([turned(triple, by) for by in range(q)] for triple in left_over),
    ]
