"""The schema's history leads to the tables of today, on both databases, once, and back."""

import re
import sqlite3
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, create_engine, inspect, text

from threefold.store import migrations, schema
from threefold.store.engine import Store, Unusable, address_of
from threefold.store.tables import metadata


def sqlalchemys(url: str) -> Any:
    address = address_of(url)
    return address if address.get_backend_name() == "sqlite" else address.set(drivername="postgresql+psycopg")


def tables_in(url: str) -> set[str]:
    engine = create_engine(sqlalchemys(url))
    try:
        return set(inspect(engine).get_table_names())
    finally:
        engine.dispose()


def promises(connection: Connection) -> list[Any]:
    """Every constraint and index as the database itself words it; the order of a table's own lines aside."""
    if connection.dialect.name == "sqlite":
        rows = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE name NOT LIKE 'alembic%'"))
        # A rebuilt table's name is quoted and a column added later stands on the last one's line, which means the same.
        plain = [(name, re.split(r"\n|, (?=\w+ [A-Z]{4})", (sql or "").replace('"', ""))) for name, sql in rows]
        return sorted((name, sorted(line.strip(" \t,") for line in lines)) for name, lines in plain)
    constraints = connection.execute(
        text(
            "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
            " WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text <> 'alembic_version'"
        )
    )
    indexes = connection.execute(
        text("SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'")
    )
    columns = connection.execute(
        text(
            "SELECT table_name, column_name, data_type || is_nullable FROM information_schema.columns"
            " WHERE table_schema = 'public'"
        )
    )
    rows_of_all = [tuple(row) for found in (constraints, indexes, columns) for row in found]
    return sorted(row for row in rows_of_all if row[0] != "alembic_version")


def test_the_history_ends_at_one_head() -> None:
    assert migrations.heads() == (schema.newest(),)


def test_a_new_database_comes_to_the_tables_of_today(blank_url: str) -> None:
    assert not schema.is_current(blank_url)
    migrations.upgrade(blank_url)
    assert schema.is_current(blank_url)
    engine = create_engine(sqlalchemys(blank_url))
    try:
        with engine.connect() as connection:
            differences = compare_metadata(
                MigrationContext.configure(connection, opts={"compare_server_default": True}), metadata
            )
            by_history = promises(connection)
        with engine.begin() as connection:
            metadata.drop_all(connection)
            metadata.create_all(connection)
            by_tables = promises(connection)
    finally:
        engine.dispose()
    assert differences == []
    assert by_history == by_tables


def test_tables_laid_out_at_once_are_where_the_history_leads(tmp_path: Path) -> None:
    at_once, by_history = (f"sqlite:///{tmp_path / name}" for name in ("at-once.db", "by-history.db"))
    schema.lay_out(tmp_path / "at-once.db")
    migrations.upgrade(by_history)
    assert schema.is_current(at_once)
    assert tables_in(at_once) == tables_in(by_history)
    assert everything_said_in(at_once) == everything_said_in(by_history)
    migrations.upgrade(at_once)
    migrations.downgrade(at_once, "base")
    assert tables_in(at_once) == {"alembic_version"}


def everything_said_in(url: str) -> list[tuple[object, ...]]:
    engine = create_engine(sqlalchemys(url))
    try:
        with engine.connect() as connection:
            return promises(connection)
    finally:
        engine.dispose()


def test_upgrading_again_changes_nothing(blank_url: str) -> None:
    migrations.upgrade(blank_url)
    before = tables_in(blank_url)
    migrations.upgrade(blank_url)
    assert tables_in(blank_url) == before
    assert schema.is_current(blank_url)


def test_down_to_nothing_and_up_again(blank_url: str) -> None:
    migrations.upgrade(blank_url)
    before = tables_in(blank_url)
    migrations.downgrade(blank_url, "base")
    assert tables_in(blank_url) == {"alembic_version"}
    assert not schema.is_current(blank_url)
    migrations.upgrade(blank_url)
    assert tables_in(blank_url) == before


@pytest.mark.heavy
def test_two_processes_migrating_at_once_do_it_once(blank_url: str) -> None:
    program = "import sys; from threefold.store.migrations import upgrade; upgrade(sys.argv[1])"
    both = [
        subprocess.Popen([sys.executable, "-W", "error", "-c", program, blank_url], stderr=subprocess.PIPE)  # noqa: S603 - our own program
        for _ in range(2)
    ]
    ends = [(process.communicate()[1], process.returncode) for process in both]
    assert ends == [(b"", 0), (b"", 0)]
    assert schema.is_current(blank_url)


def test_a_database_of_a_later_version_is_refused_and_left_alone(database_url: str) -> None:
    store = Store.open(database_url)
    store.write_now(lambda db: db.execute(text("UPDATE alembic_version SET version_num = '9999'")) and None)
    assert not schema.is_current(database_url)
    with pytest.raises(Unusable, match="revision 9999, which this version does not know"):
        migrations.upgrade(database_url)
    assert store.read_now(lambda db: db.execute(text("SELECT version_num FROM alembic_version")).scalar()) == "9999"
    store.write_now(
        lambda db: (
            db.execute(text("UPDATE alembic_version SET version_num = :head"), {"head": migrations.heads()[0]}) and None
        )
    )
    store.close_now()


@pytest.mark.heavy
@pytest.mark.parametrize("kind", ["sqlite"])
def test_a_process_killed_halfway_leaves_the_database_as_it_was(blank_url: str) -> None:
    program = textwrap.dedent("""
        import os, signal, sys
        from sqlalchemy import event
        from sqlalchemy.engine import Engine
        from threefold.store.migrations import upgrade

        @event.listens_for(Engine, "before_cursor_execute")
        def die(connection, cursor, statement, *more):
            if "CREATE TABLE triad" in statement:
                os.kill(os.getpid(), signal.SIGKILL)

        upgrade(sys.argv[1])
    """)
    killed = subprocess.run([sys.executable, "-c", program, blank_url], check=False)  # noqa: S603 - our own program
    assert killed.returncode == -9
    assert tables_in(blank_url) == set()
    migrations.upgrade(blank_url)
    assert schema.is_current(blank_url)


def test_asking_about_a_file_that_is_not_there_makes_none(tmp_path: Path) -> None:
    assert not schema.is_current(f"sqlite:///{tmp_path}/none.db")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["sqlite"])
def test_a_change_of_schema_is_refused_when_rows_would_point_at_nothing(blank_url: str) -> None:
    migrations.upgrade(blank_url)
    path = blank_url.removeprefix("sqlite:///")
    with sqlite3.connect(path) as connection:  # without foreign keys, as a stray tool would
        connection.execute("INSERT INTO staff (person_id, since) VALUES ('nobody', '2026-01-01T00:00:00.000000+00:00')")
    connection.close()
    with pytest.raises(Unusable, match="1 rows that point at nothing"):
        migrations.downgrade(blank_url, migrations.heads()[0])
