"""The command `threefold`: demo, serve, work, migrate, create-tutor, backup, check."""

import asyncio
import os
import signal
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NoReturn

import click
import uvicorn
from rich.console import Console
from rich.table import Table
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
say = Console(highlight=False, soft_wrap=True)
complain = Console(stderr=True, highlight=False, soft_wrap=True)


def now() -> datetime:
    return datetime.now(UTC)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Live practice triads for counselling training: fair plans, invitations, feedback.

    Everything is set by THREEFOLD_* variables; `threefold check` lists them and says what is missing.
    """


@main.command()
@click.option("--port", default=8000, show_default=True, help="The port to listen on.")
@click.option("--folder", type=click.Path(path_type=Path), help="Keep the demo here instead of a temporary folder.")
def demo(port: int, folder: Path | None) -> None:
    """A made-up centre in the middle of its term, to look around in. Mails stay in its outbox."""
    settings, links = build_demo(folder, port)
    start_logging()
    say.print(f"\n[bold]Threefold[/bold], a made-up centre: [link]{settings.base_url}[/link]\n")
    for part, link in links:
        say.print(f"  {part:<9} {link}")
    say.print(f"  {'outbox':<9} {settings.base_url}/outbox\n\nEach link signs one browser in. Press Ctrl+C to stop.\n")
    run_web(settings, folders=True)


@main.command()
def serve() -> None:
    """The web service; sends letters as well, unless THREEFOLD_COURIER is no."""
    settings = ready_to_run()
    run_web(settings, folders=False)


@main.command()
def work() -> None:
    """The courier alone: sends letters from the same database until stopped."""
    settings = ready_to_run()
    store = opened(settings)

    async def until_stopped() -> None:
        courier = Courier(store, carriers(settings, folders=False), sender=settings.sender, clock=now)
        stop = asyncio.Event()
        for sign in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(sign, stop.set)
        courier.start()
        await stop.wait()
        await courier.stop()
        await store.close()

    asyncio.run(until_stopped())


@main.command()
def migrate() -> None:
    """Bring the database up to date; safe to run again and from several places."""
    settings = settled()
    try:
        migrations.upgrade(settings.database)
    except (Unusable, Busy) as trouble:
        give_up(str(trouble))
    say.print("The database is up to date.")


@main.command("create-tutor")
@click.argument("email")
@click.option("--name", default="", help="Their name; the part before the @ until they change it.")
def create_tutor(email: str, name: str) -> None:
    """Let somebody set up cohorts, and print a link that signs them in (good for a day, once)."""
    settings = settled()
    store = opened(settings)
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

    refusal = store.write_now(work)
    if refusal:
        store.close_now()
        give_up(*(problem.sentence for problem in refusal.problems))
    store.close_now()
    say.print(f"{email} may set up cohorts. This link signs them in once, until tomorrow:")
    say.print(f"{settings.base_url}/sign-in/link/{token}")


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
def backup(file: Path) -> None:
    """A consistent copy of the embedded database in FILE, taken while it runs."""
    store = opened(settled())
    try:
        store.backup_now(file)
    except (Unusable, Busy) as trouble:
        give_up(str(trouble))
    finally:
        store.close_now()
    say.print(f"Copied to {file}.")


@main.command()
def check() -> None:
    """Say in words what is missing or wrong, and list every setting."""
    settings = settled()
    listing = Table("Setting", "What it is for", "Now", show_lines=False, box=None)
    for variable, sentence, _ in variables():
        held = os.environ.get(variable, "")
        secret = variable in {"THREEFOLD_SECRET", "THREEFOLD_SMTP_URL", "THREEFOLD_DATABASE_URL"}
        listing.add_row(variable, sentence, ("set" if held else "not set") if secret else held or "not set")
    say.print(listing)
    troubles = 0
    for what, trouble in checking.look(settings):
        troubles += bool(trouble)
        say.print(f"{what}: {trouble or 'all is well'}")
    sys.exit(1 if troubles else 0)


def settled() -> Settings:
    try:
        return from_environment()
    except NotSettled as unsettled:
        give_up(*unsettled.problems)


def ready_to_run() -> Settings:
    """Settings that may go live; refuses with every reason at once."""
    settings = settled()
    problems = list(unsafe(settings))
    try:
        if settings.smtp_url:
            MailServer.from_url(settings.smtp_url)
        if not migrations.is_current(settings.database):
            problems.append("The database is not up to date. Run `threefold migrate`.")
    except ValueError as unusable:
        problems.append(str(unusable))
    except (Unusable, Busy) as trouble:
        problems.append(str(trouble))
    if problems:
        give_up("Threefold does not start like this:", *problems)
    start_logging()
    return settings


def opened(settings: Settings) -> Store:
    try:
        return Store.open(settings.database)
    except (Unusable, Busy) as trouble:
        give_up(str(trouble))


def carriers(settings: Settings, *, folders: bool) -> list[Carrier]:
    if folders:
        return [FolderCarrier(settings.outbox_folder)]
    server = MailServer.from_url(settings.smtp_url)
    return [SmtpCarrier(server) for _ in range(CONNECTIONS)]


def run_web(settings: Settings, *, folders: bool) -> None:
    store = opened(settings)
    courier = None
    if settings.courier:
        courier = Courier(store, carriers(settings, folders=folders), sender=settings.sender, clock=now)
    uvicorn.run(
        build_app(settings, store, courier=courier),
        host=settings.host,
        port=settings.port,
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
        timeout_graceful_shutdown=10,
    )


def give_up(*sentences: str) -> NoReturn:
    for sentence in sentences:
        complain.print(sentence)
    sys.exit(1)
