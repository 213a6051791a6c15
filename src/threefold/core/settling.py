"""What follows by itself at a time of extra practice, as it stands: the clerk does it, and whoever books there.

A triad that is not full is decided on a day before it begins. A place that comes free is offered to those who wait for
it, one after the other, and the third seat of a new triad for a short while to whom it helps most.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from threefold.core.booking import TRIAD, Circle, IfTwo, Someone, Time, in_the_way, is_open_to

DAY_BEFORE = timedelta(days=1)  # when it is first looked at whether there are three
OFFER_LASTS = timedelta(hours=12)
HEAD_START = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class Offering:
    """A place offered to somebody who waits, or (without `waits`) to somebody it would help most."""

    member: UUID
    circle: UUID
    expires_at: datetime
    waits: UUID | None = None


@dataclass(frozen=True, slots=True)
class Follows:
    """What has to be done at a time now, in this order."""

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
