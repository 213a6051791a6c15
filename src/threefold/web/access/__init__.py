"""The only way to reach a thing for a person. What is not theirs does not exist: every refusal is NotYours (404)."""

from threefold.web.access.booking import extra_for, open_triad_for, place_for, waiting_for, window_for
from threefold.web.access.cohorts import cohort_for, cohorts_of, plan_for, trainee_for, version_for
from threefold.web.access.guests import encounter_for, guest_for
from threefold.web.access.practice import own_triad_for, piece_for, practice_for, round_for, seat_for, triad_for
from threefold.web.access.private import apart_request_for, concern_for, preference_for, reads_concerns
from threefold.web.access.rights import Right, has_accepted
from threefold.web.access.swaps import own_seat_for, swap_for

__all__ = [
    "Right", "apart_request_for", "cohort_for", "cohorts_of", "concern_for", "encounter_for", "extra_for", "guest_for",
    "has_accepted", "open_triad_for", "own_seat_for", "own_triad_for", "piece_for", "place_for", "plan_for",
    "practice_for", "preference_for", "reads_concerns", "round_for", "seat_for", "swap_for", "trainee_for",
    "triad_for", "version_for", "waiting_for", "window_for",
]  # fmt: skip
