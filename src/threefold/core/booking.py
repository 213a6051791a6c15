"""Booking extra practice: who may take which place, who is asked first, and what becomes of a triad that is not full.

A time has room for so many triads. Somebody starts one and others join it; its turns are laid out once it is full, or
once it is settled that two go ahead. A place that comes free is offered to those who wait for it, one after the other,
and the third seat of a new triad for a short while to whom it helps most.

Two who are kept apart never meet here, and neither can tell: the triad of the one is to the other like any that is
full, on the page and in the answer to whoever tries all the same.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import permutations
from uuid import UUID

from threefold.core.refusal import Refusal
from threefold.core.roles import Role, Turning, turns

TRIAD = 3
DAY_BEFORE = timedelta(days=1)  # when it is first looked at whether there are three
AT_LAST = timedelta(hours=2)  # and for the last time, where somebody came or went after that
OFFER_LASTS = timedelta(hours=12)
HEAD_START = timedelta(hours=2)

TAKEN = "That seat has just been taken."
BEGUN = "That session has begun already."
CALLED_OFF = "That session has been called off."
TOO_SOON = "It begins too soon to find two others for it."
ELSEWHERE = "You’re booked somewhere else at that time."
ENOUGH = "You’ve booked as often as you can in that week, so that everybody gets a turn."
NO_WAY_IN = "None of its rooms has what you’ve said you need. Your tutor can help."
NOT_YOURS_NOW = "That place has been offered to somebody else meanwhile. You’re still on the list."
TOO_LATE_TO_LEAVE = "It begins so soon that the others count on you. Tell your tutor if you can’t come."


class IfTwo(StrEnum):
    """What becomes of two who found no third."""

    GO_AHEAD = "go_ahead"
    CALL_OFF = "call_off"


class Settled(StrEnum):
    """How somebody's waiting came to an end."""

    TAKEN = "taken"
    DECLINED = "declined"
    EXPIRED = "expired"
    LEFT = "left"
    OVERTAKEN = "overtaken"


@dataclass(frozen=True, slots=True)
class Circle:
    """A triad at one time. `members` (memberships) stand by position; `settled`: its turns are laid out.

    `since`: when somebody last came or went. `access`: what its room has.
    """

    id: UUID
    number: int
    members: Mapping[int, UUID]
    settled: bool
    since: datetime
    places: int = TRIAD
    access: frozenset[str] = frozenset()

    @property
    def who(self) -> tuple[UUID, ...]:
        """Its people in the order of their places."""
        return tuple(self.members[place] for place in sorted(self.members))

    @property
    def first_free(self) -> int | None:
        return next((place for place in range(self.places) if place not in self.members), None)


@dataclass(frozen=True, slots=True)
class Waits:
    """Somebody waits for a place at a time; once it is offered, until `expires_at` it is held for them in `circle`."""

    id: UUID
    member: UUID
    since: datetime
    circle: UUID | None = None
    expires_at: datetime | None = None

    def holds(self, now: datetime) -> bool:
        return self.circle is not None and self.expires_at is not None and now < self.expires_at

    def has_expired(self, now: datetime) -> bool:
        return self.expires_at is not None and now >= self.expires_at


@dataclass(frozen=True, slots=True)
class Time:
    """One time of a window, as it stands. `rooms`: what each room has, in the order triads take them; () for none."""

    id: UUID
    starts_at: datetime
    ends_at: datetime
    at_once: int
    most_each: int
    if_two: IfTwo
    steps_out_until: int  # hours before the start
    circles: tuple[Circle, ...]
    waiting: tuple[Waits, ...] = ()
    cancelled: bool = False
    rooms: tuple[frozenset[str], ...] = ()

    @property
    def last_look(self) -> datetime:
        return self.starts_at - AT_LAST

    @property
    def can_leave_until(self) -> datetime:
        return self.starts_at - timedelta(hours=self.steps_out_until)

    def circle_of(self, member: UUID) -> Circle | None:
        return next((circle for circle in self.circles if member in circle.members.values()), None)

    def waits(self, member: UUID) -> Waits | None:
        return next((one for one in self.waiting if one.member == member), None)

    def held(self, circle: Circle, now: datetime) -> tuple[UUID, ...]:
        """For whom places in this triad are kept just now."""
        return tuple(one.member for one in self.waiting if one.circle == circle.id and one.holds(now))

    def room_for_another(self) -> int | None:
        """The number of a triad that could be started here, None where there is no room for one more."""
        taken = {circle.number for circle in self.circles if circle.members}
        return next((number for number in range(1, self.at_once + 1) if number not in taken), None)

    def access_of(self, number: int) -> frozenset[str]:
        """What the room of a triad has. Without rooms of its own a place is taken to have what is needed."""
        return self.rooms[number - 1] if number <= len(self.rooms) else frozenset()


