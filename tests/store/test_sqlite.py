"""What can befall a database file: a full disk, damage, a restored copy beside an old journal, and many at once."""

import asyncio
import shutil
import sqlite3
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.store.rows import arrive, count_up, person, who_is_here
from threefold.store.engine import Busy, Store, Unusable


@pytest.fixture
def kind() -> str:
    return "sqlite"


def file_of(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


def commits_in(journal: Path) -> int:
    """How many commits a -wal file holds: frames that name the database's size (sqlite.org/fileformat2.html, 4.1)."""
    content = journal.read_bytes()
    page = int.from_bytes(content[8:12], "big")
    salt = content[16:24]
    frames = [content[at : at + 24] for at in range(32, len(content), 24 + page)]
    return sum(frame[4:8] != b"\0\0\0\0" for frame in frames if frame[8:16] == salt)


def whole(path: Path) -> bool:
    connection = sqlite3.connect(path)
    try:
        return connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    finally:
        connection.close()


def pragma(name: str) -> Callable[[Session], int]:
    return lambda db: db.scalar(text(f"PRAGMA {name}")) or 0


def test_every_connection_is_durable_and_careful(store: Store) -> None:
    settings = ("journal_mode", "synchronous", "foreign_keys", "secure_delete", "query_only")
    assert [store.write_now(pragma(name)) for name in settings] == ["wal", 2, 1, 1, 0]
    assert [store.read_now(pragma(name)) for name in settings] == ["wal", 2, 1, 1, 1]


async def test_units_that_wait_together_share_one_commit(store: Store, database_url: str) -> None:
    started, go_on = threading.Event(), threading.Event()

    def slow(db: Session) -> None:
        db.add(person("Slow"))
        started.set()
        assert go_on.wait(10)

    journal = file_of(database_url).with_name("threefold.db-wal")
    held = asyncio.create_task(store.write(slow))
    await asyncio.to_thread(started.wait)
    before = commits_in(journal) if journal.exists() and journal.stat().st_size else 0
    waiting = [asyncio.create_task(store.write(arrive(f"Person {n:02}"))) for n in range(40)]
    await asyncio.sleep(0)
    go_on.set()
    await asyncio.gather(held, *waiting)
    assert len(await store.read(who_is_here)) == 41
    assert commits_in(journal) - before == 2


async def test_a_full_disk_is_answered_with_busy_and_passes(store: Store) -> None:
    def fill(db: Session) -> None:
        db.add(person("Long"))
        db.flush()
        db.execute(text("UPDATE person SET pronouns = :words WHERE name = 'Long'"), {"words": "x" * 200_000})

    await store.write(arrive("Ana"))
    pages = await store.write(pragma("page_count"))
    await store.write(pragma(f"max_page_count = {pages}"))
    answers = await asyncio.gather(
        store.write(arrive("Ben")), store.write(fill), store.write(arrive("Cleo")), return_exceptions=True
    )
    assert [answer if isinstance(answer, str) else repr(answer) for answer in answers] == [
        "Ben",
        "Busy('the disk is full')",
        "Cleo",
    ]
    assert await store.read(who_is_here) == ["Ana", "Ben", "Cleo"]
    await store.write(pragma("max_page_count = 1000000"))
    await store.write(fill)
    assert await store.read(who_is_here) == ["Ana", "Ben", "Cleo", "Long"]


async def test_a_batch_that_is_lost_as_a_whole_runs_again_one_by_one(store: Store) -> None:
    started, go_on = threading.Event(), threading.Event()

    def slow(_db: Session) -> None:
        started.set()
        assert go_on.wait(10)

    def leave_the_transaction(db: Session) -> None:
        db.add(person("Nobody"))
        db.flush()
        db.execute(text("ROLLBACK"))

    held = asyncio.create_task(store.write(slow))
    await asyncio.to_thread(started.wait)
    waiting = asyncio.gather(
        store.write(arrive("Ana")),
        store.write(leave_the_transaction),
        store.write(arrive("Ben")),
        return_exceptions=True,
    )
    await asyncio.sleep(0)
    go_on.set()
    await held
    assert [answer if isinstance(answer, str) else repr(answer) for answer in await waiting] == [
        "Ana",
        "RuntimeError('a unit of work has ended the transaction it was part of')",
        "Ben",
    ]
    assert await store.read(who_is_here) == ["Ana", "Ben"]


async def test_a_commit_that_is_refused_costs_only_the_unit_it_is_about(store: Store) -> None:
    started, go_on = threading.Event(), threading.Event()

    def slow(_db: Session) -> None:
        started.set()
        assert go_on.wait(10)

    def point_at_nothing_until_the_end(db: Session) -> None:
        db.execute(text("PRAGMA defer_foreign_keys = ON"))
        db.execute(text("INSERT INTO staff (person_id, since) VALUES ('nobody', '2026-01-01T00:00:00.000000+00:00')"))

    held = asyncio.create_task(store.write(slow))
    await asyncio.to_thread(started.wait)
    waiting = asyncio.gather(
        store.write(arrive("Ana")),
        store.write(point_at_nothing_until_the_end),
        store.write(arrive("Ben")),
        return_exceptions=True,
    )
    await asyncio.sleep(0)
    go_on.set()
    await held
    ana, refused, ben = await waiting
    assert (ana, ben) == ("Ana", "Ben")
    assert isinstance(refused, sqlite3.IntegrityError)
    assert await store.read(who_is_here) == ["Ana", "Ben"]


def test_a_new_file_gets_its_folders_and_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "not" / "there yet" / "threefold.db"
    store = Store.open(f"sqlite:///{path}")
    store.write_now(lambda db: db.execute(text("CREATE TABLE scrap (number INTEGER)")) and None)
    beside = sorted(path.parent.iterdir())
    assert [(found.name, stat.S_IMODE(found.stat().st_mode)) for found in beside] == [
        ("threefold.db", 0o600),
        ("threefold.db-shm", 0o600),
        ("threefold.db-wal", 0o600),
    ]
    store.close_now()
    assert [found.name for found in path.parent.iterdir()] == ["threefold.db"]


def test_what_is_no_database_is_refused_in_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "threefold.db"
    path.write_text("Minutes of the staff meeting. " * 400)
    with pytest.raises(Unusable, match=r"threefold\.db is damaged or not a database"):
        Store.open(f"sqlite:///{path}")
    assert path.read_text().startswith("Minutes of the staff meeting.")


@pytest.mark.parametrize("damage", ["truncated", "scribbled on"])
def test_a_damaged_file_is_refused_in_a_sentence(database_url: str, damage: str) -> None:
    path = file_of(database_url)
    content = bytearray(path.read_bytes())
    if damage == "truncated":
        path.write_bytes(content[: len(content) // 2])
    else:
        content[4096 * 2 : 4096 * 6] = b"\xa5" * 4096 * 4
        path.write_bytes(content)
    with pytest.raises(Unusable, match="Put the last backup in its place"):
        Store.open(database_url)


async def test_a_copy_made_while_people_write_is_whole_and_of_one_moment(
    store: Store, database_url: str, tmp_path: Path
) -> None:
    await store.write(arrive("Ana"))
    copy = tmp_path / "copy.db"
    writing = [asyncio.create_task(store.write(count_up("Ana"))) for _ in range(100)]
    await writing[20]
    await store.backup(copy)
    await asyncio.gather(*writing)
    assert whole(copy)
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    restored = Store.open(f"sqlite:///{copy}")
    counted = text("SELECT feed_number FROM person")
    assert 20 < (await restored.read(lambda db: db.scalar(counted)) or 0) <= 100
    await restored.close()
    assert await store.read(lambda db: db.scalar(counted)) == 100
    assert whole(file_of(database_url))


def test_a_backup_replaces_the_one_before_only_when_it_is_done(store: Store, tmp_path: Path) -> None:
    store.write_now(arrive("Ana"))
    store.backup_now(tmp_path / "copy.db")
    kept = (tmp_path / "copy.db").read_bytes()
    assert [found.name for found in tmp_path.glob("copy*")] == ["copy.db"]
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match="folder"):
        store.backup_now(tmp_path / "folder")
    with pytest.raises(FileNotFoundError):
        store.backup_now(tmp_path / "nowhere" / "copy.db")
    with pytest.raises(Unusable, match="the database itself"):
        store.backup_now(tmp_path / "threefold.db")
    assert (tmp_path / "copy.db").read_bytes() == kept
    assert sorted(found.name for found in tmp_path.glob("*unfinished*")) == []


def test_a_restored_copy_does_not_take_up_the_journal_of_the_database_before_it(
    database_url: str, tmp_path: Path
) -> None:
    path = file_of(database_url)
    store = Store.open(database_url)
    store.write_now(arrive("Ana"))
    store.backup_now(tmp_path / "copy.db")
    for name in ("Ben", "Cleo", "Dev"):
        store.write_now(arrive(name))
    crashed = tmp_path / "crashed"  # as the power cut left it: journal and all
    crashed.mkdir()
    for found in path.parent.glob("threefold.db*"):
        shutil.copy(found, crashed)
    store.close_now()
    assert sorted(found.name for found in crashed.iterdir()) == [
        "threefold.db",
        "threefold.db-shm",
        "threefold.db-wal",
    ]

    recovered = tmp_path / "recovered"
    shutil.copytree(crashed, recovered)
    shutil.copy(tmp_path / "copy.db", crashed / "threefold.db")
    restored = Store.open(f"sqlite:///{crashed}/threefold.db")
    assert restored.read_now(who_is_here) == ["Ana"]
    restored.write_now(arrive("Eli"))
    restored.close_now()
    assert whole(crashed / "threefold.db")

    own = Store.open(f"sqlite:///{recovered}/threefold.db")  # its own journal is taken up
    assert own.read_now(who_is_here) == ["Ana", "Ben", "Cleo", "Dev"]
    own.close_now()


def test_a_second_store_of_this_process_leaves_the_firsts_journal_alone(database_url: str) -> None:
    one = Store.open(database_url)
    one.write_now(arrive("Ana"))
    other = Store.open(database_url)
    assert other.read_now(who_is_here) == ["Ana"]
    other.close_now()
    one.write_now(arrive("Ben"))
    one.close_now()
    assert whole(file_of(database_url))


def test_a_file_another_process_keeps_to_itself_is_busy(database_url: str) -> None:
    other = sqlite3.connect(file_of(database_url), isolation_level=None)
    other.execute("PRAGMA locking_mode = EXCLUSIVE")
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(Busy, match="another process holds the database"):
        Store.open(database_url, patience_seconds=0.1)
    other.close()
    Store.open(database_url).close_now()


def test_what_is_deleted_is_gone_from_the_file(store: Store, database_url: str) -> None:
    store.write_now(arrive("Canary"))
    store.write_now(lambda db: db.execute(text("DELETE FROM person")) and None)
    store.close_now()
    assert b"Canary" not in file_of(database_url).read_bytes()
