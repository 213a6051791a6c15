"""Pages of practice."""

from typing import Any

routes: list[Any] = []
