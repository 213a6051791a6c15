"""What a trainee sees of their practice: the sessions they have a seat in, with whom, and their role in each round."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import combinations
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, exists, func, or_, select, text
from sqlalchemy.orm import Session

from threefold.core import arriving
from threefold.core.meeting import link_for
from threefold.core.names import first_name
from threefold.core.roles import Role, RoleLabels, SaidTurn, say_turn
from threefold.core.slots import Round, SessionShape, round_times, sentence
from threefold.practice.company import Partner, Turn, company
from threefold.store.happened import was_there
from threefold.store.prepared import Prepared
from threefold.store.rows import CohortRow, PracticeRow, SeatRow, TriadRow, columns, split
from threefold.store.sessions import Me
from threefold.store.tables import (
    Membership,
    Person,
    PracticeSession,
    Seat,
    Triad,
    metadata,
)
from threefold.store.within import AtPractice

JUST_OVER = timedelta(days=1)


@dataclass(frozen=True)
class Place:
    """One seat of the person asking, in one practice session."""

    seat_id: UUID
    triad_id: UUID
    practice_id: UUID
    number: int
    cohort_id: UUID
    cohort: str
    zone: str
    starts_at: datetime
    ends_at: datetime
    place: str
    room: str
    link: str
    shape: SessionShape
    labels: RoleLabels
    partners: tuple[Partner, ...]
    tutor: str  # the tutor who observes a pair, or ""
    withdrawn_at: datetime | None
    cancelled_at: datetime | None
    uid: str
    sequence: int
    changed_at: datetime
    member_id: UUID
    chosen: str | None  # core.choices.Kind: how they would rather practise on this date
    brief: str | None  # the code of the one they took for it
    is_client: bool
    has_rated: bool  # has said how the session worked
    was_there: bool  # for any of it, as far as is known
    question: UUID | None  # a swap of this place that waits for an answer, theirs or somebody else's

    @property
    def where(self) -> str:
        return ", ".join(filter(None, (self.room, self.place)))

    def is_over(self, now: datetime) -> bool:
        return now >= self.ends_at

    def is_at_hand(self, now: datetime) -> bool:
        """Whether somebody can say that they are here."""
        return arriving.opens_at(self.starts_at) <= now < self.ends_at and not (self.cancelled_at or self.withdrawn_at)

    def is_under_way(self, now: datetime) -> bool:
        return self.starts_at <= now < self.ends_at

    def days_until(self, now: datetime) -> int:
        """Whole days between today and the session's date, both as the cohort's calendar has them."""
        zone = ZoneInfo(self.zone)
        return (self.starts_at.astimezone(zone).date() - now.astimezone(zone).date()).days

    @property
    def in_words(self) -> str:
        return sentence(self.shape)


@dataclass(frozen=True)
class MyRound:
    """A round on the clock and what the person asking is in it."""

    number: int
    starts_at: datetime
    ends_at: datetime
    said: SaidTurn


@dataclass(frozen=True)
class Group:
    """A triad as the tutor's page shows it."""

    triad_id: UUID
    number: int
    room: str
    people: tuple[Partner, ...]
    tutor: str


@dataclass(frozen=True)
class Waiting:
    """A cohort whose timetable is not out yet."""

    cohort_id: UUID
    name: str


