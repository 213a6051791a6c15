"""What one observer has noted on one round, as rows and as a value."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from threefold.core.observation import Note
from threefold.store.tables import metadata

_note = metadata.tables["note"]
NOTE = (
    _note.c.id,
    _note.c.seconds,
    _note.c.code,
    _note.c.effect,
    _note.c.words,
    _note.c.quoted,
    _note.c.edition,
    _note.c.noted_at,
    _note.c.removed_at,
)


@dataclass(frozen=True)
class Record:
    """What one observer has noted on one round. `notes` holds removed ones too: other devices have to hear of them."""

    started_at: datetime | None = None
    finished_at: datetime | None = None
    notes: tuple[Note, ...] = ()

    @property
    def shown(self) -> tuple[Note, ...]:
        """Those that are there, newest first."""
        there = [note for note in self.notes if note.removed_at is None]
        return tuple(sorted(there, key=lambda note: (note.noted_at, note.id), reverse=True))

    def note(self, id: UUID) -> Note | None:
        return next((note for note in self.notes if note.id == id), None)
