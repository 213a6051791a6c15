"""Pages of people."""

from typing import Any

routes: list[Any] = []
