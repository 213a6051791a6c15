"""A real SMTP server in the test's own loop, which can be told to be difficult."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword
from aiosmtpd.smtp import Session as Talk

WELL = "250 OK"


@dataclass
class Mailbox:
    """What arrived, in order, and how the server behaves.

    `refuse` maps an address to the reply it gets, `refuse_letter` to the reply its letters get; "stall" is no reply
    at all. `mood` is asked for each letter: a reply, "stall", or "drop" (the letter is taken, the line cut).
    """

    port: int = 0
    arrived: list[tuple[str, bytes]] = field(default_factory=list)
    talks: set[str] = field(default_factory=set)  # the other end of each connection
    options: list[list[str]] = field(default_factory=list)  # what MAIL was said with
    signed_in: list[str] = field(default_factory=list)
    refuse: dict[str, str] = field(default_factory=dict)
    refuse_letter: dict[str, str] = field(default_factory=dict)
    refuse_sender: str = ""
    hang_up_after_data: int = 0  # so many letters are taken, and the line cut before the answer
    dropped: int = 0
    mood: Callable[[], str] = lambda: WELL
    seconds: float = 0.0  # how long each letter takes
    password: str = ""

    def to(self, address: str) -> list[bytes]:
        return [content for recipient, content in self.arrived if recipient == address]

    def authenticate(self, _server: object, _talk: object, _envelope: object, _how: str, words: object) -> AuthResult:
        assert isinstance(words, LoginPassword)
        self.signed_in.append(words.login.decode())
        return AuthResult(success=words.password.decode() == self.password, handled=False)

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, talk: Talk, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.talks.add(str(talk.peer))
        self.options.append(options)
        if self.password and not talk.authenticated:
            return "530 5.7.0 sign in first"
        if self.refuse_sender:
            return self.refuse_sender
        envelope.mail_from = address
        return WELL

    async def handle_RCPT(  # noqa: N802 - as above
        self, _server: SMTP, _talk: Talk, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        reply = self.refuse.get(address, WELL)
        if reply == "stall":
            await asyncio.sleep(3600)
        if reply == WELL:
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(self, server: SMTP, _talk: Talk, envelope: Envelope) -> str:  # noqa: N802 - as above
        content = envelope.content
        assert isinstance(content, bytes)
        await asyncio.sleep(self.seconds)
        reply = self.refuse_letter.get(envelope.rcpt_tos[0]) or self.mood()
        if reply == "stall":
            await asyncio.sleep(3600)
        if reply not in {WELL, "drop"}:
            return reply
        self.arrived.append((envelope.rcpt_tos[0], content))
        if reply == "drop" or self.hang_up_after_data > 0:
            self.hang_up_after_data -= 1
            self.dropped += 1
            transport = server.transport
            assert isinstance(transport, asyncio.Transport)
            transport.abort()
        return WELL


@asynccontextmanager
async def mail_server(
    *,
    host: str = "127.0.0.1",
    password: str = "",
    smtputf8: bool = True,
    tls: ssl.SSLContext | None = None,
    port: int = 0,
) -> AsyncIterator[Mailbox]:
    """A mail server on loopback, on a port of its own. With a password it takes letters only after signing in."""
    box = Mailbox(password=password)
    wanted: dict[str, Any] = {}
    if password:
        wanted = {"auth_require_tls": False, "authenticator": box.authenticate}

    def talk() -> SMTP:
        return SMTP(box, enable_SMTPUTF8=smtputf8, tls_context=tls, hostname="mail.example", **wanted)

    server = await asyncio.get_running_loop().create_server(talk, host, port)
    box.port = server.sockets[0].getsockname()[1]
    try:
        yield box
    finally:
        server.close()
        await server.wait_closed()
