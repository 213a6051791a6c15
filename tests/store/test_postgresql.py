"""What can befall a server: connections that break, locks, and a commit nobody can be sure of."""

import psycopg
import pytest
from sqlalchemy import bindparam, func, select, text
from sqlalchemy.orm import Session

from tests.builders import an_id
from tests.store.rows import arrive, person, who_is_here
from threefold.store.engine import Busy, Store, Unusable
from threefold.store.postgresql import MOST_NAMED
from threefold.store.prepared import Prepared
from threefold.store.tables import Person

HOW_MANY = Prepared(
    select(func.count()).select_from(Person).where(Person.id.in_(bindparam("these", expanding=True))), int
)


@pytest.fixture
def kind() -> str:
    return "postgresql"


def break_all(url: str) -> None:
    """End every other connection to the database, as a server that restarts does."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def test_connections_that_broke_while_idle_are_replaced(store: Store, database_url: str) -> None:
    store.write_now(arrive("Ana"))
    store.read_now(who_is_here)
    break_all(database_url)
    assert store.read_now(who_is_here) == ["Ana"]
    assert store.write_now(arrive("Ben")) == "Ben"
    assert store.read_now(who_is_here) == ["Ana", "Ben"]


def test_a_connection_that_breaks_in_a_unit_that_writes_is_busy_and_the_next_is_served(
    store: Store, database_url: str
) -> None:
    def broken(db: Session) -> None:
        db.add(person("Ana"))
        db.flush()
        break_all(database_url)
        db.execute(text("SELECT 1"))

    with pytest.raises(Busy):
        store.write_now(broken)
    assert store.write_now(arrive("Ben")) == "Ben"
    assert store.read_now(who_is_here) == ["Ben"]


def test_a_connection_that_breaks_under_a_prepared_question_is_busy_to_a_writer_and_replaced_for_a_reader(
    store: Store, database_url: str
) -> None:
    tries: list[int] = []

    def unlucky(db: Session) -> list[int]:
        tries.append(len(tries))
        if len(tries) < 3:
            break_all(database_url)
        return HOW_MANY.all(db, these=[an_id()])

    with pytest.raises(Busy):
        store.write_now(unlucky)
    assert store.read_now(unlucky) == [0]
    assert tries == [0, 1, 2]


def test_no_more_statements_are_kept_ready_than_a_server_should_hold(store: Store) -> None:
    def ask_in_many_ways(db: Session) -> tuple[list[int], object]:
        found = [HOW_MANY.all(db, these=[an_id()] * many)[0] for many in [*range(1, MOST_NAMED + 9), 1]]
        return found, db.scalar(text("SELECT count(*) FROM pg_prepared_statements WHERE name LIKE 'threefold%'"))

    assert store.write_now(ask_in_many_ways) == ([0] * (MOST_NAMED + 9), MOST_NAMED)


def test_a_prepared_question_outlives_what_is_undone(store: Store) -> None:
    def undone_inside(db: Session) -> list[int]:
        for _ in range(9):
            who_is_here(db)  # often enough for psycopg to prepare it, and to forget all that is prepared when it can
        inside = db.begin_nested()
        db.add(person("Ana"))
        db.flush()
        inside.rollback()
        return HOW_MANY.all(db, these=[an_id()])

    assert store.write_now(lambda db: HOW_MANY.all(db, these=[an_id()])) == [0]
    assert store.write_now(undone_inside) == [0]


def test_a_connection_that_breaks_while_reading_is_tried_once_more(store: Store, database_url: str) -> None:
    store.write_now(arrive("Ana"))
    tries: list[int] = []

    def unlucky(db: Session) -> list[str]:
        tries.append(len(tries))
        if len(tries) == 1:
            db.execute(text("SELECT 1"))
            break_all(database_url)
        return who_is_here(db)

    assert store.read_now(unlucky) == ["Ana"]
    assert tries == [0, 1]


def test_a_commit_whose_connection_breaks_is_not_run_again(store: Store, database_url: str) -> None:
    runs: list[str] = []

    def last_words(db: Session) -> None:
        db.add(person("Ana"))
        db.flush()
        runs.append("ran")
        break_all(database_url)

    with pytest.raises(Busy):
        store.write_now(last_words)
    assert runs == ["ran"]
    assert store.read_now(who_is_here) == []


def test_the_short_name_of_the_database_is_understood(database_url: str) -> None:
    store = Store.open(database_url.replace("postgresql://", "postgres://"))
    assert store.kind == "postgresql"
    assert store.read_now(who_is_here) == []
    store.close_now()


def test_a_server_that_is_not_there_is_said_so_without_the_password(tmp_path: object) -> None:
    with pytest.raises(Unusable, match="cannot be reached") as refused:
        Store.open(f"postgresql://somebody:hush@/threefold?host={tmp_path}", patience_seconds=1)
    assert "hush" not in str(refused.value)


def test_copying_is_left_to_its_own_tool(store: Store, tmp_path: object) -> None:
    with pytest.raises(Unusable, match="pg_dump"):
        store.backup_now(tmp_path / "copy")  # type: ignore[operator] # never looked at
