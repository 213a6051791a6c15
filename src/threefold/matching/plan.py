"""A finished plan: its groups session by session, whether it keeps every rule, and two people changing places."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import permutations

from threefold.core.grouping import Group, Pair, Person
from threefold.matching.clash import Clash, ClashKind, NoPlan, WayOut
from threefold.matching.problem import CourseProblem, Together, shape


@dataclass(frozen=True)
class Plan:
    """The groups of every session, in the order of the problem's sessions.

    `seed` and `steps` say how it was found: the same problem with that seed and `Effort.exactly(steps)` gives the
    same plan again, on any machine, also where the search was stopped by a clock or by hand. They are None and 0
    for a plan that came from elsewhere, and two plans with the same groups are equal however they were found.
    """

    sessions: tuple[tuple[Group, ...], ...]
    seed: int | None = field(default=None, compare=False)
    steps: int = field(default=0, compare=False)


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
    asks for, a pair and nobody else has a tutor, people kept apart are apart and those to be together meet,
    roles turn as asked and nobody who rests is a client, pinned groups and frozen sessions are untouched.
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
        pins = problem.pinned.get(number, ())
        broken += [f"session {number}: a pinned group has changed" for pin in pins if pin not in groups]
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
            if group not in pins:
                broken += [f"session {number}: {what}" for what in _roles_broken(problem, number, group)]
    apart_still = [f"{' and '.join(sorted(rule.pair))} are not together" for rule in _unmet(problem, plan)]
    return (*broken, *apart_still)


def _roles_broken(problem: CourseProblem, number: int, group: Group) -> Iterator[str]:
    if group.turning is not problem.turning:
        yield f"a group turns as {group.turning.value}"
    if not group.rounds():
        yield "a group has no round"
    for _, client in group.counselled():
        if (client, number) in problem.rests:
            yield f"{client} rests and is a client"
    if group.twice is not None and group.twice not in problem.willing:
        yield f"{group.twice} has not agreed to be client twice"


def _unmet(problem: CourseProblem, plan: Plan) -> list[Together]:
    """Rules for pairs who were to be together and are not; one for a frozen session asks nothing any more."""
    return [
        rule
        for rule in problem.together
        if rule.session not in problem.frozen
        and not any(
            rule.pair.issubset(group.members)
            for number, groups in enumerate(plan.sessions)
            if rule.session in (None, number)
            for group in groups
        )
    ]


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
    pinned = {person for pin in problem.pinned.get(session, ()) for person in pin.members}
    if held := pinned & {one, other}:
        return no(ClashKind.PINNED, held)
    changed = {one: other, other: one}
    swapped = [
        _seated(problem, session, group, tuple(changed.get(person, person) for person in group.members))
        if number in {place[one], place[other]}
        else group
        for number, group in enumerate(groups)
    ]
    for number in {place[one], place[other]}:
        for pair in swapped[number].pairs():
            if pair in problem.apart:
                return no(ClashKind.SIDE_BY_SIDE, pair)
        if not swapped[number].rounds():
            return no(ClashKind.NO_CLIENT, swapped[number].members)
    after = replace(plan, sessions=(*plan.sessions[:session], tuple(swapped), *plan.sessions[session + 1 :]))
    before = _unmet(problem, plan)
    for rule in _unmet(problem, after):
        if rule not in before:
            return no(ClashKind.PARTED, rule.pair)
    return replace(after, seed=None, steps=0)


def _seated(problem: CourseProblem, session: int, group: Group, members: tuple[Person, ...]) -> Group:
    """The group with these members in its places, and with who rests among them; it may be left without a round.

    With a single round, whoever rests gives the client's place to the next who does not.
    """
    rests = frozenset(person for person in members if (person, session) in problem.rests)
    twice = group.twice if group.twice in members and group.twice not in rests else None
    made = Group(members, group.tutor, group.turning, rests, twice if rests else None)
    ways = (replace(made, members=order) for order in permutations(members))
    return next((way for way in ways if way.rounds()), made)


_OTHER_SWAPS: Mapping[ClashKind, tuple[WayOut, ...]] = {
    ClashKind.FROZEN: (WayOut.CHOOSE_ANOTHER_SESSION,),
    ClashKind.SAME_PERSON: (WayOut.CHOOSE_SOMEBODY_ELSE,),
    ClashKind.NOT_THERE: (WayOut.CHOOSE_SOMEBODY_ELSE, WayOut.CHOOSE_ANOTHER_SESSION),
    ClashKind.SIDE_BY_SIDE: (WayOut.CHOOSE_SOMEBODY_ELSE, WayOut.CHOOSE_ANOTHER_SESSION),
    ClashKind.PINNED: (WayOut.RELEASE_PIN, WayOut.CHOOSE_SOMEBODY_ELSE),
    ClashKind.PARTED: (WayOut.REVIEW_TOGETHER, WayOut.CHOOSE_SOMEBODY_ELSE),
    ClashKind.NO_CLIENT: (WayOut.CHOOSE_SOMEBODY_ELSE, WayOut.ASK_WHO_RESTS),
}
