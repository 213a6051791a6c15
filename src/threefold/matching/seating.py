"""One session seated by its hard rules alone: who is kept apart, pinned, to sit together, or never to be client."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from threefold.core.grouping import Pair, Person
from threefold.matching.problem import CourseProblem, shape

PATIENCE = 20_000
"""Places tried before a seating is given up; a class with few rules needs about one a person."""


@dataclass(frozen=True)
class Rules:
    """What one session asks of its seating.

    `sizes` are the groups', triads first. `foes` names, for whoever has any, the people they never sit with.
    `pinned` are whole groups, `tied` pairs who must share one. Of `resting`, who are nobody's client in this
    session, no group may be made up entirely: it would have no round at all.
    """

    sizes: tuple[int, ...]
    foes: Mapping[Person, frozenset[Person]]
    pinned: tuple[frozenset[Person], ...] = ()
    tied: tuple[Pair, ...] = ()
    resting: frozenset[Person] = frozenset()


def rules_of(problem: CourseProblem, number: int, tied: Collection[Pair] = ()) -> Rules:
    """The rules of one session; `tied` are pairs for whom this was chosen of the sessions where they might meet."""
    present = problem.present[number]
    return Rules(
        sizes=shape(len(present), problem.remainder),
        foes=foes_among(problem.apart, present),
        pinned=tuple(frozenset(group.members) for group in problem.pinned.get(number, ())),
        tied=(*(rule.pair for rule in problem.together if rule.session == number), *tied),
        resting=frozenset(person for person, session in problem.rests if session == number and person in present),
    )


def foes_among(apart: Collection[Pair], people: Collection[Person]) -> dict[Person, frozenset[Person]]:
    """Who is kept from whom among these people, for whoever is kept from anybody."""
    foes: dict[Person, set[Person]] = {}
    for one, other in map(tuple, apart):
        if one in people and other in people:
            foes.setdefault(one, set()).add(other)
            foes.setdefault(other, set()).add(one)
    return {person: frozenset(others) for person, others in foes.items()}


def seating(people: Sequence[Person], rules: Rules, draw: Random | None = None) -> list[list[Person]] | None:
    """People put into groups of the rules' sizes (their sum is everybody) so that every rule is kept.

    Groups stand in the order of the sizes. Without `draw` the order of the people decides; with it, chance. None
    when there is no such seating, or none was found in `PATIENCE` tries.
    """
    groups: list[list[Person]] = [[] for _ in rules.sizes]
    for pin in rules.pinned:
        free = (n for n, size in enumerate(rules.sizes) if size == len(pin) and not groups[n])
        if (number := next(free, None)) is None:
            return None
        groups[number] = [person for person in people if person in pin]
    taken = frozenset(person for group in groups for person in group)
    if any(not taken.isdisjoint(pair) and not any(pair <= pin for pin in rules.pinned) for pair in rules.tied):
        return None
    waiting = units([person for person in people if person not in taken], rules.tied)
    if draw:
        draw.shuffle(waiting)
    waiting.sort(key=lambda unit: (-len(unit), -sum(len(rules.foes.get(person, ())) for person in unit)))
    return groups if _seat(waiting, groups, rules, draw) else None


def units(people: Sequence[Person], tied: Collection[Pair]) -> list[tuple[Person, ...]]:
    """Who moves only as one: people joined by the pairs who must sit together, everybody else alone."""
    unit: dict[Person, tuple[Person, ...]] = {person: (person,) for person in people}
    for one, other in map(tuple, tied):
        if one in unit and other in unit and unit[one] is not unit[other]:
            joined = unit[one] + unit[other]
            unit.update(dict.fromkeys(joined, joined))
    return list(dict.fromkeys(unit.values()))


def _seat(waiting: Sequence[tuple[Person, ...]], groups: list[list[Person]], rules: Rules, draw: Random | None) -> bool:
    """Depth first, whoever has most rules first; without recursion, for a class may have a thousand people."""
    if any(not rules.foes.get(person, frozenset()).isdisjoint(unit) for unit in waiting for person in unit):
        return False
    tries = 0
    ways: list[Iterator[int]] = []
    chosen: list[int] = []
    while len(chosen) < len(waiting):
        unit = waiting[len(chosen)]
        if len(ways) == len(chosen):
            ways.append(_ways(unit, groups, rules, draw))
        number = next(ways[-1], None)
        tries += 1
        if tries > PATIENCE + len(waiting):
            return False
        if number is None:
            ways.pop()
            if not chosen:
                return False
            last = chosen.pop()
            del groups[last][-len(waiting[len(chosen)]) :]
        else:
            groups[number].extend(unit)
            chosen.append(number)
    return True


def _ways(unit: tuple[Person, ...], groups: list[list[Person]], rules: Rules, draw: Random | None) -> Iterator[int]:
    """The groups that can take these people; of two empty ones alike, one is enough to try."""
    order = list(range(len(groups)))
    if draw and (rules.foes or rules.tied or rules.resting):  # else the people were shuffled, which is enough
        draw.shuffle(order)
    empty: set[int] = set()
    for number in order:
        group, size = groups[number], rules.sizes[number]
        if len(group) + len(unit) > size or (not group and size in empty):
            continue
        if any(not rules.foes.get(person, frozenset()).isdisjoint(group) for person in unit):
            continue
        if len(group) + len(unit) == size and rules.resting.issuperset((*group, *unit)):
            continue
        if not group:
            empty.add(size)
        yield number


def meeting_sessions(problem: CourseProblem) -> dict[int, tuple[Pair, ...]] | None:
    """For pairs who must meet in any session: one session each in which all rules can be kept, by session.

    Pairs who sit together in a frozen or pinned group have met. None when no session is left for a pair, given
    those chosen for the pairs before it.
    """
    chosen: dict[int, tuple[Pair, ...]] = {}
    fixed = [group for groups in (*problem.frozen.values(), *problem.pinned.values()) for group in groups]
    for rule in problem.together:
        if rule.session is not None or any(rule.pair.issubset(group.members) for group in fixed):
            continue
        both = [number for number in problem.open_sessions() if rule.pair <= problem.present[number]]
        for number in sorted(both, key=lambda number: len(chosen.get(number, ()))):
            tied = (*chosen.get(number, ()), rule.pair)
            if seating(problem.here(number), rules_of(problem, number, tied)) is not None:
                chosen[number] = tied
                break
        else:
            return None
    return chosen
