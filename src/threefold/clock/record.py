"""A session's clock as the tables have it: its groups, what was pressed, who asked for the tutors."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from hashlib import sha256
from uuid import UUID, uuid5

from sqlalchemy import and_, bindparam, func, null, or_, select, type_coerce, union_all
from sqlalchemy.orm import Session

from threefold.core.clock import Phase, Press, State, Timetable, What, phases_of, practice_of, state, warning
from threefold.core.names import first_name
from threefold.core.please_come import Ask, as_it_stands
from threefold.core.triad import group_name
from threefold.store.columns import UtcDateTime
from threefold.store.prepared import Prepared
from threefold.store.rows import CohortRow, PracticeRow, columns, split
from threefold.store.tables import metadata
from threefold.store.within import InTriad

_practice, _cohort, _triad, _seat, _turn, _press, _ask, _membership, _person = (
    metadata.tables[name]
    for name in (
        "practice_session", "cohort", "triad", "seat", "turn", "clock_press", "please_come", "membership", "person",
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class GroupAt:
    """A group of a session. `rounds` is None before its roles are laid out."""

    id: UUID
    number: int
    room: str
    size: int
    rounds: int | None

    @property
    def called(self) -> str:
        """“Room 2”, or “Group 2” where it has no room."""
        return group_name(self.room, self.number)


@dataclass(frozen=True)
class SharedClock:
    """Everything that where a clock stands follows from."""

    practice: PracticeRow
    cohort: CohortRow
    groups: tuple[GroupAt, ...]
    presses: tuple[Press, ...]
    asks: tuple[Ask, ...]

    @cached_property
    def timetable(self) -> Timetable:
        shape = self.practice.shape_in(self.cohort)
        everybody = phases_of(shape)
        return Timetable(
            self.practice.starts_at,
            everybody,
            {
                group.id: phases_of(shape, group.rounds, group.size)
                for group in self.groups
                if (group.rounds or shape.rounds) != shape.rounds
            },
        )

    def phases(self, group: UUID | None = None) -> tuple[Phase, ...]:
        return self.timetable.phases(group)

    def state(self, now: datetime, group: UUID | None = None) -> State:
        """Where it stands now. Everything that was pressed has been, even by a server whose clock is a little ahead."""
        return state(self.timetable, self.presses, max([now, *(press.at for press in self.presses)]), group)

    def group(self, id: UUID) -> GroupAt | None:
        return next((group for group in self.groups if group.id == id), None)

    def ask_of(self, group: UUID, now: datetime) -> Ask | None:
        return as_it_stands([ask for ask in self.asks if ask.group == group], now)

    @property
    def waiting(self) -> tuple[Ask, ...]:
        """Who waits for a tutor, the longest first."""
        return tuple(sorted((ask for ask in self.asks if ask.waits), key=lambda ask: ask.at))

    @property
    def warnings(self) -> tuple[str, ...]:
        """What to know about groups that the time hardly fits."""
        shape = self.practice.shape_in(self.cohort)
        minutes = int((self.practice.ends_at - self.practice.starts_at).total_seconds()) // 60
        found = (
            (group.called, warning(shape, group.rounds, group.size, minutes)) for group in self.groups if group.rounds
        )
        return tuple(f"{called}: {words}" for called, words in found if words)

    def fresh(self, group: UUID | None = None) -> UUID:
        """The id that a page's next press carries: two people who press the same thing on the same page press once."""
        return uuid5(self.practice.id, f"{self.edition} {group}")

    @property
    def edition(self) -> int:
        """Rises with everything that anybody presses or asks, and with nothing else."""
        asked = sum(1 + bool(ask.coming_at) + bool(ask.taken_back_at) for ask in self.asks)
        return len(self.presses) + asked


_ROUNDS = select(func.max(_turn.c.round)).where(_turn.c.triad_id == _triad.c.id).scalar_subquery()
_SIZE = (
    select(func.count())
    .select_from(_seat)
    .where(_seat.c.triad_id == _triad.c.id, _seat.c.given_up_at.is_(None))
    .scalar_subquery()
)
_GROUPS = Prepared(
    select(_triad.c.id, _triad.c.number, _triad.c.room, _SIZE, _ROUNDS)
    .where(_triad.c.practice_id == bindparam("practice"))
    .order_by(_triad.c.number),
    GroupAt,
)
_NO_TIME = type_coerce(null(), UtcDateTime())
_SAID: Prepared[Press | Ask] = Prepared(
    union_all(
        select(
            _press.c.id, _press.c.triad_id, _press.c.at, _press.c.what, _press.c.seconds,
            _NO_TIME.label("coming_at"), null().label("name"), _NO_TIME.label("taken_back_at"),
        ).where(_press.c.practice_id == bindparam("practice")),
        select(
            _ask.c.id, _ask.c.triad_id, _ask.c.at, null(), null(), _ask.c.coming_at, _person.c.name,
            _ask.c.taken_back_at,
        )
        .select_from(_ask)
        .join(_triad, _triad.c.id == _ask.c.triad_id)
        .outerjoin(_membership, _membership.c.id == _ask.c.coming_by)
        .outerjoin(_person, _person.c.id == _membership.c.person_id)
        .where(_triad.c.practice_id == bindparam("practice")),
    ).order_by("at", "id"),
    lambda id_, group, at, what, seconds, coming_at, name, taken_back_at: (
        Press(id_, What(what), at, group, seconds)
        if what
        else Ask(group, at, coming_at, first_name(name) if name else "", taken_back_at)
    ),
)  # fmt: skip
_HERE = Prepared(
    select(*columns(PracticeRow, CohortRow))
    .select_from(_practice)
    .join(_cohort, _cohort.c.id == _practice.c.cohort_id)
    .where(_practice.c.id == bindparam("practice")),
    split(PracticeRow, CohortRow),
)
_ASKED = and_(_ask.c.triad_id == _triad.c.id, _triad.c.practice_id == bindparam("here"))
_EDITION = Prepared(
    select(
        select(func.count()).select_from(_press).where(_press.c.practice_id == bindparam("practice")).scalar_subquery(),
        select(func.count() + func.count(_ask.c.coming_at) + func.count(_ask.c.taken_back_at))
        .select_from(_ask)
        .join(_triad, _ASKED)
        .scalar_subquery(),
        select(_cohort.c.version)
        .join(_practice, _practice.c.cohort_id == _cohort.c.id)
        .where(_practice.c.id == bindparam("which"))
        .scalar_subquery(),
    ),
    lambda *counts: counts,
)


