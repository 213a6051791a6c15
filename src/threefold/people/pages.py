"""Signing out, help, the privacy notice, and a person's own details."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from litestar import get, post
from litestar.params import FromPath
from litestar.status_codes import HTTP_303_SEE_OTHER
from sqlalchemy.orm import Session

from threefold.core.concerns import lines
from threefold.core.contract import PRIVACY_NOTICE, PRIVACY_VERSION
from threefold.core.identity import token_digest
from threefold.core.refusal import Refusal
from threefold.people import actions, queries
from threefold.people.queries import OwnDetails
from threefold.people.signing_in import ZONE
from threefold.people.signing_in import routes as signing_in
from threefold.people.wishes import routes as wishes
from threefold.store import sessions
from threefold.store.sessions import Me
from threefold.store.within import NotYours
from threefold.web.forms import Form
from threefold.web.visit import Answer, Visit, Visited, open_to_all, signed_in

# --- words that waited for a sign-in ------------------------------------------------------------------------


@get("/kept/{form_id:uuid}", **signed_in)
async def show_kept(visit: Visited, form_id: FromPath[UUID]) -> Answer:
    """Words that were sent while nobody was signed in; only the browser that typed them sees them."""
    browser = token_digest(visit.request.cookies.get(visit.cookie_name("threefold-kept"), ""))

    def work(db: Session, _me: Me) -> queries.Kept:
        found = queries.kept(db, form_id, browser, visit.now)
        if found is None:
            raise NotYours
        return found

    found = await visit.read(work)
    return visit.words_kept(
        found.fields,
        heading="Your words are still here",
        sentence="You had been signed out before they were sent. Read them over, then send them.",
        button="Send them now",
        action=found.path,
    )


# --- signing out --------------------------------------------------------------------------------------------


@post("/sign-out", status_code=HTTP_303_SEE_OTHER, **open_to_all)
async def sign_out(visit: Visited) -> Answer:
    def unit(db: Session) -> None:
        me = sessions.who(db, visit.session_token, visit.now)
        if me:
            actions.sign_out(db, me.id, me.session_id, now=visit.now, new_id=visit.new_id)

    await visit.write_open(unit)
    return _signed_out(visit)


@post("/me/browsers/{session_id:uuid}/sign-out", status_code=HTTP_303_SEE_OTHER, **signed_in)
async def sign_out_there(visit: Visited, session_id: FromPath[UUID]) -> Answer:
    def unit(db: Session, me: Me) -> bool:
        if not actions.sign_out(db, me.id, session_id, now=visit.now, new_id=visit.new_id):
            raise NotYours
        return session_id == me.session_id

    was_this_one = await visit.write(unit)
    return _signed_out(visit) if was_this_one else visit.go("/me?done=signed-out-there")


@post("/me/browsers/sign-out", status_code=HTTP_303_SEE_OTHER, **signed_in)
async def sign_out_everywhere(visit: Visited) -> Answer:
    await visit.write(lambda db, me: actions.sign_out_everywhere(db, me.id, now=visit.now, new_id=visit.new_id))
    return _signed_out(visit)


def _signed_out(visit: Visit) -> Answer:
    answer = visit.go("/sign-in")
    answer.set_cookie(visit.cookie("threefold", "", timedelta(0)))
    answer.headers["clear-site-data"] = '"storage"'  # notes and pages that the device kept for use without a signal
    return answer


# --- one's own page, help and the notice --------------------------------------------------------------------

DONE = {"saved": "Saved.", "signed-out-there": "That browser is signed out."}


@get("/me", **signed_in)
async def show_me(visit: Visited) -> Answer:
    details = await visit.read(lambda db, me: _own_details(visit, db, me))
    done = DONE.get(visit.request.query_params.get("done", ""), "")
    return visit.page("people/me.html", details=details, done=done, problems=(), **_choices())


@post("/me", status_code=HTTP_303_SEE_OTHER, **signed_in)
async def save_me(visit: Visited) -> Answer:
    form = await visit.form()
    name = form.text("name", "Enter the name you go by", most=100)
    pronouns = form.text("pronouns", most=40)
    zone = form.one_of("zone", ("", *sorted(queries.zone_names())), "Choose a time zone from the list")

    def unit(db: Session, me: Me) -> Refusal | None:
        return form.refusal or actions.save_me(
            db,
            me.id,
            name=name,
            pronouns=pronouns,
            zone=zone or None,
            now=visit.now,
            new_id=visit.new_id,
        )

    refusal = await visit.write(unit)
    if refusal:
        details = await visit.read(lambda db, me: _as_typed(_own_details(visit, db, me), form))
        return visit.refused("people/me.html", refusal, details=details, done="", **_choices())
    return visit.go("/me?done=saved")


def _own_details(visit: Visit, db: Session, me: Me) -> OwnDetails:
    return queries.own_details(db, me.id, me.session_id, visit.now, sessions.IDLE)


def _as_typed(details: OwnDetails, form: Form) -> OwnDetails:
    return OwnDetails(
        name=form.get("name"),
        email=details.email,
        pronouns=form.get("pronouns"),
        zone=form.get("zone"),
        calendar=details.calendar,
        shows=details.shows,
        browsers=details.browsers,
    )


def _choices() -> dict[str, Any]:
    return {"zones": queries.zones(), "zone": ZONE}


@get("/help", **open_to_all)
async def show_help(visit: Visited) -> Answer:
    groups = await visit.read_open(lambda db, me: queries.groups_help(db, me.id) if me else ())
    call_now = lines(visit.house.settings.call_now)
    return visit.page("people/help.html", groups=groups, contact=visit.house.settings.contact, call_now=call_now)


@get("/privacy", **open_to_all)
async def show_privacy(visit: Visited) -> Answer:
    await visit.read_open(lambda _db, _me: None)
    contact = visit.house.settings.contact
    return visit.page("people/privacy.html", notice=PRIVACY_NOTICE, version=PRIVACY_VERSION, contact=contact)


routes: list[Any] = [
    *signing_in,
    show_kept,
    sign_out,
    sign_out_there,
    sign_out_everywhere,
    show_me,
    save_me,
    show_help,
    show_privacy,
    *wishes,
]
