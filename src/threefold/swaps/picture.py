"""A term as far as places in it change hands: what people see before they ask somebody, or say yes or no."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from msgspec import json
from sqlalchemy import String, Uuid, and_, bindparam, cast, literal, null, or_, select, type_coerce, union_all
from sqlalchemy.orm import Session

from threefold.core.availability import How
from threefold.core.grouping import Pair, Person
from threefold.core.names import short_names
from threefold.core.roles import Role
from threefold.core.standing import Meeting, Place, Standing
from threefold.core.swaps import Request, Settled
from threefold.store.availability import availability_of
from threefold.store.columns import UtcDateTime
from threefold.store.ledger import Ledger, ledger
from threefold.store.prepared import Prepared
from threefold.store.rows import CohortRow
from threefold.store.tables import metadata


@dataclass(frozen=True, slots=True)
class Date:
    """A session as it is said to people."""

    id: UUID
    number: int
    meeting: Meeting
    place: str
    link: str

    @property
    def starts_at(self) -> datetime:
        return self.meeting.starts_at

    @property
    def ends_at(self) -> datetime:
        return self.meeting.ends_at

    @property
    def minutes(self) -> int:
        return int((self.ends_at - self.starts_at).total_seconds()) // 60


@dataclass(frozen=True, slots=True)
class Face:
    """Somebody of the cohort: what they are called there."""

    person_id: UUID
    name: str
    short: str
    pronouns: str


@dataclass(frozen=True)
class Picture:
    """A cohort's term as far as places change hands. `tutors`: whoever set it up comes first."""

    cohort: CohortRow
    now: datetime
    standing: Standing
    dates: Mapping[UUID, Date]
    rooms: Mapping[UUID, str]  # by triad
    faces: Mapping[Person, Face]
    tutors: tuple[Person, ...]
    requests: tuple[Request, ...]

    def called(self, person: Person) -> str:
        return self.faces[person].short

    @cached_property
    def tutor(self) -> str:
        """Whom people write to: the first of their tutors."""
        return self.called(self.tutors[0]) if self.tutors else "your tutor"

    def where(self, place: Place) -> str:
        return ", ".join(filter(None, (self.rooms[place.triad], self.dates[place.practice].place)))

    def open_for(self, seat: UUID) -> Request | None:
        """The question that waits for an answer about a seat."""
        return next((one for one in self.requests if one.seat == seat and one.settled_as is None), None)

    def not_to_ask(self, seat: UUID) -> frozenset[Person]:
        """Who said no, or nothing, for this seat before, and who is asked something just now."""
        return frozenset(
            one.asked
            for one in self.requests
            if one.settled_as is None or (one.seat == seat and one.settled_as is not Settled.TAKEN_BACK)
        )

    def minutes_planned(self, person: Person) -> int:
        """Minutes of every session of the term they have a place in."""
        held = (self.dates[place.practice] for place in self.standing.places_of.get(person, ()))
        return sum(date.minutes for date in held if not date.meeting.cancelled)

    def dates_without(self, person: Person) -> int:
        """How many sessions to come they have no place in."""
        ahead = [each for each in self.standing.meetings.values() if each.starts_at > self.now and not each.cancelled]
        return sum(not self.standing.sits_in(person, each.id) for each in ahead)


# --- the rows ---------------------------------------------------------------------------------------------------

_membership, _person, _seat, _practice, _triad, _withdrawal, _turn = (
    metadata.tables[name]
    for name in ("membership", "person", "seat", "practice_session", "triad", "withdrawal", "turn")
)
_away, _apart, _preference, _standby, _request, _plan = (
    metadata.tables[name] for name in ("away", "keep_apart", "preference", "standby", "swap_request", "plan")
)


@dataclass(frozen=True, slots=True)
class _Seated:
    """A member, with a seat they hold or gave up and their role in one of its rounds; None where there is none."""

    member: UUID
    role: str
    left_at: datetime | None
    person: UUID
    name: str
    pronouns: str
    seat: UUID | None
    practice: UUID
    triad: UUID
    given_up_at: datetime | None
    out_at: datetime | None
    back_at: datetime | None
    room: str
    number: int
    starts_at: datetime
    ends_at: datetime
    place: str
    link: str
    cancelled_at: datetime | None
    round: int | None
    turn: str

    @property
    def withdrawn(self) -> bool:
        return self.out_at is not None and self.back_at is None


