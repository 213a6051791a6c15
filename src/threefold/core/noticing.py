"""What a tutor might want to look at: people who might welcome a conversation, and ratings to read with care.

Small numbers: each is a question, never an answer. Nobody is named for a conversation on less than two pieces of
evidence, and every reason names the rounds it lies in. Nothing here is ever shown or sent to a trainee, and no step
follows from it by itself.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import takewhile
from statistics import fmean

from threefold.core.agreement import HALF_A_LEVEL, Lean, Seen, leans
from threefold.core.feedback import GOT_IN_THE_WAY, PIECES_WAIT, REFLECTION_WAITS, Rating

LATELY = timedelta(weeks=6)
"""How far back somebody's rounds are looked at for what might call for a conversation."""

RUNNING = 3
"""How many rounds in a row make a run."""

A_LEVEL_APART = 0.75
"""From how far apart two views are called "about a level" apart, in levels."""

TOO_QUICK = timedelta(seconds=20)
NOT_REALLY = 1


@dataclass(frozen=True)
class Piece:
    """One person's words on a round, as far as they are looked at here: never the words themselves.

    `skipped`: a reflection left out. `ready_at`: when an observer was done noting live, where they did.
    """

    author: Hashable
    ratings: tuple[Rating, ...]
    sent_at: datetime
    changed_at: datetime | None = None
    skipped: bool = False
    ready_at: datetime | None = None

    @property
    def came(self) -> datetime:
        """When it last said something new."""
        return self.changed_at or self.sent_at

    @property
    def levels(self) -> dict[str, int]:
        return {rating.code: rating.level for rating in self.ratings if rating.level is not None}


@dataclass(frozen=True)
class Round:
    """A round that was held: its counsellor, when it ended, and what has come in about it, from each side.

    `path` leads to it; `number` within its session. `expected`: how many others were asked for a piece.
    """

    path: str
    number: int
    at: datetime
    counsellor: Hashable
    expected: int
    own: Piece | None = None
    client: Piece | None = None
    observers: tuple[Piece, ...] = ()


class Sign(StrEnum):
    """Why somebody might welcome a conversation."""

    IN_THE_WAY = "in the way"
    NOT_HEARD = "not heard"
    NO_REFLECTION = "no reflection"
    NOBODY_WROTE = "nobody wrote"
    SEES_LESS = "sees less"
    SEES_MORE = "sees more"


class Care(StrEnum):
    """Why an observer's ratings are to be read with care."""

    KINDER = "kinder"
    STERNER = "sterner"
    ONE_ANSWER = "one answer"
    NO_EXAMPLES = "no examples"
    QUICK = "quick"
    EACH_OTHER = "each other"


@dataclass(frozen=True)
class Evidence:
    """One reason, with the rounds it lies in (the latest last) and how many pieces it stands on.

    `came`: when the last of it came in. `code`: the competency, or what else it is about. `people`: how many different
    people it comes from. `of`: out of how many, or which level, where that says something. `other`: whom it is about
    beside the person.
    """

    sign: Sign | Care
    rounds: tuple[Round, ...]
    came: datetime
    count: int
    people: int = 1
    code: str = ""
    of: int = 0
    other: Hashable = None
    with_examples: bool = False

    @property
    def weeks(self) -> int:
        """Within how many weeks all of it lies."""
        return round((self.rounds[-1].at - self.rounds[0].at) / timedelta(weeks=1)) + 1


@dataclass(frozen=True)
class Entry:
    """Somebody, and everything that speaks for a look."""

    who: Hashable
    evidence: tuple[Evidence, ...]

    @property
    def last(self) -> datetime:
        return max(each.came for each in self.evidence)

    def rests(self, talked_at: datetime | None) -> bool:
        """After a chat it rests until something new comes in."""
        return talked_at is not None and self.last <= talked_at


# --- people who might welcome a conversation ------------------------------------------------------------------


def people(rounds: Iterable[Round], now: datetime) -> list[Entry]:
    """Who might welcome a conversation, whoever has most to speak for it first."""
    counselled: dict[Hashable, list[Round]] = defaultdict(list)
    for each in sorted(rounds, key=lambda one: one.at):
        counselled[each.counsellor].append(each)
    found = []
    for who, own in counselled.items():
        lately = [each for each in own if each.at > now - LATELY]
        evidence = (*_in_the_way(lately), *_not_heard(lately), *_alone(own, lately, now), *_sees_otherwise(own))
        if evidence:
            found.append(Entry(who, evidence))
    return sorted(found, key=lambda entry: (-len(entry.evidence), -entry.last.timestamp()))


