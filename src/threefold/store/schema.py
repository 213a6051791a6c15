"""Whether a database is there, and has the schema this program was written for; what brings it there is `migrations`.

Apart from it because every start asks this, and the tool that migrates takes longer to load than the question takes.
"""

from pathlib import Path

from sqlalchemy import inspect, text

from threefold.store import sqlite
from threefold.store.engine import PATIENCE_SECONDS, address_of
from threefold.store.tables import metadata

REVISIONS = Path(__file__).parent / "migrations" / "versions"


def newest() -> str:
    """The revision this program was written for: revisions are numbered, and their history has no branches."""
    return max(file.name.partition("_")[0] for file in REVISIONS.glob("[0-9]*.py"))


def is_current(url: str) -> bool:
    """Whether the database at `url` has the schema this program was written for."""
    address = address_of(url)
    if address.get_backend_name() == "sqlite":
        path = sqlite.path_of(address)
        if not path.exists():
            return False
        sqlite.prepare_file(path, patience_seconds=PATIENCE_SECONDS)
        engine = sqlite.engine_for(path, patience_seconds=PATIENCE_SECONDS)
    else:
        from threefold.store import postgresql  # noqa: PLC0415 - a driver that SQLite's users need not load

        engine = postgresql.engine_for(address, patience_seconds=PATIENCE_SECONDS)
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return False
        return set(connection.scalars(text("SELECT version_num FROM alembic_version"))) == {newest()}


def lay_out(path: Path) -> None:
    """A new SQLite database with the schema of today, at once. Its history would come to the same, only later."""
    sqlite.prepare_file(path, patience_seconds=PATIENCE_SECONDS)
    with sqlite.engine_for(path, patience_seconds=PATIENCE_SECONDS).connect() as connection:
        sqlite.begin_writing(connection)
        with connection.begin():
            metadata.create_all(connection)
            connection.execute(
                text(
                    "CREATE TABLE alembic_version "
                    "(version_num VARCHAR(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
                )
            )
            connection.execute(text("INSERT INTO alembic_version VALUES (:newest)"), {"newest": newest()})


def is_there(url: str) -> bool:
    """Whether there is a database at `url` at all. A server is asked by opening it."""
    address = address_of(url)
    return address.get_backend_name() != "sqlite" or sqlite.path_of(address).exists()
