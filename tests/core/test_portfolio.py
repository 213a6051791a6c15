"""A portfolio: one list of rows in three forms, only what was opened, others as initials, nothing private."""

import csv
import io
import json
from dataclasses import fields, replace
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tests.examples import some
from threefold.core.competency import Competency, Cue, Framework
from threefold.core.feedback import Rating
from threefold.core.pasted import csv_cell, csv_file
from threefold.core.portfolio import (
    COLUMNS,
    Choice,
    Kind,
    Piece,
    Portfolio,
    Reference,
    Round,
    Row,
    build,
    called,
    check_choice,
    document,
    everything,
    table,
)
from threefold.core.refusal import Problem, Refusal

ANCHORS = {1: "One.", 2: "Two.", 3: "Three.", 4: "Four."}
FRAMEWORK = Framework(
    id="ours",
    version="1",
    name="Ours",
    licence="Our own",
    levels={1: "Got in the way", 2: "Beginning", 3: "Helping", 4: "Deepening"},
    not_seen="Not seen this time",
    competencies=(
        Competency(
            "HC2",
            "Empathy",
            "Empathy",
            "…",
            ANCHORS,
            (Cue("told", "Told the client what they feel."),),
            {"CPCAB": ("2",)},
        ),
        Competency("HC8", "Boundaries", "Boundaries", "…", ANCHORS, (), {"CPCAB": ("1",), "SCoPEd": ("professional",)}),
    ),
)
FIRST = date(2026, 10, 1)
ALL = everything(FIRST, FIRST + timedelta(weeks=12))
PRIVATE = "for the tutors alone"

# Any text a person can send: a form takes out NUL, and half characters never arrive.
TEXT = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), min_size=1, max_size=30)
RATINGS = st.lists(
    st.builds(
        Rating,
        code=st.sampled_from(["HC2", "HC8", "heard", "pace", "gone"]),
        level=st.sampled_from([None, 1, 2, 3, 4]),
        moments=st.lists(TEXT, max_size=2).map(tuple),
        cues=st.sampled_from([(), ("told",), ("unknown",)]),
        what_was_said=st.one_of(st.just(""), TEXT),
    ),
    max_size=3,
    unique_by=lambda rating: rating.code,
).map(tuple)
PIECES = st.builds(
    Piece,
    kind=st.sampled_from([kind for kind in Kind if kind is not Kind.LEVELS]),
    name=st.sampled_from(["Ben Hughes", "Chloé Martin", "Kit"]),
    agreed=st.booleans(),
    words=st.fixed_dictionaries({"helped": TEXT, "to_try": TEXT, "did": TEXT, "for_tutor": st.just(PRIVATE)}),
    ratings=RATINGS,
    added=st.lists(TEXT, max_size=1).map(tuple),
    focus=st.one_of(st.just(""), TEXT),
)
ROUNDS = st.lists(
    st.builds(
        Round,
        on=st.integers(0, 12).map(lambda weeks: FIRST + timedelta(weeks=weeks)),
        cohort=st.just("Level 3"),
        session=st.integers(1, 12),
        number=st.integers(1, 3),
        is_opened=st.booleans(),
        framework=st.just(FRAMEWORK),
        pieces=st.lists(PIECES, max_size=3).map(tuple),
    ),
    max_size=4,
)
CHOICES = st.builds(
    lambda first, more, kinds: Choice(FIRST + timedelta(weeks=first), FIRST + timedelta(weeks=first + more), kinds),
    st.integers(0, 12),
    st.integers(0, 12),
    st.frozensets(st.sampled_from(Kind), min_size=1),
)


@some(60, 400)
@given(ROUNDS, CHOICES)
def test_the_csv_and_the_json_hold_the_rows_of_the_page(rounds: list[Round], choice: Choice) -> None:
    found = build("Amara Okafor", rounds, choice)
    shown = [row.cells() for item in found.items for row in item.rows]
    assert [row.cells() for row in found.rows] == shown

    sent = csv_file(table(found))
    assert sent.startswith(b"\xef\xbb\xbf")
    read = [tuple(line) for line in csv.reader(io.StringIO(sent.decode("utf-8-sig"), newline=""))]
    assert read == [COLUMNS, *(tuple(csv_cell(cell) for cell in row) for row in shown)]
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for line in read for cell in line)

    kept = json.loads(json.dumps(document(found)))
    assert (kept["schema"], kept["version"], kept["person"]) == ("threefold-portfolio", 1, "Amara Okafor")
    assert [tuple(str(row[each.name]) for each in fields(Row)) for row in kept["rows"]] == shown


@some(60, 400)
@given(ROUNDS, CHOICES)
def test_nothing_unopened_unchosen_or_private_is_ever_in_it(rounds: list[Round], choice: Choice) -> None:
    found = build("Amara Okafor", rounds, choice)
    everything_in_it = json.dumps(document(found), ensure_ascii=False)
    assert PRIVATE not in everything_in_it
    for row in found.rows:
        on = date.fromisoformat(row.date)
        assert choice.since <= on <= choice.until
        assert any(each.is_opened and each.on == on for each in rounds)
    marked = [replace(each, pieces=(_telling(), *each.pieces), is_opened=False) for each in rounds]
    assert build("Amara Okafor", [*rounds, *marked], choice) == found


def _telling() -> Piece:
    return Piece(Kind.OBSERVERS, "Ben Hughes", True, {"helped": "unopened words", "to_try": "more of them"})


