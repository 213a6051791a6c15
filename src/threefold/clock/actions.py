"""What is pressed on a session's clock, and who asks for the tutors: rows that are added, never changed."""

from datetime import datetime, timedelta
from uuid import UUID, uuid5

from sqlalchemy import select
from sqlalchemy.orm import Session

from threefold.clock.record import clock_of
from threefold.core import clock as rules
from threefold.core import please_come
from threefold.core.clock import What
from threefold.core.identity import NewId
from threefold.core.refusal import Refusal
from threefold.store.deeds import record
from threefold.store.sessions import Me
from threefold.store.tables import ClockPress, PleaseCome, PracticeSession, Triad
from threefold.store.within import AtPractice, InTriad, NotYours


def press(
    db: Session,
    at: AtPractice,
    what: What,
    *,
    group: UUID | None,
    seconds: int = 0,
    seen: int | None = None,
    id: UUID,
    by: Me,
    now: datetime,
    new_id: NewId,
) -> Refusal | None:
    """Press something for everybody, or for one group. The same press arriving twice is one; `seen` is the phase that
    whoever pressed had in front of them, so that two people who press "next" at once move on once.
    """
    _one_at_a_time(db, at.practice.id)
    clock = clock_of(db, at.practice, at.cohort)
    if group is not None and clock.group(group) is None:
        raise NotYours
    refusal = rules.why_not(
        at.practice.starts_at,
        at.practice.ends_at,
        now,
        cancelled=at.practice.cancelled_at is not None,
        how_many=len(clock.presses),
    )
    if refusal:
        return refusal
    # The same page sent again by way of Back may carry an old id with another button.
    id = uuid5(id, f"{what} {seconds} {group}")
    if db.get(ClockPress, id) is not None or not rules.still_stands(clock.state(now, group), seen, what):
        return None
    # Of two servers one may be a little behind, and a press may follow at once: what came later stays later.
    after_all = max((each.at + timedelta(microseconds=1) for each in clock.presses), default=now)
    db.add(
        ClockPress(
            id=id,
            practice_id=at.practice.id,
            triad_id=group,
            what=what.value,
            seconds=seconds,
            at=max(now, after_all),
            by=by.id,
        )
    )
    # Without the cohort: nothing that is kept under its version shows a clock.
    record(db, id=new_id(), at=now, by=by.id, verb=f"clock {what}", practice=at.practice.id, group=group)
    return None


def ask(db: Session, within: InTriad, *, id: UUID, by: Me, now: datetime, new_id: NewId) -> Refusal | None:
    """A group asks its tutors to look in. Asked twice while it waits, by whomever, it is asked once."""
    refusal = please_come.why_not(
        within.practice.starts_at, within.practice.ends_at, now, cancelled=within.practice.cancelled_at is not None
    )
    if refusal:
        return refusal
    _one_at_a_time(db, within.practice.id)
    if db.get(PleaseCome, id) is not None or _open(db, within.triad.id) is not None:
        return None
    db.add(PleaseCome(id=id, triad_id=within.triad.id, membership_id=within.membership.id, at=now))
    record(db, id=new_id(), at=now, by=by.id, verb="asked the tutor to come", triad=within.triad.id)
    return None


def take_back(db: Session, within: InTriad, *, by: Me, now: datetime, new_id: NewId) -> None:
    """Nobody needs to come after all; any of the group may say so."""
    waiting = _open(db, within.triad.id)
    if waiting is not None:
        waiting.taken_back_at = now
        record(db, id=new_id(), at=now, by=by.id, verb="needs nobody to come", triad=within.triad.id)


def come(db: Session, within: InTriad, *, by: Me, now: datetime, new_id: NewId) -> None:
    """A tutor is on the way. Of two who say so, the first is named to the group."""
    waiting = _open(db, within.triad.id)
    if waiting is not None:
        waiting.coming_at, waiting.coming_by = now, within.membership.id
        record(db, id=new_id(), at=now, by=by.id, verb="is coming", triad=within.triad.id)


def _open(db: Session, triad: UUID) -> PleaseCome | None:
    return db.scalar(
        select(PleaseCome)
        .join(Triad, Triad.id == PleaseCome.triad_id)
        .where(Triad.id == triad, PleaseCome.coming_at.is_(None), PleaseCome.taken_back_at.is_(None))
    )


def _one_at_a_time(db: Session, practice: UUID) -> None:
    """Two servers on one database decide one after the other (SQLite writes one at a time in any case)."""
    db.execute(select(PracticeSession.id).where(PracticeSession.id == practice).with_for_update())
