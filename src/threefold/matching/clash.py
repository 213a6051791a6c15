"""Why there can be no plan: the smallest clash of each session, and ways out of it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum
from random import Random

from threefold.core.grouping import Pair, Person
from threefold.matching.problem import CourseProblem, Remainder, shape
from threefold.matching.words import listed, opening

PATIENCE = 20_000
"""Seats tried before a seating is given up; a class with few keep-apart pairs needs about one a person."""


class ClashKind(StrEnum):
    """What stands in the way; the last four can only come from a swap."""

    TOO_FEW_PEOPLE = "too_few_people"
    NOBODY_FREE = "nobody_free"
    ONE_FREE = "one_free"
    KEPT_APART = "kept_apart"
    SIDE_BY_SIDE = "side_by_side"
    FROZEN = "frozen"
    NOT_THERE = "not_there"
    SAME_PERSON = "same_person"


class WayOut(StrEnum):
    """What would help, as a tutor might do it."""

    ADD_PEOPLE = "add_people"
    MOVE_SESSION = "move_session"
    ADD_GUEST = "add_guest"
    REVIEW_APART = "review_apart"
    ALLOW_PAIR = "allow_pair"
    ALLOW_QUADS = "allow_quads"
    CHOOSE_SOMEBODY_ELSE = "choose_somebody_else"
    CHOOSE_ANOTHER_SESSION = "choose_another_session"


@dataclass(frozen=True)
class Clash:
    """One thing that cannot be, in the sessions it concerns (their places in time; none: the whole course).

    `people` are the fewest found who make the clash among themselves, in the problem's order.
    """

    kind: ClashKind
    sessions: tuple[int, ...]
    people: tuple[Person, ...]
    ways: tuple[WayOut, ...]


@dataclass(frozen=True)
class NoPlan:
    """The engine's "no": every clash at once, the smallest first."""

    clashes: tuple[Clash, ...]


def clashes(problem: CourseProblem) -> tuple[Clash, ...]:
    """Everything that makes a plan impossible, smallest clash first; () means that there is one."""
    if len(problem.people) < 2:
        ways = (WayOut.ADD_PEOPLE, WayOut.ADD_GUEST)
        return (Clash(ClashKind.TOO_FEW_PEOPLE, (), problem.people, ways),)
    alike: dict[frozenset[Person], list[int]] = {}
    for number in problem.open_sessions():
        alike.setdefault(problem.present[number], []).append(number)
    found = [
        Clash(kind, tuple(numbers), people, ways)
        for present, numbers in alike.items()
        for kind, people, ways in _in_one_session(problem, present)
    ]
    return tuple(sorted(found, key=lambda clash: (len(clash.people), clash.sessions)))


def seating(
    people: Sequence[Person], sizes: Sequence[int], apart: AbstractSet[Pair], draw: Random | None = None
) -> list[list[Person]] | None:
    """People put into groups of these sizes (their sum is everybody) with nobody beside whom they are kept from.

    Without `draw` the order given decides; with it, chance. None when there is no such seating, or none was
    found in `PATIENCE` tries, which no course with a handful of rules comes near.
    """
    foes: dict[Person, set[Person]] = {person: set() for person in people}
    for one, other in map(tuple, apart):
        if one in foes and other in foes:
            foes[one].add(other)
            foes[other].add(one)
    waiting = list(people)
    if draw:
        draw.shuffle(waiting)
    waiting.sort(key=lambda person: -len(foes[person]))
    groups: list[list[Person]] = [[] for _ in sizes]
    tries = 0

    def seat(place: int) -> bool:
        nonlocal tries
        if place == len(waiting):
            return True
        person = waiting[place]
        order = list(range(len(sizes)))
        if draw:
            draw.shuffle(order)
        empty: set[int] = set()  # of two empty groups alike, one is enough to try
        for number in order:
            group, size = groups[number], sizes[number]
            if len(group) == size or (not group and size in empty) or not foes[person].isdisjoint(group):
                continue
            if not group:
                empty.add(size)
            tries += 1
            if tries > PATIENCE:
                return False
            group.append(person)
            if seat(place + 1):
                return True
            group.pop()
        return False

    return groups if seat(0) else None


