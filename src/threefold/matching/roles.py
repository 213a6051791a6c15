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
SWEEPS = 200
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
    marks = held.__getitem__
    chance = draw.random
    chosen = [int(chance() * len(some)) for some in options]
    price = sum(count * (count - 1) // 2 for count in held)
    for some, option in zip(options, chosen, strict=True):
        for cell in some[option]:
            price += held[cell]
            held[cell] += 1
    least, best = price, list(chosen)
    free = [(group, some, len(some) - 1) for group, some in enumerate(options) if len(some) > 1]
    for sweep in range(SWEEPS):
        if not least:
            break
        heat = HOT * (COLD / HOT) ** (sweep / (SWEEPS - 1))
        accept = [exp(-rise / heat) for rise in range(9)]
        for group, some, others in free:
            now = chosen[group]
            other = (now + 1 + int(chance() * others)) % (others + 1)
            for cell in some[now]:
                held[cell] -= 1
            rise = sum(map(marks, some[other])) - sum(map(marks, some[now]))
            if rise <= 0 or (rise < 9 and chance() < accept[rise]):
                chosen[group] = now = other
                price += rise
                if price < least:
                    least, best = price, list(chosen)
            for cell in some[now]:
                held[cell] += 1
    return best
