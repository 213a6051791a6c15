"""What is told together: a tutor’s groups on weekdays, and on Mondays all that waits for somebody."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from uuid import UUID

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from threefold.choices.mending import at_a_glance
from threefold.core import reminders, wishes
from threefold.core.names import first_name
from threefold.core.said import day, plural
from threefold.core.wishes import How, Kind
from threefold.feedback.queries import LATELY, Todo, to_come, todo
from threefold.reminding.feedback import HEARS, begun, owing, published
from threefold.reminding.wanted import Reader, Wanted, not_now, teaching, written
from threefold.store.sessions import Me
from threefold.store.tables import Cohort, Membership, Person, PracticeSession, Seat, Wish, Withdrawal

AHEAD = timedelta(days=7)
DIGEST_AT = time(8)


def for_tutors(db: Session, now: datetime) -> Iterator[Wanted]:
    """On weekdays at 8:00, where there is something to say."""
    here = db.execute(select(Cohort.id, Cohort.name, Cohort.zone).where(*HEARS)).all()
    mornings = {zone: _workday_morning(zone, now) for zone in {cohort.zone for cohort in here}}
    cohorts = {cohort.id: cohort for cohort in here if mornings[cohort.zone]}
    tutors: dict[UUID, list[tuple[str, str, Reader]]] = defaultdict(list)
    rather_not = not_now(db, Kind.TUTOR_DIGEST) if cohorts else set()
    for cohort_id, member, reader in teaching(db, cohorts):
        once = f"tutor-digest:{member}:{mornings[cohorts[cohort_id].zone]:%Y%m%d}"
        if reader.person_id not in rather_not:
            tutors[cohort_id].append((once, f"digest:{member}", reader))
    there = written(db, (once for told in tutors.values() for once, *_ in told))
    waiting = [cohorts[id_] for id_, told in tutors.items() if any(once not in there for once, *_ in told)]
    away = _away_soon(db, [cohort.id for cohort in waiting], now) if waiting else {}
    of_these = Cohort.id.in_([cohort.id for cohort in waiting])
    held = {each.id: each.cohort_id for each in begun(db, now - LATELY, now, of_these)} if waiting else {}
    late = {held[practice] for practice, _ in owing(db, held)}
    to_look_at = published(db, Cohort.id.in_(late)) if late else []
    missing = Counter(each.held.cohort_id for each in to_come(db, to_look_at, now).missing) if to_look_at else {}
    for cohort in waiting:
        out, pieces = away.get(cohort.id, []), missing.get(cohort.id, 0)
        said = [f"{plural(len(out), 'person', 'people')} away"] if out else []
        said += [f"{plural(pieces, 'piece')} of feedback to come"] if pieces else []
        glance = at_a_glance(db, cohort.id, now)
        asked = bool(glance.requests or glance.rather_not)  # in confidence: a letter says no more than that
        said += ["something to look at"] if asked and not said else []
        for once, lane, reader in tutors[cohort.id] if said else ():
            yield Wanted(
                Kind.TUTOR_DIGEST,
                once,
                lane,
                cohort.id,
                reader,
                f"{cohort.name}: {', '.join(said)}",
                {
                    "away": [(day(at, cohort.zone), name) for at, name in out],
                    "missing": pieces,
                    "asked": asked,
                    "cohort": cohort.name,
                    "group": f"/cohorts/{cohort.id}",
                },
            )


def _workday_morning(zone: str, now: datetime) -> datetime | None:
    """8:00 there this morning, if that is a working day's and a letter of then is still worth sending."""
    local = reminders.morning_of(now, zone, DIGEST_AT)
    is_workday = wishes.tutor_digest_due(local - timedelta(seconds=1), zone) == local
    return local if is_workday and reminders.is_due(local, now) else None


def _away_soon(db: Session, cohorts: list[UUID], now: datetime) -> dict[UUID, list[tuple[datetime, str]]]:
    """Who can't make which of the coming sessions, by cohort."""
    found: dict[UUID, list[tuple[datetime, str]]] = defaultdict(list)
    for cohort, starts_at, name in db.execute(
        select(PracticeSession.cohort_id, PracticeSession.starts_at, Person.name)
        .join(Seat, and_(Seat.practice_id == PracticeSession.id, Seat.given_up_at.is_(None)))
        .join(Withdrawal, and_(Withdrawal.seat_id == Seat.id, Withdrawal.taken_back_at.is_(None)))
        .join(Membership, Membership.id == Seat.membership_id)
        .join(Person, Person.id == Membership.person_id)
        .where(
            PracticeSession.cohort_id.in_(cohorts),
            PracticeSession.cancelled_at.is_(None),
            PracticeSession.starts_at > now,
            PracticeSession.starts_at < now + AHEAD,
        )
        .order_by(PracticeSession.starts_at, Person.name)
    ):
        found[cohort].append((starts_at, first_name(name)))
    return found


def weekly(db: Session, now: datetime) -> Iterator[Wanted]:
    """On Mondays at 8:00, for those who want some kind of letter once a week: everything that waits for them."""
    people = db.execute(
        select(Person.id, Person.name, Person.email, func.coalesce(Person.zone, "Europe/London").label("zone"))
        .join(Wish, Wish.person_id == Person.id)
        .where(Wish.how == How.DIGEST.value)
        .distinct()
    ).all()
    mornings = {zone: _mondays_morning(zone, now) for zone in {row.zone for row in people}}
    names = {row.id: f"weekly:{row.id}:{local:%Y%m%d}" for row in people if (local := mornings[row.zone])}
    there, rather_not = written(db, names.values()), not_now(db, Kind.WEEKLY) if names else set()
    for row in people:
        once = names.get(row.id, "")
        if not once or once in there or row.id in rather_not:
            continue
        me = Me(row.id, row.name, row.email, row.zone, row.id, now, is_staff=False, is_tutor=False, is_trainee=True)
        waiting: list[Todo] = todo(db, me, now)
        if waiting:
            yield Wanted(
                Kind.WEEKLY,
                once,
                f"digest:{row.id}",
                None,
                Reader(row.id, row.name, row.email, row.zone),
                f"{plural(len(waiting), 'thing')} in your practice {'waits' if len(waiting) == 1 else 'wait'} for you",
                {"waiting": [(each.href, each.title, each.words) for each in waiting]},
            )


def _mondays_morning(zone: str, now: datetime) -> datetime | None:
    """8:00 there this morning, if that is a Monday's and a letter of then is still worth sending."""
    local = reminders.morning_of(now, zone, DIGEST_AT)
    is_monday = wishes.weekly_due(local - timedelta(seconds=1), zone) == local
    return local if is_monday and reminders.is_due(local, now) else None
