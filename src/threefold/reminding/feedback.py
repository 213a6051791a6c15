"""About rounds that were held: what somebody is asked to write, once and once more."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, FromClause, and_, bindparam, exists, or_, select, union, union_all
from sqlalchemy.orm import Session

from threefold.core import reminders
from threefold.core.said import weekday
from threefold.core.wishes import Kind
from threefold.feedback.queries import Missing, asked_in_words, to_come
from threefold.reminding.wanted import Reader, Wanted, in_steps, not_now, written
from threefold.store.happened import was_there
from threefold.store.prepared import Prepared
from threefold.store.rows import CohortRow, columns, split
from threefold.store.tables import (
    Cohort,
    Membership,
    Person,
    PracticeSession,
    metadata,
)

LOOK_BACK = timedelta(days=4)

HEARS = (Cohort.published_at.is_not(None), Cohort.archived_at.is_(None))
_cohort_here = split(CohortRow)


def published(db: Session, *which: Any) -> list[CohortRow]:
    """Cohorts whose people hear from us."""
    rows = db.execute(select(*columns(CohortRow)).where(*HEARS, *which))
    return [_cohort_here(*row)[0] for row in rows]


_triad, _turn, _seat, _membership, _person, _practice, _piece = (
    metadata.tables[name] for name in ("triad", "turn", "seat", "membership", "person", "practice_session", "piece")
)
_other_turn, _other_seat = _turn.alias(), _seat.alias()


def _came(seat: FromClause) -> ColumnElement[bool]:
    """Whether somebody with this seat was there: who gave it up in mid-session has the rounds before."""
    before = or_(seat.c.given_up_at.is_(None), seat.c.given_up_at > _practice.c.starts_at)
    return and_(before, was_there(seat, practice=_practice.c.id))


_IS_HELD = exists().where(  # by its counsellor
    _other_turn.c.triad_id == _turn.c.triad_id,
    _other_turn.c.round == _turn.c.round,
    _other_turn.c.role == "counsellor",
    _other_seat.c.id == _other_turn.c.seat_id,
    _came(_other_seat),
)
_HERE = _triad.c.practice_id.in_(bindparam("practices", expanding=True))
_WHO = (_triad.c.practice_id, _membership.c.id, _person.c.id, _person.c.zone)


def _no_piece(author: ColumnElement[UUID]) -> ColumnElement[bool]:
    return ~exists().where(
        _piece.c.triad_id == _turn.c.triad_id, _piece.c.round == _turn.c.round, _piece.c.author_id == author
    )


_SEATED = Prepared(
    union_all(
        select(*_WHO)
        .select_from(_triad.join(_seat, _seat.c.triad_id == _triad.c.id))
        .join(_practice, _practice.c.id == _triad.c.practice_id)
        .join(_membership, _membership.c.id == _seat.c.membership_id)
        .join(_person, _person.c.id == _membership.c.person_id)
        .where(_HERE, or_(_seat.c.given_up_at.is_(None), _seat.c.given_up_at > _practice.c.starts_at))
        .distinct(),  # whoever moved to another group has two
        select(*_WHO)  # tutors who observe a pair
        .select_from(_triad.join(_membership, _membership.c.id == _triad.c.tutor_id))
        .join(_person, _person.c.id == _membership.c.person_id)
        .where(_HERE),
    ),
    lambda *cells: cells,
)
_OWING = Prepared(
    union(
        select(_triad.c.practice_id, _seat.c.membership_id)
        .select_from(_triad.join(_turn, _turn.c.triad_id == _triad.c.id).join(_seat, _seat.c.id == _turn.c.seat_id))
        .join(_practice, _practice.c.id == _triad.c.practice_id)
        .where(_HERE, _came(_seat), _no_piece(_seat.c.membership_id), _IS_HELD),
        select(_triad.c.practice_id, _triad.c.tutor_id)
        .select_from(_triad.join(_turn, _turn.c.triad_id == _triad.c.id))
        .join(_practice, _practice.c.id == _triad.c.practice_id)
        .where(
            _HERE,
            _triad.c.tutor_id.is_not(None),
            _turn.c.role == "counsellor",
            _no_piece(_triad.c.tutor_id),
            _IS_HELD,
        ),
    ),
    lambda practice, member: (practice, member),
)


@dataclass(frozen=True, slots=True)
class _Seated:
    """Somebody in a session that was held."""

    cohort: UUID
    practice: UUID
    member: UUID
    person: UUID
    session: tuple[datetime, datetime, str]  # when it began and ended, and the zone of the person's clock

    @property
    def wanted(self) -> str:
        return f"feedback-wanted:{self.practice}:{self.member}"

    @property
    def reminder(self) -> str:
        return f"feedback-reminder:{self.practice}:{self.member}"


class Begun(NamedTuple):
    """A session that has begun, with its cohort's zone."""

    id: UUID
    cohort_id: UUID
    starts_at: datetime
    ends_at: datetime
    zone: str


