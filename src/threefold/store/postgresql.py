"""PostgreSQL: a small pool that heals, snapshots to read from, and serializable writes that are tried again."""

import math
import random
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from threefold.store.lane import Errand
from threefold.store.unit import Busy, Outcome, Unusable, Work, look, perform

TRIES_AGAIN = 3  # after a serialization error, a deadlock, or a connection that broke before the commit
STATEMENT_SECONDS = 30  # a statement that takes longer is given up

_UNDONE = {"40001", "40P01"}  # serialization failure, deadlock: PostgreSQL asks us to try again
# Error codes that pass by themselves or with an operator's help (postgresql.org/docs, appendix A).
_PASSING = {
    "55P03": "another process holds the rows",
    "57014": "the database took too long",
    "40": "too many people change the same thing at once",
    "53": "the database has no room left",
    "57P": "the database is being stopped or started",
    "08": "the database connection was lost",
    "25P": "the database connection was lost",
}


def engine_for(url: URL, *, patience_seconds: float, connections: int) -> Engine:
    """A pool of at most `connections`; SQL in its errors shows no values."""
    engine = create_engine(
        url.set(drivername="postgresql+psycopg"),
        pool_size=connections,
        max_overflow=0,
        pool_pre_ping=True,
        hide_parameters=True,
        connect_args={"connect_timeout": max(2, math.ceil(patience_seconds))},
    )

    @event.listens_for(engine, "connect")
    def settle(raw: Any, _record: object) -> None:
        raw.autocommit = True
        raw.execute(
            "SET application_name = 'threefold'; SET TIME ZONE 'UTC';"
            f"SET lock_timeout = {math.ceil(patience_seconds * 1000)};"
            f"SET statement_timeout = {STATEMENT_SECONDS * 1000};"
            f"SET idle_in_transaction_session_timeout = {2 * STATEMENT_SECONDS * 1000}"
        )
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
            outcome = _once(self._engine, look, errand.work)
            if _broke_before_commit(outcome.error):
                outcome = _once(self._engine, look, errand.work)
            errand.tell(_explained(outcome))

    def close(self) -> None:
        """The pool is the store's to close."""


class Writer:
    """Runs units as if one after the other, though several may run at once.

    A unit that PostgreSQL undoes for the sake of another is run again, and while it is, no new unit of this
    process starts: whoever lost a race once does not lose it again to somebody who came later.
    """

    def __init__(self, engine: Engine, turnstile: threading.Lock) -> None:
        self._engine = engine.execution_options(isolation_level="SERIALIZABLE")
        self._turnstile = turnstile

    def serve(self, errands: Sequence[Errand]) -> None:
        for errand in errands:
            with self._turnstile:
                pass
            outcome = _once(self._engine, perform, errand.work)
            if _worth_another_try(outcome.error):
                with self._turnstile:
                    outcome = self._again(errand.work)
            errand.tell(_explained(outcome))

    def close(self) -> None:
        """The pool is the store's to close."""

    def _again(self, work: Work[Any]) -> Outcome:
        for tried in range(TRIES_AGAIN):
            time.sleep(tried * random.uniform(0.005, 0.03))  # let another process that is in the way finish
            outcome = _once(self._engine, perform, work)
            if not _worth_another_try(outcome.error):
                break
        return outcome


def _once(engine: Engine, run: Callable[[Connection, Work[Any]], Outcome], work: Work[Any]) -> Outcome:
    try:
        with engine.connect() as connection:
            return run(connection, work)
    except SQLAlchemyError as error:  # no connection to be had, or none any more
        return Outcome(error=error)


def _worth_another_try(error: Exception | None) -> bool:
    return _sqlstate(error) in _UNDONE or _broke_before_commit(error)


def _broke_before_commit(error: Exception | None) -> bool:
    # An error without a statement comes from the commit, and then nobody knows whether it is kept.
    return isinstance(error, DBAPIError) and error.connection_invalidated and error.statement is not None


def _explained(outcome: Outcome) -> Outcome:
    """Locks that last, lost connections and the like are told as Busy; every other error is told as it is."""
    error = outcome.error
    if not isinstance(error, DBAPIError):
        return outcome
    state = _sqlstate(error)
    reason = next((_PASSING[state[:size]] for size in (5, 3, 2) if state[:size] in _PASSING), "")
    if not reason and (error.connection_invalidated or not state):
        reason = _PASSING["08"]
    if not reason:
        return outcome
    busy = Busy(reason)
    busy.__cause__ = error
    return Outcome(error=busy)


def _sqlstate(error: Exception | None) -> str:
    return getattr(getattr(error, "orig", None), "sqlstate", None) or ""
