"""What tutors do with plans: keep a draft, choose one, swap two people, note who is away, publish."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from threefold.core.identity import NewId
from threefold.core.refusal import Refusal
from threefold.matching import CourseProblem, Plan, check
from threefold.matching.pins import Pin, pins_out
from threefold.matching.wire import plan_out
from threefold.store.deeds import record
from threefold.store.sessions import Me
from threefold.store.tables import Away, Cohort, Membership, PlanDraft, PracticeSession, Seat, Triad, Turn
from threefold.store.within import Within

KEPT = 5
CHANGED = "Something in the cohort changed while this plan was being drawn. Draw it once more."
PUBLISHED = "This plan is published, so its groups stay as they are."


@dataclass(frozen=True)
class Layout:
    """A plan as rows, made before the transaction that writes them."""

    cohort_version: int
    triads: list[dict[str, object]]
    seats: list[dict[str, object]]
    turns: list[dict[str, object]]


def keep_draft(
    db: Session,
    within: Within,
    problem: CourseProblem,
    plan: Plan,
    *,
    seed: int,
    pins: Sequence[Pin] = (),
    by: Me,
    now: datetime,
    new_id: NewId,
) -> UUID | Refusal:
    """Keep a plan as the one to look at; the sixth oldest is let go. Refused when it no longer fits the cohort."""
    if within.cohort.published_at is not None:
        return Refusal.because(PUBLISHED)
    if check(problem, plan):
        return Refusal.because(CHANGED)
    cohort_id, id_ = within.cohort.id, new_id()
    last = db.scalar(select(func.max(PlanDraft.number)).where(PlanDraft.cohort_id == cohort_id)) or 0
    db.add(
        PlanDraft(
            id=id_,
            cohort_id=cohort_id,
            number=last + 1,
            cohort_version=within.cohort.version,
            seed=seed,
            steps=plan.steps,
            groups=plan_out(plan),
            pins=pins_out(pins),
            made_at=now,
            made_by=by.id,
            chosen_at=now,
        )
    )
    db.flush()
    kept = (
        select(PlanDraft.id)
        .where(PlanDraft.cohort_id == cohort_id)
        .order_by(PlanDraft.chosen_at.desc(), PlanDraft.number.desc())
        .limit(KEPT)
    )
    db.execute(delete(PlanDraft).where(PlanDraft.cohort_id == cohort_id, PlanDraft.id.not_in(kept.scalar_subquery())))
    record(db, id=new_id(), at=now, by=by.id, verb="drew a plan", cohort_id=cohort_id, plan=id_)
    return id_


def choose(db: Session, within: Within, plan: PlanDraft, *, by: Me, now: datetime, new_id: NewId) -> Refusal | None:
    """Go back to a plan kept before."""
    if within.cohort.published_at is not None:
        return Refusal.because(PUBLISHED)
    plan.chosen_at = now
    record(db, id=new_id(), at=now, by=by.id, verb="chose a plan", cohort_id=within.cohort.id, plan=plan.id)
    return None


def set_away(
    db: Session,
    within: Within,
    practice_id: UUID,
    members: Sequence[UUID],
    *,
    by: Me,
    now: datetime,
    new_id: NewId,
) -> Refusal | None:
    """Who is away on one date: exactly these people."""
    if within.cohort.published_at is not None:
        return Refusal.because(PUBLISHED)
    cohort_id = within.cohort.id
    practice = db.get(PracticeSession, practice_id)
    if practice is None or practice.cohort_id != cohort_id:
        return Refusal.because("Choose one of this cohort’s dates.", "practice")
    known = set(
        db.scalars(
            select(Membership.id).where(
                Membership.cohort_id == cohort_id, Membership.role == "trainee", Membership.left_at.is_(None)
            )
        )
    )
    db.execute(delete(Away).where(Away.practice_id == practice_id))
    rows = [
        {"practice_id": practice_id, "membership_id": member, "since": now, "by": by.id}
        for member in dict.fromkeys(members)
        if member in known
    ]
    if rows:
        db.execute(insert(Away), rows)
    record(db, id=new_id(), at=now, by=by.id, verb="noted who is away", cohort_id=cohort_id, practice=practice_id)
    return None


def share_fours(db: Session, within: Within, *, evenly: bool, by: Me, now: datetime, new_id: NewId) -> Refusal | None:
    """Which comes first in the plans to come: even seats in groups of four, or fewest repeats."""
    if within.cohort.published_at is not None:
        return Refusal.because(PUBLISHED)
    db.get_one(Cohort, within.cohort.id).even_quads = evenly
    record(db, id=new_id(), at=now, by=by.id, verb="chose how fours are shared", cohort_id=within.cohort.id)
    return None


def publish(
    db: Session,
    within: Within,
    plan: PlanDraft,
    layout: Layout,
    *,
    by: Me,
    now: datetime,
    new_id: NewId,
) -> Refusal | None:
    """Make the plan true: triads, seats and turns, all or nothing.

    A second publish finds the first one done and changes nothing (None). Refused when the cohort changed since the
    tutor looked: the plan they said yes to is another one.
    """
    cohort = within.cohort
    if cohort.published_at is not None:
        return None
    if cohort.version != layout.cohort_version:
        return Refusal.because("Something changed while you were looking. Look once more, then publish.")
    published = db.get_one(Cohort, cohort.id)
    published.published_at, published.published_by = now, by.id
    plan.published_at, plan.published_by, plan.chosen_at = now, by.id, now
    db.flush()
    db.execute(insert(Triad), layout.triads)
    db.execute(insert(Seat), layout.seats)
    db.execute(insert(Turn), layout.turns)
    record(
        db,
        id=new_id(),
        at=now,
        by=by.id,
        verb="published the plan",
        cohort_id=cohort.id,
        plan=plan.id,
    )
    return None
