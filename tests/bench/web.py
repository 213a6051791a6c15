"""What a page and a form cost: processor time against a bare handler, queries, memory, time to the first answer."""

import asyncio
import compileall
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from urllib.parse import urlencode
from uuid import UUID

import threefold
from tests.bench.figures import Figure
from tests.builders import Class, a_cohort, an_id
from tests.databases import prepare
from tests.house import BASE, House, settings_for
from tests.web.queries import queries_of_every_page
from threefold.app import build_app
from threefold.store import sessions
from threefold.store.engine import Store
from threefold.web.security import Keys, new_token

TRAINEES, WEEKS = 30, 12
COMPETENCIES = ("HC1", "HC2", "HC3", "HC4", "HC5", "HC6", "HC8", "HC10")
CONNECTIONS = 4
PARTS = 10
REQUESTS = 2000  # of the quickest kinds; a tenth of them where an answer takes long
COMPARED = (
    "processor time of the server for each request, as a ratio to a Litestar handler that answers “ok”, in the same "
    f"run on the same uvicorn, timed in turns, the middle of {PARTS} parts; {TRAINEES} trainees × {WEEKS} sessions, "
    f"SQLite with full durability, {CONNECTIONS} connections; the courier runs apart"
)


# --- a small client ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ask:
    """One request as bytes, and the status it is to be answered with."""

    content: bytes
    status: int

    @classmethod
    def of(cls, method: str, path: str, status: int, *, cookie: str = "", body: str = "", **headers: str) -> "Ask":
        lines = {"host": "127.0.0.1", "accept-encoding": "gzip", "cookie": cookie, **headers}
        if method == "POST":
            lines |= {
                "sec-fetch-site": "same-origin",
                "content-type": "application/x-www-form-urlencoded",
                "content-length": str(len(body)),
            }
        head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in lines.items() if value)
        return cls(f"{method} {path} HTTP/1.1\r\n{head}\r\n{body}".encode(), status)


async def send(port: int, asks: list[Ask]) -> None:
    """Send the requests one after the other on each of a few connections. Raises RuntimeError for a wrong answer."""
    waiting = iter(asks)

    async def one_connection() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for ask in waiting:
            writer.write(ask.content)
            head = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
            body = await reader.readexactly(int(length[1])) if length and ask.status != 304 else b""
            if not head.startswith(b"HTTP/1.1 %d " % ask.status):
                request = ask.content.split(b"\r\n")[0].decode()
                raise RuntimeError(f"{request} was answered with {head.decode()}{body.decode()}")
        writer.close()

    async with asyncio.TaskGroup() as group:
        for _ in range(CONNECTIONS):
            group.create_task(one_connection())


@dataclass
class Measured:
    """A server process under measurement."""

    process: subprocess.Popen[str]
    port: int = 0

    def told(self, word: str) -> str:
        if self.process.stdin is None or self.process.stdout is None:
            raise RuntimeError("a measured server is steered through pipes")
        if word:
            self.process.stdin.write(f"{word}\n")
            self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    async def spend(self, asks: list[Ask]) -> float:
        """Microseconds of processor time for each of these requests."""
        before = float(self.told("cpu"))
        await send(self.port, asks)
        return (float(self.told("cpu")) - before) / len(asks) * 1e6


@dataclass(frozen=True)
class Cost:
    """What a request costs beside a bare handler, timed in turns: each part of ours between two of the bare one."""

    parts: tuple[tuple[float, float], ...]  # microseconds a request, (ours, bare)

    @property
    def ratio(self) -> float:
        """The middle one of the parts' ratios: what slows the machine down for a while slows both of a part."""
        return median(ours / bare for ours, bare in self.parts)

    def __str__(self) -> str:
        ratios = sorted(ours / bare for ours, bare in self.parts)
        ours, bare = (median(part[side] for part in self.parts) for side in (0, 1))
        return f"({ours:.0f} µs to {bare:.0f} µs; the {len(ratios)} parts {ratios[0]:.1f} to {ratios[-1]:.1f})"


async def in_turns(ours: Measured, asks: list[Ask], bare: Measured, plain: list[Ask]) -> Cost:
    size = len(asks) // PARTS
    parts = []
    before = await bare.spend(plain)
    for at in range(0, size * PARTS, size):
        spent = await ours.spend(asks[at : at + size])
        after = await bare.spend(plain)
        parts.append((spent, (before + after) / 2))
        before = after
    return Cost(tuple(parts))


@asynccontextmanager
async def serving(what: str, folder: Path, database: str = "") -> AsyncIterator[Measured]:
    command = [sys.executable, "-m", "tests.bench.serving", what, str(folder), database]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:  # noqa: ASYNC220, S603 - nothing else runs meanwhile; our own command
        server = Measured(process)
        server.port = int(server.told("").removeprefix("listening "))
        yield server
        process.communicate()


# --- what is asked ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Term:
    """A published term, eleven of its twelve sessions held, and a signed-in browser for everybody."""

    built: Class
    tutor: str  # cookie headers
    trainees: dict[UUID, str]  # by membership

    def form_token(self, cookie: str) -> str:
        return Keys(settings_for(Path()).secret).form_token(cookie.removeprefix("threefold="))


async def a_term(store: Store) -> Term:
    today = datetime.now(UTC).date()
    first = today - timedelta(weeks=WEEKS - 1, days=1)
    built = await a_cohort(store, trainees=TRAINEES, weeks=WEEKS, first=first, competencies=COMPETENCIES)
    cookies = [await signed_in(store, person) for person in (*built.tutors[:1], *built.people)]
    return Term(built, cookies[0], dict(zip(built.members, cookies[1:], strict=True)))


