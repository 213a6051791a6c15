"""What tutors do about a session that people have been told of: move it, change its rooms, call it off, swap, add.

None of these writes a letter: what people would notice is told by whoever runs the unit (`mail.notices`).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from threefold.core.identity import NewId
from threefold.core.meeting import When, may_change
from threefold.core.publication import LaidOut
from threefold.core.refusal import Refusal
from threefold.core.roles import Role
from threefold.core.triad import where_to_sit
from threefold.store.apart import kept_apart
from threefold.store.deeds import record
from threefold.store.guests import rounds_moved
from threefold.store.rows import PracticeRow, value
from threefold.store.seats import BETWEEN, new_seat
from threefold.store.sessions import Me
from threefold.store.tables import Membership, PracticeSession, Seat, Triad, Turn
from threefold.store.versions import version
from threefold.store.within import AtPractice, Within


def move(
    db: Session,
    at: AtPractice,
    when: When,
    *,
    place: str,
    link: str,
    rooms: Mapping[UUID, str],
    by: Me,
    now: datetime,
    new_id: NewId,
) -> Refusal | None:
    """Another time, place, link or room. `rooms` are by triad; one that is not named keeps its room."""
    practice = db.get_one(PracticeSession, at.practice.id)
    if refusal := may_change(starts_at=practice.starts_at, cancelled=practice.cancelled_at is not None, now=now):
        return refusal
    practice.starts_at, practice.ends_at, practice.place, practice.link = when.starts_at, when.ends_at, place, link
    for triad in db.scalars(select(Triad).where(Triad.practice_id == practice.id, Triad.id.in_(rooms))):
        triad.room = rooms[triad.id]
    record(db, id=new_id(), at=now, by=by.id, verb="moved a session", cohort_id=at.cohort.id, practice=practice.id)
    return None


def call_off(db: Session, at: AtPractice, *, by: Me, now: datetime, new_id: NewId) -> Refusal | None:
    """The session will not be held. Said twice, it is called off once."""
    practice = db.get_one(PracticeSession, at.practice.id)
    refusal = may_change(starts_at=practice.starts_at, cancelled=practice.cancelled_at is not None, now=now)
    if refusal:
        return None if practice.cancelled_at is not None else refusal
    practice.cancelled_at, practice.cancelled_by = now, by.id
    record(db, id=new_id(), at=now, by=by.id, verb="called a session off", cohort_id=at.cohort.id, practice=practice.id)
    return None


def swap(
    db: Session, at: AtPractice, one: UUID, other: UUID, *, by: Me, now: datetime, new_id: NewId
) -> Refusal | None:
    """Two people of this session take each other's place, roles and all; each keeps their own invitation."""
    practice = db.get_one(PracticeSession, at.practice.id)
    if refusal := may_change(starts_at=practice.starts_at, cancelled=practice.cancelled_at is not None, now=now):
        return refusal
    seats = {
        seat.id: seat
        for seat in db.scalars(
            select(Seat).where(Seat.practice_id == practice.id, Seat.id.in_((one, other)), Seat.given_up_at.is_(None))
        )
    }
    if len(seats) < 2:
        return Refusal.because("Choose two different people of this session.", "other")
    first, second = seats[one], seats[other]
    turns = {
        seat.id: [(turn.round, turn.role) for turn in db.scalars(select(Turn).where(Turn.seat_id == seat.id))]
        for seat in (first, second)
    }
    with version(db, at.cohort.id, [practice.id], why="swapped", by=by.id, now=now, new_id=new_id):
        for turn in db.scalars(select(Turn).where(Turn.seat_id.in_((one, other)))).all():
            db.delete(turn)
        db.flush()
        here, there = (first.triad_id, first.position), (second.triad_id, second.position)
        for seat, place in ((first, (first.triad_id, BETWEEN)), (second, here), (first, there)):
            seat.triad_id, seat.position = place  # one after the other: two people never have the same place
            db.flush()
        for seat, was in ((first, second.id), (second, first.id)):
            db.add_all(Turn(triad_id=seat.triad_id, round=n, seat_id=seat.id, role=role) for n, role in turns[was])
    record(
        db, id=new_id(), at=now, by=by.id, verb="swapped two", cohort_id=at.cohort.id, practice=practice.id,
        one=one, other=other,
    )  # fmt: skip
    return None


def rest(db: Session, at: AtPractice, seat_id: UUID, *, by: Me, now: datetime, new_id: NewId) -> Refusal | None:
    """Leave out the rounds in which somebody is client who would rather not be; later ones move up. Twice is once."""
    practice = db.get_one(PracticeSession, at.practice.id)
    if refusal := may_change(starts_at=practice.starts_at, cancelled=practice.cancelled_at is not None, now=now):
        return refusal
    seat = db.get(Seat, seat_id)
    if seat is None or seat.practice_id != practice.id or seat.given_up_at is not None:
        return Refusal.because("Choose somebody of this session.")
    turns = db.scalars(select(Turn).where(Turn.triad_id == seat.triad_id)).all()
    out = {turn.round for turn in turns if turn.seat_id == seat.id and turn.role == Role.CLIENT}
    held = sorted({turn.round for turn in turns} - out)
    if not out:
        return None
    if not held:
        return Refusal.because("That would leave the group without a round. Put them into other groups first.")
    stay = [(held.index(turn.round) + 1, turn.seat_id, turn.role) for turn in turns if turn.round in held]
    with version(db, at.cohort.id, [practice.id], why="rested", by=by.id, now=now, new_id=new_id):
        for turn in turns:
            db.delete(turn)
        db.flush()
        db.add_all(Turn(triad_id=seat.triad_id, round=number, seat_id=who, role=role) for number, who, role in stay)
        rounds_moved(db, seat.triad_id, {was: place + 1 for place, was in enumerate(held)}, now)
    record(
        db, id=new_id(), at=now, by=by.id, verb="left a round out", cohort_id=at.cohort.id, practice=practice.id,
        triad=seat.triad_id,
    )  # fmt: skip
    return None


