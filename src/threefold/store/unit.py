"""One unit of work: a plain function of a session in one transaction, and what it came to."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn, TypeVar

from sqlalchemy import Connection, Dialect
from sqlalchemy.orm import Session, SessionTransaction

T = TypeVar("T")
Work = Callable[[Session], T]


class Busy(Exception):  # noqa: N818 - it is an answer (503, try again), not a mistake
    """The database cannot take this now: a lock lasted, the disk is full, the connection or the writer is gone.

    Nothing was kept, unless the connection or the writer broke in the very commit, when nobody can know. Trying
    again later, under the same key, is right in every case.
    """


class Locked(Busy):
    """Somebody outside holds what every writer needs, and has not let go in time."""


class Unusable(Exception):  # noqa: N818 - a sentence for whoever runs the server
    """The database cannot be opened as it is; the message says what is the matter and what to do."""


class UnitSession(Session):
    """The `db` that a unit of work is given. Returning keeps what was written, raising undoes it.

    Commit, rollback and close are not a unit's to call: they raise RuntimeError. To try something that may be
    refused and go on, use `with db.begin_nested():`. The session ends with its unit and cannot be used again.

    What SQLAlchemy keeps for entities is laid out when it is first asked for: many a unit has prepared statements
    alone, which need `driver`, and it would be a tenth of their time.
    """

    def __init__(self, connection: Connection) -> None:
        self._on = connection
        self._driver = connection.connection.driver_connection
        self.kind = connection.dialect.name

    def __getattr__(self, name: str) -> Any:
        if name in {"_on", "_driver"}:
            raise RuntimeError("this unit of work has ended")
        if "bind" in self.__dict__:  # laid out, and this is not there
            raise AttributeError(name)
        super().__init__(self._on, expire_on_commit=False, close_resets_only=False)
        return getattr(self, name)

    @property
    def driver(self) -> Any:
        """The driver's own connection, everything changed so far sent to it."""
        if "bind" in self.__dict__:
            self.flush()
        return self._driver

    @property
    def dialect(self) -> Dialect:
        """How this database says things."""
        return self._on.dialect

    def keep(self) -> None:
        """Only for whoever made it: commit. Nothing to do where everything was sent past it (see prepared)."""
        if "bind" in self.__dict__ and self.in_transaction():
            super().commit()

    def end(self) -> None:
        """Only for whoever made it: nothing can be done with it any more."""
        if "bind" in self.__dict__:
            super().close()
        del self._on, self._driver

    def begin(self, nested: bool = False) -> SessionTransaction:  # noqa: FBT001, FBT002 - SQLAlchemy's signature
        if not nested:
            _refuse("begin")
        return super().begin(nested=True)

    def commit(self) -> NoReturn:
        _refuse("commit")

    def rollback(self) -> NoReturn:
        _refuse("rollback")

    def close(self) -> NoReturn:
        _refuse("close")

    def reset(self) -> NoReturn:
        _refuse("reset")

    def invalidate(self) -> NoReturn:
        _refuse("invalidate")


def _refuse(verb: str) -> NoReturn:
    raise RuntimeError(f"a unit of work does not {verb}: return to keep what was written, raise to undo it")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a unit came to: its value, or the error it raised."""

    value: Any = None
    error: Exception | None = None

    def unwrap(self) -> Any:
        if self.error is not None:
            raise self.error
        return self.value


def look(connection: Connection, work: Work[Any]) -> Outcome:
    """Run a unit that reads; whatever it may have written is undone."""
    db = UnitSession(connection)
    try:
        return Outcome(work(db))
    except BaseException as error:  # noqa: BLE001 - every error is its caller's, and this thread goes on
        return Outcome(error=_bearable(error))
    finally:
        db.end()


def perform(connection: Connection, work: Work[Any]) -> Outcome:
    """Run a unit that writes, and commit on `connection` what it returned from."""
    db = UnitSession(connection)
    try:
        value = work(db)
        db.keep()
    except BaseException as error:  # noqa: BLE001 - every error is its caller's, and this thread goes on
        return Outcome(error=_bearable(error))
    else:
        return Outcome(value)
    finally:
        db.end()


def _bearable(error: BaseException) -> Exception:
    if isinstance(error, Exception):
        return error
    # An event loop that meets SystemExit stops serving everybody.
    wrapped = RuntimeError(f"a unit of work tried to end the program with {error!r}")
    wrapped.__cause__ = error
    return wrapped
