"""Problems and plans as JSON files, format "triad-instance/1", read strictly: what is wrong is said in one line.

The format serves to exchange and to measure problems. `people` are `{id, level?}`; `sessions` are
`{id, present}` in time order; `group_sizes` is [3, 4] (fours have two observers), [2, 3] (a tutor observes pairs)
or [2, 3, 4] (one pair at most); `rounds` is "fixed" (one round a session) or "rotate" (everybody counsels and is
client once). `exclusions` are pairs kept apart, `together` pairs who must share a group, `history_pairs` and
`history_roles` what happened before. A week (`kind` "weekly") has `slots` and `availability`, a repair
`previous_plan` and `frozen_sessions`.

Beyond that format we read `client_rests` (`{person, session?}`) and `client_twice` (who agrees to that); for a
repair `free_tutors` (`{session: how many}`) and `late` (`{person, session}`); for a week `if_needed` (as
`availability`); for a course `even_quads` (true: seats in fours are shared evenly, even where that costs repeats),
which its plan then says as well. A key that nobody here knows is passed over and named in `Instance.unread`.
"""

import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from threefold.core.grouping import Group, Pair, Person
from threefold.core.roles import Role, Turning
from threefold.matching.instances.document import At, Malformed
from threefold.matching.plan import Plan
from threefold.matching.problem import CourseProblem, Remainder, Together, shape
from threefold.matching.repair import RepairProblem
from threefold.matching.week import WeekPlan
from threefold.matching.week.offers import Liking, WeekProblem, WeekSlot

FORMAT = "triad-instance/1"
ORDER = (Role.COUNSELLOR, Role.CLIENT, Role.OBSERVER)
"""How `history_roles` lists the roles."""

_REMAINDERS = {
    frozenset({3, 4}): Remainder.QUADS,
    frozenset({2, 3}): Remainder.PAIRS_WITH_TUTORS,
    frozenset({2, 3, 4}): Remainder.PAIR_WITH_TUTOR,
    frozenset({3}): Remainder.QUADS,
}
_COMMON = [
    "format",
    "name",
    "kind",
    "people",
    "sessions",
    "group_sizes",
    "rounds",
    "exclusions",
    "together",
    "history_pairs",
    "history_roles",
]
_PASSED_OVER = ("must_place", "known")  # everybody is placed who can be; bounds are proven here, not believed
_OWN = {
    "course": ("client_rests", "client_twice", "even_quads"),
    "weekly": ("client_rests", "client_twice", "slots", "availability", "if_needed"),
    "repair": ("client_rests", "client_twice", "previous_plan", "frozen_sessions", "free_tutors", "late"),
}


class Kind(StrEnum):
    """What a file asks for."""

    COURSE = "course"
    WEEKLY = "weekly"
    REPAIR = "repair"


class Undividable(ValueError):  # noqa: N818 - said of a problem
    """A problem that is well written and cannot be: a session does not divide into groups of the sizes allowed."""


@dataclass(frozen=True)
class Instance:
    """A problem as it stood in a file. `sessions` are their ids, in the order of the problem's sessions.

    `published` holds each group of a plan to be mended as it was written, by session and group, so that what
    stays is written again to the letter. `unread` are keys that were passed over.
    """

    name: str
    kind: Kind
    sessions: tuple[str, ...]
    problem: CourseProblem | WeekProblem | RepairProblem
    published: Mapping[tuple[int, Group], Mapping[str, Any]] = field(default_factory=dict)
    unread: tuple[str, ...] = ()


def read_instance(text: str) -> Instance:
    """The problem in a JSON document. Raises Malformed, and Undividable."""
    try:
        document = json.loads(text)
    except ValueError as wrong:
        raise Malformed(f"this is not JSON: {wrong}") from wrong
    except RecursionError as wrong:
        raise Malformed("this is not JSON as anybody writes it: it is nested too deep") from wrong
    return read_document(document)


def read_document(document: Any) -> Instance:
    """The problem in a document as `json.load` gives it. Raises Malformed, and Undividable."""
    at = At("", document)
    if at.a(dict).get("format") != FORMAT:
        raise Malformed(f'"format" must be "{FORMAT}"')
    try:
        return _instance(at)
    except (Malformed, Undividable):
        raise
    except ValueError as wrong:  # the parts do not fit together, in the problem's own words
        raise Malformed(str(wrong)) from wrong


