"""What the pages of repair show beside the ways themselves: whom and when one may ask about, and what has changed."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import String, Uuid, cast, literal, null, select, union_all
from sqlalchemy.orm import Session

from threefold.core.grouping import Person as Someone
from threefold.core.names import first_name, short_names
from threefold.core.repairs import Change, Sitting, changes
from threefold.repairs.ways import Former
from threefold.store.columns import UtcDateTime
from threefold.store.guests import asked_since
from threefold.store.tables import (
    Deed,
    Letter,
    Membership,
    Person,
    PlanVersion,
    PracticeSession,
    Seat,
    Triad,
    Withdrawal,
)
from threefold.store.versions import KeptGroup, groups_in
from threefold.store.within import Within


@dataclass(frozen=True)
class Date:
    """A session still to come that may be mended; `away` have said that they can't make it."""

    id: UUID
    number: int
    starts_at: datetime
    away: tuple[Someone, ...]


@dataclass(frozen=True)
class Trainee:
    """Somebody of the cohort, or who has left it. `new`: they came after the plan was published."""

    member: Someone
    name: str
    left_at: datetime | None
    new: bool

    @property
    def first(self) -> str:
        return first_name(self.name)


@dataclass(frozen=True)
class Choices:
    """Whom and when a repair may be about."""

    dates: tuple[Date, ...]
    people: tuple[Trainee, ...]

    @property
    def here(self) -> tuple[Trainee, ...]:
        return tuple(one for one in self.people if one.left_at is None)

    def date(self, id: UUID | None) -> Date | None:
        return next((date for date in self.dates if date.id == id), None)

    def person(self, member: Someone) -> Trainee | None:
        return next((one for one in self.people if one.member == member), None)


def choices(db: Session, within: Within, now: datetime) -> Choices:
    """The sessions to come and the cohort's people, in one query."""
    cohort = within.cohort
    ahead = (
        PracticeSession.cohort_id == cohort.id,
        PracticeSession.starts_at > now,
        PracticeSession.cancelled_at.is_(None),
        PracticeSession.window_id.is_(None),
    )
    no_id, no_word, no_time = cast(null(), Uuid()), cast(null(), String()), cast(null(), UtcDateTime())
    rows: Sequence[Any] = db.execute(
        union_all(
            select(
                literal("date").label("kind"),
                PracticeSession.id.label("id"),
                PracticeSession.number.label("number"),
                no_id.label("who"),
                no_word.label("name"),
                PracticeSession.starts_at.label("at"),
                no_time.label("left_at"),
            ).where(*ahead),
            select(literal("away"), Seat.practice_id, literal(0), Seat.membership_id, no_word, Withdrawal.at, no_time)
            .join(Withdrawal, Withdrawal.seat_id == Seat.id)
            .join(PracticeSession, PracticeSession.id == Seat.practice_id)
            .where(*ahead, Seat.given_up_at.is_(None), Withdrawal.taken_back_at.is_(None)),
            select(
                literal("person"),
                Membership.id,
                literal(0),
                no_id,
                Person.name,
                Membership.joined_at,
                Membership.left_at,
            )
            .join(Person, Person.id == Membership.person_id)
            .where(Membership.cohort_id == cohort.id, Membership.role == "trainee"),
        ).order_by("name", "at", "id")
    ).all()
    away: dict[UUID, list[Someone]] = defaultdict(list)
    for row in rows:
        if row.kind == "away":
            away[row.id].append(str(row.who))
    published = cohort.published_at
    return Choices(
        tuple(Date(row.id, row.number, row.at, tuple(away[row.id])) for row in rows if row.kind == "date"),
        tuple(
            Trainee(str(row.id), row.name, row.left_at, published is not None and row.at > published)
            for row in rows
            if row.kind == "person"
        ),
    )


def was_done(db: Session, within: Within, mark: str) -> bool:
    """Whether the last repair of the plan was just this one: a double click, or a second tab."""
    last = db.scalar(
        select(Deed.subject)
        .where(Deed.cohort_id == within.cohort.id, Deed.verb == "repaired the plan")
        .order_by(Deed.at.desc(), Deed.id.desc())
        .limit(1)
    )
    return last is not None and last.get("way") == mark


