"""The courier: claims letters with a lease, hands them over in order, tries again later, and never sends one twice.

At least once, under a Message-ID that was stored before the first try: a connection lost after the mail server has
taken a letter can force the same bytes to be sent again, which calendars and mail programs recognise.
Letters of one lane leave in the order they were written; one that is being retried holds back those behind it.
"""

import asyncio
import contextlib
import random
import secrets
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

import structlog
from sqlalchemy.orm import Session

from threefold.mail import carriers as carrying
from threefold.mail import claims
from threefold.mail.carriers import Carrier, Held, Later, Never, Slower
from threefold.mail.claims import NOTHING, Claimed, Run, emptied
from threefold.store.engine import Busy, Store

log = structlog.get_logger("threefold.courier")

BACK_OFF = tuple(timedelta(minutes=m) for m in (1, 5, 15, 60, 180, *[360] * 7))  # together two days, then given up
LOOK_EVERY_SECONDS = 1.0
# The longer it is held the less often one letter knocks: who tries a wrong password all the time is locked out.
HELD_SECONDS: tuple[float, ...] = (15.0, 30.0, 60.0, 120.0, 300.0)
REST_SECONDS = 30.0
BREATH_SECONDS = 0.025  # after each letter: pages, which share the process, come first
STOP_SECONDS = 8.0  # what is in hand then is left to its lease


CameOf = Literal["sent", "stopped", "later", "slower", "held", "kept"]


