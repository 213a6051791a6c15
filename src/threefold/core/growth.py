"""How somebody grows over a term: marks in four named levels, what may be said of them together, and what may not.

Single ratings by peers are too noisy to read much into (Kohrt 2015; Spearman-Brown gives four to six ratings for
0.80), so nothing that sums others up is said of a competency before others have given it six levels in all and three
of them have. "Others" are everybody but the counsellor, tutors included; clients answer questions of their own and
rate no competency. "Not seen" is no level: it is a gap, and counts nowhere. Nothing is ever averaged: whatever is
said is a level that somebody chose.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from statistics import median_high, median_low

FEWEST_RATINGS, FEWEST_PEOPLE = 6, 3
FEWEST_IN_A_PART, FEWEST_PEOPLE_IN_A_PART = 3, 2
FEWEST_COMPARED = 3
LATELY = 3
BEGINNING, HELPING = 2, 3


class Who(StrEnum):
    """Whose view a mark is; each has a shape of its own."""

    OWN = "own"
    OBSERVER = "observer"
    CLIENT = "client"
    TUTOR = "tutor"


@dataclass(frozen=True)
class Mark:
    """One answer about one thing: a competency, or one of the client's questions.

    `by` tells people apart and is never shown. `level` is 1 to 4, or None for "not seen" or "rather not say".
    """

    code: str
    who: Who
    by: str
    level: int | None


@dataclass(frozen=True)
class Round:
    """A round somebody counselled, with the answers that count for whoever is looking."""

    session: int
    number: int
    on: date
    path: str
    marks: tuple[Mark, ...]


@dataclass(frozen=True)
class Given:
    """A level that somebody other than the counsellor gave a competency."""

    round: Round
    by: str
    level: int


@dataclass(frozen=True)
class Band:
    """The middle half of others' latest levels, as they stood after a session."""

    session: int
    low: int
    high: int


@dataclass(frozen=True)
class Move:
    """How others saw a competency at first and lately, each by the level in the middle."""

    before: int
    lately: int


class Beside(StrEnum):
    """How the own view of a competency compares with that of others in the same rounds."""

    HARDER = "harder"
    FULLER = "fuller"
    ALIKE = "alike"


@dataclass(frozen=True)
class Compared:
    """In `rounds`, out of `of` that own and others' levels can be compared in, the own view was so."""

    how: Beside
    rounds: tuple[Round, ...]
    of: int


def given(rounds: Iterable[Round], code: str) -> tuple[Given, ...]:
    """Others' levels for a competency, in the order of the rounds."""
    return tuple(
        Given(each, mark.by, mark.level)
        for each in sorted(rounds, key=lambda each: (each.session, each.number))
        for mark in each.marks
        if mark.code == code and mark.level is not None and mark.who in {Who.OBSERVER, Who.TUTOR}
    )


def people(levels: Iterable[Given]) -> int:
    return len({one.by for one in levels})


def is_enough(levels: Sequence[Given]) -> bool:
    """Whether anything may be said of these levels together: six of them, by three people."""
    return len(levels) >= FEWEST_RATINGS and people(levels) >= FEWEST_PEOPLE


def middle_half(levels: Sequence[int]) -> tuple[int, int]:
    """The lowest and the highest level once a quarter is left out at each end, rounded down, so that at least half
    of them lie within; each is a level that somebody gave. Raises ValueError for none.
    """
    if not levels:
        raise ValueError("no levels have no middle")
    ordered, out = sorted(levels), len(levels) // 4
    return ordered[out], ordered[-1 - out]


def latest(levels: Sequence[Given]) -> tuple[Given, ...]:
    """The latest of these, in whole sessions: as few as are six by three people, or none if all of them are not."""
    for session in sorted({one.round.session for one in levels}, reverse=True):
        taken = tuple(one for one in levels if one.round.session >= session)
        if is_enough(taken):
            return taken
    return ()


