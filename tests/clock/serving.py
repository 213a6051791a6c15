"""The service in processes of its own, and phones that listen to its streams: for tests and the bench."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
from msgspec import json

from tests.builders import an_id
from threefold.store import sessions
from threefold.store.engine import Store
from threefold.web.security import Keys, new_token

SECRET = "a-secret-for-tests-only-0123456789abcdef"


@dataclass
class Server:
    """`threefold serve` on a port of its own."""

    process: subprocess.Popen[bytes]
    address: str

    def stop(self) -> float:
        """Ask it to stop as a supervisor does; how many seconds it took. Raises TimeoutExpired after 30."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)
        return time.monotonic() - began

    def processor(self) -> float:
        """Seconds of processor time it has used."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def a_server(database: str, folder: Path) -> Iterator[Server]:
    """Serving from this database until the block ends."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    kept = {name: value for name, value in os.environ.items() if not name.startswith("THREEFOLD_")}
    variables = {
        "THREEFOLD_BASE_URL": address,
        "THREEFOLD_PORT": str(port),
        "THREEFOLD_PLAIN_HTTP": "yes",
        "THREEFOLD_SECRET": SECRET,
        "THREEFOLD_SENDER": "practice@example.org",
        "THREEFOLD_SMTP_URL": "smtp://127.0.0.1:9",
        "THREEFOLD_COURIER": "no",
        "THREEFOLD_DATABASE_URL": database,
        "THREEFOLD_DATA_FOLDER": str(folder),
    }
    with subprocess.Popen(
        [sys.executable, "-m", "threefold", "serve"],
        env={**kept, **variables},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            for _ in range(600):
                try:
                    if httpx.get(f"{address}/health/ready").status_code == 200:
                        break
                except httpx.TransportError:
                    time.sleep(0.05)
            yield Server(process, address)
        finally:
            process.kill()


@dataclass
class Caller:
    """Somebody's browser, signed in."""

    client: httpx.AsyncClient
    form_token: str

    async def press(self, path: str, what: str, **more: str) -> httpx.Response:
        body = {"_token": self.form_token, "what": what, "minutes": "2", "id": str(uuid4()), **more}
        return await self.client.post(f"{path}/presses", data=body, headers={"accept": "application/json"})


@asynccontextmanager
async def signed_in(store: Store, server: Server, person: UUID) -> AsyncIterator[Caller]:
    token, id, now = new_token(), an_id(), datetime.now(UTC)
    await store.write(lambda db: sessions.begin(db, id=id, person_id=person, token=token, browser="", now=now))
    headers = {"origin": server.address, "sec-fetch-site": "same-origin"}
    async with httpx.AsyncClient(
        base_url=server.address, cookies={"threefold": token}, headers=headers, timeout=30
    ) as client:
        yield Caller(client, Keys(SECRET).form_token(token))


@dataclass
class Phone:
    """What a phone that listens has heard: each state, with the moment it came (time.monotonic)."""

    heard: list[tuple[float, dict[str, Any]]] = field(default_factory=list)
    ended: bool = False

    async def listen(self, caller: Caller, path: str) -> None:
        headers = {"accept": "text/event-stream"}
        async with caller.client.stream("GET", f"{path}/stream", headers=headers) as answer:
            assert answer.status_code == 200
            async for line in answer.aiter_lines():
                if line.startswith("data: {"):
                    self.heard.append((time.monotonic(), json.decode(line[6:])))
        self.ended = True

    def when(self, edition: int) -> float | None:
        """When it first heard of so many presses."""
        return next((at for at, state in self.heard if state["edition"] >= edition), None)


async def all_hear(phones: list[Phone], edition: int, *, within: float = 10) -> list[float]:
    """When each of them heard of that edition. Raises TimeoutError."""

    async def each(phone: Phone) -> float:
        while (at := phone.when(edition)) is None:  # noqa: ASYNC110 - a line that comes sets no event
            await asyncio.sleep(0.005)
        return at

    return list(await asyncio.wait_for(asyncio.gather(*(each(phone) for phone in phones)), within))
