"""The shared clock: what thirty phones cost a server, how far apart they hear of a press, how long a stop takes."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from zoneinfo import ZoneInfo

from tests.bench.figures import Figure
from tests.builders import Class, a_cohort
from tests.clock.serving import Caller, Phone, Server, a_server, all_hear, signed_in
from threefold.store import migrations
from threefold.store.engine import Store

COMPARED = "the share of one core while thirty phones follow, and what lies between the first and the last that hears"
PHONES = 30
QUIET = 20.0
"""Seconds that are watched with nobody pressing anything, and again with a press every other second."""


async def measure() -> list[Figure]:
    return [figure async for figure in figures()]


async def figures() -> AsyncIterator[Figure]:
    """Thirty phones on one server, on SQLite."""
    with tempfile.TemporaryDirectory() as folder:
        where = Path(folder)
        database = f"sqlite:///{where}/threefold.db"
        migrations.upgrade(database)
        store = Store.open(database)
        built = await _a_class_now(store)
        with a_server(database, where) as server:
            async with AsyncExitStack() as stack:
                phones, tutor = await _all_there(stack, store, server, built)
                path = f"/practice/{built.sessions[0]}/clock"
                yield Figure("30 phones follow, nobody presses", await _share(server), 2, "% of a core")
                apart: list[float] = []
                before, began = server.processor(), asyncio.get_running_loop().time()
                presses = ["start", "next", *["extend", "pause", "resume"] * 3]
                for number, what in enumerate(presses, start=1):
                    assert (await tutor.press(path, what)).status_code == 200
                    heard = await all_hear(phones, number)
                    apart.append(1000 * (max(heard) - min(heard)))
                    await asyncio.sleep(2)
                took = asyncio.get_running_loop().time() - began
                share = 100 * (server.processor() - before) / took
                yield Figure("30 phones follow, a press every other second", share, 2, "% of a core")
                spread = f"median {median(apart):.0f} ms of {len(apart)} presses"
                yield Figure("a press heard: first to last phone", max(apart), 300, "ms", spread)
                yield Figure("a server with 30 streams open stops", await asyncio.to_thread(server.stop), 5, "s")
        await store.close()


async def _a_class_now(store: Store) -> Class:
    begins = (datetime.now(UTC) - timedelta(minutes=1)).astimezone(ZoneInfo("Europe/London"))
    return await a_cohort(store, trainees=PHONES, weeks=1, first=begins.date(), starts=begins.time())


async def _all_there(stack: AsyncExitStack, store: Store, server: Server, built: Class) -> tuple[list[Phone], Caller]:
    path, phones = f"/practice/{built.sessions[0]}/clock", []
    for person in built.people:
        caller = await stack.enter_async_context(signed_in(store, server, person))
        phones.append(phone := Phone())
        stack.callback(asyncio.create_task(phone.listen(caller, path)).cancel)
    await all_hear(phones, 0)
    return phones, await stack.enter_async_context(signed_in(store, server, built.tutors[0]))


async def _share(server: Server) -> float:
    before = server.processor()
    await asyncio.sleep(QUIET)
    return 100 * (server.processor() - before) / QUIET
