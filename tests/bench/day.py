"""What the day costs: from the tap to a proposal for a class of forty, and a tap on a busy board."""

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from uuid import UUID

from sqlalchemy.orm import Session

from tests.bench.feedback import database
from tests.bench.figures import Figure
from tests.builders import Class, a_cohort
from tests.house import House, app_for, settings_for
from threefold.store.engine import Store
from threefold.store.tables import PracticeSession

CLASS, WEEKS, AWAY, TIMES = 40, 12, 3, 9
COMPARED = (
    f"a class of {CLASS} in its {WEEKS}th week with {AWAY} away: seconds from the request to the whole answer with a "
    "proposal, and milliseconds for a tick; the slower half of repeated ones; on SQLite and PostgreSQL"
)


async def measure() -> list[Figure]:
    """The same on both databases."""
    found: list[Figure] = []
    for kind in ("SQLite", "PostgreSQL"):
        with tempfile.TemporaryDirectory(prefix="threefold-bench-") as name:
            async with database(kind, Path(name)) as url:
                found += await figures(kind, Path(name), url)
    return found


async def figures(kind: str, folder: Path, url: str) -> list[Figure]:
    store, settings = Store.open(url), settings_for(folder)
    house = House(app=None, store=store, settings=settings)  # type: ignore[arg-type] # set in the next line
    house.app = app_for(settings, store, clock=lambda: house.now)
    async with house._stack:
        built = await a_cohort(store, trainees=CLASS, weeks=WEEKS)
        house.now = await begun(store, built)
        tutor = await house.as_(built.tutors[0])
        practice, ticks, proposals = built.sessions[-1], list[float](), list[float]()
        for member in built.members[:-AWAY]:
            ticks.append(await seconds(house, tutor.send_form, f"/practice/{practice}/day/ticks", sent(member)))
        for _ in range(TIMES):
            proposals.append(await seconds(house, tutor.get, f"/practice/{practice}/day/proposal"))
    await store.close()
    return [
        Figure(f"{kind}: a proposal for {CLASS - AWAY} of {CLASS}", slower_half(proposals), 1.0, "s"),
        Figure(f"{kind}: a tick", 1000 * slower_half(ticks), 100.0, "ms"),
    ]


async def begun(store: Store, built: Class) -> datetime:
    """Three minutes after the start of the last session."""

    def work(db: Session) -> datetime:
        return db.get_one(PracticeSession, built.sessions[-1]).starts_at.astimezone(UTC) + timedelta(minutes=3)

    return await store.read(work)


def sent(member: UUID) -> dict[str, str]:
    return {"member": str(member), "here": "yes"}


async def seconds(house: House, ask: object, *words: object) -> float:
    """How long an answer took; time passes meanwhile, so that no two of them are alike."""
    house.later(seconds=1)
    began = perf_counter()
    answer = await ask(*words)  # type: ignore[operator] # a browser's get or send_form
    took = perf_counter() - began
    assert answer.status_code in {200, 303}, answer.text
    return took


def slower_half(times: list[float]) -> float:
    return sorted(times)[len(times) // 2]
