"""The command `threefold demo`: a made-up centre to look around in."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from threefold.commands.edge import give_up
from threefold.commands.serving import end_quietly, open_door, run_web
from threefold.demo import build_demo
from threefold.logs import start_logging


@click.command()
@click.option("--port", default=8000, show_default=True, help="The port to listen on; 0 takes any that is free.")
@click.option("--folder", type=click.Path(path_type=Path), help="Keep the demo here instead of a temporary folder.")
def demo(port: int, folder: Path | None) -> None:
    """A made-up centre in the middle of its term, to look around in. Mails stay in its outbox."""
    door = open_door("127.0.0.1", port, "--port")
    end_quietly()
    start_logging(level=logging.WARNING)
    click.echo("Starting Threefold with a made-up centre. This takes a few seconds.")
    with kept_in(folder) as home:
        try:
            settings, links = build_demo(home, door.getsockname()[1])
        except OSError as refused:
            give_up(f"{refused.filename or home} cannot be used: {refused.strerror}. Name another with --folder.")

        def show_links() -> None:
            click.echo()
            click.secho("Threefold is ready.", bold=True)
            for part, link in (("open", settings.base_url), *links, ("outbox", f"{settings.base_url}/outbox")):
                click.echo(f"  {part:<9} {link}")
            click.echo("\nThe tutor’s, trainee’s and observer’s link sign one browser in each. Press Ctrl+C to stop.")

        run_web(settings, door, folders=True, once_ready=show_links)


@contextmanager
def kept_in(folder: Path | None) -> Iterator[Path]:
    """The folder that was named, or one that is gone afterwards."""
    if folder is not None:
        yield folder
        return
    with TemporaryDirectory(prefix="threefold-demo-", ignore_cleanup_errors=True) as passing:
        yield Path(passing)
