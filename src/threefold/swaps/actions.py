"""Asking somebody to take one's place, and what becomes of the question; standing by for a session, and no more.

Nothing here writes a letter. A place that has changed hands is told as every change is (`mail.notices`); that somebody
is asked, or has answered, is read from these rows (`reminding.swaps`).
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from threefold.core import swaps as rules
from threefold.core.grouping import Person
from threefold.core.identity import NewId
from threefold.core.refusal import Refusal
from threefold.core.roles import Role
from threefold.core.standing import Place
from threefold.core.swaps import Over, Request, Settled, Way
from threefold.store.deeds import record
from threefold.store.reseating import Sitting, reseat, sittings_of
from threefold.store.rows import CohortRow
from threefold.store.sessions import Me
from threefold.store.swaps import settle
from threefold.store.tables import PracticeSession, Seat, Standby, SwapRequest
from threefold.store.versions import version
from threefold.store.within import AtPractice
from threefold.swaps.picture import Picture, look

NOBODY_THERE = "That isn’t possible any more: something changed while this page was open. Here is what would work now."
ASKED_ALREADY = "You’re waiting for an answer already. Take that back first, to ask somebody else."
BEGUN = "This session has begun already."
CALLED_OFF = "This session has been called off."
HAVE_A_PLACE = "You have a place in this session, so there’s nothing to stand by for."


# --- asking -----------------------------------------------------------------------------------------------------


def ask(
    db: Session, picture: Picture, place: Place, way: Way | None, words: str, *, by: Me, now: datetime, new_id: NewId
) -> UUID | Refusal:
    """Ask somebody to take a place of the asker's. `way` is one of those that stand open, None if it does no more.

    One question at a time: what waits for an answer has to be taken back first.
    """
    if picture.open_for(place.seat) is not None:
        return Refusal.because(ASKED_ALREADY)
    if way is None:
        return Refusal.because(NOBODY_THERE)
    return _ask(db, picture, place, way.member, way.in_return, way.answer_by, words, by=by.id, now=now, new_id=new_id)


def ask_standby(db: Session, picture: Picture, place: Place, *, now: datetime, new_id: NewId) -> UUID | None:
    """Ask the next on the standby list to step in for somebody who can't come; None where there is nobody to ask."""
    if picture.open_for(place.seat) is not None:
        return None
    asked = frozenset(one.asked for one in picture.requests if one.seat == place.seat or one.settled_as is None)
    person = rules.next_on_standby(picture.standing, place.seat, asked, now)
    if person is None:
        return None
    until = rules.step_in_by(picture.dates[place.practice].starts_at, now)
    return _ask(db, picture, place, person, None, until, "", by=None, now=now, new_id=new_id)


def _ask(
    db: Session,
    picture: Picture,
    place: Place,
    asked: Person,
    in_return: Place | None,
    until: datetime,
    words: str,
    *,
    by: UUID | None,
    now: datetime,
    new_id: NewId,
) -> UUID:
    id_ = new_id()
    db.add(
        SwapRequest(
            id=id_,
            seat_id=place.seat,
            asked_id=UUID(asked),
            in_return_id=in_return.seat if in_return else None,
            words=words,
            asked_at=now,
            expires_at=until,
        )
    )
    db.flush()
    record(
        db, id=new_id(), at=now, by=by, verb="asked for a swap", cohort_id=picture.cohort.id, request=id_,
        seat=place.seat,
    )  # fmt: skip
    return id_


# --- answering --------------------------------------------------------------------------------------------------


def accept(
    db: Session, picture: Picture, request: Request, *, domain: str, by: Me, now: datetime, new_id: NewId
) -> Over | None:
    """The places change hands, with every turn that belongs to them; whoever gets one gets an invitation of their own.

    Why it can't be any more, if it can't. Said twice, it is done once.
    """
    over = rules.why_over(picture.standing, request, now)
    if over is not None:
        return None if over is Over.ACCEPTED else over
    place = picture.standing.places[request.seat]
    other = picture.standing.places[request.in_return] if request.in_return else None
    practices = [each.practice for each in (place, other) if each]
    cohort_id = picture.cohort.id
    with version(db, cohort_id, practices, why="swapped", by=by.id, now=now, new_id=new_id):
        for each, taker in ((place, request.asked), (other, request.asker)):
            if each is not None:
                groups = [_handed(one, UUID(each.member), UUID(taker)) for one in sittings_of(db, each.practice)]
                reseat(db, each.practice, groups, domain=domain, now=now, new_id=new_id)
    settle(db, [request.id], Settled.ACCEPTED, now)
    _stands_by_no_more(db, place.practice, UUID(request.asked), now)
    record(
        db, id=new_id(), at=now, by=by.id, verb="accepted a swap", cohort_id=cohort_id, request=request.id,
        seat=request.seat,
    )  # fmt: skip
    settle_over(db, look(db, picture.cohort, now), now=now, new_id=new_id)
    return None


