"""Structured logs: one JSON object a line, without names, addresses, words or tokens."""

import logging
import sys
from collections.abc import MutableMapping
from datetime import UTC, datetime
from pathlib import Path
from traceback import extract_tb
from typing import Any, TextIO

import msgspec
import structlog


def start_logging(stream: TextIO = sys.stderr, level: int = logging.INFO) -> None:
    """Everything below speaks through structlog; libraries speak up from WARNING on, in the same form."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            without_words,
            structlog.processors.JSONRenderer(serializer=as_json),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=stream),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(LibraryLines())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)


def as_json(event: Any, **_options: Any) -> str:
    return msgspec.json.encode(event, enc_hook=repr).decode()


def without_words(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """An error as its kind and the places it came through. Its message and its variables may hold anybody's words."""
    raised = event.pop("exc_info", None)
    if raised is True:
        raised = sys.exc_info()[1]
    if isinstance(raised, tuple):
        raised = raised[1]
    if isinstance(raised, BaseException):
        event["raised"] = causes(raised)
    return event


def causes(error: BaseException | None) -> list[dict[str, Any]]:
    """The error and what caused it, the first cause last."""
    found: list[dict[str, Any]] = []
    while error is not None and len(found) < 5:
        frames = extract_tb(error.__traceback__)
        places = [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
        found.append({"kind": type(error).__name__, "through": places})
        error = error.__cause__ or error.__context__
    return found


class LibraryLines(logging.Formatter):
    """What came through the standard library's logging: our own sentences whole, of a library only who spoke up."""

    def format(self, record: logging.LogRecord) -> str:
        ours = record.name.partition(".")[0] == "threefold"
        line: dict[str, Any] = {
            "level": record.levelname.lower(),
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat().replace("+00:00", "Z"),
            "logger": record.name,
            "event": record.getMessage() if ours else "a library spoke up",
        }
        if record.exc_info and record.exc_info[1]:
            line["raised"] = causes(record.exc_info[1])
        return as_json(line)
