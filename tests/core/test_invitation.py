"""The UID of a place, and a step as the message it becomes. Which step is due is told in test_term."""

from datetime import UTC, datetime
from uuid import UUID

from threefold.core.invitation import (
    Entry,
    Invitation,
    Method,
    Status,
    Step,
    new_uid,
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


def test_a_uid_belongs_to_one_place_and_tells_nothing() -> None:
    uid = new_uid(SEAT, "elm.example")
    assert uid == new_uid(SEAT, "elm.example")
    assert uid != new_uid(UUID(int=SEAT.int + 1), "elm.example")
    assert uid.endswith("@elm.example")
    assert SEAT.hex not in uid


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
