"""What belongs to no noun: static files under addresses that change with them, and the health of the service."""

from litestar import Response, get
from litestar.params import FromPath
from sqlalchemy import text

from threefold.store.engine import Busy
from threefold.store.within import NotYours
from threefold.web.visit import Answer, Visited, open_to_all

ONE_YEAR = "public, max-age=31536000, immutable"
KINDS = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml", "png": "image/png"}


@get("/static/{version:str}/{name:path}", **open_to_all)
async def static_file(visit: Visited, version: FromPath[str], name: FromPath[str]) -> Answer:
    static = visit.house.static
    found = static.files.get(name.lstrip("/"))
    if found is None or version != static.version:
        raise NotYours
    plain, packed = found
    headers = {"cache-control": ONE_YEAR, "vary": "accept-encoding"}
    gzipped = "gzip" in visit.request.headers.get("accept-encoding", "")
    if gzipped:
        headers["content-encoding"] = "gzip"
    kind = KINDS.get(name.rpartition(".")[2], "application/octet-stream")
    return Response(packed if gzipped else plain, media_type=kind, headers=headers)


@get("/health/live", **open_to_all)
async def live() -> dict[str, str]:
    """The process answers."""
    return {"status": "live"}


@get("/health/ready", **open_to_all)
async def ready(visit: Visited) -> Response[dict[str, str]]:
    """The process answers and so does its database."""
    try:
        await visit.house.store.read(lambda db: db.scalar(text("SELECT 1")))
    except Busy:
        return Response({"status": "the database does not answer"}, status_code=503)
    return Response({"status": "ready"})


routes = [static_file, live, ready]
