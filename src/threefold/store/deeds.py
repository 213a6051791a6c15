"""What was done, by whom, to which row: written with the change itself, which also raises the cohort's version."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, insert, update
from sqlalchemy.orm import Session

from threefold.store.prepared import PreparedChange
from threefold.store.tables import metadata

# Prepared: one of each goes with everything that anybody does.
_deed, _cohort = metadata.tables["deed"], metadata.tables["cohort"]
_NOTE = PreparedChange(insert(_deed))
_RAISE = PreparedChange(update(_cohort).where(_cohort.c.id == bindparam("which")).values(version=_cohort.c.version + 1))


def record(
    db: Session,
    *,
    id: UUID,
    at: datetime,
    by: UUID | None,
    verb: str,
    cohort_id: UUID | None = None,
    **subject: object,
) -> None:
    """Note a deed. `subject` holds ids and counts only, never a word that anybody wrote.

    With a cohort, its version rises too, so that no page made before the change is shown as fresh.
    """
    if cohort_id is not None:
        changed(db, cohort_id)
    said = {name: str(value) if isinstance(value, UUID) else value for name, value in subject.items()}
    _NOTE.run(db, id=id, at=at, by=by, cohort_id=cohort_id, verb=verb, subject=said)


def changed(db: Session, cohort_id: UUID) -> None:
    """Raise the version of a cohort because something inside it is no longer as it was."""
    _RAISE.run(db, which=cohort_id)
