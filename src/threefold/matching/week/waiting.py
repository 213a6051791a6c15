"""Who is left without a place this week, why, and which times would have helped; said kindly and without names.

Nothing here may let anybody infer who is kept apart: reasons speak of times, rooms and places, and where only a
rule stands in the way, no more is said than that no group could be made.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations

from threefold.core.grouping import Person
from threefold.matching.week.possible import Members, Week, bits
from threefold.matching.words import listed

MOST_HELPS = 3
"""Times named for one person; the first are the likeliest to suit."""


class WhyUnplaced(StrEnum):
    """What stood in the way of a place, as far as offers and rooms tell."""

    NO_TIMES = "no_times"
    NOBODY_FREE = "nobody_free"
    TOO_FEW_FREE = "too_few_free"
    ROOMS_FULL = "rooms_full"
    OTHERS_PLACED = "others_placed"
    NO_GROUP = "no_group"


@dataclass(frozen=True)
class Unplaced:
    """Somebody without a place. Adding any one of `helps` (slot ids) to their offers would place them as well, with
    nobody else losing a place or changing groups; () where no slot does so by itself, though moving others might.
    """

    person: Person
    reason: WhyUnplaced
    helps: tuple[str, ...] = ()


def left_waiting(week: Week, groups: Sequence[tuple[Members, int]]) -> tuple[Unplaced, ...]:
    """Everybody who is in none of these groups, in the problem's order."""
    placed = frozenset(person for members, _ in groups for person in members)
    waiting = [person for person in range(week.count) if person not in placed]
    if not waiting:
        return ()
    after = _Aftermath(week, groups, frozenset(waiting))
    return tuple(
        Unplaced(
            week.problem.people[person],
            after.reason(person),
            tuple(week.problem.slots[slot].id for slot in after.helps(person)),
        )
        for person in waiting
    )


def say_unplaced(unplaced: Unplaced, slot_names: Mapping[str, str]) -> str:
    """The reason and what would help, said to the person; `slot_names` within a sentence ("Wednesday evening")."""
    return _said(unplaced, slot_names, "your", "you", "You haven’t")


def say_unplaced_of(unplaced: Unplaced, names: Mapping[Person, str], slot_names: Mapping[str, str]) -> str:
    """The same, said to the tutor about the person."""
    name = names[unplaced.person]
    return _said(unplaced, slot_names, f"{name}’s", "them", f"{name} hasn’t")


def _said(unplaced: Unplaced, slot_names: Mapping[str, str], whose: str, whom: str, has_not: str) -> str:
    times = f"{whose} times"
    reason = {
        WhyUnplaced.NO_TIMES: f"{has_not} offered any times",
        WhyUnplaced.NOBODY_FREE: f"Nobody else is free on {times}",
        WhyUnplaced.TOO_FEW_FREE: f"Too few others are free on {times} to make a group",
        WhyUnplaced.ROOMS_FULL: f"There is no room left on {times}",
        WhyUnplaced.OTHERS_PLACED: f"Everybody else who is free on {times} already has a group",
        WhyUnplaced.NO_GROUP: f"No group could be made on {times}",
    }[unplaced.reason]
    if not unplaced.helps:
        return f"{reason}."
    choice = listed([slot_names[slot] for slot in unplaced.helps], MOST_HELPS)
    either = choice.replace(" and ", " or ") if len(unplaced.helps) > 1 else choice
    return f"{reason}; adding {either} would place {whom}."


class _Aftermath:
    """A finished week, asked about those it left out."""

    def __init__(self, week: Week, groups: Sequence[tuple[Members, int]], waiting: frozenset[int]) -> None:
        self.week, self.groups, self.waiting = week, groups, waiting
        self.room = list(week.limits)
        for members, slot in groups:
            for limit in week.takes[slot]:
                self.room[limit] -= 1
            self.room[week.tutors] -= len(members) == 2
        self.triads_at: list[list[int]] = [[] for _ in week.offerers]
        for number, (members, _) in enumerate(groups):
            if len(members) == 3:
                for slot in bits(week.together_at(members)):
                    self.triads_at[slot].append(number)

    def reason(self, person: int) -> WhyUnplaced:
        """The first of the plain reasons that is true."""
        week = self.week
        if not week.offers[person]:
            return WhyUnplaced.NO_TIMES
        others = {slot: [p for p in week.offerers[slot] if p != person] for slot in week.offers[person]}
        if not any(others.values()):
            return WhyUnplaced.NOBODY_FREE
        if all(len(some) + 1 < week.sizes[0] for some in others.values()):
            return WhyUnplaced.TOO_FEW_FREE
        if any(not self._has_room(slot) and self._new_group(person, slot) for slot in others):
            return WhyUnplaced.ROOMS_FULL
        if all(p not in self.waiting for some in others.values() for p in some):
            return WhyUnplaced.OTHERS_PLACED
        return WhyUnplaced.NO_GROUP

    def helps(self, person: int) -> list[int]:
        """Slots that would place them, likeliest first: like those they offered, no four, nobody met before, near."""
        week = self.week
        slots = week.problem.slots
        offered = [slots[slot] for slot in week.offers[person]]
        found = []
        for slot in range(len(slots)):
            if week.free[person] >> slot & 1 or (cost := self._cost(person, slot)) is None:
                continue
            unlike = bool(offered) and all(one.in_room != slots[slot].in_room for one in offered)
            far = min((abs(one.start - slots[slot].start) for one in offered), default=0)
            found.append((unlike, *cost, far, slot))
        return [slot for *_, slot in sorted(found)[:MOST_HELPS]]

    def _cost(self, person: int, slot: int) -> tuple[bool, int] | None:
        """The best way in, as (whether it is no triad, repeats); None where there is none."""
        ways = [
            (len(members) != 3, self.week.repeats(members))
            for members in (
                *(self._new_group(person, slot) if self._has_room(slot) else ()),
                *self._fours(person, slot),
            )
        ]
        return min(ways, default=None)

    def _new_group(self, person: int, slot: int) -> list[Members]:
        """Groups that others who wait could make with this person at this slot, were there room."""
        others = [p for p in self.week.offerers[slot] if p in self.waiting and p != person]
        tutor = self.room[self.week.tutors] > 0
        return [
            members
            for size in self.week.sizes
            if size > 2 or tutor
            for some in combinations(others, size - 1)
            if self.week.allowed(members := (person, *some))
        ]

    def _fours(self, person: int, slot: int) -> list[Members]:
        """Triads that could be at this slot and take this person as a fourth."""
        if 4 not in self.week.sizes:
            return []
        return [
            members
            for number in self.triads_at[slot]
            if (self.groups[number][1] == slot or self._has_room(slot))
            and self.week.allowed(members := (*self.groups[number][0], person))
        ]

    def _has_room(self, slot: int) -> bool:
        return all(self.room[limit] > 0 for limit in self.week.takes[slot])
