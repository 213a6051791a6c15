"""How a session worked for each of those who were there, and the class's pattern that its tutors see of it.

Nobody's answer may be told from the pattern. It opens once, a day after the session, when at least five have answered,
and from then on neither opens further nor changes: two looks at different times show the same, so that nothing can be
learnt from what lies between them. Counts are said two by two (nobody, one or two, three or four, …), the number of
answers as well, so that no count is ever a single person.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from threefold.core.refusal import Problem, Refusal

ENOUGH = 5
OPENS_BEFORE_END = timedelta(minutes=10)
PATTERN_AFTER = timedelta(days=1)
LASTS = timedelta(days=14)
"""For how long after a session somebody may say how it was, while its pattern has not been opened."""


class Answer(StrEnum):
    """What may be answered, from least to most; and that somebody would rather not say, which counts as an answer."""

    NOT_REALLY = "not_really"
    A_LITTLE = "a_little"
    MOSTLY = "mostly"
    VERY_MUCH = "very_much"
    RATHER_NOT = "rather_not"


SAID: Mapping[Answer, str] = {
    Answer.NOT_REALLY: "Not really",
    Answer.A_LITTLE: "A little",
    Answer.MOSTLY: "Mostly",
    Answer.VERY_MUCH: "Very much",
    Answer.RATHER_NOT: "Rather not say",
}
QUESTIONS: Mapping[str, str] = {
    "time": "There was time enough for each round.",
    "safe": "My group felt safe enough to learn in.",
    "room": "I could hear and be heard: the room, or the connection, worked.",
    "clear": "I knew what to do in each role, and when.",
    "useful": "I took something from it that I can use.",
}
SHORT: Mapping[str, str] = {
    "time": "Time enough",
    "safe": "Safe enough",
    "room": "Room and sound",
    "clear": "Clear roles",
    "useful": "Useful",
}


# --- saying it ------------------------------------------------------------------------------------------------


def checked(answers: Mapping[str, str]) -> dict[str, Answer] | Refusal:
    """What somebody answered, or every question that is still open."""
    known = {answer.value for answer in Answer}
    problems = tuple(
        Problem(code, f"Choose an answer to “{SHORT[code]}”, or “Rather not say”.")
        for code in QUESTIONS
        if answers.get(code) not in known
    )
    return Refusal(problems) if problems else {code: Answer(answers[code]) for code in QUESTIONS}


NOT_THERE = (
    "As far as is noted you couldn’t make this one, so there is nothing to say about it. If you were there, tell your "
    "tutor."
)


def why_not(ends_at: datetime, opened_at: datetime | None, now: datetime, *, cancelled: bool, was_there: bool) -> str:
    """Why somebody can't say (or change) how a session was, or ""."""
    if cancelled:
        return "This session was called off, so there is nothing to say about it."
    if not was_there:
        return NOT_THERE
    if now < ends_at - OPENS_BEFORE_END:
        return "This opens ten minutes before the session ends."
    if opened_at is not None and now >= opened_at:
        return "Your tutors have been shown the class’s pattern, so it stays as it is."
    if now >= ends_at + LASTS:
        return "This session is two weeks past, so its answers are closed."
    return ""


def opened_at(ends_at: datetime, answered: Sequence[datetime]) -> datetime | None:
    """When the class's pattern opens (or did), once and for all: a day after the session, or with the fifth answer if
    that comes later. None where there are too few so far. `answered`: when each answer first came in.
    """
    if len(answered) < ENOUGH:
        return None
    return max(ends_at + PATTERN_AFTER, sorted(answered)[ENOUGH - 1])


# --- the pattern ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Band:
    """A count said two by two: nobody, or from `least` to `most`."""

    least: int
    most: int

    @property
    def words(self) -> str:
        return f"{self.least} or {self.most}" if self.most else "nobody"

    @property
    def middle(self) -> float:
        return (self.least + self.most) / 2


def band(count: int) -> Band:
    """0; 1 or 2; 3 or 4; …"""
    least = count - (count - 1) % 2 if count else 0
    return Band(least, least + 1 if count else 0)


@dataclass(frozen=True)
class Row:
    """How one question was answered."""

    code: str
    bands: tuple[Band, ...]  # in the order of Answer
    sentence: str


@dataclass(frozen=True)
class Pattern:
    """How a session worked for the class: `answered` is how many said so, as a band of its own."""

    answered: Band
    rows: tuple[Row, ...]
    sentence: str


def pattern(answers: Sequence[Mapping[str, str]]) -> Pattern | None:
    """The class's pattern; None below five. A question that fewer than five have answered has no row."""
    if len(answers) < ENOUGH:
        return None
    rows = []
    for code in QUESTIONS:
        given = Counter(Answer(each[code]) for each in answers if each.get(code) in {one.value for one in Answer})
        said = given.total() - given[Answer.RATHER_NOT]
        if given.total() >= ENOUGH:
            held = given[Answer.MOSTLY] + given[Answer.VERY_MUCH]
            rows.append(Row(code, tuple(band(given[answer]) for answer in Answer), f"{_share(held, said)}"))
    return Pattern(band(len(answers)), tuple(rows), _whole(rows))


def _share(held: int, said: int) -> str:
    """For how many of those who said something it held, in words that no one person can change by much."""
    if said < ENOUGH:
        return "too few said"
    rest = said - held
    if rest <= 2:
        return "for nearly everybody"
    if held <= 2:
        return "for hardly anybody"
    if held > rest:
        return "for most"
    return "for half or fewer"


def _whole(rows: Sequence[Row]) -> str:
    """“It worked for nearly everybody, except that time was enough for half or fewer.”"""
    good = [row for row in rows if row.sentence == "for nearly everybody"]
    look = [row for row in rows if row.sentence in {"for half or fewer", "for hardly anybody"}]
    if not rows:
        return "Too few said anything about it to see a pattern."
    if len(good) == len(rows):
        return "Every part of it worked for nearly everybody."
    if look:
        named = ", ".join(f"{SHORT[row.code].lower()} {row.sentence}" for row in look)
        return f"Worth a look: {named}."
    return "It worked for most. Nothing stands out."
