"""The shared clock: phases that fit, and a hand that stands where the presses left it, whoever asks and whenever."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from threefold.core.clock import (
    FEEDBACK,
    MOST_PRESSES,
    Kind,
    Phase,
    Press,
    Standing,
    State,
    Timetable,
    What,
    begins,
    ends,
    phases_of,
    place_of,
    practice_of,
    state,
    still_stands,
    template_for,
    warning,
    why_not,
)
from threefold.core.refusal import Refusal
from threefold.core.slots import SessionShape, round_times, rounds_for, shape_for, total_minutes

BEGINS = datetime(2026, 10, 1, 17, 30, tzinfo=UTC)
EVENING = SessionShape(3, 20, 10, 15, 15)
ROOM_1, ROOM_2, A_FOUR = (UUID(int=number) for number in (1, 2, 4))
PHASES = phases_of(EVENING)
TIMETABLE = Timetable(BEGINS, PHASES, {A_FOUR: phases_of(EVENING, 4, 4)})
GROUPS = (None, ROOM_1, ROOM_2, A_FOUR)


def after(**time: float) -> datetime:
    return BEGINS + timedelta(**time)


def pressed(what: What, number: int, group: UUID | None = None, *, minutes: int = 0, **time: float) -> Press:
    return Press(UUID(int=1000 + number), what, after(**time), group, minutes * 60)


def started(*more: Press) -> list[Press]:
    return [pressed(What.START, 0), *more]


def where(presses: list[Press], group: UUID | None = None, **time: float) -> tuple[Standing, Kind | None, int, float]:
    """Standing, phase, round and minutes left."""
    found = state(TIMETABLE, presses, after(**time), group)
    phases = TIMETABLE.phases(group)
    phase = phases[found.place] if found.place < len(phases) else None
    return (
        found.standing,
        phase.kind if phase else None,
        (phase.round if phase else 0) or 0,
        found.left.total_seconds() / 60,
    )


# --- phases ---------------------------------------------------------------------------------------------------


def minutes_of(phases: tuple[Phase, ...], round: int) -> dict[str, float]:
    return {phase.kind.value: phase.length.total_seconds() / 60 for phase in phases if phase.round == round}


def test_an_evenings_rounds_keep_their_practice_and_share_the_minutes_around_it() -> None:
    assert minutes_of(PHASES, 1) == {
        "contracting": 2, "practice": 20, "self": 2, "client": 2, "observer": 3, "tutor": 1,
    }  # fmt: skip
    assert [phase.kind.value for phase in PHASES if phase.round is None] == ["welcome", "close"]


def test_minutes_between_rounds_hold_the_contracting_so_that_feedback_keeps_all_of_its_own() -> None:
    phases = phases_of(SessionShape(3, 20, 10, 15, 10, 5))
    assert minutes_of(phases, 2) == {
        "change": 2, "contracting": 3, "practice": 20, "self": 2, "client": 2, "observer": 4, "tutor": 2,
    }  # fmt: skip
    assert phases[0] == Phase(Kind.WELCOME, None, timedelta(minutes=12))


@pytest.mark.parametrize(
    ("practice", "size", "name"),
    [(3, 3, "Micro-skills"), (10, 3, "First skills"), (19, 3, "Skills"), (45, 3, "Assessed"), (20, 4, "A four")],
)
def test_the_template_is_the_nearest_below(practice: int, size: int, name: str) -> None:
    assert template_for(practice, size).name == name


shapes = st.builds(
    SessionShape,
    rounds=st.integers(1, 6),
    practice=st.integers(1, 60),
    feedback=st.integers(0, 30),
    opening=st.integers(0, 30),
    closing=st.integers(0, 30),
    between=st.integers(0, 10),
)


@given(shapes, st.integers(2, 5))
def test_phases_fill_the_session_and_meet_the_rounds_everybody_was_told(shape: SessionShape, size: int) -> None:
    rounds = rounds_for(shape, size)
    phases = phases_of(shape, rounds, size)
    cut = shape_for(shape, rounds)
    assert sum((phase.length for phase in phases), timedelta(0)) == timedelta(minutes=total_minutes(cut))
    assert all(phase.length > timedelta(0) for phase in phases)
    at, times = BEGINS, {round.number: round for round in round_times(BEGINS, shape, rounds)}
    for phase in phases:
        if phase.kind is Kind.PRACTICE and phase.round:
            assert phase.length == timedelta(minutes=cut.practice)
            assert times[phase.round].starts_at <= at < times[phase.round].ends_at
        if phase.kind in FEEDBACK and phase.round:
            assert at + phase.length <= times[phase.round].ends_at
        at += phase.length


@given(shapes)
def test_every_round_is_alike(shape: SessionShape) -> None:
    phases = phases_of(shape)
    first = {kind: length for kind, length in minutes_of(phases, 1).items() if kind != "change"}
    for number in range(2, shape.rounds + 1):
        assert {kind: length for kind, length in minutes_of(phases, number).items() if kind != "change"} == first


def test_a_four_that_does_not_fit_an_hour_is_said_so() -> None:
    hour = SessionShape(3, 12, 6, 3, 3)
    assert warning(hour, 3, 3, 60) == ""
    assert warning(hour, 4, 4, 60) == (
        "A four in 60 minutes has 4 rounds of 9 + 4 minutes, which is short. "
        "It can leave out a round, or go on for longer than the others."
    )
    assert warning(EVENING, 4, 4, 120) == ""
    assert warning(EVENING, 3, 3, 100) == "Three would need 20 minutes more than the 100 there are."


# --- where the hand stands ------------------------------------------------------------------------------------


def test_before_anything_is_pressed_it_stands_where_the_plan_has_it() -> None:
    assert where([], minutes=-10) == (Standing.PLANNED, Kind.WELCOME, 0, 15)
    assert where([], minutes=20) == (Standing.PLANNED, Kind.PRACTICE, 1, 17)
    assert where([], hours=3) == (Standing.PLANNED, None, 0, 0)


def test_a_late_start_moves_everything() -> None:
    late = [pressed(What.START, 0, minutes=0, seconds=420)]
    assert where(late, minutes=22) == (Standing.RUNNING, Kind.CONTRACTING, 1, 2)
    assert ends(PHASES, state(TIMETABLE, late, after(minutes=22))) == after(minutes=127)


def test_it_goes_from_phase_to_phase_by_itself_and_ends() -> None:
    assert where(started(), minutes=16) == (Standing.RUNNING, Kind.CONTRACTING, 1, 1)
    assert where(started(), minutes=17) == (Standing.RUNNING, Kind.PRACTICE, 1, 20)
    assert where(started(), minutes=120) == (Standing.OVER, None, 0, 0)


def test_a_pause_stands_still_for_as_long_as_it_lasts() -> None:
    presses = started(pressed(What.PAUSE, 1, seconds=20 * 60))
    assert where(presses, minutes=50) == (Standing.PAUSED, Kind.PRACTICE, 1, 17)
    presses.append(pressed(What.RESUME, 2, seconds=50 * 60))
    assert where(presses, minutes=51) == (Standing.RUNNING, Kind.PRACTICE, 1, 16)


def test_two_minutes_more_for_one_group_are_two_minutes_more_until_everybody_moves_on() -> None:
    presses = started(pressed(What.EXTEND, 1, ROOM_1, minutes=2, seconds=30 * 60))
    assert where(presses, ROOM_1, minutes=38) == (Standing.RUNNING, Kind.PRACTICE, 1, 1)
    assert where(presses, ROOM_2, minutes=38) == (Standing.RUNNING, Kind.SELF, 1, 1)
    assert where(presses, minutes=38) == (Standing.RUNNING, Kind.SELF, 1, 1)
    presses.append(pressed(What.NEXT, 2, seconds=38 * 60))
    for group in (None, ROOM_1, ROOM_2):
        assert where(presses, group, minutes=39) == (Standing.RUNNING, Kind.CLIENT, 1, 1)


def test_everybodys_next_leaves_a_group_that_is_there_already_where_it_is() -> None:
    presses = started(
        pressed(What.NEXT, 1, ROOM_1, seconds=30 * 60),
        pressed(What.NEXT, 2, ROOM_1, seconds=30 * 60 + 10),
        pressed(What.NEXT, 3, seconds=31 * 60),
    )
    assert where(presses, ROOM_1, seconds=31 * 60 + 10) == (Standing.RUNNING, Kind.CLIENT, 1, 1)
    assert where(presses, ROOM_2, minutes=31) == (Standing.RUNNING, Kind.SELF, 1, 2)


def test_a_four_takes_one_step_of_its_own() -> None:
    presses = started(pressed(What.NEXT, 1, seconds=5 * 60))
    assert where(presses, A_FOUR, minutes=5)[:3] == (Standing.RUNNING, Kind.CONTRACTING, 1)
    assert where(presses, minutes=5)[:3] == (Standing.RUNNING, Kind.CONTRACTING, 1)


def test_back_begins_the_phase_before_anew_and_stop_can_be_taken_back() -> None:
    presses = started(pressed(What.BACK, 1, seconds=20 * 60))
    assert where(presses, minutes=20) == (Standing.RUNNING, Kind.CONTRACTING, 1, 2)
    presses += [pressed(What.STOP, 2, seconds=21 * 60)]
    assert where(presses, minutes=40) == (Standing.STOPPED, Kind.CONTRACTING, 1, 1)
    presses += [pressed(What.RESUME, 3, seconds=41 * 60)]
    assert where(presses, minutes=41) == (Standing.RUNNING, Kind.CONTRACTING, 1, 1)


def test_after_the_end_there_can_be_a_little_more() -> None:
    presses = started(pressed(What.EXTEND, 1, minutes=2, seconds=125 * 60))
    assert where(presses, minutes=126) == (Standing.RUNNING, Kind.CLOSE, 0, 1)
    assert where([*started(), pressed(What.BACK, 1, seconds=125 * 60)], minutes=126)[:2] == (
        Standing.RUNNING,
        Kind.CLOSE,
    )


def test_presses_that_mean_nothing_yet_change_nothing() -> None:
    for what in (What.PAUSE, What.RESUME, What.NEXT, What.BACK, What.STOP):
        assert where([pressed(what, 1, seconds=60)], minutes=2) == (Standing.PLANNED, Kind.WELCOME, 0, 13)
    assert where(started(pressed(What.START, 1, seconds=60), pressed(What.RESUME, 2, seconds=90)), minutes=2) == (
        Standing.RUNNING,
        Kind.WELCOME,
        0,
        13,
    )


def test_a_clock_that_was_set_back_has_not_been_pressed_yet() -> None:
    assert where([pressed(What.START, 0, seconds=600)], minutes=5)[0] is Standing.PLANNED


def test_two_tutors_who_press_next_at_once_move_on_once() -> None:
    seen = state(TIMETABLE, started(), after(minutes=20))
    moved = state(TIMETABLE, started(pressed(What.NEXT, 1, seconds=20 * 60)), after(minutes=20, seconds=1))
    assert still_stands(seen, seen.place, What.NEXT)
    assert not still_stands(moved, seen.place, What.NEXT)
    assert still_stands(moved, seen.place, What.EXTEND)
    assert still_stands(moved, None, What.BACK)


def test_the_practice_an_observer_counts_leaves_pauses_out() -> None:
    presses = started(
        pressed(What.PAUSE, 1, seconds=20 * 60),
        pressed(What.RESUME, 2, seconds=25 * 60),
        pressed(What.EXTEND, 3, ROOM_1, minutes=2, seconds=26 * 60),
    )
    now = after(minutes=27)
    found = state(TIMETABLE, presses, now, ROOM_1)
    assert practice_of(PHASES, found, 1) == (after(minutes=22), after(minutes=44))
    assert practice_of(PHASES, found, 2) == (after(minutes=54), after(minutes=74))
    later = state(TIMETABLE, presses, after(minutes=50), ROOM_1)
    assert practice_of(PHASES, later, 1) == (after(minutes=17), after(minutes=44))
    assert practice_of(PHASES, state(TIMETABLE, [], now, ROOM_1), 1) is None
    assert place_of(PHASES, Kind.PRACTICE, 9) is None


def test_what_is_over_or_called_off_cannot_be_pressed() -> None:
    ends_at = after(hours=2)
    assert why_not(BEGINS, ends_at, after(minutes=5), cancelled=False) is None
    for moment, cancelled, how_many in (
        (after(minutes=5), True, 0),
        (after(hours=-3), False, 0),
        (after(hours=6), False, 0),
        (after(minutes=5), False, MOST_PRESSES),
    ):
        assert isinstance(why_not(BEGINS, ends_at, moment, cancelled=cancelled, how_many=how_many), Refusal)


# --- whatever is pressed --------------------------------------------------------------------------------------

some_presses = st.lists(
    st.builds(
        Press,
        id=st.uuids(),
        what=st.sampled_from(What),
        at=st.integers(-600, 9000).map(lambda seconds: BEGINS + timedelta(seconds=seconds)),
        group=st.sampled_from(GROUPS),
        seconds=st.integers(1, 30).map(lambda minutes: 60 * minutes),
    ),
    max_size=12,
)
moments = st.integers(-900, 12_000).map(lambda seconds: BEGINS + timedelta(seconds=seconds))


@given(some_presses, moments, st.sampled_from(GROUPS), st.randoms())
def test_the_order_of_arrival_makes_no_difference(
    presses: list[Press], now: datetime, group: UUID | None, dice: object
) -> None:
    shuffled = list(presses)
    dice.shuffle(shuffled)  # type: ignore[attr-defined] # Hypothesis' own random
    assert state(TIMETABLE, shuffled, now, group) == state(TIMETABLE, presses, now, group)


@given(some_presses, moments, st.sampled_from(GROUPS))
def test_it_always_stands_somewhere(presses: list[Press], now: datetime, group: UUID | None) -> None:
    found, phases = state(TIMETABLE, presses, now, group), TIMETABLE.phases(group)
    assert 0 <= found.place <= len(phases)
    assert timedelta(0) <= found.left <= found.whole
    assert (found.place == len(phases)) == (found.left == timedelta(0)) or found.standing is Standing.STOPPED
    known = [at for at in begins(phases, found) if at is not None]
    assert all(one <= other for one, other in pairwise(known))


@given(some_presses, moments, moments, st.sampled_from(GROUPS))
def test_while_nobody_presses_it_goes_forward_and_only_by_the_time_that_passes(
    presses: list[Press], one: datetime, other: datetime, group: UUID | None
) -> None:
    now, later = sorted((one, other))
    quiet = [press for press in presses if not now < press.at <= later]
    before, then = state(TIMETABLE, quiet, now, group), state(TIMETABLE, quiet, later, group)
    assert then.place >= before.place
    if before.standing is Standing.RUNNING and then.place == before.place:
        assert before.left - then.left == later - now
    if before.standing in {Standing.PAUSED, Standing.STOPPED}:
        assert (then.place, then.left) == (before.place, before.left)


@given(some_presses, moments, st.integers(1, 3600), st.integers(0, 3600), st.sampled_from(GROUPS))
def test_pausing_and_going_on_keeps_the_time(
    presses: list[Press], at: datetime, pause: int, then: int, group: UUID | None
) -> None:
    earlier = [press for press in presses if press.at < at]
    before = state(TIMETABLE, earlier, at + timedelta(seconds=then), group)
    paused = [
        *earlier,
        Press(UUID(int=1), What.PAUSE, at, group),
        Press(UUID(int=2), What.RESUME, at + timedelta(seconds=pause), group),
    ]
    if state(TIMETABLE, earlier, at, group).standing is not Standing.RUNNING:
        return
    after_it = state(TIMETABLE, paused, at + timedelta(seconds=then + pause), group)
    assert _still(after_it) == _still(before)


def _still(found: State) -> tuple[Standing, int, timedelta, timedelta]:
    return found.standing, found.place, found.left, found.whole


@given(some_presses, moments, st.sampled_from(What), moments)
def test_what_one_group_presses_never_moves_another(
    presses: list[Press], at: datetime, what: What, now: datetime
) -> None:
    mine = Press(UUID(int=7), what, at, ROOM_1, 120)
    for group in (None, ROOM_2, A_FOUR):
        assert state(TIMETABLE, [*presses, mine], now, group) == state(TIMETABLE, presses, now, group)


@given(some_presses, moments, st.sampled_from(GROUPS))
def test_a_press_after_now_changes_nothing_now(presses: list[Press], now: datetime, group: UUID | None) -> None:
    late = Press(UUID(int=9), What.STOP, now + timedelta(seconds=1), group)
    assert state(TIMETABLE, [*presses, late], now, group) == state(TIMETABLE, presses, now, group)
