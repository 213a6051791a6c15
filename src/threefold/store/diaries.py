"""What stands in somebody's way at a time of extra practice: other seats, whom they never meet, what a room lacks."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import BindParameter, String, and_, bindparam, cast, literal, select, union_all
from sqlalchemy.orm import Session, aliased

from threefold.core.booking import Someone, Time
from threefold.store.extra import WindowRow
from threefold.store.tables import AccessNeed, KeepApart, Membership, PracticeSession, Seat, Withdrawal

A_WEEK = timedelta(days=8)


@dataclass(frozen=True)
class Booked:
    """A seat somebody holds, wherever it is."""

    practice_id: UUID
    window_id: UUID | None
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class Diaries:
    """What stands in the way of these people, at any time they might book."""

    zone: str
    seats: Mapping[UUID, tuple[Booked, ...]]  # by membership, of all the cohorts they are in
    apart: Mapping[UUID, frozenset[UUID]]
    needs: Mapping[UUID, frozenset[str]]

    def at(self, window: WindowRow, time: Time, member: UUID) -> Someone:
        others = [seat for seat in self.seats.get(member, ()) if seat.practice_id != time.id]
        week = self._week(time.starts_at)
        return Someone(
            member,
            elsewhere=any(seat.starts_at < time.ends_at and time.starts_at < seat.ends_at for seat in others),
            booked=sum(seat.window_id == window.id and self._week(seat.starts_at) == week for seat in others),
            apart=self.apart.get(member, frozenset()),
            needs=self.needs.get(member, frozenset()) if window.mode == "room" else frozenset(),
        )

    def _week(self, at: datetime) -> date:
        day = at.astimezone(ZoneInfo(self.zone)).date()
        return day - timedelta(days=day.weekday())


# Put together once: that takes longer than asking it.
_same = aliased(Membership)
_ASKED: BindParameter[list[UUID]] = bindparam("members", expanding=True)
_BOOKED = (
    select(
        Membership.id, PracticeSession.id, PracticeSession.window_id, PracticeSession.starts_at,
        PracticeSession.ends_at,
    )
    .join(_same, _same.person_id == Membership.person_id)
    .join(Seat, Seat.membership_id == _same.id)
    .join(PracticeSession, PracticeSession.id == Seat.practice_id)
    .outerjoin(Withdrawal, and_(Withdrawal.seat_id == Seat.id, Withdrawal.taken_back_at.is_(None)))
    .where(
        Membership.id.in_(_ASKED),
        _same.left_at.is_(None),
        Seat.given_up_at.is_(None),
        PracticeSession.cancelled_at.is_(None),
        Withdrawal.seat_id.is_(None),
        PracticeSession.ends_at > bindparam("since"),
    )
)  # fmt: skip
_BOOKED_UNTIL = _BOOKED.where(PracticeSession.starts_at < bindparam("until"))
_IN_THE_WAY = union_all(
    *(
        select(literal("apart").label("what"), one.label("whose"), cast(other, String).label("other")).where(
            one.in_(_ASKED)
        )
        for one, other in ((KeepApart.one, KeepApart.other), (KeepApart.other, KeepApart.one))
    ),
    select(literal("need"), Membership.id, AccessNeed.need)
    .join(AccessNeed, AccessNeed.person_id == Membership.person_id)
    .where(Membership.id.in_(_ASKED)),
)


def diaries(
    db: Session, zone: str, members: Collection[UUID], *, first: datetime, last: datetime | None = None
) -> Diaries:
    """For these memberships, from a week before `first` to a week after `last` (None: without end); two queries."""
    about: dict[str, object] = {"members": list(members), "since": first - A_WEEK, "until": (last or first) + A_WEEK}
    seats: dict[UUID, list[Booked]] = defaultdict(list)
    for member, practice, window, starts_at, ends_at in db.execute(_BOOKED if last is None else _BOOKED_UNTIL, about):
        seats[member].append(Booked(practice, window, starts_at, ends_at))
    apart: dict[UUID, set[UUID]] = defaultdict(set)
    needs: dict[UUID, set[str]] = defaultdict(set)
    for what, whose, said in db.execute(_IN_THE_WAY, about):
        if what == "apart":
            apart[whose].add(UUID(said))
        else:
            needs[whose].add(said)
    return Diaries(
        zone,
        {member: tuple(some) for member, some in seats.items()},
        {member: frozenset(some) for member, some in apart.items()},
        {member: frozenset(some) for member, some in needs.items()},
    )
