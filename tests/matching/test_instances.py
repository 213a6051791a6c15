"""The format "triad-instance/1": what is read, what is written, and what is said of a file that is wrong."""

import json
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from tests.bench import problems
from tests.bench.judge import judge
from threefold.core.grouping import Group
from threefold.core.roles import Role, Turning
from threefold.matching.instances import (
    Kind,
    Undividable,
    plan_document,
    read_document,
    read_instance,
)
from threefold.matching.instances.document import Malformed
from threefold.matching.plan import Plan
from threefold.matching.problem import CourseProblem, Remainder, Together
from threefold.matching.repair import RepairProblem
from threefold.matching.week.offers import Liking, WeekProblem


def a_course(**changed: Any) -> dict[str, Any]:
    """Six people over two sessions, with one key changed; None leaves it out."""
    document = {
        "format": "triad-instance/1",
        "name": "six",
        "kind": "course",
        "people": [{"id": person, "level": 2} for person in "abcdef"],
        "sessions": [{"id": "s1", "present": list("abcdef")}, {"id": "s2", "present": list("abc")}],
        "group_sizes": [3, 4],
        "rounds": "fixed",
    }
    return {key: value for key, value in (document | changed).items() if value is not None}


def a_week(**changed: Any) -> dict[str, Any]:
    times = {"mon": 0, "tue": 1}
    week = {
        "kind": "weekly",
        "rounds": "rotate",
        "sessions": [{"id": "w1", "present": list("abcdef")}],
        "slots": [
            {"id": slot, "day": day, "start_min": 600, "mode": "room", "capacity": 2} for slot, day in times.items()
        ],
        "availability": {"a": ["mon"], "b": ["mon", "tue"]},
        "if_needed": {"a": ["tue"]},
    }
    return a_course(**(week | changed))


PUBLISHED = {
    "groups": [
        {"session": "s1", "rounds": [{"counsellor": "b", "client": "a", "observers": ["c"], "note": "kept"}]},
        {"session": "s1", "rounds": [{"counsellor": "d", "client": "e", "observers": ["gone"]}]},
        {"session": "s2", "rounds": [{"counsellor": "c", "client": "a", "observers": ["b"]}]},
    ]
}


def a_repair(**changed: Any) -> dict[str, Any]:
    return a_course(**({"kind": "repair", "previous_plan": PUBLISHED, "frozen_sessions": ["s1"]} | changed))


# --- reading ----------------------------------------------------------------------------------------------------


def test_a_course_with_everything_a_file_can_say_of_it() -> None:
    found = read_document(
        a_course(
            group_sizes=[2, 3],
            exclusions=[["a", "b"]],
            together=[{"people": ["c", "d"], "session": "s1"}, {"people": ["a", "c"]}],
            history_pairs=[["a", "c", 2], ["a", "left", 1]],
            history_roles={"a": [3, 1, 0]},
            client_rests=[{"person": "e", "session": "s2"}, {"person": "f"}],
            client_twice=["d"],
            known={"repeats_lb": 1},
            must_place=True,
            colour="green",
        )
    )

    assert (found.name, found.kind, found.sessions, found.unread) == ("six", Kind.COURSE, ("s1", "s2"), ("colour",))
    assert found.problem == CourseProblem(
        people=tuple("abcdef"),
        present=(frozenset("abcdef"), frozenset("abc")),
        apart=frozenset({frozenset("ab")}),
        remainder=Remainder.PAIRS_WITH_TUTORS,
        turning=Turning.ONE_ROUND,
        together=(Together(frozenset("cd"), 0), Together(frozenset("ac"))),
        rests=frozenset({("e", 1), ("f", 0), ("f", 1)}),
        willing=frozenset("d"),
        met={frozenset("ac"): 2, frozenset({"a", "left"}): 1},
        served={"a": {Role.COUNSELLOR: 3, Role.CLIENT: 1, Role.OBSERVER: 0}},
        experience=dict.fromkeys("abcdef", 2),
    )


def test_even_quads_are_read_and_said_again_with_the_plan() -> None:
    asked = read_document(a_course(even_quads=True))

    assert isinstance(asked.problem, CourseProblem)
    assert asked.problem.even_quads
    assert asked.unread == ()
    assert plan_document(asked, Plan(((), ()))) == {"instance": "six", "even_quads": True, "groups": []}
    assert "even_quads" not in plan_document(read_document(a_course()), Plan(((), ())))
    with pytest.raises(Malformed, match='"even_quads" must be true or false'):
        read_document(a_course(even_quads=1))


