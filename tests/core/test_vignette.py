"""Practice scenes: what ships, what a scene must hold, and when somebody has rated one whole."""

import json
import re
from copy import deepcopy
from importlib.resources import files
from typing import Any

import pytest

from tests.core.test_competency import DISCOURAGING
from threefold.calibration.scenes import scenes
from threefold.core.refusal import Problem, Refusal
from threefold.core.vignette import done, rated, read_vignettes
from threefold.store.frameworks import shipped

FRAMEWORK = shipped("human-connection-1")


def document() -> dict[str, Any]:
    text = files("threefold.core.vignettes").joinpath("practice-scenes-1.json").read_text(encoding="utf-8")
    found = json.loads(text)
    assert isinstance(found, dict)
    return found


def test_four_scenes_ship_with_every_level_among_their_keys() -> None:
    assert read_vignettes(document(), FRAMEWORK) == scenes()
    assert {scene.code: [(key.code, key.level) for key in scene.keys] for scene in scenes()} == {
        "quiz-night": [("HC2", 2), ("SK4", 2)],
        "kitchen-choir": [("HC2", 4), ("HC7", 3)],
        "nettles": [("HC10", 1), ("HC7", 2)],
        "spreadsheet": [("HC11", 4), ("HC5", 3)],
    }
    words = [
        text for scene in scenes() for text in (scene.title, scene.brief, *(line.words for line in scene.dialogue))
    ]
    assert [text for text in words if DISCOURAGING.search(text)] == []
    assert [key.why for scene in scenes() for key in scene.keys if DISCOURAGING.search(key.why)] == []


def test_a_key_may_say_got_in_the_way_only_where_a_cue_was_seen() -> None:
    lowest = [key for scene in scenes() for key in scene.keys if key.level == 1]
    assert [bool(re.search(r"\bcues?\b", key.why)) for key in lowest] == [True]


def test_everything_a_scene_lacks_is_named_with_its_place() -> None:
    found = document()
    first, second, third, fourth = found["scenes"]
    first["dialogue"] = first["dialogue"][:2]
    second["keys"][0]["why"] = "It seems so."
    second["keys"][1]["why"] = "“Nobody said this.”"
    third["keys"] = [{**third["keys"][0], "code": "HC99", "level": 5}]
    fourth["code"] = "quiz-night"
    fourth["dialogue"][0]["who"] = "observer"
    read = read_vignettes(found, FRAMEWORK)
    assert isinstance(read, Refusal)
    length = sum(len(line["words"].split()) for line in first["dialogue"])
    own_code = "quiz-night: give it a code of its own, of small letters, digits and hyphens."
    assert read.problems == (
        Problem("scenes.0", own_code),
        Problem("scenes.0", f"quiz-night: the dialogue has {length} words; 120 to 200 are read in a minute."),
        Problem("scenes.0", "quiz-night: the reason for HC2 quotes the dialogue word for word."),
        Problem("scenes.0", "quiz-night: the reason for SK4 quotes the dialogue word for word."),
        Problem("scenes.1", "kitchen-choir: the reason for HC2 quotes the dialogue word for word."),
        Problem("scenes.1", "kitchen-choir: the reason for HC7 quotes the dialogue word for word."),
        Problem("scenes.2", "nettles: it is rated for two or three competencies."),
        Problem("scenes.2", "nettles: HC99 at level 5 is not part of the framework."),
        Problem("scenes.3", own_code),
        Problem("scenes.3", "quiz-night: a counsellor and a client speak, and nobody else."),
    )


@pytest.mark.parametrize("change", [{"schema": 2}, {"framework": {"id": "elm-house", "version": "1"}}])
def test_scenes_for_something_else_are_refused(change: dict[str, object]) -> None:
    assert read_vignettes(document() | change, FRAMEWORK) == Refusal.because(
        "This file was made for another version, or for another framework."
    )


@pytest.mark.parametrize("something", [None, [], {"schema": 1}, {"schema": 1, "framework": 3}])
def test_something_else_altogether_is_refused(something: object) -> None:
    assert isinstance(read_vignettes(something, FRAMEWORK), Refusal)
    broken = deepcopy(document())
    broken["scenes"][0]["keys"] = None
    assert isinstance(read_vignettes(broken, FRAMEWORK), Refusal)


def test_a_scene_is_rated_whole_or_not_at_all() -> None:
    scene = scenes()[0]
    assert rated(scene, {"HC2": 3, "SK4": 1, "HC1": 4}, FRAMEWORK) == {"HC2": 3, "SK4": 1}
    assert rated(scene, {"HC2": 5}, FRAMEWORK) == Refusal(
        (
            Problem("HC2", "Empathy: choose what is closest to what you read."),
            Problem("SK4", "Open questions: choose what is closest to what you read."),
        )
    )
    assert done(scenes(), set()) == 0
    assert done(scenes(), {("quiz-night", "HC2")}) == 0
    assert done(scenes(), {("quiz-night", "HC2"), ("quiz-night", "SK4"), ("nettles", "HC7"), ("gone", "HC2")}) == 1