def band(levels: Sequence[Given]) -> tuple[Band, ...]:
    """The middle half of the latest levels after each session, from the first session at which they are enough."""
    found = []
    for session in sorted({one.round.session for one in levels}):
        window = latest([one for one in levels if one.round.session <= session])
        if window:
            found.append(Band(session, *middle_half([one.level for one in window])))
    return tuple(found)


def moved(levels: Sequence[Given]) -> Move | None:
    """How others' view has moved; None where it has not, or where too little is known to say so.

    All the levels are enough, and are cut between two sessions into two parts as near in size as can be; each part
    holds at least three levels by two people. The parts differ for sure: where a middle lies between two levels, the
    one nearer to the other part is taken.
    """
    if not is_enough(levels):
        return None
    cuts = [
        (early, late)
        for session in sorted({one.round.session for one in levels})[1:]
        if _is_part(early := [one for one in levels if one.round.session < session])
        and _is_part(late := [one for one in levels if one.round.session >= session])
    ]
    if not cuts:
        return None
    parts = min(cuts, key=lambda cut: abs(len(cut[0]) - len(cut[1])))
    before, lately = ([one.level for one in part] for part in parts)
    if median_low(lately) > median_high(before):
        return Move(median_high(before), median_low(lately))
    if median_high(lately) < median_low(before):
        return Move(median_low(before), median_high(lately))
    return None


def _is_part(levels: Sequence[Given]) -> bool:
    return len(levels) >= FEWEST_IN_A_PART and people(levels) >= FEWEST_PEOPLE_IN_A_PART


def beside(rounds: Sequence[Round], code: str) -> Compared | None:
    """The own view beside that of others, round by round; None where it goes both ways or too little is known.

    Others' levels are enough, and there are three rounds with a level of one's own and of somebody else. The own one
    is harder in a round if it lies below everybody else's there, fuller if above. Harder or fuller it is if that was
    so in three rounds and in more than half, and never the other way round; alike if it was neither in any round.
    """
    if not is_enough(given(rounds, code)):
        return None
    low: list[Round] = []
    high: list[Round] = []
    same: list[Round] = []
    for each in rounds:
        own = [mark.level for mark in each.marks if mark.code == code and mark.who is Who.OWN and mark.level]
        others = [one.level for one in given([each], code)]
        if own and others:
            (low if own[0] < min(others) else high if own[0] > max(others) else same).append(each)
    of = len(low) + len(high) + len(same)
    if of < FEWEST_COMPARED:
        return None
    for how, found, against in ((Beside.HARDER, low, high), (Beside.FULLER, high, low)):
        if len(found) >= FEWEST_COMPARED and 2 * len(found) > of and not against:
            return Compared(how, tuple(found), of)
    return Compared(Beside.ALIKE, tuple(same), of) if not low and not high else None


def wants_practice(levels: Sequence[Given]) -> tuple[Given, ...]:
    """The latest levels, if they are enough, at least half of them are "beginning" or "got in the way", and at least
    two people gave such a one; none otherwise.
    """
    window = latest(levels)
    low = [one for one in window if one.level <= BEGINNING]
    return window if 2 * len(low) >= len(window) and people(low) >= FEWEST_PEOPLE_IN_A_PART else ()


def last_rounds(rounds: Sequence[Round]) -> tuple[Round, ...]:
    """The last three that others gave any level in."""
    told = [each for each in rounds if any(mark.level and mark.who in {Who.OBSERVER, Who.TUTOR} for mark in each.marks)]
    return tuple(told[-LATELY:])


# --- one chart -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Column:
    """One session on a chart: at each level, whose marks stand there."""

    session: int
    marks: tuple[tuple[int, tuple[Who, ...]], ...]


@dataclass(frozen=True)
class Row:
    """The same marks in words, as the table beside a chart and the CSV have them."""

    session: int
    number: int
    on: date
    code: str
    what: str
    who: Who
    level: str


@dataclass(frozen=True)
class Chart:
    """What one thing looked like over the sessions, `says` in a sentence."""

    code: str
    title: str
    labels: tuple[str, ...]
    columns: tuple[Column, ...]
    band: tuple[Band, ...]
    rows: tuple[Row, ...]
    says: str


