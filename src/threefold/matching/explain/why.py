"""Why these three, and why not better: a group's story, and what could be relaxed with what it would bring.

For tutors alone: keep-apart rules are named among what could be relaxed.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import combinations

from threefold.core.grouping import Pair, Person
from threefold.core.roles import Role, Turning
from threefold.core.said import number
from threefold.matching.bounds import Bounds, bounds
from threefold.matching.explain.verdict import say_repeats
from threefold.matching.plan import Plan, meetings, repeats
from threefold.matching.problem import CourseProblem, Remainder
from threefold.matching.words import listed, opening, times

MOST_PAIRS = 12
"""Of the keep-apart pairs, so many are tried one by one, those of the most stretched people first."""


@dataclass(frozen=True)
class WhyTriad:
    """What speaks for one group of a plan.

    `met` has every pair of the group with how often they had met before this session and, where that was within
    this course, in which session last (its place in time). `owed`: each member with the role they have in this
    session's only round and whether they had held no other role less before; empty with rounds inside, where
    everybody has each. `exchange` is the cheapest change of places with somebody of another group that breaks no
    rule, and `adds` the repeats that would add (below 0: save); None where there is no such change.
    """

    members: tuple[Person, ...]
    met: tuple[tuple[Person, Person, int, int | None], ...]
    owed: tuple[tuple[Person, Role, bool], ...]
    exchange: tuple[Person, Person] | None
    adds: int


class Relaxation(StrEnum):
    """What a tutor might give up for fewer repeats."""

    SESSION_FEWER = "session_fewer"
    EVERYBODY_THERE = "everybody_there"
    ALLOW_PAIR = "allow_pair"
    ANOTHER_REMAINDER = "another_remainder"
    NO_PINS = "no_pins"
    NOT_TOGETHER = "not_together"


@dataclass(frozen=True)
class WayBetter:
    """One thing to relax: at least `least_repeats` must repeat then, instead of `instead_of`.

    Both are proven bounds: neither says that a plan with so few exists. `pair` belongs to ALLOW_PAIR and
    `remainder` to ANOTHER_REMAINDER.
    """

    what: Relaxation
    least_repeats: int
    instead_of: int
    pair: tuple[Person, Person] | None = None
    remainder: Remainder | None = None


def why_this_triad(problem: CourseProblem, plan: Plan, session: int, group: int) -> WhyTriad:
    """What speaks for the group with this place in its session; both are places in the plan."""
    chosen = plan.sessions[session][group]
    last = {pair: number for number in range(session) for some in plan.sessions[number] for pair in some.pairs()}
    counts = Counter(problem.met) + meetings(plan.sessions[:session])
    met = tuple(
        (one, other, counts[frozenset((one, other))], last.get(frozenset((one, other))))
        for one, other in combinations(_in_order(problem, chosen.members), 2)
    )
    exchange, adds = _cheapest_exchange(problem, plan, session, group)
    owed = tuple(_owed(problem, plan, session, group)) if chosen.turning is Turning.ONE_ROUND else ()
    return WhyTriad(chosen.members, met, owed, exchange, adds)


def say_why(why: WhyTriad, names: Mapping[Person, str], dates: Sequence[str]) -> tuple[str, ...]:
    """A group's story in sentences: when they met last, what each was owed, what another choice would cost."""
    said = [_say_met(why, names, dates)]
    fair = [f"{names[person]} {_AS[role]}" for person, role, least in why.owed if least]
    if fair and len(fair) == len(why.owed):
        said.append("Each takes a role they have had least.")
    elif fair:
        said.append(f"{listed(fair, 4)}: that is the role {'each has' if len(fair) > 1 else 'they have'} had least.")
    if why.exchange is None:
        said.append("Nobody could change places with somebody else without breaking a rule.")
        return tuple(said)
    one, other = (names[person] for person in why.exchange)
    if why.adds > 0:
        said.append(
            f"Exchanging any of them with somebody else would add at least {number(why.adds)} "
            f"{'repeat' if why.adds == 1 else 'repeats'}."
        )
    elif why.adds == 0:
        said.append(f"{one} and {other} could change places at no cost.")
    else:
        said.append(
            f"If {one} and {other} changed places, {number(-why.adds)} "
            f"{'repeat' if why.adds == -1 else 'repeats'} would be saved."
        )
    return tuple(said)


