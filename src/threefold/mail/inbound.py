"""How messages come in: a door for a mail server to hand them over (`mail.door`), or a mailbox looked at (IMAP).

What is for one of our own reply addresses is taken and nothing else. Nothing is ever answered by mail to whoever wrote.
"""

import asyncio
import contextlib
import imaplib
import re
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote, urlsplit

from threefold.core.reply import is_sender, letter_of, seat_of
from threefold.core.said import MONTHS
from threefold.logs import Log
from threefold.mail.replies import MOST_BYTES, addressed_to
from threefold.store.engine import Busy

log = Log("threefold.inbound")

LOOK_EVERY_SECONDS = 60.0
TIMEOUT_SECONDS = 30.0
MOST_A_LOOK = 200
LOOKS_BACK = timedelta(days=14)
KEYWORD = "Threefold"  # what a mailbox remembers of messages that have been looked at
THIS_MACHINE = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True)
class Arrived:
    """One message. `sender` is its envelope's: "" for what must not be answered, None where it is not known."""

    content: bytes
    recipients: tuple[str, ...]
    sender: str | None = None


Take = Callable[[Arrived], Awaitable[bool]]  # acts on a message; whether it was for us. Raises Busy: not now


@dataclass(frozen=True)
class Ours:
    """The addresses that anything is taken for."""

    secret: str
    sender: str

    def takes(self, recipient: str, envelope_sender: str) -> bool:
        """A seat's reply address or a letter's return address; the sender's plain one for reports of undelivered
        letters alone, which come from nobody.
        """
        known = seat_of(self.secret, self.sender, recipient) or letter_of(self.secret, self.sender, recipient)
        return known is not None or (not envelope_sender and is_sender(self.sender, recipient))


