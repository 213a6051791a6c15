"""A plan in plain words and exact counts, for the tutor who has to decide whether it is fair enough.

For tutors alone: who is kept apart can be read from what is missing here. Every count includes the meetings
that happened before the plan (`problem.met`), because people remember them.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations, pairwise

from threefold.core.grouping import Pair, Person
from threefold.core.roles import Role
from threefold.core.said import number
from threefold.matching.bounds import Bounds, bounds, chances
from threefold.matching.explain.verdict import Figures, say_fours, say_spread, verdict
from threefold.matching.plan import Plan, meetings, repeats
from threefold.matching.problem import CourseProblem
from threefold.matching.words import listed, opening, times


class NoteKind(StrEnum):
    """What may be worth a look before publishing; none of it is wrong."""

    NEVER_TOGETHER = "never_together"
    NEVER_FREE_TOGETHER = "never_free_together"
    TUTOR_OBSERVES = "tutor_observes"
    OFTEN_IN_A_FOUR = "often_in_a_four"
    SAME_WAY_AGAIN = "same_way_again"
    TWO_RUNNING = "two_running"


@dataclass(frozen=True)
class Note:
    """One thing worth a look, and who or when it is about; what does not apply is empty.

    TUTOR_OBSERVES has the sessions (their places in time) and the pair of each; OFTEN_IN_A_FOUR has people and
    in how many fours they are (`fours`, else 0); the others have pairs, SAME_WAY_AGAIN as (counsellor, client).
    """

    kind: NoteKind
    pairs: tuple[tuple[Person, Person], ...] = ()
    sessions: tuple[int, ...] = ()
    people: tuple[Person, ...] = ()
    fours: int = 0


@dataclass(frozen=True)
class Explanation:
    """Everything the plan page says about a plan.

    `verdict` is about who meets, `roles` about who takes which role how often, `shares` about seats in groups of
    four, "" where there is nothing to say of them; all are whole sentences.
    `spread` is how far apart the roles of one person lie at most, in rounds, what was served before included.
    `together` has every pair, 0 included. `everyone_by` is, for whoever meets everybody they may, the session
    (its place in time; None before the first) in which they have.
    """

    verdict: str
    figures: Figures
    notes: tuple[Note, ...]
    together: Mapping[Pair, int]
    turns: Mapping[Person, Mapping[Role, int]]
    fours: Mapping[Person, int]
    everyone_by: Mapping[Person, int | None]
    repeats: int
    bounds: Bounds
    roles: str
    spread: int
    shares: str


def explain(problem: CourseProblem, plan: Plan) -> Explanation:
    """What the plan does for whom. "No plan can have fewer" is said only where `bounds` proves it."""
    limits = bounds(problem)
    again = repeats(plan, problem.met)
    counts = Counter(problem.met) + meetings(plan.sessions)
    together = {pair: counts[pair] for pair in map(frozenset, combinations(problem.people, 2))}
    turns = _turns(problem, plan)
    served = [count for roles in turns.values() if any(roles.values()) for count in roles.values()]
    figures = Figures(
        pairs_met=sum(count > 0 for pair, count in together.items() if pair not in problem.apart),
        pairs_possible=len(together.keys() - problem.apart),
        most_together=max(together.values(), default=0),
        turns_least=min(served, default=0),
        turns_most=max(served, default=0),
    )
    spread = _spread(problem, plan)
    sat = Counter(p for groups in plan.sessions for g in groups if len(g.members) == 4 for p in g.members)
    fours = {person: sat[person] for person in problem.people}
    come = [fours[person] for person in problem.people if any(person in here for here in problem.present)]
    return Explanation(
        verdict=" ".join(verdict(problem, figures, again, limits)),
        figures=figures,
        notes=tuple(_notes(problem, plan, together, fours)),
        together=together,
        turns=turns,
        fours=fours,
        everyone_by=_everyone_by(problem, plan),
        repeats=again,
        bounds=limits,
        roles=say_spread(_rounds(problem, spread), _rounds(problem, limits.least_spread)),
        spread=_rounds(problem, spread),
        shares=say_fours(problem, (min(come, default=0), max(come, default=0)), again, limits),
    )


def say_note(note: Note, names: Mapping[Person, str], dates: Sequence[str]) -> tuple[str, str]:
    """A note as a heading and a sentence. `dates` says what a session is called within one ("week 6")."""
    pairs = [f"{names[one]} and {names[other]}" for one, other in note.pairs]
    one = len(pairs) == 1
    some = f"{number(len(pairs))} {'pair' if one else 'pairs'}"
    more = [f"{number(len(pairs) - 3)} more"] if len(pairs) > 4 else []
    whom = f"{'; '.join([*pairs[: 3 if more else 4], *more])}."
    match note.kind:
        case NoteKind.TUTOR_OBSERVES if one:
            heading = opening(f"{dates[note.sessions[0]]} has one pair")
            return (heading, f"{pairs[0]} work as a two, so a tutor observes them.")
        case NoteKind.TUTOR_OBSERVES:
            heading = opening(f"{number(len(pairs))} sessions have a pair")
            when = listed([dates[session] for session in note.sessions], 4, "more")
            return (heading, f"A tutor observes them in {when}.")
        case NoteKind.NEVER_TOGETHER:
            return (opening(f"{some} {'doesn’t' if one else 'don’t'} work together"), whom)
        case NoteKind.NEVER_FREE_TOGETHER:
            return (opening(f"{some} {'is' if one else 'are'} never free together"), whom)
        case NoteKind.OFTEN_IN_A_FOUR:
            who = listed([names[person] for person in note.people], 4)
            return (
                f"{who} {'sits' if len(note.people) == 1 else 'sit'} in a four most often",
                f"{opening(times(note.fours))}, at least two times more than somebody else.",
            )
        case NoteKind.SAME_WAY_AGAIN:
            said = [f"{names[counsellor]} has {names[client]} as client" for counsellor, client in note.pairs[:3]]
            return (
                opening(f"{number(len(note.pairs))} of those who meet again do so the same way round"),
                f"{'; '.join([*said, *([f'{number(len(pairs) - 3)} more'] if len(pairs) > 3 else [])])}.",
            )
        case NoteKind.TWO_RUNNING:
            return (
                opening(f"{some} {'meets' if one else 'meet'} two sessions running"),
                "Nothing wrong with that. If you’d rather spread them out, try another plan.",
            )


def say_person(explanation: Explanation, person: Person, names: Mapping[Person, str], dates: Sequence[str]) -> str:
    """One person's meetings in words: "Works twice with eight people, and once with Ben. Meets everyone by week 8."

    Says the same of somebody they are kept apart from as of anybody else they do not meet.
    """
    others: dict[int, list[str]] = {}
    for other in explanation.turns:
        if other != person:
            others.setdefault(explanation.together[frozenset((person, other))], []).append(names[other])
    never = others.pop(0, [])
    most_first = sorted(others.items(), key=lambda item: (-len(item[1]), item[0]))
    parts = [f"{times(count)} with {_some_or_how_many(some)}" for count, some in most_first]
    said = [f"Works {', and '.join([', '.join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)}."]
    if never:
        said.append(f"Doesn’t work with {_some_or_how_many(never)}.")
    elif (last := explanation.everyone_by[person]) is not None:
        said.append(f"Meets everyone by {dates[last]}.")
    return " ".join(said if parts else said[1:])


def _some_or_how_many(names: Sequence[str]) -> str:
    return listed(names, 3) if len(names) <= 3 else f"{number(len(names))} people"


def _spread(problem: CourseProblem, plan: Plan) -> int:
    """The furthest that anybody's roles lie apart, in minutes, what was served before included."""
    held = {person: {role: problem.served.get(person, {}).get(role, 0) for role in Role} for person in problem.people}
    for person, roles in _turns(problem, plan).items():
        for role, count in roles.items():
            held[person][role] += count * problem.round_minutes
    return max((max(roles.values()) - min(roles.values()) for roles in held.values()), default=0)


