"""How things are named for life: UUIDv7, so that ids sort by the moment they were made (RFC 9562, 5.7)."""

from uuid import UUID


def new_id(at_ms: int, noise: bytes) -> UUID:
    """A version 7 UUID from milliseconds since 1970 and ten random bytes; both are passed in, so this is pure."""
    value = (at_ms & ((1 << 48) - 1)) << 80 | int.from_bytes(noise[:10], "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return UUID(int=value)
