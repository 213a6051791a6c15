"""What somebody has been let into: a cohort, a practice session, a triad, a round, with their own place in it.

Only `web.access` makes these; whoever holds one need not ask again who is asking.
"""

from dataclasses import dataclass

from threefold.store.rows import CohortRow, MembershipRow, PracticeRow, SeatRow, TriadRow


class NotYours(Exception):  # noqa: N818 - said the way a person would
    """No such thing for this person: it may not exist, or not be theirs. Both look the same (404)."""


@dataclass(frozen=True)
class Within:
    """A cohort and the asker's own membership of it."""

    cohort: CohortRow
    membership: MembershipRow

    @property
    def is_tutor(self) -> bool:
        return self.membership.role == "tutor"


@dataclass(frozen=True)
class AtPractice(Within):
    practice: PracticeRow


@dataclass(frozen=True)
class InTriad(AtPractice):
    """A triad, with the asker's seat in it; no seat for a tutor."""

    triad: TriadRow
    seat: SeatRow | None


@dataclass(frozen=True)
class InRound(InTriad):
    """A round, and what the asker is in it: counsellor, client, observer, or None for a tutor who is not in it."""

    round: int
    role: str | None
