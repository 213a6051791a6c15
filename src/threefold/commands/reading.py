"""The command that says who reads concerns: the first reader has nobody else to name them."""

import click
from sqlalchemy.orm import Session

from threefold.commands.edge import give_up, now, opened, settled, written
from threefold.concerns import actions as concerns
from threefold.concerns import queries
from threefold.core.address import check_email, email_key
from threefold.core.refusal import Problem, Refusal
from threefold.people import queries as people
from threefold.web.ids import Ids


@click.command("concern-reader")
@click.argument("email")
@click.option("--end", is_flag=True, help="They no longer read concerns.")
def concern_reader(email: str, *, end: bool) -> None:
    """Let somebody who is known here read what people are worried about; or no longer.

    They get a letter that says only that something is waiting. Name two or more, so that one may be away.
    """
    settings = settled()
    store = opened(settings, up_to_date=True)
    moment = now()
    ids = Ids(moment)

    def work(db: Session) -> tuple[Refusal | None, int]:
        address = check_email(email)
        if isinstance(address, Problem):
            return Refusal((address,)), 0
        if end:
            person = people.somebody(db, email_key(address))
            if person is None or person.id not in {reader.person_id for reader in queries.readers(db)}:
                return Refusal.because(f"{email} does not read concerns."), 0
            concerns.end_reader(db, person.id, by=None, now=moment, new_id=ids)
            refusal = None
        else:
            refusal = concerns.name_reader(db, address, by=None, now=moment, new_id=ids)
        db.flush()
        return refusal, len(queries.readers(db))

    refusal, left = written(store, work)
    if refusal:
        give_up(*(problem.sentence for problem in refusal.problems))
    click.echo(f"{email} {'no longer reads' if end else 'reads'} concerns.")
    if not left:
        click.echo("Nobody reads concerns now: people are shown whom to call, and no form.")
