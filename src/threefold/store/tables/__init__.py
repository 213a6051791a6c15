"""Every table: columns, constraints and conversion to core values; no behaviour.

State that matters is a row or a pair of columns that say when and by whom, never a bare yes or no. Constraints
guard what must never happen (two people in one place); code gives the kind explanation.
"""

from threefold.store.tables.availability import AccessNeed, OneOffDay, OwnCalendar, UsualWeek
from threefold.store.tables.base import Table, metadata
from threefold.store.tables.booking import PracticeWindow, Waiting, WindowOffer
from threefold.store.tables.choices import ApartRequest, BriefTaken, Preference
from threefold.store.tables.cohorts import (
    Away,
    Cohort,
    FrameworkDocument,
    FrameworkDraft,
    KeepApart,
    Membership,
    PracticeSession,
)
from threefold.store.tables.concerns import Concern, ConcernLook, ConcernNote, ConcernReader
from threefold.store.tables.day import ClockPress, Happening, PinTry, PleaseCome, SessionRating
from threefold.store.tables.feedback import (
    Addendum,
    Answer,
    Clearance,
    Focus,
    Nudge,
    Opening,
    Piece,
    PieceBefore,
    PieceDraft,
    Rating,
)
from threefold.store.tables.guests import Encounter, Guest, LinkTry
from threefold.store.tables.letters import Deed, Letter
from threefold.store.tables.observation import Conversation, Naming, Note, Observation, VignetteRating
from threefold.store.tables.people import KeptForm, Person, SignInRequest, SignInSession, Staff, Wish
from threefold.store.tables.plans import PlanDraft, PlanVersion
from threefold.store.tables.practice import Reply, Seat, Standby, SwapRequest, Triad, Turn, Withdrawal

__all__ = [
    "AccessNeed",
    "Addendum",
    "Answer",
    "ApartRequest",
    "Away",
    "BriefTaken",
    "Clearance",
    "ClockPress",
    "Cohort",
    "Concern",
    "ConcernLook",
    "ConcernNote",
    "ConcernReader",
    "Conversation",
    "Deed",
    "Encounter",
    "Focus",
    "FrameworkDocument",
    "FrameworkDraft",
    "Guest",
    "Happening",
    "KeepApart",
    "KeptForm",
    "Letter",
    "LinkTry",
    "Membership",
    "Naming",
    "Note",
    "Nudge",
    "Observation",
    "OneOffDay",
    "Opening",
    "OwnCalendar",
    "Person",
    "Piece",
    "PieceBefore",
    "PieceDraft",
    "PinTry",
    "PlanDraft",
    "PlanVersion",
    "PleaseCome",
    "PracticeSession",
    "PracticeWindow",
    "Preference",
    "Rating",
    "Reply",
    "Seat",
    "SessionRating",
    "SignInRequest",
    "SignInSession",
    "Staff",
    "Standby",
    "SwapRequest",
    "Table",
    "Triad",
    "Turn",
    "UsualWeek",
    "VignetteRating",
    "Waiting",
    "WindowOffer",
    "Wish",
    "Withdrawal",
    "metadata",
]