(
    _seat, _triad, _practice, _cohort, _membership, _withdrawal, _turn, _preference, _taken, _session_rating,
    _swap_request,
) = (
    metadata.tables[name]
    for name in (
        "seat", "triad", "practice_session", "cohort", "membership", "withdrawal", "turn", "preference", "brief_taken",
        "session_rating", "swap_request",
    )
)  # fmt: skip
_HELD = (SeatRow, TriadRow, PracticeRow, CohortRow)
_here = split(*_HELD)
# Of two choices the stronger counts, which is the later word in the alphabet: not_client before brief.
_CHOSEN = (
    select(func.max(_preference.c.kind))
    .where(
        _preference.c.membership_id == _seat.c.membership_id,
        _preference.c.ended_at.is_(None),
        or_(_preference.c.practice_id.is_(None), _preference.c.practice_id == _practice.c.id),
    )
    .scalar_subquery()
)
_BRIEF = (
    select(_taken.c.code)
    .where(_taken.c.membership_id == _seat.c.membership_id, _taken.c.practice_id == _seat.c.practice_id)
    .scalar_subquery()
)
_IS_CLIENT = exists().where(
    _turn.c.triad_id == _seat.c.triad_id, _turn.c.seat_id == _seat.c.id, _turn.c.role == Role.CLIENT.value
)
_HAS_RATED = exists().where(
    _session_rating.c.practice_id == _seat.c.practice_id, _session_rating.c.membership_id == _seat.c.membership_id
)
# Each by an index of its own: the open question about a seat, or the open one that offers it in return.
_QUESTION, _QUESTION_IN_RETURN = (
    select(_swap_request.c.id)
    .where(column == _seat.c.id, text("swap_request.settled_at IS NULL"))
    .order_by(_swap_request.c.expires_at)
    .limit(1)
    .scalar_subquery()
    for column in (_swap_request.c.seat_id, _swap_request.c.in_return_id)
)
_tutor, _watches = _membership.alias("tutor"), metadata.tables["person"].alias("watches")
_PLACES = Prepared(
    select(
        _CHOSEN,
        _BRIEF,
        _IS_CLIENT,
        _HAS_RATED,
        was_there(_seat, practice=_practice.c.id),
        func.coalesce(_QUESTION, _QUESTION_IN_RETURN),
        _watches.c.name,
        _withdrawal.c.at,
        _withdrawal.c.taken_back_at,
        *columns(*_HELD),
    )
    .select_from(_seat)
    .join(_triad, _triad.c.id == _seat.c.triad_id)
    .join(_practice, _practice.c.id == _seat.c.practice_id)
    .join(_cohort, _cohort.c.id == _practice.c.cohort_id)
    .join(_membership, _membership.c.id == _seat.c.membership_id)
    .outerjoin(_withdrawal, _withdrawal.c.seat_id == _seat.c.id)
    .outerjoin(_tutor, _tutor.c.id == _triad.c.tutor_id)
    .outerjoin(_watches, _watches.c.id == _tutor.c.person_id)
    .where(
        _membership.c.person_id == bindparam("me"),
        _membership.c.left_at.is_(None),
        _seat.c.given_up_at.is_(None),
        _cohort.c.published_at.is_not(None),
    )
    .order_by(_practice.c.starts_at, _seat.c.id),
    lambda chosen, brief, is_client, has_rated, came, question, tutor, at, taken_back_at, *cells: (
        (chosen, brief, bool(is_client), bool(has_rated), bool(came), question, tutor),
        at if at and not taken_back_at else None,
        *_here(*cells),
    ),
)


def places_of(db: Session, me: Me) -> list[Place]:
    """Every seat the person holds, in time order; two queries however many there are."""
    return places_and_rounds(db, me, lambda _: None)[0]


def places_and_rounds(
    db: Session, me: Me, choose: Callable[[Sequence[Place]], Place | None]
) -> tuple[list[Place], Place | None, tuple[MyRound, ...]]:
    """The same, with the place that `choose` takes of them, and what they are in its rounds; no query more."""
    alone = _places(db, me)
    chosen = choose(alone)
    found = company(db, [place.triad_id for place in alone], chosen.triad_id if chosen else None)
    places = [
        replace(place, partners=tuple(who for who in found.people[place.triad_id] if who.seat != place.seat_id))
        for place in alone
    ]
    place = places[alone.index(chosen)] if chosen else None
    return places, place, _rounds_of(place, found.turns) if place else ()


def _places(db: Session, me: Me) -> list[Place]:
    return [
        Place(
            seat_id=seat.id,
            triad_id=triad.id,
            practice_id=practice.id,
            number=practice.number,
            cohort_id=cohort.id,
            cohort=cohort.name,
            zone=cohort.zone,
            starts_at=practice.starts_at,
            ends_at=practice.ends_at,
            place=practice.place,
            room=triad.room,
            link=link_for(practice.link, triad.id),
            shape=practice.shape_in(cohort),
            labels=cohort.role_labels,
            partners=(),
            tutor=tutor or "",
            withdrawn_at=withdrawn_at,
            cancelled_at=practice.cancelled_at,
            uid=seat.uid,
            sequence=seat.sequence,
            changed_at=seat.invited_at or seat.taken_at,
            member_id=seat.membership_id,
            chosen=chosen,
            brief=brief,
            is_client=is_client,
            has_rated=has_rated,
            was_there=came,
            question=question,
        )
        for (
            chosen,
            brief,
            is_client,
            has_rated,
            came,
            question,
            tutor,
        ), withdrawn_at, seat, triad, practice, cohort in (_PLACES.all(db, me=me.id))
    ]


