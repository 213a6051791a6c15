"""The times of extra practice as they stand: who sits where, and who waits."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, bindparam, or_, select
from sqlalchemy.orm import Session, aliased

from threefold.core.booking import Circle, IfTwo, Time, Waits
from threefold.core.names import first_name
from threefold.core.roles import Role
from threefold.core.window import Room, Way
from threefold.store.tables import (
    Membership,
    Person,
    PracticeSession,
    PracticeWindow,
    Seat,
    Triad,
    Turn,
    Waiting,
    WindowOffer,
)


@dataclass(frozen=True)
class WindowRow:
    """What a tutor opened, or keeps as a draft; see `tables.PracticeWindow` for each column."""

    id: UUID
    cohort_id: UUID
    way: Way
    times: tuple[str, ...]
    minutes: int
    shape: tuple[int, ...]
    mode: str
    place: str
    link: str
    rooms: tuple[Room, ...]
    at_once: int
    most_each: int
    if_two: IfTwo
    steps_out_until: int
    closes_at: datetime | None
    opened_at: datetime | None
    drawn_at: datetime | None
    called_off_at: datetime | None


@dataclass(frozen=True)
class Sitting:
    """Somebody in a triad; `role` is theirs in its first round, None until its turns are laid out."""

    seat_id: UUID
    member: UUID
    person_id: UUID
    name: str
    role: Role | None

    @property
    def first(self) -> str:
        return first_name(self.name)


@dataclass(frozen=True)
class Sheet:
    """One time of a window with everybody in it. `people` are by triad, in the order of their places."""

    window: WindowRow
    opener: str
    time: Time
    number: int
    place: str
    link: str
    rooms: Mapping[UUID, str]  # by triad
    people: Mapping[UUID, tuple[Sitting, ...]]

    @property
    def seats_taken(self) -> int:
        return sum(len(circle.members) for circle in self.time.circles)

    @property
    def seats(self) -> int:
        return 3 * self.time.at_once

    def seat_of(self, member: UUID) -> Sitting | None:
        return next((one for some in self.people.values() for one in some if one.member == member), None)


def window_row(entity: PracticeWindow) -> WindowRow:
    rooms = tuple(Room(each["name"], each["people"], tuple(each["access"])) for each in entity.rooms)
    return WindowRow(
        entity.id,
        entity.cohort_id,
        Way(entity.way),
        tuple(entity.times),
        entity.minutes,
        tuple(entity.shape),
        entity.mode,
        entity.place,
        entity.link,
        rooms,
        entity.at_once,
        entity.most_each,
        IfTwo(entity.if_two),
        entity.steps_out_until,
        entity.closes_at,
        entity.opened_at,
        entity.drawn_at,
        entity.called_off_at,
    )


def sheets(db: Session, *where: ColumnElement[bool]) -> list[Sheet]:
    """The times that fit `where` (of practice_session and practice_window), in order; two queries."""
    return sheets_and_offers(db, None, PracticeSession.id.is_not(None), *where)[0]


@dataclass(frozen=True)
class Offered:
    """A window for which times are offered, and what one person said; `said` is None before they said anything."""

    window: WindowRow
    opener: str
    said: Mapping[str, str] | None
    unplaced: str

    @property
    def opener_first(self) -> str:
        return first_name(self.opener) if self.opener else "Your tutor"


# Put together once: that takes longer than asking it.
_opener = aliased(Person)
_SHEETS = (
    select(
        PracticeWindow,
        WindowOffer,
        _opener.name.label("opener"),
        PracticeSession.id.label("practice"),
        PracticeSession.number,
        PracticeSession.starts_at,
        PracticeSession.ends_at,
        PracticeSession.place,
        PracticeSession.link,
        PracticeSession.cancelled_at,
        Triad.id.label("triad"),
        Triad.number.label("triad_number"),
        Triad.room,
        Triad.places,
        Seat.id.label("seat"),
        Seat.membership_id,
        Seat.position,
        Seat.taken_at,
        Seat.given_up_at,
        Person.id.label("person"),
        Person.name,
        Turn.role,
    )
    .select_from(PracticeWindow)
    .outerjoin(PracticeSession, PracticeSession.window_id == PracticeWindow.id)
    .outerjoin(
        WindowOffer, and_(WindowOffer.window_id == PracticeWindow.id, WindowOffer.membership_id == bindparam("member"))
    )
    .outerjoin(_opener, _opener.id == PracticeWindow.opened_by)
    .outerjoin(Triad, Triad.practice_id == PracticeSession.id)
    .outerjoin(Seat, Seat.triad_id == Triad.id)
    .outerjoin(Membership, Membership.id == Seat.membership_id)
    .outerjoin(Person, Person.id == Membership.person_id)
    .outerjoin(Turn, and_(Turn.seat_id == Seat.id, Turn.triad_id == Triad.id, Turn.round == 1))
    .order_by(PracticeSession.starts_at, PracticeSession.id, PracticeWindow.id, Triad.number, Seat.position)
)


def sheets_and_offers(
    db: Session, member: UUID | None, *where: ColumnElement[bool]
) -> tuple[list[Sheet], list[Offered]]:
    """The times that fit, and the windows among them for which this member can offer times; two queries."""
    rows = db.execute(_SHEETS.where(*where), {"member": member}).all()
    by_practice: dict[UUID, list[Any]] = defaultdict(list)
    offered: dict[UUID, Offered] = {}
    for row in rows:
        if row.practice is not None:
            by_practice[row.practice].append(row)
        window, said = row.PracticeWindow, row.WindowOffer
        if window.way == Way.MATCHED and window.id not in offered:
            times = said.times if said and said.taken_back_at is None else None
            offered[window.id] = Offered(window_row(window), row.opener or "", times, said.unplaced if said else "")
    waiting = _waiting(db, list(by_practice))
    return [_sheet(some, waiting[practice]) for practice, some in by_practice.items()], list(offered.values())


def _waiting(db: Session, practices: Sequence[UUID]) -> dict[UUID | None, list[Waits]]:
    found: dict[UUID | None, list[Waits]] = defaultdict(list)
    if practices:
        for row in db.execute(
            select(
                Waiting.id,
                Waiting.practice_id,
                Waiting.membership_id,
                Waiting.since,
                Waiting.offered_triad_id,
                Waiting.expires_at,
            )
            .where(Waiting.practice_id.in_(practices), Waiting.settled_at.is_(None))
            .order_by(Waiting.since, Waiting.id)
        ):
            found[row.practice_id].append(
                Waits(row.id, row.membership_id, row.since, row.offered_triad_id, row.expires_at)
            )
    return found


def _sheet(rows: Sequence[Any], waiting: Sequence[Waits]) -> Sheet:
    first = rows[0]
    window = window_row(first.PracticeWindow)
    by_triad: dict[UUID, list[Any]] = defaultdict(list)
    for row in rows:
        if row.triad is not None:
            by_triad[row.triad].append(row)
    access = tuple(frozenset(room.access) for room in window.rooms)
    circles, people = [], {}
    for triad, some in by_triad.items():
        held = [row for row in some if row.seat is not None and row.given_up_at is None]
        moved = [row.given_up_at or row.taken_at for row in some if row.seat is not None]
        circles.append(
            Circle(
                id=triad,
                number=some[0].triad_number,
                members={row.position: row.membership_id for row in held},
                settled=any(row.role for row in held),
                since=max(moved, default=window.opened_at or first.starts_at),
                places=some[0].places or 3,
                access=access[some[0].triad_number - 1] if some[0].triad_number <= len(access) else frozenset(),
            )
        )
        people[triad] = tuple(
            Sitting(row.seat, row.membership_id, row.person, row.name, Role(row.role) if row.role else None)
            for row in held
        )
    time = Time(
        id=first.practice,
        starts_at=first.starts_at,
        ends_at=first.ends_at,
        at_once=window.at_once,
        most_each=window.most_each,
        if_two=window.if_two,
        steps_out_until=window.steps_out_until,
        circles=tuple(circles),
        waiting=tuple(waiting),
        cancelled=first.cancelled_at is not None,
        rooms=access,
    )
    rooms = {triad: some[0].room for triad, some in by_triad.items()}
    return Sheet(window, first.opener or "", time, first.number, first.place, first.link, rooms, people)


def of_practice(practice_id: UUID) -> ColumnElement[bool]:
    """For `sheets`: one time."""
    return PracticeSession.id == practice_id


def ahead_in(cohort_id: UUID, now: datetime) -> ColumnElement[bool]:
    """For `sheets_and_offers`: what a cohort has open and not over, and what times are, or were, offered for."""
    return and_(
        PracticeWindow.cohort_id == cohort_id,
        PracticeWindow.opened_at.is_not(None),
        or_(
            PracticeSession.ends_at > now,
            and_(
                PracticeWindow.way == Way.MATCHED.value,
                PracticeWindow.called_off_at.is_(None),
                PracticeWindow.last_day >= now.date(),
            ),
        ),
    )
