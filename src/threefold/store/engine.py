"""The one door to the database: `read` and `write`, each a unit of work on a thread, in one transaction."""

import asyncio
from pathlib import Path
from typing import Literal, TypeVar, cast

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from threefold.store import sqlite
from threefold.store.desks import Reader
from threefold.store.lane import Errand, Lane
from threefold.store.unit import Busy, Outcome, UnitSession, Unusable, Work

__all__ = ["Busy", "Store", "UnitSession", "Unusable", "Work"]

T = TypeVar("T")

PATIENCE_SECONDS = 5.0  # how long a unit waits for a lock before its caller is told Busy
TOGETHER = 64  # how many waiting units the writer joins into one commit
SQLITE_READERS = 2
POSTGRESQL_READERS = 4
HOW_TO_WRITE = "write the database's address as sqlite:////folder/file.db or postgresql://user@host/name"


class Store:
    """A database, SQLite or PostgreSQL, to which work is brought.

    A unit of work is a plain function of `db`, an SQLAlchemy session. It runs in one transaction on a thread of
    the store, sees what no other unit is halfway through, and returns finished values: rows and objects loaded
    in full, nothing that would ask the database later. It may run twice, so that ids and the time are passed in
    and it has no other effect. When it returns, `write` commits and only then answers; when it raises, nothing
    of it is kept and its caller gets the error. Busy means: not now, try again later (503).
    """

    def __init__(
        self,
        kind: Literal["sqlite", "postgresql"],
        file: Path | None,
        readers: Lane,
        writer: Lane,
        at_hand: Reader | None = None,
    ) -> None:
        self.kind = kind
        self._file = file
        self._at_hand = at_hand
        self._readers = readers
        self._writer = writer
        self._closed = False

    @classmethod
    def open(cls, url: str, *, patience_seconds: float = PATIENCE_SECONDS) -> "Store":
        """Open `sqlite:////folder/file.db` (made if it is not there) or `postgresql://user@host/name`.

        `patience_seconds` is how long a unit waits for somebody else's lock. Raises Unusable, with a sentence for
        whoever runs the server, if the database is damaged, cannot be reached or the address means none.
        """
        address = address_of(url)
        if address.get_backend_name() == "sqlite":
            path = sqlite.path_of(address)
            sqlite.prepare_file(path, patience_seconds=patience_seconds)
            sqlite.hold(path)
            engine = sqlite.engine_for(path, patience_seconds=patience_seconds)
            readers = Lane("reader", [sqlite.reader(engine) for _ in range(SQLITE_READERS)])
            at_hand = sqlite.reader(sqlite.engine_for(path, patience_seconds=0))  # it waits for nobody
            desk = sqlite.writer(engine, patience_seconds=patience_seconds)
            return cls("sqlite", path, readers, Lane("writer", [desk], together=TOGETHER), at_hand)
        from threefold.store import postgresql  # noqa: PLC0415 - a driver that SQLite's users need not load

        engine = postgresql.engine_for(address, patience_seconds=patience_seconds)
        readers = Lane("reader", [postgresql.reader(engine) for _ in range(POSTGRESQL_READERS)])
        return cls("postgresql", None, readers, Lane("writer", [postgresql.writer(engine)], together=TOGETHER))

    async def read(self, work: Work[T]) -> T:
        """What `work(db)` returns, from one consistent state; it cannot write."""
        return await self._readers.ask(work)

    async def glance(self, work: Work[T]) -> T:
        """`read` for the few quick questions of a page that is opened all the time.

        SQLite answers them here and now: handing them to a thread and waking up again costs more than they do.
        Whatever would have to wait goes the usual way. Only the thread of the event loop may ask so.
        """
        if self._at_hand is not None and not self._closed:
            found: list[Outcome] = []
            self._at_hand.serve([Errand(work, found.append)])
            if not isinstance(found[0].error, Busy):
                return cast("T", found[0].unwrap())
        return await self._readers.ask(work)

    async def write(self, work: Work[T]) -> T:
        """What `work(db)` returns, once everything it wrote is on disk."""
        return await self._writer.ask(work)

    def read_now(self, work: Work[T]) -> T:
        """`read` for the command line and for tests: waits in this thread."""
        return self._readers.ask_now(work)

    def write_now(self, work: Work[T]) -> T:
        """`write` for the command line and for tests: waits in this thread."""
        return self._writer.ask_now(work)

    def alive(self) -> bool:
        """Whether work is taken. Threads are looked at, not the database: a `read` shows whether that answers."""
        return self._readers.alive() and self._writer.alive()

    async def backup(self, target: Path) -> None:
        """`backup_now` on a thread of its own."""
        await asyncio.to_thread(self.backup_now, target)

    def backup_now(self, target: Path) -> None:
        """Copy a SQLite database as it is at one moment to the file `target`, while people go on writing.

        To restore, stop the server and put the copy in the database's place. Raises Unusable for PostgreSQL,
        which has its own tool for this.
        """
        if self._file is None:
            raise Unusable("PostgreSQL is backed up with pg_dump: pg_dump --format=custom --file=copy.dump <address>")
        sqlite.backup(self._file, target)

    async def close(self) -> None:
        """`close_now` on a thread of its own."""
        await asyncio.to_thread(self.close_now)

    def close_now(self) -> None:
        """Finish what was taken, then stop. Whoever comes later is answered with Busy; closing twice is fine."""
        for lane in (self._readers, self._writer):
            lane.stop_taking()
        for lane in (self._readers, self._writer):
            lane.close()
        if self._at_hand is not None and not self._closed:
            self._at_hand.close()
        if self._file is not None and not self._closed:
            sqlite.let_go(self._file)
        self._closed = True


def address_of(url: str) -> URL:
    """An address taken apart. Raises Unusable, without repeating it (it may hold a password)."""
    try:
        # postgres:// is what many providers hand out; SQLAlchemy knows the longer word only.
        address = make_url("postgresql" + url.removeprefix("postgres") if url.startswith("postgres://") else url)
        backend = address.get_backend_name()
    except ArgumentError as error:
        raise Unusable(HOW_TO_WRITE) from error
    if backend not in {"sqlite", "postgresql"}:
        raise Unusable(HOW_TO_WRITE)
    return address
