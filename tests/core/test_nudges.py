"""When a tutor may ask for a piece: never twice within three days, never before the first letter has had its hour."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from threefold.core.nudges import FIRST_LETTER_HAS, REST, Asking, Quiet, asking

WANTED = datetime(2026, 10, 1, 20, 0, tzinfo=UTC)
hours = st.integers(-48, 400).map(lambda n: timedelta(hours=n))


def test_first_the_letter_that_goes_by_itself_has_its_hour() -> None:
    found = asking(wanted_at=WANTED, asked=())
    assert found == Asking(None, WANTED + FIRST_LETTER_HAS)
    assert [found.may(WANTED + timedelta(minutes=m)) for m in (0, 59, 60)] == [False, False, True]


def test_after_being_asked_somebody_is_let_be_for_three_days() -> None:
    asked = WANTED + timedelta(days=2)
    found = asking(wanted_at=WANTED, asked=(asked, asked - timedelta(days=1)))
    assert found == Asking(asked, asked + REST)
    assert not found.may(asked + REST - timedelta(seconds=1))
    assert found.may(asked + REST)


@pytest.mark.parametrize("quiet", list(Quiet))
def test_who_is_not_to_be_asked_is_never_asked(quiet: Quiet) -> None:
    found = asking(wanted_at=WANTED, asked=(WANTED,), quiet=quiet)
    assert found == Asking(WANTED, None, quiet)
    assert not found.may(WANTED + timedelta(days=400))


@given(st.lists(hours, max_size=30))
def test_however_often_and_whoever_presses_two_asks_are_three_days_apart(presses: list[timedelta]) -> None:
    asked: list[datetime] = []
    for at in sorted(WANTED + each for each in presses):
        if asking(wanted_at=WANTED, asked=asked).may(at):
            asked.append(at)
    assert all(later - earlier >= REST for earlier, later in pairwise(asked))
    assert all(at >= WANTED + FIRST_LETTER_HAS for at in asked)
