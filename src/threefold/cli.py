"""The command `threefold`: demo, serve, work, migrate, create-tutor, backup, check."""

import asyncio
import errno
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NoReturn

import click
import structlog
import uvicorn
from rich.console import Console
from sqlalchemy.orm import Session

from threefold import check as checking
from threefold.app import build_app
from threefold.core.identity import token_digest
from threefold.core.refusal import Refusal
from threefold.demo import build_demo
from threefold.logs import start_logging
from threefold.mail.carriers import Carrier, FolderCarrier, MailServer, SmtpCarrier
from threefold.mail.courier import Courier
from threefold.people import actions as people
from threefold.settings import NotSettled, Settings, from_environment, unsafe, variables
from threefold.store import migrations
from threefold.store.engine import Busy, Store, Unusable
from threefold.web.ids import Ids
from threefold.web.security import Keys, new_token

CONNECTIONS = 4
ENDS = (signal.SIGINT, signal.SIGTERM)
SECRETS = {"THREEFOLD_SECRET", "THREEFOLD_SMTP_URL", "THREEFOLD_DATABASE_URL"}  # never shown
log = structlog.get_logger("threefold")
# What is said holds paths and settings: nothing in them is markup or an emoji's name.
say = Console(highlight=False, soft_wrap=True, markup=False, emoji=False)
complain = Console(stderr=True, highlight=False, soft_wrap=True, markup=False, emoji=False)


def now() -> datetime:
    return datetime.now(UTC)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Live practice triads for counselling training: fair plans, invitations, feedback.

    Everything is set by THREEFOLD_* variables; `threefold check` lists them and says what is missing.
    """


@main.command()
@click.option("--port", default=8000, show_default=True, help="The port to listen on; 0 takes any that is free.")
@click.option("--folder", type=click.Path(path_type=Path), help="Keep the demo here instead of a temporary folder.")
def demo(port: int, folder: Path | None) -> None:
    """A made-up centre in the middle of its term, to look around in. Mails stay in its outbox."""
    door = open_door("127.0.0.1", port, "--port")
    end_quietly()
    start_logging(level=logging.WARNING)
    say.print("Starting Threefold with a made-up centre. This takes a few seconds.")
    with kept_in(folder) as home:
        try:
            settings, links = build_demo(home, door.getsockname()[1])
        except OSError as refused:
            give_up(f"{refused.filename or home} cannot be used: {refused.strerror}. Name another with --folder.")

        def show_links() -> None:
            say.print()
            say.print("Threefold is ready.", style="bold")
            for part, link in (("open", settings.base_url), *links, ("outbox", f"{settings.base_url}/outbox")):
                say.print(f"  {part:<9} {link}")
            say.print("\nThe tutor’s, trainee’s and observer’s link sign one browser in each. Press Ctrl+C to stop.")

        run_web(settings, door, folders=True, once_ready=show_links)


@main.command()
def serve() -> None:
    """The web service; sends letters as well, unless THREEFOLD_COURIER is no."""
    settings = ready_to_run()
    door = open_door(settings.host, settings.port, "THREEFOLD_PORT")
    end_quietly()
    start_logging()
    run_web(settings, door, folders=False, once_ready=lambda: log.info("ready", port=settings.port))


@main.command()
def work() -> None:
    """The courier alone: sends letters from the same database until stopped."""
    settings = ready_to_run()
    end_quietly()
    start_logging()
    store = opened(settings)

    async def until_stopped() -> None:
        courier = Courier(store, carriers(settings, folders=False), sender=settings.sender, clock=now)
        stop = asyncio.Event()
        for sign in ENDS:
            asyncio.get_running_loop().add_signal_handler(sign, stop.set)
        courier.start()
        log.info("ready")
        await stop.wait()
        await courier.stop()
        await store.close()

    asyncio.run(until_stopped())


@main.command()
def migrate() -> None:
    """Bring the database up to date; safe to run again and from several places."""
    settings = settled()
    with trouble_told():
        migrations.upgrade(settings.database)
    say.print("The database is up to date.")


@main.command("create-tutor")
@click.argument("email")
@click.option("--name", default="", help="Their name; the part before the @ until they change it.")
def create_tutor(email: str, name: str) -> None:
    """Let somebody set up cohorts, and print a link that signs them in (good for a day, once)."""
    settings = settled()
    store = opened(settings, up_to_date=True)
    moment = now()
    keys, token, ids = Keys(settings.secret), new_token(), Ids(moment)

    def work(db: Session) -> Refusal | None:
        made = people.make_tutor(db, email=email, name=name or email.partition("@")[0], now=moment, new_id=ids)
        if isinstance(made, Refusal):
            return made
        people.invite_link(
            db,
            made,
            "/cohorts",
            link=token_digest(token),
            digest=keys.digest,
            lasts=timedelta(days=1),
            now=moment,
            new_id=ids,
        )
        return None

    try:
        refusal = store.write_now(work)
    except Busy as trouble:
        give_up(f"The database does not answer: {trouble}.")
    finally:
        store.close_now()
    if refusal:
        give_up(*(problem.sentence for problem in refusal.problems))
    say.print(f"{email} may set up cohorts. This link signs them in once, until tomorrow:")
    say.print(f"{settings.base_url}/sign-in/link/{token}")


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
def backup(file: Path) -> None:
    """A consistent copy of the embedded database in FILE, taken while it runs."""
    settings = settled()
    with trouble_told():
        if not migrations.is_there(settings.database):
            give_up("There is no database to copy yet. Run `threefold migrate`.")
    store = opened(settings)
    try:
        with trouble_told():
            store.backup_now(file)
    finally:
        store.close_now()
    say.print(f"Copied to {file}.")


@main.command()
def check() -> None:
    """Say in words what is missing or wrong, and list every setting."""
    for variable, sentence, _ in variables():
        held = os.environ.get(variable, "")
        say.print(f"{variable}: {('set' if variable in SECRETS else held) if held else 'not set'}")
        say.print(f"    {sentence}", style="dim")
    say.print()
    settings = settled()
    troubles = 0
    for what, trouble in checking.look(settings):
        troubles += bool(trouble)
        say.print(f"{what}: {trouble or 'all is well.'}")
    sys.exit(1 if troubles else 0)


def settled() -> Settings:
    """Settings as the environment has them; gives up with every problem at once."""
    try:
        return from_environment()
    except NotSettled as unsettled:
        give_up(*unsettled.problems)


def ready_to_run() -> Settings:
    """Settings that may go live, and a database that is up to date; gives up with every reason at once."""
    settings = settled()
    problems = list(unsafe(settings))
    if settings.smtp_url:
        try:
            MailServer.from_url(settings.smtp_url)
        except ValueError as unusable:
            problems.append(str(unusable))
    if trouble := checking.database(settings):
        problems.append(trouble)
    if problems:
        give_up("Threefold does not start like this:", *problems)
    return settings


def opened(settings: Settings, *, up_to_date: bool = False) -> Store:
    """The database's door; gives up with a sentence where it cannot be used."""
    with trouble_told():
        if up_to_date and not migrations.is_current(settings.database):
            give_up("The database is not up to date. Run `threefold migrate`.")
        return Store.open(settings.database)


