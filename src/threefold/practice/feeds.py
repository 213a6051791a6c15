"""What a person's calendar feed holds: every place of theirs that a calendar should show, as held or as cancelled.

A place that is no longer theirs, or whose session is off, is shown as cancelled for four weeks and then gone; what has
been held is shown for a year.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, func, or_, select
from sqlalchemy.orm import Session

from threefold.core import diary
from threefold.core.diary import Shows
from threefold.core.invitation import Entry, FeedEntry, Status
from threefold.core.meeting import link_for
from threefold.core.roles import Role, RoleLabels
from threefold.core.slots import SessionShape, round_times
from threefold.store.prepared import Prepared
from threefold.store.tables import metadata

CANCELLED_FOR = timedelta(weeks=4)
HELD_FOR = timedelta(days=366)
_SHOWS = tuple(field.name for field in fields(Entry))


@dataclass(frozen=True, slots=True)
class Reader:
    """Whose feed it is: the number in its address, whether it takes the invitations' place, how much it shows."""

    number: int
    takes_feed: bool
    shows: Shows


@dataclass(frozen=True, slots=True)
class Window:
    """What is old enough to be left out: sessions that ended by `held`, places gone since `gone`."""

    held: datetime
    gone: datetime

    @classmethod
    def at(cls, now: datetime) -> "Window":
        return cls(held=now - HELD_FOR, gone=now - CANCELLED_FOR)


_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
EVER = Window(_LONG_AGO, _LONG_AGO)


@dataclass(frozen=True, slots=True)
class Course:
    """A cohort with places to show. `places` is how many: while its version stands they only ever get fewer, so that
    the two tell whether a feed has changed.
    """

    id: UUID
    version: int
    zone: str
    labels: dict[str, Any]
    rounds: int
    practice_minutes: int
    feedback_minutes: int
    opening_minutes: int
    closing_minutes: int
    places: int

    @property
    def shape(self) -> SessionShape:
        return SessionShape(
            self.rounds, self.practice_minutes, self.feedback_minutes, self.opening_minutes, self.closing_minutes
        )

    @property
    def role_labels(self) -> RoleLabels:
        return RoleLabels(**self.labels)


@dataclass(frozen=True, slots=True)
class Place:
    """A seat with everything that decides how a calendar shows it."""

    seat_id: UUID
    uid: str
    sequence: int
    taken_at: datetime
    invited_at: datetime | None
    given_up_at: datetime | None
    left_at: datetime | None
    room: str
    triad_id: UUID
    practice_id: UUID
    cohort_id: UUID
    starts_at: datetime
    ends_at: datetime
    place: str
    link: str
    cancelled_at: datetime | None
    shape: list[int] | None
    withdrawn_at: datetime | None
    taken_back_at: datetime | None

    @property
    def gone_at(self) -> datetime | None:
        """Since when they are not to come; None for a place that stands."""
        withdrawn = None if self.taken_back_at else self.withdrawn_at
        return min(filter(None, (self.given_up_at, self._left_at, self.cancelled_at, withdrawn)), default=None)

    @property
    def changed_at(self) -> datetime:
        """When what a calendar shows of it last changed."""
        written = (self.taken_at, self.invited_at)
        ended = (self.given_up_at, self._left_at, self.cancelled_at, self.withdrawn_at, self.taken_back_at)
        return max(filter(None, (*written, *ended)))

    @property
    def is_theirs(self) -> bool:
        """Whether its page is still there for them."""
        return self.given_up_at is None and self.left_at is None

    @property
    def _left_at(self) -> datetime | None:
        """When they left the group, if that was before this session was over."""
        return self.left_at if self.left_at and self.left_at < self.ends_at else None


