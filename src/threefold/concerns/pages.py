"""Being worried about someone: told to its own readers, kept apart from everything else."""

from typing import Any

routes: list[Any] = []
