"""New ids of one moment, in the order they are asked for."""

import secrets
from datetime import datetime
from itertools import count
from uuid import UUID

from threefold.core.identity import new_id


class Ids:
    """Each call is a new id, greater than the one before: letters of one lane leave in the order of their ids."""

    def __init__(self, at: datetime) -> None:
        self._at_ms = int(at.timestamp() * 1000)
        self._count = count()

    def __call__(self) -> UUID:
        return new_id(self._at_ms, secrets.token_bytes(10), next(self._count))
