"""What a tutor asks for, as a repair: who is out or new in which sessions, and everything else stays as it is."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from threefold.core.grouping import Group, Person
from threefold.core.repairs import Scope
from threefold.matching.plan import Plan
from threefold.matching.problem import CourseProblem
from threefold.matching.repair import RepairProblem
from threefold.matching.repair.consequences import NO_LENGTHS, Lengths

Away = Mapping[int, frozenset[Person]]
"""Who has said that they can't make a session, by its place in time."""


@dataclass(frozen=True)
class Question:
    """These people, in the session at this place in time and (but for one date) in every one after it."""

    scope: Scope
    session: int
    people: frozenset[Person]


def asked(
    course: CourseProblem,
    published: Plan,
    settled: frozenset[int],
    question: Question,
    *,
    away: Away,
    tutors: Mapping[int, int],
    lengths: Lengths = NO_LENGTHS,
) -> RepairProblem:
    """The published term with these people out of it, or in it anew.

    Whoever sits in a session counts as coming, but for the people asked about, and but for those who have said that
    they can't make a date the question goes on to: only where it changes something anyway. `tutors` are those who
    teach, less those who observe a pair already, by session. Whoever is to be out and has left the cohort stands in
    `published` where they sat, and is none of the course's people.
    """
    sessions = [
        number
        for number in range(len(published.sessions))
        if number not in settled
        and (number == question.session or (question.scope.goes_on and number > question.session))
    ]
    plan, present = list(published.sessions), list(course.present)
    for number, groups in enumerate(published.sessions):
        sitting = frozenset(person for group in groups for person in group.members)
        here = sitting & frozenset(course.people)
        if number in sessions:
            said = away.get(number, frozenset()) if question.scope.goes_on else frozenset()
            if question.scope is Scope.NEWCOMER:
                here = (here | question.people) - said
                plan[number] = tuple(left for group in groups if (left := _without(group, question.people)).members)
            elif question.people & sitting:
                here -= question.people | said
        present[number] = here
    return RepairProblem(
        replace(course, present=tuple(present)),
        Plan(tuple(plan)),
        frozenset(range(len(plan))) - frozenset(sessions),
        {number: max(0, tutors.get(number, 0)) for number in sessions},
        lengths=lengths,
    )


def _without(group: Group, people: frozenset[Person]) -> Group:
    """The group without these; as it is where none of them sits in it."""
    left = tuple(person for person in group.members if person not in people)
    return group if left == group.members else replace(group, members=left, tutor=len(left) == 2)
