"""Why there can be no plan: the smallest clash of each session, and ways out of it."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import combinations

from threefold.core.grouping import Person
from threefold.matching.problem import CourseProblem, Remainder, shape
from threefold.matching.seating import Rules, meeting_sessions, rules_of, seating, units
from threefold.matching.words import listed, opening


class ClashKind(StrEnum):
    """What stands in the way; SIDE_BY_SIDE and all after it can only come from a swap."""

    TOO_FEW_PEOPLE = "too_few_people"
    NOBODY_FREE = "nobody_free"
    ONE_FREE = "one_free"
    KEPT_APART = "kept_apart"
    PINNED_TWICE = "pinned_twice"
    PINNED_APART = "pinned_apart"
    PINNED_SIZES = "pinned_sizes"
    TOGETHER_APART = "together_apart"
    TOGETHER_AWAY = "together_away"
    TOGETHER_PINNED = "together_pinned"
    NEVER_FREE_TOGETHER = "never_free_together"
    CROWDED = "crowded"
    ALL_REST = "all_rest"
    SIDE_BY_SIDE = "side_by_side"
    PINNED = "pinned"
    PARTED = "parted"
    NO_CLIENT = "no_client"
    FROZEN = "frozen"
    NOT_THERE = "not_there"
    SAME_PERSON = "same_person"


class WayOut(StrEnum):
    """What would help, as a tutor might do it."""

    ADD_PEOPLE = "add_people"
    MOVE_SESSION = "move_session"
    ADD_GUEST = "add_guest"
    REVIEW_APART = "review_apart"
    RELEASE_PIN = "release_pin"
    REVIEW_TOGETHER = "review_together"
    ASK_WHO_RESTS = "ask_who_rests"
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
    """Everything that makes a plan impossible, smallest clash first; () means that there is one.

    What is asked of a frozen session is past its time, and no clash.
    """
    if len(problem.people) < 2:
        ways = (WayOut.ADD_PEOPLE, WayOut.ADD_GUEST)
        return (Clash(ClashKind.TOO_FEW_PEOPLE, (), problem.people, ways),)
    found: dict[_Found, list[int]] = {}
    seen: dict[object, list[_Found]] = {}
    for number in problem.open_sessions():
        rules = rules_of(problem, number)
        alike = (problem.present[number], rules.pinned, rules.tied, rules.resting)
        if alike not in seen:
            seen[alike] = list(_in_one_session(problem, number, rules))
        for each in seen[alike]:
            found.setdefault(each, []).append(number)
    over_all = [] if found else _over_all_sessions(problem)
    every = [*(Clash(kind, tuple(on), who, ways) for (kind, who, ways), on in found.items()), *over_all]
    return tuple(sorted(every, key=lambda clash: (len(clash.people), clash.sessions)))


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


_Found = tuple[ClashKind, tuple[Person, ...], tuple[WayOut, ...]]


def _in_one_session(problem: CourseProblem, number: int, rules: Rules) -> Iterator[_Found]:
    here = problem.here(number)
    if len(here) < 2:
        kind = ClashKind.ONE_FREE if here else ClashKind.NOBODY_FREE
        yield kind, here, (WayOut.MOVE_SESSION, WayOut.ADD_GUEST if here else WayOut.ADD_PEOPLE)
        return
    if contradictions := list(_contradictions(problem, here, rules)):
        yield from contradictions
        return
    if seating(here, rules) is not None:
        return

    def blamed(rules: Rules) -> tuple[Person, ...]:
        core = here
        for person in here:  # whoever can be left out of the rules without making a seating possible is not to blame
            fewer = tuple(other for other in core if other != person)
            if seating(here, _among(rules, fewer)) is None:
                core = fewer
        return core

    if seating(here, apart := replace(rules, pinned=(), tied=(), resting=frozenset())) is None:
        ways = [WayOut.REVIEW_APART, WayOut.MOVE_SESSION]
        if way := _by_another_remainder(here, apart):
            ways.insert(1, way)
        yield ClashKind.KEPT_APART, blamed(apart), tuple(ways)
    elif seating(here, awake := replace(rules, resting=frozenset())) is None:
        ways = [WayOut.REVIEW_TOGETHER] * bool(rules.tied) + [WayOut.RELEASE_PIN] * bool(rules.pinned)
        yield ClashKind.CROWDED, blamed(awake), (*ways, WayOut.REVIEW_APART)
    else:
        yield ClashKind.ALL_REST, blamed(rules), (WayOut.ASK_WHO_RESTS, WayOut.MOVE_SESSION)


def _contradictions(problem: CourseProblem, here: Sequence[Person], rules: Rules) -> Iterator[_Found]:
    """Rules of one session that cannot be kept whoever else is there."""
    for kind, people, ways in (*_wrong_pins(problem, rules), *_wrong_ties(problem, here, rules)):
        yield kind, tuple(person for person in problem.people if person in people), ways


_Wrong = tuple[ClashKind, Collection[Person], tuple[WayOut, ...]]


def _wrong_pins(problem: CourseProblem, rules: Rules) -> Iterator[_Wrong]:
    pinned = Counter(person for pin in rules.pinned for person in pin)
    for person, times in pinned.items():
        if times > 1:
            yield ClashKind.PINNED_TWICE, (person,), (WayOut.RELEASE_PIN,)
    for pin in rules.pinned:
        for pair in map(frozenset, combinations(sorted(pin), 2)):
            if pair in problem.apart:
                yield ClashKind.PINNED_APART, pair, (WayOut.RELEASE_PIN, WayOut.REVIEW_APART)
    if Counter(map(len, rules.pinned)) - Counter(rules.sizes):
        yield ClashKind.PINNED_SIZES, pinned, (WayOut.RELEASE_PIN,)


def _wrong_ties(problem: CourseProblem, here: Sequence[Person], rules: Rules) -> Iterator[_Wrong]:
    pinned = frozenset(person for pin in rules.pinned for person in pin)
    for pair in rules.tied:
        if pair in problem.apart:
            yield ClashKind.TOGETHER_APART, pair, (WayOut.REVIEW_TOGETHER, WayOut.REVIEW_APART)
        if not pair.issubset(here):
            yield ClashKind.TOGETHER_AWAY, pair, (WayOut.REVIEW_TOGETHER, WayOut.MOVE_SESSION)
        if pinned & pair and not any(pair <= pin for pin in rules.pinned):
            yield ClashKind.TOGETHER_PINNED, pair, (WayOut.RELEASE_PIN, WayOut.REVIEW_TOGETHER)
    for unit in units(here, rules.tied):
        if len(unit) > max(rules.sizes):
            yield ClashKind.CROWDED, unit, (WayOut.REVIEW_TOGETHER,)


def _over_all_sessions(problem: CourseProblem) -> list[Clash]:
    """Pairs who must meet in some session, and cannot."""
    if meeting_sessions(problem) is not None:
        return []
    alone = {rule.pair: replace(problem, together=(rule,)) for rule in problem.together if rule.session is None}
    found = [
        Clash(*what)
        for pair, asked in alone.items()
        if meeting_sessions(asked) is None
        for what in (_why_never(problem, tuple(person for person in problem.people if person in pair)),)
    ]
    if found:
        return found
    rules = problem.together
    for rule in problem.together:
        fewer = tuple(other for other in rules if other != rule)
        if meeting_sessions(replace(problem, together=fewer)) is None:
            rules = fewer
    who = frozenset(person for rule in rules for person in rule.pair)
    people = tuple(person for person in problem.people if person in who)
    return [Clash(ClashKind.CROWDED, (), people, (WayOut.REVIEW_TOGETHER, WayOut.REVIEW_APART))]


def _why_never(
    problem: CourseProblem, pair: tuple[Person, ...]
) -> tuple[ClashKind, tuple[int, ...], tuple[Person, ...], tuple[WayOut, ...]]:
    if frozenset(pair) in problem.apart:
        return ClashKind.TOGETHER_APART, (), pair, (WayOut.REVIEW_TOGETHER, WayOut.REVIEW_APART)
    if not any(problem.present[number].issuperset(pair) for number in problem.open_sessions()):
        return ClashKind.NEVER_FREE_TOGETHER, (), pair, (WayOut.REVIEW_TOGETHER, WayOut.MOVE_SESSION)
    return ClashKind.CROWDED, (), pair, (WayOut.REVIEW_TOGETHER, WayOut.RELEASE_PIN)


def _by_another_remainder(here: Sequence[Person], rules: Rules) -> WayOut | None:
    """What the cohort could allow instead of its remainder, so that everybody can be placed."""
    for policy, way in ((Remainder.QUADS, WayOut.ALLOW_QUADS), (Remainder.PAIR_WITH_TUTOR, WayOut.ALLOW_PAIR)):
        sizes = shape(len(here), policy)
        if sizes != rules.sizes and seating(here, replace(rules, sizes=sizes)) is not None:
            return way
    return None


def _among(rules: Rules, people: Collection[Person]) -> Rules:
    """The same rules, but for those that concern anybody else; pins stay."""
    some = frozenset(people)
    return replace(
        rules,
        foes={person: others & some for person, others in rules.foes.items() if person in some},
        tied=tuple(pair for pair in rules.tied if pair <= some),
        resting=rules.resting & some,
    )


_SENTENCES: Mapping[ClashKind, Callable[[Sequence[str]], str]] = {
    ClashKind.TOO_FEW_PEOPLE: lambda _: "a plan needs two people at least, and three to be a triad.",
    ClashKind.NOBODY_FREE: lambda _: "nobody is free.",
    ClashKind.ONE_FREE: lambda who: f"only {who[0]} is free.",
    ClashKind.KEPT_APART: lambda who: f"{listed(who, 6)} can’t all be placed, with the pairs you keep apart.",
    ClashKind.PINNED_TWICE: lambda who: f"{who[0]} is in two pinned groups.",
    ClashKind.PINNED_APART: lambda who: f"{listed(who, 6)} are kept apart, but pinned in one group.",
    ClashKind.PINNED_SIZES: lambda who: f"with {listed(who, 6)} pinned, the groups can’t have the sizes they need.",
    ClashKind.TOGETHER_APART: lambda who: f"{listed(who, 6)} can’t be both together and apart.",
    ClashKind.TOGETHER_AWAY: lambda who: f"{listed(who, 6)} are to work together, but aren’t both there.",
    ClashKind.TOGETHER_PINNED: lambda who: f"{listed(who, 6)} are to work together, but a pinned group parts them.",
    ClashKind.NEVER_FREE_TOGETHER: lambda who: f"{listed(who, 6)} are to work together, but are never there together.",
    ClashKind.CROWDED: lambda who: f"what you ask for {listed(who, 6)} can’t all be kept at once.",
    ClashKind.ALL_REST: lambda who: f"{listed(who, 6)} rest from being client, so a group would have nobody for it.",
    ClashKind.PINNED: lambda who: f"{listed(who, 6)} {'is' if len(who) == 1 else 'are'} in a pinned group.",
    ClashKind.PARTED: lambda who: f"that would part {listed(who, 6)}, who are to work together.",
    ClashKind.NO_CLIENT: lambda who: f"{listed(who, 6)} would be in one group, and all of them rest from being client.",
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
    WayOut.RELEASE_PIN: "let a pinned group go",
    WayOut.REVIEW_TOGETHER: "look again at who is to work together",
    WayOut.ASK_WHO_RESTS: "ask whether one of them would be client after all",
    WayOut.ALLOW_PAIR: "let one triad be a pair with a tutor",
    WayOut.ALLOW_QUADS: "let some groups be fours",
    WayOut.CHOOSE_SOMEBODY_ELSE: "choose somebody else",
    WayOut.CHOOSE_ANOTHER_SESSION: "choose another session",
}
