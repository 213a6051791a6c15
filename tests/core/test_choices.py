"""Briefs: sound, ours, light; and which one somebody gets."""

import json
from importlib.resources import files
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from threefold.core.choices import Brief, Kind, brief_for, following, holds, read_briefs
from threefold.core.grouping import Group
from threefold.core.publication import rota
from threefold.core.roles import Role, Turning
from threefold.core.slots import SessionShape

DOCUMENT = json.loads(files("threefold.core.briefs").joinpath("briefs.json").read_text(encoding="utf-8"))
BRIEFS = read_briefs(DOCUMENT)


def test_there_are_enough_briefs_and_each_is_short_and_whole() -> None:
    assert 6 <= len(BRIEFS) <= 8
    for brief in BRIEFS:
        for words in (brief.who, brief.mind, brief.feeling, brief.after):
            assert 40 < len(words) < 260, words
            assert "!" not in words
    assert len({brief.title for brief in BRIEFS}) == len(BRIEFS)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"schema": 2}, "schema 2"),
        ({"briefs": []}, "no briefs"),
        ({"briefs": [DOCUMENT["briefs"][0]] * 2}, "two of one code"),
        ({"briefs": [{**DOCUMENT["briefs"][0], "after": " "}]}, "brief 1 has no after"),
    ],
)
def test_a_document_that_is_not_whole_is_our_mistake_and_says_where(changed: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read_briefs({**DOCUMENT, **changed})


@given(st.uuids(), st.integers(1, 40))
def test_the_same_session_has_the_same_brief_and_the_next_one_another_until_all_were_had(
    member: UUID, first: int
) -> None:
    assert brief_for(BRIEFS, member, first) == brief_for(BRIEFS, member, first)
    had = [brief_for(BRIEFS, member, first + later) for later in range(len(BRIEFS))]
    assert sorted(had, key=codes) == sorted(BRIEFS, key=codes)
    taken = had[:1]
    for _ in BRIEFS[1:]:
        taken.append(following(BRIEFS, taken[-1]))
    assert taken == had
    assert following(BRIEFS, taken[-1]) == had[0]
    assert [brief_for(BRIEFS, member, first, one.code) for one in had] == had
    assert brief_for(BRIEFS, member, first, "gone since") == had[0]


def codes(brief: Brief) -> str:
    return brief.code


def test_not_everybody_in_the_room_is_the_same_made_up_person() -> None:
    assert len({brief_for(BRIEFS, uuid4(), 1).code for _ in range(60)}) > 3


def test_whoever_is_not_client_at_all_needs_no_brief() -> None:
    assert [holds(kinds) for kinds in ([], ["brief"], ["brief", "not_client"])] == [None, Kind.BRIEF, Kind.NOT_CLIENT]


@given(
    size=st.integers(2, 4),
    rounds=st.integers(1, 6),
    resting=st.sets(st.integers(0, 3)),
    turning=st.sampled_from([Turning.CLIENT_RESTS, Turning.CLIENT_COUNSELS]),
)
def test_whoever_rests_is_never_client_and_every_other_round_is_held(
    size: int, rounds: int, resting: set[int], turning: Turning
) -> None:
    members = tuple("abcd"[:size])
    rests = frozenset(member for place, member in enumerate(members) if place in resting)
    shape = SessionShape(rounds, 20, 10, 15, 15)
    usual = rota(Group(members, turning=turning), shape)
    held = rota(Group(members, turning=turning, rests=rests), shape)
    assert list(held) == [roles for roles in usual if not any(roles[one] is Role.CLIENT for one in rests)]
