"""Where an observer's device sends its notes and hears of others', and the worker that keeps the page for it."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath
from msgspec import DecodeError, Struct, json

from threefold.core import observation as rules
from threefold.core.observation import Note
from threefold.observation.watching import ROUND, Watching, moment, state, taking, watching
from threefold.web.visit import Answer, Visit, Visited, open_to_all, signed_in


class SentNote(Struct):
    """A note as a device writes it; moments are milliseconds since 1970, by the server's clock as it knows it."""

    id: UUID
    seconds: int
    edition: int
    noted: int
    code: str | None = None
    effect: str | None = None
    words: str = ""
    quoted: bool = False
    removed: int | None = None

    @property
    def note(self) -> Note:
        removed_at = None if self.removed is None else moment(self.removed)
        return Note(
            self.id,
            self.seconds,
            self.code,
            self.effect,
            self.words,
            self.quoted,
            self.edition,
            moment(self.noted),
            removed_at,
        )


@get(f"{ROUND}/notes", **signed_in)
async def hear(visit: Visited, triad_id: FromPath[UUID], number: FromPath[int]) -> Answer:
    """How the round stands for its observer, for a device that has been away; with a form token of this sign-in."""
    page = await visit.read(watching(visit, triad_id, number))
    return told(page, visit, {}, token=visit.token)


@post(f"{ROUND}/notes", status_code=200, **signed_in)
async def sync(visit: Visited, triad_id: FromPath[UUID], number: FromPath[int]) -> Answer:
    """Take a device's notes. The form's token admits them as it admits any form; `member` says whose they are, so that
    nobody else who has signed in on that device sends them as their own.
    """
    form = await visit.form()
    try:
        sent = json.decode(form.get("notes") or "[]", type=list[SentNote])
        notes = [one.note for one in sent]
        pressed = moment(int(form.get("pressed"))) if form.get("pressed") else None
    except (DecodeError, ValueError, OverflowError, OSError):
        return Response({"sentence": "These notes couldn’t be read."}, status_code=422)
    if len(notes) > rules.MOST_NOTES:
        return Response({"sentence": f"Send {rules.MOST_NOTES} notes at a time."}, status_code=422)

    def new(page: Watching) -> Sequence[Note]:
        if str(page.member) != form.get("member"):
            raise Elsewhere
        return notes

    try:
        page, taken = await visit.write(taking(visit, triad_id, number, new, pressed))
    except Elsewhere:
        return Response({"other": True}, status_code=409)
    return told(page, visit, taken.refused)


class Elsewhere(Exception):  # noqa: N818 - said the way a person would
    """Somebody else is signed in on the device that sends these notes."""


def told(page: Watching, visit: Visit, refused: Any, **more: str) -> Answer:
    closed = page.closed or ("This round hasn’t begun yet." if page.is_early else "")
    if closed and visit.request.method == "POST":
        return Response({"closed": closed}, status_code=410)
    body = state(page) | more | {"refused": {str(id): sentence for id, sentence in refused.items()}}
    return Response(json.encode(body), media_type="application/json", headers={"cache-control": "no-store"})


@get("/observation/worker.js", **open_to_all)
async def worker(visit: Visited) -> Answer:
    """What keeps the live page for when there is no signal. Its address is its scope, so it lies beside its pages."""
    plain, _ = visit.house.static.files["observation-worker.js"]
    return Response(plain, media_type="text/javascript", headers={"cache-control": "no-cache"})


routes = [hear, sync, worker]
