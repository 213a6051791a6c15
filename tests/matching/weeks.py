"""Small builders of weeks: people by letter, slots by letter, who offers what as a few words."""

from collections.abc import Iterable, Mapping
from itertools import combinations

from threefold.core.grouping import Pair
from threefold.matching import Liking, WeekPlan, WeekProblem, WeekSlot

SLOT_NAMES = {
    "t": "Tuesday morning",
    "w": "Wednesday evening",
    "f": "Friday at noon",
    "s": "Saturday morning",
}


def slot(name: str, *, start: int = 0, capacity: int | None = None, place: str = "") -> WeekSlot:
    """An hour at `start`; with a capacity it is in a room."""
    return WeekSlot(name, start, 60, in_room=capacity is not None, capacity=capacity, place=place)


def times(names: str) -> tuple[WeekSlot, ...]:
    """Online slots a day apart, one for each letter."""
    return tuple(slot(name, start=1440 * day) for day, name in enumerate(names))


def offering(offers: Mapping[str, str], slots: Iterable[WeekSlot]) -> WeekProblem:
    """`offering({"A": "tw", "B": "W"}, …)`: A offers t and w gladly, B offers w only if needed."""
    return WeekProblem(
        tuple(offers),
        tuple(slots),
        {
            person: {one.lower(): Liking.PREFERRED if one.islower() else Liking.IF_NEEDED for one in some}
            for person, some in offers.items()
        },
    )


def seats(plan: WeekPlan) -> list[tuple[str, str]]:
    """The groups as (slot, members in alphabetical order)."""
    return sorted((at, "".join(sorted(group.members))) for at, group in plan.groups)


def best_by_trying(problem: WeekProblem) -> tuple[int, int, int]:
    """(placed, repeats, odd groups) of the best week, by trying every week; for a handful of people."""
    rooms = {one.id: one.capacity for one in problem.slots}

    def worth(members: tuple[str, ...]) -> int:
        return sum(bool(problem.met.get(frozenset(pair))) for pair in combinations(members, 2))

    def allowed(members: tuple[str, ...]) -> bool:
        pairs: list[Pair] = [frozenset(pair) for pair in combinations(members, 2)]
        alone = any(len(pair.intersection(members)) == 1 for pair in problem.together)
        return problem.apart.isdisjoint(pairs) and not alone

    def tried(
        left: tuple[str, ...], used: tuple[str, ...], merit: tuple[int, int, int, int]
    ) -> tuple[int, int, int, int]:
        if not left:
            return merit
        first, *others = left
        best = tried(tuple(others), used, merit)
        for size in problem.sizes():
            for some in combinations(others, size - 1):
                members = (first, *some)
                if not allowed(members):
                    continue
                tutors = sum(one == "tutor" for one in used)
                if size == 2 and tutors == problem.tutors:
                    continue
                common = set.intersection(*(set(problem.offers.get(person, {})) for person in members))
                for at in common:
                    capacity = rooms[at]
                    if capacity is not None and used.count(at) >= capacity:
                        continue
                    bound = sum(pair.issubset(members) for pair in problem.together)
                    more = (bound, size, -worth(members), -(size != 3))
                    rest = tuple(person for person in others if person not in some)
                    taken = (*used, at, *(("tutor",) if size == 2 else ()))
                    total = (
                        merit[0] + more[0],
                        merit[1] + more[1],
                        merit[2] + more[2],
                        merit[3] + more[3],
                    )
                    best = max(best, tried(rest, taken, total))
        return best

    _, placed, repeats, odd = tried(problem.people, (), (0, 0, 0, 0))
    return placed, -repeats, -odd
