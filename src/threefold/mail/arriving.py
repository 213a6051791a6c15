"""A message from outside taken apart, whatever it is: in time that grows with its length alone, and never an error.

The standard library's parser is not asked: a long header costs it the square of its length (a second for 100 kB, so
minutes for a message of our size), and nested parts end it with a RecursionError. Here depth, parts and headers are
counted, and what goes past is refused.
"""

import binascii
import re
import string
from collections.abc import Iterator
from dataclasses import dataclass

MOST_BYTES = 1_000_000
MOST_PARTS = 60
DEEPEST = 6
MOST_HEADERS = 500
LONGEST_HEADER = 4_000  # what is beyond is cut off: no header read here needs more
MOST_ADDRESS_HEADERS = 20
_HEAD_ENDS = re.compile(rb"\r?\n\r?\n")
_NO_BASE64 = bytes(set(range(256)) - set(string.ascii_letters.encode() + string.digits.encode() + b"+/"))
_PARAMETER = re.compile(r';\s*([a-z0-9*-]{1,40})\s*=\s*(?:"([^"]{0,200})"|([^\s;"]{0,200}))', re.IGNORECASE)
_ADDRESS = re.compile(r"[^\s<>,;:\"()@]{1,200}@[^\s<>,;:\"()@]{1,255}")


class TooMuch(Exception):  # noqa: N818 - said of a message
    """More of something than any honest message has; the sentence says of what."""


@dataclass(frozen=True)
class Part:
    """A message, or a part of one: its headers in order with names in lower case, and what it holds."""

    headers: tuple[tuple[str, str], ...]
    body: bytes
    parts: tuple["Part", ...] = ()

    def header(self, name: str) -> str:
        """The first header of this name, unfolded; "" where there is none."""
        return next((value for known, value in self.headers if known == name), "")

    @property
    def kind(self) -> str:
        """Its media type, such as text/calendar."""
        return self.header("content-type").partition(";")[0].strip().lower() or "text/plain"

    def parameter(self, name: str, header: str = "content-type") -> str:
        """A parameter of a header; "" where there is none."""
        for found in _PARAMETER.finditer(self.header(header)):
            if found[1].lower().rstrip("*") == name:
                return found[2] if found[2] is not None else found[3]
        return ""

    def addresses(self, *names: str) -> tuple[str, ...]:
        """Every address that stands in these headers, in their order."""
        values = [value for known, value in self.headers if known in names]
        return tuple(address for value in values[:MOST_ADDRESS_HEADERS] for address in _ADDRESS.findall(value))

    def walk(self) -> Iterator["Part"]:
        """Itself and every part of it, in order; what lies inside an enclosed message is not part of this one."""
        yield self
        for part in self.parts:
            yield from part.walk()

    @property
    def content(self) -> bytes:
        """What it holds, its transfer encoding taken off; as it stands where that is broken."""
        match self.header("content-transfer-encoding").strip().lower():
            case "base64":
                letters = self.body.translate(None, _NO_BASE64)
                whole = letters[: len(letters) - (len(letters) % 4 == 1)]
                return binascii.a2b_base64(whole + b"=" * (-len(whole) % 4))
            case "quoted-printable":
                return binascii.a2b_qp(self.body)
            case _:
                return self.body

    @property
    def text(self) -> str:
        """Its content as text. What it says of its charset is not asked: some codecs take very long."""
        content = self.content
        if content.startswith((b"\xff\xfe", b"\xfe\xff")):
            return content.decode("utf-16", "replace")
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError:
            return content.decode("cp1252", "replace")


def take_apart(content: bytes) -> Part:
    """A message with its parts. Raises TooMuch."""
    if len(content) > MOST_BYTES:
        raise TooMuch("too large")
    return _part(content, DEEPEST, iter(range(MOST_PARTS)))


def headers_of(content: bytes) -> Part:
    """The headers alone of what is or begins like a message. Raises TooMuch."""
    head, _ = _split(content.lstrip(b"\r\n"))
    return Part(tuple(_headers(head)), b"")


def _part(content: bytes, deeper: int, numbers: Iterator[int]) -> Part:
    if next(numbers, None) is None:
        raise TooMuch("too many parts")
    head, body = _split(content)
    whole = Part(tuple(_headers(head)), body)
    boundary = whole.parameter("boundary")
    if not whole.kind.startswith("multipart/") or not boundary:
        return whole
    if not deeper:
        raise TooMuch("parts within parts within parts")
    inside = tuple(_part(piece, deeper - 1, numbers) for piece in _pieces(body, boundary.encode(errors="replace")))
    return Part(whole.headers, b"", inside)


def _split(content: bytes) -> tuple[bytes, bytes]:
    """Headers and body; a part may have no headers at all."""
    if content.startswith((b"\n", b"\r\n")):
        return b"", content.lstrip(b"\r\n")
    end = _HEAD_ENDS.search(content)
    return (content[: end.start()], content[end.end() :]) if end else (content, b"")


def _headers(head: bytes) -> Iterator[tuple[str, str]]:
    lines = head.replace(b"\r\n", b"\n").replace(b"\n ", b" ").replace(b"\n\t", b" ").split(b"\n", MOST_HEADERS)
    if len(lines) > MOST_HEADERS:
        raise TooMuch("too many headers")
    for line in lines:
        name, colon, value = line[:LONGEST_HEADER].partition(b":")
        if colon:
            yield name.decode("ascii", "replace").strip().lower(), value.decode("utf-8", "replace").strip()


def _pieces(body: bytes, boundary: bytes) -> Iterator[bytes]:
    """What stands between the boundary's lines; the last may lack its closing one."""
    start = None
    for line in re.finditer(rb"^--" + re.escape(boundary) + rb"(--)?[ \t]*\r?$", body, re.MULTILINE):
        if start is not None:
            yield body[start : line.start()].removesuffix(b"\n").removesuffix(b"\r")
        if line[1]:
            return
        start = line.end() + 1
    if start is not None:
        yield body[start:]
