"""How somebody would rather practise, chosen in private and without a reason."""

from typing import Any

routes: list[Any] = []
