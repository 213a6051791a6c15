"""What trainees do about a practice session: say they can't make it, take that back, replace their feed's address."""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from threefold.core import triad as rules
from threefold.core.diary import Shows
from threefold.core.identity import NewId
from threefold.core.refusal import Refusal
from threefold.core.triad import Withdrawn
from threefold.store.deeds import changed, record
from threefold.store.rows import SeatRow
from threefold.store.sessions import Me
from threefold.store.swaps import take_back_for
from threefold.store.tables import Membership, Person, Seat, Withdrawal
from threefold.store.within import InTriad


def withdraw(
    db: Session, within: InTriad, seat: SeatRow, *, by: Me, now: datetime, new_id: NewId
) -> Withdrawn | Refusal:
    """Note for the tutor that somebody can’t make it. Saying it twice changes nothing more."""
    others = tuple(
        str(id_)
        for id_ in db.scalars(
            select(Seat.id).where(Seat.triad_id == seat.triad_id, Seat.id != seat.id, Seat.given_up_at.is_(None))
        )
    )
    outcome = rules.withdraw(starts_at=within.practice.starts_at, others=others, now=now)
    if isinstance(outcome, Refusal):
        return outcome
    said = db.get(Withdrawal, seat.id)
    if said is None:
        db.add(Withdrawal(seat_id=seat.id, at=now, by=by.id))
    elif said.taken_back_at is not None:
        said.at, said.by, said.taken_back_at = now, by.id, None
    else:
        return outcome
    record(db, id=new_id(), at=now, by=by.id, verb="withdrew", cohort_id=within.cohort.id, seat=seat.id)
    return outcome


def come_back(db: Session, within: InTriad, seat: SeatRow, *, by: Me, now: datetime, new_id: NewId) -> Refusal | None:
    """Undo "I can't make it"; nothing to do if it was not said. Whoever was asked to step in need not any more.

    A calendar that was told so already gets a new invitation: whoever tells of this sees to it (`mail.notices`).
    """
    said = db.get(Withdrawal, seat.id)
    if said is None or said.taken_back_at is not None:
        return None
    refusal = rules.come_back(starts_at=within.practice.starts_at, now=now)
    if refusal:
        return refusal
    said.taken_back_at = now
    take_back_for(db, seat.id, now)
    record(db, id=new_id(), at=now, by=by.id, verb="came back", cohort_id=within.cohort.id, seat=seat.id)
    return None


def replace_feed(db: Session, *, by: Me, now: datetime, new_id: NewId) -> None:
    """A fresh secret address for one's calendar feed; the one before stops working at once."""
    db.execute(update(Person).where(Person.id == by.id).values(feed_number=Person.feed_number + 1))
    record(db, id=new_id(), at=now, by=by.id, verb="replaced their feed", person=by.id)


def choose_feed(db: Session, *, takes_feed: bool, shows: Shows, by: Me, now: datetime, new_id: NewId) -> None:
    """Whether somebody's dates come by the feed alone, and how much their calendar shows."""
    person = db.get_one(Person, by.id)
    took_feed = person.takes_feed_since is not None
    if (takes_feed, shows.value) == (took_feed, person.calendar_shows):
        return
    if takes_feed != took_feed:
        person.takes_feed_since = now if takes_feed else None
    person.calendar_shows = shows.value
    for cohort_id in db.scalars(
        select(Membership.cohort_id).where(Membership.person_id == by.id, Membership.left_at.is_(None))
    ):
        changed(db, cohort_id)  # letters that are being written must be looked at again
    record(db, id=new_id(), at=now, by=by.id, verb="chose how calendars follow", person=by.id)
