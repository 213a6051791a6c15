"""Each role once in every three: the edges of a bipartite graph coloured with three colours.

A person's sessions are split into threes; the threes on one side, the triads on the other, an edge for every seat.
Nobody has more than three edges on either side, so three colours suffice (König 1916), and each colour is a role:
within a three everybody has each role once, within a triad each role has one person.
"""

from collections.abc import Sequence

Colour = int
"""0, 1 or 2."""


def coloured(edges: Sequence[tuple[int, int]]) -> list[Colour]:
    """A colour for each edge (left, right), different from those of every edge that shares an end with it.

    Edge by edge: where no colour is free at both ends, the chain of two colours that begins at the right end is
    turned over first (Kempe's argument; in a bipartite graph it never comes back to the left end). Raises
    ValueError when an end has more than three edges.
    """
    at_left = [[-1] * 3 for _ in range(1 + max((left for left, _ in edges), default=-1))]
    at_right = [[-1] * 3 for _ in range(1 + max((right for _, right in edges), default=-1))]
    colour = [-1] * len(edges)
    for edge, (left, right) in enumerate(edges):
        ours, theirs = at_left[left], at_right[right]
        free_here = [c for c in range(3) if ours[c] < 0]
        free_there = [c for c in range(3) if theirs[c] < 0]
        if not free_here or not free_there:
            raise ValueError("somebody has four sessions in one three, or a triad four people")
        both = [c for c in free_here if c in free_there]
        if both:
            new = both[edge % len(both)]
        else:
            new, old = free_here[0], free_there[0]
            _turn_over(edges, (at_left, at_right), colour, right, new, old)
        colour[edge] = new
        ours[new] = theirs[new] = edge
    return colour


def _turn_over(
    edges: Sequence[tuple[int, int]],
    sides: tuple[list[list[int]], list[list[int]]],
    colour: list[Colour],
    right: int,
    taken: Colour,
    free: Colour,
) -> None:
    """Exchanges two colours along the chain from a right end at which `taken` is in use and `free` is not."""
    chain = []
    side, end, wanted = 1, right, taken
    while (edge := sides[side][end][wanted]) >= 0:
        chain.append(edge)
        side = 1 - side
        end = edges[edge][side]
        wanted = free if wanted == taken else taken
    for edge in chain:
        left, right = edges[edge]
        sides[0][left][colour[edge]] = sides[1][right][colour[edge]] = -1
    for edge in chain:
        left, right = edges[edge]
        colour[edge] = free if colour[edge] == taken else taken
        sides[0][left][colour[edge]] = sides[1][right][colour[edge]] = edge
