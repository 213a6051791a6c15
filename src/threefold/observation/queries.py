"""What an observer's live page shows: their own clock and their own notes on one round, and nobody else's."""

from uuid import UUID

from sqlalchemy import and_, bindparam, select
from sqlalchemy.orm import Session

from threefold.core.observation import Note
from threefold.observation.record import NOTE, Record
from threefold.store.prepared import Prepared
from threefold.store.rounds import Held
from threefold.store.tables import metadata

_member, _observation, _note = (metadata.tables[name] for name in ("membership", "observation", "note"))
# One question for both, so that a page has enough left for everything else.
_RECORD = Prepared(
    select(_observation.c.started_at, _observation.c.finished_at, *NOTE)
    .select_from(_member)
    .outerjoin(
        _observation,
        and_(
            _observation.c.author_id == _member.c.id,
            _observation.c.triad_id == bindparam("this_triad"),
            _observation.c.round == bindparam("this_round"),
        ),
    )
    .outerjoin(
        _note,
        and_(
            _note.c.author_id == _member.c.id,
            _note.c.triad_id == bindparam("here"),
            _note.c.round == bindparam("number"),
        ),
    )
    .where(_member.c.id == bindparam("whose"))
    .order_by(_note.c.noted_at, _note.c.id),
    lambda *cells: cells,
)


def record_of(db: Session, held: Held, member: UUID) -> Record:
    """One question however many notes there are."""
    rows = _RECORD.all(
        db,
        this_triad=held.triad_id,
        this_round=held.number,
        here=held.triad_id,
        number=held.number,
        whose=member,
    )
    started_at, finished_at = rows[0][:2]
    return Record(started_at, finished_at, tuple(Note(*cells) for _, _, *cells in rows if cells[0] is not None))
