"""SQLite: durable connections, opening a file safely whatever befell it, and copying it while it is written."""

import contextlib
import logging
import os
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.pool import NullPool

from threefold.store.desks import Reader, Writer
from threefold.store.unit import Busy, Locked, Unusable

# What may pass by itself or with an operator's help, and is nobody's mistake: answered with 503.
_LOCKED = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL}
_PASSING = {
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_IOERR: "the disk does not answer",
    sqlite3.SQLITE_CANTOPEN: "the database file cannot be opened",
    sqlite3.SQLITE_NOMEM: "there is no memory left",
}
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
LOOK_AGAIN_SECONDS = 0.002
STEP_BACK_SECONDS = 0.006  # three looks of somebody else
LONG_SECONDS = 0.02
_HEADER_WAL = 2  # bytes 18 and 19 of a database file in WAL mode; 1 otherwise (sqlite.org/fileformat2.html, 1.3)

_log = logging.getLogger(__name__)


# --- opening --------------------------------------------------------------------------------------------------


def path_of(url: URL) -> Path:
    """The file an URL such as sqlite:////var/lib/threefold/threefold.db means."""
    if not url.database or url.database == ":memory:" or url.database.startswith("file:"):
        raise Unusable(f"{url} names no file: write sqlite:////folder/file.db")
    return Path(url.database).absolute()


class _Driver(sqlite3.Connection):
    """SQLite's connection as desks know it (see desks.Raw); a file does not hang up."""

    closed = False
    in_batch = False

    def say(self, sql: str) -> None:
        self.execute(sql)

    def rows(self, sql: str, values: Sequence[object]) -> list[tuple[Any, ...]]:
        return self.execute(sql, values).fetchall()

    def each(self, sql: str, many: Sequence[Sequence[object]]) -> None:
        self.executemany(sql, many)

    def commit(self) -> None:
        if not self.in_batch:
            super().commit()

    def rollback(self) -> None:
        if not self.in_batch:
            super().rollback()
        elif self.in_transaction:
            self.execute("ROLLBACK TO unit")


def engine_for(path: Path, *, patience_seconds: float, foreign_keys: bool = True) -> Engine:
    """Durable connections that say BEGIN when told to: what was committed is on disk, what was deleted is overwritten.

    They are not pooled: whoever opens one keeps it. SQL in their errors shows no values.
    """
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        poolclass=NullPool,
        pool_reset_on_return=None,
        hide_parameters=True,
        connect_args={
            "factory": _Driver,
            "isolation_level": None,
            "timeout": patience_seconds,
            "check_same_thread": False,  # opened by one thread, then used by one other
        },
    )

    @event.listens_for(engine, "connect")
    def settle(raw: sqlite3.Connection, _record: object) -> None:
        pragmas = (
            "journal_mode = WAL",
            "synchronous = FULL",
            f"foreign_keys = {'ON' if foreign_keys else 'OFF'}",
            "secure_delete = ON",
            "mmap_size = 268435456",  # 256 MB
            "journal_size_limit = 67108864",  # a burst leaves no more than 64 MB behind
            "temp_store = MEMORY",  # nobody's words in a temporary file
        )
        try:
            for pragma in pragmas:
                raw.execute(f"PRAGMA {pragma}").fetchall()
        except BaseException:
            raw.close()
            raise

    return engine


def driver(connection: Connection) -> sqlite3.Connection:
    return cast("sqlite3.Connection", connection.connection.driver_connection)


def begin_writing(connection: Connection) -> None:
    """Begin a transaction that no other writer runs beside. Raises Busy if another one stays too long."""
    try:
        driver(connection).execute("BEGIN IMMEDIATE")
    except sqlite3.Error as error:
        raise explained(error) from error


