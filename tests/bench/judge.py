"""A judge of plans that knows the format "triad-instance/1" and nothing of how plans are made.

It says every rule that is broken, counts what a plan is compared by, and gives limits that follow from counting.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb
from typing import Any

Document = dict[str, Any]
Pair = frozenset[str]

ROLES = ("counsellor", "client", "observers")


@dataclass(frozen=True)
class Judgement:
    """What a plan is worth. `least_…` and `most_placed` cannot be beaten; they may be out of reach.

    `placed` counts (session, person); `spread` is, over people, the most by which their roles differ in number;
    `odd_seats` the fewest and most seats out of triads of anybody; `direction` counts the times that a
    counsellor had a client again. `moved` are appointments of a published plan with other people or at another
    time, None where nothing was published; with these group sizes `least_moved` must.
    """

    faults: tuple[str, ...]
    placed: int
    most_placed: int
    repeats: int
    least_repeats: int
    most_meetings: int
    spread: int
    least_spread: int
    odd_seats: tuple[int, int]
    odd_groups: int
    direction: int
    moved: int | None = None
    least_moved: int = 0

    @property
    def rank(self) -> tuple[int, ...]:
        """To compare plans of one problem by: the lower, the better."""
        return (len(self.faults), -self.placed, self.repeats, self.most_meetings, self.spread, self.direction)


def judge(problem: Document, plan: Document) -> Judgement:
    """The plan of a problem judged. Both are documents as `json.load` gives them."""
    present = {session["id"]: set(session["present"]) for session in problem["sessions"]}
    weekly = problem.get("kind") == "weekly"
    groups = plan["groups"]
    met = Counter({frozenset((one, other)): count for one, other, count in problem.get("history_pairs", ())})
    known_before = Counter(met)
    roles = {p["id"]: Counter(dict(zip(ROLES, (0, 0, 0), strict=True))) for p in problem["people"]}
    for person, counts in problem.get("history_roles", {}).items():
        roles[person] = Counter(dict(zip(ROLES, counts, strict=True)))
    counselled: Counter[tuple[str, str]] = Counter()
    odd_seats: Counter[str] = Counter()
    for group in groups:
        among = members(group)
        met.update(map(frozenset, combinations(sorted(among), 2)))
        if len(among) != 3:
            odd_seats.update(among)
        for turn in group["rounds"]:
            counselled[turn["counsellor"], turn["client"]] += 1
            for role, who in zip(ROLES, ([turn["counsellor"]], [turn["client"]], turn["observers"]), strict=True):
                for person in who:
                    roles.setdefault(person, Counter())[role] += 1
    seated = Counter((group["session"], person) for group in groups for person in members(group))
    attending = set().union(*present.values())
    spreads = [max(roles[p][r] for r in ROLES) - min(roles[p][r] for r in ROLES) for p in attending]
    sizes = {session: [len(members(g)) for g in groups if g["session"] == session] for session in present}
    return Judgement(
        faults=tuple(_faults(problem, plan, present, seated)),
        placed=sum(seated[session, person] > 0 for session, here in present.items() for person in here),
        most_placed=sum(map(len, present.values())),
        repeats=sum(max(0, count - 1) - max(0, known_before[pair] - 1) for pair, count in met.items()),
        least_repeats=0 if weekly else least_repeats(problem, sizes),
        most_meetings=max(met.values(), default=0),
        spread=max(spreads, default=0),
        least_spread=least_spread(problem, sizes),
        odd_seats=(
            min((odd_seats[p] for p in attending), default=0),
            max((odd_seats[p] for p in attending), default=0),
        ),
        odd_groups=sum(len(members(group)) != 3 for group in groups),
        direction=sum(count - 1 for count in counselled.values()),
        moved=_moved(problem, plan, present) if problem.get("previous_plan") else None,
        least_moved=_least_moved(problem, present, sizes) if problem.get("previous_plan") else 0,
    )


def members(group: Document) -> list[str]:
    first = group["rounds"][0]
    return [first["counsellor"], first["client"], *first["observers"]]


# --- rules ------------------------------------------------------------------------------------------------------


def _faults(  # noqa: C901, PLR0912 - a list of rules, one after another
    problem: Document, plan: Document, present: dict[str, set[str]], seated: Counter[tuple[str, str]]
) -> Iterable[str]:
    sizes, rotates = problem.get("group_sizes", [3, 4]), problem.get("rounds") == "rotate"
    apart = set(map(frozenset, problem.get("exclusions", ())))
    rests = {(rule["person"], rule.get("session")) for rule in problem.get("client_rests", ())}
    weekly = problem.get("kind") == "weekly"
    offered = {person: set(slots) for person, slots in problem.get("availability", {}).items()}
    starting: Counter[str] = Counter()
    for group in plan["groups"]:
        session, among = group["session"], members(group)
        where = f"{session}: {', '.join(among)}"
        if session not in present:
            yield f"{where}: no such session"
            continue
        if not set(among) <= present[session]:
            yield f"{where}: somebody is not there"
        if len(set(among)) != len(among) or len(among) not in sizes:
            yield f"{where}: a group of {len(among)}"
        if any(pair in apart for pair in map(frozenset, combinations(among, 2))):
            yield f"{where}: people who are kept apart"
        for turn in group["rounds"]:
            if sorted([turn["counsellor"], turn["client"], *turn["observers"]]) != sorted(among):
                yield f"{where}: a round with other people"
            if {(turn["client"], session), (turn["client"], None)} & rests:
                yield f"{where}: {turn['client']} is client and rests"
        resting = [p for p in among if {(p, session), (p, None)} & rests]
        if rotates and not resting:
            for role in ("counsellor", "client"):
                if sorted(turn[role] for turn in group["rounds"]) != sorted(among):
                    yield f"{where}: not everybody is {role} once"
        if not rotates and len(group["rounds"]) != 1:
            yield f"{where}: {len(group['rounds'])} rounds"
        if weekly:
            starting[group["slot"]] += 1
            if any(group["slot"] not in offered.get(person, ()) for person in among):
                yield f"{where}: somebody did not offer {group['slot']}"
    for (session, person), places in seated.items():
        if places > 1:
            yield f"{session}: {person} has {places} places"
    if weekly:
        holds = {slot["id"]: slot.get("capacity") for slot in problem["slots"]}
        yield from (f"{slot} holds {holds[slot]}" for slot, n in starting.items() if (holds[slot] or n) < n)
    else:
        yield from (
            f"{session}: {person} has no place"
            for session, here in present.items()
            for person in sorted(here)
            if not seated[session, person]
        )
        for session, here in present.items():
            held = [len(members(group)) for group in plan["groups"] if group["session"] == session]
            if sum(size != 3 for size in held) > _fewest_odd(len(here), sizes):
                yield f"{session}: more groups that are not triads than must be"
    for rule in problem.get("together", ()):
        if not any(
            set(rule["people"]) <= set(members(group)) and rule.get("session") in (None, group["session"])
            for group in plan["groups"]
        ):
            yield f"{' and '.join(rule['people'])} are not together"
    for session in problem.get("frozen_sessions", ()):
        before, after = (
            sorted(repr(group["rounds"]) for group in some["groups"] if group["session"] == session)
            for some in (problem["previous_plan"], plan)
        )
        if before != after:
            yield f"{session}: it was frozen and has changed"


def _fewest_odd(people: int, sizes: Sequence[int]) -> int:
    """The fewest groups that are not triads for so many people; people, where there is no way."""
    others = [size for size in sizes if size != 3]
    reached = {0}
    for odd in range(people + 1):
        if any(people >= total and (people - total) % 3 == 0 for total in reached):
            return odd
        reached = {total + size for total in reached for size in others}
    return people


def _moved(problem: Document, plan: Document, present: dict[str, set[str]]) -> int:
    """Appointments of people who are there with other people, of those who are there, or at another time."""

    def seats(some: Document) -> dict[tuple[str, str], tuple[frozenset[str], str | None]]:
        return {
            (group["session"], person): (frozenset(members(group)) & present[group["session"]], group.get("slot"))
            for group in some["groups"]
            for person in members(group)
            if person in present[group["session"]]
        }

    before, after = seats(problem["previous_plan"]), seats(plan)
    return sum(before.get(seat) != after.get(seat) for seat in before.keys() | after.keys())


# --- limits -----------------------------------------------------------------------------------------------------


def _least_moved(problem: Document, present: dict[str, set[str]], sizes: dict[str, list[int]]) -> int:
    """Nobody stays but in a group that is what is left of a published one, and there is one such seat for each."""
    stay = 0
    for session, here in present.items():
        left = Counter(
            len(here.intersection(members(group)))
            for group in problem["previous_plan"]["groups"]
            if group["session"] == session
        )
        stay += sum(size * count for size, count in (left & Counter(sizes[session])).items())
    return sum(map(len, present.values())) - stay


def least_repeats(problem: Document, sizes: dict[str, list[int]]) -> int:
    """No plan with these group sizes has fewer: by all pairs, by each person's places, and by pigeonhole."""
    apart = set(map(frozenset, problem.get("exclusions", ())))
    before = {frozenset((one, other)) for one, other, count in problem.get("history_pairs", ()) if count}
    here = {session["id"]: session["present"] for session in problem["sessions"]}
    frozen = set(problem.get("frozen_sessions", ()))
    together = [
        *(pair for session, some in here.items() if session not in frozen for pair in combinations(some, 2)),
        *(
            pair
            for group in (problem.get("previous_plan") or {"groups": ()})["groups"]
            if group["session"] in frozen
            for pair in combinations(members(group), 2)
        ),
    ]
    fresh = set(map(frozenset, together)) - apart - before
    meetings = sum(comb(size, 2) for some in sizes.values() for size in some)
    partners = Counter(person for pair in fresh for person in pair)
    places = Counter(
        person for session, some in here.items() if sizes[session] for person in some * (min(sizes[session]) - 1)
    )
    stretched = sum(max(0, count - partners[person]) for person, count in places.items())
    crowded = 0
    for one, other in combinations(here, 2):
        if set(here[one]) == set(here[other]):
            crowded += sum(_brought_along(size, len(sizes[one])) for size in sizes[other])
    return max(0, meetings - len(fresh), -(-stretched // 2), -(-2 * crowded // max(1, len(here))))


def _brought_along(people: int, groups: int) -> int:
    """So many people from so many groups: at least so many pairs of them come from one group."""
    each, more = divmod(people, groups)
    return more * comb(each + 1, 2) + (groups - more) * comb(each, 2)


def least_spread(problem: Document, sizes: dict[str, list[int]]) -> int:
    """No plan with these group sizes has a smaller largest spread; 0 where roles were held before the plan."""
    if problem.get("history_roles") or problem.get("client_rests"):
        return 0
    attended = Counter(person for session in problem["sessions"] for person in session["present"])
    flat = [size for some in sizes.values() for size in some]
    if problem.get("rounds") == "rotate":  # a seat out of a triad has one round as observer more, or fewer
        seats = sum(size for size in flat if size != 3)
        return -(-seats // max(1, len(attended)))
    if problem.get("kind") == "weekly":
        return 0
    surplus = sum(size - 3 for size in flat)  # seats as observer beyond those as counsellor
    spread = 0
    while not _balances(attended.values(), surplus, spread):
        spread += 1
    return spread


def _balances(attended: Iterable[int], surplus: int, spread: int) -> bool:
    """Whether everybody can split their sessions into roles no further apart, with as many observing as must.

    Twice somebody's turns as observer, less their other turns, says how much they take of twice the surplus.
    """
    least = most = 0
    for count in attended:
        taken = [
            2 * observed - (count - observed)
            for observed in range(count + 1)
            for rest in (count - observed,)
            if max(observed, -(-rest // 2)) - min(observed, rest // 2) <= spread
        ]
        if not taken:
            return False
        least, most = least + min(taken), most + max(taken)
    return least <= 2 * surplus <= most
