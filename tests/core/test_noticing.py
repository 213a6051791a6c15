"""What tutors might want to look at: never on less than two pieces of evidence, always with the rounds it lies in."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from threefold.core.feedback import PIECES_WAIT, REFLECTION_WAITS, Rating
from threefold.core.noticing import LATELY, RUNNING, Care, Evidence, Piece, Round, Sign, people, ratings

START = datetime(2026, 10, 1, 18, 15, tzinfo=UTC)
AFTER = timedelta(hours=1)


def at(week: int) -> datetime:
    return START + timedelta(weeks=week)


def now(week: int) -> datetime:
    """Nine days after that week's round: everything about it that waits for time has had it."""
    return at(week) + timedelta(days=9)


def piece(author: str, week: int, example: str = "", *, skipped: bool = False, **levels: int | None) -> Piece:
    given = tuple(Rating(code, level, (example,) if example else ()) for code, level in levels.items())
    return Piece(author, given, at(week) + AFTER, skipped=skipped)


def held(
    week: int, counsellor: str = "Farid", *observers: Piece, own: Piece | None = None, client: Piece | None = None
) -> Round:
    return Round(f"/feedback/{counsellor}/{week}", 1, at(week), counsellor, 2, own, client, observers)


def reflected(week: int, **levels: Any) -> Piece:
    return piece("Farid", week, **levels)


def signs(rounds: list[Round], week: int) -> dict[object, list[Evidence]]:
    return {entry.who: list(entry.evidence) for entry in people(rounds, now(week))}


# --- people who might welcome a conversation ------------------------------------------------------------------


def test_two_observers_who_saw_the_same_thing_get_in_the_way_are_evidence() -> None:
    first = held(0, "Farid", piece("Ann", 0, "“At least…”", HC8=1, HC2=3), own=reflected(0))
    second = held(2, "Farid", piece("Ben", 2, "Went over time", HC8=1, HC2=1), own=reflected(2))
    assert signs([second, first], 2) == {
        "Farid": [Evidence(Sign.IN_THE_WAY, (first, second), at(2) + AFTER, 2, 2, "HC8", with_examples=True)]
    }
    assert signs([first, second], 2)["Farid"][0].weeks == 3


def test_one_example_missing_is_not_called_an_example() -> None:
    rounds = [
        held(0, "Farid", piece("Ann", 0, "“At least…”", HC8=1), own=reflected(0)),
        held(1, "Farid", piece("Ann", 1, HC8=1), own=reflected(1)),
    ]
    (found,) = signs(rounds, 1)["Farid"]
    assert (found.count, found.people, found.with_examples) == (2, 1, False)


@pytest.mark.parametrize("other", [{"HC2": 1}, {"HC8": 2}, {"HC8": None}])
def test_one_of_a_kind_is_nothing(other: dict[str, Any]) -> None:
    rounds = [
        held(0, "Farid", piece("Ann", 0, "x", HC8=1), own=reflected(0)),
        held(1, "Farid", piece("Ben", 1, "x", **other), own=reflected(1)),
        held(1, "Chloe", piece("Ben", 1, "x", HC8=1)),
    ]
    assert signs(rounds, 1) == {}


def test_what_lies_long_back_is_let_be() -> None:
    rounds = [held(week, "Farid", piece("Ann", week, "x", HC8=1), own=reflected(week)) for week in (0, 1)]
    assert list(signs(rounds, 1)) == ["Farid"]
    assert people(rounds, at(0) + LATELY) == []


def test_two_clients_who_did_not_feel_heard_and_never_one_twice() -> None:
    def rounds(*clients: str) -> list[Round]:
        return [
            held(week, "Farid", own=reflected(week), client=piece(who, week, heard=1))
            for week, who in enumerate(clients)
        ]

    two = rounds("Chloe", "Dev")
    assert signs(two, 1) == {"Farid": [Evidence(Sign.NOT_HEARD, tuple(two), at(1) + AFTER, 2, 2, "heard")]}
    assert signs(rounds("Chloe", "Chloe"), 1) == {}


