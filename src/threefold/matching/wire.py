"""A problem and its plan as JSON, so that the search can run in a process of its own."""

from collections.abc import Iterable, Mapping
from typing import Any

from threefold.core.grouping import Group, Pair
from threefold.core.roles import Role, Turning
from threefold.matching.plan import Plan
from threefold.matching.problem import CourseProblem, Remainder, Together


def problem_out(problem: CourseProblem) -> dict[str, Any]:
    return {
        "people": list(problem.people),
        "present": [sorted(here) for here in problem.present],
        "apart": _pairs_out(problem.apart),
        "remainder": problem.remainder.value,
        "turning": problem.turning.value,
        "frozen": _sessions_out(problem.frozen),
        "pinned": _sessions_out(problem.pinned),
        "together": [[*sorted(rule.pair), rule.session] for rule in problem.together],
        "rests": sorted(map(list, problem.rests)),
        "willing": sorted(problem.willing),
        "met": sorted([*sorted(pair), count] for pair, count in problem.met.items()),
        "served": {
            person: {role.value: minutes for role, minutes in roles.items()} for person, roles in problem.served.items()
        },
        "counselled": sorted([*both, count] for both, count in problem.counselled.items()),
        "round_minutes": problem.round_minutes,
        "experience": dict(problem.experience),
        "wishes": _pairs_out(problem.wishes),
        "even_quads": problem.even_quads,
    }


def problem_in(document: Mapping[str, Any]) -> CourseProblem:
    return CourseProblem(
        people=tuple(document["people"]),
        present=tuple(frozenset(here) for here in document["present"]),
        apart=_pairs_in(document["apart"]),
        remainder=Remainder(document["remainder"]),
        turning=Turning(document["turning"]),
        frozen=_sessions_in(document["frozen"]),
        pinned=_sessions_in(document["pinned"]),
        together=tuple(Together(frozenset((one, other)), number) for one, other, number in document["together"]),
        rests=frozenset((person, number) for person, number in document["rests"]),
        willing=frozenset(document["willing"]),
        met={frozenset((one, other)): count for one, other, count in document["met"]},
        served={
            person: {Role(role): minutes for role, minutes in roles.items()}
            for person, roles in document["served"].items()
        },
        counselled={(counsellor, client): count for counsellor, client, count in document["counselled"]},
        round_minutes=document["round_minutes"],
        experience=dict(document["experience"]),
        wishes=_pairs_in(document["wishes"]),
        even_quads=document["even_quads"],
    )


def groups_out(groups: tuple[Group, ...]) -> list[dict[str, Any]]:
    return [
        {
            "members": list(group.members),
            "tutor": group.tutor,
            "turning": group.turning.value,
            "rests": sorted(group.rests),
            "twice": group.twice,
        }
        for group in groups
    ]


def groups_in(document: list[dict[str, Any]]) -> tuple[Group, ...]:
    """The groups; a document from before groups said how they turn has the defaults of `Group`."""
    return tuple(
        Group(
            members=tuple(group["members"]),
            tutor=group["tutor"],
            turning=Turning(group.get("turning", Turning.CLIENT_RESTS)),
            rests=frozenset(group.get("rests", ())),
            twice=group.get("twice"),
        )
        for group in document
    )


def plan_out(plan: Plan) -> list[list[dict[str, Any]]]:
    return [groups_out(groups) for groups in plan.sessions]


def plan_in(document: list[list[dict[str, Any]]], seed: int | None = None, steps: int = 0) -> Plan:
    return Plan(tuple(groups_in(groups) for groups in document), seed, steps)


def _pairs_out(pairs: Iterable[Pair]) -> list[list[str]]:
    return sorted(sorted(pair) for pair in pairs)


def _pairs_in(document: Iterable[Iterable[str]]) -> frozenset[Pair]:
    return frozenset(frozenset(pair) for pair in document)


def _sessions_out(sessions: Mapping[int, tuple[Group, ...]]) -> dict[str, list[dict[str, Any]]]:
    return {str(number): groups_out(groups) for number, groups in sessions.items()}


def _sessions_in(document: Mapping[str, list[dict[str, Any]]]) -> dict[int, tuple[Group, ...]]:
    return {int(number): groups_in(groups) for number, groups in document.items()}
