"""What calendars answer becomes part of the term: kept once, asked about where it is a "no", counted when it counts."""

from threefold.practice.answers.calendars import LettersFirst, Tutor, count, due_declines, keep, key_of
from threefold.practice.answers.held import Held, answers_at, held
from threefold.practice.answers.people import Proposal, coming, confirm, keep_the_time, proposals_at
from threefold.practice.answers.returned import came_back

__all__ = [
    "Held", "LettersFirst", "Proposal", "Tutor", "answers_at", "came_back", "coming", "confirm", "count",
    "due_declines", "held", "keep", "keep_the_time", "key_of", "proposals_at",
]  # fmt: skip
