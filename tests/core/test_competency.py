"""What observers look for: the framework that ships, a centre's own one, and a term's choice."""

import json
import re
from collections.abc import Iterator
from copy import deepcopy
from importlib.resources import files
from typing import Any

import pytest

from threefold.core.competency import SCHEMA, Competency, Cue, Framework, choose, read_framework
from threefold.core.refusal import Problem, Refusal
from threefold.store.frameworks import SHIPPED, shipped

DISCOURAGING = re.compile(r"\b(fail\w*|poor\w*|weak\w*|bad|badly|overdue)\b|!", re.IGNORECASE)

HC = tuple(f"HC{number}" for number in range(1, 14))
SK = tuple(f"SK{number}" for number in range(1, 9))


def small() -> dict[str, Any]:
    """A centre's own framework, as small as one can be."""
    return {
        "id": "elm-house",
        "version": "2026.1",
        "name": "Elm House",
        "licence": "Written by Elm House for its own courses",
        "levels": {"1": "Not yet", "2": "Starting", "3": "Settled", "4": "Flowing"},
        "not_seen": "Did not come up",
        "competencies": [
            {
                "code": code,
                "name": name,
                "short": name,
                "about": f"What we mean by {name.lower()}.",
                "anchors": {"1": "One.", "2": "Two.", "3": "Three.", "4": "Four."},
            }
            for code, name in (("L", "Listening"), ("W", "Warmth"), ("C", "Closing"))
        ],
    }


def problems(document: object) -> tuple[Problem, ...]:
    found = read_framework(document)
    assert isinstance(found, Refusal), found
    return found.problems


def sentences(framework: Framework) -> Iterator[str]:
    yield from (framework.name, framework.licence, framework.not_seen, *framework.levels.values())
    for each in framework.competencies:
        yield from (each.name, each.short, each.about, *each.anchors.values(), *(cue.sentence for cue in each.cues))


# --- the framework that ships -----------------------------------------------------------------------------


def test_human_connection_is_complete() -> None:
    framework = shipped("human-connection-1")
    assert (framework.id, framework.version, framework.name) == ("human-connection-1", "1.0", "Human Connection")
    assert framework.levels == {1: "Got in the way", 2: "Beginning", 3: "Helping", 4: "Deepening"}
    assert framework.not_seen == "Not seen this time"
    assert tuple(each.code for each in framework.competencies) == HC + SK
    assert [each.short for each in framework.competencies] == [
        "Trust",
        "Empathy",
        "Acceptance",
        "Genuineness",
        "Collaboration",
        "Respect and pace",
        "Hope",
        "Boundaries",
        "Cultural attunement",
        "Client choice",
        "Noticing and repair",
        "Self-awareness",
        "Safe care",
        "Attending",
        "Reflecting content",
        "Reflecting feeling",
        "Open questions",
        "Summarising",
        "Silence",
        "Focusing",
        "Opening and ending",
    ]
    for each in framework.competencies:
        assert set(each.anchors) == {1, 2, 3, 4}
        assert 1 <= len(each.cues) <= 3
        assert each.maps
        assert "client" in " ".join(each.anchors.values()), "an anchor tells what the client did with it"


@pytest.mark.parametrize("id", SHIPPED)
def test_what_ships_can_be_read_at_a_glance_and_discourages_nobody(id: str) -> None:
    words = list(sentences(shipped(id)))
    assert [each for each in words if len(each) > 140] == []
    assert [each for each in words if DISCOURAGING.search(each)] == []
    assert [each for each in words if "'" in each or '"' in each or each != each.strip()] == []
    texts = [each for each in words if each.endswith((".", "”", "…"))]
    assert len(texts) == len(set(texts)), "no two sentences are the same"


@pytest.mark.parametrize("id", SHIPPED)
def test_what_ships_is_in_our_own_words(id: str) -> None:
    """Scales of the field belong to somebody: turns of phrase they are known by are not ours to use."""
    words = " ".join(sentences(shipped(id))).lower()
    known_by = (
        "exceeds expectations",
        "demonstrates competenc",
        "near expectations",
        "good fit for me",
        "heard, understood",
        "column a",
        "minimally facilitative",
        "able to draw on",
        "an ability to",
    )
    assert [phrase for phrase in known_by if phrase in words] == []


@pytest.mark.parametrize("id", SHIPPED)
def test_what_ships_lies_in_the_package_under_its_own_id(id: str) -> None:
    document = json.loads(files("threefold.core.frameworks").joinpath(f"{id}.json").read_text(encoding="utf-8"))
    assert document["id"] == id
    assert read_framework(document) == shipped(id)


def test_an_id_that_does_not_ship() -> None:
    with pytest.raises(KeyError):
        shipped("../elm-house")


def test_a_competency_is_found_by_its_code() -> None:
    framework = shipped("human-connection-1")
    empathy = framework.of("HC2")
    assert empathy
    assert empathy.short == "Empathy"
    assert empathy.maps == ("CPCAB 2", "SCoPEd relationship")
    assert framework.of("hc2") is None


# --- a centre's own framework -----------------------------------------------------------------------------


def test_a_centres_own_framework_is_read_whole() -> None:
    document = small()
    document["competencies"][0] |= {
        "name": "  Listening  ",
        "cues": [{"code": "phone", "sentence": "Looked at a phone."}],
        "maps": ["CPCAB 6"],
    }
    levels = {1: "One.", 2: "Two.", 3: "Three.", 4: "Four."}
    assert read_framework(document) == Framework(
        id="elm-house",
        version="2026.1",
        name="Elm House",
        licence="Written by Elm House for its own courses",
        levels={1: "Not yet", 2: "Starting", 3: "Settled", 4: "Flowing"},
        not_seen="Did not come up",
        competencies=(
            Competency(
                "L",
                "Listening",
                "Listening",
                "What we mean by listening.",
                levels,
                (Cue("phone", "Looked at a phone."),),
                ("CPCAB 6",),
            ),
            Competency("W", "Warmth", "Warmth", "What we mean by warmth.", levels),
            Competency("C", "Closing", "Closing", "What we mean by closing.", levels),
        ),
    )


