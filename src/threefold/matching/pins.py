"""Groups that a tutor wants to keep while another plan is drawn."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from threefold.core.grouping import Group, Person
from threefold.matching.plan import Plan
from threefold.matching.problem import CourseProblem


@dataclass(frozen=True)
class Pin:
    """A group that stays as it is when another plan is drawn: its session (its place in time) and its people."""

    session: int
    members: frozenset[Person]


def pins_in(document: Sequence[Any]) -> tuple[Pin, ...]:
    return tuple(Pin(session, frozenset(members)) for session, members in document)


def pins_out(pins: Sequence[Pin]) -> list[Any]:
    return [[pin.session, sorted(pin.members)] for pin in pins]


def still_there(pins: Sequence[Pin], plan: Plan) -> tuple[Pin, ...]:
    """The pins whose group this plan has, the same people in the same session."""
    groups = {(number, frozenset(g.members)) for number, found in enumerate(plan.sessions) for g in found}
    return tuple(pin for pin in pins if (pin.session, pin.members) in groups)


def with_pins(problem: CourseProblem, pins: Sequence[Pin], plan: Plan | None) -> CourseProblem:
    """The problem with those groups of `plan` that are pinned; a pin that fits no more is left out."""
    if plan is None:
        return problem
    kept: dict[int, tuple[Group, ...]] = {}
    for pin in pins:
        found = next((g for g in plan.sessions[pin.session] if frozenset(g.members) == pin.members), None)
        if found is not None and pin.members <= problem.present[pin.session]:
            kept[pin.session] = (*kept.get(pin.session, ()), found)
    return replace(problem, pinned=kept)
