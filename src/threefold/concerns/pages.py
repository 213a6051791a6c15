"""Being worried about someone: told to its own readers, kept apart from everything else.

Its author sees where it stands and never a reader's note; the words are shown to readers alone, and each time one
opens them that is kept. Everybody else, tutors too, finds nothing here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from litestar import get, post
from litestar.params import FromPath
from sqlalchemy.orm import Session

from threefold.concerns import actions, queries
from threefold.concerns.queries import Lead, Reader, Standing
from threefold.core.address import check_email
from threefold.core.concerns import MOST_WORDS, PROMISE, State, lines, read_by
from threefold.core.refusal import Problem, Refusal
from threefold.store.sessions import Me
from threefold.store.tables import Concern
from threefold.store.within import NotYours
from threefold.web.access import concern_for, reads_concerns
from threefold.web.forms import Form
from threefold.web.visit import Answer, Visit, Visited, signed_in

# --- telling it -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class FormPage:
    """What is said before anybody writes a word: who reads it and by when, and whom to call instead."""

    readers: tuple[Reader, ...]
    leads: tuple[Lead, ...]
    cohort_id: UUID | None
    id: UUID
    words: str

    @property
    def zone(self) -> str:
        """The clock of the group it is about, or of the only one somebody is in."""
        here = [lead.zone for lead in self.leads if lead.cohort_id == self.cohort_id] or [
            lead.zone for lead in self.leads
        ]
        return here[0] if len(set(here)) == 1 else queries.ZONE


def form_page(visit: Visit, cohort_id: UUID | None, form: Form | None = None) -> Callable[[Session, Me], FormPage]:
    new = visit.new_id()

    def work(db: Session, me: Me) -> FormPage:
        found = queries.leads(db, me)
        if cohort_id is not None and cohort_id not in {lead.cohort_id for lead in found}:
            raise NotYours
        id_ = (form and form.id("id")) or new
        return FormPage(queries.readers(db), found, cohort_id, id_, form.get("words") if form else "")

    return work


def show_form(visit: Visit, page: FormPage, refusal: Refusal | None = None) -> Answer:
    return visit.page(
        "concerns/new.html",
        status=422 if refusal else 200,
        page=page,
        read_by=read_by(visit.now, page.zone),
        promise=PROMISE,
        call_now=lines(visit.house.settings.call_now),
        contact=visit.house.settings.contact,
        problems=refusal.problems if refusal else (),
    )


@get("/concerns/new", **signed_in)
async def write(visit: Visited) -> Answer:
    asked = Form(tuple(visit.request.query_params.items()))
    if asked.get("cohort") and asked.id("cohort") is None:
        raise NotYours
    return show_form(visit, await visit.read(form_page(visit, asked.id("cohort"))))


@post("/concerns", status_code=303, **signed_in)
async def send(visit: Visited) -> Answer:
    """Before its readers at once. Words that were kept over a sign-in are let go of in the same moment."""
    form = await visit.form()
    words = form.words("words", most=MOST_WORDS)
    cohort_id, id_ = form.id("cohort"), form.id("id") or visit.new_id()

    def work(db: Session, me: Me) -> UUID | Refusal:
        if form.get("cohort") and cohort_id not in {lead.cohort_id for lead in queries.leads(db, me)}:
            # Said on the form, not as a page that isn't there: whoever has just been taken out keeps their words.
            form.problem("cohort", "Choose one of your groups, or none.")
        sent = form.refusal or actions.send(db, words, cohort_id, id=id_, by=me, now=visit.now, new_id=visit.new_id)
        if not isinstance(sent, Refusal):
            visit.forget_kept(db)
        return sent

    sent = await visit.write(work)
    if isinstance(sent, Refusal):
        mine = None if any(problem.field == "cohort" for problem in sent.problems) else cohort_id
        return show_form(visit, await visit.read(form_page(visit, mine, form)), sent)
    return visit.go(f"/concerns/{sent}")


# --- where it stands ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ListPage:
    """One's own, and for a reader everybody's; neither with its words."""

    own: tuple[Standing, ...]
    readers: tuple[Reader, ...]
    waiting: dict[State, tuple[Standing, ...]] | None


@get("/waiting", **signed_in)
async def waiting(visit: Visited) -> Answer:
    """Where the letter to readers leads: an address that says nothing in a list of mails."""
    await visit.read(lambda _db, _me: None)
    return visit.go("/concerns")


@get("/concerns", **signed_in)
async def everything(visit: Visited) -> Answer:
    def work(db: Session, me: Me) -> ListPage:
        reads = reads_concerns(db, me)
        return ListPage(queries.own(db, me), queries.readers(db), queries.everything(db) if reads else None)

    return visit.page("concerns/list.html", page=await visit.read(work), problems=())


@get("/concerns/{concern_id:uuid}", **signed_in)
async def show(visit: Visited, concern_id: FromPath[UUID]) -> Answer:
    """A receipt for its author; for a reader the words, once they have been opened."""
    return await concern_page(visit, concern_id)


async def concern_page(visit: Visit, concern_id: UUID, refusal: Refusal | None = None, typed: str = "") -> Answer:
    def work(db: Session, me: Me) -> tuple[str, dict[str, object]]:
        _, reads = concern_for(db, me, concern_id)
        if not reads:
            return "concerns/receipt.html", {
                "standing": queries.standing(db, concern_id),
                "readers": queries.readers(db),
                "call_now": lines(visit.house.settings.call_now),
            }
        if not queries.is_open(db, concern_id, me, visit.now):
            return "concerns/closed.html", {"standing": queries.standing(db, concern_id)}
        return "concerns/opened.html", {
            "page": queries.opened(db, concern_id),
            "note_id": visit.new_id(),
            "typed": typed,
        }

    template, values = await visit.read(work)
    problems = refusal.problems if refusal else ()
    return visit.page(template, status=422 if refusal else 200, problems=problems, **values)


# --- its readers ----------------------------------------------------------------------------------------------


def read_by_me(db: Session, me: Me, concern_id: UUID) -> Concern:
    """The concern, for a reader; its author, who is none, finds nothing."""
    concern, reads = concern_for(db, me, concern_id)
    if not reads:
        raise NotYours
    return concern


@post("/concerns/{concern_id:uuid}/looks", status_code=303, **signed_in)
async def look(visit: Visited, concern_id: FromPath[UUID]) -> Answer:
    await visit.write(
        lambda db, me: actions.look(db, read_by_me(db, me, concern_id), by=me, now=visit.now, new_id=visit.new_id)
    )
    return visit.go(f"/concerns/{concern_id}")


@post("/concerns/{concern_id:uuid}/acknowledgement", status_code=303, **signed_in)
async def acknowledge(visit: Visited, concern_id: FromPath[UUID]) -> Answer:
    await visit.write(lambda db, me: actions.acknowledge(read_by_me(db, me, concern_id), by=me, now=visit.now))
    return visit.go(f"/concerns/{concern_id}")


@post("/concerns/{concern_id:uuid}/notes", status_code=303, **signed_in)
async def note(visit: Visited, concern_id: FromPath[UUID]) -> Answer:
    form = await visit.form()
    words, id_ = form.words("words", most=MOST_WORDS), form.id("id") or visit.new_id()

    def work(db: Session, me: Me) -> Refusal | None:
        concern = read_by_me(db, me, concern_id)
        refusal = form.refusal or actions.note(db, concern, words, id=id_, by=me, now=visit.now)
        if refusal is None:
            visit.forget_kept(db)
        elif not queries.is_open(db, concern_id, me, visit.now):
            # The page that gives the words of the note back shows the concern as well: a look like any other.
            actions.look(db, concern, by=me, now=visit.now, new_id=visit.new_id)
        return refusal

    refusal = await visit.write(work)
    if refusal:
        return await concern_page(visit, concern_id, refusal, form.get("words"))
    return visit.go(f"/concerns/{concern_id}#notes")


@post("/concerns/{concern_id:uuid}/closure", status_code=303, **signed_in)
async def close(visit: Visited, concern_id: FromPath[UUID]) -> Answer:
    await visit.write(lambda db, me: actions.close(read_by_me(db, me, concern_id), by=me, now=visit.now))
    return visit.go(f"/concerns/{concern_id}")


# --- who reads ------------------------------------------------------------------------------------------------


def readers_for(db: Session, me: Me) -> tuple[Reader, ...]:
    if not reads_concerns(db, me):
        raise NotYours
    return queries.readers(db)


@get("/concerns/readers", **signed_in)
async def readers(visit: Visited) -> Answer:
    return visit.page("concerns/readers.html", readers=await visit.read(readers_for), typed="", problems=())


async def readers_again(visit: Visit, refusal: Refusal, typed: str = "") -> Answer:
    return visit.refused("concerns/readers.html", refusal, readers=await visit.read(readers_for), typed=typed)


@post("/concerns/readers", status_code=303, **signed_in)
async def name_reader(visit: Visited) -> Answer:
    form = await visit.form()
    address = check_email(form.get("email"))

    def work(db: Session, me: Me) -> Refusal | None:
        readers_for(db, me)
        if isinstance(address, Problem):
            return Refusal((address,))
        return actions.name_reader(db, address, by=me, now=visit.now, new_id=visit.new_id)

    refusal = await visit.write(work)
    if refusal:
        return await readers_again(visit, refusal, form.text("email"))
    return visit.go("/concerns/readers")


@post("/concerns/readers/{person_id:uuid}/ending", status_code=303, **signed_in)
async def end_reader(visit: Visited, person_id: FromPath[UUID]) -> Answer:
    def work(db: Session, me: Me) -> tuple[Refusal | None, bool]:
        readers_for(db, me)
        refusal = actions.end_reader(db, person_id, by=me, now=visit.now, new_id=visit.new_id)
        return refusal, me.id == person_id

    refusal, was_me = await visit.write(work)
    if refusal:
        return await readers_again(visit, refusal)
    return visit.go("/concerns" if was_me else "/concerns/readers")


routes = [
    write,
    send,
    waiting,
    everything,
    show,
    look,
    acknowledge,
    note,
    close,
    readers,
    name_reader,
    end_reader,
]
