"""How a session worked: answered kindly, shown as a pattern once, and nobody's answer to be told from it."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from threefold.core.refusal import Problem, Refusal
from threefold.core.session_rating import (
    ENOUGH,
    QUESTIONS,
    Answer,
    Band,
    band,
    checked,
    opened_at,
    pattern,
    why_not,
)

ENDS = datetime(2026, 10, 1, 19, 30, tzinfo=UTC)
answers = st.fixed_dictionaries(dict.fromkeys(QUESTIONS, st.sampled_from([one.value for one in Answer])))


def same(answer: Answer) -> dict[str, str]:
    return dict.fromkeys(QUESTIONS, answer.value)


def test_every_open_question_is_named_at_once() -> None:
    found = checked({"time": "mostly", "safe": "shouted"})
    assert isinstance(found, Refusal)
    assert [problem.field for problem in found.problems] == ["safe", "room", "clear", "useful"]
    assert found.problems[0] == Problem("safe", "Choose an answer to “Safe enough”, or “Rather not say”.")
    assert checked(same(Answer.RATHER_NOT)) == dict.fromkeys(QUESTIONS, Answer.RATHER_NOT)


def test_it_opens_a_day_later_once_five_have_answered() -> None:
    early = [ENDS + timedelta(minutes=n) for n in range(5)]
    assert opened_at(ENDS, early[:4]) is None
    assert opened_at(ENDS, early) == ENDS + timedelta(days=1)
    late = ENDS + timedelta(days=3)
    assert opened_at(ENDS, [*early[:4], late]) == late


@pytest.mark.parametrize(
    ("after", "cancelled", "was_there", "words"),
    [
        (timedelta(minutes=5), False, True, ""),
        (timedelta(minutes=-5), False, True, ""),
        (timedelta(minutes=-11), False, True, "ten minutes before"),
        (timedelta(days=1), False, True, "stays as it is"),
        (timedelta(minutes=5), True, True, "called off"),
        (timedelta(minutes=5), False, False, "couldn’t make this one"),
    ],
)
def test_when_it_can_be_said(after: timedelta, cancelled: bool, was_there: bool, words: str) -> None:  # noqa: FBT001 - cases
    found = why_not(ENDS, ENDS + timedelta(days=1), ENDS + after, cancelled=cancelled, was_there=was_there)
    assert words in found
    assert bool(found) == bool(words)


def test_after_two_weeks_it_is_closed_whether_or_not_it_was_opened() -> None:
    assert why_not(ENDS, None, ENDS + timedelta(days=13), cancelled=False, was_there=True) == ""
    assert "two weeks past" in why_not(ENDS, None, ENDS + timedelta(days=14), cancelled=False, was_there=True)


def test_counts_are_said_two_by_two() -> None:
    assert [band(count) for count in range(6)] == [
        Band(0, 0), Band(1, 2), Band(1, 2), Band(3, 4), Band(3, 4), Band(5, 6),
    ]  # fmt: skip
    assert (band(0).words, band(4).words) == ("nobody", "3 or 4")


def test_a_class_that_is_content_is_said_so_and_what_is_not_is_worth_a_look() -> None:
    content = pattern([same(Answer.VERY_MUCH)] * 6)
    assert content is not None
    assert content.sentence == "Every part of it worked for nearly everybody."
    hurried = pattern([same(Answer.MOSTLY) | {"time": "not_really"}] * 5 + [same(Answer.MOSTLY)] * 2)
    assert hurried is not None
    assert hurried.sentence == "Worth a look: time enough for hardly anybody."
    assert hurried.rows[0].bands == (Band(5, 6), Band(0, 0), Band(1, 2), Band(0, 0), Band(0, 0))
    quiet = pattern([same(Answer.RATHER_NOT)] * 5)
    assert quiet is not None
    assert {row.sentence for row in quiet.rows} == {"too few said"}


@given(st.lists(answers, max_size=4))
def test_below_five_there_is_nothing_to_see(few: list[dict[str, str]]) -> None:
    assert pattern(few) is None


@given(st.lists(answers, min_size=ENOUGH, max_size=14))
def test_no_count_is_ever_one_person(some: list[dict[str, str]]) -> None:
    found = pattern(some)
    assert found is not None
    for each in (found.answered, *(one for row in found.rows for one in row.bands)):
        assert each == Band(0, 0) or each.most - each.least == 1


@given(st.lists(answers, min_size=ENOUGH, max_size=14), st.randoms())
def test_it_does_not_matter_who_answered_first(some: list[dict[str, str]], dice: object) -> None:
    shuffled = list(some)
    dice.shuffle(shuffled)  # type: ignore[attr-defined] # Hypothesis' own random
    assert pattern(shuffled) == pattern(some)


def test_one_who_thinks_otherwise_looks_like_two() -> None:
    one = pattern([same(Answer.MOSTLY)] * 5 + [same(Answer.NOT_REALLY)])
    two = pattern([same(Answer.MOSTLY)] * 5 + [same(Answer.NOT_REALLY)] * 2)
    assert one is not None
    assert two is not None
    assert (one.rows[0].bands, one.rows[0].sentence) == (two.rows[0].bands, two.rows[0].sentence)
