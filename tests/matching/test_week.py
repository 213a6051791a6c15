import json
import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest

from tests.matching.classes import pairs
from tests.matching.weeks import SLOT_NAMES, offering, seats, slot, times
from threefold.core.grouping import Group
from threefold.core.roles import Role, Turning
from threefold.matching import (
    Liking,
    Unplaced,
    WeekEffort,
    WeekLimits,
    WeekProblem,
    WhyUnplaced,
    check_week,
    plan_week,
    say_unplaced,
    say_unplaced_of,
)


def test_nine_people_with_three_evenings_all_find_a_triad() -> None:
    problem = offering(
        {"A": "t", "B": "tw", "C": "tw", "D": "w", "E": "w", "F": "wf", "G": "f", "H": "f", "I": "ft"}, times("twf")
    )

    plan = plan_week(problem)

    assert [len(group.members) for _, group in plan.groups] == [3, 3, 3]
    assert plan.unplaced == ()
    assert plan.limits == WeekLimits(most_placed=9, least_repeats=0, least_odd=0)
    assert plan.best


def test_two_beyond_whole_triads_sit_in_two_fours_and_that_is_proven_least() -> None:
    plan = plan_week(offering(dict.fromkeys("ABCDEFGHIJK", "t"), times("t")))

    assert (plan.placed, plan.odd) == (11, 2)
    assert plan.limits == WeekLimits(11, 0, 2)


def test_a_week_is_chosen_in_which_nobody_meets_again() -> None:
    problem = replace(offering(dict.fromkeys("ABCDEF", "tw"), times("tw")), met=dict.fromkeys(pairs("AB", "CD"), 2))

    plan = plan_week(problem)

    assert (plan.placed, plan.repeats) == (6, 0)
    assert all(group.members not in {("A", "B"), ("C", "D")} for _, group in plan.groups)


def test_placing_one_more_is_worth_a_repeat() -> None:
    problem = replace(offering(dict.fromkeys("ABC", "t"), times("t")), met=dict.fromkeys(pairs("AB", "BC"), 1))

    plan = plan_week(problem)

    assert (plan.placed, plan.repeats, plan.limits.least_repeats) == (3, 2, 2)


def test_where_not_everybody_can_be_placed_it_is_proven_how_many_can() -> None:
    # A sits with B and C or with D and E, never with both; F is needed twice.
    problem = offering({"A": "tw", "B": "t", "C": "t", "D": "w", "E": "w"}, times("tw"))

    plan = plan_week(problem)

    assert (plan.placed, plan.limits.most_placed, plan.best) == (3, 3, True)
    assert len(plan.unplaced) == 2


def test_a_room_takes_no_more_groups_than_it_holds() -> None:
    room = slot("t", capacity=1)
    problem = offering(dict.fromkeys("ABCDEFGHI", "t"), (room,))

    plan = plan_week(problem)

    assert (plan.placed, plan.odd) == (4, 1)
    assert {one.reason for one in plan.unplaced} == {WhyUnplaced.ROOMS_FULL}
    assert plan_week(replace(problem, slots=(replace(room, capacity=3),))).placed == 9
    assert plan_week(replace(problem, slots=(replace(room, capacity=0),))).placed == 0


def test_online_is_used_where_the_room_is_full() -> None:
    problem = offering(dict.fromkeys("ABCDEFGHI", "tw"), (slot("t", capacity=1), slot("w")))

    plan = plan_week(problem)

    assert plan.placed == 9
    assert sum(at == "t" for at, _ in plan.groups) <= 1


def test_groups_whose_times_overlap_share_the_place() -> None:
    half_past = (
        slot("t", start=0, capacity=1, place="Oak"),
        slot("w", start=30, capacity=1, place="Oak"),
        slot("f", start=60, capacity=1, place="Oak"),
    )
    problem = offering({**dict.fromkeys("ABC", "t"), **dict.fromkeys("DEF", "w")}, half_past)

    assert plan_week(problem).placed == 3
    later = offering({**dict.fromkeys("ABC", "t"), **dict.fromkeys("DEF", "wf")}, half_past)
    assert seats(plan_week(later)) == [("f", "DEF"), ("t", "ABC")]


def test_zones_come_expanded_so_only_the_moment_counts() -> None:
    london, kolkata = slot("t", start=18 * 60), slot("w", start=13 * 60)
    problem = offering({"A": "t", "B": "tw", "C": "tw", "D": "w", "E": "tw"}, (london, kolkata))

    plan = plan_week(replace(problem, quads=False))

    assert plan.placed == 3
    assert [at for at, _ in plan.groups] in (["t"], ["w"])


def test_people_kept_apart_are_apart_even_if_that_leaves_them_out() -> None:
    problem = replace(offering(dict.fromkeys("ABC", "t"), times("t")), apart=pairs("AB"))

    plan = plan_week(problem)

    assert plan.groups == ()
    assert {one.reason for one in plan.unplaced} == {WhyUnplaced.NO_GROUP}
    assert plan.limits.most_placed == 0


