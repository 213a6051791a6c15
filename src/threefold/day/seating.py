"""Groups on the day: who is here is put into groups, rooms change, a session is made on the spot. Facts are elsewhere.

Rounds that have begun stay as they are: who changes groups then leaves a seat behind that keeps what they were, and
takes a new one.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from threefold.core import board
from threefold.core.grouping import Group
from threefold.core.happened import minute
from threefold.core.identity import NewId
from threefold.core.refusal import Refusal
from threefold.core.roles import Role
from threefold.core.slots import total_minutes
from threefold.core.triad import mark_of
from threefold.store.apart import kept_apart
from threefold.store.deeds import record
from threefold.store.guests import guests_stay
from threefold.store.happened import HeldSession, held_session, seats_in
from threefold.store.reseating import Sitting, reseat
from threefold.store.rows import PracticeRow, value
from threefold.store.seats import BETWEEN, new_seat
from threefold.store.sessions import Me
from threefold.store.tables import Membership, PlanVersion, PracticeSession, Seat, Triad, Turn
from threefold.store.versions import groups_at, groups_in, version
from threefold.store.within import AtPractice, Within

Chosen = tuple[UUID | None, Group]
MOST_IN_A_GROUP = 6
MOVED_ON = Refusal.because("Somebody has changed the groups meanwhile. Have another look: this is how they are now.")
UNREADABLE = Refusal.because("Put everybody into one group, and at least two people into each.")
APART = Refusal.because("Two people who are kept apart would sit together. Put one of them into another group.")
NO_WAY_BACK = Refusal.because("The groups have changed since, or a round has begun, so that can’t be undone any more.")


def may_regroup(at: AtPractice, now: datetime) -> Refusal | None:
    """Groups change on the day, until the session is over."""
    practice = at.practice
    return board.may_change(
        starts_at=practice.starts_at, ends_at=practice.ends_at, cancelled=practice.cancelled_at is not None, now=now
    )


def regroup(
    db: Session,
    at: AtPractice,
    groups: Sequence[Chosen],
    *,
    mark: str,
    tutors: Sequence[UUID],
    rooms: Mapping[int, str],
    by: Me,
    domain: str,
    now: datetime,
    new_id: NewId,
) -> Refusal | None:
    """These are the groups from now on, each going on from the triad it names. The same twice is once.

    `mark` says what the groups were when this was chosen; refused if they have changed since. `tutors` observe pairs,
    in turn. `rooms` are for new groups, by place.
    """
    if refusal := may_regroup(at, now):
        return refusal
    held = _held(db, at)
    standing = {triad: tuple(seat.member for seat in seats) for triad, seats in held.sitting.items()}
    wanted = [tuple(map(UUID, group.members)) for _, group in groups]
    if sorted(wanted) == sorted(standing.values()):
        return None
    if mark != mark_of(standing.items()):
        return MOVED_ON
    if refusal := _can_sit(db, at, wanted):
        return refusal
    sittings = [
        Sitting(
            sitting.members,
            sitting.rota,
            rooms.get(place) if triad not in standing else None,
            sitting.tutor_id,
            triad if triad in standing else None,
        )
        for place, (triad, group) in enumerate(groups)
        for sitting in [
            Sitting.of(group, held.shape, tutor_id=tutors[place % len(tutors)] if group.tutor and tutors else None)
        ]
    ]
    with version(db, at.cohort.id, [at.practice.id], why="regrouped", by=by.id, now=now, new_id=new_id):
        begun = _begun(held, now)
        if any(begun.values()):
            _for_the_rest(db, held, sittings, begun, domain=domain, now=now, new_id=new_id)
        else:
            reseat(db, at.practice.id, sittings, domain=domain, now=now, new_id=new_id)
    record(
        db, id=new_id(), at=now, by=by.id, verb="regrouped", cohort_id=at.cohort.id, practice=at.practice.id,
        groups=len(sittings),
    )  # fmt: skip
    return None


def go_back(
    db: Session, at: AtPractice, version_id: UUID, *, by: Me, domain: str, now: datetime, new_id: NewId
) -> Refusal | None:
    """Undo a change of groups: they are as before it, if nothing has changed since and no round has begun."""
    if refusal := may_regroup(at, now):
        return refusal
    kept = db.get(PlanVersion, version_id)
    if kept is None or kept.cohort_id != at.cohort.id or str(at.practice.id) not in kept.after:
        return NO_WAY_BACK
    if kept.undone_at is not None:
        return None
    after = groups_in(kept.after)[at.practice.id]
    if groups_at(db, [at.practice.id])[at.practice.id] != after or any(_begun(_held(db, at), now).values()):
        return NO_WAY_BACK
    before = [group.sitting for group in groups_in(kept.before)[at.practice.id]]
    with version(db, at.cohort.id, [at.practice.id], why="undone", by=by.id, now=now, new_id=new_id):
        reseat(db, at.practice.id, before, domain=domain, now=now, new_id=new_id)
    kept.undone_at, kept.undone_by = now, by.id
    record(
        db, id=new_id(), at=now, by=by.id, verb="undid a change of groups", cohort_id=at.cohort.id,
        practice=at.practice.id,
    )  # fmt: skip
    return None


def name_rooms(
    db: Session, at: AtPractice, rooms: Mapping[UUID, str], *, by: Me, now: datetime, new_id: NewId
) -> Refusal | None:
    """Rooms or breakout numbers; a group that is not named keeps its own."""
    if refusal := may_regroup(at, now):
        return refusal
    triads = db.scalars(select(Triad).where(Triad.practice_id == at.practice.id, Triad.id.in_(rooms))).all()
    changing = [triad for triad in triads if triad.room != rooms[triad.id]]
    if not changing:
        return None
    with version(db, at.cohort.id, [at.practice.id], why="rooms", by=by.id, now=now, new_id=new_id):
        for triad in changing:
            triad.room = rooms[triad.id]
    record(db, id=new_id(), at=now, by=by.id, verb="changed the rooms", cohort_id=at.cohort.id, practice=at.practice.id)
    return None


def practise_now(db: Session, within: Within, *, id: UUID, by: Me, now: datetime, new_id: NewId) -> UUID | Refusal:
    """A session that begins this minute, for whoever is here; its groups follow once they are ticked.

    Asked twice (a double click, two tutors), it is one: whoever comes second is led to the first. Nobody is written to.
    """
    cohort = within.cohort
    running = db.scalar(
        select(PracticeSession.id)
        .where(
            PracticeSession.cohort_id == cohort.id,
            PracticeSession.starts_at <= now,
            PracticeSession.ends_at > now,
            PracticeSession.cancelled_at.is_(None),
        )
        .order_by(PracticeSession.starts_at.desc())
    )
    if running is not None:
        return running
    if cohort.archived_at is not None:
        return Refusal.because("This cohort is in the archive. Take it out first.")
    begins = minute(now)
    last = db.scalar(select(func.max(PracticeSession.number)).where(PracticeSession.cohort_id == cohort.id)) or 0
    db.add(
        PracticeSession(
            id=id,
            cohort_id=cohort.id,
            number=last + 1,
            starts_at=begins,
            ends_at=begins + timedelta(minutes=total_minutes(cohort.shape)),
            place=cohort.place,
            link=cohort.link,
        )
    )
    db.flush()
    record(db, id=new_id(), at=now, by=by.id, verb="practised on the spot", cohort_id=cohort.id, practice=id)
    return id


# --- within ----------------------------------------------------------------------------------------------------


def _held(db: Session, at: AtPractice) -> HeldSession:
    practice = value(PracticeRow, db.get_one(PracticeSession, at.practice.id))
    return held_session(at.cohort, practice, seats_in(db, [practice.id]))


def _begun(held: HeldSession, now: datetime) -> dict[UUID, int]:
    """How many rounds of each group have begun."""
    return {
        triad: sum(1 for (which, _), span in held.happened.ran.items() if which == triad and span.from_at <= now)
        for triad in held.sitting
    }


def _can_sit(db: Session, at: AtPractice, wanted: Sequence[Sequence[UUID]]) -> Refusal | None:
    members = [member for group in wanted for member in group]
    if not members or len(members) != len(set(members)):
        return UNREADABLE
    if any(not 2 <= len(group) <= MOST_IN_A_GROUP for group in wanted):
        return UNREADABLE
    theirs = select(func.count()).where(
        Membership.id.in_(members), Membership.cohort_id == at.cohort.id, Membership.role == "trainee"
    )
    if db.scalar(theirs) != len(members):
        return UNREADABLE
    apart = kept_apart(db, at.cohort.id)
    return APART if any(pair <= set(group) for pair in apart for group in wanted) else None


def _for_the_rest(
    db: Session,
    held: HeldSession,
    sittings: Sequence[Sitting],
    begun: Mapping[UUID, int],
    *,
    domain: str,
    now: datetime,
    new_id: NewId,
) -> None:
    """The same as `reseat`, for the rounds that have not begun: those before are not touched."""
    most = max(begun.values())
    standing = held.sitting
    same = {
        sitting.triad_id
        for sitting in sittings
        if sitting.triad_id and sitting.members == tuple(seat.member for seat in standing[sitting.triad_id])
    }
    todo = [sitting for sitting in sittings if sitting.triad_id is None or sitting.triad_id not in same]
    stays = {(sitting.triad_id, member) for sitting in sittings for member in sitting.members}
    seats = {seat.id: seat for seat in db.scalars(select(Seat).where(Seat.practice_id == held.practice.id))}
    for triad, sitting_there in standing.items():
        if triad in same:
            continue
        for seat in sitting_there:
            if (triad, seat.member) in stays:
                seats[seat.seat].position += BETWEEN
            else:
                seats[seat.seat].given_up_at = now
        db.execute(delete(Turn).where(Turn.triad_id == triad, Turn.round > begun[triad]))
    db.flush()
    last = db.scalar(select(func.max(Triad.number)).where(Triad.practice_id == held.practice.id)) or 0
    for sitting in todo:
        if sitting.triad_id is None:
            last += 1
            triad_id, past = new_id(), most
            left = held.shape.rounds - past
            db.add(
                Triad(
                    id=triad_id, practice_id=held.practice.id, number=last, room=sitting.room or "",
                    tutor_id=sitting.tutor_id,
                )
            )  # fmt: skip
            db.flush()
        else:
            triad_id, past = sitting.triad_id, begun[sitting.triad_id]
            left = max(number for seat in standing[triad_id] for number, _ in seat.turns) - past
            db.get_one(Triad, triad_id).tutor_id = sitting.tutor_id
        here = {seat.member: seat.seat for seat in standing.get(triad_id, ())}
        whose: dict[UUID, UUID] = {}
        for position, member in enumerate(sitting.members):
            if member in here:
                whose[member] = here[member]
                seats[here[member]].position = position
            else:
                new = new_seat(held.practice.id, triad_id, member, position, domain=domain, now=now, new_id=new_id)
                db.add(new)
                whose[member] = new.id
            db.flush()
        for number in range(left):
            roles: Mapping[UUID, Role] = sitting.rota[number % len(sitting.rota)]
            db.add_all(
                Turn(triad_id=triad_id, round=past + number + 1, seat_id=whose[member], role=role.value)
                for member, role in roles.items()
            )
    guests_stay(db, held.practice.id, now)
