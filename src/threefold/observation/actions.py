"""What an observer does live: start their clock, note, change, remove, finish; the only writer of notes.

Like a draft, a note is nobody else's business, so it leaves no trace in the audit.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.orm import Session

from threefold.core import observation as rules
from threefold.core.feedback import Kind
from threefold.core.observation import Note
from threefold.observation.record import NOTE, Record
from threefold.store.prepared import Prepared, PreparedChange
from threefold.store.rounds import Held
from threefold.store.tables import Observation, metadata

_note, _piece, _rating = (metadata.tables[name] for name in ("note", "piece", "rating"))
_ADD = PreparedChange(insert(_note))
_CHANGE = PreparedChange(update(_note).where(_note.c.id == bindparam("which")))
_TAKEN = Prepared(select(_note.c.id).where(_note.c.id.in_(bindparam("ids", expanding=True))), lambda note_id: note_id)
_OF_ROUND = Prepared(
    select(_note.c.author_id, *NOTE).where(
        _note.c.triad_id == bindparam("triad"), _note.c.round == bindparam("number")
    ),
    lambda author, *cells: (author, Note(*cells)),
)
_PICKED = Prepared(
    select(_piece.c.author_id, _rating.c.moments)
    .select_from(_piece)
    .outerjoin(_rating, _rating.c.piece_id == _piece.c.id)
    .where(
        _piece.c.triad_id == bindparam("triad"),
        _piece.c.round == bindparam("number"),
        _piece.c.kind == Kind.OBSERVER.value,
    ),
    lambda author, picked: (author, picked),
)
_DROP = PreparedChange(delete(_note).where(_note.c.id == bindparam("which")))
SOMEBODY_ELSES = "This note couldn’t be kept. Write its words into a new one."


def take(
    db: Session,
    held: Held,
    member: UUID,
    record: Record,
    new: Sequence[Note],
    codes: Sequence[str],
    *,
    pressed: datetime | None = None,
    now: datetime,
) -> tuple[Record, rules.Taken]:
    """Join these notes, and a start of the clock, with what is kept: however often, in whatever order they come."""
    known = {note.id for note in record.notes}
    unknown = list({note.id for note in new} - known)
    elsewhere = set(_TAKEN.all(db, ids=unknown)) if unknown else set()
    taken = rules.take(record.notes, [note for note in new if note.id not in elsewhere], codes, now)
    _ADD.run_each(db, [_row(held, member, note, now) for note in taken.changed if note.id not in known])
    for note in taken.changed:
        if note.id in known:
            _CHANGE.run(db, which=note.id, **_said(note))
    notes = {note.id: note for note in (*record.notes, *taken.changed)}
    after = replace(record, notes=tuple(notes.values()))
    after = _clock(db, held, member, after, rules.started(record.started_at, pressed, held.starts_at, now))
    refused = {**taken.refused, **dict.fromkeys(elsewhere, SOMEBODY_ELSES)}
    return after, rules.Taken(taken.changed, refused)


def finish(db: Session, held: Held, member: UUID, record: Record, *, now: datetime) -> None:
    """The observer is done noting; the first time counts."""
    if record.finished_at is not None:
        return
    row = db.get(Observation, (held.triad_id, held.number, member))
    if row is None:
        started_at = min(held.clock.starts_at, now)
        db.add(
            Observation(
                triad_id=held.triad_id, round=held.number, author_id=member, started_at=started_at, finished_at=now
            )
        )
    else:
        row.finished_at = now


def let_go(db: Session, held: Held) -> int:
    """Delete the notes that nobody picked, of every observer whose piece is in; how many there were.

    For the unit in which the counsellor opens a round, and the one in which a late piece comes in to an open one.
    Whoever has not sent theirs yet still needs their notes.
    """
    here = {"triad": held.triad_id, "number": held.number}
    moments: dict[UUID, set[str]] = {}
    for author, picked in _PICKED.all(db, **here):
        moments.setdefault(author, set()).update(picked or ())
    gone = [
        id
        for author, note in _OF_ROUND.all(db, **here)
        if author in moments
        for id in rules.not_picked([note], moments[author])
    ]
    for id in gone:
        _DROP.run(db, which=id)
    return len(gone)


def _clock(db: Session, held: Held, member: UUID, record: Record, started_at: datetime | None) -> Record:
    if started_at is None or started_at == record.started_at:
        return record
    row = db.get(Observation, (held.triad_id, held.number, member))
    if row is None:
        db.add(Observation(triad_id=held.triad_id, round=held.number, author_id=member, started_at=started_at))
    else:
        row.started_at = started_at
    return replace(record, started_at=started_at)


def _row(held: Held, member: UUID, note: Note, now: datetime) -> dict[str, object]:
    here = {"id": note.id, "triad_id": held.triad_id, "round": held.number, "author_id": member}
    return {**here, **_said(note), "noted_at": note.noted_at, "received_at": now}


def _said(note: Note) -> dict[str, object]:
    return {
        "seconds": note.seconds,
        "code": note.code,
        "effect": note.effect,
        "words": note.words,
        "quoted": note.quoted,
        "edition": note.edition,
        "removed_at": note.removed_at,
    }
