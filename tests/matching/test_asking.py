"""A tutor's question as a repair: who is out or new in which sessions, and what stays as it is."""

from tests.matching.classes import course
from threefold.core.grouping import Group
from threefold.core.repairs import Scope
from threefold.matching.plan import Plan
from threefold.matching.repair import RepairProblem
from threefold.matching.repair.asking import Question, asked

SIX = course(6, 4)
WEEK = (Group(tuple("ABC")), Group(tuple("DEF")))
PLAN = Plan((WEEK,) * 4)
EVERYBODY = frozenset("ABCDEF")
AWAY = {1: frozenset("D"), 2: frozenset("E")}


def question(scope: Scope, session: int, *people: str, plan: Plan = PLAN) -> RepairProblem:
    about = Question(scope, session, frozenset(people))
    return asked(SIX, plan, frozenset({0}), about, away=AWAY, tutors=dict.fromkeys(range(4), 1))


def test_one_date_is_mended_and_all_others_are_settled() -> None:
    problem = question(Scope.DATE, 1, "A")
    assert problem.settled == {0, 2, 3}
    assert problem.course.present == (EVERYBODY, EVERYBODY - {"A"}, EVERYBODY, EVERYBODY)
    assert problem.free_tutors == {1: 1}


def test_whoever_said_no_counts_only_where_something_changes_anyway() -> None:
    problem = question(Scope.ONWARDS, 1, "A")
    assert problem.settled == {0}
    assert problem.course.present == (EVERYBODY, frozenset("BCEF"), frozenset("BCDF"), frozenset("BCDEF"))
    elsewhere = question(Scope.ONWARDS, 1, "Z")
    assert elsewhere.course.present == (EVERYBODY,) * 4


def test_who_has_left_stands_where_they_sat_and_is_nobody_of_the_course() -> None:
    week = (Group(("A", "B", "gone")), Group(tuple("DEF")))
    problem = question(Scope.LEAVER, 2, "gone", plan=Plan((WEEK, WEEK, week, WEEK)))
    assert problem.published.sessions[2] == week
    assert problem.course.present[2] == frozenset("ABDF"), "E has said no, and it is mended anyway"


def test_a_newcomer_has_no_place_yet_and_is_there() -> None:
    week = (Group(tuple("ABCF")), Group(tuple("DE"), tutor=True))
    problem = question(Scope.NEWCOMER, 1, "F", plan=Plan((WEEK, week, week, WEEK)))
    assert problem.published.sessions[1] == (Group(tuple("ABC")), Group(tuple("DE"), tutor=True))
    assert problem.course.present == (EVERYBODY, frozenset("ABCEF"), frozenset("ABCDF"), EVERYBODY)
