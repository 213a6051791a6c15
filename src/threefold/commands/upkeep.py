"""The commands that look after an installation: its schema, its first tutors, its copies, its health."""

import os
import sys
from datetime import timedelta
from pathlib import Path

import click
from sqlalchemy.orm import Session

from threefold import check as checking
from threefold.commands.edge import give_up, now, opened, settled, trouble_told, written
from threefold.core.identity import token_digest
from threefold.core.refusal import Refusal
from threefold.people import actions as people
from threefold.settings import variables
from threefold.store import migrations, schema
from threefold.web.ids import Ids
from threefold.web.security import Keys, new_token

SECRETS = {"THREEFOLD_SECRET", "THREEFOLD_SMTP_URL", "THREEFOLD_IMAP_URL", "THREEFOLD_DATABASE_URL"}  # never shown


@click.command()
def migrate() -> None:
    """Bring the database up to date; safe to run again and from several places."""
    settings = settled()
    with trouble_told():
        migrations.upgrade(settings.database)
    click.echo("The database is up to date.")


@click.command("create-tutor")
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

    refusal = written(store, work)
    if refusal:
        give_up(*(problem.sentence for problem in refusal.problems))
    click.echo(f"{email} may set up cohorts. This link signs them in once, until tomorrow:")
    click.echo(f"{settings.base_url}/sign-in/link/{token}")


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
def backup(file: Path) -> None:
    """A consistent copy of the embedded database in FILE, taken while it runs.

    It is the whole database, what people were worried about included: keep it as safe as the database itself.
    """
    settings = settled()
    with trouble_told():
        if not schema.is_there(settings.database):
            give_up("There is no database to copy yet. Run `threefold migrate`.")
    store = opened(settings)
    try:
        with trouble_told():
            store.backup_now(file)
    finally:
        store.close_now()
    click.echo(f"Copied to {file}.")


@click.command()
def check() -> None:
    """Say in words what is missing or wrong, and list every setting."""
    for variable, sentence, _ in variables():
        held = os.environ.get(variable, "")
        click.echo(f"{variable}: {('set' if variable in SECRETS else held) if held else 'not set'}")
        click.secho(f"    {sentence}", dim=True)
    click.echo()
    settings = settled()
    troubles = 0
    for what, trouble in checking.look(settings):
        troubles += bool(trouble)
        click.echo(f"{what}: {trouble or 'all is well.'}")
    sys.exit(1 if troubles else 0)
