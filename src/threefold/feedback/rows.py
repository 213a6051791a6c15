"""The rows of a piece and of its draft, in statements built once: sending feedback is what everybody does at once."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Table, bindparam, delete, insert, select, update
from sqlalchemy.orm import Session

from threefold.feedback.forms import Fields
from threefold.feedback.rounds import Held, Sent
from threefold.store.tables import metadata

_piece, _rating, _draft = (metadata.tables[name] for name in ("piece", "rating", "piece_draft"))


def _whose(table: Table) -> tuple[ColumnElement[bool], ...]:
    return (
        table.c.triad_id == bindparam("this_triad"),
        table.c.round == bindparam("this_round"),
        table.c.author_id == bindparam("whose"),
    )


_DRAFT = select(_draft.c.fields, _draft.c.version).where(*_whose(_draft))
_ADD_DRAFT = insert(_draft)
_CHANGE_DRAFT = update(_draft).where(*_whose(_draft))
_DROP_DRAFT = delete(_draft).where(*_whose(_draft))
_ADD_PIECE = insert(_piece)
_CHANGE_PIECE = update(_piece).where(_piece.c.id == bindparam("this_piece"))
_ADD_RATINGS = insert(_rating)
_DROP_RATINGS = delete(_rating).where(_rating.c.piece_id == bindparam("this_piece"))


def draft(db: Session, held: Held, member: UUID) -> tuple[Fields, int] | None:
    """What somebody has typed and not yet sent, and its version."""
    found = db.execute(_DRAFT, _key(held, member)).one_or_none()
    return None if found is None else (tuple((name, value) for name, value in found.fields), found.version)


def add_draft(db: Session, held: Held, member: UUID, fields: Fields, version: int, now: datetime) -> None:
    here = {"triad_id": held.triad_id, "round": held.number, "author_id": member}
    db.execute(_ADD_DRAFT, {**here, **_typed(fields, version, now)})


def change_draft(db: Session, held: Held, member: UUID, fields: Fields, version: int, now: datetime) -> None:
    db.execute(_CHANGE_DRAFT, {**_key(held, member), **_typed(fields, version, now)})


def drop_draft(db: Session, held: Held, member: UUID) -> None:
    db.execute(_DROP_DRAFT, _key(held, member))


def add_piece(db: Session, held: Held, sent: Sent) -> None:
    here = {"id": sent.id, "triad_id": held.triad_id, "round": held.number, "author_id": sent.author}
    db.execute(_ADD_PIECE, {**here, "kind": sent.kind.value, **_said(sent)})
    _add_ratings(db, sent)


def change_piece(db: Session, sent: Sent) -> None:
    """The piece as it is now; what it said before is gone."""
    db.execute(_CHANGE_PIECE, {"this_piece": sent.id, **_said(sent)})
    db.execute(_DROP_RATINGS, {"this_piece": sent.id})
    _add_ratings(db, sent)


def _add_ratings(db: Session, sent: Sent) -> None:
    rows = [
        {
            "piece_id": sent.id,
            "code": rating.code,
            "level": rating.level,
            "moments": list(rating.moments),
            "cues": list(rating.cues),
            "what_was_said": rating.what_was_said,
        }
        for rating in sent.ratings
    ]
    if rows:
        db.execute(_ADD_RATINGS, rows)


def _key(held: Held, member: UUID) -> Mapping[str, object]:
    return {"this_triad": held.triad_id, "this_round": held.number, "whose": member}


def _typed(fields: Fields, version: int, now: datetime) -> Mapping[str, object]:
    return {"fields": [[name, value] for name, value in fields], "version": version, "saved_at": now}


def _said(sent: Sent) -> Mapping[str, object]:
    return {
        "words": dict(sent.words),
        "sent_at": sent.sent_at,
        "changed_at": sent.changed_at,
        "skipped_at": sent.skipped_at,
        "flagged": sent.flagged,
    }
