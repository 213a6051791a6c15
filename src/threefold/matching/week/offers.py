"""What a week's matching has to respect: who offered which times, what each time can hold, who is kept apart."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from threefold.core.grouping import Pair, Person
from threefold.core.roles import Role, Turning


class Liking(StrEnum):
    """How somebody offers a time; "not free" is not an offer."""

    PREFERRED = "preferred"
    IF_NEEDED = "if_needed"


@dataclass(frozen=True)
class WeekSlot:
    """One time at which groups can start, online or in a room.

    `start` counts minutes from any fixed moment, in UTC; `minutes` is how long a group stays. `capacity` is how
    many groups can be there at once, None where there is no limit (online). Slots that name the same `place` share
    it: groups whose times overlap there count together against its capacity. Without a place, a slot's capacity
    is its own.
    """

    id: str
    start: int
    minutes: int
    in_room: bool = False
    capacity: int | None = None
    place: str = ""


@dataclass(frozen=True)
class WeekProblem:
    """One week, to be matched in one go.

    `people` gives the order in which everything is decided, so the same problem gets the same plan.
    `offers` says for each person at which slots they can come and how gladly; nobody is matched at any other.
    Whoever brings the offers has already put everybody's own clock and "online or in the room" into them.
    `apart` are the pairs who never share a group; why is nobody's business here. `together` are pairs who are
    placed in one group or not at all; that they are comes before everything else.

    Groups are triads; `quads` allows groups of four, and `tutors` pairs that a tutor observes, at most so many in
    the week. `turning` is how the roles go round within a session. `rests` are people who are nobody's client this
    week, `willing` those who have agreed to be client twice for somebody who rests.

    What really happened before: `met` counts the meetings of pairs (pairs with strangers are ignored), `served` the
    minutes each person held each role, `counselled` how often (counsellor, client) sat so. A round lasts
    `round_minutes`; with the default of 1, `served` counts rounds.

    Raises ValueError when the parts do not fit together: that is a mistake of the caller, not of a tutor.
    """

    people: tuple[Person, ...]
    slots: tuple[WeekSlot, ...]
    offers: Mapping[Person, Mapping[str, Liking]]
    apart: frozenset[Pair] = frozenset()
    together: frozenset[Pair] = frozenset()
    met: Mapping[Pair, int] = field(default_factory=dict)
    served: Mapping[Person, Mapping[Role, int]] = field(default_factory=dict)
    counselled: Mapping[tuple[Person, Person], int] = field(default_factory=dict)
    quads: bool = True
    tutors: int = 0
    turning: Turning = Turning.CLIENT_RESTS
    rests: frozenset[Person] = frozenset()
    willing: frozenset[Person] = frozenset()
    round_minutes: int = 1

    def __post_init__(self) -> None:
        known, times = frozenset(self.people), frozenset(slot.id for slot in self.slots)
        holds: dict[str, set[int | None]] = {}
        for slot in self.slots:
            if slot.place:
                holds.setdefault(slot.place, set()).add(slot.capacity)
        wrong = {
            "somebody is listed twice": len(known) != len(self.people),
            "a slot is listed twice": len(times) != len(self.slots),
            "an offer is of somebody who is not one of the people, or of no slot of this week": not (
                known.issuperset(self.offers) and all(times.issuperset(some) for some in self.offers.values())
            ),
            "a rule about two people must name two of the people": not all(
                len(pair) == 2 and pair <= known for pair in (*self.apart, *self.together)
            ),
            "two people are to be kept apart and together": not self.apart.isdisjoint(self.together),
            "meetings are counted for two people at a time": not all(
                len(pair) == 2 and count >= 0 for pair, count in self.met.items()
            ),
            "a capacity, a length or a number of tutors is below nought": not all(
                slot.minutes >= 0 and (slot.capacity is None or slot.capacity >= 0) for slot in self.slots
            )
            or self.tutors < 0
            or self.round_minutes < 1,
            "a place holds more at one time than at another": any(len(some) > 1 for some in holds.values()),
        }
        if broken := [what for what, so in wrong.items() if so]:
            raise ValueError("; ".join(broken))

    def sizes(self) -> tuple[int, ...]:
        """The group sizes this week allows, smallest first."""
        return tuple(size for size, may in ((2, self.tutors > 0), (3, True), (4, self.quads)) if may)
