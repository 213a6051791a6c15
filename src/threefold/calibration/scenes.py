"""The practice scenes that ship, with the framework whose anchors they are rated by."""

import json
from functools import cache
from importlib.resources import files

from threefold.core.competency import Framework
from threefold.core.refusal import Refusal
from threefold.core.vignette import Vignette, read_vignettes
from threefold.store.frameworks import shipped
from threefold.store.within import NotYours

SCENES, FRAMEWORK = "practice-scenes-1", "human-connection-1"


def framework() -> Framework:
    """Everybody practises in the same words, whatever their term looks for."""
    return shipped(FRAMEWORK)


@cache
def scenes() -> tuple[Vignette, ...]:
    """Every scene, in the order they are offered."""
    text = files("threefold.core.vignettes").joinpath(f"{SCENES}.json").read_text(encoding="utf-8")
    found = read_vignettes(json.loads(text), framework())
    if isinstance(found, Refusal):
        problems = "; ".join(f"{each.field}: {each.sentence}" for each in found.problems)
        raise ValueError(f"{SCENES}: {problems}")  # noqa: TRY004 -- what is wrong is the document, not a type
    return found


def scene_of(code: str) -> Vignette:
    """One scene. Raises NotYours for a code that none has."""
    found = next((scene for scene in scenes() if scene.code == code), None)
    if found is None:
        raise NotYours
    return found