def test_people_who_belong_together_are_placed_together_or_not_at_all() -> None:
    offers = {"A": "t", "B": "t", "C": "tw", "D": "w", "E": "w", "F": "tw", "G": "w"}
    problem = replace(offering(offers, times("tw")), together=pairs("AB"))

    plan = plan_week(problem)

    assert any(set("AB") <= set(group.members) for _, group in plan.groups)
    nowhere = replace(offering({"A": "t", "B": "w", "C": "tw", "D": "tw"}, times("tw")), together=pairs("AB"))
    assert plan_week(nowhere).placed == 0


def test_pairs_need_tutors_and_there_are_only_so_many() -> None:
    four = replace(offering(dict.fromkeys("ABCD", "t"), times("t")), quads=False)

    assert plan_week(four).placed == 3
    assert plan_week(replace(four, tutors=1)).placed == 3
    with_two = plan_week(replace(four, tutors=2))
    assert [(len(group.members), group.tutor) for _, group in with_two.groups] == [(2, True), (2, True)]


def test_times_people_like_are_used_where_that_costs_nothing() -> None:
    problem = offering({"A": "Tw", "B": "Tw", "C": "Tw", "D": "tW", "E": "tW", "F": "tW"}, times("tw"))

    assert seats(plan_week(problem)) == [("t", "DEF"), ("w", "ABC")]


def test_whoever_is_owed_a_role_gets_it_in_a_single_round() -> None:
    problem = replace(
        offering(dict.fromkeys("ABC", "t"), times("t")),
        turning=Turning.ONE_ROUND,
        served={
            "A": {Role.COUNSELLOR: 20, Role.CLIENT: 20},
            "B": {Role.CLIENT: 20, Role.OBSERVER: 20},
            "C": {Role.COUNSELLOR: 20, Role.OBSERVER: 20},
        },
        round_minutes=20,
    )

    ((_, group),) = plan_week(problem).groups

    assert group.rounds() == ({"B": Role.COUNSELLOR, "C": Role.CLIENT, "A": Role.OBSERVER},)


def test_whoever_rests_is_nobodys_client_and_somebody_willing_is_client_twice() -> None:
    problem = replace(offering(dict.fromkeys("ABC", "t"), times("t")), rests=frozenset("A"), willing=frozenset("C"))

    ((_, group),) = plan_week(problem).groups

    assert (group.rests, group.twice) == (frozenset("A"), "C")
    assert [next(p for p, role in held.items() if role is Role.CLIENT) for held in group.rounds()].count("C") == 2


def test_people_who_meet_again_do_so_the_other_way_round() -> None:
    before = Group(("A", "B", "C"))
    problem = replace(
        offering(dict.fromkeys("ABC", "t"), times("t")),
        met=dict.fromkeys(pairs("AB", "AC", "BC"), 1),
        counselled=dict.fromkeys(before.counselled(), 1),
    )

    ((_, group),) = plan_week(problem).groups

    assert set(group.counselled()).isdisjoint(before.counselled())


def test_whoever_has_no_place_hears_why_and_what_would_help() -> None:
    problem = offering({"A": "t", "B": "t", "C": "t", "D": "f", "E": "", "F": "fs", "G": "s"}, times("twfs"))

    plan = plan_week(problem)

    assert seats(plan) == [("t", "ABC")]
    assert plan.unplaced == (
        Unplaced("D", WhyUnplaced.TOO_FEW_FREE, ("s", "t")),
        Unplaced("E", WhyUnplaced.NO_TIMES, ("f", "s", "t")),
        Unplaced("F", WhyUnplaced.TOO_FEW_FREE, ("t",)),
        Unplaced("G", WhyUnplaced.TOO_FEW_FREE, ("f", "t")),
    )


def test_each_time_said_to_help_does_help() -> None:
    problem = offering(
        {"A": "t", "B": "t", "C": "t", "D": "f", "E": "", "F": "fs", "G": "s", "H": "W", "I": "w"}, times("twfs")
    )
    plan = plan_week(problem)

    assert any(one.helps for one in plan.unplaced)
    for one in plan.unplaced:
        for added in one.helps:
            offers = {**problem.offers, one.person: {**problem.offers[one.person], added: Liking.PREFERRED}}
            assert plan_week(replace(problem, offers=offers)).placed > plan.placed


def test_the_reason_is_said_kindly_to_the_person_and_plainly_to_the_tutor() -> None:
    alone = Unplaced("A", WhyUnplaced.NOBODY_FREE, ("w",))
    choice = Unplaced("A", WhyUnplaced.OTHERS_PLACED, ("t", "w", "s"))
    none = Unplaced("A", WhyUnplaced.NO_TIMES)

    assert say_unplaced(alone, SLOT_NAMES) == (
        "Nobody else is free on your times; adding Wednesday evening would place you."
    )
    assert say_unplaced(choice, SLOT_NAMES) == (
        "Everybody else who is free on your times already has a group;"
        " adding Tuesday morning, Wednesday evening or Saturday morning would place you."
    )
    assert say_unplaced(none, SLOT_NAMES) == "You haven’t offered any times."
    assert say_unplaced_of(alone, {"A": "Amara"}, SLOT_NAMES) == (
        "Nobody else is free on Amara’s times; adding Wednesday evening would place them."
    )


