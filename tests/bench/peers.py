"""What else there is to group people with, given the same problems: `python -m tests.bench.peers PEER PROBLEM PLAN`.

shuffled: everybody shuffled, session by session. solver: a plain model for OR-Tools' CP-SAT, all sessions at once.
quench: the package of that name, session by session with its history of who has met. None of them knows roles;
within a group they fall as the members happen to stand. The last two need the development extra "peers".
"""

import json
import sys
from importlib.util import find_spec
from itertools import combinations
from pathlib import Path
from random import Random
from typing import Any

Document = dict[str, Any]
Groups = list[list[str]]

SECONDS = 10.0  # for a solver that has no end of its own

PEERS = ("shuffled", "solver", "quench")


def installed() -> tuple[str, ...]:
    """The peers that can be asked here."""
    needs = {"shuffled": "random", "solver": "ortools", "quench": "quench"}
    return tuple(peer for peer in PEERS if find_spec(needs[peer]))


def sizes(people: int, allowed: list[int]) -> list[int]:
    """Triads, and as few other groups as can be."""
    over = people % 3
    if 4 in allowed:
        return [3] * ((people - 4 * over) // 3) + [4] * over
    pairs = (3 - over) % 3
    return [3] * ((people - 2 * pairs) // 3) + [2] * pairs


def shuffled(problem: Document) -> dict[str, Groups]:
    draw = Random(1)
    found = {}
    for session in problem["sessions"]:
        people = list(session["present"])
        draw.shuffle(people)
        found[session["id"]] = _cut(people, problem)
    return found


def solver(problem: Document) -> dict[str, Groups]:
    from ortools.sat.python import cp_model  # noqa: PLC0415 - an extra that may not be there

    model = cp_model.CpModel()
    apart = set(map(frozenset, problem.get("exclusions", ())))
    seats: dict[tuple[str, str, int], Any] = {}
    meets: dict[frozenset[str], list[Any]] = {}
    shapes = {session["id"]: sizes(len(session["present"]), problem["group_sizes"]) for session in problem["sessions"]}
    for session in problem["sessions"]:
        here, shape = session["present"], shapes[session["id"]]
        for person in here:
            for group in range(len(shape)):
                seats[session["id"], person, group] = model.new_bool_var("")
            model.add_exactly_one(seats[session["id"], person, group] for group in range(len(shape)))
        for group, size in enumerate(shape):
            model.add(sum(seats[session["id"], person, group] for person in here) == size)
        for one, other in combinations(here, 2):
            meet = model.new_bool_var("")
            for group in range(len(shape)):
                both = seats[session["id"], one, group], seats[session["id"], other, group]
                model.add(meet >= both[0] + both[1] - 1)
            if frozenset((one, other)) in apart:
                model.add(meet == 0)
            meets.setdefault(frozenset((one, other)), []).append(meet)
    again = []
    for times in meets.values():
        repeats = model.new_int_var(0, len(times), "")
        model.add(repeats >= sum(times) - 1)
        again.append(repeats)
    model.minimize(sum(again))
    working = cp_model.CpSolver()
    working.parameters.max_time_in_seconds = SECONDS
    working.parameters.num_workers = 2
    if working.solve(model) not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return {}
    return {
        session["id"]: [
            [person for person in session["present"] if working.value(seats[session["id"], person, group])]
            for group in range(len(shapes[session["id"]]))
        ]
        for session in problem["sessions"]
    }


def quench(problem: Document) -> dict[str, Groups]:
    from quench import Entity, History, Scorer, Slot, Solver, hard  # noqa: PLC0415 - an extra that may not be there

    apart = list(map(tuple, problem.get("exclusions", ())))
    history, found = History(), {}
    for number, session in enumerate(problem["sessions"]):
        people = [Entity(person) for person in session["present"]]
        shape = sizes(len(people), problem["group_sizes"])
        slots = [Slot(str(place), capacity=size) for place, size in enumerate(shape)]
        here = {person.id: person for person in people}
        rules = [(here[one], here[other]) for one, other in apart if one in here and other in here]

        def crowded(state: Any, slots: Any = slots) -> bool:
            return any(len(state.group(slot)) > slot.capacity for slot in slots)

        def side_by_side(state: Any, rules: Any = rules) -> bool:
            return any(state[one] == state[other] for one, other in rules)

        scorer = Scorer([hard(crowded), hard(side_by_side), history.as_soft_constraint(weight=3.0)])
        state = Solver(people, slots, scorer, init="balanced").solve(seed=number + 1).best_state
        history.update(state)
        found[session["id"]] = [[person.id for person in state.group(slot)] for slot in slots]
    return found


def _cut(people: list[str], problem: Document) -> Groups:
    ends = iter(people)
    return [[next(ends) for _ in range(size)] for size in sizes(len(people), problem["group_sizes"])]


def _plan(problem: Document, found: dict[str, Groups]) -> Document:
    """Roles as they fall: each round the next one counsels, where the roles go round."""
    groups = []
    for session, some in found.items():
        for group in some:
            turned = [group[turn:] + group[:turn] for turn in range(len(group) if problem["rounds"] == "rotate" else 1)]
            rounds = [{"counsellor": one[0], "client": one[1], "observers": one[2:]} for one in turned]
            groups.append({"session": session, "rounds": rounds})
    return {"instance": problem["name"], "groups": groups}


if __name__ == "__main__":
    asked, source, out = sys.argv[1:]
    document = json.loads(Path(source).read_text(encoding="utf-8"))
    answer = {"shuffled": shuffled, "solver": solver, "quench": quench}[asked](document)
    Path(out).write_text(json.dumps(_plan(document, answer)), encoding="utf-8")
