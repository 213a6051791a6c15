"""Streams: one look for everybody who listens, the last word counts, and the server's stop ends them all."""

import asyncio
from collections.abc import AsyncIterator, Hashable, Mapping

import pytest

from threefold.store.engine import Busy
from threefold.web import streams
from threefold.web.streams import AGAIN_AFTER, ALIVE, Streams


class Kettle:
    """A topic that counts how often it is looked at and told."""

    def __init__(self) -> None:
        self.heat = 0
        self.looks = 0
        self.tellings = 0
        self.busy = False
        self.broken = False

    async def edition(self) -> Hashable:
        self.looks += 1
        if self.busy:
            raise Busy
        if self.broken:
            raise LookupError("no such kettle")
        return self.heat

    async def told(self) -> Mapping[Hashable, bytes]:
        self.tellings += 1
        return {"cook": b'{"heat":%d}' % self.heat, "guest": b"{}"}


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "LOOK_EVERY", 0.02)


async def heard(events: AsyncIterator[bytes]) -> bytes:
    return await asyncio.wait_for(anext(events), 2)


async def test_everybody_hears_a_change_and_it_is_looked_up_once() -> None:
    house, kettle = Streams(), Kettle()
    cooks = [house.events("kettle", kettle, "cook") for _ in range(30)]
    for cook in cooks:
        assert await heard(cook) == AGAIN_AFTER
        assert await heard(cook) == b'data: {"heat":0}\n\n'
    assert kettle.tellings == 1
    kettle.heat = 80
    assert {await heard(cook) for cook in cooks} == {b'data: {"heat":80}\n\n'}
    assert kettle.tellings == 2
    for cook in cooks:
        await cook.aclose()  # type: ignore[attr-defined] # an async generator
    looks = kettle.looks
    await asyncio.sleep(0.1)
    assert kettle.looks == looks  # nobody listens, nobody looks


async def test_who_comes_later_hears_how_it_stands_and_a_guest_only_what_is_theirs() -> None:
    house, kettle = Streams(), Kettle()
    cook, guest = house.events("kettle", kettle, "cook"), house.events("kettle", kettle, "guest")
    assert [await heard(cook), await heard(cook)] == [AGAIN_AFTER, b'data: {"heat":0}\n\n']
    kettle.heat = 80
    assert await heard(cook) == b'data: {"heat":80}\n\n'
    assert [await heard(guest), await heard(guest)] == [AGAIN_AFTER, b"data: {}\n\n"]
    kettle.heat = 90
    waits = asyncio.create_task(heard(guest))
    assert await heard(cook) == b'data: {"heat":90}\n\n'
    await asyncio.sleep(0.05)
    assert not waits.done()  # what a guest is told is the same as before
    house.close()
    with pytest.raises(StopAsyncIteration):
        await waits
    with pytest.raises(StopAsyncIteration):
        await heard(cook)


async def test_a_nudge_is_heard_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "LOOK_EVERY", 60)
    house, kettle = Streams(), Kettle()
    cook = house.events("kettle", kettle, "cook")
    await heard(cook)
    await heard(cook)
    kettle.heat = 80
    house.nudge("kettle")
    house.nudge("another")
    assert await heard(cook) == b'data: {"heat":80}\n\n'
    house.close()


async def test_silence_is_broken_now_and_then_and_a_stream_ends_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "STILL_HERE", 0.05)
    monkeypatch.setattr(streams, "LASTS", 0.3)
    house = Streams()
    said = [event async for event in house.events("kettle", Kettle(), "cook")]
    assert said[:3] == [AGAIN_AFTER, b'data: {"heat":0}\n\n', ALIVE]


async def test_a_busy_database_is_asked_again() -> None:
    house, kettle = Streams(), Kettle()
    kettle.busy = True
    cook = house.events("kettle", kettle, "cook")
    assert await heard(cook) == AGAIN_AFTER
    first = asyncio.create_task(heard(cook))
    await asyncio.sleep(0.1)
    assert not first.done()
    kettle.busy = False
    assert await first == b'data: {"heat":0}\n\n'
    house.close()


async def test_what_cannot_be_looked_at_ends_its_streams_and_may_be_asked_for_again() -> None:
    house, kettle = Streams(), Kettle()
    cook = house.events("kettle", kettle, "cook")
    assert [await heard(cook), await heard(cook)] == [AGAIN_AFTER, b'data: {"heat":0}\n\n']
    kettle.broken = True
    with pytest.raises(StopAsyncIteration):
        await heard(cook)
    kettle.broken = False
    again = house.events("kettle", kettle, "cook")
    assert [await heard(again), await heard(again)] == [AGAIN_AFTER, b'data: {"heat":0}\n\n']
    house.close()


async def test_a_house_that_closes_takes_no_more() -> None:
    house = Streams()
    house.close()
    assert [event async for event in house.events("kettle", Kettle(), "cook")] == [AGAIN_AFTER]
