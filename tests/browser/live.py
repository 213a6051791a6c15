"""A round that is running, and the devices it is watched on, each with a store and a service worker of its own."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from playwright.sync_api import Browser, BrowserContext
from sqlalchemy import ColumnElement, select

from tests.browser.classes import cookie
from tests.browser.running import PATIENCE, PHONE, Site
from tests.builders import Class, a_cohort
from threefold.core.observation import clock as clock_of
from threefold.core.slots import SessionShape, round_times
from threefold.store.engine import Store
from threefold.store.tables import Note

LONDON = ZoneInfo("Europe/London")
INTO = timedelta(minutes=20)  # the session began so long ago: five minutes into its first round
# As browsers’ own tools have it; latency in ms, throughput in bytes a second.
SLOW_4G = {"offline": False, "latency": 150, "downloadThroughput": 204_800, "uploadThroughput": 96_000}


@dataclass
class Live:
    """A round that is running: Amara counsels Chloe, Ben observes."""

    site: Site
    built: Class
    starts_at: datetime

    @property
    def path(self) -> str:
        return f"/observation/{self.built.triads[0][0]}/1"

    @property
    def address(self) -> str:
        return self.site.address + self.path

    @property
    def rating(self) -> str:
        return f"{self.site.address}/feedback/{self.built.triads[0][0]}/1"

    def unit(self, work: Any) -> Any:
        store = Store.open(self.site.settings.database)
        try:
            return store.write_now(work)
        finally:
            store.close_now()

    def kept(self) -> list[tuple[str | None, str, bool, bool]]:
        """What the server holds, in the order it was noted: code, words, whether they are quoted, whether removed."""
        return self.unit(  # type: ignore[no-any-return] # what the unit answers
            lambda db: [
                (one.code, one.words, one.quoted, one.removed_at is not None)
                for one in db.scalars(select(Note).where(self.here).order_by(Note.noted_at, Note.id))
            ]
        )

    @property
    def here(self) -> ColumnElement[bool]:
        return Note.triad_id == self.built.triads[0][0]


def now() -> datetime:
    return datetime.now(UTC)


def running(site: Site, *, into: timedelta = INTO) -> Live:
    """A class whose session began so long ago."""
    begins = (now() - into).astimezone(LONDON).replace(second=0, microsecond=0)

    async def build() -> Class:
        store = Store.open(site.settings.database)
        made = await a_cohort(store, trainees=3, weeks=1, first=begins.date(), starts=begins.time())
        await store.close()
        return made

    with ThreadPoolExecutor(1) as apart:  # Playwright's own loop fills this thread
        built = apart.submit(asyncio.run, build()).result()
    shape = SessionShape(3, 20, 10, 15, 15)
    return Live(site, built, clock_of(round_times(begins.astimezone(UTC), shape)[0], None).starts_at)


@contextmanager
def a_device(browser: Browser, live: Live, person: UUID | None = None, **options: Any) -> Iterator[BrowserContext]:
    """A phone on which Ben is signed in, or somebody else; its service worker and its store are its own."""
    context = browser.new_context(locale="en-GB", **{**PHONE, **options})
    context.set_default_timeout(PATIENCE)
    context.add_cookies([cookie(live.site, person or live.built.people[1])])
    try:
        yield context
    finally:
        context.close()
