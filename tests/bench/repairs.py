"""How long it takes to find the ways to mend a term: from what the database holds to three proposals."""

import time
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

from sqlalchemy.orm import Session

from tests.bench.figures import Figure
from tests.builders import Class, a_cohort, an_id, cohort_row
from threefold.core.repairs import Scope
from threefold.repairs.ways import Asking, ways
from threefold.store import migrations
from threefold.store.courses import course_now
from threefold.store.engine import Store
from threefold.store.rows import CohortRow, MembershipRow, value
from threefold.store.tables import Cohort, Membership
from threefold.store.within import Within

NOW = datetime(2026, 10, 7, 12, 0, tzinfo=UTC)
CASES = ((15, 10, Scope.DATE, 1), (40, 10, Scope.DATE, 1), (40, 10, Scope.DATE, 5), (40, 10, Scope.LEAVER, 1))
COMPARED = "ways to mend a term for classes of 15 and 40, on SQLite: seconds from the question, the best of three"


async def measure() -> list[Figure]:
    with TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder)}/bench.db"
        migrations.upgrade(url)
        return [await _one(url, *case) for case in CASES]


async def _one(url: str, trainees: int, weeks: int, scope: Scope, out: int) -> Figure:
    store = Store.open(url)
    try:
        made = await a_cohort(store, name=f"Bench {an_id()}", trainees=trainees, weeks=weeks, tutors=2)
        best = min([await _timed(store, made, scope, out) for _ in range(3)])
    finally:
        await store.close()
    return Figure(f"a repair: {trainees} people, {weeks} weeks, {out} out ({scope.value})", best, 1.0, "s")


async def _timed(store: Store, made: Class, scope: Scope, out: int) -> float:
    def look(db: Session) -> Asking:
        return _asking(db, made, scope, made.members[:out])

    begun = time.perf_counter()
    asking = await store.read(look)
    until = time.monotonic() + 0.6
    found = ways(asking, progress=lambda _done, _fewest: time.monotonic() < until)
    taken = time.perf_counter() - begun
    assert found.found
    return taken


def _asking(db: Session, made: Class, scope: Scope, out: list[UUID]) -> Asking:
    cohort = value(CohortRow, db.get_one(Cohort, made.cohort))
    membership = value(MembershipRow, db.get_one(Membership, made.tutor_members[0]))
    course = course_now(db, cohort_row(db, made.cohort), NOW)
    return Asking(Within(cohort, membership), course, scope, made.sessions[1], tuple(map(str, out)), {})
