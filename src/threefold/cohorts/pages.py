"""Cohorts: the list, one at a glance, its settings, and what its members accept."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from litestar import get, post
from litestar.params import FromPath
from sqlalchemy.orm import Session

from threefold.choices.mending import at_a_glance
from threefold.cohorts import actions, queries
from threefold.cohorts.actions import Shown
from threefold.cohorts.frameworks import routes as frameworks
from threefold.cohorts.letters import routes as letters
from threefold.cohorts.people import routes as people
from threefold.cohorts.queries import Listed, Overview
from threefold.cohorts.sessions import routes as sessions
from threefold.core.contract import PRIVACY_NOTICE, PRIVACY_VERSION, Passage, passages
from threefold.core.refusal import Refusal
from threefold.core.said import day, plural
from threefold.store.sessions import Me
from threefold.store.within import NotYours, Within
from threefold.web.access import Right, cohort_for, cohorts_of, has_accepted
from threefold.web.addresses import local_path
from threefold.web.cached import Pieces
from threefold.web.forms import Form
from threefold.web.visit import Answer, Visit, Visited, signed_in

NAME_MISSING = "Give the cohort a name, like “Level 3 Skills, Thursday evenings”."


def may_set_up(me: Me | None) -> bool:
    return me is not None and (me.is_staff or me.is_tutor)


@get("/cohorts", **signed_in)
async def show_all(visit: Visited) -> Answer:
    def work(db: Session, me: Me) -> list[Listed]:
        if not may_set_up(me):
            raise NotYours
        return queries.listed(db, [within.cohort for within in cohorts_of(db, me, Right.TUTOR)], visit.now)

    found = await visit.read(work)
    asked = visit.request.query_params
    moved = (cohort for cohort in found if asked.get("archived" if cohort.archived else "returned") == str(cohort.id))
    return visit.page(
        "cohorts/list.html",
        moved=next(moved, None),
        cohorts=[cohort for cohort in found if not cohort.archived],
        archived=[cohort for cohort in found if cohort.archived],
    )


@get("/cohorts/new", **signed_in)
async def new(visit: Visited) -> Answer:
    await visit.read(_only_who_may)
    return visit.page("cohorts/new.html", id=visit.new_id(), name="", problems=())


@post("/cohorts", status_code=303, **signed_in)
async def create(visit: Visited) -> Answer:
    form = await visit.form()
    id_ = form.id("id") or visit.new_id()
    name = form.text("name", NAME_MISSING, most=100)
    if form.refusal:
        await visit.read(_only_who_may)
        return visit.refused("cohorts/new.html", form.refusal, id=id_, name=form.get("name"))

    def work(db: Session, me: Me) -> UUID:
        _only_who_may(db, me)
        return actions.create(db, id=id_, name=name, by=me, now=visit.now, new_id=visit.new_id)

    return visit.go(f"/cohorts/{await visit.write(work)}/people")


def _only_who_may(_db: Session, me: Me) -> None:
    if not may_set_up(me):
        raise NotYours


@dataclass(frozen=True)
class Glance:
    """Where /cohorts/{id} leads: a step of the set-up, or the term at a glance: kept, or made anew.

    Neither `kept` nor `overview` when the browser has the page already.
    """

    step: str = ""
    key: str = ""
    kept: Pieces | None = None
    overview: Overview | None = None
    asked: tuple[str, ...] = ()


@get("/cohorts/{cohort_id:uuid}", **signed_in)
async def show(visit: Visited, cohort_id: FromPath[UUID]) -> Answer:
    """The term at a glance; a cohort still being set up goes on where it was left."""

    def work(db: Session, me: Me) -> Glance:
        within = cohort_for(db, me, cohort_id, Right.TUTOR)
        if within.cohort.published_at is None:
            return Glance(step=queries.next_step(db, within))
        key = _key(visit, me, within)
        if visit.not_modified(key):
            return Glance(key=key)
        kept = visit.house.kept.get(key)
        if kept:
            return Glance(key=key, kept=kept)
        return Glance(key=key, overview=queries.overview(db, within, visit.now), asked=asked_of(db, within, visit.now))

    glance = await visit.glance(work)
    if glance.step:
        return visit.go(f"/cohorts/{cohort_id}/{glance.step}")
    return visit.kept_page(glance.key, glance.kept, "cohorts/overview.html", page=glance.overview, asked=glance.asked)


def asked_of(db: Session, within: Within, now: datetime) -> tuple[str, ...]:
    """What people have asked of their tutors in confidence, in sentences without a name."""
    glance, zone = at_a_glance(db, within.cohort.id, now), within.cohort.zone
    said = [f"{plural(glance.requests, 'request waits', 'requests wait')} for you"] if glance.requests else []
    return (
        *said,
        *(
            f"{plural(count, 'person', 'people')} would rather not be client on {day(starts_at, zone)}"
            for starts_at, count in glance.rather_not
        ),
    )


def _key(visit: Visit, me: Me, within: Within) -> str:
    """Everything the overview depends on: the cohort's version, the viewer, and the hour of the cohort's day.

    The hour, since "the next session" and what has not come in yet move on while nothing is written.
    """
    local, cohort = visit.now.astimezone(ZoneInfo(within.cohort.zone)), within.cohort
    hour = f"{local.date()} {local.hour}"  # formatting by pattern takes five times as long
    return f"overview {cohort.id.hex} {cohort.version} {me.id.hex} {me.is_trainee} {hour} {me.name}"


# --- what members accept ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ContractPage:
    """The notice and the contract, for a member who has or has not accepted them."""

    cohort_id: UUID
    name: str
    notice: tuple[Passage, ...]
    contract: tuple[Passage, ...]
    lead: str
    accepted_at: datetime | None
    changed: bool
    shown: Shown


def load_contract(db: Session, me: Me, cohort_id: UUID) -> ContractPage:
    within = cohort_for(db, me, cohort_id, Right.MEMBER, accepted=False)
    held = has_accepted(within)
    return ContractPage(
        cohort_id,
        within.cohort.name,
        PRIVACY_NOTICE,
        passages(within.cohort.contract),
        within.cohort.safeguarding_lead,
        within.membership.accepted_at if held else None,
        within.membership.accepted_at is not None and not held,
        Shown(PRIVACY_VERSION, str(within.cohort.contract_version)),
    )


@get("/cohorts/{cohort_id:uuid}/contract", **signed_in)
async def contract(visit: Visited, cohort_id: FromPath[UUID]) -> Answer:
    page = await visit.read(lambda db, me: load_contract(db, me, cohort_id))
    where = local_path(visit.request.query_params.get("next", "/"))
    return visit.page("cohorts/contract.html", page=page, next=where, problems=())


@post("/cohorts/{cohort_id:uuid}/contract", status_code=303, **signed_in)
async def accept(visit: Visited, cohort_id: FromPath[UUID]) -> Answer:
    form = await visit.form()
    where = local_path(form.get("next", "/"))
    shown = Shown(form.get("privacy_version"), form.get("contract_version"))

    def work(db: Session, me: Me) -> Refusal | None:
        within = cohort_for(db, me, cohort_id, Right.MEMBER, accepted=False)
        return actions.accept(db, within, shown, by=me, now=visit.now, new_id=visit.new_id)

    refusal = await visit.write(work)
    if refusal:
        page = await visit.read(lambda db, me: load_contract(db, me, cohort_id))
        return visit.refused("cohorts/contract.html", refusal, page=page, next=where)
    return visit.go(where)


# --- settings --------------------------------------------------------------------------------------------------


@get("/cohorts/{cohort_id:uuid}/settings", **signed_in)
async def settings(visit: Visited, cohort_id: FromPath[UUID]) -> Answer:
    within = await visit.read(lambda db, me: cohort_for(db, me, cohort_id, Right.TUTOR))
    return settings_page(visit, within)


def settings_page(visit: Visit, within: Within, form: Form | None = None) -> Answer:
    """The settings; with the form that could not be taken, its words and its problems."""
    refusal = form.refusal if form else None
    return visit.page(
        "cohorts/settings.html",
        status=422 if refusal else 200,
        cohort=within.cohort,
        copy_id=(form and form.id("id")) or visit.new_id(),
        sent=form,
        problems=refusal.problems if refusal else (),
    )


@post("/cohorts/{cohort_id:uuid}/name", status_code=303, **signed_in)
async def rename(visit: Visited, cohort_id: FromPath[UUID]) -> Answer:
    form = await visit.form()
    name = form.text("name", NAME_MISSING, most=100)

    def work(db: Session, me: Me) -> Within:
        within = cohort_for(db, me, cohort_id, Right.TUTOR)
        if not form.refusal:
            actions.rename(db, within, name, by=me, now=visit.now, new_id=visit.new_id)
        return within

    within = await visit.write(work)
    if form.refusal:
        return settings_page(visit, within, form)
    return visit.go(f"/cohorts/{cohort_id}/settings")


@post("/cohorts/{cohort_id:uuid}/invitations", status_code=303, **signed_in)
async def set_invitations(visit: Visited, cohort_id: FromPath[UUID]) -> Answer:
    """When invitations leave. In a published cohort those that are due now follow at once."""
    form = await visit.form()
    way = form.one_of("way", ("publication", "ahead"), "Choose when invitations leave.")
    days = form.whole("days", "Enter a number of days from 1 to 60.", least=1, most=60) if way == "ahead" else None
    hours = form.whole("declines", "Enter a number of hours from 1 to 168.", least=1, most=168)

    def work(db: Session, me: Me) -> Within:
        within = cohort_for(db, me, cohort_id, Right.TUTOR)
        if not form.refusal:
            actions.set_invitations(
                db, within, ahead=days, declines_after=hours, by=me, now=visit.now, new_id=visit.new_id
            )
        return within

    within = await visit.tell([cohort_id], work)
    if form.refusal:
        return settings_page(visit, within, form)
    return visit.go(f"/cohorts/{cohort_id}/settings")


@post("/cohorts/{cohort_id:uuid}/notice", status_code=303, **signed_in)
async def set_notice(visit: Visited, cohort_id: FromPath[UUID]) -> Answer:
    """Until when people can arrange changes between themselves, and whom they can call after that."""
    form = await visit.form()
    hours = form.whole("notice", "Enter a number of hours from 2 to 168.", least=2, most=168)
    phone = form.text("phone", most=60)

    def work(db: Session, me: Me) -> Within:
        within = cohort_for(db, me, cohort_id, Right.TUTOR)
        if not form.refusal:
            actions.set_notice(db, within, hours=hours, phone=phone, by=me, now=visit.now, new_id=visit.new_id)
        return within

    within = await visit.write(work)
    if form.refusal:
        return settings_page(visit, within, form)
    return visit.go(f"/cohorts/{cohort_id}/settings")


@post("/cohorts/{cohort_id:uuid}/copies", status_code=303, **signed_in)
async def copy(visit: Visited, cohort_id: FromPath[UUID]) -> Answer:
    form = await visit.form()
    id_ = form.id("id") or visit.new_id()
    name = form.text("copy_name", "Give next term’s cohort a name.", most=100)

    def work(db: Session, me: Me) -> Within | UUID:
        within = cohort_for(db, me, cohort_id, Right.TUTOR)
        if form.refusal:
            return within
        return actions.copy(db, within, id=id_, name=name, by=me, now=visit.now, new_id=visit.new_id)

    done = await visit.write(work)
    if isinstance(done, Within):
        return settings_page(visit, done, form)
    return visit.go(f"/cohorts/{done}/people")


@post("/cohorts/{cohort_id:uuid}/archive", status_code=303, **signed_in)
async def archive(visit: Visited, cohort_id: FromPath[UUID]) -> Answer:
    def work(db: Session, me: Me) -> None:
        within = cohort_for(db, me, cohort_id, Right.TUTOR)
        actions.archive(db, within, by=me, now=visit.now, new_id=visit.new_id)

    await visit.write(work)
    return visit.go(f"/cohorts?archived={cohort_id}")


@post("/cohorts/{cohort_id:uuid}/return", status_code=303, **signed_in)
async def take_out(visit: Visited, cohort_id: FromPath[UUID]) -> Answer:
    def work(db: Session, me: Me) -> None:
        within = cohort_for(db, me, cohort_id, Right.TUTOR)
        actions.take_out(db, within, by=me, now=visit.now, new_id=visit.new_id)

    await visit.write(work)
    return visit.go(f"/cohorts?returned={cohort_id}")


@get("/cohorts/{cohort_id:uuid}/deletion", **signed_in)
async def before_deleting(visit: Visited, cohort_id: FromPath[UUID]) -> Answer:
    within = await visit.read(lambda db, me: cohort_for(db, me, cohort_id, Right.TUTOR))
    return visit.page("cohorts/deletion.html", cohort=within.cohort, problems=())


@post("/cohorts/{cohort_id:uuid}/deletion", status_code=303, **signed_in)
async def delete(visit: Visited, cohort_id: FromPath[UUID]) -> Answer:
    def work(db: Session, me: Me) -> tuple[Refusal | None, Within]:
        within = cohort_for(db, me, cohort_id, Right.TUTOR)
        return actions.delete_unpublished(db, within, by=me, now=visit.now, new_id=visit.new_id), within

    refusal, within = await visit.write(work)
    if refusal:
        return visit.refused("cohorts/deletion.html", refusal, cohort=within.cohort)
    return visit.go("/cohorts")


routes = [
    show_all,
    new,
    create,
    show,
    contract,
    accept,
    settings,
    rename,
    set_invitations,
    set_notice,
    copy,
    archive,
    take_out,
    before_deleting,
    delete,
    *people,
    *sessions,
    *frameworks,
    *letters,
]
