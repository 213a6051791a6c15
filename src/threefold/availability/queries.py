"""What somebody sees of their own availability; nobody else reads it here (see `store.availability` for planning)."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from urllib.parse import urlsplit
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from threefold.core.availability import Busy, Day, How, Need, Offered, in_words
from threefold.core.slots import Clock, moment
from threefold.store.availability import access_needs_of, busy_from, day_from, week_from
from threefold.store.sessions import Me
from threefold.store.tables import Cohort, Membership, OneOffDay, OwnCalendar, Person, PracticeSession, UsualWeek

READ_EVERY = timedelta(hours=6)
READ_AT_MOST_EVERY = timedelta(minutes=1)
MOST_AT_ONCE = 10
HOME_ZONE = "Europe/London"
MOST_PLANNED = 4


@dataclass(frozen=True)
class Planned:
    """A session to come of one's own cohorts, and what one's own answer says of it."""

    starts_at: datetime
    cohort: str
    zone: str
    how: How


@dataclass(frozen=True)
class Own:
    """One's own calendar: where it comes from, and how often it takes time from now on."""

    host: str  # empty for a file
    added_at: datetime
    read_at: datetime | None
    trouble: str
    ahead: int


@dataclass(frozen=True)
class Mine:
    """Everything somebody has said about their time and the rooms they need. `zone`: whose clock their hours are on;
    `home`: their zone as their details say it, or their group's.
    """

    zone: str
    home: str
    version: int
    days: tuple[Day, ...]
    said: bool  # whether they have answered at all
    one_offs: tuple[tuple[date, Day, Clock], ...]
    calendar: Own | None
    needs: frozenset[Need]
    planned: tuple[Planned, ...]


def mine(db: Session, me: Me, now: datetime) -> Mine:
    """All of it, in four questions."""
    kept = db.execute(
        select(
            UsualWeek.zone,
            UsualWeek.marks,
            UsualWeek.version,
            OwnCalendar.address,
            OwnCalendar.busy,
            OwnCalendar.added_at,
            OwnCalendar.read_at,
            OwnCalendar.trouble,
        )
        .select_from(Person)
        .outerjoin(UsualWeek, UsualWeek.person_id == Person.id)
        .outerjoin(OwnCalendar, OwnCalendar.person_id == Person.id)
        .where(Person.id == me.id)
    ).one()
    ahead = _ahead(db, me, now)
    home = me.zone or (ahead[0][2] if ahead else HOME_ZONE)
    zone, version = kept.zone or home, kept.version or 0
    week = week_from(zone, kept.marks or [], version)
    today = now.astimezone(ZoneInfo(zone)).date()
    one_offs = {
        on: day_from(marks)
        for on, marks in db.execute(
            select(OneOffDay.on, OneOffDay.marks)
            .where(OneOffDay.person_id == me.id, OneOffDay.on >= today)
            .order_by(OneOffDay.on)
        )
    }
    busy = busy_from(kept.busy or [])
    offered = Offered(week if kept.zone else None, one_offs, busy)
    return Mine(
        zone=zone,
        home=home,
        version=version,
        days=week.days or ((),) * 7,
        said=week.days is not None,
        one_offs=tuple((on, day, clock_on(on, zone)) for on, day in one_offs.items()),
        calendar=_own(kept.address, busy, kept.added_at, kept.read_at, kept.trouble, now) if kept.added_at else None,
        needs=access_needs_of(db, [me.id]).get(me.id, frozenset()),
        planned=tuple(Planned(begins, cohort, at, offered.at(begins, ends)) for begins, ends, at, cohort in ahead),
    )


def clock_on(day: date, zone: str) -> Clock:
    """Whether the clocks change on this date: forward (an hour of it is skipped) or back (one comes twice)."""
    quarters = (moment(datetime(day.year, day.month, day.day, h, m), zone)[1] for h in range(24) for m in (0, 30))  # noqa: DTZ001 - a reading of the wall clock
    return next((clock for clock in quarters if clock is not Clock.USUAL), Clock.USUAL)


@dataclass(frozen=True)
class Card:
    """What somebody's home says about their time."""

    said: bool
    words: str


def card(db: Session, me: Me) -> Card:
    """In one question."""
    kept = db.execute(select(UsualWeek.marks, UsualWeek.version).where(UsualWeek.person_id == me.id)).one_or_none()
    week = week_from(HOME_ZONE, kept.marks, kept.version) if kept else None
    days = week.days if week else None
    return Card(days is not None, in_words(days) if days else "")


def home_zone(db: Session, me: Me, now: datetime) -> str:
    """Somebody's own zone, or else that of their next session."""
    if me.zone:
        return me.zone
    ahead = _ahead(db, me, now)
    return ahead[0][2] if ahead else HOME_ZONE


def zone_of(db: Session, me: Me, now: datetime) -> str:
    """Whose clock somebody's hours are on: that of their week, or where they have none yet, their own."""
    return db.scalar(select(UsualWeek.zone).where(UsualWeek.person_id == me.id)) or home_zone(db, me, now)


@dataclass(frozen=True)
class Due:
    """A calendar that is to be read again."""

    person_id: UUID
    address: str
    zone: str


def due_now(db: Session, me: Me, now: datetime) -> Due | None:
    """Somebody's own, unless it was read within the last minute, or is a file."""
    row = db.get(OwnCalendar, me.id)
    if row is None or not row.address or (row.read_at and now - row.read_at < READ_AT_MOST_EVERY):
        return None
    return Due(me.id, row.address, zone_of(db, me, now))


def due(db: Session, now: datetime) -> list[Due]:
    """Calendars that nobody has read for some hours, those longest unread first; a few at a time."""
    return [
        Due(person_id, address, week or own or HOME_ZONE)
        for person_id, address, week, own in db.execute(
            select(OwnCalendar.person_id, OwnCalendar.address, UsualWeek.zone, Person.zone)
            .join(Person, Person.id == OwnCalendar.person_id)
            .outerjoin(UsualWeek, UsualWeek.person_id == OwnCalendar.person_id)
            .where(OwnCalendar.address != "", OwnCalendar.read_at < now - READ_EVERY)
            .order_by(OwnCalendar.read_at)
            .limit(MOST_AT_ONCE)
        )
    ]


def _ahead(db: Session, me: Me, now: datetime) -> list[tuple[datetime, datetime, str, str]]:
    """Sessions to come of the cohorts somebody learns in, the next first: when, until when, in which zone, whose."""
    return [
        (begins, ends, zone, cohort)
        for begins, ends, zone, cohort in db.execute(
            select(PracticeSession.starts_at, PracticeSession.ends_at, Cohort.zone, Cohort.name)
            .join(Cohort, Cohort.id == PracticeSession.cohort_id)
            .join(Membership, Membership.cohort_id == Cohort.id)
            .where(
                Membership.person_id == me.id,
                Membership.role == "trainee",
                Membership.left_at.is_(None),
                Cohort.published_at.is_not(None),
                Cohort.archived_at.is_(None),
                PracticeSession.cancelled_at.is_(None),
                PracticeSession.starts_at > now,
            )
            .order_by(PracticeSession.starts_at)
            .limit(MOST_PLANNED)
        )
    ]


def _own(address: str, busy: Busy, added_at: datetime, read_at: datetime | None, trouble: str, now: datetime) -> Own:
    ahead = sum(now < ends and begins < now + timedelta(weeks=26) for begins, ends in busy)
    return Own(urlsplit(address).hostname or "", added_at, read_at, trouble, ahead)
