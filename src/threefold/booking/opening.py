"""Extra practice for tutors: what is open, a time to open with what trainees would see of it, calling it off."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from litestar import get, post
from litestar.params import FromPath
from sqlalchemy.orm import Session

from threefold.booking import forming, windows
from threefold.booking.actions import Desk
from threefold.booking.forms import read_opening, usual, values_of
from threefold.booking.heat import Heat, Owing, heat_of, owing
from threefold.booking.overview import WindowShown, trainees_of, window_shown, windows_of
from threefold.core.refusal import Refusal
from threefold.core.slots import SessionShape, moment, sentence
from threefold.core.window import Opening, in_short
from threefold.store.rows import CohortRow
from threefold.store.sessions import Me
from threefold.store.within import NotYours
from threefold.web.access import Right, cohort_for, window_for
from threefold.web.visit import Answer, Visit, Visited, signed_in

DONE = {
    "opened": "Open. Each trainee gets one letter about it within a minute or two.",
    "draft": "Kept as a draft. Nobody has been told.",
    "off": "Called off. Whoever had booked is told.",
    "formed": "The triads are formed, and everybody who offered times hears of it.",
}


@dataclass(frozen=True)
class NewWindow:
    """The form, as typed so far, with what is known that helps to fill it in."""

    cohort: CohortRow
    id: UUID
    values: Mapping[str, str]
    trainees: int
    heat: Heat | None
    owing: tuple[Owing, ...]
    seen: Opening | None  # what trainees would see, once somebody asked to look

    @property
    def first_seen(self) -> datetime | None:
        return moment(self.seen.times[0], self.cohort.zone)[0] if self.seen else None

    @property
    def button(self) -> str:
        return f"Open {in_short(int(self.values['weeks'] or 1), self.seen.times)}" if self.seen else "Open this"

    @property
    def total(self) -> str:
        """The length of a practice in words, as far as the numbers typed so far can be read."""
        minutes = [self.values[name] for name in ("rounds", "practice", "feedback", "opening", "closing")]
        if not all(each.isascii() and each.isdigit() and len(each) < 4 for each in minutes):
            return ""
        return sentence(SessionShape(*map(int, minutes)))


# --- what is open ---------------------------------------------------------------------------------------------------


@get("/cohorts/{cohort_id:uuid}/windows", **signed_in)
async def listed(visit: Visited, cohort_id: FromPath[UUID]) -> Answer:
    page = await visit.read(lambda db, me: windows_of(db, cohort_for(db, me, cohort_id, Right.TUTOR), visit.now))
    done = DONE.get(visit.request.query_params.get("done", ""), "")
    return visit.page("booking/windows.html", page=page, done=done, problems=())


@get("/windows/{window_id:uuid}", **signed_in)
async def show(visit: Visited, window_id: FromPath[UUID]) -> Answer:
    """One window: who booked, or who offered; a draft is the form it was kept from."""
    return await _show(visit, window_id, None)


async def _show(visit: Visit, window_id: UUID, refusal: Refusal | None) -> Answer:
    def work(db: Session, me: Me) -> WindowShown | NewWindow:
        within, entity = window_for(db, me, window_id, Right.TUTOR)
        if entity.opened_at is None and entity.called_off_at is None:
            values = values_of(entity, within.cohort)
            return _form(db, visit, within.cohort, window_id, values, None)
        return window_shown(db, within, entity, visit.now)

    page = await visit.read(work)
    if isinstance(page, NewWindow):
        return visit.page("booking/new.html", page=page, problems=())
    done = "" if refusal else DONE.get(visit.request.query_params.get("done", ""), "")
    problems = refusal.problems if refusal else ()
    return visit.page("booking/window.html", status=422 if refusal else 200, page=page, done=done, problems=problems)


# --- opening --------------------------------------------------------------------------------------------------------


@get("/cohorts/{cohort_id:uuid}/windows/new", **signed_in)
async def blank(visit: Visited, cohort_id: FromPath[UUID]) -> Answer:
    def work(db: Session, me: Me) -> NewWindow:
        cohort = _cohort(db, me, cohort_id)
        return _form(db, visit, cohort, visit.new_id(), usual(cohort), None)

    return visit.page("booking/new.html", page=await visit.read(work), problems=())


@post("/cohorts/{cohort_id:uuid}/windows", status_code=303, **signed_in)
async def keep(visit: Visited, cohort_id: FromPath[UUID]) -> Answer:
    """Look at what trainees would see, keep it as a draft, or open it, as `do` says."""
    form = await visit.form()
    do = form.one_of("do", ("look", "draft", "open"), "Choose whether to look, to keep it as a draft, or to open it")
    cohort = await visit.read(lambda db, me: _cohort(db, me, cohort_id))
    found = read_opening(form, cohort, visit.now)
    id_ = form.id("id") or visit.new_id()

    async def page(seen: Opening | None) -> NewWindow:
        values = {name: form.get(name, value) for name, value in usual(cohort).items()}
        return await visit.read(lambda db, me: _form(db, visit, _cohort(db, me, cohort_id), id_, values, seen))

    if form.refusal or found is None:
        return visit.refused("booking/new.html", form.refusal or Refusal(()), page=await page(None))
    if do == "look":
        return visit.page("booking/new.html", page=await page(found), problems=())

    def work(db: Session, me: Me) -> Refusal | None:
        desk = Desk(_cohort(db, me, cohort_id), visit.house.settings.mail_domain, me.id, visit.now, visit.new_id)
        return (windows.open_ if do == "open" else windows.keep)(db, desk, id_, found)

    refusal = await visit.write(work)
    if refusal:
        return visit.refused("booking/new.html", refusal, page=await page(found))
    return visit.go(f"/cohorts/{cohort_id}/windows?done={'opened' if do == 'open' else 'draft'}")


def _cohort(db: Session, me: Me, cohort_id: UUID) -> CohortRow:
    """Extra practice belongs to a term that people know of."""
    cohort = cohort_for(db, me, cohort_id, Right.TUTOR).cohort
    if cohort.published_at is None or cohort.archived_at is not None:
        raise NotYours
    return cohort


def _form(
    db: Session, visit: Visit, cohort: CohortRow, id_: UUID, values: Mapping[str, str], seen: Opening | None
) -> NewWindow:
    people = trainees_of(db, cohort.id)
    return NewWindow(
        cohort, id_, values, len(people), heat_of(db, people, cohort.zone, visit.now),
        owing(db, people, cohort, visit.now), seen,
    )  # fmt: skip


# --- calling off, and forming triads --------------------------------------------------------------------------------


@get("/windows/{window_id:uuid}/cancellation", **signed_in)
async def before_calling_off(visit: Visited, window_id: FromPath[UUID]) -> Answer:
    def work(db: Session, me: Me) -> WindowShown:
        within, entity = window_for(db, me, window_id, Right.TUTOR)
        return window_shown(db, within, entity, visit.now)

    return visit.page("booking/cancellation.html", page=await visit.read(work), problems=())


@post("/windows/{window_id:uuid}/cancellation", status_code=303, **signed_in)
async def call_off(visit: Visited, window_id: FromPath[UUID]) -> Answer:
    cohort_id = (await visit.read(lambda db, me: window_for(db, me, window_id, Right.TUTOR)[0])).cohort.id

    def work(db: Session, me: Me) -> None:
        within, entity = window_for(db, me, window_id, Right.TUTOR)
        desk = Desk(within.cohort, visit.house.settings.mail_domain, me.id, visit.now, visit.new_id)
        windows.call_off(db, desk, entity)

    await visit.tell([cohort_id], work)
    return visit.go(f"/cohorts/{cohort_id}/windows?done=off")


@post("/windows/{window_id:uuid}/triads", status_code=303, **signed_in)
async def form_now(visit: Visited, window_id: FromPath[UUID]) -> Answer:
    """Form the triads of what people have offered so far, without waiting for the close."""

    def look(db: Session, me: Me) -> forming.Question | None:
        within, entity = window_for(db, me, window_id, Right.TUTOR)
        return forming.question(db, within.cohort, entity, visit.now)

    question = await visit.read(look)
    if question is None:
        return await _show(visit, window_id, Refusal.because("There is nothing to form here, or it has been done."))
    answer = await forming.answer(question)

    def work(db: Session, me: Me) -> Refusal | None:
        within, entity = window_for(db, me, window_id, Right.TUTOR)
        desk = Desk(within.cohort, visit.house.settings.mail_domain, me.id, visit.now, visit.new_id)
        return windows.form(
            db, desk, entity, answer.formed, answer.unplaced, version=question.version, new_id=visit.new_id
        )

    refusal = await visit.tell([question.cohort_id], work)
    if refusal:
        return await _show(visit, window_id, refusal)
    return visit.go(f"/windows/{window_id}?done=formed")


routes = [listed, show, blank, keep, before_calling_off, call_off, form_now]
