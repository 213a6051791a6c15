"""A week and its plan as JSON, so that the matching can run in a process of its own."""

from collections.abc import Mapping
from typing import Any

from threefold.core.grouping import Group
from threefold.core.roles import Role, Turning
from threefold.matching.week import WeekPlan
from threefold.matching.week.offers import Liking, WeekProblem, WeekSlot
from threefold.matching.week.waiting import Unplaced, WhyUnplaced
from threefold.matching.wire import groups_in, groups_out

Found = tuple[tuple[tuple[str, Group], ...], tuple[Unplaced, ...]]
"""The groups with their slots, and who has no place and why."""


def week_out(problem: WeekProblem) -> dict[str, Any]:
    return {
        "people": list(problem.people),
        "slots": [[s.id, s.start, s.minutes, s.in_room, s.capacity, s.place] for s in problem.slots],
        "offers": {person: {s: how.value for s, how in some.items()} for person, some in problem.offers.items()},
        "apart": sorted(map(sorted, problem.apart)),
        "together": sorted(map(sorted, problem.together)),
        "met": sorted([*sorted(pair), count] for pair, count in problem.met.items()),
        "served": {who: {role.value: had for role, had in roles.items()} for who, roles in problem.served.items()},
        "counselled": sorted([*both, count] for both, count in problem.counselled.items()),
        "quads": problem.quads,
        "tutors": problem.tutors,
        "turning": problem.turning.value,
        "rests": sorted(problem.rests),
        "willing": sorted(problem.willing),
        "round_minutes": problem.round_minutes,
    }


def week_in(document: Mapping[str, Any]) -> WeekProblem:
    return WeekProblem(
        people=tuple(document["people"]),
        slots=tuple(WeekSlot(*each) for each in document["slots"]),
        offers={who: {s: Liking(how) for s, how in some.items()} for who, some in document["offers"].items()},
        apart=frozenset(map(frozenset, document["apart"])),
        together=frozenset(map(frozenset, document["together"])),
        met={frozenset((one, other)): count for one, other, count in document["met"]},
        served={who: {Role(role): had for role, had in roles.items()} for who, roles in document["served"].items()},
        counselled={(counsellor, client): count for counsellor, client, count in document["counselled"]},
        quads=document["quads"],
        tutors=document["tutors"],
        turning=Turning(document["turning"]),
        rests=frozenset(document["rests"]),
        willing=frozenset(document["willing"]),
        round_minutes=document["round_minutes"],
    )


def found_out(plan: WeekPlan) -> dict[str, Any]:
    return {
        "slots": [slot for slot, _ in plan.groups],
        "groups": groups_out(tuple(group for _, group in plan.groups)),
        "unplaced": [[one.person, one.reason.value, list(one.helps)] for one in plan.unplaced],
    }


def found_in(document: Mapping[str, Any]) -> Found:
    return (
        tuple(zip(document["slots"], groups_in(document["groups"]), strict=True)),
        tuple(Unplaced(who, WhyUnplaced(why), tuple(helps)) for who, why, helps in document["unplaced"]),
    )
