"""What trainees do about extra practice: take a place, start a triad, step out, wait for a place, answer an offer.

Each first does what is due at that time anyway (see `core.settling.follows`), so that nobody jumps the queue between
two rounds of the clerk. Nobody writes a letter here: whoever runs the unit tells (`mail.notices`). The constraints of
`seat` hold whatever happens: one person once in a session, one person on each place of a triad.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from threefold.core import booking as rules
from threefold.core.booking import TRIAD, Settled, Taking
from threefold.core.choices import Kind
from threefold.core.grouping import Group
from threefold.core.identity import NewId
from threefold.core.owed import in_order, owed
from threefold.core.publication import rota
from threefold.core.refusal import AndYet, Refusal
from threefold.core.roles import Turning
from threefold.core.settling import Follows, Offering, follows, head_start, keeps_a_seat
from threefold.core.slots import SessionShape
from threefold.store.deeds import record
from threefold.store.diaries import diaries
from threefold.store.extra import Sheet, of_practice, sheets
from threefold.store.ledger import ledger
from threefold.store.rows import CohortRow
from threefold.store.seats import BETWEEN, new_seat
from threefold.store.tables import Membership, Preference, Seat, Triad, Turn, Waiting
from threefold.store.within import AtPractice

NOT_ANY_MORE = "That place isn’t kept for you any more."


@dataclass(frozen=True)
class Desk:
    """Where a booking is made: the cohort, the moment, who does it (None: the clerk), and what rows are made of."""

    cohort: CohortRow
    domain: str
    by: UUID | None
    now: datetime
    new_id: NewId

    def note(self, db: Session, verb: str, **subject: object) -> None:
        record(db, id=self.new_id(), at=self.now, by=self.by, verb=verb, cohort_id=self.cohort.id, **subject)


# --- taking a place -------------------------------------------------------------------------------------------------


def join(db: Session, desk: Desk, at: AtPractice, triad_id: UUID) -> Refusal | None:
    """A place in this triad. Done twice it is one place."""
    return _book(db, desk, at, lambda time, who: rules.join(time, who, triad_id, desk.now))


def start(db: Session, desk: Desk, at: AtPractice) -> Refusal | None:
    """A triad of one's own. Done twice it is one."""
    return _book(db, desk, at, lambda time, who: rules.start(time, who, desk.now))


def wherever(db: Session, desk: Desk, at: AtPractice) -> Refusal | None:
    """Any place at this time."""
    return _book(db, desk, at, lambda time, who: rules.wherever(time, who, desk.now))


def _book(
    db: Session, desk: Desk, at: AtPractice, decide: Callable[[rules.Time, rules.Someone], Taking | Refusal]
) -> Refusal | None:
    member = at.membership.id
    sheet, settled = _settled(db, desk, at)
    if sheet.time.circle_of(member) is not None:
        return None
    time = sheet.time
    found = diaries(db, desk.cohort.zone, [member], first=time.starts_at, last=time.ends_at)
    taking = decide(time, found.at(sheet.window, time, member))
    if isinstance(taking, Refusal):
        return AndYet(taking.problems) if settled else taking
    _take(db, desk, sheet, taking, member)
    return None


def _take(db: Session, desk: Desk, sheet: Sheet, taking: Taking, member: UUID) -> None:
    triad_id = taking.circle.id if taking.circle else _new_triad(db, desk, sheet, taking.number)
    seat = new_seat(
        sheet.time.id, triad_id, member, taking.position, domain=desk.domain, now=desk.now, new_id=desk.new_id
    )
    db.add(seat)
    if (waits := sheet.time.waits(member)) is not None:
        _settle_waiting(db, [waits.id], Settled.TAKEN, desk.now)
    db.flush()
    if taking.fills and taking.circle is not None:
        _lay_turns(db, desk, sheet, triad_id, [*taking.circle.who, member])
    desk.note(db, "took a place" if taking.circle and taking.circle.members else "started a triad", seat=seat.id)
    _give_a_head_start(db, desk, sheet.time.id, triad_id, sheet)


def _new_triad(db: Session, desk: Desk, sheet: Sheet, number: int) -> UUID:
    rooms = sheet.window.rooms
    room = rooms[number - 1].name if number <= len(rooms) else ""
    triad = Triad(id=desk.new_id(), practice_id=sheet.time.id, number=number, room=room, places=TRIAD)
    db.add(triad)
    db.flush()
    return triad.id


# --- letting a place go ---------------------------------------------------------------------------------------------


