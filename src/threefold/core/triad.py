"""Seats in a triad and what people may do with them: saying that one can't make it, and taking that back."""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from operator import itemgetter
from typing import TypeVar
from uuid import UUID

from threefold.core.refusal import Refusal

Member = TypeVar("Member")
Group = TypeVar("Group")


@dataclass(frozen=True)
class Withdrawn:
    """Somebody can't make it. `left_waiting` are the seats that stay; the tutor hears of it, nobody else yet."""

    left_waiting: tuple[str, ...]
    late: bool  # less than two hours before it begins: worth a call as well


LATE_MINUTES = 120


def where_to_sit(
    newcomer: Member, groups: Mapping[Group, Sequence[Member]], apart: AbstractSet[frozenset[Member]]
) -> Group | None:
    """The smallest group in which nobody is kept apart from the newcomer, the first of several; None where there is
    none. Groups of four take nobody more while a smaller one is there, since each person's turn gets shorter.
    """
    fits = [
        (len(members), place, group)
        for place, (group, members) in enumerate(groups.items())
        if members and not any(frozenset((newcomer, member)) in apart for member in members)
    ]
    return min(fits, key=itemgetter(0, 1))[2] if fits else None


def group_name(room: str, number: int) -> str:
    """How a group is called: “Room 2”, or “Group 2” where it has no room."""
    return room or f"Group {number}"


def mark_of(groups: Iterable[tuple[UUID, Sequence[UUID]]]) -> str:
    """A short word for who sits with whom, in which triad."""
    said = "|".join(sorted(f"{triad}:{','.join(map(str, members))}" for triad, members in groups))
    return sha256(said.encode()).hexdigest()[:16]


def withdraw(*, starts_at: datetime, others: tuple[str, ...], now: datetime) -> Withdrawn | Refusal:
    """What follows from "I can't make it". Never asks why. Refused once the session has begun."""
    if now >= starts_at:
        return Refusal.because("This session has begun already. Tell your tutor in the room, or by phone.")
    return Withdrawn(left_waiting=others, late=(starts_at - now).total_seconds() < LATE_MINUTES * 60)


def come_back(*, starts_at: datetime, now: datetime) -> Refusal | None:
    """Taking it back is welcome until the session begins."""
    return Refusal.because("This session has begun already.") if now >= starts_at else None
