"""A term as it stands, as far as places in it can change hands: who can take which, and what that would do to the rest.

Why somebody can't is nobody's to know: rules, pins and choices are looked at here and never said.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from uuid import UUID

from threefold.core.availability import How
from threefold.core.grouping import Pair, Person
from threefold.core.roles import Role

OFTEN = 3  # from the third meeting on it is said


@dataclass(frozen=True, slots=True)
class Meeting:
    """A session, by its moments in UTC."""

    id: UUID
    starts_at: datetime
    ends_at: datetime
    cancelled: bool = False

    def overlaps(self, other: "Meeting") -> bool:
        return self.starts_at < other.ends_at and other.starts_at < self.ends_at


@dataclass(frozen=True, slots=True)
class Place:
    """A seat that somebody holds; `roles` are (round, role). `withdrawn`: its holder has said that they can't come."""

    seat: UUID
    member: Person
    practice: UUID
    triad: UUID
    roles: tuple[tuple[int, Role], ...] = ()
    withdrawn: bool = False


@dataclass(frozen=True)
class Standing:
    """A term as it stands, as far as places in it can change hands.

    `people` are its trainees. `met` and `turns` are counted over the whole term: what happened, and what is planned.
    `away`: (person, session) of those who said so beforehand, or gave their place up. `rests`: nobody's client there.
    `elsewhere`: (person, session) of those who have a place in another cohort at that time; which is nobody's to know.
    `kept` are triads that a tutor wants as they are. `free` is what people said of a session's time.
    """

    meetings: Mapping[UUID, Meeting]
    places: Mapping[UUID, Place]
    people: AbstractSet[Person]
    met: Mapping[Pair, int] = field(default_factory=dict)
    turns: Mapping[Person, Mapping[Role, int]] = field(default_factory=dict)
    apart: AbstractSet[Pair] = frozenset()
    away: AbstractSet[tuple[Person, UUID]] = frozenset()
    rests: AbstractSet[tuple[Person, UUID]] = frozenset()
    elsewhere: AbstractSet[tuple[Person, UUID]] = frozenset()
    kept: AbstractSet[UUID] = frozenset()
    free: Mapping[tuple[Person, UUID], How] = field(default_factory=dict)
    standby: Mapping[UUID, tuple[Person, ...]] = field(default_factory=dict)

    @cached_property
    def places_of(self) -> Mapping[Person, tuple[Place, ...]]:
        found: dict[Person, tuple[Place, ...]] = {}
        for place in self.places.values():
            found[place.member] = (*found.get(place.member, ()), place)
        return found

    @cached_property
    def sitting_in(self) -> Mapping[UUID, tuple[Person, ...]]:
        """Who sits in each triad."""
        found: dict[UUID, tuple[Person, ...]] = {}
        for place in self.places.values():
            found[place.triad] = (*found.get(place.triad, ()), place.member)
        return found

    def others(self, place: Place) -> tuple[Person, ...]:
        return tuple(each for each in self.sitting_in.get(place.triad, ()) if each != place.member)

    def sits_in(self, person: Person, practice: UUID) -> bool:
        return any(place.practice == practice for place in self.places_of.get(person, ()))

    def is_on(self, practice: UUID, now: datetime) -> bool:
        """Whether a session is still to come and not called off."""
        meeting = self.meetings.get(practice)
        return meeting is not None and not meeting.cancelled and now < meeting.starts_at

    def takes(self, person: Person, place: Place, *, leaving: Place | None = None) -> bool:
        """Whether somebody can take a place: they have none at that time, but the one they would leave, here or in
        another cohort, and neither rules nor choices stand against it.
        """
        meeting = self.meetings[place.practice]
        at_the_time = any(
            self.meetings[held.practice].overlaps(meeting)
            for held in self.places_of.get(person, ())
            if leaving is None or held.seat != leaving.seat
        )
        client = any(role is Role.CLIENT for _, role in place.roles)
        return (
            person in self.people
            and not at_the_time
            and (person, place.practice) not in self.elsewhere
            and not self.sits_in(person, place.practice)
            and not (client and (person, place.practice) in self.rests)
            and not any(frozenset((person, other)) in self.apart for other in self.others(place))
        )

    def swap_fits(self, place: Place, other: Place) -> bool:
        """Whether the holders of two places can have each other's."""
        return self.takes(other.member, place, leaving=other) and self.takes(place.member, other, leaving=place)


@dataclass(frozen=True)
class Effects:
    """What a change of places does. `lost`: pairs who would not meet this term any more; `often`: pairs who would meet
    for the third time or more, and which time; `firsts`: pairs who would meet who else would not. `uneven`: people
    whose turns would be shared less evenly. `turns`: what the two would have over the term.
    """

    lost: tuple[Pair, ...]
    often: tuple[tuple[Pair, int], ...]
    firsts: tuple[Pair, ...]
    uneven: tuple[Person, ...]
    turns: Mapping[Person, Mapping[Role, int]]

    @property
    def nothing_lost(self) -> bool:
        return not (self.lost or self.often or self.uneven)

    @property
    def cost(self) -> int:
        """Smaller is fairer: people who miss each other and turns weigh more than meeting once more."""
        return 2 * len(self.lost) + sum(times - OFTEN + 1 for _, times in self.often) + 2 * len(self.uneven)


def effects(standing: Standing, place: Place, taker: Person, in_return: Place | None) -> Effects:
    """What it would do if `taker` took this place, and its holder the one in return."""
    asker = place.member
    change: Counter[Pair] = Counter()
    for other in standing.others(place):
        change[frozenset((asker, other))] -= 1
        change[frozenset((taker, other))] += 1
    for other in standing.others(in_return) if in_return else ():
        change[frozenset((taker, other))] -= 1
        change[frozenset((asker, other))] += 1
    after = {pair: (standing.met.get(pair, 0), standing.met.get(pair, 0) + by) for pair, by in change.items() if by}
    turns = {
        asker: _turns(standing, asker, place, in_return),
        taker: _turns(standing, taker, in_return, place),
    }
    return Effects(
        lost=_in_order(pair for pair, (was, now) in after.items() if was > 0 >= now),
        often=tuple(
            (pair, after[pair][1]) for pair in _in_order(p for p, (w, n) in after.items() if n >= OFTEN and n > w)
        ),
        firsts=_in_order(pair for pair, (was, now) in after.items() if now > 0 >= was),
        uneven=tuple(who for who in (asker, taker) if _is_less_even(standing.turns.get(who, {}), turns[who])),
        turns=turns,
    )


def _turns(standing: Standing, person: Person, gives: Place | None, takes: Place | None) -> Mapping[Role, int]:
    now = Counter({role: standing.turns.get(person, {}).get(role, 0) for role in Role})
    now.subtract(role for _, role in (gives.roles if gives else ()))
    now.update(role for _, role in (takes.roles if takes else ()))
    return {role: max(0, now[role]) for role in Role}


def _is_less_even(before: Mapping[Role, int], after: Mapping[Role, int]) -> bool:
    was, now = (max(each.get(r, 0) for r in Role) - min(each.get(r, 0) for r in Role) for each in (before, after))
    return now > max(1, was)


def _in_order(pairs: Iterable[Pair]) -> tuple[Pair, ...]:
    return tuple(sorted(pairs, key=sorted))