# --- where the door is -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class DoorAddress:
    """Where the door is, as a URL says it: lmtp:// or smtp://."""

    speaks: str
    host: str
    port: int

    @classmethod
    def from_url(cls, url: str) -> "DoorAddress":
        """Raises ValueError with a sentence when the URL cannot be used."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            parts, port = urlsplit(""), None
        if parts.scheme not in {"lmtp", "smtp"} or not parts.hostname or port is None:
            raise ValueError("THREEFOLD_INBOUND must look like lmtp://127.0.0.1:2424 or smtp://127.0.0.1:2525.")
        return cls(parts.scheme, parts.hostname, port)


# --- the mailbox ----------------------------------------------------------------------------------------------


class Unreachable(Exception):  # noqa: N818 - a sentence for whoever runs the server
    """The mailbox cannot be looked at just now, and why."""


@dataclass(frozen=True)
class BoxAddress:
    """A mailbox, as a URL says it: imaps://name:word@host/folder; imap:// only on this machine."""

    host: str
    port: int
    encrypted: bool
    name: str
    word: str
    folder: str

    @classmethod
    def from_url(cls, url: str) -> "BoxAddress":
        """Raises ValueError with a sentence when the URL cannot be used; it does not repeat the password."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            parts, port = urlsplit(""), None
        if parts.scheme not in {"imap", "imaps"} or not parts.hostname or not parts.username or parts.password is None:
            raise ValueError("THREEFOLD_IMAP_URL must look like imaps://name:word@mail.example.org/INBOX.")
        if parts.scheme == "imap" and parts.hostname not in THIS_MACHINE:
            raise ValueError("THREEFOLD_IMAP_URL must start with imaps://, or the password would travel in the open.")
        return cls(
            parts.hostname,
            port or (993 if parts.scheme == "imaps" else 143),
            parts.scheme == "imaps",
            unquote(parts.username),
            unquote(parts.password),
            unquote(parts.path.strip("/")) or "INBOX",
        )


class Mailbox:
    """Looks into a mailbox every minute, and hands what is new to `take`.

    A message for us is marked as read; one that is not stays as it was, for whoever reads that mailbox. Where the
    server keeps keywords, each bears ours once it has been looked at, so that nobody's reading hides one from us.
    """

    def __init__(self, address: BoxAddress, take: Take, clock: Callable[[], datetime]) -> None:
        self.address = address
        self.take = take
        self.clock = clock
        self.trouble = ""  # why it cannot be looked at just now; "" when it can
        self._left: set[bytes] = set()  # looked at, where the server keeps no keywords
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Look in the background until `stop`."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        self._stopping.set()
        if self._task is not None:
            await self._task

    async def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                await self.look()
                self.trouble = ""
            except (Unreachable, Busy) as trouble:
                if self.trouble != str(trouble):
                    log.warning("the mailbox waits", why=str(trouble))
                self.trouble = str(trouble)
            except Exception as unforeseen:
                log.exception("a look into the mailbox ended early", kind=type(unforeseen).__name__)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), LOOK_EVERY_SECONDS)

    async def look(self) -> int:
        """One look; how many messages were for us. Raises Unreachable, and Busy where the rest has to wait."""
        opened = await self._try(lambda: _Opened(self.address))
        taken = 0
        try:
            for uid in await self._try(lambda: opened.unseen(self.clock() - LOOKS_BACK)):
                if uid in self._left:
                    continue
                content = await self._try(lambda uid=uid: opened.fetch(uid))  # type: ignore[misc] # a default of its own
                ours = len(content) <= MOST_BYTES and await self.take(Arrived(content, addressed_to(content)))
                taken += ours
                await self._try(lambda uid=uid, ours=ours: opened.mark(uid, read=ours))  # type: ignore[misc] # as above
                if not opened.keeps_keywords and not ours:
                    self._left.add(uid)
        finally:
            await asyncio.to_thread(opened.close)
        return taken

    async def greet(self) -> None:
        """Sign in and open the folder, changing nothing. Raises Unreachable."""
        opened = await self._try(lambda: _Opened(self.address))
        await asyncio.to_thread(opened.close)

    async def _try(self, step: Callable[[], Any]) -> Any:
        try:
            return await asyncio.to_thread(step)
        except ssl.SSLError as unsafe:
            raise Unreachable("the mailbox’s server does not prove who it is") from unsafe
        except OSError as gone:
            raise Unreachable("the mailbox’s server cannot be reached") from gone
        except imaplib.IMAP4.error as refused:
            raise Unreachable(f"the mailbox’s server says no: {str(refused)[:200]}") from refused


class _Opened:
    """A folder of a mailbox, signed in to; blocking, one thing at a time."""

    def __init__(self, address: BoxAddress) -> None:
        if address.encrypted:
            context = ssl.create_default_context()
            self._client: imaplib.IMAP4 = imaplib.IMAP4_SSL(
                address.host, address.port, ssl_context=context, timeout=TIMEOUT_SECONDS
            )
        else:
            self._client = imaplib.IMAP4(address.host, address.port, timeout=TIMEOUT_SECONDS)
        try:
            self._client.login(_quoted(address.name), address.word)  # it quotes the second itself
            _well(self._client.select(_quoted(address.folder)))
        except BaseException:
            self.close()
            raise
        allowed = self._client.response("PERMANENTFLAGS")[1]
        self.keeps_keywords = any(b"\\*" in each for each in allowed if isinstance(each, bytes))

    def unseen(self, since: datetime) -> list[bytes]:
        """UIDs of what has not been looked at, oldest first, so many at a time."""
        day = f"{since.day:02d}-{MONTHS[since.month - 1][:3]}-{since.year}"
        new = ("UNKEYWORD", KEYWORD) if self.keeps_keywords else ("UNSEEN",)
        found = _well(self._client.uid("SEARCH", *new, "SINCE", day))
        return found[0].split()[:MOST_A_LOOK] if found and found[0] else []

    def fetch(self, uid: bytes) -> bytes:
        """A message, or as much of it as shows that it is too large."""
        found = _well(self._client.uid("FETCH", uid.decode(), f"(BODY.PEEK[]<0.{MOST_BYTES + 1}>)"))
        return next((bytes(piece[1]) for piece in found if isinstance(piece, tuple)), b"")

    def mark(self, uid: bytes, *, read: bool) -> None:
        flags = [*(["\\Seen"] if read else []), *([KEYWORD] if self.keeps_keywords else [])]
        if flags:
            _well(self._client.uid("STORE", uid.decode(), "+FLAGS.SILENT", f"({' '.join(flags)})"))

    def close(self) -> None:
        with contextlib.suppress(OSError, imaplib.IMAP4.error):
            self._client.logout()


def _well(answer: tuple[str, list[Any]]) -> list[Any]:
    kind, found = answer
    if kind != "OK":
        raise imaplib.IMAP4.error(str(found[0] if found else kind))
    return found


def _quoted(word: str) -> str:
    escaped = re.sub(r'(["\\])', r"\\\1", word)
    return f'"{escaped}"'
