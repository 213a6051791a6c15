"""The matching engine's door: a course's plan, what no plan can beat, and both in plain sentences."""

from threefold.matching.bounds import Bounds, bounds
from threefold.matching.clash import Clash, ClashKind, NoPlan, WayOut, clashes, say_clash
from threefold.matching.course import BRIEF, THOROUGH, USUAL, Effort, plan_course
from threefold.matching.explain import (
    Explanation,
    Figures,
    Note,
    NoteKind,
    explain,
    say_note,
    say_person,
)
from threefold.matching.plan import InvalidPlan, Plan, check, meetings, repeats, swap
from threefold.matching.problem import CourseProblem, Remainder, Together, shape
from threefold.matching.seats import Progress

__all__ = [
    "BRIEF",
    "THOROUGH",
    "USUAL",
    "Bounds",
    "Clash",
    "ClashKind",
    "CourseProblem",
    "Effort",
    "Explanation",
    "Figures",
    "InvalidPlan",
    "NoPlan",
    "Note",
    "NoteKind",
    "Plan",
    "Progress",
    "Remainder",
    "Together",
    "WayOut",
    "bounds",
    "check",
    "clashes",
    "explain",
    "meetings",
    "plan_course",
    "repeats",
    "say_clash",
    "say_note",
    "say_person",
    "shape",
    "swap",
]
