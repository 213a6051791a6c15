"""Where frameworks come from: those that ship in the package, and those a centre has added."""

import json
from functools import cache
from importlib.resources import files

from sqlalchemy import select
from sqlalchemy.orm import Session

from threefold.core.competency import Framework, read_framework
from threefold.core.refusal import Refusal
from threefold.store.tables import FrameworkDocument

SHIPPED: tuple[str, ...] = ("human-connection-1",)
"""Ids of the frameworks in the package, the first being the one suggested."""


@cache
def shipped(id: str) -> Framework:
    """A framework from the package. Raises KeyError for an id that does not ship."""
    if id not in SHIPPED:
        raise KeyError(id)
    text = files("threefold.core.frameworks").joinpath(f"{id}.json").read_text(encoding="utf-8")
    return _sound(json.loads(text), id)


def framework_for(db: Session, id: str, version: str) -> Framework | None:
    """The framework a term was set up with, in that very version; one from the package comes before a centre's own."""
    if id in SHIPPED and shipped(id).version == version:
        return shipped(id)
    row = db.get(FrameworkDocument, (id, version))
    return _sound(row.document, id) if row else None


def available(db: Session) -> tuple[Framework, ...]:
    """Every framework a term can be set up with: the shipped ones first, then the centre's own, newest first."""
    rows = db.scalars(select(FrameworkDocument).order_by(FrameworkDocument.added_at.desc()))
    return (*(shipped(id) for id in SHIPPED), *(_sound(row.document, row.id) for row in rows))


def _sound(document: object, id: str) -> Framework:
    """Documents are checked before they are kept, so one that no longer reads is our mistake, and says so."""
    found = read_framework(document)
    if isinstance(found, Refusal):
        problems = "; ".join(f"{each.field}: {each.sentence}" for each in found.problems)
        raise ValueError(f"framework {id}: {problems}")  # noqa: TRY004 -- what is wrong is the document, not a type
    return found
