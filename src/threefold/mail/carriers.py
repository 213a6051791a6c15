"""Who takes a letter out of the house: a mail server, or (in the demo) a folder; each says what came of it."""

import asyncio
import re
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from aiosmtplib import (
    SMTP,
    SMTPAuthenticationError,
    SMTPException,
    SMTPHeloError,
    SMTPRecipientRefused,
    SMTPResponseException,
    SMTPSenderRefused,
    SMTPServerDisconnected,
)

from threefold.core.address import ascii_address

COMMAND_SECONDS = 30.0
DATA_SECONDS = 120.0  # for the server to look a whole letter over
LETTER_SECONDS = 180.0  # everything together, connecting included
QUIT_SECONDS = 2.0
MOST_PER_CONNECTION = 100


class Later(Exception):  # noqa: N818 - an outcome, not a crash
    """Not taken this time; the same letter is worth another try."""


class Slower(Later):
    """The same, and the server wants less of us (421): this connection rests before it carries anything again."""


class Never(Exception):  # noqa: N818 - an outcome, not a crash
    """Refused for good; trying again would not help. `address`: because this address takes no letter at all."""

    def __init__(self, why: str, *, address: bool = False) -> None:
        super().__init__(why)
        self.address = address


class Held(Exception):  # noqa: N818 - an outcome, not a crash
    """Nothing can leave at all (no connection, a wrong password): the whole queue waits."""


class Carrier(Protocol):
    """Carries one letter after another. Raises Later, Never or Held, with a reason that names nobody.

    It answers within LETTER_SECONDS, whatever the other side does.
    """

    async def carry(self, sender: str, recipient: str, message: bytes) -> None: ...

    async def close(self) -> None: ...


@dataclass(frozen=True)
class MailServer:
    """Where letters are handed over, as a URL says it: smtp://, smtp+starttls:// or smtps://."""

    host: str
    port: int
    security: str  # "none", "starttls" or "tls"
    username: str | None
    password: str | None

    @classmethod
    def from_url(cls, url: str) -> "MailServer":
        """Raises ValueError with a sentence when the URL cannot be used."""
        kinds = {"smtp": ("none", 25), "smtp+starttls": ("starttls", 587), "smtps": ("tls", 465)}
        try:
            parts = urlsplit(url)
            security, usual_port = kinds[parts.scheme]
            host, port = parts.hostname, parts.port or usual_port
        except (KeyError, ValueError):
            host, port, security = None, 0, ""
        if not host:
            raise ValueError(
                "The mail server’s URL must look like smtp://host:25, smtp+starttls://name:word@host:587 "
                "or smtps://name:word@host:465."
            )
        return cls(
            host,
            port,
            security,
            unquote(parts.username) if parts.username else None,
            unquote(parts.password) if parts.password else None,
        )


