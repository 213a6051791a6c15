"""What a course's plan has to respect: who is there when, who is kept apart, and what is settled already."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from threefold.core.grouping import Group, Pair, Person


class Remainder(StrEnum):
    """What becomes of the one or two people a session has beyond whole triads (the cohort's choice)."""

    QUADS = "quads"
    PAIR_WITH_TUTOR = "pair_with_tutor"


@dataclass(frozen=True)
class CourseProblem:
    """One course, to be planned in one go.

    `people` gives the order in which everything is decided, so the same problem gets the same plan.
    `present` holds, for each practice session in time order, the people who can come.
    `apart` are the pairs who never share a group; why is nobody's business here.
    `met` counts the meetings that really happened before this plan (pairs with strangers are ignored).
    `frozen` holds sessions, by their place in `present`, that stay exactly as they are, whoever is in them.

    Raises ValueError when the parts do not fit together: that is a mistake of the caller, not of a tutor.
    """

    people: tuple[Person, ...]
    present: tuple[frozenset[Person], ...]
    apart: frozenset[Pair] = frozenset()
    remainder: Remainder = Remainder.QUADS
    met: Mapping[Pair, int] = field(default_factory=dict)
    frozen: Mapping[int, tuple[Group, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        known = frozenset(self.people)
        if len(known) != len(self.people):
            raise ValueError("somebody is listed twice")
        if not all(here <= known for here in self.present):
            raise ValueError("somebody is present who is not one of the people")
        if not all(len(pair) == 2 and pair <= known for pair in self.apart):
            raise ValueError("a keep-apart rule must name two of the people")
        if not all(len(pair) == 2 and count >= 0 for pair, count in self.met.items()):
            raise ValueError("meetings are counted for two people at a time")
        if not all(0 <= number < len(self.present) for number in self.frozen):
            raise ValueError("a frozen session is not one of the sessions")

    def open_sessions(self) -> tuple[int, ...]:
        """The sessions still to be planned, in time order."""
        return tuple(number for number in range(len(self.present)) if number not in self.frozen)

    def shapes(self) -> dict[int, tuple[int, ...]]:
        """The group sizes of each session still to be planned."""
        return {number: shape(len(self.present[number]), self.remainder) for number in self.open_sessions()}

    def here(self, number: int) -> tuple[Person, ...]:
        """Who is present in one session, in the problem's order."""
        return tuple(person for person in self.people if person in self.present[number])


def shape(here: int, remainder: Remainder) -> tuple[int, ...]:
    """The group sizes for so many people: triads first, then what the remainder needs (PRACTICE §1.1).

    One beyond whole triads makes one quad under either policy: the pairs' way would be two pairs, and so two
    tutors at once. Two beyond make two quads, or one pair with a tutor. Two people and five people have no
    quads to make, so one pair with a tutor is the answer to both. Nobody and one person have no shape: ().
    """
    over = here % 3
    if here < 2:
        return ()
    if over == 0:
        return (3,) * (here // 3)
    if over == 1:
        return (3,) * (here // 3 - 1) + (4,)
    if remainder is Remainder.PAIR_WITH_TUTOR or here < 8:
        return (3,) * (here // 3) + (2,)
    return (3,) * (here // 3 - 2) + (4, 4)
