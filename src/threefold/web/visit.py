"""One request from one browser: who it is, its form, one unit of work for it, and the page that answers.

A handler declares its right with `open_to_all`, `signed_in` or `by_secret` (a route that declares none is refused),
then takes four hops: page → access → action or query → core.
"""

from collections.abc import Callable, Collection, Hashable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, TypeVar, cast
from urllib.parse import quote
from uuid import UUID

from jinja2 import Environment
from litestar import Request, Response
from litestar.datastructures import Cookie, UploadFile
from litestar.di import NamedDependency
from litestar.enums import RequestEncodingType
from litestar.params import SkipValidation
from sqlalchemy.orm import Session

from threefold.core.refusal import Problem, Refusal, changes_nothing
from threefold.core.term import Notice
from threefold.mail.letters import Postroom
from threefold.mail.notices import Pile, Rehearsed, said_in, tell, with_letters
from threefold.settings import Settings
from threefold.store import sessions
from threefold.store.engine import Busy, Store
from threefold.store.sessions import Me
from threefold.web.addresses import local_path, origin_of
from threefold.web.cached import TOKEN_MARK, Kept, Pieces, etag
from threefold.web.errors import NOT_SAVED, SAID, Answered
from threefold.web.forms import Form, Upload, fields_of
from threefold.web.ids import Ids
from threefold.web.kept_forms import KEEP_FORMS, keep, let_go
from threefold.web.security import Keys, new_token, same
from threefold.web.solver import Solver
from threefold.web.streams import Streams
from threefold.web.templates import Static

T = TypeVar("T")
Answer = Response[Any]
Asked = Request[Any, Any, Any]

# What a route declares: `@get("/cohorts", **signed_in)`.
open_to_all: dict[str, Any] = {"opt": {"right": "open to all"}}
signed_in: dict[str, Any] = {"opt": {"right": "signed in"}}
by_secret: dict[str, Any] = {"opt": {"right": "by secret"}}  # the address itself is the key: feeds


@dataclass(frozen=True)
class House:
    """What every request needs and nobody may replace: made once in `app`, passed in everywhere."""

    settings: Settings
    store: Store
    keys: Keys
    templates: Environment
    static: Static
    clock: Callable[[], datetime]
    solver: Solver
    kept: Kept
    streams: Streams = field(default_factory=Streams)

    @property
    def postroom(self) -> Postroom:
        """Where letters are written."""
        return Postroom(self.settings, self.templates)