def begun(db: Session, since: datetime, now: datetime, *which: ColumnElement[bool]) -> list[Begun]:
    """The sessions that have begun since."""
    rows = db.execute(
        select(
            PracticeSession.id, PracticeSession.cohort_id, PracticeSession.starts_at, PracticeSession.ends_at,
            Cohort.zone,
        )
        .join(Cohort, Cohort.id == PracticeSession.cohort_id)
        .where(
            PracticeSession.starts_at > since,
            PracticeSession.starts_at < now,
            PracticeSession.cancelled_at.is_(None),
            *HEARS,
            *which,
        )
    )  # fmt: skip
    return [Begun(*row) for row in rows]


def owing(db: Session, practices: Collection[UUID]) -> set[tuple[UUID, UUID]]:
    """(session, membership) of everybody who has not written of all their rounds in these sessions.

    Perhaps of some who need not: the rounds themselves have the last word.
    """
    return set(_OWING.all(db, practices=in_steps(practices))) if practices else set()


def _seated(db: Session, sessions: Collection[Begun]) -> list[_Seated]:
    if not sessions:
        return []
    held = {session.id: session for session in sessions}
    return [
        _Seated(at.cohort_id, practice, member, person, (at.starts_at, at.ends_at, zone or at.zone))
        for practice, member, person, zone in _SEATED.all(db, practices=in_steps(held))
        if (at := held[practice])
    ]


def about_feedback(db: Session, now: datetime) -> Iterator[Wanted]:
    """Asked once, reminded once: one letter for all of somebody's rounds of one session."""
    zones = set(filter(None, db.scalars(select(Person.zone).distinct())))
    sessions = [
        session
        for session in begun(db, now - LOOK_BACK, now)
        if any(any(_may_be_due(session.starts_at, session.ends_at, zone, now)) for zone in {session.zone, *zones})
    ]
    seated = _seated(db, sessions)
    named = [(each, each.wanted, each.reminder, *_may_be_due(*each.session, now)) for each in seated]
    had = written(db, (once for _, *names, _, is_again in named for once in names[: 1 + is_again]))
    not_asked, not_reminded = (
        (not_now(db, Kind.FEEDBACK_WANTED), not_now(db, Kind.FEEDBACK_REMINDER)) if seated else (set(), set())
    )
    open_ones = []
    for each, wanted, reminder, is_time, is_again in named:
        asked_now = is_time and wanted not in had and each.person not in not_asked
        asked_again = is_again and wanted in had and reminder not in had and each.person not in not_reminded
        if asked_now or asked_again:
            open_ones.append(each)
    owe = owing(db, {each.practice for each in open_ones}) if open_ones else set()
    asks = {each.cohort for each in open_ones if (each.practice, each.member) in owe}
    cohorts = published(db, Cohort.id.in_(asks)) if asks else []
    together: dict[tuple[UUID, UUID], list[Missing]] = {}
    for missing in to_come(db, cohorts, now).missing if cohorts else ():
        together.setdefault((missing.held.practice_id, missing.author.member), []).append(missing)
    readers = _readers(db, {member for _, member in together})
    for (practice, member), pieces in together.items():
        reader, first = readers[member], pieces[0].held
        ended = max(piece.held.clock.ends_at for piece in pieces)
        name = weekday(first.starts_at, first.zone)
        values = {
            "zone": first.zone,
            "starts_at": first.starts_at,
            "pieces": [(piece.held.path, asked_in_words(piece)) for piece in pieces],
            "cohort": first.cohort,
        }
        first_once = f"feedback-wanted:{practice}:{member}"
        lane = f"feedback:{member}"
        if reminders.is_due(reminders.feedback_wanted(ended, reader.zone), now):
            yield Wanted(
                Kind.FEEDBACK_WANTED, first_once, lane, first.cohort_id, reader,
                f"Three minutes on {name}’s round, while it’s fresh", values,
            )  # fmt: skip
        elif first_once in had and reminders.is_due(reminders.feedback_reminder(ended, reader.zone), now):
            yield Wanted(
                Kind.FEEDBACK_REMINDER, f"feedback-reminder:{practice}:{member}", lane, first.cohort_id, reader,
                f"Still hoping to hear from you about {name}", values,
            )  # fmt: skip


def _may_be_due(starts_at: datetime, ends_at: datetime, zone: str, now: datetime) -> tuple[bool, bool]:
    """Whether the first letter, and the second, could be due, whichever round of the session was their last."""
    wanted, reminder = _windows(starts_at, ends_at, zone)
    return wanted[0] <= now < wanted[1], reminder[0] <= now < reminder[1]


@lru_cache(maxsize=1000)
def _windows(starts_at: datetime, ends_at: datetime, zone: str) -> tuple[tuple[datetime, datetime], ...]:
    return tuple(
        (due(starts_at, zone), due(ends_at, zone) + reminders.WORTH_SENDING)
        for due in (reminders.feedback_wanted, reminders.feedback_reminder)
    )


def _readers(db: Session, members: Iterable[UUID]) -> dict[UUID, Reader]:
    rows = db.execute(
        select(
            Membership.id, Person.id.label("person"), Person.name, Person.email, Person.zone, Cohort.zone.label("usual")
        )
        .join(Person, Person.id == Membership.person_id)
        .join(Cohort, Cohort.id == Membership.cohort_id)
        .where(Membership.id.in_(list(members)))
    )
    return {row.id: Reader(row.person, row.name, row.email, row.zone or row.usual) for row in rows}
