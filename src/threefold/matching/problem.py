"""What a course's plan has to respect: who is there when, who is kept apart, and what is settled already."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from threefold.core.grouping import Group, Pair, Person
from threefold.core.roles import Role, Turning


class Remainder(StrEnum):
    """What becomes of the one or two people a session has beyond whole triads (the cohort's choice)."""

    QUADS = "quads"
    PAIR_WITH_TUTOR = "pair_with_tutor"
    PAIRS_WITH_TUTORS = "pairs_with_tutors"


@dataclass(frozen=True)
class Together:
    """Two people who must share a group: in one session (its place in time), or in any where `session` is None."""

    pair: Pair
    session: int | None = None


@dataclass(frozen=True)
class CourseProblem:
    """One course, to be planned in one go.

    `people` gives the order in which everything is decided, so the same problem gets the same plan.
    `present` holds, for each practice session in time order, the people who can come.
    `apart` are the pairs who never share a group; why is nobody's business here.
    `turning` is how the roles go round within a session.
    `even_quads`: seats in quads are shared as evenly as can be, within one of each other where everybody comes as
    often, even where that costs repeats; else only as far as it costs none. A plan may be uneven all the same.
    `frozen` holds sessions, by their place in `present`, that stay exactly as they are, whoever is in them.
    `pinned` holds groups, by session, that stay exactly as they are while others are planned around them.
    `together` are pairs who must share a group; of a frozen session this asks nothing any more. `rests` are
    (person, session): nobody's client in that session; `willing` are people who have agreed to be client twice
    in a session for somebody who rests.

    What really happened before this plan: `met` counts the meetings of pairs (pairs with strangers are ignored),
    `served` the minutes each person held each role, `counselled` how often (counsellor, client) sat so. A round of
    this course lasts `round_minutes`; with the default of 1, `served` counts rounds.

    What is only preferred: `experience`, by person (1 is the newest; a group mixes well when its members differ),
    and `wishes`, pairs who would like to work together.

    Raises ValueError when the parts do not fit together: that is a mistake of the caller, not of a tutor.
    """

    people: tuple[Person, ...]
    present: tuple[frozenset[Person], ...]
    apart: frozenset[Pair] = frozenset()
    remainder: Remainder = Remainder.QUADS
    turning: Turning = Turning.CLIENT_RESTS
    frozen: Mapping[int, tuple[Group, ...]] = field(default_factory=dict)
    pinned: Mapping[int, tuple[Group, ...]] = field(default_factory=dict)
    together: tuple[Together, ...] = ()
    rests: frozenset[tuple[Person, int]] = frozenset()
    willing: frozenset[Person] = frozenset()
    met: Mapping[Pair, int] = field(default_factory=dict)
    served: Mapping[Person, Mapping[Role, int]] = field(default_factory=dict)
    counselled: Mapping[tuple[Person, Person], int] = field(default_factory=dict)
    round_minutes: int = 1
    experience: Mapping[Person, int] = field(default_factory=dict)
    wishes: frozenset[Pair] = frozenset()
    even_quads: bool = False

    def __post_init__(self) -> None:
        known = frozenset(self.people)
        sessions = range(len(self.present))
        pinned = [(number, group) for number, groups in self.pinned.items() for group in groups]
        wrong = {
            "somebody is listed twice": len(known) != len(self.people),
            "somebody is present who is not one of the people": not all(here <= known for here in self.present),
            "a keep-apart rule, a wish or a pair to be together must name two of the people": not all(
                len(pair) == 2 and pair <= known
                for pair in (*self.apart, *self.wishes, *(rule.pair for rule in self.together))
            ),
            "meetings are counted for two people at a time": not all(
                len(pair) == 2 and count >= 0 for pair, count in self.met.items()
            ),
            "a frozen session, a pinned group or a rule names a session that is not one of the sessions": not all(
                number in sessions
                for number in (
                    *self.frozen,
                    *self.pinned,
                    *(number for _, number in self.rests),
                    *(rule.session for rule in self.together if rule.session is not None),
                )
            ),
            "a pinned group has somebody who is not there": not all(
                number in sessions and self.present[number].issuperset(group.members) for number, group in pinned
            ),
            "a session is frozen and has pinned groups as well": not self.frozen.keys().isdisjoint(self.pinned),
        }
        if broken := [what for what, so in wrong.items() if so]:
            raise ValueError("; ".join(broken))

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

    QUADS: one beyond whole triads makes one quad, two make two quads (five people: a triad and a pair with a
    tutor, since there are no two quads to make). PAIR_WITH_TUTOR: one beyond makes a quad, two make one pair with
    a tutor, so one tutor is enough. PAIRS_WITH_TUTORS: nobody sits in a quad; one beyond makes two pairs, two make
    one. Two people are a pair with a tutor under each. Nobody and one person have no shape: ().
    """
    over = here % 3
    if here < 2:
        return ()
    if over == 0:
        return (3,) * (here // 3)
    if over == 1 and remainder is Remainder.PAIRS_WITH_TUTORS:
        return (3,) * (here // 3 - 1) + (2, 2)
    if over == 1:
        return (3,) * (here // 3 - 1) + (4,)
    if remainder is not Remainder.QUADS or here < 8:
        return (3,) * (here // 3) + (2,)
    return (3,) * (here // 3 - 2) + (4, 4)