_SEATED = Prepared(
    select(_turn.c.triad_id, _turn.c.round, _turn.c.role, _seat.c.membership_id)
    .select_from(_turn)
    .join(_seat, _seat.c.id == _turn.c.seat_id)
    .where(_seat.c.practice_id == bindparam("practice"), _seat.c.given_up_at.is_(None)),
    lambda group, number, role, member: (group, (number, role, member)),
)


def clock_of(
    db: Session, practice: PracticeRow, cohort: CohortRow, groups: Sequence[GroupAt] | None = None
) -> SharedClock:
    """The clock of a session: one question, and one for its groups where they aren't known."""
    presses: list[Press] = []
    asks: list[Ask] = []
    for said in _SAID.all(db, practice=practice.id):
        if isinstance(said, Press):
            presses.append(said)
        else:
            asks.append(said)
    known = _GROUPS.all(db, practice=practice.id) if groups is None else groups
    return SharedClock(practice, cohort, tuple(known), tuple(presses), tuple(asks))


@dataclass(frozen=True)
class RoundClock:
    """One round on the shared clock of its group: for its observer, who counts from the start of the practice."""

    practice_id: UUID
    group: UUID
    round: int
    phases: tuple[Phase, ...]
    state: State

    @property
    def practice(self) -> tuple[datetime, datetime] | None:
        """From when to when they practise; None before anybody has started the clock."""
        return practice_of(self.phases, self.state, self.round)


_OF_GROUP = Prepared(
    select(_SIZE, _ROUNDS, _press.c.id, _press.c.what, _press.c.at, _press.c.triad_id, _press.c.seconds)
    .select_from(_triad)
    .outerjoin(
        _press,
        and_(
            _press.c.practice_id == _triad.c.practice_id,
            or_(_press.c.triad_id.is_(None), _press.c.triad_id == _triad.c.id),
        ),
    )
    .where(_triad.c.id == bindparam("group")),
    lambda size, rounds, press, what, at, group, seconds: (
        size,
        rounds,
        Press(press, What(what), at, group, seconds) if press else None,
    ),
)


def round_clock(db: Session, within: InTriad, number: int, now: datetime) -> RoundClock:
    """A group's clock in one question."""
    rows = _OF_GROUP.all(db, group=within.triad.id)
    size, rounds, _ = rows[0]
    group = GroupAt(within.triad.id, within.triad.number, within.triad.room, size, rounds)
    presses = tuple(press for _, _, press in rows if press)
    clock = SharedClock(within.practice, within.cohort, (group,), presses, ())
    return RoundClock(within.practice.id, group.id, number, clock.phases(group.id), clock.state(now, group.id))


def clock_at(db: Session, practice_id: UUID) -> SharedClock | None:
    """The same for whoever has been let in before: a stream looks again and again."""
    here = _HERE.one(db, practice=practice_id)
    return clock_of(db, *here) if here else None


def edition_of(db: Session, practice_id: UUID) -> tuple[int, ...]:
    """A sign of how a clock and its groups stand, in one quick question."""
    (counts,) = _EDITION.all(db, practice=practice_id, here=practice_id, which=practice_id)
    return tuple(counts)


Turns = Iterable[tuple[int, str, UUID]]


def seating(turns: Turns) -> str:
    """A sign of who is what in a group: a page that shows another one is made anew."""
    return sha256(repr(sorted((number, role, str(member)) for number, role, member in turns)).encode()).hexdigest()[:12]


def seatings_of(db: Session, practice_id: UUID) -> dict[UUID, str]:
    """That sign for each group of a session."""
    found: dict[UUID, list[tuple[int, str, UUID]]] = defaultdict(list)
    for group, turn in _SEATED.all(db, practice=practice_id):
        found[group].append(turn)
    return {group: seating(turns) for group, turns in found.items()}
