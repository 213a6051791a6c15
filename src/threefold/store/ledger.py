"""What really happened in a cohort so far: who met whom, who held which role how long, who counselled whom."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from threefold.core.grouping import Group, Pair, Person
from threefold.core.roles import Role
from threefold.core.slots import SessionShape, shape_for
from threefold.store.rows import CohortRow, value
from threefold.store.tables import Cohort, PracticeSession, Seat, Turn, Withdrawal


@dataclass(frozen=True)
class Ledger:
    """In the shapes that `matching.CourseProblem` asks for; people are membership ids as text.

    `met`: sessions in which a pair shared a group. `served`: minutes of practice in each role. `counselled`: rounds
    of (counsellor, client).
    """

    met: Mapping[Pair, int]
    served: Mapping[Person, Mapping[Role, int]]
    counselled: Mapping[tuple[Person, Person], int]


def ledger(db: Session, cohort_id: UUID, now: datetime, *, leave_out: Collection[UUID] = ()) -> Ledger:
    """What counts of the sessions that have begun, extra practice included; `leave_out` are sessions to pass over.

    Whoever had said that they can't make it was not there, and a round without its counsellor or client was not held.
    """
    cohort = value(CohortRow, db.get_one(Cohort, cohort_id))
    together: dict[UUID, list[Person]] = defaultdict(list)
    rounds: dict[tuple[UUID, int], dict[Role, list[Person]]] = defaultdict(lambda: defaultdict(list))
    shapes: dict[UUID, SessionShape] = {}
    for practice, shape, triad, member, number, role in db.execute(
        select(
            PracticeSession.id, PracticeSession.shape, Seat.triad_id, Seat.membership_id, Turn.round, Turn.role,
        )
        .join(Seat, Seat.practice_id == PracticeSession.id)
        .outerjoin(Turn, Turn.seat_id == Seat.id)
        .outerjoin(Withdrawal, Withdrawal.seat_id == Seat.id)
        .where(
            PracticeSession.cohort_id == cohort_id,
            PracticeSession.starts_at <= now,
            PracticeSession.cancelled_at.is_(None),
            Seat.given_up_at.is_(None),
            or_(Withdrawal.at.is_(None), Withdrawal.taken_back_at.is_not(None)),
        )
        .order_by(PracticeSession.starts_at, Seat.triad_id, Seat.position, Turn.round)
    ):  # fmt: skip
        if practice in leave_out:
            continue
        shapes[triad] = SessionShape(*shape) if shape else cohort.shape
        if str(member) not in together[triad]:
            together[triad].append(str(member))
        if number is not None:
            rounds[triad, number][Role(role)].append(str(member))
    how_many = Counter(triad for triad, _ in rounds)
    served: dict[Person, Counter[Role]] = defaultdict(Counter)
    counselled: Counter[tuple[Person, Person]] = Counter()
    for (triad, _), roles in rounds.items():
        if not roles[Role.COUNSELLOR] or not roles[Role.CLIENT]:
            continue
        counselled[roles[Role.COUNSELLOR][0], roles[Role.CLIENT][0]] += 1
        minutes = shape_for(shapes[triad], how_many[triad]).practice
        for role, people in roles.items():
            for person in people:
                served[person][role] += minutes
    met = Counter(pair for members in together.values() for pair in Group(tuple(members)).pairs())
    return Ledger(met, served, counselled)
