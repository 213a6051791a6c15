"""Practice sessions as they were held: who sat where, what was noted as it happened, and the rounds as they ran.

What is read here feeds the record of a session, the ledger, and whoever has to know that somebody was not there for a
round.
"""

from threefold.store.happened.noted import NOTED, PRESSED, PRESSES, Noted, noted_of
from threefold.store.happened.ran import GroupOf, rounds_as_they_ran
from threefold.store.happened.sessions import (
    HeldSession,
    SeatHeld,
    begun_sessions,
    held_session,
    seats_in,
)
from threefold.store.happened.there import was_there

__all__ = [
    "NOTED",
    "PRESSED",
    "PRESSES",
    "GroupOf",
    "HeldSession",
    "Noted",
    "SeatHeld",
    "begun_sessions",
    "held_session",
    "noted_of",
    "rounds_as_they_ran",
    "seats_in",
    "was_there",
]
