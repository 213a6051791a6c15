"""What is noted on the day and put right afterwards: who was there, how, beside which tutor. The only writer of it.

Rows are added and never changed. An action loads the facts of its session, has core decide which to add, adds them.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from threefold.core import arriving
from threefold.core import happened as rules
from threefold.core.happened import Bounds, Fact, How, Kind, Mode, Presence, Scope, Step
from threefold.core.refusal import Refusal
from threefold.core.roles import Role
from threefold.core.triad import where_to_sit
from threefold.store.deeds import record
from threefold.store.happened import held_session, noted_of, seats_in
from threefold.store.rows import PracticeRow, value
from threefold.store.seats import new_seat
from threefold.store.sessions import Me
from threefold.store.tables import (
    Happening,
    KeepApart,
    Membership,
    PinTry,
    PracticeSession,
    Seat,
    Triad,
    Turn,
    Withdrawal,
)
from threefold.store.within import AtPractice

NewId = Callable[[], UUID]
AHEAD = timedelta(hours=12)  # a tutor may note who is away from then on
CALLED_OFF = Refusal.because("This session has been called off, so there is nothing to note.")
TOO_EARLY = Refusal.because("This session is still some way off. Its board opens twelve hours before.")
OVER = Refusal.because("This session is over. Put its record right instead.")
SOMEBODY = Refusal.because("Choose somebody of this cohort.", "member")
WHY = Refusal.because("Say in a few words what you are putting right.", "why")


# --- the register ----------------------------------------------------------------------------------------------


def tick(
    db: Session,
    at: AtPractice,
    member: UUID,
    *,
    here: bool,
    together: bool = False,
    by: Me,
    domain: str,
    now: datetime,
    new_id: NewId,
) -> Refusal | None:
    """Somebody is here, or is not; `together` with everybody else. Said twice, it is noted once.

    Who comes while a session runs and sits in none of its groups observes in one from the round that is running on.
    """
    if refusal := _on_the_day(db, at, now):
        return refusal
    if not _is_trainee(db, at, member):
        return SOMEBODY
    facts = _facts(db, at)
    if not here:
        step = rules.untick(facts, member, at.practice.starts_at, now)
        _add(db, at, [step] if step else [], how=How.TUTOR, by=by, now=now, new_id=new_id)
        return None
    since = rules.counts_from(at.practice.starts_at, now, together=together)
    _come(db, at, member, facts, since, how=How.TUTOR, by=by, domain=domain, now=now, new_id=new_id)
    return None


def arrive(
    db: Session, at: AtPractice, *, how: How, by: Me, domain: str, now: datetime, new_id: NewId
) -> Refusal | None:
    """Somebody says themselves that they are here. Twice is once."""
    practice = db.get_one(PracticeSession, at.practice.id)
    refusal = arriving.may_arrive(
        starts_at=practice.starts_at,
        ends_at=practice.ends_at,
        cancelled=practice.cancelled_at is not None,
        zone=at.cohort.zone,
        now=now,
    )
    if refusal:
        return refusal
    since = rules.counts_from(practice.starts_at, now, together=False)
    _come(db, at, at.membership.id, _facts(db, at), since, how=how, by=by, domain=domain, now=now, new_id=new_id)
    return None


def check_pin(
    db: Session, at: AtPractice, typed: str, right: str, *, by: Me, now: datetime, new_id: NewId
) -> Refusal | None:
    """Whether the PIN counts, where the session asks for one. A wrong one is remembered for a while."""
    if db.get_one(PracticeSession, at.practice.id).pin_since is None:
        return None
    since = now - arriving.PAUSE
    tried = select(PinTry.at).where(PinTry.practice_id == at.practice.id, PinTry.person_id == by.id, PinTry.at > since)
    wrong = db.scalars(tried).all()
    refusal = arriving.try_pin(typed, right, wrong, now)
    if refusal and len(wrong) < arriving.MOST_WRONG:
        db.add(PinTry(id=new_id(), practice_id=at.practice.id, person_id=by.id, at=now))
    return refusal


def ask_for_pin(db: Session, at: AtPractice, *, asked: bool, by: Me, now: datetime, new_id: NewId) -> Refusal | None:
    """From now on the PIN shown in the room is asked for, or a tap is enough again."""
    if refusal := _on_the_day(db, at, now):
        return refusal
    practice = db.get_one(PracticeSession, at.practice.id)
    if (practice.pin_since is not None) != asked:
        practice.pin_since = now if asked else None
        _deed(db, at, "showed a PIN" if asked else "took the PIN down", by=by, now=now, new_id=new_id)
    return None


def note_time(
    db: Session, at: AtPractice, member: UUID, what: str, moment: datetime, *, by: Me, now: datetime, new_id: NewId
) -> Refusal | None:
    """Somebody came, or leaves, at that minute; `what` is "came" or "left"."""
    if refusal := _on_the_day(db, at, now):
        return refusal
    if not _is_trainee(db, at, member):
        return SOMEBODY
    decide = rules.came if what == "came" else rules.left
    step = decide(_facts(db, at), member, moment, bounds_of(at))
    if isinstance(step, Refusal):
        return step
    _add(db, at, [step], how=How.TUTOR, by=by, now=now, new_id=new_id)
    return None


# --- how, and beside whom --------------------------------------------------------------------------------------


def take_part(
    db: Session, at: AtPractice, member: UUID | None, mode: Mode, *, by: Me, now: datetime, new_id: NewId
) -> Refusal | None:
    """From now on somebody, or everybody (None), is in the room, or takes part online."""
    if refusal := _on_the_day(db, at, now):
        return refusal
    if member is not None and not _is_trainee(db, at, member):
        return SOMEBODY
    steps = rules.be(_facts(db, at), Scope(Kind.MODE, member), mode.value, _begun(at, now))
    _add(db, at, steps, how=How.TUTOR, by=by, now=now, new_id=new_id)
    return None


def be_present(
    db: Session, at: AtPractice, triad: UUID | None, presence: Presence, *, by: Me, now: datetime, new_id: NewId
) -> Refusal | None:
    """From now on the tutor who says so is with one group, or with all (None), in this way."""
    if refusal := _on_the_day(db, at, now):
        return refusal
    if triad is not None and not _is_triad(db, at, triad):
        return Refusal.because("Choose one of this session’s groups.", "triad")
    steps = rules.be_with(_facts(db, at), at.membership.id, triad, presence, _begun(at, now))
    _add(db, at, steps, how=How.TUTOR, by=by, now=now, new_id=new_id)
    return None


def _begun(at: AtPractice, now: datetime) -> datetime:
    """What is said before the session holds from its start."""
    return max(now, at.practice.starts_at)


# --- corrections -----------------------------------------------------------------------------------------------


def correct(
    db: Session, at: AtPractice, fact_id: UUID | None, step: Step, why: str, *, by: Me, now: datetime, new_id: NewId
) -> Refusal | None:
    """Put a fact right, or add one; what was there before stays to be read. `why` is asked for."""
    if at.practice.cancelled_at is not None:
        return CALLED_OFF
    if not why:
        return WHY
    facts = _facts(db, at)
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
    _add(db, at, [made], how=How.CORRECTION, by=by, now=now, new_id=new_id, why=why)
    return None


def was_not_there(db: Session, at: AtPractice, member: UUID, *, by: Me, now: datetime, new_id: NewId) -> Refusal | None:
    """After the session: somebody was not there. No reason is asked, and tutors alone see it. Twice is once."""
    if now < at.practice.ends_at:
        return Refusal.because("This session is not over yet. Tick who is here on its board.")
    if at.practice.cancelled_at is not None:
        return CALLED_OFF
    if not _is_trainee(db, at, member):
        return SOMEBODY
    scope = Scope(Kind.HERE, member)
    facts = [fact for fact in _facts(db, at) if fact.scope == scope]
    there = rules.standing(facts)
    steps = [Step(scope, "", fact.from_at, fact.from_at, fact.id) for fact in there]
    if not facts:
        steps = [Step(scope, "", at.practice.starts_at, at.practice.starts_at)]
    _add(db, at, steps, how=How.CORRECTION, by=by, now=now, new_id=new_id)
    return None


def bounds_of(at: AtPractice) -> Bounds:
    """Between which times a session can be noted."""
    return Bounds(arriving.opens_at(at.practice.starts_at), at.practice.ends_at, at.cohort.zone)


# --- within ----------------------------------------------------------------------------------------------------


def _on_the_day(db: Session, at: AtPractice, now: datetime) -> Refusal | None:
    practice = db.get_one(PracticeSession, at.practice.id)
    if practice.cancelled_at is not None:
        return CALLED_OFF
    if now >= practice.ends_at:
        return OVER
    return TOO_EARLY if now < practice.starts_at - AHEAD else None


def _facts(db: Session, at: AtPractice) -> list[Fact]:
    return noted_of(db, [at.practice.id])[at.practice.id].facts


def _is_trainee(db: Session, at: AtPractice, member: UUID) -> bool:
    found = db.get(Membership, member)
    return found is not None and found.cohort_id == at.cohort.id and found.role == "trainee"


def _is_triad(db: Session, at: AtPractice, triad: UUID) -> bool:
    found = db.get(Triad, triad)
    return found is not None and found.practice_id == at.practice.id


def _is_about_this_session(db: Session, at: AtPractice, scope: Scope) -> Refusal | None:
    if scope.triad is not None and not _is_triad(db, at, scope.triad):
        return Refusal.because("Choose one of this session’s groups.", "triad")
    member = db.get(Membership, scope.member) if scope.member else None
    if scope.kind is Kind.TUTOR:
        right = member is not None and member.cohort_id == at.cohort.id and member.role == "tutor"
        return None if right else Refusal.because("Choose one of the cohort’s tutors.", "member")
    if scope.member is not None and not _is_trainee(db, at, scope.member):
        return SOMEBODY
    return None


def _come(
    db: Session,
    at: AtPractice,
    member: UUID,
    facts: Sequence[Fact],
    since: datetime,
    *,
    how: How,
    by: Me,
    domain: str,
    now: datetime,
    new_id: NewId,
) -> None:
    step = rules.tick(facts, member, since, now)
    if step is None:
        return
    _add(db, at, [step], how=how, by=by, now=now, new_id=new_id)
    # Who comes after all has taken "I can't make it" back by coming.
    back = select(Seat.id).where(
        Seat.practice_id == at.practice.id, Seat.membership_id == member, Seat.given_up_at.is_(None)
    )
    db.execute(
        update(Withdrawal)
        .where(Withdrawal.seat_id.in_(back), Withdrawal.taken_back_at.is_(None))
        .values(taken_back_at=now)
    )
    if now >= at.practice.starts_at:
        _sit_down(db, at, member, domain=domain, by=by, now=now, new_id=new_id)


def _sit_down(db: Session, at: AtPractice, member: UUID, *, domain: str, by: Me, now: datetime, new_id: NewId) -> None:
    """A place as observer, from the running round on, for whoever has none in a session that runs."""
    practice = value(PracticeRow, db.get_one(PracticeSession, at.practice.id))
    held = held_session(at.cohort, practice, seats_in(db, [practice.id]))
    if any(member in {seat.member for seat in seats} for seats in held.sitting.values()):
        return
    rows = db.execute(select(KeepApart.one, KeepApart.other).where(KeepApart.cohort_id == at.cohort.id))
    apart = frozenset(frozenset(row) for row in rows)
    triad = where_to_sit(member, {id_: [seat.member for seat in seats] for id_, seats in held.sitting.items()}, apart)
    if triad is None:
        return
    rounds = {number for seat in held.sitting[triad] for number, _ in seat.turns}
    over = {number for number in rounds if held.happened.ran[triad, number].until_at <= now}
    position = 1 + max(seat.position for seat in held.sitting[triad])
    seat = new_seat(practice.id, triad, member, position, domain=domain, now=now, new_id=new_id)
    db.add(seat)
    db.flush()
    db.add_all(
        Turn(triad_id=triad, round=number, seat_id=seat.id, role=Role.OBSERVER.value)
        for number in sorted(rounds - over)
    )
    _deed(db, at, "put somebody in", by=by, now=now, new_id=new_id, seat=seat.id)


def _add(
    db: Session,
    at: AtPractice,
    steps: Iterable[Step],
    *,
    how: How,
    by: Me,
    now: datetime,
    new_id: NewId,
    why: str = "",
) -> None:
    for step in steps:
        id_ = new_id()
        db.add(
            Happening(
                id=id_,
                practice_id=at.practice.id,
                kind=step.scope.kind.value,
                membership_id=step.scope.member,
                triad_id=step.scope.triad,
                round=step.scope.round,
                value=step.value,
                from_at=step.from_at,
                until_at=step.until_at,
                recorded_at=now,
                recorded_by=by.id,
                how=how.value,
                why=why,
                replaces=step.replaces,
            )
        )
        db.flush()
        _deed(db, at, "noted what happened", by=by, now=now, new_id=new_id, happening=id_)


def _deed(db: Session, at: AtPractice, verb: str, *, by: Me, now: datetime, new_id: NewId, **subject: object) -> None:
    record(
        db, id=new_id(), at=now, by=by.id, verb=verb, cohort_id=at.cohort.id, practice=at.practice.id, **subject
    )  # fmt: skip