class Visit:
    """A request, its moment, and the person asking once a unit of work has looked them up."""

    def __init__(self, request: Asked, house: House) -> None:
        self.request = request
        self.house = house
        self.now: datetime = house.clock()
        self.me: Me | None = None
        self.new_id = Ids(self.now)
        self._form: Form | None = None
        self._etags: dict[Hashable, str] = {}

    # --- the browser ---

    @cached_property
    def session_token(self) -> str | None:
        return self.request.cookies.get(self.cookie_name("threefold"))

    def cookie_name(self, name: str) -> str:
        return f"__Host-{name}" if self.house.settings.secure_cookies else name

    def cookie(self, name: str, value: str, lasts: timedelta) -> Cookie:
        return Cookie(
            key=self.cookie_name(name),
            value=value,
            path="/",
            secure=self.house.settings.secure_cookies,
            httponly=True,
            samesite="lax",
            max_age=int(lasts.total_seconds()),
        )

    @property
    def network(self) -> str:
        """The caller's address; a proxy's word for it counts only when that proxy is trusted."""
        return self.request.client.host if self.request.client else ""

    @property
    def network_digest(self) -> bytes:
        return self.house.keys.digest("network", self.network)

    @cached_property
    def token(self) -> str:
        """The form token of this browser's session; "" for a browser without one."""
        session = self.session_token
        return self.house.keys.form_token(session) if session else ""

    # --- units of work ---

    async def read(self, work: Callable[[Session, Me], T]) -> T:
        """Run `work(db, me)` on a reader in one hop; a browser that is not signed in is asked to sign in."""
        return await self._look(self.house.store.read, work)

    async def glance(self, work: Callable[[Session, Me], T]) -> T:
        """`read` for a handful of quick questions (see `Store.glance`)."""
        return await self._look(self.house.store.glance, work)

    async def _look(self, run: Callable[[Callable[[Session], Any]], Any], work: Callable[[Session, Me], T]) -> T:
        token, now = self.session_token, self.now

        def unit(db: Session) -> tuple[Me | None, T | None]:
            me = sessions.who(db, token, now)
            self.me = me
            return (me, work(db, me)) if me else (None, None)

        me, found = await self._hop(run, unit)
        if me is None:
            raise Answered(await self.ask_to_sign_in())
        if now - me.seen_at > sessions.TOUCH_EVERY:
            await self._hop(self.house.store.write, lambda db: sessions.touch(db, me.session_id, now))
        return cast("T", found)  # somebody is signed in, so the work was done

    async def write(self, work: Callable[[Session, Me], T]) -> T:
        """Run `work(db, me)` in the next write transaction; it is on disk when this returns."""
        token, now = self.session_token, self.now

        def unit(db: Session) -> tuple[Me | None, T | None]:
            me = sessions.who(db, token, now)
            self.me = me
            return (me, work(db, me)) if me else (None, None)

        me, done = await self._hop(self.house.store.write, unit)
        if me is None:
            raise Answered(await self.ask_to_sign_in())
        return cast("T", done)  # somebody is signed in, so the work was done

    async def tell(self, cohorts: Collection[UUID], work: Callable[[Session, Me], T], *, only: UUID | None = None) -> T:
        """`write`, with every letter that follows from it in the same transaction: whoever holds a seat in these
        cohorts hears of what they would notice. Nobody does of a Refusal that changes nothing.

        `only` is the one session that the work may change, where it is one: the others are not looked through then.
        Raises Unsendable, which undoes all of it.
        """
        # The letters' ids are their own: each run of the unit has to make the same rows.
        pile, start = Pile(self.house.postroom, self.now, Ids(self.now)), self.new_id.place

        def telling(db: Session, me: Me) -> T:
            self.new_id.go_back(start)
            outcome = work(db, me)
            if not changes_nothing(outcome):
                tell(db, cohorts, pile, only=only)
            return outcome

        try:
            return await with_letters(pile, lambda: self.write(telling))
        except Busy as busy:
            raise Answered(self.busy()) from busy

    async def rehearse(self, cohorts: Collection[UUID], work: Callable[[Session, Me], T]) -> T | tuple[Notice, ...]:
        """What `tell` would say to whom, with nothing kept and nobody told; or what `work` refused."""

        def rehearsing(db: Session, me: Me) -> T:
            outcome = work(db, me)
            if isinstance(outcome, Refusal):
                return outcome
            raise Rehearsed(said_in(db, cohorts, self.now))

        try:
            return await self.write(rehearsing)
        except Rehearsed as rehearsed:
            return rehearsed.notices

    async def read_open(self, work: Callable[[Session, Me | None], T]) -> T:
        """Like `read`, for pages that anybody may see."""
        token, now = self.session_token, self.now

        def unit(db: Session) -> T:
            self.me = sessions.who(db, token, now)
            return work(db, self.me)

        return await self._hop(self.house.store.read, unit)

    async def write_open(self, work: Callable[[Session], T]) -> T:
        """Like `write`, for what somebody does who is not signed in (signing in, say)."""
        return await self._hop(self.house.store.write, work)

    async def _hop(self, run: Callable[[Callable[[Session], T]], Any], unit: Callable[[Session], T]) -> T:
        try:
            return await run(unit)  # type: ignore[no-any-return] # store.read and store.write return what the unit does
        except Busy as busy:
            raise Answered(self.busy()) from busy

    # --- forms ---

    async def form(self) -> Form:
        """The sent form, read once; one of more fields than anybody could fill in is too large (413)."""
        if self._form is None:
            self._form = await self._sent()
        return self._form

    @property
    def typed(self) -> tuple[tuple[str, str], ...]:
        """What the sent form holds, once it has been read; nothing before, or where none was sent."""
        return self._form.kept if self._form else ()

    async def _sent(self) -> Form:
        if self.request.content_type[0] == RequestEncodingType.URL_ENCODED:
            # Not the framework's own reader: it would keep the words of the last thousand forms in memory.
            body = await self.request.body()
            try:
                return Form(fields_of(body))
            except ValueError:
                raise Answered(self.said(413)) from None
        fields: list[tuple[str, str]] = []
        files: dict[str, Upload] = {}
        for name, value in (await self.request.form()).multi_items():
            if isinstance(value, UploadFile):
                content = await value.read()
                if value.filename or content:
                    files[name] = Upload(value.filename or "", content)
            else:
                fields.append((name, str(value).replace("\x00", "")))
        return Form(tuple(fields), files)

    # --- answers ---

    def page(self, template: str, *, status: int = 200, **values: Any) -> Answer:
        """A rendered page. Every template also gets me, token, path, demo and now."""
        return self.html(self.render(template, **values), status=status)

    def not_modified(self, key: Hashable) -> bool:
        """Whether the browser holds this very page already."""
        return self.request.headers.get("if-none-match") == self._etag(key)

    def _etag(self, key: Hashable) -> str:
        if key not in self._etags:
            self._etags[key] = etag(key, self.token)
        return self._etags[key]

    def kept_page(self, key: Hashable, kept: Pieces | None, template: str, **values: Any) -> Answer:
        """A page that stays the same while `key` does: rendered once, kept here and by the browser.

        `kept` is what the unit of work found under the key; only without it are `values` needed, and rendered.
        """
        if self.not_modified(key):
            answer = self.html("", status=304)
        else:
            if kept is None:
                kept = self.house.kept.keep(key, lambda: self.render(template, token=TOKEN_MARK, **values))
            answer = self.html(self.token.encode().join(kept))
        answer.headers["etag"] = self._etag(key)
        answer.headers["cache-control"] = "private, no-cache"
        return answer

    def render(self, template: str, *, token: str | None = None, **values: Any) -> bytes:
        # Encoded piece by piece: joined first, one typographic apostrophe would make the whole page twice as wide.
        pieces = self.house.templates.get_template(template).generate(
            me=self.me,
            token=self.token if token is None else token,
            path=self.request.url.path,
            demo=self.house.settings.demo,
            centre=self.house.settings.centre,
            now=self.now,
            **values,
        )
        return b"".join(map(str.encode, pieces))

    def html(self, content: str | bytes, *, status: int = 200) -> Answer:
        return Response(
            content,
            status_code=status,
            media_type="text/html",
            headers={"cache-control": "private, no-store" if self.me else "no-store"},
        )

    def refused(self, template: str, refusal: Refusal, **values: Any) -> Answer:
        """The same page again with every problem beside its field (422); pass the form's words along in `values`."""
        return self.page(template, status=422, problems=refusal.problems, **values)

    def go(self, path: str) -> Answer:
        """On to another page of ours after something was done (303, so that reloading does nothing twice)."""
        return Response(b"", status_code=303, headers={"location": local_path(path)})

    def said(self, status: int) -> Answer:
        """A calm page for an end that nobody hoped for."""
        heading, sentence = SAID.get(status, SAID[500])
        return self.page("error.html", status=status, heading=heading, sentence=sentence)

    def busy(self, status: int = 503) -> Answer:
        """Not saved, with everything that was sent still there, and a button to send it again."""
        if self._form is None:
            answer = self.said(status)
        else:
            heading, sentence = NOT_SAVED[status]
            answer = self.words_kept(
                self._form.kept, heading=heading, sentence=sentence, button="Try again", status=status
            )
        if status == 503:
            answer.headers["retry-after"] = "5"
        return answer

    def words_kept(
        self,
        fields: tuple[tuple[str, str], ...],
        *,
        heading: str,
        sentence: str,
        button: str,
        action: str = "",
        status: int = 200,
    ) -> Answer:
        """A page that holds every word of a form that could not be taken, ready to be sent once more."""
        visible = [
            (name.replace("_", " ").replace(".", ", ").capitalize(), value)
            for name, value in fields
            if value.strip() and not _looks_like_an_id(value)
        ]
        return self.page(
            "words_kept.html",
            status=status,
            heading=heading,
            sentence=sentence,
            action=action or self.request.url.path,
            visible=visible,
            fields=fields,
            button=button,
            problems=(Problem("", sentence),) if status >= 400 else (),
        )

    # --- signing in first ---

    async def ask_to_sign_in(self) -> Answer:
        """To the sign-in page, remembering where the person was going; a form's words are kept on the way."""
        where = self.request.url.path + (f"?{self.request.url.query}" if self.request.url.query else "")
        if self.request.method in {"GET", "HEAD"}:
            return self.go(f"/sign-in?next={quote(where, safe='/')}" if where != "/" else "/sign-in")
        form = await self.form()
        if "application/json" in self.request.headers.get("accept", ""):
            return Response({"signed_out": True}, status_code=401)
        kept = await self._keep(form)
        if kept is None:
            return self.said(429)
        answer = self.go(f"/sign-in?next=/kept/{kept[0]}")
        answer.set_cookie(self.cookie("threefold-kept", kept[1], KEEP_FORMS))
        return answer

    async def _keep(self, form: Form) -> tuple[UUID, str] | None:
        browser = self.request.cookies.get(self.cookie_name("threefold-kept")) or new_token()
        id_, digest, path = self.new_id(), self.network_digest, self.request.url.path
        room = await self._hop(
            self.house.store.write,
            lambda db: keep(db, form.kept, id=id_, browser=browser, network_digest=digest, path=path, now=self.now),
        )
        return (id_, browser) if room else None

    def forget_kept(self, db: Session) -> None:
        """Let go of what this browser left for this address while signed out, now that it has been taken.

        For words that should lie in one place only; others are let go of after a day.
        """
        browser = self.request.cookies.get(self.cookie_name("threefold-kept"))
        if browser:
            let_go(db, browser, self.request.url.path)

    # --- before any handler runs ---

    async def admit(self) -> Answer | None:
        """Deny by default, and take forms from our own pages only. None lets the handler go on."""
        right = self.request.route_handler.opt.get("right")
        if right is None:
            return self.said(404)
        if self.request.method in {"GET", "HEAD", "OPTIONS"} or right == "by secret":
            return None
        if not self._from_our_own_page():
            return self.said(403)
        if self.session_token is None:
            return None  # nothing to protect yet; `write` asks to sign in and keeps the words
        form = await self.form()
        if same(form.get("_token"), self.token):
            return None
        if right == "open to all":
            return None  # signing in from a page opened in an earlier session
        return self.words_kept(
            form.kept,
            heading="This page had been open for a while",
            sentence="You have signed in again since you opened it. Your words are all here: send them once more.",
            button="Send again",
            status=403,
        )

    def _from_our_own_page(self) -> bool:
        site = self.request.headers.get("sec-fetch-site")
        if site is not None:
            return site == "same-origin"
        return self.request.headers.get("origin") == origin_of(self.house.settings.base_url)


Visited = NamedDependency[SkipValidation[Visit]]


def visit_of(request: Asked) -> Visit:
    """The visit of a request: the same one before, in and after its handler."""
    found = request.scope.get("threefold.visit")
    if isinstance(found, Visit):
        return found
    visit = Visit(request, request.app.state.house)
    request.scope["threefold.visit"] = visit  # type: ignore[typeddict-unknown-key] # a scope holds extras
    return visit


def _looks_like_an_id(value: str) -> bool:
    try:
        UUID(value)
    except ValueError:
        return False
    return True
