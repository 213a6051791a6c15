"""What people say of it: whoever was invited, and their tutors."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from threefold.core import reply as rules
from threefold.core.identity import NewId
from threefold.core.names import first_name
from threefold.core.refusal import Refusal
from threefold.core.reply import Answer, Kept, Settled
from threefold.core.triad import Withdrawn
from threefold.practice.actions import come_back, withdraw
from threefold.practice.answers.held import settle, waiting
from threefold.store.deeds import record
from threefold.store.rows import SeatRow
from threefold.store.sessions import Me
from threefold.store.tables import Membership, Person, Reply, Seat, Withdrawal
from threefold.store.within import AtPractice, InTriad, NotYours


def confirm(
    db: Session, within: InTriad, seat: SeatRow, *, by: Me, now: datetime, new_id: NewId
) -> Withdrawn | Refusal:
    """The "no" of their calendar was theirs: it is the same as saying so on our page. Twice is once."""
    outcome = cannot_make_it(db, within, seat, by=by, now=now, new_id=new_id)
    if not isinstance(outcome, Refusal):
        settle(db, waiting(db, seat.id), Settled.CONFIRMED, now)
    return outcome


def coming(db: Session, within: InTriad, seat: SeatRow, *, by: Me, now: datetime, new_id: NewId) -> Refusal | None:
    """They are coming, whatever their calendar said; where its "no" has counted already, that is taken back."""
    refusal = come_back(db, within, seat, by=by, now=now, new_id=new_id)
    open_ = waiting(db, seat.id)
    if refusal is None and open_:
        settle(db, open_, Settled.COMING, now)
        record(db, id=new_id(), at=now, by=by.id, verb="said coming", cohort_id=within.cohort.id, seat=seat.id)
    return refusal


def cannot_make_it(
    db: Session, within: InTriad, seat: SeatRow, *, by: Me, now: datetime, new_id: NewId
) -> Withdrawn | Refusal:
    """The one way from a calendar's "no" to a withdrawal."""
    return withdraw(db, within, seat, by=by, now=now, new_id=new_id)


NO_LONGER = Refusal.because(
    "There’s nothing to answer any more: the session was changed, or they said something else since."
)


@dataclass(frozen=True)
class Proposal:
    """Another time that somebody's calendar proposed, as its session stands now; None where the time can't be read."""

    id: UUID
    seat_id: UUID
    name: str
    starts_at: datetime | None
    ends_at: datetime | None
    is_kept: bool  # a tutor kept the time as it is
    is_open: bool  # a tutor can still do so

    @property
    def first(self) -> str:
        return first_name(self.name)


def proposals_at(db: Session, at: AtPractice, now: datetime) -> list[Proposal]:
    """What calendars of this session's people proposed, the last first; one question."""
    practice = at.practice
    rows = db.execute(
        select(
            Reply.id,
            Reply.seat_id,
            Reply.said_at,
            Reply.sequence,
            Reply.received_at,
            Reply.settled_as,
            Reply.proposes_start,
            Reply.proposes_end,
            Person.name,
            Seat.sequence.label("number"),
            Withdrawal.at,
            Withdrawal.taken_back_at,
        )
        .join(Seat, Seat.id == Reply.seat_id)
        .join(Membership, Membership.id == Seat.membership_id)
        .join(Person, Person.id == Membership.person_id)
        .outerjoin(Withdrawal, Withdrawal.seat_id == Seat.id)
        .where(
            Seat.practice_id == practice.id,
            Seat.given_up_at.is_(None),
            Membership.left_at.is_(None),
            Reply.answer == Answer.COUNTER.value,
        )
        .order_by(Reply.received_at.desc(), Reply.id.desc())
    )
    to_come = practice.cancelled_at is None and now < practice.starts_at
    found = []
    for row in rows:
        settled_as = Settled(row.settled_as) if row.settled_as else None
        kept = Kept(row.id, Answer.COUNTER, row.said_at, row.sequence, row.received_at, settled_as)
        away = row.at is not None and row.taken_back_at is None
        is_open = rules.may_be_kept_to(kept, sequence=row.number, to_come=to_come, withdrawn=away)
        found.append(
            Proposal(
                row.id, row.seat_id, row.name, row.proposes_start, row.proposes_end, settled_as is Settled.KEPT, is_open
            )
        )
    return found


def keep_the_time(
    db: Session, at: AtPractice, reply_id: UUID, *, by: Me, now: datetime, new_id: NewId
) -> Refusal | None:
    """A tutor keeps the time as it is; whoever proposed another is told (`core.term`). Said twice, it is said once.

    Raises NotYours for what is no proposal in this session.
    """
    proposal = next((each for each in proposals_at(db, at, now) if each.id == reply_id), None)
    if proposal is None:
        raise NotYours
    if not proposal.is_open:
        return None if proposal.is_kept else NO_LONGER
    settle(db, [reply_id], Settled.KEPT, now)
    record(
        db, id=new_id(), at=now, by=by.id, verb="kept the time", cohort_id=at.cohort.id, seat=proposal.seat_id,
        reply=reply_id,
    )  # fmt: skip
    return None
