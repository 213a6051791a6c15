"""Who takes a letter out of the house: a mail server, or (in the demo) a folder; each says what came of it."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from aiosmtplib import (
    SMTP,
    SMTPAuthenticationError,
    SMTPConnectError,
    SMTPConnectTimeoutError,
    SMTPException,
    SMTPRecipientsRefused,
    SMTPResponseException,
    SMTPServerDisconnected,
    SMTPTimeoutError,
)

TIMEOUT_SECONDS = 30.0
MOST_PER_CONNECTION = 100


class Later(Exception):  # noqa: N818 - an outcome, not a crash
    """Not taken this time; the same letter is worth another try."""


class Never(Exception):  # noqa: N818 - an outcome, not a crash
    """Refused for good; trying again would not help."""


class Held(Exception):  # noqa: N818 - an outcome, not a crash
    """Nothing can leave at all (no connection, a wrong password): the whole queue waits."""


class Carrier(Protocol):
    """Carries one letter after another. Raises Later, Never or Held, with a reason that names nobody."""

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
        reused = self._client is not None
        try:
            await self._hand_over(sender, recipient, message)
        except SMTPServerDisconnected as gone:
            await self.close()
            if not reused:
                raise Later("the mail server hung up") from gone
            # A kept connection may have died while idle: once more on a fresh one, under the same Message-ID.
            try:
                await self._hand_over(sender, recipient, message)
            except SMTPServerDisconnected as again:
                await self.close()
                raise Later("the mail server hung up") from again

    async def greet(self) -> None:
        """Connect and sign in as a letter would, sending nothing. Raises Held with the reason."""
        try:
            await self._connected()
        except SMTPAuthenticationError as refused:
            raise Held("the mail server does not accept the name and password") from refused
        except (SMTPException, OSError) as unreachable:
            raise Held("the mail server cannot be reached") from unreachable

    async def _hand_over(self, sender: str, recipient: str, message: bytes) -> None:
        try:
            client = await self._connected()
            await client.sendmail(sender, [recipient], message)
            self._carried += 1
        except SMTPAuthenticationError as refused:
            await self.close()
            raise Held("the mail server does not accept the name and password") from refused
        except SMTPRecipientsRefused as refused:
            code = refused.recipients[0].code
            if code >= 500:
                raise Never(f"{code}: the mail server does not take this address") from refused
            raise Later(f"{code}: the mail server asks to try later") from refused
        except SMTPResponseException as refused:
            if refused.code == 421:
                await self.close()
                raise Later("421: the mail server is closing") from refused
            if refused.code >= 500:
                raise Never(f"{refused.code}: the mail server refuses this letter") from refused
            raise Later(f"{refused.code}: the mail server asks to try later") from refused
        except SMTPServerDisconnected:
            raise
        except (SMTPConnectError, SMTPConnectTimeoutError, ConnectionError, OSError) as unreachable:
            await self.close()
            raise Held("the mail server cannot be reached") from unreachable
        except (SMTPTimeoutError, TimeoutError) as slow:
            await self.close()
            raise Later("the mail server did not answer in time") from slow
        except SMTPException as other:
            await self.close()
            raise Later(type(other).__name__) from other

    async def _connected(self) -> SMTP:
        if self._client is None:
            client = SMTP(
                hostname=self.server.host,
                port=self.server.port,
                username=self.server.username,
                password=self.server.password,
                use_tls=self.server.security == "tls",
                start_tls=self.server.security == "starttls",
                timeout=TIMEOUT_SECONDS,
            )
            await client.connect()
            self._client, self._carried = client, 0
        return self._client

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            try:
                await client.quit()
            except (SMTPException, OSError):
                client.close()


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
