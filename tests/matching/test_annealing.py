"""The compiled search: exact however it is cut into slices, and never unaware of what it has paid."""

import subprocess
import sys
from itertools import pairwise
from random import Random

import pytest

from tests.matching.classes import course, pairs
from threefold.matching.course.annealing import PRICE, Annealing, acceptance
from threefold.matching.course.seats import Places, Seats
from threefold.matching.problem import CourseProblem

PROBLEMS = [course(17, 5, apart=pairs("AB", "CD"), away={1: "EF", 3: "G"}), course(24, 8), course(7, 3)]


def begun(problem: CourseProblem) -> tuple[Places, Annealing]:
    places = Places(problem)
    return places, Annealing(places, places.by_chance(Random(3)), (12, 12), (3, 3), dice=7)


@pytest.mark.parametrize("problem", PROBLEMS)
def test_slices_change_nothing(problem: CourseProblem) -> None:
    def after(cuts: list[int]) -> tuple[list[Seats], list[list[int]]]:
        _, state = begun(problem)
        for first, end in pairwise(cuts):
            assert state.go_on(end - first, 4.0) == end - first
        return state.cheapest(), state.seats.tolist()

    assert after([0, 50_000]) == after([0, 1, 777, 20_000, 49_999, 50_000])


@pytest.mark.parametrize("problem", PROBLEMS)
def test_what_is_paid_is_what_the_seats_cost(problem: CourseProblem) -> None:
    places, state = begun(problem)

    state.go_on(30_000, 3.0)

    sat = [row[:length] for row, length in zip(state.seats.tolist(), state.lengths, strict=True)]
    again = Annealing(places, sat, (12, 12), (3, 3), dice=1)
    assert int(again.clock[PRICE]) == int(state.clock[PRICE])
    assert (again.met == state.met).all()
    assert (again.price == state.price).all()
    assert (again.shares == state.shares).all()
    merit = places.judged(sat)
    assert int(state.clock[PRICE]) == 12 * merit.crowding + 3 * merit.uneven + 1_000_000 * merit.broken


def test_acceptance_falls_with_the_rise_and_is_the_same_everywhere() -> None:
    table = acceptance(2.0).tolist()

    assert table[:3] == [4294967296, 2605029347, 1580030168]  # 2**32 times exp(-rise / 2)
    assert table == sorted(table, reverse=True)
    assert len(table) == 45


def test_where_nothing_can_be_kept_on_disk_the_search_compiles_for_itself() -> None:
    words = (
        "from numba.core import caching; caching.CacheImpl._locator_classes = []; "
        "from threefold.matching.course.annealing import anneal; print(type(anneal._cache).__name__)"
    )

    done = subprocess.run(  # noqa: S603 - our own interpreter, our own words
        [sys.executable, "-c", words], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "NullCache"