@dataclass(frozen=True, slots=True)
class Someone:
    """What stands in somebody's way at one time: another seat then, enough bookings that week, whom they never meet.

    `needs`: what they need of a room.
    """

    member: UUID
    elsewhere: bool = False
    booked: int = 0
    apart: frozenset[UUID] = frozenset()
    needs: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Taking:
    """A place that somebody gets: in a triad that is there, or in a new one with this number."""

    circle: Circle | None
    number: int
    position: int
    fills: bool  # its turns can be laid out now


# --- taking a place -------------------------------------------------------------------------------------------------


def in_the_way(time: Time, who: Someone, now: datetime) -> str:
    """Why somebody could take no place at this time at all, "" where they could if there is one."""
    if time.cancelled:
        return CALLED_OFF
    if now >= time.starts_at:
        return BEGUN
    if who.elsewhere:
        return ELSEWHERE
    return ENOUGH if who.booked >= time.most_each and time.circle_of(who.member) is None else ""


def is_open_to(time: Time, circle: Circle, who: Someone, now: datetime) -> bool:
    """Whether this triad has a place for this person: free, held for nobody else, with nobody they never meet."""
    others = [member for member in time.held(circle, now) if member != who.member]
    free = circle.places - len(circle.members) - len(others)
    if free < 1 or not circle.members or who.member in circle.members.values():
        return False
    if not who.apart.isdisjoint([*circle.members.values(), *others]) or not _suits(time, circle.number, who):
        return False
    return now < time.last_look or len(circle.members) + 1 == circle.places


def can_start(time: Time, who: Someone, now: datetime) -> bool:
    number = _room_for(time, who)
    return number is not None and now < time.last_look


def _room_for(time: Time, who: Someone) -> int | None:
    taken = {circle.number for circle in time.circles if circle.members}
    free = [number for number in range(1, time.at_once + 1) if number not in taken]
    return next((number for number in free if _suits(time, number, who)), None)


def _suits(time: Time, number: int, who: Someone) -> bool:
    return not time.rooms or who.needs <= time.access_of(number)


def join(time: Time, who: Someone, circle_id: UUID, now: datetime) -> Taking | Refusal:
    """A place in this very triad. Whoever sits in it already keeps their place: that is no refusal (see `Taking`)."""
    if reason := in_the_way(time, who, now):
        return Refusal.because(reason)
    circle = next((each for each in time.circles if each.id == circle_id), None)
    if time.circle_of(who.member) is not None or circle is None or not is_open_to(time, circle, who, now):
        return Refusal.because(TAKEN)
    return _into(circle)


def start(time: Time, who: Someone, now: datetime) -> Taking | Refusal:
    """A triad of their own, which others can join."""
    if reason := in_the_way(time, who, now):
        return Refusal.because(reason)
    if now >= time.last_look:
        return Refusal.because(TOO_SOON)
    number = _room_for(time, who)
    if time.circle_of(who.member) is not None or number is None:
        unsuited = number is None and time.room_for_another() is not None
        return Refusal.because(NO_WAY_IN if unsuited else TAKEN)
    empty = next((each for each in time.circles if each.number == number), None)
    return Taking(empty, number, 0, fills=False)


def wherever(time: Time, who: Someone, now: datetime) -> Taking | Refusal:
    """Any place at this time: what completes a triad comes first, then what brings one further, then a new one."""
    if reason := in_the_way(time, who, now):
        return Refusal.because(reason)
    if time.circle_of(who.member) is not None:
        return Refusal.because(TAKEN)
    fullest = sorted(time.circles, key=lambda each: (-len(each.members), each.number))
    found = next((each for each in fullest if is_open_to(time, each, who, now)), None)
    return _into(found) if found else start(time, who, now)


def _into(circle: Circle) -> Taking:
    position = circle.first_free
    if position is None:
        raise ValueError("a full triad is open to nobody")
    return Taking(circle, circle.number, position, fills=len(circle.members) + 1 == circle.places)


def step_out(time: Time, member: UUID, now: datetime) -> Refusal | None:
    """Whether somebody may still give their place up here; later it is "I can't make it", which the tutor sorts."""
    if time.cancelled:
        return Refusal.because(CALLED_OFF)
    if now >= time.starts_at:
        return Refusal.because(BEGUN)
    if time.circle_of(member) is not None and now >= time.can_leave_until:
        return Refusal.because(TOO_LATE_TO_LEAVE)
    return None


# --- what follows by itself -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Offering:
    """A place offered to somebody who waits, or (without `waits`) to somebody it would help most."""

    member: UUID
    circle: UUID
    expires_at: datetime
    waits: UUID | None = None