def say_clash(clash: Clash, names: Mapping[Person, str], dates: Sequence[str]) -> tuple[str, ...]:
    """The clash and its ways out, in sentences for the tutor.

    `dates` says what each session is called within a sentence ("week 6", "Thursday 12 November").
    For tutors alone: a sentence about people kept apart must never reach a trainee.
    """
    who = [names[person] for person in clash.people]
    where = listed([dates[number] for number in clash.sessions], 3, "more")
    what = _SENTENCES[clash.kind](who)
    out = ", or ".join(_WAYS[way] for way in clash.ways)
    return (f"{opening(where)}: {what}" if where else opening(what), f"{opening(out)}.")


def _in_one_session(
    problem: CourseProblem, present: frozenset[Person]
) -> Iterable[tuple[ClashKind, tuple[Person, ...], tuple[WayOut, ...]]]:
    here = tuple(person for person in problem.people if person in present)
    if len(here) < 2:
        kind = ClashKind.ONE_FREE if here else ClashKind.NOBODY_FREE
        return [(kind, here, (WayOut.MOVE_SESSION, WayOut.ADD_GUEST if here else WayOut.ADD_PEOPLE))]
    sizes = shape(len(here), problem.remainder)
    if seating(here, sizes, problem.apart) is not None:
        return []
    core = here
    for person in here:  # whoever can be left out of the rules without making a seating possible is not to blame
        fewer = tuple(other for other in core if other != person)
        if seating(here, sizes, _among(problem.apart, fewer)) is None:
            core = fewer
    ways = [WayOut.REVIEW_APART, WayOut.MOVE_SESSION]
    other = next(policy for policy in Remainder if policy is not problem.remainder)
    if shape(len(here), other) != sizes and seating(here, shape(len(here), other), problem.apart) is not None:
        ways[1:1] = [WayOut.ALLOW_QUADS if other is Remainder.QUADS else WayOut.ALLOW_PAIR]
    return [(ClashKind.KEPT_APART, core, tuple(ways))]


def _among(apart: AbstractSet[Pair], people: Iterable[Person]) -> frozenset[Pair]:
    some = frozenset(people)
    return frozenset(pair for pair in apart if pair <= some)


_SENTENCES: Mapping[ClashKind, Callable[[Sequence[str]], str]] = {
    ClashKind.TOO_FEW_PEOPLE: lambda _: "a plan needs two people at least, and three to be a triad.",
    ClashKind.NOBODY_FREE: lambda _: "nobody is free.",
    ClashKind.ONE_FREE: lambda who: f"only {who[0]} is free.",
    ClashKind.KEPT_APART: lambda who: f"{listed(who, 6)} can’t all be placed, with the pairs you keep apart.",
    ClashKind.SIDE_BY_SIDE: lambda who: f"that would put {listed(who, 6)} side by side.",
    ClashKind.FROZEN: lambda _: "this session is settled, so its groups stay as they are.",
    ClashKind.NOT_THERE: lambda who: f"{listed(who, 6)} {'is' if len(who) == 1 else 'are'} not in a group.",
    ClashKind.SAME_PERSON: lambda who: f"{who[0]} can’t change places with themselves.",
}

_WAYS: Mapping[WayOut, str] = {
    WayOut.ADD_PEOPLE: "add people",
    WayOut.MOVE_SESSION: "move the session",
    WayOut.ADD_GUEST: "add a guest",
    WayOut.REVIEW_APART: "look again at who is kept apart",
    WayOut.ALLOW_PAIR: "let one triad be a pair with a tutor",
    WayOut.ALLOW_QUADS: "let some groups be fours",
    WayOut.CHOOSE_SOMEBODY_ELSE: "choose somebody else",
    WayOut.CHOOSE_ANOTHER_SESSION: "choose another session",
}
