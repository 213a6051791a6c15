"""Fetching a calendar from an address that somebody typed, without being led where nobody outside may go.

Only https, to port 443 of hosts whose every address is public; connected to is the very address that was checked, so
that a name cannot answer twice, and every redirect is looked at anew. Ten seconds and 2 MB in all. What comes
compressed is not unpacked.
"""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, urljoin, urlsplit

from threefold.availability.calendars import MOST_BYTES, NO_CALENDAR, TOO_BIG
from threefold.core.refusal import Refusal

SECONDS = 10.0
MOST_REDIRECTS = 4
MOST_TRIES = 3  # addresses of one name
LONGEST_ADDRESS = 2000
MOST_HEADER_BYTES = 32_768
_MOVED = {301, 302, 303, 307, 308}

NOT_HTTPS = "Enter an address that starts with https://"
NOT_OURS_TO_ASK = (
    "This address is not on the public internet, so we don’t ask there. Use the one your calendar gives out."
)
NOBODY_THERE = "We couldn’t reach this address. Check it, or send the calendar as a file."
TOO_SLOW = "This address took too long to answer. Try again later, or send the calendar as a file."
NOT_GIVEN = (
    "This address gave no calendar: it answered “{}”. Look for a secret or private address for .ics in your calendar."
)
TOO_MANY_HOPS = "This address leads on and on. Use the one it ends at."


class _No(Exception):  # noqa: N818 - a sentence for whoever typed the address
    """Why nothing was fetched."""


@dataclass(frozen=True)
class Reach:
    """How far fetching may go. `this_machine`: also to http addresses of this very machine, for trying things on it."""

    this_machine: bool = False
    seconds: float = SECONDS


async def fetch(address: str, reach: Reach) -> bytes | Refusal:
    """What lies at an address, or why nothing was fetched; never longer than `reach.seconds`."""
    try:
        async with asyncio.timeout(reach.seconds):
            return await _fetch(tidied(address), reach)
    except _No as no:
        return Refusal.because(str(no), "address")
    except TimeoutError:
        return Refusal.because(TOO_SLOW, "address")
    except (OSError, ValueError, EOFError, asyncio.LimitOverrunError):  # name, TLS, connection, an answer in no order
        return Refusal.because(NOBODY_THERE, "address")


def tidied(address: str) -> str:
    """webcal:// is https:// under another name; spaces and line ends around it are nobody's."""
    bare = address.strip()
    return f"https://{bare[9:]}" if bare.lower().startswith("webcal://") else bare


async def _fetch(address: str, reach: Reach) -> bytes:
    for _ in range(MOST_REDIRECTS + 1):
        parts = _checked(address, reach)
        status, headers, body = await _ask(parts, reach)
        if status in _MOVED and headers.get("location"):
            address = urljoin(address, headers["location"])
            continue
        if status != 200:
            raise _No(NOT_GIVEN.format(status))
        return body
    raise _No(TOO_MANY_HOPS)


def _checked(address: str, reach: Reach) -> SplitResult:
    """The parts of an address that may be asked. Raises _No; a port that is none raises ValueError."""
    if len(address) > LONGEST_ADDRESS or not address.isprintable() or not address.isascii() or " " in address:
        raise _No(NOT_HTTPS)
    parts = urlsplit(address)
    here = reach.this_machine and parts.scheme == "http"
    if not (parts.scheme == "https" or here) or not parts.hostname or parts.username is not None:
        raise _No(NOT_HTTPS)
    if parts.port not in {None, 443} and not reach.this_machine:
        raise _No(NOT_OURS_TO_ASK)
    return parts


async def _ask(parts: SplitResult, reach: Reach) -> tuple[int, Mapping[str, str], bytes]:
    """One request to one address that was checked."""
    secure = parts.scheme == "https"
    host, port = parts.hostname or "", parts.port or (443 if secure else 80)
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(each[4][0]) for each in found))
    if not addresses or not all(_may_be_asked(each, reach) for each in addresses):
        raise _No(NOT_OURS_TO_ASK)
    context = await asyncio.to_thread(ssl.create_default_context) if secure else None
    reader, writer = await _connected(addresses[:MOST_TRIES], port, context, host)
    try:
        path = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
        lines = [
            f"GET {path} HTTP/1.1",
            f"Host: {parts.netloc}",
            "Accept: text/calendar, */*;q=0.1",
            "Accept-Encoding: identity",
            "User-Agent: Threefold",
            "Connection: close",
        ]
        writer.write("\r\n".join([*lines, "", ""]).encode("ascii"))
        await writer.drain()
        status, headers = _head(await reader.readuntil(b"\r\n\r\n"))
        body = await _body(reader, headers) if status == 200 else b""
    finally:
        writer.transport.abort()  # nothing more is wanted of it, and a goodbye might never come
    return status, headers, body


async def _connected(
    addresses: list[str], port: int, context: ssl.SSLContext | None, host: str
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection to the first of these addresses that takes one. Raises OSError when none does."""
    for number, address in enumerate(addresses, 1):
        try:
            return await asyncio.open_connection(
                address, port, ssl=context, server_hostname=host if context else None, limit=MOST_HEADER_BYTES
            )
        except OSError:
            if number == len(addresses):
                raise
    raise OSError(f"no address of {host}")


def _may_be_asked(address: str, reach: Reach) -> bool:
    """Whether an address is public: not this machine, not a private or link-local network, nor one in disguise."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour or (found.teredo[1] if found.teredo else None)
        if inner is None and found in _NAT64:
            inner = ipaddress.IPv4Address(found.packed[-4:])
        if inner is not None:
            return _may_be_asked(str(inner), reach)
    if found.is_loopback:
        return reach.this_machine
    return found.is_global and not (found.is_multicast or found.is_reserved or found.is_unspecified)


_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def _head(head: bytes) -> tuple[int, dict[str, str]]:
    """Status and headers. Raises ValueError for what is no HTTP."""
    first, *rest = head.decode("latin-1").split("\r\n")
    version, status, *_ = f"{first} ".split(" ")
    if not version.startswith("HTTP/1.") or not status.isdigit() or len(status) != 3:
        raise ValueError(first[:80])
    headers = {
        name.strip().lower(): value.strip() for name, colon, value in (line.partition(":") for line in rest) if colon
    }
    return int(status), headers


async def _body(reader: asyncio.StreamReader, headers: Mapping[str, str]) -> bytes:
    """All of it, as long as that is not too much. Raises _No."""
    if headers.get("content-encoding", "identity").lower() not in {"", "identity"}:
        raise _No(NO_CALENDAR)
    length = headers.get("content-length", "")
    if length.isdigit() and int(length[:12]) > MOST_BYTES:
        raise _No(TOO_BIG)
    if "chunked" in headers.get("transfer-encoding", "").lower():
        return await _chunks(reader)
    if length.isdigit():
        return await reader.readexactly(int(length))
    return await _to_the_end(reader)


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    whole = bytearray()
    while True:
        words = (await reader.readuntil(b"\r\n")).partition(b";")[0].strip()
        size = int(words[:8], 16)
        if size < 0:
            raise ValueError(words)
        if len(whole) + size > MOST_BYTES:
            raise _No(TOO_BIG)
        if size == 0:
            return bytes(whole)
        whole += await reader.readexactly(size)
        await reader.readexactly(2)


async def _to_the_end(reader: asyncio.StreamReader) -> bytes:
    whole = bytearray()
    while part := await reader.read(65_536):
        whole += part
        if len(whole) > MOST_BYTES:
            raise _No(TOO_BIG)
    return bytes(whole)
