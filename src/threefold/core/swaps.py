"""Places that change hands: what somebody who can't make a session may ask of whom, what that would change, and
whether it may still be so when the answer comes. Nobody is ever asked why.

Keep-apart rules, pinned groups and what people said of their time are honoured by leaving a way out, in silence.
"""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from threefold.core.availability import How
from threefold.core.grouping import Person
from threefold.core.standing import Effects, Place, Standing, effects
from threefold.core.triad import LATE_MINUTES

MOST_WAYS = 3  # besides letting the tutor know
MOST_COVERS = 1
LEAST_TO_ANSWER = timedelta(hours=1)
LATE_HOURS = LATE_MINUTES // 60
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
    if place is None or place.withdrawn or not standing.is_on(place.practice, now) or place.triad in standing.kept:
        return ()
    asker, begins = place.member, standing.meetings[place.practice].starts_at
    swaps, covers = [], []
    for person in sorted(standing.people - not_these - {asker}):
        if not (standing.takes(person, place) and _known_to_suit(standing, person, place.practice)):
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
    if place is None or not place.withdrawn or not standing.is_on(place.practice, now):
        return None
    waiting = standing.standby.get(place.practice, ())
    return next((one for one in waiting if one not in asked and standing.takes(one, place)), None)


def _given(
    standing: Standing, place: Place, person: Person, notice_hours: int, now: datetime
) -> Iterator[tuple[Place, datetime]]:
    """What this person could give for the place, and by when they would have to say so."""
    begins = standing.meetings[place.practice].starts_at
    for other in standing.places_of.get(person, ()):
        if other.withdrawn or other.triad in standing.kept or not standing.is_on(other.practice, now):
            continue
        if not standing.swap_fits(place, other) or not _known_to_suit(standing, place.member, other.practice):
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
        standing.is_on(other.practice, now)
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


# --- whether it may still be so ---------------------------------------------------------------------------------


def why_over(standing: Standing, request: Request, now: datetime) -> Over | None:
    """Why a request can't be accepted any more; None while it can.

    Time and availability are the asked person's to judge once they say yes; rules are looked at again.
    """
    if request.settled_as is not None and request.settled_as is not Settled.OVERTAKEN:
        return Over(request.settled_as.value)
    place = standing.places.get(request.seat)
    other = standing.places.get(request.in_return) if request.in_return else None
    meetings = [standing.meetings[each.practice] for each in (place, other) if each]
    if any(meeting.cancelled for meeting in meetings):
        return Over.CALLED_OFF
    if any(now >= meeting.starts_at for meeting in meetings):
        return Over.HELD
    if place is None or place.member != request.asker:
        return Over.PASSED_ON
    if request.in_return and (other is None or other.member != request.asked or other.withdrawn):
        return Over.GIVEN_UP
    return _stands_against(standing, request, place, other, now)


def _stands_against(
    standing: Standing, request: Request, place: Place, other: Place | None, now: datetime
) -> Over | None:
    """The same where both places are still there to change hands."""
    if standing.sits_in(request.asked, place.practice):
        return Over.SITTING
    if now >= request.expires_at and not request.settled_as:
        return Over.EXPIRED
    fits = standing.swap_fits(place, other) if other else standing.takes(request.asked, place)
    return None if fits and not request.settled_as else Over.NO_LONGER


def settles_as(over: Over) -> Settled:
    """How a request that is over is kept."""
    return Settled.EXPIRED if over is Over.EXPIRED else Settled.OVERTAKEN
