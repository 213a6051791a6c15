"""How things are named for life: UUIDv7, so that ids sort by the moment and the order they were made in."""

import hashlib
from collections.abc import Callable
from typing import TypeAlias
from uuid import UUID

NewId: TypeAlias = Callable[[], UUID]
"""Gives a new id at each call, greater than the one before."""

IN_ONE_MILLISECOND = 4096


def new_id(at_ms: int, noise: bytes, count: int = 0) -> UUID:
    """A version 7 UUID (RFC 9562, 5.7 and method 1 of 6.2) from milliseconds since 1970 and ten random bytes.

    `count` tells ids of one moment apart in their order; past 4,095 they run on into the next millisecond.
    Time and chance are passed in, so this is pure.
    """
    later, place = divmod(count, IN_ONE_MILLISECOND)
    random = int.from_bytes(noise[:10], "big") & ((1 << 62) - 1)
    moment = (at_ms + later) & ((1 << 48) - 1)
    return UUID(int=moment << 80 | 0x7 << 76 | place << 64 | 0x2 << 62 | random)


def made_at(id: UUID) -> int:
    """The millisecond since 1970 in which an id was made."""
    return id.int >> 80


def first_id(at_ms: int) -> UUID:
    """What sorts before every id made in this millisecond or later, and after every one before."""
    return UUID(int=at_ms << 80)


def later(id: UUID, by_ms: int) -> UUID:
    """The same id as if made so many milliseconds later."""
    return UUID(int=id.int + (by_ms << 80))


def token_digest(token: str) -> bytes:
    """How a token is kept: its SHA-256. Tokens hold 256 random bits, so no salt or stretching is needed."""
    return hashlib.sha256(token.encode()).digest()
