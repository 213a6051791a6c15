"""The one writer: units that wait are joined into one transaction, a savepoint each, and committed together."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol, cast

from sqlalchemy import Connection

from threefold.store.lane import Errand
from threefold.store.unit import Locked, Outcome, perform


class Raw(Protocol):
    """A driver's connection for the writer: it says BEGIN only when told to.

    To SQLAlchemy each unit is a transaction; beneath it is the savepoint `unit` in the writer's batch. So its
    `commit` does nothing, and its `rollback` goes back to that savepoint if there still is a transaction.
    """

    @property
    def closed(self) -> bool: ...
    @property
    def in_transaction(self) -> bool: ...
    def execute(self, sql: Any, /) -> Any: ...


class Writer:
    """A desk that runs a batch of units in one transaction.

    `connect` opens a connection whose driver's one is a `Raw`; `begin` starts a transaction that no other writer
    runs beside, in this process or another, so that a unit may load, decide and write and no update is lost;
    `explained` turns the database's errors into Busy where waiting helps.

    If the commit is refused, or the database itself has left the transaction (a full disk can do that), nothing
    of the batch is kept and each unit runs once more alone. A lock that lasts is everybody's: all are told. Nobody
    hears "done" before a commit that held their rows.
    """

    def __init__(
        self, connect: Callable[[], Connection], begin: str, explained: Callable[[Exception], Exception]
    ) -> None:
        self._connect = connect
        self._begin = begin
        self._explained = explained
        self._open()

    def serve(self, errands: Sequence[Errand]) -> None:
        try:
            outcomes = self._together(errands)
        except Exception as error:  # noqa: BLE001 - told to everybody it concerns
            if len(errands) > 1 and not self._is_everybodys(error):
                for errand in errands:
                    self.serve([errand])
                return
            outcomes = [Outcome(error=self._explained(error)) for _ in errands]
        for errand, outcome in zip(errands, outcomes, strict=True):
            errand.tell(outcome)

    def close(self) -> None:
        self._connection.close()

    def _together(self, errands: Sequence[Errand]) -> list[Outcome]:
        """What each came to, once it is on disk. If it raises, nothing is kept (or nobody can know: see Busy)."""
        self._begin_alone()
        try:
            outcomes = [self._run(errand) for errand in errands]
            self._raw.execute("COMMIT")
        finally:
            if self._raw.in_transaction:
                self._raw.execute("ROLLBACK")
        return outcomes

    def _run(self, errand: Errand) -> Outcome:
        self._raw.execute("SAVEPOINT unit")
        outcome = perform(self._connection, errand.work)
        if outcome.error is not None:
            outcome = Outcome(error=self._explained(outcome.error))
        if isinstance(outcome.error, Locked):
            raise outcome.error
        if not self._raw.in_transaction:
            raise outcome.error or RuntimeError("a unit of work has ended the transaction it was part of")
        self._raw.execute("RELEASE unit")
        return outcome

    def _is_everybodys(self, error: Exception) -> bool:
        # A connection that breaks in the commit leaves open whether it was kept: a second run could only guess.
        return isinstance(self._explained(error), Locked) or self._raw.closed

    def _begin_alone(self) -> None:
        try:
            self._raw.execute(self._begin)
        except Exception:
            if self._raw.in_transaction:
                self._raw.execute("ROLLBACK")
            if not self._raw.closed:
                raise
            self._connection.close()  # it broke while nobody used it
            self._open()
            self._raw.execute(self._begin)

    def _open(self) -> None:
        self._connection = self._connect()
        self._raw = cast("Raw", self._connection.connection.driver_connection)
