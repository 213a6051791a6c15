"""About rounds that were held: what somebody is asked to write, once and once more."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, bindparam, exists, or_, select, union
from sqlalchemy.orm import Session

from threefold.core import reminders
from threefold.core.said import weekday
from threefold.core.wishes import Kind
from threefold.feedback.queries import Missing, asked_in_words, to_come
from threefold.reminding.wanted import Reader, Wanted, not_now, written
from threefold.store.prepared import Prepared
from threefold.store.rows import CohortRow, columns, split
from threefold.store.tables import (
    Cohort,
    Membership,
    Person,
    metadata,
)

LOOK_BACK = timedelta(days=4)

_cohort_here = split(CohortRow)


def published(db: Session, *which: Any) -> list[CohortRow]:
    """Cohorts whose people hear from us."""
    rows = db.execute(
        select(*columns(CohortRow)).where(Cohort.published_at.is_not(None), Cohort.archived_at.is_(None), *which)
    )
    return [_cohort_here(*row)[0] for row in rows]


_practice, _triad, _turn, _seat, _membership, _person, _cohort, _withdrawal, _piece = (
    metadata.tables[name]
    for name in (
        *("practice_session", "triad", "turn", "seat", "membership", "person", "cohort", "withdrawal", "piece"),
    )
)
_other_turn, _other_seat, _other_withdrawal = _turn.alias(), _seat.alias(), _withdrawal.alias()
_SINCE = (
    _practice.c.starts_at > bindparam("since"),
    _practice.c.starts_at < bindparam("now"),
    _practice.c.cancelled_at.is_(None),
    _cohort.c.published_at.is_not(None),
    _cohort.c.archived_at.is_(None),
)
_IS_HELD = ~exists().where(  # by its counsellor
    _other_turn.c.triad_id == _turn.c.triad_id,
    _other_turn.c.round == _turn.c.round,
    _other_turn.c.role == "counsellor",
    _other_seat.c.id == _other_turn.c.seat_id,
    or_(
        _other_seat.c.given_up_at.is_not(None),
        exists().where(_other_withdrawal.c.seat_id == _other_seat.c.id, _other_withdrawal.c.taken_back_at.is_(None)),
    ),
)


def _no_piece(author: ColumnElement[UUID]) -> ColumnElement[bool]:
    return ~exists().where(
        _piece.c.triad_id == _turn.c.triad_id, _piece.c.round == _turn.c.round, _piece.c.author_id == author
    )


_FROM = (
    _turn.join(_triad, _triad.c.id == _turn.c.triad_id)
    .join(_practice, _practice.c.id == _triad.c.practice_id)
    .join(_cohort, _cohort.c.id == _practice.c.cohort_id)
)
_WHO = (
    _cohort.c.id, _practice.c.id, _practice.c.starts_at, _practice.c.ends_at, _membership.c.id, _person.c.id,
    _person.c.zone, _cohort.c.zone,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Owing:
    """Somebody who has not written of a session yet. The rounds themselves say whether they are asked to."""

    cohort: UUID
    practice: UUID
    starts_at: datetime
    ends_at: datetime
    member: UUID
    person: UUID
    own_zone: str | None
    usual_zone: str

    @property
    def session(self) -> tuple[datetime, datetime, str]:
        return self.starts_at, self.ends_at, self.own_zone or self.usual_zone

    @property
    def wanted(self) -> str:
        return f"feedback-wanted:{self.practice}:{self.member}"

    @property
    def reminder(self) -> str:
        return f"feedback-reminder:{self.practice}:{self.member}"


OWING = Prepared(
    union(
        select(*_WHO)
        .select_from(
            _FROM.join(_seat, _seat.c.id == _turn.c.seat_id)
            .join(_membership, _membership.c.id == _seat.c.membership_id)
            .join(_person, _person.c.id == _membership.c.person_id)
        )
        .where(
            *_SINCE,
            _IS_HELD,
            _seat.c.given_up_at.is_(None),
            ~exists().where(_withdrawal.c.seat_id == _seat.c.id, _withdrawal.c.taken_back_at.is_(None)),
            _no_piece(_seat.c.membership_id),
        ),
        select(*_WHO)  # tutors who observe a pair
        .select_from(
            _FROM.join(_membership, _membership.c.id == _triad.c.tutor_id).join(
                _person, _person.c.id == _membership.c.person_id
            )
        )
        .where(*_SINCE, _IS_HELD, _turn.c.role == "counsellor", _no_piece(_membership.c.id)),
    ),
    Owing,
)


def about_feedback(db: Session, now: datetime) -> Iterator[Wanted]:
    """Asked once, reminded once: one letter for all of somebody's rounds of one session."""
    owing = OWING.all(db, since=now - LOOK_BACK, now=now)
    times = {each.session: _may_be_due(*each.session, now) for each in owing}
    owing = [each for each in owing if any(times[each.session])]
    had = written(db, (name for each in owing for name in (each.wanted, each.reminder)))
    others = [not_now(db, kind) for kind in (Kind.FEEDBACK_WANTED, Kind.FEEDBACK_REMINDER)] if owing else []
    asks = set()
    for each in owing:
        (is_time, is_time_again), (not_asked, not_reminded) = times[each.session], others
        wanted = is_time and each.wanted not in had and each.person not in not_asked
        again = is_time_again and each.wanted in had and each.reminder not in had and each.person not in not_reminded
        if wanted or again:
            asks.add(each.cohort)
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
    wanted, reminder = (
        due(starts_at, zone) <= now < due(ends_at, zone) + reminders.WORTH_SENDING
        for due in (reminders.feedback_wanted, reminders.feedback_reminder)
    )
    return wanted, reminder


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
