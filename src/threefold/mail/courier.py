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
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import structlog
from sqlalchemy import Select, and_, bindparam, exists, or_, select, update
from sqlalchemy.orm import Session

from threefold.mail.carriers import LETTER_SECONDS, Carrier, Held, Later, Never, Slower
from threefold.store.engine import Busy, Store
from threefold.store.prepared import Prepared, PreparedChange
from threefold.store.tables import metadata

log = structlog.get_logger("threefold.courier")

LEASE = timedelta(minutes=5)  # what is begun ends well within it: see LETTER_SECONDS
BACK_OFF = tuple(timedelta(minutes=m) for m in (1, 5, 15, 60, 180, *[360] * 7))  # together two days, then given up
AT_ONCE = 20
SECRET_KINDS = frozenset({"sign-in"})  # emptied once they have left or been given up: their words open a door
LOOK_EVERY_SECONDS = 1.0
HELD_SECONDS = (15.0, 30.0, 60.0, 120.0, 300.0)  # who knocks with a wrong password all the time is locked out
REST_SECONDS = 30.0
STOP_SECONDS = 8.0  # what is in hand then is left to its lease

TOO_LATE = "stopped: it came too late to be of use"
NOTHING: Mapping[str, object] = {}

CameOf = Literal["sent", "stopped", "later", "slower", "held", "kept"]


@dataclass(frozen=True)
class Claimed:
    """A letter this courier holds for the length of its lease."""

    id: UUID
    kind: str
    person_id: UUID
    recipient: str
    message: bytes
    tries: int
    expires_at: datetime | None
    lease_until: datetime | None


class Courier:
    """Sends what is due from one database. Several may run at once, in one process or many."""

    def __init__(
        self, store: Store, carriers: Sequence[Carrier], *, sender: str, clock: Callable[[], datetime]
    ) -> None:
        self.store = store
        self.carriers = carriers
        self.sender = sender
        self.clock = clock
        self.name = secrets.token_hex(8)
        self.held = ""  # why nothing leaves at all just now; "" when letters can leave
        self._holds = 0  # how often in a row
        self._held_until = 0.0
        self._in_hand: deque[Claimed] = deque()
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
        await self._put_back()

    async def round(self) -> int:
        """Claim once and carry what was claimed; how many letters that settled, sent or stopped."""
        settled = await self._fill()

        async def carry_all(carrier: Carrier) -> int:
            done = 0
            while self._in_hand:
                done += await self._carry(carrier, self._in_hand.popleft()) in {"sent", "stopped"}
            return done

        return settled + sum(await asyncio.gather(*(carry_all(carrier) for carrier in self.carriers)))

    # --- each carrier's day -------------------------------------------------------------------------------------

    async def _serve(self, carrier: Carrier) -> None:
        while (letter := await self._next()) is not None:
            if await self._carry(carrier, letter) == "slower":
                await self._pause(REST_SECONDS)

    async def _next(self) -> Claimed | None:
        """The next letter in hand; one carrier at a time watches for new ones. None when it is time to stop."""
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
        """Claim what is due now, each lane's next letter; how many were stopped because nobody needs them now."""
        now = self.clock()
        if await self.store.read(lambda db: _ANY_DUE.one(db, now=now)) is None:
            return 0
        claimed, stopped = await self.store.write(lambda db: self._claim(db, now))
        self._in_hand.extend(claimed)
        return stopped

    def _claim(self, db: Session, now: datetime) -> tuple[list[Claimed], int]:
        # Writers of all processes run one after the other (see store): what is read here nobody else claims meanwhile.
        until = now + LEASE
        found = (_ONE_DUE if self.held else _ALL_DUE).all(db, now=now)
        late = [letter.id for letter in found if letter.expires_at and letter.expires_at <= now]
        ours = [replace(letter, lease_until=until) for letter in found if letter.id not in late]
        _LETTER.run_each(db, [{"which": each.id, "lease_until": until, "leased_by": self.name} for each in ours])
        stopped = {"stopped_at": now, "trouble": TOO_LATE, "message": b""}
        _LETTER.run_each(db, [{"which": each, **stopped} for each in late])
        return ours, len(late)

    # --- carrying -----------------------------------------------------------------------------------------------

    async def _carry(self, carrier: Carrier, letter: Claimed) -> CameOf:
        if self.held and self._out:
            await self._settle(letter)
            return "kept"
        self._out += 1
        try:
            return await self._hand_over(carrier, letter)
        finally:
            self._out -= 1

    async def _hand_over(self, carrier: Carrier, letter: Claimed) -> CameOf:
        if self._left(letter) < timedelta(seconds=LETTER_SECONDS):
            await self._settle(letter)  # too late to begin: somebody else may hold it before this one is done
            return "kept"
        try:
            await carrier.carry(self.sender, letter.recipient, letter.message)
        except Held as held:
            await self._hold(letter, str(held))
            return "held"
        except Never as never:
            self._goes_on()
            await self._stop_letter(letter, str(never), unreachable=never.address)
            return "stopped"
        except Later as later:
            self._goes_on()
            return await self._put_off(letter, later)
        except Exception as unforeseen:
            log.exception("a letter could not be handed over", letter=str(letter.id))
            return await self._put_off(letter, Later(type(unforeseen).__name__))
        self._goes_on()
        emptied = {"message": b"", "subject": ""} if letter.kind in SECRET_KINDS else {}
        sent: dict[str, object] = {
            "sent_at": self.clock(),
            "stopped_at": None,
            "trouble": "",
            "tries": letter.tries + 1,
        }
        await self._settle(letter, sent | emptied)
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
        await self._put_back()

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
        await self._settle(letter, {"due_at": due_at, "trouble": f"later: {later}", "tries": letter.tries + 1})
        return "slower" if isinstance(later, Slower) else "later"

    async def _stop_letter(self, letter: Claimed, why: str, *, unreachable: bool = False) -> None:
        log.warning("a letter stays here", letter=str(letter.id), why=why)
        emptied = {"message": b"", "subject": ""} if letter.kind in SECRET_KINDS else {}
        now = self.clock()
        stopped: dict[str, object] = {"stopped_at": now, "trouble": f"stopped: {why}", "tries": letter.tries + 1}
        await self._settle(letter, stopped | emptied | ({"unreachable_since": now} if unreachable else {}))

    # --- writing down what came of it ---------------------------------------------------------------------------

    async def _settle(self, letter: Claimed, became: Mapping[str, object] = NOTHING) -> None:
        """Write down what came of a letter, only for as long as it is ours, and let go of it.

        A letter that has left and is not written down would leave again: as long as the database is busy, and the
        lease lasts, this tries again.
        """
        unreachable = became.get("unreachable_since")
        values = {name: value for name, value in became.items() if name != "unreachable_since"}

        def work(db: Session) -> None:
            _OURS.run(db, which=letter.id, whose=self.name, lease_until=None, leased_by=None, **values)
            if unreachable:
                _PERSON.run(db, whom=letter.person_id, address=letter.recipient, unreachable_since=unreachable)

        while True:
            try:
                return await self.store.write(work)
            except Busy:
                if self._left(letter) < timedelta(0):
                    log.warning("what came of a letter could not be written down", letter=str(letter.id))
                    return None
                await asyncio.sleep(LOOK_EVERY_SECONDS)

    async def _put_back(self) -> None:
        while self._in_hand:
            await self._settle(self._in_hand.popleft())


