"""Structured logs: one JSON object a line, without names, addresses, words or tokens.

Everything goes through the standard library's logging. Whatever is imported to say a line stays in memory in every
process, and a library for it brought a terminal’s colours and a lexer along: five megabytes.
"""

import logging
import sys
from datetime import UTC, datetime
from pathlib import Path
from traceback import extract_tb
from typing import Any, TextIO

import msgspec


class Log:
    """What one part of the house says: a few fixed words, and the facts beside them."""

    def __init__(self, name: str) -> None:
        self._logger = logging.getLogger(name)

    def info(self, event: str, **facts: object) -> None:
        self._say(logging.INFO, event, facts)

    def warning(self, event: str, **facts: object) -> None:
        self._say(logging.WARNING, event, facts)

    def error(self, event: str, *, raised: BaseException | None = None, **facts: object) -> None:
        self._say(logging.ERROR, event, facts, raised)

    def exception(self, event: str, **facts: object) -> None:
        """`error`, with whatever is being handled just now."""
        self._say(logging.ERROR, event, facts, sys.exc_info()[1])

    def _say(self, level: int, event: str, facts: dict[str, object], raised: BaseException | None = None) -> None:
        if self._logger.isEnabledFor(level):
            self._logger.handle(_Said(self._logger.name, level, event, facts, raised))


class _Said(logging.LogRecord):
    """A line of ours. Who called is not looked up: the words are found in one place of the code."""

    def __init__(
        self, name: str, level: int, event: str, facts: dict[str, object], raised: BaseException | None
    ) -> None:
        super().__init__(
            name, level, "", 0, event, (), (type(raised), raised, raised.__traceback__) if raised else None
        )
        self.facts = facts


def start_logging(stream: TextIO = sys.stderr, level: int = logging.INFO) -> None:
    """Our own lines from `level` on, libraries' from WARNING on, in the same form."""
    # No line says them, and finding them out takes longer than writing it.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_Lines())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger("threefold").setLevel(level)


class _Lines(logging.Formatter):
    """Our own sentences whole; of a library only who spoke up."""

    def format(self, record: logging.LogRecord) -> str:
        ours = record.name.partition(".")[0] == "threefold"
        line: dict[str, object] = {
            "level": record.levelname.lower(),
            "timestamp": datetime.fromtimestamp(record.created, UTC),
            "logger": record.name,
            "event": record.getMessage() if ours else "a library spoke up",
        }
        if isinstance(record, _Said):
            line |= record.facts
        if record.exc_info and record.exc_info[1]:
            line["raised"] = causes(record.exc_info[1])
        return _JSON.encode(line).decode()


_JSON = msgspec.json.Encoder(enc_hook=repr)


def causes(error: BaseException | None) -> list[dict[str, Any]]:
    """The error and what caused it, the first cause last, each as its kind and the places it came through.

    Its message and its variables may hold anybody's words.
    """
    found: list[dict[str, Any]] = []
    while error is not None and len(found) < 5:
        frames = extract_tb(error.__traceback__)
        places = [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
        found.append({"kind": type(error).__name__, "through": places})
        error = error.__cause__ or error.__context__
    return found
