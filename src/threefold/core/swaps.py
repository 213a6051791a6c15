"""Places that change hands: what somebody who can't make a session may ask of whom, what that would change, and
whether it may still be so when the answer comes. Nobody is ever asked why.

Keep-apart rules, pinned groups and what people said of their time are honoured by leaving a way out, in silence.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property
from uuid import UUID

from threefold.core.availability import How
from threefold.core.grouping import Pair, Person
from threefold.core.roles import Role
from threefold.core.triad import LATE_MINUTES

MOST_WAYS = 3  # besides letting the tutor know
MOST_COVERS = 1
LEAST_TO_ANSWER = timedelta(hours=1)
LATE_HOURS = LATE_MINUTES // 60
OFTEN = 3  # from the third meeting on it is said
STEP_IN = (timedelta(minutes=15), timedelta(hours=4))  # the least and the most that somebody on standby has to answer


class Kind(StrEnum):
    """A place for a place, or a place for nothing."""

    SWAP = "swap"
    COVER = "cover"


class Settled(StrEnum):
    """What became of a request."""

    ACCEPTED = "accepted"
    DECLINED = "declined"
    EXPIRED = "expired"
    TAKEN_BACK = "taken_back"
    OVERTAKEN = "overtaken"


class Over(StrEnum):
    """Why a request can't be answered with yes any more."""

    ACCEPTED = "accepted"
    DECLINED = "declined"
    EXPIRED = "expired"
    TAKEN_BACK = "taken_back"
    HELD = "held"  # a session of the two has begun
    CALLED_OFF = "called_off"
    PASSED_ON = "passed_on"  # the asker's place is theirs no longer, or is no longer to be given
    GIVEN_UP = "given_up"  # the place in return is no longer the asked person's
    SITTING = "sitting"  # whoever would take a place has one in that session
    NO_LONGER = "no_longer"  # everything else, which is nobody's to know


@dataclass(frozen=True, slots=True)
class Meeting:
    """A session, by its moments in UTC."""

    id: UUID
    starts_at: datetime
    ends_at: datetime
    cancelled: bool = False

    def overlaps(self, other: "Meeting") -> bool:
        return self.starts_at < other.ends_at and other.starts_at < self.ends_at


@dataclass(frozen=True, slots=True)
class Place:
    """A seat that somebody holds; `roles` are (round, role). `withdrawn`: its holder has said that they can't come."""

    seat: UUID
    member: Person
    practice: UUID
    triad: UUID
    roles: tuple[tuple[int, Role], ...] = ()
    withdrawn: bool = False


@dataclass(frozen=True)
class Standing:
    """A term as it stands, as far as places in it can change hands.

    `people` are its trainees. `met` and `turns` are counted over the whole term: what happened, and what is planned.
    `away`: (person, session) of those who said so beforehand, or gave their place up. `rests`: nobody's client there.
    `kept` are triads that a tutor wants as they are. `free` is what people said of a session's time.
    """

    meetings: Mapping[UUID, Meeting]
    places: Mapping[UUID, Place]
    people: AbstractSet[Person]
    met: Mapping[Pair, int] = field(default_factory=dict)
    turns: Mapping[Person, Mapping[Role, int]] = field(default_factory=dict)
    apart: AbstractSet[Pair] = frozenset()
    away: AbstractSet[tuple[Person, UUID]] = frozenset()
    rests: AbstractSet[tuple[Person, UUID]] = frozenset()
    kept: AbstractSet[UUID] = frozenset()
    free: Mapping[tuple[Person, UUID], How] = field(default_factory=dict)
    standby: Mapping[UUID, tuple[Person, ...]] = field(default_factory=dict)

    @cached_property
    def places_of(self) -> Mapping[Person, tuple[Place, ...]]:
        found: dict[Person, tuple[Place, ...]] = {}
        for place in self.places.values():
            found[place.member] = (*found.get(place.member, ()), place)
        return found

    @cached_property
    def sitting_in(self) -> Mapping[UUID, tuple[Person, ...]]:
        """Who sits in each triad."""
        found: dict[UUID, tuple[Person, ...]] = {}
        for place in self.places.values():
            found[place.triad] = (*found.get(place.triad, ()), place.member)
        return found

    def others(self, place: Place) -> tuple[Person, ...]:
        return tuple(each for each in self.sitting_in.get(place.triad, ()) if each != place.member)

    def sits_in(self, person: Person, practice: UUID) -> bool:
        return any(place.practice == practice for place in self.places_of.get(person, ()))


