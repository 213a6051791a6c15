"""The rules of live notes: copies that come in any order become the same notes, and each note stands for itself."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from threefold.core import observation as rules
from threefold.core.feedback import MOST_MOMENT
from threefold.core.observation import Note
from threefold.core.slots import Round

NOW = datetime(2026, 10, 1, 18, 0, tzinfo=UTC)
PLANNED = Round(1, NOW, NOW + timedelta(minutes=20), NOW + timedelta(minutes=30))
CODES = ("HC2", "HC8")


def note(**changes: object) -> Note:
    plain = Note(UUID(int=1), 440, "HC2", None, "", quoted=False, edition=1, noted_at=NOW)
    return replace(plain, **changes)  # type: ignore[arg-type] # whatever a test wants changed


def moments() -> st.SearchStrategy[datetime]:
    return st.integers(0, 600).map(lambda seconds: NOW - timedelta(seconds=seconds))


def notes() -> st.SearchStrategy[Note]:
    """Copies of three notes in three editions, as devices with little in common might hold them."""
    return st.builds(
        Note,
        id=st.integers(1, 3).map(lambda number: UUID(int=number)),
        seconds=st.integers(0, 1200),
        code=st.sampled_from(CODES),
        effect=st.sampled_from([None, *rules.EFFECTS]),
        words=st.sampled_from(["", "She waited", "“Go on”", "She waited\nThen a breath"]),
        quoted=st.booleans(),
        edition=st.integers(1, 3),
        noted_at=moments(),
        removed_at=st.none() | moments(),
    )


def kept_after(*batches: list[Note]) -> dict[UUID, Note]:
    """What is kept once these have come in, one after the other."""
    kept: dict[UUID, Note] = {}
    for batch in batches:
        kept |= {one.id: one for one in rules.take(kept.values(), batch, CODES, NOW).changed}
    return kept


@given(st.lists(notes(), max_size=4), st.lists(notes(), max_size=4), st.lists(notes(), max_size=4))
def test_whatever_the_order_and_however_often_the_notes_are_the_same(
    phone: list[Note], tablet: list[Note], again: list[Note]
) -> None:
    batches = [phone, tablet, again]
    found = [kept_after(*order) for order in permutations(batches)]
    assert all(each == found[0] for each in found)
    assert kept_after(*batches, phone, again, tablet) == found[0]
    assert kept_after([*phone, *tablet, *again]) == found[0]


@given(notes(), notes(), notes())
def test_joining_copies_is_commutative_associative_and_changes_nothing_twice(a: Note, b: Note, c: Note) -> None:
    a, b, c = (replace(each, id=UUID(int=1)) for each in (a, b, c))
    assert rules.merged(a, b) == rules.merged(b, a)
    assert rules.merged(rules.merged(a, b), c) == rules.merged(a, rules.merged(b, c))
    assert rules.merged(a, a) == a


@given(notes(), notes())
def test_an_older_edition_never_wins_and_no_line_of_the_same_edition_is_lost(a: Note, b: Note) -> None:
    a, b = replace(a, id=UUID(int=1)), replace(b, id=UUID(int=1))
    both = rules.merged(a, b)
    if a.edition != b.edition:
        assert both == max(a, b, key=lambda each: each.edition)
    else:
        assert set(filter(None, (*a.words.split("\n"), *b.words.split("\n")))) == set(
            filter(None, both.words.split("\n"))
        )


def test_what_was_taken_already_is_no_change() -> None:
    assert rules.take([note()], [note()], CODES, NOW) == rules.Taken((), {})


def test_each_note_is_refused_for_its_own_fault_and_holds_up_no_other() -> None:
    ids = [UUID(int=number) for number in range(1, 8)]
    found = rules.take(
        [],
        [
            note(id=ids[0]),
            note(id=ids[1], code="XX9", words="Stayed"),
            note(id=ids[2], words="a" * (rules.MOST_WORDS + 1)),
            note(id=ids[3], code=None, words="  "),
            note(id=ids[4], effect="wonderful"),
            note(id=ids[5], seconds=-1),
            note(id=ids[6], edition=0),
        ],
        CODES,
        NOW,
    )
    assert [one.id for one in found.changed] == ids[:1]
    unreadable = "This note’s time couldn’t be read. Write its words into a new one."
    assert found.refused == {
        ids[1]: "This isn’t looked for this term. Write its words into a new note.",
        ids[2]: "Shorten this to 390 characters. It has 391 now.",
        ids[3]: "Write a word or two first.",
        ids[4]: "Choose “Helped” or “Got in the way”, or neither.",
        ids[5]: unreadable,
        ids[6]: unreadable,
    }


def test_a_round_holds_five_hundred_notes_and_still_takes_changes_of_those() -> None:
    full = [note(id=UUID(int=number)) for number in range(1, rules.MOST_NOTES + 1)]
    changed = replace(full[0], effect=rules.HELPED, edition=2)
    found = rules.take(full, [changed, note(id=UUID(int=9999))], CODES, NOW)
    assert found.changed == (changed,)
    assert found.refused == {UUID(int=9999): "There are 500 notes on this round, which is as many as it can hold."}


def test_words_lose_control_characters_and_a_quotation_needs_words() -> None:
    later = NOW + timedelta(hours=1)
    found = rules.take([], [note(words=" a\x07b\u2028c\n", quoted=True, noted_at=later)], CODES, NOW)
    assert found.changed == (note(words="abc", quoted=True),)
    assert rules.take([], [note(words="\x07", quoted=True)], CODES, NOW).changed == (note(),)


def test_the_clock_runs_from_the_plan_until_the_observer_starts_it() -> None:
    planned, own = rules.clock(PLANNED, None), rules.clock(PLANNED, NOW + timedelta(minutes=4))
    at = NOW + timedelta(minutes=12, seconds=40)
    assert (planned.minutes, planned.seconds_into(at), planned.seconds_left(at)) == (20, 760, 440)
    assert (own.own, own.seconds_into(at), own.seconds_left(at)) == (True, 520, 680)
    assert (planned.seconds_into(NOW - timedelta(minutes=1)), planned.has_begun(NOW - timedelta(seconds=1))) == (
        0,
        False,
    )
    assert planned.seconds_left(NOW + timedelta(hours=1)) == 0


def test_the_latest_start_counts_and_one_from_a_clock_gone_wrong_does_not() -> None:
    first, second = NOW + timedelta(minutes=1), NOW + timedelta(minutes=3)
    later = NOW + timedelta(minutes=10)
    assert rules.started(first, second, NOW, later) == rules.started(second, first, NOW, later) == second
    assert rules.started(None, first, NOW, later) == first
    for wrong in (None, later + timedelta(seconds=1), NOW - timedelta(hours=1), NOW + timedelta(days=1)):
        assert rules.started(first, wrong, NOW, later) == first


def test_live_pages_open_a_quarter_of_an_hour_before_the_session() -> None:
    assert not rules.may_open(NOW, NOW - timedelta(minutes=15, seconds=1))
    assert rules.may_open(NOW, NOW - timedelta(minutes=15))


def test_a_note_becomes_a_moment_that_fits() -> None:
    assert rules.moment(note(words="Go on", quoted=True)) == "07:20 “Go on”"
    assert rules.moment(note(words="She waited")) == "07:20 She waited"
    assert rules.moment(note(effect=rules.IN_THE_WAY)) == "07:20 Got in the way"
    assert rules.moment(note()) == "07:20 Noticed"
    longest = note(words="a" * rules.MOST_WORDS, quoted=True, seconds=rules.MOST_SECONDS)
    assert len(rules.moment(longest)) <= MOST_MOMENT


def test_pages_are_what_is_asked_for_then_what_was_stamped_most_and_four_at_most() -> None:
    term = ("A", "B", "C", "D", "E", "F")
    assert rules.looked_at(("A", "B"), ("D", "C", "D"), (), term, 4) == ("A", "B", "D", "C")
    assert rules.looked_at(("A", "B", "C"), ("D", "E", "E"), (), term, 4) == ("A", "B", "C", "E")
    assert rules.looked_at(("A", "B", "C"), ("E", "E"), {"D"}, term, 4) == ("A", "B", "C", "D")
    assert rules.looked_at(("A", "B", "C", "D"), ("E",), (), term, 4) == ("A", "B", "C", "D")


def test_what_nobody_picked_is_let_go_and_so_is_what_was_removed() -> None:
    picked, other = note(words="Kept"), note(id=UUID(int=2), words="Left")
    gone = note(id=UUID(int=3), words="Kept", removed_at=NOW)
    assert rules.not_picked([picked, other, gone], {"07:20 Kept"}) == (other.id, gone.id)


def test_why_a_round_takes_no_more_notes() -> None:
    plain = {"cancelled": False, "is_on": True, "opened": False}
    assert rules.closed(**plain, about="Kit") == ""
    assert rules.closed(**{**plain, "cancelled": True}, about="Kit").startswith("This session was cancelled")
    assert rules.closed(**{**plain, "is_on": False}, about="Kit") == "Kit can’t make it, so this round isn’t held."
    assert rules.closed(**{**plain, "opened": True}, about="Kit").startswith("Kit has opened your feedback")