def _handed(sitting: Sitting, gives: UUID, takes: UUID) -> Sitting:
    """The same group with somebody else in one place of it, and in its roles."""
    if gives not in sitting.members:
        return sitting

    def who(member: UUID) -> UUID:
        return takes if member == gives else member

    rota: tuple[Mapping[UUID, Role], ...] = tuple(
        {who(member): role for member, role in roles.items()} for roles in sitting.rota
    )
    return replace(sitting, members=tuple(map(who, sitting.members)), rota=rota)


def decline(db: Session, picture: Picture, request: Request, *, by: Me, now: datetime, new_id: NewId) -> Over | None:
    """No thanks. Nothing more is asked or kept. Said twice, it is said once."""
    return _end(db, picture, request, Settled.DECLINED, "declined a swap", by=by, now=now, new_id=new_id)


def take_back(db: Session, picture: Picture, request: Request, *, by: Me, now: datetime, new_id: NewId) -> Over | None:
    """Whoever asked would rather not have asked, or not this person."""
    return _end(db, picture, request, Settled.TAKEN_BACK, "took a swap back", by=by, now=now, new_id=new_id)


def _end(
    db: Session, picture: Picture, request: Request, as_: Settled, verb: str, *, by: Me, now: datetime, new_id: NewId
) -> Over | None:
    if request.settled_as is not None:
        return None if request.settled_as is as_ else rules.why_over(picture.standing, request, now)
    settle(db, [request.id], as_, now)
    record(db, id=new_id(), at=now, by=by.id, verb=verb, cohort_id=picture.cohort.id, request=request.id)
    return None


# --- by time ----------------------------------------------------------------------------------------------------


def settle_over(db: Session, picture: Picture, *, now: datetime, new_id: NewId) -> int:
    """Settle every open request that nobody can accept any more; how many there were."""
    count = 0
    for request in picture.requests:
        over = rules.why_over(picture.standing, request, now) if request.settled_as is None else None
        if over is not None:
            settle(db, [request.id], rules.settles_as(over), now)
            record(
                db, id=new_id(), at=now, by=None, verb="a swap ended", cohort_id=picture.cohort.id, request=request.id
            )
            count += 1
    return count


def look_after(db: Session, cohort: CohortRow, *, now: datetime, new_id: NewId) -> None:
    """What time does in one cohort: questions end, the next on a standby list is asked (`queries.to_look_after`)."""
    settle_over(db, look(db, cohort, now), now=now, new_id=new_id)
    picture = look(db, cohort, now)
    for place in list(picture.standing.places.values()):
        starts_at = picture.dates[place.practice].starts_at
        if not (place.withdrawn and now < starts_at and rules.is_late(starts_at, cohort.notice_hours, now)):
            continue
        if ask_standby(db, picture, place, now=now, new_id=new_id) is not None:
            picture = look(db, cohort, now)  # nobody is asked for two places at once


# --- standing by ------------------------------------------------------------------------------------------------


def stand_by(db: Session, at: AtPractice, *, by: Me, now: datetime, new_id: NewId) -> Refusal | None:
    """Somebody without a place would step in at short notice. Said twice, it is said once."""
    if refusal := _may_stand_by(db, at, now):
        return refusal
    row = db.get(Standby, (at.practice.id, at.membership.id))
    if row is None:
        db.add(Standby(practice_id=at.practice.id, membership_id=at.membership.id, since=now))
    elif row.ended_at is not None:
        row.since, row.ended_at = now, None
    else:
        return None
    record(db, id=new_id(), at=now, by=by.id, verb="stands by", cohort_id=at.cohort.id, practice=at.practice.id)
    return None


def stand_by_no_more(db: Session, at: AtPractice, *, by: Me, now: datetime, new_id: NewId) -> None:
    """Off the list."""
    if _stands_by_no_more(db, at.practice.id, at.membership.id, now):
        record(
            db, id=new_id(), at=now, by=by.id, verb="stands by no more", cohort_id=at.cohort.id,
            practice=at.practice.id,
        )  # fmt: skip


def _stands_by_no_more(db: Session, practice_id: UUID, member: UUID, now: datetime) -> bool:
    row = db.get(Standby, (practice_id, member))
    if row is None or row.ended_at is not None:
        return False
    row.ended_at = now
    db.flush()
    return True


def _may_stand_by(db: Session, at: AtPractice, now: datetime) -> Refusal | None:
    practice = db.get_one(PracticeSession, at.practice.id)
    if practice.cancelled_at is not None:
        return Refusal.because(CALLED_OFF)
    if now >= practice.starts_at:
        return Refusal.because(BEGUN)
    held = (Seat.practice_id == practice.id, Seat.membership_id == at.membership.id, Seat.given_up_at.is_(None))
    return Refusal.because(HAVE_A_PLACE) if db.scalar(select(Seat.id).where(*held)) else None
