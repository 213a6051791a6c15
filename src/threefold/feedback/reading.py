"""A round's words as they are read: the counsellor's own first, then the client's, then the observers'; levels last."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from threefold.core.competency import Framework
from threefold.core.feedback import (
    CLIENT_ANSWERS,
    CLIENT_QUESTIONS,
    DEEPENING,
    GOT_IN_THE_WAY,
    MOVED,
    RATHER_NOT_SAY,
    READING_ORDER,
    Kind,
    Rating,
    is_late,
)
from threefold.store.rounds import Held, Party, Sent
from threefold.store.tables import Addendum, Answer, Focus


@dataclass(frozen=True)
class Moment:
    """Something seen or heard, under the competency it belongs to."""

    about: str
    level: str
    helped: bool
    words: tuple[str, ...]
    cues: tuple[str, ...]
    what_was_said: str


@dataclass(frozen=True)
class Told:
    """One person's piece, ready to be read."""

    piece: Sent
    who: Party | None
    moments: tuple[Moment, ...]
    answers: tuple[tuple[str, str], ...]
    late: bool
    added: tuple[Addendum, ...]
    thanks: Answer | None
    question: Answer | None
    unease: Answer | None

    @property
    def moved(self) -> str:
        """Whether what they took along did, in words; "" where that was not asked or left out."""
        return MOVED.get(self.piece.words.get("moved", ""), "")

    @property
    def first(self) -> str:
        return self.who.first if self.who else "Somebody who has left"


@dataclass(frozen=True)
class Level:
    """One competency on the scale: marks are (who, kind of mark, place 0 to 3 or None), `says` compares them."""

    about: str
    marks: tuple[tuple[str, str, int | None], ...]
    says: str


@dataclass(frozen=True)
class Reading:
    """All that is told about a round. `options` are ideas for next time: (value, words, whose); `skills` what they may
    belong to: (code, name). `focus` is what was taken along from this round, `taken` what was brought into it.
    """

    held: Held
    told: tuple[Told, ...]
    levels: tuple[Level, ...]
    labels: tuple[str, ...]
    not_seen: str
    options: tuple[tuple[str, str, str], ...]
    skills: tuple[tuple[str, str], ...]
    focus: Focus | None
    taken: str

    @property
    def key(self) -> tuple[tuple[str, str], ...]:
        """Who has a mark on the scale."""
        return tuple(dict.fromkeys((who, kind) for level in self.levels for who, kind, _ in level.marks))

    @property
    def of_others(self) -> tuple[Told, ...]:
        return tuple(one for one in self.told if one.piece.kind is not Kind.SELF)

    @property
    def own(self) -> Told | None:
        return next((one for one in self.told if one.piece.kind is Kind.SELF), None)


def read(
    held: Held,
    framework: Framework,
    *,
    now: datetime,
    own_name: str,
    answers: Sequence[Answer] = (),
    added: Sequence[Addendum] = (),
    focus: Focus | None = None,
    taken: str = "",
) -> Reading:
    """Everything on a round in the order of the room. `own_name` is what the counsellor is called on this page."""
    opened_at = held.release(now).opened_at
    pieces = sorted(held.pieces, key=lambda piece: READING_ORDER.index(piece.kind))
    told = tuple(_told(held, framework, piece, opened_at, answers, added) for piece in pieces if not piece.skipped_at)
    return Reading(
        held,
        told,
        _levels(held, framework, told, own_name),
        tuple(framework.levels[level] for level in sorted(framework.levels)),
        framework.not_seen,
        tuple(
            (str(one.piece.id), one.piece.words["to_try"], "" if one.piece.kind is Kind.SELF else one.first)
            for one in reversed(told)
            if one.piece.words.get("to_try")
        ),
        tuple((code, competency.name) for code in held.looking.codes if (competency := framework.of(code))),
        focus,
        taken,
    )


def _told(
    held: Held,
    framework: Framework,
    piece: Sent,
    opened_at: datetime | None,
    answers: Sequence[Answer],
    added: Sequence[Addendum],
) -> Told:
    said = {answer.kind: answer for answer in answers if answer.piece_id == piece.id}
    levels = {rating.code: rating.level for rating in piece.ratings}
    order = {competency.code: place for place, competency in enumerate(framework.competencies)}
    return Told(
        piece=piece,
        who=held.party(piece.author),
        moments=tuple(
            _moment(framework, rating)
            for rating in sorted(piece.ratings, key=lambda rating: order.get(rating.code, len(order)))
            if rating.moments or rating.cues or rating.what_was_said
        ),
        answers=tuple(
            (question.words, _felt(levels[question.code])) for question in CLIENT_QUESTIONS if question.code in levels
        )
        if piece.kind is Kind.CLIENT
        else (),
        late=piece.kind is not Kind.SELF and is_late(piece.sent_at, opened_at),
        added=tuple(one for one in added if one.piece_id == piece.id),
        thanks=said.get("thanks"),
        question=said.get("question"),
        unease=said.get("unease"),
    )


def _felt(level: int | None) -> str:
    return RATHER_NOT_SAY if level is None else CLIENT_ANSWERS[level]


def _moment(framework: Framework, rating: Rating) -> Moment:
    competency = framework.of(rating.code)
    sentences = {cue.code: cue.sentence for cue in competency.cues} if competency else {}
    extreme = rating.level in {GOT_IN_THE_WAY, DEEPENING}
    return Moment(
        competency.short if competency else rating.code,
        framework.levels[rating.level] if rating.level and extreme else "",
        rating.level == DEEPENING,
        rating.moments,
        tuple(sentences[cue] for cue in rating.cues if cue in sentences),
        rating.what_was_said,
    )


def _levels(held: Held, framework: Framework, told: Sequence[Told], own_name: str) -> tuple[Level, ...]:
    raters = [one for one in told if one.piece.kind is not Kind.CLIENT]
    rated = [rating.code for one in raters for rating in one.piece.ratings]
    found = []
    for code in dict.fromkeys((*held.asked, *rated)):  # what was asked for then, should the term's list change
        competency = framework.of(code)
        if competency is None:
            continue
        marks: list[tuple[str, str, int | None]] = []
        for one in raters:
            rating = next((rating for rating in one.piece.ratings if rating.code == code), None)
            if rating is None:
                continue
            kind = "own" if one.piece.kind is Kind.SELF else "tutor" if one.who and one.who.is_tutor else "observer"
            marks.append((own_name if kind == "own" else one.first, kind, rating.level - 1 if rating.level else None))
        if marks:
            found.append(Level(competency.short, tuple(marks), _compared(marks)))
    return tuple(found)


def _compared(marks: Sequence[tuple[str, str, int | None]]) -> str:
    """One line about own and others' levels; nothing where there is nothing to compare."""
    own = next((place for _, kind, place in marks if kind == "own"), None)
    others = [(who, place) for who, kind, place in marks if kind != "own" and place is not None]
    if own is None or not others:
        return ""

    def those(holds: Callable[[int], bool]) -> str:
        names = [who for who, place in others if holds(place)]
        return " and ".join(filter(None, (", ".join(names[:-1]), names[-1]))) if names else ""

    more, less = those(lambda place: place > own), those(lambda place: place < own)
    same = those(lambda place: place == own)
    if same and not more and not less:
        return "The same"
    said = [f"{same} saw the same" if same else "", f"{more} saw more" if more else ""]
    said.append(f"{less} saw less of it this time" if less else "")
    return ". ".join(filter(None, said))
