"""Who begins: the order in which each group's members take the counsellor's place.

Inside a session everybody is counsellor once and client once, so what is left to choose is who has whom as
client, and who comes first. People who meet again should meet the other way round (a session covers three of
the six ways a triad can pair counsellor and client, PRACTICE §1.3), and first and last rounds should go round.
"""

from collections.abc import Sequence
from itertools import permutations
from math import exp
from random import Random

from threefold.core.grouping import Group, Person

ROUNDS = 4  # of the largest group
SWEEPS = 300
HOT, COLD = 1.0, 0.12


def in_turn(groups: Sequence[Sequence[Person]], settled: Sequence[Group], draw: Random) -> list[tuple[Person, ...]]:
    """Each group's members in the order they take the counsellor's place, given the orders already settled."""
    people = sorted({p for group in groups for p in group} | {p for group in settled for p in group.members})
    number = {person: place for place, person in enumerate(people)}
    n = len(people)

    held = [0] * (n * n)
    for group in settled:
        for counsellor, client in group.counselled():
            held[number[counsellor] * n + number[client]] += 1
    circles = [[(group[0], *rest) for rest in permutations(group[1:])] for group in groups]
    marks = [
        [
            [number[counsellor] * n + number[client] for counsellor, client in Group(circle).counselled()]
            for circle in options
        ]
        for options in circles
    ]
    chosen = [options[k] for options, k in zip(circles, _evenly(marks, held, draw), strict=True)]

    begun = [0] * (n * ROUNDS)
    for group in settled:
        for place, person in enumerate(group.members):
            begun[number[person] * ROUNDS + place] += 1
    orders = [[circle[k:] + circle[:k] for k in range(len(circle))] for circle in chosen]
    marks = [[[number[p] * ROUNDS + place for place, p in enumerate(order)] for order in options] for options in orders]
    return [options[k] for options, k in zip(orders, _evenly(marks, begun, draw), strict=True)]


def _evenly(options: Sequence[Sequence[Sequence[int]]], start: Sequence[int], draw: Random) -> list[int]:
    """One option for each group, so that no cell they mark is marked much more often than another.

    Minimises the number of ways to pick two marks in one cell, by annealing; the best seen is returned.
    """
    held = list(start)
    chosen = [draw.randrange(len(some)) for some in options]
    price = sum(count * (count - 1) // 2 for count in held)
    for some, k in zip(options, chosen, strict=True):
        for cell in some[k]:
            price += held[cell]
            held[cell] += 1
    least, best = price, list(chosen)
    free = [g for g, some in enumerate(options) if len(some) > 1]
    for sweep in range(SWEEPS):
        heat = HOT * (COLD / HOT) ** (sweep / (SWEEPS - 1))
        for g in free:
            some = options[g]
            now = chosen[g]
            other = (now + 1 + int(draw.random() * (len(some) - 1))) % len(some)
            for cell in some[now]:
                held[cell] -= 1
            rise = sum(held[cell] for cell in some[other]) - sum(held[cell] for cell in some[now])
            if rise <= 0 or draw.random() < exp(-rise / heat):
                chosen[g] = other
                price += rise
            for cell in some[chosen[g]]:
                held[cell] += 1
            if price < least:
                least, best = price, list(chosen)
    return best
