"""Pages of feedback."""

from typing import Any

routes: list[Any] = []