def _in_the_way(rounds: Sequence[Round]) -> Iterator[Evidence]:
    """Two observers, or one in two rounds, saw the same thing get in the client's way."""
    seen: dict[str, list[tuple[Round, Piece, Rating]]] = defaultdict(list)
    for each in rounds:
        for piece in each.observers:
            for rating in piece.ratings:
                if rating.level == GOT_IN_THE_WAY:
                    seen[rating.code].append((each, piece, rating))
    for code, found in seen.items():
        if len(found) > 1:
            yield Evidence(
                Sign.IN_THE_WAY,
                _once(each for each, _, _ in found),
                max(piece.came for _, piece, _ in found),
                len(found),
                len({piece.author for _, piece, _ in found}),
                code,
                with_examples=all(_has_example(rating) for _, _, rating in found),
            )


def _not_heard(rounds: Sequence[Round]) -> Iterator[Evidence]:
    """Two different clients did not really feel heard."""
    found = [(each, each.client) for each in rounds if each.client and each.client.levels.get("heard") == NOT_REALLY]
    clients = {client.author for _, client in found}
    if len(clients) > 1:
        came = max(client.came for _, client in found)
        yield Evidence(Sign.NOT_HEARD, tuple(each for each, _ in found), came, len(found), len(clients), "heard")


def _alone(rounds: Sequence[Round], lately: Sequence[Round], now: datetime) -> Iterator[Evidence]:
    """The last rounds went without a reflection of their own, or nobody wrote about two of them."""
    settled = [each for each in rounds if each.own or now >= each.at + REFLECTION_WAITS]
    run = list(takewhile(lambda each: each.own is None or each.own.skipped, reversed(settled)))
    if len(run) >= RUNNING:
        came = run[0].own.came if run[0].own else run[0].at + REFLECTION_WAITS
        yield Evidence(Sign.NO_REFLECTION, tuple(reversed(run)), came, len(run))
    silent = [
        each
        for each in lately
        if each.expected and not each.client and not each.observers and now >= each.at + PIECES_WAIT
    ]
    if len(silent) > 1:
        yield Evidence(Sign.NOBODY_WROTE, tuple(silent), silent[-1].at + PIECES_WAIT, len(silent))


def _sees_otherwise(rounds: Sequence[Round]) -> Iterator[Evidence]:
    """In each of their last rounds that can be compared, their own levels lie about a level from what others saw."""
    compared: list[tuple[Round, float]] = []
    for each in rounds:
        if each.own is None:
            continue
        gaps = [
            own - fmean(seen)
            for code, own in each.own.levels.items()
            if (seen := [piece.levels[code] for piece in each.observers if code in piece.levels])
        ]
        if gaps:
            compared.append((each, fmean(gaps)))
    for sign, way in ((Sign.SEES_LESS, -1), (Sign.SEES_MORE, 1)):
        run = [each for each, _ in takewhile(lambda one, way=way: one[1] * way >= A_LEVEL_APART, reversed(compared))]  # type: ignore[misc] # its own for each turn
        others = {piece.author for each in run for piece in each.observers}
        if len(run) >= RUNNING and len(others) > 1:
            came = max(piece.came for piece in (run[0].own, *run[0].observers) if piece)
            yield Evidence(sign, tuple(reversed(run)), came, len(run), len(others))


# --- ratings to read with care --------------------------------------------------------------------------------


def ratings(rounds: Iterable[Round]) -> list[Entry]:
    """Whose ratings to read with care, and why, each with how many rounds that rests on."""
    in_order = sorted(rounds, key=lambda one: one.at)
    observed: dict[Hashable, list[tuple[Round, Piece]]] = defaultdict(list)
    for each in in_order:
        for piece in each.observers:
            if piece.levels:
                observed[piece.author].append((each, piece))
    lean = {one.observer: one for one in leans(seen_in(in_order))}
    warm = _each_other(observed)
    found = []
    for who, own in observed.items():
        evidence = (*_leaning(own, lean.get(who)), *_one_answer(own), *_no_examples(own), *_quick(own), *warm[who])
        if evidence:
            found.append(Entry(who, evidence))
    return sorted(found, key=lambda entry: (-len(entry.evidence), -entry.last.timestamp()))