_SEATED = Prepared(
    select(
        _membership.c.id, _membership.c.role, _membership.c.left_at, _person.c.id, _person.c.name, _person.c.pronouns,
        _seat.c.id, _seat.c.practice_id, _seat.c.triad_id, _seat.c.given_up_at, _withdrawal.c.at,
        _withdrawal.c.taken_back_at, _triad.c.room, _practice.c.number, _practice.c.starts_at, _practice.c.ends_at,
        _practice.c.place, _practice.c.link, _practice.c.cancelled_at, _turn.c.round, _turn.c.role,
    )
    .select_from(_membership)
    .join(_person, _person.c.id == _membership.c.person_id)
    .outerjoin(_seat, _seat.c.membership_id == _membership.c.id)
    .outerjoin(_practice, _practice.c.id == _seat.c.practice_id)
    .outerjoin(_triad, _triad.c.id == _seat.c.triad_id)
    .outerjoin(_withdrawal, _withdrawal.c.seat_id == _seat.c.id)
    .outerjoin(_turn, (_turn.c.seat_id == _seat.c.id) & (_turn.c.triad_id == _seat.c.triad_id))
    .where(_membership.c.cohort_id == bindparam("cohort"))
    .order_by(_person.c.name, _membership.c.id, _practice.c.starts_at, _turn.c.round),
    _Seated,
)  # fmt: skip
_theirs, _then = _membership.alias("theirs"), _practice.alias("then")
_NO_ID, _NO_TIME, _NO_WORD = cast(null(), Uuid(as_uuid=True)), cast(null(), UtcDateTime()), cast(null(), String())


def _said(kind: str, *ids: Any, at: Any = _NO_TIME, until: Any = _NO_TIME, word: Any = _NO_WORD) -> Any:
    four = (*ids, *[_NO_ID] * 4)[:4]
    return select(literal(kind, String()).label("kind"), *four, at, until, word)


_RULES = Prepared(
    union_all(
        _said("request", _request.c.id, _request.c.seat_id, _request.c.asked_id, _request.c.in_return_id,
              at=_request.c.asked_at, until=_request.c.expires_at, word=_request.c.settled_as)
        .select_from(_request).join(_membership, _membership.c.id == _request.c.asked_id)
        .where(_membership.c.cohort_id == bindparam("cohort")),
        _said("away", _away.c.membership_id, _away.c.practice_id)
        .select_from(_away).join(_practice, _practice.c.id == _away.c.practice_id)
        .where(_practice.c.cohort_id == bindparam("cohort")),
        _said("standby", _standby.c.membership_id, _standby.c.practice_id, at=_standby.c.since)
        .select_from(_standby).join(_practice, _practice.c.id == _standby.c.practice_id)
        .where(_practice.c.cohort_id == bindparam("cohort"), _standby.c.ended_at.is_(None)),
        _said("apart", _apart.c.one, _apart.c.other).where(_apart.c.cohort_id == bindparam("cohort")),
        _said("rests", _preference.c.membership_id, _preference.c.practice_id)
        .select_from(_preference).join(_membership, _membership.c.id == _preference.c.membership_id)
        .where(_membership.c.cohort_id == bindparam("cohort"), _preference.c.kind == "not_client",
               _preference.c.ended_at.is_(None)),
        _said("elsewhere", _membership.c.id, _practice.c.id)
        .select_from(_membership)
        .join(_theirs, _theirs.c.person_id == _membership.c.person_id)
        .join(_seat, _seat.c.membership_id == _theirs.c.id)
        .join(_then, _then.c.id == _seat.c.practice_id)
        .join(_practice, and_(_practice.c.starts_at < _then.c.ends_at, _then.c.starts_at < _practice.c.ends_at))
        .outerjoin(_withdrawal, _withdrawal.c.seat_id == _seat.c.id)
        .where(_membership.c.cohort_id == bindparam("cohort"), _practice.c.cohort_id == bindparam("cohort"),
               _theirs.c.cohort_id != bindparam("cohort"), _theirs.c.left_at.is_(None),
               _seat.c.given_up_at.is_(None), _then.c.cancelled_at.is_(None),
               or_(_withdrawal.c.at.is_(None), _withdrawal.c.taken_back_at.is_not(None))),
        _said("pins", word=type_coerce(_plan.c.pins, String()))
        .where(_plan.c.cohort_id == bindparam("cohort"), _plan.c.published_at.is_not(None)),
    ),
    lambda *cells: cells,
)  # fmt: skip


# --- putting them together ----------------------------------------------------------------------------------------


def look(db: Session, cohort: CohortRow, now: datetime) -> Picture:
    """The term as it stands, in four queries."""
    rows = _SEATED.all(db, cohort=cohort.id)
    rules: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    for kind, *cells in _RULES.all(db, cohort=cohort.id):
        rules[kind].append(tuple(cells))
    held = ledger(db, cohort, now)
    places, dates, rooms = _places(rows)
    here = [row for row in rows if row.left_at is None]
    short = short_names({str(row.member): row.name for row in rows})
    faces = {str(row.member): Face(row.person, row.name, short[str(row.member)], row.pronouns) for row in rows}
    teaching = [row for row in here if row.role == "tutor"]
    tutors = sorted({(row.person != cohort.created_by, row.name, str(row.member)) for row in teaching})
    people = frozenset(str(row.member) for row in here if row.role == "trainee")
    standing = Standing(
        meetings={id_: date.meeting for id_, date in dates.items()},
        places=places,
        people=people,
        met=_met(places, dates, held, now),
        turns=_turns(places, dates, held, now, cohort.practice_minutes),
        apart=frozenset(frozenset((str(one), str(other))) for one, other, *_ in rules["apart"]),
        away=frozenset((str(member), practice) for member, practice, *_ in rules["away"])
        | {(str(row.member), row.practice) for row in rows if row.given_up_at is not None and row.withdrawn},
        rests=frozenset(
            (str(member), each)
            for member, practice, *_ in rules["rests"]
            for each in ([practice] if practice else dates)
        ),
        elsewhere=frozenset((str(member), practice) for member, practice, *_ in rules["elsewhere"]),
        kept=_kept(rules["pins"], places, dates),
        standby=_standby_lists(rules["standby"]),
    )
    asker = {row.seat: str(row.member) for row in rows}
    requests = tuple(
        Request(id_, seat, asker[seat], str(asked), in_return, at, until, Settled(word) if word else None)
        for id_, seat, asked, in_return, at, until, word in rules["request"]
    )
    return Picture(cohort, now, standing, dates, rooms, faces, tuple(member for *_, member in tutors), requests)


