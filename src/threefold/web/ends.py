"""How requests end: each exception becomes a calm page, and every answer is dressed in the security headers."""

from typing import Any

from litestar import Response
from litestar.exceptions import HTTPException
from litestar.types import Message, Scope

from threefold.logs import Log
from threefold.mail.letters import Unsendable
from threefold.store.within import NotYours
from threefold.web.errors import Answered, Gone, MustAccept
from threefold.web.security import HEADERS, HSTS
from threefold.web.visit import Answer, Asked, visit_of

log = Log("threefold")


def answered(_request: Asked, ended: Answered) -> Answer:
    return ended.response


def not_yours(request: Asked, _ended: NotYours) -> Answer:
    return visit_of(request).said(404)


def must_accept(request: Asked, ended: MustAccept) -> Answer:
    path = request.url.path if request.method == "GET" else "/"
    return visit_of(request).go(f"/cohorts/{ended.cohort_id}/contract?next={path}")


def gone(request: Asked, ended: Gone) -> Answer:
    if "application/json" in request.headers.get("accept", ""):
        return Response({"closed": True, "sentence": ended.sentence}, status_code=410)
    return visit_of(request).page(ended.template, status=410, sentence=ended.sentence, **ended.values)


def http(request: Asked, ended: HTTPException) -> Answer:
    # A mistyped id is as unknown as a foreign one.
    unknown = ended.status_code in {400, 404} and request.method in {"GET", "HEAD"}
    answer = visit_of(request).said(404 if unknown else ended.status_code)
    for name, value in (ended.headers or {}).items():
        if name.lower() == "allow":
            answer.headers["allow"] = value
    return answer


def unsendable(request: Asked, ended: Unsendable) -> Answer:
    """A letter broke a rule of mail or calendars, so nothing of what wanted it was kept."""
    log.error("a letter breaks a rule", letter=ended.kind, broken=ended.broken)
    return visit_of(request).busy(500)


def unforeseen(request: Asked, ended: Exception) -> Answer:
    # The route's pattern, never the address itself: addresses hold tokens.
    route = str(request.scope.get("path_template") or "unknown")
    log.error("unforeseen", kind=type(ended).__name__, route=route, raised=ended)
    return visit_of(request).said(500)


HANDLERS: dict[int | type[Exception], Any] = {
    Answered: answered,
    NotYours: not_yours,
    MustAccept: must_accept,
    Gone: gone,
    Unsendable: unsendable,
    HTTPException: http,
    Exception: unforeseen,
}


async def log_answer(message: Message, scope: Scope) -> None:
    """One line an answer: method, route and status. No address, no name, no token stands in it."""
    if message["type"] == "http.response.start":
        log.info("answered", method=scope.get("method"), route=scope.get("path_template"), status=message["status"])


def dress(secure: bool) -> Any:  # noqa: FBT001 - the one fact it depends on
    """The headers of every answer, whoever made it, with HSTS where the service is reached by TLS."""
    wanted = {**HEADERS, **({"strict-transport-security": HSTS} if secure else {})}
    clothes = [(name.encode(), value.encode()) for name, value in wanted.items()]

    async def dressed(message: Message, _scope: Scope) -> None:
        if message["type"] == "http.response.start":
            worn = {name.lower() for name, _ in message["headers"]}
            message["headers"] = [*message["headers"], *(each for each in clothes if each[0] not in worn)]

    return dressed


async def admit(request: Asked) -> Answer | None:
    """Before any handler: deny by default, and take forms from our own pages only."""
    return await visit_of(request).admit()
