"""What somebody takes with them: chosen dates and kinds as a page to print, CSV and JSON."""

from typing import Any

routes: list[Any] = []
