"""Pages of plans."""

from typing import Any

routes: list[Any] = []
