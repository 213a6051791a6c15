"""A class in which not everybody comes each week, so that places can change hands."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from email import message_from_bytes
from email.policy import default
from html import unescape
from uuid import UUID

import httpx
import pytest_asyncio
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from tests.builders import Class, a_cohort, all_told, regrouped
from tests.house import Browser, House
from threefold.clerk import Clerk
from threefold.store.tables import Letter, Person, Seat, SwapRequest

AMARA, BEN, CHLOE, DEV, ESTHER, FARID, GRACE, HANNA, IOAN = range(9)
THE_15TH, THE_22ND = 2, 3
QUIET = ("feedback", "tutor", "weekly", "reminder")


@dataclass
class Evening:
    """Nine people; on the 15th Amara sits with Hanna and Farid, on the 22nd Dev with Ioan and Esther. Dev, Ioan and
    Esther have no place on the 15th, Amara, Hanna and Farid none on the 22nd. Everybody comes on the 1st and the 8th.
    """

    house: House
    made: Class
    on_15th: dict[int, UUID]
    on_22nd: dict[int, UUID]

    async def as_(self, who: int) -> Browser:
        return await self.house.as_(self.made.people[who])

    async def tutor(self) -> Browser:
        return await self.house.as_(self.made.tutors[0])

    async def letters(self) -> dict[UUID, Letter]:
        rows = await self.house.store.read(lambda db: db.scalars(select(Letter).order_by(Letter.id)).all())
        return {row.id: row for row in rows}

    async def clerk(self) -> list[tuple[str, str, str]]:
        """What the clerk writes now: (kind, to whom, subject), reminders and the like left out."""
        before = await self.letters()
        await Clerk(self.house.store, self.house.app.state["house"].postroom, clock=lambda: self.house.now).round()
        return await self.written_since(before)

    async def written_since(self, before: dict[UUID, Letter]) -> list[tuple[str, str, str]]:
        names = {row.id: row.name for row in await self.house.store.read(lambda db: db.scalars(select(Person)).all())}
        return sorted(
            (letter.kind, names[letter.person_id], letter.subject)
            for id_, letter in (await self.letters()).items()
            if id_ not in before and not letter.kind.startswith(QUIET)
        )

    async def requests(self) -> list[SwapRequest]:
        found = await self.house.store.read(lambda db: db.scalars(select(SwapRequest).order_by(SwapRequest.id)).all())
        return list(found)

    async def sitting(self, week: int) -> list[set[int]]:
        """Who sits with whom, group by group."""

        def work(db: Session) -> dict[UUID, set[int]]:
            groups: dict[UUID, set[int]] = {}
            held = select(Seat).where(Seat.practice_id == self.made.sessions[week], Seat.given_up_at.is_(None))
            for seat in db.scalars(held):
                groups.setdefault(seat.triad_id, set()).add(self.made.members.index(seat.membership_id))
            return groups

        return sorted((await self.house.store.read(work)).values(), key=sorted)

    async def seat(self, week: int, who: int) -> Seat:
        """The place somebody holds."""
        held = (Seat.practice_id == self.made.sessions[week], Seat.membership_id == self.made.members[who])
        return await self.house.store.read(
            lambda db: db.scalars(select(Seat).where(*held, Seat.given_up_at.is_(None))).one()
        )

    async def is_he(self, who: int) -> None:
        person = self.made.people[who]
        await self.house.store.write(
            lambda db: db.execute(update(Person).where(Person.id == person).values(pronouns="he/him"))
        )

    async def ask(self, words: str = "", whom: int = DEV) -> str:
        """Amara asks somebody to swap; the address of the question."""
        choice = f"swap-{self.on_22nd[whom]}"
        answer = await (await self.as_(AMARA)).send_form(
            f"/seats/{self.on_15th[AMARA]}/withdrawal", {"choice": choice, f"words-{choice}": words}
        )
        assert answer.status_code == 303, answer.text
        return str(answer.headers["location"])

    async def say_yes(self, path: str, who: int = DEV) -> httpx.Response:
        browser = await self.as_(who)
        return await browser.send_form(f"{path}/acceptance", {"seen": seen_in((await browser.get(path)).text)})


@pytest_asyncio.fixture
async def evening(house: House) -> AsyncIterator[Evening]:
    made = await a_cohort(house.store, trainees=9, weeks=4)
    on_15th = await regrouped(house.store, made, THE_15TH, [(AMARA, HANNA, FARID), (BEN, CHLOE, GRACE)])
    on_22nd = await regrouped(house.store, made, THE_22ND, [(DEV, IOAN, ESTHER), (BEN, GRACE, CHLOE)])
    await all_told(house.store, made.cohort)
    yield Evening(house, made, on_15th, on_22nd)


def words_of(page: str) -> str:
    """What is read in the main part of a page, without its layout."""
    main = page.partition("<main")[2].partition("</main>")[0] + page.partition('aria-label="Your answer"')[2]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", "<" + main.partition("<footer")[0])).split())


def cards_in(page: str) -> list[tuple[str, str]]:
    """The cards of the page that offers what would work: (title, what follows)."""
    found = re.findall(r'<label class="op">.*?<b>(.*?)</b><span>(.*?)</span>(.*?)</label>', page, re.DOTALL)
    return [
        (unescape(title), unescape(re.sub(r"<[^>]+>", "", f"{words} {tag}")).strip()) for title, words, tag in found
    ]


def seen_in(page: str) -> str:
    found = re.search(r'name="seen" value="(\w+)"', page)
    return found[1] if found else ""


def text_of(letter: Letter) -> str:
    body = message_from_bytes(letter.message, policy=default).get_body(("plain",))
    assert body is not None
    return str(body.get_content())
