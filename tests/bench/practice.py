"""What practice costs: 200 people racing for 60 seats on two server processes, and pages that stay flat."""

import asyncio
import gzip
import re
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from statistics import quantiles
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from tests.bench import clock, day, repairs
from tests.bench.feedback import database
from tests.bench.figures import Figure
from tests.bench.web import Ask, Measured, serving, signed_in
from tests.builders import BEFORE, a_cohort, all_told, an_id, extra_practice
from tests.house import House, settings_for
from tests.web.queries import counted
from threefold.app import build_app
from threefold.core.contract import PRIVACY_VERSION
from threefold.store.engine import Store
from threefold.store.tables import Cohort, Letter, Membership, Seat
from threefold.web.security import Keys
from threefold.web.templates import folder as templates

RACING, TRIADS, WEEKS = 200, 20, 10
SEATS = 3 * TRIADS
MANY_COHORTS = 1000
COMPARED = (
    f"{RACING} signed-in people with a term of {WEEKS} sessions who press “any free seat” at the same moment on two "
    f"server processes, from the request to the whole answer, for {SEATS} seats; how often pages of extra practice ask "
    "the database with 1 and with "
    f"{MANY_COHORTS:,} cohorts; scripts gzipped; each on SQLite and PostgreSQL. {day.COMPARED}. {repairs.COMPARED}. "
    f"{clock.COMPARED}"
)
# Scripts of the availability page, as it loads them.
AVAILABILITY_SCRIPTS = ("threefold.js", "autosave.js", "availability.js")


async def measure() -> list[Figure]:
    found: list[Figure] = []
    for kind in ("SQLite", "PostgreSQL"):
        with tempfile.TemporaryDirectory(prefix="threefold-bench-") as name:
            where = Path(name)
            async with database(kind, where) as url:
                found += await raced(kind, where, url)
                found += await asked(kind, where, url)
    found.append(scripts())
    for part in (day, repairs, clock):
        found += await part.measure()
    return found


# --- the race -------------------------------------------------------------------------------------------------------


async def raced(kind: str, where: Path, url: str) -> list[Figure]:
    """Everybody at once, half of them on each process; then every row is looked at."""
    store = Store.open(url)
    # Nothing has been held yet, so nobody is owed a turn and no third seat is kept for anybody.
    built = await a_cohort(store, trainees=RACING, weeks=WEEKS, first=datetime.now(UTC).date() + timedelta(days=7))
    await all_told(store, built.cohort)
    soon = datetime.now(UTC).astimezone(ZoneInfo("Europe/London")) + timedelta(days=10)
    extra = await extra_practice(
        store, built, soon.replace(hour=17, minute=0, second=0, microsecond=0, tzinfo=None), at_once=TRIADS
    )
    (practice,) = extra.times
    keys = Keys(settings_for(where).secret)
    asks = []
    for person in built.people:
        cookie = await signed_in(store, person)
        body = urlencode({"_token": keys.form_token(cookie.removeprefix("threefold="))})
        asks.append(Ask.of("POST", f"/practice/{practice}/seats", 303, cookie=cookie, body=body))
    async with AsyncExitStack() as stack:
        servers = [await stack.enter_async_context(serving("threefold", where, url)) for _ in range(2)]
        await asyncio.gather(*(warm(server) for server in servers))
        before, began = spent(servers), time.perf_counter()
        answers = await asyncio.gather(*(one(servers[n % 2].port, ask) for n, ask in enumerate(asks)))
        whole, used = time.perf_counter() - began, spent(servers) - before
    statuses = Counter(status for status, _, _ in answers)
    kind_words = sum("just been taken" in body for status, _, body in answers if status == 409)
    held, doubled, invited = await store.read(lambda db: seats(db, practice))
    await store.close()
    took = quantiles([took for _, took, _ in answers], n=100)
    said = f"({dict(statuses)}; {whole:.1f} s in all; p50 {took[49]:.0f} ms, p99 {took[98]:.0f} ms)"
    return [
        Figure(f"{kind}: seats given beyond or short of {SEATS}", abs(held - SEATS), 0, "", said),
        Figure(f"{kind}: seats or people booked twice", doubled, 0, ""),
        Figure(f"{kind}: answers that are neither a seat nor kind words", RACING - statuses[303] - kind_words, 0, ""),
        Figure(f"{kind}: people with a seat and no invitation", held - invited, 0, ""),
        Figure(f"{kind}: the slowest answer of {RACING} at once", max(took) / 1000, 10, "s"),
        # What the same takes where nothing else runs: half of this, on two cores.
        Figure(f"{kind}: processor time of both servers for these {RACING} answers", used, 10, "s"),
    ]


def spent(servers: Sequence[Measured]) -> float:
    """Seconds of processor time so far."""
    return sum(float(server.told("cpu")) for server in servers)


async def warm(server: Measured) -> None:
    """What is made once is made before."""
    for _ in range(5):
        await one(server.port, Ask.of("GET", "/sign-in", 200))