@contextmanager
def trouble_told() -> Iterator[None]:
    """What keeps a database or a file from being used is told in a sentence."""
    try:
        yield
    except (Unusable, Busy) as trouble:
        give_up(str(trouble))
    except OSError as refused:
        give_up(f"{refused.filename} cannot be used: {refused.strerror}.")


def carriers(settings: Settings, *, folders: bool) -> list[Carrier]:
    if folders:
        return [FolderCarrier(settings.outbox_folder)]
    server = MailServer.from_url(settings.smtp_url)
    return [SmtpCarrier(server) for _ in range(CONNECTIONS)]


@contextmanager
def kept_in(folder: Path | None) -> Iterator[Path]:
    """The folder that was named, or one that is gone afterwards."""
    if folder is not None:
        yield folder
        return
    with TemporaryDirectory(prefix="threefold-demo-", ignore_cleanup_errors=True) as passing:
        yield Path(passing)


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
    """Says when it is ready."""

    def __init__(self, config: uvicorn.Config, once_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self.once_ready = once_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.once_ready()


def run_web(settings: Settings, door: socket.socket, *, folders: bool, once_ready: Callable[[], None]) -> None:
    """Serve until told to end; answers under way are finished first."""
    store = opened(settings)
    courier = None
    if settings.courier:
        courier = Courier(store, carriers(settings, folders=folders), sender=settings.sender, clock=now)
    config = uvicorn.Config(
        build_app(settings, store, courier=courier),
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
        timeout_graceful_shutdown=10,
    )
    Server(config, once_ready).run([door])


def end_quietly() -> None:
    """Ctrl+C and a supervisor's SIGTERM are how these commands end: without a word, and with 0."""

    def leave(_sign: int, _frame: object) -> NoReturn:
        sys.exit(0)

    for sign in ENDS:
        signal.signal(sign, leave)


def give_up(*sentences: str) -> NoReturn:
    for sentence in sentences:
        complain.print(sentence)
    sys.exit(1)