def test_every_problem_is_named_at_once_with_its_place() -> None:
    document = small()
    document["id"] = "Elm House"
    document["licence"] = " "
    del document["levels"]["4"]
    document["colour"] = "green"
    listening, warmth, closing = document["competencies"]
    del listening["anchors"]["2"]
    listening["anchors"]["5"] = "Five."
    warmth["code"] = "L"
    warmth["about"] = "word " * 60
    warmth["cues"] = [{"code": "a", "sentence": "Two\nlines."}, {"code": "a", "sentence": "Once more."}, "a word"]
    closing["anchors"] = ["One.", "Two."]
    closing["maps"] = "CPCAB 6"
    document["competencies"].append(7)

    assert problems(document) == (
        Problem("colour", "“colour” is not part of a framework: take it out, or check its spelling."),
        Problem(
            "id",
            "The framework’s id: use small letters, digits and hyphens only, beginning with a letter or digit.",
        ),
        Problem("licence", "The licence note: write it as text, up to 240 characters."),
        Problem("levels.4", "The name of level 4: write it as text, up to 60 characters."),
        Problem("competencies.0.anchors.5", "“5” is not part of the levels: take it out, or check its spelling."),
        Problem("competencies.0.anchors.2", "The anchor of level 2 of L: write it as text, up to 240 characters."),
        Problem("competencies.1.code", "The code of competency 2: “L” is taken already; give each its own code."),
        Problem("competencies.1.about", "The sentence about competency 2: shorten it to 240 characters; it has 299."),
        Problem(
            "competencies.1.cues.0.sentence",
            "The sentence of cue 1 of competency 2: keep it to one line, without tabs or control characters.",
        ),
        Problem(
            "competencies.1.cues.1.code",
            "The code of cue 2 of competency 2: “a” is taken already; give each its own code.",
        ),
        Problem("competencies.1.cues.2", "Write cue 3 of competency 2 as an object with a code and a sentence."),
        Problem(
            "competencies.2.anchors",
            "Give the anchor of each level of C as an object with the keys 1, 2, 3 and 4.",
        ),
        Problem("competencies.2.maps", "Give the maps of C as a list, between [ and ]."),
        Problem(
            "competencies.3",
            "Write competency 4 as an object, between { and }, with its code, name and anchors.",
        ),
    )


@pytest.mark.parametrize("document", [None, [], "a framework", 3])
def test_something_else_altogether(document: object) -> None:
    assert problems(document) == (Problem("", "Write the framework as one JSON object, between { and }."),)


def test_a_framework_has_enough_to_choose_from() -> None:
    document = small()
    document["competencies"].pop()
    assert problems(document) == (Problem("competencies", "Give 3 to 60 competencies; there are 2 now."),)


def test_half_a_character_in_a_key_is_shown_as_a_question_mark() -> None:
    document = small() | {"\ud800": ""}
    assert problems(document) == (Problem("?", "“?” is not part of a framework: take it out, or check its spelling."),)
    document = small() | {"name": "Elm \ud800"}
    assert [each.field for each in problems(document)] == ["name"]


def required(schema: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for key, inner in schema.get("properties", {}).items():
        if key in schema["required"]:
            yield (*path, key)
        yield from required(inner, (*path, key))
    if "items" in schema:
        yield from required(schema["items"], (*path, "0"))


@pytest.mark.parametrize("path", list(required(SCHEMA)), ids=".".join)
def test_what_the_schema_requires_is_asked_for_at_that_place(path: tuple[str, ...]) -> None:
    document = small()
    document["competencies"][0]["cues"] = [{"code": "phone", "sentence": "Looked at a phone."}]
    assert isinstance(read_framework(document), Framework)
    without = deepcopy(document)
    place: Any = without
    for step in path[:-1]:
        place = place[int(step)] if isinstance(place, list) else place[step]
    del place[path[-1]]
    assert [each.field for each in problems(without)] == [".".join(path)]


# --- a term's choice --------------------------------------------------------------------------------------


def test_a_term_looks_for_three_to_eight_in_the_frameworks_order() -> None:
    framework = shipped("human-connection-1")
    chosen = choose(framework, ["SK3", "HC10", "HC2", "HC10"])
    assert not isinstance(chosen, Refusal)
    assert [each.code for each in chosen] == ["HC2", "HC10", "SK3"]
    eight = choose(framework, HC[:8])
    assert eight == framework.competencies[:8]


@pytest.mark.parametrize(
    ("codes", "answer"),
    [
        ([], ["Choose at least three competencies; none is chosen so far."]),
        (["HC1", "HC1", "HC1"], ["Choose at least three competencies; one is chosen so far."]),
        (HC[:10], ["Choose at most eight competencies: take 2 away."]),
        (["HC1", "HC2", "HC3", "X9"], ["“X9” is not part of Human Connection: choose from its list."]),
        (
            ["HC1", "X9", "hc2", "HC3"],
            [
                "“X9” is not part of Human Connection: choose from its list.",
                "“hc2” is not part of Human Connection: choose from its list.",
                "Choose at least three competencies; two are chosen so far.",
            ],
        ),
    ],
)
def test_a_choice_that_needs_another_look(codes: list[str], answer: list[str]) -> None:
    assert choose(shipped("human-connection-1"), codes) == Refusal(
        tuple(Problem("competencies", sentence) for sentence in answer)
    )
