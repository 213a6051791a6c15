"""Competencies: the framework that ships, which versions may stand beside it, and a term's choice."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from threefold.core.competency import (
    Competency,
    Domain,
    Framework,
    choose,
    may_stand,
    next_version,
)
from threefold.core.framework_document import read_framework, text_of
from threefold.core.framework_notes import worth_a_look
from threefold.core.refusal import Problem, Refusal
from threefold.store.frameworks import SHIPPED, shipped

DISCOURAGING = re.compile(r"\b(fail\w*|poor\w*|weak\w*|bad|badly|overdue)\b|!", re.IGNORECASE)

HC = tuple(f"HC{number}" for number in range(1, 14))
SK = tuple(f"SK{number}" for number in range(1, 9))


def sentences(framework: Framework) -> Iterator[str]:
    yield from (framework.name, framework.licence, framework.not_seen, *framework.levels.values())
    yield from (domain.name for domain in framework.domains)
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


@pytest.mark.parametrize("id", SHIPPED)
def test_what_ships_stands_in_the_package_as_it_is_taken_out_and_raises_no_note(id: str) -> None:
    there = files("threefold.core.frameworks").joinpath(f"{id}.json").read_text(encoding="utf-8")
    assert there == text_of(shipped(id))
    assert worth_a_look(shipped(id)) == ()


def test_human_connection_stands_under_five_headings() -> None:
    found = {name: [each.code for each in group] for name, group in shipped("human-connection-1").by_domain}
    assert found == {
        "A safe frame": ["HC1", "HC8", "HC13"],
        "The relationship": ["HC2", "HC3", "HC4", "HC6"],
        "Working together": ["HC5", "HC7", "HC10"],
        "Noticing": ["HC9", "HC11", "HC12"],
        "Everyday skills": list(SK),
    }


def test_an_id_that_does_not_ship() -> None:
    with pytest.raises(KeyError):
        shipped("../elm-house")


def test_a_competency_is_found_by_its_code() -> None:
    framework = shipped("human-connection-1")
    empathy = framework.of("HC2")
    assert empathy
    assert empathy.short == "Empathy"
    assert empathy.mapped == {"CPCAB": ("2",), "SCoPEd": ("relationship",)}
    assert empathy.maps == ("CPCAB 2", "SCoPEd relationship")
    assert framework.of("hc2") is None


# --- versions ---------------------------------------------------------------------------------------------


def own(version: str = "1", name: str = "Elm House", id: str = "elm-house") -> Framework:
    return Framework(id, version, name, "Ours", {1: "A", 2: "B", 3: "C", 4: "D"}, "Not seen", ())


def test_what_was_rated_keeps_its_name_when_the_framework_has_changed() -> None:
    ours = shipped("human-connection-1")
    first, second, *rest = ours.competencies
    renamed = replace(second, short="In their shoes")
    now = replace(ours, version="2", competencies=tuple(rest))
    before = replace(ours, version="1.5", competencies=(renamed,))
    found = now.remembering([before, ours])
    assert found.competencies == (*rest, renamed, first), "the first that has it tells it"
    assert (found.version, found.levels) == ("2", now.levels)
    assert now.remembering([now]) is now


def test_a_version_never_changes_and_the_same_words_once_more_are_no_problem() -> None:
    assert may_stand(own(), None, SHIPPED) is None
    assert may_stand(own(), own(), SHIPPED) is None
    assert may_stand(own(), own(name="Oak House"), SHIPPED) == Refusal.because(
        "Version 1 of “elm-house” is here already, in other words. Give it a new version.", "version"
    )
    assert may_stand(own("9", id=SHIPPED[0]), None, SHIPPED) == Refusal.because(
        "“human-connection-1” is the id of a framework of ours. Give yours an id of its own.", "id"
    )
    assert may_stand(shipped(SHIPPED[0]), shipped(SHIPPED[0]), SHIPPED) is None


@pytest.mark.parametrize(
    ("version", "taken", "after"),
    [
        ("1", (), "2"),
        ("1.0", ("1.0",), "1.1"),
        ("2026.1", ("2026.1", "2026.2"), "2026.3"),
        ("draft", (), "draft.2"),
        ("draft.2", (), "draft.3"),
        ("v9", (), "v10"),
    ],
)
def test_the_next_version_counts_on(version: str, taken: tuple[str, ...], after: str) -> None:
    assert next_version(version, taken) == after


@given(st.from_regex(r"[0-9A-Za-z][0-9A-Za-z.-]{0,20}", fullmatch=True), st.integers(0, 5))
def test_the_next_version_is_never_taken(version: str, steps: int) -> None:
    taken = [version]
    for _ in range(steps):
        taken.append(next_version(version, taken))
    assert len(set(taken)) == len(taken)


def test_competencies_without_a_heading_come_last() -> None:
    one, other = (Competency(code, code, code, code, {}, domain=domain) for code, domain in (("A", ""), ("B", "d")))
    framework = Framework("f", "1", "F", "L", {}, "N", (one, other), (Domain("d", "Down"), Domain("e", "Empty")))
    assert framework.by_domain == (("Down", (other,)), ("", (one,)))


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
