"""Letters to guests: their link, and later what has changed since the last letter that counts. They name nobody.

A link's secret part follows from the guest, the moment it was made and the installation's secret, so that the store
holds its digest alone and every later letter can carry it.
"""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from msgspec import to_builtins
from sqlalchemy import select
from sqlalchemy.orm import Session

from threefold.core.guests import AHEAD, Change, Door, Said, Standing, changes, door, last_moment, subject_of
from threefold.core.identity import NewId, token_digest
from threefold.core.term import HOLD, SOON
from threefold.guests import encounters
from threefold.guests.encounters import LINK, NEWS, NO_POST, Booked, Post
from threefold.guests.queries import Invited
from threefold.mail import outbox
from threefold.mail.letters import Postroom
from threefold.mail.outbox import About, Written
from threefold.store.engine import Store
from threefold.store.rows import CohortRow
from threefold.store.tables import Cohort, Guest, Person
from threefold.web.security import Keys

LATELY = timedelta(days=2)  # so long a guest whose link has stopped working still hears that they need not come


def token_of(keys: Keys, guest: UUID, made_at: datetime) -> str:
    """The secret part of a guest's link; a new moment makes another one."""
    return keys.digest("guest", str(guest), f"{made_at:%Y%m%dT%H%M%S%f}").hex()


def path_of(token: str) -> str:
    return f"/guest/{token}"


def digest_of(keys: Keys, guest: UUID, made_at: datetime) -> bytes:
    return token_digest(token_of(keys, guest, made_at))


def stands(encounters: Collection[Booked], now: datetime) -> dict[str, Said]:
    """The encounters ahead of a guest, as letters say them."""
    return {_key(each): each.said for each in encounters if each.standing(now) in AHEAD}


def _key(each: Booked) -> str:
    """What letters know an encounter by: somebody who said no and is asked again is asked anew."""
    return f"{each.id}/{each.asked_at:%Y%m%dT%H%M%S%f}"


def _settled(encounters: Collection[Booked], now: datetime) -> set[str]:
    """Those of which nothing has to be said: they declined them, or their time has come."""
    return {
        _key(each)
        for each in encounters
        if each.standing(now) not in {*AHEAD, Standing.CALLED_OFF} or each.starts_at <= now
    }


def link_letter(
    postroom: Postroom,
    keys: Keys,
    guest: Invited,
    cohort: CohortRow,
    *,
    sender: str,
    until: datetime,
    id: UUID,
    now: datetime,
) -> Written:
    """The letter with a guest's link, and the times they are asked for."""
    ahead = stands(guest.encounters, now)
    dates = sorted(ahead.values(), key=lambda each: each.starts_at)
    return postroom.write(
        LINK,
        id=id,
        once=f"{LINK}:{guest.id}:{now:%Y%m%dT%H%M%S%f}",
        lane=encounters.lane(guest.id),
        person_id=guest.person_id,
        cohort_id=cohort.id,
        name=guest.name,
        recipient=guest.email,
        subject=subject_of([Change(None, dates[0])]) if dates else "Your page as our guest",
        sender_name=f"{sender} via Threefold",
        about=About(None, None, None, to_builtins(ahead)),
        now=now,
        expires_at=until,
        link=postroom.address(path_of(token_of(keys, guest.id, now))),
        dates=dates,
        until=last_moment(until),
        zone=cohort.zone,
        cohort=cohort.name,
        part=cohort.role_labels.client,
        sender=sender,
    )


@dataclass(frozen=True)
class News:
    """What a guest has to be told now, before it is written."""

    guest: UUID
    person_id: UUID
    name: str
    email: str
    cohort: tuple[UUID, str, str]
    sender: str
    made_at: datetime  # of their link
    works: bool  # the link still opens
    found: tuple[Change, ...]
    says: Mapping[str, Said]
    overtakes: tuple[UUID, ...]
    due_at: datetime
    number: int

    @property
    def what(self) -> tuple[object, ...]:
        """The same for two that would say the same, whenever they were looked for."""
        return self.guest, self.email, self.made_at, self.works, self.found, self.overtakes, self.number