def seen_in(rounds: Iterable[Round]) -> list[Seen]:
    """What each observer saw in each round, for `core.agreement`."""
    return [Seen(each.path, piece.author, piece.levels) for each in rounds for piece in each.observers if piece.levels]


def _leaning(own: Sequence[tuple[Round, Piece]], lean: Lean | None) -> Iterator[Evidence]:
    """Kinder or sterner than others who saw the same rounds, by half a level or more once few rounds are weighed."""
    if lean is None or not lean.enough or abs(lean.weighed) < HALF_A_LEVEL:
        return
    shared = [each for each, _ in own if len(each.observers) > 1]
    came = max(piece.came for each in shared for piece in each.observers)
    yield Evidence(Care.KINDER if lean.weighed > 0 else Care.STERNER, tuple(shared), came, lean.rounds)


def _one_answer(own: Sequence[tuple[Round, Piece]]) -> Iterator[Evidence]:
    """The same level for everything, in each of their last three rounds or more; `of` is that level."""
    run = list(takewhile(lambda one: len(one[1].levels) > 1 and len(set(one[1].levels.values())) == 1, reversed(own)))
    if not run:
        return
    level = next(iter(run[0][1].levels.values()))
    run = list(takewhile(lambda one: level in one[1].levels.values(), run))
    if len(run) >= RUNNING:
        yield _running(Care.ONE_ANSWER, run, of=level)


def _no_examples(own: Sequence[tuple[Round, Piece]]) -> Iterator[Evidence]:
    """Not one thing seen or heard, in each of their last three rounds or more."""
    run = list(takewhile(lambda one: not any(map(_has_example, one[1].ratings)), reversed(own)))
    if len(run) >= RUNNING:
        yield _running(Care.NO_EXAMPLES, run)


def _running(care: Care, run: Sequence[tuple[Round, Piece]], of: int = 0) -> Evidence:
    """What holds in each of these, the latest first."""
    return Evidence(care, tuple(each for each, _ in reversed(run)), run[0][1].came, len(run), of=of)


def _quick(own: Sequence[tuple[Round, Piece]]) -> Iterator[Evidence]:
    """Sent within seconds of being done with noting live. Other rounds cannot be timed, and are not guessed at."""
    timed = [(each, piece, piece.sent_at - piece.ready_at) for each, piece in own if piece.ready_at]
    found = [(each, piece) for each, piece, took in timed if timedelta() <= took < TOO_QUICK]
    if found:
        yield _running(Care.QUICK, found[::-1], of=len(timed))


def _each_other(observed: Mapping[Hashable, Sequence[tuple[Round, Piece]]]) -> dict[Hashable, list[Evidence]]:
    """Two people who, in two rounds or more each way, give one another about a level more than they give others."""
    given: dict[Hashable, dict[Hashable, list[tuple[Round, Piece, float]]]] = defaultdict(lambda: defaultdict(list))
    for who, own in observed.items():
        for each, piece in own:
            given[who][each.counsellor].append((each, piece, fmean(piece.levels.values())))

    def favours(who: Hashable, other: Hashable) -> bool:
        theirs = [level for _, _, level in given[who].get(other, ())]
        rest = [level for whom, levels in given[who].items() if whom != other for _, _, level in levels]
        return len(theirs) > 1 and len(rest) > 1 and fmean(theirs) - fmean(rest) >= A_LEVEL_APART

    found: dict[Hashable, list[Evidence]] = defaultdict(list)
    for who in list(given):
        for other in given[who]:
            if other in given and favours(who, other) and favours(other, who):
                both = sorted((*given[who][other], *given[other][who]), key=lambda one: one[0].at)
                came = max(piece.came for _, piece, _ in both)
                rounds = tuple(each for each, _, _ in both)
                found[who].append(Evidence(Care.EACH_OTHER, rounds, came, len(both), other=other))
    return found


def _has_example(rating: Rating) -> bool:
    return bool(rating.moments or rating.what_was_said)


def _once(rounds: Iterable[Round]) -> tuple[Round, ...]:
    return tuple({each.path: each for each in rounds}.values())
