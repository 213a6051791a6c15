"""“Please come”: what a group reads of its own asking, and when it may ask at all."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from threefold.core.please_come import Ask, ago, as_it_stands, why_not

BEGINS = datetime(2026, 10, 1, 17, 30, tzinfo=UTC)
ENDS = BEGINS + timedelta(hours=2)
GROUP = UUID(int=1)
NOW = BEGINS + timedelta(minutes=30)


def asked(minutes: float, *, coming: float | None = None, taken_back: float | None = None) -> Ask:
    at = [None if each is None else NOW - timedelta(minutes=each) for each in (minutes, coming, taken_back)]
    return Ask(GROUP, at[0] or NOW, at[1], "Marion" if coming is not None else "", at[2])


def test_the_last_word_counts() -> None:
    waits, coming, seen = asked(1), asked(3, coming=2), asked(9, coming=6)
    assert as_it_stands([], NOW) is None
    assert as_it_stands([seen, waits], NOW) == waits
    assert as_it_stands([seen, coming], NOW) == coming
    assert as_it_stands([seen], NOW) is None
    assert as_it_stands([coming, asked(1, taken_back=0.5)], NOW) is None


@pytest.mark.parametrize(
    ("minutes", "cancelled", "words"),
    [
        (30, False, ""),
        (-14, False, ""),
        (-16, False, "while you practise"),
        (151, False, "while you practise"),
        (30, True, "called off"),
    ],
)
def test_it_is_for_while_people_practise(minutes: int, cancelled: bool, words: str) -> None:  # noqa: FBT001 - cases
    found = why_not(BEGINS, ENDS, BEGINS + timedelta(minutes=minutes), cancelled=cancelled)
    sentence = found.problems[0].sentence if found else ""
    assert words in sentence
    assert bool(words) == bool(sentence)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "just now"),
        (9, "just now"),
        (25, "20 seconds ago"),
        (59, "50 seconds ago"),
        (60, "1 minute ago"),
        (179, "2 minutes ago"),
    ],
)
def test_how_long_ago_is_said(seconds: int, words: str) -> None:
    assert ago(NOW, NOW + timedelta(seconds=seconds)) == words
