"""A round that has been held, and what its people send about it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from tests.builders import Class, a_cohort
from tests.house import Browser, House

AFTER_ROUND_ONE = datetime(2026, 10, 1, 18, 20, tzinfo=UTC)
"""Five minutes after round 1 of the first session: Amara counselled Chloe, Ben observed."""

LEVELS = {"HC2.level": "3", "HC8.level": "2", "HC10.level": "not-seen"}
NOTICED = {
    **LEVELS,
    "HC2.moment": "“It sounds lonely.”",
    "helped": "You waited after “I don’t know”.",
    "to_try": "Name the last five minutes.",
}
FELT = {"heard": "4", "myself": "3", "pace": "2", "return": "rather-not", "did": "Stayed with the silence."}
REFLECTED = {**LEVELS, "helped": "I kept quiet.", "to_try": "Watch the clock.", "for_tutor": "I was nervous."}


@dataclass
class Round:
    """Round 1 of the first session, with a browser for everybody in it."""

    house: House
    built: Class
    path: str
    triad: UUID
    counsellor: Browser
    observer: Browser
    client: Browser
    tutor: Browser
    stranger: Browser

    async def observed(self, **changes: str | list[str]) -> None:
        """Ben goes through every step and sends."""
        fields = {**NOTICED, **changes}
        for step, begins in enumerate(("HC2.", "HC8.", "HC10.", "helped to_try"), start=1):
            page = (await self.observer.get(f"{self.path}/steps/{step}")).text
            part = {n: v for n, v in fields.items() if n.startswith(begins) or n in begins.split()}
            answer = await self.observer.send_form(f"{self.path}/steps/{step}", {**part, "version": version_in(page)})
            assert answer.status_code == 303, answer.text
        page = (await self.observer.get(f"{self.path}/check")).text
        answer = await self.observer.send_form(f"{self.path}/piece", {"version": version_in(page)})
        assert (answer.status_code, answer.headers["location"]) == (303, self.path), answer.text

    async def felt(self, **changes: str) -> None:
        """Chloe answers the four questions."""
        await sent(self.client, self.path, {**FELT, **changes})

    async def reflected(self, **changes: str) -> None:
        """Amara looks back on the round."""
        await sent(self.counsellor, self.path, {**REFLECTED, **changes})

    async def opened(self) -> str:
        """Amara opens what was written and reads it."""
        answer = await self.counsellor.send_form(f"{self.path}/opening")
        assert answer.status_code == 303
        return (await self.counsellor.get(self.path)).text


async def sent(browser: Browser, path: str, fields: dict[str, str]) -> None:
    page = (await browser.get(f"{path}/form")).text
    answer = await browser.send_form(f"{path}/piece", {**fields, "version": version_in(page)})
    assert (answer.status_code, answer.headers["location"]) == (303, path), answer.text


async def a_round(house: House) -> Round:
    built = await a_cohort(house.store)
    house.now = AFTER_ROUND_ONE
    triad = built.triads[0][0]
    amara, ben, chloe, dev = [await house.as_(person) for person in built.people[:4]]
    return Round(
        house=house,
        built=built,
        path=f"/feedback/{triad}/1",
        triad=triad,
        counsellor=amara,
        observer=ben,
        client=chloe,
        tutor=await house.as_(built.tutors[0]),
        stranger=dev,
    )


def version_in(page: str) -> str:
    return page.split('name="version" value="')[1].split('"', maxsplit=1)[0]
