"""What tutors do with a cohort as a whole: set it up, name it, copy, archive and delete it; what members accept."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from threefold.core.competency import Framework, choose
from threefold.core.contract import PRIVACY_VERSION
from threefold.core.identity import NewId
from threefold.core.refusal import Refusal
from threefold.core.slots import SessionShape, WeeklyPattern, dates
from threefold.store.deeds import record
from threefold.store.sessions import Me
from threefold.store.tables import (
    Away,
    Cohort,
    KeepApart,
    Letter,
    Membership,
    PlanDraft,
    PracticeSession,
    Triad,
)
from threefold.store.within import Within

PUBLISHED = "The plan is published, so its dates stay as they are."
JUST_CHANGED = "This has just changed, so nothing is agreed to yet. Please read it as it is now."


@dataclass(frozen=True)
class Where:
    """Where a cohort meets: a place, a link, or both; rooms in the order groups take them."""

    place: str
    link: str
    rooms: tuple[str, ...]


@dataclass(frozen=True)
class Looking:
    """What observers look for this term, in which words, and who is there to turn to."""

    framework: Framework
    codes: tuple[str, ...]
    labels: dict[str, str]
    remainder: str
    turning: str
    even_quads: bool
    safeguarding_lead: str
    contract: str


def create(db: Session, *, id: UUID, name: str, by: Me, now: datetime, new_id: NewId) -> UUID:
    """A cohort with its tutor. The form carries the id, so sending it twice makes one."""
    if db.get(Cohort, id) is not None:
        return id
    db.add(Cohort(id=id, name=name, version=1, created_at=now, created_by=by.id))
    db.flush()
    db.add(_own_membership(new_id(), id, by, now))
    record(db, id=new_id(), at=now, by=by.id, verb="set up a cohort", cohort_id=id)
    return id


def _own_membership(id: UUID, cohort_id: UUID, by: Me, now: datetime) -> Membership:
    return Membership(
        id=id,
        cohort_id=cohort_id,
        person_id=by.id,
        role="tutor",
        joined_at=now,
        joined_by=by.id,
        privacy_version=PRIVACY_VERSION,
        contract_version=1,
        accepted_at=now,
    )


def set_sessions(
    db: Session,
    within: Within,
    pattern: WeeklyPattern,
    shape: SessionShape,
    where: Where,
    *,
    by: Me,
    now: datetime,
    new_id: NewId,
) -> Refusal | None:
    """The dates of the term; saving again replaces them, as long as nothing is published."""
    if within.cohort.published_at is not None:
        return Refusal.because(PUBLISHED)
    cohort = db.get_one(Cohort, within.cohort.id)
    cohort.zone, cohort.starts, cohort.minutes = pattern.zone, pattern.start, pattern.minutes
    cohort.first_date, cohort.how_many = pattern.first, pattern.count
    cohort.skip = sorted(day.isoformat() for day in pattern.skip)
    cohort.rounds, cohort.practice_minutes, cohort.feedback_minutes = shape.rounds, shape.practice, shape.feedback
    cohort.opening_minutes, cohort.closing_minutes = shape.opening, shape.closing
    cohort.place, cohort.link, cohort.rooms = where.place, where.link, list(where.rooms)
    _replace_dates(db, cohort, pattern, new_id)
    record(db, id=new_id(), at=now, by=by.id, verb="set the sessions", cohort_id=cohort.id, sessions=pattern.count)
    return None


def _replace_dates(db: Session, cohort: Cohort, pattern: WeeklyPattern, new_id: NewId) -> None:
    """Dates that stay keep their row, and with it who said they are away, whatever the time of day.

    A session that was held on the spot, before there was a plan, stays as it is and is counted after the others.
    """
    zone = ZoneInfo(pattern.zone)
    rows = db.scalars(select(PracticeSession).where(PracticeSession.cohort_id == cohort.id)).all()
    held = set(db.scalars(select(Triad.practice_id).where(Triad.practice_id.in_([row.id for row in rows]))))
    had = {row.starts_at.astimezone(zone).date(): row for row in rows if row.id not in held}
    slots = dates(pattern)
    staying = {slot.date for slot in slots}
    for row in rows:
        if row.id in held:
            row.number = -row.number
    for day, row in had.items():
        row.number = -row.number  # out of the way of the numbers that follow
        if day not in staying:
            db.execute(delete(Away).where(Away.practice_id == row.id))
            db.delete(row)
    db.flush()
    for number, row in enumerate((row for row in rows if row.id in held), start=len(slots) + 1):
        row.number = number
    for slot in slots:
        row = had.get(slot.date) or PracticeSession(id=new_id(), cohort_id=cohort.id)
        row.number, row.starts_at, row.ends_at = slot.number, slot.starts_at, slot.ends_at
        row.place, row.link = cohort.place, cohort.link
        db.add(row)
    db.flush()


def set_framework(
    db: Session, within: Within, looking: Looking, *, by: Me, now: datetime, new_id: NewId
) -> Refusal | None:
    """What observers look for; a contract in other words than before is accepted again by everybody."""
    chosen = choose(looking.framework, looking.codes)
    if isinstance(chosen, Refusal):
        return chosen
    cohort = db.get_one(Cohort, within.cohort.id)
    codes = [competency.code for competency in chosen]
    was = [cohort.framework_id, cohort.framework_version, cohort.competencies]
    if cohort.published_at is not None and was != [looking.framework.id, looking.framework.version, codes]:
        cohort.looked_before = [*cohort.looked_before, [now.isoformat(), *was]]  # sessions that have begun keep it
    cohort.framework_id, cohort.framework_version = looking.framework.id, looking.framework.version
    cohort.competencies = codes
    cohort.labels, cohort.remainder, cohort.turning = looking.labels, looking.remainder, looking.turning
    cohort.even_quads = looking.even_quads
    cohort.safeguarding_lead = looking.safeguarding_lead
    if looking.contract != cohort.contract:
        cohort.contract = looking.contract
        cohort.contract_version += 1
    record(db, id=new_id(), at=now, by=by.id, verb="chose the framework", cohort_id=cohort.id)
    return None


@dataclass(frozen=True)
class Shown:
    """Which notice and which contract somebody had in front of them when they agreed, as their form carries it."""

    privacy_version: str
    contract_version: str


def accept(db: Session, within: Within, shown: Shown, *, by: Me, now: datetime, new_id: NewId) -> Refusal | None:
    """The member accepts the privacy notice and the group's contract; refused if either is no longer what they read."""
    cohort = within.cohort
    if shown != Shown(PRIVACY_VERSION, str(cohort.contract_version)):
        return Refusal.because(JUST_CHANGED)
    membership = db.get_one(Membership, within.membership.id)
    membership.privacy_version = PRIVACY_VERSION
    membership.contract_version = cohort.contract_version
    membership.accepted_at = now
    record(db, id=new_id(), at=now, by=by.id, verb="accepted the contract", cohort_id=cohort.id)
    return None


