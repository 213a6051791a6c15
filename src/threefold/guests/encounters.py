"""Encounters as rows: what guests are asked to and did, which rounds there are to ask for, what letters said of it."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from msgspec import convert
from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session, aliased

from threefold.core.guests import (
    AHEAD,
    WAS_THERE,
    Answer,
    Meets,
    Said,
    Standing,
    counsellor_seen,
    minutes_held,
    standing,
)
from threefold.core.meeting import link_for
from threefold.core.names import first_name
from threefold.core.roles import Role
from threefold.core.slots import round_times
from threefold.store.guests import HOLDS_ROUND
from threefold.store.rows import CohortRow, PracticeRow, TriadRow, columns, split
from threefold.store.tables import (
    Cohort,
    Encounter,
    Guest,
    Letter,
    Membership,
    Opening,
    Person,
    PracticeSession,
    Seat,
    Triad,
    Turn,
    Withdrawal,
)

LINK, NEWS = "guest-link", "guest-news"  # the kinds of letters guests get


@dataclass(frozen=True)
class Booked:
    """One encounter, with its round on the clock: from `starts_at` to `ends_at` there is practice, and no longer."""

    id: UUID
    guest_id: UUID
    person_id: UUID
    round: int
    brief: str
    asked_at: datetime
    answer: str | None
    called_off_at: datetime | None
    stopped_at: datetime | None
    felt: dict[str, Any] | None
    felt_at: datetime | None
    stepped_out: list[Any]
    stepped_out_at: datetime | None
    opened_at: datetime | None  # its counsellor has read what came in
    counsellor: UUID | None  # a person
    counsellor_name: str | None
    rounds: int | None
    triad: TriadRow
    practice: PracticeRow
    cohort: CohortRow

    @property
    def link(self) -> str:
        """Where the group meets online, "" where it meets in a room."""
        return link_for(self.practice.link, self.triad.id)

    @cached_property
    def _clock(self) -> tuple[datetime, datetime]:
        times = round_times(self.practice.starts_at, self.practice.shape_in(self.cohort), self.rounds)
        here = times[min(self.round, len(times)) - 1]
        return here.starts_at, here.feedback_at

    @property
    def starts_at(self) -> datetime:
        return self._clock[0]

    @property
    def ends_at(self) -> datetime:
        return self._clock[1]

    @property
    def zone(self) -> str:
        return self.cohort.zone

    @property
    def where(self) -> str:
        return ", ".join(filter(None, (self.triad.room, self.practice.place)))

    @property
    def with_whom(self) -> str:
        """The counsellor's first name, "" where the round has none by now."""
        return counsellor_seen(self.counsellor_name or "")

    @property
    def meets(self) -> Meets:
        # A round that has lost its counsellor is nobody's; it still takes its time.
        return Meets(self.counsellor or self.id, self.starts_at, self.ends_at)

    @property
    def said(self) -> Said:
        return Said(self.starts_at, self.ends_at, self.zone, self.where, self.link)

    @property
    def minutes(self) -> int:
        return int((self.ends_at - self.starts_at).total_seconds()) // 60

    @property
    def may_change(self) -> bool:
        """Whether the four answers may still be put differently."""
        return self.opened_at is None

    def standing(self, now: datetime) -> Standing:
        return standing(
            answer=self.answer,
            off=self.called_off_at is not None or self.practice.cancelled_at is not None,
            stopped=self.stopped_at is not None,
            starts_at=self.starts_at,
            ends_at=self.ends_at,
            now=now,
        )

    def held(self, now: datetime) -> int | None:
        return minutes_held(self.standing(now), self.starts_at, self.ends_at, self.stopped_at)

    def is_ahead(self, now: datetime) -> bool:
        return self.standing(now) in AHEAD

    def was_there(self, now: datetime) -> bool:
        return self.standing(now) in WAS_THERE

    def may_stop(self, now: datetime) -> bool:
        """While the session lasts: rounds begin and end when the room does, whatever was planned."""
        here = self.answer == Answer.ACCEPTED and self.called_off_at is None and self.practice.cancelled_at is None
        return here and self.stopped_at is None and self.practice.starts_at <= now < self.practice.ends_at