def _rounds(problem: CourseProblem, minutes: int) -> int:
    """So many minutes in rounds, a round begun counted whole."""
    return -(-minutes // problem.round_minutes)


def _turns(problem: CourseProblem, plan: Plan) -> dict[Person, dict[Role, int]]:
    turns = {person: dict.fromkeys(Role, 0) for person in problem.people}
    for groups in plan.sessions:
        for group in groups:
            for places in group.rounds():
                for person in places.keys() & turns.keys():
                    turns[person][places[person]] += 1
    return turns


def _everyone_by(problem: CourseProblem, plan: Plan) -> dict[Person, int | None]:
    """For each person the session in which the last of those they may meet is met; None when that is never.

    Also None for somebody who had met them all before the first session.
    """
    everybody = frozenset(problem.people)
    waiting = {
        person: {
            other
            for other in everybody - {person}
            if frozenset((person, other)) not in problem.apart and not problem.met.get(frozenset((person, other)))
        }
        for person in problem.people
    }
    met_by: dict[Person, int | None] = dict.fromkeys(problem.people)
    for session, groups in enumerate(plan.sessions):
        for group in groups:
            for person in group.members:
                if waiting.get(person):
                    waiting[person] -= set(group.members)
                    if not waiting[person]:
                        met_by[person] = session
    return met_by


def _notes(
    problem: CourseProblem, plan: Plan, together: Mapping[Pair, int], fours: Mapping[Person, int]
) -> Iterator[Note]:
    by_two = [
        (session, group.members) for session, groups in enumerate(plan.sessions) for group in groups if group.tutor
    ]
    if by_two:
        twos = tuple((one, other) for _, (one, other) in by_two)
        yield Note(NoteKind.TUTOR_OBSERVES, twos, sessions=tuple(session for session, _ in by_two))
    possible = chances(problem)
    unmet = [pair for pair, count in together.items() if not count and pair not in problem.apart]
    for kind, pairs in (
        (NoteKind.NEVER_TOGETHER, [pair for pair in unmet if pair in possible]),
        (NoteKind.NEVER_FREE_TOGETHER, [pair for pair in unmet if pair not in possible]),
    ):
        if pairs:
            yield Note(kind, _in_order(problem, pairs))
    most = max(fours.values())
    if most - min(fours.values()) >= 2:
        often = tuple(person for person, count in fours.items() if count == most)
        yield Note(NoteKind.OFTEN_IN_A_FOUR, people=often, fours=most)
    met_in = [frozenset(pair for group in groups for pair in group.pairs()) for groups in plan.sessions]
    ways = Counter(both for groups in plan.sessions for group in groups for both in group.counselled())
    ways.update({both: times for both, times in problem.counselled.items() if both in ways})
    if again := [both for both in sorted(ways, key=_order_of(problem)) if ways[both] > 1]:
        yield Note(NoteKind.SAME_WAY_AGAIN, tuple(again))
    running = {pair for earlier, later in pairwise(met_in) for pair in earlier & later}
    if running:
        yield Note(NoteKind.TWO_RUNNING, _in_order(problem, running))


def _order_of(problem: CourseProblem) -> Callable[[tuple[Person, Person]], tuple[int, int]]:
    place = {person: number for number, person in enumerate(problem.people)}
    # A frozen session may hold people who have left: they come last.
    return lambda both: (place.get(both[0], len(place)), place.get(both[1], len(place)))


def _in_order(problem: CourseProblem, pairs: Iterable[Pair]) -> tuple[tuple[Person, Person], ...]:
    wanted = frozenset(pairs)
    return tuple(both for both in combinations(problem.people, 2) if frozenset(both) in wanted)
