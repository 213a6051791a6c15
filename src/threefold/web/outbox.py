"""The demo's outbox: every letter that left, newest first, as headers, text, HTML and calendar part.

Nobody is asked who they are, so these routes exist in the demo only (see app.py).
"""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from functools import lru_cache
from pathlib import Path
from typing import Any

from litestar import Response, get
from litestar.params import FromPath

from threefold.store.within import NotYours
from threefold.web.security import FRAMED_POLICY
from threefold.web.visit import Answer, Visit, Visited, open_to_all

A_PAGE = 100
HEADS = ("From", "To", "Reply-To", "Subject", "Date", "Message-ID", "In-Reply-To", "References", "List-Unsubscribe")
ZONE = "Europe/London"


@dataclass(frozen=True)
class Letter:
    """One letter as its file has it; a part it does not have is empty."""

    number: int
    to: str
    subject: str
    left_at: datetime
    heads: tuple[tuple[str, str], ...]
    text: str
    html: str
    calendar: str
    method: str
    content: bytes

    @property
    def parts(self) -> tuple[str, ...]:
        """What it is made of, in words."""
        kinds = {"text": self.text, "HTML": self.html, f"a calendar part ({self.method})": self.calendar}
        return tuple(kind for kind, held in kinds.items() if held)


@get("/outbox", **open_to_all)
async def show_all(visit: Visited) -> Answer:
    """A page of letters, newest first; `?before=` a number leads to earlier ones."""
    await visit.read_open(lambda _db, _me: None)
    typed = visit.request.query_params.get("before", "")
    before = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else None
    letters, earlier = await asyncio.to_thread(_page, visit.house.settings.outbox_folder, before)
    return visit.page("outbox/list.html", letters=letters, earlier=earlier, zone=ZONE)


@get("/outbox/{number:int}", **open_to_all)
async def show(visit: Visited, number: FromPath[int]) -> Answer:
    await visit.read_open(lambda _db, _me: None)
    return visit.page("outbox/letter.html", letter=await _letter(visit, number))


@get("/outbox/{number:int}/html", **open_to_all)
async def show_html(visit: Visited, number: FromPath[int]) -> Answer:
    """The letter's HTML for the frame: no scripts, no forms, nothing fetched, an origin of its own."""
    answer = visit.html((await _letter(visit, number)).html)
    answer.headers["content-security-policy"] = FRAMED_POLICY
    return answer


@get("/outbox/{number:int}/letter.eml", **open_to_all)
async def download(visit: Visited, number: FromPath[int]) -> Answer:
    """The very bytes that left, to be opened in a mail program."""
    letter = await _letter(visit, number)
    headers = {"content-disposition": f'attachment; filename="letter-{letter.number}.eml"', "cache-control": "no-store"}
    return Response(letter.content, media_type="message/rfc822", headers=headers)


async def _letter(visit: Visit, number: int) -> Letter:
    """Raises NotYours for a number without a letter."""
    try:
        return await asyncio.to_thread(_read, visit.house.settings.outbox_folder, number)
    except OSError:
        raise NotYours from None


def _page(folder: Path, before: int | None) -> tuple[list[Letter], bool]:
    """The newest letters before a number, and whether there are earlier ones."""
    kept = sorted((int(path.stem) for path in folder.glob("*.eml") if path.stem.isdecimal()), reverse=True)
    numbers = [number for number in kept if before is None or number < before]
    return [_read(folder, number) for number in numbers[:A_PAGE]], len(numbers) > A_PAGE


@lru_cache(maxsize=2 * A_PAGE)  # a letter that has left is never changed
def _read(folder: Path, number: int) -> Letter:
    path = folder / f"{number:06d}.eml"
    content = path.read_bytes()
    message = BytesParser(_class=EmailMessage, policy=default).parsebytes(content)
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    calendar = next((part for part in message.walk() if part.get_content_type() == "text/calendar"), None)
    return Letter(
        number=number,
        to=str(message["To"] or ""),
        subject=str(message["Subject"] or ""),
        left_at=datetime.fromtimestamp(path.stat().st_mtime, UTC),
        heads=tuple((name, str(value)) for name in HEADS if (value := message[name])),
        text=_content(text),
        html=_content(html),
        calendar=_content(calendar),
        method=str(calendar.get_param("method", "")) if calendar else "",
        content=content,
    )


def _content(part: Any) -> str:
    return str(part.get_content()).replace("\r\n", "\n") if part else ""


routes: list[Any] = [show_all, show, show_html, download]
