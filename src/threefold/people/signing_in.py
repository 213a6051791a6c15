"""Signing in: by the code or the link of a letter, from whichever page somebody was on their way to."""

import math
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from litestar import HttpMethod, get, post, route
from litestar.params import FromPath
from litestar.status_codes import HTTP_303_SEE_OTHER
from sqlalchemy.orm import Session

from threefold.core.address import check_email, email_key
from threefold.core.identity import token_digest
from threefold.core.refusal import Problem, Refusal
from threefold.core.sign_in import HAD_ITS_DAY, LASTS, SIX_FIGURES, figures
from threefold.mail.letters import Postroom
from threefold.mail.outbox import Written
from threefold.people import actions, queries
from threefold.people.actions import Asking, MustWait, SignedIn
from threefold.people.browsers import browser_name
from threefold.people.queries import MailedLink, Somebody
from threefold.store import sessions
from threefold.store.sessions import Me
from threefold.web.addresses import local_path
from threefold.web.security import new_code, new_token
from threefold.web.visit import Answer, Visit, Visited, open_to_all

# What a page says before anybody is signed in must not depend on whose address was typed.
ZONE = "Europe/London"
LONGEST_DESTINATION = 300
ADDRESS_LASTS = timedelta(hours=1)


@get("/sign-in", **open_to_all)
async def show_sign_in(visit: Visited) -> Answer:
    destination = _destination(visit.request.query_params.get("next", ""))
    me = await visit.read_open(lambda _db, me: me)
    if me:
        return visit.go(destination)
    return visit.page("people/sign_in.html", email="", destination=destination, problems=())


@post("/sign-in", status_code=HTTP_303_SEE_OTHER, **open_to_all)
async def ask_to_sign_in(visit: Visited) -> Answer:
    form = await visit.form()
    destination = _destination(form.get("next"))
    address = check_email(form.get("email"))
    if isinstance(address, Problem):
        typed = form.text("email")
        return visit.refused("people/sign_in.html", Refusal((address,)), email=typed, destination=destination)

    key = email_key(address)
    found = await visit.read_open(lambda db, _me: queries.somebody(db, key))
    # For an address nobody has, the same letter is written to nobody, so that both take as long.
    reader = found or Somebody(visit.new_id(), "Nobody", visit.house.settings.sender, None)
    fresh = Fresh(visit.new_id(), new_token(), new_code())
    letter = sign_in_letter(visit, reader, fresh)
    digest = visit.house.keys.digest
    asking = Asking(
        id=fresh.request,
        email_key=key,
        address=digest("address", key),
        network=visit.network_digest,
        link=token_digest(fresh.token),
        code=digest("code", str(fresh.request), fresh.code),
        destination=destination,
    )
    done = await visit.write_open(lambda db: actions.ask(db, asking, letter, now=visit.now, new_id=visit.new_id))
    if isinstance(done, MustWait):
        return _must_wait(visit, done)
    answer = visit.go(f"/sign-in/check?request={fresh.request}")
    answer.set_cookie(visit.cookie("threefold-asked", _noted(fresh.request, address), ADDRESS_LASTS))
    return answer


@dataclass(frozen=True)
class Fresh:
    """A new request's id and its secrets, which only the letter ever holds."""

    request: UUID
    token: str
    code: str


def sign_in_letter(visit: Visit, reader: Somebody, fresh: Fresh) -> Written:
    postroom = Postroom(visit.house.settings, visit.house.templates)
    code = f"{fresh.code[:3]} {fresh.code[3:]}"
    return postroom.write(
        "sign-in",
        id=visit.new_id(),
        once=actions.letter_of(fresh.request),
        lane=f"sign-in:{reader.id}",
        person_id=reader.id,
        name=reader.name,
        recipient=reader.email,
        subject=f"Your sign-in link and code: {code}",
        now=visit.now,
        expires_at=visit.now + LASTS,
        link=postroom.address(f"/sign-in/link/{fresh.token}"),
        code=code,
        until=visit.now + LASTS,
        zone=reader.zone or ZONE,
    )


def _must_wait(visit: Visit, wait: MustWait) -> Answer:
    seconds = math.ceil((wait.until - visit.now).total_seconds())
    # Rounded up to the minute, so that the time said is never too early.
    until = wait.until.replace(second=0, microsecond=0) + timedelta(minutes=1)
    answer = visit.page("people/wait.html", status=429, until=until, zone=ZONE)
    answer.headers["retry-after"] = str(seconds)
    return answer


@get("/sign-in/check", **open_to_all)
async def show_check(visit: Visited) -> Answer:
    request_id = _id(visit.request.query_params.get("request", ""))
    return await _check_page(visit, request_id, typed="", refusal=None)


