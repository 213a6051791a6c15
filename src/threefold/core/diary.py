"""What a practice session looks like in somebody's calendar: neutral, without anybody's name but the centre's.

Calendars are shared with families and employers, so the title gives nothing away and no partner is named; the
description says the reader's own role round by round, or nothing at all for those who want it quiet.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from threefold.core.invitation import Entry

TITLE = "Practice session"
CANCELLED_TITLE = f"Cancelled: {TITLE}"  # in a feed, for calendars that pass over STATUS
ONLINE = "Online"


class Shows(StrEnum):
    """How much somebody wants their calendar to show: their roles as well, or the time and place only."""

    ROLES = "roles"
    QUIET = "quiet"


def entry(
    *,
    starts_at: datetime,
    ends_at: datetime,
    zone: str,
    where: str,
    link: str,
    roles: Sequence[tuple[datetime, str]],
    url: str,
    shows: Shows = Shows.ROLES,
    title: str = TITLE,
) -> Entry:
    """The calendar entry of one seat. `roles` are the reader's own: (when the round starts, the role's word).

    A quiet one has time and place. The address of an online room says who meets there, so it stays on our page.
    """
    if shows is Shows.QUIET:
        location, description = where or (ONLINE if link else ""), url
    else:
        location, description = where or link, _described(zone, roles, link, url)
    return Entry(
        starts_at=starts_at,
        ends_at=ends_at,
        zone=zone,
        summary=title,
        location=location,
        description=description,
        url=url,
    )


def _described(zone: str, roles: Sequence[tuple[datetime, str]], link: str, url: str) -> str:
    local = ZoneInfo(zone)
    parts = (
        "\n".join(f"{when.astimezone(local).isoformat()[11:16]} {word}" for when, word in roles),
        f"Online: {link}" if link else "",
        f"Everything about it, and “I can’t make it”: {url}",
    )
    return "\n\n".join(filter(None, parts))