@dataclass(frozen=True)
class Effects:
    """What a change of places does. `lost`: pairs who would not meet this term any more; `often`: pairs who would meet
    for the third time or more, and which time; `firsts`: pairs who would meet who else would not. `uneven`: people
    whose turns would be shared less evenly. `turns`: what the two would have over the term.
    """

    lost: tuple[Pair, ...]
    often: tuple[tuple[Pair, int], ...]
    firsts: tuple[Pair, ...]
    uneven: tuple[Person, ...]
    turns: Mapping[Person, Mapping[Role, int]]

    @property
    def nothing_lost(self) -> bool:
        return not (self.lost or self.often or self.uneven)

    @property
    def cost(self) -> int:
        """Smaller is fairer: people who miss each other and turns weigh more than meeting once more."""
        return 2 * len(self.lost) + sum(times - OFTEN + 1 for _, times in self.often) + 2 * len(self.uneven)


@dataclass(frozen=True)
class Way:
    """Somebody who could be asked. `in_return` is the place they would give; None where they give none."""

    member: Person
    in_return: Place | None
    answer_by: datetime
    free: How
    standby: bool
    effects: Effects

    @property
    def kind(self) -> Kind:
        return Kind.SWAP if self.in_return else Kind.COVER

    @property
    def seat_in_return(self) -> UUID | None:
        return self.in_return.seat if self.in_return else None


@dataclass(frozen=True)
class Request:
    """Somebody was asked to take a seat, giving another for it, or none. `for_standby`: nobody asked but the list."""

    id: UUID
    seat: UUID
    asker: Person
    asked: Person
    in_return: UUID | None
    asked_at: datetime
    expires_at: datetime
    settled_as: Settled | None = None


# --- when ------------------------------------------------------------------------------------------------------


def is_late(starts_at: datetime, notice_hours: int, now: datetime) -> bool:
    """Whether it is within the cohort's notice period."""
    return starts_at - now < timedelta(hours=notice_hours)


def is_very_late(starts_at: datetime, now: datetime) -> bool:
    """Whether it is so near that a call helps as well."""
    return starts_at - now < timedelta(hours=LATE_HOURS)


def answer_by(starts_at: datetime, notice_hours: int, now: datetime) -> datetime:
    """By when somebody has to answer: the notice period before it starts; nearer to it where too little is left."""
    for hours in (notice_hours, LATE_HOURS):
        by = starts_at - timedelta(hours=hours)
        if by - now >= LEAST_TO_ANSWER:
            return by
    return starts_at


def step_in_by(starts_at: datetime, now: datetime) -> datetime:
    """How long somebody on the standby list is asked before the next one is: half of what is left, within bounds."""
    least, most = STEP_IN
    return min(starts_at, now + max(least, min(most, (starts_at - now) / 2)))


# --- who -------------------------------------------------------------------------------------------------------


