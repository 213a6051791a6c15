"""The demo's outbox: every mail that left, as headers, text, HTML and calendar part."""

from typing import Any

routes: list[Any] = []