_person, _membership, _cohort, _practice, _triad, _seat, _turn, _withdrawal = (
    metadata.tables[name]
    for name in ("person", "membership", "cohort", "practice_session", "triad", "seat", "turn", "withdrawal")
)
_READER = Prepared(
    select(_person.c.feed_number, _person.c.takes_feed_since, _person.c.calendar_shows).where(
        _person.c.id == bindparam("person")
    ),
    lambda number, takes_feed_since, shows: Reader(number, takes_feed_since is not None, Shows(shows)),
)
_SHOWN = (
    _membership.c.person_id == bindparam("person"),
    _cohort.c.published_at.is_not(None),
    _practice.c.ends_at > bindparam("held"),
    # Each as `Place.gone_at` has it: the earliest of them is later than `gone` when all of them are.
    or_(_seat.c.given_up_at.is_(None), _seat.c.given_up_at > bindparam("gone")),
    or_(_practice.c.cancelled_at.is_(None), _practice.c.cancelled_at > bindparam("gone")),
    or_(
        _membership.c.left_at.is_(None),
        _membership.c.left_at >= _practice.c.ends_at,
        _membership.c.left_at > bindparam("gone"),
    ),
    or_(
        _withdrawal.c.at.is_(None),
        _withdrawal.c.taken_back_at.is_not(None),
        _withdrawal.c.at > bindparam("gone"),
    ),
)
_SEATS = (
    _seat.join(_membership, _membership.c.id == _seat.c.membership_id)
    .join(_practice, _practice.c.id == _seat.c.practice_id)
    .join(_cohort, _cohort.c.id == _practice.c.cohort_id)
    .outerjoin(_withdrawal, _withdrawal.c.seat_id == _seat.c.id)
)
_COURSES = Prepared(
    select(
        _cohort.c.id,
        _cohort.c.version,
        _cohort.c.zone,
        _cohort.c.labels,
        _cohort.c.rounds,
        _cohort.c.practice_minutes,
        _cohort.c.feedback_minutes,
        _cohort.c.opening_minutes,
        _cohort.c.closing_minutes,
        func.count(_seat.c.id),
    )
    .select_from(_SEATS)
    .where(*_SHOWN)
    .group_by(_cohort.c.id)
    .order_by(_cohort.c.id),
    Course,
)
_PLACES = Prepared(
    select(
        _seat.c.id,
        _seat.c.uid,
        _seat.c.sequence,
        _seat.c.taken_at,
        _seat.c.invited_at,
        _seat.c.given_up_at,
        _membership.c.left_at,
        _triad.c.room,
        _triad.c.id,
        _practice.c.id,
        _practice.c.cohort_id,
        _practice.c.starts_at,
        _practice.c.ends_at,
        _practice.c.place,
        _practice.c.link,
        _practice.c.cancelled_at,
        _practice.c.shape,
        _withdrawal.c.at,
        _withdrawal.c.taken_back_at,
    )
    .select_from(_SEATS.join(_triad, _triad.c.id == _seat.c.triad_id))
    .where(*_SHOWN),
    Place,
)
_TURNS = Prepared(
    select(_turn.c.seat_id, _turn.c.round, _turn.c.role)
    .select_from(
        _turn.join(_seat, (_seat.c.triad_id == _turn.c.triad_id) & (_seat.c.id == _turn.c.seat_id)).join(
            _membership, _membership.c.id == _seat.c.membership_id
        )
    )
    .where(_membership.c.person_id == bindparam("person"))
    .order_by(_turn.c.round),
    lambda seat_id, number, role: (seat_id, number, Role(role)),
)


def reader_of(db: Session, person_id: UUID) -> Reader | None:
    """Whose feed it is; None for nobody."""
    return _READER.one(db, person=person_id)


def courses_of(db: Session, person_id: UUID, window: Window) -> list[Course]:
    """The cohorts a feed shows something of, and with how many places."""
    return _COURSES.all(db, person=person_id, held=window.held, gone=window.gone)


def entries(
    db: Session, person_id: UUID, courses: Sequence[Course], window: Window, shows: Shows, base_url: str
) -> list[FeedEntry]:
    """Everything the feed holds, in two queries however much that is. Addresses in it begin with `base_url`."""
    return [entry for _, entry in _entries(db, person_id, courses, window, shows, base_url)]


def entry_of(db: Session, person_id: UUID, seat_id: UUID, base_url: str) -> FeedEntry | None:
    """One of their places just as the feed shows it, however long ago it was; None if it is not theirs."""
    reader = reader_of(db, person_id)
    if reader is None:
        return None
    found = _entries(db, person_id, courses_of(db, person_id, EVER), EVER, reader.shows, base_url)
    return next((entry for id_, entry in found if id_ == seat_id), None)


def _entries(
    db: Session, person_id: UUID, courses: Sequence[Course], window: Window, shows: Shows, base_url: str
) -> Iterator[tuple[UUID, FeedEntry]]:
    turns: dict[UUID, list[tuple[int, Role]]] = defaultdict(list)
    for seat_id, number, role in _TURNS.all(db, person=person_id):
        turns[seat_id].append((number, role))
    by_id = {course.id: (course, course.role_labels) for course in courses}
    for place in _PLACES.all(db, person=person_id, held=window.held, gone=window.gone):
        course, labels = by_id[place.cohort_id]
        times = () if place.gone_at else _times(place, course, turns[place.seat_id])
        roles = [(at, labels.of(role)) for at, role in times]
        yield place.seat_id, _entry(place, course.zone, roles, shows, base_url)


def _times(place: Place, course: Course, turns: Sequence[tuple[int, Role]]) -> list[tuple[datetime, Role]]:
    shape = SessionShape(*place.shape) if place.shape else course.shape
    times = round_times(place.starts_at, shape, max((number for number, _ in turns), default=None))
    return [(times[number - 1].starts_at, role) for number, role in turns]


def _entry(place: Place, zone: str, roles: Sequence[tuple[datetime, str]], shows: Shows, base_url: str) -> FeedEntry:
    """One seat in the words and under the UID of its invitation. What is off has time and place only."""
    gone = place.gone_at is not None
    entry = diary.entry(
        starts_at=place.starts_at,
        ends_at=place.ends_at,
        zone=zone,
        where=", ".join(filter(None, (place.room, place.place))),
        link=link_for(place.link, place.triad_id),
        roles=roles,
        url=base_url + (f"/practice/{place.practice_id}" if place.is_theirs else "/calendar"),
        shows=Shows.QUIET if gone else shows,
        title=diary.CANCELLED_TITLE if gone else diary.TITLE,
    )
    return FeedEntry(
        **{name: getattr(entry, name) for name in _SHOWS},
        uid=place.uid,
        sequence=place.sequence,
        changed_at=place.changed_at,
        status=Status.CANCELLED if gone else Status.CONFIRMED,
    )
