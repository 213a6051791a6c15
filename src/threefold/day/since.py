"""“Since the start”: what was noted on the day, in words, newest first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from threefold.core import happened as rules
from threefold.core.happened import Fact, Kind, Mode, Presence
from threefold.core.said import listed
from threefold.day.showing import Day


@dataclass(frozen=True)
class Said:
    """A line of “Since the start”. `undo`: the version of the groups that can be taken back."""

    at: datetime
    who: str
    words: str
    undo: UUID | None = None


PRESENCE = {
    Presence.CONTINUOUS: "stays with them all the time",
    Presence.CIRCULATING: "goes round",
    Presence.ON_CALL: "is on call",
    Presence.NONE: "is not there",
}
VERSIONS = {"regrouped": "moved to new groups", "rooms": "in other rooms", "undone": "back to the groups before"}


def since_the_start(day: Day) -> list[Said]:
    """What was noted, in words, newest first; who simply came in time is not told one by one."""
    found = [said for fact in day.facts if (said := _said(day, fact))]
    found += [Said(call.at, call.who, call.words) for call in day.calls]
    undoable = _undoable(day)
    for id_, at, why, undone, moved in day.versions:
        names = [day.by_member[one].first for one in moved if one in day.by_member]
        found.append(Said(at, _listed(names), VERSIONS.get(why, "groups changed") + (" (undone)" if undone else ""),
                          id_ if id_ == undoable else None))  # fmt: skip
    together: dict[tuple[datetime, str, UUID | None], list[Said]] = {}
    for said in found:
        together.setdefault((rules.minute(said.at), said.words, said.undo), []).append(said)
    lines = [Said(some[0].at, _listed([each.who for each in some]), words, undo)
             for (_, words, undo), some in together.items()]  # fmt: skip
    return sorted(lines, key=lambda said: said.at, reverse=True)


def _undoable(day: Day) -> UUID | None:
    """The last change of groups, while no round has begun."""
    last = day.versions[-1] if day.versions else None
    return last[0] if last and last[2] == "regrouped" and not last[3] and day.round_now is None else None


def _said(day: Day, fact: Fact) -> Said | None:
    who = day.by_member[fact.scope.member].first if fact.scope.member else "Everybody"
    begins = day.at.practice.starts_at
    if fact.scope.kind is Kind.HERE:
        if fact.is_empty:
            return Said(fact.recorded_at, who, "marked as away")
        if fact.until_at is not None:
            return Said(fact.recorded_at, who, "left")
        if fact.from_at > begins and fact.replaces is None:
            late = rules.minutes([rules.Span(begins, fact.from_at)])
            return Said(fact.recorded_at, who, f"came {late} min after the start" if late > 1 else "came")
        return None
    if fact.scope.kind is Kind.MODE:
        return Said(fact.recorded_at, who, "online" if fact.value == Mode.ONLINE else "in the room")
    if fact.scope.kind is Kind.TUTOR and fact.until_at is None:
        return Said(fact.recorded_at, who, PRESENCE[Presence(fact.value)])
    return None


def _listed(names: Sequence[str]) -> str:
    if len(names) > 4:
        return f"{len(names)} people"
    return listed(tuple(names)) or "Everybody"