async def one(port: int, ask: Ask) -> tuple[int, float, str]:
    """Status, milliseconds and body of one request on a connection of its own."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    began = time.perf_counter()
    writer.write(ask.content)
    head = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
    body = await reader.readexactly(int(length[1])) if length else b""
    took = (time.perf_counter() - began) * 1000
    writer.close()
    if b"content-encoding: gzip" in head.lower():
        body = gzip.decompress(body)
    return int(head.split(b" ")[1]), took, body.decode()


def seats(db: Session, practice: UUID) -> tuple[int, int, int]:
    """Seats held, how many of them are on a place or a person that has another, and how many were invited."""
    held = db.execute(
        select(Seat.triad_id, Seat.position, Seat.membership_id).where(
            Seat.practice_id == practice, Seat.given_up_at.is_(None)
        )
    ).all()
    places = Counter((row.triad_id, row.position) for row in held)
    people = Counter(row.membership_id for row in held)
    doubled = sum(count - 1 for count in (*places.values(), *people.values()))
    invited = db.scalar(
        select(func.count(Letter.seat_id.distinct()))
        .join(Seat, Seat.id == Letter.seat_id)
        .where(
            Seat.practice_id == practice,
            Seat.given_up_at.is_(None),
            Letter.kind == "invitation",
            Letter.stopped_at.is_(None),
        )
    )
    return len(held), doubled, invited or 0


# --- pages ------------------------------------------------------------------------------------------------------------


async def asked(kind: str, where: Path, url: str) -> list[Figure]:
    """How often pages ask with one cohort, and with a thousand that the same people are in."""
    store = Store.open(url)
    settings = settings_for(where)
    house = House(build_app(settings, store), store, settings, datetime.now(UTC))
    built = await a_cohort(store, trainees=6, weeks=2, first=datetime.now(UTC).date() + timedelta(days=3))
    soon = datetime.now(UTC).astimezone(ZoneInfo("Europe/London")).replace(tzinfo=None) + timedelta(days=9)
    extra = await extra_practice(store, built, soon.replace(second=0, microsecond=0), at_once=3)
    pages = {
        "GET /cohorts": (built.tutors[0], "/cohorts"),
        "GET /cohorts/…": (built.tutors[0], f"/cohorts/{built.cohort}"),
        "GET /cohorts/…/windows": (built.tutors[0], f"/cohorts/{built.cohort}/windows"),
        "GET /windows/…": (built.tutors[0], f"/windows/{extra.window}"),
        "GET /practice/extra": (built.people[0], f"/practice/extra?cohort={built.cohort}"),
    }
    few = {name: await statements(house, *page) for name, page in pages.items()}
    async for part in in_parts(MANY_COHORTS):
        await store.write(partial(more_cohorts, count=part, tutor=built.tutors[0], trainee=built.people[0]))
    many = {name: await statements(house, *page) for name, page in pages.items()}
    await house._stack.aclose()
    await store.close()
    return [
        Figure(
            f"{kind}: queries of {name} with {MANY_COHORTS:,} cohorts",
            many[name],
            min(8, few[name]),
            "",
            f"({few[name]} with one)",
        )
        for name in pages
    ]


async def statements(house: House, person: UUID, path: str) -> int:
    browser = await house.as_(person)
    with counted() as said:
        answer = await browser.get(path)
    if answer.status_code != 200:
        raise RuntimeError(f"{path} was answered with {answer.status_code}")
    return len(said)


async def in_parts(whole: int, size: int = 200) -> AsyncIterator[int]:
    for _ in range(0, whole, size):
        yield size


def more_cohorts(db: Session, count: int, tutor: UUID, trainee: UUID) -> None:
    """Published cohorts without sessions, with this tutor and this trainee in each."""
    ids = [an_id() for _ in range(count)]
    db.execute(
        insert(Cohort),
        [
            {
                "id": id_, "name": f"Cohort {id_.hex[-6:]}", "version": 1, "zone": "Europe/London", "skip": [],
                "place": "", "link": "", "rooms": [], "competencies": [], "labels": {}, "created_at": BEFORE,
                "created_by": tutor, "published_at": BEFORE, "published_by": tutor,
            }
            for id_ in ids
        ],
    )  # fmt: skip
    db.execute(
        insert(Membership),
        [
            {
                "id": an_id(), "cohort_id": id_, "person_id": person, "role": role, "joined_at": BEFORE,
                "privacy_version": PRIVACY_VERSION, "contract_version": 1, "accepted_at": BEFORE,
            }
            for id_ in ids
            for person, role in ((tutor, "tutor"), (trainee, "trainee"))
        ],
    )  # fmt: skip


def scripts() -> Figure:
    """What the availability page loads of scripts, gzipped; those that are there."""
    paths = [templates() / "static" / name for name in AVAILABILITY_SCRIPTS]
    there = [path for path in paths if path.exists()]
    size = sum(len(gzip.compress(path.read_bytes(), 9)) for path in there)
    return Figure("scripts of the availability page", size / 1000, 10, "kB", f"({', '.join(p.name for p in there)})")
