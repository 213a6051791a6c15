"""A problem and its plan as JSON, so that the search can run in a process of its own."""

from typing import Any

from threefold.core.grouping import Group
from threefold.matching.plan import Plan
from threefold.matching.problem import CourseProblem, Remainder


def problem_out(problem: CourseProblem) -> dict[str, Any]:
    return {
        "people": list(problem.people),
        "present": [sorted(here) for here in problem.present],
        "apart": sorted(sorted(pair) for pair in problem.apart),
        "remainder": problem.remainder.value,
        "met": sorted([*sorted(pair), count] for pair, count in problem.met.items()),
        "frozen": {str(number): groups_out(groups) for number, groups in problem.frozen.items()},
    }


def problem_in(document: dict[str, Any]) -> CourseProblem:
    return CourseProblem(
        people=tuple(document["people"]),
        present=tuple(frozenset(here) for here in document["present"]),
        apart=frozenset(frozenset(pair) for pair in document["apart"]),
        remainder=Remainder(document["remainder"]),
        met={frozenset((one, other)): count for one, other, count in document["met"]},
        frozen={int(number): groups_in(groups) for number, groups in document["frozen"].items()},
    )


def groups_out(groups: tuple[Group, ...]) -> list[dict[str, Any]]:
    return [{"members": list(group.members), "tutor": group.tutor} for group in groups]


def groups_in(document: list[dict[str, Any]]) -> tuple[Group, ...]:
    return tuple(Group(tuple(group["members"]), tutor=group["tutor"]) for group in document)


def plan_out(plan: Plan) -> list[list[dict[str, Any]]]:
    return [groups_out(groups) for groups in plan.sessions]


def plan_in(document: list[list[dict[str, Any]]]) -> Plan:
    return Plan(tuple(groups_in(groups) for groups in document))
