"""What lies ahead of a published cohort, with what each person was told of it: rows made the core's `Term`."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Raw
from msgspec.json import decode
from sqlalchemy import ColumnElement, and_, func, or_, select, type_coerce
from sqlalchemy.orm import Session

from threefold.core.diary import Shows
from threefold.core.guests import guest_seen
from threefold.core.identity import first_id
from threefold.core.invitation import Method
from threefold.core.reply import Settled
from threefold.core.roles import Role
from threefold.core.roster import email_key
from threefold.core.slots import SessionShape
from threefold.core.term import Circle, Kind, Meeting, Member, Seat, Shown, Term, Told
from threefold.store.columns import Json
from threefold.store.guests import COMES
from threefold.store.rows import CohortRow, value
from threefold.store.tables import (
    Cohort,
    Encounter,
    Guest,
    Letter,
    Membership,
    Person,
    PracticeSession,
    Reply,
    Triad,
    Turn,
    Withdrawal,
)
from threefold.store.tables import Seat as SeatTable

OVERVIEW = "overview"
_Row = Any  # a letter's columns, as the questions below name them
# Taken apart only where it is compared: most of what was ever written is not.
_SHOWS = type_coerce(Letter.shows, Json(Raw)).label("shows")
_CAME_OF = (Letter.tries, Letter.lease_until, Letter.sent_at, Letter.stopped_at)


def term_ahead(db: Session, cohort_id: UUID, now: datetime, *, only: UUID | None = None) -> Term | None:
    """The sessions still to come, in eight queries; None for a cohort that nobody is told of (a draft, archived).

    `only` one of them, where that is named: then with those alone who have, or had, a seat in it, and who teaches.
    """
    entity = db.get(Cohort, cohort_id)
    if entity is None or entity.published_at is None or entity.archived_at is not None:
        return None
    cohort = value(CohortRow, entity)
    ahead = and_(PracticeSession.cohort_id == cohort_id, PracticeSession.starts_at > now)
    if only is not None:
        ahead = and_(PracticeSession.id == only, ahead)
    meetings = {
        row.id: Meeting(
            id=row.id,
            starts_at=row.starts_at,
            ends_at=row.ends_at,
            place=row.place,
            link=row.link,
            cancelled=row.cancelled_at is not None,
            shape=SessionShape(*row.shape) if row.shape else cohort.shape,
        )
        for row in db.execute(
            select(
                PracticeSession.id,
                PracticeSession.starts_at,
                PracticeSession.ends_at,
                PracticeSession.place,
                PracticeSession.link,
                PracticeSession.cancelled_at,
                PracticeSession.shape,
            ).where(ahead)
        )
    }
    circles: dict[UUID, Circle] = {}
    for row in db.execute(
        select(
            Triad.id, Triad.practice_id, Triad.room, Triad.tutor_id, Encounter.round, Encounter.guest_id, Person.name
        )
        .join(PracticeSession, PracticeSession.id == Triad.practice_id)
        .outerjoin(Encounter, and_(Encounter.triad_id == Triad.id, COMES))
        .outerjoin(Guest, Guest.id == Encounter.guest_id)
        .outerjoin(Person, Person.id == Guest.person_id)
        .where(ahead)
        .order_by(Triad.id, Encounter.round)
    ):
        before = circles[row.id].guests if row.id in circles else ()
        guest = ((row.round, row.guest_id, guest_seen(row.name)),) if row.guest_id else ()
        circles[row.id] = Circle(row.id, row.practice_id, row.room, row.tutor_id, (*before, *guest))
    members, teaching, overviews = _members(db, cohort_id, None if only is None else ahead)
    first = sorted(teaching, key=lambda member: member.person_id != cohort.created_by)
    return Term(
        cohort_id=cohort_id,
        cohort=cohort.name,
        zone=cohort.zone,
        labels=cohort.role_labels,
        invites_ahead=cohort.invites_ahead,
        tutor=first[0].name if first else "",
        members=members,
        meetings=meetings,
        circles=circles,
        seats=_seats(db, ahead, overviews),
        lately={
            row.lane: row.id
            for row in db.execute(
                select(Letter.lane, Letter.id)
                .where(Letter.lane.in_(map(term_lane, members)), Letter.id >= first_id(int(now.timestamp() * 1000)))
                .order_by(Letter.id)
            )
        },
    )


def _members(
    db: Session, cohort_id: UUID, ahead: ColumnElement[bool] | None
) -> tuple[Mapping[UUID, Member], list[Member], Mapping[str, tuple[_Row, Raw]]]:
    """Everybody who is or was in the cohort, its tutors, and what the last overview said of each seat.

    Where `ahead` is given, of its people only those with a seat in these sessions.
    """
    people = select(
        Membership.id,
        Membership.person_id,
        Membership.role,
        Membership.left_at,
        Person.name,
        Person.email,
        Person.takes_feed_since,
        Person.calendar_shows,
    ).join(Person, Person.id == Membership.person_id)
    if ahead is not None:
        sitting = select(SeatTable.membership_id).join(Triad).join(PracticeSession).where(ahead)
        people = people.where(or_(Membership.role == "tutor", Membership.id.in_(sitting)))
    rows = db.execute(people.where(Membership.cohort_id == cohort_id).order_by(Person.name, Membership.id)).all()
    overviews: dict[UUID, list[_Row]] = defaultdict(list)
    for letter in db.execute(
        select(
            Letter.person_id,
            Letter.id,
            Letter.message_id,
            Letter.recipient,
            _SHOWS,
            Letter.due_at,
            *_CAME_OF,
        )
        .where(Letter.lane.in_([term_lane(row.id) for row in rows]), Letter.kind == OVERVIEW)
        .order_by(Letter.id)
    ):
        overviews[letter.person_id].append(letter)
    members: dict[UUID, Member] = {}
    teaching = []
    said: dict[str, tuple[_Row, Raw]] = {}
    for row in rows:
        written, here = overviews[row.person_id], email_key(row.email)
        count = [each for each in written if _may_be_read(each) or _is_untried(each)]
        if count and count[-1].shows is not None:
            said |= {seat: (count[-1], shown) for seat, shown in decode(count[-1].shows, type=dict[str, Raw]).items()}
        members[row.id] = Member(
            id=row.id,
            person_id=row.person_id,
            name=row.name,
            email=row.email,
            takes_feed=row.takes_feed_since is not None,
            shows=Shows(row.calendar_shows),
            overviews=tuple((email_key(each.recipient), each.message_id) for each in count),
            written=len(written),
            astray=tuple(each.id for each in written if email_key(each.recipient) != here and _is_untried(each)),
            is_here=row.left_at is None,
        )
        if row.role == "tutor" and row.left_at is None:
            teaching.append(members[row.id])
    return members, teaching, said


def _seats(db: Session, ahead: ColumnElement[bool], overviews: Mapping[str, tuple[_Row, Raw]]) -> tuple[Seat, ...]:
    turns: dict[UUID, list[tuple[int, Role]]] = defaultdict(list)
    for seat_id, number, role in db.execute(
        select(Turn.seat_id, Turn.round, Turn.role)
        .join(SeatTable, SeatTable.id == Turn.seat_id)
        .join(Triad, Triad.id == SeatTable.triad_id)
        .join(PracticeSession, PracticeSession.id == Triad.practice_id)
        .where(ahead)
        .order_by(Turn.round)
    ):
        turns[seat_id].append((number, Role(role)))
    letters: dict[UUID, list[_Row]] = defaultdict(list)
    for row in db.execute(
        select(
            Letter.seat_id,
            Letter.sequence,
            Letter.kind,
            Letter.method,
            Letter.recipient,
            _SHOWS,
            Letter.due_at,
            *_CAME_OF,
        )
        .join(SeatTable, SeatTable.id == Letter.seat_id)
        .join(Triad, Triad.id == SeatTable.triad_id)
        .join(PracticeSession, PracticeSession.id == Triad.practice_id)
        .where(ahead)
        .order_by(Letter.sequence)
    ):
        letters[row.seat_id].append(row)
    kept = (
        select(func.max(Reply.sequence))
        .where(Reply.seat_id == SeatTable.id, Reply.settled_as == Settled.KEPT.value)
        .scalar_subquery()
    )
    return tuple(
        Seat(
            id=row.id,
            uid=row.uid,
            member_id=row.membership_id,
            triad_id=row.triad_id,
            position=row.position,
            held=row.given_up_at is None,
            away=row.at is not None and row.taken_back_at is None,
            turns=tuple(turns[row.id]),
            sequence=row.sequence if letters[row.id] else -1,
            told=_told(each for each in letters[row.id] if each.method),
            heard=_heard([each for each in letters[row.id] if not each.method]) or _said_of(overviews.get(str(row.id))),
            waiting=tuple(_as_told(each) for each in letters[row.id] if _is_untried(each)),
            kept=-1 if row.kept is None else row.kept,
        )
        for row in db.execute(
            select(
                SeatTable.id,
                SeatTable.uid,
                SeatTable.membership_id,
                SeatTable.triad_id,
                SeatTable.position,
                SeatTable.given_up_at,
                SeatTable.sequence,
                Withdrawal.at,
                Withdrawal.taken_back_at,
                kept.label("kept"),
            )
            .join(Triad, Triad.id == SeatTable.triad_id)
            .join(PracticeSession, PracticeSession.id == Triad.practice_id)
            .outerjoin(Withdrawal, Withdrawal.seat_id == SeatTable.id)
            .where(ahead)
            .order_by(SeatTable.id)
        )
    )


def term_lane(member: UUID) -> str:
    """The lane of all that somebody is told of their term."""
    return f"term:{member}"


def _is_untried(letter: _Row) -> bool:
    """Whether a letter is still here for certain: nothing of it can have been read."""
    return letter.sent_at is None and letter.stopped_at is None and letter.lease_until is None and letter.tries == 0


def _may_be_read(letter: _Row) -> bool:
    """Whether a letter left, is leaving, or was tried and nobody knows.

    One that was given up before its first try (overtaken, say) told nothing.
    """
    return bool(letter.sent_at or letter.lease_until or letter.tries)


def _heard(plain: Sequence[_Row]) -> Told | None:
    """The last letter without a part for calendars that may have been read."""
    read = [each for each in plain if _may_be_read(each)]
    return _as_told(read[-1]) if read else None


def _said_of(overview: tuple[_Row, Raw] | None) -> Told | None:
    """What an overview said of one seat."""
    if overview is None:
        return None
    letter, shown = overview
    return Told(-1, Method.REQUEST, letter.recipient, decode(shown, type=Shown), letter.due_at, plain=True)


def _told(letters: Iterable[_Row]) -> tuple[Told, ...]:
    """The last letter that may have been read at each address."""
    last: dict[str, _Row] = {}
    for each in filter(_may_be_read, letters):
        last.pop(email_key(each.recipient), None)
        last[email_key(each.recipient)] = each
    return tuple(map(_as_told, last.values()))


def _as_told(letter: _Row) -> Told:
    method = Method.CANCEL if letter.kind == Kind.CANCELLATION else Method.REQUEST
    shown = decode(letter.shows, type=Shown)
    return Told(letter.sequence, method, letter.recipient, shown, letter.due_at, plain=letter.method is None)
