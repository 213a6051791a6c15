"""Classes to open windows for: made in the database, with cookies that sign their people in."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from playwright.sync_api import Page, expect

from tests.browser.running import Site
from tests.builders import Class, a_cohort, an_id
from threefold.store import sessions
from threefold.store.engine import Store
from threefold.web.security import new_token


def a_class(site: Site, trainees: int, weeks: int, *, begins: int = 7, published: bool = False) -> Class:
    """A class whose first session is so many days from now, and whose plan is still to be drawn."""

    async def build() -> Class:
        store, first = Store.open(site.settings.database), datetime.now(UTC).date() + timedelta(days=begins)
        made = await a_cohort(store, trainees=trainees, weeks=weeks, published=published, first=first)
        await store.close()
        return made

    # Playwright's own loop fills this thread.
    with ThreadPoolExecutor(1) as apart:
        return apart.submit(asyncio.run, build()).result()


def cookie(site: Site, person: UUID) -> Any:
    """What signs this person in."""
    store, token, now = Store.open(site.settings.database), new_token(), datetime.now(UTC)
    try:
        store.write_now(lambda db: sessions.begin(db, id=an_id(), person_id=person, token=token, browser="", now=now))
    finally:
        store.close_now()
    return {"name": "threefold", "value": token, "url": site.address}


def drawn(page: Page, address: str) -> None:
    page.goto(address)
    page.get_by_role("button", name="Draw the plan").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your plan is ready to check", timeout=60_000)
