"""What is noted on the day: who is here, how, beside which tutor. With `day.correcting` the only writer of it.

An action loads the facts of its session, has core decide which to add, and adds them (`day.noting`).
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from threefold.core import arriving, board
from threefold.core import happened as rules
from threefold.core.happened import Fact, How, Kind, Mode, Presence, Scope
from threefold.core.identity import NewId
from threefold.core.refusal import Refusal
from threefold.core.roles import Role
from threefold.core.triad import where_to_sit
from threefold.day.noting import SOMEBODY, add, bounds_of, deed, facts_of, is_trainee, is_triad
from threefold.store.apart import kept_apart
from threefold.store.happened import held_session, seats_in
from threefold.store.rows import PracticeRow, value
from threefold.store.seats import new_seat
from threefold.store.sessions import Me
from threefold.store.tables import PinTry, PracticeSession, Seat, Turn, Withdrawal
from threefold.store.within import AtPractice

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
    if refusal := _may_change(db, at, now):
        return refusal
    if not is_trainee(db, at, member):
        return SOMEBODY
    facts = facts_of(db, at)
    if not here:
        step = rules.untick(facts, member, at.practice.starts_at, now)
        add(db, at, [step] if step else [], how=How.TUTOR, by=by, now=now, new_id=new_id)
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
    _come(db, at, at.membership.id, facts_of(db, at), since, how=how, by=by, domain=domain, now=now, new_id=new_id)
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
    if refusal := _may_change(db, at, now):
        return refusal
    practice = db.get_one(PracticeSession, at.practice.id)
    if (practice.pin_since is not None) != asked:
        practice.pin_since = now if asked else None
        deed(db, at, "showed a PIN" if asked else "took the PIN down", by=by, now=now, new_id=new_id)
    return None


def note_time(
    db: Session, at: AtPractice, member: UUID, what: str, moment: datetime, *, by: Me, now: datetime, new_id: NewId
) -> Refusal | None:
    """Somebody came, or leaves, at that minute; `what` is "came" or "left"."""
    if refusal := _may_change(db, at, now):
        return refusal
    if not is_trainee(db, at, member):
        return SOMEBODY
    decide = rules.came if what == "came" else rules.left
    step = decide(facts_of(db, at), member, moment, bounds_of(at))
    if isinstance(step, Refusal):
        return step
    add(db, at, [step], how=How.TUTOR, by=by, now=now, new_id=new_id)
    return None


# --- how, and beside whom --------------------------------------------------------------------------------------


def take_part(
    db: Session, at: AtPractice, member: UUID | None, mode: Mode, *, by: Me, now: datetime, new_id: NewId
) -> Refusal | None:
    """From now on somebody, or everybody (None), is in the room, or takes part online."""
    if refusal := _may_change(db, at, now):
        return refusal
    if member is not None and not is_trainee(db, at, member):
        return SOMEBODY
    steps = rules.be(facts_of(db, at), Scope(Kind.MODE, member), mode.value, _begun(at, now))
    add(db, at, steps, how=How.TUTOR, by=by, now=now, new_id=new_id)
    return None


def be_present(
    db: Session, at: AtPractice, triad: UUID | None, presence: Presence, *, by: Me, now: datetime, new_id: NewId
) -> Refusal | None:
    """From now on the tutor who says so is with one group, or with all (None), in this way."""
    if refusal := _may_change(db, at, now):
        return refusal
    if triad is not None and not is_triad(db, at, triad):
        return Refusal.because("Choose one of this session’s groups.", "triad")
    steps = rules.be_with(facts_of(db, at), at.membership.id, triad, presence, _begun(at, now))
    add(db, at, steps, how=How.TUTOR, by=by, now=now, new_id=new_id)
    return None


def _begun(at: AtPractice, now: datetime) -> datetime:
    """What is said before the session holds from its start."""
    return max(now, at.practice.starts_at)


# --- within ----------------------------------------------------------------------------------------------------


def _may_change(db: Session, at: AtPractice, now: datetime) -> Refusal | None:
    practice = db.get_one(PracticeSession, at.practice.id)
    return board.may_change(
        starts_at=practice.starts_at, ends_at=practice.ends_at, cancelled=practice.cancelled_at is not None, now=now
    )


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
    add(db, at, [step], how=how, by=by, now=now, new_id=new_id)
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
    apart = kept_apart(db, at.cohort.id)
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
    deed(db, at, "put somebody in", by=by, now=now, new_id=new_id, seat=seat.id)
