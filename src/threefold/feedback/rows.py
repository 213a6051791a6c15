"""The rows of a piece and of its draft, prepared: sending feedback is what everybody does at once."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Table, bindparam, delete, insert, select, update
from sqlalchemy.orm import Session

from threefold.feedback.forms import Fields
from threefold.feedback.nudges import take_back
from threefold.store.prepared import Prepared, PreparedChange
from threefold.store.rounds import Held, Sent
from threefold.store.tables import metadata

_piece, _rating, _draft = (metadata.tables[name] for name in ("piece", "rating", "piece_draft"))


def _whose(table: Table) -> tuple[ColumnElement[bool], ...]:
    return (
        table.c.triad_id == bindparam("this_triad"),
        table.c.round == bindparam("this_round"),
        table.c.author_id == bindparam("whose"),
    )


_DRAFT = Prepared(
    select(_draft.c.fields, _draft.c.version).where(*_whose(_draft)),
    lambda fields, version: (tuple((name, value) for name, value in fields), version),
)
_ADD_DRAFT = PreparedChange(insert(_draft))
_CHANGE_DRAFT = PreparedChange(update(_draft).where(*_whose(_draft)))
_DROP_DRAFT = PreparedChange(delete(_draft).where(*_whose(_draft)))
_ADD_PIECE = PreparedChange(insert(_piece))
_CHANGE_PIECE = PreparedChange(update(_piece).where(_piece.c.id == bindparam("this_piece")))
_ADD_RATINGS = PreparedChange(insert(_rating))
_DROP_RATINGS = PreparedChange(delete(_rating).where(_rating.c.piece_id == bindparam("this_piece")))


def draft(db: Session, held: Held, member: UUID) -> tuple[Fields, int] | None:
    """What somebody has typed and not yet sent, and its version."""
    return _DRAFT.one(db, **_key(held, member))


def add_draft(db: Session, held: Held, member: UUID, fields: Fields, version: int, now: datetime) -> None:
    here = {"triad_id": held.triad_id, "round": held.number, "author_id": member}
    _ADD_DRAFT.run(db, **here, **_typed(fields, version, now))


def change_draft(db: Session, held: Held, member: UUID, fields: Fields, version: int, now: datetime) -> None:
    _CHANGE_DRAFT.run(db, **_key(held, member), **_typed(fields, version, now))


def drop_draft(db: Session, held: Held, member: UUID) -> None:
    _DROP_DRAFT.run(db, **_key(held, member))


def add_piece(db: Session, held: Held, sent: Sent) -> None:
    here = {"id": sent.id, "triad_id": held.triad_id, "round": held.number, "author_id": sent.author}
    _ADD_PIECE.run(db, **here, kind=sent.kind.value, **_said(sent))
    _add_ratings(db, sent)
    take_back(db, held.triad_id, held.number, sent.author)


def change_piece(db: Session, sent: Sent) -> None:
    """The piece as it is now; what it said before is gone."""
    _CHANGE_PIECE.run(db, this_piece=sent.id, **_said(sent))
    _DROP_RATINGS.run(db, this_piece=sent.id)
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
    _ADD_RATINGS.run_each(db, rows)


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
