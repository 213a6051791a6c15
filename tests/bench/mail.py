"""What letters cost: how soon thousands of invitations leave, what that adds to a page beside it, a long feed, and a
look of the clerk; and whether calendars agree on them, in every zone and every week in which clocks change.

`python -m tests.bench.mail` is the mail server they leave to: it takes everything, and says how much and when.
"""

import asyncio
import os
import socket
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from statistics import median, quantiles

from sqlalchemy import text, update
from sqlalchemy.orm import Session

from tests.bench.figures import Figure
from tests.bench.web import Ask, answers, signed_in
from tests.builders import a_cohort, all_told
from tests.databases import prepare
from tests.house import BASE, settings_for
from tests.mail.histories import in_every_week, lives
from threefold.clerk import Clerk
from threefold.mail.letters import Postroom
from threefold.mail.notices import Pile, tell, with_letters
from threefold.settings import Settings
from threefold.store.engine import Store
from threefold.store.tables import Letter
from threefold.web.ids import Ids
from threefold.web.security import Keys
from threefold.web.templates import environment

COHORTS, TRAINEES, WEEKS = 8, 30, 12
LETTERS = 3000
SESSIONS = 500
QUIET_SECONDS = 10.0
BETWEEN_SECONDS = 0.01  # from an answer to the next request, one after the other
FEEDS = 60
TERMS_A_WORD = 20
GROUPS, GROUP_WEEKS, LOOKS = 200, 5, 9
A_TUESDAY = datetime(2026, 10, 13, 9, 0, tzinfo=UTC)  # ten o’clock in London
COMPARED = (
    f"`threefold serve` with its courier in one process, SQLite with full durability, real invitations of {COHORTS} "
    f"cohorts ({TRAINEES} trainees × {WEEKS} sessions) handed to a mail server in another process on this machine; a "
    "trainee’s home page asked all the time, before, during and after; load is the machine’s own word when it began; "
    "then a term for each of nine zones in each week of 2026 to 2030 in which clocks change in any of them, its mail "
    "read by icalendar, and often by recurring-ical-events, vobject and ics"
)


# --- a mail server that takes everything ------------------------------------------------------------------------


class Taker(asyncio.Protocol):
    """As little of SMTP as a courier speaks."""

    taken: list[float] = []  # noqa: RUF012 - of all connections together

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.waiting = b""
        self.in_letter = False
        self._say("220 mail.example")

    def data_received(self, data: bytes) -> None:
        self.waiting += data
        while True:
            end = b"\r\n.\r\n" if self.in_letter else b"\r\n"
            line, found, rest = self.waiting.partition(end)
            if not found:
                return
            self.waiting = rest
            self._answer(line)

    def _answer(self, line: bytes) -> None:
        if self.in_letter:
            self.in_letter = False
            self.taken.append(time.monotonic())
            self._say("250 taken")
        elif line.upper().startswith(b"DATA"):
            self.in_letter = True
            self._say("354 go on")
        else:
            self._say("221 bye" if line.upper().startswith(b"QUIT") else "250 mail.example")

    def _say(self, words: str) -> None:
        assert isinstance(self.transport, asyncio.Transport)
        self.transport.write(f"{words}\r\n".encode())


