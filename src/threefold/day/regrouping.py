"""Groups from who is here: the ways that the engine finds, or the one a tutor laid by hand.

A question is loaded beforehand (`day.question`), and what is chosen is written afterwards (`day.seating`).
"""

from collections.abc import Sequence
from dataclasses import replace
from random import Random

from threefold.core.grouping import Group, Pair, Person
from threefold.day.question import Question
from threefold.day.ways import Way, Ways, way
from threefold.matching import BRIEF, CourseProblem, NoPlan, Plan, plan_course, say_clash
from threefold.matching.repair import RepairProblem, repair
from threefold.matching.roles import in_turn

STEPS = 4_000  # changes tried; one tutor goes round, so that only others are free to observe a pair


def propose(question: Question) -> Ways:
    """The ways to seat who is here. Within a second for forty, whatever they are."""
    here = question.here
    if len(here) < 2:
        return Ways((), "Two people are needed for a group, and a tutor with them. Tick who is here.")
    course, standing = question.course, [each.group for each in question.standing]
    plans: list[tuple[Group, ...]] = []
    if standing:
        found = repair(
            RepairProblem(course, Plan((tuple(standing),)), free_tutors={0: max(0, question.tutors - 1)}), steps=STEPS
        )
        if isinstance(found, NoPlan):
            return Ways((), _why(question, found))
        plans = [option.plan.sessions[0] for option in found]
    else:
        made = plan_course(course, effort=BRIEF)
        if isinstance(made, NoPlan):
            return Ways((), _why(question, made))
        plans = [made.sessions[0]]
    return Ways(tuple(way(question, groups) for groups in plans))


def by_hand(question: Question, chosen: Sequence[Sequence[Person]]) -> Way:
    """The groups that a tutor chose, with turns dealt as for any plan; groups that stay as they are keep theirs."""
    kept = {frozenset(each.group.members): each.group for each in question.standing}
    pinned = tuple(kept[frozenset(people)] for people in chosen if frozenset(people) in kept)
    seated = [tuple(people) for people in chosen]
    course = replace(question.course, pinned={0: pinned}, present=(frozenset(p for some in seated for p in some),))
    dealt = in_turn(course, {0: seated}, Random(0))[0]
    order = {frozenset(people): place for place, people in enumerate(seated)}
    return way(question, sorted(dealt, key=lambda group: order[frozenset(group.members)]))


def apart_in(course: CourseProblem, chosen: Sequence[Sequence[Person]]) -> list[Pair]:
    """The pairs kept apart who would sit together."""
    return [pair for pair in course.apart if any(pair <= frozenset(people) for people in chosen)]


def _why(question: Question, none: NoPlan) -> str:
    names = {person: question.names.get(person, "") for person in question.course.people}
    return " ".join(sentence for clash in none.clashes for sentence in say_clash(clash, names, ["this session"]))
