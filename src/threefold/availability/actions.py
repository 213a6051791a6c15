"""Keeping what people say about their time and rooms. A week is nobody else's deed, so strokes leave no trace in the
audit; that somebody has given or taken away a calendar, or said what they need of a room, does, without the words.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from threefold.core.availability import Busy, Dates, Day, Need, Painted, painted_date
from threefold.core.identity import NewId
from threefold.core.refusal import Refusal
from threefold.store.availability import busy_to, day_from, day_to, usual_week, week_to
from threefold.store.deeds import record
from threefold.store.sessions import Me
from threefold.store.tables import AccessNeed, OneOffDay, OwnCalendar, UsualWeek

MOST_ONE_OFFS = 400


@dataclass(frozen=True)
class Kept:
    """A usual week as it stands after a save."""

    version: int
    days: tuple[Day, ...]


@dataclass(frozen=True)
class Conflict(Kept):
    """It was changed in another window since; this is what was saved there. Nothing was kept."""


def keep_week(db: Session, me: Me, painted: Painted, version: int, *, zone: str, now: datetime) -> Kept | Conflict:
    """Keep the hours that were shown as they are painted now; hours that were not shown stay as they were.

    `version` is the one the page was opened with. The same week saved twice is saved once, whatever version it names.
    """
    row, week = usual_week(db, me.id)
    before = (week.days if week else None) or ((),) * 7
    days = painted.over(before)
    if row is None:
        db.add(UsualWeek(person_id=me.id, zone=zone, marks=week_to(days), version=1, saved_at=now))
        return Kept(1, days)
    if days == before and row.version > 0:
        return Kept(row.version, days)
    if version != row.version:
        return Conflict(row.version, before)
    row.marks, row.version, row.saved_at = week_to(days), row.version + 1, now
    return Kept(row.version, days)


def move_to_zone(db: Session, me: Me, zone: str, *, now: datetime) -> None:
    """From now on the same hours are meant on the clock of another place."""
    row, _ = usual_week(db, me.id)
    if row is not None and row.zone != zone:
        row.zone, row.saved_at = zone, now
        row.version += row.version > 0  # a window that is open still shows them on the clock of the place before


def paint_dates(db: Session, me: Me, dates: Dates, *, zone: str, now: datetime) -> Refusal | None:
    """Dates on which something is unlike the usual week; the rest of each stays as it is now."""
    row, week = usual_week(db, me.id)
    count = db.scalar(select(func.count()).where(OneOffDay.person_id == me.id, OneOffDay.on >= now.date()))
    if (count or 0) + len(dates.days) > MOST_ONE_OFFS:
        return Refusal.because("That’s more dates than we can keep. Change your usual week instead.", "first")
    if row is None:  # holds the zone that these dates are meant in; says nothing of other days
        db.add(UsualWeek(person_id=me.id, zone=zone, marks=[], version=0, saved_at=now))
    for on in dates.days:
        there = db.get(OneOffDay, (me.id, on))
        base = day_from(there.marks) if there else week.days[on.weekday()] if week and week.days else ()
        marks = day_to(painted_date(base, dates))
        if there:
            there.marks, there.saved_at = marks, now
        else:
            db.add(OneOffDay(person_id=me.id, on=on, marks=marks, saved_at=now))
    return None


def forget_date(db: Session, me: Me, on: date) -> Day | None:
    """The usual week holds on this date again; what was said of it comes back, so that it can be said again."""
    row = db.get(OneOffDay, (me.id, on))
    if row is None:
        return None
    db.delete(row)
    return day_from(row.marks)


def restore_date(db: Session, me: Me, on: date, day: Day, *, zone: str, now: datetime) -> None:
    """Undo of `forget_date`; a date said anew meanwhile stays."""
    if db.get(UsualWeek, me.id) is None:
        db.add(UsualWeek(person_id=me.id, zone=zone, marks=[], version=0, saved_at=now))
    if db.get(OneOffDay, (me.id, on)) is None:
        db.add(OneOffDay(person_id=me.id, on=on, marks=day_to(day), saved_at=now))


def keep_calendar(db: Session, me: Me, address: str, busy: Busy, *, now: datetime, new_id: NewId) -> None:
    """Somebody's own calendar, in place of the one before; `address` is empty for a file."""
    row = db.get(OwnCalendar, me.id)
    if row is None:
        row = OwnCalendar(person_id=me.id, added_at=now)
        db.add(row)
    row.address, row.busy, row.added_at, row.read_at, row.trouble = address, busy_to(busy), now, now, ""
    record(db, id=new_id(), at=now, by=me.id, verb="added a calendar of their own")


def keep_reading(db: Session, person_id: UUID, address: str, read: Busy | Refusal, *, now: datetime) -> None:
    """What reading a calendar again came to. A reading that came to nothing keeps the times read before; one of an
    address that is no longer theirs keeps nothing.
    """
    row = db.get(OwnCalendar, person_id)
    if row is None or row.address != address:
        return
    row.read_at = now
    if isinstance(read, Refusal):
        row.trouble = read.problems[0].sentence
    else:
        row.busy, row.trouble = busy_to(read), ""


def forget_calendar(db: Session, me: Me, *, now: datetime, new_id: NewId) -> None:
    row = db.get(OwnCalendar, me.id)
    if row is not None:
        db.delete(row)
        record(db, id=new_id(), at=now, by=me.id, verb="took away their calendar")


def say_needs(db: Session, me: Me, needs: Collection[Need], *, now: datetime, new_id: NewId) -> None:
    """What somebody needs of a room from now on."""
    there = {Need(need) for need in db.scalars(select(AccessNeed.need).where(AccessNeed.person_id == me.id))}
    gone, new = there - set(needs), set(needs) - there
    if gone:
        db.execute(delete(AccessNeed).where(AccessNeed.person_id == me.id, AccessNeed.need.in_([*gone])))
    db.add_all(AccessNeed(person_id=me.id, need=need.value, since=now) for need in sorted(new))
    if gone or new:
        record(db, id=new_id(), at=now, by=me.id, verb="said what they need of a room")
