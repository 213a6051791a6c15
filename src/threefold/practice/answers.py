"""What calendars answer becomes part of the term: kept once, asked about where it is a "no", counted when it counts."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session

from threefold.core import reply as rules
from threefold.core.address import email_key
from threefold.core.names import first_name
from threefold.core.refusal import Refusal
from threefold.core.reply import Answer, Kept, Outcome, Said, Settled
from threefold.core.triad import Withdrawn
from threefold.mail.outbox import Written, post_all
from threefold.practice.actions import come_back, withdraw
from threefold.store.deeds import changed, record
from threefold.store.rows import CohortRow, MembershipRow, PracticeRow, SeatRow, TriadRow, columns, split
from threefold.store.sessions import Me
from threefold.store.tables import (
    Cohort,
    Letter,
    Membership,
    Person,
    PracticeSession,
    Reply,
    Seat,
    Triad,
    Withdrawal,
)
from threefold.store.within import AtPractice, InTriad, NotYours


@dataclass(frozen=True)
class Tutor:
    """Somebody who is told."""

    id: UUID
    name: str
    email: str


@dataclass(frozen=True)
class Held:
    """A seat as an answer finds it: whose it is, what it is in, and what was answered for it before."""

    within: InTriad
    seat: SeatRow
    holder: Me
    to_come: bool  # still theirs, not begun, not cancelled
    withdrawn: bool
    declines_after: int
    kept: tuple[Kept, ...]

    def counts_at(self, now: datetime) -> datetime | None:
        """When a "no" that waits, or one heard now, counts by itself; None where it never does."""
        since = rules.first_heard(self.kept) or now
        return rules.counts_at(since, self.declines_after, self.within.practice.starts_at)


class LettersFirst(Exception):  # noqa: N818 - how a unit says what it needs before it can be kept
    """An answer of which somebody has to hear: the unit is undone, its letters are written, and it runs again."""

    def __init__(self, held: Held, tutors: list[Tutor], follows: Outcome) -> None:
        super().__init__("letters have to be written first")
        self.held = held
        self.tutors = tutors
        self.follows = follows


# --- taking in ------------------------------------------------------------------------------------------------

_IN_TRIAD = (CohortRow, MembershipRow, PracticeRow, TriadRow, SeatRow)
_into = split(*_IN_TRIAD)


def _seats() -> Select[*tuple[Any, ...]]:
    return (
        select(
            Person.id,
            Person.name,
            Person.email,
            Person.zone,
            Person.created_at,
            Cohort.declines_after,
            Seat.given_up_at,
            Membership.left_at,
            PracticeSession.cancelled_at,
            Withdrawal.at,
            Withdrawal.taken_back_at,
            *columns(*_IN_TRIAD),
        )
        .select_from(Seat)
        .join(Triad, Triad.id == Seat.triad_id)
        .join(PracticeSession, PracticeSession.id == Seat.practice_id)
        .join(Cohort, Cohort.id == PracticeSession.cohort_id)
        .join(Membership, Membership.id == Seat.membership_id)
        .join(Person, Person.id == Membership.person_id)
        .outerjoin(Withdrawal, Withdrawal.seat_id == Seat.id)
    )


def held(db: Session, seat_ids: Collection[UUID], now: datetime) -> list[Held]:
    """These seats with all that an answer to their invitations depends on, in no order; two questions in all."""
    rows = [tuple(row) for row in db.execute(_seats().where(Seat.id.in_(seat_ids)))]
    kept = _kept(db, seat_ids)
    found = []
    for id_, name, email, zone, since, declines_after, given_up, left, cancelled, out, back, *cells in rows:
        within = InTriad(*_into(*cells))
        if within.seat is None:
            continue  # never: every row is a seat's
        holder = Me(
            id_, name, email, zone, session_id=id_, seen_at=since, is_staff=False, is_tutor=False, is_trainee=True
        )
        gone = given_up or left or cancelled or within.cohort.archived_at
        found.append(
            Held(
                within,
                within.seat,
                holder,
                to_come=gone is None and now < within.practice.starts_at,
                withdrawn=out is not None and back is None,
                declines_after=declines_after,
                kept=tuple(kept[within.seat.id]),
            )
        )
    return found


def tutors_of(db: Session, cohort_id: UUID) -> list[Tutor]:
    rows = db.execute(
        select(Person.id, Person.name, Person.email)
        .join(Membership, Membership.person_id == Person.id)
        .where(Membership.cohort_id == cohort_id, Membership.role == "tutor", Membership.left_at.is_(None))
        .order_by(Membership.joined_at, Membership.id)
    )
    return [Tutor(*row) for row in rows]


def _kept(db: Session, seat_ids: Collection[UUID] | Select[UUID]) -> dict[UUID, list[Kept]]:
    found: dict[UUID, list[Kept]] = defaultdict(list)
    for row in db.execute(
        select(
            Reply.seat_id, Reply.id, Reply.answer, Reply.said_at, Reply.sequence, Reply.received_at, Reply.settled_as
        ).where(Reply.seat_id.in_(seat_ids))
    ):
        settled_as = Settled(row.settled_as) if row.settled_as else None
        found[row.seat_id].append(
            Kept(row.id, Answer(row.answer), row.said_at, row.sequence, row.received_at, settled_as)
        )
    return found


def keep(
    db: Session,
    seat_id: UUID,
    said: Said,
    *,
    id: UUID,
    digest: bytes,
    letters: Mapping[str, tuple[Written, ...]],
    now: datetime,
    new_id: Callable[[], UUID],
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
    _settle(db, follows.overtakes, Settled.OVERTAKEN, now)
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


def _settle(db: Session, ids: Iterable[UUID], settled_as: Settled, now: datetime) -> None:
    ids = list(ids)
    if ids:
        db.execute(update(Reply).where(Reply.id.in_(ids)).values(settled_at=now, settled_as=settled_as.value))


# --- the person says ------------------------------------------------------------------------------------------


def confirm(
    db: Session, within: InTriad, seat: SeatRow, *, by: Me, now: datetime, new_id: Callable[[], UUID]
) -> Withdrawn | Refusal:
    """The "no" of their calendar was theirs: it is the same as saying so on our page. Twice is once."""
    outcome = cannot_make_it(db, within, seat, by=by, now=now, new_id=new_id)
    if not isinstance(outcome, Refusal):
        _settle(db, _waiting(db, seat.id), Settled.CONFIRMED, now)
    return outcome


def coming(
    db: Session, within: InTriad, seat: SeatRow, *, by: Me, now: datetime, new_id: Callable[[], UUID]
) -> Refusal | None:
    """They are coming, whatever their calendar said; where its "no" has counted already, that is taken back."""
    refusal = come_back(db, within, seat, by=by, now=now, new_id=new_id)
    waiting = _waiting(db, seat.id)
    if refusal is None and waiting:
        _settle(db, waiting, Settled.COMING, now)
        record(db, id=new_id(), at=now, by=by.id, verb="said coming", cohort_id=within.cohort.id, seat=seat.id)
    return refusal


def cannot_make_it(
    db: Session, within: InTriad, seat: SeatRow, *, by: Me, now: datetime, new_id: Callable[[], UUID]
) -> Withdrawn | Refusal:
    """The one way from a calendar's "no" to a withdrawal."""
    return withdraw(db, within, seat, by=by, now=now, new_id=new_id)


