"""A seat as what calendars answered finds it, and how an answer is settled."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session

from threefold.core import reply as rules
from threefold.core.reply import Answer, Kept, Settled
from threefold.store.rows import CohortRow, MembershipRow, PracticeRow, SeatRow, TriadRow, columns, split
from threefold.store.sessions import Me
from threefold.store.tables import Cohort, Membership, Person, PracticeSession, Reply, Seat, Triad, Withdrawal
from threefold.store.within import InTriad


@dataclass(frozen=True)
class Held:
    """A seat as an answer finds it: whose it is, what it is in, and what was answered for it before."""

    within: InTriad
    seat: SeatRow
    holder: Me
    to_come: bool  # still theirs, not begun, not cancelled
    withdrawn: bool
    declines_after: int
    kept: tuple[Kept, ...]

    def counts_at(self, now: datetime) -> datetime | None:
        """When a "no" that waits, or one heard now, counts by itself; None where it never does."""
        since = rules.first_heard(self.kept) or now
        return rules.counts_at(since, self.declines_after, self.within.practice.starts_at)


_IN_TRIAD = (CohortRow, MembershipRow, PracticeRow, TriadRow, SeatRow)
_into = split(*_IN_TRIAD)


def _seats() -> Select[*tuple[Any, ...]]:
    return (
        select(
            Person.id,
            Person.name,
            Person.email,
            Person.zone,
            Person.created_at,
            Cohort.declines_after,
            Seat.given_up_at,
            Membership.left_at,
            PracticeSession.cancelled_at,
            Withdrawal.at,
            Withdrawal.taken_back_at,
            *columns(*_IN_TRIAD),
        )
        .select_from(Seat)
        .join(Triad, Triad.id == Seat.triad_id)
        .join(PracticeSession, PracticeSession.id == Seat.practice_id)
        .join(Cohort, Cohort.id == PracticeSession.cohort_id)
        .join(Membership, Membership.id == Seat.membership_id)
        .join(Person, Person.id == Membership.person_id)
        .outerjoin(Withdrawal, Withdrawal.seat_id == Seat.id)
    )


def held(db: Session, seat_ids: Collection[UUID], now: datetime) -> list[Held]:
    """These seats with all that an answer to their invitations depends on, in no order; two questions in all."""
    rows = [tuple(row) for row in db.execute(_seats().where(Seat.id.in_(seat_ids)))]
    kept = kept_for(db, seat_ids)
    found = []
    for id_, name, email, zone, since, declines_after, given_up, left, cancelled, out, back, *cells in rows:
        within = InTriad(*_into(*cells))
        if within.seat is None:
            continue  # never: every row is a seat's
        holder = Me(
            id_, name, email, zone, session_id=id_, seen_at=since, is_staff=False, is_tutor=False, is_trainee=True
        )
        gone = given_up or left or cancelled or within.cohort.archived_at
        found.append(
            Held(
                within,
                within.seat,
                holder,
                to_come=gone is None and now < within.practice.starts_at,
                withdrawn=out is not None and back is None,
                declines_after=declines_after,
                kept=tuple(kept[within.seat.id]),
            )
        )
    return found


def kept_for(db: Session, seat_ids: Collection[UUID] | Select[UUID]) -> dict[UUID, list[Kept]]:
    found: dict[UUID, list[Kept]] = defaultdict(list)
    for row in db.execute(
        select(
            Reply.seat_id, Reply.id, Reply.answer, Reply.said_at, Reply.sequence, Reply.received_at, Reply.settled_as
        ).where(Reply.seat_id.in_(seat_ids))
    ):
        settled_as = Settled(row.settled_as) if row.settled_as else None
        found[row.seat_id].append(
            Kept(row.id, Answer(row.answer), row.said_at, row.sequence, row.received_at, settled_as)
        )
    return found


def answers_at(db: Session, practice_id: UUID) -> dict[UUID, Answer]:
    """What each seat's calendar last answered in one session, for its tutors; not a "no" its holder took back."""
    here = select(Seat.id).where(Seat.practice_id == practice_id, Seat.given_up_at.is_(None))
    latest = {seat: rules.holding(kept) for seat, kept in kept_for(db, here).items()}
    return {seat: one.answer for seat, one in latest.items() if one is not None and one.settled_as != Settled.COMING}


def settle(db: Session, ids: Iterable[UUID], settled_as: Settled, now: datetime) -> None:
    ids = list(ids)
    if ids:
        db.execute(update(Reply).where(Reply.id.in_(ids)).values(settled_at=now, settled_as=settled_as.value))


def waiting(db: Session, seat_id: UUID) -> list[UUID]:
    """Every "no" for a seat that has not been settled."""
    waits = (Reply.seat_id == seat_id, Reply.answer == Answer.DECLINED.value, Reply.settled_at.is_(None))
    return list(db.scalars(select(Reply.id).where(*waits)))
