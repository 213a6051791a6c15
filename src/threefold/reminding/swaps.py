"""About places that may change hands: to whoever is asked, then to whoever asked, and to tutors where it is theirs."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session, aliased

from threefold.core import reminders
from threefold.core.said import day
from threefold.core.swaps import Settled
from threefold.reminding.wanted import Reader, Wanted, teaching
from threefold.store.tables import Cohort, Membership, Person, PracticeSession, Seat, SwapRequest, Withdrawal

SUBJECTS = {
    Settled.ACCEPTED: "Yes to your question about {}",
    Settled.DECLINED: "No, for {}",
    Settled.EXPIRED: "No answer yet about {}",
    Settled.OVERTAKEN: "About your question for {}",
}


@dataclass(frozen=True)
class _Question:
    """A request, with the people and the sessions it is about. `from_list`: the standby list was asked, not by hand."""

    id: UUID
    settled_as: Settled | None
    expires_at: datetime
    cohort: UUID
    of: str
    zone: str
    practice: UUID
    seat: UUID
    held: bool  # the asker's place is theirs still, in a session to come
    expected: bool  # and they have not said that they can't come
    starts_at: datetime
    ends_at: datetime
    place: str
    return_at: datetime | None
    asker: Reader
    asked: Reader
    from_list: bool
    has_words: bool

    @property
    def day(self) -> str:
        return day(self.starts_at, self.zone)

    def values(self, path: str) -> dict[str, Any]:
        return {
            "path": path,
            "cohort": self.of,
            "zone": self.zone,
            "starts_at": self.starts_at,
            "ends_at": self.ends_at,
            "place": self.place,
            "return_at": self.return_at,
            "asker": self.asker.name,
            "asked": self.asked.name,
            "answer_by": self.expires_at,
            "answer": self.settled_as.value if self.settled_as else "",
            "has_words": self.has_words,
        }


def about_swaps(db: Session, now: datetime) -> Iterator[Wanted]:
    """A question goes to whoever is asked; its answer to whoever asked by hand, and to tutors who comes or that nobody
    has answered. One taken back says nothing more, nor does a "no" to whoever has told their tutor meanwhile.
    """
    found = _questions(db, now)
    tutors: dict[UUID, list[tuple[UUID, Reader]]] = defaultdict(list)
    for cohort, member, reader in teaching(db, {each.cohort for each in found if each.settled_as}):
        tutors[cohort].append((member, reader))
    for each in found:
        if each.settled_as is None:
            if each.held:
                yield _asked(each)
            continue
        if not each.from_list and (each.expected or each.settled_as is Settled.ACCEPTED):
            yield _answered(each)
        if each.settled_as is Settled.ACCEPTED or (each.settled_as is Settled.EXPIRED and each.expected):
            for member, reader in tutors[each.cohort]:
                yield _told(each, member, reader)


def _asked(each: _Question) -> Wanted:
    what = "swap" if each.return_at else "come"
    return Wanted(
        "swap-asked",
        f"swap-asked:{each.id}",
        f"swaps:{each.asked.person_id}",
        each.cohort,
        each.asked,
        f"Could you {what} on {each.day}?",
        each.values(f"/swaps/{each.id}") | {"expires_at": each.expires_at},
    )


def _answered(each: _Question) -> Wanted:
    settled = each.settled_as or Settled.OVERTAKEN
    return Wanted(
        "swap-answered",
        f"swap-answered:{each.id}",
        f"swaps:{each.asker.person_id}",
        each.cohort,
        each.asker,
        SUBJECTS[settled].format(each.day),
        each.values("/calendar" if settled is Settled.ACCEPTED else f"/seats/{each.seat}/withdrawal"),
    )


def _told(each: _Question, member: UUID, reader: Reader) -> Wanted:
    come = "Two people have swapped" if each.return_at else "Somebody steps in"
    subject = f"{come}: {each.day}" if each.settled_as is Settled.ACCEPTED else f"No answer to a swap for {each.day}"
    return Wanted(
        "swap-told",
        f"swap-told:{each.id}:{member}",
        f"swaps:{member}",
        each.cohort,
        reader,
        subject,
        each.values(f"/practice/{each.practice}"),
    )


def _questions(db: Session, now: datetime) -> list[_Question]:
    """Those that wait, and those settled so lately that their letters are worth sending."""
    asker, asked, asker_person, asked_person = (
        aliased(Membership), aliased(Membership), aliased(Person), aliased(Person),
    )  # fmt: skip
    other, then = aliased(Seat), aliased(PracticeSession)
    rows = db.execute(
        select(
            SwapRequest,
            Seat.given_up_at,
            PracticeSession,
            Cohort.id.label("cohort"),
            Cohort.name.label("of"),
            Cohort.zone.label("zone"),
            then.starts_at.label("return_at"),
            func.coalesce(Withdrawal.at <= SwapRequest.asked_at, False).label("from_list"),
            Withdrawal.at,
            asker_person,
            asked_person,
        )
        .select_from(SwapRequest)
        .join(Seat, Seat.id == SwapRequest.seat_id)
        .join(PracticeSession, PracticeSession.id == Seat.practice_id)
        .join(Cohort, and_(Cohort.id == PracticeSession.cohort_id, Cohort.archived_at.is_(None)))
        .join(asker, asker.id == Seat.membership_id)
        .join(asker_person, asker_person.id == asker.person_id)
        .join(asked, asked.id == SwapRequest.asked_id)
        .join(asked_person, asked_person.id == asked.person_id)
        .outerjoin(other, other.id == SwapRequest.in_return_id)
        .outerjoin(then, then.id == other.practice_id)
        .outerjoin(Withdrawal, and_(Withdrawal.seat_id == Seat.id, Withdrawal.taken_back_at.is_(None)))
        .where(
            or_(
                and_(SwapRequest.settled_at.is_(None), SwapRequest.expires_at > now),
                and_(
                    SwapRequest.settled_at > now - reminders.WORTH_SENDING,
                    SwapRequest.settled_as != Settled.TAKEN_BACK.value,
                ),
            ),
            PracticeSession.starts_at > now,
        )
        .order_by(SwapRequest.id)
    ).all()
    return [
        _Question(
            request.id,
            Settled(request.settled_as) if request.settled_as else None,
            request.expires_at,
            cohort,
            of,
            zone,
            practice.id,
            request.seat_id,
            given_up is None and practice.cancelled_at is None,
            given_up is None and practice.cancelled_at is None and out_at is None,
            practice.starts_at,
            practice.ends_at,
            practice.place,
            return_at,
            _reader(one, zone),
            _reader(two, zone),
            bool(from_list),
            bool(request.words),
        )
        for request, given_up, practice, cohort, of, zone, return_at, from_list, out_at, one, two in rows
    ]


def _reader(person: Person, zone: str) -> Reader:
    return Reader(person.id, person.name, person.email, person.zone or zone)