def had_a_place(db: Session, at: AtPractice) -> bool:
    """Whether the person asking ever held a seat in a session."""
    return (
        db.scalar(
            select(Seat.id).where(Seat.practice_id == at.practice.id, Seat.membership_id == at.membership.id).limit(1)
        )
        is not None
    )


def _rounds_of(place: Place, turns: Sequence[Turn]) -> tuple[MyRound, ...]:
    """What the person is in each round of one session, said to them."""
    names: dict[tuple[int, str], list[str]] = defaultdict(list)
    mine: dict[int, Role] = {}
    for turn in turns:
        if turn.seat == place.seat_id:
            mine[turn.round] = turn.role
        else:
            names[turn.round, turn.role].append(turn.called)
    times: Sequence[Round] = round_times(place.starts_at, place.shape, max(mine, default=0) or None)
    return tuple(
        MyRound(
            number=clock.number,
            starts_at=clock.starts_at,
            ends_at=clock.ends_at,
            said=say_turn(
                mine[clock.number],
                place.labels,
                counsellor=next(iter(names[clock.number, "counsellor"]), ""),
                client=next(iter(names[clock.number, "client"]), ""),
                observers=[*names[clock.number, "observer"], *([first_name(place.tutor)] if place.tutor else [])],
            ),
        )
        for clock in times
        if clock.number in mine
    )


def next_place(places: Sequence[Place], now: datetime) -> Place | None:
    return next((place for place in places if not place.is_over(now) and not place.cancelled_at), None)


def last_place(places: Sequence[Place], now: datetime) -> Place | None:
    """The session that ended within the last day, if they were there as far as we know."""
    over = [p for p in places if p.is_over(now) and now < p.ends_at + JUST_OVER and p.was_there and not p.cancelled_at]
    return over[-1] if over else None


def still_waiting(cohorts: Iterable[CohortRow]) -> list[Waiting]:
    """Those whose plan has not been published."""
    return [Waiting(each.id, each.name) for each in cohorts if not each.published_at and not each.archived_at]


def groups_at(db: Session, at: AtPractice) -> list[Group]:
    """Who sits with whom in one session, for its tutors."""
    triads = db.execute(
        select(Triad.id, Triad.number, Triad.room, Triad.tutor_id)
        .where(Triad.practice_id == at.practice.id)
        .order_by(Triad.number)
    ).all()
    people = company(db, [triad.id for triad in triads]).people
    tutors = _names(db, [triad.tutor_id for triad in triads if triad.tutor_id])
    return [
        Group(
            triad.id,
            triad.number,
            triad.room,
            tuple(people[triad.id]),
            tutors.get(triad.tutor_id, ""),
        )
        for triad in triads
    ]


def met(db: Session, cohort_id: UUID) -> Counter[frozenset[str]]:
    """How often each pair has shared a group, or will: in every session that is not called off."""
    triads: dict[UUID, list[str]] = defaultdict(list)
    for triad_id, member in db.execute(
        select(Seat.triad_id, Seat.membership_id)
        .join(PracticeSession, PracticeSession.id == Seat.practice_id)
        .where(
            PracticeSession.cohort_id == cohort_id,
            PracticeSession.cancelled_at.is_(None),
            Seat.given_up_at.is_(None),
        )
    ):
        triads[triad_id].append(str(member))
    return Counter(frozenset(pair) for members in triads.values() for pair in combinations(members, 2))


def month_of(place: Place) -> date:
    """The first of the month a session lies in, for the calendar's headings."""
    return place.starts_at.astimezone(ZoneInfo(place.zone)).date().replace(day=1)


def _names(db: Session, members: Sequence[UUID]) -> dict[UUID | None, str]:
    if not members:
        return {}
    rows = db.execute(
        select(Membership.id, Person.name)
        .join(Person, Person.id == Membership.person_id)
        .where(Membership.id.in_(members))
    )
    return {row.id: row.name for row in rows}
