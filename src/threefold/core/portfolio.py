"""What somebody takes with them from a term: numbered evidence, chosen by dates and kinds, as one list of rows.

The page, the CSV and the JSON are all made of these rows, so that none of them can hold more than another. Of a round
that its counsellor has not opened nothing is taken. Of a piece only what they have read is: words are picked by name,
so that what was written for the tutors alone can never come along. Others stand as initials unless they agreed that
their name may be seen.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date as Date  # noqa: N812 - a row has a date of its own
from enum import StrEnum
from typing import Any

from threefold.core.competency import Framework
from threefold.core.feedback import CLIENT_ANSWERS, CLIENT_QUESTIONS, RATHER_NOT_SAY, Rating
from threefold.core.names import initials
from threefold.core.refusal import Problem, Refusal

SCHEMA, VERSION = "threefold-portfolio", 1
REFLECTION = {"CPCAB": "CPCAB 7", "SCoPEd": "SCoPEd self-awareness and reflection"}
"""Where these models have looking back on one's own practice (their public codes, as FRAMEWORK maps them)."""


class Kind(StrEnum):
    """What may be chosen: whose words, and beside them the levels."""

    OWN = "own"
    OBSERVERS = "observers"
    CLIENTS = "clients"
    TUTORS = "tutors"
    LEVELS = "levels"


KINDS: Mapping[Kind, str] = {
    Kind.OWN: "My own reflections",
    Kind.OBSERVERS: "Observers’ words",
    Kind.CLIENTS: "Clients’ answers",
    Kind.TUTORS: "Tutors’ observations",
    Kind.LEVELS: "Levels",
}
ITEM: Mapping[Kind, str] = {
    Kind.OWN: "Own reflection",
    Kind.OBSERVERS: "Observer’s feedback",
    Kind.CLIENTS: "Client’s answers",
    Kind.TUTORS: "Tutor’s observation",
}
SAID: Mapping[Kind, Mapping[str, str]] = {
    Kind.OWN: {"helped": "One thing to keep", "to_try": "One thing to try next"},
    Kind.OBSERVERS: {"helped": "One thing that helped", "to_try": "One thing to try next"},
    Kind.CLIENTS: {"did": "One thing the counsellor did"},
    Kind.TUTORS: {"helped": "One thing that helped", "to_try": "One thing to try next"},
}
"""Which words of a piece are taken, and under what heading; nothing else in it ever is."""


@dataclass(frozen=True)
class Choice:
    """What is to be in it: rounds from one date to another, both included, and these kinds."""

    since: Date
    until: Date
    kinds: frozenset[Kind]


@dataclass(frozen=True)
class Piece:
    """One person's piece on a round. `added`: what they added later. `focus`: what its counsellor took along."""

    kind: Kind
    name: str
    agreed: bool
    words: Mapping[str, str]
    ratings: tuple[Rating, ...] = ()
    added: tuple[str, ...] = ()
    focus: str = ""


@dataclass(frozen=True)
class Round:
    """A round its owner counselled, with everybody's pieces in the order they are read in."""

    on: Date
    cohort: str
    session: int
    number: int
    is_opened: bool
    framework: Framework
    pieces: tuple[Piece, ...]


@dataclass(frozen=True)
class Row:
    """One line of evidence. `code`: the competency or question it is about, or ""; `by`: whose words they are."""

    item: str
    date: str  # ISO
    cohort: str
    session: int
    round: int
    kind: str
    by: str
    code: str
    what: str
    words: str

    @property
    def on(self) -> Date:
        return Date.fromisoformat(self.date)

    def cells(self) -> tuple[str, ...]:
        return tuple(str(getattr(self, each.name)) for each in fields(self))


@dataclass(frozen=True)
class Item:
    """One piece as numbered evidence: its rows, which share its number, date, round, kind and author.

    `about`: codes of the competencies it is evidence for.
    """

    rows: tuple[Row, ...]
    about: tuple[str, ...]

    @property
    def head(self) -> Row:
        return self.rows[0]


