"""Competencies: what observers look for, what each level looks like in the room, and what gets in the way."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from threefold.core.refusal import Problem, Refusal

LEVELS = (1, 2, 3, 4)
"""From "got in the way" to "deepening"; a fifth answer, "not seen", is no level and is never counted as one."""

FEWEST, MOST = 3, 8
"""How many competencies a term may look for: fewer says little, more than eight nobody can hold in mind."""

LANGUAGE = "en-GB"
"""The language of a framework that names none (a BCP 47 tag)."""


@dataclass(frozen=True)
class Cue:
    """Something seen or heard that got in the client’s way. Ticking one puts the round at level 1."""

    code: str
    sentence: str


@dataclass(frozen=True)
class Domain:
    """A heading that competencies stand under."""

    code: str
    name: str


@dataclass(frozen=True)
class Competency:
    """One thing counsellors learn to do, told by what an observer sees at each level.

    `short` is for buttons and charts, `about` says what it is in a sentence. `anchors` has every level from 1
    (what "got in the way" looks like) to 4. `mapped` names its places in other models, {model: public codes}, never
    their wording. `domain` is the code of the heading it stands under, or "".
    """

    code: str
    name: str
    short: str
    about: str
    anchors: Mapping[int, str]
    cues: tuple[Cue, ...] = ()
    mapped: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    domain: str = ""

    @property
    def maps(self) -> tuple[str, ...]:
        """Its places in other models, each as model and code: "CPCAB 2"."""
        return tuple(f"{model} {code}" for model, codes in self.mapped.items() for code in codes)


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
    domains: tuple[Domain, ...] = ()
    language: str = LANGUAGE

    def of(self, code: str) -> Competency | None:
        return next((each for each in self.competencies if each.code == code), None)

    def remembering(self, earlier: Iterable["Framework"]) -> "Framework":
        """The same, followed by those competencies of earlier ones that it has no more: what was rated keeps its name.

        Of two earlier ones the first that has a competency tells it.
        """
        known = {each.code for each in self.competencies}
        older: dict[str, Competency] = {}
        for framework in earlier:
            for each in framework.competencies:
                if each.code not in known:
                    older.setdefault(each.code, each)
        return replace(self, competencies=(*self.competencies, *older.values())) if older else self

    @property
    def by_domain(self) -> tuple[tuple[str, tuple[Competency, ...]], ...]:
        """Headings with what stands under them, in the domains’ order; last, under "", what has no heading."""
        found = [
            (domain.name, tuple(each for each in self.competencies if each.domain == domain.code))
            for domain in self.domains
        ]
        found.append(("", tuple(each for each in self.competencies if not each.domain)))
        return tuple((name, group) for name, group in found if group)


def may_stand(framework: Framework, there: Framework | None, ours: Collection[str]) -> Refusal | None:
    """Whether a framework may be kept. `there` stands under its id and version already; `ours` are the ids that ship.

    A version never changes: ratings were given by its words. The same words once more are no problem.
    """
    if there == framework:
        return None
    if there is not None:
        sentence = f"Version {framework.version} of “{framework.id}” is here already, in other words."
        return Refusal.because(f"{sentence} Give it a new version.", "version")
    if framework.id in ours:
        return Refusal.because(f"“{framework.id}” is the id of a framework of ours. Give yours an id of its own.", "id")
    return None


def next_version(version: str, taken: Collection[str]) -> str:
    """A version that is not taken, told by counting on: after "2026.1" comes "2026.2", after "draft" "draft.2"."""
    head, number = re.fullmatch(r"(.*?)(\d*)", version, re.ASCII | re.DOTALL).groups()  # type: ignore[union-attr] # matches anything
    head, count = (head, int(number)) if number else (f"{head}.", 1)
    while (found := f"{head}{(count := count + 1)}") in taken:
        pass
    return found


def choose(framework: Framework, codes: Iterable[str]) -> tuple[Competency, ...] | Refusal:
    """What a term looks for: three to eight competencies, in the framework’s order; a code said twice counts once."""
    asked = tuple(dict.fromkeys(codes))
    chosen = tuple(each for each in framework.competencies if each.code in asked)
    sentences = [
        f"“{shown(code)}” is not part of {framework.name}: choose from its list."
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


def shown(word: object) -> str:
    """Somebody’s own word, fit for a sentence: short, and without halves of characters that no page can carry."""
    text = str(word)
    clipped = text if len(text) <= 60 else text[:59] + "…"
    return clipped.encode("utf-8", "replace").decode("utf-8")


def _so_far(count: int) -> str:
    return {0: "none is chosen so far", 1: "one is chosen so far"}.get(count, "two are chosen so far")