def ways(
    standing: Standing, seat: UUID, *, notice_hours: int, now: datetime, not_these: AbstractSet[Person] = frozenset()
) -> tuple[Way, ...]:
    """The best few people to ask, fairest first; () where there is nobody, or the place is not held any more.

    `not_these` have been asked for it, or are asked something just now. Weeks are swapped only while there is time for
    the usual answer. Somebody on the standby list, or who has no other place to give, is asked for nothing in return.
    """
    place = standing.places.get(seat)
    if place is None or place.withdrawn or not _is_on(standing, place.practice, now) or place.triad in standing.kept:
        return ()
    asker, begins = place.member, standing.meetings[place.practice].starts_at
    swaps, covers = [], []
    for person in sorted(standing.people - not_these - {asker}):
        if not (_takes(standing, person, place) and _known_to_suit(standing, person, place.practice)):
            continue
        free = standing.free.get((person, place.practice), How.UNKNOWN)
        on_standby = person in standing.standby.get(place.practice, ())
        given = [] if on_standby else list(_given(standing, place, person, notice_hours, now))
        swaps += [
            (_rank(way, standing, begins), way)
            for way in (
                Way(person, other, by, free, False, effects(standing, place, person, other)) for other, by in given
            )
        ]
        if on_standby or not _has_any_to_give(standing, place, person, notice_hours, now):
            by = answer_by(begins, notice_hours, now)
            way = Way(person, None, by, free, on_standby, effects(standing, place, person, None))
            covers.append(((not on_standby, *_rank(way, standing, begins)), way))
    best_covers = [way for _, way in sorted(covers, key=lambda each: each[0])][:MOST_COVERS]
    best_swaps: dict[Person, Way] = {}
    for _, way in sorted(swaps, key=lambda each: each[0]):
        best_swaps.setdefault(way.member, way)
    return (*list(best_swaps.values())[: MOST_WAYS - len(best_covers)], *best_covers)


def next_on_standby(standing: Standing, seat: UUID, asked: AbstractSet[Person], now: datetime) -> Person | None:
    """Who on the standby list is asked next for a place that its holder can't take; the longest there first."""
    place = standing.places.get(seat)
    if place is None or not place.withdrawn or not _is_on(standing, place.practice, now):
        return None
    waiting = standing.standby.get(place.practice, ())
    return next((one for one in waiting if one not in asked and _takes(standing, one, place)), None)


def _given(
    standing: Standing, place: Place, person: Person, notice_hours: int, now: datetime
) -> Iterator[tuple[Place, datetime]]:
    """What this person could give for the place, and by when they would have to say so."""
    begins = standing.meetings[place.practice].starts_at
    for other in standing.places_of.get(person, ()):
        if other.withdrawn or other.triad in standing.kept or not _is_on(standing, other.practice, now):
            continue
        if not _swap_fits(standing, place, other) or not _known_to_suit(standing, place.member, other.practice):
            continue
        by = _by(begins, standing.meetings[other.practice].starts_at, notice_hours)
        if by - now >= LEAST_TO_ANSWER:
            yield other, by


def _has_any_to_give(standing: Standing, place: Place, person: Person, notice_hours: int, now: datetime) -> bool:
    """Whether they have a place in a session the asker has none in. Rules are not looked at: who is left out of a swap
    by one is left out altogether, since being asked for something else would tell that there is one.
    """
    begins = standing.meetings[place.practice].starts_at
    return any(
        _is_on(standing, other.practice, now)
        and not standing.sits_in(place.member, other.practice)
        and _by(begins, standing.meetings[other.practice].starts_at, notice_hours) - now >= LEAST_TO_ANSWER
        for other in standing.places_of.get(person, ())
    )


def _by(one: datetime, other: datetime, notice_hours: int) -> datetime:
    """By when a swap of two sessions has to be settled: the notice period before the earlier one."""
    return min(one, other) - timedelta(hours=notice_hours)


def _rank(way: Way, standing: Standing, begins: datetime) -> tuple[int, int, timedelta, Person]:
    apart = abs(standing.meetings[way.in_return.practice].starts_at - begins) if way.in_return else timedelta()
    sureness = {How.FREE: 0, How.IF_NEEDED: 1}.get(way.free, 2)
    return sureness, way.effects.cost, apart, way.member


def _known_to_suit(standing: Standing, person: Person, practice: UUID) -> bool:
    """Nothing that they have said is against it."""
    said = standing.free.get((person, practice), How.UNKNOWN)
    return (person, practice) not in standing.away and said is not How.NOT_FREE


def _swap_fits(standing: Standing, place: Place, other: Place) -> bool:
    return _takes(standing, other.member, place, leaving=other) and _takes(standing, place.member, other, leaving=place)


