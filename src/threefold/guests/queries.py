"""What tutors see of their guests, and what a guest sees: nothing about anybody but themselves."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from threefold.core.guests import Door, Pause, Standing, door, last_moment, pauses
from threefold.core.names import first_name
from threefold.guests.encounters import NO_POST, Booked, booked, posts
from threefold.store.guests import HOLDS_ROUND
from threefold.store.tables import Cohort, Encounter, Guest, Person, PracticeSession, Triad

# --- what a tutor sees --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Invited:
    """A guest as their tutors see them. `link_at`: when a link last went to them, None before the first."""

    id: UUID
    person_id: UUID
    name: str
    email: str
    expires_at: datetime
    ended_at: datetime | None
    most_a_day: int
    link_at: datetime | None
    encounters: tuple[Booked, ...]

    @property
    def first(self) -> str:
        return first_name(self.name)

    def door(self, now: datetime) -> Door:
        return door(expires_at=self.expires_at, ended_at=self.ended_at, now=now)

    def is_open(self, now: datetime) -> bool:
        return self.door(now) is Door.OPEN

    def standing(self, now: datetime) -> dict[UUID, Standing]:
        return {each.id: each.standing(now) for each in self.encounters}

    def meets(self, now: datetime) -> set[UUID]:
        """The counsellors they have met or are going to, as people."""
        met = [each for each in self.encounters if each.is_ahead(now) or each.was_there(now)]
        return {each.counsellor for each in met if each.counsellor}

    def has_stopped(self, now: datetime) -> bool:
        """Whether they stopped in a session that is still on."""
        return any(each.practice.ends_at > now for each in self.stopped)

    def twice(self, now: datetime) -> tuple[str, ...]:
        """Counsellors they would meet more than once by now: groups may have changed since they were asked."""
        met = [each for each in self.encounters if each.is_ahead(now) or each.was_there(now)]
        times = Counter(each.counsellor for each in met if each.counsellor)
        names = {each.counsellor: each.with_whom for each in met if each.counsellor}
        return tuple(names[who] for who, count in times.items() if count > 1)

    @property
    def stopped(self) -> tuple[Booked, ...]:
        return tuple(each for each in self.encounters if each.stopped_at)


@dataclass(frozen=True)
class Meeting:
    """A session still to come, to choose from."""

    id: UUID
    number: int
    starts_at: datetime


def invited(db: Session, cohort_id: UUID, guest: UUID | None = None) -> list[Invited]:
    """The guests of a cohort, or one of them, with everything they are asked to; three queries."""
    mine = Guest.cohort_id == cohort_id if guest is None else and_(Guest.cohort_id == cohort_id, Guest.id == guest)
    rows = db.execute(
        select(
            Guest.id, Guest.person_id, Person.name, Person.email, Guest.expires_at, Guest.ended_at, Guest.most_a_day
        )
        .join(Person, Person.id == Guest.person_id)
        .where(mine)
        .order_by(Guest.ended_at.is_not(None), Person.name, Guest.id)
    ).all()  # fmt: skip
    theirs: dict[UUID, list[Booked]] = defaultdict(list)
    for each in booked(db, mine) if rows else ():
        theirs[each.guest_id].append(each)
    post = posts(db, [row.id for row in rows])
    return [Invited(*row, post.get(row.id, NO_POST).link_at, tuple(theirs[row.id])) for row in rows]


def meetings(db: Session, cohort_id: UUID, now: datetime) -> list[Meeting]:
    rows = db.execute(
        select(PracticeSession.id, PracticeSession.number, PracticeSession.starts_at)
        .where(
            PracticeSession.cohort_id == cohort_id,
            PracticeSession.ends_at > now,
            PracticeSession.cancelled_at.is_(None),
        )
        .order_by(PracticeSession.starts_at)
    )
    return [Meeting(*row) for row in rows]


@dataclass(frozen=True)
class Coming:
    """A guest who is asked to a session, or comes to it."""

    guest_id: UUID
    first: str
    group: int
    room: str
    round: int
    answer: str | None
    stopped_at: datetime | None


def coming(db: Session, practice_id: UUID) -> list[Coming]:
    """Who comes to a session as a guest, for the pages of its tutors; one query."""
    rows = db.execute(
        select(Guest.id, Person.name, Triad.number, Triad.room, Encounter.round, Encounter.answer, Encounter.stopped_at)
        .select_from(Encounter)
        .join(Guest, Guest.id == Encounter.guest_id)
        .join(Person, Person.id == Guest.person_id)
        .join(Triad, Triad.id == Encounter.triad_id)
        .where(Triad.practice_id == practice_id, HOLDS_ROUND)
        .order_by(Triad.number, Encounter.round)
    )
    return [Coming(row[0], first_name(row[1]), *row[2:]) for row in rows]


# --- what a guest sees --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Visitor:
    """Who holds a link: nothing about anybody but themselves."""

    id: UUID
    person_id: UUID
    name: str
    cohort_id: UUID
    cohort: str
    zone: str
    expires_at: datetime
    ended_at: datetime | None

    @property
    def first(self) -> str:
        return first_name(self.name)

    @property
    def last_moment(self) -> datetime:
        return last_moment(self.expires_at)

    def door(self, now: datetime) -> Door:
        return door(expires_at=self.expires_at, ended_at=self.ended_at, now=now)


def visitor(db: Session, digest: bytes) -> Visitor | None:
    """Whoever holds the link with this digest; None for one that nobody has (any more)."""
    row = db.execute(
        select(
            Guest.id, Guest.person_id, Person.name, Cohort.id, Cohort.name, Cohort.zone, Guest.expires_at,
            Guest.ended_at,
        )
        .join(Person, Person.id == Guest.person_id)
        .join(Cohort, Cohort.id == Guest.cohort_id)
        .where(Guest.link_digest == digest)
    ).one_or_none()  # fmt: skip
    return Visitor(*row) if row else None


def pauses_of(encounters: Iterable[Booked], now: datetime) -> dict[datetime, Pause]:
    """The breaks a guest has, by when they begin; declined and called-off encounters ask for none."""
    coming = [each.meets for each in encounters if each.is_ahead(now) or each.was_there(now)]
    return {each.starts_at: each for each in pauses(coming)}
