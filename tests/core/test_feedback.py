"""Feedback on a round: forms that are complete, and words that all open in the same instant."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from threefold.core.competency import Competency, Cue
from threefold.core.feedback import (
    CLIENT_ANSWERS,
    CLIENT_QUESTIONS,
    READING_ORDER,
    Felt,
    Kind,
    Observed,
    Rating,
    Reflected,
    Release,
    Waiting,
    asked_of,
    complete_client,
    complete_observer,
    complete_self,
    cues_ticked,
    is_late,
    may_change,
    rated,
    release,
    still_to_come,
    told_at_latest,
)
from threefold.core.refusal import Problem, Refusal
from threefold.core.roles import Role

LEVELS = {1: "One.", 2: "Two.", 3: "Three.", 4: "Four."}
EMPATHY = Competency("HC2", "Empathy", "Empathy", "…", LEVELS, (Cue("told", "Told them what they feel."),))
CHOICE = Competency("HC10", "Choice", "Client choice", "…", LEVELS, (Cue("pressed", "Pressed on."),))
ASKED = (EMPATHY, CHOICE)

LONG = "a" * 2001
ENDED = datetime(2026, 10, 8, 19, 5, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def observed(*ratings: Rating, helped: str = "You waited.", to_try: str = "Name the time.") -> Observed:
    return Observed(ratings, helped, to_try)


def test_what_each_role_is_asked_for_and_the_order_it_is_read_in() -> None:
    assert {role: asked_of(role) for role in Role} == {
        Role.COUNSELLOR: Kind.SELF,
        Role.CLIENT: Kind.CLIENT,
        Role.OBSERVER: Kind.OBSERVER,
    }
    assert READING_ORDER == (Kind.SELF, Kind.CLIENT, Kind.OBSERVER)


# --- the observer -----------------------------------------------------------------------------------------


def test_an_observers_piece_is_taken_as_written() -> None:
    piece = observed(Rating("HC2", 4, ("“It sounds lonely.”",)), Rating("HC10", None))
    assert complete_observer(piece, ASKED, "Kit") == piece


def test_everything_still_wanted_is_said_at_once_in_the_order_of_the_form() -> None:
    assert complete_observer(observed(Rating("HC2", 4), helped=" ", to_try=LONG), ASKED, "Kit") == Refusal(
        (
            Problem("HC2.moment", "Empathy: add one moment you saw or heard, so Kit can learn from it."),
            Problem("HC10", "Client choice: choose what is closest, or “Not seen this time”."),
            Problem("helped", "Write one thing that helped, so Kit can do it again."),
            Problem("to_try", "Shorten this to 2,000 characters. It has 2,001 now."),
        )
    )


@pytest.mark.parametrize("level", [2, 3, None])
def test_the_middle_levels_and_not_seen_ask_for_no_moment(level: int | None) -> None:
    assert rated(Rating("HC2", level), EMPATHY, "Kit") == Rating("HC2", level)


@pytest.mark.parametrize("level", [1, 4])
def test_the_first_and_the_last_level_ask_for_a_moment_or_what_was_said(level: int) -> None:
    wanted = Refusal.because("Empathy: add one moment you saw or heard, so Kit can learn from it.", field="HC2.moment")
    assert rated(Rating("HC2", level), EMPATHY, "Kit") == wanted
    assert rated(Rating("HC2", level, ("  ", "\n")), EMPATHY, "Kit") == wanted
    assert rated(Rating("HC2", level, (" Waited. ", "")), EMPATHY, "Kit") == Rating("HC2", level, ("Waited.",))
    said = Rating("HC2", level, what_was_said="“At least…”")
    assert rated(said, EMPATHY, "Kit") == said


@pytest.mark.parametrize("chosen", [1, 2, 3, 4, None])
def test_a_ticked_cue_makes_it_got_in_the_way_and_asks_what_was_said(chosen: int | None) -> None:
    ticked = Rating("HC2", chosen, ("A moment.",), ("told",))
    assert rated(ticked, EMPATHY, "Kit") == Refusal.because(
        "Empathy: say what Kit said or did, so that it can be looked at.", field="HC2.said"
    )
    told = Rating("HC2", chosen, ("A moment.",), ("told",), " “You’re angry.” ")
    counted = Rating("HC2", 1, ("A moment.",), ("told",), "“You’re angry.”")
    assert rated(told, EMPATHY, "Kit") == counted
    assert cues_ticked([counted, Rating("HC10", 3)]) == 1


def test_a_ticked_cue_alone_asks_one_thing_and_not_two() -> None:
    assert rated(Rating("HC2", None, cues=("told",)), EMPATHY, "Kit") == Refusal.because(
        "Empathy: say what Kit said or did, so that it can be looked at.", field="HC2.said"
    )


def test_a_cue_from_somewhere_else_decides_nothing() -> None:
    assert rated(Rating("HC2", 3, cues=("pressed",)), EMPATHY, "Kit") == Rating("HC2", 3)


def test_an_answer_that_is_none_of_the_five_is_no_answer() -> None:
    assert rated(Rating("HC2", 5), EMPATHY, "Kit") == Refusal.because(
        "Empathy: choose what is closest, or “Not seen this time”.", field="HC2"
    )


def test_long_words_are_asked_to_be_shorter_and_none_is_cut() -> None:
    assert rated(Rating("HC2", 3, ("m" * 401,), what_was_said=LONG), EMPATHY, "Kit") == Refusal(
        (
            Problem("HC2.moment", "Empathy: shorten this moment to 400 characters."),
            Problem("HC2.said", "Empathy: Shorten this to 2,000 characters. It has 2,001 now."),
        )
    )
    longest = observed(
        Rating("HC2", 4, ("m" * 400,), what_was_said="s" * 2000),
        Rating("HC10", None),
        helped="h" * 2000,
        to_try="t" * 2000,
    )
    assert complete_observer(longest, ASKED, "Kit") == longest


def test_ratings_that_were_not_asked_for_are_left_aside() -> None:
    piece = observed(Rating("HC10", 3), Rating("SK6", 4), Rating("HC2", 2))
    assert complete_observer(piece, ASKED, "Kit") == observed(Rating("HC2", 2), Rating("HC10", 3))


# --- the client -------------------------------------------------------------------------------------------


def test_the_client_is_asked_four_things_and_may_rather_not_say() -> None:
    assert [question.words for question in CLIENT_QUESTIONS] == [
        "I felt heard",
        "I could be myself",
        "The pace suited me",
        "I’d come back to that",
    ]
    assert CLIENT_ANSWERS == {1: "Not really", 2: "A little", 3: "Mostly", 4: "Very much"}
    piece = Felt({"heard": 4, "myself": None, "pace": 1, "return": None}, "")
    assert complete_client(piece) == piece


def test_a_client_hears_which_questions_are_left() -> None:
    assert complete_client(Felt({"heard": 4, "pace": 0}, LONG)) == Refusal(
        (
            Problem("myself", "I could be myself: choose an answer, or “Rather not say”."),
            Problem("pace", "The pace suited me: choose an answer, or “Rather not say”."),
            Problem("return", "I’d come back to that: choose an answer, or “Rather not say”."),
            Problem("did", "Shorten this to 2,000 characters. It has 2,001 now."),
        )
    )


# --- the counsellor ---------------------------------------------------------------------------------------


def test_a_reflection_asks_no_proof_of_oneself() -> None:
    piece = Reflected((Rating("HC2", 4), Rating("HC10", 1)), "Waiting.", "Name the time.", "I was tired.")
    assert complete_self(piece, ASKED) == piece


def test_a_reflection_says_what_is_left_and_keeps_to_what_was_asked() -> None:
    assert complete_self(Reflected((Rating("SK6", 3), Rating("HC10", 2)), "", " ", LONG), ASKED) == Refusal(
        (
            Problem("HC2", "Empathy: choose what is closest, or “Not seen this time”."),
            Problem("helped", "Write one thing you’d keep."),
            Problem("to_try", "Write one thing you’d like to try."),
            Problem("for_tutor", "Shorten this to 2,000 characters. It has 2,001 now."),
        )
    )


# --- release ----------------------------------------------------------------------------------------------

EXPECTED = ("client", "observer")


def seen(
    after: timedelta,
    *,
    reflected: timedelta | None = None,
    client: timedelta | None = None,
    observer: timedelta | None = None,
    cleared: timedelta | None = None,
    flagged: bool = False,
) -> Release:
    """The round as it stands `after` its end; each piece came at its own time after the end, None is not yet."""
    came = {"client": client, "observer": observer}
    return release(
        ended_at=ENDED,
        now=ENDED + after,
        reflected_at=None if reflected is None else ENDED + reflected,
        expected=EXPECTED,
        sent={who: ENDED + at for who, at in came.items() if at is not None},
        flagged=flagged,
        cleared_at=None if cleared is None else ENDED + cleared,
    )


def opened(after: timedelta) -> Release:
    return Release(ENDED + after, ENDED + after)


def closed(at_latest: timedelta, *waiting_for: Waiting) -> Release:
    return Release(None, ENDED + at_latest, waiting_for)


def test_all_is_in_and_the_reflection_opens_it() -> None:
    """The counsellor is the last: everything opens in the second of their own reflection."""
    assert seen(5 * HOUR, client=HOUR, observer=2 * HOUR) == closed(7 * DAY, Waiting.REFLECTION)
    assert seen(5 * HOUR, client=HOUR, observer=2 * HOUR, reflected=5 * HOUR) == opened(5 * HOUR)


def test_the_last_piece_opens_it_for_a_counsellor_who_has_reflected() -> None:
    assert seen(2 * HOUR, client=HOUR, reflected=HOUR) == closed(2 * DAY, Waiting.PIECES)
    assert seen(3 * HOUR, client=HOUR, observer=3 * HOUR, reflected=HOUR) == opened(3 * HOUR)


def test_an_observer_who_is_missing_holds_it_for_two_days_and_is_late_afterwards() -> None:
    assert seen(2 * DAY - timedelta(seconds=1), client=HOUR, reflected=HOUR) == closed(2 * DAY, Waiting.PIECES)
    assert seen(2 * DAY, client=HOUR, reflected=HOUR) == opened(2 * DAY)
    with_all = seen(3 * DAY, client=HOUR, observer=3 * DAY, reflected=HOUR)
    assert with_all == opened(2 * DAY)
    assert is_late(ENDED + 3 * DAY, with_all.opened_at)
    assert not is_late(ENDED + HOUR, with_all.opened_at)
    assert not is_late(ENDED + 2 * DAY, with_all.opened_at)
    assert not is_late(ENDED + 3 * DAY, None)


def test_without_a_reflection_it_opens_after_seven_days() -> None:
    assert seen(DAY) == closed(7 * DAY, Waiting.REFLECTION, Waiting.PIECES)
    assert seen(3 * DAY) == closed(7 * DAY, Waiting.REFLECTION)
    assert seen(7 * DAY) == opened(7 * DAY)
    assert seen(9 * DAY, reflected=8 * DAY) == opened(7 * DAY)


def test_a_round_nobody_else_was_asked_about_waits_for_the_reflection_alone() -> None:
    alone = release(ended_at=ENDED, now=ENDED + HOUR, reflected_at=ENDED + HOUR, expected=(), sent={})
    assert alone == opened(HOUR)


def test_something_that_got_in_the_way_waits_for_a_tutor() -> None:
    all_in = {"client": HOUR, "observer": 2 * HOUR, "reflected": 3 * HOUR}
    assert seen(4 * HOUR, **all_in, flagged=True) == closed(3 * HOUR + 2 * DAY, Waiting.TUTOR)
    assert seen(5 * HOUR, **all_in, flagged=True, cleared=5 * HOUR) == opened(5 * HOUR)
    assert seen(3 * HOUR + 2 * DAY, **all_in, flagged=True) == opened(3 * HOUR + 2 * DAY)


def test_a_tutors_look_never_opens_it_early() -> None:
    early = seen(2 * HOUR, client=HOUR, reflected=HOUR, flagged=True, cleared=2 * HOUR)
    assert early == closed(2 * DAY, Waiting.PIECES)
    assert seen(2 * DAY, client=HOUR, reflected=HOUR, flagged=True, cleared=2 * HOUR) == opened(2 * DAY)


def test_what_a_counsellor_is_told_of_the_latest_opening_never_tells_of_a_tutors_look() -> None:
    def told(after: timedelta, reflected: timedelta | None = HOUR) -> datetime | None:
        own = None if reflected is None else ENDED + reflected
        return told_at_latest(ended_at=ENDED, now=ENDED + after, reflected_at=own)

    assert told(2 * HOUR) == ENDED + 2 * DAY
    assert told(2 * HOUR, None) == ENDED + 7 * DAY
    assert told(4 * DAY, 3 * DAY) is None  # a tutor's look may still keep it; no date would be honest
    assert told(2 * DAY) is None


Story = tuple[datetime | None, datetime | None, datetime | None, datetime | None, bool]
"""When the reflection, the client's and the observer's piece and the tutor's look come, and whether there is a cue."""