def test_three_rounds_running_without_a_reflection_and_one_in_between_ends_the_run() -> None:
    seen = piece("Ann", 0, "x", HC2=3)
    skip = [piece("Farid", week, skipped=True) for week in range(4)]
    run = [held(0, "Farid", seen, own=skip[0]), held(1, "Farid", seen), held(2, "Farid", seen, own=skip[2])]
    assert signs(run, 2) == {"Farid": [Evidence(Sign.NO_REFLECTION, tuple(run), at(2) + AFTER, 3)]}
    # The second was never skipped: it counts once seven days have passed.
    late = [run[0], run[2], held(3, "Farid", seen)]
    assert people(late, at(3) + REFLECTION_WAITS - timedelta(minutes=1)) == []
    assert len(people(late, at(3) + REFLECTION_WAITS)) == 1
    assert signs([*run[:2], held(2, "Farid", seen, own=reflected(2)), held(3, "Farid", seen, own=skip[3])], 3) == {}


def test_two_rounds_nobody_wrote_about() -> None:
    silent = [held(week, "Farid", own=reflected(week)) for week in (0, 1)]
    assert signs(silent, 1) == {"Farid": [Evidence(Sign.NOBODY_WROTE, tuple(silent), at(1) + PIECES_WAIT, 2)]}
    assert people(silent, at(1) + PIECES_WAIT - timedelta(minutes=1)) == []
    nobody_asked = [Round("/a", 1, at(0), "Farid", 0, reflected(0)), silent[1]]
    assert signs(nobody_asked, 1) == {}


@pytest.mark.parametrize(("own", "sign"), [(2, Sign.SEES_LESS), (4, Sign.SEES_MORE), (3, None)])
def test_own_levels_a_level_away_from_what_others_saw(own: int, sign: Sign | None) -> None:
    rounds = [
        held(week, "Farid", piece("Ann" if week else "Ben", week, "x", HC2=3, HC8=None), own=reflected(week, HC2=own))
        for week in range(RUNNING)
    ]
    expected = {} if sign is None else {"Farid": [Evidence(sign, tuple(rounds), at(2) + AFTER, 3, 2)]}
    assert signs(rounds, 2) == expected
    assert signs(rounds[:2], 1) == {}


def test_an_entry_rests_after_a_chat_until_something_new_comes_in() -> None:
    rounds = [held(week, "Farid", piece("Ann", week, "x", HC8=1), own=reflected(week)) for week in (0, 1)]
    (entry,) = people(rounds, now(1))
    talked = at(1) + timedelta(days=1)
    assert [entry.rests(None), entry.rests(at(1)), entry.rests(talked)] == [False, False, True]
    # A late piece about an old round is new, whenever the round was.
    late = Piece("Ben", (Rating("HC8", 1, ("x",)),), talked + AFTER)
    (again,) = people([rounds[0], held(1, "Farid", *rounds[1].observers, late, own=reflected(1))], now(1))
    assert not again.rests(talked)


weeks = st.integers(0, 5)
names = st.sampled_from(["Ann", "Ben", "Chloe", "Dev"])
some_levels: st.SearchStrategy[dict[str, Any]] = st.dictionaries(
    st.sampled_from(["HC2", "HC8"]), st.one_of(st.none(), st.integers(1, 4)), max_size=2
)


@st.composite
def rounds_held(draw: st.DrawFn) -> Round:
    week, counsellor = draw(weeks), draw(names)
    observers = draw(st.lists(st.tuples(names, some_levels), max_size=2))
    own, client = draw(st.one_of(st.none(), some_levels)), draw(st.one_of(st.none(), names))
    return Round(
        f"/feedback/{counsellor}/{week}/{draw(st.integers(1, 3))}",
        1,
        at(week),
        counsellor,
        2,
        None if own is None else piece(counsellor, week, skipped=not own, **own),
        piece(client, week, heard=draw(st.integers(1, 4))) if client else None,
        tuple(piece(who, week, "x", **given) for who, given in observers),
    )


@given(st.lists(rounds_held(), max_size=20, unique_by=lambda one: one.path))
def test_nobody_is_ever_named_on_less_than_two_pieces_of_evidence(rounds: list[Round]) -> None:
    for entry in people(rounds, now(5)):
        for evidence in entry.evidence:
            assert evidence.count >= 2
            assert {each.counsellor for each in evidence.rounds} == {entry.who}
            assert list(evidence.rounds) == sorted(evidence.rounds, key=lambda one: one.at)
    for entry in ratings(rounds):
        for evidence in entry.evidence:
            assert evidence.rounds
            assert evidence.sign in Care


