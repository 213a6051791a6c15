"""Pages that stay open and hear of changes: one look at the database for all who listen to the same thing.

A topic is looked at a few times a second for as long as somebody listens, so that what another process wrote is heard
too, and at once after a change of our own. What is new is made once for each audience and handed to everybody in it.
Streams end by themselves after some minutes, when the browser asks again and is let in again or not; and all at once
when the server stops.
"""

import asyncio
from collections.abc import AsyncIterator, Hashable, Mapping
from contextlib import suppress
from typing import Protocol

from threefold.logs import Log
from threefold.store.engine import Busy

LOOK_EVERY = 0.25
"""Seconds between two looks at what may have changed. A look is one question of some 50 µs."""

STILL_HERE = 15.0
"""Seconds of silence after which a stream says that it is still there, so that nothing on the way closes it."""

LASTS = 300.0
AGAIN_AFTER = b"retry: 1000\n\n"
ALIVE = b"event: here\ndata: \n\n"
log = Log("threefold")


class Topic(Protocol):
    """What can be listened to."""

    async def edition(self) -> Hashable:
        """A cheap sign of how it stands: another one means that something has changed."""

    async def told(self) -> Mapping[Hashable, bytes]:
        """What each audience hears, as one line of JSON."""


class _Room:
    """Those who listen to one topic, and the task that looks at it for them."""

    def __init__(self, topic: Topic) -> None:
        self.topic = topic
        self.told: Mapping[Hashable, bytes] = {}
        self.number = 0  # rises with each thing told
        self.listeners = 0
        self.changed = asyncio.Event()  # of those who listen: replaced each time
        self.nudged = asyncio.Event()
        self.task = asyncio.create_task(self.look())

    async def look(self) -> None:
        seen: Hashable = object()
        while True:
            self.nudged.clear()
            try:
                edition = await self.topic.edition()
                if edition != seen:
                    self.told = await self.topic.told()
                    seen = edition
                    self.tell()
            except Busy:
                pass  # looked at again in a moment
            with suppress(TimeoutError):
                await asyncio.wait_for(self.nudged.wait(), LOOK_EVERY)

    def ended(self, task: "asyncio.Task[None]") -> None:
        """Nobody looks any more: whoever listens still is told by the end of their stream."""
        if not task.cancelled() and (trouble := task.exception()):
            log.error("a stream’s topic could not be looked at", kind=type(trouble).__name__, raised=trouble)
        self.tell()

    def tell(self) -> None:
        self.number += 1
        self.changed.set()
        self.changed = asyncio.Event()


class Streams:
    """Every stream of one process."""

    def __init__(self) -> None:
        self._rooms: dict[Hashable, _Room] = {}
        self._closed = False

    async def events(self, name: Hashable, topic: Topic, audience: Hashable) -> AsyncIterator[bytes]:
        """Server-sent events for one listener: how it stands, then each change; the last one counts, none is queued."""
        room = self._enter(name, topic)
        until = asyncio.get_running_loop().time() + LASTS
        try:
            yield AGAIN_AFTER
            heard, last = 0, b""
            while not self._closed and (rest := until - asyncio.get_running_loop().time()) > 0:
                if room.task.done():
                    break  # it cannot be looked at any more; the browser asks again
                if room.number == heard:
                    if not await _within(room.changed, min(STILL_HERE, rest)):
                        yield ALIVE
                    continue
                heard, words = room.number, room.told.get(audience, b"")
                if words and words != last:
                    last = words
                    yield b"data: " + words + b"\n\n"
        finally:
            self._leave(name, room)

    def nudge(self, name: Hashable) -> None:
        """Something about this topic was just changed here: look at once."""
        room = self._rooms.get(name)
        if room:
            room.nudged.set()

    def close(self) -> None:
        """End every stream, and take no more: the server stops. Any number of times."""
        self._closed = True
        for room in self._rooms.values():
            room.tell()

    def _enter(self, name: Hashable, topic: Topic) -> _Room:
        room = self._rooms.get(name)
        if room is None or room.task.done():
            room = self._rooms[name] = _Room(topic)
            room.task.add_done_callback(room.ended)
        room.listeners += 1
        return room

    def _leave(self, name: Hashable, room: _Room) -> None:
        room.listeners -= 1
        if room.listeners == 0:
            room.task.cancel()
            if self._rooms.get(name) is room:
                del self._rooms[name]


async def _within(event: asyncio.Event, seconds: float) -> bool:
    """Whether it happened in that time."""
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return False
    return True