def why_not_better(problem: CourseProblem, plan: Plan) -> tuple[WayBetter, ...]:
    """What would have to be relaxed for fewer repeats to be possible, the most helpful first; () without repeats.

    Of ways that help alike, those come first that give up a rule rather than a session.
    Each is judged by the proven bound of the relaxed problem, so a way that is missing here may still help.
    """
    if not repeats(plan, problem.met):
        return ()
    now = bounds(problem)
    found = [
        replace(way, least_repeats=least)
        for way, relaxed in _relaxed(problem, now)
        if (least := bounds(relaxed).least_repeats) < now.least_repeats
    ]
    return tuple(sorted(found, key=lambda way: way.least_repeats))


def say_why_not_better(problem: CourseProblem, plan: Plan, names: Mapping[Person, str]) -> tuple[str, ...]:
    """How far the plan is from what is proven, then every way that would lower the least possible."""
    again = repeats(plan, problem.met)
    if not again:
        return ("Nothing repeats: there is nothing better.",)
    ways = [say_way_better(way, names) for way in why_not_better(problem, plan)]
    return (say_repeats(again, bounds(problem)), *ways)


def say_way_better(way: WayBetter, names: Mapping[Person, str]) -> str:
    """One way in a sentence, worded as what it is: a bound, not a promise."""
    match way.what:
        case Relaxation.ALLOW_PAIR if way.pair:
            what = f"without keeping {names[way.pair[0]]} and {names[way.pair[1]]} apart"
        case Relaxation.ANOTHER_REMAINDER if way.remainder:
            what = _INSTEAD[way.remainder]
        case _:
            what = _RELAXED[way.what]
    fewer = way.instead_of - way.least_repeats
    if not way.least_repeats:
        return f"{opening(what)}: none need repeat, as far as counting tells, instead of {way.instead_of}."
    return f"{opening(what)}: at least {way.least_repeats} would repeat, {number(fewer)} fewer than now must."


_AS = {Role.COUNSELLOR: "counsels", Role.CLIENT: "is client", Role.OBSERVER: "observes"}

_RELAXED = {
    Relaxation.SESSION_FEWER: "one session fewer",
    Relaxation.EVERYBODY_THERE: "if everybody came every time",
    Relaxation.NO_PINS: "without the groups you pinned",
    Relaxation.NOT_TOGETHER: "without the pairs who are to be together",
    Relaxation.ALLOW_PAIR: "without a keep-apart pair",
    Relaxation.ANOTHER_REMAINDER: "with other group sizes",
}

_INSTEAD = {
    Remainder.QUADS: "with quads instead of pairs",
    Remainder.PAIR_WITH_TUTOR: "with at most one pair and a tutor instead of two quads",
    Remainder.PAIRS_WITH_TUTORS: "with pairs and a tutor for each instead of quads",
}


def _say_met(why: WhyTriad, names: Mapping[Person, str], dates: Sequence[str]) -> str:
    again = [(one, other, count, last) for one, other, count, last in why.met if count]
    if not again:
        return "They meet for the first time."
    said = [
        f"{names[one]} and {names[other]} have met {times(count)}, last in {dates[last]}"
        if last is not None
        else f"{names[one]} and {names[other]} had met {times(count)} before the course"
        for one, other, count, last in again
    ]
    rest = "" if len(again) == len(why.met) else "; the others meet for the first time"
    return f"{'; '.join(said)}{rest}."


def _owed(problem: CourseProblem, plan: Plan, session: int, group: int) -> Iterator[tuple[Person, Role, bool]]:
    held = {person: Counter(problem.served.get(person, {})) for person in plan.sessions[session][group].members}
    for groups in plan.sessions[:session]:
        for some in groups:
            for roles in some.rounds():
                for person in roles.keys() & held.keys():
                    held[person][roles[person]] += problem.round_minutes
    for roles in plan.sessions[session][group].rounds():
        for person, role in roles.items():
            yield person, role, all(held[person][role] <= held[person][other] for other in Role)