@dataclass(frozen=True)
class Reference:
    """A competency, or a place in another model, and the evidence for it."""

    code: str
    name: str
    items: tuple[str, ...]


@dataclass(frozen=True)
class Portfolio:
    """Somebody's evidence, and what it is evidence for."""

    owner: str
    choice: Choice
    items: tuple[Item, ...]
    references: tuple[Reference, ...]

    @property
    def rows(self) -> tuple[Row, ...]:
        return tuple(row for item in self.items for row in item.rows)


def check_choice(since: str, until: str, kinds: Collection[str], first: Date, today: Date) -> Choice | Refusal:
    """A choice from what was typed, or every problem at once; a date left out is `first` or `today`."""
    problems: list[Problem] = []
    found = []
    for name, typed, otherwise in (("since", since, first), ("until", until, today)):
        try:
            found.append(Date.fromisoformat(typed.strip()) if typed.strip() else otherwise)
        except ValueError:
            problems.append(Problem(name, "Enter a date like 2026-10-01, or leave this empty."))
    known = frozenset(kind for kind in Kind if kind.value in kinds)
    if len(found) == 2 and found[0] > found[1]:
        problems.append(Problem("until", "Choose a last date that isn’t before the first."))
    if not known:
        problems.append(Problem("kind", "Choose at least one kind to take with you."))
    return Refusal(tuple(problems)) if problems else Choice(found[0], found[1], known)


def everything(first: Date, today: Date) -> Choice:
    """All kinds, from the first round to today."""
    return Choice(min(first, today), today, frozenset(Kind))


def called(name: str, *, agreed: bool) -> str:
    """How somebody else stands in a portfolio: "B. H.", or their name if they agreed to it."""
    return name if agreed else " ".join(f"{letter}." for letter in initials(name))


def build(owner: str, rounds: Iterable[Round], choice: Choice) -> Portfolio:
    """The portfolio of these rounds: items EV-1, EV-2, … in the order of rounds and pieces, empty ones left out."""
    chosen = [each for each in rounds if each.is_opened and choice.since <= each.on <= choice.until]
    chosen.sort(key=lambda each: (each.on, each.session, each.number))
    items: list[Item] = []
    for each in chosen:
        for piece in each.pieces:
            lines = tuple(_lines(piece, each.framework, choice.kinds))
            if lines:
                items.append(_item(f"EV-{len(items) + 1}", owner, each, piece, lines))
    frameworks = {(each.framework.id, each.framework.version): each.framework for each in chosen}
    return Portfolio(owner, choice, tuple(items), tuple(_references(items, list(frameworks.values()))))


@dataclass(frozen=True)
class _Line:
    """What becomes a row. `shows`: it is evidence for the competency; "not seen" and a client's answer are not."""

    code: str
    what: str
    words: str
    shows: bool = False


def _item(number: str, owner: str, round_: Round, piece: Piece, lines: Sequence[_Line]) -> Item:
    by = owner if piece.kind is Kind.OWN else called(piece.name, agreed=piece.agreed)
    return Item(
        tuple(
            Row(
                item=number,
                date=round_.on.isoformat(),
                cohort=round_.cohort,
                session=round_.session,
                round=round_.number,
                kind=ITEM[piece.kind],
                by=by,
                code=line.code,
                what=line.what,
                words=line.words,
            )
            for line in lines
        ),
        tuple(dict.fromkeys(line.code for line in lines if line.shows)),
    )


def _lines(piece: Piece, framework: Framework, kinds: Collection[Kind]) -> Iterable[_Line]:
    """What a piece gives: its words if its kind was chosen; the levels in it if levels were."""
    if piece.kind in kinds:
        for name, what in SAID[piece.kind].items():
            if words := piece.words.get(name):
                yield _Line("", what, words)
        if piece.focus:
            yield _Line("", "Taken into the next session", piece.focus)
        yield from _answers(piece.ratings) if piece.kind is Kind.CLIENTS else _moments(piece.ratings, framework)
        yield from (_Line("", "Added later", words) for words in piece.added)
    if Kind.LEVELS in kinds and piece.kind is not Kind.CLIENTS:
        for rating, name in _known(piece.ratings, framework):
            level = framework.levels[rating.level] if rating.level else framework.not_seen
            yield _Line(rating.code, f"{name}: level", level, rating.level is not None)


