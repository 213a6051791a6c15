"""A round that is running, with a browser for everybody near it, and a device that sends notes."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.builders import Class, a_cohort
from tests.house import Browser, House
from threefold.store.tables import Note

ROUND_BEGINS = datetime(2026, 10, 1, 17, 45, tzinfo=UTC)
"""Round 1 of the first session: Amara counsels Chloe, Ben observes."""

JSON = {"accept": "application/json"}
FIRST, SECOND, THIRD = (UUID(int=number) for number in (0xA1, 0xA2, 0xA3))


@dataclass
class Room:
    house: House
    built: Class
    path: str
    rating: str
    triad: UUID
    observer: Browser
    counsellor: Browser
    client: Browser
    stranger: Browser
    tutor: Browser

    @property
    def member(self) -> UUID:
        return self.built.members[1]

    async def send(self, *notes: dict[str, Any], browser: Browser | None = None, **more: str) -> httpx.Response:
        """What a device sends."""
        body = {"member": str(self.member), "notes": json.dumps(notes), **more}
        return await (browser or self.observer).send_form(f"{self.path}/notes", body, headers=JSON)

    async def rows(self) -> list[tuple[Any, ...]]:
        """Every note there is: id, seconds, code, effect, words, quoted, edition, whether it is removed."""

        def work(db: Session) -> list[tuple[Any, ...]]:
            found = db.scalars(select(Note).order_by(Note.id))
            return [
                (n.id, n.seconds, n.code, n.effect, n.words, n.quoted, n.edition, n.removed_at is not None)
                for n in found
            ]

        return await self.house.store.read(work)


def a_note(id: UUID = FIRST, **changes: Any) -> dict[str, Any]:
    """A stamp on empathy at 07:20, as a device writes it."""
    noted = int((ROUND_BEGINS + timedelta(seconds=440)).timestamp() * 1000)
    return {"id": str(id), "seconds": 440, "edition": 1, "noted": noted, "code": "HC2", **changes}


async def a_room(house: House, *, competencies: tuple[str, ...] = ("HC2", "HC8", "HC10"), **into: float) -> Room:
    """The round so far in: eight minutes if nothing else is said."""
    built = await a_cohort(house.store, competencies=competencies)
    house.now = ROUND_BEGINS + timedelta(**(into or {"minutes": 8}))
    triad = built.triads[0][0]
    amara, ben, chloe, dev = [await house.as_(person) for person in built.people[:4]]
    return Room(
        house=house,
        built=built,
        path=f"/observation/{triad}/1",
        rating=f"/feedback/{triad}/1",
        triad=triad,
        observer=ben,
        counsellor=amara,
        client=chloe,
        stranger=dev,
        tutor=await house.as_(built.tutors[0]),
    )
