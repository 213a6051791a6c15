"""PostgreSQL: readers with a snapshot each, and one writer at a time as on SQLite."""

import math
from collections.abc import Sequence
from functools import cached_property
from typing import Any, cast

import psycopg
from psycopg import abc
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus, TransactionStatus
from psycopg.pq.abc import PGresult
from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from threefold.store.desks import Reader, Writer
from threefold.store.unit import Busy, Locked, Unusable

STATEMENT_SECONDS = 30  # a statement that takes longer is given up

# Every writer of every process takes this advisory lock first. So the units of all of them run one after the
# other, each seeing what the one before it wrote, and none has to be undone for the sake of another: with
# SERIALIZABLE and retries, two processes racing for one row were still turned away after four tries.
# Lock and first look are two statements with a snapshot each (READ COMMITTED), or the look would be too old.
_WRITERS = 0x7772697465
_BEGIN_WRITING = f"BEGIN ISOLATION LEVEL READ COMMITTED; SELECT pg_advisory_xact_lock({_WRITERS})"
_BEGIN_READING = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"

# SQLSTATE codes and classes that pass by themselves or with an operator's help (PostgreSQL's manual, appendix A).
_LOCKED = {"55P03", "57014", "40001", "40P01"}  # lock or statement took too long, serialization failure, deadlock
_PASSING = {
    "53": "the database has no room left",
    "57P": "the database is being stopped or started",
    "08": "the database connection was lost",
    "25P": "the database connection was lost",
}
_IN_TRANSACTION = {TransactionStatus.INTRANS, TransactionStatus.INERROR, TransactionStatus.ACTIVE}
_ANSWERED = {ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK}
MOST_NAMED = 200  # statements that the server keeps ready for one connection


def _answered(result: PGresult) -> PGresult:
    """What libpq was answered. Raises psycopg.Error; OperationalError if the server says nothing any more."""
    if result.status in _ANSWERED:
        return result
    error = error_from_result(result)
    raise error if error.sqlstate else psycopg.OperationalError("the connection was lost") from error


class _Driver(psycopg.Connection[Any]):
    """PostgreSQL's connection as desks know it (see desks.Raw)."""

    in_batch = False
    _given = 0  # names so far

    # The first two go past cursors: making one for each statement, and finding out anew how its values are written,
    # took three times as long as asking.

    def say(self, sql: str) -> None:
        _answered(self.pgconn.exec_(sql.encode()))

    def rows(self, sql: str, values: Sequence[object]) -> list[tuple[Any, ...]]:
        """What a statement with $1, $2 … for its values answers; the server plans it once and then knows it by a name.

        Raises psycopg.Error.
        """
        name = self._names.get(sql) or self._named(sql)
        types = self._types
        written = types.dump_sequence(values, [PyFormat.TEXT] * len(values))
        answer = _answered(self.pgconn.exec_prepared(name, written))  # type: ignore[arg-type] # None is written NULL
        types.set_pgresult(answer)
        return types.load_rows(0, answer.ntuples, tuple)

    def each(self, sql: str, many: Sequence[Sequence[object]]) -> None:
        """Run a statement once for each of these, all of them on one way there and back."""
        if len(many) == 1:
            self.rows(sql, many[0])
        else:
            psycopg.RawCursor(self).executemany(sql, many)

    def _named(self, sql: str) -> bytes:
        if len(self._names) == MOST_NAMED:
            oldest = next(iter(self._names))
            _answered(self.pgconn.exec_(b"DEALLOCATE " + self._names.pop(oldest)))
        self._given += 1
        name = b"threefold_%d" % self._given
        _answered(self.pgconn.prepare(name, sql.encode()))
        self._names[sql] = name
        return name

    @cached_property
    def _names(self) -> dict[str, bytes]:
        """What the server calls each statement it keeps ready, the oldest first."""
        return {}

    @cached_property
    def _types(self) -> abc.Transformer:
        """How values are written and read."""
        return Transformer(self)

    @property
    def in_transaction(self) -> bool:
        return self.info.transaction_status in _IN_TRANSACTION

    def commit(self) -> None:
        if not self.in_batch:
            super().commit()

    def rollback(self) -> None:
        if not self.in_batch:
            super().rollback()
        elif self.in_transaction:
            self.say("ROLLBACK TO unit")


