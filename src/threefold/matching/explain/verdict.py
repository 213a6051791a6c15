"""What a plan amounts to, in sentences that claim nothing beyond what is proven."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from threefold.core.grouping import Person
from threefold.core.said import number
from threefold.matching.bounds import Bounds, Ground
from threefold.matching.problem import CourseProblem
from threefold.matching.words import listed, times


@dataclass(frozen=True)
class Figures:
    """The numbers that stand large on the plan page.

    `pairs_possible` are all pairs but those kept apart. `turns_least` and `turns_most` are over everybody who
    has a place and all three roles.
    """

    pairs_met: int
    pairs_possible: int
    most_together: int
    turns_least: int
    turns_most: int


def verdict(problem: CourseProblem, figures: Figures, again: int, limits: Bounds) -> Iterator[str]:
    if figures.pairs_met < figures.pairs_possible:
        yield f"{figures.pairs_met} of {figures.pairs_possible} pairs work together."
    elif problem.apart:
        yield "Everyone works with everyone, but for the pairs you keep apart."
    else:
        yield "Everyone works with everyone."
    if figures.most_together == 1:
        yield "Nobody sits with the same person twice."
    else:
        yield f"Nobody sits with the same person more than {times(figures.most_together)}."
    if again:
        yield say_repeats(again, limits)


def say_repeats(again: int, limits: Bounds) -> str:
    """How many meetings repeat, and how far that is from what is proven; "no plan" only where it is."""
    what = "One meeting repeats" if again == 1 else f"{again} meetings repeat"
    if again == limits.least_repeats:
        return f"{what}, and no plan can have fewer."
    if limits.least_repeats:
        gap = again - limits.least_repeats
        perhaps = "one could perhaps be saved" if gap == 1 else f"up to {number(gap)} could perhaps be saved"
        return f"{what}; at least {limits.least_repeats} must repeat, so {perhaps}."
    return f"{what}; we can’t say whether a plan could have fewer."


def say_fours(problem: CourseProblem, fours: tuple[int, int], again: int, limits: Bounds) -> str:
    """How evenly seats in quads are shared, fewest and most, and at what price; "" where there is nothing to say.

    What evenness costs is a guess from above: no plan has fewer repeats than proven, so it costs the rest at most.
    """
    least, most = fours
    even = most - least <= max(1, limits.least_fours)
    if not most or (even and not problem.even_quads):
        return ""
    if not even:
        each = f"{number(least) if least else 'none'} to {number(most)} each"
        said = f"Seats in groups of four are not shared evenly: {each}"
        return f"{said}." if problem.even_quads else f"{said}; sharing them evenly may cost repeats."
    cost = again - limits.least_repeats
    if not cost:
        return "Sharing the fours evenly costs no repeat."
    return f"Sharing the fours evenly costs {number(cost)} more {'repeat' if cost == 1 else 'repeats'} at most."


def say_ground(limits: Bounds, names: Mapping[Person, str]) -> str:
    """Why repeats must be, in one sentence; "" where none must. For tutors alone: rules can be read from it."""
    least = limits.least_repeats
    so = f"At least {least} {'repeat is' if least == 1 else 'repeats are'} unavoidable"
    match limits.ground:
        case Ground.NOTHING:
            return ""
        case Ground.BY_PERSON:
            return f"{so}: {_stretched(limits, names)}."
        case Ground.BY_PIGEONHOLE:
            return f"{so}: a group with more members than there were groups before brings two together again."
        case Ground.BY_TRYING:
            return f"{so}: the class is so small that every plan has been tried."
        case Ground.SETTLED:
            return f"{so}: frozen sessions, pinned groups and people who are to be together repeat by themselves."


def _stretched(limits: Bounds, names: Mapping[Person, str]) -> str:
    """Who has more places beside them than people to fill them, those with the same numbers in one breath."""
    alike: dict[tuple[int, int], list[str]] = {}
    for person, places, people in limits.stretched:
        alike.setdefault((places, people), []).append(names[person])
    if not alike:
        return "there are more places side by side than pairs who have not met"
    (places, people), who = max(alike.items(), key=lambda item: len(item[1]))
    if len(who) == len(names):
        return f"everybody has {places} places to fill with {people} allowed partners"
    each = "has" if len(who) == 1 else "each have"
    said = f"{listed(who, 4)} {each} {places} places to fill with {people} allowed partners"
    others = len(limits.stretched) - len(who)
    if others:
        said += f", and {number(others)} more {'has' if others == 1 else 'have'} too few as well"
    return said


def say_spread(spread: int, least: int) -> str:
    if spread == 0:
        return "Everybody takes each role equally often."
    said = f"Everybody takes each role equally often, to within {number(spread)}"
    if spread == least:
        return f"{said}, and no plan can come closer."
    if least:
        return f"{said}; no plan can come closer than {number(least)}."
    return f"{said}; we can’t say whether a plan could come closer."