class Courier:
    """Sends what is due from one database. Several may run at once, in one process or many."""

    def __init__(
        self,
        store: Store,
        carriers: Sequence[Carrier],
        *,
        sender: str,
        clock: Callable[[], datetime],
        comes_back_to: Callable[[UUID], str] | None = None,
    ) -> None:
        self.store = store
        self.carriers = carriers
        # The envelope's sender: where answers are taken in, an address of each letter's own.
        self.comes_back_to = comes_back_to or (lambda _letter: sender)
        self.clock = clock
        self.name = secrets.token_hex(8)
        self.held = ""  # why nothing leaves at all just now; "" when letters can leave
        self._holds = 0  # how often in a row
        self._held_until = 0.0
        self._in_hand: deque[Run] = deque()
        self._out = 0  # letters with a carrier just now
        self._watch = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()

    def start(self) -> None:
        """Send in the background until `stop`."""
        self._stopping.clear()
        self._task = asyncio.create_task(self.run())

    async def stop(self) -> None:
        """Finish the letters that are with a carrier, give the others back, then stop."""
        self._stopping.set()
        if self._task is not None:
            await asyncio.wait({self._task}, timeout=STOP_SECONDS)
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        for carrier in self.carriers:
            await carrier.close()

    async def run(self) -> None:
        """Send due letters until asked to stop; nothing that goes wrong with one letter ends this."""
        await asyncio.gather(*(self._serve(carrier) for carrier in self.carriers))
        await self._put_all_back()

    async def round(self) -> int:
        """Claim once and carry what was claimed; how many letters that settled, sent or stopped."""
        settled = await self._fill()

        async def carry_all(carrier: Carrier) -> int:
            done = 0
            while self._in_hand:
                done += (await self._carry(carrier, self._in_hand.popleft()))[0]
            return done

        return settled + sum(await asyncio.gather(*(carry_all(carrier) for carrier in self.carriers)))

    # --- each carrier's day -------------------------------------------------------------------------------------

    async def _serve(self, carrier: Carrier) -> None:
        while (run := await self._next()) is not None:
            try:
                _, last = await self._carry(carrier, run, breath=BREATH_SECONDS)
            except Exception as unforeseen:  # what was in hand is left to its lease
                log.exception("carrying letters ended early", kind=type(unforeseen).__name__)
                last = "slower"
            if last == "slower":
                await self._pause(REST_SECONDS)

    async def _next(self) -> Run | None:
        """The next letters in hand; one carrier at a time watches for new ones. None when it is time to stop."""
        async with self._watch:
            while not self._stopping.is_set():
                if self._in_hand:
                    return self._in_hand.popleft()
                await self._pause(await self._look())
        return None

    async def _look(self) -> float:
        """Claim what is due; how long to wait before looking again."""
        now = asyncio.get_running_loop().time()
        if self.held and (self._out or now < self._held_until):
            return min(LOOK_EVERY_SECONDS, max(self._held_until - now, 0.05))
        try:
            settled = await self._fill()
        except Busy:
            log.warning("the database was busy; letters wait a moment")
        except Exception as unforeseen:
            log.exception("looking for letters ended early", kind=type(unforeseen).__name__)
            return HELD_SECONDS[0]
        else:
            if self._in_hand or settled:
                return 0.0
        return LOOK_EVERY_SECONDS

    async def _pause(self, seconds: float) -> None:
        if seconds:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), seconds)

    # --- claiming -----------------------------------------------------------------------------------------------

    async def _fill(self) -> int:
        """Claim what is due now, whole lanes of it; how many were stopped because nobody needs them now."""
        now = self.clock()
        if not await self.store.read(lambda db: claims.any_due(db, now)):
            return 0
        knocking = bool(self.held)
        runs, stopped = await self.store.write(lambda db: claims.claim(db, self.name, now, only_one=knocking))
        self._in_hand.extend(runs)
        return stopped

    # --- carrying -----------------------------------------------------------------------------------------------

    async def _carry(self, carrier: Carrier, run: Run, *, breath: float = 0.0) -> tuple[int, CameOf]:
        """Carry letters of one lane in their order, as far as it goes; how many that settled, and the last outcome.

        `breath`: how many seconds the carrier rests after each.
        """
        settled = 0
        last: CameOf = "kept"
        while run and not self._stopping.is_set():
            letter = run.popleft()
            if self.held and self._out:
                await self._settle(letter)
                break
            self._out += 1
            try:
                last = await self._hand_over(carrier, letter)
            finally:
                self._out -= 1
            if last not in {"sent", "stopped"}:
                break
            settled += 1
            await self._pause(breath)
        await self._put_back(run)
        return settled, last

    async def _hand_over(self, carrier: Carrier, letter: Claimed) -> CameOf:
        if self._left(letter) < timedelta(seconds=carrying.LETTER_SECONDS):
            await self._settle(letter)  # too late to begin: somebody else may hold it before this one is done
            return "kept"
        try:
            await carrier.carry(self.comes_back_to(letter.id), letter.recipient, letter.message)
        except Held as held:
            await self._hold(letter, str(held))
            return "held"
        except Never as never:
            self._goes_on()
            await self._stop_letter(letter, str(never), address=never.address)
            return "stopped"
        except Later as later:
            self._goes_on()
            return await self._put_off(letter, later)
        except Exception as unforeseen:
            log.exception("a letter could not be handed over", letter=str(letter.id))
            return await self._put_off(letter, Later(type(unforeseen).__name__))
        self._goes_on()
        sent = {"sent_at": self.clock(), "stopped_at": None, "trouble": "", "tries": letter.tries + 1}
        await self._settle(letter, {**sent, **emptied(letter)})
        return "sent"

    def _left(self, letter: Claimed) -> timedelta:
        """How long the letter is still ours."""
        return letter.lease_until - self.clock() if letter.lease_until else timedelta(0)

    def _goes_on(self) -> None:
        if self.held:
            log.info("letters leave again")
        self.held, self._holds = "", 0

    async def _hold(self, letter: Claimed, why: str) -> None:
        """Nothing can leave: give everything back untried, and knock again with one letter after a while."""
        if self.held != why:
            log.warning("no letter can leave", why=why)
        now = asyncio.get_running_loop().time()
        if not self.held or now >= self._held_until:  # not the other carriers' word for the same
            self._held_until = now + HELD_SECONDS[min(self._holds, len(HELD_SECONDS) - 1)]
            self._holds += 1
        self.held = why
        await self._settle(letter, {"trouble": f"held: {why}"})
        await self._put_all_back()

    async def _put_off(self, letter: Claimed, later: Later) -> CameOf:
        """To be tried again after a while that grows; given up after two days, or when it is of no use by then."""
        now = self.clock()
        if letter.tries >= len(BACK_OFF):
            await self._stop_letter(letter, f"two days of tries. Last: {later}")
            return "stopped"
        due_at = now + BACK_OFF[letter.tries] * random.uniform(0.9, 1.1)
        if letter.expires_at and due_at >= letter.expires_at:
            await self._stop_letter(letter, f"no time left to try again. Last: {later}")
            return "stopped"
        became = {"due_at": due_at, "trouble": f"later: {later}", "tries": letter.tries + 1}
        await self._settle(letter, became, lambda db: claims.hold_back(db, letter, self.name, due_at))
        return "slower" if isinstance(later, Slower) else "later"

    async def _stop_letter(self, letter: Claimed, why: str, *, address: bool = False) -> None:
        log.warning("a letter stays here", letter=str(letter.id), why=why)
        now = self.clock()
        stopped = {"stopped_at": now, "trouble": f"stopped: {why}", "tries": letter.tries + 1, **emptied(letter)}
        await self._settle(letter, stopped, (lambda db: claims.unreachable(db, letter, now)) if address else None)

    # --- writing down what came of it ---------------------------------------------------------------------------

    async def _settle(
        self, letter: Claimed, became: Mapping[str, object] = NOTHING, also: Callable[[Session], None] | None = None
    ) -> None:
        """Write down what came of a letter, only for as long as it is ours, and let go of it.

        A letter that has left and is not written down would leave again: as long as the database is busy, and the
        lease lasts, this tries again.
        """

        def work(db: Session) -> None:
            claims.settle(db, letter, self.name, became)
            if also:
                also(db)

        while True:
            try:
                return await self.store.write(work)
            except Busy:
                if self._left(letter) < timedelta(0):
                    log.warning("what came of a letter could not be written down", letter=str(letter.id))
                    return None
                await asyncio.sleep(LOOK_EVERY_SECONDS)

    async def _put_back(self, run: Run) -> None:
        while run:
            await self._settle(run.pop())

    async def _put_all_back(self) -> None:
        while self._in_hand:
            await self._put_back(self._in_hand.popleft())
