"""What a change of groups is for each person in it, and when it may be taken back."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from threefold.core.grouping import Group
from threefold.core.refusal import Refusal
from threefold.core.repairs import Scope, Sitting, Way, changes, may_undo

NAMES = {"a": "Amara", "b": "Ben", "c": "Chloe", "d": "Dev", "e": "Esther", "f": "Farid", "m": "Marion"}


def sits(members: str, room: str = "", tutor: str | None = None) -> Sitting[str, str]:
    return Sitting(tuple(members), Group(tuple(members)).rounds(), room, tutor)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ([sits("abc")], [sits("abc")], {}),
        ([sits("abc")], [sits("bc", tutor="m")], {
            "a": (Way.GOES, "with Ben and Chloe → no place"),
            "b": (Way.PEOPLE, "with Amara and Chloe → with Chloe, Marion observes"),
            "c": (Way.PEOPLE, "with Amara and Ben → with Ben, Marion observes"),
        }),
        ([sits("ab")], [sits("ab", tutor="m")], {
            "a": (Way.TUTOR, "with Ben → with Ben, Marion observes"),
            "b": (Way.TUTOR, "with Amara → with Amara, Marion observes"),
        }),
        ([sits("abc")], [sits("acb")], {
            "a": (Way.ROLES, "stays with Chloe and Ben, in another order of roles"),
            "b": (Way.ROLES, "stays with Amara and Chloe, in another order of roles"),
            "c": (Way.ROLES, "stays with Amara and Ben, in another order of roles"),
        }),
        ([sits("abc", "Room 1")], [sits("abc")], dict.fromkeys("abc", (Way.ROOM, "Room 1 → no room"))),
        ([sits("ab")], [sits("ab"), sits("c")], {"c": (Way.COMES, "no place → alone")}),
    ],
)  # fmt: skip
def test_everybody_for_whom_something_is_another_and_nobody_else(
    before: list[Sitting[str, str]], after: list[Sitting[str, str]], said: dict[str, tuple[Way, str]]
) -> None:
    assert {each.member: (each.way, each.said(NAMES)) for each in changes(before, after)} == said


def test_a_tutor_who_is_not_chosen_yet_is_called_one() -> None:
    (one, _) = changes([Sitting(("a", "b"), ())], [Sitting(("a", "b"), (), tutor=True)])
    assert one.said(NAMES) == "with Ben → with Ben, a tutor observes"


@given(order=some.permutations("abcdef"), cut=some.integers(1, 5))
def test_who_changes_is_who_sits_with_others(order: list[str], cut: int) -> None:
    before, after = [sits("abc"), sits("def")], [sits("".join(order[:cut])), sits("".join(order[cut:]))]
    was = {who: set(each.members) for each in before for who in each.members}
    now = {who: set(each.members) for each in after for who in each.members}
    moved = {each.member for each in changes(before, after) if each.way is Way.PEOPLE}
    assert moved == {who for who in NAMES.keys() - {"m"} if was[who] != now[who]}


FINE = {"undone": False, "newest": True, "stands": True, "begun": False, "heard": False}


@pytest.mark.parametrize(
    ("otherwise", "said"),
    [
        ({"undone": True}, "taken back already"),
        ({"newest": False}, "Something else has changed since"),
        ({"stands": False}, "Something else has changed since"),
        ({"begun": True}, "has begun"),
        ({"heard": True}, "People have had letters"),
    ],
)
def test_a_change_is_taken_back_only_while_nothing_stands_against_it(otherwise: dict[str, bool], said: str) -> None:
    assert may_undo(**FINE) is None
    refusal = may_undo(**FINE | otherwise)
    assert isinstance(refusal, Refusal)
    assert said in refusal.problems[0].sentence


def test_one_date_alone_does_not_go_on() -> None:
    assert [scope for scope in Scope if not scope.goes_on] == [Scope.DATE]
