"""Observing live: notes stamped with the round's time, kept on the device until they have arrived."""

from typing import Any

routes: list[Any] = []
