"""About extra practice: what was opened, a place that is kept for somebody, and why there was none for somebody."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from threefold.core import reminders
from threefold.core.said import clock, day, plural
from threefold.core.slots import moment
from threefold.core.wishes import Kind, not_before
from threefold.reminding.wanted import Reader, Wanted
from threefold.store.tables import Cohort, Membership, Person, PracticeSession, PracticeWindow, Waiting, WindowOffer

MOST_TIMES = 12  # named in a letter


def about_extra_practice(db: Session, now: datetime) -> Iterator[Wanted]:
    yield from _opened(db, now)
    yield from _kept(db, now)
    yield from _unplaced(db, now)


def _opened(db: Session, now: datetime) -> Iterator[Wanted]:
    """One letter for each trainee about each window, as soon as it is open and not at night."""
    opener = aliased(Person)
    lately = [PracticeWindow.opened_at > now - reminders.WORTH_SENDING, PracticeWindow.called_off_at.is_(None)]
    if db.scalar(select(PracticeWindow.id).where(*lately).limit(1)) is None:
        return
    for window, cohort, zone, tutor, member, id_, name, email, own in db.execute(
        select(
            PracticeWindow, Cohort.name, Cohort.zone, opener.name, Membership.id,
            Person.id, Person.name, Person.email, func.coalesce(Person.zone, Cohort.zone),
        )
        .join(Cohort, Cohort.id == PracticeWindow.cohort_id)
        .join(opener, opener.id == PracticeWindow.opened_by)
        .join(Membership, Membership.cohort_id == Cohort.id)
        .join(Person, Person.id == Membership.person_id)
        .where(
            *lately,
            Cohort.archived_at.is_(None),
            Membership.role == "trainee",
            Membership.left_at.is_(None),
            Membership.joined_at <= PracticeWindow.opened_at,
        )
        .order_by(PracticeWindow.opened_at, Person.name, Membership.id)
    ):  # fmt: skip
        times = [moment(datetime.fromisoformat(each), zone)[0] for each in window.times]
        ahead = [at for at in times if at > now]
        if not ahead:
            continue
        reader = Reader(id_, name, email, own)
        first = f"{day(ahead[0], zone)}, {clock(ahead[0], zone)}"
        yield _wanted(
            Kind.EXTRA_PRACTICE,
            f"extra:{window.id}:{member}",
            member,
            window.cohort_id,
            reader,
            f"Extra practice: {first}"
            if len(ahead) == 1
            else f"Extra practice: {plural(len(ahead), 'time')} from {day(ahead[0], zone).partition(' ')[2]}",
            {
                "times": ahead[:MOST_TIMES],
                "ends_at": [at + timedelta(minutes=window.minutes) for at in ahead[:MOST_TIMES]],
                "more": max(0, len(ahead) - MOST_TIMES),
                "where": window.place or "Online",
                "matched": window.way == "matched",
                "closes_at": window.closes_at,
                "kept_until": None,
                "path": f"/practice/extra?cohort={window.cohort_id}",
                "tutor": tutor,
                "cohort": cohort,
                "zone": zone,
                "due_at": not_before(now, reader.zone),
                "expires_at": ahead[-1],
            },
        )


def _kept(db: Session, now: datetime) -> Iterator[Wanted]:
    """A place that is kept for somebody: those who waited for it hear in any case, others as they wish."""
    for waiting, starts_at, place, cohort_id, cohort, zone, id_, name, email, own in db.execute(
        select(
            Waiting, PracticeSession.starts_at, PracticeSession.place, Cohort.id, Cohort.name, Cohort.zone,
            Person.id, Person.name, Person.email, func.coalesce(Person.zone, Cohort.zone),
        )
        .join(PracticeSession, PracticeSession.id == Waiting.practice_id)
        .join(Cohort, Cohort.id == PracticeSession.cohort_id)
        .join(Membership, Membership.id == Waiting.membership_id)
        .join(Person, Person.id == Membership.person_id)
        .where(
            Waiting.settled_at.is_(None),
            Waiting.offered_at.is_not(None),
            Waiting.expires_at > now,
            PracticeSession.cancelled_at.is_(None),
            Membership.left_at.is_(None),
        )
        .order_by(Waiting.offered_at, Waiting.id)
    ):  # fmt: skip
        asked = waiting.since != waiting.offered_at
        when = f"{day(starts_at, zone)}, {clock(starts_at, zone)}"
        yield _wanted(
            "place-free" if asked else Kind.EXTRA_PRACTICE,
            f"place:{waiting.id}:{waiting.offered_at:%Y%m%dT%H%M%S}",
            waiting.membership_id,
            cohort_id,
            Reader(id_, name, email, own),
            f"A place is kept for you: {when}",
            {
                "times": [starts_at],
                "ends_at": [],
                "more": 0,
                "where": place or "Online",
                "matched": False,
                "closes_at": None,
                "kept_until": waiting.expires_at,
                "path": f"/practice/extra?cohort={cohort_id}",
                "tutor": "",
                "cohort": cohort,
                "zone": zone,
                "expires_at": waiting.expires_at,
            },
        )


def _unplaced(db: Session, now: datetime) -> Iterator[Wanted]:
    """Triads were formed, and there was none for somebody: why, and what would help."""
    for window, member, why, cohort, zone, id_, name, email, own in db.execute(
        select(
            PracticeWindow, WindowOffer.membership_id, WindowOffer.unplaced, Cohort.name, Cohort.zone,
            Person.id, Person.name, Person.email, func.coalesce(Person.zone, Cohort.zone),
        )
        .join(WindowOffer, WindowOffer.window_id == PracticeWindow.id)
        .join(Cohort, Cohort.id == PracticeWindow.cohort_id)
        .join(Membership, Membership.id == WindowOffer.membership_id)
        .join(Person, Person.id == Membership.person_id)
        .where(
            PracticeWindow.drawn_at > now - reminders.WORTH_SENDING,
            PracticeWindow.called_off_at.is_(None),
            WindowOffer.unplaced != "",
            Membership.left_at.is_(None),
        )
        .order_by(Person.name, Membership.id)
    ):  # fmt: skip
        yield _wanted(
            "no-place",
            f"no-place:{window.id}:{member}",
            member,
            window.cohort_id,
            Reader(id_, name, email, own),
            "Extra practice: no place this time",
            {"why": why, "path": f"/practice/extra?cohort={window.cohort_id}", "cohort": cohort, "zone": zone},
        )


def _wanted(
    kind: str, once: str, member: UUID, cohort: UUID, reader: Reader, subject: str, values: dict[str, Any]
) -> Wanted:
    return Wanted(kind, once, f"extra:{member}", cohort, reader, subject, values)
