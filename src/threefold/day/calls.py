"""The groups of a session with their rooms, and who of them called for somebody: what tutors read as the day goes on.

That a group asked its tutors to look in, and that a guest pressed stop. Neither says why, and nobody else reads it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, select
from sqlalchemy.orm import Session, aliased

from threefold.core.guests import guest_seen
from threefold.core.names import first_name
from threefold.core.triad import group_name
from threefold.store.tables import Encounter, Guest, Membership, Person, PleaseCome, PracticeSession, Triad


@dataclass(frozen=True)
class Call:
    """Something that was called for, or settled, by whom, in words."""

    at: datetime
    who: str
    words: str


@dataclass(frozen=True)
class Groups:
    """When the session's PIN was last made, its triads as number, room and tutor, and what they called for."""

    pin_since: datetime | None
    triads: Mapping[UUID, tuple[int, str, UUID | None]]
    calls: tuple[Call, ...]


def groups_of(db: Session, practice: UUID) -> Groups:
    """One question."""
    tutor, comes, visitor = aliased(Membership), aliased(Person), aliased(Person)
    rows = db.execute(
        select(
            PracticeSession.pin_since,
            Triad.id,
            Triad.number,
            Triad.room,
            Triad.tutor_id,
            PleaseCome.id.label("ask"),
            PleaseCome.at,
            PleaseCome.coming_at,
            PleaseCome.taken_back_at,
            comes.name.label("tutor"),
            Encounter.id.label("encounter"),
            Encounter.round,
            Encounter.stopped_at,
            visitor.name.label("guest"),
        )
        .select_from(PracticeSession)
        .outerjoin(Triad, Triad.practice_id == PracticeSession.id)
        .outerjoin(PleaseCome, PleaseCome.triad_id == Triad.id)
        .outerjoin(tutor, tutor.id == PleaseCome.coming_by)
        .outerjoin(comes, comes.id == tutor.person_id)
        .outerjoin(Encounter, and_(Encounter.triad_id == Triad.id, Encounter.stopped_at.is_not(None)))
        .outerjoin(Guest, Guest.id == Encounter.guest_id)
        .outerjoin(visitor, visitor.id == Guest.person_id)
        .where(PracticeSession.id == practice)
    ).all()
    return Groups(
        rows[0].pin_since,
        {row.id: (row.number, row.room, row.tutor_id) for row in rows if row.id is not None},
        tuple(_calls(rows)),
    )


def _calls(rows: Sequence[Any]) -> Iterator[Call]:
    for ask in {row.ask: row for row in rows if row.ask is not None}.values():
        group = group_name(ask.room, ask.number)
        yield Call(ask.at, group, "asked for a tutor to come")
        if ask.coming_at is not None:
            yield Call(ask.coming_at, first_name(ask.tutor or ""), f"is on the way to {group}")
        if ask.taken_back_at is not None:
            yield Call(ask.taken_back_at, group, "needs nobody after all")
    for stop in {row.encounter: row for row in rows if row.encounter is not None}.values():
        where = group_name(stop.room, stop.number)
        yield Call(stop.stopped_at, guest_seen(stop.guest or ""), f"has stopped in {where}, round {stop.round}")
