"""Nobody ever reads early, whatever the order of events: a round is walked through by chance, with everybody pressing
what they like when they like, and beside it stands what a person would reckon by hand.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

import pytest
from sqlalchemy import select

from tests.databases import POSTGRESQL_WHEN_LANDING
from tests.feedback.rounds import AFTER_ROUND_ONE, Round, a_round
from tests.house import House
from threefold.store.tables import Letter

ENDED = AFTER_ROUND_ONE - timedelta(minutes=5)
TWO_DAYS, SEVEN_DAYS = timedelta(hours=48), timedelta(days=7)
CUE: dict[str, str | list[str]] = {"HC2.cue": ["told-feeling"], "HC2.said": "“You are angry with her.”"}
WORDS = ("You waited after", "Name the last five", "It sounds lonely", "Stayed with the silence", "You are angry")
ROOMS = ("/", "/feedback", "/growth", "/growth.csv", "/portfolio", "/portfolio/print")
STEPS = (
    *("observed", "with a cue", "with a cue", "felt", "felt", "reflected", "skipped"),
    *("cleared", "cleared", "opened", "days", "hours", "hours"),
)


@dataclass
class Reckoning:
    """What has happened, and when it may be read by the rule as a tutor would tell it."""

    own: datetime | None = None
    client: datetime | None = None
    observer: datetime | None = None
    flagged: bool = False
    flagged_at: datetime | None = None
    cleared: datetime | None = None
    read: datetime | None = None

    def may_be_read_from(self, now: datetime) -> datetime:
        """The moment of release as it looks now, in the past or still to come."""
        reflected = min(self.own or ENDED + SEVEN_DAYS, ENDED + SEVEN_DAYS)
        both = max(self.client, self.observer) if self.client and self.observer else None
        plain = max(reflected, min(both or ENDED + TWO_DAYS, ENDED + TWO_DAYS))
        came_late = self.observer is not None and plain <= now and self.observer > plain
        if not self.flagged or came_late:
            return plain
        looked = self.cleared if self.cleared and self.flagged_at and self.cleared >= self.flagged_at else None
        return max(plain, min(looked or plain + TWO_DAYS, plain + TWO_DAYS))


@dataclass
class Walk:
    """One round in which things happen by chance."""

    house: House
    held: Round
    chance: Random
    so: Reckoning = field(default_factory=Reckoning)
    done: list[str] = field(default_factory=list)

    async def step(self) -> None:
        self.house.later(minutes=self.chance.randint(1, 90))
        what, so, now = self.chance.choice(STEPS), self.so, self.house.now
        self.done.append(what)
        if what == "days":
            self.house.later(days=self.chance.randint(1, 3))
        elif what == "hours":
            self.house.later(hours=self.chance.randint(2, 20))
        elif what in {"observed", "with a cue"} and so.read is None:
            await self.held.observed(**(CUE if what == "with a cue" else {}))
            so.observer = so.observer or now
            so.flagged, so.flagged_at = (True, now) if what == "with a cue" else (False, None)
        elif what == "felt" and so.client is None:
            await self.held.felt()
            so.client = now
        elif what == "reflected" and so.own is None and so.read is None:
            await self.held.reflected()
            so.own = now
        elif what == "skipped" and so.own is None:
            assert (await self.held.counsellor.send_form(f"{self.held.path}/skip")).status_code == 303
            so.own = now
        elif what == "cleared":
            assert (await self.held.tutor.send_form(f"{self.held.path}/clearance")).status_code == 303
            so.cleared = now
        elif what == "opened":
            assert (await self.held.counsellor.send_form(f"{self.held.path}/opening")).status_code == 303
            if so.read is None and now >= so.may_be_read_from(now):
                so.read = now

    async def look(self) -> None:
        """What the counsellor can find anywhere, and what any letter says and when it leaves."""
        now, so = self.house.now, self.so
        pages = {}
        for path in (self.held.path, *ROOMS):
            answer = await self.held.counsellor.get(path, follow_redirects=True)
            assert (answer.status_code, answer.url.path.startswith("/sign-in")) == (200, False), (path, self.done)
            pages[path] = answer.text
        found = {(path, words) for path, page in pages.items() for words in WORDS if words in page}
        if so.read is None:
            assert found == set(), self.done
            ready = "ready to read" in pages[self.held.path]
            assert ready == (now >= so.may_be_read_from(now)), (self.done, so, now)
        elif so.observer:
            assert (self.held.path, "You waited after") in found, self.done
        for subject, body, due in await self.letters():
            assert not any(words in subject + body for words in WORDS), self.done
            if subject.startswith("Your feedback") and due > now:
                assert due == so.may_be_read_from(now), (self.done, so)

    async def letters(self) -> list[tuple[str, str, datetime]]:
        rows = select(Letter.subject, Letter.message, Letter.due_at)
        return await self.house.store.read(
            lambda db: [(subject, message.decode(), due) for subject, message, due in db.execute(rows)]
        )


@POSTGRESQL_WHEN_LANDING
@pytest.mark.parametrize("seed", range(4))
async def test_nobody_reads_early_whatever_the_order(house: House, seed: int) -> None:
    walk = Walk(house, await a_round(house), Random(seed))
    for _ in range(14):
        await walk.step()
        await walk.look()
    house.later(days=10)  # by now there is nothing left to wait for, and the sign-ins may have run out
    walk.held.counsellor = await house.as_(walk.held.built.people[0])
    walk.so.read = walk.so.read or house.now
    assert "ready to read" not in await walk.held.opened(), walk.done
    await walk.look()
