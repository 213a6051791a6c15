"""Which letters somebody gets: chosen on a page of their own, or turned off from within a letter with one click.

The address in a letter is a secret for one person and one kind (RFC 8058): it works without signing in, changes
nothing when it is only opened, and leads back as easily.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from litestar import get, post
from litestar.params import FromPath
from litestar.status_codes import HTTP_200_OK, HTTP_303_SEE_OTHER
from sqlalchemy.orm import Session

from threefold.core.refusal import Refusal
from threefold.core.wishes import CHOICES, TITLES, Choice, How, Kind, how
from threefold.people import actions, queries
from threefold.store.sessions import Me
from threefold.store.within import NotYours
from threefold.web.forms import Form
from threefold.web.security import Keys, same
from threefold.web.visit import Answer, Visit, Visited, by_secret, signed_in

WAYS = {How.NOW: "As it comes", How.DIGEST: "In one letter a week, on Mondays", How.OFF: "Not at all"}


@dataclass(frozen=True)
class Asked:
    """A kind of letter as the page asks about it."""

    choice: Choice
    ways: tuple[tuple[str, str], ...]
    chosen: str


@get("/me/letters", **signed_in)
async def show_letters(visit: Visited) -> Answer:
    asked = await visit.read(_asked)
    done = "Saved." if visit.request.query_params.get("done") else ""
    return visit.page("people/wishes.html", asked=asked, done=done, problems=())


@post("/me/letters", status_code=HTTP_303_SEE_OTHER, **signed_in)
async def save_letters(visit: Visited) -> Answer:
    form = await visit.form()

    def work(db: Session, me: Me) -> Refusal | None:
        wished = {choice.kind: _read(form, choice) for choice in _offered(me)}
        if not form.refusal:
            actions.wish(db, me.id, wished, now=visit.now, new_id=visit.new_id)
        return form.refusal

    refusal = await visit.write(work)
    if refusal:
        return visit.refused("people/wishes.html", refusal, asked=await visit.read(_asked), done="")
    return visit.go("/me/letters?done=saved")


def _read(form: Form, choice: Choice) -> How:
    ways = [way.value for way in choice.ways]
    return How(form.one_of(choice.kind, ways, f"Choose how “{choice.title}” comes"))


def _offered(me: Me) -> list[Choice]:
    """What this person ever gets: some letters are for tutors alone, the others for trainees."""
    return [choice for choice in CHOICES.values() if (me.is_tutor if choice.for_tutors else me.is_trainee)]


def _asked(db: Session, me: Me) -> list[Asked]:
    wishes = queries.wishes(db, me.id)
    return [
        Asked(choice, tuple((way.value, WAYS[way]) for way in choice.ways), how(choice.kind, wishes).value)
        for choice in _offered(me)
    ]


# --- from within a letter -----------------------------------------------------------------------------------


def off_path(keys: Keys, person_id: UUID, kind: Kind) -> str:
    """Where a letter's List-Unsubscribe leads: turns this kind off for this person, and nothing else."""
    return f"/letters/off/{person_id}/{kind}/{keys.wish_token(str(person_id), kind)}"


@get("/letters/off/{person_id:str}/{kind:str}/{secret:str}", **by_secret)
async def show_off(visit: Visited, person_id: FromPath[str], kind: FromPath[str], secret: FromPath[str]) -> Answer:
    """Opening it changes nothing: mail scanners open links."""
    whose, which = _let_in(visit, person_id, kind, secret)
    wishes = await visit.read_open(lambda db, _me: queries.wishes(db, whose))
    return _off_page(visit, whose, which, is_off=how(which, wishes) is How.OFF)


@post("/letters/off/{person_id:str}/{kind:str}/{secret:str}", status_code=HTTP_200_OK, **by_secret)
async def turn_off(visit: Visited, person_id: FromPath[str], kind: FromPath[str], secret: FromPath[str]) -> Answer:
    """From a mail program or from our own button; a mail program follows no redirect (RFC 8058, 3.1)."""
    return await _turn(visit, _let_in(visit, person_id, kind, secret), How.OFF)


@post("/letters/on/{person_id:str}/{kind:str}/{secret:str}", status_code=HTTP_200_OK, **by_secret)
async def turn_on(visit: Visited, person_id: FromPath[str], kind: FromPath[str], secret: FromPath[str]) -> Answer:
    return await _turn(visit, _let_in(visit, person_id, kind, secret), How.NOW)


async def _turn(visit: Visit, who: tuple[UUID, Kind], way: How) -> Answer:
    whose, which = who

    def work(db: Session) -> bool:
        known = queries.is_somebody(db, whose)
        if known:
            actions.wish(db, whose, {which: way}, now=visit.now, new_id=visit.new_id)
        return known

    if not await visit.write_open(work):
        raise NotYours
    return _off_page(visit, whose, which, is_off=way is How.OFF)


def _let_in(visit: Visit, person_id: str, kind: str, secret: str) -> tuple[UUID, Kind]:
    """Whom and what an address is about. Raises NotYours, in the same words whatever is wrong with it."""
    if not same(visit.house.keys.wish_token(person_id, kind), secret):
        raise NotYours
    try:
        return UUID(person_id), Kind(kind)
    except ValueError:
        raise NotYours from None


def _off_page(visit: Visit, whose: UUID, which: Kind, *, is_off: bool) -> Answer:
    visit.me = None  # the secret lets in, not the browser: nothing else of anybody stands on this page
    path = off_path(visit.house.keys, whose, which)
    on_path = path.replace("/letters/off/", "/letters/on/", 1)
    values: dict[str, Any] = {"title": TITLES[which], "is_off": is_off, "off_path": path, "on_path": on_path}
    return visit.page("people/letters_off.html", **values)


routes = [show_letters, save_letters, show_off, turn_off, turn_on]