class SmtpCarrier:
    """One connection to a mail server, reused for up to a hundred letters and made anew when it breaks."""

    def __init__(self, server: MailServer) -> None:
        self.server = server
        self._client: SMTP | None = None
        self._carried = 0

    async def carry(self, sender: str, recipient: str, message: bytes) -> None:
        if self._carried >= MOST_PER_CONNECTION:
            await self.close()
        try:
            async with asyncio.timeout(LETTER_SECONDS):
                await self._hand_over(sender, recipient, message)
        except TimeoutError as slow:
            self._drop()
            raise Later("the mail server did not answer in time") from slow
        except (ConnectionError, OSError) as gone:  # SMTPServerDisconnected is one
            self._drop()
            raise Later("the mail server hung up") from gone
        except SMTPException as other:
            self._drop()
            raise Later(type(other).__name__) from other
        self._carried += 1

    async def greet(self) -> None:
        """Connect and sign in as a letter would, sending nothing. Raises Held or Slower with the reason."""
        await self._connected()

    async def _hand_over(self, sender: str, recipient: str, message: bytes) -> None:
        try:
            client = await self._begun(sender, recipient, message)
            # The server may take minutes to look a letter over; who hangs up on it makes it take the letter twice.
            await client.data(message, timeout=DATA_SECONDS)
        except SMTPResponseException as refused:
            if refused.code == 421:
                self._drop()
            else:
                await self._start_over()
            raise _outcome(refused) from refused
        except Never:  # an address that this server cannot be told
            await self._start_over()
            raise

    async def _begun(self, sender: str, recipient: str, message: bytes) -> SMTP:
        """A connection that has taken both addresses, and waits for the letter itself."""
        client = await self._connected()
        try:
            return await self._addressed(client, sender, recipient, message)
        except SMTPServerDisconnected:
            if not self._carried:
                raise
        # A kept connection may have died while idle; nothing of this letter has left, so once more on a fresh one.
        self._drop()
        return await self._addressed(await self._connected(), sender, recipient, message)

    async def _addressed(self, client: SMTP, sender: str, recipient: str, message: bytes) -> SMTP:
        address, encoding = ascii_address(recipient), "ascii"
        options = [f"SIZE={len(message)}"] if client.supports_extension("size") else []
        if not address.isascii():
            if not client.supports_extension("smtputf8"):
                raise Never("the mail server cannot deliver to letters beyond a to z before the @", address=True)
            options, encoding = [*options, "SMTPUTF8"], "utf-8"
        await client.mail(sender, options=options, encoding=encoding)
        try:
            await client.rcpt(address, encoding=encoding)
        except ValueError as unwritable:
            raise Never("it is no address that a mail server understands", address=True) from unwritable
        return client

    async def _connected(self) -> SMTP:
        """The open connection, or a new one: encrypted and signed in as the URL says. Raises Held or Slower."""
        if self._client is not None and self._client.is_connected:
            return self._client
        client = SMTP(
            hostname=self.server.host,
            port=self.server.port,
            use_tls=self.server.security == "tls",
            start_tls=False,  # done below, so that a server that offers none is told from one that is not there
            timeout=COMMAND_SECONDS,
        )
        try:
            await client.connect()
            await self._prepare(client)
        except (SMTPException, OSError) as trouble:
            client.close()
            raise _no_connection(trouble) from trouble
        except BaseException:
            client.close()
            raise
        self._client, self._carried = client, 0
        return client

    async def _prepare(self, client: SMTP) -> None:
        await _hello(client)
        if self.server.security == "starttls":
            if not client.supports_extension("starttls"):
                raise Held("the mail server does not offer encryption (STARTTLS)")
            await client.starttls()
            await _hello(client)
        if self.server.username is not None:
            if not client.supports_extension("auth"):
                unless = ", or only after encryption" if self.server.security == "none" else ""
                raise Held(f"the mail server does not offer to sign in (AUTH){unless}")
            if not client.supported_auth_methods:
                raise Held("the mail server offers no way to sign in that we know")
            await client.login(self.server.username, self.server.password or "")

    async def _start_over(self) -> None:
        """Make the connection ready for another letter after one was refused."""
        try:
            if self._client is not None:
                await self._client.rset()
        except (SMTPException, OSError):
            self._drop()

    def _drop(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.close()

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            try:
                await client.quit(timeout=QUIT_SECONDS)
            except (SMTPException, OSError):
                client.close()


async def _hello(client: SMTP) -> None:
    try:
        await client.ehlo()
    except SMTPHeloError:
        await client.helo()  # a server from before 1995 says so at once


def _no_connection(trouble: Exception) -> Held | Slower:
    """Why there is no connection, told apart as far as whoever runs the server can act on it."""
    match trouble:
        case SMTPAuthenticationError() if trouble.code < 500:
            return Held("the mail server cannot check the name and password just now")
        case SMTPAuthenticationError():
            return Held("the mail server does not accept the name and password")
        case SMTPResponseException() if trouble.code == 421:
            return Slower("421: the mail server wants fewer connections")
        case SMTPResponseException():
            return Held(f"{trouble.code}: the mail server turns us away")
    cause = trouble if isinstance(trouble, ssl.SSLError) else trouble.__cause__
    if isinstance(cause, ssl.SSLCertVerificationError):
        return Held("the mail server’s certificate is not one we can trust")
    if isinstance(cause, ssl.SSLError):
        return Held("the mail server does not encrypt the way its address says")
    if isinstance(trouble, TimeoutError):
        return Held("the mail server does not answer")
    return Held("the mail server cannot be reached")


def _outcome(refused: SMTPResponseException) -> Exception:
    """What a refusal means for the letter, and for every other one (RFC 5321, 4.2.1 and 4.3.2; RFC 3463)."""
    code, by_sender = refused.code, isinstance(refused, SMTPSenderRefused)
    if code == 421:
        return Slower("421: the mail server is closing")
    if code == 552:
        return Never("552: there is no room for this letter")
    if code < 500:
        return Later(f"{code}: the mail server asks to try later")
    if by_sender or code == 530:  # each letter would hear the same: ours to put right, and none is lost
        return Held(f"{code}: the mail server takes no letters from our address")
    if isinstance(refused, SMTPRecipientRefused):
        if _means_the_address(refused):
            return Never(f"{code}: the mail server does not take this address", address=True)
        return Never(f"{code}: the mail server does not let this letter through")
    return Never(f"{code}: the mail server refuses this letter")


def _means_the_address(refused: SMTPRecipientRefused) -> bool:
    """Whether there is nobody at this address, and not a policy (5.7.x) in the way, which the address can't help."""
    said = re.match(r"5\.(\d{1,3})\.(\d{1,3})\b", refused.message)
    if said:
        return said[1] == "1" or (said[1], said[2]) in {("2", "1"), ("4", "1"), ("4", "4")}
    return refused.code in {550, 551, 553, 556}


class FolderCarrier:
    """Keeps every letter as a file that can be read back: the demo's mail server."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._number = 0

    async def carry(self, sender: str, recipient: str, message: bytes) -> None:  # noqa: ARG002 - both stand in the message
        await asyncio.to_thread(self._keep, message)

    def _keep(self, message: bytes) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._number = max(self._number, *(int(f.stem) for f in self.folder.glob("*.eml") if f.stem.isdigit()), 0) + 1
        whole = self.folder / f"{self._number:06d}.eml"
        part = whole.with_suffix(".part")
        part.write_bytes(message)
        part.replace(whole)

    async def close(self) -> None:
        """Nothing stays open."""
