"""A framework on an editing sheet: what its form holds, as typed, and the document that the form says.

A field is named by its place in the document, "competencies.3.anchors.2", so that a problem found there stands
beside it. Headings and places in other models are lines of text, one each: "frame: A safe frame", "CPCAB: 2".
A competency that is ticked to be left out keeps its words on the sheet.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from threefold.core.competency import LEVELS, Framework
from threefold.core.framework_document import document_of
from threefold.core.framework_schema import MOST_COMPETENCIES, MOST_CUES
from threefold.core.refusal import Problem

Fields = tuple[tuple[str, str], ...]
HEAD = ("id", "version", "name", "language", "licence", "not_seen", "domains")
NAMED = {"version": "number"}  # a form’s own "version" tells two windows apart
WORDS = ("code", "name", "short", "about", "domain", "maps")
OUT = "out"


class Typed(Protocol):
    """What a form says; `web.forms.Form` is one."""

    def get(self, name: str, otherwise: str = "") -> str: ...


@dataclass(frozen=True)
class Card:
    """One competency on the sheet: its fields as typed, and its cues as (code, sentence)."""

    words: Mapping[str, str]
    anchors: Mapping[int, str]
    cues: tuple[tuple[str, str], ...]
    left_out: bool = False


@dataclass(frozen=True)
class Sheet:
    """A framework as its form holds it."""

    head: Mapping[str, str]
    levels: Mapping[int, str]
    cards: tuple[Card, ...]

    @property
    def headings(self) -> list[tuple[str, str]]:
        """Codes and names of the headings, as typed so far."""
        return list(_pairs(self.head["domains"]))


def sheet_of(framework: Framework) -> Sheet:
    """The sheet that says this framework."""
    head = {name: str(document_of(framework)[name]) for name in HEAD}
    head["domains"] = "\n".join(f"{each.code}: {each.name}" for each in framework.domains)
    cards = []
    for each in framework.competencies:
        places = "\n".join(f"{model}: {code}" for model, codes in each.mapped.items() for code in codes)
        words = {name: getattr(each, name) for name in WORDS if name != "maps"} | {"maps": places}
        cards.append(Card(words, each.anchors, tuple((cue.code, cue.sentence) for cue in each.cues)))
    return Sheet(head, framework.levels, tuple(cards))


def read_sheet(form: Typed) -> Sheet:
    """The sheet as it was sent. A cue without words is none; lines that were wrapped are one line again."""
    head = {name: _line(form.get(NAMED.get(name, name))) for name in HEAD} | {"domains": _lines(form.get("domains"))}
    levels = {level: _line(form.get(f"levels.{level}")) for level in LEVELS}
    return Sheet(head, levels, tuple(_card(form, f"competencies.{place}") for place in range(_count(form))))


@dataclass(frozen=True)
class Kept:
    """Fields as they were kept, to be read as a sheet again."""

    fields: Mapping[str, str]

    def get(self, name: str, otherwise: str = "") -> str:
        return self.fields.get(name, otherwise)


def fields_of(sheet: Sheet) -> Fields:
    """What a form sends that holds this sheet; `read_sheet` makes the same sheet of it."""
    found = {"count": str(len(sheet.cards))} | {NAMED.get(name, name): words for name, words in sheet.head.items()}
    found |= {f"levels.{level}": words for level, words in sheet.levels.items()}
    for place, card in enumerate(sheet.cards):
        at = f"competencies.{place}"
        found |= {f"{at}.{name}": words for name, words in card.words.items()}
        found |= {f"{at}.anchors.{level}": words for level, words in card.anchors.items()}
        for number, (code, sentence) in enumerate(card.cues):
            found |= {f"{at}.cues.{number}.code": code, f"{at}.cues.{number}.sentence": sentence}
        if card.left_out:
            found[f"{at}.{OUT}"] = "yes"
    return tuple(found.items())


def _card(form: Typed, at: str) -> Card:
    words = {name: _line(form.get(f"{at}.{name}")) for name in WORDS} | {"maps": _lines(form.get(f"{at}.maps"))}
    anchors = {level: _line(form.get(f"{at}.anchors.{level}")) for level in LEVELS}
    cues = tuple(
        (_line(form.get(f"{at}.cues.{place}.code")), sentence)
        for place in range(MOST_CUES)
        if (sentence := _line(form.get(f"{at}.cues.{place}.sentence")))
    )
    return Card(words, anchors, cues, left_out=bool(form.get(f"{at}.{OUT}")))


def document_from(sheet: Sheet) -> dict[str, Any]:
    """The document that the sheet says, for `read_framework`."""
    return {
        **sheet.head,
        "levels": {str(level): words for level, words in sheet.levels.items()},
        "domains": [{"code": code, "name": name} for code, name in sheet.headings],
        "competencies": [_competency_from(card) for card in sheet.cards if not card.left_out],
    }


def _competency_from(card: Card) -> dict[str, Any]:
    places: dict[str, list[str]] = {}
    for model, code in _pairs(card.words["maps"]):
        places.setdefault(model, []).append(code)
    return {
        **card.words,
        "anchors": {str(level): words for level, words in card.anchors.items()},
        "cues": _with_codes(card.cues),
        "maps": places,
    }


def _with_codes(cues: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    """A new cue gets a code made of its first words: what is ticked is kept under it."""
    found: list[dict[str, str]] = []
    taken = {code for code, _ in cues}
    for code, sentence in cues:
        made = code or "-".join(re.findall(r"[a-z0-9]+", sentence.lower())[:3])[:24].strip("-") or "cue"
        if not code:
            number, stem = 1, made
            while made in taken:
                number += 1
                made = f"{stem}-{number}"
            taken.add(made)
        found.append({"code": made, "sentence": sentence})
    return found


def beside(sheet: Sheet, problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """The document's problems beside the sheet's fields: those of a list of lines stand at the list."""
    kept = [place for place, card in enumerate(sheet.cards) if not card.left_out]
    return tuple(Problem(_field(problem.field, kept), problem.sentence) for problem in problems)


def _field(path: str, kept: list[int]) -> str:
    parts = path.split(".")
    if parts[0] == "competencies" and len(parts) > 1:
        parts[1] = str(kept[int(parts[1])])
        if parts[2:3] == ["maps"]:
            parts = parts[:3]
        if parts[2:3] == ["cues"] and parts[-1] == "code":
            parts[-1] = "sentence"  # codes of cues are made, not typed
    return parts[0] if parts[0] == "domains" else NAMED.get(path) or ".".join(parts)


def moved(sheet: Sheet, place: int, by: int) -> Sheet:
    """One competency further up (-1) or down (1) the list; at an end it stays."""
    cards, to = list(sheet.cards), place + by
    if 0 <= place < len(cards) and 0 <= to < len(cards):
        cards[place], cards[to] = cards[to], cards[place]
    return replace(sheet, cards=tuple(cards))


def with_one_more(sheet: Sheet) -> Sheet:
    """A place for one more competency, at the end."""
    if len(sheet.cards) >= MOST_COMPETENCIES:
        return sheet
    blank = Card(dict.fromkeys(WORDS, ""), dict.fromkeys(LEVELS, ""), ())
    return replace(sheet, cards=(*sheet.cards, blank))


def _count(form: Typed) -> int:
    typed = form.get("count")
    return min(int(typed), MOST_COMPETENCIES) if typed.isascii() and typed.isdigit() and len(typed) < 5 else 0


def _line(words: str) -> str:
    return " ".join(words.split())


def _lines(words: str) -> str:
    return "\n".join(line for each in words.splitlines() if (line := _line(each)))


def _pairs(lines: str) -> Iterable[tuple[str, str]]:
    """What stands before and after the first colon of each line."""
    for line in lines.splitlines():
        before, _, after = line.partition(":")
        yield before.strip(), after.strip()
