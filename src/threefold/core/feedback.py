"""Feedback on a round: what each person is asked, when a form is complete, and who may read what from when.

The rules of release: all words on a round open together, at the later of the counsellor's own reflection (or a skip,
or seven days) and everything being in (or 48 hours). A round in which something got in the way waits for a tutor, at
most 48 hours more. Hiding feedback until all of it is in makes it more honest (Fradkin, Grewal and Holtz 2021); a
deadline keeps one late observer from blocking it for ever.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from threefold.core.competency import Competency
from threefold.core.refusal import Problem, Refusal
from threefold.core.roles import Role

REFLECTION_WAITS = timedelta(days=7)
PIECES_WAIT = timedelta(hours=48)
TUTOR_WAITS = timedelta(hours=48)
MOST_WORDS = 2000
MOST_MOMENT = 400
GOT_IN_THE_WAY, DEEPENING = 1, 4
LEVELS = (1, 2, 3, 4)
NOT_SEEN = "not-seen"


class Kind(StrEnum):
    """Whose words a piece holds."""

    SELF = "self"
    CLIENT = "client"
    OBSERVER = "observer"


READING_ORDER = (Kind.SELF, Kind.CLIENT, Kind.OBSERVER)
"""The order of feedback in the room: the counsellor first, then the client, then the observers."""


def asked_of(role: Role) -> Kind:
    """What somebody is asked for after a round, by what they were in it."""
    return {Role.COUNSELLOR: Kind.SELF, Role.CLIENT: Kind.CLIENT, Role.OBSERVER: Kind.OBSERVER}[role]


# --- forms ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Rating:
    """One competency as somebody saw it: a level from 1 to 4, or None for "not seen this time".

    `moments` are things seen or heard; `cues` are codes of what got in the way, with what was said or done.
    """

    code: str
    level: int | None
    moments: tuple[str, ...] = ()
    cues: tuple[str, ...] = ()
    what_was_said: str = ""


@dataclass(frozen=True)
class Observed:
    """An observer's piece. A competency without a rating has no answer yet; "not seen" is an answer."""

    ratings: tuple[Rating, ...]
    helped: str
    to_try: str


@dataclass(frozen=True)
class Question:
    """One of the four questions to the client, in the client's own voice."""

    code: str
    words: str


CLIENT_QUESTIONS = (
    Question("heard", "I felt heard"),
    Question("myself", "I could be myself"),
    Question("pace", "The pace suited me"),
    Question("return", "I’d come back to that"),
)
CLIENT_ANSWERS: Mapping[int, str] = {1: "Not really", 2: "A little", 3: "Mostly", 4: "Very much"}
RATHER_NOT = "rather-not"
RATHER_NOT_SAY = "Rather not say"


@dataclass(frozen=True)
class Felt:
    """The client's piece: a level from 1 to 4 for each question, or None for "rather not say"."""

    answers: Mapping[str, int | None]
    did: str


@dataclass(frozen=True)
class Reflected:
    """The counsellor's own reflection; `for_tutor` is read by tutors alone. `moved`: whether what they took along
    from the round before did, one of MOVED or "".
    """

    ratings: tuple[Rating, ...]
    kept: str
    to_try: str
    for_tutor: str = ""
    moved: str = ""


MOVED: Mapping[str, str] = {"yes": "Yes", "some": "A little", "not_yet": "Not yet"}


def complete_observer(piece: Observed, asked: Sequence[Competency], about: str) -> Observed | Refusal:
    """The piece if it is complete, or everything that is still wanted. `about` is the counsellor's first name.

    Every competency asked for has a level or "not seen". The first and the last level want at least one moment.
    A ticked cue makes the level "got in the way" and asks what was said or done.
    """
    problems: list[Problem] = []
    ratings = tuple(
        _evidenced(rating, competency, about, problems)
        for competency, rating in _answered(piece.ratings, asked, problems)
    )
    _words("helped", piece.helped, f"Write one thing that helped, so {about} can do it again.", problems)
    _words("to_try", piece.to_try, f"Write one thing {about} could try next.", problems)
    return Refusal(tuple(problems)) if problems else Observed(ratings, piece.helped, piece.to_try)


