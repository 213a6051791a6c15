"""What the plan page shows: the verdict, who works with whom, turns in each role, plans side by side."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from threefold.core.grouping import Group
from threefold.core.grouping import Person as Someone
from threefold.core.roles import Role
from threefold.matching import (
    Beside,
    Explanation,
    beside,
    clashes,
    explain,
    say_clash,
    say_note,
    say_person,
    say_why,
    say_why_not_better,
    why_this_triad,
)
from threefold.matching.pins import Pin
from threefold.plans import queries
from threefold.plans.queries import Course, Draft
from threefold.store.rows import CohortRow
from threefold.store.sessions import Me
from threefold.web.access import Right, cohort_for


@dataclass(frozen=True)
class Fours:
    """How seats in groups of four fall in the plan on the page, and in the best of the others that does otherwise."""

    here: Beside
    even: bool
    other: tuple[Draft, Beside] | None


@dataclass(frozen=True)
class PlanPage:
    """Everything S4 shows. `explanation` is None while there is no plan that fits."""

    cohort: CohortRow
    course: Course
    drafts: list[Draft]
    draft: Draft | None
    figures: dict[UUID, Beside]
    explanation: Explanation | None
    clashes: tuple[tuple[str, ...], ...]
    missing: tuple[tuple[str, str], ...]

    @property
    def compared(self) -> list[tuple[Draft, Beside | None]]:
        """Every plan in the drawer with its figures; None for one that no longer fits."""
        return [(draft, self.figures.get(draft.id)) for draft in self.drafts]

    @property
    def fours(self) -> Fours | None:
        """What there is to choose about seats in groups of four; None where they are even and nobody asked."""
        if self.explanation is None or self.draft is None or not self.explanation.shares:
            return None
        tolerable = max(1, self.explanation.bounds.least_fours)

        def even(figures: Beside) -> bool:
            return figures.fours[1] - figures.fours[0] <= tolerable

        here = self.figures[self.draft.id]
        others = [
            (each, found)
            for each, found in self.compared
            if found is not None and even(found) is not even(here) and (even(found) or found.repeats < here.repeats)
        ]
        return Fours(here, even(here), min(others, key=lambda one: one[1].repeats, default=None))

    @property
    def why_not_better(self) -> tuple[str, ...]:
        """What would have to give for fewer repeats, in sentences; () where nothing repeats."""
        if self.explanation is None or self.draft is None:
            return ()
        return say_why_not_better(self.course.problem, self.draft.plan, self.names)

    def why(self, session: int, group: int) -> str:
        """Why these people sit together that week."""
        if self.draft is None:
            return ""
        found = why_this_triad(self.course.problem, self.draft.plan, session, group)
        return " ".join(say_why(found, self.names, self.course.weeks))

    def is_pinned(self, group: Group, session: int) -> bool:
        """Whether this group was to stay when the plan was drawn."""
        return self.draft is not None and Pin(session, frozenset(group.members)) in self.draft.pins

    @property
    def names(self) -> dict[Someone, str]:
        return self.course.names

    @property
    def notes(self) -> list[tuple[str, str]]:
        if self.explanation is None:
            return []
        return [say_note(note, self.names, self.course.weeks) for note in self.explanation.notes]

    @property
    def triangle(self) -> list[list[int]]:
        """Row i, column j < i: how often these two sit together."""
        if self.explanation is None:
            return []
        people = self.course.problem.people
        return [
            [self.explanation.together[frozenset((people[i], people[j]))] for j in range(i)] for i in range(len(people))
        ]

    def times(self, one: Someone, other: Someone) -> int:
        """How often two people sit together."""
        return self.explanation.together[frozenset((one, other))] if self.explanation else 0

    @property
    def counts(self) -> str:
        """The finding of the triangle, in words."""
        times = [cell for row in self.triangle for cell in row]
        by = [("never", times.count(0)), ("once", times.count(1)), ("twice", times.count(2))]
        by.append(("three times or more", sum(cell > 2 for cell in times)))
        return ", ".join(f"{count} pairs {word}" for word, count in by if count) or "No pairs yet"

    @property
    def sentences(self) -> dict[Someone, str]:
        if self.explanation is None:
            return {}
        weeks = self.course.weeks
        return {p: say_person(self.explanation, p, self.names, weeks) for p in self.course.problem.people}

    @property
    def bars(self) -> list[tuple[str, int, int, int]]:
        if self.explanation is None:
            return []
        turns = self.explanation.turns
        return [
            (self.names[p], turns[p][Role.COUNSELLOR], turns[p][Role.CLIENT], turns[p][Role.OBSERVER])
            for p in self.course.problem.people
        ]


def load(db: Session, me: Me, cohort_id: UUID) -> PlanPage:
    within = cohort_for(db, me, cohort_id, Right.TUTOR)
    course = queries.course(db, within)
    drafts = queries.drafts(db, within, course.problem)
    draft = drafts[0] if drafts else None
    missing = missing_steps(within.cohort, course)
    found = () if missing else clashes(course.problem)
    fits = draft is not None and not (draft.broken and draft.published_at is None)
    return PlanPage(
        cohort=within.cohort,
        course=course,
        drafts=drafts,
        draft=draft,
        figures={each.id: beside(course.problem, each.plan) for each in drafts if not each.broken},
        explanation=explain(course.problem, draft.plan) if draft and fits and not draft.broken else None,
        clashes=tuple(say_clash(clash, course.names, course.weeks) for clash in found[:3]),
        missing=missing,
    )


def missing_steps(cohort: CohortRow, course: Course) -> tuple[tuple[str, str], ...]:
    """Steps of the set-up still to be done: (what, where)."""
    base = f"/cohorts/{cohort.id}"
    missing = []
    if not course.people:
        missing.append(("Add the people first", f"{base}/people"))
    if not course.dates:
        missing.append(("Set the sessions", f"{base}/sessions"))
    if not cohort.framework_id or not cohort.competencies:
        missing.append(("Choose what observers look for", f"{base}/framework"))
    return tuple(missing)
