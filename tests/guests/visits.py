"""A guest in a test: taken in and asked by a tutor, opening their own page from the letter that left."""

import re
from dataclasses import dataclass
from email import message_from_bytes, policy
from html import unescape
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.builders import Class, a_cohort
from tests.house import Browser, House
from threefold.clerk import Clerk
from threefold.mail.letters import Postroom
from threefold.store.tables import Encounter, Guest, Letter
from threefold.web.templates import environment

BRIEF = "You are Sol, 40, who has moved back to the town they grew up in."
FELT = {"felt": "yes", "heard": "4", "myself": "3", "pace": "2", "return": "rather-not"}


@dataclass
class Visit:
    """A cohort with its tutor's browser, and a guest's, which has no account and no cookie."""

    house: House
    built: Class
    tutor: Browser
    guest: Browser
    id: UUID
    email: str

    @property
    def base(self) -> str:
        return f"/cohorts/{self.built.cohort}/guests/{self.id}"

    def rounds(self, session: int, *wanted: tuple[int, int]) -> dict[str, Any]:
        """The form that asks for these rounds: (group from 0, round from 1)."""
        return {
            "practice": str(self.built.sessions[session]),
            "round": [f"{self.built.triads[session][group]}:{number}" for group, number in wanted],
            "brief": BRIEF,
        }

    async def ask(self, session: int, *wanted: tuple[int, int], **more: Any) -> httpx.Response:
        return await self.tutor.send_form(f"{self.base}/encounters", {**self.rounds(session, *wanted), **more})

    async def send_link(self, until: str = "2026-12-12") -> str:
        """The tutor sends the link; its path, from the letter."""
        answer = await self.tutor.send_form(f"{self.base}/link", {"until": until})
        assert answer.status_code == 303, answer.text
        return await self.link()

    async def link(self) -> str:
        """The path in the newest letter that holds one."""
        texts = [text for text in [text_of(letter) for letter in await self.letters()] if "/guest/" in text]
        found = re.search(r"http://127\.0\.0\.1:8000(/guest/\S+)", texts[-1])
        assert found is not None
        return found[1]

    async def letters(self) -> list[Letter]:
        """Everything written to the guest that may leave, in order."""
        rows = await self.house.store.read(
            lambda db: db.scalars(
                select(Letter).where(Letter.recipient == self.email, Letter.stopped_at.is_(None)).order_by(Letter.id)
            ).all()
        )
        return list(rows)

    async def encounters(self) -> list[Encounter]:
        rows = await self.house.store.read(
            lambda db: db.scalars(
                select(Encounter).where(Encounter.guest_id == self.id).order_by(Encounter.asked_at, Encounter.round)
            ).all()
        )
        return list(rows)

    async def says(self, link: str, answer: str, number: int = 0) -> httpx.Response:
        one = (await self.encounters())[number]
        return await self.guest.send_form(f"{link}/encounters/{one.id}/answer", {"answer": answer})

    async def clerk(self, minutes: int = 11) -> None:
        """Time passes, and the clerk looks round."""
        self.house.later(minutes=minutes)
        await Clerk(
            self.house.store, Postroom(self.house.settings, environment()), clock=lambda: self.house.now
        ).round()

    async def left(self) -> None:
        """Ten minutes later, every letter that was due has left."""
        self.house.later(minutes=10)

        def work(db: Session) -> None:
            waiting = select(Letter).where(Letter.due_at <= self.house.now, Letter.sent_at.is_(None))
            for letter in db.scalars(waiting.where(Letter.stopped_at.is_(None))).all():
                letter.sent_at, letter.tries = self.house.now, 1

        await self.house.store.write(work)


async def a_guest(
    house: House, built: Class | None = None, *, name: str = "Robin Vale", email: str = "", most: str = "3"
) -> Visit:
    """A guest taken in by a tutor, who has been asked to nothing and told nothing."""
    built = built or await a_cohort(house.store)
    tutor = await house.as_(built.tutors[0])
    email = email or f"{name.lower().replace(' ', '.')}@stage.example"
    words = {"name": name, "email": email, "until": "2026-12-12", "most": most}
    answer = await tutor.send_form(f"/cohorts/{built.cohort}/guests", words)
    assert answer.status_code == 303, answer.text
    id_ = UUID(answer.headers["location"].rpartition("/")[2].partition("?")[0])
    return Visit(house, built, tutor, await house.visitor(), id_, email)


async def page_of(browser: Browser, path: str, status: int = 200) -> str:
    answer = await browser.get(path)
    assert answer.status_code == status, (path, answer.status_code)
    return unescape(answer.text)


def text_of(letter: Letter) -> str:
    """A letter's words as plain text."""
    if not letter.message:
        return ""
    body = message_from_bytes(letter.message, policy=policy.default).get_body(("plain",))
    assert body is not None
    return str(body.get_content())


async def guest_row(visit: Visit) -> Guest:
    return await visit.house.store.read(lambda db: db.get_one(Guest, visit.id))
