"""When, where and how long a published term's sessions to come are held, changed for several of them at once."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from itertools import pairwise
from typing import Generic, TypeVar
from zoneinfo import ZoneInfo

from threefold.core.refusal import Problem, Refusal
from threefold.core.said import clock, day
from threefold.core.slots import Clock, SessionShape, fits, moment, rounds_for

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True)
class Usual:
    """What is usual in a term: Monday is weekday 0; `rooms` are the groups', in their order."""

    weekday: int
    start: time
    minutes: int
    place: str
    link: str
    rooms: tuple[str, ...]
    shape: SessionShape


@dataclass(frozen=True)
class Meets(Generic[Key]):
    """A session still to come. `sizes` are its groups', in their order."""

    id: Key
    number: int
    starts_at: datetime
    ends_at: datetime
    place: str
    link: str
    rooms: tuple[str, ...]
    shape: SessionShape
    sizes: tuple[int, ...]

    @property
    def minutes(self) -> int:
        return int((self.ends_at - self.starts_at).total_seconds()) // 60

    def turned_anew(self, now: "Meets[Key]") -> tuple[int, ...]:
        """The places of those groups that get another number of rounds."""
        return tuple(
            place
            for place, size in enumerate(self.sizes)
            if rounds_for(self.shape, size) != rounds_for(now.shape, size)
        )


def changed(
    sessions: Sequence[Meets[Key]], was: Usual, usual: Usual, zone: str, *, now: datetime
) -> tuple[Meets[Key], ...] | Refusal:
    """These sessions with whatever `usual` has otherwise than `was`; a session keeps what it has of its own else.

    Another weekday is one of the same week. Refused, with every problem at once: a time that the clocks skip or have
    twice on one of the dates, one that is over, two sessions at once, rounds that do not fit.
    """
    problems: list[Problem] = []
    found = []
    for session in sessions:
        moments = _moments(session, was, usual, zone, problems)
        if moments is None:
            continue
        minutes = usual.minutes if usual.minutes != was.minutes else session.minutes
        after = replace(
            session,
            starts_at=moments,
            ends_at=moments + timedelta(minutes=minutes),
            place=usual.place if usual.place != was.place else session.place,
            link=usual.link if usual.link != was.link else session.link,
            rooms=_rooms(session, usual) if usual.rooms != was.rooms else session.rooms,
            shape=usual.shape if usual.shape != was.shape else session.shape,
        )
        if moments <= now:
            problems.append(
                Problem("start", f"{day(moments, zone)}, {clock(moments, zone)}, is over. Choose a later time.")
            )
        found.append(after)
    problems += _at_once(found, zone)
    fit = min((fits(each.shape, each.minutes) for each in found), key=lambda fit: fit.spare, default=None)
    if fit is not None and fit.spare < 0 and (usual.shape, usual.minutes) != (was.shape, was.minutes):
        problems.append(Problem("minutes", f"{fit.sentence} Make the session longer, or the rounds shorter."))
    return Refusal(tuple(dict.fromkeys(problems))) if problems else tuple(found)


def shorter_in_fours(before: Sequence[Meets[Key]], after: Sequence[Meets[Key]]) -> tuple[tuple[Meets[Key], str], ...]:
    """Sessions with groups of four that would be left with less practice in a round than before, and how much."""
    found = []
    for was, now in zip(before, after, strict=True):
        if 4 in now.sizes and was.shape != now.shape:
            fit, usual = fits(now.shape, now.minutes, 4), fits(was.shape, was.minutes, 4)
            if fit.shape.practice < min(usual.shape.practice, now.shape.practice):
                found.append((now, fit.sentence))
    return tuple(found)


def _moments(session: Meets[Key], was: Usual, usual: Usual, zone: str, problems: list[Problem]) -> datetime | None:
    """When it begins; None where the clocks have no such time, or have it twice, which is noted."""
    if (usual.weekday, usual.start) == (was.weekday, was.start):
        return session.starts_at
    local = session.starts_at.astimezone(ZoneInfo(zone))
    on = local.date()
    if usual.weekday != was.weekday:
        on += timedelta(days=usual.weekday - on.weekday())
    start = usual.start if usual.start != was.start else local.time()
    at, kind = moment(datetime.combine(on, start.replace(tzinfo=None)), zone)
    if kind is Clock.USUAL:
        return at
    what = "does not exist, since the clocks go forward" if kind is Clock.SKIPPED else "comes twice, since they go back"
    problems.append(
        Problem("start", f"On {day(on)} {start:%H:%M} {what}. Choose another time, and change that session by itself.")
    )
    return None


def _rooms(session: Meets[Key], usual: Usual) -> tuple[str, ...]:
    """A room for each group in turn; a group beyond the last room has none."""
    return tuple(usual.rooms[place] if place < len(usual.rooms) else "" for place in range(len(session.sizes)))


def _at_once(sessions: Sequence[Meets[Key]], zone: str) -> list[Problem]:
    in_time = sorted(sessions, key=lambda each: each.starts_at)
    return [
        Problem("weekday", f"Two sessions would be held at once on {day(one.starts_at, zone)}. Move one of them first.")
        for one, other in pairwise(in_time)
        if other.starts_at < one.ends_at
    ]
