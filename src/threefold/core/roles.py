"""What each person is in each round: role labels, rounds inside a session, and who takes which role when."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

Someone = TypeVar("Someone")


class Role(StrEnum):
    """The three places in a practice round; a quad has a second observer."""

    COUNSELLOR = "counsellor"
    CLIENT = "client"
    OBSERVER = "observer"


@dataclass(frozen=True)
class RoleLabels:
    """What a course calls its roles: Level 2 says helper and helpee, coaching says coach and client."""

    counsellor: str = "counsellor"
    client: str = "client"
    observer: str = "observer"

    def of(self, role: Role) -> str:
        return {
            Role.COUNSELLOR: self.counsellor,
            Role.CLIENT: self.client,
            Role.OBSERVER: self.observer,
        }[role]


def turns(order: Sequence[Someone]) -> tuple[dict[Someone, Role], ...]:
    """Every member's role in every round for one group, in the order they take the counsellor's place.

    The group turns "client rests next": counsellor, then client, then observer (domain rule: whoever has just
    spoken about themselves does not have to counsel straight afterwards). One round a member, each counsellor
    once and client once; a quad has two observers a round, a pair none of its own (a tutor observes).
    Round r (0-based) has `order[r]` as counsellor and `order[r - 1]` as client.
    """
    size = len(order)
    return tuple(
        {
            person: Role.COUNSELLOR
            if place == number
            else Role.CLIENT
            if place == (number - 1) % size
            else Role.OBSERVER
            for place, person in enumerate(order)
        }
        for number in range(size)
    )
