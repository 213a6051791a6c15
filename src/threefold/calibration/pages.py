"""Practice scenes to rate before the first observation, with a reasoned key."""

from typing import Any

routes: list[Any] = []
