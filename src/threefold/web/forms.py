"""HTML forms as people send them: every problem at once, every word kept exactly as typed."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, time
from typing import TypeVar
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

from threefold.core.refusal import Problem, Refusal

Read = TypeVar("Read")
UNSHOWN = frozenset({"_token"})  # belongs to the browser's session, not to what somebody typed
MOST_FIELDS = 5000


def fields_of(body: bytes) -> tuple[tuple[str, str], ...]:
    """What a form sent as application/x-www-form-urlencoded says, in its order; NUL is left out.

    Raises ValueError for more fields than anybody fills in.
    """
    fields = parse_qsl(body.decode(errors="replace"), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    return tuple([(name.replace("\x00", ""), value.replace("\x00", "")) for name, value in fields])


@dataclass
class Upload:
    """A file somebody chose."""

    name: str
    content: bytes


@dataclass
class Form:
    """One sent form. Readers note a problem and go on, so that `problems` ends up holding all of them.

    A reader answers something of its type even when it noted a problem; look at `problems` before using it.
    """

    fields: tuple[tuple[str, str], ...]
    files: dict[str, Upload] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def get(self, name: str, otherwise: str = "") -> str:
        """The last value sent under a name, as typed."""
        return next((value for key, value in reversed(self.fields) if key == name), otherwise)

    def all(self, name: str) -> tuple[str, ...]:
        return tuple(value for key, value in self.fields if key == name)

    def has(self, name: str) -> bool:
        return any(key == name for key, _ in self.fields)

    @property
    def kept(self) -> tuple[tuple[str, str], ...]:
        """Everything somebody typed or chose, in order, without the form's own token."""
        return tuple((key, value) for key, value in self.fields if key not in UNSHOWN)

    def problem(self, name: str, sentence: str) -> None:
        self.problems.append(Problem(name, sentence))

    def add(self, refusal: Refusal) -> None:
        """Take over what core found wrong."""
        self.problems.extend(refusal.problems)

    @property
    def refusal(self) -> Refusal | None:
        return Refusal(tuple(self.problems)) if self.problems else None

    def text(self, name: str, missing: str = "", *, most: int = 200) -> str:
        """One line of text, trimmed, with control characters taken out; `missing` is said when it is empty."""
        value = " ".join("".join(c if c.isprintable() else " " for c in self.get(name)).split())
        return self._bounded(name, value, missing, most)

    def link(self, name: str) -> str:
        """An address that opens by TLS, or nothing."""
        value = self.text(name, most=500)
        if value and (urlsplit(value).scheme != "https" or not urlsplit(value).netloc):
            self.problem(name, "Enter a link that starts with https://")
        return value

    def words(self, name: str, missing: str = "", *, most: int = 4000) -> str:
        """Several lines of somebody's own words; line ends are made alike, nothing else changes but the outer space."""
        value = self.get(name).replace("\r\n", "\n").replace("\r", "\n").strip()
        return self._bounded(
            name, "".join(c for c in value if c.isprintable() or c in "\n\t\u200d\u200e\u200f"), missing, most
        )

    def whole(self, name: str, sentence: str, *, least: int, most: int) -> int:
        """A whole number within bounds."""
        typed = self.get(name).strip()
        if typed.isascii() and typed.isdigit() and least <= int(typed[:9]) <= most:
            return int(typed)
        self.problem(name, sentence)
        return least

    def day(self, name: str, sentence: str) -> date:
        try:
            return date.fromisoformat(self.get(name).strip())
        except ValueError:
            self.problem(name, sentence)
            return date.min

    def clock(self, name: str, sentence: str) -> time:
        try:
            return time.fromisoformat(self.get(name).strip())
        except ValueError:
            self.problem(name, sentence)
            return time.min

    def one_of(self, name: str, values: Iterable[str], sentence: str) -> str:
        value, allowed = self.get(name), tuple(values)
        if value in allowed:
            return value
        self.problem(name, sentence)
        return allowed[0] if allowed else ""

    def id(self, name: str) -> UUID | None:
        """An id a form carried along; None if it is not one (the page then treats it as unknown)."""
        try:
            return UUID(self.get(name))
        except ValueError:
            return None

    def _bounded(self, name: str, value: str, missing: str, most: int) -> str:
        if not value and missing:
            self.problem(name, missing)
        elif len(value) > most:
            self.problem(name, f"Shorten this to {most:,} characters. It has {len(value):,} now.")
        return value