def _answers(ratings: Sequence[Rating]) -> Iterable[_Line]:
    given = {rating.code: rating.level for rating in ratings}
    for question in CLIENT_QUESTIONS:
        if question.code in given:
            level = given[question.code]
            yield _Line(question.code, question.words, CLIENT_ANSWERS[level] if level else RATHER_NOT_SAY)


def _moments(ratings: Sequence[Rating], framework: Framework) -> Iterable[_Line]:
    for rating, name in _known(ratings, framework):
        competency = framework.of(rating.code)
        cues = {cue.code: cue.sentence for cue in competency.cues} if competency else {}
        yield from (_Line(rating.code, f"{name}: a moment", moment, True) for moment in rating.moments)
        for cue in rating.cues:
            if cue in cues:
                yield _Line(rating.code, f"{name}: {framework.levels[1].lower()}", cues[cue], True)
        if rating.what_was_said:
            yield _Line(rating.code, f"{name}: what was said or done", rating.what_was_said, True)


def _known(ratings: Sequence[Rating], framework: Framework) -> Iterable[tuple[Rating, str]]:
    """Ratings in the framework's order, with the name of what they are about; those it does not know come last."""
    order = {each.code: place for place, each in enumerate(framework.competencies)}
    for rating in sorted(ratings, key=lambda rating: order.get(rating.code, len(order))):
        competency = framework.of(rating.code)
        yield rating, competency.name if competency else rating.code


def _references(items: Sequence[Item], frameworks: Sequence[Framework]) -> Iterable[Reference]:
    """Competencies in their order, then the places that other models have for them, in order of their codes."""
    about: dict[str, list[str]] = {}
    for item in items:
        for code in item.about:
            about.setdefault(code, []).append(item.head.item)
    names: dict[str, str] = {}
    models: dict[str, list[str]] = {}
    for competency in (each for framework in frameworks for each in framework.competencies):
        if competency.code not in names:
            names[competency.code] = competency.name
            for place in competency.maps:
                models.setdefault(place, []).extend(about.get(competency.code, ()))
    own = [item.head.item for item in items if item.head.kind == ITEM[Kind.OWN]]
    for body in sorted({place.partition(" ")[0] for place in models} & set(REFLECTION)):
        models.setdefault(REFLECTION[body], []).extend(own)
    yield from (Reference(code, name, _in_order(about[code])) for code, name in names.items() if code in about)
    yield from (Reference(place, "", _in_order(models[place])) for place in sorted(models) if models[place])


def _in_order(items: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(items), key=lambda item: int(item.removeprefix("EV-"))))


# --- as files ----------------------------------------------------------------------------------------------------

COLUMNS = ("Item", "Date", "Group", "Session", "Round", "Kind", "By", "Code", "What", "Words")


def table(portfolio: Portfolio) -> tuple[tuple[str, ...], ...]:
    """The rows as cells under their headings, for a spreadsheet."""
    return (COLUMNS, *(row.cells() for row in portfolio.rows))


def document(portfolio: Portfolio) -> dict[str, Any]:
    """The rows as plain values, for JSON: {"schema", "version", "person", "since", "until", "kinds", "rows",
    "references"}; a row has the fields of `Row`.
    """
    return {
        "schema": SCHEMA,
        "version": VERSION,
        "person": portfolio.owner,
        "since": portfolio.choice.since.isoformat(),
        "until": portfolio.choice.until.isoformat(),
        "kinds": [kind.value for kind in Kind if kind in portfolio.choice.kinds],
        "rows": [{each.name: getattr(row, each.name) for each in fields(Row)} for row in portfolio.rows],
        "references": [{"code": one.code, "name": one.name, "items": list(one.items)} for one in portfolio.references],
    }
