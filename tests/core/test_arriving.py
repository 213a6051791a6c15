"""Saying “I’m here”: PINs, how often they may be mistyped, and codes that cannot be made up."""

import string
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from threefold.core import arriving
from threefold.core.refusal import Refusal

STARTS = datetime(2026, 10, 8, 17, 30, tzinfo=UTC)
ENDS = STARTS + timedelta(hours=2)


@pytest.mark.parametrize(
    ("minutes", "sentence"),
    [
        (-16, "This session is on Thursday 8 October, 18:30. You can say you’re here from 18:15."),
        (-15, None),
        (119, None),
        (120, arriving.OVER),
    ],
)
def test_it_counts_from_a_quarter_of_an_hour_before_to_the_end(minutes: int, sentence: str | None) -> None:
    now = STARTS + timedelta(minutes=minutes)
    refusal = arriving.may_arrive(starts_at=STARTS, ends_at=ENDS, cancelled=False, zone="Europe/London", now=now)
    assert refusal == (Refusal.because(sentence) if sentence else None)
    assert arriving.is_open(starts_at=STARTS, ends_at=ENDS, cancelled=False, now=now) is (sentence is None)
    called_off = arriving.may_arrive(starts_at=STARTS, ends_at=ENDS, cancelled=True, zone="Europe/London", now=now)
    assert called_off == Refusal.because(arriving.CALLED_OFF)


@given(st.binary(min_size=32, max_size=32))
def test_a_pin_is_four_figures(digest: bytes) -> None:
    assert len(arriving.pin(digest)) == 4
    assert arriving.pin(digest).isdigit()


def test_after_five_wrong_ones_none_counts_for_ten_minutes_not_even_the_right_one() -> None:
    tried = [STARTS + timedelta(seconds=n) for n in range(5)]
    assert arriving.try_pin("12 34", "1234", tried[:4], STARTS) is None
    assert arriving.try_pin("1235", "1234", tried[:4], STARTS) == Refusal.because(arriving.TRY_AGAIN, "pin")
    assert arriving.try_pin("1234", "1234", tried, tried[-1]) == Refusal.because(arriving.REST, "pin")
    assert arriving.try_pin("1234", "1234", tried, STARTS + arriving.PAUSE) is None


@given(st.uuids(), st.binary(min_size=32, max_size=32))
def test_a_code_leads_back_to_its_session(practice: UUID, seal: bytes) -> None:
    written = arriving.code(practice, seal)
    assert set(written) <= set(string.ascii_letters + string.digits + "-_")
    found = arriving.read_code(written)
    assert found is not None
    assert found[0] == practice
    assert arriving.sealed(found[1], seal)


@given(st.uuids(), st.binary(min_size=32, max_size=32), st.integers(0, 37), st.sampled_from(string.ascii_letters))
def test_a_code_with_one_letter_changed_is_none_of_ours(practice: UUID, seal: bytes, at: int, letter: str) -> None:
    written = arriving.code(practice, seal)
    bent = written[:at] + letter + written[at + 1 :]
    found = arriving.read_code(bent)
    assert bent == written or found is None or found[0] != practice or not arriving.sealed(found[1], seal)


@given(st.text(max_size=60))
def test_anything_typed_is_read_without_a_stumble(typed: str) -> None:
    found = arriving.read_code(typed)
    assert found is None or arriving.code(*found) == typed
