"""Reading people's own calendars: when one is given, when its owner asks, and now and then by the clerk.

Always outside of any transaction, since an address may take seconds to answer and a large calendar seconds to read.
"""

import asyncio
from datetime import datetime

from threefold.availability import actions, queries
from threefold.availability.calendars import busy_times
from threefold.availability.fetching import Reach, fetch
from threefold.core.availability import Busy
from threefold.core.refusal import Refusal
from threefold.settings import Settings
from threefold.store.engine import Store


async def read_at(address: str, zone: str, settings: Settings, now: datetime) -> Busy | Refusal:
    """The busy times of the calendar at an address; a problem is one of the field `address`."""
    content = await fetch(address, Reach(this_machine=settings.plain_http))
    if isinstance(content, Refusal):
        return content
    found = await read(content, zone, settings, now)
    return Refusal.because(found.problems[0].sentence, "address") if isinstance(found, Refusal) else found


async def read(content: bytes, zone: str, settings: Settings, now: datetime) -> Busy | Refusal:
    """The busy times of a calendar that was sent; a problem is one of the field `calendar`."""
    return await asyncio.to_thread(busy_times, content, zone=zone, now=now, ours=settings.mail_domain)


async def read_what_is_due(store: Store, settings: Settings, now: datetime) -> int:
    """Read again what nobody has read for some hours; how many calendars. One that cannot be read stops no other."""
    due = await store.read(lambda db: queries.due(db, now))
    found = await asyncio.gather(*(read_at(each.address, each.zone, settings, now) for each in due))
    for each, busy in zip(due, found, strict=True):
        await store.write(
            lambda db, each=each, busy=busy: actions.keep_reading(db, each.person_id, each.address, busy, now=now)  # type: ignore[misc] # defaults of its own
        )
    return len(due)
