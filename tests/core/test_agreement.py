"""Agreement between observers and how each leans: against figures worked out by hand, a published example, another
implementation, and rules that hold whatever was rated."""

from collections import Counter
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from threefold.core.agreement import (
    FEWEST_ROUNDS,
    Agreement,
    Seen,
    agreement,
    alpha_of,
    coincidences_of,
    differences_of,
    leans,
)

PUBLISHED = (
    "1 2 3 3 2 1 4 1 2 . . .",
    "1 2 3 3 2 2 4 1 2 5 . 3",
    ". 3 3 3 2 3 4 2 2 5 1 .",
    "1 2 3 3 2 4 4 1 2 5 1 .",
)
"""Four observers, twelve units, missing values: the example of parts C and D in Krippendorff (2011)."""

levels = st.sampled_from((1, 2, 3, 4))
units = st.lists(st.lists(levels, min_size=1, max_size=4).map(lambda unit: tuple(sorted(unit))), max_size=12)


def units_of(rows: tuple[str, ...]) -> Counter[tuple[int, ...]]:
    columns = zip(*(row.split() for row in rows), strict=True)
    return Counter(tuple(sorted(int(value) for value in column if value != ".")) for column in columns)


def pairs(*given: tuple[int, int]) -> list[Seen]:
    """Rounds that Ann and Ben rated on one competency, one after another."""
    return [
        Seen(number, who, {"HC2": level})
        for number, both in enumerate(given)
        for who, level in zip(("Ann", "Ben"), both, strict=True)
    ]


# --- agreement ------------------------------------------------------------------------------------------------


def test_the_coincidences_of_the_published_example_are_those_of_the_paper() -> None:
    third = 1 / 3
    met, totals = coincidences_of(units_of(PUBLISHED))
    expected = {
        (1, 1): 7, (1, 2): 4 * third, (1, 3): third, (1, 4): third,
        (2, 2): 10, (2, 3): 4 * third, (2, 4): third,
        (3, 3): 8, (3, 4): third, (4, 4): 4, (5, 5): 3,
    }  # fmt: skip
    assert met == pytest.approx(expected)
    assert totals == {1: 9, 2: 13, 3: 10, 4: 5, 5: 3}


def test_the_published_example_has_its_published_alpha() -> None:
    assert alpha_of(units_of(PUBLISHED)) == pytest.approx(0.815, abs=0.0005)


def test_a_small_example_worked_out_by_hand() -> None:
    # (1,1) (1,2) (2,2) (3,3) (3,4): n(c) = 3, 3, 3, 1 and n = 10; o(1,2) = o(3,4) = 1.
    # The scale's middles are 1.5, 4.5, 7.5, 9.5, so that δ² is 9, 36, 64 from 1; 9, 25 from 2; 4 from 3.
    observed = Fraction(9 + 4)
    expected = Fraction(9 * 9 + 9 * 36 + 3 * 64 + 9 * 9 + 3 * 25 + 3 * 4)
    found = alpha_of(Counter([(1, 1), (1, 2), (2, 2), (3, 3), (3, 4)]))
    assert found == pytest.approx(float(1 - 9 * observed / expected))


def test_one_round_off_by_two_levels_counts_more_than_two_off_by_one() -> None:
    alike = [(1, 1), (2, 2), (3, 3), (4, 4)] * 2
    near, far = alpha_of(Counter([*alike, (2, 3), (2, 3)])), alpha_of(Counter([*alike, (1, 3), (2, 2)]))
    assert near is not None
    assert far is not None
    assert near > far


@given(units)
def test_alpha_is_never_above_one_and_is_one_where_everybody_agrees(given: list[tuple[int, ...]]) -> None:
    found = alpha_of(Counter(given))
    assert found is None or found <= 1
    alike = [(unit[0],) * len(unit) for unit in given]
    rated = {unit[0] for unit in alike if len(unit) > 1}
    assert alpha_of(Counter(alike)) == (1 if len(rated) > 1 else None)


@given(units, st.randoms(use_true_random=False))
def test_neither_the_order_of_rounds_nor_who_said_what_nor_single_ratings_matter(
    given: list[tuple[int, ...]], chance: object
) -> None:
    shuffled = [unit for unit in given if len(unit) > 1]
    chance.shuffle(shuffled)  # type: ignore[attr-defined] # a random.Random
    found, again = alpha_of(Counter(given)), alpha_of(Counter(shuffled))
    assert (found is None) == (again is None)
    assert found == pytest.approx(again) if found is not None else again is None


@given(st.lists(st.lists(st.one_of(levels, st.none()), min_size=3, max_size=3), min_size=2, max_size=12))
def test_it_is_what_another_implementation_says(rows: list[list[int | None]]) -> None:
    other = pytest.importorskip("krippendorff", reason="development only: pip install krippendorff")
    ours = alpha_of(Counter(tuple(sorted(value for value in row if value is not None)) for row in rows))
    if ours is None:
        return
    missing = float("nan")
    by_rater = [[missing if value is None else float(value) for value in rater] for rater in zip(*rows, strict=True)]
    theirs = other.alpha(reliability_data=by_rater, level_of_measurement="ordinal")
    assert ours == pytest.approx(theirs)


