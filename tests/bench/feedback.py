"""What feedback costs: a form sent, a class sending at once, and pages that stay as quick however much there is."""

import asyncio
import random
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from statistics import median, quantiles
from uuid import UUID

from playwright.sync_api import sync_playwright
from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from tests.bench.figures import Figure
from tests.bench.web import (
    COMPETENCIES,
    PARTS,
    REQUESTS,
    Ask,
    Measured,
    a_term,
    in_turns,
    send,
    serving,
    submissions,
)
from tests.browser.live import SLOW_4G, a_device, running
from tests.browser.running import CHROMIUM, FLAGS, installed
from tests.builders import a_cohort, an_id
from tests.databases import a_postgres, create, drop, prepare
from tests.house import settings_for
from threefold.core.feedback import CLIENT_QUESTIONS, Kind, asked_of
from threefold.core.roles import Role
from threefold.store.engine import Store
from threefold.store.tables import Piece, PracticeSession, Rating, Seat, Turn

CLASS = 30
WITHIN_SECONDS = 10
FEW, MANY = 1_000, 1_000_000  # ratings in the whole database
WEEKS_OF_YEARS = 400
PHONES = 7
USABLE_WITHIN = 2_000  # ms
ROUNDS_SENT = 5  # how often the class of thirty is measured
COMPARED = (
    "a form of four ratings and two sentences, processor time as a ratio to a handler that answers “ok” in the same "
    f"run, with full durability; {CLASS} people sending theirs within {WITHIN_SECONDS} s, from the request to the "
    f"whole answer; pages of growth and agreement with {MANY:,} ratings in the database against {FEW:,}, processor "
    "time of the server; each on SQLite and PostgreSQL; the live form in Chromium, 150 ms and 1.6 Mbit/s away"
)


async def measure() -> list[Figure]:
    found: list[Figure] = await asyncio.to_thread(on_slow_4g) if CHROMIUM else []
    for kind in ("SQLite", "PostgreSQL"):
        with tempfile.TemporaryDirectory(prefix="threefold-bench-") as name:
            folder = Path(name)
            async with database(kind, folder) as url:
                found += await figures(kind, folder, url)
    return found


def on_slow_4g() -> list[Figure]:
    """From asking for the live page to a tap that is counted: on a new phone each time, a quarter as quick as this
    machine, on a slow line.
    """
    took: list[float] = []
    with tempfile.TemporaryDirectory(prefix="threefold-bench-") as name, installed(Path(name)) as site:
        live = running(site)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            for _ in range(PHONES):
                with a_device(browser, live) as device:
                    page = device.new_page()
                    line = device.new_cdp_session(page)
                    line.send("Network.enable")
                    line.send("Network.emulateNetworkConditions", SLOW_4G)
                    line.send("Emulation.setCPUThrottlingRate", {"rate": 4})
                    began = time.perf_counter()
                    page.goto(live.address, wait_until="commit")
                    page.get_by_role("button", name="Quiet screen").wait_for()  # its script has run
                    page.locator(".tp").first.click()
                    page.locator(".tp b:visible").first.wait_for()
                    took.append((time.perf_counter() - began) * 1000)
            browser.close()
    spread = f"(the middle of {PHONES}; {min(took):.0f} to {max(took):.0f} ms)"
    return [Figure("the live form usable on slow 4G", median(took), USABLE_WITHIN, "ms", spread)]


@asynccontextmanager
async def database(kind: str, folder: Path) -> AsyncIterator[str]:
    """An empty database of this kind with the schema, as careful with what it is given as an installation's."""
    if kind == "SQLite":
        url = settings_for(folder).database
        prepare(url)
        yield url
        return
    with a_postgres() as server:
        url = create(server, "threefold_bench")
        try:
            prepare(url)
            yield url
        finally:
            drop(server, "threefold_bench")


