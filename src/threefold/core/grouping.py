"""Who sits together: the people, pairs and groups that plans, pages and letters all speak of."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from threefold.core.roles import Role, Turning, turns

Person = str
"""An opaque id; the rules compare people and never look inside."""

Pair = frozenset[Person]
"""Two people, in no order."""


@dataclass(frozen=True)
class Group:
    """People who practise together in one session.

    `members` stand in the order they take the counsellor's place, so the whole rota of the group can be read
    from it (`turns`). `tutor` says that a tutor observes: a pair has nobody of its own left to do so.
    `rests` are members who are nobody's client here. Their round as client is left out, so the session is
    shorter for the group, unless `twice`, who has agreed to it, takes that place as well.
    """

    members: tuple[Person, ...]
    tutor: bool = False
    turning: Turning = Turning.CLIENT_RESTS
    rests: frozenset[Person] = frozenset()
    twice: Person | None = None

    def pairs(self) -> Iterator[Pair]:
        """Everybody who meets here, two by two."""
        return map(frozenset, combinations(self.members, 2))

    def rounds(self) -> tuple[dict[Person, Role], ...]:
        """Every member's role in every round that is held, first round first."""
        return self.rounds_of(len(turns(self.members, self.turning)))

    def rounds_of(self, number: int) -> tuple[dict[Person, Role], ...]:
        """The same for a session that has time for so many rounds: roles begin again after the last one.

        A round whose client rests is left out and nobody else's is put in its place, so there may be fewer.
        """
        usual = turns(self.members, self.turning)
        held = (self._without_whoever_rests(usual[place % len(usual)]) for place in range(number))
        return tuple(roles for roles in held if roles)

    def counselled(self) -> Iterator[tuple[Person, Person]]:
        """Who has whom as a client here: (counsellor, client), round by round."""
        for roles in self.rounds():
            who = {role: person for person, role in roles.items()}
            yield who[Role.COUNSELLOR], who[Role.CLIENT]

    def _without_whoever_rests(self, roles: dict[Person, Role]) -> dict[Person, Role]:
        """The same round with somebody else as client where the client rests; {} where nobody is or can be."""
        client = next((person for person, role in roles.items() if role is Role.CLIENT), None)
        if client is None:
            return {}
        if client not in self.rests:
            return roles
        if self.twice is None or roles[self.twice] is not Role.OBSERVER:
            return {}
        return {**roles, client: Role.OBSERVER, self.twice: Role.CLIENT}
