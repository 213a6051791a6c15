"""A framework as a document: read from JSON, every problem named by its place, and written so that it reads back."""

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from threefold.core.competency import FEWEST, LANGUAGE, LEVELS, Competency, Cue, Domain, Framework, shown
from threefold.core.framework_schema import (
    CODE,
    COMPETENCY,
    CUE,
    DOMAIN,
    EDITION,
    ID,
    LABEL,
    MODEL,
    MOST_COMPETENCIES,
    MOST_CUES,
    MOST_DOMAINS,
    MOST_MAPS,
    MOST_TEXT,
    SCHEMA,
    SENTENCE,
    TAG,
    VERSION,
)
from threefold.core.refusal import Problem, Refusal

MOST_PROBLEMS = 40
"""As many problems as fit on a page; the rest are counted."""
UNLICENSED = "The licence note: say whose words these are, and what allows you to use them."
OTHER = "Other"
"""The model of a code that was written without one."""


def read_text(text: str) -> Framework | Refusal:
    """A framework from its JSON text. Takes bounded time and memory, whatever it is given."""
    if len(text) > MOST_TEXT:
        most = f"{MOST_TEXT:,}"
        return Refusal.because(f"This is too long for a framework: up to {most} characters; it has {len(text):,}.")
    twice: list[str] = []

    def fields(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            times = Counter(key for key, _ in pairs)
            twice.extend(key for key in found if times[key] > 1)
        return found

    try:
        document = json.loads(text, object_pairs_hook=fields)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        return Refusal.because(f"This can’t be read as JSON. Check the commas and quotes near {where}.")
    except (ValueError, RecursionError):
        return Refusal.because("This can’t be read as JSON. Check its commas, quotes and brackets.")
    if twice:
        keys = dict.fromkeys(twice[:MOST_PROBLEMS])
        sentences = (f"“{shown(key)}” stands twice in the same place: keep one of the two." for key in keys)
        return Refusal(tuple(Problem("", sentence) for sentence in sentences))
    return read_framework(document)


def read_framework(document: object) -> Framework | Refusal:
    """A framework from its parsed JSON, or everything that needs putting right, in the document’s order.

    A problem’s `field` is the path to the place, counted from 0 as JSON is: "competencies.3.anchors.2".
    """
    if not isinstance(document, Mapping):
        return Refusal.because("Write the framework as one JSON object, between { and }.")
    reading = _Reading()
    reading.nothing_but(document, SCHEMA["properties"], "", "a framework")
    reading.edition(document.get("schema", EDITION))
    made_of = "letters, digits, dots and hyphens"
    domains = reading.domains(document.get("domains", []))
    found = Framework(
        id=reading.code(document.get("id"), "id", "The framework’s id", ID, "small letters, digits and hyphens"),
        version=reading.code(document.get("version"), "version", "The version (not ending in .json)", VERSION, made_of),
        name=reading.words(document.get("name"), "name", "The framework’s name", LABEL),
        language=reading.language(document.get("language", LANGUAGE)),
        licence=reading.words(document.get("licence"), "licence", "The licence note", SENTENCE, UNLICENSED),
        levels=reading.levels(document.get("levels"), "levels", "the name", "", LABEL),
        not_seen=reading.words(document.get("not_seen"), "not_seen", "The words for “not seen”", LABEL),
        domains=domains,
        competencies=reading.competencies(document.get("competencies"), {domain.code for domain in domains}),
    )
    return reading.refusal or found


def document_of(framework: Framework) -> dict[str, Any]:
    """The framework as a document; `read_framework` makes the same framework of it."""
    return {
        "schema": EDITION,
        "id": framework.id,
        "version": framework.version,
        "name": framework.name,
        "language": framework.language,
        "licence": framework.licence,
        "levels": {str(level): framework.levels[level] for level in LEVELS},
        "not_seen": framework.not_seen,
        "domains": [{"code": each.code, "name": each.name} for each in framework.domains],
        "competencies": [_competency_of(each) for each in framework.competencies],
    }


def text_of(framework: Framework) -> str:
    """The document as text for people to read, keep and bring back."""
    return json.dumps(document_of(framework), ensure_ascii=False, indent=2) + "\n"


def _competency_of(each: Competency) -> dict[str, Any]:
    return {
        "code": each.code,
        "name": each.name,
        "short": each.short,
        "about": each.about,
        **({"domain": each.domain} if each.domain else {}),
        "anchors": {str(level): each.anchors[level] for level in LEVELS},
        "cues": [{"code": cue.code, "sentence": cue.sentence} for cue in each.cues],
        "maps": {model: list(codes) for model, codes in each.mapped.items()},
    }


@dataclass
class _Reading:
    """Reads on after every problem, putting something empty in its place, so that all are found in one go."""

    problems: list[Problem] = field(default_factory=list)
    unsaid: int = 0

    @property
    def refusal(self) -> Refusal | None:
        if not self.unsaid:
            return Refusal(tuple(self.problems)) if self.problems else None
        rest = f"There {_are(self.unsaid)} more to put right further on. Begin with these."
        return Refusal((*self.problems, Problem("", rest)))

    def note(self, path: str, sentence: str) -> None:
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(Problem(path, sentence))
        else:
            self.unsaid += 1

    def words(self, value: object, path: str, what: str, most: int, missing: str = "") -> str:
        """One line of text, trimmed. `missing` is said when there is none."""
        if not isinstance(value, str) or not value.strip():
            is_missing = missing and (value is None or isinstance(value, str))
            self.note(path, missing if is_missing else f"{what}: write it as text, up to {most} characters.")
            return ""
        text = value.strip()
        if len(text) > most:
            self.note(path, f"{what}: shorten it to {most} characters; it has {len(text):,}.")
            return ""
        if any(unicodedata.category(sign) in {"Cc", "Cs", "Zl", "Zp"} for sign in text):
            self.note(path, f"{what}: keep it to one line, without tabs or control characters.")
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

    def edition(self, value: object) -> None:
        if type(value) is not int or value != EDITION:  # True is equal to 1, and is no number of ours
            said = shown(json.dumps(value, default=str))
            self.note("schema", f"This file was made for another version: its schema is {said}, and we read {EDITION}.")

    def language(self, value: object) -> str:
        if isinstance(value, str) and re.fullmatch(TAG, value, re.ASCII):
            return value
        self.note("language", "The language: use a tag such as en-GB or cy.")
        return LANGUAGE

    def levels(self, value: object, path: str, what: str, whose: str, most: int) -> dict[int, str]:
        """Exactly the levels 1 to 4; JSON writes numbers as keys. `whose` is a competency, or "" for their names."""
        of = f" of {whose}" if whose else ""
        if not isinstance(value, Mapping):
            self.note(path, f"Give {what} of each level{of} as an object with the keys 1, 2, 3 and 4.")
            return {}
        self.nothing_but(value, [str(level) for level in LEVELS], path, "the levels")
        start = what[0].upper() + what[1:]
        found = {}
        for level in LEVELS:
            told, at = value.get(str(level)), f"{path}.{level}"
            none = f"{whose}: there is no anchor for" if whose else "There is no name for"
            found[level] = self.words(told, at, f"{start} of level {level}{of}", most, f"{none} level {level}.")
        return found

    def nothing_but(self, value: Mapping[Any, object], known: Collection[str], path: str, where: str) -> None:
        """A misspelt key would be lost without a word, so each unknown one is named."""
        for key in value:
            if key not in known:
                name = shown(key)
                self.note(_join(path, name), f"“{name}” is not part of {where}: take it out, or check its spelling.")

    def items(self, value: object, path: str, what: str, fewest: int, most: int) -> list[object]:
        if not isinstance(value, list):
            self.note(path, f"Give the {what} as a list, between [ and ].")
            return []
        if not fewest <= len(value) <= most:
            number = f"{fewest} to {most}" if fewest else f"at most {most}"
            self.note(path, f"Give {number} {what}; there {_are(len(value))} now.")
        return value[:most]

    def domains(self, value: object) -> tuple[Domain, ...]:
        taken: set[str] = set()
        found = []
        for place, item in enumerate(self.items(value, "domains", "domains", 0, MOST_DOMAINS)):
            here, what = f"domains.{place}", f"domain {place + 1}"
            if not isinstance(item, Mapping):
                self.note(here, f"Write {what} as an object with a code and a name.")
                continue
            self.nothing_but(item, DOMAIN["properties"], here, "a domain")
            code = self.own_code(item.get("code"), f"{here}.code", f"The code of {what}", taken)
            found.append(Domain(code, self.words(item.get("name"), f"{here}.name", f"The name of {what}", LABEL)))
        return tuple(found)

    def competencies(self, value: object, domains: Collection[str]) -> tuple[Competency, ...]:
        taken: set[str] = set()
        items = self.items(value, "competencies", "competencies", FEWEST, MOST_COMPETENCIES)
        return tuple(
            self.competency(item, f"competencies.{place}", f"competency {place + 1}", taken, domains)
            for place, item in enumerate(items)
        )

    def competency(self, value: object, path: str, which: str, taken: set[str], domains: Collection[str]) -> Competency:
        if not isinstance(value, Mapping):
            self.note(path, f"Write {which} as an object, between {{ and }}, with its code, name and anchors.")
            return Competency("", "", "", "", {})
        self.nothing_but(value, COMPETENCY["properties"], path, "a competency")
        code = self.own_code(value.get("code"), f"{path}.code", f"The code of {which}", taken)
        which = code or which
        domain = value.get("domain", "")
        if not isinstance(domain, str) or (domain and domain not in domains):
            self.note(f"{path}.domain", f"{which}: “{shown(domain)}” is not among the domains.")
        return Competency(
            code=code,
            name=self.words(value.get("name"), f"{path}.name", f"The name of {which}", LABEL),
            short=self.words(value.get("short"), f"{path}.short", f"The short label of {which}", LABEL),
            about=self.words(value.get("about"), f"{path}.about", f"The sentence about {which}", SENTENCE),
            anchors=self.levels(
                value.get("anchors"), f"{path}.anchors", "the anchor", which[0].upper() + which[1:], SENTENCE
            ),
            cues=self.cues(value.get("cues", []), f"{path}.cues", which),
            mapped=self.maps(value.get("maps", {}), f"{path}.maps", which),
            domain=domain if isinstance(domain, str) else "",
        )

    def cues(self, value: object, path: str, which: str) -> tuple[Cue, ...]:
        taken: set[str] = set()
        found = []
        for place, item in enumerate(self.items(value, path, f"cues of {which}", 0, MOST_CUES)):
            here, what = f"{path}.{place}", f"cue {place + 1} of {which}"
            if not isinstance(item, Mapping):
                self.note(here, f"Write {what} as an object with a code and a sentence.")
                continue
            self.nothing_but(item, CUE["properties"], here, "a cue")
            code = self.own_code(item.get("code"), f"{here}.code", f"The code of {what}", taken)
            sentence = self.words(item.get("sentence"), f"{here}.sentence", f"The sentence of {what}", SENTENCE)
            found.append(Cue(code, sentence))
        return tuple(found)

    def maps(self, value: object, path: str, which: str) -> dict[str, tuple[str, ...]]:
        """{model: codes}; a plain list says model and code in one, "CPCAB 2"."""
        what = f"maps of {which}"
        found: dict[str, tuple[str, ...]] = {}
        if isinstance(value, Mapping):
            if len(value) > MOST_MAPS:
                self.note(path, f"Give at most {MOST_MAPS} {what}; there {_are(len(value))} now.")
            for key, codes in list(value.items())[:MOST_MAPS]:
                at = _join(path, shown(key))
                model = self.words(key, at, f"A model’s name in the {what}", LABEL)
                if not re.fullmatch(MODEL, model):
                    self.note(at, f"A model’s name in the {what}: write it without a colon.")
                found[model] = (*found.get(model, ()), *self.places(codes, at, f"codes of {which}", which, 1))
        elif isinstance(value, list):
            for text in self.places(value, path, what, which, 0):
                model, _, code = text.partition(" ")
                model = model.rstrip(":")
                if not code or not model or not re.fullmatch(MODEL, model):
                    model, code = OTHER, text
                found[model] = (*found.get(model, ()), code.strip())
        else:
            self.note(path, f"Give the {what} as an object with a list of codes for each model.")
        return found

    def places(self, value: object, path: str, what: str, which: str, fewest: int) -> tuple[str, ...]:
        return tuple(
            self.words(item, f"{path}.{place}", f"Map {place + 1} of {which}", LABEL)
            for place, item in enumerate(self.items(value, path, what, fewest, MOST_MAPS))
        )


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _are(count: int) -> str:
    return "is 1" if count == 1 else f"are {count:,}"