moments = st.integers(0, 12 * 24 * 60).map(lambda minutes: ENDED + timedelta(minutes=minutes))
perhaps = st.none() | moments


def no_later(at: datetime | None, now: datetime) -> datetime | None:
    """What is known at `now`: nothing that has yet to happen."""
    return at if at is not None and at <= now else None


def as_known(
    now: datetime,
    reflected: datetime | None,
    client: datetime | None,
    observer: datetime | None,
    cleared: datetime | None,
    flagged: bool,  # noqa: FBT001 -- a story drawn by hypothesis, given on in one piece
) -> Release:
    came = {"client": no_later(client, now), "observer": no_later(observer, now)}
    return release(
        ended_at=ENDED,
        now=now,
        reflected_at=no_later(reflected, now),
        expected=EXPECTED,
        sent={who: at for who, at in came.items() if at is not None},
        flagged=flagged,
        cleared_at=no_later(cleared, now),
    )


stories = st.tuples(perhaps, perhaps, perhaps, perhaps, st.booleans())


def walked(now: datetime, story: Story) -> bool:
    """Whether somebody who walks through the round from event to event, without any sum, would have opened it by now.

    Nothing changes but when something comes in or a wait runs out, so that only these moments are looked at.
    """
    reflected, client, observer, cleared, flagged = story
    waits = (ENDED + 2 * DAY, ENDED + 7 * DAY)
    stops = sorted({ENDED, *waits, *(at for at in (reflected, client, observer, cleared) if at is not None)})
    complete: datetime | None = None  # since when nothing is wanted from anybody in the round
    for stop in stops:
        own = stop >= ENDED + 7 * DAY or (reflected is not None and stop >= reflected)
        others = stop >= ENDED + 2 * DAY or all(at is not None and stop >= at for at in (client, observer))
        if own and others:
            complete = stop
            break
    if complete is None or now < complete:
        return False
    return not flagged or now >= complete + 2 * DAY or (cleared is not None and now >= cleared)


