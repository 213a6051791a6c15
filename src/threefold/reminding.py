"""What people have to be reminded of now, read from the state of things and never from a list made beforehand.

A session that moved, a piece that came in, somebody who can't come: then there is nothing to send. A letter's name in
the outbox (`once`) keeps it from being written twice, however many look at the same time.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import and_, exists, func, select
from sqlalchemy.orm import Session

from threefold.choices import queries as choices
from threefold.concerns import queries as concerns
from threefold.core import reminders, wishes
from threefold.core.feedback import asked_of
from threefold.core.names import first_name
from threefold.core.said import clock, day, plural, weekday
from threefold.core.term import HOLD, SOON, Shown
from threefold.core.wishes import How, Kind
from threefold.feedback.queries import Missing, Todo, to_come, todo
from threefold.store.rows import CohortRow, columns, split
from threefold.store.sessions import Me
from threefold.store.tables import (
    Cohort,
    Letter,
    Membership,
    Person,
    PracticeSession,
    Seat,
    Wish,
    Withdrawal,
)
from threefold.store.terms import term_ahead

LOOK_BACK = timedelta(days=4)
AHEAD = timedelta(days=7)
DIGEST_AT = time(8)


@dataclass(frozen=True)
class Reader:
    """Whom a letter would go to; their own zone, or their cohort's."""

    person_id: UUID
    name: str
    email: str
    zone: str


@dataclass(frozen=True)
class Wanted:
    """A letter that is due now, before it is written. `values` are its template's."""

    kind: str
    once: str
    lane: str
    cohort_id: UUID | None
    reader: Reader
    subject: str
    values: Mapping[str, Any]


def invited_by_and_by(db: Session, now: datetime) -> list[UUID]:
    """Cohorts that invite some days ahead and have a session so near that somebody has not been invited to."""
    rows = db.execute(
        select(Cohort.id, Cohort.invites_ahead, func.min(PracticeSession.starts_at).label("first"))
        .join(PracticeSession, PracticeSession.cohort_id == Cohort.id)
        .join(Seat, and_(Seat.practice_id == PracticeSession.id, Seat.given_up_at.is_(None)))
        .join(Membership, Membership.id == Seat.membership_id)
        .join(Person, Person.id == Membership.person_id)
        .where(
            Cohort.published_at.is_not(None),
            Cohort.archived_at.is_(None),
            Cohort.invites_ahead.is_not(None),
            PracticeSession.starts_at > now,
            PracticeSession.cancelled_at.is_(None),
            Person.takes_feed_since.is_(None),
            ~exists().where(Letter.seat_id == Seat.id, Letter.method.is_not(None)),
            ~exists().where(Withdrawal.seat_id == Seat.id, Withdrawal.taken_back_at.is_(None)),
        )
        .group_by(Cohort.id, Cohort.invites_ahead)
    )
    return [row.id for row in rows if row.first - now <= timedelta(days=row.invites_ahead)]


def due(db: Session, now: datetime) -> list[Wanted]:
    """Every letter that is due now and has not been written."""
    found = [
        *_away(db, now),
        *_before_sessions(db, now),
        *_about_feedback(db, now),
        *_for_tutors(db, now),
        *_weekly(db, now),
        *_concerns(db, now),
    ]
    names = [each.once for each in found]
    there = set(db.scalars(select(Letter.once).where(Letter.once.in_(names)))) if names else set()
    asked = _wishes(db, {each.reader.person_id for each in found})
    return [
        each
        for each in found
        if each.once not in there and wishes.how(each.kind, asked.get(each.reader.person_id, {})) is How.NOW
    ]


def _wishes(db: Session, people: Iterable[UUID]) -> dict[UUID, dict[str, str]]:
    found: dict[UUID, dict[str, str]] = {}
    rows = db.execute(select(Wish.person_id, Wish.kind, Wish.how).where(Wish.person_id.in_(list(people))))
    for person, kind, how in rows:
        found.setdefault(person, {})[kind] = how
    return found


