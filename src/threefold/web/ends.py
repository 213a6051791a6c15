"""How requests end: each exception becomes a calm page, and every answer is dressed in the security headers."""

from typing import Any

import structlog
from litestar import Response
from litestar.exceptions import HTTPException
from litestar.types import Message, Scope

from threefold.web.errors import Answered, MustAccept, NotYours
from threefold.web.security import HEADERS, HSTS
from threefold.web.visit import Answer, Asked, visit_of

log = structlog.get_logger("threefold")


def answered(_request: Asked, ended: Answered) -> Answer:
    return ended.response


def not_yours(request: Asked, _ended: NotYours) -> Answer:
    return visit_of(request).said(404)


def must_accept(request: Asked, ended: MustAccept) -> Answer:
    path = request.url.path if request.method == "GET" else "/"
    return visit_of(request).go(f"/cohorts/{ended.cohort_id}/contract?next={path}")


def http(request: Asked, ended: HTTPException) -> Answer:
    # A mistyped id is as unknown as a foreign one.
    unknown = ended.status_code in {400, 404} and request.method in {"GET", "HEAD"}
    return visit_of(request).said(404 if unknown else ended.status_code)


def unforeseen(request: Asked, ended: Exception) -> Answer:
    # The route's pattern, never the address itself: addresses hold tokens.
    route = str(request.scope.get("path_template") or "unknown")
    log.error("unforeseen", kind=type(ended).__name__, route=route, exc_info=ended)
    return visit_of(request).said(500)


HANDLERS: dict[int | type[Exception], Any] = {
    Answered: answered,
    NotYours: not_yours,
    MustAccept: must_accept,
    HTTPException: http,
    Exception: unforeseen,
}


async def log_answer(message: Message, scope: Scope) -> None:
    """One line an answer: method, route and status. No address, no name, no token stands in it."""
    if message["type"] == "http.response.start":
        log.info("answered", method=scope.get("method"), route=scope.get("path_template"), status=message["status"])


async def admit(request: Asked) -> Answer | None:
    """Before any handler: deny by default, and take forms from our own pages only."""
    return await visit_of(request).admit()


def dress(secure: bool) -> Any:  # noqa: FBT001 - the one fact it depends on
    """After any handler: the headers of every answer, with HSTS where the service is reached by TLS."""
    headers = {**HEADERS, **({"strict-transport-security": HSTS} if secure else {})}

    async def dressed(response: Response[Any]) -> Response[Any]:
        for name, value in headers.items():
            response.headers.setdefault(name, value)
        return response

    return dressed