@settings(max_examples=400)
@given(moments, stories)
def test_it_is_open_when_both_conditions_hold_and_never_before(now: datetime, story: Story) -> None:
    assert as_known(now, *story).is_open is walked(now, story)


@given(moments, moments, stories)
def test_once_open_it_stays_open_since_the_same_instant(
    one: datetime,
    other: datetime,
    story: Story,
) -> None:
    """Whatever comes in afterwards: later pieces, a late reflection, a tutor's look."""
    earlier, later = sorted((one, other))
    before, after = as_known(earlier, *story), as_known(later, *story)
    if before.is_open:
        assert after == before
        assert before.opened_at is not None
        assert before.opened_at <= earlier


@given(moments, stories)
def test_what_is_closed_says_what_it_waits_for_and_until_when(now: datetime, story: Story) -> None:
    found = as_known(now, *story)
    assert found.is_open is (found.waiting_for == ())
    assert found.is_open is (found.at_latest <= now)
    assert found.at_latest <= ENDED + 9 * DAY


@given(moments, stories)
def test_nobody_waits_longer_for_something_that_came_in(now: datetime, story: Story) -> None:
    reflected, client, _, cleared, flagged = story
    without = as_known(now, reflected, client, None, cleared, flagged)
    assert as_known(now, *story).at_latest <= without.at_latest


# --- afterwards, and what has not come in ------------------------------------------------------------------


def test_words_may_change_until_they_are_opened_by_their_reader() -> None:
    assert may_change(None)
    assert not may_change(ENDED)


def test_what_has_not_come_in_yet() -> None:
    assert still_to_come(("client", "observer", "second"), {"observer": ENDED}) == ("client", "second")
    assert still_to_come((), {"observer": ENDED}) == ()
