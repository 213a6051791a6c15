"""Frameworks: what observers look for, what each level looks like in the room, and what gets in the way."""

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from threefold.core.refusal import Problem, Refusal

LEVELS = (1, 2, 3, 4)
"""From "got in the way" to "deepening"; a fifth answer, "not seen", is no level and is never counted as one."""

FEWEST, MOST = 3, 8
"""How many competencies a term may look for: fewer says little, more than eight nobody can hold in mind."""

LABEL, SENTENCE = 60, 240
"""The longest label and the longest sentence, in characters: both must be read at a glance, on a phone."""

CODE = r"[A-Za-z0-9][A-Za-z0-9-]{0,31}"
ID = r"[a-z0-9][a-z0-9-]{0,63}"
VERSION = r"[0-9A-Za-z][0-9A-Za-z.-]{0,31}"
MOST_COMPETENCIES, MOST_CUES, MOST_MAPS = 60, 12, 12


@dataclass(frozen=True)
class Cue:
    """Something seen or heard that got in the client's way. Ticking one puts the round at level 1."""

    code: str
    sentence: str


@dataclass(frozen=True)
class Competency:
    """One thing counsellors learn to do, told by what an observer sees at each level.

    `short` is for buttons and charts, `about` says what it is in a sentence. `anchors` has every level from 1
    (what "got in the way" looks like) to 4. `maps` names places in other models, by their public codes only.
    """

    code: str
    name: str
    short: str
    about: str
    anchors: Mapping[int, str]
    cues: tuple[Cue, ...] = ()
    maps: tuple[str, ...] = ()


@dataclass(frozen=True)
class Framework:
    """A list of competencies under one id and version; a changed wording is a new version.

    `levels` names the levels 1 to 4, `not_seen` the answer beside them, `licence` says whose words these are.
    """

    id: str
    version: str
    name: str
    licence: str
    levels: Mapping[int, str]
    not_seen: str
    competencies: tuple[Competency, ...]

    def of(self, code: str) -> Competency | None:
        return next((each for each in self.competencies if each.code == code), None)


def choose(framework: Framework, codes: Iterable[str]) -> tuple[Competency, ...] | Refusal:
    """What a term looks for: three to eight competencies, in the framework's order; a code said twice counts once."""
    asked = tuple(dict.fromkeys(codes))
    chosen = tuple(each for each in framework.competencies if each.code in asked)
    sentences = [
        f"“{_shown(code)}” is not part of {framework.name}: choose from its list."
        for code in asked
        if framework.of(code) is None
    ]
    if len(chosen) < FEWEST:
        sentences.append(f"Choose at least three competencies; {_so_far(len(chosen))}.")
    if len(chosen) > MOST:
        sentences.append(f"Choose at most eight competencies: take {len(chosen) - MOST} away.")
    if sentences:
        return Refusal(tuple(Problem("competencies", sentence) for sentence in sentences))
    return chosen


def _so_far(count: int) -> str:
    return {0: "none is chosen so far", 1: "one is chosen so far"}.get(count, "two are chosen so far")


def read_framework(document: object) -> Framework | Refusal:
    """A framework from its parsed JSON, or everything that needs putting right, in the document's order.

    A problem's `field` is the path to the place, counted from 0 as JSON is: "competencies.3.anchors.2".
    """
    if not isinstance(document, Mapping):
        return Refusal.because("Write the framework as one JSON object, between { and }.")
    reading = _Reading()
    reading.nothing_but(document, SCHEMA["properties"], "", "a framework")
    found = Framework(
        id=reading.code(document.get("id"), "id", "The framework’s id", ID, "small letters, digits and hyphens"),
        version=reading.code(
            document.get("version"), "version", "The version", VERSION, "letters, digits, dots and hyphens"
        ),
        name=reading.words(document.get("name"), "name", "The framework’s name", LABEL),
        licence=reading.words(document.get("licence"), "licence", "The licence note", SENTENCE),
        levels=reading.levels(document.get("levels"), "levels", "the name", "", LABEL),
        not_seen=reading.words(document.get("not_seen"), "not_seen", "The words for “not seen”", LABEL),
        competencies=reading.competencies(document.get("competencies")),
    )
    return Refusal(tuple(reading.problems)) if reading.problems else found


