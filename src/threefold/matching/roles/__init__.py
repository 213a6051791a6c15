"""Every group finished: who counsels whom and when, who rests, and where a tutor observes."""

from collections.abc import Mapping, Sequence
from random import Random

from threefold.core.grouping import Group, Person
from threefold.core.roles import Turning
from threefold.matching.problem import CourseProblem
from threefold.matching.roles.one_round import one_round
from threefold.matching.roles.rota import rota


def in_turn(
    problem: CourseProblem, sessions: Mapping[int, Sequence[Sequence[Person]]], draw: Random
) -> dict[int, tuple[Group, ...]]:
    """The open sessions' groups, finished: members in order, turning, who rests, who is client twice, tutor.

    `sessions` holds the groups of each open session as they sit together, in any order of members; pinned ones
    may be among them or not, and come out first and as they are.
    """
    kept = {number: [frozenset(g.members) for g in groups] for number, groups in problem.pinned.items()}
    free = [
        (number, tuple(group))
        for number in sorted(sessions)
        for group in sessions[number]
        if frozenset(group) not in kept.get(number, ())
    ]
    made = _with_one_round(problem, free, draw) if problem.turning is Turning.ONE_ROUND else rota(problem, free, draw)
    finished = {number: list(problem.pinned.get(number, ())) for number in sessions}
    for (number, _), group in zip(free, made, strict=True):
        finished[number].append(group)
    return {number: tuple(groups) for number, groups in finished.items()}


def _with_one_round(
    problem: CourseProblem, free: Sequence[tuple[int, tuple[Person, ...]]], draw: Random
) -> list[Group]:
    return [
        Group(
            order,
            tutor=len(order) == 2,
            turning=problem.turning,
            rests=frozenset(person for person in order if (person, number) in problem.rests),
        )
        for (number, _), order in zip(free, one_round(problem, free, draw), strict=True)
    ]
