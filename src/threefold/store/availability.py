"""What people have said about their time and the rooms they need, for whoever plans with it.

For the matcher, and for those who place people. What somebody needs of a room is shown to no other trainee.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from threefold.core.availability import Busy, Day, How, Need, Offered, Span, Week
from threefold.store.tables import AccessNeed, OneOffDay, OwnCalendar, Person, UsualWeek


def availability_of(db: Session, person_ids: Collection[UUID]) -> Mapping[UUID, Offered]:
    """What each of these people offers, in two queries however many they are; who said nothing is there too."""
    wanted = set(person_ids)
    if not wanted:
        return {}
    one_offs: defaultdict[UUID, dict[date, Day]] = defaultdict(dict)
    for person_id, on, marks in db.execute(
        select(OneOffDay.person_id, OneOffDay.on, OneOffDay.marks).where(OneOffDay.person_id.in_(wanted))
    ):
        one_offs[person_id][on] = day_from(marks)
    said = db.execute(
        select(Person.id, UsualWeek.zone, UsualWeek.marks, UsualWeek.version, OwnCalendar.busy)
        .outerjoin(UsualWeek, UsualWeek.person_id == Person.id)
        .outerjoin(OwnCalendar, OwnCalendar.person_id == Person.id)
        .where(Person.id.in_(wanted))
    )
    return {
        id_: Offered(
            None if zone is None else week_from(zone, marks, version), one_offs.get(id_, {}), busy_from(busy or [])
        )
        for id_, zone, marks, version, busy in said
    }


def access_needs_of(db: Session, person_ids: Collection[UUID]) -> Mapping[UUID, frozenset[Need]]:
    """What each of these people needs of a room, in one query; only those who need something are there."""
    found: defaultdict[UUID, set[Need]] = defaultdict(set)
    for person_id, need in db.execute(
        select(AccessNeed.person_id, AccessNeed.need).where(AccessNeed.person_id.in_(set(person_ids)))
    ):
        found[person_id].add(Need(need))
    return {person_id: frozenset(needs) for person_id, needs in found.items()}


def week_from(zone: str, marks: list[Any], version: int) -> Week:
    """A kept week; version 0 is one that only holds a place for dates unlike it."""
    if version == 0:
        return Week(zone, None)
    days: list[list[Span]] = [[] for _ in range(7)]
    for weekday, minute, minutes, how in marks:
        days[weekday].append(Span(minute, minutes, How(how)))
    return Week(zone, tuple(tuple(sorted(day)) for day in days))


def week_to(days: tuple[Day, ...]) -> list[Any]:
    """A week as it is kept."""
    return [[number, *mark] for number, day in enumerate(days) for mark in day_to(day)]


def day_from(marks: list[Any]) -> Day:
    return tuple(sorted(Span(minute, minutes, How(how)) for minute, minutes, how in marks))


def day_to(day: Day) -> list[Any]:
    return [[span.minute, span.minutes, span.how.value] for span in day]


def busy_from(kept: list[Any]) -> Busy:
    return tuple((datetime.fromisoformat(begins), datetime.fromisoformat(ends)) for begins, ends in kept)


def busy_to(busy: Busy) -> list[Any]:
    return [[begins.isoformat(), ends.isoformat()] for begins, ends in busy]
