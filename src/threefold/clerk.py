"""The clerk: sees each minute what people have to be reminded of or invited to, and puts it into the outbox once."""

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial
from uuid import UUID

from sqlalchemy.orm import Session

from threefold.availability.reading import read_what_is_due
from threefold.booking import forming, settling
from threefold.booking.settling import DueTime
from threefold.core.identity import NewId
from threefold.core.wishes import Kind, ways
from threefold.guests.telling import tell_guests
from threefold.logs import Log
from threefold.mail.letters import Postroom, Unsendable
from threefold.mail.notices import Pile, tell, with_letters
from threefold.mail.outbox import Written, post
from threefold.people.wishes import off_path
from threefold.practice import answers
from threefold.practice.answers import Held
from threefold.reminding import Wanted, due, invited_by_and_by
from threefold.store.engine import Busy, Store
from threefold.swaps.actions import look_after
from threefold.swaps.queries import to_look_after
from threefold.web.ids import Ids
from threefold.web.security import Keys

log = Log("threefold.clerk")

LOOK_EVERY_SECONDS = 60.0
FIRST_LOOK_SECONDS = 5.0  # whoever opens the first page goes before


class Clerk:
    """Looks after one database. Several may run at once, in one process or many."""

    def __init__(self, store: Store, postroom: Postroom, *, clock: Callable[[], datetime]) -> None:
        self.store = store
        self.postroom = postroom
        self.keys = Keys(postroom.settings.secret)
        self.clock = clock
        self._task: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()

    def start(self) -> None:
        """Look round in the background until `stop`."""
        self._stopping.clear()
        self._task = asyncio.create_task(self.run())

    async def stop(self) -> None:
        self._stopping.set()
        if self._task is not None:
            await self._task
            self._task = None

    async def run(self) -> None:
        """Look round each minute until asked to stop; nothing that goes wrong once ends this."""
        await self._pause(FIRST_LOOK_SECONDS)
        while not self._stopping.is_set():
            try:
                await self.round()
            except Busy:
                log.warning("the database was busy; reminders wait a minute")
            except Exception as unforeseen:
                log.exception("a round of reminders ended early", kind=type(unforeseen).__name__)
            await self._read_calendars()
            await self._pause(LOOK_EVERY_SECONDS)

    async def _read_calendars(self) -> None:
        """People's own calendars, after everything else: how slowly others answer keeps no letter waiting, and whoever
        stops the clerk neither.
        """
        reading = asyncio.create_task(read_what_is_due(self.store, self.postroom.settings, self.clock()))
        stopping = asyncio.create_task(self._stopping.wait())
        await asyncio.wait({reading, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        reading.cancel()  # nothing to it once it is done
        try:
            await reading
        except asyncio.CancelledError:
            log.info("calendars are read another time: stopping")
        except Busy:
            log.warning("the database was busy; calendars wait a minute")
        except Exception as unforeseen:
            log.exception("calendars were not read", kind=type(unforeseen).__name__)

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)

    async def round(self) -> int:
        """Write what is due now; how many letters."""
        now = self.clock()
        written = 0
        for cohort_id in await self.store.read(lambda db: invited_by_and_by(db, now)):
            written += await self._change(cohort_id, lambda _db, _new_id: None, now)
        for place in await self.store.read(lambda db: answers.due_declines(db, now)):
            count = partial(_counts_now, place, now)
            written += await self._change(place.within.cohort.id, count, now)
        for cohort in await self.store.read(lambda db: to_look_after(db, now)):
            await self.store.write(partial(look_after, cohort=cohort, now=now, new_id=Ids(now)))
        written += await tell_guests(self.store, self.postroom, self.keys, now=now, new_id=Ids(now))
        written += await self._extra_practice(now)
        wanted = await self.store.read(lambda db: due(db, now))
        if wanted:
            new_id = Ids(now)
            letters = await asyncio.to_thread(lambda: [self._written(each, new_id, now) for each in wanted])
            written += await self.store.write(lambda db: _post(db, filter(None, letters), now))
        return written

    async def _extra_practice(self, now: datetime) -> int:
        """Offers that have expired, triads to decide on, and windows whose triads are to be formed."""
        written, domain = 0, self.postroom.settings.mail_domain
        for time in await self.store.read(lambda db: settling.due_times(db, now)):
            settle = partial(_settle_time, time, domain, now)
            written += await self._change(time.cohort_id, settle, now)
        for window_id, question in await self.store.read(lambda db: settling.due_windows(db, now)):
            answer = await forming.answer(question)  # outside any transaction: this takes a while
            keep = partial(_form_window, window_id, question, answer, domain, now)
            written += await self._change(question.cohort_id, keep, now)
        return written

    async def _change(self, cohort_id: UUID, what: Callable[[Session, Ids], object], now: datetime) -> int:
        """A change of one cohort with all that follows from it; how many letters. One that breaks a rule stops no
        other cohort's.
        """
        pile, new_id = Pile(self.postroom, now, Ids(now)), Ids(now)

        def unit(db: Session) -> None:
            new_id.go_back(0)
            what(db, new_id)
            tell(db, [cohort_id], pile)

        try:
            await with_letters(pile, lambda: self.store.write(unit))
        except Unsendable as broken:
            log.exception("a letter breaks a rule and is not sent", letter=broken.kind, broken=broken.broken)
            return 0
        return len(pile.letters)

    def _written(self, wanted: Wanted, new_id: NewId, now: datetime) -> Written | None:
        try:
            return self.postroom.write(
                wanted.kind,
                id=new_id(),
                once=wanted.once,
                lane=wanted.lane,
                person_id=wanted.reader.person_id,
                cohort_id=wanted.cohort_id,
                name=wanted.reader.name,
                recipient=wanted.reader.email,
                subject=wanted.subject,
                unsubscribe=off_path(self.keys, wanted.reader.person_id, Kind(wanted.kind))
                if ways(wanted.kind)[1:]
                else None,
                now=now,
                **wanted.values,
            )
        except Unsendable as broken:
            log.exception("a reminder breaks a rule and is not sent", kind=wanted.kind, broken=broken.broken)
            return None


def _counts_now(place: Held, now: datetime, db: Session, new_id: NewId) -> object:
    """A calendar's "no" that nobody took back is its holder's word now."""
    return answers.count(db, place, now=now, new_id=new_id)


def _settle_time(time: DueTime, domain: str, now: datetime, db: Session, new_id: NewId) -> None:
    settling.settle_time(db, time, domain=domain, now=now, new_id=new_id)


def _form_window(
    window_id: UUID,
    question: forming.Question,
    answer: forming.Answer,
    domain: str,
    now: datetime,
    db: Session,
    new_id: NewId,
) -> None:
    settling.form_window(db, window_id, question, answer, domain=domain, now=now, new_id=new_id)


def _post(db: Session, letters: Iterable[Written], now: datetime) -> int:
    """Those that are due still, as the database stands in this very unit."""
    still = {wanted.once for wanted in due(db, now)}
    return sum(post(db, letter, now) for letter in letters if letter.once in still)