def with_time(db: Session, picture: Picture, place: Place) -> Picture:
    """The same with what people said of this place's session, and its holder of every other; two queries."""
    standing, who = picture.standing, picture.faces
    said = availability_of(db, [who[person].person_id for person in standing.people])
    ahead = [each for each in standing.meetings.values() if each.starts_at > picture.now]
    free: dict[tuple[Person, UUID], How] = {}
    for person in standing.people:
        offered = said[who[person].person_id]
        for each in ahead:
            if each.id == place.practice or person == place.member:
                free[person, each.id] = offered.at(each.starts_at, each.ends_at)
    return replace(picture, standing=replace(standing, free=free))


def _places(rows: Sequence[_Seated]) -> tuple[dict[UUID, Place], dict[UUID, Date], dict[UUID, str]]:
    turns: dict[UUID, list[tuple[int, Role]]] = defaultdict(list)
    held: dict[UUID, _Seated] = {}
    dates: dict[UUID, Date] = {}
    for row in rows:
        if row.seat is None:
            continue
        if row.practice not in dates:
            meeting = Meeting(row.practice, row.starts_at, row.ends_at, row.cancelled_at is not None)
            dates[row.practice] = Date(row.practice, row.number, meeting, row.place, row.link)
        if row.given_up_at is None:
            held[row.seat] = row
            if row.round is not None:
                turns[row.seat].append((row.round, Role(row.turn)))
    places = {
        seat: Place(seat, str(row.member), row.practice, row.triad, tuple(turns[seat]), row.withdrawn)
        for seat, row in held.items()
    }
    return places, dates, {row.triad: row.room for row in held.values()}


def _met(places: Mapping[UUID, Place], dates: Mapping[UUID, Date], held: Ledger, now: datetime) -> Mapping[Pair, int]:
    together: dict[UUID, list[Person]] = defaultdict(list)
    for place in _ahead(places, dates, now):
        together[place.triad].append(place.member)
    planned = Counter(
        frozenset((one, other)) for sit in together.values() for n, one in enumerate(sit) for other in sit[:n]
    )
    planned.update(held.met)
    return planned


def _turns(
    places: Mapping[UUID, Place], dates: Mapping[UUID, Date], held: Ledger, now: datetime, minutes: int
) -> Mapping[Person, Mapping[Role, int]]:
    """Rounds: those held as so many of the usual length, and those planned."""
    found: dict[Person, Counter[Role]] = defaultdict(Counter)
    for person, served in held.served.items():
        found[person].update({role: round(spent / minutes) for role, spent in served.items()})
    for place in _ahead(places, dates, now):
        found[place.member].update(role for _, role in place.roles)
    return found


def _ahead(places: Mapping[UUID, Place], dates: Mapping[UUID, Date], now: datetime) -> Iterable[Place]:
    for place in places.values():
        meeting = dates[place.practice].meeting
        if meeting.starts_at > now and not meeting.cancelled:
            yield place


def _kept(pins: Sequence[tuple[Any, ...]], places: Mapping[UUID, Place], dates: Mapping[UUID, Date]) -> frozenset[UUID]:
    """The triads that are pinned groups still. A pin names its session by its place when the plan was published."""
    wanted = {(session + 1, frozenset(members)) for *_, said in pins for session, members in json.decode(said or "[]")}
    if not wanted:
        return frozenset()
    sitting: dict[tuple[int, UUID], set[Person]] = defaultdict(set)
    for place in places.values():
        sitting[dates[place.practice].number, place.triad].add(place.member)
    return frozenset(triad for (number, triad), who in sitting.items() if (number, frozenset(who)) in wanted)


def _standby_lists(rows: Sequence[tuple[Any, ...]]) -> Mapping[UUID, tuple[Person, ...]]:
    """By session, who has been on the list longest first."""
    found: dict[UUID, tuple[Person, ...]] = {}
    for member, practice, _, _, _since, *_ in sorted(rows, key=lambda row: (row[4], row[0])):
        found[practice] = (*found.get(practice, ()), str(member))
    return found
