"""DKIM: a letter signed for its sender's domain when it is written, so that a repeat of it is the same bytes."""

import re
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from threefold.settings import Settings

# Those that say who writes to whom about what, and how to read it (RFC 6376, 5.4.1; RFC 8058, 4).
SIGNED = (
    "From", "Reply-To", "To", "Subject", "Date", "Message-ID", "In-Reply-To", "References", "MIME-Version",
    "Content-Type", "List-Unsubscribe", "List-Unsubscribe-Post",
)  # fmt: skip
ONCE_AND_NO_MORE = ("From", "To", "Subject", "Date")  # named twice: a second one put in on the way breaks the signature
_SELECTOR = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*")


class Unsigned(Exception):  # noqa: N818 - said of a letter
    """The key or its selector cannot be used; the message says why, in words."""


def signed(message: bytes, settings: Settings) -> bytes:
    """The message with its DKIM-Signature in front; as it is where no key is set.

    Signing takes some milliseconds. Raises Unsigned.
    """
    if not settings.dkim_key_file:
        return message
    if trouble := dkim_trouble(settings):
        raise Unsigned(trouble)
    there = {line.partition(b":")[0].lower().decode() for line in message.partition(b"\r\n\r\n")[0].split(b"\r\n")}
    named = [*(name for name in SIGNED if name.lower() in there), *ONCE_AND_NO_MORE]
    signature: bytes = _library().sign(
        message,
        settings.dkim_selector.encode(),
        settings.mail_domain.encode(),
        _key(settings.dkim_key_file),
        canonicalize=(b"relaxed", b"relaxed"),
        include_headers=[name.lower().encode() for name in named],
    )
    return signature + message


def dkim_trouble(settings: Settings) -> str:
    """What keeps letters from being signed as the settings wish, in a sentence; "" when they can be, or need not."""
    file, selector = settings.dkim_key_file, settings.dkim_selector
    if not file and not selector:
        return ""
    if not file or not selector:
        return "THREEFOLD_DKIM_SELECTOR and THREEFOLD_DKIM_KEY_FILE belong together: one of them is not set."
    if not _SELECTOR.fullmatch(selector):
        return "THREEFOLD_DKIM_SELECTOR is the first part of a DNS name, such as practice2026."
    try:
        _library().parse_pem_private_key(_key(file))
    except OSError as refused:
        return f"THREEFOLD_DKIM_KEY_FILE cannot be read: {refused.strerror}."
    except _library().UnparsableKeyError:
        return "THREEFOLD_DKIM_KEY_FILE holds no RSA private key (PEM) that letters could be signed with."
    return ""


@cache
def _key(file: str) -> bytes:
    """The private key, read once: another one counts from the next start."""
    return Path(file).read_bytes()


@cache
def _library() -> Any:
    """dkimpy, which brings a DNS library along: whoever signs nothing need not load it."""
    return import_module("dkim")