def test_a_week_has_slots_and_who_offers_them_how_gladly() -> None:
    found = read_document(a_week())

    assert found.kind is Kind.WEEKLY
    problem = found.problem
    assert isinstance(problem, WeekProblem)
    assert [(slot.id, slot.start, slot.in_room, slot.capacity) for slot in problem.slots] == [
        ("mon", 600, True, 2),
        ("tue", 2040, True, 2),
    ]
    assert problem.offers["a"] == {"mon": Liking.PREFERRED, "tue": Liking.IF_NEEDED}
    assert problem.offers["f"] == {}
    assert (problem.quads, problem.tutors) == (True, 0)


def test_a_repair_has_the_published_plan_and_writes_what_stays_to_the_letter() -> None:
    found = read_document(a_repair(free_tutors={"s2": 1}, late=[{"person": "b", "session": "s2"}]))

    problem = found.problem
    assert isinstance(problem, RepairProblem)
    assert problem.settled == {0}
    assert problem.free_tutors == {1: 1}
    assert problem.late == {("b", 1)}
    assert problem.published.sessions[0] == (
        Group(("b", "a", "c"), turning=Turning.ONE_ROUND),
        Group(("d", "e", "gone"), turning=Turning.ONE_ROUND),
    )
    assert plan_document(found, problem.published) == {"instance": "six", **PUBLISHED}


@pytest.mark.parametrize("turning", [Turning.CLIENT_RESTS, Turning.CLIENT_COUNSELS])
@pytest.mark.parametrize("size", [2, 3, 4])
def test_rounds_that_go_round_are_read_as_the_order_they_were_written_from(turning: Turning, size: int) -> None:
    group = Group(tuple("abcd"[:size]), tutor=size == 2, turning=turning)
    here = [{"id": "s1", "present": list("abcd"[:size])}]
    written = plan_document(
        read_document(a_course(sessions=here, rounds="rotate", group_sizes=[2, 3, 4])), Plan(((group,),))
    )

    found = read_document(a_repair(sessions=here, rounds="rotate", group_sizes=[2, 3, 4]) | {"previous_plan": written})

    assert isinstance(found.problem, RepairProblem)
    assert found.problem.published.sessions[0][0].rounds() == group.rounds()


@pytest.mark.parametrize(
    "document", [pytest.param(one, id=one["name"]) for one in problems.problems(1) if len(one["people"]) <= 60]
)
def test_every_problem_of_the_benchmark_can_be_read(document: dict[str, Any]) -> None:
    found = read_instance(json.dumps(document))

    assert found.name == document["name"]
    assert found.kind.value == document["kind"]
    assert found.unread == ()


# --- what is wrong ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ([], "the file must be an object"),
        ({}, '"format" must be "triad-instance/1"'),
        (a_course(format="triad-instance/2"), '"format" must be "triad-instance/1"'),
        (a_course(people=None), 'there is no "people"'),
        (a_course(name=""), '"name" must not be empty'),
        (a_course(kind="term"), '"kind" names a kind that is not there: "term"'),
        (a_course(people=[{"id": "a"}, {"id": "a"}]), '"people"[1] is a second "a"'),
        (a_course(people=["a"]), '"people"[0] must be an object'),
        (a_course(people=[{"id": 7}]), '"people"[0].id must be text'),
        (a_course(people=[{"name": "a"}]), '"people"[0] has no "id"'),
        (a_course(people=[{"id": "a", "level": -1}]), '"people"[0].level must be a whole number'),
        (a_course(people=[{"id": "a", "level": True}]), '"people"[0].level must be a whole number'),
        (a_course(sessions="s1"), '"sessions" must be a list'),
        (
            a_course(sessions=[{"id": "s1", "present": ["z"]}]),
            '"sessions"[0].present[0] names a person that is not there: "z"',
        ),
        (a_course(sessions=[{"id": "s1", "present": ["a", "a"]}]), '"sessions"[0].present lists somebody twice'),
        (a_course(group_sizes=[3, 5]), '"group_sizes" must be [3, 4], [2, 3], [2, 3, 4] or [3]'),
        (a_course(rounds="many"), '"rounds" names a way of holding rounds that is not there: "many"'),
        (a_course(exclusions=[["a"]]), '"exclusions"[0] must name two people'),
        (a_course(exclusions=[["a", "a"]]), '"exclusions"[0] must name two people'),
        (
            a_course(together=[{"people": ["a", "b"], "session": "s9"}]),
            '"together"[0].session names a session that is not there: "s9"',
        ),
        (a_course(history_pairs=[["a", "b"]]), '"history_pairs"[0] must be two people and how often they have met'),
        (a_course(history_pairs=[["a", "b", -1]]), '"history_pairs"[0][2] must be a whole number'),
        (
            a_course(history_roles={"a": [1, 2]}),
            '"history_roles"["a"] must be three counts: counsellor, client, observer',
        ),
        (a_week(availability={"a": ["wed"]}), '"availability"["a"][0] names a slot that is not there: "wed"'),
        (a_week(availability=None), 'there is no "availability"'),
        (
            a_week(sessions=[{"id": "w1", "present": []}, {"id": "w2", "present": []}]),
            '"sessions" must be one for a week',
        ),
        (
            a_week(exclusions=[["a", "b"]], together=[{"people": ["a", "b"]}]),
            "two people are to be kept apart and together",
        ),
        (a_repair(previous_plan=None), 'there is no "previous_plan"'),
        (
            a_repair(previous_plan={"groups": [{"session": "s1", "rounds": []}]}),
            '"previous_plan".groups[0].rounds must hold a round',
        ),
        (a_repair(frozen_sessions=["s9"]), '"frozen_sessions"[0] names a session that is not there: "s9"'),
    ],
)
def test_a_file_that_is_wrong_is_told_so_in_one_line_that_names_the_place(document: Any, said: str) -> None:
    with pytest.raises(Malformed) as wrong:
        read_instance(json.dumps(document))

    assert str(wrong.value) == said


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "NaN", '{"format": '])
def test_what_is_not_json_is_told_so(text: str) -> None:
    with pytest.raises(Malformed) as wrong:
        read_instance(text)

    assert "\n" not in str(wrong.value)


