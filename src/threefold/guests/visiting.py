"""A guest's own pages, reached by the secret in their address: no account, no cookie, and nobody else's name in full.

Looking changes nothing; forms are taken from our own pages only. A link that nobody has, that has had its time, or
that was ended shows the same kind page.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from litestar import get, post
from litestar.params import FromPath
from sqlalchemy.orm import Session

from threefold.core.feedback import CLIENT_ANSWERS, CLIENT_QUESTIONS, RATHER_NOT, RATHER_NOT_SAY, Felt
from threefold.core.guests import STEPS, Door, Pause, Standing
from threefold.core.guests import Answer as Said
from threefold.core.identity import token_digest
from threefold.core.refusal import Refusal
from threefold.core.sign_in import LIMITED_OVER
from threefold.guests import actions, encounters, guessing, queries
from threefold.guests.encounters import Booked
from threefold.guests.queries import Visitor
from threefold.mail.notices import Pile, tell, with_letters
from threefold.store.engine import Busy
from threefold.store.within import NotYours
from threefold.web.errors import Answered
from threefold.web.forms import Form
from threefold.web.ids import Ids
from threefold.web.visit import Answer, Visit, Visited, open_to_all

T = TypeVar("T")
ENCOUNTER = "/guest/{token:str}/encounters/{encounter_id:uuid}"
DONE = {
    "accepted": "Thank you. You’re expected.",
    "declined": "Noted, and thank you for saying so. Nobody asks why.",
    "stopped": "You’ve stopped. The tutor sees it, and comes to you. You need not say why.",
    "felt": "Thank you. It’s read together with what the others noticed.",
    "stepped": "Good. That’s all for this one.",
}
CLOSED, NOT_THERE = "closed", "not there"
OPTIONS = (*((str(level), words) for level, words in CLIENT_ANSWERS.items()), (RATHER_NOT, RATHER_NOT_SAY))


@dataclass(frozen=True)
class GuestView:
    """All that a guest sees."""

    visitor: Visitor
    encounters: tuple[Booked, ...]
    now: datetime

    @property
    def standing(self) -> dict[UUID, Standing]:
        return {each.id: each.standing(self.now) for each in self.encounters}

    @property
    def pauses(self) -> dict[datetime, Pause]:
        return queries.pauses_of(self.encounters, self.now)

    def those(self, *kinds: Standing) -> list[Booked]:
        return [each for each in self.encounters if self.standing[each.id] in kinds]

    @property
    def on_now(self) -> Booked | None:
        """The one they may stop: the latest that has begun, or the next where none before waits to be left behind."""
        soon = [each for each in self.encounters if each.may_stop(self.now) and each.felt_at is None]
        begun = [each for each in soon if each.starts_at <= self.now]
        return begun[-1] if begun else next(iter(() if self.to_leave else soon), None)

    @property
    def asked(self) -> list[Booked]:
        return self.those(Standing.ASKED)

    @property
    def to_leave(self) -> list[Booked]:
        """Those they have been in and not yet left behind."""
        there = self.those(Standing.STOPPED, Standing.OVER)
        return [each for each in there if each.felt_at is None or each.stepped_out_at is None]


def load(visit: Visit, token: str) -> Callable[[Session], Visitor | GuestView | None]:
    digest = token_digest(token)

    def work(db: Session) -> Visitor | GuestView | None:
        found = queries.visitor(db, digest)
        if found is None or found.door(visit.now) is not Door.OPEN:
            return found
        return GuestView(found, tuple(encounters.of_guest(db, found.id)), visit.now)

    return work


async def seen(visit: Visit, token: str) -> GuestView:
    """What the holder of this link sees. Raises Answered with the kind page where it does not open."""
    work = load(visit, token)
    found = await visit.read_open(lambda db, _me: work(db))
    visit.me = None  # the page must not depend on who happens to be signed in with this browser
    if isinstance(found, GuestView):
        return found
    raise Answered(await closed(visit, found))


async def closed(visit: Visit, found: Visitor | None) -> Answer:
    """The page for a link that does not open; after many unknown ones from one network, a wait."""
    if found is None and await too_many(visit):
        visit.me = None
        answer = visit.said(429)
        answer.headers["retry-after"] = str(int(LIMITED_OVER.total_seconds()))
        return answer
    visit.me = None
    return visit.page("guests/closed.html", status=410 if found else 404, contact=visit.house.settings.contact)


def not_there(visit: Visit) -> Answer:
    """An encounter that is not theirs looks like a link that nobody has."""
    return visit.page("guests/closed.html", status=404, contact=visit.house.settings.contact)


async def too_many(visit: Visit) -> bool:
    """Whether this network has tried so many unknown links within the hour that it has to wait; else one more is noted.

    A link that is somebody's opens all the same: a college's network is shared, and its guests are not locked out.
    """
    network, now, id_ = visit.network_digest, visit.now, visit.new_id()
    if await visit.read_open(lambda db, _me: guessing.has_to_wait(db, network, now)):
        return True
    await visit.write_open(lambda db: guessing.tried(db, network, now=now, id=id_))
    return False


@get("/guest/{token:str}", **open_to_all)
async def show(visit: Visited, token: FromPath[str]) -> Answer:
    """Their encounters, breaks among them. Opening it answers nothing."""
    return await guest_page(visit, token)


async def guest_page(visit: Visit, token: str, refusal: Refusal | None = None) -> Answer:
    view = await seen(visit, token)
    done = "" if refusal else DONE.get(visit.request.query_params.get("done", ""), "")
    return visit.page(
        "guests/visit.html",
        status=422 if refusal else 200,
        view=view,
        base=f"/guest/{token}",
        done=done,
        problems=refusal.problems if refusal else (),
        contact=visit.house.settings.contact,
        Standing=Standing,
    )


@get(ENCOUNTER, **open_to_all)
async def afterwards(visit: Visited, token: FromPath[str], encounter_id: FromPath[UUID]) -> Answer:
    """The four questions, and the way out of the role."""
    return await afterwards_page(visit, token, encounter_id)


async def afterwards_page(
    visit: Visit, token: str, encounter_id: UUID, refusal: Refusal | None = None, sent: Form | None = None
) -> Answer:
    view = await seen(visit, token)
    one = next((each for each in view.encounters if each.id == encounter_id), None)
    if one is None:
        raise Answered(not_there(visit))
    felt = one.felt or {}
    said = {code: RATHER_NOT if level is None else str(level) for code, level in felt.items()}
    typed = {each.code: sent.get(each.code) for each in CLIENT_QUESTIONS} if sent and sent.has("felt") else said
    return visit.page(
        "guests/afterwards.html",
        status=422 if refusal else 200,
        view=view,
        one=one,
        base=f"/guest/{token}",
        questions=CLIENT_QUESTIONS,
        options=OPTIONS,
        typed=typed,
        steps=list(STEPS.items()),
        ticked=sent.all("steps") if sent and sent.has("leaving") else one.stepped_out,
        done="" if refusal else DONE.get(visit.request.query_params.get("done", ""), ""),
        problems=refusal.problems if refusal else (),
    )


@post(f"{ENCOUNTER}/answer", status_code=303, **open_to_all)
async def answer(visit: Visited, token: FromPath[str], encounter_id: FromPath[UUID]) -> Answer:
    """Yes or no; the group hears what its round is now."""
    form = await visit.form()
    said = Said(form.one_of("answer", [each.value for each in Said], "Choose yes or no."))

    def work(db: Session, guest: UUID) -> Refusal | None:
        return form.refusal or actions.answer(db, guest, encounter_id, said, now=visit.now, new_id=visit.new_id)

    refusal = await as_guest(visit, token, work)
    return await guest_page(visit, token, refusal) if refusal else visit.go(f"/guest/{token}?done={said}")


@post(f"{ENCOUNTER}/stop", status_code=303, **open_to_all)
async def stop(visit: Visited, token: FromPath[str], encounter_id: FromPath[UUID]) -> Answer:
    """Stop, at any point and without a reason; the tutors see it."""

    def work(db: Session, guest: UUID) -> Refusal | None:
        return actions.stop(db, guest, encounter_id, now=visit.now, new_id=visit.new_id)

    refusal = await as_guest(visit, token, work)
    return await guest_page(visit, token, refusal) if refusal else visit.go(f"/guest/{token}?done=stopped")


@post(f"{ENCOUNTER}/felt", status_code=303, **open_to_all)
async def feel(visit: Visited, token: FromPath[str], encounter_id: FromPath[UUID]) -> Answer:
    form = await visit.form()
    piece = Felt({each.code: _level(form.get(each.code)) for each in CLIENT_QUESTIONS if form.get(each.code)}, "")

    def work(db: Session, guest: UUID) -> Refusal | None:
        return actions.feel(db, guest, encounter_id, piece, now=visit.now, new_id=visit.new_id)

    refusal = await as_guest(visit, token, work)
    if refusal:
        return await afterwards_page(visit, token, encounter_id, refusal, form)
    return visit.go(f"/guest/{token}/encounters/{encounter_id}?done=felt#leave")


def _level(typed: str) -> int | None:
    """An answer as it was chosen; what is no answer at all becomes one that core refuses."""
    if typed == RATHER_NOT:
        return None
    return int(typed) if typed in {"1", "2", "3", "4"} else 0


@post(f"{ENCOUNTER}/steps", status_code=303, **open_to_all)
async def step_out(visit: Visited, token: FromPath[str], encounter_id: FromPath[UUID]) -> Answer:
    form = await visit.form()

    def work(db: Session, guest: UUID) -> Refusal | None:
        return actions.step_out(db, guest, encounter_id, form.all("steps"), now=visit.now, new_id=visit.new_id)

    refusal = await as_guest(visit, token, work)
    if refusal:
        return await afterwards_page(visit, token, encounter_id, refusal, form)
    return visit.go(f"/guest/{token}?done=stepped")


async def as_guest(visit: Visit, token: str, work: Callable[[Session, UUID], Refusal | None]) -> Refusal | None:
    """Run `work(db, guest)` for the holder of this link, with every letter that follows from it for the group.

    Raises Answered with the kind page where the link does not open (any more).
    """
    digest, start = token_digest(token), visit.new_id.place
    pile = Pile(visit.house.postroom, visit.now, Ids(visit.now))
    visit.me = None

    def unit(db: Session) -> Refusal | Visitor | str | None:
        visit.new_id.go_back(start)
        found = queries.visitor(db, digest)
        if found is None or found.door(visit.now) is not Door.OPEN:
            return found or CLOSED
        try:
            refusal = work(db, found.id)
        except NotYours:
            return NOT_THERE
        if refusal is None:
            tell(db, [found.cohort_id], pile)
        return refusal

    try:
        done = await with_letters(pile, lambda: visit.write_open(unit))
    except Busy as busy:
        raise Answered(visit.busy()) from busy
    if done == NOT_THERE:
        raise Answered(not_there(visit))
    if isinstance(done, Visitor) or done == CLOSED:
        raise Answered(await closed(visit, done if isinstance(done, Visitor) else None))
    return done if isinstance(done, Refusal) else None


routes = [show, afterwards, answer, stop, feel, step_out]
