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


class Turning(StrEnum):
    """How the roles go round in a group (PRACTICE §1.3); the cohort's choice.

    CLIENT_RESTS: counsellor, then client, then observer, so that whoever has just spoken about themselves rests
    as observer before they counsel. CLIENT_COUNSELS: counsellor, then observer, then client, who counsels next;
    nobody is client fresh from hearing feedback. ONE_ROUND: there is time for a single round.
    """

    CLIENT_RESTS = "client_rests"
    CLIENT_COUNSELS = "client_counsels"
    ONE_ROUND = "one_round"


def turns(order: Sequence[Someone], turning: Turning = Turning.CLIENT_RESTS) -> tuple[dict[Someone, Role], ...]:
    """Every member's role in every round for one group, in the order they take the counsellor's place.

    One round a member, each counsellor once and client once; a quad has two observers a round, a pair none of its
    own (a tutor observes). Round r (from 0) has `order[r]` as counsellor; its client is `order[r - 1]` where the
    client rests next, `order[r + 1]` where the client counsels next. With one round only, the first counsels the
    second and everybody else observes.
    """
    size = len(order)
    step = -1 if turning is Turning.CLIENT_RESTS else 1
    return tuple(
        {
            person: Role.COUNSELLOR
            if place == number
            else Role.CLIENT
            if place == (number + step) % size
            else Role.OBSERVER
            for place, person in enumerate(order)
        }
        for number in range(1 if turning is Turning.ONE_ROUND else size)
    )


# What a word for the counsellor does to the word for the client; any other word "is … for".
VERBS = {"counsellor": "counsels", "helper": "helps", "coach": "coaches", "supervisor": "supervises"}


@dataclass(frozen=True)
class SaidTurn:
    """One round as one person reads it: "You’re observing", "Kit counsels Grace"."""

    role: Role
    headline: str
    detail: str


def say_turn(mine: Role, labels: RoleLabels, counsellor: str, client: str, observers: Sequence[str]) -> SaidTurn:
    """Say a round to one of its people. Names are first names; the reader's own is not used.

    `observers` are the others who observe (for an observer: the second one of a quad), the tutor of a pair included.
    """
    watching = " and ".join(observers)
    verb = VERBS.get(labels.counsellor, f"is {labels.counsellor} for")
    observe = "observes" if len(observers) == 1 else "observe"
    if mine is Role.COUNSELLOR:
        return SaidTurn(
            mine, f"You’re {labels.counsellor}", _joined(f"{client} is your {labels.client}", watching, observe)
        )
    if mine is Role.CLIENT:
        return SaidTurn(mine, f"You’re the {labels.client}", _joined(f"{counsellor} {verb} you", watching, observe))
    headline = "You’re observing" if labels.observer == "observer" else f"You’re {labels.observer}"
    return SaidTurn(mine, headline, _joined(f"{counsellor} {verb} {client}", watching, f"{observe} with you"))


def _joined(first: str, watching: str, observe: str) -> str:
    return f"{first}, {watching} {observe}" if watching else first