# --- ratings to read with care --------------------------------------------------------------------------------


def care(rounds: list[Round]) -> dict[object, list[Evidence]]:
    return {entry.who: list(entry.evidence) for entry in ratings(rounds)}


def test_one_answer_for_everything_three_rounds_running() -> None:
    def rounds(*levels: dict[str, Any]) -> list[Round]:
        return [held(week, "Farid", piece("Joy", week, "x", **given)) for week, given in enumerate(levels)]

    same: dict[str, Any] = {"HC2": 3, "HC8": 3, "HC10": None}
    run = rounds({"HC2": 2, "HC8": 3}, same, same, same)
    assert care(run) == {"Joy": [Evidence(Care.ONE_ANSWER, tuple(run[1:]), at(3) + AFTER, 3, of=3)]}
    assert care(rounds(same, same)) == {}
    assert care(rounds(same, same, same, {"HC2": 2, "HC8": 3})) == {}
    assert care(rounds(same, {"HC2": 2, "HC8": 2}, same)) == {}, "another answer each time is none"
    assert care(rounds(*[{"HC2": 3}] * 3)) == {}, "of one competency nothing can be said"


def test_no_example_three_rounds_running() -> None:
    def rounds(*examples: str) -> list[Round]:
        return [held(week, "Farid", piece("Joy", week, said, HC2=2, HC8=3)) for week, said in enumerate(examples)]

    run = rounds("x", "", "", "")
    assert care(run) == {"Joy": [Evidence(Care.NO_EXAMPLES, tuple(run[1:]), at(3) + AFTER, 3)]}
    assert care(rounds("", "", "", "x")) == {}


def test_sent_within_seconds_of_the_live_notes_and_only_where_that_can_be_known() -> None:
    def sent(week: int, seconds: int | None) -> Round:
        ready = None if seconds is None else at(week) + AFTER - timedelta(seconds=seconds)
        given = (Rating("HC2", 2, ("x",)), Rating("HC8", 3, ()))
        return held(week, "Dev", Piece("Ben", given, at(week) + AFTER, ready_at=ready))

    rounds = [sent(0, None), sent(1, 14), sent(2, 20), sent(3, -5)]
    assert care(rounds) == {"Ben": [Evidence(Care.QUICK, (rounds[1],), at(1) + AFTER, 1, of=3)]}
    assert care([sent(0, None), sent(1, 21)]) == {}


def test_much_sterner_than_others_who_saw_the_same_rounds() -> None:
    def beside(week: int, ioan: int, other: str) -> Round:
        return held(week, f"C{week}", piece("Ioan", week, "x", HC2=ioan, HC8=1), piece(other, week, "x", HC2=4, HC8=3))

    rounds = [beside(week, 2, f"O{week}") for week in range(6)]
    (found,) = care(rounds)["Ioan"]
    assert (found.sign, found.count, found.rounds) == (Care.STERNER, 6, tuple(rounds))
    assert list(care(rounds)) == ["Ioan"], "each of the others has one round alone"
    assert care(rounds[:4]) == {}, "four rounds are too few"


def test_two_people_who_always_give_each_other_more() -> None:
    def gives(week: int, who: str, whom: str, level: int) -> Round:
        return held(week, whom, piece(who, week, "x", HC2=level, HC8=level - 1))

    rounds = [
        gives(week, who, whom, 4 if {who, whom} == {"Kit", "Lena"} else 2)
        for week in range(2)
        for who, whom in (("Kit", "Lena"), ("Lena", "Kit"), ("Kit", "Ann"), ("Lena", "Ben"))
    ]
    found = care(rounds)
    assert {who: [(one.sign, one.other, one.count) for one in each] for who, each in found.items()} == {
        "Kit": [(Care.EACH_OTHER, "Lena", 4)],
        "Lena": [(Care.EACH_OTHER, "Kit", 4)],
    }
    one_way = [each for each in rounds if each.counsellor != "Kit"]
    assert care(one_way) == {}
