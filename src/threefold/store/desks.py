"""How units meet a database: readers with a snapshot each, and one writer that commits many units together."""

import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol, cast

from sqlalchemy import Connection

from threefold.store.lane import Errand
from threefold.store.unit import Locked, Outcome, look, perform

HELD_SECONDS = 0.25  # after so long a batch is committed, and whoever else waits for the lock has it


class Raw(Protocol):
    """A driver's connection that says BEGIN only when told to.

    When it is `in_batch`, each unit is a transaction to SQLAlchemy, and beneath it is the savepoint `unit` of a
    batch: `commit` does nothing, and `rollback` goes back to that savepoint, if there still is a transaction.
    """

    in_batch: bool

    @property
    def closed(self) -> bool: ...
    @property
    def in_transaction(self) -> bool: ...
    def execute(self, sql: Any, /) -> Any: ...

    def say(self, sql: str) -> None:
        """Say what has no values and answers nothing: BEGIN, COMMIT and their like."""

    def rows(self, sql: str, values: Sequence[object]) -> list[tuple[Any, ...]]:
        """What a statement answers that runs again and again; its values stand in their order."""

    def each(self, sql: str, many: Sequence[Sequence[object]]) -> None:
        """Run a statement once for each of these values."""


class _OwnConnection:
    """A connection that one thread keeps, and replaces when it finds it broken.

    `connect` opens it, `begin` is the SQL that starts a transaction, and `explained` turns the database's errors
    into Busy where waiting helps.
    """

    def __init__(
        self, connect: Callable[[], Connection], begin: str, explained: Callable[[Exception], Exception]
    ) -> None:
        self._connect = connect
        self._begin_statement = begin
        self._explained = explained
        self._open()

    def close(self) -> None:
        self._connection.close()

    def _open(self) -> None:
        self._connection = self._connect()
        self._raw = cast("Raw", self._connection.connection.driver_connection)

    def _begin(self) -> None:
        try:
            self._raw.say(self._begin_statement)
        except Exception:
            self._leave()
            if not self._raw.closed:
                raise
            self._connection.close()  # it broke while nobody used it
            self._open()
            self._raw.say(self._begin_statement)

    def _leave(self) -> None:
        if self._raw.in_transaction:
            self._raw.say("ROLLBACK")


class Reader(_OwnConnection):
    """A desk that runs one unit at a time on one state of the database; `begin` keeps it from writing."""

    def serve(self, errands: Sequence[Errand]) -> None:
        for errand in errands:
            try:
                outcome = self._look(errand)
                if outcome.error is not None and self._raw.closed:
                    outcome = self._look(errand)  # the connection broke on the way; a new one may do
            except Exception as error:  # noqa: BLE001 - told to whoever asked
                outcome = Outcome(error=error)
            errand.tell(outcome if outcome.error is None else Outcome(error=self._explained(outcome.error)))

    def _look(self, errand: Errand) -> Outcome:
        self._begin()
        try:
            return look(self._connection, errand.work)
        finally:
            self._leave()


class Writer(_OwnConnection):
    """A desk that runs a batch of units in one transaction, a savepoint each.

    `begin` lets no other writer run beside it, in this process or another, so that a unit may load, decide and
    write and no update is lost.

    If the commit is refused, or the database itself has left the transaction (a full disk can do that), nothing
    of the batch is kept and each unit runs once more alone. A lock that lasts is everybody's: all are told. Nobody
    hears "done" before a commit that held their rows. A batch ends after HELD_SECONDS, however many wait here: writers
    of other processes wait too, and not without end.
    """

    def _open(self) -> None:
        super()._open()
        self._raw.in_batch = True

    def serve(self, errands: Sequence[Errand]) -> None:
        rest = list(errands)
        while rest:
            del rest[: self._serve_some(rest)]

    def _serve_some(self, errands: Sequence[Errand]) -> int:
        """Serve the first of these, at least one; how many."""
        try:
            outcomes = self._together(errands)
        except Exception as error:  # noqa: BLE001 - told to everybody it concerns
            if len(errands) > 1 and not self._is_everybodys(error):
                for errand in errands:
                    self._serve_some([errand])
                return len(errands)
            outcomes = [Outcome(error=self._explained(error)) for _ in errands]
        for errand, outcome in zip(errands, outcomes, strict=False):
            errand.tell(outcome)
        return len(outcomes)

    def _together(self, errands: Sequence[Errand]) -> list[Outcome]:
        """What each came to, once it is on disk. If it raises, nothing is kept (or nobody can know: see Busy).

        Where they take long, the first of them alone.
        """
        self._begin()
        until = time.monotonic() + HELD_SECONDS
        outcomes: list[Outcome] = []
        try:
            for number, errand in enumerate(errands):
                if number:
                    self._raw.say("RELEASE unit")  # COMMIT lets go of the last one
                outcomes.append(self._run(errand))
                if time.monotonic() >= until:
                    break
            self._raw.say("COMMIT")
        finally:
            self._leave()
        return outcomes

    def _run(self, errand: Errand) -> Outcome:
        self._raw.say("SAVEPOINT unit")
        outcome = perform(self._connection, errand.work)
        if outcome.error is not None:
            outcome = Outcome(error=self._explained(outcome.error))
        if isinstance(outcome.error, Locked):
            raise outcome.error
        if outcome.error is not None and self._raw.in_transaction:
            self._raw.say("ROLLBACK TO unit")  # whatever of it was sent past the session as well
        if not self._raw.in_transaction:
            raise outcome.error or RuntimeError("a unit of work has ended the transaction it was part of")
        return outcome

    def _is_everybodys(self, error: Exception) -> bool:
        # A connection that breaks in the commit leaves open whether it was kept: a second run could only guess.
        return isinstance(self._explained(error), Locked) or self._raw.closed
