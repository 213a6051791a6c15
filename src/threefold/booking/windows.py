"""What tutors do about extra practice: keep a window as a draft, open it, call it off, form its triads; and what
trainees offer for one. Nobody writes a letter here: whoever runs the unit tells, and the clerk says what was opened.
"""

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from threefold.booking.actions import Desk, write_turns
from threefold.core.booking import CALLED_OFF, TRIAD, Settled
from threefold.core.grouping import Group
from threefold.core.identity import NewId
from threefold.core.refusal import Refusal
from threefold.core.slots import SessionShape, moment
from threefold.core.window import Opening, Way
from threefold.store.seats import new_seat
from threefold.store.tables import PracticeSession, PracticeWindow, Triad, Waiting, WindowOffer

OPENED = "This is open already, so it stays as people saw it. Call it off, or open another."
CLOSED = "Offers for this have closed."
CHANGED = "Something changed while the triads were formed. Nothing was kept; form them once more."


@dataclass(frozen=True)
class Formed:
    """A triad that was formed: its time as the window has it, and its people in their order."""

    time: str
    group: Group


def keep(db: Session, desk: Desk, id: UUID, opening: Opening) -> Refusal | None:
    """Keep a window as a draft that nobody is told of; sent again it is changed."""
    if refusal := _write(db, desk, id, opening):
        return refusal
    desk.note(db, "kept a window", window=id)
    return None


def open_(db: Session, desk: Desk, id: UUID, opening: Opening) -> Refusal | None:
    """Open it for everybody in the cohort. Pressed twice it is opened once."""
    there = db.get(PracticeWindow, id)
    if there is not None and there.cohort_id == desk.cohort.id and there.opened_at is not None:
        return None
    if refusal := _write(db, desk, id, opening):
        return refusal
    window = db.get_one(PracticeWindow, id)
    window.opened_at, window.opened_by = desk.now, desk.by
    if opening.way is Way.JOINED:
        for local in window.times:
            _session(db, desk, window, local)
    desk.note(db, "opened extra practice", window=id)
    return None


def _write(db: Session, desk: Desk, id: UUID, opening: Opening) -> Refusal | None:
    window = db.get(PracticeWindow, id)
    if window is not None and (window.opened_at or window.called_off_at or window.cohort_id != desk.cohort.id):
        return Refusal.because(OPENED)
    values = {
        "way": opening.way.value,
        "first_day": opening.times[0].date(),
        "last_day": opening.times[-1].date(),
        "times": [each.isoformat(timespec="minutes") for each in opening.times],
        "minutes": opening.minutes,
        "shape": list(astuple(opening.shape)),
        "mode": "online" if opening.is_online else "room",
        "place": opening.place,
        "link": opening.link,
        "rooms": [{"name": room.name, "people": room.people, "access": list(room.access)} for room in opening.rooms],
        "at_once": opening.at_once,
        "most_each": opening.most_each,
        "if_two": opening.if_two.value,
        "steps_out_until": opening.steps_out_until,
        "closes_at": opening.closes_at,
    }
    if window is None:
        db.add(PracticeWindow(id=id, cohort_id=desk.cohort.id, made_at=desk.now, made_by=desk.by, **values))
    else:
        for name, value in values.items():
            setattr(window, name, value)
    db.flush()
    return None


def _session(db: Session, desk: Desk, window: PracticeWindow, local: str) -> PracticeSession:
    starts_at, _ = moment(datetime.fromisoformat(local), desk.cohort.zone)
    last = db.scalar(select(func.max(PracticeSession.number)).where(PracticeSession.cohort_id == desk.cohort.id))
    session = PracticeSession(
        id=desk.new_id(),
        cohort_id=desk.cohort.id,
        number=(last or 0) + 1,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=window.minutes),
        place=window.place,
        link=window.link,
        shape=window.shape,
        window_id=window.id,
    )
    db.add(session)
    db.flush()
    return session


def call_off(db: Session, desk: Desk, window: PracticeWindow) -> None:
    """Nothing of it that is still to come is held; a draft is put away. Twice is once."""
    if window.called_off_at is not None:
        return
    window.called_off_at, window.called_off_by = desk.now, desk.by
    ahead = (
        PracticeSession.window_id == window.id,
        PracticeSession.starts_at > desk.now,
        PracticeSession.cancelled_at.is_(None),
    )
    db.execute(update(PracticeSession).where(*ahead).values(cancelled_at=desk.now, cancelled_by=desk.by))
    db.execute(
        update(Waiting)
        .where(Waiting.window_id == window.id, Waiting.settled_at.is_(None))
        .values(settled_at=desk.now, settled_as=Settled.OVERTAKEN.value)
    )
    desk.note(db, "called extra practice off", window=window.id)


# --- times offered, and triads formed of them -----------------------------------------------------------------------


def offer(
    db: Session, desk: Desk, window: PracticeWindow, member: UUID, times: Mapping[str, str], wants: int
) -> Refusal | None:
    """What somebody offers: {start: "free" or "if_needed"}, and how often they would come; {} takes it back."""
    if window.called_off_at is not None:
        return Refusal.because(CALLED_OFF)
    if window.drawn_at is not None or (window.closes_at is not None and desk.now >= window.closes_at):
        return Refusal.because(CLOSED)
    said = db.get(WindowOffer, (window.id, member))
    if said is None:
        said = WindowOffer(window_id=window.id, membership_id=member)
        db.add(said)
    said.times, said.wants, said.said_at = dict(times), wants, desk.now
    said.taken_back_at = None if times else desk.now
    desk.note(db, "offered times", window=window.id)
    return None


def form(
    db: Session,
    desk: Desk,
    window: PracticeWindow,
    formed: Sequence[Formed],
    unplaced: Mapping[UUID, str],
    *,
    version: int,
    new_id: NewId,
) -> Refusal | None:
    """Lay out the triads that were formed while the cohort stood at `version`; keep why there was none for the others.

    Pressed twice, or by hand while the clerk does it, they are formed once.
    """
    if window.drawn_at is not None:
        return None
    if window.called_off_at is not None:
        return Refusal.because(CALLED_OFF)
    if desk.cohort.version != version:
        return Refusal.because(CHANGED)
    window.drawn_at = desk.now
    shape = SessionShape(*window.shape)
    for local in sorted({each.time for each in formed}):
        session = _session(db, desk, window, local)
        for number, each in enumerate((one for one in formed if one.time == local), start=1):
            room = window.rooms[number - 1]["name"] if number <= len(window.rooms) else ""
            triad = Triad(id=new_id(), practice_id=session.id, number=number, room=room, places=TRIAD)
            db.add(triad)
            db.flush()
            for position, member in enumerate(each.group.members):
                db.add(
                    new_seat(
                        session.id, triad.id, UUID(member), position,
                        domain=desk.domain, now=desk.now, new_id=new_id,
                    )
                )  # fmt: skip
            db.flush()
            write_turns(db, triad.id, each.group, shape)
    for who, why in unplaced.items():
        said = db.get(WindowOffer, (window.id, who))
        if said is not None:
            said.unplaced = why
    desk.note(db, "formed triads", window=window.id, triads=len(formed), unplaced=len(unplaced))
    return None
