"""What has to be said of a term: each seat's letters in turn, from what was told last and what is so."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from threefold.core.diary import Shows
from threefold.core.invitation import Method
from threefold.core.roles import Role, RoleLabels
from threefold.core.slots import SessionShape
from threefold.core.term import HOLD, Circle, Kind, Meeting, Member, News, Notice, Seat, Term, Told, news

NOW = datetime(2026, 10, 1, 12, 0, tzinfo=UTC)
STARTS = datetime(2026, 10, 8, 17, 30, tzinfo=UTC)
PRACTICE, TRIAD = UUID(int=100), UUID(int=200)
ROTA = ((Role.COUNSELLOR, Role.CLIENT, Role.OBSERVER), (Role.OBSERVER, Role.COUNSELLOR, Role.CLIENT),
        (Role.CLIENT, Role.OBSERVER, Role.COUNSELLOR))  # fmt: skip


def a_member(number: int, name: str) -> Member:
    email = f"{name.lower()}@example.org"
    return Member(
        UUID(int=number), UUID(int=10 + number), name, email, takes_feed=False, shows=Shows.ROLES,
        overviews=((email, f"<{number}@elm.example>"),), written=1,
    )  # fmt: skip


def a_seat(number: int) -> Seat:
    return Seat(
        id=UUID(int=300 + number), uid=f"{number}@elm.example", member_id=UUID(int=number), triad_id=TRIAD,
        position=number, held=True, away=False, turns=tuple(enumerate(ROTA[number - 1], start=1)), sequence=-1,
        told=(), waiting=(),
    )  # fmt: skip


def a_term(seats: Mapping[int, Seat], **changes: object) -> Term:
    people = {UUID(int=n): a_member(n, name) for n, name in enumerate(("Amara", "Ben", "Chloe"), start=1)}
    shape = SessionShape(3, 20, 10, 15, 15)
    meeting = Meeting(PRACTICE, STARTS, STARTS + timedelta(hours=2), "Elm House", "", cancelled=False, shape=shape)
    term = Term(
        cohort_id=UUID(int=1000),
        cohort="Level 3",
        zone="Europe/London",
        labels=RoleLabels(),
        invites_ahead=None,
        tutor="Marion Shaw",
        members=people,
        meetings={PRACTICE: meeting},
        circles={TRIAD: Circle(TRIAD, PRACTICE, "Room 2", None)},
        seats=tuple(seats.values()),
    )
    return replace(term, **changes)  # type: ignore[arg-type] # each of its own type


def three() -> dict[int, Seat]:
    return {number: a_seat(number) for number in (1, 2, 3)}


def as_told(seat: Seat, notice: Notice) -> Seat:
    """The same seat once this letter may have been read."""
    told = Told(notice.sequence, notice.method, notice.recipient, notice.shown, notice.due_at)
    others = tuple(each for each in seat.told if each.recipient != notice.recipient)
    return replace(seat, sequence=notice.sequence, told=(*others, told), waiting=())


def all_told(term: Term) -> Term:
    """The same term once everybody has had what is to be said."""
    said = {notice.seat_id: notice for notice in news(term, NOW).notices}
    seats = tuple(as_told(seat, said[seat.id]) if seat.id in said else seat for seat in term.seats)
    return replace(term, seats=seats)


def said(found: News) -> list[tuple[Kind, int]]:
    return [(notice.kind, notice.sequence) for notice in found.notices]


TOLD = all_told(a_term(three()))


def moved(term: Term, **changes: object) -> Term:
    return replace(term, meetings={PRACTICE: replace(term.meetings[PRACTICE], **changes)})  # type: ignore[arg-type] # each of its own type


def test_a_place_is_taken_moved_and_given_up() -> None:
    assert said(news(a_term(three()), NOW)) == [(Kind.INVITATION, 0)] * 3
    assert said(news(TOLD, NOW)) == []
    term = moved(TOLD, place="The Annexe")
    assert said(news(term, NOW)) == [(Kind.CHANGE, 1)] * 3
    term = moved(all_told(term), cancelled=True)
    gone = news(term, NOW)
    assert said(gone) == [(Kind.CANCELLATION, 2)] * 3
    assert {notice.method for notice in gone.notices} == {Method.CANCEL}
    assert {notice.shown.where for notice in gone.notices} == {"Room 2, The Annexe"}, "what their calendars hold"
    assert said(news(all_told(term), NOW)) == []


def test_nobody_invited_and_nothing_to_hold_means_nothing_to_send() -> None:
    assert said(news(moved(a_term(three()), cancelled=True), NOW)) == []


def test_a_place_held_again_after_its_cancellation_has_lapsed_and_is_not_re_opened() -> None:
    seats = {seat.position: seat for seat in all_told(moved(TOLD, cancelled=True)).seats}
    found = news(replace(TOLD, seats=tuple(seats.values())), NOW)
    assert said(found) == []
    assert set(found.lapsed) == {seat.id for seat in seats.values()}


@pytest.mark.parametrize(
    "change",
    [
        {"starts_at": STARTS + timedelta(hours=1)},
        {"ends_at": STARTS + timedelta(hours=2, minutes=5)},
        {"place": ""},
        {"link": "https://meet.example.org/a"},
    ],
)
def test_whatever_somebody_sees_raises_the_sequence_when_it_changes(change: dict[str, object]) -> None:
    assert said(news(moved(TOLD, **change), NOW)) == [(Kind.CHANGE, 1)] * 3


def test_a_room_a_role_a_partner_and_a_quieter_calendar_are_seen_too() -> None:
    room = replace(TOLD, circles={TRIAD: Circle(TRIAD, PRACTICE, "Room 5", None)})
    assert said(news(room, NOW)) == [(Kind.CHANGE, 1)] * 3
    one, two, three = TOLD.seats
    roles = replace(TOLD, seats=(replace(one, turns=two.turns), replace(two, turns=one.turns), three))
    assert said(news(roles, NOW)) == [(Kind.CHANGE, 1)] * 3, "who does what among the others is seen by the third"
    without = replace(TOLD, seats=(one, two, replace(three, held=False)))
    assert said(news(without, NOW)) == [(Kind.CHANGE, 1), (Kind.CHANGE, 1), (Kind.CANCELLATION, 1)]
    members = dict(TOLD.members)
    members[one.member_id] = replace(members[one.member_id], shows=Shows.QUIET)
    quieter = news(replace(TOLD, members=members), NOW)
    assert [(notice.kind, notice.seat_id) for notice in quieter.notices] == [(Kind.CHANGE, one.id)]


def test_a_name_put_right_is_nobodys_letter() -> None:
    members = {id_: replace(member, name=f"{member.name}-Ann") for id_, member in TOLD.members.items()}
    assert said(news(replace(TOLD, members=members), NOW)) == []


def test_who_takes_the_feed_is_not_invited_and_hears_on_if_they_were() -> None:
    members = {id_: replace(member, takes_feed=True) for id_, member in TOLD.members.items()}
    assert said(news(a_term(three(), members=members), NOW)) == []
    assert said(news(moved(replace(TOLD, members=members), place="The Annexe"), NOW)) == [(Kind.CHANGE, 1)] * 3


def knowing(term: Term) -> Term:
    """The same term once everybody has had the letter with all their dates, and no invitation."""
    heard = {
        seat.id: Told(-1, Method.REQUEST, term.members[seat.member_id].email, term.shown(seat), NOW, plain=True)
        for seat in term.seats
    }
    return replace(term, seats=tuple(replace(seat, heard=heard[seat.id]) for seat in term.seats))


@pytest.mark.parametrize("by_feed", [True, False])
def test_who_was_told_a_date_and_not_invited_hears_by_a_plain_letter(by_feed: bool) -> None:  # noqa: FBT001 - the two who are not invited
    members = {id_: replace(member, takes_feed=by_feed) for id_, member in TOLD.members.items()}
    term = knowing(a_term(three(), members=members, invites_ahead=None if by_feed else 1))
    assert said(news(term, NOW)) == []
    changed = news(moved(term, place="The Annexe"), NOW)
    assert said(changed) == [(Kind.CHANGE, 1)] * 3
    assert all(
        notice.plain and notice.was == term.shown(seat)
        for seat, notice in zip(term.seats, changed.notices, strict=True)
    )
    gone = news(moved(term, cancelled=True), NOW)
    assert said(gone) == [(Kind.CANCELLATION, 1)] * 3
    heard = tuple(replace(seat, heard=notice.told) for seat, notice in zip(term.seats, gone.notices, strict=True))
    assert said(news(replace(moved(term, cancelled=True), seats=heard), NOW)) == [], "once"
    away = tuple(replace(seat, away=True) for seat in term.seats)
    assert said(news(replace(term, seats=away), NOW)) == [], "they said so themselves"


def test_invitations_some_days_ahead_wait_for_their_day() -> None:
    term = a_term(three(), invites_ahead=3)
    assert said(news(term, STARTS - timedelta(days=3, minutes=1))) == []
    assert said(news(term, STARTS - timedelta(days=3))) == [(Kind.INVITATION, 0)] * 3


def test_an_address_put_right_lets_the_old_calendar_go_at_once() -> None:
    one = TOLD.seats[0]
    members = dict(TOLD.members)
    members[one.member_id] = replace(members[one.member_id], email="new@example.org")
    found = news(replace(TOLD, members=members), NOW)
    assert [(n.kind, n.recipient, n.sequence, n.due_at) for n in found.notices] == [
        (Kind.CANCELLATION, "amara@example.org", 1, NOW),
        (Kind.INVITATION, "new@example.org", 2, NOW),
    ]
    assert [overview.member.email for overview in found.overviews] == ["new@example.org"]


def test_what_waits_is_overtaken_by_what_holds_and_leaves_when_it_would_have() -> None:
    change = news(moved(TOLD, place="The Annexe"), NOW).notices[0]
    assert change.due_at == NOW + HOLD
    told = Told(change.sequence, change.method, change.recipient, change.shown, change.due_at)
    waiting = replace(TOLD.seats[0], waiting=(told,), sequence=change.sequence)
    term = replace(TOLD, seats=(waiting, *TOLD.seats[1:]))
    later = NOW + timedelta(minutes=4)
    again = news(moved(term, place="The Annexe"), later)
    assert waiting.id not in {notice.seat_id for notice in again.notices}, "it is on its way"
    other = news(moved(term, place="The Barn"), later)
    assert other.overtaken == (waiting.id,)
    assert (other.notices[0].sequence, other.notices[0].due_at) == (2, NOW + HOLD)
    back = news(term, later)
    assert (said(back), back.overtaken) == ([], (waiting.id,))


def test_who_would_set_out_within_two_hours_hears_at_once() -> None:
    soon = STARTS - timedelta(hours=1)
    (notice, *_) = news(moved(TOLD, starts_at=STARTS + timedelta(days=1)), soon).notices
    assert notice.due_at == soon


def test_a_time_that_was_kept_is_said_once_under_a_number_of_its_own() -> None:
    one, *others = TOLD.seats
    kept = replace(TOLD, seats=(replace(one, kept=0), *others))
    found = news(kept, NOW)
    assert [(n.kind, n.method, n.seat_id, n.sequence, n.due_at) for n in found.notices] == [
        (Kind.KEPT, Method.REQUEST, one.id, 1, NOW + HOLD)
    ]
    on_its_way = replace(one, kept=0, sequence=1, waiting=(found.notices[0].told,))
    assert news(replace(TOLD, seats=(on_its_way, *others)), NOW).notices == ()
    heard = as_told(replace(one, kept=0), found.notices[0])
    assert news(replace(TOLD, seats=(heard, *others)), NOW).notices == ()
    # What changes meanwhile is told instead of it; whoever is out, or never held an invitation, hears nothing of it.
    changed = news(moved(kept, place="The Annexe"), NOW)
    assert said(changed) == [(Kind.CHANGE, 1)] * 3
    away = news(replace(TOLD, seats=(replace(one, kept=0, away=True), *others)), NOW)
    assert said(away) == [(Kind.CANCELLATION, 1)]
    plain = replace(TOLD, seats=(replace(one, kept=0, told=(), heard=one.told[0]), *others), invites_ahead=1)
    assert said(news(plain, NOW)) == []


@settings(deadline=None)
@given(st.lists(st.sampled_from(["Room 1", "Room 2", "Room 3"]), max_size=12))
def test_sequence_never_falls_and_no_letter_repeats_the_one_before(rooms: list[str]) -> None:
    term, numbers = TOLD, [0]
    for room in rooms:
        term = replace(term, circles={TRIAD: Circle(TRIAD, PRACTICE, room, None)})
        numbers += [notice.sequence for notice in news(term, NOW).notices if notice.seat_id == TOLD.seats[0].id]
        term = all_told(term)
        assert said(news(term, NOW)) == []
    numbers += [notice.sequence for notice in news(moved(term, cancelled=True), NOW).notices][:1]
    assert numbers == list(range(len(numbers)))
