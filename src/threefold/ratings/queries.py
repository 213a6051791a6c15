"""What pages show of how sessions worked: to each trainee their own answers, to tutors the class's pattern."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from threefold.core import session_rating as rules
from threefold.core.session_rating import PATTERN_AFTER, Pattern
from threefold.ratings.record import Said, opened_at, pattern_of, said_at, said_in, was_at
from threefold.store.tables import PracticeSession
from threefold.store.within import AtPractice, InTriad


@dataclass(frozen=True)
class Own:
    """Somebody's own answers about one session, and why they can't be changed ("" if they can)."""

    within: InTriad
    answers: Mapping[str, str]
    closed: str
    until: datetime


@dataclass(frozen=True)
class Week:
    """One session of the term, with its pattern once that is open."""

    practice_id: UUID
    number: int
    starts_at: datetime
    pattern: Pattern | None


@dataclass(frozen=True)
class ClassPattern:
    """How one session worked for the class, and the sessions before and after it."""

    at: AtPractice
    pattern: Pattern | None
    opens_at: datetime  # at the earliest
    weeks: tuple[Week, ...]


def own(db: Session, within: InTriad, now: datetime) -> Own:
    """Two questions."""
    practice, said = within.practice, said_at(db, within.practice.id)
    was_there = within.seat is None or was_at(db, within.seat.id)
    closed = rules.why_not(
        practice.ends_at,
        opened_at(practice.ends_at, said),
        now,
        cancelled=practice.cancelled_at is not None,
        was_there=was_there,
    )
    mine = next((each.answers for each in said if each.member == within.membership.id), {})
    return Own(within, mine, closed, practice.ends_at + PATTERN_AFTER)


def class_pattern(db: Session, at: AtPractice, now: datetime) -> ClassPattern:
    """For tutors: two questions, however many sessions there have been."""
    by_session: dict[UUID, list[Said]] = defaultdict(list)
    for said in said_in(db, at.cohort.id):
        by_session[said.practice].append(said)
    held = db.execute(
        select(PracticeSession.id, PracticeSession.number, PracticeSession.starts_at, PracticeSession.ends_at)
        .where(
            PracticeSession.cohort_id == at.cohort.id,
            PracticeSession.cancelled_at.is_(None),
            PracticeSession.ends_at <= now,
        )
        .order_by(PracticeSession.starts_at, PracticeSession.id)
    )
    weeks = tuple(
        Week(id, number, starts_at, pattern_of(ends_at, by_session[id], now)) for id, number, starts_at, ends_at in held
    )
    here = pattern_of(at.practice.ends_at, by_session[at.practice.id], now)
    return ClassPattern(at, here, at.practice.ends_at + PATTERN_AFTER, weeks)
