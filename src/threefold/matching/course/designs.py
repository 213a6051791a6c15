"""Courses known to mathematics in which no pair meets twice: Kirkman's schoolgirls and their relatives.

In 1850 Kirkman asked for fifteen schoolgirls to walk out in threes on seven days, no two of them together twice.
Such plans exist for every odd multiple of three, over (n - 1) / 2 sessions (Ray-Chaudhuri and Wilson, "Solution
of Kirkman's schoolgirl problem", 1971), and for every even one from 18 up over (n - 2) / 2, where everybody misses
one partner (nearly Kirkman: Kotzig and Rosa 1974; Baker and Wilson 1977; Rees and Stinson 1987). With one or two
fours a session, how far one can get is known only by trying. All but the theorems' own plans grow from starters:
the people are laid out in rows of the length of a turn, with some left over who stay where they are; a turn moves
everybody one place along their row, so a base session turned once, twice, … gives as many sessions as the turn is
long. Every plan is developed and counted in the tests.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from importlib.resources import files
from itertools import combinations, islice

from threefold.matching.problem import Remainder, shape

Group = tuple[int, ...]
Session = tuple[Group, ...]
Design = tuple[Session, ...]
"""Sessions of groups of people, who are numbers from 0."""


def without_repeats(people: int, remainder: Remainder) -> Design:
    """The longest known course of this kind for so many people, all present; () where none is at hand.

    Groups stand as `shape` orders them: triads first. A course with pairs is one for one or two people more,
    who then stay at home, so that their partners are left as twos.
    """
    sizes = shape(people, remainder)
    if 2 in sizes and people > 5:
        return _some_at_home(_of_starters(people + sizes.count(2)), sizes.count(2))
    return _of_starters(people) if people % 3 == 0 or sizes == shape(people, Remainder.QUADS) else ()


def few_repeats(people: int, remainder: Remainder, sessions: int) -> Design:
    """A course of just so many sessions, with the fewest repeats known; () but for a few that took long to find.

    Nobody knows whether fewer are possible for these: no bound that can be proven is reached.
    """
    return _found().get((people, sessions), ()) if shape(people, remainder) == shape(people, Remainder.QUADS) else ()


def courses_found() -> tuple[tuple[int, int], ...]:
    """The people and sessions of every course that `few_repeats` has."""
    return tuple(_found())


def at_hand() -> tuple[int, ...]:
    """The numbers of people up to 99 for whom there is such a course in triads and fours."""
    return tuple(people for people in range(3, 100) if _of_starters(people))


def turned(groups: Sequence[Group], steps: int, turn: int, rows: int) -> tuple[Group, ...]:
    """The groups after so many turns; people beyond the rows stay where they are."""

    def moved(person: int) -> int:
        row, place = divmod(person, turn)
        return row * turn + (place + steps) % turn if row < rows else person

    return tuple(tuple(map(moved, group)) for group in groups)


def _of_starters(people: int) -> Design:
    """By a starter, or else by the first theorem that applies."""
    if people in (starters := _starters()):
        turn, rows, bases, orbits = starters[people]
        sessions = (turned(base, steps, turn, rows) for base in bases for steps in range(turn))
        around = (tuple(turned([group], steps, turn, rows)[0] for steps in range(turn)) for group in orbits)
        return (*sessions, *around)
    if people == 3:
        return (((0, 1, 2),),)
    if people % 6 != 3:
        return ()
    if _prime_with_sixths(people // 3):
        return _three_rows(people // 3)
    if _prime_with_sixths(people // 2):
        return _two_rows_and_one(people // 2)
    return _three_classes(people // 3)


Starter = tuple[int, int, tuple[Session, ...], tuple[Group, ...]]
"""The length of a turn, the rows that turn, the base sessions, and groups whose own turns make up a session."""


@cache
def _starters() -> dict[int, Starter]:
    """The data file of starters, by the number of people.

    A line "16 turn 3 rows 5" opens a starter; below it, indented, stand its base sessions, fours first, and after
    "around" groups that with their own turns make up a whole session.
    """
    found: dict[int, Starter] = {}
    people, turn, rows = 0, 0, 0
    for words in _lines("starters.txt"):
        match words:
            case ["around", *group]:
                _, _, bases, orbits = found[people]
                found[people] = (turn, rows, bases, (*orbits, tuple(map(int, group))))
            case [first, "turn", length, "rows", number]:
                people, turn, rows = int(first), int(length), int(number)
                found[people] = (turn, rows, (), ())
            case seats:
                _, _, bases, orbits = found[people]
                found[people] = (turn, rows, (*bases, _session(people, seats)), orbits)
    return found


@cache
def _found() -> dict[tuple[int, int], Design]:
    """The data file of courses found by long searches: "17 over 6" opens one, its sessions follow, fours first."""
    found: dict[tuple[int, int], Design] = {}
    course = (0, 0)
    for words in _lines("courses.txt"):
        match words:
            case [people, "over", sessions]:
                course = (int(people), int(sessions))
                found[course] = ()
            case seats:
                found[course] = (*found[course], _session(course[0], seats))
    return found


def _lines(name: str) -> Iterator[list[str]]:
    for line in files(__package__).joinpath(name).read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            yield line.split()


def _session(people: int, seats: Sequence[str]) -> Session:
    """Groups in the order of `shape`, read with the fours first."""
    seat = iter(map(int, seats))
    return tuple(reversed([tuple(islice(seat, size)) for size in reversed(shape(people, Remainder.QUADS))]))


def _some_at_home(design: Design, away: int) -> Design:
    """The same course with the last so many people at home, and without sessions that would leave one alone.

    Those at home are chosen so that they share as few groups as can be; the others are numbered anew.
    """
    if not design:
        return ()
    everybody = range(sum(map(len, design[0])))
    together = {pair for groups in design for group in groups for pair in combinations(sorted(group), 2)}
    home = next((some for some in combinations(everybody, away) if some not in together), tuple(range(away)))
    name = {person: number for number, person in enumerate(sorted(set(everybody) - set(home)))}
    left = (
        tuple(sorted((tuple(name[p] for p in group if p in name) for group in groups), key=len, reverse=True))
        for groups in design
    )
    return tuple(groups for groups in left if len(groups[-1]) == 2)


def _prime_with_sixths(q: int) -> bool:
    """Whether q is a prime one beyond a multiple of six, as both theorems below ask."""
    return q % 6 == 1 and q > 6 and all(q % factor for factor in range(2, int(q**0.5) + 1))


def _powers(q: int) -> list[int]:
    """The powers of the smallest primitive root of the prime q, from the power 0."""
    for root in range(2, q):
        powers = [pow(root, exponent, q) for exponent in range(q - 1)]
        if len(set(powers)) == q - 1:
            return powers
    raise ValueError(f"{q} is no prime")


def _three_rows(q: int) -> Design:
    """3q people in three rows: Ray-Chaudhuri and Wilson 1971, theorem 5."""
    t, power = (q - 1) // 6, _powers(q)
    across = [tuple(row * q + power[(i + 2 * t * row) % (q - 1)] for row in range(3)) for i in range(q - 1)]
    within = [tuple(row * q + power[i + 2 * t * k] for k in range(3)) for row in range(3) for i in range(t)]
    odd = [across[i] for k in (1, 3, 5) for i in range(k * t, (k + 1) * t)]
    even = [across[i] for k in (0, 2, 4) for i in range(k * t, (k + 1) * t)]
    base = [(0, q, 2 * q), *within, *odd]
    return (
        *(turned(base, steps, q, 3) for steps in range(q)),
        *(tuple(turned([group], steps, q, 3)[0] for steps in range(q)) for group in even),
    )


def _two_rows_and_one(q: int) -> Design:
    """2q + 1 people in two rows, with one who stays: Ray-Chaudhuri and Wilson 1971, theorem 6."""
    t, power = (q - 1) // 6, _powers(q)
    m = next(m for m in range(q - 1) if (2 * power[m] - power[t] - 1) % q == 0)
    mixed = [i for k in (0, 2, 4) for i in range(k * t, (k + 1) * t)]
    base = [
        (0, q, 2 * q),
        *((power[i], power[i + t], q + power[(i + m) % (q - 1)]) for i in mixed),
        *(tuple(q + power[(i + m + k * t) % (q - 1)] for k in (1, 3, 5)) for i in range(t)),
    ]
    return tuple(turned(base, steps, q, 2) for steps in range(q))


def _three_classes(third: int) -> Design:
    """Three classes of an odd number of people: each by itself first, then one from each in every triad.

    In the second part a triad has places a, b and c in their rows with a + b + c = 0; a session is a step b - a.
    () where there is no plan for a class by itself.
    """
    alone = _of_starters(third)
    return (
        *(_in_three_rows(groups, third) for groups in alone),
        *(tuple(_across(third, step)) for step in range(third) if alone),
    )


def _in_three_rows(groups: Sequence[Group], third: int) -> tuple[Group, ...]:
    return tuple(tuple(row * third + person for person in group) for row in range(3) for group in groups)


def _across(third: int, step: int) -> Iterator[Group]:
    for place in range(third):
        yield place, third + (place + step) % third, 2 * third + (-2 * place - step) % third