def add_session(
    db: Session,
    within: Within,
    when: When,
    groups: Sequence[LaidOut],
    *,
    id: UUID,
    place: str,
    link: str,
    domain: str,
    by: Me,
    now: datetime,
    new_id: NewId,
) -> UUID:
    """One more session, with its groups. Adding the same one twice (a double click) adds it once."""
    if db.get(PracticeSession, id) is not None:
        return id
    last = db.scalar(select(func.max(PracticeSession.number)).where(PracticeSession.cohort_id == within.cohort.id))
    db.add(
        PracticeSession(
            id=id,
            cohort_id=within.cohort.id,
            number=(last or 0) + 1,
            starts_at=when.starts_at,
            ends_at=when.ends_at,
            place=place,
            link=link,
        )
    )
    db.flush()
    for group in groups:
        triad = Triad(
            id=new_id(),
            practice_id=id,
            number=group.number,
            room=group.room,
            tutor_id=UUID(group.tutor) if group.tutor else None,
        )
        db.add(triad)
        db.flush()
        for position, member in enumerate(group.members):
            seat = new_seat(id, triad.id, UUID(member), position, domain=domain, now=now, new_id=new_id)
            db.add(seat)
            db.flush()
            db.add_all(
                Turn(triad_id=triad.id, round=number, seat_id=seat.id, role=roles[member].value)
                for number, roles in enumerate(group.rota, start=1)
            )
    record(db, id=new_id(), at=now, by=by.id, verb="added a session", cohort_id=within.cohort.id, practice=id)
    return id


def join_the_term(
    db: Session,
    within: Within,
    members: Sequence[UUID],
    *,
    domain: str,
    by: Me,
    now: datetime,
    new_id: NewId,
) -> None:
    """Newcomers observe in the smallest group of each session still to come, until a tutor changes it."""
    if not members:
        return
    coming = db.scalars(
        select(PracticeSession)
        .where(
            PracticeSession.cohort_id == within.cohort.id,
            PracticeSession.starts_at > now,
            PracticeSession.cancelled_at.is_(None),
            PracticeSession.window_id.is_(None),
        )
        .order_by(PracticeSession.starts_at)
    ).all()
    practices = [practice.id for practice in coming]
    with version(db, within.cohort.id, practices, why="joined", by=by.id, now=now, new_id=new_id):
        _join_all(db, within, coming, members, domain=domain, by=by, now=now, new_id=new_id)


def _join_all(
    db: Session,
    within: Within,
    coming: Sequence[PracticeSession],
    members: Sequence[UUID],
    *,
    domain: str,
    by: Me,
    now: datetime,
    new_id: NewId,
) -> None:
    apart = kept_apart(db, within.cohort.id)
    for practice in coming:
        at = AtPractice(within.cohort, within.membership, value(PracticeRow, practice))
        for member in members:
            groups: dict[UUID, list[UUID]] = {
                triad: [] for triad in db.scalars(select(Triad.id).where(Triad.practice_id == practice.id))
            }
            for seat in db.scalars(select(Seat).where(Seat.practice_id == practice.id, Seat.given_up_at.is_(None))):
                groups[seat.triad_id].append(seat.membership_id)
            triad = where_to_sit(member, groups, apart)
            if triad is not None:
                join(db, at, member, triad, domain=domain, by=by, now=now, new_id=new_id)


def join(
    db: Session,
    at: AtPractice,
    member_id: UUID,
    triad_id: UUID,
    *,
    domain: str,
    by: Me,
    now: datetime,
    new_id: NewId,
) -> Refusal | None:
    """Somebody of the cohort without a place in this session observes in one of its groups, for this session."""
    practice = db.get_one(PracticeSession, at.practice.id)
    if refusal := may_change(starts_at=practice.starts_at, cancelled=practice.cancelled_at is not None, now=now):
        return refusal
    triad, member = db.get(Triad, triad_id), db.get(Membership, member_id)
    if triad is None or triad.practice_id != practice.id:
        return Refusal.because("Choose one of this session’s groups.", "triad")
    if member is None or member.cohort_id != at.cohort.id or member.role != "trainee" or member.left_at is not None:
        return Refusal.because("Choose somebody of this cohort.", "member")
    sitting = db.scalars(select(Seat).where(Seat.practice_id == practice.id, Seat.given_up_at.is_(None))).all()
    if any(seat.membership_id == member_id for seat in sitting):
        return None
    position = 1 + max((seat.position for seat in sitting if seat.triad_id == triad_id), default=-1)
    rounds = db.scalar(select(func.max(Turn.round)).where(Turn.triad_id == triad_id)) or 0
    seat = new_seat(practice.id, triad_id, member_id, position, domain=domain, now=now, new_id=new_id)
    db.add(seat)
    db.flush()
    db.add_all(
        Turn(triad_id=triad_id, round=number, seat_id=seat.id, role="observer") for number in range(1, rounds + 1)
    )
    record(
        db, id=new_id(), at=now, by=by.id, verb="put somebody in", cohort_id=at.cohort.id, practice=practice.id,
        seat=seat.id,
    )  # fmt: skip
    return None
