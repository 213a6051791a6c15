"""A finished plan: its groups session by session, whether it keeps every rule, and two people changing places."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from threefold.core.grouping import Group, Pair, Person
from threefold.matching.clash import Clash, ClashKind, NoPlan, WayOut
from threefold.matching.problem import CourseProblem, shape


@dataclass(frozen=True)
class Plan:
    """The groups of every session, in the order of the problem's sessions."""

    sessions: tuple[tuple[Group, ...], ...]


class InvalidPlan(AssertionError):  # noqa: N818 - said of a plan
    """The engine made a plan that breaks a rule: a fault of ours, never of the tutor's."""


def meetings(sessions: Iterable[Iterable[Group]]) -> Counter[Pair]:
    """How many times each pair sits together in these sessions."""
    return Counter(pair for groups in sessions for group in groups for pair in group.pairs())


def repeats(plan: Plan, met: Mapping[Pair, int]) -> int:
    """Meetings of a pair after its first, in this plan; what happened before counts as having met."""
    return sum(
        max(0, met.get(pair, 0) + count - 1) - max(0, met.get(pair, 0) - 1)
        for pair, count in meetings(plan.sessions).items()
    )


def check(problem: CourseProblem, plan: Plan) -> tuple[str, ...]:
    """Every rule the plan breaks, in words for whoever mends the engine; () when it keeps them all.

    Knows nothing of how plans are made: everybody present has one place, groups have the sizes the policy
    asks for, a pair and nobody else has a tutor, people kept apart are apart, frozen sessions are untouched.
    """
    if len(plan.sessions) != len(problem.present):
        return (f"{len(plan.sessions)} sessions are planned of {len(problem.present)}",)
    broken: list[str] = []
    for number, (groups, present) in enumerate(zip(plan.sessions, problem.present, strict=True)):
        if number in problem.frozen:
            if groups != problem.frozen[number]:
                broken.append(f"session {number}: it was frozen and has changed")
            continue
        placed = Counter(person for group in groups for person in group.members)
        broken += [f"session {number}: {person} has no place" for person in sorted(present - placed.keys())]
        broken += [f"session {number}: {person} is not there" for person in sorted(placed.keys() - present)]
        broken += [f"session {number}: {person} has {n} places" for person, n in placed.items() if n > 1]
        sizes = sorted(len(group.members) for group in groups)
        if sizes != sorted(shape(len(present), problem.remainder)):
            broken.append(f"session {number}: groups of {sizes}")
        for group in groups:
            if group.tutor != (len(group.members) == 2):
                broken.append(f"session {number}: a tutor belongs with a pair, and only there")
            broken += [
                f"session {number}: {' and '.join(sorted(pair))} sit together"
                for pair in group.pairs()
                if pair in problem.apart
            ]
    return tuple(broken)


def swap(problem: CourseProblem, plan: Plan, session: int, one: Person, other: Person) -> Plan | NoPlan:
    """The plan with two people in each other's place, and turn, in one session; or why that cannot be."""
    groups = plan.sessions[session]
    place = {person: number for number, group in enumerate(groups) for person in group.members}

    def no(kind: ClashKind, people: Iterable[Person]) -> NoPlan:
        among = frozenset(people)
        known = tuple(person for person in problem.people if person in among)
        return NoPlan((Clash(kind, (session,), known, _OTHER_SWAPS[kind]),))

    if session in problem.frozen:
        return no(ClashKind.FROZEN, (one, other))
    if one == other:
        return no(ClashKind.SAME_PERSON, (one,))
    if missing := {one, other} - place.keys():
        return no(ClashKind.NOT_THERE, missing)
    changed = {one: other, other: one}
    swapped = tuple(
        replace(group, members=tuple(changed.get(person, person) for person in group.members)) for group in groups
    )
    for number in {place[one], place[other]}:
        for pair in swapped[number].pairs():
            if pair in problem.apart:
                return no(ClashKind.SIDE_BY_SIDE, pair)
    sessions = (*plan.sessions[:session], swapped, *plan.sessions[session + 1 :])
    return Plan(sessions)


_OTHER_SWAPS: Mapping[ClashKind, tuple[WayOut, ...]] = {
    ClashKind.FROZEN: (WayOut.CHOOSE_ANOTHER_SESSION,),
    ClashKind.SAME_PERSON: (WayOut.CHOOSE_SOMEBODY_ELSE,),
    ClashKind.NOT_THERE: (WayOut.CHOOSE_SOMEBODY_ELSE, WayOut.CHOOSE_ANOTHER_SESSION),
    ClashKind.SIDE_BY_SIDE: (WayOut.CHOOSE_SOMEBODY_ELSE, WayOut.CHOOSE_ANOTHER_SESSION),
}