async def take() -> None:
    """Listen; each line of input is answered with how many letters came, and when the first and last did."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Taker, "127.0.0.1", 0)
    _say(f"listening {server.sockets[0].getsockname()[1]}")
    while await asyncio.to_thread(sys.stdin.readline):
        _say(f"{len(Taker.taken)} {min(Taker.taken, default=0)} {max(Taker.taken, default=0)}")


def _say(words: str) -> None:
    print(words, flush=True)  # noqa: T201 - how this process answers the one that measures


# --- what is measured -------------------------------------------------------------------------------------------


def measure() -> Iterator[Figure]:
    """Each figure as soon as it is known; the last takes some minutes, and says how far it is."""
    yield from asyncio.run(cost())
    yield asyncio.run(clerks_look())
    yield asyncio.run(calendars_agree())


async def cost() -> list[Figure]:
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="threefold-bench-") as name:
        settings = settings_for(Path(name))
        prepare(settings.database)
        store = Store.open(settings.database)
        cookie = await written(store, settings)
        feed = await a_long_feed(store, settings)
        try:
            with taking() as (mail_port, told), serving(settings, mail_port) as port:
                page = Ask.of("GET", "/", 200, cookie=cookie)
                before = await asked_for(port, page, QUIET_SECONDS)
                began = time.monotonic()
                await store.write(partial(due_at, moment=datetime.now(UTC)))
                during = await asked_until(port, page, lambda: int(told()[0]) >= LETTERS)
                count, _, last = told()
                after = await asked_for(port, page, QUIET_SECONDS)
                feeds = [await one(port, Ask.of("GET", feed, 200)) for _ in range(FEEDS)]
        finally:
            await store.close()
    seconds = float(last) - began
    alone, beside = at(99, before + after), at(99, during)
    return [
        Figure(
            f"{LETTERS} invitations over 4 connections", seconds, 60, "s",
            f"({int(count) / seconds:.0f} a second; load {load:.1f})",
        ),
        Figure(
            "what that adds to the p99 of a page", max(beside - alone, 0), 20, "ms",
            f"({alone:.1f} ms alone, {beside:.1f} ms beside it; p50 {at(50, before + after):.1f} and "
            f"{at(50, during):.1f}; {len(during)} pages meanwhile)",
        ),
        Figure(f"a feed of {SESSIONS} sessions, p95", at(95, feeds), 50, "ms", f"(p50 {at(50, feeds):.1f} ms)"),
    ]  # fmt: skip


async def clerks_look() -> Figure:
    """What a look round costs the processor when everything due has been written: each minute of every day but one."""
    with tempfile.TemporaryDirectory(prefix="threefold-bench-") as name:
        settings = settings_for(Path(name))
        prepare(settings.database)
        store = Store.open(settings.database)
        try:
            for number in range(GROUPS):
                first = A_TUESDAY.date() - timedelta(days=15 - number % 5)  # one weekday or another, two weeks ago
                built = await a_cohort(store, name=f"Group {number}", trainees=TRAINEES, weeks=GROUP_WEEKS, first=first)
                await all_told(store, built.cohort)
                if (number + 1) % 50 == 0:
                    _progress(f"{number + 1} of {GROUPS} groups made")
            clerk = Clerk(store, Postroom(settings, environment()), clock=lambda: A_TUESDAY)
            began = time.process_time()
            wrote = await clerk.round()
            morning = time.process_time() - began
            looks = [await _cost_of(clerk) for _ in range(LOOKS)]
        finally:
            await store.close()
    return Figure(
        f"the clerk’s look at {GROUPS} groups of {TRAINEES}", median(looks), 100, "ms",
        f"(of the processor; the morning’s own, which writes {wrote} letters, {morning:.1f} s)",
    )  # fmt: skip


async def _cost_of(clerk: Clerk) -> float:
    began = time.process_time()
    if wrote := await clerk.round():
        raise RuntimeError(f"{wrote} letters were written twice")
    return (time.process_time() - began) * 1000


async def calendars_agree() -> Figure:
    """Terms in which some calendar ends up wrong, or was asked for what some real one gets wrong."""
    which = Random(1).sample(every := in_every_week(), len(every))  # so that every zone meets every reader
    wrong, parts, began = 0, 0, time.monotonic()
    with tempfile.TemporaryDirectory(prefix="threefold-bench-") as name, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # vobject and ics, of what they are made of
        settings = settings_for(Path(name))
        prepare(settings.database)
        store = Store.open(settings.database)
        try:
            async for history, faults in lives(store, Path(name), which, whole=6, vobject=4, ics=10):
                parts += len(history.parts)
                wrong += bool(faults)
                for fault in faults:
                    _progress(f"{history.zone}, {history.day}: {fault}")
                if (history.number + 1) % TERMS_A_WORD == 0:
                    _progress(f"{history.number + 1} of {len(which)} terms lived, {wrong} wrong")
        finally:
            await store.close()
    zones, weeks = {zone for zone, _ in which}, {day.isocalendar()[:2] for _, day in which}
    return Figure(
        "zones × weeks wrong", wrong, 0, f"of {len(which)}",
        f"({len(zones)} zones × {len(weeks)} weeks; {parts} messages in {time.monotonic() - began:.0f} s)",
    )  # fmt: skip


def _progress(words: str) -> None:
    print(words, file=sys.stderr, flush=True)  # noqa: T201 - beside the figures, which stay one a line


async def written(store: Store, settings: Settings) -> str:
    """Write the invitations of whole cohorts, due another day; a browser of one of the trainees."""
    now = datetime.now(UTC)
    people = []
    for number in range(COHORTS):
        built = await a_cohort(
            store, name=f"Cohort {number}", trainees=TRAINEES, weeks=WEEKS, first=now.date() + timedelta(weeks=1)
        )
        people += built.people
        pile = Pile(Postroom(settings, environment()), now, Ids(now))
        await with_letters(pile, partial(store.write, partial(tell, cohorts=[built.cohort], pile=pile)))
    await store.write(partial(due_at, moment=now + timedelta(days=1)))
    wrote = await store.read(lambda db: db.scalar(text("SELECT count(*) FROM letter")))
    if wrote < LETTERS:
        raise RuntimeError(f"only {wrote} letters were written")
    return await signed_in(store, people[0])


def due_at(db: Session, moment: datetime) -> None:
    db.execute(update(Letter).values(due_at=moment))


async def a_long_feed(store: Store, settings: Settings) -> str:
    """The address of a feed with many sessions."""
    first = datetime.now(UTC).date() - timedelta(weeks=SESSIONS // 2)
    built = await a_cohort(store, name="Long", trainees=3, weeks=SESSIONS, first=first)
    person = built.people[0]
    return f"/calendar/feed/{person}/{Keys(settings.secret).feed_token(str(person), 0)}/practice.ics"


async def one(port: int, ask: Ask) -> float:
    """Milliseconds from the request to the whole answer. Raises RuntimeError for a wrong one."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    began = time.perf_counter()
    writer.write(ask.content)
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    await reader.readexactly(int(length.split(b":")[1]))
    took = (time.perf_counter() - began) * 1000
    writer.close()
    if not head.startswith(b"HTTP/1.1 %d " % ask.status):
        raise RuntimeError(head.decode())
    return took


