"""A person's practice sessions as calendars take them: the private feed under its secret address, one session's file.

The feed answers anybody who has its address and needs no cookie; its bytes and their ETag stay the same until
something in it changes, so that a calendar that looks every hour costs next to nothing.
"""

import gzip
from email.utils import format_datetime
from uuid import UUID

from litestar import Response, get
from litestar.params import FromPath
from sqlalchemy.orm import Session

from threefold.core.identity import token_digest
from threefold.mail.calendar import download_bytes, feed_bytes
from threefold.practice import feeds
from threefold.practice.feeds import Window
from threefold.store.sessions import Me
from threefold.store.within import NotYours
from threefold.web.access import seat_for
from threefold.web.cached import Pieces
from threefold.web.security import same
from threefold.web.visit import Answer, Visit, Visited, by_secret, signed_in

_PACKING = 6  # gzip's usual level: the highest takes half as long again for a hundredth less


@get("/calendar/feed/{person_id:str}/{secret:str}/practice.ics", **by_secret)
async def feed(visit: Visited, person_id: FromPath[str], secret: FromPath[str]) -> Answer:
    """Whatever is wrong with an address, the answer is the same 404, signed in or not."""
    whose = _id(person_id)
    found = await visit.read_open(lambda db, _me: _feed_of(visit, db, whose, secret)) if whose else None
    if found is None:
        visit.me = None  # the page must not depend on who happens to be signed in with this browser
        raise NotYours
    return calendar_answer(visit, found)


def _feed_of(visit: Visit, db: Session, whose: UUID, secret: str) -> Pieces | None:
    """The feed as it stands: as it was kept where nothing it depends on has changed, or written now."""
    reader = feeds.reader_of(db, whose)
    number = reader.number if reader else 0
    if not same(visit.house.keys.feed_token(str(whose), number), secret) or reader is None:
        return None
    window = Window.at(visit.now)
    courses = feeds.courses_of(db, whose, window)
    key = ("feed", whose, reader.shows, *((course.id, course.version, course.places) for course in courses))
    kept = visit.house.kept.get(key)
    if kept is not None:
        return kept
    settings = visit.house.settings
    entries = feeds.entries(db, whose, courses, window, reader.shows, settings.base_url)
    content = feed_bytes(entries, name=f"Practice, {settings.centre}")
    changed = format_datetime(max(entry.changed_at for entry in entries), usegmt=True) if entries else ""
    return visit.house.kept.put(key, [content, gzip.compress(content, _PACKING, mtime=0), changed.encode()])


@get("/seats/{seat_id:uuid}/invitation.ics", **signed_in)
async def download(visit: Visited, seat_id: FromPath[UUID]) -> Answer:
    def work(db: Session, me: Me) -> Pieces:
        seat_for(db, me, seat_id)
        entry = feeds.entry_of(db, me.id, seat_id, visit.house.settings.base_url)
        if entry is None:
            raise NotYours
        content = download_bytes(entry)
        return [
            content,
            gzip.compress(content, _PACKING, mtime=0),
            format_datetime(entry.changed_at, usegmt=True).encode(),
        ]

    answer = calendar_answer(visit, await visit.read(work))
    answer.headers["content-disposition"] = 'attachment; filename="practice.ics"'
    return answer


def feed_path(visit: Visit, person_id: UUID, number: int) -> str:
    """The secret address of somebody's feed; `number` is raised to replace it."""
    secret = visit.house.keys.feed_token(str(person_id), number)
    return f"/calendar/feed/{person_id}/{secret}/practice.ics"


def calendar_answer(visit: Visit, pieces: Pieces) -> Answer:
    """Calendar bytes, plain or packed, each under an ETag of its own; 304 for a reader that has them already.

    If-Modified-Since is not asked: an entry that has had its time goes without anything having changed.
    """
    content, packed, changed = pieces
    asked = visit.request.headers
    in_gzip = takes_gzip(asked.get("accept-encoding", ""))
    etag = f'"{token_digest(content.decode()).hex()[:32]}{"-gzip" if in_gzip else ""}"'
    headers = {"etag": etag, "cache-control": "private, no-cache", "vary": "accept-encoding"}
    if changed:
        headers["last-modified"] = changed.decode()
    if has_already(asked.get("if-none-match", ""), etag):
        return Response(None, status_code=304, headers=headers)
    if in_gzip:
        headers["content-encoding"] = "gzip"
    return Response(packed if in_gzip else content, media_type="text/calendar", headers=headers)


def has_already(if_none_match: str, etag: str) -> bool:
    """Whether a reader holds what has this ETag (RFC 9110, 13.1.2): one, a list, marked weak on its way, or any."""
    tags = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
    return bool(tags & {"*", etag})


def takes_gzip(accept_encoding: str) -> bool:
    """Whether gzip is among what a reader accepts, and not with q=0."""
    for accepted in accept_encoding.lower().split(","):
        coding, _, weight = accepted.partition(";")
        if coding.strip() in {"gzip", "x-gzip"}:
            return weight.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False


def _id(typed: str) -> UUID | None:
    try:
        return UUID(typed)
    except ValueError:
        return None


routes = [feed, download]