def step_out(db: Session, desk: Desk, at: AtPractice, member: UUID) -> Refusal | None:
    """Give one's place up: the others keep theirs, and the place goes to whoever waits for it. Twice is once."""
    sheet, settled = _settled(db, desk, at)
    if refusal := rules.step_out(sheet.time, member, desk.now):
        return AndYet(refusal.problems) if settled else refusal
    _let_go(db, desk, sheet, [member], "stepped out")
    return None


def let_go_of(db: Session, desk: Desk, practice_id: UUID, members: Sequence[UUID]) -> None:
    """People who said in another way that they can't make it (their calendar did, say) have stepped out."""
    _let_go(db, desk, _sheet(db, practice_id), members, "stepped out")


def _let_go(db: Session, desk: Desk, sheet: Sheet, members: Sequence[UUID], verb: str) -> None:
    for member in members:
        circle, seat = sheet.time.circle_of(member), sheet.seat_of(member)
        if circle is None or seat is None:
            continue
        db.execute(delete(Turn).where(Turn.triad_id == circle.id))
        db.execute(update(Seat).where(Seat.id == seat.seat_id).values(given_up_at=desk.now))
        desk.note(db, verb, seat=seat.seat_id)
    settle(db, desk, _sheet(db, sheet.time.id))


# --- waiting for a place --------------------------------------------------------------------------------------------


def wait(db: Session, desk: Desk, at: AtPractice) -> Refusal | None:
    """Be told when a place comes free at this time. Twice is once."""
    member, sheet = at.membership.id, _sheet(db, at.practice.id)
    if sheet.time.circle_of(member) is not None or sheet.time.waits(member) is not None:
        return None
    found = diaries(db, desk.cohort.zone, [member], first=sheet.time.starts_at, last=sheet.time.ends_at)
    if reason := rules.in_the_way(sheet.time, found.at(sheet.window, sheet.time, member), desk.now):
        return Refusal.because(reason)
    db.add(
        Waiting(
            id=desk.new_id(),
            window_id=sheet.window.id,
            practice_id=at.practice.id,
            membership_id=member,
            since=desk.now,
        )
    )
    db.flush()
    desk.note(db, "waits for a place", practice=at.practice.id)
    settle(db, desk, _sheet(db, at.practice.id))
    return None


def accept(db: Session, desk: Desk, at: AtPractice, waiting: Waiting) -> Refusal | None:
    """Take the place that was offered, while it is kept. Twice is once."""
    sheet = _sheet(db, at.practice.id)
    if sheet.time.circle_of(waiting.membership_id) is not None:
        return None
    triad = waiting.offered_triad_id
    if waiting.settled_at is not None or triad is None:
        return Refusal.because(NOT_ANY_MORE)
    if waiting.expires_at is not None and desk.now >= waiting.expires_at:
        settle(db, desk, sheet)
        return AndYet.because(NOT_ANY_MORE)
    return join(db, desk, at, triad)


def stop_waiting(db: Session, desk: Desk, at: AtPractice, waiting: Waiting) -> None:
    """Say no to a place that is offered, or leave the list; the next one is asked."""
    if waiting.settled_at is None:
        how = Settled.LEFT if waiting.offered_at is None else Settled.DECLINED
        _settle_waiting(db, [waiting.id], how, desk.now)
        desk.note(db, "stopped waiting", practice=at.practice.id)
    settle(db, desk, _sheet(db, at.practice.id))


# --- what follows by itself -----------------------------------------------------------------------------------------


def _settled(db: Session, desk: Desk, at: AtPractice) -> tuple[Sheet, bool]:
    """A time once what is due there is done, and whether anything was."""
    before = _sheet(db, at.practice.id)
    after = settle(db, desk, before)
    return after, after is not before


def settle(db: Session, desk: Desk, sheet: Sheet) -> Sheet:
    """Do what is due at this time, and see it as it stands then."""
    time = sheet.time
    waiting = [one.member for one in time.waiting]
    found = diaries(db, desk.cohort.zone, waiting, first=time.starts_at, last=time.ends_at) if waiting else None
    people = {member: found.at(sheet.window, time, member) for member in waiting} if found else {}
    todo = follows(time, people, desk.now)
    if not todo:
        return sheet
    _do(db, desk, sheet, todo)
    return settle(db, desk, _sheet(db, time.id))


def _do(db: Session, desk: Desk, sheet: Sheet, todo: Follows) -> None:
    _settle_waiting(db, todo.expired, Settled.EXPIRED, desk.now)
    for circle in todo.called_off:
        db.execute(
            update(Seat).where(Seat.triad_id == circle.id, Seat.given_up_at.is_(None)).values(given_up_at=desk.now)
        )
        desk.note(db, "called a triad off", triad=circle.id)
    for circle in todo.ahead:
        _lay_turns(db, desk, sheet, circle.id, circle.who)
        desk.note(db, "went ahead as two", triad=circle.id)
    for offer in todo.offers:
        _offer(db, desk, sheet, offer)
    db.flush()


