"""Who may take which place of extra practice, who is asked first, and what becomes of a triad that is not full."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.examples import some
from threefold.core.booking import (
    BEGUN,
    ELSEWHERE,
    ENOUGH,
    NO_WAY_IN,
    TAKEN,
    TOO_LATE_TO_LEAVE,
    TOO_SOON,
    Circle,
    IfTwo,
    Someone,
    Taking,
    Time,
    Waits,
    can_start,
    is_open_to,
    join,
    start,
    step_out,
    wherever,
)
from threefold.core.owed import in_order, owed, turns_so_far
from threefold.core.refusal import Refusal
from threefold.core.roles import Role, Turning, turns
from threefold.core.settling import Follows, Offering, follows, head_start, needed_by

NOW = datetime(2026, 10, 7, 12, tzinfo=UTC)
STARTS = datetime(2026, 10, 13, 16, tzinfo=UTC)
PLACES = 3


def an(number: int) -> UUID:
    return UUID(int=number)


def circle(id: int, *members: int, **changes: object) -> Circle:
    made = Circle(an(100 + id), id, {place: an(who) for place, who in enumerate(members)}, settled=False, since=NOW)
    return replace(made, **changes)  # type: ignore[arg-type] # the fields of a Circle


def at(*circles: Circle, **changes: object) -> Time:
    made = Time(
        id=an(1000), starts_at=STARTS, ends_at=STARTS + timedelta(hours=2), at_once=2, most_each=1,
        if_two=IfTwo.GO_AHEAD, steps_out_until=2, circles=circles,
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type] # the fields of a Time


def said(outcome: object) -> str:
    assert isinstance(outcome, Refusal)
    return outcome.problems[0].sentence


def test_the_third_place_fills_a_triad() -> None:
    two = circle(1, 1, 2)
    assert join(at(two), Someone(an(3)), two.id, NOW) == Taking(two, 1, 2, fills=True)
    one = circle(1, 1)
    assert join(at(one), Someone(an(3)), one.id, NOW) == Taking(one, 1, 1, fills=False)


def test_a_place_in_the_middle_is_taken_again() -> None:
    left = replace(circle(1), members={0: an(1), 2: an(3)})
    assert join(at(left), Someone(an(9)), left.id, NOW) == Taking(left, 1, 1, fills=True)


@pytest.mark.parametrize(
    ("who", "time", "now", "why"),
    [
        (Someone(an(9), elsewhere=True), at(circle(1, 1, 2)), NOW, ELSEWHERE),
        (Someone(an(9), booked=1), at(circle(1, 1, 2)), NOW, ENOUGH),
        (Someone(an(9)), at(circle(1, 1, 2)), STARTS, BEGUN),
        (Someone(an(9), apart=frozenset({an(2)})), at(circle(1, 1, 2)), NOW, TAKEN),
        (Someone(an(9)), at(circle(1, 1, 2, 3)), NOW, TAKEN),
        (Someone(an(9)), at(), NOW, TAKEN),
    ],
)
def test_why_somebody_gets_no_place_in_a_triad(who: Someone, time: Time, now: datetime, why: str) -> None:
    assert said(join(time, who, an(101), now)) == why


def test_keeping_two_apart_is_said_as_a_full_triad_is() -> None:
    apart = join(at(circle(1, 1, 2)), Someone(an(9), apart=frozenset({an(1)})), an(101), NOW)
    assert apart == join(at(circle(1, 1, 2, 3)), Someone(an(9)), an(101), NOW)


def test_nobody_sits_with_whom_a_place_is_kept_for_either() -> None:
    kept = at(circle(1, 1), waiting=(Waits(an(50), an(5), NOW, an(101), NOW + timedelta(hours=1)),))
    assert not is_open_to(kept, kept.circles[0], Someone(an(9), apart=frozenset({an(5)})), NOW)
    assert is_open_to(kept, kept.circles[0], Someone(an(9)), NOW)


def test_whoever_starts_needs_time_to_find_two_others() -> None:
    empty = circle(1)
    assert start(at(), Someone(an(9)), NOW) == Taking(None, 1, 0, fills=False)
    assert start(at(empty), Someone(an(9)), NOW) == Taking(empty, 1, 0, fills=False), "an empty triad is used again"
    assert start(at(circle(1, 1, 2, 3)), Someone(an(9)), NOW) == Taking(None, 2, 0, fills=False)
    assert said(start(at(), Someone(an(9)), STARTS - timedelta(hours=2))) == TOO_SOON
    assert said(start(at(circle(1, 1), circle(2, 2)), Someone(an(9)), NOW)) == TAKEN
    assert not can_start(at(circle(1, 1), circle(2, 2)), Someone(an(9)), NOW)


def test_a_room_has_to_have_what_somebody_needs() -> None:
    time = at(circle(1, 1, 2), rooms=(frozenset(), frozenset({"step_free"})))
    who = Someone(an(9), needs=frozenset({"step_free"}))
    assert said(join(time, who, an(101), NOW)) == TAKEN
    assert wherever(time, who, NOW) == Taking(None, 2, 0, fills=False)
    assert said(start(at(rooms=(frozenset(), frozenset())), who, NOW)) == NO_WAY_IN


def test_any_seat_is_first_the_one_that_completes_a_triad() -> None:
    one, two = circle(1, 1), circle(2, 2, 3)
    assert wherever(at(one, two), Someone(an(9)), NOW) == Taking(two, 2, 2, fills=True)
    assert wherever(at(one), Someone(an(9)), NOW) == Taking(one, 1, 1, fills=False)


def test_two_hours_before_only_a_third_may_still_come() -> None:
    late = STARTS - timedelta(hours=1)
    assert isinstance(join(at(circle(1, 1, 2)), Someone(an(9)), an(101), late), Taking)
    assert said(join(at(circle(1, 1)), Someone(an(9)), an(101), late)) == TAKEN


def test_stepping_out_is_possible_until_the_hour_the_tutor_chose() -> None:
    time = at(circle(1, 1, 2, 3))
    assert step_out(time, an(1), STARTS - timedelta(hours=2, minutes=1)) is None
    assert said(step_out(time, an(1), STARTS - timedelta(hours=2))) == TOO_LATE_TO_LEAVE
    assert said(step_out(time, an(1), STARTS)) == BEGUN


def test_it_is_decided_a_day_before_or_two_hours_before_where_somebody_came_later() -> None:
    time = at()
    day_before, last = STARTS - timedelta(days=1), STARTS - timedelta(hours=2)
    assert needed_by(time, circle(1, 1)) == day_before
    assert needed_by(time, circle(1, 1, since=day_before - timedelta(seconds=1))) == day_before
    assert needed_by(time, circle(1, 1, since=day_before)) == last


@pytest.mark.parametrize(
    ("members", "if_two", "expected"),
    [
        ((1,), IfTwo.GO_AHEAD, "called_off"),
        ((1, 2), IfTwo.GO_AHEAD, "ahead"),
        ((1, 2), IfTwo.CALL_OFF, "called_off"),
    ],
)
def test_what_becomes_of_a_triad_that_is_not_full(members: tuple[int, ...], if_two: IfTwo, expected: str) -> None:
    left = circle(1, *members)
    time = at(left, if_two=if_two)
    day_before = STARTS - timedelta(days=1)
    assert not follows(time, {}, day_before - timedelta(seconds=1))
    todo = follows(time, {}, day_before)
    assert (todo.called_off, todo.ahead) == (((left,), ()) if expected == "called_off" else ((), (left,)))
    settled = replace(left, settled=True)
    assert not follows(at(settled, if_two=if_two), {}, day_before), "it goes ahead already"


def test_places_go_to_whoever_waited_longest_and_can_take_them() -> None:
    waiting = tuple(Waits(an(50 + n), an(n), NOW + timedelta(minutes=n)) for n in (4, 5, 6, 7))
    people = {an(n): Someone(an(n)) for n in (4, 5, 6, 7)}
    people[an(4)] = Someone(an(4), elsewhere=True)
    people[an(5)] = Someone(an(5), apart=frozenset({an(1)}))
    now = NOW + timedelta(hours=1)
    found = follows(at(circle(1, 1, 2), waiting=waiting), people, now)
    assert found == Follows(offers=(Offering(an(6), an(101), now + timedelta(hours=12), an(56)),))


def test_an_offer_expires_and_never_takes_more_than_half_of_the_time_left() -> None:
    soon = STARTS - timedelta(hours=4)
    waiting = (
        Waits(an(54), an(4), NOW, an(101), soon),
        Waits(an(55), an(5), NOW + timedelta(minutes=1)),
    )
    people = {an(n): Someone(an(n)) for n in (4, 5)}
    settled = replace(circle(1, 1, 2), settled=True)
    found = follows(at(settled, waiting=waiting), people, soon)
    assert found == Follows(expired=(an(54),), offers=(Offering(an(5), an(101), soon + timedelta(hours=2), an(55)),))
    assert follows(at(settled, waiting=waiting), people, STARTS).expired == (an(54), an(55))


def test_the_third_seat_is_kept_for_whoever_is_owed_most_and_has_met_them_least() -> None:
    time = at(circle(1, 1, 2))
    four, five, six, seven = (Someone(an(n)) for n in (4, 5, 6, 7))
    ends = NOW + timedelta(hours=2)
    assert head_start(time, time.circles[0], [(four, 0, 0)], NOW) is None, "nobody is owed anything"
    chosen = head_start(time, time.circles[0], [(four, 1, 0), (five, 2, 1), (six, 2, 0), (seven, 2, 2)], NOW)
    assert chosen == Offering(an(6), an(101), ends)
    away = replace(six, elsewhere=True)
    assert head_start(time, time.circles[0], [(away, 2, 0), (four, 1, 0)], NOW) == Offering(an(4), an(101), ends)
    near = STARTS - timedelta(days=1, hours=1)
    assert head_start(time, time.circles[0], [(four, 1, 0)], near) is None
    one = at(circle(1, 1))
    assert head_start(one, one.circles[0], [(four, 1, 0)], NOW) is None, "there are two seats"


def test_turns_owed_are_counted_against_the_role_held_most() -> None:
    served = {Role.COUNSELLOR: 40, Role.CLIENT: 40, Role.OBSERVER: 20}
    assert turns_so_far(served, 20) == {Role.COUNSELLOR: 2, Role.CLIENT: 2, Role.OBSERVER: 1}
    assert owed(served, 20) == {Role.COUNSELLOR: 0, Role.CLIENT: 0, Role.OBSERVER: 1}


@pytest.mark.parametrize("turning", list(Turning))
def test_whoever_is_owed_a_role_begins_with_it(turning: Turning) -> None:
    behind = {an(1): {Role.OBSERVER: 1}, an(2): {Role.COUNSELLOR: 2}, an(3): {Role.CLIENT: 1}}
    first = turns(in_order([an(1), an(2), an(3)], behind, turning), turning)[0]
    assert first == {an(1): Role.OBSERVER, an(2): Role.COUNSELLOR, an(3): Role.CLIENT}
    assert in_order([an(3), an(1), an(2)], {}, turning) == (an(3), an(1), an(2)), "nobody is owed anything"


# --- any order ------------------------------------------------------------------------------------------------------

Act = tuple[str, int, int, int]  # what, who, which triad, minutes passed
ACTS = st.lists(
    st.tuples(
        st.sampled_from(["start", "join", "wherever", "step_out", "wait", "leave", "clerk"]),
        st.integers(1, 8),
        st.integers(1, 2),
        st.sampled_from([0, 1, 90, 800]),
    ),
    max_size=60,
)


class Day:
    """One time, to which things happen; what an action does to rows is done to values here."""

    def __init__(self, if_two: IfTwo, apart: frozenset[int]) -> None:
        self.time, self.now, self.serial = at(if_two=if_two), NOW, 0
        self.apart = {an(n): frozenset(an(m) for m in apart if m != n) if n in apart else frozenset() for n in range(9)}

    def who(self, member: UUID) -> Someone:
        return Someone(member, apart=self.apart[member])

    def sit(self, number: int, members: dict[int, UUID], *, settled: bool) -> None:
        others = tuple(each for each in self.time.circles if each.number != number)
        made = Circle(an(100 + number), number, members, settled=settled, since=self.now)
        self.time = replace(self.time, circles=(*others, made))

    def act(self, what: str, member: UUID, number: int) -> None:
        if what in {"start", "join", "wherever"}:
            decide: dict[str, Callable[[], Taking | Refusal]] = {
                "start": lambda: start(self.time, self.who(member), self.now),
                "join": lambda: join(self.time, self.who(member), an(100 + number), self.now),
                "wherever": lambda: wherever(self.time, self.who(member), self.now),
            }
            taking = decide[what]()
            if isinstance(taking, Taking):
                members = {**(taking.circle.members if taking.circle else {}), taking.position: member}
                assert taking.fills == (len(members) == PLACES)
                self.sit(taking.number, members, settled=taking.fills)
                self.drop([one.id for one in self.time.waiting if one.member == member])
        elif what == "step_out" and (here := self.time.circle_of(member)) is not None:
            if step_out(self.time, member, self.now) is None:
                self.sit(here.number, {p: m for p, m in here.members.items() if m != member}, settled=False)
        elif what == "wait" and self.time.circle_of(member) is None and self.time.waits(member) is None:
            self.serial += 1
            self.time = replace(self.time, waiting=(*self.time.waiting, Waits(an(500 + self.serial), member, self.now)))
        elif what == "leave":
            self.drop([one.id for one in self.time.waiting if one.member == member])

    def drop(self, ids: object) -> None:
        gone = set(ids) if isinstance(ids, (list, tuple)) else set()
        self.time = replace(self.time, waiting=tuple(one for one in self.time.waiting if one.id not in gone))

    def settle(self) -> None:
        people = {one.member: self.who(one.member) for one in self.time.waiting}
        todo = follows(self.time, people, self.now)
        if not todo:
            return
        self.drop(list(todo.expired))
        for circle in todo.called_off:
            self.sit(circle.number, {}, settled=False)
        for circle in todo.ahead:
            self.sit(circle.number, dict(circle.members), settled=True)
        offers = {offer.waits: offer for offer in todo.offers}
        self.time = replace(
            self.time,
            waiting=tuple(
                replace(one, circle=offers[one.id].circle, expires_at=offers[one.id].expires_at)
                if one.id in offers
                else one
                for one in self.time.waiting
            ),
        )
        self.settle()


@some(60, 1000)
@given(
    acts=ACTS,
    if_two=st.sampled_from(IfTwo),
    apart=st.sampled_from([frozenset(), frozenset({1, 2}), frozenset({1, 2, 3})]),
)
def test_any_order_keeps_every_promise(acts: list[Act], if_two: IfTwo, apart: frozenset[int]) -> None:
    day = Day(if_two, apart)
    for what, who, number, minutes in acts:
        day.now += timedelta(minutes=minutes)
        day.settle()
        day.act(what, an(who), number)
        day.settle()
        people = [member for circle in day.time.circles for member in circle.members.values()]
        assert len(people) == len(set(people)), "one person sits once"
        assert sum(bool(circle.members) for circle in day.time.circles) <= day.time.at_once
        for circle in day.time.circles:
            assert set(circle.members) <= set(range(PLACES))
            assert len(circle.members) + len(day.time.held(circle, day.now)) <= PLACES, "nothing is promised twice"
            assert len(circle.members) < PLACES or circle.settled
            assert len({an(n) for n in apart} & set(circle.members.values())) <= 1, "apart is apart"
        assert not follows(day.time, {one.member: day.who(one.member) for one in day.time.waiting}, day.now)
