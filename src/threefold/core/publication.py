"""What a plan becomes when it is published: who sits where in every session, and what they are in every round."""

from collections.abc import Sequence
from dataclasses import dataclass

from threefold.core.grouping import Group, Person
from threefold.core.roles import Role
from threefold.core.slots import SessionShape, rounds_for


@dataclass(frozen=True)
class LaidOut:
    """One group of one session: its number from 1, its room, the tutor who observes a pair (or None).

    `rota` has every member's role, round by round.
    """

    session: int
    number: int
    room: str
    tutor: Person | None
    members: tuple[Person, ...]
    rota: tuple[dict[Person, Role], ...]


def rota(group: Group, shape: SessionShape) -> tuple[dict[Person, Role], ...]:
    """Everybody's role in each round the session has for a group of this size; a quad turns a fourth time.

    Where somebody rests from being client the session has a round fewer for their group.
    """
    return group.rounds_of(rounds_for(shape, len(group.members)))


def lay_out(
    sessions: Sequence[Sequence[Group]], shape: SessionShape, rooms: Sequence[str], tutors: Sequence[Person]
) -> tuple[LaidOut, ...]:
    """Every group of a plan with its room and, for pairs, a tutor; tutors take pairs in turn.

    Rooms are given out in order; a group beyond the last room has none of its own.
    """
    found: list[LaidOut] = []
    pairs = 0
    for session, groups in enumerate(sessions):
        for number, group in enumerate(groups, start=1):
            tutor = tutors[pairs % len(tutors)] if group.tutor and tutors else None
            pairs += group.tutor
            room = rooms[number - 1] if number <= len(rooms) else ""
            found.append(LaidOut(session, number, room, tutor, group.members, rota(group, shape)))
    return tuple(found)
