""""I can't make it", from the page that offers what would work to the letters that say who comes instead."""

import re
from dataclasses import dataclass
from datetime import timedelta
from html import unescape
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, update

from tests.builders import Class, a_cohort, a_person, all_told, an_id, regrouped
from tests.house import Browser, House
from threefold.clerk import Clerk
from threefold.store.tables import (
    Away,
    Cohort,
    Deed,
    KeepApart,
    Letter,
    Person,
    PlanVersion,
    PracticeSession,
    Seat,
    Standby,
    SwapRequest,
    UsualWeek,
    Withdrawal,
)

AMARA, BEN, CHLOE, DEV, ESTHER, FARID, GRACE, HANNA, IOAN = range(9)
THE_15TH, THE_22ND = 2, 3


@dataclass
class Evening:
    """Nine people; on the 15th Amara sits with Hanna and Farid, on the 22nd Dev with Ioan and Esther. Dev, Ioan and
    Esther have no place on the 15th, Amara, Hanna and Farid none on the 22nd.
    """

    house: House
    made: Class
    on_15th: dict[int, UUID]
    on_22nd: dict[int, UUID]

    async def as_(self, who: int) -> Browser:
        return await self.house.as_(self.made.people[who])

    async def clerk(self) -> list[tuple[str, UUID, str]]:
        """What the clerk writes now: (kind, to whom, subject), tutors' and feedback's own letters left out."""
        before = set(await self.letters())
        await Clerk(self.house.store, self.house.app.state["house"].postroom, clock=lambda: self.house.now).round()
        return [
            (letter.kind, letter.person_id, letter.subject)
            for id_, letter in (await self.letters()).items()
            if id_ not in before and not letter.kind.startswith(("feedback", "tutor", "weekly", "reminder"))
        ]

    async def letters(self) -> dict[UUID, Letter]:
        rows = await self.house.store.read(lambda db: db.scalars(select(Letter).order_by(Letter.id)).all())
        return {row.id: row for row in rows}

    async def requests(self) -> list[SwapRequest]:
        return list(
            await self.house.store.read(lambda db: db.scalars(select(SwapRequest).order_by(SwapRequest.id)).all())
        )

    async def sitting(self, week: int) -> dict[UUID, tuple[UUID, UUID]]:
        """(triad, seat) of everybody who holds a place."""
        rows = await self.house.store.read(
            lambda db: db.execute(
                select(Seat.membership_id, Seat.triad_id, Seat.id).where(
                    Seat.practice_id == self.made.sessions[week], Seat.given_up_at.is_(None)
                )
            ).all()
        )
        return {member: (triad, seat) for member, triad, seat in rows}

    async def ask(self, words: str = "") -> str:
        """Amara asks Dev to swap; the address of the question."""
        choice = f"swap-{self.on_22nd[DEV]}"
        answer = await (await self.as_(AMARA)).send_form(
            f"/seats/{self.on_15th[AMARA]}/withdrawal", {"choice": choice, f"words-{choice}": words}
        )
        assert answer.status_code == 303, answer.text
        return str(answer.headers["location"])


@pytest.fixture
async def evening(house: House) -> Evening:
    made = await a_cohort(house.store, trainees=9, weeks=4)
    on_15th = await regrouped(house.store, made, THE_15TH, [(AMARA, HANNA, FARID), (BEN, CHLOE, GRACE)])
    on_22nd = await regrouped(house.store, made, THE_22ND, [(DEV, IOAN, ESTHER), (BEN, GRACE, CHLOE)])
    await all_told(house.store, made.cohort)
    return Evening(house, made, on_15th, on_22nd)


async def said_free(evening: Evening, who: int, **pronouns: str) -> None:
    """They have said that Thursday evenings suit them."""
    person = evening.made.people[who]

    def work(db: object) -> None:
        db.add(UsualWeek(person_id=person, zone="Europe/London", marks=[[3, 1080, 180, "free"]], version=1, saved_at=evening.house.now))  # type: ignore[attr-defined] # noqa: E501 - see below
        db.execute(update(Person).where(Person.id == person).values(**pronouns))  # type: ignore[attr-defined] # a session

    await evening.house.store.write(work)


def words_of(page: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


def seen_in(page: str) -> str:
    found = re.search(r'name="seen" value="(\w+)"', page)
    assert found is not None
    return found[1]


async def say_yes(evening: Evening, path: str, who: int = DEV) -> object:
    browser = await evening.as_(who)
    return await browser.send_form(f"{path}/acceptance", {"seen": seen_in((await browser.get(path)).text)})


async def test_the_page_offers_what_would_work_and_says_what_it_costs(evening: Evening) -> None:
    await said_free(evening, DEV, pronouns="he/him")
    page = words_of((await (await evening.as_(AMARA)).get(f"/seats/{evening.on_15th[AMARA]}/withdrawal")).text)
    print(page)
    assert 0
