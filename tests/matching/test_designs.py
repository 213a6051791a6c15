import os
import subprocess
import sys
from collections import Counter
from itertools import combinations

import pytest

from threefold.matching import Remainder, shape
from threefold.matching.designs import without_repeats
from threefold.matching.starters import STARTERS


@pytest.mark.parametrize("people", STARTERS)
def test_every_starter_grows_into_a_course_without_a_repeated_pair(people: int) -> None:
    design = without_repeats(people, Remainder.QUADS)

    turn, bases = STARTERS[people]
    assert len(design) == turn * len(bases)
    for session in design:
        assert tuple(map(len, session)) == shape(people, Remainder.QUADS)
        assert sorted(person for group in session for person in group) == list(range(people))
    met = Counter(frozenset(two) for session in design for group in session for two in combinations(group, 2))
    assert max(met.values()) == 1


def test_where_no_design_fits_there_is_none() -> None:
    assert without_repeats(10, Remainder.QUADS) == ()
    assert without_repeats(17, Remainder.PAIR_WITH_TUTOR) == ()
    assert without_repeats(15, Remainder.PAIR_WITH_TUTOR) == without_repeats(15, Remainder.QUADS) != ()


_A_PLAN = """
from tests.matching.classes import course, pairs
from threefold.matching import BRIEF, explain, plan_course
problem = course(17, 5, apart=pairs("AB", "CD", "AE"), away={1: "FG", 3: "A"})
plan = plan_course(problem, effort=BRIEF)
print(plan, explain(problem, plan).notes)
"""


def test_a_plan_does_not_depend_on_how_python_hashes() -> None:
    said = {
        subprocess.run(  # noqa: S603 - our own interpreter, our own words
            [sys.executable, "-c", _A_PLAN],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }

    assert len(said) == 1
    assert "Group(members=" in said.pop()
