"""What is known of small classes by trying every plan there is: the least repeats where counting says too little.

Without loss of generality the first session is any, and the second one of a few up to renaming people; the rest
was tried exhaustively (the tests do it again). That twelve people have no five sessions without a repeated pair is
older: a nearly Kirkman triple system of order 12 does not exist (Kotzig and Rosa 1974; OEIS A107431).
"""

from collections.abc import Mapping

LEAST_REPEATS: Mapping[tuple[int, ...], Mapping[int, int]] = {
    (3, 3): {3: 5},
    (3, 2, 2): {4: 1},
    (3, 4, 4): {4: 8},
    (3, 3, 3, 3): {5: 3, 6: 7},
    (3, 3, 3, 4): {5: 3},
}
"""By the sizes of a session's groups: in so many sessions of the same people, no plan has fewer repeats."""


def least_of_small(sizes: tuple[int, ...], sessions: int) -> int:
    """The least repeats among so many sessions with the same people and groups of these sizes; 0 if unknown.

    What holds for fewer sessions holds for more: leaving a session out never adds a repeat.
    """
    known = LEAST_REPEATS.get(sizes, {})
    return max((least for enough, least in known.items() if enough <= sessions), default=0)