def rename(db: Session, within: Within, name: str, *, by: Me, now: datetime, new_id: NewId) -> None:
    db.get_one(Cohort, within.cohort.id).name = name
    record(db, id=new_id(), at=now, by=by.id, verb="renamed the cohort", cohort_id=within.cohort.id)


def set_invitations(
    db: Session,
    within: Within,
    *,
    ahead: int | None,
    declines_after: int,
    by: Me,
    now: datetime,
    new_id: NewId,
) -> None:
    """When invitations leave (None: all of them at publication), and how long a calendar's "no" waits for its owner."""
    cohort = db.get_one(Cohort, within.cohort.id)
    cohort.invites_ahead, cohort.declines_after = ahead, declines_after
    record(db, id=new_id(), at=now, by=by.id, verb="chose when invitations leave", cohort_id=within.cohort.id)


def set_notice(db: Session, within: Within, *, hours: int, phone: str, by: Me, now: datetime, new_id: NewId) -> None:
    """How long before a session changes are still easy, and the number for those who can't come at the last moment."""
    cohort = db.get_one(Cohort, within.cohort.id)
    cohort.notice_hours, cohort.phone = hours, phone
    record(db, id=new_id(), at=now, by=by.id, verb="chose the notice period", cohort_id=within.cohort.id)


