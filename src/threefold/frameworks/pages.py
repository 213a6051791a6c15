"""A centre's own frameworks: bring one in, look at it, change it as a new version, take it out again."""

from typing import Any

routes: list[Any] = []
