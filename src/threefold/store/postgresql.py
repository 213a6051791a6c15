"""PostgreSQL: a small pool of snapshots to read from, and one writer at a time as on SQLite."""

import math
from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus
from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from threefold.store.lane import Errand
from threefold.store.unit import Busy, Locked, Outcome, Unusable, look
from threefold.store.writer import Writer

STATEMENT_SECONDS = 30  # a statement that takes longer is given up

# Every writer of every process takes this advisory lock first. So the units of all of them run one after the
# other, each seeing what the one before it wrote, and none has to be undone for the sake of another; measured
# against SERIALIZABLE with retries, where two processes racing for one row were still turned away after four tries.
# The lock and the first look at the data are separate statements: READ COMMITTED, or the look would be too old.
_WRITERS = 0x7772697465
_BEGIN = f"BEGIN ISOLATION LEVEL READ COMMITTED; SELECT pg_advisory_xact_lock({_WRITERS})"

# SQLSTATE codes and classes that pass by themselves or with an operator's help (PostgreSQL's manual, appendix A).
_LOCKED = {"55P03", "57014", "40001", "40P01"}  # lock or statement took too long, serialization failure, deadlock
_PASSING = {
    "53": "the database has no room left",
    "57P": "the database is being stopped or started",
    "08": "the database connection was lost",
    "25P": "the database connection was lost",
}


def engine_for(url: URL, *, patience_seconds: float, connections: int) -> Engine:
    """A pool of at most `connections` that replaces broken ones."""
    engine = create_engine(
        url.set(drivername="postgresql+psycopg"),
        pool_size=connections,
        max_overflow=0,
        pool_pre_ping=True,
        hide_parameters=True,
        connect_args={"connect_timeout": _connect_seconds(patience_seconds)},
    )
    event.listen(engine, "handle_error", _say_no_values)

    @event.listens_for(engine, "connect")
    def settle(raw: psycopg.Connection[Any], _record: object) -> None:
        raw.autocommit = True
        _settle(raw, patience_seconds)
        raw.autocommit = False

    return engine


def check(engine: Engine) -> None:
    """Raises Unusable if no connection can be made."""
    try:
        engine.connect().close()
    except SQLAlchemyError as error:
        where = engine.url.render_as_string(hide_password=True)
        raise Unusable(f"{where} cannot be reached: {getattr(error, 'orig', error)}") from error


class Reader:
    """Runs units on one snapshot each, and cannot write."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    def serve(self, errands: Sequence[Errand]) -> None:
        for errand in errands:
            outcome = self._look(errand)
            if isinstance(outcome.error, DBAPIError) and outcome.error.connection_invalidated:
                outcome = self._look(errand)  # it broke on the way; there are others
            errand.tell(outcome if outcome.error is None else Outcome(error=explained(outcome.error)))

    def close(self) -> None:
        """The pool is the store's to close."""

    def _look(self, errand: Errand) -> Outcome:
        try:
            with self._engine.connect() as connection:
                return look(connection, errand.work)
        except SQLAlchemyError as error:  # no connection to be had
            return Outcome(error=error)


class _InBatch(psycopg.Connection[Any]):
    """A connection for the writer (see writer.Raw)."""

    @property
    def in_transaction(self) -> bool:
        return self.info.transaction_status in {
            TransactionStatus.INTRANS,
            TransactionStatus.INERROR,
            TransactionStatus.ACTIVE,
        }

    def commit(self) -> None:
        """The writer commits, once for the batch."""

    def rollback(self) -> None:
        if self.in_transaction:
            self.execute("ROLLBACK TO unit")


def writer(url: URL, patience_seconds: float) -> Writer:
    """The one desk that writes; other processes have theirs, and wait their turn."""
    address = url.set(drivername="postgresql+psycopg")
    _, arguments = address.get_dialect()().create_connect_args(address)
    arguments.setdefault("connect_timeout", _connect_seconds(patience_seconds))

    def open_raw() -> _InBatch:
        raw = _InBatch.connect(**arguments, autocommit=True)  # the writer says BEGIN
        _settle(raw, patience_seconds)
        return raw

    engine = create_engine(
        address, creator=open_raw, poolclass=NullPool, pool_reset_on_return=None, hide_parameters=True
    )
    event.listen(engine, "handle_error", _say_no_values)

    def connect() -> Connection:
        return engine.connect()

    return Writer(connect, _BEGIN, explained)


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


def _settle(raw: psycopg.Connection[Any], patience_seconds: float) -> None:
    raw.execute(
        "SET application_name = 'threefold'; SET TIME ZONE 'UTC';"
        f"SET lock_timeout = {math.ceil(patience_seconds * 1000)};"
        f"SET statement_timeout = {STATEMENT_SECONDS * 1000};"
        f"SET idle_in_transaction_session_timeout = {2 * STATEMENT_SECONDS * 1000}".encode()
    )


def _connect_seconds(patience_seconds: float) -> int:
    return max(2, math.ceil(patience_seconds))


def _say_no_values(context: ExceptionContext) -> None:
    """PostgreSQL quotes the row it refuses; somebody's words do not belong into a log."""
    cause = context.original_exception
    if isinstance(cause, psycopg.Error) and cause.sqlstate:
        said = "a value does not fit" if cause.sqlstate.startswith("22") else cause.diag.message_primary or ""
        cause.args = (f"{said} ({cause.sqlstate})",)
        if context.sqlalchemy_exception is not None:
            context.sqlalchemy_exception.args = (f"({type(cause).__name__}) {cause.args[0]}",)