def test_a_reason_is_the_same_whether_or_not_a_rule_stood_in_the_way() -> None:
    problem = offering(dict.fromkeys("ABCD", "t"), times("t"))
    ruled = plan_week(replace(problem, quads=False, apart=pairs("AD", "BD", "CD")))
    unruled = plan_week(replace(problem, quads=False))

    assert [one.reason for one in ruled.unplaced] == [one.reason for one in unruled.unplaced]


def test_it_can_be_stopped_and_replayed_by_its_steps() -> None:
    letters = [f"{letter}{number}" for letter in "ABCDEFGH" for number in range(4)]
    offers = {person: "twfs"[k % 4] + "twfs"[(k * k + 1) % 4] for k, person in enumerate(letters)}
    met = {frozenset((one, other)): 1 for one in letters for other in letters if one < other and one[0] != other[0]}
    problem = replace(offering(offers, times("twfs")), met=met)
    heard: list[tuple[int, int, int]] = []

    def enough(steps: int, placed: int, most: int) -> bool:
        heard.append((steps, placed, most))
        return steps < 7

    stopped = plan_week(problem, progress=enough)

    assert stopped.steps == 7
    assert heard[-1][0] == 7
    assert all(placed <= most == 32 for _, placed, most in heard)
    assert plan_week(problem, effort=WeekEffort(steps=stopped.steps)) == stopped
    assert check_week(problem, stopped) == ()


def test_another_hash_seed_gives_the_same_week() -> None:
    program = """
import sys, json
from random import Random
from threefold.matching import Liking, WeekProblem, WeekSlot, plan_week
draw = Random(5)
people = tuple(f"p{k}" for k in range(40))
slots = tuple(WeekSlot(f"s{k}", 60 * k, 60, k % 3 == 0, 1 if k % 3 == 0 else None) for k in range(30))
offers = {p: {s.id: draw.choice(list(Liking)) for s in draw.sample(slots, 4)} for p in people}
met = {frozenset(draw.sample(people, 2)): 1 for _ in range(200)}
apart = frozenset(frozenset(draw.sample(people, 2)) for _ in range(9))
plan = plan_week(WeekProblem(people, slots, offers, apart=apart, met=met), seed=3)
print(json.dumps([[at, group.members] for at, group in plan.groups]), plan.steps)
"""
    said = {
        subprocess.run(  # noqa: S603 - our own interpreter and our own words
            [sys.executable, "-c", program], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout
        for seed in ("0", "1")
    }

    assert len(said) == 1
    assert json.loads(said.pop().rsplit(" ", 1)[0])


def test_a_broken_week_is_refused() -> None:
    problem = replace(
        offering({**dict.fromkeys("ABCDEF", "tw"), "G": "w"}, (slot("t", capacity=1), slot("w"))), apart=pairs("AD")
    )
    plan = plan_week(problem)
    broken = {
        "G did not all offer t": (("t", Group(("E", "F", "G"))),),
        "sit together who are kept apart": (("w", Group(("A", "B", "D"))),),
        "t holds 2 groups": (("t", Group(("A", "B", "C"))), ("t", Group(("D", "E", "F")))),
        "B has 2 places": (("w", Group(("A", "B", "C"))), ("w", Group(("B", "E", "F")))),
        "are a group of 2": (("w", Group(("A", "B"), tutor=True)),),
        "neither a place nor a reason": (("w", Group(("A", "B", "C"))),),
    }

    assert check_week(problem, plan) == ()
    for what, groups in broken.items():
        assert any(what in one for one in check_week(problem, replace(plan, groups=groups))), what


def test_a_week_that_contradicts_itself_is_the_callers_mistake() -> None:
    good = offering(dict.fromkeys("ABC", "t"), times("t"))
    wrongs: tuple[dict[str, Any], ...] = (
        {"people": ("A", "A", "B", "C")},
        {"slots": (*good.slots, good.slots[0])},
        {"offers": {"Z": {}}},
        {"offers": {"A": {"x": Liking.PREFERRED}}},
        {"apart": pairs("AZ")},
        {"apart": pairs("AB"), "together": pairs("AB")},
        {"met": {frozenset("A"): 1}},
        {"tutors": -1},
        {"slots": (slot("t", capacity=1, place="Oak"), slot("w", capacity=2, place="Oak"))},
    )
    for wrong in wrongs:
        with pytest.raises(ValueError, match=r"two|twice|people|below|place"):
            replace(good, **wrong)


def test_nobody_and_no_times_make_an_empty_week() -> None:
    assert plan_week(WeekProblem((), (), {})).groups == ()
    assert plan_week(WeekProblem(("A",), (), {})).unplaced == (Unplaced("A", WhyUnplaced.NO_TIMES),)