def complete_client(piece: Felt) -> Felt | Refusal:
    """The piece if all four questions are answered; "rather not say" is an answer. The words may be left out."""
    problems = [
        Problem(question.code, f"{question.words}: choose an answer, or “{RATHER_NOT_SAY}”.")
        for question in CLIENT_QUESTIONS
        if question.code not in piece.answers or not _is_answer(piece.answers[question.code])
    ]
    _words("did", piece.did, "", problems)
    return Refusal(tuple(problems)) if problems else piece


def complete_self(piece: Reflected, asked: Sequence[Competency]) -> Reflected | Refusal:
    """The reflection if it is complete. Moments are welcome and never required of oneself."""
    problems: list[Problem] = []
    ratings = tuple(rating for _, rating in _answered(piece.ratings, asked, problems))
    _words("helped", piece.kept, "Write one thing you’d keep.", problems)
    _words("to_try", piece.to_try, "Write one thing you’d like to try.", problems)
    _words("for_tutor", piece.for_tutor, "", problems)
    moved = piece.moved if piece.moved in MOVED else ""
    return (
        Refusal(tuple(problems)) if problems else Reflected(ratings, piece.kept, piece.to_try, piece.for_tutor, moved)
    )


def rated(rating: Rating, competency: Competency, about: str) -> Rating | Refusal:
    """One competency's page: the rating as it counts, or what is still wanted for it."""
    problems: list[Problem] = []
    found = [_evidenced(each, competency, about, problems) for _, each in _answered([rating], [competency], problems)]
    return Refusal(tuple(problems)) if problems else found[0]


def _answered(
    given: Sequence[Rating], asked: Sequence[Competency], problems: list[Problem]
) -> Iterator[tuple[Competency, Rating]]:
    """Each competency asked for that has an answer, with its rating as it counts; others given are left aside."""
    by_code = {rating.code: rating for rating in given}
    for competency in asked:
        rating = by_code.get(competency.code)
        if rating is None or not _is_answer(rating.level):
            problems.append(
                Problem(competency.code, f"{competency.short}: choose what is closest, or “Not seen this time”.")
            )
        else:
            yield competency, _as_it_counts(rating, competency, problems)


def _is_answer(level: int | None) -> bool:
    return level is None or level in LEVELS


def _as_it_counts(rating: Rating, competency: Competency, problems: list[Problem]) -> Rating:
    """A ticked cue decides the level, whatever was chosen beside it; empty moments are left out."""
    code, short = competency.code, competency.short
    known = {cue.code for cue in competency.cues}
    cues = tuple(cue for cue in rating.cues if cue in known)
    moments = tuple(moment.strip() for moment in rating.moments if moment.strip())
    said = rating.what_was_said.strip()
    problems.extend(
        Problem(f"{code}.moment", f"{short}: shorten this moment to {MOST_MOMENT} characters.")
        for moment in moments
        if len(moment) > MOST_MOMENT
    )
    if len(said) > MOST_WORDS:
        problems.append(Problem(f"{code}.said", f"{short}: {_shorten(said)}"))
    return Rating(code, GOT_IN_THE_WAY if cues else rating.level, moments, cues, said)


def _evidenced(rating: Rating, competency: Competency, about: str, problems: list[Problem]) -> Rating:
    """A cue asks what was said or done; without one, the first and the last level ask for a moment."""
    code, short = competency.code, competency.short
    if rating.cues:
        if not rating.what_was_said:
            sentence = f"{short}: say what {about} said or did, so that it can be looked at."
            problems.append(Problem(f"{code}.said", sentence))
    elif rating.level in {GOT_IN_THE_WAY, DEEPENING} and not rating.moments and not rating.what_was_said:
        sentence = f"{short}: add one moment you saw or heard, so {about} can learn from it."
        problems.append(Problem(f"{code}.moment", sentence))
    return rating


