"""About sessions to come: who can’t make it, for tutors; and two days before, for everybody expected."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import and_, bindparam, exists, select
from sqlalchemy.orm import Session

from threefold.core import reminders
from threefold.core.said import clock, day, weekday
from threefold.core.term import HOLD, SOON, Shown
from threefold.core.wishes import Kind
from threefold.reminding.wanted import Reader, Wanted, in_steps, not_now, teaching, written
from threefold.store.prepared import Prepared
from threefold.store.tables import (
    Cohort,
    Membership,
    Person,
    PracticeSession,
    Seat,
    Withdrawal,
    metadata,
)
from threefold.store.terms import term_ahead


def about_who_is_away(db: Session, now: datetime) -> Iterator[Wanted]:
    """Somebody can't make it: their tutors hear ten minutes later, or at once where it begins soon."""
    lately = select(Withdrawal.seat_id).where(
        Withdrawal.at > now - reminders.WORTH_SENDING, Withdrawal.taken_back_at.is_(None)
    )
    seats = db.scalars(lately).all()
    if not seats:
        return
    rows = db.execute(
        select(
            Seat.id,
            Withdrawal.at,
            PracticeSession.id.label("practice"),
            PracticeSession.starts_at,
            Cohort.id.label("cohort"),
            Cohort.zone,
            Cohort.name.label("of"),
            Person.name,
        )
        .join(Withdrawal, and_(Withdrawal.seat_id == Seat.id, Withdrawal.taken_back_at.is_(None)))
        .join(PracticeSession, PracticeSession.id == Seat.practice_id)
        .join(Cohort, and_(Cohort.id == PracticeSession.cohort_id, Cohort.archived_at.is_(None)))
        .join(Membership, Membership.id == Seat.membership_id)
        .join(Person, Person.id == Membership.person_id)
        .where(
            Seat.id.in_(seats),
            Seat.given_up_at.is_(None),
            PracticeSession.starts_at > now,
            PracticeSession.cancelled_at.is_(None),
        )
    ).all()
    tutors: dict[UUID, list[tuple[UUID, Reader]]] = defaultdict(list)
    for cohort, member, reader in teaching(db, {row.cohort for row in rows}):
        tutors[cohort].append((member, reader))
    for row in rows:
        if row.at > now - HOLD and row.starts_at > now + SOON:
            continue
        for member, reader in tutors[row.cohort]:
            yield Wanted(
                "away",
                f"away:{row.id}:{row.at:%Y%m%dT%H%M%S}:{member}",
                f"away:{member}",
                row.cohort,
                reader,
                f"Somebody can’t make {day(row.starts_at, row.zone)}",
                {
                    "who": row.name,
                    "starts_at": row.starts_at,
                    "zone": row.zone,
                    "path": f"/practice/{row.practice}",
                    "cohort": row.of,
                },
            )


def before_sessions(db: Session, now: datetime) -> Iterator[Wanted]:
    """Two days before, for everybody who is expected and has not heard of it lately."""
    near = db.execute(
        select(PracticeSession.cohort_id, PracticeSession.id, PracticeSession.starts_at, Cohort.zone)
        .join(Cohort, Cohort.id == PracticeSession.cohort_id)
        .where(
            Cohort.published_at.is_not(None),
            Cohort.archived_at.is_(None),
            PracticeSession.cancelled_at.is_(None),
            PracticeSession.starts_at > now,
            PracticeSession.starts_at < now + timedelta(days=reminders.DAYS_AHEAD + 1),
        )
    ).all()
    practices = [row.id for row in near if reminders.is_due(reminders.before_session(row.starts_at, row.zone), now)]
    cohorts: dict[UUID, set[UUID]] = {}
    for cohort_id, seat_id in _unreminded(db, practices, now) if practices else ():
        cohorts.setdefault(cohort_id, set()).add(seat_id)
    for cohort_id, seats in cohorts.items():
        term = term_ahead(db, cohort_id, now)
        for seat in term.seats if term is not None else ():
            if term is None or seat.id not in seats or not term.stands(seat):
                continue
            practice, member, shown = term.meeting_of(seat), term.members[seat.member_id], term.shown(seat)
            yield Wanted(
                Kind.REMINDER,
                _reminder(seat.uid, practice.starts_at),
                f"term:{member.id}",
                cohort_id,
                Reader(member.person_id, member.name, member.email, term.zone),
                f"{weekday(shown.starts_at, term.zone)} {clock(shown.starts_at, term.zone)}: your practice session",
                _said_of(shown, practice.id, seat.id) | {"cohort": term.cohort, "tutor": term.tutor},
            )


def _reminder(uid: str, starts_at: datetime) -> str:
    return f"reminder:{uid}:{starts_at:%Y%m%dT%H%MZ}"


_practice, _seat, _membership, _withdrawal, _letter = (
    metadata.tables[name] for name in ("practice_session", "seat", "membership", "withdrawal", "letter")
)
_UNREMINDED = Prepared(
    select(_practice.c.cohort_id, _seat.c.id, _seat.c.uid, _practice.c.starts_at, _membership.c.person_id)
    .select_from(_seat)
    .join(_practice, _practice.c.id == _seat.c.practice_id)
    .join(_membership, _membership.c.id == _seat.c.membership_id)
    .where(
        _seat.c.practice_id.in_(bindparam("practices", expanding=True)),
        _seat.c.given_up_at.is_(None),
        _membership.c.left_at.is_(None),
        ~exists().where(_withdrawal.c.seat_id == _seat.c.id, _withdrawal.c.taken_back_at.is_(None)),
        ~exists().where(_letter.c.seat_id == _seat.c.id, _letter.c.written_at > bindparam("lately")),
    ),
    lambda cohort, seat, uid, starts_at, person: (cohort, seat, person, _reminder(uid, starts_at)),
)


def _unreminded(db: Session, practices: list[UUID], now: datetime) -> Iterator[tuple[UUID, UUID]]:
    """The seats in these sessions, as (cohort, seat), whose holders have not heard of them lately."""
    found = _UNREMINDED.all(db, practices=in_steps(practices), lately=now - reminders.FRESH)
    there, others = written(db, (once for *_, once in found)), not_now(db, Kind.REMINDER)
    for cohort, seat, person, once in found:
        if person not in others and once not in there:
            yield cohort, seat


def _said_of(shown: Shown, practice: UUID, seat: UUID) -> dict[str, Any]:
    return {
        "date": shown,
        "zone": shown.zone,
        "where": shown.where,
        "partners": shown.partners,
        "rounds": [(each.starts_at, each) for each in shown.rounds],
        "path": f"/practice/{practice}",
        "seat": seat,
    }
