"""The courier: claims letters with a lease, hands them over in order, tries again later, and never sends one twice.

At least once, under a Message-ID that was stored before the first try: a connection lost after the mail server has
taken a letter can force the same bytes to be sent again, which calendars and mail programs recognise.
Letters of one lane leave in the order they were written; one that is being retried holds back those behind it.
"""

import asyncio
import contextlib
import random
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import ColumnElement, Select, and_, exists, or_, select, update
from sqlalchemy.orm import Session, aliased

from threefold.mail.carriers import Carrier, Held, Later, Never
from threefold.store.engine import Busy, Store
from threefold.store.tables import Letter

log = structlog.get_logger("threefold.courier")

LEASE = timedelta(minutes=5)
BACK_OFF = tuple(timedelta(minutes=m) for m in (1, 5, 15, 60, 180, 360))
GIVE_UP_AFTER = timedelta(hours=48)
AT_ONCE = 40
SECRET_KINDS = frozenset({"sign-in"})  # emptied once they have left: their words open a door
LOOK_EVERY_SECONDS = 1.0
HELD_SECONDS = 15.0


@dataclass(frozen=True)
class Claimed:
    """A letter this courier holds for the length of its lease."""

    id: UUID
    kind: str
    recipient: str
    message: bytes
    tries: int
    written_at: datetime


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
        self._task: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()

    def start(self) -> None:
        """Send in the background until `stop`."""
        self._stopping.clear()
        self._task = asyncio.create_task(self.run())

    async def stop(self) -> None:
        """Finish the letters in hand, then stop."""
        self._stopping.set()
        if self._task is not None:
            await self._task
            self._task = None
        for carrier in self.carriers:
            await carrier.close()

    async def run(self) -> None:
        """Look for due letters until asked to stop; nothing that goes wrong with one letter ends this."""
        while not self._stopping.is_set():
            pause = LOOK_EVERY_SECONDS
            try:
                if await self.round():
                    pause = 0.0
                elif self.held:
                    pause = HELD_SECONDS
            except Busy:
                log.warning("the database was busy; letters wait a moment")
            except Exception as unforeseen:
                log.exception("a round of letters ended early", kind=type(unforeseen).__name__)
                pause = HELD_SECONDS
            if pause:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), pause)

    async def round(self) -> int:
        """Send what is due now, each lane's next letter at a time; how many left."""
        now = self.clock()
        if not await self.store.read(lambda db: db.scalar(select(exists(_due(now)))) or False):
            return 0
        claimed = await self.store.write(lambda db: self._claim(db, now))
        waiting = list(claimed)
        self.held = ""
        sent = 0

        async def work(carrier: Carrier) -> None:
            nonlocal sent
            while waiting and not self.held:
                sent += await self._carry(carrier, waiting.pop(0))

        await asyncio.gather(*(work(carrier) for carrier in self.carriers))
        if waiting:
            await self._give_back([letter.id for letter in waiting])
        return sent

    def _claim(self, db: Session, now: datetime) -> tuple[Claimed, ...]:
        db.execute(
            update(Letter)
            .where(_waiting(Letter), Letter.expires_at <= now)
            .values(stopped_at=now, trouble="stopped: no longer of use", message=b"")
        )
        letters = db.execute(_due(now).order_by(Letter.id).limit(AT_ONCE).with_for_update(skip_locked=True)).all()
        db.execute(
            update(Letter)
            .where(Letter.id.in_([letter.id for letter in letters]))
            .values(lease_until=now + LEASE, leased_by=self.name)
        )
        return tuple(
            Claimed(letter.id, letter.kind, letter.recipient, letter.message, letter.tries, letter.written_at)
            for letter in letters
        )

    async def _carry(self, carrier: Carrier, letter: Claimed) -> int:
        try:
            await carrier.carry(self.sender, letter.recipient, letter.message)
        except Held as held:
            if self.held != str(held):
                log.warning("no letter can leave", why=str(held))
            self.held = str(held)
            await self._give_back([letter.id], trouble=f"later: {held}")
            return 0
        except Never as never:
            log.warning("letter refused for good", letter=str(letter.id), why=str(never))
            await self._settle(letter.id, stopped_at=self.clock(), trouble=f"stopped: {never}", tries=letter.tries + 1)
            return 0
        except Later as later:
            await self._settle(letter.id, tries=letter.tries + 1, **self._next_try(letter, str(later)))
            return 0
        emptied = {"message": b"", "subject": ""} if letter.kind in SECRET_KINDS else {}
        await self._settle(letter.id, sent_at=self.clock(), trouble="", tries=letter.tries + 1, **emptied)
        return 1

    def _next_try(self, letter: Claimed, why: str) -> dict[str, Any]:
        now = self.clock()
        if now - letter.written_at > GIVE_UP_AFTER:
            log.warning("gave a letter up", letter=str(letter.id), why=why)
            return {"stopped_at": now, "trouble": f"stopped: two days of tries. Last: {why}"}
        wait = BACK_OFF[min(letter.tries, len(BACK_OFF) - 1)]
        return {"due_at": now + wait * random.uniform(0.9, 1.1), "trouble": f"later: {why}"}

    async def _settle(self, letter_id: UUID, **values: Any) -> None:
        """Write down what came of a letter; only for as long as it is ours."""
        await self._give_back([letter_id], **values)

    async def _give_back(self, ids: list[UUID], **values: Any) -> None:
        def work(db: Session) -> None:
            db.execute(
                update(Letter)
                .where(Letter.id.in_(ids), Letter.leased_by == self.name)
                .values(lease_until=None, leased_by=None, **values)
            )

        await self.store.write(work)


def _waiting(letter: type[Letter]) -> ColumnElement[bool]:
    return and_(letter.sent_at.is_(None), letter.stopped_at.is_(None))


def _due(now: datetime) -> Select[UUID, str, str, bytes, int, datetime]:
    """Letters that may leave now: due, not leased, and first in their lane."""
    before = aliased(Letter)
    held_back = exists().where(
        before.lane == Letter.lane,
        before.id < Letter.id,
        _waiting(before),
        or_(before.due_at <= now, before.tries > 0),
    )
    return select(Letter.id, Letter.kind, Letter.recipient, Letter.message, Letter.tries, Letter.written_at).where(
        _waiting(Letter),
        Letter.due_at <= now,
        or_(Letter.lease_until.is_(None), Letter.lease_until <= now),
        or_(Letter.expires_at.is_(None), Letter.expires_at > now),
        ~held_back,
    )