@dataclass(frozen=True, slots=True)
class Follows:
    """What has to be done at a time as it stands now, in this order: the clerk does it, and whoever books there."""

    expired: tuple[UUID, ...] = ()  # of those who wait
    called_off: tuple[Circle, ...] = ()
    ahead: tuple[Circle, ...] = ()  # go ahead as two
    offers: tuple[Offering, ...] = field(default=())

    def __bool__(self) -> bool:
        return bool(self.expired or self.called_off or self.ahead or self.offers)


def needed_by(time: Time, circle: Circle) -> datetime:
    """When it is decided whether a triad that is not full is held: a day before, or two hours before where somebody
    came or went after that.
    """
    first = time.starts_at - DAY_BEFORE
    return first if circle.since < first else time.last_look


def follows(time: Time, people: Mapping[UUID, Someone], now: datetime) -> Follows:
    """Offers that have expired, triads that are decided on, and places to offer to those who wait, in their order.

    `people` are those who wait. Each is offered one place at a time; who cannot take it is passed over and keeps
    their place in the list.
    """
    if time.cancelled or now >= time.starts_at:
        return Follows(expired=tuple(one.id for one in time.waiting))
    expired = tuple(one.id for one in time.waiting if one.has_expired(now))
    called_off, ahead = [], []
    for circle in time.circles:
        if not circle.members or circle.settled or now < needed_by(time, circle):
            continue
        if len(circle.members) == TRIAD - 1 and time.if_two is IfTwo.GO_AHEAD:
            ahead.append(circle)
        else:
            called_off.append(circle)
    gone = {circle.id for circle in called_off}
    offers: list[Offering] = []
    held = [one.circle for one in time.waiting if one.holds(now)]
    for one in sorted(time.waiting, key=lambda each: (each.since, each.id)):
        if one.expires_at is not None or (who := people.get(one.member)) is None or in_the_way(time, who, now):
            continue
        for circle in sorted(time.circles, key=lambda each: (-len(each.members), each.number)):
            taken = held.count(circle.id) + sum(offer.circle == circle.id for offer in offers)
            if circle.id in gone or circle.places - len(circle.members) - taken < 1:
                continue
            if is_open_to(time, circle, who, now):
                offers.append(Offering(one.member, circle.id, offer_ends(time, now), one.id))
                break
    return Follows(expired, tuple(called_off), tuple(ahead), tuple(offers))


def offer_ends(time: Time, now: datetime) -> datetime:
    """Half a day, and never more than half of the time that is left."""
    return min(now + OFFER_LASTS, now + (time.starts_at - now) / 2)


def keeps_a_seat(time: Time, now: datetime) -> bool:
    """Whether the third seat of a new triad can be kept for anybody here: not where somebody waits already, or where
    the day before is near.
    """
    return not time.waiting and now + HEAD_START <= time.starts_at - DAY_BEFORE


def head_start(
    time: Time, circle: Circle, candidates: Sequence[tuple[Someone, int, int]], now: datetime
) -> Offering | None:
    """For whom the third seat is kept a short while: (who, turns owed, times they sat with these two).

    Whoever is owed most, of those whoever has met the two least; nobody where nobody is owed anything, or where no
    seat is kept (see `keeps_a_seat`).
    """
    if len(circle.members) != circle.places - 1 or not keeps_a_seat(time, now):
        return None
    fit = [
        (-owed, met, place)
        for place, (who, owed, met) in enumerate(candidates)
        if owed > 0 and not in_the_way(time, who, now) and is_open_to(time, circle, who, now)
    ]
    return Offering(candidates[min(fit)[2]][0].member, circle.id, now + HEAD_START) if fit else None


# --- roles owed -----------------------------------------------------------------------------------------------------


def owed(served: Mapping[Role, int], minutes: int) -> dict[Role, int]:
    """Turns somebody is behind in each role, beside the one they held most; `served` in minutes, a turn's given."""
    had = turns_so_far(served, minutes)
    most = max(had.values())
    return {role: most - count for role, count in had.items()}


def turns_so_far(served: Mapping[Role, int], minutes: int) -> dict[Role, int]:
    return {role: round(served.get(role, 0) / max(1, minutes)) for role in Role}


def in_order(
    members: Sequence[UUID], owed_to: Mapping[UUID, Mapping[Role, int]], turning: Turning = Turning.CLIENT_RESTS
) -> tuple[UUID, ...]:
    """The order in which people take the counsellor's place, so that as many as can be begin with what they are owed.

    Among equals the order given is kept.
    """

    def made_up(order: tuple[int, ...]) -> int:
        first = turns([members[place] for place in order], turning)[0]
        return sum(owed_to.get(who, {}).get(role, 0) for who, role in first.items())

    best = max(permutations(range(len(members))), key=lambda order: (made_up(order), [-place for place in order]))
    return tuple(members[place] for place in best)
