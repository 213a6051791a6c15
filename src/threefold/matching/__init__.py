"""The matching engine's door: a course's plan, what no plan can beat, and both in plain sentences."""

from threefold.matching.beside import Beside, beside, say_swap
from threefold.matching.bounds import Bounds, Ground, bounds
from threefold.matching.clash import Clash, ClashKind, NoPlan, WayOut, clashes, say_clash
from threefold.matching.course import BRIEF, THOROUGH, USUAL, Effort, plan_course
from threefold.matching.course.search import Progress
from threefold.matching.explain import (
    Explanation,
    Note,
    NoteKind,
    explain,
    say_note,
    say_person,
)
from threefold.matching.explain.verdict import Figures, say_ground
from threefold.matching.explain.why import (
    Relaxation,
    WayBetter,
    WhyTriad,
    say_way_better,
    say_why,
    say_why_not_better,
    why_not_better,
    why_this_triad,
)
from threefold.matching.plan import InvalidPlan, Plan, check, meetings, repeats, swap
from threefold.matching.problem import CourseProblem, Remainder, Together, shape
from threefold.matching.week import (
    BRIEF_WEEK,
    THOROUGH_WEEK,
    USUAL_WEEK,
    WeekEffort,
    WeekLimits,
    WeekPlan,
    WeekProgress,
    check_week,
    plan_week,
)
from threefold.matching.week.offers import Liking, WeekProblem, WeekSlot
from threefold.matching.week.waiting import Unplaced, WhyUnplaced, say_unplaced, say_unplaced_of

__all__ = [
    "BRIEF",
    "BRIEF_WEEK",
    "THOROUGH",
    "THOROUGH_WEEK",
    "USUAL",
    "USUAL_WEEK",
    "Beside",
    "Bounds",
    "Clash",
    "ClashKind",
    "CourseProblem",
    "Effort",
    "Explanation",
    "Figures",
    "Ground",
    "InvalidPlan",
    "Liking",
    "NoPlan",
    "Note",
    "NoteKind",
    "Plan",
    "Progress",
    "Relaxation",
    "Remainder",
    "Together",
    "Unplaced",
    "WayBetter",
    "WayOut",
    "WeekEffort",
    "WeekLimits",
    "WeekPlan",
    "WeekProblem",
    "WeekProgress",
    "WeekSlot",
    "WhyTriad",
    "WhyUnplaced",
    "beside",
    "bounds",
    "check",
    "check_week",
    "clashes",
    "explain",
    "meetings",
    "plan_course",
    "plan_week",
    "repeats",
    "say_clash",
    "say_ground",
    "say_note",
    "say_person",
    "say_swap",
    "say_unplaced",
    "say_unplaced_of",
    "say_way_better",
    "say_why",
    "say_why_not_better",
    "shape",
    "swap",
    "why_not_better",
    "why_this_triad",
]
