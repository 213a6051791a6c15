"""A published plan with some groups changed: what can stays to the byte, the others get their turns anew."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import permutations
from random import Random

from threefold.core.grouping import Group, Person
from threefold.core.roles import Role, Turning
from threefold.matching.plan import Plan
from threefold.matching.problem import CourseProblem
from threefold.matching.repair.torn import Members
from threefold.matching.roles import in_turn

Late = Collection[tuple[Person, int]]
"""Who comes late to which session."""


def renewed(
    course: CourseProblem, published: Plan, seated: Mapping[int, Sequence[Members]], late: Late, draw: Random
) -> Plan:
    """The published plan with the groups of these sessions sitting as they do in `seated`.

    A group whose members are the same stays as it is, also in its place. One that only lost somebody keeps the
    order of the others, unless that leaves a single round without its counsellor or client. Whoever rests from
    being client, and whoever is late, changes the turns of their group and nothing else. All other turns are
    dealt by what everybody has been and will be in the groups that stay.
    """
    sessions: dict[int, list[Group | Members]] = {}
    for number in course.open_sessions():
        groups = seated.get(number, [group.members for group in published.sessions[number]])
        sessions[number] = _in_their_places(course, number, published.sessions[number], groups)
    standing = {number: [group for group in groups if isinstance(group, Group)] for number, groups in sessions.items()}
    dealt = in_turn(
        replace(
            course,
            frozen={**course.frozen, **{n: tuple(groups) for n, groups in standing.items() if groups == sessions[n]}},
            pinned={n: tuple(groups) for n, groups in standing.items() if groups != sessions[n]},
        ),
        {
            number: [group.members if isinstance(group, Group) else group for group in groups]
            for number, groups in sessions.items()
            if groups != standing[number]
        },
        draw,
    )
    made: list[tuple[Group, ...]] = []
    for number in range(len(published.sessions)):
        if number in course.frozen:
            made.append(course.frozen[number])
            continue
        new = {frozenset(group.members): group for group in dealt.get(number, ())}
        finished = [one if isinstance(one, Group) else new[frozenset(one)] for one in sessions[number]]
        pinned = course.pinned.get(number, ())
        made.append(tuple(group if group in pinned else _lateness(group, number, late) for group in finished))
    return Plan(tuple(made))


def _in_their_places(
    course: CourseProblem, number: int, published: Sequence[Group], groups: Iterable[Sequence[Person]]
) -> list[Group | Members]:
    """The groups, finished where nothing needs dealing: those that go on first, in the order they had."""
    new = {frozenset(group): tuple(group) for group in groups}
    pinned = {frozenset(group.members): group for group in course.pinned.get(number, ())}
    placed: list[Group | Members] = []
    for group in published:
        left = tuple(person for person in group.members if person in course.present[number])
        if among := new.pop(frozenset(left), None):
            placed.append(pinned.get(frozenset(left)) or _going_on(course, number, group, left) or among)
    return [*placed, *(pinned.get(people, among) for people, among in new.items())]


def _going_on(course: CourseProblem, number: int, group: Group, left: Members) -> Group | None:
    """The group without whoever is out; None where its turns must be dealt anew."""
    rest = frozenset(person for person in left if (person, number) in course.rests)
    if rest != group.rests & frozenset(left) or (rest and left != group.members):
        return None
    if left == group.members:
        return group
    if group.turning is not course.turning:
        return None
    if group.turning is Turning.ONE_ROUND and left[:2] != group.members[:2]:
        return None
    return replace(group, members=left, tutor=len(left) == 2)


def _lateness(group: Group, number: int, late: Late) -> Group:
    """The group with whoever is late as an observer of its first round, if that can be, and few turns changed."""
    tardy = [person for person in group.members if (person, number) in late]
    if not tardy:
        return group

    def missed(one: Group) -> int:
        first = one.rounds()[0]
        return sum(first[person] is not Role.OBSERVER for person in tardy)

    def changed(one: Group) -> int:
        return sum(
            roles.get(person) is not role
            for roles, was in zip(one.rounds(), group.rounds(), strict=False)
            for person, role in was.items()
        )

    orders = [replace(group, members=order) for order in permutations(group.members)]
    held = [one for one in orders if len(one.rounds()) == len(group.rounds())]
    return min(held, key=lambda one: (missed(one), changed(one))) if group.rounds() else group