def _takes(standing: Standing, person: Person, place: Place, *, leaving: Place | None = None) -> bool:
    """Whether somebody can take a place: they have none then, and neither rules nor choices stand against it."""
    meeting = standing.meetings[place.practice]
    at_the_time = any(
        standing.meetings[held.practice].overlaps(meeting)
        for held in standing.places_of.get(person, ())
        if leaving is None or held.seat != leaving.seat
    )
    client = any(role is Role.CLIENT for _, role in place.roles)
    return (
        person in standing.people
        and not at_the_time
        and not standing.sits_in(person, place.practice)
        and not (client and (person, place.practice) in standing.rests)
        and not any(frozenset((person, other)) in standing.apart for other in standing.others(place))
    )


def _is_on(standing: Standing, practice: UUID, now: datetime) -> bool:
    meeting = standing.meetings.get(practice)
    return meeting is not None and not meeting.cancelled and now < meeting.starts_at


# --- what it changes -------------------------------------------------------------------------------------------


def effects(standing: Standing, place: Place, taker: Person, in_return: Place | None) -> Effects:
    """What it would do if `taker` took this place, and its holder the one in return."""
    asker = place.member
    change: Counter[Pair] = Counter()
    for other in standing.others(place):
        change[frozenset((asker, other))] -= 1
        change[frozenset((taker, other))] += 1
    for other in standing.others(in_return) if in_return else ():
        change[frozenset((taker, other))] -= 1
        change[frozenset((asker, other))] += 1
    after = {pair: (standing.met.get(pair, 0), standing.met.get(pair, 0) + by) for pair, by in change.items() if by}
    turns = {
        asker: _turns(standing, asker, place, in_return),
        taker: _turns(standing, taker, in_return, place),
    }
    return Effects(
        lost=_in_order(pair for pair, (was, now) in after.items() if was > 0 >= now),
        often=tuple(
            (pair, after[pair][1]) for pair in _in_order(p for p, (w, n) in after.items() if n >= OFTEN and n > w)
        ),
        firsts=_in_order(pair for pair, (was, now) in after.items() if now > 0 >= was),
        uneven=tuple(who for who in (asker, taker) if _is_less_even(standing.turns.get(who, {}), turns[who])),
        turns=turns,
    )


def _turns(standing: Standing, person: Person, gives: Place | None, takes: Place | None) -> Mapping[Role, int]:
    now = Counter({role: standing.turns.get(person, {}).get(role, 0) for role in Role})
    now.subtract(role for _, role in (gives.roles if gives else ()))
    now.update(role for _, role in (takes.roles if takes else ()))
    return {role: max(0, now[role]) for role in Role}


def _is_less_even(before: Mapping[Role, int], after: Mapping[Role, int]) -> bool:
    was, now = (max(each.get(r, 0) for r in Role) - min(each.get(r, 0) for r in Role) for each in (before, after))
    return now > max(1, was)


def _in_order(pairs: Iterator[Pair]) -> tuple[Pair, ...]:
    return tuple(sorted(pairs, key=sorted))


# --- whether it may still be so ---------------------------------------------------------------------------------


def why_over(standing: Standing, request: Request, now: datetime) -> Over | None:
    """Why a request can't be accepted any more; None while it can.

    Time and availability are the asked person's to judge once they say yes; rules are looked at again.
    """
    if request.settled_as is not None and request.settled_as is not Settled.OVERTAKEN:
        return Over(request.settled_as.value)
    place = standing.places.get(request.seat)
    other = standing.places.get(request.in_return) if request.in_return else None
    concerned = [each.practice for each in (place, other) if each]
    if any(standing.meetings[practice].cancelled for practice in concerned):
        return Over.CALLED_OFF
    if any(now >= standing.meetings[practice].starts_at for practice in concerned):
        return Over.HELD
    if place is None or place.member != request.asker:
        return Over.PASSED_ON
    if request.in_return and (other is None or other.member != request.asked or other.withdrawn):
        return Over.GIVEN_UP
    if standing.sits_in(request.asked, place.practice):
        return Over.SITTING
    if request.settled_as:
        return Over.NO_LONGER
    if now >= request.expires_at:
        return Over.EXPIRED
    fits = _swap_fits(standing, place, other) if other else _takes(standing, request.asked, place)
    return None if fits else Over.NO_LONGER


def settles_as(over: Over) -> Settled:
    """How a request that is over is kept."""
    return Settled.EXPIRED if over is Over.EXPIRED else Settled.OVERTAKEN
