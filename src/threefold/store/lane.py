"""Threads that carry units of work to a database, one hop each; a lane that ends leaves nobody waiting."""

import asyncio
import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar, cast

from threefold.store.unit import Busy, Outcome, Work

T = TypeVar("T")

DRAIN_SECONDS = 10.0  # how long closing waits for units under way; a stopping server is given no longer

_log = logging.getLogger(__name__)


class Errand:
    """A unit of work on its way, and how to tell whoever waits for it. Only the first telling counts."""

    __slots__ = ("tell", "work")

    def __init__(self, work: Work[Any], tell: Callable[[Outcome], None]) -> None:
        self.work = work
        self.tell = tell


class Desk(Protocol):
    """One thread's own way to the database."""

    def serve(self, errands: Sequence[Errand]) -> None:
        """Run the units and tell each what it came to; "done" is told only once it is on disk."""

    def close(self) -> None:
        """Let go of the connection."""


class Lane:
    """One queue, and a thread for each desk that serves it.

    `together` is how many waiting units a desk is handed at once. If a thread ends before `close`, by whatever
    accident, everybody waiting and everybody who comes later is answered with Busy, and `alive` says so.
    """

    def __init__(self, name: str, desks: Sequence[Desk], *, together: int = 1) -> None:
        self._together = together
        self._waiting: queue.SimpleQueue[Errand | None] = queue.SimpleQueue()
        self._unanswered: set[Errand] = set()
        self._gate = threading.Lock()  # nothing enters behind the last one
        self._ended = ""  # why nothing more is taken
        self._desks = desks
        self._threads = [
            threading.Thread(target=self._run, args=(desk,), name=f"{name}-{number}", daemon=True)
            for number, desk in enumerate(desks)
        ]
        for thread in self._threads:
            thread.start()

    async def ask(self, work: Work[T]) -> T:
        """Have `work` done and wait for its answer. A caller who is cancelled leaves; the unit is done all the same."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Outcome] = loop.create_future()

        def tell(outcome: Outcome) -> None:
            try:
                loop.call_soon_threadsafe(_hand_over, answer, outcome)
            except RuntimeError:
                _log.debug("an answer found its event loop closed")  # what was written is on disk all the same

        self._send(Errand(work, tell))
        return cast("T", (await answer).unwrap())

    def ask_now(self, work: Work[T]) -> T:
        """The same for a thread without an event loop. Inside a unit of work it raises RuntimeError."""
        if threading.current_thread() in self._threads:
            raise RuntimeError("a unit of work cannot wait for another: call the function itself")
        answer: queue.SimpleQueue[Outcome] = queue.SimpleQueue()
        self._send(Errand(work, answer.put))
        return cast("T", answer.get().unwrap())

    def alive(self) -> bool:
        return not self._ended and all(thread.is_alive() for thread in self._threads)

    def stop_taking(self) -> None:
        """From here on whoever comes is answered with Busy; what was taken is still done."""
        with self._gate:
            self._ended = self._ended or "the store is closing"
            for _thread in self._threads:
                self._waiting.put(None)

    def close(self) -> None:
        """Finish what waits, then let go; units still running after DRAIN_SECONDS are answered with Busy."""
        self.stop_taking()
        deadline = time.monotonic() + DRAIN_SECONDS
        for thread, desk in zip(self._threads, self._desks, strict=True):
            thread.join(max(0.0, deadline - time.monotonic()))
            if not thread.is_alive():
                desk.close()
        self._give_up()

    def _send(self, errand: Errand) -> None:
        with self._gate:
            if self._ended:
                raise Busy(self._ended)
            self._unanswered.add(errand)
            self._waiting.put(errand)

    def _run(self, desk: Desk) -> None:
        try:
            last = False
            while not last:
                errands, last = self._next()
                self._serve(desk, errands)
        finally:
            with self._gate:
                by_accident = not self._ended
                self._ended = self._ended or f"the thread {threading.current_thread().name} has ended"
            if by_accident:
                _log.critical("%s: everything is answered with 503 until a restart", self._ended)
                self._give_up()

    def _next(self) -> tuple[list[Errand], bool]:
        """The next units to run, and whether they are the last ones."""
        errands: list[Errand] = []
        errand = self._waiting.get()
        while errand is not None:
            errands.append(errand)
            if len(errands) == self._together or self._waiting.empty():
                return errands, False
            errand = self._waiting.get()
        return errands, True

    def _serve(self, desk: Desk, errands: list[Errand]) -> None:
        if not errands:
            return
        try:
            desk.serve(errands)
        except BaseException as error:  # noqa: BLE001 - told to everybody concerned; the thread goes on
            _log.exception("units of work were lost with the connection")
            for errand in errands:
                lost = Busy("the database connection was lost")
                lost.__cause__ = error
                errand.tell(Outcome(error=lost))
        self._unanswered.difference_update(errands)

    def _give_up(self) -> None:
        while self._unanswered:
            try:
                errand = self._unanswered.pop()
            except KeyError:
                return  # another thread took the last one
            errand.tell(Outcome(error=Busy(self._ended)))


def _hand_over(answer: "asyncio.Future[Outcome]", outcome: Outcome) -> None:
    if not answer.done():  # cancelled, or told before
        answer.set_result(outcome)
