"""What the clerk looks after in extra practice: offers that expire, triads to decide on, times to match."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from threefold.booking import actions, forming, windows
from threefold.booking.actions import Desk
from threefold.core.identity import NewId
from threefold.core.settling import DAY_BEFORE, needed_by
from threefold.store.extra import sheets
from threefold.store.rows import CohortRow, value
from threefold.store.tables import Cohort, PracticeSession, PracticeWindow, Seat, Turn, Waiting, Withdrawal

SOON = DAY_BEFORE + timedelta(minutes=5)


@dataclass(frozen=True)
class DueTime:
    """A time at which something has to be done; `gone` are people there who said elsewhere that they can't come."""

    cohort_id: UUID
    practice_id: UUID
    gone: tuple[UUID, ...]


def due_times(db: Session, now: datetime) -> list[DueTime]:
    """Where offers have expired, triads are to be decided on, or somebody's calendar gave a place back."""
    ahead = (
        PracticeSession.window_id.is_not(None),
        PracticeSession.starts_at > now,
        PracticeSession.cancelled_at.is_(None),
    )
    gone: dict[UUID, list[UUID]] = {}
    for practice, member in db.execute(
        select(Seat.practice_id, Seat.membership_id)
        .join(PracticeSession, PracticeSession.id == Seat.practice_id)
        .join(Withdrawal, and_(Withdrawal.seat_id == Seat.id, Withdrawal.taken_back_at.is_(None)))
        .where(*ahead, Seat.given_up_at.is_(None))
    ):
        gone.setdefault(practice, []).append(member)
    expired = select(Waiting.practice_id).where(Waiting.settled_at.is_(None), Waiting.expires_at <= now)
    unsettled = (
        select(Seat.practice_id)
        .outerjoin(Turn, Turn.seat_id == Seat.id)
        .where(Seat.given_up_at.is_(None), Turn.seat_id.is_(None))
    )
    found = db.execute(
        select(PracticeSession.cohort_id, PracticeSession.id).where(
            *ahead,
            or_(
                PracticeSession.id.in_(list(gone)),
                PracticeSession.id.in_(expired),
                and_(PracticeSession.starts_at <= now + SOON, PracticeSession.id.in_(unsettled)),
            ),
        )
    ).all()
    if not found:
        return []
    undecided = {
        sheet.time.id
        for sheet in sheets(db, PracticeSession.id.in_([row.id for row in found]))
        if any(one.has_expired(now) for one in sheet.time.waiting)
        or any(c.members and not c.settled and now >= needed_by(sheet.time, c) for c in sheet.time.circles)
    }
    return [
        DueTime(row.cohort_id, row.id, tuple(gone.get(row.id, ())))
        for row in found
        if row.id in undecided or row.id in gone
    ]


def settle_time(db: Session, due: DueTime, *, domain: str, now: datetime, new_id: NewId) -> None:
    """Do what is due there now, as it stands in this very unit."""
    desk = Desk(_cohort(db, due.cohort_id), domain, None, now, new_id)
    still = {each.practice_id: each for each in due_times(db, now)}.get(due.practice_id)
    if still is None:
        return
    if still.gone:
        actions.let_go_of(db, desk, due.practice_id, still.gone)
    actions.settle(db, desk, sheets(db, PracticeSession.id == due.practice_id)[0])


def due_windows(db: Session, now: datetime) -> list[tuple[UUID, forming.Question]]:
    """Windows whose offers have closed and whose triads are to be formed, ready to be matched."""
    entities = db.scalars(
        select(PracticeWindow)
        .join(Cohort, Cohort.id == PracticeWindow.cohort_id)
        .where(
            PracticeWindow.way == "matched",
            PracticeWindow.opened_at.is_not(None),
            PracticeWindow.closes_at <= now,
            PracticeWindow.drawn_at.is_(None),
            PracticeWindow.called_off_at.is_(None),
            Cohort.archived_at.is_(None),
        )
    ).all()
    found = ((each.id, forming.question(db, _cohort(db, each.cohort_id), each, now)) for each in entities)
    return [(id_, question) for id_, question in found if question is not None]


def form_window(
    db: Session,
    window_id: UUID,
    question: forming.Question,
    answer: forming.Answer,
    *,
    domain: str,
    now: datetime,
    new_id: NewId,
) -> None:
    """Keep what was matched, unless the cohort has changed since: then it is matched anew a minute later."""
    desk = Desk(_cohort(db, question.cohort_id), domain, None, now, new_id)
    window = db.get_one(PracticeWindow, window_id)
    windows.form(db, desk, window, answer.formed, answer.unplaced, version=question.version, new_id=new_id)


def _cohort(db: Session, cohort_id: UUID) -> CohortRow:
    return value(CohortRow, db.get_one(Cohort, cohort_id))
