"""What was noted on the day, put right afterwards; what stood there before stays to be read."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from threefold.core import happened as rules
from threefold.core.board import CALLED_OFF
from threefold.core.happened import How, Kind, Scope, Step
from threefold.core.identity import NewId
from threefold.core.refusal import Refusal
from threefold.day.noting import SOMEBODY, add, bounds_of, facts_of, is_trainee, is_triad
from threefold.store.sessions import Me
from threefold.store.tables import Membership
from threefold.store.within import AtPractice

WHY = Refusal.because("Say in a few words what you are putting right.", "why")


def correct(
    db: Session, at: AtPractice, fact_id: UUID | None, step: Step, why: str, *, by: Me, now: datetime, new_id: NewId
) -> Refusal | None:
    """Put a fact right, or add one; what was there before stays to be read. `why` is asked for."""
    if at.practice.cancelled_at is not None:
        return CALLED_OFF
    if not why:
        return WHY
    facts = facts_of(db, at)
    fact = next((each for each in facts if each.id == fact_id), None)
    if fact_id is not None and fact is None:
        return Refusal.because(rules.CHANGED)
    if fact is not None:
        step = Step(fact.scope, step.value, step.from_at, step.until_at)
    elif refusal := _is_about_this_session(db, at, step.scope):
        return refusal
    if fact is not None and (fact.value, fact.from_at, fact.until_at) == (step.value, step.from_at, step.until_at):
        return None
    made = rules.change(facts, fact, step, bounds_of(at))
    if isinstance(made, Refusal):
        return made
    add(db, at, [made], how=How.CORRECTION, by=by, now=now, new_id=new_id, why=why)
    return None


def was_not_there(db: Session, at: AtPractice, member: UUID, *, by: Me, now: datetime, new_id: NewId) -> Refusal | None:
    """After the session: somebody was not there. No reason is asked, and tutors alone see it. Twice is once."""
    if now < at.practice.ends_at:
        return Refusal.because("This session is not over yet. Tick who is here on its board.")
    if at.practice.cancelled_at is not None:
        return CALLED_OFF
    if not is_trainee(db, at, member):
        return SOMEBODY
    scope = Scope(Kind.HERE, member)
    facts = [fact for fact in facts_of(db, at) if fact.scope == scope]
    there = rules.standing(facts)
    steps = [Step(scope, "", fact.from_at, fact.from_at, fact.id) for fact in there]
    if not facts:
        steps = [Step(scope, "", at.practice.starts_at, at.practice.starts_at)]
    add(db, at, steps, how=How.CORRECTION, by=by, now=now, new_id=new_id)
    return None


def _is_about_this_session(db: Session, at: AtPractice, scope: Scope) -> Refusal | None:
    if scope.triad is not None and not is_triad(db, at, scope.triad):
        return Refusal.because("Choose one of this session’s groups.", "triad")
    member = db.get(Membership, scope.member) if scope.member else None
    if scope.kind is Kind.TUTOR:
        right = member is not None and member.cohort_id == at.cohort.id and member.role == "tutor"
        return None if right else Refusal.because("Choose one of the cohort’s tutors.", "member")
    if scope.member is not None and not is_trainee(db, at, scope.member):
        return SOMEBODY
    return None
