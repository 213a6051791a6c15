"""The tutor's board of a session: from when to when it is open, and the words where it is not."""

from datetime import datetime, timedelta

from threefold.core.refusal import Refusal

OPENS_BEFORE = timedelta(hours=12)  # who is away may be known the evening before

CALLED_OFF = Refusal.because("This session has been called off, so there is nothing to note.")
TOO_EARLY = Refusal.because("This session is still some way off. Its board opens twelve hours before.")
OVER = Refusal.because("This session is over. Put its record right instead.")


def opens_at(starts_at: datetime) -> datetime:
    return starts_at - OPENS_BEFORE


def may_change(*, starts_at: datetime, ends_at: datetime, cancelled: bool, now: datetime) -> Refusal | None:
    """Why a tutor can note nothing on the board now, and make no groups; None where they can."""
    if cancelled:
        return CALLED_OFF
    if now >= ends_at:
        return OVER
    return TOO_EARLY if now < opens_at(starts_at) else None
