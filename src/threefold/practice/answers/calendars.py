"""What a calendar answers by itself: kept once, and counted once a "no" has waited for long enough."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from threefold.core import reply as rules
from threefold.core.identity import NewId
from threefold.core.refusal import Refusal
from threefold.core.reply import Answer, Kept, Outcome, Said, Settled
from threefold.core.triad import Withdrawn
from threefold.mail.outbox import Written, post_all
from threefold.practice.answers.held import Held, held, settle, waiting
from threefold.practice.answers.people import cannot_make_it
from threefold.store.deeds import record
from threefold.store.tables import Membership, Person, PracticeSession, Reply, Seat


@dataclass(frozen=True)
class Tutor:
    """Somebody who is told."""

    id: UUID
    name: str
    email: str


class LettersFirst(Exception):  # noqa: N818 - how a unit says what it needs before it can be kept
    """An answer of which somebody has to hear: the unit is undone, its letters are written, and it runs again."""

    def __init__(self, held: Held, tutors: list[Tutor], follows: Outcome) -> None:
        super().__init__("letters have to be written first")
        self.held = held
        self.tutors = tutors
        self.follows = follows


def keep(
    db: Session,
    seat_id: UUID,
    said: Said,
    *,
    id: UUID,
    digest: bytes,
    letters: Mapping[str, tuple[Written, ...]],
    now: datetime,
    new_id: NewId,
) -> Outcome | None:
    """Keep what a calendar answered, and settle what it overtakes; None where this very answer was kept before.

    `letters` are those written so far, by `key_of` what they say; raises LettersFirst where one is wanted and missing.
    A seat with more answers than any person gives takes no more.
    """
    if db.scalar(select(Reply.id).where(Reply.digest == digest)) is not None:
        return None
    found = held(db, [seat_id], now)
    if not found or len(found[0].kept) >= rules.MOST_KEPT:
        return None
    place = found[0]
    new = Kept(id, said.answer, said.said_at, said.sequence, now, None)
    follows = rules.outcome(
        new, place.kept, sequence=place.seat.sequence, to_come=place.to_come, withdrawn=place.withdrawn
    )
    if follows.asks or follows.tells:
        key = key_of(place)
        if key not in letters:
            raise LettersFirst(place, tutors_of(db, place.within.cohort.id), follows)
        post_all(db, letters[key], now)
    db.add(
        Reply(
            id=id,
            seat_id=seat_id,
            answer=said.answer.value,
            said_at=said.said_at,
            sequence=said.sequence,
            proposes_start=said.proposes_start,
            proposes_end=said.proposes_end,
            received_at=now,
            digest=digest,
            settled_at=now if follows.settled_as else None,
            settled_as=follows.settled_as,
        )
    )
    settle(db, follows.overtakes, Settled.OVERTAKEN, now)
    record(
        db,
        id=new_id(),
        at=now,
        by=place.holder.id,
        verb=f"calendar {said.answer}",
        cohort_id=place.within.cohort.id,
        seat=seat_id,
        reply=id,
    )
    return follows


def key_of(place: Held) -> str:
    """The same while letters about a seat would say the same: they are written again when the term has changed."""
    return f"{place.seat.id}:{place.within.cohort.version}"


def tutors_of(db: Session, cohort_id: UUID) -> list[Tutor]:
    rows = db.execute(
        select(Person.id, Person.name, Person.email)
        .join(Membership, Membership.person_id == Person.id)
        .where(Membership.cohort_id == cohort_id, Membership.role == "tutor", Membership.left_at.is_(None))
        .order_by(Membership.joined_at, Membership.id)
    )
    return [Tutor(*row) for row in rows]


def due_declines(db: Session, now: datetime) -> list[Held]:
    """Seats whose calendar's "no" has waited as long as their cohort lets it, and still concerns the session as it
    is; none that has begun.
    """
    waiting = db.scalars(
        select(Reply.seat_id)
        .distinct()
        .join(Seat, Seat.id == Reply.seat_id)
        .join(PracticeSession, PracticeSession.id == Seat.practice_id)
        .where(
            Reply.answer == Answer.DECLINED.value,
            Reply.settled_at.is_(None),
            Reply.sequence >= Seat.sequence,
            Seat.given_up_at.is_(None),
            PracticeSession.starts_at > now,
        )
    ).all()
    return [place for place in held(db, waiting, now) if place.to_come and _is_due(place, now)] if waiting else []


def _is_due(place: Held, now: datetime) -> bool:
    due = place.counts_at(now) if rules.first_heard(place.kept) else None
    return due is not None and due <= now


def count(db: Session, place: Held, *, now: datetime, new_id: NewId) -> Withdrawn | Refusal | None:
    """Let a "no" that is due count as its holder's word; None where somebody has settled it in the meantime."""
    if not any(again.seat.id == place.seat.id for again in due_declines(db, now)):
        return None
    outcome = cannot_make_it(db, place.within, place.seat, by=place.holder, now=now, new_id=new_id)
    if not isinstance(outcome, Refusal):
        settle(db, waiting(db, place.seat.id), Settled.BY_TIME, now)
    return outcome