@dataclass(frozen=True)
class _Reading:
    """Reads on after every problem, putting something empty in its place, so that all are found in one go."""

    problems: list[Problem] = field(default_factory=list)

    def note(self, path: str, sentence: str) -> None:
        self.problems.append(Problem(path, sentence))

    def words(self, value: object, path: str, what: str, most: int) -> str:
        """One line of text, trimmed."""
        if not isinstance(value, str) or not value.strip():
            self.note(path, f"{what}: write it as text, up to {most} characters.")
            return ""
        text = value.strip()
        if any(unicodedata.category(sign) in {"Cc", "Cs", "Zl", "Zp"} for sign in text):
            self.note(path, f"{what}: keep it to one line, without tabs or control characters.")
        elif len(text) > most:
            self.note(path, f"{what}: shorten it to {most} characters; it has {len(text)}.")
        return text

    def code(self, value: object, path: str, what: str, pattern: str, made_of: str) -> str:
        if isinstance(value, str) and re.fullmatch(pattern, value, re.ASCII):
            return value
        self.note(path, f"{what}: use {made_of} only, beginning with a letter or digit.")
        return ""

    def own_code(self, value: object, path: str, what: str, taken: set[str]) -> str:
        """A code that nothing beside it has: ratings are kept under it."""
        code = self.code(value, path, what, CODE, "up to 32 letters, digits and hyphens")
        if code in taken:
            self.note(path, f"{what}: “{code}” is taken already; give each its own code.")
            return ""
        if code:
            taken.add(code)
        return code

    def levels(self, value: object, path: str, what: str, whose: str, most: int) -> dict[int, str]:
        """Exactly the levels 1 to 4; JSON writes the numbers as keys."""
        if not isinstance(value, Mapping):
            self.note(path, f"Give {what} of each level{whose} as an object with the keys 1, 2, 3 and 4.")
            return {}
        self.nothing_but(value, [str(level) for level in LEVELS], path, "the levels")
        start = what[0].upper() + what[1:]
        return {
            level: self.words(value.get(str(level)), f"{path}.{level}", f"{start} of level {level}{whose}", most)
            for level in LEVELS
        }

    def nothing_but(self, value: Mapping[Any, object], known: Collection[str], path: str, where: str) -> None:
        """A misspelt key would be lost without a word, so each unknown one is named."""
        for key in value:
            if key not in known:
                name = _shown(key)
                self.note(_join(path, name), f"“{name}” is not part of {where}: take it out, or check its spelling.")

    def items(self, value: object, path: str, what: str, fewest: int, most: int) -> list[object]:
        if not isinstance(value, list):
            self.note(path, f"Give the {what} as a list, between [ and ].")
            return []
        if not fewest <= len(value) <= most:
            number = f"{fewest} to {most}" if fewest else f"at most {most}"
            self.note(path, f"Give {number} {what}; there {_are(len(value))} now.")
        return value[:most]

    def competencies(self, value: object) -> tuple[Competency, ...]:
        taken: set[str] = set()
        return tuple(
            self.competency(item, f"competencies.{place}", f"competency {place + 1}", taken)
            for place, item in enumerate(self.items(value, "competencies", "competencies", FEWEST, MOST_COMPETENCIES))
        )

    def competency(self, value: object, path: str, which: str, taken: set[str]) -> Competency:
        if not isinstance(value, Mapping):
            self.note(path, f"Write {which} as an object, between {{ and }}, with its code, name and anchors.")
            return Competency("", "", "", "", {})
        self.nothing_but(value, _COMPETENCY["properties"], path, "a competency")
        code = self.own_code(value.get("code"), f"{path}.code", f"The code of {which}", taken)
        which = code or which
        return Competency(
            code=code,
            name=self.words(value.get("name"), f"{path}.name", f"The name of {which}", LABEL),
            short=self.words(value.get("short"), f"{path}.short", f"The short label of {which}", LABEL),
            about=self.words(value.get("about"), f"{path}.about", f"The sentence about {which}", SENTENCE),
            anchors=self.levels(value.get("anchors"), f"{path}.anchors", "the anchor", f" of {which}", SENTENCE),
            cues=self.cues(value.get("cues", []), f"{path}.cues", which),
            maps=tuple(
                self.words(item, f"{path}.maps.{place}", f"Map {place + 1} of {which}", LABEL)
                for place, item in enumerate(
                    self.items(value.get("maps", []), f"{path}.maps", f"maps of {which}", 0, MOST_MAPS)
                )
            ),
        )

    def cues(self, value: object, path: str, which: str) -> tuple[Cue, ...]:
        taken: set[str] = set()
        found = []
        for place, item in enumerate(self.items(value, path, f"cues of {which}", 0, MOST_CUES)):
            here, what = f"{path}.{place}", f"cue {place + 1} of {which}"
            if not isinstance(item, Mapping):
                self.note(here, f"Write {what} as an object with a code and a sentence.")
                continue
            self.nothing_but(item, _CUE["properties"], here, "a cue")
            code = self.own_code(item.get("code"), f"{here}.code", f"The code of {what}", taken)
            sentence = self.words(item.get("sentence"), f"{here}.sentence", f"The sentence of {what}", SENTENCE)
            found.append(Cue(code, sentence))
        return tuple(found)