def test_five_people_cannot_be_triads_and_fours() -> None:
    five = a_course(sessions=[{"id": "week 3", "present": list("abcde")}])

    with pytest.raises(Undividable, match=r"^week 3: 5 people cannot be divided into groups of \[3, 4\]\.$"):
        read_instance(json.dumps(five))


JSON = some.recursive(
    some.none() | some.booleans() | some.integers(-3, 5) | some.text("abs1", max_size=3),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.sampled_from("abids"), inner, max_size=3),
    max_leaves=6,
)


@given(
    key=some.sampled_from(sorted({*a_course(), *a_week(), *a_repair(), "exclusions", "together", "history_pairs"})),
    value=JSON,
    make=some.sampled_from([a_course, a_week, a_repair]),
)
def test_whatever_stands_in_a_file_it_is_read_or_refused_in_a_line(key: str, value: Any, make: Any) -> None:
    said = ""
    try:
        read_document(make() | {key: value})
    except (Malformed, Undividable) as wrong:
        said = str(wrong)

    assert "\n" not in said


# --- the judge --------------------------------------------------------------------------------------------------


def test_the_judge_finds_every_way_to_break_a_plan() -> None:
    document = next(one for one in problems.repairs(Random(1)) if one["name"] == "repair-21-one")
    document = document | {"exclusions": [["t0000", "t0001"]], "sessions": document["sessions"][:3]}
    plan = {"groups": [group for group in document["previous_plan"]["groups"] if group["session"] != "week 4"]}
    plan["groups"] = [group for group in plan["groups"] if group["session"] in ("week 1", "week 2", "week 3")]
    document = document | {"kind": "course", "frozen_sessions": [], "previous_plan": None, "exclusions": []}
    assert judge(document, plan).faults == ()

    def broken(change: Any) -> set[str]:
        groups = json.loads(json.dumps(plan["groups"]))
        change(groups)
        return {fault.split(": ", 1)[-1].split(": ")[-1] for fault in judge(document, {"groups": groups}).faults}

    first = plan["groups"][0]["rounds"][0]
    other = plan["groups"][1]["rounds"][0]

    def leave_out(groups: Any) -> None:
        del groups[0]

    def twice(groups: Any) -> None:
        groups[0]["rounds"][0]["client"] = other["client"]

    def crowd(groups: Any) -> None:
        groups[0]["rounds"][0]["observers"] += ["t0099", "t0098"]

    def more_rounds(groups: Any) -> None:
        groups[0]["rounds"] *= 2

    assert f"{first['client']} has no place" in broken(leave_out)
    assert f"{other['client']} has 2 places" in broken(twice)
    assert broken(crowd) >= {"a group of 5", "somebody is not there"}
    assert broken(more_rounds) == {"2 rounds"}
