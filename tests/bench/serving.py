"""A server to be measured: `python -m tests.bench.serving bare|threefold FOLDER [DATABASE]`, steered by its input.

It says "listening PORT", then answers each line it is given: "cpu" with the seconds of processor time it has used,
"cold" and "warm" by keeping no rendered pages, or keeping them, from then on. It ends with its input.
"""

import os
import socket
import sys
import threading
import time
from pathlib import Path

import uvicorn
from litestar import Litestar, Response, get

from tests.house import settings_for
from threefold.app import build_app
from threefold.logs import start_logging
from threefold.store.engine import Store
from threefold.web.cached import MOST_PAGES, Kept


@get("/bare", sync_to_thread=False)
def bare() -> Response[str]:
    return Response("ok", media_type="text/plain")


def app_of(what: str, folder: Path, database: str) -> tuple[Litestar, Kept]:
    if what == "bare":
        return Litestar([bare], openapi_config=None, logging_config=None), Kept()
    settings = settings_for(folder)
    app = build_app(settings, Store.open(database or settings.database))
    return app, app.state["house"].kept


def say(words: object) -> None:
    print(words, flush=True)  # noqa: T201 - how this process answers the one that measures it


def steer(server: uvicorn.Server, kept: Kept) -> None:
    for line in sys.stdin:
        match line.strip():
            case "cpu":
                say(time.process_time())
            case "cold":
                kept.most = 0  # the next page kept pushes out every other
                say("cold")
            case "warm":
                kept.most = MOST_PAGES
                say("warm")
    server.should_exit = True


def serve(what: str, folder: Path, database: str = "") -> None:
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        start_logging(nowhere)
        app, kept = app_of(what, folder, database)
        listening = socket.create_server(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, access_log=False, log_config=None, server_header=False))
        threading.Thread(target=steer, args=(server, kept), daemon=True).start()
        say(f"listening {listening.getsockname()[1]}")
        server.run(sockets=[listening])


if __name__ == "__main__":
    serve(sys.argv[1], Path(sys.argv[2]), *sys.argv[3:])
