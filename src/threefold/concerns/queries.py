"""What the pages about worries show: who reads, whom to turn to, where one's own stands, and one to its readers."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from threefold.core.concerns import LOOK_LASTS, State, is_open_to, read_by, state
from threefold.core.names import first_name
from threefold.store.sessions import Me
from threefold.store.tables import Cohort, Concern, ConcernLook, ConcernNote, ConcernReader, Membership, Person

ZONE = "Europe/London"  # where a concern is about no group


@dataclass(frozen=True)
class Reader:
    """Somebody who reads concerns, and since when."""

    person_id: UUID
    name: str
    email: str
    zone: str
    since: datetime

    @property
    def first(self) -> str:
        return first_name(self.name)


@dataclass(frozen=True)
class Lead:
    """A group of one's own, and whom to turn to there in its tutor's words."""

    cohort_id: UUID
    cohort: str
    zone: str
    words: str


@dataclass(frozen=True)
class Standing:
    """Where one concern stands; nothing of what it says. `cohort` is "" for one about no group."""

    id: UUID
    at: datetime
    zone: str
    cohort: str
    state: State
    read_at: datetime | None
    reader: str
    closed_at: datetime | None

    @property
    def read_by(self) -> datetime:
        return read_by(self.at, self.zone)


@dataclass(frozen=True)
class Noted:
    """A look or a note: who and when, and the note's words."""

    by: str
    at: datetime
    words: str = ""


@dataclass(frozen=True)
class Opened:
    """A concern as its readers see it, once they have opened it."""

    standing: Standing
    words: str
    author: str
    email: str
    looks: tuple[Noted, ...]
    notes: tuple[Noted, ...]


@dataclass(frozen=True)
class Waiting:
    """A concern nobody has acknowledged, and the time by which somebody promised to have."""

    id: UUID
    promised: datetime


def readers(db: Session) -> tuple[Reader, ...]:
    """Everybody who reads concerns now, by name."""
    rows = db.execute(
        select(ConcernReader.person_id, Person.name, Person.email, Person.zone, ConcernReader.since)
        .join(Person, Person.id == ConcernReader.person_id)
        .where(ConcernReader.ended_at.is_(None))
        .order_by(Person.name, Person.id)
    )
    return tuple(Reader(row.person_id, row.name, row.email, row.zone or ZONE, row.since) for row in rows)


def leads(db: Session, me: Me) -> tuple[Lead, ...]:
    """The groups somebody belongs to, newest first."""
    rows = db.execute(
        select(Cohort.id, Cohort.name, Cohort.zone, Cohort.safeguarding_lead)
        .join(Membership, Membership.cohort_id == Cohort.id)
        .where(Membership.person_id == me.id, Membership.left_at.is_(None), Cohort.archived_at.is_(None))
        .order_by(Cohort.created_at.desc(), Cohort.id)
    )
    return tuple(Lead(*row) for row in rows)


_reader = aliased(Person)
_STANDING = (
    select(
        Concern.id,
        Concern.at,
        Concern.acknowledged_at,
        Concern.closed_at,
        Cohort.name.label("cohort"),
        Cohort.zone,
        _reader.name.label("reader"),
    )
    .outerjoin(Cohort, Cohort.id == Concern.cohort_id)
    .outerjoin(_reader, _reader.id == Concern.acknowledged_by)
    .order_by(Concern.at.desc(), Concern.id)
)


def own(db: Session, me: Me) -> tuple[Standing, ...]:
    """Where one's own concerns stand, newest first."""
    return tuple(map(_standing, db.execute(_STANDING.where(Concern.person_id == me.id))))


def standing(db: Session, concern_id: UUID) -> Standing:
    """Where one concern stands."""
    return _standing(db.execute(_STANDING.where(Concern.id == concern_id)).one())


def everything(db: Session) -> dict[State, tuple[Standing, ...]]:
    """Every concern by where it stands, for its readers; neither words nor names before one is opened."""
    found = [_standing(row) for row in db.execute(_STANDING)]
    return {each: tuple(one for one in found if one.state is each) for each in State}


def is_open(db: Session, concern_id: UUID, me: Me, now: datetime) -> bool:
    """Whether this reader has opened it a short while ago."""
    last = db.scalar(
        select(ConcernLook.at)
        .where(ConcernLook.concern_id == concern_id, ConcernLook.by == me.id, ConcernLook.at > now - LOOK_LASTS)
        .order_by(ConcernLook.at.desc())
        .limit(1)
    )
    return is_open_to(last, now)


def opened(db: Session, concern_id: UUID) -> Opened:
    """All there is of a concern, in four questions."""
    words, author, email = db.execute(
        select(Concern.words, Person.name, Person.email)
        .join(Person, Person.id == Concern.person_id)
        .where(Concern.id == concern_id)
    ).one()
    looks = db.execute(
        select(Person.name, ConcernLook.at)
        .join(Person, Person.id == ConcernLook.by)
        .where(ConcernLook.concern_id == concern_id)
        .order_by(ConcernLook.at, ConcernLook.id)
    )
    notes = db.execute(
        select(Person.name, ConcernNote.at, ConcernNote.words)
        .join(Person, Person.id == ConcernNote.by)
        .where(ConcernNote.concern_id == concern_id)
        .order_by(ConcernNote.at, ConcernNote.id)
    )
    return Opened(
        standing(db, concern_id),
        words,
        author,
        email,
        tuple(Noted(row.name, row.at) for row in looks),
        tuple(Noted(row.name, row.at, row.words) for row in notes),
    )


def waiting(db: Session) -> tuple[Waiting, ...]:
    """Every concern that nobody has acknowledged or closed yet, oldest first."""
    rows = db.execute(
        select(Concern.id, Concern.at, Cohort.zone)
        .outerjoin(Cohort, Cohort.id == Concern.cohort_id)
        .where(Concern.acknowledged_at.is_(None), Concern.closed_at.is_(None))
        .order_by(Concern.at, Concern.id)
    )
    return tuple(Waiting(row.id, read_by(row.at, row.zone or ZONE)) for row in rows)


def anybody_reads(db: Session) -> bool:
    """Whether concerns have a reader at all."""
    return db.scalar(select(ConcernReader.person_id).where(ConcernReader.ended_at.is_(None)).limit(1)) is not None


def _standing(row: Any) -> Standing:
    return Standing(
        row.id,
        row.at,
        row.zone or ZONE,
        row.cohort or "",
        state(row.acknowledged_at, row.closed_at),
        row.acknowledged_at,
        row.reader or "",
        row.closed_at,
    )
