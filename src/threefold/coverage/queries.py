"""How often each competency of each trainee has been seen, and how often it is still to be looked for."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from threefold.core.competency import Competency
from threefold.core.feedback import Kind
from threefold.core.sampling import Covered, Turn, coverage
from threefold.store.frameworks import framework_for
from threefold.store.prepared import Prepared
from threefold.store.rounds import Held, held_rounds
from threefold.store.rows import CohortRow, PracticeRow, TriadRow, columns, split
from threefold.store.tables import metadata


@dataclass(frozen=True)
class Row:
    """One trainee with every competency of the term, in its order."""

    name: str
    cells: tuple[Covered, ...]


@dataclass(frozen=True)
class Grid:
    """The coverage of a cohort's term; no rows before anybody has a round to counsel."""

    cohort: CohortRow
    competencies: tuple[Competency, ...]
    rows: tuple[Row, ...]

    @property
    def seen(self) -> int:
        """How many of its cells have been seen at least once."""
        return sum(cell.seen > 0 for row in self.rows for cell in row.cells)

    @property
    def cells(self) -> int:
        return len(self.rows) * len(self.competencies)

    @property
    def least(self) -> int:
        """How often, at least, anybody is looked at for any of it over the whole term, as it is planned now."""
        return min((cell.looked_for + cell.planned for row in self.rows for cell in row.cells), default=0)

    @property
    def unseen(self) -> tuple[tuple[str, str], ...]:
        """Who was looked at twice or more for what, and nobody saw it: (name, competency)."""
        return tuple(
            (row.name, competency.short)
            for row in self.rows
            for competency, cell in zip(self.competencies, row.cells, strict=True)
            if cell.wants_care
        )


_triad, _practice, _member, _person = (
    metadata.tables[name] for name in ("triad", "practice_session", "membership", "person")
)
_EVERY_TRIAD = Prepared(
    select(*columns(TriadRow, PracticeRow))
    .select_from(_triad)
    .join(_practice, _practice.c.id == _triad.c.practice_id)
    .where(_practice.c.cohort_id == bindparam("cohort"), _practice.c.cancelled_at.is_(None))
    .order_by(_practice.c.starts_at, _triad.c.number),
    split(TriadRow, PracticeRow),
)
_TRAINEES = Prepared(
    select(_member.c.id, _person.c.name)
    .join(_person, _person.c.id == _member.c.person_id)
    .where(_member.c.cohort_id == bindparam("cohort"), _member.c.role == "trainee", _member.c.left_at.is_(None))
    .order_by(_person.c.name),
    lambda member, name: (member, name),
)


def grid_of(db: Session, cohort: CohortRow, now: datetime) -> Grid:
    """As it stands at `now`."""
    framework = framework_for(db, cohort.framework_id or "", cohort.framework_version or "")
    chosen = tuple(one for one in framework.competencies if one.code in cohort.competencies) if framework else ()
    triads = _EVERY_TRIAD.all(db, cohort=cohort.id)
    turns = [
        turn_of(held, ended=now >= held.clock.ends_at)
        for held in held_rounds(db, [(triad, practice, cohort) for triad, practice in triads], now)
        if held.stands
    ]
    names: Mapping[str, str] = {str(member): name for member, name in _TRAINEES.all(db, cohort=cohort.id)}
    codes = [one.code for one in chosen]
    found = coverage(names, codes, turns) if turns else {}
    rows = tuple(Row(names[who], tuple(cells[code] for code in codes)) for who, cells in found.items())
    return Grid(cohort, chosen, rows)


def turn_of(held: Held, *, ended: bool) -> Turn:
    seen = {
        rating.code
        for piece in held.pieces
        if piece.kind is Kind.OBSERVER
        for rating in piece.ratings
        if rating.level is not None
    }
    return Turn(str(held.counsellor.member), held.asked, frozenset(seen), held=ended)
