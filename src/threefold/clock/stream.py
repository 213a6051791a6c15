"""What every device of a session is told: one look at the clock, one message for each audience."""

from collections.abc import Hashable, Mapping
from datetime import datetime
from enum import Enum
from typing import Any
from uuid import UUID

from msgspec import json
from sqlalchemy.orm import Session

from threefold.clock.record import SharedClock, clock_at, edition_of, seatings_of
from threefold.clock.showing import told, told_ask
from threefold.web.visit import House


class Audience(Enum):
    """Who hears more, or less, than a group's own clock: a group's audience is its id."""

    TUTORS = "tutors"
    WALL = "wall"


def message(clock: SharedClock, seatings: Mapping[UUID, str], audience: Hashable, now: datetime) -> dict[str, Any]:
    """How a session's clock stands, for an audience: nobody hears of a group's asking but itself and the tutors."""
    here: dict[str, Any] = {"edition": clock.edition}
    if isinstance(audience, UUID):
        ask = clock.ask_of(audience, now)
        own = {"clock": told(clock.state(now, audience)), "ask": told_ask(ask), "seating": seatings.get(audience, "")}
        return here | own
    here["clock"] = told(clock.state(now))
    if audience is Audience.TUTORS:
        here["groups"] = {str(group.id): told(clock.state(now, group.id)) for group in clock.groups}
        here["asks"] = {str(ask.group): told_ask(ask) for ask in clock.waiting}
    return here


class ClockTopic:
    """A session's clock, as `web.streams` looks at it for everybody who listens."""

    def __init__(self, house: House, practice_id: UUID) -> None:
        self.house = house
        self.practice_id = practice_id

    async def edition(self) -> Hashable:
        return await self.house.store.glance(lambda db: edition_of(db, self.practice_id))

    async def told(self) -> Mapping[Hashable, bytes]:
        def work(db: Session) -> tuple[SharedClock | None, dict[UUID, str]]:
            return clock_at(db, self.practice_id), seatings_of(db, self.practice_id)

        clock, seatings = await self.house.store.read(work)
        if clock is None:
            return {}
        now = self.house.clock()
        audiences: list[Hashable] = [*Audience, *(group.id for group in clock.groups)]
        return {audience: json.encode(message(clock, seatings, audience, now)) for audience in audiences}
