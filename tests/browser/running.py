"""A running service for browsers: the real application, a real courier and mail server, in a thread of its own."""

import asyncio
import os
import re
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Locator, Page, StorageState, expect, sync_playwright

from tests.mail.server import Mailbox, mail_server
from threefold.app import build_app
from threefold.commands.serving import Server
from threefold.demo import build_demo
from threefold.mail.carriers import Carrier, FolderCarrier, MailServer, SmtpCarrier
from threefold.mail.courier import Courier
from threefold.settings import Settings
from threefold.store import migrations
from threefold.store.engine import Store

# Debian's Chromium without windows first: the whole one renders its own toolbar, as a page, for each page it opens, and
# that took five times what our pages did.
CHROMIUM = os.environ.get("THREEFOLD_TEST_CHROMIUM") or next(
    filter(None, map(shutil.which, ("chromium-headless-shell", "chromium", "google-chrome"))), None
)
PATIENCE = 20_000  # ms: two browsers on two busy cores are slow, and nothing is proved by giving up on them
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--num-raster-threads=1",
    # The last such list is the one that counts: what Playwright turns off, and with it a spare process for the page
    # that may come next and a new frame for each page that does, which took a quarter of a run's time.
    "--disable-features=AvoidUnnecessaryBeforeUnloadCheckSync,DestroyProfileOnBrowserClose,HttpsUpgrades,OptimizationHints,PaintHolding,RenderDocument,SpareRendererForSitePerProcess,ThirdPartyStoragePartitioning",
]  # fmt: skip
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
DESK: dict[str, Any] = {"viewport": {"width": 1280, "height": 900}}


def chromium() -> str:
    """Where the browser is; without one the test is skipped, or fails where a browser is required."""
    if CHROMIUM:
        return CHROMIUM
    sentence = "no Chromium found: `apt-get install chromium-headless-shell`, or name one in THREEFOLD_TEST_CHROMIUM"
    if os.environ.get("THREEFOLD_TEST_BROWSER") == "required":
        pytest.fail(sentence)
    pytest.skip(sentence)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium for a module. Playwright's loop fills its thread, so it ends before another module's async tests."""
    path = chromium()
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield started
        started.close()


@dataclass
class Site:
    """A service on a port of its own, with the mails it has sent."""

    address: str
    settings: Settings
    box: Mailbox = field(default_factory=Mailbox)
    links: dict[str, str] = field(default_factory=dict)

    def mails(self, to: str) -> list[EmailMessage]:
        return [message_from_bytes(content, policy=policy.default) for content in self.box.to(to)]

    def mail(self, to: str, subject: str, number: int = 1) -> EmailMessage:
        """The so-many-th mail to somebody whose subject holds these words, waiting for it to come."""
        for _ in range(200):
            found = [mail for mail in self.mails(to) if subject in mail["Subject"]]
            if len(found) >= number:
                return found[number - 1]
            time.sleep(0.05)
        raise AssertionError(f"no mail “{subject}” to {to}: {[m['Subject'] for m in self.mails(to)]}")

    def ask_to_sign_in(self, page: Page, email: str, button: str = "E-mail me a link and a code") -> tuple[str, str]:
        """Fill in the page that asks for an address and press its button; the link and the code that are mailed."""
        before = len([m for m in self.mails(email) if "sign-in" in m["Subject"]])
        page.get_by_label("E-mail address").fill(email)
        page.get_by_role("button", name=button).click()
        text = text_of(self.mail(email, "sign-in", before + 1))
        link, code = re.search(r"https?://\S+/sign-in/link/\S+", text), re.search(r"\b\d{3} \d{3}\b", text)
        assert link is not None
        assert code is not None
        return link[0], code[0]

    def sign_in(self, page: Page, email: str) -> None:
        """Sign in as a person does: ask, open the link from the mail, press its button."""
        page.goto(f"{self.address}/sign-in")
        link, _ = self.ask_to_sign_in(page, email)
        page.goto(link)
        press(page.get_by_role("button", name=re.compile("Sign in as")))

    def signed_in(self, browser: Browser, part: str) -> StorageState:
        """A browser signed in by one of the demo's links, as a state to open windows with; no page is drawn for it."""
        link, context = self.links[part], browser.new_context()
        try:
            shown = context.request.get(link).text()
            fields: dict[str, Any] = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', shown))
            sent = context.request.post(
                link, form=fields, headers={"origin": self.address, "sec-fetch-site": "same-origin"}
            )
            assert sent.ok
            return context.storage_state()
        finally:
            context.close()

    def sign_in_by_link(self, page: Page, part: str) -> None:
        page.goto(self.links[part])
        press(page.get_by_role("button", name=re.compile("Sign in as")))


