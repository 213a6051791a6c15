"""Small builders of classes and courses, named so that a story can be read."""

from collections import Counter
from collections.abc import Iterable
from string import ascii_uppercase

from threefold.core.grouping import Pair
from threefold.matching import CourseProblem, Plan, Remainder

_FIRST_NAMES = "Amara Ben Chloe Dev Esther Farid Grace Hanna Ioan Joy Kit Lena Mo Nia Omar Priya"
NAMES = {name[0]: name for name in _FIRST_NAMES.split()}
WEEKS = [f"week {number}" for number in range(1, 31)]


def people(count: int) -> tuple[str, ...]:
    """A, B, C … and beyond Z with numbers."""
    return tuple(ascii_uppercase[k] if k < 26 else f"P{k}" for k in range(count))


def pairs(*both: str) -> frozenset[Pair]:
    """`pairs("AB", "AC")`: the pairs of A and B, and of A and C."""
    return frozenset(frozenset(two) for two in both)


def course(
    count: int,
    sessions: int,
    *,
    apart: Iterable[Pair] = (),
    away: dict[int, str] | None = None,
    remainder: Remainder = Remainder.QUADS,
) -> CourseProblem:
    """A class that is there every time, but for those who are `away` ({session: "AB"})."""
    everybody = people(count)
    return CourseProblem(
        everybody,
        tuple(frozenset(everybody) - set((away or {}).get(number, "")) for number in range(sessions)),
        frozenset(apart),
        remainder,
    )


def fours(plan: Plan) -> Counter[str]:
    """In how many fours each person sits."""
    return Counter(p for groups in plan.sessions for g in groups if len(g.members) == 4 for p in g.members)


def planned(answer: object) -> Plan:
    assert isinstance(answer, Plan), answer
    return answer
