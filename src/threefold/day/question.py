"""What the engine is asked about who is here, loaded at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from uuid import UUID

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from threefold.core.grouping import Group, Person
from threefold.core.roles import Role, RoleLabels, Turning
from threefold.core.slots import rounds_for
from threefold.core.triad import group_name, mark_of
from threefold.day.queries import people_of
from threefold.day.showing import Day
from threefold.matching import CourseProblem, Remainder
from threefold.store.apart import apart_among
from threefold.store.happened import HeldSession, SeatHeld, held_session, noted_of, seats_in
from threefold.store.ledger import of_sessions
from threefold.store.rows import PracticeRow, columns, split
from threefold.store.tables import PracticeSession, Triad
from threefold.store.within import AtPractice


@dataclass(frozen=True)
class Standing:
    """A group as it stands: its triad, room and members in their order."""

    triad: UUID
    number: int
    room: str
    tutor: UUID | None
    group: Group

    @property
    def called(self) -> str:
        return group_name(self.room, self.number)


@dataclass(frozen=True)
class Question:
    """A session whose people are to be put into groups. `course` is about this one session; people are memberships.

    `first_round` is the number of the first round that has not begun: rounds that have begun stay as they are.
    `rooms` are the cohort's, for groups that have none.
    """

    course: CourseProblem
    standing: tuple[Standing, ...]
    names: Mapping[Person, str]
    labels: RoleLabels
    first_round: int
    rooms: tuple[str, ...]
    away: tuple[Person, ...]
    tutors: int

    @property
    def here(self) -> tuple[Person, ...]:
        return self.course.here(0)

    @cached_property
    def mark(self) -> str:
        """The same while the groups are: what a form was made from."""
        return mark_of((each.triad, tuple(map(UUID, each.group.members))) for each in self.standing)

    @property
    def fits(self) -> bool:
        """Whether everybody who is here, and nobody else, sits in groups that can practise."""
        seated = [person for each in self.standing for person in each.group.members]
        sizes_fit = all(3 <= len(each.group.members) <= 4 or each.tutor for each in self.standing)
        return sizes_fit and sorted(seated) == sorted(self.here) and bool(seated)


def asked(db: Session, at: AtPractice, now: datetime) -> Question:
    """What the engine is asked about who is here; five questions."""
    rows = db.execute(
        select(*columns(PracticeRow), Triad.id, Triad.number, Triad.room, Triad.tutor_id)
        .outerjoin(Triad, Triad.practice_id == PracticeSession.id)
        .where(
            PracticeSession.cohort_id == at.cohort.id,
            or_(
                PracticeSession.id == at.practice.id,
                and_(PracticeSession.starts_at <= now, PracticeSession.cancelled_at.is_(None)),
            ),
        )
    ).all()
    width = len(columns(PracticeRow))
    practices = {row[0]: split(PracticeRow)(*row[:width])[0] for row in rows}
    triads = {row[width]: row[width + 1 :] for row in rows if row[width] is not None}
    ids = list(practices)
    seats, noted = seats_in(db, ids), noted_of(db, ids)
    sessions = {
        id_: held_session(at.cohort, practice, [s for s in seats if s.practice == id_], noted.get(id_))
        for id_, practice in practices.items()
    }
    people = people_of(db, at)
    held = sessions.pop(at.practice.id)
    known = {one.member for one in people if not one.is_tutor and not one.left}
    before = of_sessions(sessions.values(), now)
    here = Day(at, people, held, {triad: (n, room, tutor) for triad, (n, room, tutor) in triads.items()}, None, (), now)
    present = [tile.who.member for tile in (here.here if here.has_begun else [*here.here, *here.to_come])]
    turning = Turning.ONE_ROUND if at.cohort.rounds == 1 else Turning(at.cohort.turning)
    known |= set(present)
    seated = {seat.member for seats in held.sitting.values() for seat in seats}
    standing = tuple(
        Standing(triad, number, room, tutor, _group(held, seats, turning))
        for triad, seats in held.sitting.items()
        for number, room, tutor in [triads[triad]]
    )
    in_order = [one for one in people if one.member in known | seated]
    texts = {str(one.member) for one in in_order}
    course = CourseProblem(
        people=tuple(str(one.member) for one in in_order),
        present=(frozenset(map(str, present)),),
        apart=apart_among(db, at.cohort.id, texts),
        remainder=Remainder(at.cohort.remainder),
        turning=turning,
        rests=frozenset((str(one.member), 0) for one in in_order if one.rests),
        met={pair: count for pair, count in before.met.items() if pair <= texts},
        served={who: roles for who, roles in before.served.items() if who in texts},
        counselled=before.counselled,
        round_minutes=held.shape.practice,
    )
    names = {str(one.member): one.first for one in people}
    begun = [n for (_, n), span in held.happened.ran.items() if span.from_at <= now]
    return Question(
        course=course,
        standing=tuple(sorted(standing, key=lambda each: each.number)),
        names=names,
        labels=at.cohort.role_labels,
        first_round=max(begun, default=0) + 1,
        rooms=tuple(at.cohort.rooms),
        away=tuple(str(tile.who.member) for tile in here.not_here if tile.who.member in seated),
        tutors=sum(one.is_tutor and not one.left for one in people),
    )


def _group(held: HeldSession, seats: Sequence[SeatHeld], turning: Turning) -> Group:
    """A group as the engine has it. Who is client in no round, where everybody takes turns, rests."""
    members = tuple(str(seat.member) for seat in seats)
    all_turn = turning is not Turning.ONE_ROUND and rounds_for(held.shape, len(members)) >= len(members)
    guests = any(seat.visited for seat in seats)  # whose client, for once, observes
    clients = {str(seat.member) for seat in seats if Role.CLIENT in {role for _, role in seat.turns}}
    rests = frozenset(members) - clients if all_turn and not guests else frozenset()
    return Group(members, len(members) == 2, turning, rests)
