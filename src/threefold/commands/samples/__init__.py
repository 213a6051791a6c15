"""The command `threefold letters`: every kind of letter the product sends, as files, in the order they would leave.

A made-up centre whose term crosses a clock change lives through a week of it: its people press the buttons of the real
pages, the clerk and the courier do what they always do, and only the clock is set by hand.
"""

import asyncio
import logging
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from threefold.commands.samples.centre import Centre
from threefold.commands.samples.week import INDEX, live
from threefold.logs import start_logging
from threefold.settings import Settings
from threefold.store import migrations
from threefold.store.engine import Store


@click.command("letters")
@click.option(
    "--samples",
    "folder",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="An empty folder, or one to be made: 000001.eml and so on, and index.txt that says what each is.",
)
def letters(folder: Path) -> None:
    """Every kind of letter there is, as files: open them with your own mail program and calendar.

    They come from a made-up centre whose term crosses a clock change; nobody in it exists, and nothing is sent.
    """
    start_logging(level=logging.ERROR)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        taken = next(folder.iterdir(), None)
    except OSError as refused:
        click.echo(f"{folder} cannot be used: {refused.strerror}.", err=True)
        sys.exit(2)
    if taken is not None:
        click.echo(f"{folder} is not empty. Name a folder that is, or one to be made.", err=True)
        sys.exit(2)
    with TemporaryDirectory(prefix="threefold-letters-", ignore_cleanup_errors=True) as home:
        asyncio.run(write_samples(folder, Path(home), partial(click.echo, err=True)))
    count = len(list(folder.glob("*.eml")))
    click.echo(f"{count} letters are in {folder}; {INDEX} says what each of them is.")


async def write_samples(folder: Path, home: Path, told: Callable[[str], object]) -> None:
    """Write the letters and their index into `folder`. `home` is for the centre itself; `told` hears how far it is."""
    settings = Settings(
        data_folder=home,
        base_url="https://practice.elmhouse.example",
        secret="made-up-people-have-no-secrets-0123456789",  # noqa: S106 - and this is theirs
        sender="practice@elmhouse.example",
        centre="Elm House",
        contact="The office, 01632 960000, office@elmhouse.example",
        replies=True,
    )
    migrations.upgrade(settings.database)
    store = Store.open(settings.database)
    try:
        await live(Centre(store, settings, folder, told))
    finally:
        store.close_now()
