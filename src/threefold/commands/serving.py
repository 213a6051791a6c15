"""The commands that run: the web service, and the courier alone."""

import asyncio
import errno
import signal
import socket
import sys
from collections.abc import Awaitable, Callable
from typing import NoReturn
from uuid import UUID

import click
import uvicorn

from threefold import check as checking
from threefold.app import Worker, build_app
from threefold.clerk import Clerk
from threefold.commands.edge import give_up, now, opened, settled
from threefold.core.reply import return_address
from threefold.logs import Log, start_logging
from threefold.mail.carriers import Carrier, FolderCarrier, MailServer, SmtpCarrier
from threefold.mail.courier import Courier
from threefold.mail.dkim import dkim_trouble
from threefold.mail.inbound import BoxAddress, DoorAddress, Mailbox, Ours
from threefold.mail.letters import Postroom
from threefold.practice.incoming import Incoming
from threefold.settings import Settings, unsafe
from threefold.store.engine import Store
from threefold.web.templates import environment

CONNECTIONS = 4
ENDS = (signal.SIGINT, signal.SIGTERM)
Close = Callable[[], Awaitable[None]]
log = Log("threefold")


@click.command()
def serve() -> None:
    """The web service; sends letters as well, unless THREEFOLD_COURIER is no."""
    settings = ready_to_run()
    door = open_door(settings.host, settings.port, "THREEFOLD_PORT")
    end_quietly()
    start_logging()
    run_web(settings, door, folders=False, once_ready=lambda: log.info("ready", port=settings.port))


@click.command()
@click.option("--inbound", is_flag=True, help="Take in what calendars answer as well, and letters that come back.")
def work(*, inbound: bool) -> None:
    """The courier alone: sends letters from the same database until stopped."""
    settings = ready_to_run()
    if inbound and not (settings.inbound or settings.imap_url):
        give_up("Nothing says where replies come in: set THREEFOLD_INBOUND or THREEFOLD_IMAP_URL.")
    end_quietly()
    start_logging()
    store = opened(settings)

    async def until_stopped() -> None:
        courier = the_courier(settings, store, folders=False)
        stop = asyncio.Event()
        for sign in ENDS:
            asyncio.get_running_loop().add_signal_handler(sign, stop.set)
        ways_in = await open_ways_in(settings, store) if inbound else []
        clerk = Clerk(store, Postroom(settings, environment()), clock=now)
        courier.start()
        clerk.start()
        log.info("ready")
        await stop.wait()
        for close in ways_in:
            await close()
        await clerk.stop()
        await courier.stop()
        await store.close()

    asyncio.run(until_stopped())


async def open_ways_in(settings: Settings, store: Store) -> list[Close]:
    """The door and the mailbox that are set, open, as ways to close them; gives up where the door's port cannot be
    had.
    """
    incoming = Incoming(store, Postroom(settings, environment()), now)
    opened_now: list[Close] = []
    if settings.inbound:
        from threefold.mail.door import Door  # noqa: PLC0415 - the library of a door that few installations open

        address = DoorAddress.from_url(settings.inbound)
        door = Door(address, Ours(settings.secret, settings.sender), incoming.take)
        try:
            await door.start()
        except (OSError, OverflowError) as refused:
            give_up(f"{settings.inbound} cannot be had: {refused}. Choose another with THREEFOLD_INBOUND.")
        opened_now.append(door.stop)
    if settings.imap_url:
        mailbox = Mailbox(BoxAddress.from_url(settings.imap_url), incoming.take, now)
        mailbox.start()
        opened_now.append(mailbox.stop)
    return opened_now


def ready_to_run() -> Settings:
    """Settings that may go live, and a database that is up to date; gives up with every reason at once."""
    settings = settled()
    problems = list(unsafe(settings))
    if settings.smtp_url:
        try:
            MailServer.from_url(settings.smtp_url)
        except ValueError as unusable:
            problems.append(str(unusable))
    problems.extend(checking.replies(settings))
    if unsigned := dkim_trouble(settings):
        problems.append(unsigned)
    if trouble := checking.database(settings):
        problems.append(trouble)
    if problems:
        give_up("Threefold does not start like this:", *problems)
    return settings


def the_courier(settings: Settings, store: Store, *, folders: bool) -> Courier:
    def comes_back_to(letter: UUID) -> str:
        return return_address(settings.secret, settings.sender, letter) if settings.replies else settings.sender

    return Courier(
        store,
        carriers(settings, folders=folders),
        sender=settings.sender,
        clock=now,
        comes_back_to=comes_back_to,
    )


def carriers(settings: Settings, *, folders: bool) -> list[Carrier]:
    if folders:
        return [FolderCarrier(settings.outbox_folder)]
    server = MailServer.from_url(settings.smtp_url)
    return [SmtpCarrier(server) for _ in range(CONNECTIONS)]


def open_door(host: str, port: int, chosen_by: str) -> socket.socket:
    """Take the port before anything else is done; whoever knocks early waits. Gives up where it is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=1024)
    except OSError as refused:
        taken = refused.errno == errno.EADDRINUSE
        why = "is taken by another program" if taken else f"cannot be had: {refused.strerror}"
        give_up(f"Port {port} on {host} {why}. Choose another with {chosen_by}.")
    except OverflowError:
        give_up(f"Port {port} does not exist. Choose one up to 65535 with {chosen_by}.")


class Server(uvicorn.Server):
    """Says when it is ready; ends the streams that pages listen to before it waits for what is under way."""

    def __init__(self, config: uvicorn.Config, once_ready: Callable[[], None], end_streams: Callable[[], None]) -> None:
        super().__init__(config)
        self.once_ready = once_ready
        self.end_streams = end_streams

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.once_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.end_streams()
        await super().shutdown(sockets)


def run_web(settings: Settings, door: socket.socket, *, folders: bool, once_ready: Callable[[], None]) -> None:
    """Serve until told to end; answers under way are finished first."""
    store = opened(settings)
    backroom: list[Worker] = []
    if settings.courier:
        backroom = [
            Clerk(store, Postroom(settings, environment()), clock=now),
            the_courier(settings, store, folders=folders),
        ]
    app = build_app(settings, store, backroom=backroom)
    config = uvicorn.Config(
        app,
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
        timeout_graceful_shutdown=10,
    )
    Server(config, once_ready, app.state.house.streams.close).run([door])


def end_quietly() -> None:
    """Ctrl+C and a supervisor's SIGTERM are how these commands end: without a word, and with 0."""

    def leave(_sign: int, _frame: object) -> NoReturn:
        sys.exit(0)

    for sign in ENDS:
        signal.signal(sign, leave)
