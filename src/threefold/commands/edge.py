"""What every command has at its edge: settings, the database's door, and how it gives up with a sentence."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import NoReturn, TypeVar

import click
from sqlalchemy.orm import Session

from threefold.settings import NotSettled, Settings, from_environment
from threefold.store import schema
from threefold.store.engine import Busy, Store, Unusable

T = TypeVar("T")


def now() -> datetime:
    return datetime.now(UTC)


def settled() -> Settings:
    """Settings as the environment has them; gives up with every problem at once."""
    try:
        return from_environment()
    except NotSettled as unsettled:
        give_up(*unsettled.problems)


def opened(settings: Settings, *, up_to_date: bool = False) -> Store:
    """The database's door; gives up with a sentence where it cannot be used."""
    with trouble_told():
        if up_to_date and not schema.is_current(settings.database):
            give_up("The database is not up to date. Run `threefold migrate`.")
        return Store.open(settings.database)


def written(store: Store, work: Callable[[Session], T]) -> T:
    """What one unit of work did, after which the door is closed; gives up where the database does not answer."""
    try:
        return store.write_now(work)
    except Busy as trouble:
        give_up(f"The database does not answer: {trouble}.")
    finally:
        store.close_now()


@contextmanager
def trouble_told() -> Iterator[None]:
    """What keeps a database or a file from being used is told in a sentence."""
    try:
        yield
    except (Unusable, Busy) as trouble:
        give_up(str(trouble))
    except OSError as refused:
        give_up(f"{refused.filename} cannot be used: {refused.strerror}.")


def give_up(*sentences: str) -> NoReturn:
    for sentence in sentences:
        click.echo(sentence, err=True)
    sys.exit(1)
