"""Secrets and the headers of every answer: tokens, keyed digests, cookies, the content security policy."""

import hmac
import secrets
from dataclasses import dataclass

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; "
    "script-src 'self'; "
    "style-src 'self'; "
    "img-src 'self' data:; "
    "connect-src 'self'; "
    "frame-src 'self'; "
    "manifest-src 'self'; "
    "form-action 'self'; "
    "frame-ancestors 'none'; "
    "base-uri 'none'; "
    "require-trusted-types-for 'script'"
)
# The demo's outbox shows a letter's HTML inside a sandboxed frame of our own origin (hence frame-src above).
FRAMED_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'self'"
HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=()",
}
HSTS = "max-age=31536000; includeSubDomains"


def new_token() -> str:
    """256 bits that nobody can guess, fit for a URL or a cookie."""
    return secrets.token_urlsafe(32)


def new_code() -> str:
    """Six figures, every one of the million equally likely."""
    return f"{secrets.randbelow(1_000_000):06d}"


def same(one: bytes | str, other: bytes | str) -> bool:
    """Equal, compared in constant time."""
    a = one.encode() if isinstance(one, str) else one
    b = other.encode() if isinstance(other, str) else other
    return hmac.compare_digest(a, b)


@dataclass(frozen=True)
class Keys:
    """Digests under the installation's secret, one purpose each, so that none can be used for another."""

    secret: str

    def digest(self, purpose: str, *parts: str) -> bytes:
        return hmac.digest(self.secret.encode(), "\x00".join((purpose, *parts)).encode(), "sha256")

    def form_token(self, session_token: str) -> str:
        """What every form of a signed-in browser carries: bound to its session, worthless in another."""
        return self.digest("form", session_token).hex()[:40]

    def feed_token(self, person_id: str, number: int) -> str:
        """The secret part of a calendar feed's address; raising the number replaces it."""
        return self.digest("feed", person_id, str(number)).hex()

    def wish_token(self, person_id: str, kind: str) -> str:
        """The secret part of the address that turns one kind of letter off for one person, for as long as they like."""
        return self.digest("wish", person_id, kind).hex()
