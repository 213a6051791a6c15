"""For tutors: who might welcome a conversation, and which ratings to read with care."""

from typing import Any

routes: list[Any] = []