def former(db: Session, members: Sequence[UUID], now: datetime) -> Former:
    """Where those of these who have left would have sat in sessions to come."""
    found: Former = defaultdict(list)
    rows = db.execute(
        select(Seat.practice_id, Seat.triad_id, Seat.membership_id)
        .join(Membership, Membership.id == Seat.membership_id)
        .join(PracticeSession, PracticeSession.id == Seat.practice_id)
        .join(Triad, (Triad.id == Seat.triad_id) & (Triad.practice_id == Seat.practice_id))
        .where(
            Membership.id.in_(members),
            Membership.left_at.is_not(None),
            Seat.given_up_at >= Membership.left_at,
            PracticeSession.starts_at > now,
            PracticeSession.cancelled_at.is_(None),
            PracticeSession.window_id.is_(None),
        )
        .order_by(Seat.position)
    )
    for practice, triad, member in rows:
        if str(member) not in found[practice, triad]:
            found[practice, triad].append(str(member))
    return dict(found)


@dataclass(frozen=True)
class SessionThen:
    """One session of a version: who changed, and the groups it then had. `starts_at` is None for one that is gone."""

    practice: UUID
    number: int | None
    starts_at: datetime | None
    changes: tuple[Change[UUID, UUID], ...]
    groups: tuple[Sitting[UUID, UUID], ...]


@dataclass(frozen=True)
class Version:
    """One change of who sits where, compared with what was before it."""

    id: UUID
    number: int
    why: str
    made_at: datetime
    by: str
    undone_at: datetime | None
    sessions: tuple[SessionThen, ...]
    begun: bool

    @property
    def people(self) -> int:
        """How many people it is another for."""
        return len({change.member for session in self.sessions for change in session.changes})


@dataclass(frozen=True)
class History:
    """Every version, the newest first. `names` are first names by membership; `unheard` is the one to take back."""

    versions: tuple[Version, ...]
    names: dict[UUID, str]
    unheard: UUID | None
    leaves_at: datetime | None

    @property
    def undoable(self) -> Version | None:
        return next((one for one in self.versions if one.id == self.unheard), None)


def history(db: Session, within: Within, now: datetime) -> History:
    """All that was changed since the plan was published, in five queries."""
    cohort = within.cohort
    practices = {
        row.id: row
        for row in db.execute(
            select(PracticeSession.id, PracticeSession.number, PracticeSession.starts_at).where(
                PracticeSession.cohort_id == cohort.id
            )
        )
    }
    rows = db.execute(
        select(PlanVersion, Person.name)
        .join(Person, Person.id == PlanVersion.made_by)
        .where(PlanVersion.cohort_id == cohort.id)
        .order_by(PlanVersion.number.desc())
    ).all()
    found = []
    for kept, by in rows:
        before, after = groups_in(kept.before), groups_in(kept.after)
        sessions = [
            SessionThen(
                id,
                practices[id].number if id in practices else None,
                practices[id].starts_at if id in practices else None,
                changes(_sittings(before.get(id, ())), _sittings(after[id])),
                _sittings(after[id]),
            )
            for id in sorted(after, key=lambda one: practices[one].starts_at if one in practices else kept.made_at)
        ]
        begun = any(one.starts_at is None or one.starts_at <= now for one in sessions)
        found.append(Version(kept.id, kept.number, kept.why, kept.made_at, by, kept.undone_at, tuple(sessions), begun))
    newest = next((one for one in found if one.undone_at is None), None)
    letters = _letters_since(db, cohort.id, newest) if newest and newest.sessions and not newest.begun else []
    quiet = (
        newest is not None
        and not newest.begun
        and not any(read for read, _ in letters)
        and not asked_since(db, [one.practice for one in newest.sessions], newest.made_at)
    )
    return History(
        tuple(found),
        _names(db, cohort.id),
        newest.id if newest and quiet else None,
        min((due for _, due in letters), default=None) if quiet else None,
    )


def _sittings(groups: Sequence[KeptGroup]) -> tuple[Sitting[UUID, UUID], ...]:
    return tuple(Sitting(group.members, tuple(map(dict, group.rota)), group.room, group.tutor) for group in groups)


def _letters_since(db: Session, cohort_id: UUID, version: Version) -> list[tuple[bool, datetime]]:
    """Letters about its sessions written since: whether each may have been read, and when it leaves."""
    rows = db.execute(
        select(Letter.sent_at, Letter.lease_until, Letter.tries, Letter.stopped_at, Letter.due_at)
        .join(Seat, Seat.id == Letter.seat_id)
        .where(
            Letter.cohort_id == cohort_id,
            Seat.practice_id.in_([one.practice for one in version.sessions]),
            Letter.written_at >= version.made_at,
        )
    )
    return [
        (bool(row.sent_at or row.lease_until or row.tries), row.due_at)
        for row in rows
        if row.stopped_at is None or row.tries
    ]


def _names(db: Session, cohort_id: UUID) -> dict[UUID, str]:
    rows = db.execute(
        select(Membership.id, Person.name)
        .join(Person, Person.id == Membership.person_id)
        .where(Membership.cohort_id == cohort_id)
    )
    return short_names({row.id: row.name for row in rows})
