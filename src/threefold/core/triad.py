"""Seats in a triad and what people may do with them: saying that one can't make it, and taking that back."""

from dataclasses import dataclass
from datetime import datetime

from threefold.core.refusal import Refusal


@dataclass(frozen=True)
class Withdrawn:
    """Somebody can't make it. `left_waiting` are the seats that stay; the tutor hears of it, nobody else yet."""

    left_waiting: tuple[str, ...]
    late: bool  # less than two hours before it begins: worth a call as well


LATE_MINUTES = 120


def withdraw(*, starts_at: datetime, others: tuple[str, ...], now: datetime) -> Withdrawn | Refusal:
    """What follows from "I can't make it". Never asks why. Refused once the session has begun."""
    if now >= starts_at:
        return Refusal.because("This session has begun already. Tell your tutor in the room, or by phone.")
    return Withdrawn(left_waiting=others, late=(starts_at - now).total_seconds() < LATE_MINUTES * 60)


def come_back(*, starts_at: datetime, now: datetime) -> Refusal | None:
    """Taking it back is welcome until the session begins."""
    return Refusal.because("This session has begun already.") if now >= starts_at else None
