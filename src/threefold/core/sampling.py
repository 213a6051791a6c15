"""Planned sampling: which competencies a round is looked at for, so that over a term each is seen often enough.

Few items make better ratings: an observer can hold three to five in mind for twenty minutes. So a round is looked at
for four of the term's competencies, the next four each time the same person counsels, and for the one they chose to
have watched.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

MOST_ASKED = 4
"""How many of the term's competencies a round is looked at for; a chosen focus may come along as a fifth."""


@dataclass(frozen=True, slots=True)
class Looking:
    """What is looked for: a framework in one version, and the codes of the term's competencies in its order."""

    framework_id: str
    framework_version: str
    codes: tuple[str, ...]

    @property
    def framework(self) -> tuple[str, str]:
        """Its framework's id and version."""
        return self.framework_id, self.framework_version


def in_force(starts_at: datetime, now: Looking, before: Sequence[tuple[datetime, Looking]]) -> Looking:
    """What a practice session that starts then is looked at for.

    `before`: what was looked for earlier, each with the moment until which it held, in that order. A session keeps
    what held when it began, so that its forms never change under anybody's hands.
    """
    return next((looking for until, looking in before if starts_at < until), now)


def asked_for(codes: Sequence[str], turn: int, focus: str | None = None) -> tuple[str, ...]:
    """Which of the term's competencies a round is looked at for, in their order; the counsellor's `focus` comes along.

    `turn`: how many rounds they have counselled this term with this one, from 1. Counting their own turns and not
    the group's sessions keeps somebody who is away every other week from being seen for half the list for ever.
    """
    if len(codes) <= MOST_ASKED:
        return tuple(codes)
    start = (turn - 1) * MOST_ASKED % len(codes)
    chosen = {codes[(start + step) % len(codes)] for step in range(MOST_ASKED)}
    return tuple(code for code in codes if code in chosen or code == focus)


@dataclass(frozen=True, slots=True)
class Turn:
    """One round that somebody counselled or is to counsel.

    `asked`: what it is looked at for. `seen`: the competencies that somebody else gave a level. `held`: it is over.
    """

    who: str
    asked: tuple[str, ...]
    seen: frozenset[str]
    held: bool


@dataclass(frozen=True, slots=True)
class Covered:
    """One competency of one person over the term: times seen, times looked for so far, and times still planned."""

    seen: int
    looked_for: int
    planned: int

    @property
    def wants_care(self) -> bool:
        """Looked for twice or more and never seen: worth a tutor's own look."""
        return self.looked_for >= 2 and self.seen == 0


def coverage(people: Iterable[str], codes: Sequence[str], turns: Iterable[Turn]) -> dict[str, Mapping[str, Covered]]:
    """For each person and competency how often it was seen, looked for, and is to be looked for still."""
    seen: Counter[tuple[str, str]] = Counter()
    asked: Counter[tuple[str, str]] = Counter()
    ahead: Counter[tuple[str, str]] = Counter()
    for turn in turns:
        (asked if turn.held else ahead).update((turn.who, code) for code in turn.asked)
        seen.update((turn.who, code) for code in turn.seen)
    return {
        who: {code: Covered(seen[who, code], asked[who, code], ahead[who, code]) for code in codes} for who in people
    }