def _words(name: str, words: str, missing: str, problems: list[Problem]) -> None:
    if missing and not words.strip():
        problems.append(Problem(name, missing))
    elif len(words) > MOST_WORDS:
        problems.append(Problem(name, _shorten(words)))


def _shorten(words: str) -> str:
    return f"Shorten this to {MOST_WORDS:,} characters. It has {len(words):,} now."


def cues_ticked(ratings: Sequence[Rating]) -> int:
    """How many harm cues a piece holds; any at all makes the round wait for a tutor."""
    return sum(len(rating.cues) for rating in ratings)


# --- release --------------------------------------------------------------------------------------------------


class Waiting(StrEnum):
    """What keeps the words on a round closed."""

    REFLECTION = "reflection"
    PIECES = "pieces"
    TUTOR = "tutor"


@dataclass(frozen=True)
class Release:
    """Whether the words on a round are open to its counsellor.

    `opened_at`: the moment they opened, or None. `at_latest`: when they open if nothing more comes in; for tutors only
    while a round waits for one, since it would tell a trainee why. `waiting_for`: what they wait for now, () once open.
    """

    opened_at: datetime | None
    at_latest: datetime
    waiting_for: tuple[Waiting, ...] = field(default=())

    @property
    def is_open(self) -> bool:
        return self.opened_at is not None


def release(
    *,
    ended_at: datetime,
    now: datetime,
    reflected_at: datetime | None,
    expected: Sequence[str],
    sent: Mapping[str, datetime],
    flagged: bool = False,
    cleared_at: datetime | None = None,
) -> Release:
    """When the words on a round open. All of them open in the same instant.

    `reflected_at`: the counsellor's reflection or skip. `expected`: the others asked for a piece; `sent`: when each of
    theirs came. `flagged`: a piece that was in by then holds a harm cue. `cleared_at`: a tutor has read it.
    """
    reflected = min(reflected_at or ended_at + REFLECTION_WAITS, ended_at + REFLECTION_WAITS)
    all_in = max((sent[one] for one in expected), default=ended_at) if all(one in sent for one in expected) else None
    opens = max(reflected, min(all_in or ended_at + PIECES_WAIT, ended_at + PIECES_WAIT))
    if flagged:
        held_until = opens + TUTOR_WAITS
        opens = max(opens, min(cleared_at or held_until, held_until))
    if now >= opens:
        return Release(opens, opens)
    waiting = []
    if reflected_at is None and now < ended_at + REFLECTION_WAITS:
        waiting.append(Waiting.REFLECTION)
    if all_in is None and now < ended_at + PIECES_WAIT:
        waiting.append(Waiting.PIECES)
    if flagged and cleared_at is None:
        waiting.append(Waiting.TUTOR)
    return Release(None, opens, tuple(waiting))


def told_at_latest(*, ended_at: datetime, now: datetime, reflected_at: datetime | None) -> datetime | None:
    """By when a counsellor is told that the words open, or None once that has passed.

    It is what holds for every round, so that neither a date nor its silence before then tells of a tutor's look.
    """
    reflected = min(reflected_at or ended_at + REFLECTION_WAITS, ended_at + REFLECTION_WAITS)
    latest = max(reflected, ended_at + PIECES_WAIT)
    return latest if now < latest else None


def is_late(sent_at: datetime, opened_at: datetime | None) -> bool:
    """Whether a piece came after the rest had opened; it is labelled, and read all the same."""
    return opened_at is not None and sent_at > opened_at


def may_change(opened_by_reader_at: datetime | None) -> bool:
    """Until the counsellor opens it a piece may be changed; afterwards words are added, never altered."""
    return opened_by_reader_at is None


def begun(round_starts_at: datetime, now: datetime) -> bool:
    """Whether a round can be written about yet."""
    return now >= round_starts_at


# --- what has not come in --------------------------------------------------------------------------------------


def still_to_come(expected: Sequence[str], sent: Mapping[str, datetime]) -> tuple[str, ...]:
    """Whose pieces have not come in yet, in the order expected."""
    return tuple(one for one in expected if one not in sent)