def _away(db: Session, now: datetime) -> Iterator[Wanted]:
    """Somebody can't make it: their tutors hear ten minutes later, or at once where it begins soon."""
    rows = db.execute(
        select(
            Seat.id,
            Withdrawal.at,
            PracticeSession.id.label("practice"),
            PracticeSession.starts_at,
            Cohort.id.label("cohort"),
            Cohort.zone,
            Cohort.name.label("of"),
            Person.name,
        )
        .join(Withdrawal, and_(Withdrawal.seat_id == Seat.id, Withdrawal.taken_back_at.is_(None)))
        .join(PracticeSession, PracticeSession.id == Seat.practice_id)
        .join(Cohort, and_(Cohort.id == PracticeSession.cohort_id, Cohort.archived_at.is_(None)))
        .join(Membership, Membership.id == Seat.membership_id)
        .join(Person, Person.id == Membership.person_id)
        .where(
            Seat.given_up_at.is_(None),
            Withdrawal.at > now - reminders.WORTH_SENDING,
            PracticeSession.starts_at > now,
            PracticeSession.cancelled_at.is_(None),
        )
    ).all()
    for row in rows:
        if row.at > now - HOLD and row.starts_at > now + SOON:
            continue
        tutors = db.scalars(
            select(Membership.id).where(
                Membership.cohort_id == row.cohort, Membership.role == "tutor", Membership.left_at.is_(None)
            )
        ).all()
        for member, reader in _readers(db, tutors).items():
            yield Wanted(
                "away",
                f"away:{row.id}:{row.at:%Y%m%dT%H%M%S}:{member}",
                f"away:{member}",
                row.cohort,
                reader,
                f"Somebody can’t make {day(row.starts_at, row.zone)}",
                {
                    "who": row.name,
                    "starts_at": row.starts_at,
                    "zone": row.zone,
                    "path": f"/practice/{row.practice}",
                    "cohort": row.of,
                },
            )


def _before_sessions(db: Session, now: datetime) -> Iterator[Wanted]:
    """Two days before, for everybody who is expected and has not heard of it lately."""
    near = db.execute(
        select(PracticeSession.cohort_id, PracticeSession.id, PracticeSession.starts_at, Cohort.zone)
        .join(Cohort, Cohort.id == PracticeSession.cohort_id)
        .where(
            Cohort.published_at.is_not(None),
            Cohort.archived_at.is_(None),
            PracticeSession.cancelled_at.is_(None),
            PracticeSession.starts_at > now,
            PracticeSession.starts_at < now + timedelta(days=reminders.DAYS_AHEAD + 1),
        )
    ).all()
    practices: dict[UUID, set[UUID]] = {}
    for row in near:
        if reminders.is_due(reminders.before_session(row.starts_at, row.zone), now):
            practices.setdefault(row.cohort_id, set()).add(row.id)
    for cohort_id, ids in practices.items():
        term = term_ahead(db, cohort_id, now)
        if term is None:
            continue
        lately = set(
            db.scalars(
                select(Letter.seat_id)
                .join(Seat, Seat.id == Letter.seat_id)
                .where(Seat.practice_id.in_(ids), Letter.written_at > now - reminders.FRESH)
            )
        )
        for seat in term.seats:
            practice = term.meeting_of(seat)
            if practice.id not in ids or seat.id in lately or not term.stands(seat):
                continue
            member, shown = term.members[seat.member_id], term.shown(seat)
            yield Wanted(
                Kind.REMINDER,
                f"reminder:{seat.uid}:{practice.starts_at:%Y%m%dT%H%MZ}",
                f"term:{member.id}",
                cohort_id,
                Reader(member.person_id, member.name, member.email, term.zone),
                f"{weekday(shown.starts_at, term.zone)} {clock(shown.starts_at, term.zone)}: your practice session",
                _said_of(shown, practice.id, seat.id) | {"cohort": term.cohort, "tutor": term.tutor},
            )


def _said_of(shown: Shown, practice: UUID, seat: UUID) -> dict[str, Any]:
    return {
        "date": shown,
        "zone": shown.zone,
        "where": shown.where,
        "partners": shown.partners,
        "rounds": [(each.starts_at, each) for each in shown.rounds],
        "path": f"/practice/{practice}",
        "seat": seat,
    }


_cohort_here = split(CohortRow)


def _cohorts(db: Session, *which: Any) -> list[CohortRow]:
    rows = db.execute(
        select(*columns(CohortRow)).where(Cohort.published_at.is_not(None), Cohort.archived_at.is_(None), *which)
    )
    return [_cohort_here(*row)[0] for row in rows]


def _held_lately(now: datetime) -> Any:
    return exists().where(
        PracticeSession.cohort_id == Cohort.id,
        PracticeSession.starts_at > now - LOOK_BACK,
        PracticeSession.starts_at < now,
    )