def _shown(word: object) -> str:
    """Somebody's own word, fit for a sentence: short, and without halves of characters that no page can carry."""
    text = str(word)
    clipped = text if len(text) <= LABEL else text[: LABEL - 1] + "…"
    return clipped.encode("utf-8", "replace").decode("utf-8")


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _are(count: int) -> str:
    return "is 1" if count == 1 else f"are {count}"


def _text(most: int, description: str) -> dict[str, Any]:
    return {"type": "string", "minLength": 1, "maxLength": most, "pattern": r"\S", "description": description}


def _pattern(pattern: str, description: str) -> dict[str, Any]:
    return {"type": "string", "pattern": f"^{pattern}$", "description": description}


def _object(properties: dict[str, Any], description: str, optional: Collection[str] = ()) -> dict[str, Any]:
    return {
        "type": "object",
        "description": description,
        "properties": properties,
        "required": [key for key in properties if key not in optional],
        "additionalProperties": False,
    }


def _list(items: dict[str, Any], fewest: int, most: int, description: str) -> dict[str, Any]:
    return {"type": "array", "items": items, "minItems": fewest, "maxItems": most, "description": description}


_CUE = _object(
    {
        "code": _pattern(CODE, "Its own within the competency."),
        "sentence": _text(SENTENCE, "What was seen or heard."),
    },
    "Something that got in the client’s way.",
)

_COMPETENCY = _object(
    {
        "code": _pattern(CODE, "Its own within the framework; ratings are kept under it."),
        "name": _text(LABEL, "The name in full."),
        "short": _text(LABEL, "A word or two, for buttons and charts."),
        "about": _text(SENTENCE, "What it is, in one sentence."),
        "anchors": _object(
            {str(level): _text(SENTENCE, f"What an observer sees at level {level}.") for level in LEVELS},
            "What each level looks like in the room.",
        ),
        "cues": _list(_CUE, 0, MOST_CUES, "What puts a round at level 1."),
        "maps": _list(_text(LABEL, "A public code in another model."), 0, MOST_MAPS, "Where other models have this."),
    },
    "One thing counsellors learn to do.",
    optional=("cues", "maps"),
)

SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Threefold framework",
    **_object(
        {
            "id": _pattern(ID, "Stays the same from version to version."),
            "version": _pattern(VERSION, "A changed wording is a new version."),
            "name": _text(LABEL, "What tutors see when they choose."),
            "licence": _text(SENTENCE, "Who wrote this and what allows you to use it."),
            "levels": _object(
                {str(level): _text(LABEL, f"The name of level {level}.") for level in LEVELS},
                "What the levels are called.",
            ),
            "not_seen": _text(LABEL, "The answer for what did not come up; never counted."),
            "competencies": _list(_COMPETENCY, FEWEST, MOST_COMPETENCIES, "In the order people see them."),
        },
        "What observers look for, told by what is seen in the room.",
    ),
}
"""The document as JSON Schema, for the people and editors that write one; `read_framework` also asks for own codes."""
