"""An observer's live page on one round, as plain forms; what its script does is a form of the same page."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from litestar import get, post
from litestar.params import FromPath
from msgspec import json
from sqlalchemy.orm import Session

from threefold.core import observation as rules
from threefold.core.observation import Note
from threefold.core.refusal import Problem, Refusal
from threefold.feedback.queries import taken_along
from threefold.observation import actions
from threefold.observation.device import routes as of_a_device
from threefold.observation.watching import ROUND, Watching, labels, state, taking, watching
from threefold.store.sessions import Me
from threefold.store.within import NotYours
from threefold.web.forms import Form
from threefold.web.visit import Answer, Visit, Visited, signed_in

NOTE = f"{ROUND}/notes/{{note_id:uuid}}"
PRESSED_TWICE = timedelta(seconds=3)
# What the page needs without a signal; its worker keeps these beside the page itself.
PARTS = (
    *("threefold.css", "threefold.js", "autosave.js", "mark.svg"),
    *("observation.js", "observation-store.js", "clock-follow.js"),
)


@get(ROUND, **signed_in)
async def show(visit: Visited, triad_id: FromPath[UUID], number: FromPath[int]) -> Answer:
    def work(db: Session, me: Me) -> Watching:
        page = watching(visit, triad_id, number)(db, me)
        return page if page.closed else replace(page, focus=taken_along(db, page.held))

    page = await visit.read(work)
    if page.is_early and not page.closed:
        return visit.go(page.held.path)
    gone = visit.request.query_params.get("removed", "")
    return live(visit, page, removed=next((note for note in page.record.notes if str(note.id) == gone), None))


def live(visit: Visit, page: Watching, refusal: Refusal | None = None, **values: Any) -> Answer:
    said = {"removed": None, "typed": "", "problems": refusal.problems if refusal else (), **values}
    kept = [visit.house.static.address(name) for name in PARTS]
    device = json.encode(state(page) | {"keep": kept, "labels": labels(page), "most": rules.MOST_WORDS}).decode()
    return visit.page(
        "observation/live.html",
        status=422 if refusal else 200,
        page=page,
        device=device,
        new_note=visit.new_id(),
        **said,
    )


@post(f"{ROUND}/start", status_code=303, **signed_in)
async def start(visit: Visited, triad_id: FromPath[UUID], number: FromPath[int]) -> Answer:
    """Start the round's clock here and now."""
    page, _ = await visit.write(taking(visit, triad_id, number, lambda _: (), visit.now))
    return visit.go(page.path)


@post(f"{ROUND}/stamps", status_code=303, **signed_in)
async def stamp(visit: Visited, triad_id: FromPath[UUID], number: FromPath[int]) -> Answer:
    """Note something now: one press on a competency, or words of one's own."""
    form = await visit.form()
    words, quoted = form.get("words"), form.has("quoted")

    def new(page: Watching) -> Sequence[Note]:
        code = form.get("code") or None
        sent = form.id("id")
        twin = page.record.note(sent) if sent else None
        if twin and (twin.code, twin.words) == (code, words.strip()) and visit.now - twin.noted_at < PRESSED_TWICE:
            return ()  # the same press, come in twice
        id = visit.new_id() if sent is None or twin else sent
        return [Note(id, page.clock.seconds_into(visit.now), code, None, words, quoted, 1, visit.now)]

    return await noted(visit, triad_id, number, new, form, at="words")


@post(NOTE, status_code=303, **signed_in)
async def change(visit: Visited, triad_id: FromPath[UUID], number: FromPath[int], note_id: FromPath[UUID]) -> Answer:
    """Say whether it helped, or put it in other words; pressing the same effect again takes it back."""
    form = await visit.form()

    def new(page: Watching) -> Sequence[Note]:
        note = own(page, note_id)
        if form.has("effect"):
            effect = form.get("effect")
            return [replace(note, effect=None if effect == note.effect else effect, edition=note.edition + 1)]
        return [replace(note, words=form.get("words"), quoted=form.has("quoted"), edition=note.edition + 1)]

    return await noted(visit, triad_id, number, new, form, at=f"w-{note_id}")


@post(f"{NOTE}/removal", status_code=303, **signed_in)
async def remove(visit: Visited, triad_id: FromPath[UUID], number: FromPath[int], note_id: FromPath[UUID]) -> Answer:
    form = await visit.form()

    def new(page: Watching) -> Sequence[Note]:
        note = own(page, note_id)
        return [replace(note, removed_at=visit.now, edition=note.edition + 1)]

    return await noted(visit, triad_id, number, new, form, then=f"?removed={note_id}")


@post(f"{NOTE}/return", status_code=303, **signed_in)
async def bring_back(
    visit: Visited, triad_id: FromPath[UUID], number: FromPath[int], note_id: FromPath[UUID]
) -> Answer:
    form = await visit.form()

    def new(page: Watching) -> Sequence[Note]:
        note = page.record.note(note_id)
        if note is None:
            raise NotYours
        return [] if note.removed_at is None else [replace(note, removed_at=None, edition=note.edition + 1)]

    return await noted(visit, triad_id, number, new, form)


async def noted(
    visit: Visit,
    triad_id: UUID,
    number: int,
    new: Callable[[Watching], Sequence[Note]],
    form: Form,
    *,
    at: str = "",
    then: str = "",
) -> Answer:
    """Back to the page, or the page again with what is wrong beside the words that were typed."""
    page, taken = await visit.write(taking(visit, triad_id, number, new))
    if page.is_early and not page.closed:
        return visit.go(page.held.path)
    if taken.refused:
        sentence = next(iter(taken.refused.values()))
        return live(visit, page, Refusal((Problem(at, sentence),)), typed=form.get("words"))
    return visit.go(page.path + then)


def own(page: Watching, note_id: UUID) -> Note:
    note = page.record.note(note_id)
    if note is None or note.removed_at is not None:
        raise NotYours
    return note


@post(f"{ROUND}/finish", status_code=303, **signed_in)
async def finish(visit: Visited, triad_id: FromPath[UUID], number: FromPath[int]) -> Answer:
    """Done noting: on to rating."""

    def work(db: Session, me: Me) -> Watching:
        page = watching(visit, triad_id, number)(db, me)
        if not page.closed and page.held.has_begun(visit.now):
            actions.finish(db, page.held, page.member, page.record, now=visit.now)
        return page

    page = await visit.write(work)
    return visit.go(page.held.path)


routes = [show, start, stamp, change, remove, bring_back, finish, *of_a_device]
