"""Courses known to mathematics in which no pair meets twice: Kirkman's schoolgirls and their relatives.

The people are laid out in rows of the length of a turn, with some left over who stay where they are. A turn
moves everybody one place along their row; a base session turned once, twice, … gives as many sessions as the
turn is long, and no pair of people meets in two of them (checked by counting in the tests).
"""

from itertools import islice

from threefold.matching.problem import Remainder, shape
from threefold.matching.starters import STARTERS

Design = tuple[tuple[tuple[int, ...], ...], ...]
"""Sessions of groups of people, who are numbers from 0."""


def without_repeats(people: int, remainder: Remainder) -> Design:
    """The longest known course of this kind for so many people, all present; () where none is at hand.

    Groups stand as `shape` orders them: triads first.
    """
    if people not in STARTERS or shape(people, remainder) != shape(people, Remainder.QUADS):
        return ()
    turn, bases = STARTERS[people]
    rows = people // turn
    sessions = []
    for base in bases:
        seats = iter(int(seat) for seat in base.split())
        fours_first = [tuple(islice(seats, size)) for size in reversed(shape(people, remainder))]
        groups = fours_first[::-1]
        sessions += [
            tuple(tuple(_turned(person, steps, turn, rows) for person in group) for group in groups)
            for steps in range(turn)
        ]
    return tuple(sessions)


def _turned(person: int, steps: int, turn: int, rows: int) -> int:
    """Where somebody stands after so many turns; those beyond the rows stay."""
    row, place = divmod(person, turn)
    return row * turn + (place + steps) % turn if row < rows else person