def _cheapest_exchange(
    problem: CourseProblem, plan: Plan, session: int, group: int
) -> tuple[tuple[Person, Person] | None, int]:
    """The exchange of a member with somebody of another group that adds the fewest repeats, and how many."""
    if session in problem.frozen or plan.sessions[session][group] in problem.pinned.get(session, ()):
        return None, 0
    counts = Counter(problem.met) + meetings(plan.sessions)
    must = {rule.pair for rule in problem.together if rule.session in (None, session)}
    chosen = plan.sessions[session][group]
    best: tuple[int, Person, Person] | None = None
    for place, other_group in enumerate(plan.sessions[session]):
        if place == group or other_group in problem.pinned.get(session, ()):
            continue
        for one in chosen.members:
            for other in other_group.members:
                lost = _beside(one, chosen.members, other) | _beside(other, other_group.members, one)
                won = _beside(one, other_group.members, other) | _beside(other, chosen.members, one)
                if won & problem.apart or lost & must:
                    continue
                adds = sum(counts[pair] > 0 for pair in won) - sum(counts[pair] > 1 for pair in lost)
                if best is None or adds < best[0]:
                    best = (adds, one, other)
    return (None, 0) if best is None else ((best[1], best[2]), best[0])


def _beside(person: Person, members: Sequence[Person], instead: Person) -> set[Pair]:
    """Everybody beside a person in this company, but for the one who leaves or gives way."""
    return {frozenset((person, mate)) for mate in members if mate not in (person, instead)}


def _relaxed(problem: CourseProblem, now: Bounds) -> Iterator[tuple[WayBetter, CourseProblem]]:
    def way(what: Relaxation, pair: Sequence[Person] = (), remainder: Remainder | None = None) -> WayBetter:
        return WayBetter(what, 0, now.least_repeats, (pair[0], pair[1]) if pair else None, remainder)

    stretched = {person: places - people for person, places, people in now.stretched}
    worst_first = sorted(
        (_in_order(problem, pair) for pair in problem.apart),
        key=lambda pair: (-sum(stretched.get(person, 0) for person in pair), [problem.people.index(p) for p in pair]),
    )
    for pair in worst_first[:MOST_PAIRS]:
        yield way(Relaxation.ALLOW_PAIR, pair), replace(problem, apart=problem.apart - {frozenset(pair)})
    everybody = frozenset(problem.people)
    if any(problem.present[number] != everybody for number in problem.open_sessions()):
        there = tuple(here if number in problem.frozen else everybody for number, here in enumerate(problem.present))
        yield way(Relaxation.EVERYBODY_THERE), replace(problem, present=there)
    for remainder in Remainder:
        relaxed = replace(problem, remainder=remainder)
        if relaxed.shapes() != problem.shapes():
            yield way(Relaxation.ANOTHER_REMAINDER, remainder=remainder), relaxed
    if problem.pinned:
        yield way(Relaxation.NO_PINS), replace(problem, pinned={})
    if problem.together:
        yield way(Relaxation.NOT_TOGETHER), replace(problem, together=())
    if shorter := _one_session_fewer(problem):
        yield way(Relaxation.SESSION_FEWER), shorter


def _one_session_fewer(problem: CourseProblem) -> CourseProblem | None:
    """The problem without its last session to be planned; None where that is the only one."""
    sessions = problem.open_sessions()
    if len(sessions) < 2:
        return None
    gone = sessions[-1]

    def moved(session: int) -> int:
        return session - (session > gone)

    return replace(
        problem,
        present=problem.present[:gone] + problem.present[gone + 1 :],
        frozen={moved(session): groups for session, groups in problem.frozen.items()},
        pinned={moved(session): groups for session, groups in problem.pinned.items() if session != gone},
        together=tuple(
            rule if rule.session is None else replace(rule, session=moved(rule.session))
            for rule in problem.together
            if rule.session != gone
        ),
        rests=frozenset((person, moved(session)) for person, session in problem.rests if session != gone),
    )


def _in_order(problem: CourseProblem, people: Sequence[Person] | Pair) -> tuple[Person, ...]:
    known = tuple(person for person in problem.people if person in people)
    return known + tuple(sorted(person for person in people if person not in problem.people))