async def signed_in(store: Store, person: UUID) -> str:
    token, now = new_token(), datetime.now(UTC)
    await store.write(
        lambda db: sessions.begin(db, id=an_id(), person_id=person, token=token, browser="bench", now=now)
    )
    return f"threefold={token}"


def submissions(term: Term) -> Iterator[Ask]:
    """The observer's form of every round held but the first week's, where the walk through every page wrote its own;
    each sent once by its author.
    """
    ratings = {f"{code}.level": "3" for code in COMPETENCIES} | {
        f"{code}.moment": "“It sounds as if that was a lonely week.”" for code in COMPETENCIES
    }
    words = {"helped": "You waited after “I don’t know”, and more came.", "to_try": "Name the last five minutes."}
    for week, triads in [*enumerate(term.built.triads[:-1])][1:]:
        sat = term.built.members[week:] + term.built.members[:week]
        for number, triad in enumerate(triads):
            group = sat[3 * number : 3 * number + 3]
            for round_ in (1, 2, 3):
                cookie = term.trainees[group[round_ % 3]]
                body = urlencode({"_token": term.form_token(cookie), "version": "0", **ratings, **words})
                yield Ask.of("POST", f"/feedback/{triad}/{round_}/piece", 303, cookie=cookie, body=body)


# --- figures ----------------------------------------------------------------------------------------------------


async def measure() -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="threefold-bench-") as name:
        folder = Path(name)
        settings = settings_for(folder)
        prepare(settings.database)
        store = Store.open(settings.database)
        term = await a_term(store)
        asked = await queries_of_every_page(
            House(build_app(settings, store), store, settings, datetime.now(UTC)), term.built
        )
        await store.close()
        page, queries = max(asked.items(), key=lambda found: found[1])
        return [
            *await costs(folder, term),
            Figure("queries of the page that asks most", queries, 8, "", page),
            *started(folder),
        ]


async def costs(folder: Path, term: Term) -> list[Figure]:
    page, forms = f"/cohorts/{term.built.cohort}", list(submissions(term))
    plain = [Ask.of("GET", "/bare", 200)] * (REQUESTS // PARTS)
    pages = [Ask.of("GET", page, 200, cookie=term.tutor)] * REQUESTS
    async with serving("bare", folder) as bare, serving("threefold", folder) as ours:

        async def cost(asks: list[Ask]) -> Cost:
            await send(ours.port, asks[: len(asks) // PARTS])  # what is made once is made before
            return await in_turns(ours, asks[len(asks) // PARTS :], bare, plain)

        await send(bare.port, plain)
        ours.told("cold")
        cold = await cost(pages[: REQUESTS // 10])
        ours.told("warm")
        warm = await cost(pages)
        etag = await etag_of(ours.port, pages[0])
        unchanged = await cost([Ask.of("GET", page, 304, cookie=term.tutor, if_none_match=etag)] * REQUESTS)
        submit = await cost(forms)

    def ratio(name: str, cost: Cost, aim: float) -> Figure:
        return Figure(name, cost.ratio, aim, "×", str(cost))

    return [
        ratio("cohort page, made anew", cold, 30),
        ratio("cohort page, nothing changed, from here (200)", warm, 5),
        ratio("cohort page, nothing changed, from the browser (304)", unchanged, 5),
        ratio(f"a form with {len(COMPETENCIES)} ratings sent, 4 of them asked for and kept", submit, 16),
    ]


async def etag_of(port: int, ask: Ask) -> str:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(ask.content)
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    writer.close()
    found = re.search(r"etag: (.*)\r\n", head)
    if found is None:
        raise RuntimeError(f"no etag: {head}")
    return found[1]


def started(folder: Path) -> list[Figure]:
    """`threefold serve`, as an installation runs it, courier included: how soon it answers, and its memory then."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    settings = settings_for(folder)
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("THREEFOLD_")},
        "THREEFOLD_DATA_FOLDER": str(folder),
        "THREEFOLD_SECRET": settings.secret,
        "THREEFOLD_BASE_URL": BASE,
        "THREEFOLD_PLAIN_HTTP": "yes",
        "THREEFOLD_SENDER": settings.sender,
        "THREEFOLD_SMTP_URL": "smtp://127.0.0.1:1",  # nobody is there; no letter is sent
        "THREEFOLD_PORT": str(port),
    }
    compileall.compile_dir(Path(threefold.__file__).parent, quiet=1)  # as an installation has it
    began = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-m", "threefold", "serve"], env=environment, stderr=subprocess.DEVNULL
    ) as process:
        try:
            while not answers(port):
                if process.poll() is not None or time.perf_counter() - began > 30:
                    raise RuntimeError("threefold serve does not start")
                time.sleep(0.01)
            soon = time.perf_counter() - began
            time.sleep(1)
            held = memory(process.pid)
        finally:
            process.terminate()
    return [
        Figure("memory of an idle server", held, 110, "MB"),
        Figure("start to the first answer", soon, 2, "s"),
    ]


def answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(b"GET /health/ready HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n")
            return connection.recv(100).startswith(b"HTTP/1.1 200")
    except OSError:
        return False


def memory(pid: int) -> float:
    """Resident megabytes of a process and its threads."""
    said = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=True)  # noqa: S603, S607 - `ps` wherever it lies
    return int(said.stdout) * 1024 / 1e6