async def asked_until(port: int, ask: Ask, enough: Callable[[], bool]) -> list[float]:
    took, looked = [], time.monotonic()
    while True:
        took.append(await one(port, ask))
        await asyncio.sleep(BETWEEN_SECONDS)
        if time.monotonic() - looked > 0.5:
            looked = time.monotonic()
            if enough():
                return took


async def asked_for(port: int, ask: Ask, seconds: float) -> list[float]:
    end = time.monotonic() + seconds
    return await asked_until(port, ask, lambda: time.monotonic() > end)


def at(percent: int, took: list[float]) -> float:
    return quantiles(took, n=100)[percent - 1]


@contextmanager
def taking() -> Iterator[tuple[int, Callable[[], list[str]]]]:
    """The mail server's port, and how to ask it what came."""
    command = [sys.executable, "-m", "tests.bench.mail"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own command
        said, asked = process.stdout, process.stdin
        if said is None or asked is None:
            raise RuntimeError("the mail server is asked through pipes")
        port = int(said.readline().removeprefix("listening "))

        def told() -> list[str]:
            asked.write("\n")
            asked.flush()
            return said.readline().split()

        try:
            yield port, told
        finally:
            process.kill()


@contextmanager
def serving(settings: Settings, mail_port: int) -> Iterator[int]:
    """`threefold serve` as an installation runs it, its courier included; its port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    environment_of = {
        **{name: value for name, value in os.environ.items() if not name.startswith("THREEFOLD_")},
        "THREEFOLD_DATA_FOLDER": str(settings.data_folder),
        "THREEFOLD_SECRET": settings.secret,
        "THREEFOLD_BASE_URL": BASE,
        "THREEFOLD_PLAIN_HTTP": "yes",
        "THREEFOLD_SENDER": settings.sender,
        "THREEFOLD_SMTP_URL": f"smtp://127.0.0.1:{mail_port}",
        "THREEFOLD_PORT": str(port),
    }
    command = [sys.executable, "-m", "threefold", "serve"]
    with subprocess.Popen(command, env=environment_of, stderr=subprocess.DEVNULL) as process:  # noqa: S603 - as above
        try:
            began = time.monotonic()
            while not answers(port):
                if process.poll() is not None or time.monotonic() - began > 60:
                    raise RuntimeError("threefold serve does not start")
                time.sleep(0.05)
            yield port
        finally:
            process.terminate()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(take())
