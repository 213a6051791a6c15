"""What is worth a second look in a framework: gentle notes that never refuse it."""

from dataclasses import replace

from hypothesis import given

from tests.core.test_framework_document import frameworks
from threefold.core.competency import Competency, Cue, Domain, Framework
from threefold.core.framework_notes import Note, worth_a_look

LEVELS = {1: "Got in the way", 2: "Beginning", 3: "Helping", 4: "Deepening"}
FINE = Competency(
    "L",
    "Listening",
    "Listening",
    "Hearing what is said.",
    {
        1: "Turned away while the client spoke.",
        2: "Listened, and looked elsewhere at times.",
        3: "Let the client finish, and waited.",
        4: "Heard what the client left out.",
    },
    (Cue("phone", "Looked at a phone."),),
)


def framework(*competencies: Competency, language: str = "en-GB", domains: tuple[Domain, ...] = ()) -> Framework:
    return Framework("f", "1", "F", "Ours", LEVELS, "Not seen", competencies, domains, language)


def test_nothing_to_say_about_a_framework_told_by_what_is_seen() -> None:
    assert worth_a_look(framework(FINE)) == ()


def test_everything_worth_a_look_is_named_with_its_place() -> None:
    odd = replace(
        FINE,
        code="W",
        name="Warmth",
        short="listening",
        anchors={
            1: "Cold.",
            2: "Showed good rapport with the client.",
            3: "showed GOOD rapport, with the client",
            4: "Showed warmth in 80% of answers.",
        },
        cues=(),
        mapped={"Elsewhere": ("understands and is able to work with feeling", "2")},
    )
    assert worth_a_look(framework(FINE, odd, domains=(Domain("d", "Down the hall"),))) == (
        Note("", "The short label “Listening” is used twice, by L, W. Charts can’t tell them apart."),
        Note("", "Nothing stands under the heading “Down the hall”."),
        Note("W", "The anchors for “Beginning” and “Helping” are word for word alike."),
        Note("W", "One word is little for “Got in the way”. Say what an observer would see or hear."),
        Note("W", "No cue says what gets in the client’s way, so no tutor is asked to look first."),
        Note(
            "W",
            "“Elsewhere understands and is able to work with feeling” reads like wording rather than a code. "
            "Name the place only; the words are theirs.",
        ),
        Note("W", "“Beginning”: “good” says how it was rather than what was seen or heard."),
        Note("W", "“Beginning”: “rapport” is a word of the trade. Would everybody in the room see the same?"),
        Note("W", "“Helping”: “GOOD” says how it was rather than what was seen or heard."),
        Note("W", "“Helping”: “rapport” is a word of the trade. Would everybody in the room see the same?"),
        Note("W", "“Deepening”: a number invites counting. Levels are told in words here."),
    )


@given(frameworks())
def test_every_note_is_about_something_that_is_there(framework: Framework) -> None:
    notes = worth_a_look(framework)
    assert {note.code for note in notes} <= {"", *(each.code for each in framework.competencies)}
    assert len(set(notes)) == len(notes)


def test_words_are_looked_at_in_english_alone() -> None:
    numbered = replace(FINE, anchors=dict(FINE.anchors) | {4: "Yn dda iawn, 4 allan o 4, good."})
    assert worth_a_look(framework(numbered, language="cy")) == ()
    assert len(worth_a_look(framework(numbered, language="en"))) == 2


def test_answers_that_are_called_the_same() -> None:
    alike = replace(framework(FINE), levels={**LEVELS, 3: "Beginning"}, not_seen="Deepening")
    assert worth_a_look(alike) == (
        Note("", "“Beginning” names two of the answers, so nobody can tell which was chosen."),
        Note("", "“Deepening” names two of the answers, so nobody can tell which was chosen."),
    )


def test_many_competencies_and_a_long_label() -> None:
    many = [replace(FINE, code=f"C{n}", short=f"Label {n}") for n in range(24)]
    assert worth_a_look(framework(*many)) == ()
    many.append(replace(FINE, code="C24", short="A label that no button has room for"))
    assert worth_a_look(framework(*many)) == (
        Note("", "There are 25 competencies, which is many to choose three to eight from."),
        Note("C24", "The short label is long for a button. Up to 24 characters fit."),
    )