@some(60, 400)
@given(ROUNDS, CHOICES)
def test_others_stand_as_initials_unless_they_agreed(rounds: list[Round], choice: Choice) -> None:
    found = build("Amara Okafor", rounds, choice)
    allowed = {
        "Amara Okafor" if piece.kind is Kind.OWN else called(piece.name, agreed=piece.agreed)
        for each in rounds
        for piece in each.pieces
    }
    assert {row.by for row in found.rows} <= allowed
    assert called("Ben Hughes", agreed=False) == "B. H."
    assert called("Kit", agreed=False) == "K."
    assert called("Ben Hughes", agreed=True) == "Ben Hughes"


@some(60, 400)
@given(ROUNDS, CHOICES)
def test_items_are_numbered_without_gaps_and_every_reference_leads_to_one(rounds: list[Round], choice: Choice) -> None:
    found = build("Amara Okafor", rounds, choice)
    numbers = [item.head.item for item in found.items]
    assert numbers == [f"EV-{place}" for place in range(1, len(numbers) + 1)]
    assert all({row.item for row in item.rows} == {item.head.item} for item in found.items)
    for reference in found.references:
        assert reference.items
        assert set(reference.items) <= set(numbers)


REFLECTED = {"helped": "I kept quiet.", "to_try": "Breathe.", "for_tutor": PRIVATE}
NOTICED = {"helped": "You waited.", "to_try": "Slow down."}
CUED = Rating("HC2", 1, ("“You are angry.”",), ("told",), "“You are angry with her.”")


def one_round() -> Round:
    pieces = (
        Piece(Kind.OWN, "Amara Okafor", False, REFLECTED, (Rating("HC8", None),), focus="Name the time."),
        Piece(Kind.CLIENTS, "Chloé Martin", False, {"did": "Stayed."}, (Rating("heard", 4), Rating("return", None))),
        Piece(Kind.OBSERVERS, "Ben Hughes", True, NOTICED, (CUED,), ("Softer, too.",)),
        Piece(Kind.TUTORS, "Marion Shaw", False, {"helped": "A clear start."}, (Rating("HC8", 3),)),
    )
    return Round(FIRST, "Level 3", 1, 2, True, FRAMEWORK, pieces)


def lines(found: Portfolio) -> list[tuple[str, str, str, str]]:
    return [(row.item, row.by, row.what, row.words) for row in found.rows]


def test_a_round_in_full() -> None:
    found = build("Amara Okafor", [one_round()], ALL)
    assert lines(found) == [
        ("EV-1", "Amara Okafor", "One thing to keep", "I kept quiet."),
        ("EV-1", "Amara Okafor", "One thing to try next", "Breathe."),
        ("EV-1", "Amara Okafor", "Taken into the next session", "Name the time."),
        ("EV-1", "Amara Okafor", "Boundaries: level", "Not seen this time"),
        ("EV-2", "C. M.", "One thing the counsellor did", "Stayed."),
        ("EV-2", "C. M.", "I felt heard", "Very much"),
        ("EV-2", "C. M.", "I’d come back to that", "Rather not say"),
        ("EV-3", "Ben Hughes", "One thing that helped", "You waited."),
        ("EV-3", "Ben Hughes", "One thing to try next", "Slow down."),
        ("EV-3", "Ben Hughes", "Empathy: a moment", "“You are angry.”"),
        ("EV-3", "Ben Hughes", "Empathy: got in the way", "Told the client what they feel."),
        ("EV-3", "Ben Hughes", "Empathy: what was said or done", "“You are angry with her.”"),
        ("EV-3", "Ben Hughes", "Added later", "Softer, too."),
        ("EV-3", "Ben Hughes", "Empathy: level", "Got in the way"),
        ("EV-4", "M. S.", "One thing that helped", "A clear start."),
        ("EV-4", "M. S.", "Boundaries: level", "Helping"),
    ]
    assert found.references == (
        Reference("HC2", "Empathy", ("EV-3",)),
        Reference("HC8", "Boundaries", ("EV-4",)),
        Reference("CPCAB 1", "", ("EV-4",)),
        Reference("CPCAB 2", "", ("EV-3",)),
        Reference("CPCAB 7", "", ("EV-1",)),
        Reference("SCoPEd professional", "", ("EV-4",)),
        Reference("SCoPEd self-awareness and reflection", "", ("EV-1",)),
    )


def test_levels_alone_come_without_a_word_and_words_without_a_level() -> None:
    levels = build("Amara Okafor", [one_round()], replace(ALL, kinds=frozenset({Kind.LEVELS})))
    assert [(row.item, row.what, row.words) for row in levels.rows] == [
        ("EV-1", "Boundaries: level", "Not seen this time"),
        ("EV-2", "Empathy: level", "Got in the way"),
        ("EV-3", "Boundaries: level", "Helping"),
    ]
    words = build("Amara Okafor", [one_round()], replace(ALL, kinds=frozenset(Kind) - {Kind.LEVELS}))
    assert [row.what for row in words.rows if row.what.endswith(": level")] == []
    assert len(words.items) == 4


def test_a_choice_tells_every_problem_at_once() -> None:
    today = FIRST + timedelta(weeks=4)
    assert check_choice("", "", ["own", "levels", "made-up"], FIRST, today) == Choice(
        FIRST, today, frozenset({Kind.OWN, Kind.LEVELS})
    )
    assert check_choice("first", "2026-13-01", [], FIRST, today) == Refusal(
        (
            Problem("since", "Enter a date like 2026-10-01, or leave this empty."),
            Problem("until", "Enter a date like 2026-10-01, or leave this empty."),
            Problem("kind", "Choose at least one kind to take with you."),
        )
    )
    assert check_choice("2026-10-08", "2026-10-01", ["own"], FIRST, today) == Refusal.because(
        "Choose a last date that isn’t before the first.", "until"
    )