_OWN = len(fields(Booked)) - 3  # columns of its own, before the rows it stands in
_there = split(TriadRow, PracticeRow, CohortRow)
_counsellor, _seat, _member, _turn, _every = (
    aliased(Person, name="counsellor"),
    aliased(Seat, name="counsels_from"),
    aliased(Membership, name="counsels_as"),
    aliased(Turn, name="counsels"),
    aliased(Turn, name="every"),
)


def booked(db: Session, *which: ColumnElement[bool]) -> list[Booked]:
    """These encounters in order of time; one query."""
    rounds = select(func.max(_every.round)).where(_every.triad_id == Encounter.triad_id).scalar_subquery()
    rows = db.execute(
        select(
            Encounter.id, Encounter.guest_id, Guest.person_id, Encounter.round, Encounter.brief, Encounter.asked_at,
            Encounter.answer, Encounter.called_off_at, Encounter.stopped_at, Encounter.felt, Encounter.felt_at,
            Encounter.stepped_out, Encounter.stepped_out_at, Opening.at, _counsellor.id, _counsellor.name, rounds,
            *columns(TriadRow, PracticeRow, CohortRow),
        )
        .select_from(Encounter)
        .join(Guest, Guest.id == Encounter.guest_id)
        .join(Triad, Triad.id == Encounter.triad_id)
        .join(PracticeSession, PracticeSession.id == Triad.practice_id)
        .join(Cohort, Cohort.id == PracticeSession.cohort_id)
        .outerjoin(
            _turn,
            and_(
                _turn.triad_id == Encounter.triad_id,
                _turn.round == Encounter.round,
                _turn.role == Role.COUNSELLOR.value,
            ),
        )
        .outerjoin(_seat, _seat.id == _turn.seat_id)
        .outerjoin(_member, _member.id == _seat.membership_id)
        .outerjoin(_counsellor, _counsellor.id == _member.person_id)
        .outerjoin(Opening, and_(Opening.triad_id == Encounter.triad_id, Opening.round == Encounter.round))
        .where(*which)
    )  # fmt: skip
    found = [Booked(*row[:_OWN], *_there(*row[_OWN:])) for row in rows]
    return sorted(found, key=lambda each: (each.starts_at, each.id))


def of_guest(db: Session, guest: UUID) -> list[Booked]:
    return booked(db, Encounter.guest_id == guest)


def carried_by(db: Session, person: UUID) -> list[Booked]:
    """Everything this person is asked to or has done as a guest, in any group: who carries it is one person."""
    return booked(db, Guest.person_id == person, HOLDS_ROUND, PracticeSession.cancelled_at.is_(None))


# --- rounds to ask for ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Choice:
    """A round a guest could be the client of: who counsels, whose turn as client it is, who comes already."""

    triad_id: UUID
    group: int
    room: str
    round: int
    starts_at: datetime
    ends_at: datetime
    counsellor: str
    client: str
    taken_by: str
    away: bool
    counsellor_id: UUID  # a person

    @property
    def value(self) -> str:
        return f"{self.triad_id}:{self.round}"


