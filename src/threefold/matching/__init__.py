"""The matching engine's door: a course's plan, what no plan can beat, and both in plain sentences."""

from threefold.matching.bounds import Bounds, bounds
from threefold.matching.clash import Clash, ClashKind, NoPlan, WayOut, say_clash
from threefold.matching.course import BRIEF, THOROUGH, USUAL, Effort, Progress, plan_course
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
from threefold.matching.problem import CourseProblem, Remainder, shape
