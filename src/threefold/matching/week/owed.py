"""Roles owed: in which order a group's members sit so that what one has had too little of is made up for."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations

from threefold.core.grouping import Group, Person
from threefold.core.roles import Role, Turning
from threefold.matching.week.offers import WeekProblem

LOST_ROUND = 10
"""A round that cannot be held is as bad as so many rounds of imbalance."""


@dataclass(frozen=True, order=True)
class Cost:
    """What an order of a group costs, the worst first.

    `lost`: rounds that cannot be held because their client rests. `debt`: by how much, in minutes and over all
    members, the distance between the role held most and the role held least grows (below nought: is made up for).
    `again`: times somebody would have the same client again. `late`: what counselling is owed to those who come
    late, where time runs short.
    """

    lost: int
    debt: int
    again: int
    late: int


def in_owed_order(problem: WeekProblem, members: Sequence[Person]) -> tuple[Cost, Group]:
    """The group with its members in the cheapest order; among equals the order given is kept as far as it can be.

    Somebody who has agreed to it is client twice only for somebody who rests.
    """
    rests = problem.rests.intersection(members)
    if not (rests or problem.served or problem.counselled):
        return Cost(0, 0, 0, 0), Group(tuple(members), len(members) == 2, problem.turning)
    agreed: list[Person | None] = [None]
    if rests:
        agreed += [person for person in members if person in problem.willing and person not in rests]
    best: tuple[Cost, Group] | None = None
    for order in permutations(members):
        for twice in agreed:
            group = Group(order, len(order) == 2, problem.turning, rests, twice)
            cost = _cost(problem, group)
            if best is None or cost < best[0]:
                best = cost, group
    if best is None:
        raise ValueError("a group has members")
    return best


class RoleDebts:
    """What it costs in roles to seat some people together, for comparing many groups: no order is worked out.

    `grows[p][role]` says by how many minutes the distance between most and least held role grows for person p (by
    number) when they hold that role for one round. People in a triad with all its rounds hold every role once, so
    only one-round groups, fours (with two turns of observing), and those who rest make a difference.
    """

    def __init__(self, problem: WeekProblem) -> None:
        self.one_round = problem.turning is Turning.ONE_ROUND
        self.rests = frozenset(n for n, person in enumerate(problem.people) if person in problem.rests)
        self.willing = frozenset(n for n, person in enumerate(problem.people) if person in problem.willing)
        self.lost_round = LOST_ROUND * problem.round_minutes
        self.grows = [
            {role: _growth(problem.served.get(person, {}), {role: problem.round_minutes}) for role in Role}
            for person in problem.people
        ]

    @classmethod
    def of(cls, problem: WeekProblem) -> "RoleDebts | None":
        """None where every group costs the same."""
        return cls(problem) if problem.served or problem.rests else None

    def of_group(self, members: Sequence[int]) -> int:
        if self.one_round:
            observing = sum(self.grows[p][Role.OBSERVER] for p in members)
            return min(
                (
                    observing
                    + self.grows[one][Role.COUNSELLOR]
                    - self.grows[one][Role.OBSERVER]
                    + self.grows[other][Role.CLIENT]
                    - self.grows[other][Role.OBSERVER]
                    for one, other in permutations(members, 2)
                    if other not in self.rests
                ),
                default=self.lost_round,
            )
        resting = self.rests.intersection(members)
        cost = self.lost_round * len(resting) if resting and self.willing.isdisjoint(set(members) - resting) else 0
        return cost + (sum(self.grows[p][Role.OBSERVER] for p in members) if len(members) == 4 else 0)


def _cost(problem: WeekProblem, group: Group) -> Cost:
    rounds = group.rounds()
    planned = 1 if group.turning is Turning.ONE_ROUND else len(group.members)
    held = {person: Counter(roles[person] for roles in rounds) for person in group.members}
    return Cost(
        lost=planned - len(rounds),
        debt=sum(
            _growth(
                problem.served.get(person, {}), {role: times * problem.round_minutes for role, times in had.items()}
            )
            for person, had in held.items()
        ),
        again=sum(problem.counselled.get(both, 0) for both in group.counselled()),
        late=sum(place * _owed(problem.served.get(person, {})) for place, person in enumerate(group.members)),
    )


def _growth(served: Mapping[Role, int], more: Mapping[Role, int]) -> int:
    """By how much the distance between the role held most and the one held least grows."""
    before = [served.get(role, 0) for role in Role]
    after = [served.get(role, 0) + more.get(role, 0) for role in Role]
    return (max(after) - min(after)) - (max(before) - min(before))


def _owed(served: Mapping[Role, int]) -> int:
    """How much less somebody has counselled than the role they have held most."""
    return max(served.values(), default=0) - served.get(Role.COUNSELLOR, 0)
