"""Practice scenes: short made-up dialogues to rate before the first real round, each with a reasoned key.

Raters who have seen the same examples told in the same anchors agree more (rater training of the frame-of-reference
kind: Roch et al. 2012). The key is somebody’s reasoning, not a mark: nothing counts how near anybody came to it.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from threefold.core.competency import LEVELS, Framework, shown
from threefold.core.refusal import Problem, Refusal

EDITION = 1
FEWEST_WORDS, MOST_WORDS = 120, 200
"""How long a dialogue is: read in about a minute."""
SPEAKERS = ("counsellor", "client")
ABOUT_MINUTES = 5
"""How long all scenes together take."""


@dataclass(frozen=True)
class Line:
    """What one of the two says; what is done rather than said stands in brackets."""

    who: str
    words: str


@dataclass(frozen=True)
class Key:
    """The level a competency is seen at in the scene, and why, in the dialogue’s own words."""

    code: str
    level: int
    why: str


@dataclass(frozen=True)
class Vignette:
    """One scene. The client speaks from a role-play brief: nobody’s life is in it."""

    code: str
    title: str
    brief: str
    dialogue: tuple[Line, ...]
    keys: tuple[Key, ...]

    @property
    def codes(self) -> tuple[str, ...]:
        """The competencies it is rated for."""
        return tuple(key.code for key in self.keys)

    @property
    def length(self) -> int:
        """Words of the dialogue."""
        return sum(len(line.words.split()) for line in self.dialogue)


def read_vignettes(document: object, framework: Framework) -> tuple[Vignette, ...] | Refusal:
    """The scenes of a document, or everything to put right in it, each with its place."""
    try:
        return _read(document, framework)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        sentence = f"This is not a document of practice scenes: {type(error).__name__} {shown(error)}"
        return Refusal.because(sentence)


def _read(document: Any, framework: Framework) -> tuple[Vignette, ...] | Refusal:
    if document["schema"] != EDITION or document["framework"]["id"] != framework.id:
        return Refusal.because("This file was made for another version, or for another framework.")
    scenes = tuple(
        Vignette(
            code=str(scene["code"]),
            title=str(scene["title"]),
            brief=str(scene["brief"]),
            dialogue=tuple(Line(str(line["who"]), str(line["words"])) for line in scene["dialogue"]),
            keys=tuple(Key(str(key["code"]), int(key["level"]), str(key["why"])) for key in scene["keys"]),
        )
        for scene in document["scenes"]
    )
    problems = [
        Problem(f"scenes.{place}", f"{scene.code}: {sentence}")
        for place, scene in enumerate(scenes)
        for sentence in _wanting(scene, scenes, framework)
    ]
    return Refusal(tuple(problems)) if problems else scenes


def _wanting(scene: Vignette, scenes: Collection[Vignette], framework: Framework) -> list[str]:
    found = []
    if sum(each.code == scene.code for each in scenes) > 1 or not re.fullmatch(r"[a-z0-9-]{1,32}", scene.code):
        found.append("give it a code of its own, of small letters, digits and hyphens.")
    if not FEWEST_WORDS <= scene.length <= MOST_WORDS:
        found.append(f"the dialogue has {scene.length} words; {FEWEST_WORDS} to {MOST_WORDS} are read in a minute.")
    if {line.who for line in scene.dialogue} != set(SPEAKERS):
        found.append("a counsellor and a client speak, and nobody else.")
    if len(set(scene.codes)) not in {2, 3} or len(set(scene.codes)) < len(scene.keys):
        found.append("it is rated for two or three competencies.")
    said = " ".join(line.words for line in scene.dialogue)
    for key in scene.keys:
        if framework.of(key.code) is None or key.level not in LEVELS:
            found.append(f"{shown(key.code)} at level {key.level} is not part of the framework.")
        quotes = re.findall(r"“([^“”]+)”", key.why)
        if not quotes or any(quote.rstrip(".,") not in said for quote in quotes):
            found.append(f"the reason for {shown(key.code)} quotes the dialogue word for word.")
    return found


def rated(scene: Vignette, levels: Mapping[str, int], framework: Framework) -> Mapping[str, int] | Refusal:
    """A level for each competency of the scene, or which of them are still without one."""
    problems = []
    for code in scene.codes:
        competency = framework.of(code)
        if levels.get(code) not in LEVELS:
            name = competency.short if competency else code
            problems.append(Problem(code, f"{name}: choose what is closest to what you read."))
    return Refusal(tuple(problems)) if problems else {code: levels[code] for code in scene.codes}


def done(scenes: Collection[Vignette], rated_codes: Collection[tuple[str, str]]) -> int:
    """How many scenes somebody has rated whole. `rated_codes`: (scene, competency) pairs that have a rating."""
    return sum(all((scene.code, code) in rated_codes for code in scene.codes) for scene in scenes)
