"""Where frameworks come from: those that ship in the package, and those a centre has added."""

import json
from datetime import datetime
from functools import cache, lru_cache
from importlib.resources import files

from sqlalchemy import Text, select, type_coerce
from sqlalchemy.orm import Session

from threefold.core.competency import Framework
from threefold.core.framework_document import read_framework
from threefold.core.refusal import Refusal
from threefold.store.tables import FrameworkDocument

SHIPPED: tuple[str, ...] = ("human-connection-1",)
"""Ids of the frameworks in the package, the first being the one suggested."""


@cache
def shipped(id: str) -> Framework:
    """A framework from the package. Raises KeyError for an id that does not ship."""
    if id not in SHIPPED:
        raise KeyError(id)
    return _sound(files("threefold.core.frameworks").joinpath(f"{id}.json").read_text(encoding="utf-8"))


def framework_for(db: Session, id: str, version: str) -> Framework | None:
    """The framework a term was set up with, in that very version; one from the package comes before a centre's own."""
    if id in SHIPPED and shipped(id).version == version:
        return shipped(id)
    text = db.scalar(select(_TEXT).where(FrameworkDocument.id == id, FrameworkDocument.version == version))
    return _sound(text) if text else None


def available(db: Session) -> tuple[Framework, ...]:
    """Every framework a term can be set up with: the shipped ones first, then the centre's own, newest first."""
    return (*(shipped(id) for id in SHIPPED), *(framework for framework, _ in kept(db)))


def kept(db: Session, id: str = "") -> tuple[tuple[Framework, datetime], ...]:
    """The centre's own frameworks with when they were added, newest first; with an id, the versions of that one."""
    newest = (FrameworkDocument.added_at.desc(), FrameworkDocument.version.desc())
    rows = select(_TEXT, FrameworkDocument.added_at).order_by(*newest)
    if id:
        rows = rows.where(FrameworkDocument.id == id)
    return tuple((_sound(text), added_at) for text, added_at in db.execute(rows))


_TEXT = type_coerce(FrameworkDocument.document, Text)


@lru_cache(maxsize=128)
def _sound(text: str) -> Framework:
    """The framework of a document. Reading one takes some 4 ms, and a form is shown by it at every step.

    Documents are checked before they are kept, so one that no longer reads is our mistake, and says so.
    """
    document = json.loads(text)
    found = read_framework(document)
    if isinstance(found, Refusal):
        problems = "; ".join(f"{each.field}: {each.sentence}" for each in found.problems)
        raise ValueError(f"framework {document.get('id')}: {problems}")  # noqa: TRY004 -- what is wrong is the document, not a type
    return found