def plan_document(instance: Instance, plan: Plan | WeekPlan) -> dict[str, Any]:
    """A plan in the same format: each group with its session, in a week its slot, and its rounds."""
    chosen = {"even_quads": True} if isinstance(instance.problem, CourseProblem) and instance.problem.even_quads else {}
    if isinstance(plan, WeekPlan):
        week = instance.sessions[0]
        groups = [{"session": week, "slot": slot, "rounds": rounds_of(group)} for slot, group in plan.groups]
        return {"instance": instance.name, "groups": groups}
    return {
        "instance": instance.name,
        **chosen,
        "groups": [
            instance.published.get((number, group))
            or {"session": instance.sessions[number], "rounds": rounds_of(group)}
            for number, groups in enumerate(plan.sessions)
            for group in groups
        ],
    }


def rounds_of(group: Group) -> list[dict[str, Any]]:
    """Who is what in each round of a group, as the format says it."""
    return [
        {
            "counsellor": next(person for person, role in roles.items() if role is Role.COUNSELLOR),
            "client": next(person for person, role in roles.items() if role is Role.CLIENT),
            "observers": [person for person, role in roles.items() if role is Role.OBSERVER],
        }
        for roles in group.rounds()
    ]


def _instance(at: At) -> Instance:
    kind = Kind(at.get("kind", "course").of([kind.value for kind in Kind], "a kind"))
    people = _people(at.get("people"))
    ids, present = _sessions(at.get("sessions"), people)
    turning = Turning.ONE_ROUND
    if at.get("rounds", "fixed").of(("fixed", "rotate"), "a way of holding rounds") == "rotate":
        turning = Turning.CLIENT_RESTS
    number = {session: place for place, session in enumerate(ids)}
    common: dict[str, Any] = {
        "people": tuple(people),
        "apart": frozenset(pair.two(people) for pair in at.get("exclusions", []).each()),
        "met": _met(at.get("history_pairs", [])),
        "served": _served(at.get("history_roles", {})),
        "turning": turning,
        "willing": frozenset(one.of(people, "a person") for one in at.get("client_twice", []).each()),
    }
    sizes = frozenset(size.a(int) for size in at.get("group_sizes", [3, 4]).each())
    if sizes not in _REMAINDERS:
        raise Malformed('"group_sizes" must be [3, 4], [2, 3], [2, 3, 4] or [3]')
    together = [
        Together(rule.get("people").two(people), _session(rule, number)) for rule in at.get("together", []).each()
    ]
    rests = [
        (rule.get("person").of(people, "a person"), _session(rule, number))
        for rule in at.get("client_rests", []).each()
    ]
    unread = tuple(key for key in at.value if key not in (*_COMMON, *_PASSED_OVER, *_OWN[kind]))
    if kind is Kind.WEEKLY:
        if len(ids) != 1:
            raise Malformed('"sessions" must be one for a week')
        slots = _slots(at.get("slots"))
        week = WeekProblem(
            **common,
            slots=slots,
            offers=_offers(at, people, present[0], {slot.id for slot in slots}),
            together=frozenset(rule.pair for rule in together),
            quads=4 in sizes,
            tutors=len(people) if 2 in sizes else 0,
            rests=frozenset(person for person, _ in rests),
        )
        return Instance(at.get("name").a(str), kind, ids, week, unread=unread)
    course = CourseProblem(
        **common,
        present=present,
        remainder=_remainder(sizes, ids, present),
        together=tuple(together),
        rests=frozenset((p, s) for p, only in rests for s in (range(len(ids)) if only is None else (only,))),
        experience={person: level for person, level in people.items() if level},
    )
    if kind is Kind.COURSE:
        course = replace(course, even_quads=at.get("even_quads", default=False).a(bool))
        return Instance(at.get("name").a(str), kind, ids, course, unread=unread)
    published, written = _previous(at.get("previous_plan"), ids, turning)
    turnings = Counter(group.turning for groups in published.sessions for group in groups)
    course = replace(course, turning=max(turnings, key=turnings.__getitem__, default=turning))
    repair = RepairProblem(
        course,
        published,
        settled=frozenset(number[one.of(number, "a session")] for one in at.get("frozen_sessions", []).each()),
        free_tutors={
            number[s.of(number, "a session")]: count.a(int) for s, count in at.get("free_tutors", {}).members()
        },
        late=frozenset(
            (rule.get("person").of(people, "a person"), number[rule.get("session").of(number, "a session")])
            for rule in at.get("late", []).each()
        ),
    )
    return Instance(at.get("name").a(str), kind, ids, repair, written, unread)


def _people(at: At) -> dict[Person, int]:
    """Everybody, in the file's order, with their level; 0 where none is said."""
    people: dict[Person, int] = {}
    for one in at.each():
        person = one.get("id").a(str)
        if person in people:
            raise one.wrong(f'is a second "{person}"')
        people[person] = one.get("level", 0).a(int)
    return people