def test_below_ten_rounds_with_two_observers_only_their_number_is_said() -> None:
    nine = pairs(*[(1, 1), (2, 2), (3, 4)] * 3)
    alone = [Seen(f"alone {number}", "Ann", {"HC2": 3}) for number in range(20)]
    found = agreement([*nine, *alone])
    assert found == Agreement(FEWEST_ROUNDS - 1)
    assert (found.enough, found.words) == (False, "Too few to say")


def test_from_ten_on_it_has_an_interval_and_the_same_one_every_time() -> None:
    seen = pairs(*[(1, 1), (2, 2), (3, 4), (4, 4), (2, 3)] * 3)
    found = agreement(seen)
    assert found.rounds == 15
    assert found.alpha is not None
    assert found.low is not None
    assert found.high is not None
    assert found.low < found.alpha < found.high <= 1
    assert agreement(reversed(seen)) == found


def test_a_competency_of_its_own_has_its_own_rounds() -> None:
    seen = pairs(*[(1, 1), (2, 3)] * 6)
    seen += [Seen("another", who, {"HC8": 2}) for who in ("Ann", "Ben")]
    assert (agreement(seen).rounds, agreement(seen, "HC2").rounds, agreement(seen, "HC8").rounds) == (13, 12, 1)


def test_where_everybody_gives_one_level_nothing_is_claimed() -> None:
    found = agreement(pairs(*[(3, 3)] * 12))
    assert (found, found.words) == (Agreement(12), "Everybody gave the same level")


@pytest.mark.parametrize(
    ("alpha", "words"),
    [
        (0.75, "Much the same"),
        (0.74, "Mostly the same"),
        (0.6, "Mostly the same"),
        (0.59, "Partly the same"),
        (0.4, "Partly the same"),
        (0.39, "Each in their own way"),
        (-0.2, "Each in their own way"),
    ],
)
def test_agreement_is_said_in_words(alpha: float, words: str) -> None:
    assert Agreement(12, alpha, alpha - 0.1, alpha + 0.1).words == words


# --- each observer --------------------------------------------------------------------------------------------


def test_a_difference_is_from_the_others_mean_in_what_both_rated() -> None:
    seen = [
        Seen(1, "Ann", {"HC2": 2, "HC8": 3, "HC10": 4}),  # HC10 alone: nobody to compare with
        Seen(1, "Ben", {"HC2": 4, "HC8": 3}),
        Seen(1, "Tutor", {"HC2": 3}),
        Seen(2, "Ann", {"HC2": 1}),
    ]
    # Ann: HC2 2 - 3.5, HC8 3 - 3. Ben: HC2 4 - 2.5, HC8 0. The tutor: HC2 3 - 3.
    assert differences_of(seen) == {"Ann": [-0.75], "Ben": [0.75], "Tutor": [0.0]}


def test_how_one_leans_is_weighed_by_how_much_it_may_be_chance() -> None:
    # Five rounds: Ann less Ben is -1, -1, -2, -1, 0 levels, so m = ∓1; s² = 0.5, v = 0.1; Σm²/v = 20, J = 2,
    # Σ1/v = 20; τ² = 18/20 = 0.9; weighed = ∓0.9/(0.9 + 0.1).
    found = leans(pairs((2, 3), (2, 3), (1, 3), (3, 4), (4, 4)))
    assert [(one.observer, one.rounds, one.middle, one.low, one.high, one.words) for one in found] == [
        ("Ben", 5, 1, 1, 1, "Tends to be kinder"),
        ("Ann", 5, -1, -1, -1, "Tends to be sterner"),
    ]
    assert [one.weighed for one in found] == pytest.approx([0.9, -0.9])


def test_of_somebody_with_few_rounds_nothing_is_said() -> None:
    found = leans(pairs((1, 4), (1, 4), (1, 4), (1, 4)))
    assert {(one.rounds, one.enough, one.words) for one in found} == {(4, False, "Too few rounds to say")}


@given(st.lists(st.tuples(levels, levels), max_size=12))
def test_weighing_never_reaches_past_the_mean_nor_turns_round(given: list[tuple[int, int]]) -> None:
    seen = pairs(*given)
    means = {who: sum(values) / len(values) for who, values in differences_of(seen).items()}
    for one in leans(seen):
        assert abs(one.weighed) <= abs(means[one.observer]) + 1e-12
        assert one.weighed * means[one.observer] >= 0
        assert one.low <= one.middle <= one.high


def test_nobody_beside_nobody() -> None:
    assert leans([]) == []
    assert leans([Seen(1, "Ann", {"HC2": 3}), Seen(2, "Ben", {"HC2": 1})]) == []
