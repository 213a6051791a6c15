"""What the day's pages ask for: a session on its day, and what somebody sees of their own arrival."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from threefold.core import arriving, board
from threefold.core import happened as rules
from threefold.core.choices import Kind as ChoiceKind
from threefold.core.happened import Account, Kind, Scope
from threefold.core.names import short_names
from threefold.day.calls import groups_of
from threefold.day.showing import Day, Someone
from threefold.store.happened import held_session, noted_of, seats_in
from threefold.store.tables import Membership, Person, PlanVersion, PracticeSession, Preference
from threefold.store.within import AtPractice


def day(db: Session, at: AtPractice, now: datetime) -> Day:
    """A session on its day; five questions."""
    seats, noted = seats_in(db, [at.practice.id]), noted_of(db, [at.practice.id])
    groups = groups_of(db, at.practice.id)
    return Day(
        at=at,
        people=people_of(db, at),
        held=held_session(at.cohort, at.practice, seats, noted.get(at.practice.id)),
        triads=groups.triads,
        pin_since=groups.pin_since,
        versions=_versions(db, at),
        now=now,
        calls=groups.calls,
    )


def people_of(db: Session, at: AtPractice) -> tuple[Someone, ...]:
    """Everybody who is or was in the cohort, by name; one question."""
    rests = exists().where(
        Preference.membership_id == Membership.id,
        Preference.kind == ChoiceKind.NOT_CLIENT.value,
        Preference.ended_at.is_(None),
        or_(Preference.practice_id.is_(None), Preference.practice_id == at.practice.id),
    )
    rows = db.execute(
        select(
            Membership.id,
            Membership.person_id,
            Membership.role,
            Membership.left_at,
            Person.name,
            rests.label("rests"),
        )
        .join(Person, Person.id == Membership.person_id)
        .where(Membership.cohort_id == at.cohort.id)
        .order_by(Person.name, Membership.id)
    ).all()
    called = short_names({row.id: row.name for row in rows})
    return tuple(
        Someone(
            row.id, row.person_id, row.name, called[row.id], row.role == "tutor", row.left_at is not None, row.rests
        )
        for row in rows
    )


def _versions(db: Session, at: AtPractice) -> tuple[tuple[UUID, datetime, str, bool, frozenset[UUID]], ...]:
    """Changes of this session's groups on its day, oldest first: who moved, and whether it was undone."""
    found = []
    for row in db.execute(
        select(
            PlanVersion.id, PlanVersion.made_at, PlanVersion.why, PlanVersion.undone_at, PlanVersion.before,
            PlanVersion.after,
        )
        .where(
            PlanVersion.cohort_id == at.cohort.id,
            PlanVersion.made_at >= board.opens_at(at.practice.starts_at),
            PlanVersion.made_at <= at.practice.ends_at,
        )
        .order_by(PlanVersion.number)
    ):  # fmt: skip
        was, is_now = row.before.get(str(at.practice.id)), row.after.get(str(at.practice.id))
        if is_now is None:
            continue
        before, after = (
            {m: group["triad"] for group in groups or () for m in group["members"]} for groups in (was, is_now)
        )
        moved = frozenset(UUID(one) for one, triad in after.items() if before.get(one) != triad)
        found.append((row.id, row.made_at, row.why, row.undone_at is not None, moved))
    return tuple(found)


def tutor_order(db: Session, at: AtPractice) -> list[UUID]:
    """Who observes pairs, whoever set the cohort up first."""
    rows = db.execute(
        select(Membership.id, Membership.person_id).where(
            Membership.cohort_id == at.cohort.id, Membership.role == "tutor", Membership.left_at.is_(None)
        )
    ).all()
    return [row.id for row in sorted(rows, key=lambda row: (row.person_id != at.cohort.created_by, row.id))]


@dataclass(frozen=True)
class Arrival:
    """What somebody sees of saying that they are here, and of what is noted of them; nobody else's."""

    at: AtPractice
    is_open: bool
    asks_pin: bool
    here_since: datetime | None
    account: Account | None  # None where nothing of theirs counts

    @property
    def words(self) -> list[str]:
        """“Round 1: observer, 16 min”"""
        if self.account is None:
            return []
        labels = self.at.cohort.role_labels
        return [f"Round {held.round}: {labels.of(held.role)}, {held.minutes} min" for held in self.account.held]


def arrival(db: Session, at: AtPractice, now: datetime) -> Arrival:
    """Whether somebody can say that they are here, and what is known of them; three questions."""
    practice, member = at.practice, at.membership.id
    pin_since = db.scalar(select(PracticeSession.pin_since).where(PracticeSession.id == practice.id))
    noted = noted_of(db, [practice.id])[practice.id]
    facts = noted.facts
    scope = Scope(Kind.HERE, member)
    here = rules.covering(facts, scope, rules.minute(now)) if now < practice.ends_at else None
    account = None
    if any(fact.scope == scope for fact in facts):
        account = held_session(at.cohort, practice, seats_in(db, [practice.id]), noted).happened.account(member, now)
    is_open = arriving.is_open(
        starts_at=practice.starts_at, ends_at=practice.ends_at, cancelled=practice.cancelled_at is not None, now=now
    )
    return Arrival(
        at,
        is_open,
        pin_since is not None,
        here.from_at if here else None,
        account if account and account.minutes else None,
    )
