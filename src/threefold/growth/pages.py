"""How somebody grows: what people noticed over the term, each sentence linked to its evidence."""

from typing import Any

routes: list[Any] = []
