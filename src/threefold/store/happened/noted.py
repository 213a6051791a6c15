"""What was noted of sessions as they happened, and what was pressed on their clocks."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import literal, null, select, union_all
from sqlalchemy.orm import Session as Unit

from threefold.core.clock import Press, What
from threefold.core.happened import Fact, How, Kind, Scope
from threefold.store.tables import metadata

_happening, _press = metadata.tables["happening"], metadata.tables["clock_press"]

PRESSED = "clock"
_FACT = (
    "kind", "membership_id", "triad_id", "round", "value", "from_at", "until_at", "replaces",
    "id", "recorded_at", "recorded_by", "how", "why",
)  # fmt: skip
# What was noted and what was pressed, in one question: they are nearly always wanted together.
NOTED = tuple(_happening.c[name] for name in _FACT)
PRESSES = (
    literal(PRESSED), null(), _press.c.triad_id, _press.c.seconds, _press.c.what, _press.c.at, null(), null(),
    _press.c.id, _press.c.at, _press.c.by, literal(PRESSED), literal(""),
)  # fmt: skip


@dataclass(frozen=True)
class Noted:
    """What was noted of a session as it happened, and what was pressed on its clock; oldest first."""

    facts: list[Fact] = field(default_factory=list)
    presses: list[Press] = field(default_factory=list)

    def add(self, cells: Sequence[Any]) -> None:
        kind, member, triad, number, value, from_at, until_at, replaces, id_, recorded_at, recorded_by, how, why = cells
        if kind == PRESSED:
            self.presses.append(Press(id_, What(value), from_at, triad, number))
            return
        self.facts.append(
            Fact(
                Scope(Kind(kind), member, triad, number), value, from_at, until_at, replaces,
                id=id_, recorded_at=recorded_at, recorded_by=recorded_by, how=How(how), why=why,
            )
        )  # fmt: skip


def noted_of(db: Unit, practices: Sequence[UUID]) -> dict[UUID, Noted]:
    """What was noted of these sessions, and pressed on their clocks; one question."""
    found: dict[UUID, Noted] = defaultdict(Noted)
    for practice, *cells in db.execute(
        union_all(
            select(_happening.c.practice_id, *NOTED).where(_happening.c.practice_id.in_(practices)),
            select(_press.c.practice_id, *PRESSES).where(_press.c.practice_id.in_(practices)),
        ).order_by("recorded_at", "id")
    ):
        found[practice].add(cells)
    return found
