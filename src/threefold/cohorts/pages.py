"""Pages of cohorts."""

from typing import Any

routes: list[Any] = []
