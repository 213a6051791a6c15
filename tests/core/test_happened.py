"""What really happened, as intervals: whatever is noted in whatever order, nothing overlaps and nothing is lost."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from threefold.core import happened as rules
from threefold.core.happened import (
    Bounds,
    Fact,
    Held,
    How,
    Kind,
    Mode,
    Presence,
    Sat,
    Scope,
    Session,
    Span,
    Step,
    meet,
    minutes,
    standing,
    without,
)
from threefold.core.refusal import Refusal
from threefold.core.roles import Role

STARTS = datetime(2026, 10, 8, 17, 30, tzinfo=UTC)
ENDS = STARTS + timedelta(hours=2)
BOUNDS = Bounds(STARTS - timedelta(minutes=15), ENDS, "Europe/London")
A, B, C, D, TUTOR, TRIAD, OTHER = (UUID(int=n) for n in range(1, 8))
HERE = Scope(Kind.HERE, A)


def at(minute: float) -> datetime:
    """So many minutes after the start."""
    return STARTS + timedelta(minutes=minute)


def span(from_minute: float, until_minute: float) -> Span:
    return Span(at(from_minute), at(until_minute))


class Book:
    """Facts as the store keeps them: added, never changed."""

    def __init__(self) -> None:
        self.facts: list[Fact] = []

    def add(self, steps: "Step | Refusal | Sequence[Step] | None", now: datetime, how: How = How.TUTOR) -> None:
        for step in steps if isinstance(steps, (list, tuple)) else [steps]:
            if isinstance(step, Step):
                self.facts.append(
                    Fact(
                        step.scope, step.value, step.from_at, step.until_at, step.replaces,
                        id=UUID(int=1000 + len(self.facts)), recorded_at=now, recorded_by=TUTOR, how=how,
                    )
                )  # fmt: skip

    def tick(self, minute: float, member: UUID = A) -> None:
        self.add(rules.tick(self.facts, member, rules.minute(at(minute)), at(minute)), at(minute))

    def untick(self, minute: float, member: UUID = A) -> None:
        self.add(rules.untick(self.facts, member, STARTS, at(minute)), at(minute))

    def spans(self, member: UUID = A) -> list[tuple[float, float | None]]:
        """Standing stretches as minutes after the start."""

        def since(moment: datetime) -> float:
            return (moment - STARTS) / timedelta(minutes=1)

        found = standing(fact for fact in self.facts if fact.scope == Scope(Kind.HERE, member))
        return [(since(f.from_at), None if f.until_at is None else since(f.until_at)) for f in found]


# --- the register ----------------------------------------------------------------------------------------------


def test_a_tap_counts_from_the_minute_that_has_begun() -> None:
    book = Book()
    book.tick(9.7)
    assert book.spans() == [(9, None)]
    book.tick(9.9)
    assert len(book.facts) == 1


def test_a_register_takes_a_while_so_who_is_noted_in_its_first_minutes_was_there_from_the_start() -> None:
    said = [rules.counts_from(STARTS, at(minute), together=False) for minute in (-3.5, 0, 4.9, 5, 9.5)]
    assert said == [at(-4), at(0), at(0), at(5), at(9)]
    assert [rules.counts_from(STARTS, at(minute), together=True) for minute in (14, 15)] == [at(0), at(15)]


def test_a_tap_taken_back_at_once_was_none_and_one_taken_back_again_is_as_before() -> None:
    book = Book()
    book.tick(1)
    book.untick(3)
    assert book.spans() == []
    book.tick(4)
    assert book.spans() == [(1, None)]
    assert len(book.facts) == 3


def test_later_in_the_evening_the_same_tap_says_that_they_have_left_and_a_slip_of_that_is_taken_back() -> None:
    book = Book()
    book.tick(1)
    book.untick(40.5)
    assert book.spans() == [(1, 40)]
    book.tick(41)
    assert book.spans() == [(1, None)]
    book.untick(60)
    book.tick(80)
    assert book.spans() == [(1, 60), (80, None)]


def test_before_it_begins_a_tick_taken_back_was_none_however_late() -> None:
    book = Book()
    book.tick(-14)
    book.untick(-1)
    assert book.spans() == []


def test_who_was_never_ticked_can_be_noted_as_away_once_and_come_after_all() -> None:
    book = Book()
    book.untick(6)
    book.untick(7)
    assert [fact.is_empty for fact in book.facts] == [True]
    book.tick(30)
    assert book.spans() == [(30, None)]


def test_times_that_cannot_be_are_refused_with_the_clock_of_the_room() -> None:
    book = Book()
    book.tick(0)
    for step, field in (
        (rules.left(book.facts, A, at(-5), BOUNDS), "until"),
        (rules.left(book.facts, A, at(121), BOUNDS), "until"),
        (rules.came(book.facts, A, at(-16), BOUNDS), "from"),
    ):
        assert isinstance(step, Refusal)
        assert step.problems[0].field == field
    outside = rules.came(book.facts, A, at(-16), BOUNDS)
    assert outside == Refusal.because("Enter times between 18:15 and 20:30, while the session was on.", "from")
    assert isinstance(rules.left(book.facts, B, at(3), BOUNDS), Refusal)


def test_a_correction_of_what_was_corrected_meanwhile_is_refused() -> None:
    book = Book()
    book.tick(0)
    first = book.facts[0]
    book.add(rules.change(book.facts, first, Step(HERE, "", at(5), None), BOUNDS), at(130))
    again = rules.change(book.facts, first, Step(HERE, "", at(7), None), BOUNDS)
    assert again == Refusal.because(rules.CHANGED)
    assert [fact.from_at for fact in rules.history(book.facts, book.facts[-1])] == [at(5), at(0)]


def test_a_session_past_midnight_reads_times_of_both_days() -> None:
    late = Bounds(datetime(2026, 10, 8, 22, 0, tzinfo=UTC), datetime(2026, 10, 9, 0, 30, tzinfo=UTC), "UTC")
    assert late.moment(time(23, 10)) == datetime(2026, 10, 8, 23, 10, tzinfo=UTC)
    assert late.moment(time(0, 10)) == datetime(2026, 10, 9, 0, 10, tzinfo=UTC)


MINUTES = st.integers(-15, 119)
MOVES = st.one_of(
    st.tuples(st.just("tick"), st.sampled_from((A, B)), MINUTES),
    st.tuples(st.just("untick"), st.sampled_from((A, B)), MINUTES),
    st.tuples(st.sampled_from(("came", "left")), st.sampled_from((A, B)), st.integers(-20, 125)),
    st.tuples(st.sampled_from(("room", "online")), st.sampled_from((A, None)), MINUTES),
    st.tuples(st.sampled_from(tuple(Presence)), st.sampled_from((TRIAD, OTHER, None)), MINUTES),
    st.tuples(st.just("correct"), st.integers(0, 30), st.tuples(MINUTES, st.integers(0, 130))),
)


@given(st.lists(MOVES, max_size=25))
def test_whatever_is_noted_in_whatever_order_nothing_overlaps_totals_fit_and_nothing_is_lost(
    moves: list[tuple[object, ...]],
) -> None:
    book, seen = Book(), list[Fact]()
    for number, move in enumerate(moves):
        what, about, when = move
        now = at(when) if isinstance(when, int) else at(125)
        if what == "tick" and isinstance(about, UUID):
            since = rules.counts_from(STARTS, now, together=number % 2 == 0)
            book.add(rules.tick(book.facts, about, since, now), now + timedelta(seconds=number))
        elif what == "untick" and isinstance(about, UUID):
            book.add(rules.untick(book.facts, about, STARTS, now), now + timedelta(seconds=number))
        elif what in ("came", "left") and isinstance(about, UUID):
            decide = rules.came if what == "came" else rules.left
            book.add(decide(book.facts, about, now, BOUNDS), at(125))
        elif what in ("room", "online"):
            scope = Scope(Kind.MODE, about)  # type: ignore[arg-type] # somebody, or None
            book.add(rules.be(book.facts, scope, str(what), now), now)
        elif isinstance(what, Presence):
            scope = Scope(Kind.TUTOR, TUTOR, about)  # type: ignore[arg-type] # a triad, or None
            book.add(rules.be(book.facts, scope, what, now), now)
        elif book.facts and isinstance(about, int) and isinstance(when, tuple):
            fact = book.facts[about % len(book.facts)]
            step = replace(fact, from_at=at(when[0]), until_at=at(when[0] + when[1]))
            book.add(rules.change(book.facts, fact, step, BOUNDS), at(125))
        assert book.facts[: len(seen)] == seen  # nothing that was there has changed
        seen = list(book.facts)
    for scope in {fact.scope for fact in book.facts}:
        found = standing(fact for fact in book.facts if fact.scope == scope)
        for before, after in pairwise(found):
            assert before.until_at is not None
            assert before.until_at <= after.from_at
    replaced = [fact.replaces for fact in book.facts if fact.replaces]
    assert len(replaced) == len(set(replaced))
    told = {each.id for tip in rules.tips(book.facts) for each in rules.history(book.facts, tip)}
    assert told == {fact.id for fact in book.facts}
    session = Session(
        span(0, 120),
        {(TRIAD, n + 1): span(15 + 30 * n, 35 + 30 * n) for n in range(3)},
        [
            Sat(A, TRIAD, span(0, 120), ((1, Role.COUNSELLOR), (2, Role.OBSERVER), (3, Role.CLIENT))),
            Sat(B, TRIAD, span(0, 120), ((1, Role.CLIENT), (2, Role.COUNSELLOR), (3, Role.OBSERVER))),
            Sat(C, TRIAD, span(0, 120), ((1, Role.OBSERVER), (2, Role.CLIENT), (3, Role.COUNSELLOR))),
        ],
        frozenset((A, B, C)),
        book.facts,
    )
    for account in session.accounts(ENDS).values():
        assert 0 <= account.minutes <= 120
        assert account.room + account.online == account.minutes
        assert account.room >= 0
        assert account.online >= 0
        assert 0 <= account.guided <= account.minutes
        assert 0 <= account.late + account.early <= 120
        assert sum(held.minutes for held in account.held) <= min(60, account.minutes)


# --- the account -----------------------------------------------------------------------------------------------

ROUNDS = {(TRIAD, 1): span(15, 35), (TRIAD, 2): span(45, 65), (TRIAD, 3): span(75, 95)}
SAT = [
    Sat(A, TRIAD, span(0, 120), ((1, Role.COUNSELLOR), (2, Role.OBSERVER), (3, Role.CLIENT))),
    Sat(B, TRIAD, span(0, 120), ((1, Role.CLIENT), (2, Role.COUNSELLOR), (3, Role.OBSERVER))),
    Sat(C, TRIAD, span(0, 120), ((1, Role.OBSERVER), (2, Role.CLIENT), (3, Role.COUNSELLOR))),
]


def held(book: Book, **more: object) -> Session:
    return replace(Session(span(0, 120), ROUNDS, SAT, frozenset((A, B, C)), book.facts), **more)  # type: ignore[arg-type] # fields by name


def roles(session: Session, member: UUID, now: datetime = ENDS) -> list[tuple[int, Role, int]]:
    return [(each.round, each.role, each.minutes) for each in session.account(member, now).held]


def test_without_a_register_everybody_expected_counts_as_there() -> None:
    session = held(Book(), expected=frozenset((A, B)))
    assert [session.account(who, ENDS).minutes for who in (A, B, C)] == [120, 120, 0]
    assert roles(session, A) == [(1, Role.COUNSELLOR, 20)]  # round 2 lacked its client, round 3 its counsellor
    book = Book()
    book.add(rules.tick(book.facts, C, at(50), at(50)), at(50), How.TAP)
    session = held(book)
    assert [session.account(who, ENDS).minutes for who in (A, B, C)] == [120, 120, 70]


def test_role_minutes_are_the_rounds_as_they_ran_while_they_were_there_with_their_counsellor_and_client() -> None:
    book = Book()
    book.tick(0)
    book.tick(20, B)  # five minutes into round 1, of which B is the client
    book.tick(0, C)
    book.add(rules.left(book.facts, C, at(90), BOUNDS), at(90))
    session = held(book)
    assert roles(session, A) == [(1, Role.COUNSELLOR, 15), (2, Role.OBSERVER, 20), (3, Role.CLIENT, 15)]
    assert roles(session, B) == [(1, Role.CLIENT, 15), (2, Role.COUNSELLOR, 20), (3, Role.OBSERVER, 15)]
    assert roles(session, C) == [(1, Role.OBSERVER, 15), (2, Role.CLIENT, 20), (3, Role.COUNSELLOR, 15)]
    account = session.account(B, ENDS)
    assert (account.minutes, account.late, account.early) == (100, 20, 0)
    account = session.account(C, ENDS)
    assert (account.minutes, account.late, account.early) == (90, 0, 30)
    assert roles(session, A, at(50)) == [(1, Role.COUNSELLOR, 15), (2, Role.OBSERVER, 5)]


def test_a_guest_is_a_client_too() -> None:
    book = Book()
    for who in (A, C):
        book.tick(0, who)
    session = held(book, visited=frozenset(((TRIAD, 1),)))
    assert roles(session, A) == [(1, Role.COUNSELLOR, 20), (3, Role.CLIENT, 20)]
    assert roles(held(book), A) == [(3, Role.CLIENT, 20)]


def test_a_role_that_was_put_right_counts_as_it_was_put_right() -> None:
    book = Book()
    for who in (A, B, C):
        book.tick(0, who)
    book.add(Step(Scope(Kind.ROLE, A, TRIAD, 1), Role.OBSERVER, at(15), at(35)), at(130), How.CORRECTION)
    book.add(Step(Scope(Kind.ROLE, C, TRIAD, 1), Role.COUNSELLOR, at(15), at(35)), at(130), How.CORRECTION)
    session = held(book)
    assert roles(session, A)[0] == (1, Role.OBSERVER, 20)
    assert roles(session, C)[0] == (1, Role.COUNSELLOR, 20)
    assert (1, Role.CLIENT, 20) in roles(session, B)
    assert session.account(A, ENDS).in_role(Role.COUNSELLOR) == 0


def test_how_somebody_took_part_is_kept_by_person_and_for_all() -> None:
    book = Book()
    for who in (A, B, C):
        book.tick(0, who)
    book.add(rules.be(book.facts, Scope(Kind.MODE), Mode.ONLINE, at(60)), at(60))
    book.add(rules.be(book.facts, Scope(Kind.MODE, B), Mode.ROOM, at(90)), at(90))
    book.add(rules.be(book.facts, Scope(Kind.MODE, C), Mode.ONLINE, at(30)), at(30))
    session = held(book)
    assert [(a.room, a.online) for a in (session.account(who, ENDS) for who in (A, B, C))] == [
        (60, 60), (90, 30), (30, 90),
    ]  # fmt: skip
    assert session.account(A, ENDS).online + replace(session, usual=Mode.ONLINE).account(A, ENDS).room == 60


def test_guided_minutes_are_those_with_a_tutor_there_and_being_on_call_is_not() -> None:
    book = Book()
    for who in (A, D):
        book.tick(0, who)
    go = Scope(Kind.TUTOR, TUTOR)
    book.add(rules.be(book.facts, go, Presence.CIRCULATING, at(0)), at(0))
    book.add(rules.be(book.facts, Scope(Kind.TUTOR, TUTOR, OTHER), Presence.CONTINUOUS, at(30)), at(30))
    book.add(rules.be(book.facts, Scope(Kind.TUTOR, TUTOR, OTHER), Presence.NONE, at(50)), at(50))
    book.add(rules.be(book.facts, go, Presence.ON_CALL, at(100)), at(100))
    session = held(book, sat=[*SAT, Sat(D, OTHER, span(0, 120), ())])
    # With the other group alone from 30 to 50; of that group nothing but "none" is known after.
    assert session.account(A, ENDS).guided == 80
    assert session.account(D, ENDS).guided == 50


def test_who_turns_to_all_groups_or_to_another_no_longer_stays_with_the_first() -> None:
    book = Book()
    book.tick(0)
    for minute, triad, presence in (
        (0, None, Presence.CIRCULATING),
        (20, OTHER, Presence.CONTINUOUS),
        (30, TRIAD, Presence.CONTINUOUS),
        (40, None, Presence.CIRCULATING),
        (100, None, Presence.NONE),
    ):
        book.add(rules.be_with(book.facts, TUTOR, triad, presence, at(minute)), at(minute))
    assert held(book).account(A, ENDS).guided == 90


SPANS = st.lists(
    st.tuples(st.integers(0, 60), st.integers(1, 30)).map(lambda pair: span(pair[0], pair[0] + pair[1])), max_size=6
)


@given(SPANS, SPANS)
def test_time_in_both_and_time_in_the_first_alone_make_up_the_first(one: list[Span], other: list[Span]) -> None:
    assert minutes(rules.joined(one)) == minutes(meet(one, other)) + minutes(without(one, other))
    assert meet(one, other) == meet(other, one)
    assert not meet(without(one, other), other)


@pytest.mark.parametrize("wall", ["18:30", "20:29"])
def test_a_moment_of_the_session_is_on_its_own_clock(wall: str) -> None:
    assert f"{BOUNDS.moment(time.fromisoformat(wall)) + timedelta(hours=1):%H:%M}" == wall


def test_what_somebody_held_is_said_in_minutes() -> None:
    assert Held(TRIAD, 1, Role.CLIENT, (span(0, 3), span(5, 9))).minutes == 7