def prepare_file(path: Path, *, patience_seconds: float) -> None:
    """See to it that there is a whole database at `path`, readable by its owner only; a new one is empty.

    A restored copy may find the -wal and -shm of the database it replaces beside it, and SQLite would mix the
    two. Copies made by `backup` are in the other journal mode, and no live file of ours ever is, so that such a
    -wal is known to belong to something else: it is removed. Raises Unusable for a file that is damaged or
    no database, Busy while another process holds it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    _remove_stale_journal(path)
    try:
        connection = engine_for(path, patience_seconds=patience_seconds).connect()
        try:
            findings = [row[0] for row in driver(connection).execute("PRAGMA quick_check(3)")]
        finally:
            connection.close()
    except Exception as error:
        if _code(error) in _DAMAGED:
            raise Unusable(_damaged(path, str(getattr(error, "orig", error)))) from error
        raise explained(error) from error
    if findings != ["ok"]:
        raise Unusable(_damaged(path, "; ".join(findings)))


def _damaged(path: Path, finding: str) -> str:
    return (
        f"{path} is damaged or not a database ({finding.strip()}). "
        "Put the last backup in its place; keep this file apart for whoever looks into it."
    )


# Files this process has open. Reading such a file with `open` and closing it again would drop the locks SQLite
# holds on it (POSIX drops them all with any descriptor: sqlite.org/howtocorrupt.html, 2.2).
_held: Counter[Path] = Counter()
_held_lock = threading.Lock()


def hold(path: Path) -> None:
    with _held_lock:
        _held[path.resolve()] += 1


def let_go(path: Path) -> None:
    with _held_lock:
        _held[path.resolve()] -= 1


def _remove_stale_journal(path: Path) -> None:
    beside = [path.with_name(path.name + suffix) for suffix in ("-wal", "-shm")]
    if not beside[0].exists():
        return
    with _held_lock:
        if _held[path.resolve()]:
            return
        with path.open("rb") as file:
            header = file.read(20)
        if not header.startswith(b"SQLite format 3\0") or header[18] == _HEADER_WAL:
            return
        for leftover in beside:
            leftover.unlink(missing_ok=True)
        _log.warning("%s was restored from a copy: the journal of the database before it is removed", path)


# --- serving --------------------------------------------------------------------------------------------------


def reader(engine: Engine) -> Reader:
    """A desk that reads beside the writer."""

    def connect() -> Connection:
        connection = engine.connect()
        driver(connection).execute("PRAGMA query_only = ON")
        return connection

    return Reader(connect, "BEGIN", explained)


class _Writer(Writer):
    """Looks for the lock again and again, and steps back after each long batch.

    SQLite has no queue for it: its own waiting looks less and less often, ten times a second in the end, and a busy
    process that takes the lock again at once keeps another out for as long as it is busy. Two processes racing for
    the seats of a practice: one was told Busy after five seconds.
    """

    def __init__(self, engine: Engine, patience_seconds: float) -> None:
        self._patience_seconds = patience_seconds
        self._left_at = self._held_for = 0.0
        super().__init__(engine.connect, "BEGIN IMMEDIATE", explained)

    def _open(self) -> None:
        super()._open()
        self._raw.execute("PRAGMA busy_timeout = 0")

    def _begin(self) -> None:
        if self._held_for > LONG_SECONDS and time.monotonic() - self._left_at < STEP_BACK_SECONDS:
            time.sleep(STEP_BACK_SECONDS)
        until = time.monotonic() + self._patience_seconds
        while True:
            try:
                super()._begin()
            except sqlite3.Error as error:
                if _code(error) not in _LOCKED or time.monotonic() >= until:
                    raise
            else:
                self._left_at = time.monotonic()
                return
            time.sleep(LOOK_AGAIN_SECONDS)

    def _leave(self) -> None:
        super()._leave()
        now = time.monotonic()
        self._held_for, self._left_at = now - self._left_at, now


def writer(engine: Engine, *, patience_seconds: float) -> Writer:
    """The one desk that writes; other processes may have theirs, and wait their turn."""
    return _Writer(engine, patience_seconds)


def explained(error: Exception) -> Exception:
    """A full disk and the like become Busy; every other error stays as it is."""
    code = _code(error)
    if code not in _LOCKED and code not in _PASSING:
        return error
    busy = Locked("another process holds the database") if code in _LOCKED else Busy(_PASSING[code])
    busy.__cause__ = error
    return busy


def _code(error: BaseException) -> int:
    """SQLite's primary result code, or -1."""
    cause = getattr(error, "orig", None) or error
    code = getattr(cause, "sqlite_errorcode", None)
    return -1 if code is None else code & 0xFF


# --- copying --------------------------------------------------------------------------------------------------


def backup(path: Path, target: Path) -> None:
    """Copy the database as it is at one moment to `target`, while it goes on being written.

    The copy is whole or is not there; only its owner may read it. Raises Busy when there is no room for it, and
    Unusable when `target` is the database itself.
    """
    if target.resolve() == path.resolve():
        raise Unusable(f"{target} is the database itself: name another file for the copy")
    unfinished = target.with_name(target.name + ".unfinished")
    unfinished.unlink(missing_ok=True)
    try:
        os.close(os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        with (
            contextlib.closing(sqlite3.connect(path, isolation_level=None)) as source,
            contextlib.closing(sqlite3.connect(unfinished, isolation_level=None)) as copy,
        ):
            source.backup(copy)
            # Out of WAL mode: a single file, and how a restored copy is known (see prepare_file).
            copy.execute("PRAGMA journal_mode = DELETE")
        _to_disk(unfinished)
        unfinished.replace(target)
        _to_disk(target.parent)
    except sqlite3.Error as error:
        raise explained(error) from error
    finally:
        unfinished.unlink(missing_ok=True)


def _to_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