_letter, _person = metadata.tables["letter"], metadata.tables["person"]
_LETTER = PreparedChange(update(_letter).where(_letter.c.id == bindparam("which")))
_OURS = PreparedChange(
    update(_letter).where(_letter.c.id == bindparam("which"), _letter.c.leased_by == bindparam("whose"))
)
_PERSON = PreparedChange(
    update(_person).where(
        _person.c.id == bindparam("whom"),
        _person.c.email == bindparam("address"),  # it may have been put right meanwhile
        _person.c.unreachable_since.is_(None),
    )
)


def _due(most: int) -> Select[*tuple[Any, ...]]:
    """Letters to look after now: due, not leased, and first in their lane, or of no use any more.

    The newest come first: where thousands wait, nobody waits for them but whoever is signing in. Reading the index
    of waiting letters from its end, it costs the same however many letters there are.
    """
    now, before = bindparam("now", type_=_letter.c.due_at.type), _letter.alias()
    held_back = exists().where(
        before.c.lane == _letter.c.lane,
        before.c.id < _letter.c.id,
        before.c.sent_at.is_(None),
        before.c.stopped_at.is_(None),
        or_(before.c.due_at <= now, before.c.tries > 0, before.c.lease_until.is_not(None)),
    )
    return (
        select(*(_letter.c[field.name] for field in fields(Claimed)))
        .where(
            _letter.c.sent_at.is_(None),
            _letter.c.stopped_at.is_(None),
            _letter.c.due_at <= now,
            or_(_letter.c.lease_until.is_(None), _letter.c.lease_until <= now),
            or_(_letter.c.expires_at <= now, and_(~held_back)),
        )
        .order_by(_letter.c.due_at.desc())
        .limit(most)
    )


_ANY_DUE = Prepared(_due(1).with_only_columns(_letter.c.id), lambda id: id)
_ONE_DUE = Prepared(_due(1), Claimed)
_ALL_DUE = Prepared(_due(AT_ONCE), Claimed)
