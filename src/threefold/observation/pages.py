"""An observer's live page on one round: as plain forms, and as the place a device sends its notes to."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath
from msgspec import DecodeError, Struct, json
from sqlalchemy.orm import Session

from threefold.clock.record import RoundClock, round_clock
from threefold.clock.showing import told as told_state
from threefold.clock.showing import told_lengths
from threefold.core import observation as rules
from threefold.core.competency import Competency
from threefold.core.observation import Clock, Note
from threefold.core.refusal import Problem, Refusal
from threefold.core.roles import Role
from threefold.feedback.queries import taken_along
from threefold.observation import actions, queries
from threefold.observation.record import Record
from threefold.store.rounds import Held, looked_for, of_round
from threefold.store.sessions import Me
from threefold.store.within import InTriad, NotYours
from threefold.web.access import triad_for
from threefold.web.forms import Form
from threefold.web.visit import Answer, Visit, Visited, open_to_all, signed_in

ROUND = "/observation/{triad_id:uuid}/{number:int}"
NOTE = f"{ROUND}/notes/{{note_id:uuid}}"
PRESSED_TWICE = timedelta(seconds=3)
# What the page needs without a signal; its worker keeps these beside the page itself.
PARTS = (
    *("threefold.css", "threefold.js", "autosave.js", "mark.svg"),
    *("observation.js", "observation-store.js", "clock-follow.js"),
)


@dataclass(frozen=True)
class Watching:
    """A round in front of its observer. `others`: what else the term looks for, beside what is asked for today."""

    within: InTriad
    held: Held
    asked: tuple[Competency, ...]
    others: tuple[Competency, ...]
    record: Record
    now: datetime
    shared: RoundClock
    focus: str = ""

    @property
    def member(self) -> UUID:
        return self.within.membership.id

    @property
    def path(self) -> str:
        return f"/observation/{self.held.triad_id}/{self.held.number}"

    @property
    def about(self) -> str:
        return self.held.counsellor.first

    @property
    def clock(self) -> Clock:
        return rules.clock(self.held.clock, self.record.started_at, self.shared.practice)

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(one.code for one in (*self.asked, *self.others))

    @property
    def closed(self) -> str:
        """Why nothing more is taken here, or ""."""
        return rules.closed(
            cancelled=self.within.practice.cancelled_at is not None,
            is_on=self.held.is_on,
            opened=self.held.opened_at is not None and self.held.piece_of(self.member) is not None,
            about=self.about,
        )

    @property
    def is_early(self) -> bool:
        return not rules.may_open(self.held.starts_at, self.now)

    @property
    def counts(self) -> Counter[str | None]:
        return Counter(note.code for note in self.record.shown)

    @property
    def blank(self) -> Note:
        """What a line looks like before anything is in it."""
        return Note(self.member, 0, None, None, "", quoted=False, edition=0, noted_at=self.now)

    def label(self, note: Note) -> str:
        return labels(self).get(note.code or "", "Noted")

    def time(self, seconds: int) -> str:
        return rules.said(seconds)

    def percent(self, now: datetime) -> str:
        """How much of the round has gone."""
        whole = self.clock.minutes * 60
        return f"{100 * (whole - self.clock.seconds_left(now)) / whole if whole else 0:.1f}"


# --- reaching a round -----------------------------------------------------------------------------------------


def watching(visit: Visit, triad_id: UUID, number: int) -> Callable[[Session, Me], Watching]:
    """A round for whoever observes it, or for a tutor of the cohort who drops in; nobody else (NotYours)."""

    def work(db: Session, me: Me) -> Watching:
        within = triad_for(db, me, triad_id)
        held = of_round(db, within, number, visit.now)
        party = held.party(within.membership.id)
        observes = party is not None and party.role is Role.OBSERVER and not party.away
        if not observes and (party is not None or not within.is_tutor):
            raise NotYours
        framework, asked = looked_for(db, held)
        codes = {one.code for one in asked}
        others = [framework.of(code) for code in held.looking.codes if code not in codes]
        record = queries.record_of(db, held, within.membership.id)
        shared = round_clock(db, within, number, visit.now)
        return Watching(within, held, asked, tuple(one for one in others if one is not None), record, visit.now, shared)

    return work


def taking(
    visit: Visit,
    triad_id: UUID,
    number: int,
    new: Callable[[Watching], Sequence[Note]],
    pressed: datetime | None = None,
) -> Callable[[Session, Me], tuple[Watching, rules.Taken]]:
    """Take what `new` makes of the round as it stands; nothing of a round that is closed or too early."""

    def work(db: Session, me: Me) -> tuple[Watching, rules.Taken]:
        page = watching(visit, triad_id, number)(db, me)
        notes = new(page)
        if page.closed or page.is_early:
            return page, rules.Taken((), {note.id: page.closed for note in notes})
        record, taken = actions.take(
            db, page.held, page.member, page.record, notes, page.codes, pressed=pressed, now=visit.now
        )
        return replace(page, record=record), taken

    return work


# --- the page, and its plain forms ----------------------------------------------------------------------------


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


def labels(page: Watching) -> dict[str, str]:
    return {one.code: one.short for one in (*page.asked, *page.others)}


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


# --- a device and its notes -----------------------------------------------------------------------------------


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


def state(page: Watching) -> dict[str, Any]:
    """What a device needs to know of a round. Moments are milliseconds since 1970."""
    return {
        "member": str(page.member),
        "path": page.path,
        "title": f"Round {page.held.number}, {page.about}",
        "now": milliseconds(page.now),
        "planned": milliseconds(page.held.clock.starts_at),
        "minutes": rules.clock(page.held.clock, None).minutes,
        "started": milliseconds(page.record.started_at) if page.record.started_at else None,
        "shared": {
            "path": f"/practice/{page.shared.practice_id}/clock",
            "group": str(page.shared.group),
            "round": page.shared.round,
            "phases": told_lengths(page.shared.phases),
            "state": told_state(page.shared.state),
        },
        "closed": page.closed,
        "notes": [
            {
                "id": str(note.id),
                "seconds": note.seconds,
                "code": note.code,
                "effect": note.effect,
                "words": "" if note.removed_at else note.words,
                "quoted": note.quoted,
                "edition": note.edition,
                "noted": milliseconds(note.noted_at),
                "removed": milliseconds(note.removed_at) if note.removed_at else None,
            }
            for note in page.record.notes
        ],
    }


def moment(since_1970: int) -> datetime:
    return datetime.fromtimestamp(since_1970 / 1000, UTC)


def milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)


@get("/observation/worker.js", **open_to_all)
async def worker(visit: Visited) -> Answer:
    """What keeps the live page for when there is no signal. Its address is its scope, so it lies beside its pages."""
    plain, _ = visit.house.static.files["observation-worker.js"]
    return Response(plain, media_type="text/javascript", headers={"cache-control": "no-cache"})


routes = [show, start, stamp, change, remove, bring_back, finish, hear, sync, worker]
