"""What a practice session looks like in somebody's calendar: neutral, without anybody's name but the centre's.

Calendars are shared with families and employers, so the title gives nothing away and no partner is named; the
description says the reader's own role round by round.
"""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from threefold.core.invitation import Entry

TITLE = "Practice session"


def entry(
    *,
    starts_at: datetime,
    ends_at: datetime,
    zone: str,
    where: str,
    link: str,
    roles: Sequence[tuple[datetime, str]],
    url: str,
) -> Entry:
    """The calendar entry of one seat. `roles` are the reader's own: (when the round starts, the role's word)."""
    local = ZoneInfo(zone)
    lines = [f"{when.astimezone(local):%H:%M} {word}" for when, word in roles]
    if link:
        lines += ["", f"Online: {link}"]
    lines += ["", f"Everything about it, and “I can’t make it”: {url}"]
    return Entry(
        starts_at=starts_at,
        ends_at=ends_at,
        zone=zone,
        summary=TITLE,
        location=where or link,
        description="\n".join(lines),
        url=url,
    )
