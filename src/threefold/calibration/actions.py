"""What people do with practice scenes: rate one, as often as they like. The last rating is kept."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from threefold.core.competency import Framework
from threefold.core.identity import NewId
from threefold.core.refusal import Refusal
from threefold.core.vignette import Vignette, rated
from threefold.store.deeds import record
from threefold.store.sessions import Me
from threefold.store.tables import VignetteRating


def rate(
    db: Session,
    scene: Vignette,
    levels: Mapping[str, int],
    framework: Framework,
    *,
    by: Me,
    now: datetime,
    new_id: NewId,
) -> Refusal | None:
    """Keep how somebody rated a scene; the same levels once more change nothing."""
    found = rated(scene, levels, framework)
    if isinstance(found, Refusal):
        return found
    rows = {
        row.code: row
        for row in db.scalars(
            select(VignetteRating).where(VignetteRating.person_id == by.id, VignetteRating.vignette == scene.code)
        )
    }
    if {code: row.level for code, row in rows.items()} == found:
        return None
    for code, level in found.items():
        row = rows.get(code) or VignetteRating(person_id=by.id, vignette=scene.code, code=code)
        row.level, row.at = level, now
        db.add(row)
    record(db, id=new_id(), at=now, by=by.id, verb="rated a practice scene", scene=scene.code)
    return None
