"""Places that change hands: who is offered, by when, what it costs, and why it can't be any more."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from threefold.core.availability import How
from threefold.core.roles import Role
from threefold.core.standing import Meeting, Place, Standing, effects
from threefold.core.swaps import (
    Kind,
    Over,
    Request,
    Settled,
    Way,
    answer_by,
    is_late,
    is_very_late,
    next_on_standby,
    settles_as,
    step_in_by,
    ways,
    why_over,
)

START = datetime(2026, 10, 15, 17, 30, tzinfo=UTC)
NOW = START - timedelta(days=8)
WEEK = timedelta(weeks=1)
TURNS = ((1, Role.COUNSELLOR), (2, Role.CLIENT), (3, Role.OBSERVER))


def an_id(*of: int) -> UUID:
    return UUID(int=sum(100**place * each for place, each in enumerate(of, start=1)))


def standing(*weeks: str, people: str = "abcdefghi") -> Standing:
    """One session a week, in groups such as "abc def"; the seat of a in week 0 is `seat("a", 0)`."""
    meetings, places = {}, {}
    for week, groups in enumerate(weeks):
        practice = an_id(1, week)
        meetings[practice] = Meeting(practice, START + week * WEEK, START + week * WEEK + timedelta(hours=2))
        for number, group in enumerate(groups.split()):
            for turn, person in enumerate(group):
                roles = tuple((number, TURNS[(turn + n) % 3][1]) for n, (number, _) in enumerate(TURNS))
                place = Place(seat(person, week), person, practice, an_id(2, week, number), roles)
                places[place.seat] = place
    met = {
        frozenset((one, other)): sum(one in group and other in group for groups in weeks for group in groups.split())
        for one in people
        for other in people
        if one < other
    }
    return Standing(meetings, places, frozenset(people), met={pair: n for pair, n in met.items() if n})


def seat(person: str, week: int) -> UUID:
    return an_id(3, week, ord(person))


def found(term: Standing, person: str = "a", week: int = 0, now: datetime = NOW) -> list[Way]:
    return list(ways(term, seat(person, week), notice_hours=24, now=now))


def said(term: Standing, person: str = "a", now: datetime = NOW) -> list[tuple[Kind, str]]:
    return [(way.kind, way.member) for way in found(term, person, now=now)]


# --- when -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hours_before", "by_hours_before"),
    [(48, 24), (25, 24), (24.5, 2), (24, 2), (3, 2), (2.5, 0), (1, 0)],
)
def test_an_answer_is_due_a_notice_period_before_or_nearer_where_that_leaves_no_hour(
    hours_before: float, by_hours_before: int
) -> None:
    now = START - timedelta(hours=hours_before)
    assert answer_by(START, 24, now) == START - timedelta(hours=by_hours_before)


def test_late_begins_with_the_notice_period_and_very_late_two_hours_before() -> None:
    a_day, moment = START - timedelta(hours=24), timedelta(seconds=1)
    assert [is_late(START, 24, at) for at in (a_day, a_day + moment)] == [False, True]
    two_hours = START - timedelta(hours=2)
    assert [is_very_late(START, at) for at in (two_hours, two_hours + moment)] == [False, True]


@pytest.mark.parametrize(
    ("minutes_left", "minutes_to_answer"), [(24 * 60, 4 * 60), (8 * 60, 4 * 60), (3 * 60, 90), (20, 15), (10, 10)]
)
def test_who_stands_by_has_half_of_what_is_left_to_answer_within_bounds(
    minutes_left: int, minutes_to_answer: int
) -> None:
    now = START - timedelta(minutes=minutes_left)
    assert step_in_by(START, now) - now == timedelta(minutes=minutes_to_answer)


# --- who --------------------------------------------------------------------------------------------------------


def test_those_who_said_they_are_free_come_first_then_those_it_costs_least() -> None:
    term = standing("abc", "def", "dbc", people="abcdef")
    assert [(way.member, way.effects.cost) for way in found(term)] == [("d", 0), ("e", 8), ("f", 8)]
    assert found(term)[0].in_return == term.places[seat("d", 2)], "of two places they could give, the fairer one"
    free = replace(term, free={("f", an_id(1, 0)): How.FREE, ("e", an_id(1, 0)): How.IF_NEEDED})
    assert [way.member for way in found(free)][:2] == ["f", "e"]
    assert found(free)[0].answer_by == START - timedelta(hours=24)


def test_nobody_is_offered_twice_and_never_more_than_three() -> None:
    term = standing("abc", "def", "def", "ghi")
    assert len(found(term)) == 3
    assert len({way.member for way in found(term)}) == 3


def test_somebody_on_the_list_is_asked_for_nothing_and_takes_the_place_of_one_swap() -> None:
    term = replace(standing("abc", "def ghi"), standby={an_id(1, 0): ("e",)})
    assert [kind for kind, _ in said(term)] == [Kind.SWAP, Kind.SWAP, Kind.COVER]
    assert said(term)[2] == (Kind.COVER, "e")


def test_somebody_without_any_place_can_be_asked_to_take_it() -> None:
    assert said(standing("abc def ghi", people="abcdefghij")) == [(Kind.COVER, "j")]


@pytest.mark.parametrize("rule", ["apart", "apart from the asker", "rests", "asker rests", "kept"])
def test_whoever_a_rule_keeps_out_of_a_swap_is_not_asked_for_something_else_instead(rule: str) -> None:
    term = standing("abc", "def", people="abcdef")
    here, then = an_id(1, 0), an_id(1, 1)
    changed = {
        "apart": replace(term, apart=frozenset({frozenset("dc")})),
        "apart from the asker": replace(term, apart=frozenset({frozenset("ae"), frozenset("af")})),
        "rests": replace(term, rests=frozenset({("d", here)})),
        "asker rests": replace(term, rests=frozenset({("a", then)})),
        "kept": replace(term, kept=frozenset({an_id(2, 1, 0)})),
    }[rule]
    left = {"apart": ["e", "f"], "rests": ["e", "f"]}
    assert [way.member for way in found(changed)] == left.get(rule, [])


def test_a_place_in_a_group_that_is_kept_as_it_is_is_not_given_away() -> None:
    assert found(replace(standing("abc", "def"), kept=frozenset({an_id(2, 0, 0)}))) == []


@pytest.mark.parametrize("said_so", ["away", "asker away", "not free", "asker not free"])
def test_what_people_have_said_of_their_time_is_believed(said_so: str) -> None:
    term = standing("abc", "def", people="abcdef")
    here, then = an_id(1, 0), an_id(1, 1)
    changed = {
        "away": replace(term, away=frozenset({("d", here)})),
        "asker away": replace(term, away=frozenset({("a", then)})),
        "not free": replace(term, free={("d", here): How.NOT_FREE}),
        "asker not free": replace(term, free={("a", then): How.NOT_FREE}),
    }[said_so]
    left = {"away": ["e", "f"], "not free": ["e", "f"]}
    assert [way.member for way in found(changed)] == left.get(said_so, [])


def test_a_place_at_the_same_time_elsewhere_stands_in_the_way() -> None:
    term = standing("abc", "def", people="abcdef")
    clash = replace(term.meetings[an_id(1, 1)], id=an_id(1, 9), starts_at=START + timedelta(hours=1))
    extra = Place(an_id(9), "d", clash.id, an_id(2, 9))
    busy = replace(term, meetings={**term.meetings, clash.id: clash}, places={**term.places, extra.seat: extra})
    assert [way.member for way in found(busy)] == ["e", "f"]


def test_weeks_are_swapped_only_while_both_leave_time_for_an_answer() -> None:
    term = standing("abc", "def", people="abcdef")
    assert [way.kind for way in found(term, now=START - timedelta(hours=25))] == [Kind.SWAP] * 3
    late = found(term, now=START - timedelta(hours=24))
    assert [(way.kind, way.answer_by) for way in late] == [(Kind.COVER, START - timedelta(hours=2))]


def test_a_session_that_has_begun_or_is_called_off_has_nothing_to_offer() -> None:
    term = standing("abc", "def")
    assert found(term, now=START) == []
    off = {key: replace(each, cancelled=True) for key, each in term.meetings.items()}
    assert found(replace(term, meetings=off)) == []
    assert ways(term, an_id(7), notice_hours=24, now=NOW) == ()


def test_the_list_is_asked_in_the_order_it_was_joined_for_a_place_its_holder_cannot_take() -> None:
    term = replace(standing("abc", "def"), standby={an_id(1, 0): ("e", "d", "b")})
    assert next_on_standby(term, seat("a", 0), frozenset(), NOW) is None, "a is coming"
    out = {key: replace(each, withdrawn=each.seat == seat("a", 0)) for key, each in term.places.items()}
    term = replace(term, places=out)
    assert [next_on_standby(term, seat("a", 0), frozenset(asked), NOW) for asked in ("", "e", "ed")] == ["e", "d", None]
    apart = replace(term, apart=frozenset({frozenset("ec")}))
    assert next_on_standby(apart, seat("a", 0), frozenset(), NOW) == "d"
    assert next_on_standby(term, seat("a", 0), frozenset(), START) is None


# --- what it costs ----------------------------------------------------------------------------------------------


def test_what_a_swap_costs_is_counted_over_the_whole_term() -> None:
    term = standing("abc", "def", "dbg", "dbh", "aeg")
    done = effects(term, term.places[seat("a", 0)], "d", term.places[seat("d", 1)])
    assert done.lost == (frozenset("ab"), frozenset("ac"), frozenset("de"), frozenset("df"))
    assert done.often == ((frozenset("bd"), 3),)
    assert done.firsts == (frozenset("af"), frozenset("cd"))
    assert not done.nothing_lost
    assert done.cost == 2 * 4 + 1


def test_turns_are_less_even_only_where_the_spread_grows_beyond_one() -> None:
    term = standing("abc", "def")
    one, other = term.places[seat("a", 0)], term.places[seat("d", 1)]
    two_rounds = replace(other, roles=((1, Role.OBSERVER), (2, Role.OBSERVER), (3, Role.OBSERVER)))
    even = {key: {Role.COUNSELLOR: 4, Role.CLIENT: 4, Role.OBSERVER: 4} for key in "ad"}
    same = effects(replace(term, turns=even), one, "d", other)
    assert (same.uneven, same.turns["a"]) == ((), even["a"])
    less = effects(replace(term, turns=even), one, "d", two_rounds)
    assert less.uneven == ("a", "d")
    assert less.turns["a"] == {Role.COUNSELLOR: 3, Role.CLIENT: 3, Role.OBSERVER: 6}


# --- why it is over -----------------------------------------------------------------------------------------------


ASKED = Request(an_id(5), seat("a", 0), "a", "d", seat("d", 1), NOW, START - timedelta(hours=24))


def test_a_question_stands_until_it_is_answered_or_its_time_is_over() -> None:
    term = standing("abc", "def")
    assert why_over(term, ASKED, NOW) is None
    assert why_over(term, ASKED, ASKED.expires_at - timedelta(seconds=1)) is None
    assert why_over(term, ASKED, ASKED.expires_at) is Over.EXPIRED
    assert why_over(term, ASKED, START) is Over.HELD
    for settled in Settled:
        over = why_over(term, replace(ASKED, settled_as=settled), NOW)
        assert over is (Over.NO_LONGER if settled is Settled.OVERTAKEN else Over(settled.value))


def test_time_and_availability_are_the_asked_persons_to_judge_once_they_say_yes() -> None:
    term = replace(
        standing("abc", "def"), away=frozenset({("d", an_id(1, 0))}), free={("d", an_id(1, 0)): How.NOT_FREE}
    )
    assert why_over(term, ASKED, NOW) is None


@pytest.mark.parametrize(
    ("change", "over"),
    [
        ("called off", Over.CALLED_OFF),
        ("gone", Over.PASSED_ON),
        ("somebody else's", Over.PASSED_ON),
        ("no return", Over.GIVEN_UP),
        ("return withdrawn", Over.GIVEN_UP),
        ("sits there", Over.SITTING),
        ("asker sits there", Over.NO_LONGER),
        ("apart", Over.NO_LONGER),
        ("left", Over.NO_LONGER),
    ],
)
def test_why_it_can_not_be_any_more(change: str, over: Over) -> None:
    term = standing("abc", "def")
    mine, theirs = term.places[seat("a", 0)], term.places[seat("d", 1)]
    changed = {
        "called off": replace(
            term, meetings={key: replace(each, cancelled=True) for key, each in term.meetings.items()}
        ),
        "gone": replace(term, places={key: each for key, each in term.places.items() if each != mine}),
        "somebody else's": replace(term, places={**term.places, mine.seat: replace(mine, member="i")}),
        "no return": replace(term, places={key: each for key, each in term.places.items() if each != theirs}),
        "return withdrawn": replace(term, places={**term.places, theirs.seat: replace(theirs, withdrawn=True)}),
        "sits there": replace(term, places={**term.places, an_id(8): replace(mine, seat=an_id(8), member="d")}),
        "asker sits there": replace(term, places={**term.places, an_id(8): replace(theirs, seat=an_id(8), member="a")}),
        "apart": replace(term, apart=frozenset({frozenset("db")})),
        "left": replace(term, people=frozenset("abcef")),
    }[change]
    assert why_over(changed, ASKED, NOW) is over
    assert settles_as(over) is Settled.OVERTAKEN


@st.composite
def terms(draw: st.DrawFn) -> Standing:
    """Some weeks of some people in groups of three, with rules nobody planned for."""
    people = "abcdefghij"[: draw(st.integers(6, 10))]
    weeks = []
    for _ in range(draw(st.integers(1, 4))):
        here = draw(st.permutations(people))[: 3 * draw(st.integers(1, len(people) // 3))]
        weeks.append(" ".join("".join(here[n : n + 3]) for n in range(0, len(here), 3)))
    term = standing(*weeks, people=people)
    pairs = st.frozensets(st.sampled_from(people), min_size=2, max_size=2)
    said = st.tuples(st.sampled_from(people), st.sampled_from(sorted(term.meetings)))
    return replace(
        term,
        apart=draw(st.frozensets(pairs, max_size=3)),
        away=draw(st.frozensets(said, max_size=4)),
        rests=draw(st.frozensets(said, max_size=2)),
        standby={an_id(1, 0): tuple(draw(st.permutations(people)))[:2]},
        free=draw(st.dictionaries(said, st.sampled_from(How), max_size=6)),
    )


@given(terms(), st.integers(0, 400))
def test_whatever_is_offered_can_be_accepted_at_once_and_keeps_every_rule(term: Standing, hours: int) -> None:
    now = START - timedelta(hours=hours)
    for place in term.places.values():
        for way in ways(term, place.seat, notice_hours=24, now=now):
            request = Request(an_id(5), place.seat, place.member, way.member, way.seat_in_return, now, way.answer_by)
            assert why_over(term, request, now) is None
            assert now < way.answer_by <= term.meetings[place.practice].starts_at
            after = dict(term.places)
            after[place.seat] = replace(place, member=way.member)
            if way.in_return:
                after[way.in_return.seat] = replace(way.in_return, member=place.member)
            swapped = replace(term, places=after)
            for person, held in swapped.places_of.items():
                assert len({each.practice for each in held}) == len(held), f"{person} has two places at once"
            for changed in (after[place.seat], *([after[way.in_return.seat]] if way.in_return else [])):
                assert not any(frozenset((changed.member, o)) in term.apart for o in swapped.others(changed))
                assert (changed.member, changed.practice) not in term.away
                assert term.free.get((changed.member, changed.practice)) is not How.NOT_FREE
