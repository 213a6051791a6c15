"""What tutors do about who sits where once people have been told: mend it, take that back, go back to how it was.

None of these writes a letter: what people would notice is told by whoever runs the unit (`mail.notices`). Each change
of seats is kept as a version of the plan.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import count
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from threefold.core.grouping import Group
from threefold.core.identity import NewId
from threefold.core.meeting import When, may_change
from threefold.core.refusal import Refusal
from threefold.core.repairs import Why, may_undo
from threefold.core.term import Kind
from threefold.repairs.meanwhile import busy_then
from threefold.repairs.ways import Seated
from threefold.store.deeds import record
from threefold.store.guests import asked_since
from threefold.store.reseating import Sitting, reseat, sittings_of
from threefold.store.seats import BETWEEN
from threefold.store.sessions import Me
from threefold.store.tables import (
    Cohort,
    Letter,
    Membership,
    PlanVersion,
    PracticeSession,
    Seat,
    Triad,
    Withdrawal,
)
from threefold.store.versions import Groups, groups_at, groups_in, version
from threefold.store.within import AtPractice, Within

CHANGED = "The term has changed while you looked, so nothing was done. These ways are reckoned anew."
ANOTHER_THEN = "Somebody in this group has another session then"

_READ = Letter.sent_at.is_not(None) | Letter.lease_until.is_not(None) | (Letter.tries > 0)


def mend(
    db: Session,
    within: Within,
    seated: Sequence[Seated],
    *,
    at_version: int,
    why: Why,
    tutors: Sequence[UUID],
    leave: Callable[[], Refusal | None] = lambda: None,
    said: Mapping[str, object],
    domain: str,
    by: Me,
    now: datetime,
    new_id: NewId,
) -> Refusal | None:
    """Put each of these sessions into its groups; what stays as it was keeps its turns, room and tutor to the byte.

    Refused where the cohort is not as it was when the groups were reckoned (`at_version`). `leave` takes somebody out
    of the cohort in the same step. `said` goes into the audit: ids and counts.
    """
    if db.scalar(select(Cohort.version).where(Cohort.id == within.cohort.id)) != at_version:
        return Refusal.because(CHANGED)
    practices = [one.practice for one in seated]
    with version(db, within.cohort.id, practices, why=why, by=by.id, now=now, new_id=new_id):
        refusal = leave()
        if refusal:
            return refusal
        for one in seated:
            sittings = list(_sittings(db, one, tutors, within.cohort.rooms))
            reseat(db, one.practice, sittings, domain=domain, now=now, new_id=new_id)
    record(
        db, id=new_id(), at=now, by=by.id, verb="repaired the plan", cohort_id=within.cohort.id,
        why=why.value, sessions=len(practices), **said,
    )  # fmt: skip
    return None


def _sittings(db: Session, one: Seated, tutors: Sequence[UUID], rooms: Iterable[str]) -> Iterator[Sitting]:
    """The groups as they are to sit. A pair keeps the tutor it has, or gets one who observes no other."""
    now = {each.members: each for each in sittings_of(db, one.practice)}
    kept = {
        group: now[members]
        for group in one.groups
        if group in one.before and (members := tuple(map(UUID, group.members))) in now
    }
    busy = {each.tutor_id for each in kept.values()}
    free = [*(tutor for tutor in tutors if tutor not in busy), *tutors]
    used = {each.room for each in now.values()}
    spare = [room for room in rooms if room not in used]
    new = len(one.groups) - len(now)  # groups that go on from none
    for group in one.groups:
        sitting = kept.get(group) or Sitting.of(group, one.shape)
        if group.tutor and sitting.tutor_id is None and free:
            sitting = replace(sitting, tutor_id=free.pop(0))
        if new > 0 and spare and not any(set(sitting.members) & set(members) for members in now):
            sitting = replace(sitting, room=spare.pop(0))
        yield sitting


def pair_up(
    db: Session,
    at: AtPractice,
    triad_id: UUID,
    out: UUID,
    tutor: UUID,
    *,
    domain: str,
    by: Me,
    now: datetime,
    new_id: NewId,
) -> Refusal | None:
    """The two who are left of a group work as a pair, and this tutor observes them."""
    if refusal := _changeable(db, at, now):
        return refusal
    groups = sittings_of(db, at.practice.id)
    group = next((each for each in groups if each.triad_id == triad_id), None)
    if group and out not in group.members and (len(group.members), group.tutor_id) == (2, tutor):
        return None  # a double click
    if group is None or out not in group.members or len(group.members) != 3:
        return Refusal.because(CHANGED)
    if not _teaches(db, at, tutor):
        return Refusal.because("Choose a tutor of this cohort.", "tutor")
    left = tuple(str(member) for member in group.members if member != out)
    shape = at.practice.shape_in(at.cohort)
    pair = replace(Sitting.of(Group(left, tutor=True), shape), room=group.room, tutor_id=tutor, triad_id=triad_id)
    with version(db, at.cohort.id, [at.practice.id], why=Why.PAIR, by=by.id, now=now, new_id=new_id):
        sittings = [pair if each is group else each for each in groups]
        reseat(db, at.practice.id, sittings, domain=domain, now=now, new_id=new_id)
    record(
        db, id=new_id(), at=now, by=by.id, verb="made a pair", cohort_id=at.cohort.id, practice=at.practice.id,
        triad=triad_id, tutor=tutor,
    )  # fmt: skip
    return None


def move_group(
    db: Session,
    at: AtPractice,
    triad_id: UUID,
    when: When,
    *,
    id: UUID,
    place: str,
    link: str,
    by: Me,
    now: datetime,
    new_id: NewId,
) -> Refusal | None:
    """One group meets at another time, as a session of its own (`id`); everybody keeps their seat and invitation.

    Whoever could not make the old time is expected at the new one. Moved twice by a double click, it moves once.
    """
    if db.get(PracticeSession, id) is not None:
        return None
    if refusal := _changeable(db, at, now):
        return refusal
    triad = db.get(Triad, triad_id)
    if triad is None or triad.practice_id != at.practice.id:
        return Refusal.because(CHANGED)
    seats = db.scalars(select(Seat).where(Seat.triad_id == triad_id, Seat.given_up_at.is_(None))).all()
    if names := busy_then(db, [seat.membership_id for seat in seats], (when,), leave_out=(at.practice.id,)):
        return Refusal.because(f"{ANOTHER_THEN}: {', '.join(names)}. Choose another time.", "start")
    last = db.scalar(select(func.max(PracticeSession.number)).where(PracticeSession.cohort_id == at.cohort.id)) or 0
    with version(db, at.cohort.id, [at.practice.id, id], why=Why.MOVED, by=by.id, now=now, new_id=new_id):
        db.add(
            PracticeSession(
                id=id,
                cohort_id=at.cohort.id,
                number=last + 1,
                starts_at=when.starts_at,
                ends_at=when.ends_at,
                place=place,
                link=link,
                shape=at.practice.shape,
            )
        )
        db.flush()
        _carry(db, triad, id)
        for seat in seats:
            withdrawal = db.get(Withdrawal, seat.id)
            if withdrawal is not None and withdrawal.taken_back_at is None:
                withdrawal.taken_back_at = now
    record(
        db, id=new_id(), at=now, by=by.id, verb="moved a group", cohort_id=at.cohort.id, practice=at.practice.id,
        triad=triad_id, to=id,
    )  # fmt: skip
    return None


def undo(
    db: Session, within: Within, kept: PlanVersion, *, domain: str, by: Me, now: datetime, new_id: NewId
) -> Refusal | None:
    """Take the newest change of seats back as if it had not been, while nobody has heard of it. Twice is once."""
    practices = list(groups_in(kept.after))
    if kept.undone_at is not None:
        return None
    newest = db.scalar(
        select(func.max(PlanVersion.number)).where(
            PlanVersion.cohort_id == within.cohort.id, PlanVersion.undone_at.is_(None)
        )
    )
    refusal = may_undo(
        undone=False,
        newest=kept.number == newest,
        stands=dict(groups_at(db, practices)) == dict(groups_in(kept.after)),
        begun=_begun(db, practices, now),
        heard=heard(db, within.cohort.id, practices, kept.made_at),
        guest=asked_since(db, practices, kept.made_at),
    )
    if refusal:
        return refusal
    _restore(db, within, kept, domain=domain, now=now, new_id=new_id)
    kept.undone_at, kept.undone_by = now, by.id
    record(db, id=new_id(), at=now, by=by.id, verb="took a change back", cohort_id=within.cohort.id, version=kept.id)
    return None


def go_back(
    db: Session, within: Within, kept: PlanVersion, *, domain: str, by: Me, now: datetime, new_id: NewId
) -> Refusal | None:
    """The groups of these sessions as they were before a change, as a change of its own that people hear of."""
    practices = list(groups_in(kept.after))
    if kept.undone_at is not None:
        return Refusal.because("This has been taken back already.")
    if _begun(db, practices, now):
        return Refusal.because("One of these sessions has begun, so its groups stay as they are.")
    if dict(groups_at(db, practices)) != dict(groups_in(kept.after)):
        return Refusal.because("Something else has changed in these sessions since. Change them as they are now.")
    with version(db, within.cohort.id, practices, why=Why.RETURNED, by=by.id, now=now, new_id=new_id):
        _restore(db, within, kept, domain=domain, now=now, new_id=new_id)
    record(db, id=new_id(), at=now, by=by.id, verb="went back", cohort_id=within.cohort.id, version=kept.id)
    return None


def heard(db: Session, cohort_id: UUID, practices: Sequence[UUID], since: datetime) -> bool:
    """Whether a letter about these sessions that was written since then has left, is leaving, or was tried."""
    asked = (
        select(Letter.id)
        .join(Seat, Seat.id == Letter.seat_id)
        .where(Letter.cohort_id == cohort_id, Seat.practice_id.in_(practices), Letter.written_at >= since, _READ)
    )
    return db.scalar(asked.limit(1)) is not None


def _restore(db: Session, within: Within, kept: PlanVersion, *, domain: str, now: datetime, new_id: NewId) -> None:
    """The groups as they were before a change, with the very seats that people held then."""
    before = groups_in(kept.before)
    for practice, groups in before.items():
        _bring_back(db, practice, groups, kept.made_at)
    _come_back(db, within, before, kept.made_at)
    for practice, groups in before.items():
        reseat(db, practice, [group.sitting for group in groups], domain=domain, now=now, new_id=new_id)
    for practice in before:
        if not before[practice] and db.scalar(select(Triad.id).where(Triad.practice_id == practice).limit(1)) is None:
            db.delete(db.get_one(PracticeSession, practice))  # it was made for a group that has gone back
    db.flush()


def _bring_back(db: Session, practice: UUID, groups: Groups, since: datetime) -> None:
    """Groups that met elsewhere meet here again, and whoever gave a seat up by the change holds it once more."""
    for group in groups:
        triad = db.get_one(Triad, group.triad)
        if triad.practice_id != practice:
            _carry(db, triad, practice)
    held = select(Seat.membership_id).where(Seat.practice_id == practice, Seat.given_up_at.is_(None))
    wanted = {member for group in groups for member in group.members} - set(db.scalars(held))
    given_up = select(Seat).where(
        Seat.practice_id == practice, Seat.membership_id.in_(wanted), Seat.given_up_at >= since
    )
    for number, seat in enumerate(db.scalars(given_up.order_by(Seat.given_up_at.desc(), Seat.id.desc())).all()):
        if seat.membership_id in wanted:
            wanted.discard(seat.membership_id)
            if _let_go(db, seat):
                continue  # reseating gives them a place under an invitation of its own
            seat.given_up_at, seat.position = None, 2 * BETWEEN + number
            db.flush()


def _let_go(db: Session, seat: Seat) -> bool:
    """Whether a calendar has taken this seat out, for somebody who is expected again: many never re-open an entry."""
    withdrawal = db.get(Withdrawal, seat.id)
    if withdrawal is not None and withdrawal.taken_back_at is None:
        return False
    cancelled = (Letter.seat_id == seat.id, Letter.kind == Kind.CANCELLATION.value, _READ)
    return db.scalar(select(Letter.id).where(*cancelled).limit(1)) is not None


def _come_back(db: Session, within: Within, before: Mapping[UUID, Groups], since: datetime) -> None:
    """Whoever left the cohort by the change is in it again."""
    members = {member for groups in before.values() for group in groups for member in group.members}
    db.execute(
        update(Membership)
        .where(Membership.cohort_id == within.cohort.id, Membership.id.in_(members), Membership.left_at == since)
        .values(left_at=None, left_by=None)
    )


def _carry(db: Session, triad: Triad, practice: UUID) -> None:
    """A group with all its seats, held and given up, to another session."""
    triad.practice_id, triad.number = practice, _free_number(db, practice)
    db.flush()
    for seat in db.scalars(select(Seat).where(Seat.triad_id == triad.id)).all():
        seat.practice_id = practice
    db.flush()


def _free_number(db: Session, practice: UUID) -> int:
    """The lowest that no group of the session has: a group that comes back has its own again."""
    taken = set(db.scalars(select(Triad.number).where(Triad.practice_id == practice)))
    return next(number for number in count(1) if number not in taken)


def _changeable(db: Session, at: AtPractice, now: datetime) -> Refusal | None:
    practice = db.get_one(PracticeSession, at.practice.id)
    return may_change(starts_at=practice.starts_at, cancelled=practice.cancelled_at is not None, now=now)


def _teaches(db: Session, at: AtPractice, member: UUID) -> bool:
    found = db.get(Membership, member)
    return found is not None and (found.cohort_id, found.role, found.left_at) == (at.cohort.id, "tutor", None)


def _begun(db: Session, practices: Sequence[UUID], now: datetime) -> bool:
    begun = select(PracticeSession.id).where(PracticeSession.id.in_(practices), PracticeSession.starts_at <= now)
    return db.scalar(begun.limit(1)) is not None
