"""Planned sampling: every competency is looked for often enough, and a session keeps what held when it began."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from threefold.core.sampling import MOST_ASKED, Covered, Looking, Turn, asked_for, coverage, in_force

MONDAY = datetime(2026, 10, 5, 18, 30, tzinfo=UTC)
codes_of = st.integers(3, 8).map(lambda many: tuple(f"HC{number}" for number in range(1, many + 1)))


@given(codes_of, st.integers(1, 60), st.integers(1, 40))
def test_over_any_run_of_turns_each_competency_is_looked_for_as_often_as_there_is_room(
    codes: tuple[str, ...], first: int, turns: int
) -> None:
    asked = [asked_for(codes, turn) for turn in range(first, first + turns)]
    times = [sum(code in one for one in asked) for code in codes]
    room = turns * min(len(codes), 4)  # four to a round are all that an observer can hold in mind
    assert sum(times) == room
    assert min(times) == room // len(codes)
    assert max(times) - min(times) <= 1
    assert {len(one) for one in asked} == {min(len(codes), MOST_ASKED)}


@given(codes_of, st.integers(1, 60), st.data())
def test_a_chosen_focus_always_comes_along_and_never_takes_anothers_place(
    codes: tuple[str, ...], turn: int, data: st.DataObject
) -> None:
    focus = data.draw(st.sampled_from(codes))
    asked, without = asked_for(codes, turn, focus), asked_for(codes, turn)
    assert focus in asked
    assert set(without) <= set(asked) <= {*without, focus}
    assert list(asked) == sorted(asked, key=codes.index)


@given(codes_of, st.integers(1, 40), st.data())
def test_whatever_is_taken_along_from_round_to_round_nothing_is_looked_for_less_often(
    codes: tuple[str, ...], turns: int, data: st.DataObject
) -> None:
    """Somebody who takes the same thing along for a whole term is still seen in everything else."""
    taken = data.draw(st.lists(st.sampled_from((*codes, "SK8", None)), min_size=turns, max_size=turns))
    asked = [asked_for(codes, turn, focus) for turn, focus in enumerate(taken, start=1)]
    for code in codes:
        times = sum(code in one for one in asked)
        assert times >= turns * min(len(codes), 4) // len(codes)
        assert all(code in one for one, focus in zip(asked, taken, strict=True) if focus == code)
    assert max(len(one) for one in asked) <= min(len(codes), 5)


def test_a_focus_that_is_not_looked_for_any_more_is_left_out() -> None:
    codes = ("HC1", "HC2", "HC3", "HC4", "HC5")
    assert asked_for(codes, 1, "SK8") == ("HC1", "HC2", "HC3", "HC4")


def test_a_session_is_looked_at_for_what_held_when_it_began() -> None:
    first, second, third = (Looking("ours", version, ("A", "B", "C")) for version in ("1", "2", "3"))
    week = timedelta(weeks=1)
    before = ((MONDAY, first), (MONDAY + week, second))
    found = [
        in_force(MONDAY + after, third, before) for after in (-week, timedelta(0), week - week / 7, week, 3 * week)
    ]
    assert found == [first, second, second, third, third]
    assert in_force(MONDAY, third, ()) == third


def test_coverage_counts_what_was_seen_looked_for_and_is_planned() -> None:
    turns = [
        Turn("amara", ("A", "B"), frozenset({"A"}), held=True),
        Turn("amara", ("B",), frozenset(), held=True),
        Turn("amara", ("A", "B"), frozenset(), held=False),
        Turn("gone", ("A",), frozenset({"A"}), held=True),
    ]
    found = coverage(["amara", "ben"], ["A", "B"], turns)
    assert found == {
        "amara": {"A": Covered(1, 1, 1), "B": Covered(0, 2, 1)},
        "ben": {"A": Covered(0, 0, 0), "B": Covered(0, 0, 0)},
    }
    assert [code for code, cell in found["amara"].items() if cell.wants_care] == ["B"]
