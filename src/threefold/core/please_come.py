"""“Please come”: a group asks its tutors to look in. One quiet tap, no reason, seen by them and by nobody else."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from threefold.core.refusal import Refusal

OPENS_BEFORE = timedelta(minutes=15)
CLOSES_AFTER = timedelta(minutes=30)
SEEN_FOR = timedelta(minutes=5)
"""How long a group goes on reading that somebody is on the way."""


@dataclass(frozen=True)
class Ask:
    """A group asked for its tutors; `coming_by` is the first name of whoever said that they are on the way."""

    group: UUID
    at: datetime
    coming_at: datetime | None = None
    coming_by: str = ""
    taken_back_at: datetime | None = None

    @property
    def waits(self) -> bool:
        return self.coming_at is None and self.taken_back_at is None


def why_not(starts_at: datetime, ends_at: datetime, now: datetime, *, cancelled: bool) -> Refusal | None:
    """Why nobody can be asked to come now."""
    if cancelled:
        return Refusal.because("This session was called off, so nobody is there to come.")
    if not starts_at - OPENS_BEFORE <= now <= ends_at + CLOSES_AFTER:
        return Refusal.because("This is for while you practise. At other times, write to your tutor or call.")
    return None


def as_it_stands(asks: list[Ask], now: datetime) -> Ask | None:
    """What a group's page says: that it asked, or that somebody is coming; None when neither is so any more. The last
    word counts: whoever takes an ask back needs nobody who set out for the one before either.
    """
    last = max(asks, key=lambda each: each.at, default=None)
    if last is None or last.taken_back_at is not None:
        return None
    return last if last.coming_at is None or now - last.coming_at < SEEN_FOR else None


def ago(at: datetime, now: datetime) -> str:
    """“just now”, “20 seconds ago”, “3 minutes ago”."""
    seconds = max(0, int((now - at).total_seconds()))
    if seconds < 10:
        return "just now"
    if seconds < 60:
        return f"{seconds - seconds % 10} seconds ago"
    minutes = seconds // 60
    return f"{minutes} minute{'' if minutes == 1 else 's'} ago"
