"""Classes whose plan is still to be drawn, and drawing it."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from playwright.sync_api import Page, expect
from sqlalchemy.orm import Session

from tests.browser.running import Site
from tests.builders import a_cohort, an_id
from threefold.store import sessions
from threefold.store.engine import Store
from threefold.web.security import new_token


def a_class(site: Site, trainees: int, weeks: int) -> tuple[str, Any]:
    """The address of its plan, and the cookie that signs its tutor in."""

    async def build() -> tuple[str, str]:
        store, token = Store.open(site.settings.database), new_token()
        first = datetime.now(UTC).date() + timedelta(days=7)
        made = await a_cohort(store, trainees=trainees, weeks=weeks, published=False, first=first)
        await store.write(lambda db: begin(db, made.tutors[0], token))
        await store.close()
        return f"/cohorts/{made.cohort}/plan", token

    def begin(db: Session, tutor: UUID, token: str) -> None:
        sessions.begin(db, id=an_id(), person_id=tutor, token=token, browser="", now=datetime.now(UTC))

    # Playwright's own loop fills this thread.
    with ThreadPoolExecutor(1) as apart:
        path, token = apart.submit(asyncio.run, build()).result()
    return path, {"name": "threefold", "value": token, "url": site.address}


def drawn(page: Page, address: str) -> None:
    page.goto(address)
    page.get_by_role("button", name="Draw the plan").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your plan is ready to check", timeout=60_000)
