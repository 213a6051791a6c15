"""What people do with frameworks: type on a sheet, and keep what they looked at. A version is never changed again."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from threefold.core.competency import Framework, may_stand
from threefold.core.framework_document import document_of
from threefold.core.identity import NewId
from threefold.core.refusal import Refusal
from threefold.frameworks.sheet import Fields, Kept, Sheet, fields_of, read_sheet
from threefold.store.deeds import record
from threefold.store.frameworks import SHIPPED, framework_for
from threefold.store.sessions import Me
from threefold.store.tables import FrameworkDocument, FrameworkDraft

Base = tuple[str, str]
"""The id and version that a sheet began from."""


@dataclass(frozen=True)
class Conflict:
    """The sheet was changed in another window since this one was opened; nothing has been overwritten."""

    version: int
    theirs: Fields


def add(
    db: Session,
    framework: Framework,
    base: Base | None,
    *,
    by: Me,
    now: datetime,
    new_id: NewId,
) -> Refusal | None:
    """Keep a centre's own framework, and let go of the sheet it was made on. Sending it twice keeps it once."""
    there = framework_for(db, framework.id, framework.version)
    refusal = may_stand(framework, there, SHIPPED)
    if refusal:
        return refusal
    if base is not None:
        let_go(db, base, by=by)
    if there is not None:
        return None
    document = document_of(framework)
    db.add(
        FrameworkDocument(id=framework.id, version=framework.version, document=document, added_at=now, added_by=by.id)
    )
    record(db, id=new_id(), at=now, by=by.id, verb="added a framework")
    return None


def keep_draft(
    db: Session, base: Base, sheet: Sheet, before: Sheet, version: int, *, by: Me, now: datetime
) -> int | Conflict:
    """Keep what was typed so far, and answer its version. A draft is nobody else's, so it leaves no trace in the audit.

    `before`: the sheet as it was sent, `sheet` as it is to be kept, with something moved in it, say.
    """
    row = db.get(FrameworkDraft, (by.id, *base))
    if row is None:
        values = {"fields": _listed(sheet), "version": 1, "saved_at": now}
        db.add(FrameworkDraft(person_id=by.id, framework_id=base[0], framework_version=base[1], **values))
        return 1
    there = read_sheet(Kept(dict(row.fields)))
    if version != row.version and there not in (before, sheet):
        return Conflict(row.version, fields_of(there))
    if there != sheet:
        row.fields, row.version, row.saved_at = _listed(sheet), row.version + 1, now
    return row.version


def let_go(db: Session, base: Base, *, by: Me) -> None:
    """Forget what was typed on a sheet; nothing to do when there is none."""
    row = db.get(FrameworkDraft, (by.id, *base))
    if row is not None:
        db.delete(row)


def _listed(sheet: Sheet) -> list[list[str]]:
    return [[name, value] for name, value in fields_of(sheet)]
