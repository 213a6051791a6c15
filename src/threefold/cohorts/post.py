"""A cohort's post, never a word of it: what waits, is stuck or has left, and letting a stuck letter leave."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, Update, and_, exists, func, literal, or_, select, update
from sqlalchemy.orm import Session, aliased

from threefold.core.identity import NewId
from threefold.core.refusal import Refusal
from threefold.mail.claims import LATE_AFTER, TOO_LATE
from threefold.mail.outbox import OVERTAKEN
from threefold.store.deeds import record
from threefold.store.rows import CohortRow
from threefold.store.sessions import Me
from threefold.store.tables import Letter, Membership, Person, PracticeSession, Seat
from threefold.store.within import Within

KINDS = {
    "overview": "Overview of the term",
    "co-tutor": "Invitation to teach",
    "feedback-ready": "Word that feedback is ready",
}
PLACES = {"overview": "/calendar", "feedback-ready": "/feedback", "co-tutor": "/cohorts"}
PAGE = 50
MOST_AHEAD = 20
MOST_STUCK = 200
KEPT_IN_SIGHT = timedelta(days=60)
GONE = Refusal.because("This letter would be of no use any more, or has left meanwhile. Nothing was sent.", "")


@dataclass(frozen=True)
class Item:
    """One letter: to whom, of what kind, about which session, and how it stands."""

    id: UUID
    kind: str
    name: str
    person_id: UUID
    practice_id: UUID | None
    practice_at: datetime | None
    due_at: datetime
    sent_at: datetime | None
    stopped_at: datetime | None
    tries: int
    trouble: str
    again: bool

    @property
    def what(self) -> str:
        return KINDS.get(self.kind) or self.kind.replace("-", " ").capitalize()

    @property
    def may_leave_again(self) -> bool:
        return self.again and bool(self.tries or self.stopped_at)

    @property
    def why(self) -> str:
        """Why it is still here, as a sentence."""
        return in_words(self.trouble)

    @property
    def path(self) -> str:
        """The page it leads to, for reaching somebody another way."""
        return f"/practice/{self.practice_id}" if self.practice_id else PLACES.get(self.kind, "/")


@dataclass(frozen=True)
class Unreached:
    """Somebody whose address does not work."""

    membership_id: UUID
    name: str
    since: datetime


@dataclass(frozen=True)
class LettersPage:
    """Everything of a cohort's post."""

    cohort: CohortRow
    held: str  # why nothing leaves at all just now, as a sentence
    stuck: tuple[Item, ...]
    too_late: tuple[Item, ...]  # of no use any more, and nothing to be done about them
    ahead: tuple[Item, ...]
    waiting: int
    left: tuple[Item, ...]
    unreached: tuple[Unreached, ...]

    @property
    def finding(self) -> str:
        if self.held:
            return "No letter can leave just now"
        if self.stuck:
            return "One letter is stuck" if len(self.stuck) == 1 else f"{len(self.stuck)} letters are stuck"
        if self.unreached:
            return "Somebody’s address doesn’t work"
        if self.waiting or self.left:
            return "Every letter is on its way"
        return "Some letters came too late" if self.too_late else "No letters yet"


def in_words(trouble: str) -> str:
    """Why a letter waits, as a sentence: “later: 451: it is busy” becomes “It is busy (451).”"""
    said = re.sub(r"^(later|stopped|held): ", "", trouble)
    code = re.match(r"(\d{3}): (.+)", said)
    said = f"{code[2]} ({code[1]})" if code else said
    if said and " " not in said:
        said = f"something unforeseen happened ({said})"
    return f"{said[:1].upper()}{said[1:]}." if said else ""


# --- looking ------------------------------------------------------------------------------------------------------


def post_of(db: Session, within: Within, now: datetime, before: UUID | None) -> LettersPage:
    """Five questions, however many letters there are."""
    cohort = within.cohort
    stopped = and_(Letter.stopped_at >= now - KEPT_IN_SIGHT, Letter.trouble != OVERTAKEN)
    troubled = or_(stopped, and_(Letter.stopped_at.is_(None), Letter.tries > 0))
    late = and_(Letter.stopped_at.is_(None), Letter.due_at < now - LATE_AFTER)
    mine = and_(Letter.cohort_id == cohort.id, Letter.sent_at.is_(None))
    first = (Letter.trouble == TOO_LATE, Letter.id.desc())
    here = _items(db, _letters(now).where(mine, or_(troubled, late)).order_by(*first).limit(MOST_STUCK))
    calm = and_(mine, Letter.stopped_at.is_(None), Letter.tries == 0, Letter.due_at >= now - LATE_AFTER)
    count = func.count().over()
    rows = db.execute(_letters(now).add_columns(count).where(calm).order_by(Letter.due_at).limit(MOST_AHEAD)).all()
    left = _letters(now).where(Letter.cohort_id == cohort.id, Letter.sent_at.is_not(None))
    if before:
        mark = aliased(Letter)
        at = select(mark.sent_at).where(mark.id == before, mark.cohort_id == cohort.id).scalar_subquery()
        left = left.where(or_(Letter.sent_at < at, and_(Letter.sent_at == at, Letter.id < before)))
    return LettersPage(
        cohort,
        _held(db, now),
        tuple(item for item in here if item.trouble != TOO_LATE),
        tuple(item for item in here if item.trouble == TOO_LATE),
        tuple(Item(*row[:-1]) for row in rows),
        rows[0][-1] if rows else 0,
        _items(db, left.order_by(Letter.sent_at.desc(), Letter.id.desc()).limit(PAGE + 1)),
        _unreached(db, cohort.id),
    )


