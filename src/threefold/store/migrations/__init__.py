"""The schema's history: one line of revisions that works on both databases, applied once however many ask.

A new revision: change `tables.py`, then `draft(url, "what changes")` on a database that is at the head, and read
every line of what it wrote.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from threefold.store import postgresql, schema, sqlite
from threefold.store.engine import address_of
from threefold.store.unit import Unusable

_WAIT_SECONDS = 60.0  # another process may be migrating


def upgrade(url: str, revision: str = "head") -> None:
    """Bring the database at `url` to `revision`, all of it or nothing; a database that is there is left as it is.

    Two processes may ask at once: one waits, then finds it done. Raises Unusable if the database is damaged,
    cannot be reached, or was changed by a later version of this program.
    """
    if revision == "head" and schema.is_current(url):
        return
    with _only_one(url) as connection:
        _refuse_what_is_unknown(connection)
        command.upgrade(_config(connection), revision)


def downgrade(url: str, revision: str) -> None:
    """Take the database at `url` back to `revision` ("base": nothing), all of it or nothing."""
    with _only_one(url) as connection:
        _refuse_what_is_unknown(connection)
        command.downgrade(_config(connection), revision)


def heads() -> tuple[str, ...]:
    """The revision this program was written for; one, as the history has no branches."""
    return tuple(ScriptDirectory.from_config(_config()).get_heads())


def draft(url: str, message: str) -> None:
    """Write a new revision file from what differs between `tables.py` and the database at `url`."""
    with _only_one(url) as connection:
        number = f"{len(list(ScriptDirectory.from_config(_config()).walk_revisions())) + 1:04}"
        command.revision(_config(connection), message, autogenerate=True, rev_id=number)


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


@contextmanager
def _only_one(url: str) -> Iterator[Connection]:
    """A connection in a transaction that no other migration runs beside; kept when the block ends well."""
    address = address_of(url)
    if address.get_backend_name() == "sqlite":
        path = sqlite.path_of(address)
        sqlite.prepare_file(path, patience_seconds=_WAIT_SECONDS)
        # Tables are rebuilt with others pointing at them: references are checked at the end instead.
        engine = sqlite.engine_for(path, patience_seconds=_WAIT_SECONDS, foreign_keys=False)
        with engine.connect() as connection:
            sqlite.begin_writing(connection)
            with connection.begin():
                yield connection
                broken = connection.execute(text("PRAGMA foreign_key_check")).all()
                if broken:
                    raise Unusable(f"{path} would hold {len(broken)} rows that point at nothing; it is left as it was")
    else:
        with postgresql.engine_for(address, patience_seconds=_WAIT_SECONDS).connect() as connection:
            postgresql.begin_migrating(connection)
            with connection.begin():
                yield connection


def _revisions(connection: Connection) -> set[str]:
    return set(MigrationContext.configure(connection).get_current_heads())


def _refuse_what_is_unknown(connection: Connection) -> None:
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    unknown = _revisions(connection) - known
    if unknown:
        raise Unusable(
            f"The database is at revision {', '.join(sorted(unknown))}, which this version does not know: "
            "it was changed by a later one. Run that one, or put a backup from before in place."
        )
