"""The composition root: settings in, a Litestar application out; nothing else."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import structlog
from litestar import Litestar, Request, Response, get
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.params import FromPath

from threefold.cohorts.pages import routes as cohorts
from threefold.feedback.pages import routes as feedback
from threefold.mail.courier import Courier
from threefold.people.pages import routes as people
from threefold.plans.pages import routes as plans
from threefold.practice.pages import routes as practice
from threefold.settings import Settings
from threefold.store.engine import Store
from threefold.web.errors import Answered, MustAccept, NotYours
from threefold.web.outbox import routes as outbox
from threefold.web.security import HEADERS, HSTS, Keys
from threefold.web.templates import Static, environment, folder
from threefold.web.visit import Answer, House, Visit, Visited, open_to_all

log = structlog.get_logger("threefold")
MOST_BYTES = 2_000_000
ONE_YEAR = "public, max-age=31536000, immutable"


def build_app(
    settings: Settings,
    store: Store,
    *,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    courier: Courier | None = None,
) -> Litestar:
    """The whole service for one centre. The store is opened by the caller and closed by the application."""
    static = Static(folder() / "static")
    house = House(
        settings=settings,
        store=store,
        keys=Keys(settings.secret),
        templates=environment(static),
        static=static,
        clock=clock,
    )

    def visit_of(request: Request[Any, Any, Any]) -> Visit:
        visit = request.scope.get("threefold.visit")
        if not isinstance(visit, Visit):
            visit = Visit(request, house)
            request.scope["threefold.visit"] = visit  # type: ignore[typeddict-unknown-key] # a scope holds extras
        return visit

    async def admit(request: Request[Any, Any, Any]) -> Answer | None:
        return await visit_of(request).admit()

    def answered(_request: Request[Any, Any, Any], ended: Answered) -> Answer:
        return ended.response

    def not_yours(request: Request[Any, Any, Any], _ended: NotYours) -> Answer:
        return visit_of(request).said(404)

    def must_accept(request: Request[Any, Any, Any], ended: MustAccept) -> Answer:
        path = request.url.path if request.method == "GET" else "/"
        return visit_of(request).go(f"/cohorts/{ended.cohort_id}/contract?next={path}")

    def http(request: Request[Any, Any, Any], ended: HTTPException) -> Answer:
        # A mistyped id is as unknown as a foreign one.
        status = 404 if ended.status_code in {400, 404} and request.method in {"GET", "HEAD"} else ended.status_code
        return visit_of(request).said(status)

    def unforeseen(request: Request[Any, Any, Any], ended: Exception) -> Answer:
        log.error("unforeseen", kind=type(ended).__name__, route=_route(request), exc_info=ended)
        return visit_of(request).said(500)

    async def dress(response: Response[Any]) -> Response[Any]:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        if settings.secure_cookies:
            response.headers.setdefault("strict-transport-security", HSTS)
        return response

    @asynccontextmanager
    async def open_house(_app: Litestar) -> AsyncIterator[None]:
        if courier:
            courier.start()
        try:
            yield
        finally:
            if courier:
                await courier.stop()
            await store.close()

    @get("/static/{version:str}/{name:path}", **open_to_all)
    async def static_file(visit: Visited, version: FromPath[str], name: FromPath[str]) -> Answer:
        return serve_static(visit, version, name.lstrip("/"))

    @get("/health/live", **open_to_all)
    async def live() -> dict[str, str]:
        return {"status": "live"}

    @get("/health/ready", **open_to_all)
    async def ready() -> Response[dict[str, str]]:
        alive = await store.alive()
        return Response({"status": "ready" if alive else "the database does not answer"}, status_code=200 if alive else 503)

    handlers: Sequence[Any] = [
        *people,
        *cohorts,
        *plans,
        *practice,
        *feedback,
        *(outbox if settings.demo else ()),
        static_file,
        live,
        ready,
    ]
    return Litestar(
        handlers,
        before_request=admit,
        after_request=dress,
        dependencies={"visit": Provide(visit_of, sync_to_thread=False)},
        exception_handlers={
            Answered: answered,
            NotYours: not_yours,
            MustAccept: must_accept,
            HTTPException: http,
            Exception: unforeseen,
        },
        lifespan=[open_house],
        openapi_config=None,
        logging_config=None,
        request_max_body_size=MOST_BYTES,
        debug=False,
    )


def serve_static(visit: Visit, version: str, name: str) -> Answer:
    """A static file, kept by the browser for good under its versioned address."""
    found = visit.house.static.files.get(name)
    if found is None or version != visit.house.static.version:
        raise NotYours
    kinds = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml", "png": "image/png"}
    plain, packed = found
    headers = {"cache-control": ONE_YEAR, "vary": "accept-encoding"}
    gzipped = "gzip" in visit.request.headers.get("accept-encoding", "")
    if gzipped:
        headers["content-encoding"] = "gzip"
    kind = kinds.get(name.rpartition(".")[2], "application/octet-stream")
    return Response(packed if gzipped else plain, media_type=f"{kind}; charset=utf-8", headers=headers)


def _route(request: Request[Any, Any, Any]) -> str:
    """The route's pattern, never the address itself: addresses hold tokens."""
    template = request.scope.get("path_template")
    return str(template or "unknown")
