"""How somebody would rather practise, without a reason: from a brief as client, not as client at all, or kept apart.

Which brief somebody is offered follows from who they are and which date it is, so that the same partner hardly meets
the same made-up person twice, and a page shows the same one however often it is opened. They may take another.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from hashlib import sha256
from typing import Any
from uuid import UUID

SCHEMA = 1


class Kind(StrEnum):
    """What somebody can choose for one date or the term."""

    BRIEF = "brief"
    NOT_CLIENT = "not_client"


class Settled(StrEnum):
    """What became of a request to be kept apart."""

    KEPT_APART = "kept_apart"
    LEFT = "left"
    TAKEN_BACK = "taken_back"


@dataclass(frozen=True)
class Brief:
    """Somebody made up, to be as client for a round.

    `who` they are, what is on their `mind`, what they might be `feeling`, and how to come out of the role `after`.
    """

    code: str
    title: str
    who: str
    mind: str
    feeling: str
    after: str


def read_briefs(document: Mapping[str, Any]) -> tuple[Brief, ...]:
    """The briefs of a document. Raises ValueError for another schema, a missing or empty part, or a code used twice."""
    if document.get("schema") != SCHEMA:
        raise ValueError(f"briefs of schema {document.get('schema')!r}; this reads {SCHEMA}")
    found = []
    for number, one in enumerate(document["briefs"], start=1):
        parts = {field.name: str(one.get(field.name, "")).strip() for field in fields(Brief)}
        if missing := [name for name, words in parts.items() if not words]:
            raise ValueError(f"brief {number} has no {', '.join(missing)}")
        found.append(Brief(**parts))
    if not found or len({brief.code for brief in found}) < len(found):
        raise ValueError("no briefs, or two of one code")
    return tuple(found)


def brief_for(briefs: Sequence[Brief], member: UUID, number: int, taken: str | None = None) -> Brief:
    """The brief for this member's practice session of this number: the one they have `taken`, by its code, or else the
    one that is theirs by turns, another from each session to the next until they have all been had.
    """
    start = int.from_bytes(sha256(member.bytes).digest()[:4])
    return next((brief for brief in briefs if brief.code == taken), briefs[(start + number) % len(briefs)])


def following(briefs: Sequence[Brief], brief: Brief) -> Brief:
    """Another brief; from one to the next they all come by."""
    return briefs[(briefs.index(brief) + 1) % len(briefs)]


def holds(kinds: Sequence[str]) -> Kind | None:
    """Which choice counts where several do: whoever is not client at all needs no brief."""
    return next((kind for kind in (Kind.NOT_CLIENT, Kind.BRIEF) if kind in kinds), None)
