"""A framework as a document: read with everything that needs putting right, and written so that it reads back."""

import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from threefold.core.competency import Competency, Cue, Domain, Framework
from threefold.core.framework_document import document_of, read_framework, read_text, text_of
from threefold.core.framework_schema import MOST_TEXT, SCHEMA
from threefold.core.refusal import Problem, Refusal
from threefold.store.frameworks import SHIPPED, shipped

NO_VERSION = (
    "The version (not ending in .json): use letters, digits, dots and hyphens only, beginning with a letter or digit."
)


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
                {"CPCAB": ("6",)},
            ),
            Competency("W", "Warmth", "Warmth", "What we mean by warmth.", levels),
            Competency("C", "Closing", "Closing", "What we mean by closing.", levels),
        ),
    )


def test_headings_language_and_places_in_other_models() -> None:
    document = small() | {"schema": 1, "language": "cy", "domains": [{"code": "room", "name": "In the room"}]}
    document["competencies"][1]["domain"] = "room"
    document["competencies"][0]["maps"] = ["CPCAB 6", "CPCAB: 2", "Roth & Pilling generic", "X7"]
    document["competencies"][1]["maps"] = {"Roth & Pilling": ["generic"], "CPCAB": ["2", "5"]}
    read = read_framework(document)
    assert isinstance(read, Framework)
    assert (read.language, read.domains) == ("cy", (Domain("room", "In the room"),))
    assert [each.domain for each in read.competencies] == ["", "room", ""]
    assert read.competencies[0].mapped == {"CPCAB": ("6", "2"), "Roth": ("& Pilling generic",), "Other": ("X7",)}
    assert read.competencies[1].mapped == {"Roth & Pilling": ("generic",), "CPCAB": ("2", "5")}


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"schema": 2}, ("schema", "This file was made for another version: its schema is 2, and we read 1.")),
        ({"schema": "1"}, ("schema", 'This file was made for another version: its schema is "1", and we read 1.')),
        ({"schema": True}, ("schema", "This file was made for another version: its schema is true, and we read 1.")),
        ({"language": "Welsh, I think"}, ("language", "The language: use a tag such as en-GB or cy.")),
        ({"domains": ["room"]}, ("domains.0", "Write domain 1 as an object with a code and a name.")),
        ({"version": "1.json"}, ("version", NO_VERSION)),
    ],
)
def test_what_stands_at_the_top_is_checked(change: dict[str, object], problem: tuple[str, str]) -> None:
    assert problems(small() | change) == (Problem(*problem),)


@pytest.mark.parametrize(
    ("competency", "problem"),
    [
        ({"domain": "hall"}, ("domain", "L: “hall” is not among the domains.")),
        ({"domain": ["hall"]}, ("domain", "L: “['hall']” is not among the domains.")),
        ({"maps": {"CPCAB": []}}, ("maps.CPCAB", "Give 1 to 12 codes of L; there are 0 now.")),
        ({"maps": {"CPCAB": "2"}}, ("maps.CPCAB", "Give the codes of L as a list, between [ and ].")),
        ({"maps": {"a:b": ["2"]}}, ("maps.a:b", "A model’s name in the maps of L: write it without a colon.")),
        ({"maps": {"CPCAB": [2]}}, ("maps.CPCAB.0", "Map 1 of L: write it as text, up to 60 characters.")),
    ],
)
def test_what_a_competency_points_at_is_checked(competency: dict[str, object], problem: tuple[str, str]) -> None:
    document = small()
    document["competencies"][0] |= competency
    assert problems(document) == (Problem(f"competencies.0.{problem[0]}", problem[1]),)


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
        Problem("licence", "The licence note: say whose words these are, and what allows you to use them."),
        Problem("levels.4", "There is no name for level 4."),
        Problem("competencies.0.anchors.5", "“5” is not part of the levels: take it out, or check its spelling."),
        Problem("competencies.0.anchors.2", "L: there is no anchor for level 2."),
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
        Problem("competencies.2.maps", "Give the maps of C as an object with a list of codes for each model."),
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
    document = small() | {"domains": [{"code": "room", "name": "In the room"}]}
    document["competencies"][0]["cues"] = [{"code": "phone", "sentence": "Looked at a phone."}]
    assert isinstance(read_framework(document), Framework)
    without = deepcopy(document)
    place: Any = without
    for step in path[:-1]:
        place = place[int(step)] if isinstance(place, list) else place[step]
    del place[path[-1]]
    assert [each.field for each in problems(without)] == [".".join(path)]


# --- there and back ---------------------------------------------------------------------------------------

texts = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=30)
codes = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9-]{0,8}", fullmatch=True)
models = texts.filter(lambda text: ":" not in text)