def _sessions(at: At, people: Collection[Person]) -> tuple[tuple[str, ...], tuple[frozenset[Person], ...]]:
    present: dict[str, frozenset[Person]] = {}
    for one in at.each():
        session = one.get("id").a(str)
        if session in present:
            raise one.wrong(f'is a second "{session}"')
        here = [person.of(people, "a person") for person in one.get("present").each()]
        if len(set(here)) < len(here):
            raise one.get("present").wrong("lists somebody twice")
        present[session] = frozenset(here)
    return tuple(present), tuple(present.values())


def _session(rule: At, number: Mapping[str, int]) -> int | None:
    return number[rule.get("session").of(number, "a session")] if rule.has("session") else None


def _met(at: At) -> dict[Pair, int]:
    """Meetings so far; people who are not there any more may be among them."""
    met: dict[Pair, int] = {}
    for entry in at.each():
        values = list(entry.each())
        if len(values) != 3 or values[0].a(str) == values[1].a(str):
            raise entry.wrong("must be two people and how often they have met")
        pair = frozenset((values[0].value, values[1].value))
        met[pair] = met.get(pair, 0) + values[2].a(int)
    return met


def _served(at: At) -> dict[Person, dict[Role, int]]:
    served: dict[Person, dict[Role, int]] = {}
    for person, counts in at.members():
        held = [count.a(int) for count in counts.each()]
        if len(held) != len(ORDER):
            raise counts.wrong("must be three counts: counsellor, client, observer")
        served[person.a(str)] = dict(zip(ORDER, held, strict=True))
    return served


def _remainder(sizes: frozenset[int], ids: Sequence[str], present: Sequence[Collection[Person]]) -> Remainder:
    """The rule behind the sizes; one that cannot be followed is said here, where the sizes are known."""
    remainder = _REMAINDERS[frozenset(sizes)]
    for session, here in zip(ids, present, strict=True):
        if not sizes.issuperset(shape(len(here), remainder)):
            raise Undividable(f"{session}: {len(here)} people cannot be divided into groups of {sorted(sizes)}.")
    return remainder


def _slots(at: At) -> tuple[WeekSlot, ...]:
    return tuple(
        WeekSlot(
            id=slot.get("id").a(str),
            start=24 * 60 * slot.get("day").a(int) + slot.get("start_min").a(int),
            minutes=0,  # a capacity in this format is of that one start
            in_room=slot.get("mode", "online").of(("online", "room"), "a mode") == "room",
            capacity=slot.get("capacity").a(int) if slot.has("capacity") else None,
        )
        for slot in at.each()
    )


def _offers(
    at: At, people: Collection[Person], present: Collection[Person], slots: Collection[str]
) -> dict[Person, dict[str, Liking]]:
    offers: dict[Person, dict[str, Liking]] = {person: {} for person in people if person in present}
    for key, liking in (("if_needed", Liking.IF_NEEDED), ("availability", Liking.PREFERRED)):
        for person, times in at.get(key, {} if key == "if_needed" else None).members():
            own = offers.setdefault(person.of(people, "a person"), {})
            own.update((time.of(slots, "a slot"), liking) for time in times.each())
    return {person: times for person, times in offers.items() if person in present}


def _previous(at: At, ids: Sequence[str], turning: Turning) -> tuple[Plan, dict[tuple[int, Group], Mapping[str, Any]]]:
    """The published plan, and each group as it was written. It may hold people who have left."""
    sessions: dict[str, list[Group]] = {session: [] for session in ids}
    written: dict[tuple[int, Group], Mapping[str, Any]] = {}
    for one in at.get("groups").each():
        session = one.get("session").of(sessions, "a session")
        group = _group(one.get("rounds"), turning)
        if any(not set(group.members).isdisjoint(other.members) for other in sessions[session]):
            raise one.wrong(f'has somebody who sits in another group of "{session}" as well')
        sessions[session].append(group)
        written[ids.index(session), group] = one.value
    return Plan(tuple(map(tuple, sessions.values()))), written


def _group(at: At, turning: Turning) -> Group:
    """A group in the order of its counsellors, its turns as near to those written as the rule of turns has them."""
    rounds = [
        [one.get("counsellor").a(str), one.get("client").a(str), *(p.a(str) for p in one.get("observers", []).each())]
        for one in at.each()
    ]
    if not rounds or len(rounds[0]) < 2:
        raise at.wrong("must hold a round")
    members = rounds[0]
    if any(set(one) != set(members) or len(one) != len(set(members)) for one in rounds):
        raise at.wrong("must have the same people in each, each once")
    if len(rounds) > 1:
        counsellors = list(dict.fromkeys(one[0] for one in rounds))
        members = [*counsellors, *(person for person in members if person not in counsellors)]
        if rounds[0][1] == members[1] and len(members) > 2:
            turning = Turning.CLIENT_COUNSELS
    return Group(tuple(members), tutor=len(members) == 2, turning=turning)
