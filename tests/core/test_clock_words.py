"""What the clock says: every phase has its words for everybody in it, and none of them blames or shouts."""

import re
from datetime import timedelta

import pytest

from threefold.core.clock import Kind, Phase, phases_of
from threefold.core.clock_words import Company, comes_next, detail, minutes, name, order_of_speaking, said, to_do
from threefold.core.roles import Role, RoleLabels
from threefold.core.slots import SessionShape

PHASES = phases_of(SessionShape(3, 20, 10, 15, 15, 5))
LABELS = RoleLabels("helper", "helpee", "observer")
HERE = Company("Kit", "Grace", ("Amara",))


def test_phases_are_named_in_the_courses_own_words() -> None:
    assert [said(phase, LABELS) for phase in PHASES[:8]] == [
        "Welcome",
        "Round 1. Agreeing the round",
        "Round 1. Practice",
        "Round 1. Feedback: helper first",
        "Round 1. Feedback: helpee",
        "Round 1. Feedback: observer",
        "Round 1. Feedback: last word",
        "Changing over",
    ]
    assert (name(PHASES[3]), detail(PHASES[2], LABELS)) == ("Feedback", "")


def test_what_comes_next_takes_the_feedback_as_one() -> None:
    assert comes_next(PHASES, 0) == (1, "Round 1: agreeing the round, 3 minutes")
    assert comes_next(PHASES, 2) == (3, "Feedback, 10 minutes")
    assert comes_next(PHASES, 3) == comes_next(PHASES, 6) == (7, "Changing over, 2 minutes")
    assert comes_next(PHASES, len(PHASES) - 2) == (len(PHASES) - 1, "Close, 15 minutes")
    assert comes_next(PHASES, len(PHASES) - 1) is None


@pytest.mark.parametrize(
    ("mine", "company", "words"),
    [
        (Role.COUNSELLOR, Company("", "Grace", ("Amara",)), "You speak first, then Grace, then Amara"),
        (Role.CLIENT, Company("Kit", "", ("Amara", "Joy")), "Kit speaks first, then you, then Amara, then Joy"),
        (Role.OBSERVER, Company("Kit", "Grace", ()), "Kit speaks first, then Grace, then you"),
        (None, Company(), ""),
    ],
)
def test_who_speaks_when(mine: Role | None, company: Company, words: str) -> None:
    assert order_of_speaking(mine, company) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(600, "10 minutes"), (60, "1 minute"), (150, "2½ minutes"), (30, "½ minute"), (0, "0 minutes")],
)
def test_lengths_are_said(seconds: int, words: str) -> None:
    assert minutes(timedelta(seconds=seconds)) == words


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("mine", [*Role, None])
def test_everybody_has_something_to_do_and_nobody_is_shouted_at(kind: Kind, mine: Role | None) -> None:
    words = to_do(Phase(kind, 1, timedelta(minutes=2)), mine, HERE)
    assert 20 < len(words) < 200
    assert not re.search(r"!|\b(?:fail|failed|poor|weak|bad|overdue|must|should)\b|[{}]", words)