@st.composite
def frameworks(draw: st.DrawFn) -> Framework:
    own = draw(st.lists(codes, min_size=3, max_size=6, unique=True))
    domains = draw(st.lists(codes, max_size=3, unique=True))
    levels = {level: draw(texts) for level in (1, 2, 3, 4)}
    return Framework(
        id=draw(st.from_regex(r"[a-z0-9][a-z0-9-]{0,8}", fullmatch=True)),
        version=draw(codes),
        name=draw(texts),
        licence=draw(texts),
        levels=levels,
        not_seen=draw(texts),
        competencies=tuple(
            Competency(
                code=code,
                name=draw(texts),
                short=draw(texts),
                about=draw(texts),
                anchors={level: draw(texts) for level in (1, 2, 3, 4)},
                cues=tuple(Cue(each, draw(texts)) for each in draw(st.lists(codes, max_size=2, unique=True))),
                mapped=draw(st.dictionaries(models, st.lists(texts, min_size=1, max_size=2).map(tuple), max_size=2)),
                domain=draw(st.sampled_from(["", *domains])),
            )
            for code in own
        ),
        domains=tuple(Domain(code, draw(texts)) for code in domains),
        language=draw(st.sampled_from(["en-GB", "cy", "zh-Hant-TW"])),
    )


@given(frameworks())
def test_what_is_taken_out_reads_back_as_the_same_framework(framework: Framework) -> None:
    text = text_of(framework)
    read = read_text(text)
    assert read == framework
    assert text_of(framework) == text
    assert document_of(framework)["schema"] == 1


@pytest.mark.parametrize("id", SHIPPED)
def test_what_ships_reads_back(id: str) -> None:
    assert read_text(text_of(shipped(id))) == shipped(id)


# --- whatever somebody sends ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "This can’t be read as JSON. Check the commas and quotes near line 1, column 1."),
        ('{\n "id": }', "This can’t be read as JSON. Check the commas and quotes near line 2, column 8."),
        ("[" * 100_000, "This can’t be read as JSON. Check its commas, quotes and brackets."),
        ("1" * 5000, "This can’t be read as JSON. Check its commas, quotes and brackets."),
        ("[1]", "Write the framework as one JSON object, between { and }."),
        ('{"id": "a", "id": "b"}', "“id” stands twice in the same place: keep one of the two."),
        (
            " " * (MOST_TEXT + 1),
            "This is too long for a framework: up to 1,000,000 characters; it has 1,000,001.",
        ),
    ],
    ids=["nothing", "a comma", "deep", "long number", "a list", "twice", "too long"],
)
def test_a_text_that_is_no_framework(text: str, sentence: str) -> None:
    assert read_text(text) == Refusal.because(sentence)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)


@given(st.data())
def test_whatever_stands_anywhere_is_read_or_refused_with_its_place(data: st.DataObject) -> None:
    """One place after another is filled with anything at all."""
    document: dict[str, Any] = small() | {"domains": [{"code": "room", "name": "In the room"}], "schema": 1}
    document["competencies"][0] |= {"cues": [{"code": "a", "sentence": "A cue."}], "maps": {"CPCAB": ["2"]}}
    for _ in range(data.draw(st.integers(1, 4))):
        place: Any = document
        while True:
            keys = list(place) if isinstance(place, dict) else list(range(len(place)))
            key = data.draw(st.sampled_from(keys)) if keys else None
            if key is None or not isinstance(place[key], (dict, list)) or data.draw(st.booleans()):
                break
            place = place[key]
        if key is not None:
            place[key] = data.draw(anything)
    found = read_framework(document)
    if isinstance(found, Framework):
        assert read_text(text_of(found)) == found
    else:
        assert 1 <= len(found.problems) <= 41
        assert all(each.sentence.strip() for each in found.problems)


def hostile(name: str) -> str:
    document: dict[str, Any] = small()
    if name == "rows":
        document["competencies"] = [{"code": f"C{n}"} for n in range(10_000)]
    elif name == "keys":
        document |= {f"key {n}": n for n in range(50_000)}
    elif name == "long words":
        document["name"] = "\u200b\ud800" * 70_000
    elif name == "cues":
        document["competencies"][0]["cues"] = [{"code": "same", "sentence": "x\ty"}] * 20_000
    elif name == "maps":
        document["competencies"][0]["maps"] = {f"{n}:": [n] for n in range(20_000)}
    return json.dumps(document)


@pytest.mark.parametrize("name", ["rows", "keys", "long words", "cues", "maps"])
def test_whatever_is_sent_is_answered_on_one_page(name: str) -> None:
    text = hostile(name)
    assert len(text) > 100_000
    found = read_text(text)
    assert isinstance(found, Refusal)
    assert len(found.problems) <= 41
    assert sum(len(each.sentence) for each in found.problems) < 10_000


def test_ten_thousand_rows_are_told_by_their_first_places_and_the_count_of_the_rest() -> None:
    found = read_text(hostile("rows"))
    assert isinstance(found, Refusal)
    assert found.problems[0] == Problem("competencies", "Give 3 to 60 competencies; there are 10,000 now.")
    assert found.problems[4] == Problem(
        "competencies.0.anchors", "Give the anchor of each level of C0 as an object with the keys 1, 2, 3 and 4."
    )
    assert found.problems[-1] == Problem("", "There are 201 more to put right further on. Begin with these.")