def archive(db: Session, within: Within, *, by: Me, now: datetime, new_id: NewId) -> None:
    """Fold a cohort away; everything in it stays, and it can be taken out again."""
    cohort = db.get_one(Cohort, within.cohort.id)
    cohort.archived_at, cohort.archived_by = now, by.id
    record(db, id=new_id(), at=now, by=by.id, verb="archived the cohort", cohort_id=within.cohort.id)


def take_out(db: Session, within: Within, *, by: Me, now: datetime, new_id: NewId) -> None:
    """Take a cohort out of the archive."""
    cohort = db.get_one(Cohort, within.cohort.id)
    cohort.archived_at = cohort.archived_by = None
    record(db, id=new_id(), at=now, by=by.id, verb="took the cohort out", cohort_id=within.cohort.id)


def copy(
    db: Session,
    within: Within,
    *,
    id: UUID,
    name: str,
    by: Me,
    now: datetime,
    new_id: NewId,
) -> UUID:
    """The same people and settings for the next term. Dates are chosen anew; nobody hears anything."""
    if db.get(Cohort, id) is not None:
        return id
    old = within.cohort
    kept = (
        "zone", "starts", "minutes", "how_many", "place", "link", "rooms", "rounds", "practice_minutes",
        "feedback_minutes", "opening_minutes", "closing_minutes", "framework_id", "framework_version",
        "competencies", "labels", "remainder", "turning", "even_quads", "notice_hours", "phone", "safeguarding_lead",
        "contract",
    )  # fmt: skip
    db.add(
        Cohort(
            id=id,
            name=name,
            version=1,
            created_at=now,
            created_by=by.id,
            **{field: getattr(old, field) for field in kept},
        )
    )
    db.flush()
    new_of: dict[UUID, UUID] = {}
    for member in db.scalars(
        select(Membership).where(Membership.cohort_id == old.id, Membership.left_at.is_(None))
    ).all():
        new_of[member.id] = new_id()
        db.add(
            _own_membership(new_of[member.id], id, by, now)
            if member.person_id == by.id
            else Membership(
                id=new_of[member.id],
                cohort_id=id,
                person_id=member.person_id,
                role=member.role,
                joined_at=now,
                joined_by=by.id,
            )
        )
    db.flush()
    for pair in db.scalars(select(KeepApart).where(KeepApart.cohort_id == old.id)).all():
        if pair.one in new_of and pair.other in new_of:
            low, high = sorted((new_of[pair.one], new_of[pair.other]))
            db.add(KeepApart(cohort_id=id, one=low, other=high, since=now, by=by.id))
    record(db, id=new_id(), at=now, by=by.id, verb="copied the cohort", cohort_id=id, copied_from=old.id)
    return id


def delete_unpublished(db: Session, within: Within, *, by: Me, now: datetime, new_id: NewId) -> Refusal | None:
    """Delete a cohort nobody has heard of yet; people known elsewhere stay known."""
    cohort = within.cohort
    if cohort.published_at is not None:
        return Refusal.because("This cohort’s plan has been published, so it is kept. You can archive it instead.")
    cohort_id = cohort.id
    sessions: Sequence[UUID] = db.scalars(
        select(PracticeSession.id).where(PracticeSession.cohort_id == cohort_id)
    ).all()
    db.execute(delete(Away).where(Away.practice_id.in_(sessions)))
    for table in (KeepApart, PlanDraft, PracticeSession, Letter, Membership):
        db.execute(delete(table).where(table.cohort_id == cohort_id))
    db.execute(delete(Cohort).where(Cohort.id == cohort_id))
    record(db, id=new_id(), at=now, by=by.id, verb="deleted a cohort", cohort=cohort_id)
    return None
