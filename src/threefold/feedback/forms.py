"""How the words on a form become a piece of feedback, and how a piece fills a form again; no word is ever dropped.

A field's name begins with what it belongs to: "HC2.level", "HC2.moment", "HC2.cue" and "HC2.said" all say something
about the competency HC2. A form that names any of them speaks for all of them.
"""

from collections.abc import Iterable, Sequence

from threefold.core import feedback as rules
from threefold.core.competency import Competency
from threefold.core.feedback import CLIENT_QUESTIONS, NOT_SEEN, RATHER_NOT, Felt, Kind, Observed, Rating, Reflected
from threefold.core.refusal import Refusal
from threefold.store.rounds import Sent

Fields = tuple[tuple[str, str], ...]
Written = Observed | Felt | Reflected

PARTS = ("level", "moment", "cue", "said")
WORDS = {
    Kind.OBSERVER: ("helped", "to_try"),
    Kind.CLIENT: ("did",),
    Kind.SELF: ("helped", "to_try", "for_tutor", "moved"),
}
LEVELS = {str(level): level for level in rules.LEVELS}


def stem(name: str) -> str:
    return name.partition(".")[0]


def names(kind: Kind, asked: Sequence[str]) -> frozenset[str]:
    """Every name a form of this kind may send."""
    if kind is Kind.CLIENT:
        return frozenset((*WORDS[kind], *(question.code for question in CLIENT_QUESTIONS)))
    return frozenset((*WORDS[kind], *(f"{code}.{part}" for code in asked for part in PARTS)))


def given(sent: Iterable[tuple[str, str]], kind: Kind, asked: Sequence[str]) -> Fields:
    """What a sent form says about this piece, line ends made alike."""
    known = names(kind, asked)
    return tuple((name, value.replace("\r\n", "\n").replace("\r", "\n")) for name, value in sent if name in known)


def merged(kept: Fields, new: Fields) -> Fields:
    """What was kept with what is new: what the new form speaks for is replaced whole, the rest stays."""
    spoken_for = {stem(name) for name, _ in new}
    return (*((name, value) for name, value in kept if stem(name) not in spoken_for), *new)


def about_same(kept: Fields, new: Fields) -> Fields:
    """The part of what was kept that the new form speaks for."""
    spoken_for = {stem(name) for name, _ in new}
    return tuple((name, value) for name, value in kept if stem(name) in spoken_for)


def says_same(one: Fields, other: Fields) -> bool:
    return sorted(_said(one)) == sorted(_said(other))


def says_anything(fields: Fields) -> bool:
    return bool(_said(fields))


def _said(fields: Fields) -> list[tuple[str, str]]:
    return [(name, value.strip()) for name, value in fields if value.strip()]


def first(fields: Fields, name: str) -> str:
    return next((value for key, value in reversed(fields) if key == name), "")


def every(fields: Fields, name: str) -> tuple[str, ...]:
    return tuple(value for key, value in fields if key == name and value.strip())


def complete(kind: Kind, fields: Fields, asked: Sequence[Competency], about: str) -> Written | Refusal:
    """The piece these fields make, or all that is still wanted; `about` is the counsellor's first name."""
    if kind is Kind.CLIENT:
        return rules.complete_client(_felt(fields))
    if kind is Kind.SELF:
        return rules.complete_self(
            Reflected(
                _ratings(fields, asked),
                clean(first(fields, "helped")),
                clean(first(fields, "to_try")),
                clean(first(fields, "for_tutor")),
                first(fields, "moved"),
            ),
            asked,
        )
    ratings = _ratings(fields, asked)
    return rules.complete_observer(
        Observed(ratings, clean(first(fields, "helped")), clean(first(fields, "to_try"))), asked, about
    )


def words_of(piece: Written) -> dict[str, str]:
    """The words of a piece as they are kept beside its ratings."""
    if isinstance(piece, Felt):
        return {"did": piece.did}
    if isinstance(piece, Reflected):
        said = {"helped": piece.kept, "to_try": piece.to_try, "for_tutor": piece.for_tutor}
        return said | ({"moved": piece.moved} if piece.moved else {})
    return {"helped": piece.helped, "to_try": piece.to_try}


def ratings_of(piece: Written) -> tuple[Rating, ...]:
    if isinstance(piece, Felt):
        return tuple(Rating(code, level) for code, level in piece.answers.items())
    return piece.ratings


def fields_of(piece: Sent) -> Fields:
    """A sent piece as the form that made it."""
    if piece.skipped_at:
        return ()
    found: list[tuple[str, str]] = []
    for rating in piece.ratings:
        if piece.kind is Kind.CLIENT:
            found.append((rating.code, str(rating.level or RATHER_NOT)))
            continue
        found.append((f"{rating.code}.level", str(rating.level or NOT_SEEN)))
        found.extend((f"{rating.code}.moment", moment) for moment in rating.moments)
        found.extend((f"{rating.code}.cue", cue) for cue in rating.cues)
        found.append((f"{rating.code}.said", rating.what_was_said))
    return (*found, *((name, str(value)) for name, value in piece.words.items()))


def own_words(fields: Fields) -> list[str]:
    """Everything that was written in somebody's own words, without levels and ticks."""
    kinds = {"helped", "to_try", "did", "for_tutor", "moment", "said"}
    return [value for name, value in fields if name.rpartition(".")[2] in kinds and value.strip()]


def clean(words: str) -> str:
    """Somebody's own words: only control characters and the outer space go."""
    if words.isprintable():  # nearly always
        return words.strip()
    return "".join(c for c in words if c.isprintable() or c in "\n\t\u200c\u200d\u200e\u200f").strip()


def _ratings(fields: Fields, asked: Sequence[Competency]) -> tuple[Rating, ...]:
    about: dict[str, list[tuple[str, str]]] = {}
    for name, value in fields:
        about.setdefault(stem(name), []).append((name, value))
    found = []
    for competency in asked:
        code = competency.code
        here = tuple(about.get(code, ()))
        chosen, cues = first(here, f"{code}.level"), every(here, f"{code}.cue")
        if chosen not in LEVELS and chosen != NOT_SEEN and not cues:
            continue
        moments = tuple(clean(moment) for moment in every(here, f"{code}.moment"))
        found.append(Rating(code, LEVELS.get(chosen), moments, cues, clean(first(here, f"{code}.said"))))
    return tuple(found)


def _felt(fields: Fields) -> Felt:
    answers = {question.code: first(fields, question.code) for question in CLIENT_QUESTIONS}
    return Felt(
        {code: LEVELS.get(value) for code, value in answers.items() if value in LEVELS or value == RATHER_NOT},
        clean(first(fields, "did")),
    )