def _waiting(db: Session, seat_id: UUID) -> list[UUID]:
    """Every "no" for a seat that has not been settled."""
    waits = (Reply.seat_id == seat_id, Reply.answer == Answer.DECLINED.value, Reply.settled_at.is_(None))
    return list(db.scalars(select(Reply.id).where(*waits)))


# --- a tutor says ----------------------------------------------------------------------------------------------

NO_LONGER = Refusal.because(
    "There’s nothing to answer any more: the session was changed, or they said something else since."
)


@dataclass(frozen=True)
class Proposal:
    """Another time that somebody's calendar proposed, as its session stands now; None where the time can't be read."""

    id: UUID
    seat_id: UUID
    name: str
    starts_at: datetime | None
    ends_at: datetime | None
    is_kept: bool  # a tutor kept the time as it is
    is_open: bool  # a tutor can still do so

    @property
    def first(self) -> str:
        return first_name(self.name)


def proposals_at(db: Session, at: AtPractice, now: datetime) -> list[Proposal]:
    """What calendars of this session's people proposed, the last first; one question."""
    practice = at.practice
    rows = db.execute(
        select(
            Reply.id,
            Reply.seat_id,
            Reply.said_at,
            Reply.sequence,
            Reply.received_at,
            Reply.settled_as,
            Reply.proposes_start,
            Reply.proposes_end,
            Person.name,
            Seat.sequence.label("number"),
            Withdrawal.at,
            Withdrawal.taken_back_at,
        )
        .join(Seat, Seat.id == Reply.seat_id)
        .join(Membership, Membership.id == Seat.membership_id)
        .join(Person, Person.id == Membership.person_id)
        .outerjoin(Withdrawal, Withdrawal.seat_id == Seat.id)
        .where(
            Seat.practice_id == practice.id,
            Seat.given_up_at.is_(None),
            Membership.left_at.is_(None),
            Reply.answer == Answer.COUNTER.value,
        )
        .order_by(Reply.received_at.desc(), Reply.id.desc())
    )
    to_come = practice.cancelled_at is None and now < practice.starts_at
    found = []
    for row in rows:
        settled_as = Settled(row.settled_as) if row.settled_as else None
        kept = Kept(row.id, Answer.COUNTER, row.said_at, row.sequence, row.received_at, settled_as)
        away = row.at is not None and row.taken_back_at is None
        is_open = rules.may_be_kept_to(kept, sequence=row.number, to_come=to_come, withdrawn=away)
        found.append(
            Proposal(
                row.id, row.seat_id, row.name, row.proposes_start, row.proposes_end, settled_as is Settled.KEPT, is_open
            )
        )
    return found