def press(what: Locator) -> None:
    """Press what leads to another page; that page is there afterwards.

    A click alone ends while the page before may still be there: what is read next, or asked of the browser next,
    would be about that one, or would cut the journey short.
    """
    with what.page.expect_navigation():
        what.click()


def text_of(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def by_now() -> datetime:
    return datetime.now(UTC)


@contextmanager
def served(settings: Settings, *, folder: bool, clock: Callable[[], datetime] = by_now) -> Iterator[Site]:
    """Serve these settings until the block ends; mails go to a real server, or to the demo's folder.

    `clock`: what the service takes for the time.
    """
    started = threading.Event()
    stop: list[Any] = []
    site = Site("", settings)

    async def run() -> None:
        async with AsyncExitStack() as stack:
            site.box = await stack.enter_async_context(mail_server())
            carriers: list[Carrier] = (
                [FolderCarrier(settings.outbox_folder)]
                if folder
                else [SmtpCarrier(MailServer.from_url(f"smtp://127.0.0.1:{site.box.port}"))]
            )
            store = Store.open(settings.database)
            courier = Courier(store, carriers, sender=settings.sender, clock=clock)
            app = build_app(settings, store, clock=clock, backroom=[courier])
            server = Server(
                uvicorn.Config(app, host="127.0.0.1", port=settings.port, log_config=None, access_log=False),
                lambda: None,
                app.state.house.streams.close,
            )
            stop.append(server)
            serving = asyncio.create_task(server.serve())
            while not server.started and not serving.done():  # noqa: ASYNC110 - uvicorn tells by a flag alone
                await asyncio.sleep(0.01)
            started.set()
            await serving

    thread = threading.Thread(target=asyncio.run, args=(run(),), daemon=True)
    thread.start()
    assert started.wait(20), "the server did not start"
    site.address = settings.base_url
    try:
        yield site
    finally:
        stop[0].should_exit = True
        thread.join(20)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture(scope="module")
def demo_site(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Site]:  # noqa: ARG001 - no browser, no site
    """The demo, as `threefold demo` builds it."""
    with demonstrated(tmp_path_factory.mktemp("demo")) as site:
        yield site


@contextmanager
def demonstrated(folder: Path, clock: Callable[[], datetime] = by_now) -> Iterator[Site]:
    """The demo in this folder, placed around what `clock` says."""
    settings, links = build_demo(folder, free_port(), clock())
    with served(settings, folder=True, clock=clock) as site:
        site.links = dict(links)
        yield site


@pytest.fixture
def empty_site(tmp_path: Path, browser: Browser) -> Iterator[Site]:  # noqa: ARG001 - no browser, no site
    """A new installation: nobody in it yet."""
    with installed(tmp_path) as site:
        yield site


@contextmanager
def installed(folder: Path, clock: Callable[[], datetime] = by_now) -> Iterator[Site]:
    """A new installation whose data lie in this folder."""
    port = free_port()
    settings = Settings(
        base_url=f"http://127.0.0.1:{port}",
        port=port,
        plain_http=True,
        secret="a-secret-for-journeys-only-0123456789abcdef",
        sender="practice@elmhouse.example",
        centre="Elm House",
        contact="The office, 01632 960000",
        data_folder=folder,
        smtp_url="smtp://127.0.0.1",
    )
    migrations.upgrade(settings.database)
    with served(settings, folder=False, clock=clock) as site:
        yield site


@contextmanager
def visiting(browser: Browser, **options: Any) -> Iterator[Page]:
    """A fresh browser window, closed afterwards."""
    context: BrowserContext = browser.new_context(locale="en-GB", **options)
    context.set_default_timeout(PATIENCE)
    try:
        yield context.new_page()
    finally:
        context.close()


def some_time_ago(hours: float) -> datetime:
    return datetime.now(UTC) - timedelta(hours=hours)
