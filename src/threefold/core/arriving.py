"""Saying “I’m here”: when it counts, the PIN shown in the room, and how often somebody may mistype it."""

import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from datetime import datetime, timedelta
from hmac import compare_digest
from uuid import UUID

from threefold.core.refusal import Refusal
from threefold.core.said import clock, day

OPENS = timedelta(minutes=15)  # before the start
MOST_WRONG = 5
PAUSE = timedelta(minutes=10)
FIGURES = 4
SEAL = 12  # bytes of a code's seal: 96 bits, for as long as one session lasts

CALLED_OFF = "This session has been called off, so there’s nobody to tell that you’re here."
OVER = "This session is over. If you were there and it doesn’t say so, tell your tutor."
TRY_AGAIN = "That isn’t the PIN in the room. Have another look, or ask your tutor to tick you."
REST = "That’s a good few tries. Your tutor can tick you with one tap."


def opens_at(starts_at: datetime) -> datetime:
    """From when on people may say that they are here."""
    return starts_at - OPENS


def is_open(*, starts_at: datetime, ends_at: datetime, cancelled: bool, now: datetime) -> bool:
    return not cancelled and opens_at(starts_at) <= now < ends_at


def may_arrive(*, starts_at: datetime, ends_at: datetime, cancelled: bool, zone: str, now: datetime) -> Refusal | None:
    """Why somebody can’t say now that they are here; by the server’s clock alone. None where they can."""
    if cancelled:
        return Refusal.because(CALLED_OFF)
    if now >= ends_at:
        return Refusal.because(OVER)
    if now < opens_at(starts_at):
        when = f"{day(starts_at, zone)}, {clock(starts_at, zone)}"
        return Refusal.because(
            f"This session is on {when}. You can say you’re here from {clock(opens_at(starts_at), zone)}."
        )
    return None


def pin(digest: bytes) -> str:
    """Four figures from a session’s digest."""
    return f"{int.from_bytes(digest[:8], 'big') % 10**FIGURES:0{FIGURES}d}"


def try_pin(typed: str, right: str, wrong: Sequence[datetime], now: datetime) -> Refusal | None:
    """Whether a PIN as typed counts. After so many wrong ones none does for a while, and nothing tells which it was."""
    if sum(now - at < PAUSE for at in wrong) >= MOST_WRONG:
        return Refusal.because(REST, "pin")
    figures = "".join(letter for letter in typed if not letter.isspace())
    return None if compare_digest(figures.encode(), right.encode()) else Refusal.because(TRY_AGAIN, "pin")


def code(practice: UUID, seal: bytes) -> str:
    """What the QR code of a session leads to: which one it is, and that we said so."""
    return urlsafe_b64encode(practice.bytes + seal[:SEAL]).decode().rstrip("=")


def read_code(typed: str) -> tuple[UUID, bytes] | None:
    """The session and the seal in a code; None for what is none."""
    try:
        held = urlsafe_b64decode(typed + "=" * (-len(typed) % 4))
    except ValueError:
        return None
    if len(held) != 16 + SEAL or code(UUID(bytes=held[:16]), held[16:]) != typed:
        return None  # a code is written in one way only
    return UUID(bytes=held[:16]), held[16:]


def sealed(found: bytes, seal: bytes) -> bool:
    return secrets.compare_digest(found, seal[:SEAL])