def engine_for(url: URL, *, patience_seconds: float) -> Engine:
    """Connections that say BEGIN when told to and wait for nothing without end.

    They are not pooled: whoever opens one keeps it. SQL in their errors shows no values. Raises Unusable if no
    connection can be made.
    """
    address = url.set(drivername="postgresql+psycopg")
    _, arguments = address.get_dialect()().create_connect_args(address)
    arguments.setdefault("connect_timeout", max(2, math.ceil(patience_seconds)))

    def connect() -> _Driver:
        # psycopg prepares nothing beside us: it forgets whatever is prepared with every ROLLBACK.
        raw = _Driver.connect(**arguments, autocommit=True, prepare_threshold=None)
        raw.execute(
            "SET application_name = 'threefold'; SET TIME ZONE 'UTC';"
            f"SET lock_timeout = {math.ceil(patience_seconds * 1000)};"
            f"SET statement_timeout = {STATEMENT_SECONDS * 1000};"
            f"SET idle_in_transaction_session_timeout = {2 * STATEMENT_SECONDS * 1000}".encode()
        )
        return raw

    engine = create_engine(
        address, creator=connect, poolclass=NullPool, pool_reset_on_return=None, hide_parameters=True
    )
    event.listen(engine, "handle_error", _say_no_values)
    try:
        engine.connect().close()
    except SQLAlchemyError as error:
        where = url.render_as_string(hide_password=True)
        raise Unusable(f"{where} cannot be reached: {getattr(error, 'orig', error)}") from error
    return engine


def reader(engine: Engine) -> Reader:
    """A desk that reads beside the writers."""
    return Reader(engine.connect, _BEGIN_READING, explained)


def writer(engine: Engine) -> Writer:
    """The one desk that writes; other processes have theirs, and wait their turn."""
    return Writer(engine.connect, _BEGIN_WRITING, explained)


def begin_migrating(connection: Connection) -> None:
    """Begin a transaction that no writer and no other migration runs beside, for as long as it takes.

    Raises Busy if another one stays too long.
    """
    raw = cast("_Driver", connection.connection.driver_connection)
    try:
        raw.execute(
            f"{_BEGIN_WRITING};"
            "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0".encode()
        )
    except psycopg.Error as error:
        raise explained(error) from error


def explained(error: Exception) -> Exception:
    """Locks that last, lost connections and the like become Busy; every other error stays as it is."""
    cause = getattr(error, "orig", None) or error
    if not isinstance(cause, psycopg.Error):
        return error
    state = cause.sqlstate or ""
    if not state and isinstance(cause, psycopg.OperationalError):
        state = "08"  # the server said nothing any more
    reason = _PASSING.get(state[:3]) or _PASSING.get(state[:2])
    busy = Locked("another process holds what is needed") if state in _LOCKED else reason and Busy(reason)
    if not busy:
        return error
    busy.__cause__ = error
    return busy


def _say_no_values(context: ExceptionContext) -> None:
    """PostgreSQL quotes the row it refuses; somebody's words do not belong into a log."""
    cause = context.original_exception
    if isinstance(cause, psycopg.Error) and cause.sqlstate:
        said = "a value does not fit" if cause.sqlstate.startswith("22") else cause.diag.message_primary or ""
        cause.args = (f"{said} ({cause.sqlstate})",)
        if context.sqlalchemy_exception is not None:
            context.sqlalchemy_exception.args = (f"({type(cause).__name__}) {cause.args[0]}",)
