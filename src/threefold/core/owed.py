"""Roles owed in extra practice: the turns somebody is behind in, and the order of places that makes up for most."""

from collections.abc import Mapping, Sequence
from itertools import permutations
from uuid import UUID

from threefold.core.roles import Role, Turning, turns


def owed(served: Mapping[Role, int], minutes: int) -> dict[Role, int]:
    """Turns somebody is behind in each role, beside the one they held most; `served` in minutes, a turn's given."""
    had = turns_so_far(served, minutes)
    most = max(had.values())
    return {role: most - count for role, count in had.items()}


def turns_so_far(served: Mapping[Role, int], minutes: int) -> dict[Role, int]:
    return {role: round(served.get(role, 0) / max(1, minutes)) for role in Role}


def in_order(
    members: Sequence[UUID], owed_to: Mapping[UUID, Mapping[Role, int]], turning: Turning = Turning.CLIENT_RESTS
) -> tuple[UUID, ...]:
    """The order in which people take the counsellor's place, so that as many as can be begin with what they are owed.

    Among equals the order given is kept.
    """

    def made_up(order: tuple[int, ...]) -> int:
        first = turns([members[place] for place in order], turning)[0]
        return sum(owed_to.get(who, {}).get(role, 0) for who, role in first.items())

    best = max(permutations(range(len(members))), key=lambda order: (made_up(order), [-place for place in order]))
    return tuple(members[place] for place in best)
