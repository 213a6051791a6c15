"""What people do with frameworks: keep one, as it was read and confirmed. A version is never changed afterwards."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from threefold.core.competency import Framework, may_stand
from threefold.core.framework_document import document_of
from threefold.core.refusal import Refusal
from threefold.store.deeds import record
from threefold.store.frameworks import SHIPPED, framework_for
from threefold.store.sessions import Me
from threefold.store.tables import FrameworkDocument


def add(db: Session, framework: Framework, *, by: Me, now: datetime, new_id: Callable[[], UUID]) -> Refusal | None:
    """Keep a centre's own framework. Sending the same one twice keeps it once."""
    there = framework_for(db, framework.id, framework.version)
    refusal = may_stand(framework, there, SHIPPED)
    if refusal or there is not None:
        return refusal
    document = document_of(framework)
    db.add(
        FrameworkDocument(id=framework.id, version=framework.version, document=document, added_at=now, added_by=by.id)
    )
    record(db, id=new_id(), at=now, by=by.id, verb="added a framework")
    return None