def _offer(db: Session, desk: Desk, sheet: Sheet, offer: Offering) -> None:
    values = {"offered_triad_id": offer.circle, "offered_at": desk.now, "expires_at": offer.expires_at}
    if offer.waits is not None:
        db.execute(update(Waiting).where(Waiting.id == offer.waits).values(**values))
    else:
        db.add(
            Waiting(
                id=desk.new_id(),
                window_id=sheet.window.id,
                practice_id=sheet.time.id,
                membership_id=offer.member,
                since=desk.now,
                **values,
            )
        )
    desk.note(db, "a place was offered", triad=offer.circle)


def _give_a_head_start(db: Session, desk: Desk, practice_id: UUID, triad_id: UUID, before: Sheet) -> None:
    """The third seat of a new triad is kept a short while for whom it helps most."""
    was = next((circle for circle in before.time.circles if circle.id == triad_id), None)
    if was is None or len(was.members) != TRIAD - 2 or not keeps_a_seat(before.time, desk.now):
        return
    sheet = _sheet(db, practice_id)
    circle = next(each for each in sheet.time.circles if each.id == triad_id)
    others = db.scalars(
        select(Membership.id)
        .where(Membership.cohort_id == desk.cohort.id, Membership.role == "trainee", Membership.left_at.is_(None))
        .order_by(Membership.id)
    ).all()
    held = ledger(db, desk.cohort, desk.now)
    behind = {member: owed(held.served.get(str(member), {}), desk.cohort.practice_minutes) for member in others}
    members = [member for member in others if any(behind[member].values())]
    if not members:
        return
    time = sheet.time
    found = diaries(db, desk.cohort.zone, members, first=time.starts_at, last=time.ends_at)
    candidates = [
        (
            found.at(sheet.window, time, member),
            sum(behind[member].values()),
            sum(held.met.get(frozenset((str(member), str(other))), 0) for other in circle.who),
        )
        for member in members
    ]
    if offer := head_start(time, circle, candidates, desk.now):
        _offer(db, desk, sheet, offer)
        db.flush()


def _lay_turns(db: Session, desk: Desk, sheet: Sheet, triad_id: UUID, members: Sequence[UUID]) -> None:
    """Everybody's roles, round by round; whoever is owed a role begins with it where that can be."""
    shape = SessionShape(*sheet.window.shape)
    turning = Turning.ONE_ROUND if shape.rounds == 1 else Turning(desk.cohort.turning)
    held = ledger(db, desk.cohort, desk.now, members=members)
    behind = {member: owed(held.served.get(str(member), {}), desk.cohort.practice_minutes) for member in members}
    rests = frozenset(
        str(member)
        for member in db.scalars(
            select(Preference.membership_id).where(
                Preference.membership_id.in_(members),
                Preference.kind == Kind.NOT_CLIENT.value,
                Preference.ended_at.is_(None),
                Preference.practice_id.is_(None) | (Preference.practice_id == sheet.time.id),
            )
        )
    )
    group = Group(tuple(map(str, in_order(members, behind, turning))), turning=turning, rests=rests)
    write_turns(db, triad_id, group, shape)


def write_turns(db: Session, triad_id: UUID, group: Group, shape: SessionShape) -> None:
    """Put the people of a triad into this order, with the roles that follow from it."""
    mine = (Seat.triad_id == triad_id, Seat.given_up_at.is_(None))
    seats = {str(member): seat for seat, member in db.execute(select(Seat.id, Seat.membership_id).where(*mine))}
    db.execute(delete(Turn).where(Turn.triad_id == triad_id))
    db.execute(update(Seat).where(*mine).values(position=Seat.position + BETWEEN))
    for position, member in enumerate(group.members):
        db.execute(update(Seat).where(Seat.id == seats[member]).values(position=position))
    db.add_all(
        Turn(triad_id=triad_id, round=number, seat_id=seats[member], role=role.value)
        for number, roles in enumerate(rota(group, shape), start=1)
        for member, role in roles.items()
    )
    db.flush()


def _settle_waiting(db: Session, which: Sequence[UUID], how: Settled, now: datetime) -> None:
    if which:
        db.execute(
            update(Waiting).where(Waiting.id.in_(which)).values(settled_at=now, settled_as=how.value),
            execution_options={"synchronize_session": False},
        )


def _sheet(db: Session, practice_id: UUID) -> Sheet:
    db.flush()
    db.expire_all()
    return sheets(db, of_practice(practice_id))[0]