_ORDER = tuple(Who)


def of_competency(
    rounds: Sequence[Round], code: str, title: str, labels: Mapping[int, str], not_seen: str, sessions: int
) -> Chart:
    """How a competency was seen, session by session from the first to `sessions`.

    `labels` names the levels 1 to 4, `not_seen` the answer that is no level: it has a row and no mark.
    """
    levels = given(rounds, code)
    says = said_of(levels, labels)
    return _chart(rounds, code, title, labels, not_seen, sessions, band(levels), says)


def of_question(
    rounds: Sequence[Round], code: str, title: str, labels: Mapping[int, str], rather_not: str, sessions: int
) -> Chart:
    """What clients answered to one of their questions; nothing is said of their answers together."""
    levels = [mark.level for each in rounds for mark in each.marks if mark.code == code]
    told = sum(level is not None for level in levels)
    rest = f", {len(levels) - told} “{rather_not}”" if told < len(levels) else ""
    says = f"{_times(told, 'answer')}{rest}." if levels else "No answers yet."
    return _chart(rounds, code, title, labels, rather_not, sessions, (), says)


def _chart(
    rounds: Sequence[Round],
    code: str,
    title: str,
    labels: Mapping[int, str],
    none: str,
    sessions: int,
    others: tuple[Band, ...],
    says: str,
) -> Chart:
    answers = sorted(
        ((each, mark) for each in rounds for mark in each.marks if mark.code == code),
        key=lambda one: (one[0].session, one[0].number, _ORDER.index(one[1].who)),
    )
    columns = []
    for session in range(1, sessions + 1):
        here = [mark for each, mark in answers if each.session == session]
        at = tuple((level, tuple(mark.who for mark in here if mark.level == level)) for level in labels)
        columns.append(Column(session, tuple((level, marks) for level, marks in at if marks)))
    rows = tuple(
        Row(each.session, each.number, each.on, code, title, mark.who, labels[mark.level] if mark.level else none)
        for each, mark in answers
    )
    return Chart(code, title, tuple(labels.values()), tuple(columns), others, rows, says)


def said_of(levels: Sequence[Given], labels: Mapping[int, str]) -> str:
    """What the chart of a competency shows."""
    if not levels:
        return "Nobody else has seen this yet."
    if not is_enough(levels):
        rounds = _times(len({one.round.path for one in levels}), "round")
        return f"Seen in {rounds} so far, not enough to draw a trend."
    move = moved(levels)
    if move:
        return f"Others saw it around “{labels[move.before]}” at first, around “{labels[move.lately]}” lately."
    low, high = middle_half([one.level for one in latest(levels)])
    if low == high:
        return f"Others mostly see “{labels[low]}”."
    return f"Others see between “{labels[low]}” and “{labels[high]}”."


def _times(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


# --- rounds counselled --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Turn:
    """A round somebody counsels in a session: done, away from, or still to come."""

    session: int
    on: date
    is_over: bool
    away: bool


@dataclass(frozen=True)
class BurnUp:
    """Rounds counselled so far and planned: a point for each session with how many there were by its end."""

    done: int
    planned: int
    points: tuple[tuple[int, date, int], ...]  # of sessions that are over
    ends: tuple[tuple[int, date, int], ...]  # of sessions to come, as planned
    away: tuple[int, ...]


def burn_up(turns: Sequence[Turn]) -> BurnUp:
    """Turns that somebody could not make count neither as done nor as planned."""
    ordered = sorted(turns, key=lambda turn: (turn.session, turn.on))
    points: dict[int, tuple[int, date, int]] = {}
    ends: dict[int, tuple[int, date, int]] = {}
    count = 0
    for turn in ordered:
        count += not turn.away
        (points if turn.is_over else ends)[turn.session] = (turn.session, turn.on, count)
    done = sum(turn.is_over and not turn.away for turn in ordered)
    away = tuple(dict.fromkeys(turn.session for turn in ordered if turn.away))
    return BurnUp(done, count, tuple(points.values()), tuple(ends.values()), away)