def keep_the_time(
    db: Session, at: AtPractice, reply_id: UUID, *, by: Me, now: datetime, new_id: Callable[[], UUID]
) -> Refusal | None:
    """A tutor keeps the time as it is; whoever proposed another is told (`core.term`). Said twice, it is said once.

    Raises NotYours for what is no proposal in this session.
    """
    proposal = next((each for each in proposals_at(db, at, now) if each.id == reply_id), None)
    if proposal is None:
        raise NotYours
    if not proposal.is_open:
        return None if proposal.is_kept else NO_LONGER
    _settle(db, [reply_id], Settled.KEPT, now)
    record(
        db, id=new_id(), at=now, by=by.id, verb="kept the time", cohort_id=at.cohort.id, seat=proposal.seat_id,
        reply=reply_id,
    )  # fmt: skip
    return None


# --- by time --------------------------------------------------------------------------------------------------


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


def count(db: Session, place: Held, *, now: datetime, new_id: Callable[[], UUID]) -> Withdrawn | Refusal | None:
    """Let a "no" that is due count as its holder's word; None where somebody has settled it in the meantime."""
    if not any(again.seat.id == place.seat.id for again in due_declines(db, now)):
        return None
    outcome = cannot_make_it(db, place.within, place.seat, by=place.holder, now=now, new_id=new_id)
    if not isinstance(outcome, Refusal):
        _settle(db, _waiting(db, place.seat.id), Settled.BY_TIME, now)
    return outcome


# --- letters that came back -----------------------------------------------------------------------------------


def came_back(
    db: Session, letter: UUID | str, address: str, status: str, *, now: datetime, new_id: Callable[[], UUID]
) -> bool:
    """An address takes no letters: it is marked, and what waits for it is stopped. False where this is not known.

    Known by the letter itself (its id, or its Message-ID, which only they were told to whom it went), and only while
    the address it went to is still theirs: one that was corrected since is not blamed for the old one.
    """
    which = Letter.id == letter if isinstance(letter, UUID) else Letter.message_id == letter
    sent = db.execute(
        select(Letter.recipient, Person).join(Person, Person.id == Letter.person_id).where(which)
    ).one_or_none()
    if sent is None or not email_key(sent.recipient) == email_key(address) == sent.Person.email_key:
        return False
    person = sent.Person
    db.execute(
        update(Letter)
        .where(
            Letter.person_id == person.id,
            Letter.recipient == sent.recipient,
            Letter.sent_at.is_(None),
            Letter.stopped_at.is_(None),
            Letter.lease_until.is_(None),
        )
        .values(stopped_at=now, trouble=f"stopped: {status or '5.0.0'}: a letter to this address came back")
    )
    if person.unreachable_since is None:
        person.unreachable_since = now
        theirs = select(Membership.cohort_id).where(Membership.person_id == person.id, Membership.left_at.is_(None))
        for cohort_id in db.scalars(theirs.order_by(Membership.cohort_id)).all():
            changed(db, cohort_id)
        record(db, id=new_id(), at=now, by=None, verb="letter came back", person=person.id)
    return True


# --- what is shown --------------------------------------------------------------------------------------------


def answers_at(db: Session, practice_id: UUID) -> dict[UUID, Answer]:
    """What each seat's calendar last answered in one session, for its tutors; not a "no" its holder took back."""
    here = select(Seat.id).where(Seat.practice_id == practice_id, Seat.given_up_at.is_(None))
    latest = {seat: rules.holding(kept) for seat, kept in _kept(db, here).items()}
    return {seat: one.answer for seat, one in latest.items() if one is not None and one.settled_as != Settled.COMING}
