"""One message that came in by mail, taken the way a page takes a form: read, believed or not, and acted upon.

The door (or the mailbox) hands it over and says "taken" only when this has returned: what it caused is on disk then.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from threefold.core import reply as rules
from threefold.core.identity import NewId
from threefold.core.names import first_name
from threefold.core.reply import CalendarReply, Outcome, Said
from threefold.core.said import day
from threefold.logs import Log
from threefold.mail.inbound import Arrived
from threefold.mail.letters import Postroom
from threefold.mail.outbox import Written
from threefold.mail.replies import Bounce, CalendarMail, Nothing, read
from threefold.practice import answers
from threefold.practice.answers import Held, LettersFirst, Tutor
from threefold.store.engine import Busy, Store
from threefold.web.ids import Ids

log = Log("threefold.inbound")

MOST_TRIES = 8  # each finds the term changed by somebody else in between


@dataclass(frozen=True)
class Incoming:
    """Takes in what is addressed to one installation."""

    store: Store
    postroom: Postroom
    clock: Callable[[], datetime]

    async def take(self, arrived: Arrived) -> bool:
        """Act on a message; whether it was for us at all. Raises Busy, after which the same message may come again."""
        match await asyncio.to_thread(read, arrived.content, arrived.sender):
            case CalendarMail(replies, name):
                return await self._answered(arrived, replies, name or sha256(arrived.content).hexdigest())
            case Bounce() as bounce:
                return await self._came_back(arrived, bounce)
            case Nothing(why):
                log.info("a message was left alone", why=why)
                return False

    # --- a calendar answers ---

    async def _answered(self, arrived: Arrived, replies: tuple[CalendarReply, ...], name: str) -> bool:
        """The seat is the one whose secret the message carries, in an address it came to or in the organiser's."""
        settings = self.postroom.settings
        for reply in replies:
            for address in (*arrived.recipients, reply.organizer):
                seat_id = rules.seat_of(settings.secret, settings.sender, address)
                if seat_id is not None:
                    await self._keep(seat_id, reply, name)
                    return True
        log.info("a calendar's reply carries no secret of ours")
        return False

    async def _keep(self, seat_id: UUID, reply: CalendarReply, name: str) -> None:
        now = self.clock()
        new_id = Ids(now)
        found = await self.store.read(lambda db: answers.held(db, [seat_id], now))
        if not found:
            log.info("a calendar answered for a seat that is gone")
            return
        place = found[0]
        said = rules.believed(
            reply, uid=place.seat.uid, email=place.holder.email, sequence=place.seat.sequence, received_at=now
        )
        if said is None:
            log.info("a calendar's reply does not fit its seat", seat=str(seat_id))
            return
        reply_id, digest = new_id(), rules.digest(seat_id, reply, said, name)
        letters: dict[str, tuple[Written, ...]] = {}
        for _ in range(MOST_TRIES):
            try:
                done = await self.store.write(
                    lambda db: answers.keep(
                        db, seat_id, said, id=reply_id, digest=digest, letters=letters, now=now, new_id=new_id
                    )
                )
            except LettersFirst as missing:
                writer = Writer(self.postroom, missing.held, missing.tutors, said, reply_id, now, new_id)
                written = await asyncio.to_thread(writer.letters, missing.follows)
                letters[answers.key_of(missing.held)] = written
            else:
                log.info("a calendar answered", seat=str(seat_id), answer=said.answer.value, new=done is not None)
                return
        raise Busy("the term changed again and again while letters about a reply were written")

    # --- a letter came back ---

    async def _came_back(self, arrived: Arrived, bounce: Bounce) -> bool:
        settings = self.postroom.settings
        returned = (rules.letter_of(settings.secret, settings.sender, address) for address in arrived.recipients)
        letter = next(filter(None, returned), None) or bounce.message_id
        now = self.clock()
        new_id = Ids(now)
        known = False
        for one in bounce.came_back:
            if not letter or not one.permanent:
                continue
            known |= await self.store.write(
                lambda db, one=one: answers.came_back(  # type: ignore[misc] # a default of its own for each turn
                    db, letter, one.address, one.status, now=now, new_id=new_id
                )
            )
        log.info("a letter came back", known=known, permanent=any(one.permanent for one in bounce.came_back))
        return known


@dataclass(frozen=True)
class Writer:
    """Writes the letters that follow from one answer of a calendar."""

    postroom: Postroom
    held: Held
    tutors: list[Tutor]
    said: Said
    reply_id: UUID
    now: datetime
    new_id: NewId

    def letters(self, follows: Outcome) -> tuple[Written, ...]:
        """To the person and every tutor where a "no" is asked about; to the tutors where a time is proposed."""
        if follows.asks:
            return (
                self._asked(),
                *(self._told("declined", "A calendar said no to", tutor) for tutor in self.tutors),
            )
        return tuple(self._told("counter", "Another time was proposed for", tutor) for tutor in self.tutors)

    def _asked(self) -> Written:
        """To the person: was that you?"""
        holder = self.held.holder
        return self._write(
            "decline-seen",
            to=Tutor(holder.id, holder.name, holder.email),
            once=f"decline-seen:{self.reply_id}",
            subject=f"Your calendar said no to {self._day}. Was that you?",
            link=self.postroom.address(f"/replies/{self.reply_id}"),
            counts_at=self.held.counts_at(self.now),
        )

    def _told(self, template: str, opening: str, tutor: Tutor) -> Written:
        """To a tutor; the subject carries no name."""
        path = f"/practice/{self.held.within.practice.id}"
        return self._write(
            template,
            to=tutor,
            once=f"{template}:{self.reply_id}:{tutor.id}",
            subject=f"{opening} {self._day}",
            link=self.postroom.address(f"{path}/proposals/{self.reply_id}" if template == "counter" else path),
            who=self.held.holder.name,
            first=first_name(self.held.holder.name),
            counts_at=self.held.counts_at(self.now),
            proposes_start=self.said.proposes_start,
            proposes_end=self.said.proposes_end,
        )

    def _write(self, template: str, *, to: Tutor, once: str, subject: str, **values: Any) -> Written:
        within = self.held.within
        return self.postroom.write(
            template,
            id=self.new_id(),
            once=once,
            lane=f"replies:{to.id}",
            person_id=to.id,
            cohort_id=within.cohort.id,
            name=to.name,
            recipient=to.email,
            subject=subject,
            now=self.now,
            expires_at=within.practice.starts_at,
            practice=within.practice,
            zone=within.cohort.zone,
            cohort=within.cohort.name,
            **values,
        )

    @property
    def _day(self) -> str:
        return day(self.held.within.practice.starts_at, self.held.within.cohort.zone)