def _about_feedback(db: Session, now: datetime) -> Iterator[Wanted]:
    """Asked once, reminded once: one letter for all of somebody's rounds of one session."""
    cohorts = _cohorts(db, _held_lately(now))
    together: dict[tuple[UUID, UUID], list[Missing]] = {}
    for missing in to_come(db, cohorts, now).missing if cohorts else ():
        together.setdefault((missing.held.practice_id, missing.author.member), []).append(missing)
    readers = _readers(db, {member for _, member in together})
    asked = {f"feedback-wanted:{practice}:{member}" for practice, member in together}
    had = set(db.scalars(select(Letter.once).where(Letter.once.in_(asked)))) if asked else set()
    for (practice, member), pieces in together.items():
        reader, first = readers[member], pieces[0].held
        ended = max(piece.held.clock.ends_at for piece in pieces)
        name = weekday(first.starts_at, first.zone)
        values = {
            "zone": first.zone,
            "starts_at": first.starts_at,
            "pieces": [(piece.held.path, _asked_in_words(piece)) for piece in pieces],
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


def _asked_in_words(missing: Missing) -> str:
    about = missing.held.counsellor.first
    return {
        "observer": f"What you noticed in {about}’s round",
        "client": f"How it was with {about}",
        "self": "Your own round, looking back",
    }[asked_of(missing.author.role).value]


def _concerns(db: Session, now: datetime) -> Iterator[Wanted]:
    """Somebody is worried: whoever reads concerns hears that something is waiting, and once more when the promised
    time is over. Neither name nor word nor group; not even the address it leads to says what it is.
    """
    waiting = concerns.waiting(db)
    for reader in concerns.readers(db) if waiting else ():
        to = Reader(reader.person_id, reader.name, reader.email, reader.zone)
        for each in waiting:
            once, lane = f"concern-waiting:{each.id}:{reader.person_id}", f"waiting:{reader.person_id}"
            subject = "Something is waiting for you in Threefold"
            yield Wanted("concern-waiting", once, lane, None, to, subject, {})
            if now >= each.promised:
                subject = "Something is still waiting for you in Threefold"
                yield Wanted("concern-waiting", f"{once}:again", lane, None, to, subject, {})


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


def _for_tutors(db: Session, now: datetime) -> Iterator[Wanted]:
    """On weekdays at 8:00, where there is something to say."""
    for cohort in _cohorts(db):
        local = reminders.morning_of(now, cohort.zone, DIGEST_AT)
        if (
            not reminders.is_due(local, now)
            or wishes.tutor_digest_due(local - timedelta(seconds=1), cohort.zone) != local
        ):
            continue
        away = [
            (row.starts_at, first_name(row.name))
            for row in db.execute(
                select(PracticeSession.starts_at, Person.name)
                .join(Seat, and_(Seat.practice_id == PracticeSession.id, Seat.given_up_at.is_(None)))
                .join(Withdrawal, and_(Withdrawal.seat_id == Seat.id, Withdrawal.taken_back_at.is_(None)))
                .join(Membership, Membership.id == Seat.membership_id)
                .join(Person, Person.id == Membership.person_id)
                .where(
                    PracticeSession.cohort_id == cohort.id,
                    PracticeSession.cancelled_at.is_(None),
                    PracticeSession.starts_at > now,
                    PracticeSession.starts_at < now + AHEAD,
                )
                .order_by(PracticeSession.starts_at, Person.name)
            )
        ]
        missing = len(to_come(db, [cohort], now).missing)
        glance = choices.at_a_glance(db, cohort.id, now)
        asked = bool(glance.requests or glance.rather_not)  # in confidence: a letter says no more than that
        if not (away or missing or asked):
            continue
        said = [f"{plural(len(away), 'person', 'people')} away"] if away else []
        said += [f"{plural(missing, 'piece')} of feedback to come"] if missing else []
        tutors = db.scalars(
            select(Membership.id).where(
                Membership.cohort_id == cohort.id, Membership.role == "tutor", Membership.left_at.is_(None)
            )
        ).all()
        for member, reader in _readers(db, tutors).items():
            yield Wanted(
                Kind.TUTOR_DIGEST,
                f"tutor-digest:{member}:{local:%Y%m%d}",
                f"digest:{member}",
                cohort.id,
                reader,
                f"{cohort.name}: {', '.join(said or ['something to look at'])}",
                {
                    "away": [(day(at, cohort.zone), name) for at, name in away],
                    "missing": missing,
                    "asked": asked,
                    "cohort": cohort.name,
                    "group": f"/cohorts/{cohort.id}",
                },
            )


def _weekly(db: Session, now: datetime) -> Iterator[Wanted]:
    """On Mondays at 8:00, for those who want some kind of letter once a week: everything that waits for them."""
    people = db.execute(
        select(Person.id, Person.name, Person.email, Person.zone)
        .join(Wish, Wish.person_id == Person.id)
        .where(Wish.how == How.DIGEST.value)
        .distinct()
    ).all()
    for row in people:
        zone = row.zone or "Europe/London"
        local = reminders.morning_of(now, zone, DIGEST_AT)
        if not reminders.is_due(local, now) or wishes.weekly_due(local - timedelta(seconds=1), zone) != local:
            continue
        me = Me(row.id, row.name, row.email, zone, row.id, now, is_staff=False, is_tutor=False, is_trainee=True)
        waiting: list[Todo] = todo(db, me, now)
        if waiting:
            yield Wanted(
                Kind.WEEKLY,
                f"weekly:{row.id}:{local:%Y%m%d}",
                f"digest:{row.id}",
                None,
                Reader(row.id, row.name, row.email, zone),
                f"{plural(len(waiting), 'thing')} in your practice {'waits' if len(waiting) == 1 else 'wait'} for you",
                {"waiting": [(each.href, each.title, each.words) for each in waiting]},
            )
