"""New ids of one moment, in the order they are asked for."""

import os
from datetime import datetime
from uuid import UUID

from threefold.core.identity import new_id


class Ids:
    """Each call is a new id, greater than the one before: letters of one lane leave in the order of their ids.

    A unit of work that runs once more asks for the same ones again: see `place` and `go_back`.
    """

    def __init__(self, at: datetime) -> None:
        self._at_ms = int(at.timestamp() * 1000)
        self._given: list[UUID] = []
        self.place = 0

    def __call__(self) -> UUID:
        if self.place == len(self._given):
            self._given.append(new_id(self._at_ms, os.urandom(10), self.place))
        self.place += 1
        return self._given[self.place - 1]

    def go_back(self, place: int) -> None:
        """Give the ids from this place on once more."""
        self.place = place
