"""UID, SEQUENCE, REQUEST or CANCEL: what a calendar is told next."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from threefold.core.invitation import (
    Entry,
    Invitation,
    Method,
    Status,
    Step,
    Told,
    fingerprint,
    new_uid,
    next_step,
    written,
)

SEAT = UUID("01900000-0000-7000-8000-000000000001")
ENTRY = Entry(
    starts_at=datetime(2026, 10, 8, 17, 30, tzinfo=UTC),
    ends_at=datetime(2026, 10, 8, 19, 30, tzinfo=UTC),
    zone="Europe/London",
    summary="Skills practice",
    location="Room 2, Elm House",
    description="18:45 You’re observing",
    url="https://practice.elm.example/sessions/2",
)


def told(step: Step | None, entry: Entry = ENTRY) -> Told:
    assert step
    return Told(step.sequence, step.method, fingerprint(entry))


def test_a_uid_belongs_to_one_place_and_tells_nothing() -> None:
    uid = new_uid(SEAT, "elm.example")
    assert uid == new_uid(SEAT, "elm.example")
    assert uid != new_uid(UUID(int=SEAT.int + 1), "elm.example")
    assert uid.endswith("@elm.example")
    assert SEAT.hex not in uid


def test_a_place_is_taken_moved_and_given_up() -> None:
    first = next_step(None, ENTRY)
    assert first == Step(Method.REQUEST, 0)
    assert next_step(told(first), ENTRY) is None
    moved = replace(ENTRY, location="Room 5")
    second = next_step(told(first), moved)
    assert second == Step(Method.REQUEST, 1)
    gone = next_step(told(second, moved), None)
    assert gone == Step(Method.CANCEL, 2)
    assert next_step(told(gone), None) is None


def test_nobody_invited_and_nothing_to_hold_means_nothing_to_send() -> None:
    assert next_step(None, None) is None


def test_a_place_taken_again_is_a_new_seat() -> None:
    with pytest.raises(ValueError, match="new seat"):
        next_step(Told(3, Method.CANCEL, fingerprint(ENTRY)), ENTRY)


@pytest.mark.parametrize(
    "change",
    [
        {"starts_at": ENTRY.starts_at + timedelta(hours=1)},
        {"ends_at": ENTRY.ends_at + timedelta(minutes=5)},
        {"zone": "Europe/Dublin"},
        {"summary": "Practice"},
        {"location": "Room 5"},
        {"description": ""},
        {"url": "https://practice.elm.example/sessions/3"},
    ],
)
def test_whatever_a_calendar_shows_raises_the_sequence_when_it_changes(change: dict[str, object]) -> None:
    after = replace(ENTRY, **change)  # type: ignore[arg-type] # one field at a time, of its own type
    assert next_step(Told(4, Method.REQUEST, fingerprint(ENTRY)), after) == Step(Method.REQUEST, 5)


@settings(deadline=None)
@given(st.lists(st.sampled_from(["Room 1", "Room 2", "Room 3"]), max_size=12))
def test_sequence_never_falls_and_no_message_repeats_the_one_before(rooms: list[str]) -> None:
    last: Told | None = None
    sent: list[int] = []
    for room in rooms:
        entry = replace(ENTRY, location=room)
        if step := next_step(last, entry):
            sent.append(step.sequence)
            last = told(step, entry)
    if step := next_step(last, None):
        sent.append(step.sequence)
    assert sent == list(range(len(sent)))


def test_the_message_of_a_step() -> None:
    stamp = datetime(2026, 9, 1, 9, 0, tzinfo=UTC)
    message = written(
        Step(Method.CANCEL, 2),
        ENTRY,
        uid="u@elm.example",
        organizer=("Elm House", "practice@elm.example"),
        attendee=("Kit", "kit@example.org"),
        stamp=stamp,
    )
    assert message == Invitation(
        starts_at=ENTRY.starts_at,
        ends_at=ENTRY.ends_at,
        zone="Europe/London",
        summary="Skills practice",
        location="Room 2, Elm House",
        description="18:45 You’re observing",
        url="https://practice.elm.example/sessions/2",
        uid="u@elm.example",
        sequence=2,
        method=Method.CANCEL,
        organizer_name="Elm House",
        organizer_email="practice@elm.example",
        attendee_name="Kit",
        attendee_email="kit@example.org",
        stamp=stamp,
        status=Status.CANCELLED,
    )