def choices(db: Session, cohort: CohortRow, practice_id: UUID, now: datetime) -> list[Choice]:
    """Every round of a session of this cohort that has not begun, group by group; one query."""
    guest = aliased(Person, name="visitor")
    rows = db.execute(
        select(
            Turn.round, Turn.role, Person.id, Person.name, Withdrawal.at, Withdrawal.taken_back_at, guest.name,
            *columns(TriadRow, PracticeRow),
        )
        .select_from(Turn)
        .join(Triad, Triad.id == Turn.triad_id)
        .join(PracticeSession, PracticeSession.id == Triad.practice_id)
        .join(Seat, Seat.id == Turn.seat_id)
        .join(Membership, Membership.id == Seat.membership_id)
        .join(Person, Person.id == Membership.person_id)
        .outerjoin(Withdrawal, Withdrawal.seat_id == Seat.id)
        .outerjoin(Encounter, and_(Encounter.triad_id == Turn.triad_id, Encounter.round == Turn.round, HOLDS_ROUND))
        .outerjoin(Guest, Guest.id == Encounter.guest_id)
        .outerjoin(guest, guest.id == Guest.person_id)
        .where(
            PracticeSession.id == practice_id,
            PracticeSession.cohort_id == cohort.id,
            PracticeSession.cancelled_at.is_(None),
        )
        .order_by(Triad.number, Turn.round)
    )  # fmt: skip
    here = split(TriadRow, PracticeRow)
    rounds: dict[tuple[UUID, int], dict[str, Any]] = {}
    last: dict[UUID, int] = {}
    for number, role, person, name, at, back, visitor, *cells in rows:
        triad, practice = here(*cells)
        found = rounds.setdefault((triad.id, number), {"triad": triad, "practice": practice, "guest": visitor or ""})
        found[role] = (person, name, at is not None and back is None)
        last[triad.id] = max(number, last.get(triad.id, 0))
    made = []
    for (triad_id, number), each in rounds.items():
        if Role.COUNSELLOR.value not in each:
            continue
        clock = round_times(each["practice"].starts_at, each["practice"].shape_in(cohort), last[triad_id])[number - 1]
        person, counsellor, away = each[Role.COUNSELLOR.value]
        _, client, _ = each.get(Role.CLIENT.value, (None, "", False))
        made.append(
            Choice(
                triad_id, each["triad"].number, each["triad"].room, number, clock.starts_at, clock.feedback_at,
                first_name(counsellor), first_name(client) if client else "", first_name(each["guest"]), away, person,
            )
        )  # fmt: skip
    return [each for each in made if each.starts_at > now]


# --- what they were told ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Post:
    """A guest's letters: what the last one that counts said of each encounter, what one on its way says, how many
    there were, and when their link last went to them.
    """

    told: Mapping[str, Said]
    waiting: tuple[UUID, ...]
    waiting_says: Mapping[str, Said]
    due_at: datetime | None
    count: int
    link_at: datetime | None


NO_POST = Post({}, (), {}, None, 0, None)


def lane(guest: UUID) -> str:
    """The lane of a guest's letters, which leave one after the other."""
    return f"guest:{guest}"


def posts(db: Session, guests: Collection[UUID]) -> dict[UUID, Post]:
    """Their letters so far; one query. A link counts as told as soon as it is written: nothing overtakes it."""
    if not guests:
        return {}
    lanes = {lane(guest): guest for guest in guests}
    letters: dict[UUID, list[Any]] = defaultdict(list)
    for row in db.execute(
        select(
            Letter.lane, Letter.id, Letter.kind, Letter.shows, Letter.due_at, Letter.written_at, Letter.sent_at,
            Letter.stopped_at, Letter.lease_until, Letter.tries,
        )
        .where(Letter.lane.in_(list(lanes)))
        .order_by(Letter.id)
    ):  # fmt: skip
        letters[lanes[row.lane]].append(row)
    return {guest: _post(found) for guest, found in letters.items()}


def _post(letters: Sequence[Any]) -> Post:
    read = [
        each
        for each in letters
        if each.sent_at or each.lease_until or each.tries or (each.kind == LINK and each.stopped_at is None)
    ]
    waiting = [each for each in letters if each not in read and each.stopped_at is None]
    return Post(
        _says(read[-1]) if read else {},
        tuple(each.id for each in waiting),
        _says(waiting[-1]) if waiting else {},
        waiting[-1].due_at if waiting else None,
        len(letters),
        max((each.written_at for each in read if each.kind == LINK), default=None),
    )


def _says(letter: Any) -> dict[str, Said]:
    return convert(letter.shows or {}, dict[str, Said])
