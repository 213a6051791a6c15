"""How much one guest carries, whom they meet, and what letters to them say."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from threefold.core import guests as rules
from threefold.core.guests import (
    BREAK,
    RESTED,
    Answer,
    Door,
    Invitation,
    Meets,
    Pause,
    Said,
    Standing,
    cannot_meet,
    changes,
    door,
    invitation,
    pauses,
    standing,
    subject_of,
    too_much,
)
from threefold.core.refusal import Problem, Refusal

LONDON = "Europe/London"
FIRST = datetime(2026, 10, 8, 17, 45, tzinfo=UTC)  # 18:45 in London
LATER = datetime(2026, 12, 13, tzinfo=UTC)
BEFORE = datetime(2026, 10, 1, tzinfo=UTC)


def at(minute: int, lasts: int = 20, counsellor: str = "") -> Meets:
    begins = FIRST + timedelta(minutes=minute)
    return Meets(counsellor or f"at {minute}", begins, begins + timedelta(minutes=lasts))


def clocks(found: tuple[Pause, ...]) -> list[tuple[str, str, bool]]:
    return [(f"{each.starts_at:%H:%M}", f"{each.ends_at:%H:%M}", each.kept) for each in found]


@pytest.mark.parametrize(
    ("minutes", "found"),
    [
        ([], []),
        ([0], []),
        ([0, 30], [("18:35", "18:45", True)]),
        ([0, 30, 60], [("18:35", "18:45", True)]),
        ([0, 30, 60, 90], [("18:35", "18:45", True), ("19:35", "19:45", True)]),
        ([0, 20, 40], [("18:25", "18:25", False), ("18:45", "18:55", True)]),
        ([0, 25, 50], [("18:30", "18:35", False), ("18:55", "19:05", True)]),
        ([0, 50, 100], []),  # half an hour between them: nobody is in a row
        ([60, 0, 30], [("18:35", "18:45", True)]),  # in whatever order they come
    ],
)
def test_ten_minutes_are_theirs_after_two_in_a_row(minutes: list[int], found: list[tuple[str, str, bool]]) -> None:
    assert clocks(pauses([at(minute) for minute in minutes])) == found


EVENINGS = st.lists(st.tuples(st.integers(0, 60), st.integers(5, 40)), max_size=9)


def evening(steps: list[tuple[int, int]]) -> list[Meets]:
    """Encounters one after the other: so long a gap, then so long an encounter."""
    found, begins = [], 0
    for gap, lasts in steps:
        begins += gap
        found.append(at(begins, lasts))
        begins += lasts
    return found


@given(EVENINGS)
def test_nobody_goes_through_three_without_ten_minutes_unless_it_is_said(steps: list[tuple[int, int]]) -> None:
    meets = evening(steps)
    short = [each for each in pauses(meets) if not each.kept]
    three = [
        group
        for group in zip(meets, meets[1:], meets[2:], strict=False)
        if all(later.starts_at - sooner.ends_at < BREAK for sooner, later in pairwise(group))
    ]
    said = {each.starts_at for each in short}
    for group in three:
        assert {group[0].ends_at, group[1].ends_at} & said, "three without a break, and nothing said"
    for each in short:
        here = next(one for one in meets if one.ends_at == each.starts_at)
        after = next(one for one in meets if one.starts_at >= here.ends_at and one is not here)
        before = [one for one in meets if one.ends_at <= here.starts_at and one is not here]
        assert after.starts_at - here.ends_at < BREAK, "said of a gap that is long enough"
        assert before, "said after the first"
        assert here.starts_at - before[-1].ends_at < RESTED, "said of one who had rested"


@given(EVENINGS, st.integers(0, 8), st.integers(1, 8))
def test_only_what_the_new_ones_bring_is_said_and_knowing_it_all_leaves_nothing(
    steps: list[tuple[int, int]], cut: int, most: int
) -> None:
    meets = evening(steps)
    others, new = meets[:cut], meets[cut:]
    said = too_much(new, others, most_a_day=most, zone=LONDON)
    assert too_much([], meets, most_a_day=most, zone=LONDON) == ()
    days = {each.on(LONDON) for each in new}
    over = [on for on in days if sum(each.on(LONDON) == on for each in meets) > most]
    assert sum("a day was agreed" in sentence for sentence in said) == len(over)
    if all(later.starts_at - sooner.ends_at >= BREAK for sooner, later in pairwise(meets)):
        assert len(said) == len(over), "a break is kept everywhere"


def test_what_is_said_names_the_number_the_day_and_the_minute() -> None:
    said = too_much([at(40), at(60)], [at(0), at(20)], most_a_day=3, zone=LONDON)
    assert said == (
        "That would make 4 encounters on Thursday 8 October; 3 a day was agreed.",
        "There would be no ten minutes to themselves after two in a row, at 19:25 on Thursday 8 October.",
        "There would be no ten minutes to themselves after two in a row, at 19:45 on Thursday 8 October.",
    )


@given(EVENINGS, st.integers(0, 9), st.integers(-30, 200))
def test_nobody_meets_a_counsellor_twice_or_is_in_two_places(
    steps: list[tuple[int, int]], whom: int, begins: int
) -> None:
    """Whatever order rounds are asked for in, what is let through never clashes and never repeats a counsellor."""
    taken: list[Meets] = []
    for number, each in enumerate([*evening(steps), at(begins, counsellor=str(whom))]):
        one = Meets(each.counsellor if begins % 2 else str(number % 4), each.starts_at, each.ends_at)
        if cannot_meet(one, taken, now=BEFORE, until=LATER, field="round") is None:
            taken.append(one)
    assert len({each.counsellor for each in taken}) == len(taken)
    ordered = sorted(taken, key=lambda each: each.starts_at)
    assert all(sooner.ends_at <= later.starts_at for sooner, later in pairwise(ordered))


@pytest.mark.parametrize(
    ("new", "others", "sentence"),
    [
        (at(0), [at(30, counsellor="Amara")], None),
        (at(0, counsellor="Amara"), [at(500, counsellor="Amara")], "never works with the same counsellor twice"),
        (at(10), [at(0)], "Nobody can be in two places."),
        (at(0), [at(-20)], None),
        (at(60 * 24 * 90), [], "Their link ends before that."),
        (at(-60 * 24 * 30), [], "This round has begun."),
    ],
)
def test_what_holds_whatever_a_tutor_says(new: Meets, others: list[Meets], sentence: str | None) -> None:
    found = cannot_meet(new, others, now=BEFORE, until=LATER, field="round")
    if sentence is None:
        assert found is None
    else:
        assert found is not None
        assert [(each.field, sentence in each.sentence) for each in found.problems] == [("round", True)]


@pytest.mark.parametrize(
    ("answer", "off", "stopped", "minute", "expected"),
    [
        (None, False, False, -5, Standing.ASKED),
        (Answer.ACCEPTED, False, False, -5, Standing.ACCEPTED),
        (Answer.DECLINED, False, False, -5, Standing.DECLINED),
        (Answer.DECLINED, False, False, 50, Standing.DECLINED),
        (Answer.ACCEPTED, True, False, -5, Standing.CALLED_OFF),
        (Answer.ACCEPTED, False, False, 0, Standing.UNDER_WAY),
        (Answer.ACCEPTED, False, False, 19, Standing.UNDER_WAY),
        (Answer.ACCEPTED, False, False, 20, Standing.OVER),
        (Answer.ACCEPTED, False, True, 5, Standing.STOPPED),
        (Answer.ACCEPTED, False, True, -1, Standing.STOPPED),  # the room was ahead of the plan
        (None, False, False, 0, Standing.UNANSWERED),
    ],
)
def test_how_an_encounter_stands(
    answer: str | None,
    off: bool,  # noqa: FBT001 - a column of the table above
    stopped: bool,  # noqa: FBT001 - and another
    minute: int,
    expected: Standing,
) -> None:
    here = at(0)
    found = standing(
        answer=answer,
        off=off,
        stopped=stopped,
        starts_at=here.starts_at,
        ends_at=here.ends_at,
        now=FIRST + timedelta(minutes=minute),
    )
    assert found is expected
    may = expected in {Standing.ASKED, Standing.ACCEPTED, Standing.DECLINED}
    assert (rules.may_answer(found) is None) is may


@pytest.mark.parametrize(
    ("stands", "stopped", "minutes"),
    [
        (Standing.OVER, None, 20),
        (Standing.STOPPED, 7, 7),
        (Standing.STOPPED, 60, 20),
        (Standing.STOPPED, -3, 0),
        (Standing.ACCEPTED, None, None),
        (Standing.UNDER_WAY, None, None),
        (Standing.CALLED_OFF, None, 0),
        (Standing.DECLINED, None, 0),
    ],
)
def test_minutes_that_were_held(stands: Standing, stopped: int | None, minutes: int | None) -> None:
    here = at(0)
    when = FIRST + timedelta(minutes=stopped) if stopped is not None else None
    assert rules.minutes_held(stands, here.starts_at, here.ends_at, when) == minutes


def test_a_link_opens_until_the_end_of_its_day_or_until_it_is_ended() -> None:
    until = rules.works_until(date(2026, 10, 25), LONDON, BEFORE)
    assert until == datetime(2026, 10, 26, tzinfo=UTC)  # the clocks went back that morning
    assert isinstance(until, datetime)
    assert rules.last_moment(until) == datetime(2026, 10, 25, 23, 59, tzinfo=UTC)
    assert door(expires_at=until, ended_at=None, now=until - timedelta(seconds=1)) is Door.OPEN
    assert door(expires_at=until, ended_at=None, now=until) is Door.EXPIRED
    assert door(expires_at=until, ended_at=BEFORE, now=BEFORE) is Door.ENDED
    for wrong in (None, date(2026, 9, 30), date(2028, 1, 1)):
        assert isinstance(rules.works_until(wrong, LONDON, BEFORE), Refusal)


def test_everything_wrong_with_an_invitation_is_said_at_once() -> None:
    found = invitation(" ", "robin", None, LONDON, BEFORE)
    assert isinstance(found, Refusal)
    assert [each.field for each in found.problems] == ["name", "email", "until"]
    assert invitation(" Robin  Vale ", "Robin@Stage.Example", date(2026, 12, 12), LONDON, BEFORE) == Invitation(
        "Robin Vale", "Robin@stage.example", datetime(2026, 12, 13, tzinfo=UTC)
    )


def test_one_step_out_of_the_role_is_enough_and_what_is_none_is_not() -> None:
    assert rules.stepped_out(["own", "name", "made up"]) == ("name", "own")
    assert rules.stepped_out(["made up"]) == Refusal((Problem("steps", rules.TICK_ONE),))


def said(minute: int, where: str = "Room 2") -> Said:
    here = at(minute)
    return Said(here.starts_at, here.ends_at, LONDON, where, "")


def test_a_letter_says_what_is_new_moved_or_off_and_nothing_twice() -> None:
    one, two = said(0), said(30)
    assert changes({"a": one, "b": two}, {"a": one, "b": two}) == ()
    assert [(each.was, each.now) for each in changes({"a": one}, {"b": two, "a": said(60)})] == [
        (one, said(60)),
        (None, two),
    ]
    assert changes({"a": one}, {}, ["a"]) == ()
    assert [(each.was, each.now) for each in changes({"a": one}, {})] == [(one, None)]
    assert subject_of(changes({}, {"a": one})) == "Could you come as our guest on Thursday 8 October?"
    assert subject_of(changes({"a": one}, {})) == "Cancelled: your visit on Thursday 8 October"
    assert subject_of(changes({"a": one}, {"a": said(0, "Room 5")})) == "Changed: your visit on Thursday 8 October"


@given(
    st.dictionaries(st.sampled_from("abcd"), st.integers(0, 3)),
    st.dictionaries(st.sampled_from("abcd"), st.integers(0, 3)),
)
def test_after_a_letter_there_is_nothing_more_to_say(told: dict[str, int], stands: dict[str, int]) -> None:
    was = {id: said(30 * place) for id, place in told.items()}
    now = {id: said(30 * place) for id, place in stands.items()}
    assert (changes(was, now) == ()) is (was == now)
    assert changes(now, now) == ()
    for each in changes(was, now):
        assert len(subject_of([each])) <= 60


def test_a_guest_and_a_counsellor_know_each_other_by_first_name() -> None:
    assert rules.guest_seen("Robin Vale") == "Robin (guest)"
    assert rules.counsellor_seen("Amara Okafor") == "Amara"
    assert rules.counsellor_seen("") == ""