def _letters(now: datetime) -> Select[*tuple[Any, ...]]:
    """Letters as items.

    Sending again is for what still holds: no later word on the same seat has left or waits, the address is the
    person's own, and its time is not over.
    """
    later = aliased(Letter)
    overtaken = exists().where(
        later.seat_id == Letter.seat_id,
        later.id > Letter.id,
        or_(later.sent_at.is_not(None), later.stopped_at.is_(None)),
    )
    again = and_(
        Letter.sent_at.is_(None),
        Letter.lease_until.is_(None),
        or_(Letter.expires_at.is_(None), Letter.expires_at > literal(now, Letter.expires_at.type)),
        Letter.trouble.not_in([OVERTAKEN, TOO_LATE]),
        Letter.recipient == Person.email,
        ~overtaken,
    )
    return (
        select(
            Letter.id, Letter.kind, Person.name, Letter.person_id, PracticeSession.id, PracticeSession.starts_at,
            Letter.due_at, Letter.sent_at, Letter.stopped_at, Letter.tries, Letter.trouble, again,
        )
        .join(Person, Person.id == Letter.person_id)
        .outerjoin(Seat, Seat.id == Letter.seat_id)
        .outerjoin(PracticeSession, PracticeSession.id == Seat.practice_id)
    )  # fmt: skip


def _items(db: Session, question: Select[*tuple[Any, ...]]) -> tuple[Item, ...]:
    return tuple(Item(*row) for row in db.execute(question))


def _held(db: Session, now: datetime) -> str:
    """What keeps every letter of the house from leaving, as the courier said last; in the index of those that wait."""
    said = db.scalar(
        select(Letter.trouble)
        .where(
            Letter.sent_at.is_(None),
            Letter.stopped_at.is_(None),
            Letter.due_at <= now,
            Letter.trouble.like("held: %"),
        )
        .order_by(Letter.due_at.desc())
        .limit(1)
    )
    return in_words(said or "")


def _unreached(db: Session, cohort_id: UUID) -> tuple[Unreached, ...]:
    found: Iterable[Any] = db.execute(
        select(Membership.id, Person.name, Person.unreachable_since)
        .join(Person, Person.id == Membership.person_id)
        .where(Membership.cohort_id == cohort_id, Membership.left_at.is_(None), Person.unreachable_since.is_not(None))
        .order_by(Person.unreachable_since.desc())
    )
    return tuple(Unreached(*row) for row in found)


# --- sending again ------------------------------------------------------------------------------------------------


def send_again(db: Session, within: Within, letter_id: UUID, *, by: Me, now: datetime, new_id: NewId) -> Refusal | None:
    """Let a stuck letter leave now, and those that waited behind it; one of no more use stays where it is."""
    found = db.execute(
        _letters(now).add_columns(Letter.lane).where(Letter.id == letter_id, Letter.cohort_id == within.cohort.id)
    ).one_or_none()
    item = Item(*found[:-1]) if found else None
    if item is None or found is None or not item.may_leave_again:
        return GONE
    db.execute(_due_now(now).where(Letter.id == letter_id).values(stopped_at=None, trouble=""))
    behind = and_(Letter.lane == found[-1], Letter.id > letter_id, Letter.due_at == item.due_at, Letter.tries == 0)
    db.execute(_due_now(now).where(behind, Letter.stopped_at.is_(None)))
    record(
        db, id=new_id(), at=now, by=by.id, verb="letter.sent_again", cohort_id=within.cohort.id,
        letter=letter_id,
    )  # fmt: skip
    return None


def _due_now(now: datetime) -> Update:
    return update(Letter).where(Letter.sent_at.is_(None), Letter.lease_until.is_(None)).values(due_at=now)
