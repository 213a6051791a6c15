"""The clock of real servers: phones on two of them hear the same, and a stop with every stream open is quick."""

import asyncio
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.builders import Class, a_cohort
from tests.clock.serving import Phone, Server, a_server, all_hear, signed_in
from threefold.store.engine import Store

pytestmark = pytest.mark.heavy
QUICK = 5.0


async def a_class_now(store: Store, trainees: int) -> Class:
    begins = (datetime.now(UTC) - timedelta(minutes=1)).astimezone(ZoneInfo("Europe/London"))
    return await a_cohort(store, trainees=trainees, weeks=1, first=begins.date(), starts=begins.time())


async def listening(stack: AsyncExitStack, store: Store, built: Class, servers: list[Server]) -> list[Phone]:
    """Each trainee's phone, on one server after the other."""
    path, phones = f"/practice/{built.sessions[0]}/clock", []
    for number, person in enumerate(built.people):
        caller = await stack.enter_async_context(signed_in(store, servers[number % len(servers)], person))
        phones.append(phone := Phone())
        task = asyncio.create_task(phone.listen(caller, path))
        stack.callback(task.cancel)
    await all_hear(phones, 0)
    return phones


async def test_phones_on_two_servers_hear_every_press_and_stopping_is_quick(database_url: str, tmp_path: Path) -> None:
    store = Store.open(database_url)
    built = await a_class_now(store, 12)
    path = f"/practice/{built.sessions[0]}/clock"
    with a_server(database_url, tmp_path) as one, a_server(database_url, tmp_path) as other:
        async with AsyncExitStack() as stack:
            phones = await listening(stack, store, built, [one, other])
            tutor = await stack.enter_async_context(signed_in(store, one, built.tutors[0]))
            for number, what in enumerate(("start", "next", "pause", "resume", "extend"), start=1):
                assert (await tutor.press(path, what)).status_code == 200
                await all_hear(phones, number)
            states = [phone.heard[-1][1]["clock"] for phone in phones]
            assert {(state["standing"], state["place"], state["whole"]) for state in states} == {
                ("running", 1, 240_000)
            }
            ends = [state["at"] + state["left"] for state in states]
            assert max(ends) - min(ends) <= 1

            took = await asyncio.to_thread(one.stop)
            assert took < QUICK
            assert one.process.returncode == 0
            await asyncio.sleep(0.2)
            assert [phone.ended for phone in phones] == [number % 2 == 0 for number in range(12)]
            assert await asyncio.to_thread(other.stop) < QUICK
    await store.close()