@post("/sign-in/check", status_code=HTTP_303_SEE_OTHER, **open_to_all)
async def try_code(visit: Visited) -> Answer:
    form = await visit.form()
    request_id, code = form.id("request"), figures(form.get("code"))
    if request_id is None or code is None:
        refusal = Refusal.because(SIX_FIGURES, "code")
        return await _check_page(visit, request_id, typed=form.text("code"), refusal=refusal)
    digest = visit.house.keys.digest
    typed = digest("code", str(request_id), code)

    def spend(db: Session) -> SignedIn | Refusal:
        return actions.try_code(db, request_id, typed, digest=digest, now=visit.now, new_id=visit.new_id)

    done = await _sign_in(visit, spend)
    if isinstance(done, Refusal):
        return await _check_page(visit, request_id, typed=form.text("code"), refusal=done)
    return done


async def _check_page(visit: Visit, request_id: UUID | None, *, typed: str, refusal: Refusal | None) -> Answer:
    """The page that takes the code, or why it no longer does; somebody who is in already goes on."""
    if request_id is None:
        return visit.go("/sign-in")

    def work(db: Session, me: Me | None) -> tuple[queries.Waiting | None, bool]:
        by = queries.signed_in_by(db, request_id)
        return queries.waiting(db, request_id, visit.now), me is not None and me.id == by

    asked, is_in = await visit.read_open(work)
    if asked is None:
        return visit.go("/sign-in")
    if is_in:
        return visit.go(asked.destination)
    email = _noted_address(visit, request_id)
    if asked.over:
        return visit.page("people/over.html", heading=asked.over, email=email, destination=asked.destination)
    values: dict[str, Any] = {"asked": asked, "email": email, "typed": typed, "zone": ZONE}
    if refusal:
        return visit.refused("people/check.html", refusal, **values)
    return visit.page("people/check.html", problems=(), **values)


@route("/sign-in/link/{token:str}", http_method=[HttpMethod.GET, HttpMethod.HEAD], **open_to_all)
async def show_link(visit: Visited, token: FromPath[str]) -> Answer:
    """Changes nothing, however often a mail scanner opens it."""
    return await _link_page(visit, token)


@post("/sign-in/link/{token:str}", status_code=HTTP_303_SEE_OTHER, **open_to_all)
async def use_link(visit: Visited, token: FromPath[str]) -> Answer:
    link, digest = token_digest(token), visit.house.keys.digest

    def spend(db: Session) -> SignedIn | Refusal:
        return actions.spend_link(db, link, digest=digest, now=visit.now, new_id=visit.new_id)

    done = await _sign_in(visit, spend)
    return await _link_page(visit, token) if isinstance(done, Refusal) else done


async def _link_page(visit: Visit, token: str) -> Answer:
    link, digest = token_digest(token), visit.house.keys.digest

    def work(db: Session, me: Me | None) -> tuple[MailedLink | None, Me | None]:
        return queries.mailed_link(db, link, digest=digest, now=visit.now), me

    found, me = await visit.read_open(work)
    if found and found.works:
        return visit.page("people/link.html", first_name=found.first_name, token_path=visit.request.url.path)
    if found and me and me.id == found.person_id:
        return visit.go(found.destination)  # a second press on the same button, or the mail opened again
    email, destination = (found.email, found.destination) if found else ("", "/")
    return visit.page("people/over.html", heading=HAD_ITS_DAY, email=email, destination=destination)


async def _sign_in(visit: Visit, spend: Any) -> Answer | Refusal:
    """Spend a link or a code; then this browser gets a session of its own, under a token nobody has seen before."""
    token, session_id = new_token(), visit.new_id()
    browser = browser_name(visit.request.headers.get("user-agent", ""))

    def unit(db: Session) -> SignedIn | Refusal:
        done: SignedIn | Refusal = spend(db)
        if isinstance(done, SignedIn):
            before = sessions.who(db, visit.session_token, visit.now)
            if before:
                sessions.end(db, before.session_id, visit.now)
            sessions.begin(db, id=session_id, person_id=done.person_id, token=token, browser=browser, now=visit.now)
        return done

    done = await visit.write_open(unit)
    if isinstance(done, Refusal):
        return done
    answer = visit.go(done.destination)
    answer.set_cookie(visit.cookie("threefold", token, sessions.LONGEST))
    answer.set_cookie(visit.cookie("threefold-asked", "", timedelta(0)))
    return answer


def _destination(path: str) -> str:
    """Where somebody was going, if that is a page of ours and no loop."""
    local = local_path(path)
    return "/" if len(local) > LONGEST_DESTINATION or local.startswith(("/sign-in", "/sign-out")) else local


def _id(typed: str) -> UUID | None:
    try:
        return UUID(typed)
    except ValueError:
        return None


def _noted(request_id: UUID, address: str) -> str:
    """The address for the next page, in the browser that typed it: nowhere in a URL, nowhere in the store."""
    return f"{request_id.hex}.{urlsafe_b64encode(address.encode()).decode()}"


def _noted_address(visit: Visit, request_id: UUID) -> str:
    noted = visit.request.cookies.get(visit.cookie_name("threefold-asked"), "")
    request, _, address = noted.partition(".")
    if request != request_id.hex:
        return ""
    try:
        checked = check_email(urlsafe_b64decode(address).decode())
    except ValueError:
        return ""
    return "" if isinstance(checked, Problem) else checked


routes: list[Any] = [show_sign_in, ask_to_sign_in, show_check, try_code, show_link, use_link]
