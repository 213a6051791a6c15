"""What a practice session looks like in somebody's calendar, with roles and quietly."""

from datetime import UTC, datetime, timedelta

import pytest

from threefold.core.diary import Shows, entry
from threefold.core.invitation import Entry

STARTS = datetime(2026, 10, 8, 17, 30, tzinfo=UTC)
PAGE = "https://practice.elm.example/practice/2"
LINK = "https://meet.example/counselling-level-3"


def shown(shows: Shows, where: str = "Room 2, Elm House", link: str = "") -> Entry:
    roles = [(STARTS + timedelta(minutes=15), "client"), (STARTS + timedelta(minutes=45), "counsellor")]
    ends = STARTS + timedelta(hours=2)
    return entry(
        starts_at=STARTS,
        ends_at=ends,
        zone="Europe/London",
        where=where,
        link=link,
        roles=roles,
        url=PAGE,
        shows=shows,
    )


def test_roles_stand_on_the_wall_clock_of_the_class_and_nobody_is_named() -> None:
    assert shown(Shows.ROLES, link=LINK) == Entry(
        starts_at=STARTS,
        ends_at=STARTS + timedelta(hours=2),
        zone="Europe/London",
        summary="Practice session",
        location="Room 2, Elm House",
        description=(
            f"18:45 client\n19:15 counsellor\n\nOnline: {LINK}\n\nEverything about it, and “I can’t make it”: {PAGE}"
        ),
        url=PAGE,
    )


def test_a_quiet_one_has_time_and_place_and_the_address_of_its_page() -> None:
    assert shown(Shows.QUIET) == Entry(
        starts_at=STARTS,
        ends_at=STARTS + timedelta(hours=2),
        zone="Europe/London",
        summary="Practice session",
        location="Room 2, Elm House",
        description=PAGE,
        url=PAGE,
    )


@pytest.mark.parametrize(
    ("where", "link", "roles", "quiet"),
    [
        ("Elm House", "", "Elm House", "Elm House"),
        ("Elm House", LINK, "Elm House", "Elm House"),
        ("", LINK, LINK, "Online"),
        ("", "", "", ""),
    ],
)
def test_where_it_is(where: str, link: str, roles: str, quiet: str) -> None:
    assert (shown(Shows.ROLES, where, link).location, shown(Shows.QUIET, where, link).location) == (roles, quiet)
    assert LINK not in shown(Shows.QUIET, where, link).description
