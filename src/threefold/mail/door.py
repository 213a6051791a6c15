"""The door by which a mail server hands messages over (LMTP or SMTP).

It takes what is for one of our own reply addresses and nothing else, so that it can neither relay nor loop; it says
"taken" once what the message causes is on disk.
"""

import asyncio
import logging
from typing import Any

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope
from aiosmtpd.smtp import Session as Talk

from threefold.logs import Log
from threefold.mail.inbound import Arrived, DoorAddress, Ours, Take
from threefold.mail.replies import MOST_BYTES
from threefold.store.engine import Busy

log = Log("threefold.inbound")
logging.getLogger("mail.log").setLevel(logging.ERROR)  # the library logs every recipient, and ours are secrets

MOST_TALKS = 20
LONGEST_LINE = 64_000
MOST_BYTES_OF_A_TALK = 64_000_000
TALK_SECONDS = 120.0


class _Bounded:
    """Ends a conversation that would fill the memory: aiosmtpd keeps a line until it ends, however long it grows."""

    line_length_limit = 8_192
    transport: Any  # from here on, what is said of the protocol this is mixed into
    is_over = False
    _line = 0
    _talk = 0

    def data_received(self, data: bytes) -> None:
        end = data.rfind(b"\n")
        self._line = len(data) - end - 1 if end >= 0 else self._line + len(data)
        self._talk += len(data)
        if self._line > LONGEST_LINE or self._talk > MOST_BYTES_OF_A_TALK:
            self.transport.abort()
            return
        super().data_received(data)  # type: ignore[misc] # the protocol's

    def connection_lost(self, error: Exception | None) -> None:
        self.is_over = True
        super().connection_lost(error)  # type: ignore[misc] # the protocol's


class _SmtpTalk(_Bounded, SMTP):
    pass


class _LmtpTalk(_Bounded, LMTP):
    pass


class _Full(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.Transport):
            transport.write(b"421 4.3.2 Too many conversations, try again soon\r\n")
            transport.close()


class Door:
    """Listens, and hands each message to `take`. One recipient a message: each seat is a matter of its own."""

    def __init__(self, address: DoorAddress, ours: Ours, take: Take) -> None:
        self.address = address
        self.ours = ours
        self.take = take
        self._server: asyncio.Server | None = None
        self._talks: set[_Bounded] = set()

    async def start(self) -> None:
        """Raises OSError where the address cannot be had."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._greet, self.address.host, self.address.port)

    @property
    def port(self) -> int:
        """The port it listens on; one of its own choice where port 0 was asked for."""
        return int(self._server.sockets[0].getsockname()[1]) if self._server else self.address.port

    async def stop(self) -> None:
        """Let nobody in any more. A message under way is not acknowledged, so that it comes again."""
        server, self._server = self._server, None
        if server is not None:
            server.close()
            for talk in self._talks:
                if talk.transport is not None:
                    talk.transport.abort()
            await server.wait_closed()

    def _greet(self) -> asyncio.BaseProtocol:
        self._talks = {talk for talk in self._talks if not talk.is_over}
        if len(self._talks) >= MOST_TALKS:
            return _Full()
        kind = _LmtpTalk if self.address.speaks == "lmtp" else _SmtpTalk
        talk = kind(
            self,
            data_size_limit=MOST_BYTES,
            enable_SMTPUTF8=True,
            hostname=self.ours.sender.rpartition("@")[2],
            ident="Threefold",
            timeout=TALK_SECONDS,
            loop=asyncio.get_running_loop(),
        )
        self._talks.add(talk)
        return talk

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _talk: Talk, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if not self.ours.takes(address, _bare(envelope.mail_from)):
            return "550 5.1.1 Nobody here takes mail under this address"
        if envelope.rcpt_tos:
            return "452 4.5.3 One at a time, please"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Yes"

    async def handle_DATA(self, _server: SMTP, _talk: Talk, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        content = envelope.original_content or b""
        arrived = Arrived(content, tuple(envelope.rcpt_tos), _bare(envelope.mail_from))
        try:
            await self.take(arrived)
        except Busy:
            return "451 4.3.0 Not now, try again soon"
        except Exception as unforeseen:
            log.exception("a message could not be taken in", kind=type(unforeseen).__name__)
            return "451 4.3.0 Not now, try again soon"
        return "250 2.0.0 Taken"


def _bare(address: str | None) -> str:
    return (address or "").strip("<> ")
