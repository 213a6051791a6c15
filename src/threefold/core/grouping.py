"""Who sits together: the people, pairs and groups that plans, pages and letters all speak of."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from threefold.core.roles import Role, turns

Person = str
"""An opaque id; the rules compare people and never look inside."""

Pair = frozenset[Person]
"""Two people, in no order."""


@dataclass(frozen=True)
class Group:
    """People who practise together in one session.

    `members` stand in the order they take the counsellor's place, so the whole rota of the group can be read
    from it (`turns`). `tutor` says that a tutor observes: a pair has nobody of its own left to do so.
    """

    members: tuple[Person, ...]
    tutor: bool = False

    def pairs(self) -> Iterator[Pair]:
        """Everybody who meets here, two by two."""
        return map(frozenset, combinations(self.members, 2))

    def rounds(self) -> tuple[dict[Person, Role], ...]:
        """Every member's role in every round, first round first."""
        return turns(self.members)

    def counselled(self) -> Iterator[tuple[Person, Person]]:
        """Who has whom as a client here: (counsellor, client), round by round."""
        return ((person, self.members[number - 1]) for number, person in enumerate(self.members))
