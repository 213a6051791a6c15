"""What somebody would notice when their seat in a session changed, in words: "was … now …", and the subject of it."""

from collections.abc import Iterator
from dataclasses import dataclass

from threefold.core.diary import Shows
from threefold.core.said import clock, day, listed, zone_name
from threefold.core.term import Shown


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that changed. `now` may be empty: "no link any more" is said as "none"."""

    label: str
    was: str
    now: str


NONE = "none"
SHOWN = {Shows.ROLES: "with your roles", Shows.QUIET: "time and place only"}


def differences(was: Shown, now: Shown) -> tuple[Difference, ...]:
    """Everything a reader would notice, the most urgent first: when, where, with whom, as what.

    Who does what among the others is said only where nothing else changed: it follows from the rest.
    """
    found = tuple(_differences(was, now))
    if found or (was.noticed, was.shows) == (now.noticed, now.shows):
        return found
    return (Difference("Round by round", _rounds(was), _rounds(now)),)


def _differences(was: Shown, now: Shown) -> Iterator[Difference]:
    same_roles = _in_turn(was) == _in_turn(now)
    pairs = (
        ("When", _when(was), _when(now)),
        ("Where", was.where, now.where),
        ("Online", was.link, now.link),
        ("With", listed(was.partners), listed(now.partners)),
        ("Your roles", *(("", "") if same_roles else (_roles(was), _roles(now)))),
        ("In your calendar", *(SHOWN[each.shows] for each in (was, now))),
    )
    for label, before, after in pairs:
        if before != after:
            yield Difference(label, before or NONE, after or NONE)


def subject(was: Shown, now: Shown) -> str:
    """Such as "Changed: Thursday 8 October now in Room 5": the day it was, so that people know which one is meant."""
    which = day(was.starts_at, was.zone)
    if (was.starts_at, was.ends_at) != (now.starts_at, now.ends_at):
        same_day = day(now.starts_at, now.zone) == which
        moved = clock(now.starts_at, now.zone) if same_day else f"{day(now.starts_at, now.zone)}, "
        moved = f"at {moved}" if same_day else f"on {moved}{clock(now.starts_at, now.zone)}"
        return f"Changed: {which} now {moved}"
    if was.where != now.where and now.where:
        return f"Changed: {which} now in {now.where}"
    if was.partners != now.partners and now.partners:
        return f"Changed: {which} now with {listed(now.partners)}"
    if _in_turn(was) != _in_turn(now):
        return f"Changed: your roles on {which}"
    return f"Changed: {which}"


def _when(shown: Shown) -> str:
    begins, ends = clock(shown.starts_at, shown.zone), clock(shown.ends_at, shown.zone)
    return f"{day(shown.starts_at, shown.zone)}, {begins} to {ends} {zone_name(shown.zone)}"


def _in_turn(shown: Shown) -> tuple[object, ...]:
    """The reader's roles as long after the start as they come: a session moved as a whole changes none of them."""
    return tuple((each.starts_at - shown.starts_at, each.word) for each in shown.rounds)


def _roles(shown: Shown) -> str:
    return ", ".join(f"{clock(each.starts_at, shown.zone)} {each.word}" for each in shown.rounds)


def _rounds(shown: Shown) -> str:
    return ", ".join(f"{clock(each.starts_at, shown.zone)} {each.detail}" for each in shown.rounds)
