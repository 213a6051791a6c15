"""How far observers of the same round agree, and how each of them leans: for tutors alone, always with its numbers."""

import asyncio
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

from litestar import Response, get
from litestar.params import FromPath
from sqlalchemy.orm import Session

from threefold.core.agreement import FEWEST_OF_ONE, FEWEST_ROUNDS, Agreement, Lean, agreement, leans
from threefold.core.noticing import seen_in
from threefold.core.pasted import csv_file
from threefold.noticing import queries
from threefold.noticing.queries import Member, Watched
from threefold.noticing.words import counted, number_in_words
from threefold.store.sessions import Me
from threefold.web.access import Right, cohort_for
from threefold.web.visit import Answer, Visit, Visited, signed_in

WIDEST = 1.5
"""How far the chart reaches either way, in levels; what lies further out stands at its edge, and in the table."""


@dataclass(frozen=True)
class Leaning:
    """One observer's line in the chart and its row in the table."""

    member: Member
    lean: Lean

    @property
    def said(self) -> str:
        """What the table says of the middle."""
        return said(self.lean.middle)

    @property
    def half(self) -> str:
        """What it says of the middle half."""
        return f"{said(self.lean.low)} to {said(self.lean.high)}"


@dataclass(frozen=True)
class Together:
    """How far observers agree in one cohort, and how each leans."""

    watched: Watched

    @cached_property
    def overall(self) -> Agreement:
        return agreement(seen_in(self.watched.rounds))

    @cached_property
    def each(self) -> list[tuple[str, Agreement]]:
        """Every competency anybody rated this term, in the framework's order, by its label."""
        seen = seen_in(self.watched.rounds)
        rated = {code for one in seen for code in one.levels}
        return [
            (one.short, agreement(seen, one.code)) for one in self.watched.framework.competencies if one.code in rated
        ]

    @cached_property
    def leanings(self) -> list[Leaning]:
        found = [(self.watched.members.get(one.observer), one) for one in leans(seen_in(self.watched.rounds))]
        return [Leaning(member, one) for member, one in found if member]

    @property
    def summary(self) -> str:
        """The sentence above the chart."""
        enough = [each for each in self.leanings if each.lean.enough]
        few = len(self.leanings) - len(enough)
        if not enough:
            return f"Nobody has observed {number_in_words(FEWEST_OF_ONE)} rounds beside somebody else yet."
        alike = [each for each in enough if each.lean.words == "As others do"]
        who = f"{counted(len(alike))} of the {number_in_words(len(enough))} observers"
        where = f"with {number_in_words(FEWEST_OF_ONE)} rounds or more {'is' if len(alike) == 1 else 'are'}"
        told = [f"{who} {where} within half a level of others who saw the same rounds."]
        told += [f"{each.member.first} {each.lean.words.lower()}." for each in enough if each not in alike]
        if few:
            told.append(f"{counted(few, 'other has', 'others have')} seen too few rounds to say.")
        return " ".join(told)


def said(levels: float) -> str:
    """0.4 kinder; 0.5 sterner; the same"""
    return "the same" if abs(levels) < 0.05 else f"{abs(levels):.1f} {'kinder' if levels > 0 else 'sterner'}"


async def _looked(visit: Visit, cohort_id: UUID) -> Together:
    def work(db: Session, me: Me) -> Watched:
        return queries.watched(db, cohort_for(db, me, cohort_id, Right.TUTOR), visit.now)

    together = Together(await visit.read(work))
    await asyncio.to_thread(lambda: (together.overall, together.each))  # drawn a thousand times, the first time
    return together


@get("/cohorts/{cohort_id:uuid}/agreement", **signed_in)
async def show_agreement(visit: Visited, cohort_id: FromPath[UUID]) -> Answer:
    together = await _looked(visit, cohort_id)
    return visit.page(
        "noticing/agreement.html",
        page=together,
        fewest=FEWEST_ROUNDS,
        fewest_of_one=FEWEST_OF_ONE,
        widest=WIDEST,
        counted=counted,
    )


@get("/cohorts/{cohort_id:uuid}/agreement.csv", **signed_in)
async def table_of_agreement(visit: Visited, cohort_id: FromPath[UUID]) -> Answer:
    """The same rows as the page's two tables."""
    together = await _looked(visit, cohort_id)
    rows = [["About", "Rounds with two observers", "Agreement", "Alpha", "95 % from", "95 % to"]]
    rows += [
        [label, str(one.rounds), one.words, *(_two(value) for value in (one.alpha, one.low, one.high))]
        for label, one in [("Everything together", together.overall), *together.each]
    ]
    rows += [[], ["Observer", "Rounds", "Tends", "Middle", "Middle half from", "Middle half to", "Weighed"]]
    for each in together.leanings:
        lean = each.lean
        figures = (_two(value) for value in (lean.middle, lean.low, lean.high, lean.weighed))
        rows.append([each.member.name, str(lean.rounds), lean.words, *figures])
    return Response(
        csv_file(rows),
        media_type="text/csv",
        headers={"content-disposition": 'attachment; filename="agreement.csv"', "cache-control": "private, no-store"},
    )


def _two(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"