async def figures(kind: str, folder: Path, url: str) -> list[Figure]:
    store = Store.open(url)
    term = await a_term(store)
    async with serving("bare", folder) as bare, serving("threefold", folder, url) as ours:
        forms = list(submissions(term))
        crowd, alone = forms[: CLASS * ROUNDS_SENT], forms[CLASS * ROUNDS_SENT :]
        plain = [Ask.of("GET", "/bare", 200)] * (REQUESTS // PARTS)
        await send(bare.port, plain)
        took = await sent_within(ours.port, crowd)
        cost = await in_turns(ours, alone, bare, plain)
        pages = {
            "growth": Ask.of("GET", "/growth", 200, cookie=next(iter(term.trainees.values()))),
            "agreement": Ask.of("GET", f"/cohorts/{term.built.cohort}/agreement", 200, cookie=term.tutor),
        }
        few = {name: await spent(ours, ask) for name, ask in pages.items()}
        ratings = await filled(store, MANY)
        many = {name: await spent(ours, ask) for name, ask in pages.items()}
    await store.close()
    return [
        Figure(f"{kind}: a form sent", cost.ratio, 12, "×", str(cost)),
        Figure(
            f"{kind}: {CLASS} forms within {WITHIN_SECONDS} s, p99", quantiles(took, n=100)[98], 150, "ms",
            f"(p50 {quantiles(took, n=100)[49]:.1f} ms)",
        ),
        *(
            Figure(
                f"{kind}: the {name} page with {ratings:,} ratings", many[name] / few[name], 1.5, "×",
                f"({many[name]:.0f} µs to {few[name]:.0f} µs with a few thousand)",
            )
            for name in pages
        ),
    ]  # fmt: skip


async def spent(server: Measured, ask: Ask) -> float:
    """Microseconds of processor time for this page, after it has been asked for a few times."""
    await send(server.port, [ask] * 20)
    return await server.spend([ask] * 60)


async def sent_within(port: int, asks: list[Ask]) -> list[float]:
    """Milliseconds for each form when a class sends within ten seconds, everybody at a moment of their own."""
    chance = random.Random(1)

    async def one(ask: Ask, after: float) -> float:
        await asyncio.sleep(after)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        began = time.perf_counter()
        writer.write(ask.content)
        head = await reader.readuntil(b"\r\n\r\n")
        took = (time.perf_counter() - began) * 1000
        writer.close()
        if not head.startswith(b"HTTP/1.1 303 "):
            raise RuntimeError(head.decode())
        return took

    took: list[float] = []
    for start in range(0, len(asks), CLASS):
        part = asks[start : start + CLASS]
        took += await asyncio.gather(*(one(ask, chance.uniform(0, WITHIN_SECONDS)) for ask in part))
    return took


# --- a database that has been in use for years ---------------------------------------------------------------------


async def filled(store: Store, wanted: int) -> int:
    """Cohorts of years with their ratings, beside the one that is measured; how many ratings there are then."""
    first = datetime.now(UTC).date() - timedelta(weeks=WEEKS_OF_YEARS)
    number = 0
    while (there := await store.read(lambda db: db.scalar(select(func.count()).select_from(Rating)) or 0)) < wanted:
        number += 1
        built = await a_cohort(
            store, name=f"Years {number}", trainees=CLASS, weeks=WEEKS_OF_YEARS, first=first, competencies=COMPETENCIES
        )
        turns = await store.read(partial(turns_of, cohort=built.cohort))
        for part in batched(turns):
            await store.write(partial(rate, turns=part))
    return there


Turned = tuple[UUID, int, UUID, str]  # triad, round, member, role


def turns_of(db: Session, cohort: UUID) -> list[Turned]:
    rows = db.execute(
        select(Turn.triad_id, Turn.round, Seat.membership_id, Turn.role)
        .join(Seat, Seat.id == Turn.seat_id)
        .join(PracticeSession, PracticeSession.id == Seat.practice_id)
        .where(PracticeSession.cohort_id == cohort)
    )
    return [row.tuple() for row in rows]


def batched(turns: list[Turned]) -> Iterator[list[Turned]]:
    waiting = iter(turns)
    while part := list(islice(waiting, 2_000)):
        yield part


def rate(db: Session, turns: list[Turned]) -> None:
    """A piece by everybody in these rounds."""
    pieces, ratings = [], []
    now = datetime.now(UTC) - timedelta(days=30)
    for triad, number, member, role in turns:
        kind = asked_of(Role(role))
        piece = an_id()
        words = {"did": "Waited."} if kind is Kind.CLIENT else {"helped": "You waited.", "to_try": "Wait on."}
        pieces.append(
            {"id": piece, "triad_id": triad, "round": number, "author_id": member, "kind": kind.value, "words": words,
             "sent_at": now, "flagged": 0}
        )  # fmt: skip
        codes = [question.code for question in CLIENT_QUESTIONS] if kind is Kind.CLIENT else COMPETENCIES
        ratings += [
            {"piece_id": piece, "code": code, "level": 1 + (number + place) % 4, "moments": [], "cues": [],
             "what_was_said": ""}
            for place, code in enumerate(codes)
        ]  # fmt: skip
    db.execute(insert(Piece), pieces)
    db.execute(insert(Rating), ratings)
