"""Plans beside one another: the figures a tutor chooses by, and what a swap of two people would change."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from threefold.core.grouping import Person
from threefold.core.roles import Role
from threefold.core.said import number
from threefold.matching.plan import Plan, meetings, repeats
from threefold.matching.problem import CourseProblem
from threefold.matching.words import listed, opening, times


@dataclass(frozen=True)
class Beside:
    """A plan in five figures.

    `repeats` are meetings of a pair after its first, `most_together` is how often the most-met pair meets (both with
    what happened before), `spread` how many turns apart one person's roles lie at most, `fours` the least and the
    most seats in groups of four that anybody has who comes at all, `tutors` how often a tutor has to observe a pair.
    """

    repeats: int
    most_together: int
    spread: int
    fours: tuple[int, int]
    tutors: int


def beside(problem: CourseProblem, plan: Plan) -> Beside:
    """The figures of one plan, to stand beside those of another for the same course."""
    met = Counter(problem.met) + meetings(plan.sessions)
    turns: dict[Person, Counter[Role]] = {person: Counter(dict.fromkeys(Role, 0)) for person in problem.people}
    fours = Counter(dict.fromkeys(problem.people, 0))
    tutors = 0
    for groups in plan.sessions:
        for group in groups:
            tutors += group.tutor
            fours.update(person for person in group.members if len(group.members) == 4)
            for roles in group.rounds():
                for person in roles.keys() & turns.keys():
                    turns[person][roles[person]] += 1
    seats = [fours[person] for person in problem.people if any(person in here for here in problem.present)]
    return Beside(
        repeats=repeats(plan, problem.met),
        most_together=max(met.values(), default=0),
        spread=max((max(each.values()) - min(each.values()) for each in turns.values()), default=0),
        fours=(min(seats, default=0), max(seats, default=0)),
        tutors=tutors,
    )


def say_swap(
    problem: CourseProblem,
    before: Plan,
    after: Plan,
    session: int,
    people: tuple[Person, Person],
    names: Mapping[Person, str],
) -> tuple[str, ...]:
    """What comes of two people changing places in one session, in sentences that begin with whom they would meet."""
    old, new = beside(problem, before), beside(problem, after)
    return (*_whom(problem, after, session, people, names), _repeated(old.repeats, new.repeats), *_more(old, new))


def _whom(
    problem: CourseProblem, after: Plan, session: int, people: tuple[Person, Person], names: Mapping[Person, str]
) -> Iterator[str]:
    met = Counter(problem.met) + meetings(after.sessions)
    for person in people:
        group = next(group for group in after.sessions[session] if person in group.members)
        others = [other for other in group.members if other != person]
        said = [f"{names[other]} ({times(met[frozenset((person, other))])} over the term)" for other in others]
        yield f"{names[person]} would work with {listed(said, 4)}."


def _repeated(old: int, new: int) -> str:
    if new == old:
        return "As many meetings would repeat as now."
    more = "more" if new > old else "fewer"
    change = abs(new - old)
    meetings_ = "meeting" if change == 1 else "meetings"
    return f"{opening(number(change))} {more} {meetings_} would repeat: {new} instead of {old}."


def _more(old: Beside, new: Beside) -> Iterator[str]:
    if new.most_together > old.most_together:
        yield f"One pair would then sit together {times(new.most_together)}, more than anybody does now."
    if new.spread > old.spread:
        yield f"Somebody’s roles would lie {number(new.spread)} turns apart; now it is {number(old.spread)} at most."
    if new.fours[1] - new.fours[0] > old.fours[1] - old.fours[0]:
        yield "Seats in groups of four would be shared less evenly."