def due(db: Session, now: datetime) -> list[News]:
    """Every guest whose letters no longer say what is so; four questions, however many guests."""
    rows = db.execute(
        select(
            Guest.id, Guest.person_id, Person.name, Person.email, Cohort.id, Cohort.name, Cohort.zone, Guest.invited_by,
            Guest.invited_at, Guest.expires_at, Guest.ended_at,
        )
        .join(Person, Person.id == Guest.person_id)
        .join(Cohort, Cohort.id == Guest.cohort_id)
        .where(Guest.expires_at > now - LATELY, Cohort.archived_at.is_(None))
    ).all()  # fmt: skip
    post = encounters.posts(db, [row[0] for row in rows])
    known = [row for row in rows if post.get(row[0], NO_POST).link_at]
    theirs: dict[UUID, list[Booked]] = {row[0]: [] for row in known}
    for each in encounters.booked(db, Guest.id.in_(list(theirs))) if theirs else ():
        theirs[each.guest_id].append(each)
    senders = _names(db, {row[7] for row in known})
    found = []
    for id, person, name, email, cohort, called, zone, by, made_at, expires_at, ended_at in known:
        works = door(expires_at=expires_at, ended_at=ended_at, now=now) is Door.OPEN
        news = _news(post[id], theirs[id], now)
        if news is not None:
            changed, says, due_at = news
            found.append(
                News(
                    id, person, name, email, (cohort, called, zone), senders[by], made_at, works, changed, says,
                    post[id].waiting, due_at, post[id].count,
                )
            )  # fmt: skip
    return found


def _news(
    post: Post, encounters: Collection[Booked], now: datetime
) -> tuple[tuple[Change, ...], dict[str, Said], datetime] | None:
    """What has changed since the last letter that counts; None where that, or what waits, says it already."""
    ahead, settled = stands(encounters, now), _settled(encounters, now)
    known = {_key(each) for each in encounters}
    found = changes({key: said for key, said in post.told.items() if key in known}, ahead, settled)
    if post.waiting:
        if found and not changes({k: said for k, said in post.waiting_says.items() if k in known}, ahead, settled):
            return None
    elif not found:
        return None
    at = [side.starts_at for each in found for side in (each.was, each.now) if side]
    due_at = min(post.due_at or now + HOLD, now + HOLD)
    return found, ahead, now if at and min(at) - now < SOON else due_at


def _names(db: Session, people: Collection[UUID]) -> dict[UUID, str]:
    if not people:
        return {}
    return {row.id: row.name for row in db.execute(select(Person.id, Person.name).where(Person.id.in_(list(people))))}


def news_letter(postroom: Postroom, keys: Keys, news: News, *, id: UUID, now: datetime) -> Written:
    """What has changed, in one letter."""
    cohort_id, called, zone = news.cohort
    over = max(side.ends_at for each in news.found for side in (each.was, each.now) if side)
    return postroom.write(
        NEWS,
        id=id,
        once=f"{NEWS}:{news.guest}:{news.number}",
        lane=encounters.lane(news.guest),
        person_id=news.person_id,
        cohort_id=cohort_id,
        name=news.name,
        recipient=news.email,
        subject=subject_of(news.found),
        sender_name=f"{news.sender} via Threefold",
        about=About(None, None, None, to_builtins(news.says)),
        now=now,
        due_at=news.due_at,
        expires_at=max(over, now + LATELY),
        link=postroom.address(path_of(token_of(keys, news.guest, news.made_at))) if news.works else "",
        gone=[each.was for each in news.found if each.now is None],
        moved=[(each.was, each.now) for each in news.found if each.was and each.now],
        new=[each.now for each in news.found if each.was is None],
        zone=zone,
        cohort=called,
        sender=news.sender,
    )


async def tell_guests(store: Store, postroom: Postroom, keys: Keys, *, now: datetime, new_id: NewId) -> int:
    """Write what guests have to hear now, and take back what no longer holds; how many letters."""
    wanted = await store.read(lambda db: due(db, now))
    if not wanted:
        return 0

    def write() -> list[tuple[News, Written | None]]:
        return [
            (each, news_letter(postroom, keys, each, id=new_id(), now=now) if each.found else None) for each in wanted
        ]

    written = await asyncio.to_thread(write)

    def post(db: Session) -> int:
        still: dict[Any, News] = {each.what: each for each in due(db, now)}
        posted = 0
        for news, letter in written:
            if news.what in still:
                outbox.overtake(db, (), now, letters=news.overtakes)
                posted += letter is not None and outbox.post(db, letter, now)
        return posted

    return await store.write(post)
