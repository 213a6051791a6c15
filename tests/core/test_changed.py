"""What people would notice when their seat changed, as the subject and the table of a letter."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from threefold.core.changed import Difference, differences, subject
from threefold.core.diary import Shows
from threefold.core.roles import Role
from threefold.core.term import SaidRound, Shown

STARTS = datetime(2026, 10, 8, 17, 30, tzinfo=UTC)
COUNSELLING = SaidRound(STARTS, Role.COUNSELLOR, "counsellor", "You’re counsellor", "Kit is your client")
WAS = Shown(
    starts_at=STARTS,
    ends_at=STARTS + timedelta(hours=2),
    zone="Europe/London",
    where="Room 2, Elm House",
    link="",
    partners=("Kit", "Grace"),
    rounds=(COUNSELLING,),
    others=(),
    shows=Shows.ROLES,
)


@pytest.mark.parametrize(
    ("now", "said", "change"),
    [
        (
            replace(WAS, starts_at=STARTS + timedelta(minutes=30), ends_at=WAS.ends_at + timedelta(minutes=30)),
            "Changed: Thursday 8 October now at 19:00",
            Difference(
                "When",
                "Thursday 8 October, 18:30 to 20:30 UK time",
                "Thursday 8 October, 19:00 to 21:00 UK time",
            ),
        ),
        (
            replace(WAS, starts_at=STARTS + timedelta(days=18), ends_at=WAS.ends_at + timedelta(days=18)),
            "Changed: Thursday 8 October now on Monday 26 October, 17:30",
            Difference(
                "When",
                "Thursday 8 October, 18:30 to 20:30 UK time",
                "Monday 26 October, 17:30 to 19:30 UK time",
            ),
        ),
        (
            replace(WAS, where="Room 5, Elm House"),
            "Changed: Thursday 8 October now in Room 5, Elm House",
            Difference("Where", "Room 2, Elm House", "Room 5, Elm House"),
        ),
        (
            replace(WAS, link="https://meet.example.org/a"),
            "Changed: Thursday 8 October",
            Difference("Online", "none", "https://meet.example.org/a"),
        ),
        (
            replace(WAS, partners=("Dev", "Grace")),
            "Changed: Thursday 8 October now with Dev and Grace",
            Difference("With", "Kit and Grace", "Dev and Grace"),
        ),
        (
            replace(WAS, rounds=(replace(COUNSELLING, role=Role.CLIENT, word="client"),)),
            "Changed: your roles on Thursday 8 October",
            Difference("Your roles", "18:30 counsellor", "18:30 client"),
        ),
        (
            replace(WAS, shows=Shows.QUIET),
            "Changed: Thursday 8 October",
            Difference("In your calendar", "with your roles", "time and place only"),
        ),
    ],
)
def test_each_change_is_said_with_what_it_was(now: Shown, said: str, change: Difference) -> None:
    assert subject(WAS, now) == said
    assert differences(WAS, now) == (change,)


def test_roles_that_move_with_the_session_are_the_same_roles() -> None:
    later = timedelta(minutes=30)
    now = replace(
        WAS,
        starts_at=STARTS + later,
        ends_at=WAS.ends_at + later,
        rounds=(replace(COUNSELLING, starts_at=STARTS + later),),
    )
    assert [change.label for change in differences(WAS, now)] == ["When"]


def test_nothing_is_said_where_nothing_changed() -> None:
    assert differences(WAS, replace(WAS)) == ()


def test_who_does_what_may_change_without_a_word_that_shows_it() -> None:
    """Kit and Grace change places while the reader counsels: a letter goes out, and has to say something."""
    swapped = ((UUID(int=1), ((1, Role.CLIENT),)),)
    now = replace(WAS, rounds=(replace(COUNSELLING, detail="Grace is your client"),), others=swapped)
    assert differences(WAS, now) == (
        Difference("Round by round", "18:30 Kit is your client", "18:30 Grace is your client"),
    )
