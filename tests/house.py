"""The real application in a test: a real database, a clock that can be set, browsers that are signed in."""

import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import httpx
import pytest_asyncio
from litestar import Litestar

from tests.builders import an_id
from threefold.app import build_app
from threefold.matching import BRIEF
from threefold.settings import Settings
from threefold.store import sessions
from threefold.store.engine import Store
from threefold.web.cached import Kept
from threefold.web.security import Keys
from threefold.web.solver import Solver
from threefold.web.templates import environment, static_files
from threefold.web.visit import House as Behind

BASE = "http://127.0.0.1:8000"
NOON = datetime(2026, 10, 7, 12, 0, tzinfo=UTC)  # a Wednesday, with summer time in London
_ready: list[tuple[Litestar, int]] = []


def settings_for(folder: Path, **changes: Any) -> Settings:
    return Settings(
        **{
            "base_url": BASE,
            "secret": "a-secret-for-tests-only-0123456789abcdef",
            "sender": "practice@elmhouse.example",
            "centre": "Elm House",
            "contact": "office@elmhouse.example",
            "plain_http": True,
            "data_folder": folder,
            **changes,
        }
    )


class Browser(httpx.AsyncClient):
    """A browser of our own pages: sends where it comes from, follows nothing by itself, adds the form's token."""

    form_token: str = ""

    async def send_form(self, path: str, data: Any = None, **more: Any) -> httpx.Response:
        """POST a form as a page of ours would. `data` is a dict (lists for several values) or a list of pairs."""
        pairs = list(data.items()) if isinstance(data, dict) else list(data or [])
        flat: dict[str, list[str]] = {"_token": [self.form_token]}
        for name, value in pairs:
            flat.setdefault(name, []).extend(value if isinstance(value, (list, tuple)) else [value])
        return await super().post(path, data=flat, **more)


@dataclass
class House:
    """One running installation. `now` is what its clock says."""

    app: Litestar
    store: Store
    settings: Settings
    now: datetime = NOON
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def visitor(self, **headers: str) -> Browser:
        """A browser nobody has signed in with."""
        browser = Browser(
            transport=httpx.ASGITransport(app=cast("Any", self.app), raise_app_exceptions=False),
            base_url=self.settings.base_url,
            headers={"origin": BASE, "sec-fetch-site": "same-origin", **headers},
        )
        return await self._stack.enter_async_context(browser)

    async def as_(self, person_id: UUID) -> Browser:
        """A browser signed in as this person."""
        token, session_id, now = secrets.token_urlsafe(32), an_id(), self.now
        await self.store.write(
            lambda db: sessions.begin(db, id=session_id, person_id=person_id, token=token, browser="test", now=now)
        )
        browser = await self.visitor()
        browser.cookies.set("threefold", token)
        browser.form_token = Keys(self.settings.secret).form_token(token)
        return browser

    def later(self, **by: float) -> None:
        """Let time pass: `house.later(hours=2)`."""
        self.now += timedelta(**by)


def app_for(settings: Settings, store: Store, clock: Callable[[], datetime]) -> Litestar:
    """The application with nothing behind it that another test has touched.

    Putting its routes together takes longer than most tests, so that one application serves a whole process and
    changes houses. A test that adds a route of its own is the last to have it. Plans are searched for briefly: how good
    they become is shown where the search is tested.
    """
    if not _ready or len(_ready[0][0].routes) != _ready[0][1]:
        app = build_app(settings, store, clock=clock)
        _ready[:] = [(app, len(app.routes))]
    app = _ready[0][0]
    app.state.house = Behind(
        settings, store, Keys(settings.secret), environment(), static_files(), clock, Solver(BRIEF), Kept()
    )
    return app


@pytest_asyncio.fixture
async def house(store: Store, tmp_path: Path) -> AsyncIterator[House]:
    """The application on each database in turn, at noon on Wednesday 7 October 2026."""
    settings = settings_for(tmp_path)
    built = House(app=None, store=store, settings=settings)  # type: ignore[arg-type] # set in the next line, which needs the clock
    built.app = app_for(settings, store, clock=lambda: built.now)
    async with built._stack:
        yield built
