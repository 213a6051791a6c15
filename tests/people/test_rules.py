"""The rules of core.sign_in: what counts as a code, when a request is over, how long somebody waits."""

from datetime import UTC, datetime, timedelta

import pytest

from threefold.core.sign_in import CODE_HAD_ITS_DAY, TRIES_USED_UP, Asked, figures, may_ask_from

NOON = datetime(2026, 10, 7, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize("typed", ["418302", "418 302", " 418-302 ", "418.302", "４１８３０２", "4 1 8 3 0 2\n"])
def test_a_code_may_be_typed_or_pasted_in_many_ways(typed: str) -> None:
    assert figures(typed) == "418302"


@pytest.mark.parametrize("typed", ["", "41830", "4183021", "41830x", "four", "418302 or so", "²²²²²²"])
def test_what_is_not_six_figures_is_no_code(typed: str) -> None:
    assert figures(typed) is None


@pytest.mark.parametrize(
    ("asked", "over", "works"),
    [
        (Asked(NOON + timedelta(seconds=1), None, 4, for_somebody=True), "", True),
        (Asked(NOON + timedelta(seconds=1), None, 4, for_somebody=False), "", False),
        (Asked(NOON + timedelta(seconds=1), NOON, 0, for_somebody=True), "", False),
        (Asked(NOON, None, 0, for_somebody=True), CODE_HAD_ITS_DAY, False),
        (Asked(NOON + timedelta(hours=1), None, 5, for_somebody=True), TRIES_USED_UP, False),
    ],
)
def test_a_request_works_until_its_time_its_use_or_five_wrong_codes(asked: Asked, over: str, *, works: bool) -> None:
    assert (asked.over(NOON), asked.works(NOON)) == (over, works)


def test_a_wait_ends_an_hour_after_the_first_of_the_requests_that_fill_the_limit() -> None:
    five = [NOON - timedelta(minutes=m) for m in (1, 50, 20, 30, 40)]
    assert may_ask_from(NOON, five, ()) == NOON + timedelta(minutes=10)
    assert may_ask_from(NOON, five[:4], ()) == NOON
    assert may_ask_from(NOON, [*five[:4], NOON - timedelta(minutes=60)], ()) == NOON
    assert may_ask_from(NOON, five, [NOON - timedelta(minutes=5)] * 30) == NOON + timedelta(minutes=55)
